// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/detail/value_codec.hpp>
#include <skerry/state/limits.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// Why a record stands as it does. The reader of a machine's state asks this first.
enum class why : std::uint8_t {
  nothing,       ///< no live record
  only_one,      ///< nobody else has written
  later_stamp,   ///< its stamp is the greatest
  higher_actor,  ///< equal stamps: the greater actor
  higher_bytes,  ///< equal stamps and actors: the greater bytes
  siblings,      ///< all of them stand; the winner is the one that `pick` answers
  fold,          ///< all of them count
  enable_wins,   ///< enabled in more than one place
  disable_wins,  ///< disabled by somebody who had not seen all enablings
  add_wins,      ///< added in more than one place
  remove_wins,   ///< removed by somebody who had not seen all additions
  later_row,     ///< the writer's own later (generation, sequence)
  unknown,       ///< nothing here reads it: it is carried along for those who do
};

/// The wire tags of the policies, numbered for ever. The high bit says that a stamp stands before the payload, so that a node can
/// store and relay a policy that it does not know.
namespace kinds {
inline constexpr std::uint8_t stamped = 0x80;
inline constexpr std::uint8_t lww = stamped | 1;
inline constexpr std::uint8_t keep_both = stamped | 2;
inline constexpr std::uint8_t one_of = stamped | 3;  ///< never a record's: those have the kind that was chosen
inline constexpr std::uint8_t counter = 3;
inline constexpr std::uint8_t pn_counter = 4;
inline constexpr std::uint8_t reset_counter = 5;
inline constexpr std::uint8_t bounded_counter = 6;
inline constexpr std::uint8_t aw_set = 7;
inline constexpr std::uint8_t rw_set = 8;
inline constexpr std::uint8_t ew_flag = 9;
inline constexpr std::uint8_t dw_flag = 10;
inline constexpr std::uint8_t dw_flag_initially_on = 11;
inline constexpr std::uint8_t by_writer = 12;
inline constexpr std::uint8_t mean_of = 16;
inline constexpr std::uint8_t sum_of = 17;
inline constexpr std::uint8_t min_of = 18;
inline constexpr std::uint8_t max_of = 19;
inline constexpr std::uint8_t median_of = 20;
inline constexpr std::uint8_t users = 64;  ///< from here up to 127: policies and folds of applications
}  // namespace kinds

namespace detail {
/// The smallest thing that policies read: for concept checks.
struct no_records {
  template <typename F>
  constexpr void for_each(F&&) const {}
};
}  // namespace detail

/// What stands under a key, and why: the winner is the record with this (actor, number).
struct verdict {
  record_view winner{};
  state::why why = state::why::nothing;
};

/// A type P models `policy` when:
///   1. its mutators only add records under fresh own events and erase records that they have seen, so that the join never needs to
///      know P;
///   2. `P::read(records)` and `P::judge(records)` are pure functions of the record *set*: the order of the list means nothing;
///   3. `P::obsolete(record, by)`, if there is one, is a strict order that says which records change no `read` while another one is
///      there. They are dropped only where nothing is ever removed (a policy or path that is not removable): elsewhere a later removal
///      of the other one would have to bring them back, on some replicas and not on others;
///   4. `P::kind` is its wire tag, for ever;
///   5. payloads have one encoding per content, of bounded size; `P::valid(payload)` knows it from all other bytes;
///   6. `P::need` names the order of deltas that it relies on;
///   7. `P::removable` says whether a key may be removed;
///   8. `P::most_payload`, if it is there, is the size of its greatest payload (`greatest_payload` otherwise);
///   9. `P::collect(drop, records, view)`, if there is one, calls `drop(record)` for records that may go because everybody has them, at
///      most `drop.room()`; `P::fold(edit, view)` writes again what a retired actor has left. Neither changes any member's `read`, and
///      neither may conclude anything from time. `view` says what is known of the others: see `member_view`.
/// Its mutators are static functions over an *edit*: `edit.records()` are the live ones of the key, `edit.self()` is who operates,
/// `edit.number()` the number of the record that comes next, `edit.supersede(record)` takes a record's place, and
/// `edit.put(encode)` writes one. `P::most_records`, if it is there, says how many one operation may write (1 otherwise).
template <typename P>
concept policy = requires(const detail::no_records& records, std::span<const std::byte> payload) {
  typename P::value_type;
  { P::kind } -> std::convertible_to<std::uint8_t>;
  { P::need } -> std::convertible_to<delivery_need>;
  { P::removable } -> std::convertible_to<bool>;
  { P::read(records) } -> std::same_as<result<typename P::value_type>>;
  { P::judge(records) } -> std::same_as<verdict>;
  { P::valid(payload) } -> std::same_as<bool>;
};

namespace detail {
/// The smallest edit that mutators work on: for concept checks.
struct no_edit {
  [[nodiscard]] constexpr no_records records() const { return {}; }
  [[nodiscard]] constexpr actor self() const { return {}; }
  [[nodiscard]] constexpr std::uint64_t number() const { return 0; }
  [[nodiscard]] constexpr std::uint8_t kind() const { return 0; }
  constexpr void supersede(const record_view&) {}
  constexpr void supersede_all() {}
  template <typename Encode>
  [[nodiscard]] constexpr status put(Encode&&) {
    return {};
  }
};
template <typename P>
concept has_obsolete = requires(const record_view& r) {
  { P::obsolete(r, r) } -> std::same_as<bool>;
};
}  // namespace detail

/// A policy whose mutator is `write`: the new value takes the place of all that the writer saw.
template <typename P>
concept written_policy = policy<P> && requires(byte_writer& out, const typename P::value_type& value) {
  { P::encode(out, value) } -> std::same_as<status>;
};

namespace detail {
/// Of whose records one wins and the others lose: among policies with stamps those that do not keep all that stand.
template <typename P>
concept overrules = written_policy<P> &&(P::kind& kinds::stamped) != 0 && !requires(const no_records& records) {
  P::pick(records);
};
}  // namespace detail

/// A policy whose mutators are `inc` and, where it can go down, `dec`.
template <typename P>
concept counting_policy = policy<P> && requires(detail::no_edit& edit, std::uint64_t amount) {
  { P::inc(edit, amount) } -> std::same_as<status>;
};
template <typename P>
concept two_way_counting_policy = counting_policy<P> && requires(detail::no_edit& edit, std::uint64_t amount) {
  { P::dec(edit, amount) } -> std::same_as<status>;
};

namespace detail {

[[nodiscard]] constexpr int compare_bytes(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i]) {
      return a[i] < b[i] ? -1 : 1;
    }
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

/// By stamp, then actor, then the value's bytes: the same winner everywhere, whatever arrived first.
[[nodiscard]] constexpr why compare_stamped(const record_view& a, const record_view& b, int& order) noexcept {
  if (a.at != b.at) {
    order = a.at < b.at ? -1 : 1;
    return why::later_stamp;
  }
  if (a.who != b.who) {
    order = a.who < b.who ? -1 : 1;
    return why::higher_actor;
  }
  order = compare_bytes(a.payload, b.payload);
  return why::higher_bytes;
}

/// The greatest record, and what put it above the second greatest.
template <typename Records>
[[nodiscard]] constexpr verdict latest(const Records& records) noexcept {
  record_view first{};
  record_view second{};
  std::size_t count = 0;
  records.for_each([&](const record_view& r) {
    int order = 1;
    if (count > 0) {
      (void)compare_stamped(r, first, order);
    }
    if (order > 0) {
      second = first;
      first = r;
    } else {
      int below = 1;
      if (count > 1) {
        (void)compare_stamped(r, second, below);
      }
      second = below > 0 ? r : second;
    }
    ++count;
  });
  if (count == 0) {
    return {};
  }
  int order = 0;
  return {first, count == 1 ? why::only_one : compare_stamped(first, second, order)};
}

}  // namespace detail

}  // namespace skerry::inline v0::state
