// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/detail/scale.hpp>
#include <skerry/delivery/detail/shared_config.hpp>
#include <skerry/delivery/device_seed.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::delivery {

/// How the wait grows from retry to retry, before jitter.
enum class backoff_shape : std::uint8_t {
  constant,     ///< base
  linear,       ///< base + retry * step
  exponential,  ///< base * factor^retry
  fibonacci,    ///< base times 1 1 2 3 5 8 ...
  table,        ///< a written schedule; the last entry repeats
};

/// How an exponential chain is rounded.
enum class backoff_rounding : std::uint8_t {
  nearest,          ///< exact chain, rounded at the end
  trunc_each_step,  ///< integer chain: each wait is made from the previous one, cut
  trunc_ms,         ///< exact chain, cut to whole milliseconds
};

/// How a wait is drawn. Jitter comes after the cap; w is the capped wait, U uniform, p the wait drawn before.
enum class jitter_kind : std::uint8_t {
  none,          ///< w
  full,          ///< U[0, w)
  equal,         ///< U[w/2, w)
  proportional,  ///< w * U[lo, hi): may pass the cap
  absolute,      ///< w + U[-amount, amount): may pass the cap
  window,        ///< U[amount, w)
  decorrelated,  ///< min(cap, base + u * (3p - base)), p starts at base; the shape is not used
  smoothed,      ///< differences of 2^t * tanh(sqrt(4t)), t = retry + u, in units of base / 1.4; not on soft-float targets
};

template <instant Time>
struct jitter_config {
  jitter_kind kind = jitter_kind::full;
  ratio lo{1, 1};             ///< proportional only
  ratio hi{1, 1};             ///< proportional only
  duration_t<Time> amount{};  ///< absolute: half the width; window: the lower end
};

/// What a `backoff` does. The default is the reconnect policy: 1 s, doubled up to 60 s, full jitter, never below 50 ms.
template <instant Time>
struct backoff_config {
  backoff_shape shape = backoff_shape::exponential;
  backoff_rounding rounding = backoff_rounding::nearest;
  duration_t<Time> base = from_ms<Time>(1000);
  duration_t<Time> step{};                       ///< linear only
  skerry::delivery::ratio ratio{2, 1};           ///< exponential only; both numbers below 65536, at least one
  duration_t<Time> cap = from_ms<Time>(60'000);  ///< no_cap<Time>: none
  duration_t<Time> floor = from_ms<Time>(50);    ///< a drawn wait is raised to it
  jitter_config<Time> jitter{};
  std::span<const duration_t<Time>> table{};  ///< table only; not empty then
};

/// For `backoff_config::cap`: waits are bounded by what Time can express, and by nothing else.
template <instant Time>
inline constexpr duration_t<Time> no_cap = duration_from_count<Time>(std::numeric_limits<std::int64_t>::max());

/// The waits between attempts: a shape, and jitter from a generator of its own.
///
/// Input   nothing; `next(u)` takes the uniform number u / 2^32 from outside (tests, hardware generators)
/// Units   those of Time; integer arithmetic, except jitter_kind::smoothed
/// Cost    O(log(cap / base)) per wait, without division where the ratio is whole; 16 bytes and a pointer with a 32-bit tick
/// Bound   any retry index is safe: chains stop at the cap, uncapped ones saturate at the longest distance of Time
/// Errors  none; a config that cannot be (ratio out of range, empty table) is the caller's mistake
/// Source  jitter kinds: M. Brooker, Exponential Backoff And Jitter (2015); smoothed: the second decorrelated form of Polly
///
/// The config is shared and must outlive the object: one constant serves any number of devices, endpoints and streams. Firmware that knows
/// it while compiling says `backoff<Time, &config>`: no pointer, and no code for shapes and jitters that are not used.
template <instant Time, const backoff_config<Time>* Fixed = nullptr>
class backoff {
 public:
  constexpr backoff(const backoff_config<Time>& config, device_seed seed) noexcept requires(!detail::is_fixed<backoff_config<Time>, Fixed>)
      : config_{config}, in_{seed.value()} {
    check();
  }
  backoff(const backoff_config<Time>&&, device_seed) = delete;  // the config is shared: name it, so that it lives
  explicit constexpr backoff(device_seed seed) noexcept requires(detail::is_fixed<backoff_config<Time>, Fixed>) : in_{seed.value()} {
    check();
  }

  /// What changes in it; for an owner that keeps the config elsewhere (`endpoint_policy`).
  class kept {
   public:
    explicit constexpr kept(std::uint64_t seed) noexcept
        : low_{static_cast<std::uint32_t>(seed)}, high_{static_cast<std::uint32_t>(seed >> 32)} {}
    constexpr void reset() noexcept {
      retry_ = 0;
      previous_ = {};
    }
    [[nodiscard]] constexpr std::uint32_t retries() const noexcept { return retry_; }

   private:
    friend backoff;
    // The state of a splitmix64, in halves: a word of eight bytes would cost four more on a 32-bit machine.
    std::uint32_t low_, high_;
    std::uint32_t retry_ = 0;
    duration_t<Time> previous_{};  // decorrelated: the last wait; smoothed: the last point of the curve
  };
  constexpr backoff(const backoff_config<Time>& config, const kept& k) noexcept requires(!detail::is_fixed<backoff_config<Time>, Fixed>)
      : config_{config}, in_{k} {}
  [[nodiscard]] constexpr kept keep() const noexcept { return in_; }

  /// Draws the next wait and advances.
  [[nodiscard]] duration_t<Time> next() noexcept { return next(draw()); }

  /// The same with the uniform number u / 2^32 handed in.
  [[nodiscard]] duration_t<Time> next(std::uint32_t u) noexcept {
    const wide wait = jittered(u);
    if (in_.retry_ != std::numeric_limits<std::uint32_t>::max()) {
      ++in_.retry_;
    }
    return to_duration(wait);
  }

  /// The wait before retry `retry`, drawn; for owners that keep the index elsewhere. Continues from there.
  [[nodiscard]] duration_t<Time> next_for(std::uint32_t retry) noexcept {
    in_.retry_ = retry;
    return next();
  }

  /// The wait without jitter; nominal(0) comes before the first retry.
  [[nodiscard]] constexpr duration_t<Time> nominal(std::uint32_t retry) const noexcept { return to_duration(nominal_count(retry)); }

  /// A uniform wait below `width`, for the very first attempt after boot: without it the first contact of a fleet is a herd.
  [[nodiscard]] duration_t<Time> initial_spread(duration_t<Time> width) noexcept {
    return to_duration(detail::scale_u32(positive(width), draw()));
  }

  /// The next wait is the first one again. The generator goes on.
  void reset() noexcept { in_.reset(); }

  /// Retries granted since the beginning or the last reset.
  [[nodiscard]] constexpr std::uint32_t retries() const noexcept { return in_.retries(); }
  [[nodiscard]] constexpr const backoff_config<Time>& config() const noexcept { return config_.get(); }

 private:
  constexpr void check() const noexcept {
    SKERRY_ASSERT(config().ratio.num > 0 && config().ratio.num < 65536 && config().ratio.den > 0 && config().ratio.den < 65536);
    SKERRY_ASSERT(config().shape != backoff_shape::table || !config().table.empty());
    SKERRY_ASSERT(config().jitter.lo.den > 0 && config().jitter.hi.den > 0);
    SKERRY_ASSERT(config().jitter.kind != jitter_kind::smoothed || detail::hardware_double);
  }

  using wide = detail::wait_count<Time>;
  static constexpr wide longest = static_cast<wide>(count_of<Time>(no_cap<Time>));

  [[nodiscard]] static constexpr wide positive(duration_t<Time> d) noexcept {
    const std::int64_t n = count_of<Time>(d);
    return n < 0 ? 0 : static_cast<wide>(n);
  }
  [[nodiscard]] static constexpr duration_t<Time> to_duration(wide n) noexcept {
    return duration_from_count<Time>(static_cast<std::int64_t>(n < longest ? n : longest));
  }
  [[nodiscard]] std::uint32_t draw() noexcept {
    splitmix64 random{std::uint64_t{in_.high_} << 32 | in_.low_};
    const std::uint64_t drawn = random();
    in_.low_ = static_cast<std::uint32_t>(random.state());
    in_.high_ = static_cast<std::uint32_t>(random.state() >> 32);
    return static_cast<std::uint32_t>(drawn >> 32);
  }

  [[nodiscard]] constexpr wide capped(wide n) const noexcept {
    const wide cap = positive(config().cap);
    return n < cap ? n : cap;
  }

  [[nodiscard]] constexpr wide nominal_count(std::uint32_t retry) const noexcept {
    const wide base = positive(config().base);
    switch (config().shape) {
      case backoff_shape::constant: return capped(base);
      case backoff_shape::linear: {
        const wide step = positive(config().step);
        const bool saturates = step != 0 && retry > (longest - base) / step;
        return capped(saturates ? longest : static_cast<wide>(base + retry * step));
      }
      case backoff_shape::exponential: return capped(chain(base, retry));
      case backoff_shape::fibonacci: {
        wide now = base;
        wide before = 0;
        for (std::uint32_t i = 0; i < retry && now < capped(longest); ++i) {
          const wide sum = now + before;
          before = now;
          now = sum;
          if (now == 0) {
            break;
          }
        }
        return capped(now);
      }
      case backoff_shape::table: {
        const std::size_t last = config().table.size() - 1;
        return capped(positive(config().table[retry < last ? retry : last]));
      }
    }
    return 0;
  }

  /// base * ratio^retry in 64.32 fixed point; stops at the cap, so the number of steps does not follow the retry index.
  [[nodiscard]] constexpr wide chain(wide base, std::uint32_t retry) const noexcept {
    const wide num = config().ratio.num;
    const wide den = config().ratio.den;
    const wide cap = capped(longest);
    const bool exact = config().rounding != backoff_rounding::trunc_each_step;
    wide whole = base;
    std::uint64_t fraction = 0;
    for (std::uint32_t i = 0; i < retry && whole < cap; ++i) {
      if (whole > longest / num) {
        return longest;
      }
      const wide before = whole;
      const std::uint64_t fraction_before = fraction;
      if (den == 1) {
        fraction *= num;
        whole = whole * num;
      } else {
        const wide product = whole * num;
        whole = product / den;
        fraction = ((std::uint64_t{product % den} << 32) + fraction * num) / den;
      }
      whole += static_cast<wide>(fraction >> 32);
      fraction = exact ? fraction & 0xffff'ffffU : 0;
      if (whole == before && fraction == fraction_before) {
        break;
      }
    }
    if (config().rounding == backoff_rounding::nearest) {
      return whole + static_cast<wide>(fraction >> 31);
    }
    if (config().rounding == backoff_rounding::trunc_ms) {
      const wide ms = positive(from_ms<Time>(1));
      return ms > 1 ? whole - whole % ms : whole;
    }
    return whole;
  }

  [[nodiscard]] wide jittered(std::uint32_t u) noexcept {
    const jitter_config<Time>& jitter = config().jitter;
    wide wait = 0;
    switch (jitter.kind) {
      case jitter_kind::none: wait = nominal_count(in_.retry_); break;
      case jitter_kind::full: wait = detail::scale_u32(nominal_count(in_.retry_), u); break;
      case jitter_kind::equal: {
        const wide w = nominal_count(in_.retry_);
        wait = w / 2 + detail::scale_u32(w - w / 2, u);
        break;
      }
      case jitter_kind::proportional: {
        const wide w = nominal_count(in_.retry_);
        const wide low = static_cast<wide>(detail::scale_ratio(w, jitter.lo, longest));
        const wide high = static_cast<wide>(detail::scale_ratio(w, jitter.hi, longest));
        wait = high > low ? low + detail::scale_u32(high - low, u) : low;
        break;
      }
      case jitter_kind::absolute: {
        const wide w = nominal_count(in_.retry_);
        const wide amount = positive(jitter.amount);
        const wide drawn = detail::scale_u32(static_cast<wide>(2 * amount), u);
        wait = drawn < amount ? (w < amount - drawn ? 0 : w - (amount - drawn)) : w + (drawn - amount);
        break;
      }
      case jitter_kind::window: {
        const wide w = nominal_count(in_.retry_);
        const wide from = positive(jitter.amount);
        wait = w > from ? from + detail::scale_u32(w - from, u) : from;
        break;
      }
      case jitter_kind::decorrelated: {
        const wide base = positive(config().base);
        const wide p = in_.retry_ == 0 || positive(in_.previous_) < base ? base : positive(in_.previous_);
        const wide three = p > longest / 3 ? longest : 3 * p;
        wait = capped(base + detail::scale_u32(three - base, u));
        break;
      }
      case jitter_kind::smoothed: return floored(smoothed(u));
    }
    in_.previous_ = to_duration(wait);
    return floored(wait);
  }

  [[nodiscard]] constexpr wide floored(wide wait) const noexcept {
    const wide floor = positive(config().floor);
    return wait < floor ? floor : wait;
  }

  /// Keeps the last point of the curve in units of Time, so that rounding does not add up.
  [[nodiscard]] wide smoothed(std::uint32_t u) noexcept {
    if constexpr (detail::hardware_double) {
      const double t = static_cast<double>(in_.retry_) + static_cast<double>(u) * 0x1p-32;
      const double unit = static_cast<double>(positive(config().base)) / 1.4;
      const double point = t < 64.0 ? math::exp2(t) * math::tanh(math::sqrt(4.0 * t)) * unit : static_cast<double>(longest);
      if (!(point < static_cast<double>(longest))) {
        in_.previous_ = to_duration(longest);
        return capped(longest);
      }
      const auto here = static_cast<wide>(point + 0.5);
      const wide before = in_.retry_ == 0 ? 0 : positive(in_.previous_);
      in_.previous_ = to_duration(here);
      return capped(here > before ? here - before : 0);
    } else {
      return nominal_count(in_.retry_) + static_cast<wide>(0 * u);
    }
  }

  [[no_unique_address]] detail::shared_config<backoff_config<Time>, Fixed> config_;
  kept in_;
};

}  // namespace skerry::inline v0::delivery
