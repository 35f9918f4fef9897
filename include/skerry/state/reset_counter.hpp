// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/counter.hpp>
#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/detail/named_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// Counter that can be set back to zero: a reset takes away exactly what its writer had seen.
///
/// An increment that the reset had not seen counts on: 3 counted, seen and reset, and 2 counted meanwhile elsewhere, make 2. A reset
/// writes one record for each actor whose row it saw, with the number and the totals of that row; of several resets of one row the
/// one that saw more decides.
/// Read    0 when nobody has counted; `full` when the value does not fit into 64 signed bits
/// Errors  `inc`, `dec`: as `pn_counter`, and `needs_epoch` when a reset has seen more events of this actor than it has written here:
///         what it counted would be taken back at once (a replica then begins a new life by itself); `reset`: `full` for more rows
///         than `most_records`
/// Cost    one record per actor that has counted and one per actor that was reset; reading is O(records of the key squared). A record
///         of a reset takes up to 48 bytes (20 are usual): `Limits::payload_bytes` says how much of that there is
struct reset_counter {
  using value_type = std::int64_t;
  static constexpr std::uint8_t kind = kinds::reset_counter;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;
  static constexpr std::size_t most_records = 32;  ///< rows that one reset takes back

  template <typename Edit>
  [[nodiscard]] static constexpr status inc(Edit& edit, std::uint64_t amount) {
    return change(edit, amount, &counter_row::plus);
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status dec(Edit& edit, std::uint64_t amount) {
    return change(edit, amount, &counter_row::minus);
  }
  /// Writes what is seen of every row that is not at zero already.
  template <typename Edit>
  [[nodiscard]] static constexpr status reset(Edit& edit) {
    status s;
    edit.records().for_each([&](const record_view& r) {
      const result<entry> row = decode(r.payload);
      if (!s || !row || row.value().base || is_old(edit.records(), r) || is_taken_back(edit.records(), r.who, r.n)) {
        return;
      }
      const entry base{true, r.who, r.n, row.value().plus, row.value().minus};
      edit.records().for_each([&](const record_view& other) {
        const result<entry> older = decode(other.payload);
        if (older && older.value().base && older.value().whose == r.who) {
          edit.supersede(other);
        }
      });
      s = edit.put([&base](byte_writer& out) { return encode(out, base); });
    });
    return s;
  }

  template <typename Records>
  [[nodiscard]] static constexpr result<std::int64_t> read(const Records& records) noexcept {
    detail::signed_sum sum;
    detail::met_actors rows;
    detail::met_actors bases;
    records.for_each([&](const record_view& r) { says_base(r) ? bases.meet(named_id(r)) : rows.meet(r.who.id); });
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (!e || e.value().base || (rows.again(r.who.id) && is_old(records, r))) {
        return;
      }
      const entry base = bases.met(r.who.id) ? newest_base(records, r.who) : entry{};
      if (base.n >= r.n) {
        return;  // all of it was seen
      }
      const bool counts = base.n >= e.value().n;
      sum.up.add(e.value().plus);
      sum.down.add(e.value().minus);
      sum.down.add(counts ? base.plus : 0);
      sum.up.add(counts ? base.minus : 0);
    });
    return sum.value();
  }
  /// Whether somebody has counted since the last reset, also if it comes to 0.
  template <typename Records>
  [[nodiscard]] static constexpr bool present(const Records& records) noexcept {
    bool any = false;
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      any = any || (e && !e.value().base && !is_old(records, r) && newest_base(records, r.who).n < r.n);
    });
    return any;
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return detail::judge_all(records);
  }
  /// An actor's older row, and a base that saw less of the same row. Two bases that saw the same number can differ when somebody is
  /// cloned; the greater writer's stands.
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    const bool base = says_base(r);
    if (base != says_base(by) || !base) {
      return base == says_base(by) && r.who == by.who && r.n < by.n;
    }
    if (named_id(r) != named_id(by)) {
      return false;
    }
    const result<entry> a = decode(r.payload);
    const result<entry> b = decode(by.payload);
    return a && b && a.value().whose == b.value().whose && saw_less(a.value().n, r, b.value().n, by);
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept {
    const result<entry> e = decode(payload);
    return e && e.value().n != 0;
  }
  /// Bases that take nothing back any more, and rows that are taken back as a whole, once everybody has both and all older ones.
  ///
  /// A base whose row goes on with what was counted before it stays: it still subtracts. The row cannot be written anew without it,
  /// since another reset may be under way that saw the old one.
  template <typename Drop, typename Records, typename View>
  static constexpr void collect(Drop& drop, const Records& records, const View& view) {
    records.for_each([&](const record_view& b) {
      const result<entry> base = decode(b.payload);
      if (!base || !base.value().base || !view.keeps(b.who) || !view.member(base.value().whose) || !view.stable(b.who, b.n) ||
          !view.stable(base.value().whose, base.value().n)) {
        return;
      }
      record_view latest{};
      std::uint64_t from = 0;
      bool newest = true;
      records.for_each([&](const record_view& r) {
        const result<entry> e = decode(r.payload);
        if (e && !e.value().base && r.who == base.value().whose && r.n > latest.n) {
          latest = r;
          from = e.value().n;
        }
        newest = newest && !obsolete(b, r);
      });
      if (!newest || drop.room() < 2 || (latest.n > base.value().n && from <= base.value().n)) {
        return;
      }
      if (latest.n != 0 && latest.n <= base.value().n) {
        drop(latest);
      }
      drop(b);
    });
  }

 private:
  /// A row (`n` is where it began) or a base: the row of `whose` as it was at its number `n`.
  struct entry {
    bool base = false;
    actor whose{};
    std::uint64_t n = 0;
    std::uint64_t plus = 0;
    std::uint64_t minus = 0;
  };

  [[nodiscard]] static constexpr status encode(byte_writer& out, const entry& e) noexcept {
    out.u8(e.base ? 1 : 0);
    if (e.base) {
      detail::write_actor(out, e.whose);
    }
    out.varint(e.n);
    out.varint(e.plus);
    out.varint(e.minus);
    return out.error();
  }
  [[nodiscard]] static constexpr result<entry> decode(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    entry e;
    const std::uint8_t tag = in.u8();
    if (tag > 1) {
      in.fail(errc::corrupt);
    }
    e.base = tag == 1;
    if (e.base) {
      e.whose = detail::read_actor(in);
    }
    e.n = in.varint();
    e.plus = in.varint();
    e.minus = in.varint();
    const status end = in.finish();
    return end ? result<entry>{e} : result<entry>{end.error()};
  }

  [[nodiscard]] static constexpr bool says_base(const record_view& r) noexcept {
    return !r.payload.empty() && r.payload[0] == std::byte{1};
  }
  /// Whose row a base speaks of, as far as it takes no decoding.
  [[nodiscard]] static constexpr std::uint64_t named_id(const record_view& base) noexcept {
    byte_reader in{base.payload};
    (void)in.u8();
    return in.u64();
  }
  /// Whether a later row of the same actor is there as well.
  template <typename Records>
  [[nodiscard]] static constexpr bool is_old(const Records& records, const record_view& row) noexcept {
    bool old = false;
    records.for_each([&](const record_view& r) {
      old = old || (r.who == row.who && r.n > row.n && !r.payload.empty() && r.payload[0] == std::byte{0});
    });
    return old;
  }
  template <typename Records>
  [[nodiscard]] static constexpr entry newest_base(const Records& records, const actor& whose) noexcept {
    entry best;
    record_view of_best{};
    records.for_each([&](const record_view& r) {
      const result<entry> e = says_base(r) && named_id(r) == whose.id ? decode(r.payload) : result<entry>{errc::absent};
      if (e && e.value().whose == whose && saw_less(best.n, of_best, e.value().n, r)) {
        best = e.value();
        of_best = r;
      }
    });
    return best;
  }
  [[nodiscard]] static constexpr bool saw_less(std::uint64_t a, const record_view& of_a, std::uint64_t b,
                                               const record_view& of_b) noexcept {
    return a != b ? a < b : of_a.who < of_b.who || (of_a.who == of_b.who && of_a.n < of_b.n);
  }
  template <typename Records>
  [[nodiscard]] static constexpr bool is_taken_back(const Records& records, const actor& whose, std::uint64_t n) noexcept {
    return newest_base(records, whose).n >= n;
  }

  template <typename Edit>
  [[nodiscard]] static constexpr status change(Edit& edit, std::uint64_t amount, std::uint64_t counter_row::*total) {
    if (is_taken_back(edit.records(), edit.self(), edit.number())) {
      return errc::needs_epoch;
    }
    counter_row row{edit.number(), 0, 0};
    std::uint64_t latest = 0;
    edit.records().for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (r.who == edit.self() && e && !e.value().base) {
        edit.supersede(r);
        if (r.n > latest) {
          row = {e.value().n, e.value().plus, e.value().minus};
          latest = r.n;
        }
      }
    });
    if (latest != 0 && is_taken_back(edit.records(), edit.self(), latest)) {
      row = {edit.number(), 0, 0};  // begins anew, so that the base means nothing to it
    }
    if (const status s = detail::add_to(row.*total, amount); !s) {
      return s;
    }
    return edit.put([&row](byte_writer& out) { return encode(out, {false, {}, row.from, row.plus, row.minus}); });
  }
};

}  // namespace skerry::inline v0::state
