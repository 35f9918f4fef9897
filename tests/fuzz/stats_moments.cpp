// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/moments.hpp>

#include "fuzz/image.hpp"

namespace {

template <typename Real, unsigned Order>
void check(skerry_fuzz::bytes in) {
  using moments = skerry::stats::moments<Real, Order>;
  if (auto m = skerry_fuzz::check_image<moments>(in)) {
    // What came from outside is used like what grew here: no overflow of the count, no number that cannot be.
    const auto before = m->count();
    m->merge(moments{*m});
    FUZZ_REQUIRE(m->count() == before || m->count() == 2 * before);
    FUZZ_REQUIRE(m->count() >= before);
    (void)m->observe(Real{3});
    FUZZ_REQUIRE(m->count() >= before);
    FUZZ_REQUIRE(!m->mean() || m->mean().value() == m->mean().value());
    (void)skerry_fuzz::image_of<moments>{*m};
  }
}

template <typename Real, unsigned Order>
void seed(const skerry_fuzz::seed_folder& out, std::string_view name) {
  skerry::stats::moments<Real, Order> m;
  for (int i = 0; i < 9; ++i) {
    (void)m.observe(static_cast<Real>(i * i) - Real{7});
  }
  out.add(name, skerry_fuzz::image_of{m}.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<double, 1>(in);
  check<double, 2>(in);
  check<double, 3>(in);
  check<double, 4>(in);
  check<float, 1>(in);
  check<float, 2>(in);
  check<float, 3>(in);
  check<float, 4>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  seed<double, 1>(out, "mean");
  seed<double, 2>(out, "variance");
  seed<double, 3>(out, "skewness");
  seed<double, 4>(out, "kurtosis");
  seed<float, 4>(out, "float");
  out.add("empty", image_of{skerry::stats::moments<double, 4>{}}.written());
}
