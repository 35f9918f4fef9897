// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/hll.hpp>

#include "fuzz/image.hpp"

#include <cstdint>

using skerry::stats::hll;

namespace {

/// An accepted image means the same after it was written again, and joins like a sketch.
template <unsigned LgK>
void check(skerry_fuzz::bytes in) {
  using sketch = hll<LgK>;
  const auto read = skerry::decode_all<sketch>(in);
  if (!read) {
    return;
  }
  sketch s = read.value();
  FUZZ_REQUIRE(s.estimate() >= 0 && s.lower_bound(2) <= s.upper_bound(2));
  const skerry_fuzz::image_of<sketch> again{s};
  const auto twice = skerry::decode_all<sketch>(again.written());
  FUZZ_REQUIRE(twice && twice.value() == s && twice.value().estimate() == s.estimate());
  s.join(twice.value());
  FUZZ_REQUIRE(s == twice.value());
  for (int i = 0; i < 40; ++i) {
    (void)s.observe(i);
  }
  s.join(twice.value());
  const skerry_fuzz::image_of<sketch> grown{s};
  const auto third = skerry::decode_all<sketch>(grown.written());
  FUZZ_REQUIRE(third && third.value() == s);
}

template <unsigned LgK>
void seed(const skerry_fuzz::seed_folder& out, std::string_view name, int n) {
  hll<LgK> s;
  for (int i = 0; i < n; ++i) {
    (void)s.observe(i);
  }
  out.add(name, skerry_fuzz::image_of<hll<LgK>>{s}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<4>(in);
  check<5>(in);
  check<8>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed<4>(out, "empty", 0);
  seed<8>(out, "list", 5);
  seed<8>(out, "set", 20);
  seed<4>(out, "registers", 300);
  seed<5>(out, "more_registers", 100);
  // HLL_4 of 16 slots: 15 registers of 1, the least, and an exception of 17.
  const std::uint8_t nibbles[] = {0xa, 1, 7, 4, 0, 0x18, 1,   2, 0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 2, 0, 0x1e, 0x40, 0, 0,
                                  0,   0, 0, 0, 0, 0,    0xf, 0, 0, 0, 1, 0, 0, 0, 0xf, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 0x44};
  out.add("nibbles", skerry_fuzz::view(nibbles, sizeof nibbles));
}
