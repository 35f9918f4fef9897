// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/frequent_items.hpp>

#include "fuzz/image.hpp"

#include <array>
#include <cstdint>
#include <string_view>

using skerry::inplace_string;
using skerry::stats::frequent_items;

namespace {

template <typename S>
bool same_answers(const S& a, const S& b) {
  bool same = a.count() == b.count() && a.max_error() == b.max_error() && a.retained() == b.retained();
  a.for_each([&](const auto& item, std::uint64_t low, std::uint64_t high) {
    same = same && b.lower_bound(item) == low && b.upper_bound(item) == high && a.estimate(item) == high;
  });
  return same;
}

template <typename S>
void check(skerry_fuzz::bytes in, typename S::name_type more) {
  const auto read = skerry::decode_all<S>(in);
  if (!read) {
    return;
  }
  S s = read.value();
  const skerry_fuzz::image_of<S> again{s};
  const auto twice = skerry::decode_all<S>(again.written());
  FUZZ_REQUIRE(twice && same_answers(s, twice.value()));
  std::array<typename S::row, 4> top{};
  const std::size_t n = s.frequent(top);
  for (std::size_t i = 1; i < n; ++i) {
    FUZZ_REQUIRE(top[i].lower <= top[i - 1].lower);
  }
  const std::uint64_t before = s.count();
  s.merge(twice.value());
  FUZZ_REQUIRE(s.count() == 2 * before || s.refused() == 1);
  (void)s.observe(more, 3);
  FUZZ_REQUIRE(s.retained() <= S::capacity);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<frequent_items<std::int64_t, 4>>(in, 7);
  check<frequent_items<inplace_string<6>, 3>>(in, "seven");
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  frequent_items<std::int64_t, 4> longs;
  out.add("longs_empty", image_of<frequent_items<std::int64_t, 4>>{longs}.written());
  for (int i = 0; i < 30; ++i) {
    (void)longs.observe(i * i % 9, 2);
  }
  out.add("longs", image_of<frequent_items<std::int64_t, 4>>{longs}.written());
  frequent_items<inplace_string<6>, 3> texts;
  for (const std::string_view item : {"a", "bc", "a", "d", "", "efghij", "a", "kl", "m", "no"}) {
    (void)texts.observe(item);
  }
  out.add("texts", image_of<frequent_items<inplace_string<6>, 3>>{texts}.written());
}
