// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/detail/fold_order.hpp>
#include <skerry/state/detail/named_actor.hpp>
#include <skerry/state/policy.hpp>

#include <cstdint>

namespace skerry::inline v0::state {

/// One actor's share of a counter. Each change replaces it by a new event with the new totals, so a lost delta costs nothing once
/// a later one is in.
struct counter_row {
  std::uint64_t from = 0;    ///< number of the actor's event that began this row; 0: a fold
  std::uint64_t plus = 0;    ///< sum of all increments
  std::uint64_t minus = 0;   ///< sum of all decrements
  std::uint64_t folded = 0;  ///< the actor's own folds up to this number are part of the sums
  actor whose{};             ///< of a fold: whose row this was
  std::uint64_t upto = 0;    ///< of a fold: the last number of that actor
};

namespace detail {

/// What `counter` and `pn_counter` share: rows, and sums that never wrap.
///
/// A retired actor's row is folded in two steps. Its heir first writes the row again under an event of its own that names the retired
/// actor, so that it counts once, whoever else does the same; when everybody has that, it adds it to its own row.
template <bool Signed>
struct counter_rows {
  using row = counter_row;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;
  static constexpr std::size_t most_payload = Signed ? 30 : 20;

  [[nodiscard]] static constexpr status encode(byte_writer& out, const counter_row& r) noexcept {
    out.varint(r.from);
    if (r.from == 0) {
      write_actor(out, r.whose);
      out.varint(r.upto);
    }
    out.varint(r.plus);
    if constexpr (Signed) {
      out.varint(r.minus);
    }
    if (r.folded != 0) {
      out.varint(r.folded);
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<counter_row> decode(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    counter_row r;
    r.from = in.varint();
    if (r.from == 0) {
      r.whose = read_actor(in);
      r.upto = in.varint();
    }
    r.plus = in.varint();
    if constexpr (Signed) {
      r.minus = in.varint();
    }
    if (r.from != 0 && in.error() == errc::ok && !in.remaining().empty()) {
      r.folded = in.varint();
      if (r.folded == 0) {
        in.fail(errc::corrupt);
      }
    }
    const status end = in.finish();
    return end ? result<counter_row>{r} : result<counter_row>{end.error()};
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept {
    const result<counter_row> r = decode(payload);
    return r && (r.value().from != 0 || r.value().upto != 0);
  }
  /// A row holds totals: an older one that comes late must not count beside it, nor one that is folded beside its fold, nor a fold
  /// beside the row that holds it.
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    if (is_row(r) && is_row(by)) {
      return r.who == by.who && r.n < by.n;
    }
    const result<counter_row> a = decode(r.payload);
    const result<counter_row> b = decode(by.payload);
    return a && b && fold_order::obsolete(r, subject_of(a.value()), by, subject_of(b.value()));
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status inc(Edit& edit, std::uint64_t amount) {
    return change(edit, amount, &counter_row::plus);
  }
  /// Folds one row of a retired actor, or takes the own folds that everybody has into the own row.
  template <typename Edit, typename View>
  [[nodiscard]] static constexpr status fold(Edit& edit, const View& view) {
    record_view chosen{};
    counter_row folded{};
    edit.records().for_each([&](const record_view& r) {
      const result<counter_row> e = decode(r.payload);
      if (e && chosen.n == 0 && view.inherited(r.who)) {
        chosen = r;
        folded = e.value();
      }
    });
    if (chosen.n != 0) {
      if (folded.from != 0) {
        folded.whose = chosen.who;
        folded.upto = view.last(chosen.who);
        folded.from = 0;
        folded.folded = 0;
      }
      edit.supersede(chosen);
      return edit.put([&folded](byte_writer& out) { return encode(out, folded); });
    }
    const std::uint64_t upto = fold_order::ready(
        edit.records(), edit.self(), view,
        [](const record_view& r) {
          const result<counter_row> e = decode(r.payload);
          return e && e.value().from == 0 ? e.value().whose : actor{};
        },
        [](const actor&) { return true; });
    counter_row sum = own_row(edit.records(), edit.self(), edit.number()).totals;
    if (upto <= sum.folded) {
      return {};
    }
    sum.folded = upto;
    bool fits = true;
    edit.records().for_each([&](const record_view& r) {
      const result<counter_row> e = decode(r.payload);
      if (e && r.who == edit.self() && e.value().from == 0 && r.n <= upto) {
        fits = fits && add_total(sum.plus, e.value().plus) && add_total(sum.minus, e.value().minus);
      }
    });
    if (!fits) {
      return {};  // 64 bits are not enough for one row: they stay two
    }
    edit.records().for_each([&](const record_view& r) {
      if (r.who == edit.self() && (is_row(r) || r.n <= upto)) {
        edit.supersede(r);
      }
    });
    return edit.put([&sum](byte_writer& out) { return encode(out, sum); });
  }

  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return judge_all(records);
  }

 protected:
  [[nodiscard]] static constexpr bool is_row(const record_view& r) noexcept { return !r.payload.empty() && r.payload[0] != std::byte{0}; }
  [[nodiscard]] static constexpr fold_order::subject subject_of(const counter_row& e) noexcept {
    return {e.from == 0, e.whose, e.upto, e.folded};
  }
  struct latest_row {
    counter_row totals{};
    std::uint64_t n = 0;
  };
  /// The own row as it is, or an empty one that begins at `number`.
  template <typename Records>
  [[nodiscard]] static constexpr latest_row own_row(const Records& records, const actor& self, std::uint64_t number) noexcept {
    latest_row mine{{number, 0, 0, 0, {}, 0}, 0};
    records.for_each([&](const record_view& r) {
      if (r.who == self && is_row(r) && r.n > mine.n) {
        if (const result<counter_row> row = decode(r.payload); row) {
          mine = {row.value(), r.n};
        }
      }
    });
    return mine;
  }
  /// Replaces the own row by one with a greater total.
  template <typename Edit>
  [[nodiscard]] static constexpr status change(Edit& edit, std::uint64_t amount, std::uint64_t counter_row::*total) {
    counter_row row = own_row(edit.records(), edit.self(), edit.number()).totals;
    if (const status s = add_to(row.*total, amount); !s) {
      return s;
    }
    edit.records().for_each([&](const record_view& r) {
      if (r.who == edit.self() && is_row(r)) {
        edit.supersede(r);
      }
    });
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
