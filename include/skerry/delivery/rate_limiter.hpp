// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/delivery/detail/scale.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

namespace skerry::inline v0::delivery {

/// So many tokens per second, and at most `burst` of them saved up.
struct rate_config {
  ratio per_s{1, 1};        ///< tokens per second: {4, 1}, or {1, 60} for one a minute; both numbers below 65536, at least one
  std::uint32_t burst = 1;  ///< at least one
};

/// Token bucket: a call takes a token, time brings them back.
///
/// The bucket counts in parts of a token so small that each unit of Time brings a whole number of them: nothing is rounded, so one token
/// an hour is one token an hour however often the bucket is looked at.
/// Cost    O(1); 12 bytes and a pointer with a 32-bit tick
/// Bound   over any stretch of time at most rate * time + burst tokens
/// Errors  none: no is an answer. A burst that the parts cannot count (with a 32-bit tick of milliseconds: burst * per_s.den * 1000 >=
///         2^32), and a clock whose unit is longer than a second, are the caller's mistake
/// Source  token bucket, as in RFC 2697, section 3, with the parts of a token in place of bytes
///
/// A clock that steps back brings nothing and takes nothing. A tick that wraps brings nothing for a rest of more than half its range.
/// The config is shared and must outlive the object.
template <instant Time>
class rate_limiter {
  using parts = std::conditional_t<sizeof(duration_t<Time>) <= 4, std::uint32_t, std::uint64_t>;

 public:
  /// Full at the start.
  explicit constexpr rate_limiter(const rate_config& config, Time start = {}) noexcept : config_{&config}, at_{start} {
    SKERRY_ASSERT(config.per_s.num > 0 && config.per_s.num < 65536 && config.per_s.den > 0 && config.per_s.den < 65536 && config.burst > 0);
    SKERRY_ASSERT(units_per_second() > 0 && units_per_second() <= std::numeric_limits<parts>::max() / config.per_s.den);
    SKERRY_ASSERT(config.burst <= std::numeric_limits<parts>::max() / token());
    level_ = full();
  }
  explicit rate_limiter(const rate_config&&, Time = {}) = delete;  // the config is shared: name it, so that it lives

  /// Takes `n` tokens, or none.
  [[nodiscard]] constexpr bool try_acquire(Time now, std::uint32_t n = 1) noexcept {
    refill(now);
    if (n > level_ / token()) {
      return false;
    }
    level_ = static_cast<parts>(level_ - n * token());
    return true;
  }

  /// How long from now until `n` tokens will be there, if nobody takes one: zero when they are. For more than `burst`, the longest
  /// distance there is.
  [[nodiscard]] constexpr duration_t<Time> wait_for(Time now, std::uint32_t n = 1) noexcept {
    refill(now);
    if (n > config_->burst) {
      return duration_from_count<Time>(std::numeric_limits<std::int64_t>::max());
    }
    const parts wanted = static_cast<parts>(n * token());
    if (wanted <= level_) {
      return duration_t<Time>{};
    }
    const std::uint64_t missing = wanted - level_;
    return duration_from_count<Time>(static_cast<std::int64_t>((missing + config_->per_s.num - 1) / config_->per_s.num));
  }

  /// Whole tokens that are there now.
  [[nodiscard]] constexpr std::uint32_t available(Time now) noexcept { return static_cast<std::uint32_t>(balance(now) / token()); }
  /// The same in parts of a token, of which each token has `parts_per_token()`.
  [[nodiscard]] constexpr std::uint64_t balance(Time now) noexcept {
    refill(now);
    return level_;
  }
  [[nodiscard]] constexpr std::uint64_t parts_per_token() const noexcept { return token(); }

 private:
  /// A unit of Time brings `per_s.num` parts, so a token has as many as there are units in the time of `per_s.den` seconds.
  [[nodiscard]] constexpr parts token() const noexcept {
    return static_cast<parts>(static_cast<parts>(units_per_second()) * config_->per_s.den);
  }
  [[nodiscard]] static constexpr std::uint64_t units_per_second() noexcept {
    return static_cast<std::uint64_t>(count_of<Time>(from_ms<Time>(1000)));
  }
  [[nodiscard]] constexpr parts full() const noexcept { return static_cast<parts>(config_->burst * token()); }

  constexpr void refill(Time now) noexcept {
    const std::int64_t passed = count_of<Time>(elapsed(now, at_));
    at_ = now;
    if (passed <= 0) {
      return;
    }
    const parts room = static_cast<parts>(full() - level_);
    const auto units = static_cast<std::uint64_t>(passed);
    level_ = units > room / config_->per_s.num ? full() : static_cast<parts>(level_ + units * config_->per_s.num);
  }

  const rate_config* config_;
  Time at_;
  parts level_ = 0;
};

}  // namespace skerry::inline v0::delivery
