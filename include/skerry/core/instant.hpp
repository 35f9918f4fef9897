// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>
#include <skerry/core/detail/integer_range.hpp>

#include <compare>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace skerry::inline v0 {

/// Time in a stream of data, in the caller's unit. Never a clock of this node.
using ticks = std::int64_t;

/// What a wall clock claims: milliseconds UTC since 1970. A type of its own, so that it cannot be passed for a `ticks` or an instant.
struct wall_ms {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const wall_ms&, const wall_ms&) noexcept = default;
};

namespace detail {
template <typename T>
concept tick_counter = std::same_as<T, std::uint16_t> || std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;

template <typename T>
concept chrono_time_point = requires(T a, T b) {
  typename T::clock;
  typename T::duration;
  typename T::duration::period;
  { a - b } -> std::same_as<typename T::duration>;
};

template <typename T>
concept own_milliseconds = requires(std::int64_t n) {
  T::from_ms(n);
};
}  // namespace detail

namespace detail {
void elapsed() = delete;  // so that the calls below look for the user's functions by their arguments only
void advance() = delete;

template <typename T>
concept own_instant = requires(const T a, const T b) {
  advance(a, elapsed(a, b));
};

struct elapsed_function {
  template <typename T>
  requires tick_counter<T> || chrono_time_point<T> || own_instant<T>
  [[nodiscard]] constexpr auto operator()(const T& later, const T& earlier) const noexcept {
    if constexpr (tick_counter<T>) {
      return static_cast<std::make_signed_t<T>>(static_cast<T>(later - earlier));
    } else if constexpr (chrono_time_point<T>) {
      return later - earlier;
    } else {
      return elapsed(later, earlier);
    }
  }
};

struct advance_function {
  template <typename T, typename Distance>
  requires tick_counter<T> || chrono_time_point<T> || own_instant<T>
  [[nodiscard]] constexpr T operator()(const T& t, Distance distance) const noexcept {
    if constexpr (tick_counter<T>) {
      return static_cast<T>(t + static_cast<T>(distance));
    } else if constexpr (chrono_time_point<T>) {
      if constexpr (std::same_as<Distance, typename T::duration> && std::signed_integral<typename Distance::rep>) {
        typename Distance::rep moved{};  // a wait of "never" must not overflow into the past
        if (__builtin_add_overflow(t.time_since_epoch().count(), distance.count(), &moved)) {
          return distance.count() < 0 ? T::min() : T::max();
        }
        return T{Distance{moved}};
      } else {
        return t + distance;
      }
    } else {
      return advance(t, distance);
    }
  }
};
}  // namespace detail

// Function objects, because an unqualified `advance(time_point, d)` would also find `std::advance`.
inline namespace functions {
/// Signed distance from `earlier` to `later`, right across one wrap of the counter: never `later - earlier`, which is unsigned
/// (and promotes, for 16 bits), never `<`.
inline constexpr detail::elapsed_function elapsed{};
/// The instant `distance` after `t` (before it, for a negative distance); a counter wraps, a time point stays at the end of its range.
inline constexpr detail::advance_function advance{};
}  // namespace functions

/// A type T models `instant` when:
///   1. it is a regular value and costs nothing to copy;
///   2. `elapsed(later, earlier)`, a free function found by its arguments, is the signed distance, right across one wrap, so that half the
///   range of a
///      wrapping counter is the longest wait it can express;
///   3. `advance(t, d)`, likewise, is its inverse: `elapsed(advance(t, d), t) == d`;
///   4. distances are totally ordered, and a default-constructed one (`{}`) is zero;
///   5. a wrapper type around a counter has a static `from_ms(n)` that returns a distance.
/// `std::chrono` time points and plain `std::uint16_t`, `std::uint32_t`, `std::uint64_t` model it. A raw counter is milliseconds.
template <typename T>
concept instant = std::regular<T> && requires(const T a, const T b) {
  { elapsed(a, b) } -> std::totally_ordered;
  { advance(a, elapsed(a, b)) } -> std::same_as<T>;
};

/// The signed distance between two instants.
template <instant Time>
using duration_t = std::remove_cvref_t<decltype(elapsed(std::declval<const Time&>(), std::declval<const Time&>()))>;

/// `count` units of Time's own distance type; what does not fit is cut to the longest or the shortest distance.
template <instant Time>
[[nodiscard]] constexpr duration_t<Time> duration_from_count(std::int64_t count) noexcept {
  using duration = duration_t<Time>;
  constexpr auto cut = []<std::integral Rep>(std::int64_t n, Rep least, Rep most) -> Rep {
    return n < static_cast<std::int64_t>(least) ? least : (n > static_cast<std::int64_t>(most) ? most : static_cast<Rep>(n));
  };
  if constexpr (std::integral<duration>) {
    return cut(count, detail::least_integer<duration>, detail::greatest_integer<duration>);
  } else {
    using rep = typename duration::rep;
    if constexpr (std::integral<rep>) {
      return duration{cut(count, detail::least_integer<rep>, detail::greatest_integer<rep>)};
    } else {
      return duration{static_cast<rep>(count)};
    }
  }
}

/// A distance as a plain number of its own units.
template <instant Time>
[[nodiscard]] constexpr std::int64_t count_of(duration_t<Time> distance) noexcept {
  if constexpr (std::integral<duration_t<Time>>) {
    return static_cast<std::int64_t>(distance);
  } else {
    return static_cast<std::int64_t>(distance.count());
  }
}

/// A distance of `ms` milliseconds in Time's unit, so that defaults are written once for every kind of clock. It saturates.
template <instant Time>
[[nodiscard]] constexpr duration_t<Time> from_ms(std::int64_t ms) noexcept {
  if constexpr (detail::own_milliseconds<Time>) {
    return Time::from_ms(ms);
  } else if constexpr (std::integral<duration_t<Time>>) {
    return duration_from_count<Time>(ms);
  } else {
    using period = typename duration_t<Time>::period;
    constexpr std::int64_t per_second_num = period::den;  // units of Time in a second: den / num
    constexpr std::int64_t per_second_den = period::num;
    constexpr std::int64_t limit = INT64_MAX / per_second_num;
    if (ms > limit || ms < -limit) {  // beyond what nanoseconds can count: whole units, saturated
      const std::int64_t seconds = ms / 1000;
      const bool overflows = seconds > limit || seconds < -limit;
      const std::int64_t most = ms > 0 ? INT64_MAX : INT64_MIN;
      return duration_from_count<Time>(overflows ? most : seconds * per_second_num / per_second_den);
    }
    return duration_from_count<Time>(ms * per_second_num / (1000 * per_second_den));
  }
}

/// The value of `deadline<Time>::none`.
struct no_deadline {
  constexpr explicit operator bool() const noexcept { return false; }
};

/// No deadline, or an instant. A wrapping tick has no value to spare for "never", so every `next_deadline()` answers this.
template <instant Time>
class deadline {
 public:
  /// Only an event can change anything: no need to come back by oneself.
  static constexpr no_deadline none{};

  constexpr deadline() noexcept = default;
  constexpr deadline(no_deadline) noexcept {}                    // NOLINT(google-explicit-constructor)
  constexpr deadline(Time at) noexcept : at_{at}, set_{true} {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return set_; }
  [[nodiscard]] constexpr Time value() const noexcept {
    SKERRY_ASSERT(set_ && "value() of deadline::none");
    return at_;
  }
  [[nodiscard]] constexpr bool due(Time now) const noexcept { return set_ && !(elapsed(now, at_) < duration_t<Time>{}); }

  friend constexpr bool operator==(const deadline& a, const deadline& b) noexcept {
    return a.set_ == b.set_ && (!a.set_ || a.at_ == b.at_);
  }

 private:
  Time at_{};
  bool set_ = false;
};

/// The one that comes first, seen from `now` (a wrapping counter has no order of its own).
template <instant Time>
[[nodiscard]] constexpr deadline<Time> earliest(deadline<Time> a, deadline<Time> b, Time now) noexcept {
  if (!a || !b) {
    return a ? a : b;
  }
  return elapsed(b.value(), now) < elapsed(a.value(), now) ? b : a;
}

/// The monotonic instant, what the wall clock claims at it, and whether anybody vouches for that.
template <instant Time>
struct clock_reading {
  Time now{};
  wall_ms wall{};
  bool trusted = false;
};

}  // namespace skerry::inline v0
