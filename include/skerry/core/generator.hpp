// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <bit>
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

/// Sequential generator of 32-bit words with 2^63 independent streams.
///
/// Cost    16 bytes; one 64-bit multiplication per word; period 2^64
/// Source  O'Neill, "PCG: a family of simple fast space-efficient statistically good algorithms", 2014: PCG-XSH-RR 64/32
class pcg32 {
 public:
  /// `stream` chooses one of 2^63 sequences; its top bit is not used.
  constexpr explicit pcg32(std::uint64_t seed, std::uint64_t stream = 0) noexcept : increment_{(stream << 1) | 1} {
    step();
    state_ += seed;
    step();
  }

  constexpr std::uint32_t operator()() noexcept {
    const std::uint64_t old = state_;
    step();
    return std::rotr(static_cast<std::uint32_t>(((old >> 18) ^ old) >> 27), static_cast<int>(old >> 59));
  }

  friend constexpr bool operator==(const pcg32&, const pcg32&) noexcept = default;

 private:
  constexpr void step() noexcept { state_ = state_ * 6364136223846793005 + increment_; }

  std::uint64_t state_ = 0;
  std::uint64_t increment_;
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

/// A number in [0, n), every one equally likely.
///
/// Errors  n == 0 is the caller's mistake: there is no such number
/// Cost    one draw and one multiplication; a further draw with probability below n / 2^32
/// Source  Lemire, "Fast random integer generation in an interval", 2019
template <random_source G>
[[nodiscard]] constexpr std::uint32_t uniform_below(G& g, std::uint32_t n) noexcept(noexcept(g())) {
  SKERRY_ASSERT(n > 0 && "uniform_below: there is no number below zero");
  std::uint64_t product = std::uint64_t{next_u32(g)} * n;
  if (static_cast<std::uint32_t>(product) < n) {
    const std::uint32_t threshold = (0U - n) % n;
    while (static_cast<std::uint32_t>(product) < threshold) {
      product = std::uint64_t{next_u32(g)} * n;
    }
  }
  return static_cast<std::uint32_t>(product >> 32);
}

/// A multiple of 2^-53 in [0, 1), every one equally likely.
template <random_source G>
[[nodiscard]] constexpr double uniform01(G& g) noexcept(noexcept(g())) {
  return static_cast<double>(next_u64(g) >> 11) * 0x1p-53;
}

}  // namespace skerry::inline v0
