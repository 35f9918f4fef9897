// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/detail/stream_index.hpp>

#include <array>
#include <cstdint>

namespace skerry::inline v0::delivery::detail {

/// Who goes next: strictly by class, but every `share`-th choice goes to a class that would have to wait; streams of a class take turns.
class class_turns {
 public:
  static constexpr std::uint8_t classes = 4;
  using firsts = std::array<entry_index, classes>;

  /// How many of the class's streams come before this one; each class has a turn of its own, or a busy one would set back the others'.
  [[nodiscard]] std::uint32_t turn_of(stream_id stream, std::uint8_t importance, std::uint16_t streams) const noexcept {
    const stream_id next = rotor_[importance];
    return stream >= next ? stream - next : std::uint32_t{stream} + streams - next;
  }

  /// One of `first`, by class; no_entry if nothing is due.
  [[nodiscard]] std::uint8_t pick(const firsts& first, std::uint8_t share) noexcept {
    std::uint8_t best = 0;
    while (best < classes && first[best] == no_entry) {
      ++best;
    }
    if (best == classes) {
      return classes;
    }
    std::uint8_t other = best;
    for (std::uint8_t step = 1; step <= classes && other == best; ++step) {  // the last one owed comes last, but it comes
      const auto c = static_cast<std::uint8_t>((owed_ + step) % classes);
      other = c > best && first[c] != no_entry ? c : best;
    }
    if (other == best) {
      turn_ = 0;
    } else if (++turn_ >= share) {
      turn_ = 0;
      owed_ = other;
      best = other;
    }
    return best;
  }
  void went(stream_id stream, std::uint8_t importance, std::uint16_t streams) noexcept {
    rotor_[importance] = static_cast<stream_id>((stream + 1) % streams);
  }

 private:
  std::array<stream_id, classes> rotor_{};
  std::uint8_t turn_ = 0;
  std::uint8_t owed_ = 0;
};

}  // namespace skerry::inline v0::delivery::detail
