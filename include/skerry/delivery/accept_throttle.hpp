// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/detail/scale.hpp>
#include <skerry/delivery/device_seed.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery {

template <instant Time>
struct accept_throttle_config {
  ratio k{2, 1};                                     ///< requests that may go out for each one accepted; both numbers below 65536
  duration_t<Time> window = from_ms<Time>(120'000);  ///< at least 2 ms
};

/// Refuses calls here that the peer would refuse there: the more of them it turned away lately, the more.
///
/// A call is refused with the probability max(0, (requests - k * accepts) / (requests + 1)), over the last `window`. What is refused
/// here counts as a request too, so that the flow adapts; never all of it is cut off.
/// Cost    O(1); 24 bytes, a generator and a pointer with a 32-bit tick
/// Bound   counts are kept in two halves of the window: none is remembered longer than `window`, none shorter than half of it
/// Source  Beyer et al., Site Reliability Engineering, 2016, chapter 21, client-side throttling
///
/// The config is shared and must outlive the object.
template <instant Time>
class accept_throttle {
 public:
  constexpr accept_throttle(const accept_throttle_config<Time>& config, device_seed seed) noexcept
      : config_{&config}, random_{seed.value()} {
    SKERRY_ASSERT(config.k.num > 0 && config.k.num < 65536 && config.k.den > 0 && config.k.den < 65536);
  }
  accept_throttle(const accept_throttle_config<Time>&&, device_seed) = delete;  // the config is shared: name it, so that it lives

  /// Asks for one call, and counts it.
  [[nodiscard]] bool admit(Time now) noexcept { return admit(now, static_cast<std::uint32_t>(random_() >> 32)); }
  /// The same with the uniform number u / 2^32 handed in.
  [[nodiscard]] constexpr bool admit(Time now, std::uint32_t u) noexcept {
    slide(now);
    const bool refused = u < refusal_u32();
    ++now_.requests;
    return !refused;
  }
  /// The peer took a call (its answer does not matter, but that it gave one).
  constexpr void accepted(Time now) noexcept {
    slide(now);
    ++now_.accepts;
  }

  /// The probability of the next refusal, as p * 2^32.
  [[nodiscard]] constexpr std::uint32_t refusal_u32() const noexcept {
    // In units of 1 / k.den: (requests * den - num * accepts) / (requests + 1) / den
    const std::uint64_t requests = std::uint64_t{now_.requests} + before_.requests;
    const std::uint64_t accepts = std::uint64_t{now_.accepts} + before_.accepts;
    const std::uint64_t sent = requests * config_->k.den;
    const std::uint64_t fair = accepts * config_->k.num;
    if (sent <= fair) {
      return 0;
    }
    // Both below 2^49; scaled down together until a shift by 32 fits.
    std::uint64_t excess = sent - fair;
    std::uint64_t whole = (requests + 1) * config_->k.den;
    for (; excess >> 31 != 0; excess >>= 1) {
      whole >>= 1;
    }
    return static_cast<std::uint32_t>((excess << 32) / whole);
  }

 private:
  struct counts {
    std::uint32_t requests = 0;
    std::uint32_t accepts = 0;
  };

  constexpr void slide(Time now) noexcept {
    const duration_t<Time> half = duration_from_count<Time>(count_of<Time>(config_->window) / 2);
    const duration_t<Time> age = elapsed(now, begin_);
    if (!started_ || age < duration_t<Time>{}) {
      begin_ = now;  // also when time stepped back: it holds still
      started_ = true;
    } else if (!(age < half)) {
      const bool recent = age < config_->window;
      before_ = recent ? now_ : counts{};
      now_ = counts{};
      begin_ = recent ? advance(begin_, half) : now;
    }
  }

  const accept_throttle_config<Time>* config_;
  splitmix64 random_;
  Time begin_{};
  counts now_{};
  counts before_{};
  bool started_ = false;
};

}  // namespace skerry::inline v0::delivery
