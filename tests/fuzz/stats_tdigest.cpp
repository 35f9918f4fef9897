// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/tdigest.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <cstdint>

using skerry::stats::tdigest;

namespace {

template <typename Digest>
struct image_of {
  explicit image_of(const Digest& d) {
    skerry::byte_writer out{memory};
    FUZZ_REQUIRE(d.encode(out));
    size = out.written().size();
  }
  [[nodiscard]] skerry_fuzz::bytes written() const { return skerry_fuzz::bytes{memory}.first(size); }
  std::array<std::byte, Digest::max_encoded_size> memory{};
  std::size_t size = 0;
};

/// What an accepted image answers never falls and lies within what it says of itself, also after it was merged and written again.
template <typename Digest>
void check(skerry_fuzz::bytes in) {
  auto read = skerry::decode_all<Digest>(in);
  if (!read) {
    return;
  }
  Digest d = read.value();
  for (int round = 0; round < 2; ++round) {
    if (d.count() > 0) {
      double last = d.quantile(0).value();
      for (int i = 1; i <= 8; ++i) {
        const double q = d.quantile(i / 8.0).value();
        FUZZ_REQUIRE(q >= last && q <= static_cast<double>(d.max().value()));
        const double rank = d.rank(q).value();
        FUZZ_REQUIRE(rank >= 0 && rank <= 1);
        last = q;
      }
    }
    const image_of<Digest> again{d};
    const auto reread = skerry::decode_all<Digest>(again.written());
    FUZZ_REQUIRE(reread && reread.value().count() == d.count());
    const std::uint64_t before = d.count();
    d.merge(Digest{d});
    FUZZ_REQUIRE(d.count() >= before);
    (void)d.observe(1);
  }
}

template <typename Digest>
void seed(const skerry_fuzz::seed_folder& out, std::string_view name, int n) {
  Digest d;
  for (int i = 0; i < n; ++i) {
    (void)d.observe(static_cast<typename Digest::value_type>(i * 37 % 101));
  }
  out.add(name, image_of<Digest>{d}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<tdigest<float, 10, 8>>(in);
  check<tdigest<double, 10, 8>>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed<tdigest<float, 10, 8>>(out, "float_empty", 0);
  seed<tdigest<float, 10, 8>>(out, "float_one", 1);
  seed<tdigest<float, 10, 8>>(out, "float_some", 13);
  seed<tdigest<float, 10, 8>>(out, "float_many", 300);
  seed<tdigest<double, 10, 8>>(out, "double_some", 11);
  // The reference implementation's second form: two centroids.
  constexpr std::array<std::uint8_t, 46> reference{0, 0, 0,    2,    0x3f, 0xf0, 0,    0,    0, 0,  0,    0,  0x40, 0, 0,    0,
                                                   0, 0, 0,    0,    0x41, 0x20, 0,    0,    0, 20, 0,    50, 0,    2, 0x3f, 0x80,
                                                   0, 0, 0x3f, 0x80, 0,    0,    0x3f, 0x80, 0, 0,  0x40, 0,  0,    0};
  out.add("reference", skerry_fuzz::view(reference.data(), reference.size()));
}
