// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/weighted_moments.hpp>

#include "fuzz/image.hpp"

namespace {

template <typename Real, unsigned Order>
void check(skerry_fuzz::bytes in) {
  using moments = skerry::stats::weighted_moments<Real, Order>;
  if (auto m = skerry_fuzz::check_image<moments>(in)) {
    const auto before = m->count();
    m->merge(moments{*m});
    FUZZ_REQUIRE(m->count() >= before);
    (void)m->observe(Real{3}, Real{0.5});
    FUZZ_REQUIRE(m->count() >= before);
    FUZZ_REQUIRE(!m->mean() || m->mean().value() == m->mean().value());
    (void)skerry_fuzz::image_of<moments>{*m};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<double, 1>(in);
  check<double, 2>(in);
  check<double, 3>(in);
  check<double, 4>(in);
  check<float, 2>(in);
  check<float, 4>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  skerry::stats::weighted_moments<double, 4> four;
  skerry::stats::weighted_moments<float, 2> two;
  out.add("empty", image_of{four}.written());
  for (int i = 1; i < 9; ++i) {
    (void)four.observe(i * i - 7.0, 0.25 * i);
    (void)two.observe(static_cast<float>(i), 2.0F);
  }
  out.add("four", image_of{four}.written());
  out.add("two", image_of{two}.written());
}
