// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/series.hpp>

#include "fuzz/image.hpp"

using skerry::stats::exp_histogram;
using skerry::stats::extrema;
using skerry::stats::kll;
using skerry::stats::moments;
using skerry::stats::series;

namespace {

using level = series<moments<double, 2>, extrema<>>;
using sketches = series<kll<float, 8>, exp_histogram<8>>;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  if (auto s = skerry_fuzz::check_image<level>(in)) {
    (void)s->merge(level{*s});
    (void)s->observe(2.0);
    (void)skerry_fuzz::image_of<level>{*s};
  }
  if (auto read = skerry::decode_all<sketches>(in, std::uint64_t{5})) {
    sketches s = read.value();
    (void)s.merge(sketches{s});
    (void)s.observe(2.0);
    const skerry_fuzz::image_of<sketches> again{s};
    FUZZ_REQUIRE(skerry::decode_all<sketches>(again.written(), std::uint64_t{5}));
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  level s;
  out.add("empty", image_of{s}.written());
  sketches t{kll<float, 8>{3}, exp_histogram<8>{}};
  for (int i = 0; i < 9; ++i) {
    (void)s.observe(i * i - 7);
    (void)t.observe(i * i - 7);
  }
  out.add("level", image_of{s}.written());
  out.add("sketches", image_of{t}.written());
}
