// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/extrema.hpp>

#include "fuzz/image.hpp"

using skerry::stats::extrema;
using skerry::stats::positions;

namespace {

template <typename T, positions P>
void check(skerry_fuzz::bytes in) {
  using found = extrema<T, P>;
  if (auto e = skerry_fuzz::check_image<found>(in)) {
    const found before = *e;
    e->join(before);
    FUZZ_REQUIRE(*e == before);
    e->join(found{});
    FUZZ_REQUIRE(*e == before);
    FUZZ_REQUIRE(e->empty() || e->min().value() <= e->max().value());
    (void)e->range();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<double, positions::forgotten>(in);
  check<double, positions::kept>(in);
  check<float, positions::forgotten>(in);
  check<float, positions::kept>(in);
  check<std::int32_t, positions::forgotten>(in);
  check<std::int8_t, positions::kept>(in);
  check<std::uint16_t, positions::kept>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  extrema<double, positions::forgotten> plain;
  extrema<double, positions::kept> placed;
  out.add("empty", image_of{plain}.written());
  for (const double x : {3.5, -2.0, 7.25, 0.0}) {
    (void)plain.observe(x);
    (void)placed.observe(x, static_cast<skerry::ticks>(x * 100));
  }
  out.add("plain", image_of{plain}.written());
  out.add("placed", image_of{placed}.written());
  extrema<std::int8_t, positions::kept> small;
  (void)small.observe(-128, 1);
  (void)small.observe(127, 2);
  out.add("small", image_of{small}.written());
}
