// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/covariance.hpp>

#include "fuzz/image.hpp"

using skerry::stats::covariance;

namespace {

template <std::size_t D, typename Real>
void check(skerry_fuzz::bytes in) {
  using sums = covariance<D, Real>;
  if (auto c = skerry_fuzz::check_image<sums>(in)) {
    const auto before = c->count();
    c->merge(sums{*c});
    FUZZ_REQUIRE(c->count() >= before);
    const Real row[D]{};
    (void)c->observe(row);
    FUZZ_REQUIRE(c->count() >= before);
    (void)c->factor();
    // What it has become is an image again.
    FUZZ_REQUIRE(skerry_fuzz::check_image<sums>(skerry_fuzz::image_of{*c}.written()));
  }
}

template <std::size_t D>
void seed(const skerry_fuzz::seed_folder& out, std::string_view name) {
  covariance<D, double> c;
  for (int i = 0; i < 9; ++i) {
    double row[D];
    for (std::size_t k = 0; k < D; ++k) {
      row[k] = i * i - 3.0 * static_cast<double>(k) * i;
    }
    (void)c.observe(row);
  }
  out.add(name, skerry_fuzz::image_of{c}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<1, double>(in);
  check<2, double>(in);
  check<3, double>(in);
  check<2, float>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed<1>(out, "one");
  seed<2>(out, "two");
  seed<3>(out, "three");
  out.add("empty", image_of{covariance<2, double>{}}.written());
}
