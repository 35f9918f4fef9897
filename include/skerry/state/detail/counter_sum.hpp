// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>

#include <cstdint>

namespace skerry::inline v0::state::detail {

/// Adds an amount above 0 to a total. `invalid` for 0, `full` when it would overflow; the total is as before then.
[[nodiscard]] constexpr status add_to(std::uint64_t& total, std::uint64_t amount) noexcept {
  if (amount == 0) {
    return errc::invalid;
  }
  if (total > UINT64_MAX - amount) {
    return errc::full;
  }
  total += amount;
  return {};
}

/// A sum of totals: 64 bits and how often they ran over.
struct wide_sum {
  std::uint64_t low = 0;
  std::uint64_t carries = 0;
  constexpr void add(std::uint64_t amount) noexcept {
    low += amount;
    carries += low < amount ? 1 : 0;
  }
};

/// What goes up less what goes down.
struct signed_sum {
  wide_sum up{};
  wide_sum down{};

  /// `full` when the difference does not fit into 64 signed bits.
  [[nodiscard]] constexpr result<std::int64_t> value() const noexcept {
    const bool negative = up.carries != down.carries ? up.carries < down.carries : up.low < down.low;
    const wide_sum& more = negative ? down : up;
    const wide_sum& less = negative ? up : down;
    const std::uint64_t carries = more.carries - less.carries - (more.low < less.low ? 1 : 0);
    const std::uint64_t distance = more.low - less.low;
    constexpr std::uint64_t most = INT64_MAX;
    if (carries != 0 || distance > most + (negative ? 1 : 0)) {
      return errc::full;
    }
    return negative ? static_cast<std::int64_t>(~distance + 1) : static_cast<std::int64_t>(distance);
  }
};

/// Which actors several records are of, as far as one word can tell: those of one actor are never missed.
class met_actors {
 public:
  constexpr void meet(std::uint64_t id) noexcept {
    again_ |= met_ & bit(id);
    met_ |= bit(id);
  }
  [[nodiscard]] constexpr bool met(std::uint64_t id) const noexcept { return (met_ & bit(id)) != 0; }
  [[nodiscard]] constexpr bool again(std::uint64_t id) const noexcept { return (again_ & bit(id)) != 0; }

 private:
  [[nodiscard]] static constexpr std::uint64_t bit(std::uint64_t id) noexcept {
    return std::uint64_t{1} << (id * 0x9e3779b97f4a7c15 >> 58);
  }
  std::uint64_t met_ = 0;
  std::uint64_t again_ = 0;
};

/// For policies of which all records count: the winner is the greatest (actor, number).
template <typename Records>
[[nodiscard]] constexpr verdict judge_all(const Records& records, why beside = why::fold) noexcept {
  verdict v;
  records.for_each([&](const record_view& r) {
    if (v.why == why::nothing || v.winner.who < r.who || (v.winner.who == r.who && v.winner.n < r.n)) {
      v.winner = r;
    }
    v.why = v.why == why::nothing ? why::only_one : beside;
  });
  return v;
}

}  // namespace skerry::inline v0::state::detail
