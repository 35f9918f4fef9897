// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// The policies as single values, for those who keep their own keys and identities.
///
/// Each is the same causal store with one key. The caller names the actor of every operation, and promises what a replica sees to
/// itself: that no actor writes in two places, and that a past in doubt means a new actor.
namespace standalone {

namespace detail {

template <std::size_t A, std::size_t Records>
struct one_key {
  using time = std::uint32_t;
  using links = unordered_links;
  static constexpr std::size_t actors = A;
  static constexpr std::size_t keys = 1;
  static constexpr std::size_t records = Records;
  static constexpr std::size_t ranges = 2 * A;
  static constexpr std::size_t members = A;
  static constexpr std::size_t links_max = 1;
  static constexpr std::size_t log_bytes = 0;
  static constexpr std::size_t payload_bytes = 32;
  static constexpr std::size_t key_bytes = 0;
};

template <typename Policy, std::size_t A, std::size_t Records>
class value {
 public:
  using algebra = joins;
  using limits_type = one_key<A, Records>;
  using store_type = causal_store<limits_type>;
  static_assert(replica_limits<limits_type>);

  /// Takes over all that `other` knows. Errors: `full`, and nothing has changed.
  [[nodiscard]] constexpr status join(const value& other) {
    return this == &other ? status{} : apply(typename store_type::everything{other.store_});
  }
  [[nodiscard]] constexpr const store_type& store() const noexcept { return store_; }

 protected:
  using local = local_delta<limits_type::actors, limits_type::ranges>;

  /// One event of `who`, in the place of the records that `supersedes`; with a record if `payload` is not null.
  template <typename Supersedes>
  [[nodiscard]] constexpr status operate(const actor& who, Supersedes&& supersedes, const std::span<const std::byte>* payload, stamp at) {
    const std::uint64_t n = store_.next(who);
    local delta;
    status covered = n == 0 ? status{errc::full} : delta.covers.insert(who, n);
    records().for_each([&](const record_view& r) {
      if (covered && supersedes(r)) {
        covered = delta.covers.insert(r.who, r.n);
      }
    });
    if (!covered) {
      return covered;
    }
    if (payload != nullptr) {
      delta.record = {who, n, at, Policy::kind, *payload};
      delta.writes = true;
    }
    return apply(delta);
  }
  [[nodiscard]] constexpr auto records() const noexcept { return store_.records(key_ref{}); }
  template <typename T, typename Supersedes>
  [[nodiscard]] constexpr status write_value(const actor& who, const T& v, stamp at, Supersedes&& supersedes) {
    std::array<std::byte, limits_type::payload_bytes> payload{};
    byte_writer out{payload};
    if (const status s = Policy::encode(out, v); !s) {
      return s;
    }
    const std::span<const std::byte> bytes = out.written();
    return operate(who, supersedes, &bytes, at);
  }

 private:
  template <typename Delta>
  [[nodiscard]] constexpr status apply(const Delta& delta) {
    join_report report;
    return store_.join(delta, actor{}, report, [&](typename store_type::index slot, [[maybe_unused]] const actor& writer) {
      if constexpr (state::detail::is_one_per_actor<Policy>()) {
        store_.prune_to_latest(slot, writer);
      } else if constexpr (requires { Policy::prune_to(state::detail::no_records{}); }) {
        const record_view best = Policy::prune_to(store_.records(slot)).winner;
        const actor who = best.who;
        const std::uint64_t n = best.n;
        (void)store_.prune(slot, [&](const record_view& r) { return r.who == who && r.n == n; });
      }
    });
  }

  store_type store_{};
};

template <typename Policy, std::size_t A>
class counter_value : public value<Policy, A, A> {
 public:
  [[nodiscard]] constexpr status inc(const actor& who, std::uint64_t amount) {
    return change(who, [amount](counter_row& row) { return Policy::inc(row, amount); });
  }
  [[nodiscard]] constexpr auto read() const noexcept { return Policy::read(this->records()); }

 protected:
  template <typename Change>
  [[nodiscard]] constexpr status change(const actor& who, Change&& f) {
    counter_row row{this->store().next(who), 0, 0};
    this->records().for_each([&](const record_view& r) { row = r.who == who ? Policy::decode(r.payload).value_or(row) : row; });
    if (const status s = f(row); !s) {
      return s;
    }
    std::array<std::byte, 30> payload{};
    byte_writer out{payload};
    if (const status s = Policy::encode(out, row); !s) {
      return s;
    }
    const std::span<const std::byte> bytes = out.written();
    return this->operate(
        who, [&](const record_view& r) { return r.who == who; }, &bytes, stamp{});
  }
};

}  // namespace detail

/// One value; the greatest (stamp, actor, value bytes) ever written stays, also against a later write with a smaller stamp.
template <state::detail::storable T, std::size_t A = 16>
class lww_register : public detail::value<lww<T>, A, 4> {
 public:
  [[nodiscard]] constexpr status write(const actor& who, const T& v, stamp at) {
    return this->write_value(who, v, at, [](const record_view&) { return false; });
  }
  /// `absent` when nothing is written.
  [[nodiscard]] constexpr result<T> read() const { return lww<T>::read(this->records()); }
};

/// Concurrent values side by side, until somebody who saw them writes.
template <state::detail::storable T, std::size_t A = 16>
class mv_register : public detail::value<state::keep_both<T>, A, A> {
 public:
  [[nodiscard]] constexpr status write(const actor& who, const T& v, stamp at = {}) {
    return this->write_value(who, v, at, [](const record_view&) { return true; });
  }
  [[nodiscard]] constexpr status clear(const actor& who) {
    return this->operate(
        who, [](const record_view&) { return true; }, nullptr, stamp{});
  }
  /// The value that `lww` would answer; `absent` when nothing is written.
  [[nodiscard]] constexpr result<T> pick() const { return state::keep_both<T>::pick(this->records()); }
  /// The distinct values, in ascending order of their bytes. A view: valid until the register changes.
  [[nodiscard]] constexpr auto siblings() const noexcept {
    using list = decltype(this->records());
    return sibling_view<T, list>{this->records()};
  }
};
template <typename T, std::size_t A = 16>
using keep_both = mv_register<T, A>;

/// Grow-only counter.
template <std::size_t A = 16>
class counter : public detail::counter_value<state::counter, A> {};

/// Counter that goes up and down.
template <std::size_t A = 16>
class pn_counter : public detail::counter_value<state::pn_counter, A> {
 public:
  [[nodiscard]] constexpr status dec(const actor& who, std::uint64_t amount) {
    return this->change(who, [amount](counter_row& row) { return state::pn_counter::dec(row, amount); });
  }
};

}  // namespace standalone

}  // namespace skerry::inline v0::state
