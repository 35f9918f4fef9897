// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/delivery/item_batch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry_crash {

/// Of any payload here.
inline constexpr std::size_t longest = 120;

/// Makes a third of all payloads batches of the same length; answers of how many parts.
inline std::uint8_t make_batch(std::uint64_t seed, std::span<std::byte> bytes, skerry::delivery::item_batch<longest>& batch) {
  skerry::splitmix64 own{seed};
  if (bytes.size() < 8 || own() % 3 != 0) {
    return 0;
  }
  const std::size_t parts = 2 + own() % 3 % (bytes.size() / 4);
  std::size_t left = bytes.size() - 1 - 2 * parts;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t length = i + 1 == parts ? left : own() % (left + 1);
    (void)batch.add(bytes.subspan(bytes.size() - left, length), skerry::wall_ms{10 + own() % 20});
    left -= length;
  }
  std::copy(batch.bytes().begin(), batch.bytes().end(), bytes.begin());
  return static_cast<std::uint8_t>(parts);
}

}  // namespace skerry_crash
