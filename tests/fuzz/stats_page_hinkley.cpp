// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/page_hinkley.hpp>

#include "fuzz/fuzz.hpp"
#include "fuzz/image.hpp"

#include <cstdint>

using skerry::stats::basic_page_hinkley;

namespace {

/// What an accepted image goes on with is a state that can be written and read again.
template <typename Real>
void check(skerry_fuzz::bytes in) {
  auto detector = skerry_fuzz::check_image<basic_page_hinkley<Real>>(in);
  if (!detector) {
    return;
  }
  for (const Real x : {Real(1), Real(-1e30), Real(3e38), Real(0)}) {
    (void)detector->observe(x);
    const skerry_fuzz::image_of<basic_page_hinkley<Real>> image{*detector};
    FUZZ_REQUIRE(skerry::decode_all<basic_page_hinkley<Real>>(image.written()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check<double>(skerry_fuzz::view(data, size));
  check<float>(skerry_fuzz::view(data, size));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  auto detector = basic_page_hinkley<float>::create({0.25, 8, 0.5, 3}).value();
  out.add("new", image_of{detector}.written());
  (void)detector.observe(1);
  (void)detector.observe(2.5F);
  out.add("two", image_of{detector}.written());
}
