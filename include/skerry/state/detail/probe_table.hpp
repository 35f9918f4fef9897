// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::state::detail {

/// The smallest unsigned type that counts to `Most` and still has a value to spare.
template <std::size_t Most>
using index_for = std::conditional_t<(Most < 0xff), std::uint8_t, std::conditional_t<(Most < 0xffff), std::uint16_t, std::uint32_t>>;

/// From a hash to a position in somebody else's array; linear probing at a load of at most three quarters, no tombstones.
///
/// Roomy   three eighths at most, as long as that takes no more than 64 kB: most probes end where they begin, so that a processor that
///         guesses ahead is right
/// Cost    4/3 N to 8/3 N indices, or twice that; a probe ends at the latest after N + 1 places
template <std::size_t N, bool Roomy = false>
class probe_table {
 public:
  using index = index_for<N>;
  static constexpr index none = static_cast<index>(-1);

  constexpr probe_table() noexcept { places_.fill(none); }

  /// The position for which `is(position)` holds, or `none`.
  template <typename Is>
  [[nodiscard]] constexpr index find(std::uint64_t hash, Is&& is) const {
    for (std::size_t at = home(hash); places_[at] != none; at = (at + 1) & mask) {
      if (is(places_[at])) {
        return places_[at];
      }
    }
    return none;
  }
  constexpr void insert(std::uint64_t hash, index position) noexcept {
    std::size_t at = home(hash);
    while (places_[at] != none) {
      at = (at + 1) & mask;
    }
    places_[at] = position;
  }
  /// `hash_of(position)` answers the hash under which a position was inserted.
  template <typename HashOf>
  constexpr void erase(std::uint64_t hash, index position, HashOf&& hash_of) {
    std::size_t hole = home(hash);
    while (places_[hole] != position) {
      hole = (hole + 1) & mask;
    }
    // Draws later entries of the cluster back, so that no probe stops early and nothing is left behind.
    for (std::size_t at = (hole + 1) & mask; places_[at] != none; at = (at + 1) & mask) {
      const std::size_t begin = home(hash_of(places_[at]));
      if (((at - begin) & mask) >= ((at - hole) & mask)) {
        places_[hole] = places_[at];
        hole = at;
      }
    }
    places_[hole] = none;
  }

 private:
  static constexpr std::size_t least = std::bit_ceil(N + N / 3 + 1);
  static constexpr std::size_t size = Roomy && 2 * least * sizeof(index) <= 65536 ? 2 * least : least;
  static constexpr std::size_t mask = size - 1;

  [[nodiscard]] static constexpr std::size_t home(std::uint64_t hash) noexcept {
    return static_cast<std::size_t>(hash >> (64 - std::bit_width(mask)));
  }

  std::array<index, size> places_;
};

}  // namespace skerry::inline v0::state::detail
