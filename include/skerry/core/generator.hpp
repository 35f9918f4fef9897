// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0 {

/// A type G models `random_source` when:
///   1. `g()` returns a `std::uint32_t` or a `std::uint64_t`, every value equally likely: no bits of it are worth less than others;
///   2. the sequence depends on the seed alone, so that a run can be repeated on another machine.
template <typename G>
concept random_source = std::invocable<G&> &&
    (std::same_as<std::invoke_result_t<G&>, std::uint32_t> || std::same_as<std::invoke_result_t<G&>, std::uint64_t>);

/// Sequential generator of 64-bit words, for seeding and for small jobs.
///
/// Cost    8 bytes; two multiplications per word; period 2^64
/// Source  Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014; constants of Stafford's mixer 13
class splitmix64 {
 public:
  constexpr explicit splitmix64(std::uint64_t seed) noexcept : state_{seed} {}

  constexpr std::uint64_t operator()() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Enough to go on from here: `splitmix64{state()}` draws the same words.
  [[nodiscard]] constexpr std::uint64_t state() const noexcept { return state_; }

  friend constexpr bool operator==(const splitmix64&, const splitmix64&) noexcept = default;

 private:
  std::uint64_t state_;
};

/// One draw as 32 bits: of a 64-bit source the upper half.
template <random_source G>
[[nodiscard]] constexpr std::uint32_t next_u32(G& g) noexcept(noexcept(g())) {
  if constexpr (std::same_as<std::invoke_result_t<G&>, std::uint32_t>) {
    return g();
  } else {
    return static_cast<std::uint32_t>(g() >> 32);
  }
}

/// 64 bits: of a 32-bit source two draws, the low half first.
template <random_source G>
[[nodiscard]] constexpr std::uint64_t next_u64(G& g) noexcept(noexcept(g())) {
  if constexpr (std::same_as<std::invoke_result_t<G&>, std::uint64_t>) {
    return g();
  } else {
    const std::uint64_t low = g();
    const std::uint64_t high = g();
    return (high << 32) | low;
  }
}

}  // namespace skerry::inline v0
