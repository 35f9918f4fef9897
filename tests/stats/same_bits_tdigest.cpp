// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/stats/tdigest.hpp>

#include "same_bits/same_bits.hpp"

#include <array>

namespace {

using skerry::stats::tdigest;
using skerry_test::bit_hash;
using skerry_test::bits_of;

template <typename Digest>
void drive(bit_hash& h) {
  skerry::splitmix64 random{91};
  std::array<std::byte, Digest::max_encoded_size> image{};
  Digest all;
  for (int part = 0; part < 8; ++part) {
    Digest d;
    for (int i = 0; i < 500 * (part + 1); ++i) {
      (void)d.observe(static_cast<typename Digest::value_type>(part + skerry::math::exp(skerry::normal(random))));
    }
    all.merge(d);
    for (const Digest* s : {&d, &all}) {
      skerry::byte_writer out{image};
      (void)s->encode(out);
      h.add(out.written());
      for (const double r : {0.0, 0.001, 0.25, 0.5, 0.99, 1.0}) {
        const double q = s->quantile(r).value();
        h.add(q);
        h.add(s->rank(q).value());
      }
    }
  }
}

const bits_of doubles{"stats.tdigest.double", &drive<tdigest<double, 100, 128>>};
const bits_of floats{"stats.tdigest.float", &drive<tdigest<float, 50, 64>>};

}  // namespace
