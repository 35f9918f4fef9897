// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/theta.hpp>

#include "fuzz/image.hpp"

#include <cstdint>

using skerry::stats::theta;

namespace {

template <unsigned LgK>
void check(skerry_fuzz::bytes in) {
  using sketch = theta<LgK>;
  const auto read = skerry::decode_all<sketch>(in);
  if (!read) {
    return;
  }
  sketch s = read.value();
  FUZZ_REQUIRE(s.estimate() >= 0 && s.lower_bound(2) <= s.upper_bound(2));
  FUZZ_REQUIRE(s.retained() <= sketch::capacity);
  const skerry_fuzz::image_of<sketch> again{s};
  const auto twice = skerry::decode_all<sketch>(again.written());
  FUZZ_REQUIRE(twice && twice.value() == s);
  const skerry_fuzz::image_of<sketch> third{twice.value()};
  FUZZ_REQUIRE(std::ranges::equal(again.written(), third.written()));
  s.join(twice.value());
  FUZZ_REQUIRE(s == twice.value());
  sketch other;
  for (int i = 0; i < 40; ++i) {
    (void)other.observe(i);
  }
  FUZZ_REQUIRE(theta_union(s, other) == theta_union(other, s));
  FUZZ_REQUIRE(theta_intersection(s, other) == theta_intersection(other, s));
  FUZZ_REQUIRE(theta_a_not_b(s, other).retained() <= s.retained());
}

void seed(const skerry_fuzz::seed_folder& out, std::string_view name, int n) {
  theta<4> s;
  for (int i = 0; i < n; ++i) {
    (void)s.observe(i);
  }
  out.add(name, skerry_fuzz::image_of<theta<4>>{s}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<4>(in);
  check<6>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed(out, "empty", 0);
  seed(out, "one", 1);
  seed(out, "some", 9);
  seed(out, "sample", 100);
  // Packed: two differences of 12 bits, below a theta.
  const std::uint8_t packed[] = {2, 4, 3, 12, 1, 0x1a, 0xcc, 0x93, 0, 0, 0, 0, 0, 0, 0, 0x10, 2, 0x12, 0x34, 0x56};
  out.add("packed", skerry_fuzz::view(packed, sizeof packed));
}
