// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/result.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/hlc.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::state {

/// A key: a path of the schema by its position there, and what stands for its placeholders, joined by '/'.
struct key_ref {
  std::uint16_t path = 0;
  std::span<const char> args{};
};

/// A live record as policies and readers see it.
struct record_view {
  actor who{};
  std::uint64_t n = 0;
  stamp at{};
  std::uint8_t kind = 0;
  std::span<const std::byte> payload{};
};

/// What a local operation changed, as one frame that any other replica of the schema accepts, in any order and any number of times.
/// A view: valid until the replica's next call.
class delta_view {
 public:
  constexpr explicit delta_view(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}
  [[nodiscard]] constexpr std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// A run of one actor's events that a delta covers.
struct covered_run {
  std::uint64_t first;
  std::uint64_t last;
  actor_ref who;  ///< position among the delta's actors
};

/// What a delta covers, wherever that lies: A actors at most.
template <std::size_t A>
class cover_view {
 public:
  static constexpr std::size_t actor_capacity = A;
  using run = covered_run;

  template <typename Context>
  constexpr explicit cover_view(const Context& context) noexcept : actors_{context.actors()}, runs_{context.runs()} {}

  constexpr cover_view(std::span<const actor> actors, std::span<const run> runs) noexcept : actors_{actors}, runs_{runs} {}

  [[nodiscard]] constexpr std::span<const actor> actors() const noexcept { return actors_; }
  [[nodiscard]] constexpr std::span<const run> runs() const noexcept { return runs_; }

  /// The number of an event among all that are covered: what stands for its name in a frame. It must be covered.
  ///
  /// who    position of its actor
  [[nodiscard]] constexpr std::uint64_t offset(actor_ref who, std::uint64_t n) const noexcept {
    std::uint64_t before = 0;
    for (const run& r : runs_) {
      if (n <= r.last && r.who == who) {
        return before + (n - r.first);
      }
      before += r.last - r.first + 1;
    }
    return before;
  }

 private:
  std::span<const actor> actors_;
  std::span<const run> runs_;
};

/// The events that a delta covers, actors in their own order: runs per actor, ascending, none touching the next.
///
/// A join kills what the delta covers and does not hold. Cost: 16 A + 24 (A + R) bytes, on the stack of a join.
template <std::size_t A, std::size_t R>
class delta_context {
 public:
  static constexpr std::size_t actor_capacity = A;
  static constexpr std::size_t run_capacity = A + R;
  using run = covered_run;

  constexpr delta_context() noexcept {}  // NOLINT(modernize-use-equals-default): the runs begin as they lie

  [[nodiscard]] constexpr std::span<const actor> actors() const noexcept { return std::span{actors_}.first(actor_count_); }
  [[nodiscard]] constexpr std::span<const run> runs() const noexcept { return std::span{runs_}.first(run_count_); }

  /// Adds a run that comes after all others in the order of (actor, first) and touches none; `corrupt` when it does not.
  [[nodiscard]] constexpr status append(const actor& who, std::uint64_t first, std::uint64_t last) noexcept {
    if (first == 0 || last < first) {
      return errc::corrupt;
    }
    const bool same = actor_count_ > 0 && actors_[actor_count_ - 1] == who;
    if (!same && actor_count_ > 0 && !(actors_[actor_count_ - 1] < who)) {
      return errc::corrupt;
    }
    if (same && first - 1 <= runs_[run_count_ - 1].last) {
      return errc::corrupt;
    }
    if (run_count_ == run_capacity || (!same && actor_count_ == A)) {
      return errc::full;
    }
    if (!same) {
      actors_[actor_count_++] = who;
    }
    runs_[run_count_++] = {first, last, static_cast<actor_ref>(actor_count_ - 1)};
    return {};
  }

  /// Adds one event, wherever it belongs. Events count from 1; differences are taken downwards, since the last number of all has no
  /// successor.
  [[nodiscard]] constexpr status insert(const actor& who, std::uint64_t n) noexcept {
    std::size_t at = 0;
    while (at < run_count_ && (actors_[runs_[at].who] < who || (actors_[runs_[at].who] == who && runs_[at].last < n - 1))) {
      ++at;
    }
    const auto mine = [this, &who](std::size_t i) { return i < run_count_ && actors_[runs_[i].who] == who; };
    if (mine(at) && n >= runs_[at].first - 1) {  // within, or touching
      runs_[at].first = n < runs_[at].first ? n : runs_[at].first;
      runs_[at].last = n > runs_[at].last ? n : runs_[at].last;
      if (mine(at + 1) && runs_[at + 1].first - 1 == runs_[at].last) {
        runs_[at].last = runs_[at + 1].last;
        for (std::size_t i = at + 2; i < run_count_; ++i) {
          runs_[i - 1] = runs_[i];
        }
        --run_count_;
      }
      return {};
    }
    const bool known = mine(at) || (at > 0 && mine(at - 1));
    if (run_count_ == run_capacity || (!known && actor_count_ == A)) {
      return errc::full;
    }
    auto place =
        static_cast<actor_ref>(known ? (mine(at) ? runs_[at].who : runs_[at - 1].who) : (at < run_count_ ? runs_[at].who : actor_count_));
    for (std::size_t i = run_count_; i > at; --i) {
      runs_[i] = runs_[i - 1];
    }
    ++run_count_;
    if (!known) {
      for (std::size_t i = actor_count_; i > place; --i) {
        actors_[i] = actors_[i - 1];
      }
      actors_[place] = who;
      ++actor_count_;
      for (std::size_t i = at + 1; i < run_count_; ++i) {
        ++runs_[i].who;
      }
    }
    runs_[at] = {n, n, place};
    return {};
  }

  /// Adds a run of an actor of whom nothing is covered yet.
  [[nodiscard]] constexpr status insert_run(const actor& who, std::uint64_t first, std::uint64_t last) noexcept {
    const status s = insert(who, last);
    for (std::size_t i = 0; s && i < run_count_; ++i) {
      runs_[i].first = actors_[runs_[i].who] == who ? first : runs_[i].first;
    }
    return s;
  }

  /// See `cover_view`.
  [[nodiscard]] constexpr std::uint64_t offset(actor_ref who, std::uint64_t n) const noexcept {
    return cover_view<A>{*this}.offset(who, n);
  }

 private:
  array_of<actor, A> actors_;
  array_of<run, run_capacity> runs_;  ///< only the first `run_count_` are anything: a small delta costs what it holds
  std::uint16_t actor_count_ = 0;
  std::uint16_t run_count_ = 0;
};

/// What a record looks like on its way into a store.
struct incoming {
  key_ref key{};
  actor_ref who = 0;  ///< position among the delta's actors
  std::uint64_t n = 0;
  stamp at{};
  std::uint8_t kind = 0;
  std::span<const std::byte> payload{};
  std::size_t of_key = 1;  ///< how many records of this key the delta holds; they come one after another
  static constexpr std::uint32_t nowhere = 0xffffffff;
  std::uint32_t held = nowhere;  ///< where the store has this very record, as far as somebody has looked
};

/// A delta whose records lie in memory. Operations of all policies and frames of a few records are joined as this one type, so that a
/// small machine needs the join only once for all of them.
template <std::size_t A>
class flat_delta {
 public:
  template <typename Context>
  constexpr flat_delta(const Context& covers, std::span<const incoming> records) noexcept : covers_{covers}, records_{records} {}

  [[nodiscard]] constexpr const cover_view<A>& context() const noexcept { return covers_; }
  [[nodiscard]] constexpr std::span<const incoming> records() const noexcept { return records_; }
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (const incoming& in : records_) {
      f(in);
    }
  }

 private:
  cover_view<A> covers_;
  std::span<const incoming> records_;
};

/// Any other delta, as one type. It is a view.
template <std::size_t A>
class streamed_delta {
 public:
  template <typename Delta>
  constexpr explicit streamed_delta(const Delta& delta) noexcept
      : covers_{delta.context()}, delta_{&delta}, each_{[](const void* from, const sink& to) {
          static_cast<const Delta*>(from)->for_each([&to](const incoming& in) { to.take(to.where, in); });
        }} {}

  [[nodiscard]] constexpr const cover_view<A>& context() const noexcept { return covers_; }
  template <typename F>
  void for_each(F&& f) const {
    each_(delta_, sink{&f, [](void* where, const incoming& in) { (*static_cast<std::remove_reference_t<F>*>(where))(in); }});
  }

 private:
  struct sink {
    void* where;
    void (*take)(void*, const incoming&);
  };
  cover_view<A> covers_;
  const void* delta_;
  void (*each_)(const void*, const sink&);
};

/// The delta of one local operation: what it covers, and the records that it writes, all of one actor under one key, by number.
/// The records are views of whoever describes the operation.
template <std::size_t A, std::size_t R>
struct local_delta {
  delta_context<A, R> covers{};
  key_ref key{};
  std::span<const record_view> records{};

  [[nodiscard]] constexpr const delta_context<A, R>& context() const noexcept { return covers; }
  template <typename F>
  constexpr void for_each(F&& f) const {
    if (records.empty()) {
      return;
    }
    actor_ref position = 0;
    while (!(covers.actors()[position] == records[0].who)) {
      ++position;
    }
    for (const record_view& r : records) {
      f(incoming{key, position, r.n, r.at, r.kind, r.payload, records.size()});
    }
  }
};

}  // namespace skerry::inline v0::state
