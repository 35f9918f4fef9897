// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/dedupe.hpp>

#include "fuzz/image.hpp"

using skerry::delivery::dedupe_window;
using skerry::delivery::item_id;
using skerry::delivery::verdict;

namespace {

template <typename Window>
Window with_items(std::uint32_t epoch) {
  Window w;
  for (const std::uint64_t seq : {1U, 2U, 5U, 3U, 9U}) {
    (void)w.accept(item_id{epoch, 0, seq});
  }
  return w;
}

template <std::size_t Streams, std::size_t W>
void check(skerry_fuzz::bytes in) {
  using window = dedupe_window<Streams, W>;
  auto w = skerry_fuzz::check_image<window>(in);
  if (!w) {
    return;
  }
  window joined = *w;
  joined.join(*w);
  joined.join(window{});
  FUZZ_REQUIRE(joined == *w);
  for (const std::uint32_t epoch : {0U, 1U, 0xffffffffU}) {
    const window other = with_items<window>(epoch);
    window there = *w;
    window back = other;
    there.join(other);
    back.join(*w);
    FUZZ_REQUIRE(there == back);
    FUZZ_REQUIRE(skerry_fuzz::check_image<window>(skerry_fuzz::image_of{there}.written()));
  }
  for (const std::uint64_t seq : {std::uint64_t{1}, std::uint64_t{4}, std::uint64_t{70}, ~std::uint64_t{0}}) {
    (void)w->accept(item_id{7, 0, seq});
    FUZZ_REQUIRE(w->accept(item_id{7, 0, seq}) != verdict::fresh);
    FUZZ_REQUIRE(skerry_fuzz::check_image<window>(skerry_fuzz::image_of{*w}.written()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check<1, 8>(in);
  check<3, 64>(in);
  check<2, 40>(in);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  out.add("small", image_of{with_items<dedupe_window<1, 8>>(3)}.written());
  out.add("wide", image_of{with_items<dedupe_window<3, 64>>(0x01020304)}.written());
  out.add("middle", image_of{with_items<dedupe_window<2, 40>>(7)}.written());
  out.add("empty", image_of{dedupe_window<3, 64>{}}.written());
}
