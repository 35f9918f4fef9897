// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/batch.hpp>
#include <skerry/delivery/item_batch.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <vector>

// What a receiver takes apart: an accepted batch is what plain_batch or item_batch writes, and a refused one has had no effect.
using skerry::delivery::item_view;
using skerry::delivery::plain_batch;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  item_view message;
  message.id = {7, 2, 1000};
  message.payload = skerry_fuzz::view(data, size);
  std::vector<item_view> items;
  const skerry::status read = skerry::delivery::read_batch(message, [&](const item_view& item) { items.push_back(item); });
  FUZZ_REQUIRE(static_cast<bool>(read) == !items.empty());
  if (read) {
    std::vector<std::byte> memory(size);
    skerry::byte_writer out{memory};
    FUZZ_REQUIRE(plain_batch::pack(items, out) == items.size());
    FUZZ_REQUIRE(std::ranges::equal(out.written(), message.payload));
    FUZZ_REQUIRE(items.front().id == message.id);
  }
  skerry::delivery::item_batch<1024> again;
  bool fits = true;
  std::size_t parts = 0;
  const skerry::status taken = skerry::delivery::read_parts(message.payload, [&](const skerry::delivery::batch_part& part) {
    FUZZ_REQUIRE(part.index == parts++);
    fits = fits && again.add(part.payload, part.stamp);
  });
  FUZZ_REQUIRE(static_cast<bool>(taken) == (parts > 0));
  FUZZ_REQUIRE(!(taken && read));
  if (taken && size <= 1024) {
    FUZZ_REQUIRE(fits);
    FUZZ_REQUIRE(std::ranges::equal(again.bytes(), message.payload));
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const std::array<std::byte, 40> payload{};
  std::vector<item_view> items;
  for (std::uint64_t i = 0; i < 5; ++i) {
    items.push_back({{7, 2, 1000 + i * i}, std::span{payload}.first(7 * i), 1, false, skerry::wall_ms{1'700'000'000'000 + 100 * i % 3}, 0});
  }
  std::array<std::byte, 300> memory{};
  skerry::byte_writer all{memory};
  FUZZ_REQUIRE(plain_batch::pack(items, all) == 5);
  out.add("five", all.written());
  skerry::byte_writer one{memory};
  FUZZ_REQUIRE(plain_batch::pack(std::span{items}.first(1), one) == 1);
  out.add("one", one.written());
  skerry::delivery::item_batch<300> parts;
  for (std::size_t i = 0; i < 5; ++i) {
    FUZZ_REQUIRE(parts.add(std::span{payload}.first(7 * i), skerry::wall_ms{1'700'000'000'000 + 100 * i % 3}));
  }
  out.add("parts", parts.bytes());
}
