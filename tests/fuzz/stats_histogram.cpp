// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/histogram.hpp>

#include "fuzz/image.hpp"

namespace {

template <std::size_t Bins>
void check(skerry_fuzz::bytes in) {
  using histogram = skerry::stats::histogram<Bins>;
  if (auto h = skerry_fuzz::check_image<histogram>(in)) {
    const auto before = h->count();
    const bool merged = static_cast<bool>(h->merge(histogram{*h}));
    FUZZ_REQUIRE(h->count() == (merged ? 2 * before : before));
    (void)h->observe(1.5);
    if (h->count() > 0) {
      double last = h->quantile(0).value();
      for (int i = 1; i <= 8; ++i) {
        const double q = h->quantile(i / 8.0).value();
        FUZZ_REQUIRE(q >= last);
        last = q;
      }
      const double rank = h->rank(0.25).value();
      FUZZ_REQUIRE(rank >= 0 && rank <= 1);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<2>(in);
  check<3>(in);
  check<8>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  auto h = skerry::stats::histogram<8>::linear(-1, 2).value();
  out.add("empty", image_of{h}.written());
  for (int i = 0; i < 20; ++i) {
    (void)h.observe(i * 0.2 - 1.5);
  }
  out.add("some", image_of{h}.written());
  const double edge[] = {0.5};
  auto two = skerry::stats::histogram<2>::create(edge).value();
  (void)two.observe(1);
  out.add("two", image_of{two}.written());
}
