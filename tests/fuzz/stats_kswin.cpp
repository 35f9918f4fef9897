// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/kswin.hpp>

#include "fuzz/fuzz.hpp"
#include "fuzz/image.hpp"

#include <cstdint>

namespace {

using detector_of_10 = skerry::stats::kswin<10, 5, float>;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto detector = skerry_fuzz::check_image<detector_of_10>(skerry_fuzz::view(data, size));
  if (!detector) {
    return 0;
  }
  for (int i = 0; i < 20; ++i) {
    (void)detector->observe(static_cast<float>(i % 3));
    FUZZ_REQUIRE(detector->distance().value_or(0) <= 1);
  }
  FUZZ_REQUIRE(skerry::decode_all<detector_of_10>(skerry_fuzz::image_of<detector_of_10>{*detector}.written()));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  auto detector = detector_of_10::create({0.25}).value();
  for (int i = 0; i < 14; ++i) {
    if (i == 0 || i == 6 || i == 12) {
      out.add(i == 0 ? "new" : (i == 6 ? "some" : "full"), image_of<detector_of_10>{detector}.written());
    }
    (void)detector.observe(static_cast<float>(i * 7 % 4));
  }
}
