// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <cstdint>
#include <limits>

namespace skerry::inline v0::delivery::detail {

/// A distance in whole milliseconds.
template <instant Time>
[[nodiscard]] constexpr std::uint64_t whole_ms(std::uint64_t count) noexcept {
  constexpr std::int64_t per_ms = count_of<Time>(from_ms<Time>(1));
  if constexpr (per_ms >= 1) {
    return count / static_cast<std::uint64_t>(per_ms);
  } else {
    return count * 1000 / static_cast<std::uint64_t>(count_of<Time>(from_ms<Time>(1000)));
  }
}

/// At least one unit of Time: what shall happen later must not come out as now on a coarse clock.
template <instant Time>
[[nodiscard]] constexpr duration_t<Time> later_ms(std::int64_t ms) noexcept {
  const duration_t<Time> wait = from_ms<Time>(ms);
  return duration_t<Time>{} < wait ? wait : duration_from_count<Time>(1);
}

/// A wait measured from its beginning has to end while the distance can still be told: half of the longest leaves as much to notice it.
template <instant Time>
[[nodiscard]] constexpr duration_t<Time> measurable(duration_t<Time> wait) noexcept {
  const duration_t<Time> most =
      duration_from_count<Time>(count_of<Time>(duration_from_count<Time>(std::numeric_limits<std::int64_t>::max())) / 2);
  return most < wait ? most : wait;
}

/// The caller's instants on a line that never goes back: a clock that is set back holds time still instead of lengthening waits.
template <instant Time>
class steady {
 public:
  constexpr explicit steady(Time start) noexcept : raw_{start}, inner_{start} {}

  constexpr Time observe(Time raw) noexcept {
    const duration_t<Time> step = elapsed(raw, raw_);
    raw_ = raw;
    if (duration_t<Time>{} < step) {
      inner_ = skerry::advance(inner_, step);
      passed_ += static_cast<std::uint64_t>(count_of<Time>(step));
    }
    return inner_;
  }
  [[nodiscard]] constexpr Time now() const noexcept { return inner_; }
  /// An instant of this line as the caller's clock will show it.
  [[nodiscard]] constexpr Time to_raw(Time inner) const noexcept { return skerry::advance(raw_, elapsed(inner, inner_)); }
  [[nodiscard]] constexpr deadline<Time> to_raw(deadline<Time> inner) const noexcept {
    return inner ? deadline<Time>{to_raw(inner.value())} : inner;
  }
  [[nodiscard]] constexpr std::uint64_t passed_ms() const noexcept { return whole_ms<Time>(passed_); }

 private:
  Time raw_;
  Time inner_;
  std::uint64_t passed_ = 0;
};

}  // namespace skerry::inline v0::delivery::detail
