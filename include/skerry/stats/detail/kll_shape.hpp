// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::stats::detail {

/// k (2/3)^depth, rounded in integers as the image's other readers do it.
[[nodiscard]] constexpr std::uint32_t kll_level(std::uint32_t k, unsigned depth) noexcept {
  if (depth > 30) {
    return kll_level(kll_level(k, depth / 2), depth - depth / 2);
  }
  std::uint64_t power = 1;
  for (unsigned i = 0; i < depth; ++i) {
    power *= 3;
  }
  return static_cast<std::uint32_t>((((std::uint64_t{2} * k << depth) / power) + 1) >> 1);
}

/// Items that an image of so many levels may hold: no level has less room than eight.
[[nodiscard]] constexpr std::uint32_t kll_image_capacity(std::uint32_t k, unsigned levels) noexcept {
  std::uint32_t sum = 0;
  for (unsigned depth = 0; depth < levels; ++depth) {
    const std::uint32_t c = kll_level(k, depth);
    sum += c < 8 ? 8 : c;
  }
  return sum;
}

/// How many items a sketch holds, by its number of levels. The low levels of a tall sketch are kept smaller than the image would
/// allow: what they add to the error is small, as their items weigh little, and they would double the memory.
template <std::uint16_t K, std::size_t Buffer>
struct kll_shape {
  static constexpr unsigned max_levels = 48;
  static constexpr std::uint32_t most_pending = 31;
  /// From twice as many values on, one of two goes in by lot, from four times on one of four, ...: that adds 0.29 / sqrt(of this) to the
  /// standard error of a rank, a fourth of what the levels have by themselves.
  static constexpr std::uint64_t unsampled = std::bit_ceil(std::uint64_t{3} * K * K / 2);

  std::uint16_t level[max_levels] = {};        ///< by depth below the top
  std::uint32_t full[max_levels + 1] = {};     ///< items before room is made, by number of levels
  std::uint32_t emptied[max_levels + 1] = {};  ///< items after room was made
  std::uint32_t image[max_levels + 1] = {};    ///< items that an image may hold
  std::uint32_t slots = 0;

  constexpr kll_shape() noexcept {
    // More than an image of all levels can hold would have no image, and writing one makes up to `most_pending` items of a group that is
    // not complete.
    const std::uint32_t most = kll_image_capacity(K, max_levels) - most_pending;
    std::uint32_t held = 0;
    for (unsigned n = 1; n <= max_levels; ++n) {
      const std::uint32_t c = kll_level(K, n - 1);
      level[n - 1] = static_cast<std::uint16_t>(c < 1 ? 1 : c);
      held += level[n - 1];
      image[n] = kll_image_capacity(K, n);
      full[n] = Buffer < most - held ? held + static_cast<std::uint32_t>(Buffer) : most;
      emptied[n] = full[n] - K / 4 < held ? full[n] - K / 4 : held;
    }
    // Room for what others write as well: images of up to 32 levels (16 where memory is short) are held as they are.
    const std::uint32_t common = kll_image_capacity(K, K < 128 ? 16 : 32);
    slots = full[max_levels] == most ? most + most_pending : full[max_levels];  // otherwise every level more has room for one more
    slots = slots > common ? slots : common;
  }
};

}  // namespace skerry::inline v0::stats::detail
