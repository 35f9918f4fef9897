// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/ewma.hpp>

#include "fuzz/image.hpp"

using skerry::stats::ewma;

namespace {

template <typename Real>
void check(skerry_fuzz::bytes in) {
  if (auto e = skerry_fuzz::check_image<ewma<Real>>(in)) {
    FUZZ_REQUIRE(e->empty() == !e->mean());
    (void)e->observe(Real{2});
    (void)e->observe(skerry::ticks{1} << 40, Real{2});
    FUZZ_REQUIRE(!e->variance() || e->variance().value() >= 0);
    (void)skerry_fuzz::image_of{*e};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<double>(in);
  check<float>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  ewma<double> by_time{60.0};
  out.add("empty", image_of{by_time}.written());
  ewma<float> steps = ewma<float>::with_alpha(0.25F).value();
  for (int i = 1; i < 9; ++i) {
    (void)by_time.observe(skerry::ticks{i} * 17, i * i - 7.0);
    (void)steps.observe(static_cast<float>(i));
  }
  out.add("by_time", image_of{by_time}.written());
  out.add("steps", image_of{steps}.written());
}
