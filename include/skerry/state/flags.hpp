// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/policy.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

namespace detail {

/// Records of one byte that say "on" (1) or "off" (0). Each takes the place of all that its writer saw.
struct marks {
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept {
    return payload.size() == 1 && (payload[0] == std::byte{0} || payload[0] == std::byte{1});
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status mark(Edit& edit, bool on) {
    edit.supersede_all();
    return edit.put([on](byte_writer& out) {
      out.u8(on ? 1 : 0);
      return out.error();
    });
  }
  [[nodiscard]] static constexpr bool is_on(const record_view& r) noexcept { return !r.payload.empty() && r.payload[0] == std::byte{1}; }

  struct tally {
    std::size_t on = 0;
    std::size_t off = 0;
  };
  template <typename Records>
  [[nodiscard]] static constexpr tally count(const Records& records) noexcept {
    tally t;
    records.for_each([&t](const record_view& r) { ++(is_on(r) ? t.on : t.off); });
    return t;
  }

  /// Marks that say no more than none would: all of them do, and everybody has them. Each goes by its own writer's hand.
  template <typename Drop, typename Records, typename View>
  static constexpr void collect(Drop& drop, const Records& records, const View& view, bool at_first) {
    const tally t = count(records);
    if ((at_first ? t.off : t.on) != 0) {
      return;
    }
    bool stable = true;
    records.for_each([&](const record_view& r) { stable = stable && view.stable(r.who, r.n); });
    records.for_each([&](const record_view& r) {
      if (stable && view.keeps(r.who)) {
        drop(r);
      }
    });
  }

  /// Names the greatest (actor, number) of the records that decide: those that are `deciding`.
  template <typename Records>
  [[nodiscard]] static constexpr verdict decide(const Records& records, bool deciding, why alone, why beside) noexcept {
    verdict v;
    std::size_t all = 0;
    bool found = false;
    records.for_each([&](const record_view& r) {
      ++all;
      if (is_on(r) == deciding && (!found || v.winner.who < r.who || (v.winner.who == r.who && v.winner.n < r.n))) {
        v.winner = r;
        found = true;
      }
    });
    v.why = !found ? why::nothing : (all == 1 ? alone : beside);
    return v;
  }
};

}  // namespace detail

/// Flag that stays on when somebody enables it while somebody else disables it.
///
/// Read    false until it is enabled for the first time
/// Cost    one record for each enabling that nobody else has seen; none while it is off
/// Source  Riak DT; Baquero, Almeida, Shoker, Pure Operation-Based Replicated Data Types, 2017, section 6
struct ew_flag {
  using value_type = bool;
  static constexpr std::uint8_t kind = kinds::ew_flag;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = true;
  static constexpr std::size_t most_payload = 0;

  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept { return payload.empty(); }
  template <typename Edit>
  [[nodiscard]] static constexpr status enable(Edit& edit) {
    edit.supersede_all();
    return edit.put([](byte_writer& out) { return out.error(); });
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status disable(Edit& edit) {
    edit.supersede_all();
    return {};
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<bool> read(const Records& records) noexcept {
    return judge(records).why != why::nothing;
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return detail::judge_all(records, why::enable_wins);
  }
};

/// For `dw_flag<initially_on>`.
inline constexpr bool initially_on = true;

/// Flag that goes off when somebody disables it while somebody else enables it.
///
/// Read    `InitiallyOn` until somebody operates it; then on when every mark that nobody has overwritten says on
/// Cost    one record for each operation that nobody has overwritten; the last one stays until it says what the flag says at first
///         and everybody has it
/// Source  Riak DT
template <bool InitiallyOn = false>
struct dw_flag {
  using value_type = bool;
  static constexpr std::uint8_t kind = InitiallyOn ? kinds::dw_flag_initially_on : kinds::dw_flag;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;  // an erased "off" would turn the flag on, or back to what it was at first
  static constexpr std::size_t most_payload = 1;

  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept { return detail::marks::valid(payload); }
  template <typename Edit>
  [[nodiscard]] static constexpr status enable(Edit& edit) {
    return detail::marks::mark(edit, true);
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status disable(Edit& edit) {
    return detail::marks::mark(edit, false);
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<bool> read(const Records& records) noexcept {
    const auto t = detail::marks::count(records);
    return t.off == 0 && (t.on > 0 || InitiallyOn);
  }
  template <typename Drop, typename Records, typename View>
  static constexpr void collect(Drop& drop, const Records& records, const View& view) {
    detail::marks::collect(drop, records, view, InitiallyOn);
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    const auto t = detail::marks::count(records);
    return detail::marks::decide(records, t.off == 0, why::only_one, t.off == 0 ? why::fold : why::disable_wins);
  }
};

}  // namespace skerry::inline v0::state
