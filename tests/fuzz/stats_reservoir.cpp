// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/reservoir.hpp>

#include "fuzz/image.hpp"

namespace {

template <std::size_t N>
void check(skerry_fuzz::bytes in) {
  using reservoir = skerry::stats::reservoir<N>;
  const auto read = skerry::decode_all<reservoir>(in, std::uint64_t{11});
  if (!read) {
    FUZZ_REQUIRE(read.error() != skerry::errc::ok);
    return;
  }
  reservoir r = read.value();
  FUZZ_REQUIRE(std::ranges::equal(skerry_fuzz::image_of<reservoir>{r}.written(), in));
  for (int round = 0; round < 3; ++round) {
    r.merge(reservoir{r});
    for (int i = 0; i < 20; ++i) {
      (void)r.observe(i);
    }
    FUZZ_REQUIRE(r.held() == (r.count() < N ? r.count() : N));
    FUZZ_REQUIRE(r.quantile(0.25).value() <= r.quantile(0.75).value());
    const skerry_fuzz::image_of<reservoir> again{r};
    FUZZ_REQUIRE(skerry::decode_all<reservoir>(again.written(), std::uint64_t{3}));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<2>(in);
  check<5>(in);
  check<20>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  skerry::stats::reservoir<5> r{1};
  out.add("empty", image_of{r}.written());
  (void)r.observe(2.5);
  out.add("one", image_of{r}.written());
  for (int i = 0; i < 50; ++i) {
    (void)r.observe(i);
  }
  out.add("full", image_of{r}.written());
  skerry::stats::reservoir<20> larger{1};
  for (int i = 0; i < 30; ++i) {
    (void)larger.observe(i * 0.5);
  }
  out.add("twenty", image_of{larger}.written());
}
