// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>

#include <cstdint>
#include <limits>

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
  static constexpr bool one_per_actor = true;  // a row holds totals: an older one that comes late must not count beside it

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
  [[nodiscard]] static constexpr status inc(counter_row& r, std::uint64_t amount) noexcept { return add(r.plus, amount); }

  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    verdict v;
    records.for_each([&v](const record_view& r) {
      if (v.why == why::nothing || v.winner.who < r.who) {
        v.winner = r;
      }
      v.why = v.why == why::nothing ? why::only_one : why::fold;
    });
    return v;
  }

 protected:
  [[nodiscard]] static constexpr status add(std::uint64_t& sum, std::uint64_t amount) noexcept {
    if (amount == 0) {
      return errc::invalid;
    }
    if (sum > std::numeric_limits<std::uint64_t>::max() - amount) {
      return errc::full;
    }
    sum += amount;
    return {};
  }
  /// A sum of rows: 64 bits and how often they ran over.
  struct wide {
    std::uint64_t low = 0;
    std::uint64_t carries = 0;
    constexpr void add(std::uint64_t amount) noexcept {
      low += amount;
      carries += low < amount ? 1 : 0;
    }
  };
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
    wide sum;
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

  [[nodiscard]] static constexpr status dec(counter_row& r, std::uint64_t amount) noexcept { return add(r.minus, amount); }

  template <typename Records>
  [[nodiscard]] static constexpr result<std::int64_t> read(const Records& records) noexcept {
    wide up;
    wide down;
    records.for_each([&](const record_view& r) {
      if (const result<counter_row> row = decode(r.payload); row) {
        up.add(row.value().plus);
        down.add(row.value().minus);
      }
    });
    const bool negative = up.carries != down.carries ? up.carries < down.carries : up.low < down.low;
    const wide& more = negative ? down : up;
    const wide& less = negative ? up : down;
    const std::uint64_t carries = more.carries - less.carries - (more.low < less.low ? 1 : 0);
    const std::uint64_t distance = more.low - less.low;
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (carries != 0 || distance > most + (negative ? 1 : 0)) {
      return errc::full;
    }
    return negative ? static_cast<std::int64_t>(~distance + 1) : static_cast<std::int64_t>(distance);
  }
};

}  // namespace skerry::inline v0::state
