// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/state/dot.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// The set of events that a replica has seen: per actor a gapless prefix, and at most R runs beyond the prefixes.
///
/// One set has one form: prefixes are as long as they can be, runs are sorted by (actor, first) and never touch. So equal sets are
/// equal objects, whatever the order in which they were learnt.
/// Join    union: commutative, associative, idempotent
/// Cost    8 A + 18 R bytes; contains O(log R), insert O(R), join O(A + (A + R') log R + R R'); a far event costs one run; no heap
/// Errors  `full` when the runs do not fit (nothing has changed: a run is never guessed away), `invalid` for number 0 or an actor >= A
/// Source  Almeida, Shoker, Baquero, Delta State Replicated Data Types, 2018, section 7.2; runs instead of single dots are ours
template <std::size_t A, std::size_t R>
class dot_context {
  static_assert(A > 0 && A < no_actor && R < 0xffff, "actor and run numbers are 16 bit");

 public:
  using algebra = joins;
  static constexpr std::size_t actors = A;
  static constexpr std::size_t ranges = R;

  /// Adds the events `first` to `last` of an actor.
  [[nodiscard]] constexpr status insert(actor_ref who, std::uint64_t first, std::uint64_t last) noexcept {
    if (who >= A || first == 0 || last < first) {
      return errc::invalid;
    }
    if (last <= prefix_[who]) {
      return {};
    }
    const spot at = look(who, first, last);
    if (at.growth(first - 1 <= prefix_[who]) > static_cast<std::ptrdiff_t>(R - size_)) {
      return errc::full;
    }
    put(at, who, first, last);
    return {};
  }
  /// Runs that there is room for together come in any order where there is room for each of them alone, else in two passes: first those
  /// that close gaps, so that the number of runs never exceeds what it is in the end.
  enum class pass : std::uint8_t { whole, closing, rest };
  /// Calls `f(pass)` for each pass that so many runs take; `f` inserts all of them by `insert_in`.
  template <typename F>
  constexpr void in_passes(std::size_t runs, F&& f) {
    const bool two = runs > R - size_;
    f(two ? pass::closing : pass::whole);
    if (two) {
      f(pass::rest);
    }
  }
  constexpr void insert_in(pass which, actor_ref who, std::uint64_t first, std::uint64_t last) noexcept {
    if (last > prefix_[who]) {
      const spot at = look(who, first, last);
      if (which == pass::whole || (at.growth(first - 1 <= prefix_[who]) <= 0) == (which == pass::closing)) {
        put(at, who, first, last);
      }
    }
  }

  /// Adds the events of an actor up to `last`, of whom nothing is known beyond a gap.
  constexpr void extend(actor_ref who, std::uint64_t last) noexcept { prefix_[who] = last > prefix_[who] ? last : prefix_[who]; }

  /// Takes one event out.
  ///
  /// Errors  `full` when that leaves one run more than there is room for
  [[nodiscard]] constexpr status erase(const dot& d) noexcept {
    if (!contains(d)) {
      return {};
    }
    const bool on_prefix = d.n <= prefix_[d.who];
    const std::size_t at = on_prefix ? first_run(d.who) : first_reaching(d.who, d.n);
    const std::uint64_t first = on_prefix ? 1 : first_[at];
    const std::uint64_t last = on_prefix ? prefix_[d.who] : last_[at];
    if (on_prefix ? d.n < last : first < d.n && d.n < last) {
      if (size_ == R) {
        return errc::full;
      }
      move(at, at + 1);
      first_[at] = first;
      who_[at] = d.who;
      const std::size_t rest = on_prefix ? at : at + 1;
      first_[rest] = d.n + 1;
      last_[rest] = last;
    }
    if (on_prefix) {
      prefix_[d.who] = d.n - 1;
    } else if (d.n == first && d.n == last) {
      move(at + 1, at);
    } else if (d.n == first) {
      first_[at] = d.n + 1;
    } else {
      last_[at] = d.n - 1;
    }
    return {};
  }

  [[nodiscard]] constexpr bool contains(const dot& d) const noexcept {
    if (d.who >= A || d.n == 0) {
      return false;
    }
    if (d.n <= prefix_[d.who]) {
      return true;
    }
    if (size_ == 0) {
      return false;
    }
    const std::size_t at = first_reaching(d.who, d.n);
    return at < size_ && who_[at] == d.who && first_[at] <= d.n;
  }
  /// Whether every event of the run is in the set.
  [[nodiscard]] constexpr bool contains_all(const dot_range& run) const noexcept {
    if (run.who >= A || run.first == 0 || run.last < run.first) {
      return false;
    }
    if (run.last <= prefix_[run.who]) {
      return true;
    }
    const std::size_t at = first_reaching(run.who, run.last);
    return at < size_ && who_[at] == run.who && first_[at] <= run.first;
  }

  /// The events 1 to prefix(who) are known.
  [[nodiscard]] constexpr std::uint64_t prefix(actor_ref who) const noexcept { return who < A ? prefix_[who] : 0; }
  /// The greatest number known of an actor, gaps or not.
  [[nodiscard]] constexpr std::uint64_t greatest(actor_ref who) const noexcept {
    if (who >= A) {
      return 0;
    }
    const std::size_t end = first_run(static_cast<std::size_t>(who) + 1);
    return end > 0 && who_[end - 1] == who ? last_[end - 1] : prefix_[who];
  }
  /// 1 + the greatest known number, gaps or not: prefix + 1 may be a name that is already in use elsewhere.
  /// 0 when there is no greater number left.
  [[nodiscard]] constexpr std::uint64_t next(actor_ref who) const noexcept { return greatest(who) + 1; }

  [[nodiscard]] constexpr std::size_t range_count() const noexcept { return size_; }
  /// The i-th run beyond the prefixes, in order of (actor, first).
  [[nodiscard]] constexpr dot_range range(std::size_t i) const noexcept { return {first_[i], last_[i], who_[i]}; }
  /// Calls `f(dot_range)` for all runs of an actor, the prefix first.
  template <typename F>
  constexpr void for_each(actor_ref who, F&& f) const {
    if (who >= A) {
      return;
    }
    if (prefix_[who] > 0) {
      f(dot_range{1, prefix_[who], who});
    }
    for (std::size_t i = first_run(who); i < size_ && who_[i] == who; ++i) {
      f(range(i));
    }
  }
  [[nodiscard]] constexpr bool empty() const noexcept {
    for (const std::uint64_t n : prefix_) {
      if (n != 0) {
        return false;
      }
    }
    return size_ == 0;
  }

  /// Takes over all that `theirs` has seen.
  ///
  /// Errors  `full` as a whole; `invalid` when `theirs_to_mine` has no place for an actor that they know
  [[nodiscard]] constexpr status join(const dot_context& theirs, const actor_map& theirs_to_mine = same_actors) noexcept {
    if (this == &theirs) {
      return {};
    }
    std::ptrdiff_t grows = 0;
    bool placed = true;
    std::size_t runs = 0;
    theirs.for_each_run([&](const dot_range& run) {
      ++runs;
      const actor_ref mine = theirs_to_mine(run.who);
      placed = placed && mine < A;
      grows += mine < A ? growth(mine, run.first, run.last) : 0;
    });
    if (!placed) {
      return errc::invalid;
    }
    if (grows > static_cast<std::ptrdiff_t>(R - size_)) {
      return errc::full;
    }
    in_passes(runs, [&](pass which) {
      theirs.for_each_run([&](const dot_range& run) { insert_in(which, theirs_to_mine(run.who), run.first, run.last); });
    });
    return {};
  }

  /// By how many runs the set grows (or, negative, shrinks) when the run is inserted.
  ///
  /// The sum over several runs is exact for all of them together, provided that they do not touch each other: that is what makes a
  /// counting pass before a join possible.
  [[nodiscard]] constexpr std::ptrdiff_t growth(actor_ref who, std::uint64_t first, std::uint64_t last) const noexcept {
    return look(who, first, last).growth(first - 1 <= prefix_[who]);
  }

  /// How many events of a run are not in the set.
  [[nodiscard]] constexpr std::uint64_t fresh(actor_ref who, std::uint64_t first, std::uint64_t last) const noexcept {
    if (last <= prefix_[who]) {
      return 0;
    }
    first = first > prefix_[who] ? first : prefix_[who] + 1;
    if (size_ == 0) {
      return last - first + 1;
    }
    std::uint64_t known = 0;
    for (std::size_t at = first_reaching(who, first); at < size_ && who_[at] == who && first_[at] <= last; ++at) {
      known += (last_[at] < last ? last_[at] : last) - (first_[at] > first ? first_[at] : first) + 1;
    }
    return last - first + 1 - known;
  }

  /// Calls `f(dot_range)` for what `theirs` has seen and this one has not, in this one's actor numbers, ascending per actor.
  template <typename F>
  constexpr void missing(const dot_context& theirs, F&& f, const actor_map& theirs_to_mine = same_actors) const {
    theirs.for_each_run([&](const dot_range& run) {
      const actor_ref mine = theirs_to_mine(run.who);
      if (mine >= A) {
        f(dot_range{run.first, run.last, mine});
        return;
      }
      std::uint64_t from = run.first;
      if (prefix_[mine] >= from) {
        if (prefix_[mine] >= run.last) {
          return;
        }
        from = prefix_[mine] + 1;
      }
      for (std::size_t at = first_reaching(mine, from); at < size_ && who_[at] == mine && first_[at] <= run.last; ++at) {
        if (first_[at] > from) {
          f(dot_range{from, first_[at] - 1, mine});
        }
        if (last_[at] >= run.last) {
          return;
        }
        from = last_[at] + 1;
      }
      f(dot_range{from, run.last, mine});
    });
  }

  [[nodiscard]] constexpr bool includes(const dot_context& theirs, const actor_map& theirs_to_mine = same_actors) const noexcept {
    bool all = true;
    missing(
        theirs, [&all](const dot_range&) { all = false; }, theirs_to_mine);
    return all;
  }

  /// Equal sets, seen through equal actor numbers.
  friend constexpr bool operator==(const dot_context&, const dot_context&) noexcept = default;

 private:
  template <typename F>
  constexpr void for_each_run(F&& f) const {
    for (std::size_t who = 0; who < A; ++who) {
      if (prefix_[who] > 0) {
        f(dot_range{1, prefix_[who], static_cast<actor_ref>(who)});
      }
    }
    for (std::size_t i = 0; i < size_; ++i) {
      f(range(i));
    }
  }

  /// Position of the first run of `who` or of a later actor.
  [[nodiscard]] constexpr std::size_t first_run(std::size_t who) const noexcept { return first_reaching(static_cast<actor_ref>(who), 0); }
  /// Position of the first run of `who` that ends at `n` or later, or of the first run of a later actor.
  [[nodiscard]] constexpr std::size_t first_reaching(actor_ref who, std::uint64_t n) const noexcept {
    std::size_t low = 0;
    for (std::size_t left = size_; left > 0;) {  // without branches: nobody could guess them
      const std::size_t half = left / 2;
      const actor_ref whose = who_[low + half];
      const bool below = (whose < who) | ((whose == who) & (last_[low + half] < n));
      low += below ? half + 1 : 0;
      left = below ? left - half - 1 : half;
    }
    return low;
  }

  /// The runs that another one touches: what becomes one with it.
  struct spot {
    std::size_t from;
    std::size_t to;
    [[nodiscard]] constexpr std::ptrdiff_t growth(bool on_prefix) const noexcept {
      return (on_prefix ? 0 : 1) - static_cast<std::ptrdiff_t>(to - from);
    }
  };
  [[nodiscard]] constexpr spot look(actor_ref who, std::uint64_t first, std::uint64_t last) const noexcept {
    spot at{0, 0};
    if (size_ > 0 && last > prefix_[who]) {
      at.from = at.to = first_reaching(who, first - 1);
      while (at.to < size_ && who_[at.to] == who && first_[at.to] - 1 <= last) {
        ++at.to;
      }
    }
    return at;
  }
  constexpr void put(const spot& at, actor_ref who, std::uint64_t first, std::uint64_t last) noexcept {
    const auto [from, to] = at;
    if (from < to) {
      first = first_[from] < first ? first_[from] : first;
      last = last_[to - 1] > last ? last_[to - 1] : last;
    }
    if (first - 1 <= prefix_[who]) {
      prefix_[who] = last;
      move(to, from);
      return;
    }
    move(to, from + 1);
    first_[from] = first;
    last_[from] = last;
    who_[from] = who;
  }
  /// Moves the runs from `source` on to `target`, and clears what they leave: equal sets are equal bytes.
  constexpr void move(std::size_t source, std::size_t target) noexcept {
    if (target < source) {
      for (std::size_t i = source; i < size_; ++i) {
        copy(i, i - (source - target));
      }
      for (std::size_t i = size_ - (source - target); i < size_; ++i) {
        first_[i] = last_[i] = 0;
        who_[i] = 0;
      }
      size_ = static_cast<std::uint16_t>(size_ - (source - target));
    } else if (target > source) {  // by one
      for (std::size_t i = size_; i > source; --i) {
        copy(i - 1, i);
      }
      ++size_;
    }
  }
  constexpr void copy(std::size_t source, std::size_t target) noexcept {
    first_[target] = first_[source];
    last_[target] = last_[source];
    who_[target] = who_[source];
  }

  std::array<std::uint64_t, A> prefix_{};
  std::array<std::uint64_t, R == 0 ? 1 : R> first_{};
  std::array<std::uint64_t, R == 0 ? 1 : R> last_{};
  std::array<actor_ref, R == 0 ? 1 : R> who_{};
  std::uint16_t size_ = 0;
};

}  // namespace skerry::inline v0::state
