// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/policy.hpp>

#include <cstdint>

namespace skerry::inline v0::state {

/// One actor's share of a counter. Each change replaces it by a new event with the new totals, so a lost delta costs nothing once
/// a later one is in.
struct counter_row {
  std::uint64_t from = 0;   ///< number of the actor's event that began this row
  std::uint64_t plus = 0;   ///< sum of all increments
  std::uint64_t minus = 0;  ///< sum of all decrements
};

namespace detail {

/// What `counter` and `pn_counter` share: rows, and sums that never wrap.
template <bool Signed>
struct counter_rows {
  using row = counter_row;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;
  static constexpr std::size_t most_payload = Signed ? 30 : 20;

  [[nodiscard]] static constexpr status encode(byte_writer& out, const counter_row& r) noexcept {
    out.varint(r.from);
    out.varint(r.plus);
    if constexpr (Signed) {
      out.varint(r.minus);
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<counter_row> decode(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    counter_row r;
    r.from = in.varint();
    r.plus = in.varint();
    if constexpr (Signed) {
      r.minus = in.varint();
    }
    const status end = in.finish();
    return end ? result<counter_row>{r} : result<counter_row>{end.error()};
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept {
    const result<counter_row> r = decode(payload);
    return r && r.value().from != 0;
  }
  /// A row holds totals: an older one that comes late must not count beside it.
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    return r.who == by.who && r.n < by.n;
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status inc(Edit& edit, std::uint64_t amount) {
    return change(edit, amount, &counter_row::plus);
  }

  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return judge_all(records);
  }

 protected:
  /// Replaces the own row by one with a greater total.
  template <typename Edit>
  [[nodiscard]] static constexpr status change(Edit& edit, std::uint64_t amount, std::uint64_t counter_row::*total) {
    counter_row row{edit.number(), 0, 0};
    std::uint64_t latest = 0;
    edit.records().for_each([&](const record_view& r) {
      if (r.who == edit.self()) {
        edit.supersede(r);
        if (const result<counter_row> mine = decode(r.payload); mine && r.n > latest) {
          row = mine.value();
          latest = r.n;
        }
      }
    });
    if (const status s = add_to(row.*total, amount); !s) {
      return s;
    }
    return edit.put([&row](byte_writer& out) { return encode(out, row); });
  }
};

}  // namespace detail

/// Grow-only counter: the sum of everybody's increments, each counted once.
///
/// Read    0 when nobody has counted; `full` when the sum does not fit into 64 bits
/// Errors  `inc`: `invalid` for 0 and negative amounts, `full` when the own row would overflow
/// Cost    one record per actor that has counted
/// Source  Shapiro, Preguica, Baquero, Zawirski, A comprehensive study of CRDTs, 2011, section 3.1.1
struct counter : detail::counter_rows<false> {
  using value_type = std::uint64_t;
  static constexpr std::uint8_t kind = kinds::counter;

  template <typename Records>
  [[nodiscard]] static constexpr result<std::uint64_t> read(const Records& records) noexcept {
    detail::wide_sum sum;
    records.for_each([&sum](const record_view& r) {
      const result<counter_row> row = decode(r.payload);
      sum.add(row ? row.value().plus : 0);
    });
    return sum.carries == 0 ? result<std::uint64_t>{sum.low} : result<std::uint64_t>{errc::full};
  }
};

/// Counter that goes up and down: two grow-only sums per actor.
///
/// Read    0 when nobody has counted; `full` when the value does not fit into 64 signed bits
/// Errors  `inc`, `dec`: `invalid` for 0 and negative amounts, `full` when the own row would overflow
/// Cost    one record per actor that has counted
/// Source  Shapiro, Preguica, Baquero, Zawirski, A comprehensive study of CRDTs, 2011, section 3.1.3
struct pn_counter : detail::counter_rows<true> {
  using value_type = std::int64_t;
  static constexpr std::uint8_t kind = kinds::pn_counter;

  template <typename Edit>
  [[nodiscard]] static constexpr status dec(Edit& edit, std::uint64_t amount) {
    return change(edit, amount, &counter_row::minus);
  }

  template <typename Records>
  [[nodiscard]] static constexpr result<std::int64_t> read(const Records& records) noexcept {
    detail::signed_sum sum;
    records.for_each([&sum](const record_view& r) {
      if (const result<counter_row> row = decode(r.payload); row) {
        sum.up.add(row.value().plus);
        sum.down.add(row.value().minus);
      }
    });
    return sum.value();
  }
};

}  // namespace skerry::inline v0::state
