// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/detail/local_edit.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

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

template <std::size_t A, std::size_t Records, std::size_t PayloadBytes, std::size_t Keys, std::size_t KeyBytes>
struct value_limits {
  using time = std::uint32_t;
  using links = unordered_links;
  static constexpr std::size_t actors = A;
  static constexpr std::size_t keys = Keys;
  static constexpr std::size_t records = Records;
  static constexpr std::size_t ranges = 2 * A;
  static constexpr std::size_t members = A;
  static constexpr std::size_t links_max = 1;
  static constexpr std::size_t log_bytes = 0;
  static constexpr std::size_t payload_bytes = PayloadBytes;
  static constexpr std::size_t key_bytes = KeyBytes;
};

template <typename Policy, std::size_t A, std::size_t Records, std::size_t PayloadBytes = 32, std::size_t Keys = 1,
          std::size_t KeyBytes = 0>
class value {
 public:
  using algebra = joins;
  using limits_type = value_limits<A, Records, PayloadBytes, Keys, KeyBytes>;
  using store_type = causal_store<limits_type>;
  static_assert(replica_limits<limits_type>);

  /// Takes over all that `other` knows. Errors: `full`, and nothing has changed.
  [[nodiscard]] constexpr status join(const value& other) {
    return this == &other ? status{} : apply(typename store_type::everything{other.store_});
  }
  [[nodiscard]] constexpr const store_type& store() const noexcept { return store_; }

 protected:
  [[nodiscard]] constexpr auto records() const noexcept { return store_.records(key_ref{}); }

  /// One operation of `who`, as `mutate(edit)` describes it.
  template <typename Mutate>
  [[nodiscard]] constexpr status operate(const actor& who, stamp at, Mutate&& mutate, const key_ref& key = {}) {
    state::detail::local_edit<typename store_type::record_list, limits_type::actors, limits_type::ranges, PayloadBytes,
                              state::detail::most_records<Policy>()>
        edit{store_.records(key), who, store_.next(who), at, Policy::kind};
    if (const status s = mutate(edit); !s) {
      return s;
    }
    const status closed = edit.close(key);
    return closed ? apply(edit) : closed;
  }

 private:
  template <typename Delta>
  [[nodiscard]] constexpr status apply(const Delta& delta) {
    join_report report;
    return store_.join(delta, actor{}, report, [&]([[maybe_unused]] typename store_type::index slot, [[maybe_unused]] const actor& writer) {
      if constexpr (state::detail::has_obsolete<Policy>) {  // nothing of these is ever removed
        store_.prune(slot, writer, [](const record_view& r, const record_view& by) { return Policy::obsolete(r, by); });
      }
    });
  }

  store_type store_{};
};

template <typename Policy, std::size_t A, std::size_t Records = A>
class counter_value : public value<Policy, A, Records> {
 public:
  [[nodiscard]] constexpr status inc(const actor& who, std::uint64_t amount) {
    return this->operate(who, stamp{}, [amount](auto& edit) { return Policy::inc(edit, amount); });
  }
  [[nodiscard]] constexpr auto read() const noexcept { return Policy::read(this->records()); }
};

}  // namespace detail

/// One value; the greatest (stamp, actor, value bytes) ever written stays, also against a later write with a smaller stamp.
template <state::detail::storable T, std::size_t A = 16>
class lww_register : public detail::value<lww<T>, A, 4> {
 public:
  [[nodiscard]] constexpr status write(const actor& who, const T& v, stamp at) {
    return this->operate(who, at, [&v](auto& edit) { return edit.put([&v](byte_writer& out) { return lww<T>::encode(out, v); }); });
  }
  /// `absent` when nothing is written.
  [[nodiscard]] constexpr result<T> read() const { return lww<T>::read(this->records()); }
};

/// Concurrent values side by side, until somebody who saw them writes.
template <state::detail::storable T, std::size_t A = 16>
class mv_register : public detail::value<state::keep_both<T>, A, A> {
 public:
  [[nodiscard]] constexpr status write(const actor& who, const T& v, stamp at = {}) {
    return this->operate(who, at, [&v](auto& edit) {
      edit.supersede_all();
      return edit.put([&v](byte_writer& out) { return state::keep_both<T>::encode(out, v); });
    });
  }
  [[nodiscard]] constexpr status clear(const actor& who) {
    return this->operate(who, stamp{}, [](auto& edit) {
      edit.supersede_all();
      return status{};
    });
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
    return this->operate(who, stamp{}, [amount](auto& edit) { return state::pn_counter::dec(edit, amount); });
  }
};

/// Counter that can be set back: a reset takes away what its writer had seen. At most 32 actors; a row and a base for each, and room for
/// the bases of a join before the older ones go.
template <std::size_t A = 16>
class reset_counter : public detail::value<state::reset_counter, A, 4 * A, 64> {
  static_assert(A <= state::reset_counter::most_records, "reset_counter: one reset takes back the rows of at most 32 actors");

 public:
  [[nodiscard]] constexpr status inc(const actor& who, std::uint64_t amount) {
    return this->operate(who, stamp{}, [amount](auto& edit) { return state::reset_counter::inc(edit, amount); });
  }
  [[nodiscard]] constexpr status dec(const actor& who, std::uint64_t amount) {
    return this->operate(who, stamp{}, [amount](auto& edit) { return state::reset_counter::dec(edit, amount); });
  }
  [[nodiscard]] constexpr status reset(const actor& who) {
    return this->operate(who, stamp{}, [](auto& edit) { return state::reset_counter::reset(edit); });
  }
  [[nodiscard]] constexpr result<std::int64_t> read() const noexcept { return state::reset_counter::read(this->records()); }
};

/// Counter that never falls below zero. Room for as many transfers between two actors as there are actors.
template <std::size_t A = 16>
class bounded_counter : public detail::value<state::bounded_counter, A, 3 * A> {
 public:
  [[nodiscard]] constexpr status inc(const actor& who, std::uint64_t amount) {
    return this->operate(who, stamp{}, [amount](auto& edit) { return state::bounded_counter::inc(edit, amount); });
  }
  [[nodiscard]] constexpr status dec(const actor& who, std::uint64_t amount) {
    return this->operate(who, stamp{}, [amount](auto& edit) { return state::bounded_counter::dec(edit, amount); });
  }
  [[nodiscard]] constexpr status transfer(const actor& who, const actor& to, std::uint64_t amount) {
    return this->operate(who, stamp{}, [&](auto& edit) { return state::bounded_counter::transfer(edit, to, amount); });
  }
  [[nodiscard]] constexpr result<std::uint64_t> read() const noexcept { return state::bounded_counter::read(this->records()); }
  [[nodiscard]] constexpr std::uint64_t rights(const actor& who) const noexcept {
    return state::bounded_counter::rights(this->records(), who);
  }
};

/// What the flags share.
template <typename Policy, std::size_t A>
class flag : public detail::value<Policy, A, A> {
 public:
  [[nodiscard]] constexpr status enable(const actor& who) {
    return this->operate(who, stamp{}, [](auto& edit) { return Policy::enable(edit); });
  }
  [[nodiscard]] constexpr status disable(const actor& who) {
    return this->operate(who, stamp{}, [](auto& edit) { return Policy::disable(edit); });
  }
  [[nodiscard]] constexpr bool read() const noexcept { return Policy::read(this->records()).value(); }
};
template <std::size_t A = 16>
using ew_flag = flag<state::ew_flag, A>;
template <bool InitiallyOn = false, std::size_t A = 16>
using dw_flag = flag<state::dw_flag<InitiallyOn>, A>;

/// A value that several contributors make together: `fold<state::mean_of<double>>`.
template <typename Policy, std::size_t A = 16, std::size_t Rows = 2 * A>
class fold : public detail::value<Policy, A, Rows, 64> {
 public:
  using row_type = typename Policy::row_type;
  [[nodiscard]] constexpr status contribute(const actor& who, contributor whose, const row_type& v, double weight = 1) {
    return this->operate(who, stamp{}, [&](auto& edit) { return Policy::contribute(edit, whose, v, weight); });
  }
  [[nodiscard]] constexpr status withdraw(const actor& who, contributor whose) {
    return this->operate(who, stamp{}, [&](auto& edit) { return Policy::withdraw(edit, whose); });
  }
  /// As its contributor numbered it; `stale` when something later is here.
  [[nodiscard]] constexpr status state_row(const actor& who, const contribution<row_type>& row) {
    return this->operate(who, stamp{}, [&](auto& edit) { return Policy::state_row(edit, row); });
  }
  [[nodiscard]] constexpr auto read() const { return Policy::read(this->records()); }
};
template <typename T, std::size_t A = 16>
using mean_of = fold<state::mean_of<T>, A>;

/// A value of one writer elsewhere, relayed by whoever hears it.
template <state::detail::storable T, std::size_t A = 16>
class by_writer : public detail::value<state::by_writer<T>, A, A, 48> {
 public:
  [[nodiscard]] constexpr status relay(const actor& who, const writer_mark& mark, const T& v) {
    return this->operate(who, stamp{}, [&](auto& edit) { return state::by_writer<T>::relay(edit, mark, v); });
  }
  /// `absent` when there is none.
  [[nodiscard]] constexpr result<T> read() const { return state::by_writer<T>::read(this->records()); }
};

/// What the sets share. N elements, removed ones that keep a mark among them; an element takes at most `ElementBytes` encoded.
template <typename Policy, std::size_t A, std::size_t ElementBytes>
class set : public detail::value<Policy, A, Policy::capacity + A, 1, Policy::capacity, ElementBytes> {
 public:
  using element_type = typename Policy::element_type;

  [[nodiscard]] constexpr status add(const actor& who, const element_type& element) {
    return operate_on(who, element, [](auto& edit) { return Policy::add(edit); });
  }
  [[nodiscard]] constexpr status remove(const actor& who, const element_type& element) {
    return operate_on(who, element, [](auto& edit) { return Policy::remove(edit); });
  }
  /// Removes every element that is here.
  [[nodiscard]] constexpr status clear(const actor& who) requires(Policy::removable) {
    return this->operate(who, stamp{}, [this](auto& edit) {
      this->store().for_each_key(
          [&](auto slot) { this->store().records(slot).for_each([&](const record_view& r) { edit.supersede(r); }); });
      return status{};
    });
  }
  [[nodiscard]] constexpr bool contains(const element_type& element) const {
    key_buffer buffer{};
    const result<key_ref> key = key_of(element, buffer);
    return key && Policy::read(this->store().records(key.value())).value();
  }
  /// The elements in ascending order.
  [[nodiscard]] constexpr inplace_vector<element_type, Policy::capacity> elements() const {
    inplace_vector<element_type, Policy::capacity> all;
    this->store().for_each_key([&](auto slot) {
      if (!Policy::read(this->store().records(slot)).value()) {
        return;
      }
      std::array<std::byte, ElementBytes> bytes{};
      const std::span<const char> text = this->store().key(slot).args;
      for (std::size_t i = 0; i < text.size(); ++i) {
        bytes[i] = static_cast<std::byte>(text[i]);
      }
      const result<element_type> e = state::detail::read_value<element_type>(std::span<const std::byte>{bytes}.first(text.size()));
      if (!e || !all.try_push_back(e.value())) {
        return;
      }
      for (std::size_t i = all.size() - 1; i > 0 && all[i] < all[i - 1]; --i) {
        const element_type held = all[i];
        all[i] = all[i - 1];
        all[i - 1] = held;
      }
    });
    return all;
  }

 private:
  using key_buffer = std::array<char, ElementBytes>;

  template <typename Mutate>
  [[nodiscard]] constexpr status operate_on(const actor& who, const element_type& element, Mutate&& mutate) {
    key_buffer buffer{};
    const result<key_ref> key = key_of(element, buffer);
    return key ? this->operate(who, stamp{}, mutate, key.value()) : status{key.error()};
  }
  [[nodiscard]] static constexpr result<key_ref> key_of(const element_type& element, key_buffer& buffer) {
    std::array<std::byte, ElementBytes> bytes{};
    byte_writer out{bytes};
    if (const status s = state::detail::encode_value(out, element); !s) {
      return s.error();
    }
    const std::size_t size = out.written().size();
    for (std::size_t i = 0; i < size; ++i) {
      buffer[i] = static_cast<char>(bytes[i]);
    }
    return key_ref{0, std::span<const char>{buffer}.first(size)};
  }
};
template <state::detail::storable T, std::size_t N = 64, std::size_t A = 16, std::size_t ElementBytes = 16>
using aw_set = set<state::aw_set<T, N>, A, ElementBytes>;
template <state::detail::storable T, std::size_t N = 64, std::size_t A = 16, std::size_t ElementBytes = 16>
using rw_set = set<state::rw_set<T, N>, A, ElementBytes>;

}  // namespace standalone

}  // namespace skerry::inline v0::state
