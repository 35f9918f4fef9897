// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/adwin.hpp>

#include "fuzz/fuzz.hpp"
#include "fuzz/image.hpp"

#include <cstdint>

using skerry::stats::adwin;

namespace {

/// What an accepted image goes on with stays finite, and can be written and read again.
template <typename Detector>
void check(skerry_fuzz::bytes in) {
  auto detector = skerry_fuzz::check_image<Detector>(in);
  if (!detector) {
    return;
  }
  for (int i = 0; i < 70; ++i) {
    (void)detector->observe(static_cast<typename Detector::value_type>(i % 9 == 0 ? -1e9 : i));
    if (detector->width() > 0) {
      FUZZ_REQUIRE(__builtin_isfinite(detector->mean().value()) && detector->variance().value() >= 0);
    }
  }
  FUZZ_REQUIRE(skerry::decode_all<Detector>(skerry_fuzz::image_of<Detector>{*detector}.written()));
}

template <typename Detector>
void seed(const skerry_fuzz::seed_folder& out, const char* name, int n) {
  Detector detector = Detector::create({0.25, 4}).value();
  for (int i = 0; i < n; ++i) {
    (void)detector.observe(static_cast<typename Detector::value_type>(i % 5));
  }
  out.add(name, skerry_fuzz::image_of<Detector>{detector}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check<adwin<>>(skerry_fuzz::view(data, size));
  check<adwin<3, float>>(skerry_fuzz::view(data, size));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed<adwin<3, float>>(out, "new", 0);
  seed<adwin<3, float>>(out, "some", 9);
  seed<adwin<3, float>>(out, "full", 60);
  seed<adwin<>>(out, "hundred", 100);
}
