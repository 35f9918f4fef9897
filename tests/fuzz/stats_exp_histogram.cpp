// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/exp_histogram.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>

using skerry::stats::exp_histogram;
using skerry::stats::signs;

namespace {

template <typename H>
struct point_of {
  explicit point_of(const H& h) {
    skerry::byte_writer out{memory};
    FUZZ_REQUIRE(h.encode(out));
    size = out.written().size();
  }
  [[nodiscard]] skerry_fuzz::bytes written() const { return skerry_fuzz::bytes{memory}.first(size); }
  std::array<std::byte, H::max_encoded_size> memory{};
  std::size_t size = 0;
};

/// A point of any writer is used like what grew here; what we make of it comes back as itself.
template <typename H>
void check(skerry_fuzz::bytes in) {
  const auto read = skerry::decode_all<H>(in);
  if (!read) {
    FUZZ_REQUIRE(read.error() != skerry::errc::ok);
    return;
  }
  H h = read.value();
  for (int round = 0; round < 2; ++round) {
    const point_of<H> written{h};
    const auto again = skerry::decode_all<H>(written.written());
    FUZZ_REQUIRE(again && std::ranges::equal(point_of<H>{again.value()}.written(), written.written()));
    if (h.count() > 0) {
      double last = h.min().value();
      for (int i = 0; i <= 8; ++i) {
        const double q = h.quantile(i / 8.0).value();
        FUZZ_REQUIRE(q >= last && q <= h.max().value());
        last = q;
      }
    }
    const auto before = h.count();
    h.merge(H{h});
    FUZZ_REQUIRE(h.count() >= before);
    (void)h.observe(3.5);
    (void)h.observe(1e-300, 7);
    (void)h.retract(3.5);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<exp_histogram<>>(in);
  check<exp_histogram<4, std::uint16_t>>(in);
  check<exp_histogram<20, std::uint32_t, signs::positive>>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  exp_histogram<20> h;
  out.add("empty", point_of{h}.written());
  (void)h.observe(1.0);
  out.add("one", point_of{h}.written());
  for (int i = 1; i < 40; ++i) {
    (void)h.observe(i * 0.37);
  }
  out.add("positive", point_of{h}.written());
  (void)h.observe(0.0);
  (void)h.observe(-2.0);
  out.add("both", point_of{h}.written());
  exp_histogram<8, std::uint64_t> threshold{4, 0.5};
  (void)threshold.observe(0.1, 1000);
  (void)threshold.observe(-7, 300);
  out.add("threshold", point_of{threshold}.written());
}
