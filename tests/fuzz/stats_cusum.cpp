// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/cusum.hpp>

#include "fuzz/fuzz.hpp"
#include "fuzz/image.hpp"

#include <cstdint>

using skerry::stats::basic_cusum;

namespace {

/// What an accepted image goes on with is a state that can be written and read again.
template <typename Real>
void check(skerry_fuzz::bytes in) {
  auto detector = skerry_fuzz::check_image<basic_cusum<Real>>(in);
  if (!detector) {
    return;
  }
  for (const Real x : {Real(1), Real(-1e30), Real(3e38), Real(0)}) {
    (void)detector->observe(x);
    const skerry_fuzz::image_of<basic_cusum<Real>> image{*detector};
    FUZZ_REQUIRE(skerry::decode_all<basic_cusum<Real>>(image.written()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check<double>(skerry_fuzz::view(data, size));
  check<float>(skerry_fuzz::view(data, size));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  auto detector = basic_cusum<float>::create({0.5, 5, 0, 1, 3, true}).value();
  out.add("new", image_of{detector}.written());
  (void)detector.observe(1);
  (void)detector.observe(2.5F);
  out.add("two", image_of{detector}.written());
  (void)detector.observe(0);
  (void)detector.observe(2);
  out.add("learned", image_of{detector}.written());
}
