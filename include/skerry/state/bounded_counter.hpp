// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/detail/named_actor.hpp>
#include <skerry/state/policy.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::state {

/// Counter that never falls below zero, without asking anybody: who wants to count down needs rights to do so.
///
/// Counting up makes rights, counting down uses them up, and `transfer` gives them away; the sum of all rights is the value.
/// `dec` and `transfer` are refused unless 0 < amount <= the own rights, so no two cut-off replicas can spend the same unit.
/// Read    the value as far as it is known here: 0 while more decrements than increments have arrived; `full` beyond 64 bits
/// Errors  `invalid`: an amount of 0, a transfer to oneself, more than the own rights; `full`: a total would overflow
/// Cost    one record per actor that has counted, and one per (giver, receiver). The latter takes up to 28 bytes
/// Source  Balegas et al., Extending Eventually Consistent Cloud Databases for Enforcing Numeric Invariants, SRDS 2015, section IV
struct bounded_counter {
  using value_type = std::uint64_t;
  static constexpr std::uint8_t kind = kinds::bounded_counter;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = false;

  template <typename Edit>
  [[nodiscard]] static constexpr status inc(Edit& edit, std::uint64_t amount) {
    return change_row(edit, [amount](entry& row) { return detail::add_to(row.first, amount); });
  }
  template <typename Edit>
  [[nodiscard]] static constexpr status dec(Edit& edit, std::uint64_t amount) {
    if (amount > rights(edit.records(), edit.self())) {
      return errc::invalid;
    }
    return change_row(edit, [amount](entry& row) { return detail::add_to(row.second, amount); });
  }
  /// Gives rights to another actor.
  template <typename Edit>
  [[nodiscard]] static constexpr status transfer(Edit& edit, const actor& to, std::uint64_t amount) {
    if (to == edit.self() || amount > rights(edit.records(), edit.self())) {
      return errc::invalid;
    }
    entry given{true, to, 0, 0};
    std::uint64_t latest = 0;
    edit.records().for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (r.who == edit.self() && e && e.value().gift && e.value().to == to) {
        edit.supersede(r);
        if (r.n > latest) {
          given = e.value();
          latest = r.n;
        }
      }
    });
    if (const status s = detail::add_to(given.first, amount); !s) {
      return s;
    }
    return edit.put([&given](byte_writer& out) { return encode(out, given); });
  }

  /// What an actor may count down or give away, as far as it is known here. Of the own rights everything is known.
  template <typename Records>
  [[nodiscard]] static constexpr std::uint64_t rights(const Records& records, const actor& who) noexcept {
    detail::signed_sum sum;
    for_each_latest(records, [&](const record_view& r, const entry& e) {
      if (e.gift) {
        sum.up.add(e.to == who ? e.first : 0);
        sum.down.add(r.who == who ? e.first : 0);
      } else if (r.who == who) {
        sum.up.add(e.first);
        sum.down.add(e.second);
      }
    });
    return not_below_zero(sum).value_or(std::numeric_limits<std::uint64_t>::max());
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<std::uint64_t> read(const Records& records) noexcept {
    detail::signed_sum sum;
    for_each_latest(records, [&sum](const record_view&, const entry& e) {
      if (!e.gift) {
        sum.up.add(e.first);
        sum.down.add(e.second);
      }
    });
    return not_below_zero(sum);
  }
  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    return detail::judge_all(records);
  }
  /// An actor's older row, or its older gift to the same receiver: both are totals.
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    const result<entry> a = decode(r.payload);
    const result<entry> b = decode(by.payload);
    return a && b && r.who == by.who && r.n < by.n && a.value().gift == b.value().gift && a.value().to == b.value().to;
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept { return static_cast<bool>(decode(payload)); }

 private:
  /// A row: all counted up, all counted down. Or a gift: to whom, and all that was given.
  struct entry {
    bool gift = false;
    actor to{};
    std::uint64_t first = 0;
    std::uint64_t second = 0;
  };

  [[nodiscard]] static constexpr status encode(byte_writer& out, const entry& e) noexcept {
    out.u8(e.gift ? 1 : 0);
    if (e.gift) {
      detail::write_actor(out, e.to);
    }
    out.varint(e.first);
    if (!e.gift) {
      out.varint(e.second);
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<entry> decode(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    entry e;
    const std::uint8_t tag = in.u8();
    if (tag > 1) {
      in.fail(errc::corrupt);
    }
    e.gift = tag == 1;
    if (e.gift) {
      e.to = detail::read_actor(in);
    }
    e.first = in.varint();
    e.second = e.gift ? 0 : in.varint();
    const status end = in.finish();
    return end ? result<entry>{e} : result<entry>{end.error()};
  }

  [[nodiscard]] static constexpr result<std::uint64_t> not_below_zero(const detail::signed_sum& sum) noexcept {
    const bool negative = sum.up.carries != sum.down.carries ? sum.up.carries < sum.down.carries : sum.up.low < sum.down.low;
    if (negative) {
      return std::uint64_t{0};  // the increments that paid for it have not arrived yet
    }
    const std::uint64_t carries = sum.up.carries - sum.down.carries - (sum.up.low < sum.down.low ? 1 : 0);
    return carries == 0 ? result<std::uint64_t>{sum.up.low - sum.down.low} : result<std::uint64_t>{errc::full};
  }
  /// Every row and gift once: late deltas can bring together several of one actor, which are totals.
  template <typename Records, typename F>
  static constexpr void for_each_latest(const Records& records, F&& f) {
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      bool old = !e;
      records.for_each([&](const record_view& other) { old = old || obsolete(r, other); });
      if (!old) {
        f(r, e.value());
      }
    });
  }
  template <typename Edit, typename Change>
  [[nodiscard]] static constexpr status change_row(Edit& edit, Change&& change) {
    entry row;
    std::uint64_t latest = 0;
    edit.records().for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (r.who == edit.self() && e && !e.value().gift) {
        edit.supersede(r);
        if (r.n > latest) {
          row = e.value();
          latest = r.n;
        }
      }
    });
    if (const status s = change(row); !s) {
      return s;
    }
    return edit.put([&row](byte_writer& out) { return encode(out, row); });
  }
};

}  // namespace skerry::inline v0::state
