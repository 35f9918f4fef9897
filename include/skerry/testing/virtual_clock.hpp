// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// Time that passes only when a test says so, with events that happen when it does.
///
/// Cost    O(log events) per event; uses the heap
///
/// Events at the same instant happen in the order in which they were scheduled. An event may schedule others. Instants may wrap: events
/// are ordered by their distance from now, so none may lie further ahead than half the range of a wrapping counter.
template <instant Time>
class virtual_clock {
 public:
  using event = std::function<void()>;

  explicit virtual_clock(Time start = Time{}) : now_{start} {}

  [[nodiscard]] Time now() const noexcept { return now_; }

  /// `what` happens at `when`; at once on the next step, if that has passed.
  void at(Time when, event what) {
    const duration_t<Time> ahead = elapsed(when, now_);
    const std::int64_t count = count_of<Time>(ahead);
    events_.push_back(entry{passed_ + (count > 0 ? count : 0), order_++, std::move(what)});
    std::push_heap(events_.begin(), events_.end(), later);
  }
  void after(duration_t<Time> wait, event what) { at(skerry::advance(now_, wait), std::move(what)); }

  /// When the next event happens.
  [[nodiscard]] deadline<Time> next_event() const {
    if (events_.empty()) {
      return deadline<Time>::none;
    }
    return skerry::advance(now_, duration_from_count<Time>(events_.front().at - passed_));
  }
  [[nodiscard]] std::size_t pending() const noexcept { return events_.size(); }

  /// Goes to the next event and lets it happen; false if there is none.
  bool step() {
    if (events_.empty()) {
      return false;
    }
    std::pop_heap(events_.begin(), events_.end(), later);
    entry next = std::move(events_.back());
    events_.pop_back();
    move_to(next.at);
    next.what();
    return true;
  }
  /// Lets everything happen that is due until `when`, and arrives there.
  void run_until(Time when) {
    const std::int64_t end = passed_ + count_of<Time>(elapsed(when, now_));
    while (!events_.empty() && events_.front().at <= end) {
      step();
    }
    move_to(end);
  }
  void run_for(duration_t<Time> wait) { run_until(skerry::advance(now_, wait)); }

  /// Sets what the clock shows, forward or back; events keep their distance. For tests of clocks that misbehave.
  void set(Time shown) noexcept { now_ = shown; }

 private:
  struct entry {
    std::int64_t at;  // in units since the beginning, which never wrap
    std::uint64_t order;
    event what;
  };
  [[nodiscard]] static bool later(const entry& a, const entry& b) noexcept { return a.at != b.at ? a.at > b.at : a.order > b.order; }

  void move_to(std::int64_t passed) noexcept {
    if (passed > passed_) {
      now_ = skerry::advance(now_, duration_from_count<Time>(passed - passed_));
      passed_ = passed;
    }
  }

  Time now_;
  std::int64_t passed_ = 0;
  std::uint64_t order_ = 0;
  std::vector<entry> events_;
};

}  // namespace skerry::inline v0::testing
