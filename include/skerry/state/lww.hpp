// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>

namespace skerry::inline v0::state {

/// Last write wins: one value, by the greatest (stamp, actor, value bytes).
///
/// A write that saw another one always wins over it, whatever the clocks do; only truly concurrent writes are decided by time. Who
/// cannot accept that uses `keep_both`.
/// Read    the winner's value; `absent` when nothing is written
/// Cost    one record per key, and one more per concurrent writer until the next write (none on a `permanent` path)
template <detail::storable T>
struct lww {
  using value_type = T;
  static constexpr std::uint8_t kind = kinds::lww;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = true;
  static constexpr std::size_t most_payload = detail::most_value_bytes<T>();

  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return detail::latest(records);
  }
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    int order = 0;
    (void)detail::compare_stamped(r, by, order);
    return order < 0 || (order == 0 && r.n < by.n);
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<T> read(const Records& records) {
    const verdict v = judge(records);
    return v.why == why::nothing ? result<T>{errc::absent} : detail::read_value<T>(v.winner.payload);
  }
  [[nodiscard]] static constexpr status encode(byte_writer& out, const T& value) { return detail::encode_value(out, value); }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) {
    return detail::is_canonical<T, greatest_payload>(payload);
  }
};

}  // namespace skerry::inline v0::state
