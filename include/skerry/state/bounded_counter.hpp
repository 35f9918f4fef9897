// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/counter_sum.hpp>
#include <skerry/state/detail/fold_order.hpp>
#include <skerry/state/detail/named_actor.hpp>
#include <skerry/state/policy.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// Counter that never falls below zero, without asking anybody: who wants to count down needs rights to do so.
///
/// Counting up makes rights, counting down uses them up, and `transfer` gives them away; the sum of all rights is the value.
/// `dec` and `transfer` are refused unless 0 < amount <= the own rights, so no two cut-off replicas can spend the same unit.
/// Read    the value as far as it is known here: 0 while more decrements than increments have arrived; `full` beyond 64 bits
/// Retire  the heir of a retired actor writes its row again under its own name, and with that has its rights
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
    entry given;
    given.kind = gift;
    given.whose = to;
    std::uint64_t latest = 0;
    edit.records().for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (r.who == edit.self() && e && e.value().kind == gift && e.value().whose == to) {
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
      if (e.kind == gift) {
        sum.up.add(holder(records, e.whose) == who ? e.first : 0);
        sum.down.add(holder(records, r.who) == who ? e.first : 0);
      } else if (holder(records, e.kind == folded_row ? e.whose : r.who) == who) {
        sum.up.add(e.first);
        sum.down.add(e.second);
      }
    });
    return not_below_zero(sum).value_or(UINT64_MAX);
  }
  /// Takes over the row of a retired actor, and with it the rights; or takes what everybody has of that into the own row. Gifts of a
  /// retired actor and to it stay as they are: they count for the heir.
  template <typename Edit, typename View>
  [[nodiscard]] static constexpr status fold(Edit& edit, const View& view) {
    const auto& records = edit.records();
    actor gone{};
    bool found = false;
    const auto consider = [&](const actor& who) {
      if (!found && view.inherited(who) && !is_folded(records, who)) {
        gone = who;
        found = true;
      }
    };
    record_view chosen{};
    entry folded;
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (e && e.value().kind == folded_row && !found && view.inherited(r.who)) {
        chosen = r;
        folded = e.value();
        found = true;
      }
      if (e && e.value().kind == gift) {
        consider(e.value().whose);
      }
      if (e) {
        consider(r.who);
      }
    });
    if (found) {
      if (chosen.n == 0) {
        const latest_row latest = row_of(records, gone);
        folded = latest.totals;
        folded.kind = folded_row;
        folded.whose = gone;
        folded.upto = view.last(gone);
        folded.folded = 0;
        chosen = latest.at;
      }
      if (chosen.n != 0) {
        edit.supersede(chosen);
      }
      return edit.put([&folded](byte_writer& out) { return encode(out, folded); });
    }
    const std::uint64_t upto = detail::fold_order::ready(
        records, edit.self(), view,
        [](const record_view& r) {
          const result<entry> e = decode(r.payload);
          return e && e.value().kind == folded_row ? e.value().whose : actor{};
        },
        [&records](const actor& who) { return !has_gifts(records, who); });
    entry sum = row_of(records, edit.self()).totals;
    if (upto <= sum.folded) {
      return {};
    }
    sum.folded = upto;
    bool fits = true;
    const auto part = [&](const record_view& r, const entry& e) { return r.who == edit.self() && e.kind == folded_row && r.n <= upto; };
    records.for_each([&](const record_view& r) {
      if (const result<entry> e = decode(r.payload); e && part(r, e.value())) {
        fits = fits && detail::add_total(sum.first, e.value().first) && detail::add_total(sum.second, e.value().second);
      }
    });
    if (!fits) {
      return {};
    }
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (e && (part(r, e.value()) || (r.who == edit.self() && e.value().kind == own_row))) {
        edit.supersede(r);
      }
    });
    return edit.put([&sum](byte_writer& out) { return encode(out, sum); });
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<std::uint64_t> read(const Records& records) noexcept {
    detail::signed_sum sum;
    for_each_latest(records, [&sum](const record_view&, const entry& e) {
      if (e.kind != gift) {
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
  /// An actor's older row, or its older gift to the same receiver: both are totals. Rows and folds as `fold_order` says.
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const record_view& by) noexcept {
    if (!(r.who == by.who) && !says_fold(r) && !says_fold(by)) {
      return false;  // only a fold speaks of somebody else's row
    }
    if (!says_fold(r) && !says_fold(by) && (says_gift(r) != says_gift(by) || r.n >= by.n || !says_gift(r))) {
      return says_gift(r) == says_gift(by) && r.n < by.n;
    }
    const result<entry> a = decode(r.payload);
    const result<entry> b = decode(by.payload);
    if (!a || !b || (a.value().kind == gift) != (b.value().kind == gift)) {
      return false;
    }
    return a.value().kind == gift ? r.who == by.who && r.n < by.n && a.value().whose == b.value().whose
                                  : detail::fold_order::obsolete(r, subject_of(a.value()), by, subject_of(b.value()));
  }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) noexcept { return static_cast<bool>(decode(payload)); }

 private:
  enum : std::uint8_t { own_row, gift, folded_row };
  /// A row: all counted up, all counted down. A gift: to whom, and all that was given. A fold: whose row it was.
  struct entry {
    std::uint8_t kind = own_row;
    actor whose{};
    std::uint64_t upto = 0;  ///< of a fold: the actor's last number; 0 for one that was only given to
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::uint64_t folded = 0;  ///< of a row: own folds up to this number are part of it
  };

  [[nodiscard]] static constexpr status encode(byte_writer& out, const entry& e) noexcept {
    out.u8(e.kind);
    if (e.kind != own_row) {
      detail::write_actor(out, e.whose);
    }
    if (e.kind == folded_row) {
      out.varint(e.upto);
    }
    out.varint(e.first);
    if (e.kind != gift) {
      out.varint(e.second);
    }
    if (e.folded != 0) {
      out.varint(e.folded);
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<entry> decode(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    entry e;
    e.kind = in.u8();
    if (e.kind > folded_row) {
      in.fail(errc::corrupt);
    }
    if (e.kind != own_row) {
      e.whose = detail::read_actor(in);
    }
    e.upto = e.kind == folded_row ? in.varint() : 0;
    e.first = in.varint();
    e.second = e.kind == gift ? 0 : in.varint();
    if (e.kind == own_row && in.error() == errc::ok && !in.remaining().empty()) {
      e.folded = in.varint();
      if (e.folded == 0) {
        in.fail(errc::corrupt);
      }
    }
    const status end = in.finish();
    return end ? result<entry>{e} : result<entry>{end.error()};
  }
  [[nodiscard]] static constexpr detail::fold_order::subject subject_of(const entry& e) noexcept {
    return {e.kind == folded_row, e.whose, e.upto, e.folded};
  }

  [[nodiscard]] static constexpr bool says_fold(const record_view& r) noexcept {
    return !r.payload.empty() && r.payload[0] == std::byte{folded_row};
  }
  [[nodiscard]] static constexpr bool says_gift(const record_view& r) noexcept {
    return !r.payload.empty() && r.payload[0] == std::byte{gift};
  }
  struct latest_row {
    entry totals{};
    record_view at{};
  };
  /// An actor's own row, empty when there is none.
  template <typename Records>
  [[nodiscard]] static constexpr latest_row row_of(const Records& records, const actor& who) noexcept {
    latest_row latest;
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      if (r.who == who && e && e.value().kind == own_row && r.n > latest.at.n) {
        latest = {e.value(), r};
      }
    });
    return latest;
  }
  template <typename Records>
  [[nodiscard]] static constexpr bool is_folded(const Records& records, const actor& who) noexcept {
    bool any = false;
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      any = any || (e && e.value().kind == folded_row && e.value().whose == who);
    });
    return any;
  }
  template <typename Records>
  [[nodiscard]] static constexpr bool has_gifts(const Records& records, const actor& who) noexcept {
    bool any = false;
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      any = any || (e && e.value().kind == gift && (r.who == who || e.value().whose == who));
    });
    return any;
  }
  /// Who has the rights that an actor had: whoever folded its row, and so on. A circle is forged; it ends after as many steps as there
  /// are records, for everybody alike.
  template <typename Records>
  [[nodiscard]] static constexpr actor holder(const Records& records, actor who) noexcept {
    std::size_t steps = 0;
    records.for_each([&steps](const record_view&) { ++steps; });
    for (; steps > 0; --steps) {
      bool found = false;
      record_view best{};
      entry of_best;
      records.for_each([&](const record_view& r) {
        const result<entry> e = says_fold(r) ? decode(r.payload) : result<entry>{errc::absent};
        if (e && e.value().whose == who && (!found || detail::fold_order::obsolete(best, subject_of(of_best), r, subject_of(e.value())))) {
          best = r;
          of_best = e.value();
          found = true;
        }
      });
      if (!found) {
        break;
      }
      who = best.who;
    }
    return who;
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
    bool folds = false;
    detail::met_actors writers;
    detail::met_actors givers;
    records.for_each([&](const record_view& r) {
      folds = folds || says_fold(r);
      (says_gift(r) ? givers : writers).meet(r.who.id);
    });
    records.for_each([&](const record_view& r) {
      const result<entry> e = decode(r.payload);
      bool old = !e;
      if (folds || (says_gift(r) ? givers : writers).again(r.who.id)) {
        records.for_each([&](const record_view& other) { old = old || ((folds || other.who == r.who) && obsolete(r, other)); });
      }
      if (!old) {
        f(r, e.value());
      }
    });
  }
  template <typename Edit, typename Change>
  [[nodiscard]] static constexpr status change_row(Edit& edit, Change&& change) {
    entry mine = row_of(edit.records(), edit.self()).totals;
    if (const status s = change(mine); !s) {
      return s;
    }
    edit.records().for_each([&](const record_view& r) {
      if (const result<entry> e = decode(r.payload); r.who == edit.self() && e && e.value().kind == own_row) {
        edit.supersede(r);
      }
    });
    return edit.put([&mine](byte_writer& out) { return encode(out, mine); });
  }
};

}  // namespace skerry::inline v0::state
