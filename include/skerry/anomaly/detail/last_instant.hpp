// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

/// The latest instant of whatever clock the caller uses, for an object whose type does not name the clock, and microseconds since
/// the first one.
class last_instant {
 public:
  template <instant Time>
  [[nodiscard]] bool takes(const Time&) const noexcept {
    static_assert(std::is_trivially_copyable_v<Time> && sizeof(Time) <= capacity,
                  "an instant of up to 16 bytes that can be copied as bytes");
    return tag_ == tag_of<Time>() || (tag_ == nullptr && (size_ == 0 || size_ == sizeof(Time)));
  }
  /// Microseconds since the latest instant, at most about 290 000 years; negative when time went back by any amount.
  template <instant Time>
  [[nodiscard]] std::int64_t since_last(const Time& now) const noexcept {
    if (size_ == 0) {
      return 0;
    }
    Time last;
    std::memcpy(&last, bytes_.data(), sizeof(Time));
    const auto distance = elapsed(now, last);
    return distance < duration_t<Time>{} ? -1 : microseconds<Time>(count_of<Time>(distance));
  }
  template <instant Time>
  void advance(const Time& now, std::int64_t step) noexcept {
    tag_ = tag_of<Time>();
    size_ = sizeof(Time);
    std::memcpy(bytes_.data(), &now, sizeof(Time));
    total_ += step;
  }
  [[nodiscard]] std::int64_t total() const noexcept { return total_; }

  /// Every field but the kind of clock, for an image: after it, the first instant of the same size is taken for the same clock.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.bytes_);
    f(self.size_);
    f(self.total_);
    if constexpr (!std::is_const_v<Self>) {
      self.tag_ = nullptr;
    }
  }
  [[nodiscard]] bool sound() const noexcept { return size_ <= capacity && total_ >= 0; }

 private:
  static constexpr std::size_t capacity = 16;

  template <instant Time>
  static constexpr std::int64_t microseconds(std::int64_t count) noexcept {
    // Units of a clock in a second, or in a day for clocks that are coarser; from_ms saturates for narrow counters.
    constexpr std::int64_t per_second = count_of<Time>(from_ms<Time>(1000));
    if constexpr (per_second > 0) {
      return count / per_second * 1'000'000 + count % per_second * 1'000'000 / per_second;
    } else {
      constexpr std::int64_t per_day = count_of<Time>(from_ms<Time>(86'400'000));
      static_assert(per_day > 0, "a clock that moves less than once a day");
      return count * (86'400'000'000 / per_day);
    }
  }

  template <typename Time>
  static inline const char tag_place = 0;
  template <typename Time>
  static const void* tag_of() noexcept {
    return &tag_place<Time>;
  }

  std::array<std::uint8_t, capacity> bytes_{};
  const void* tag_ = nullptr;
  std::uint32_t size_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace skerry::inline v0::anomaly::detail
