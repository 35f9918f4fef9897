// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/flags.hpp>
#include <skerry/state/policy.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// Set whose elements stay when somebody adds one while somebody else removes it.
///
/// The element is the last part of the key, so each element is a flag of its own, and a set of a thousand costs what its change
/// costs. N bounds how many elements one set is read into.
/// Cost    one record for each adding that nobody else has seen; none for what is not in it
/// Source  Bieniusa et al., An optimized conflict-free replicated set, 2012
template <typename T, std::size_t N>
struct aw_set {
  using element_type = T;
  using value_type = bool;  ///< of one element: whether it is in
  static constexpr std::size_t capacity = N;
  static constexpr std::uint8_t kind = kinds::aw_set;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = true;
  static constexpr std::size_t most_payload = 0;

  template <typename Edit>
  [[nodiscard]] static constexpr status add(Edit& edit) {
    return ew_flag::enable(edit);
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status remove(Edit& edit) {
    return ew_flag::disable(edit);
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<bool> read(const Records& records) noexcept {
    return ew_flag::read(records);
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return detail::judge_all(records, why::add_wins);
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept { return ew_flag::valid(payload); }
};

/// Set whose elements go when somebody removes one while somebody else adds it.
///
/// Cost    one record for each operation on an element that nobody has overwritten; a removed element keeps its mark until everybody
///         has it
/// Source  Bieniusa et al., An optimized conflict-free replicated set, 2012
template <typename T, std::size_t N>
struct rw_set {
  using element_type = T;
  using value_type = bool;
  static constexpr std::size_t capacity = N;
  static constexpr std::uint8_t kind = kinds::rw_set;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;  // an erased mark would put an element back
  static constexpr std::size_t most_payload = 1;

  template <typename Edit>
  [[nodiscard]] static constexpr status add(Edit& edit) {
    return detail::marks::mark(edit, true);
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status remove(Edit& edit) {
    return detail::marks::mark(edit, false);
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<bool> read(const Records& records) noexcept {
    return dw_flag<>::read(records);
  }
  template <typename Drop, typename Records, typename View>
  static constexpr void collect(Drop& drop, const Records& records, const View& view) {
    detail::marks::collect(drop, records, view, false);
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    const auto t = detail::marks::count(records);
    return detail::marks::decide(records, t.off == 0, why::only_one, t.off == 0 ? why::fold : why::remove_wins);
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept { return detail::marks::valid(payload); }
};

}  // namespace skerry::inline v0::state
