// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>
#include <skerry/delivery/detail/shared_config.hpp>
#include <skerry/delivery/detail/steady.hpp>
#include <skerry/delivery/outcome.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace skerry::inline v0::delivery {

enum class breaker_state : std::uint8_t { closed, open, half_open };

/// Over what a breaker judges: the last results, or the results of the last whole seconds.
enum class breaker_window : std::uint8_t { count, seconds };

template <instant Time>
struct breaker_config {
  std::uint8_t failure_percent = 50;
  std::uint8_t slow_percent = 100;
  duration_t<Time> slow_after = duration_from_count<Time>(std::numeric_limits<std::int64_t>::max());  ///< longer, strictly, is slow
  std::uint16_t min_calls = 5;                   ///< no judgement before so many results (at most the window's)
  std::uint16_t calls = 0;                       ///< count form: results kept; 0: as many as the type can
  duration_t<Time> window = from_ms<Time>(0);    ///< time form: whole seconds kept; 0: as many as the type can
  duration_t<Time> wait = from_ms<Time>(5'000);  ///< open for so long, then trials
  std::uint16_t wait_mult = 2;                   ///< each further opening without a close waits so many times longer
  duration_t<Time> wait_cap = from_ms<Time>(300'000);
  std::uint16_t permitted = 1;                     ///< trials under way while half-open, and the number judged
  duration_t<Time> lease = from_ms<Time>(30'000);  ///< a trial without an answer for so long has failed; 0: no lease
  duration_t<Time> max_half_open{};                ///< half-open as a whole ends after it; 0: by verdict only
  breaker_state half_open_timeout_to = breaker_state::open;
};

/// Leave to make one call. Worth something only for the state of the breaker that gave it.
struct permit {
  std::uint16_t generation = 0;
};

namespace detail {

/// The last N results, one bit each. Of two-byte parts, so that nothing is lost between the members of a breaker. While results are
/// tallied nobody needs the bits: where the newest trial began stands there then.
template <instant Time, std::uint16_t N>
class result_bits {
  static_assert(N <= 32767, "circuit_breaker: a window of at most 32767 results");

 public:
  void push(bool failed, bool slow, std::uint16_t size) noexcept {
    const std::uint32_t place = at_ >= size ? at_ - std::uint32_t{size} : at_;
    // The bit of a place that was never used is clear: nothing leaves then.
    failures_ = static_cast<std::uint16_t>(failures_ + (failed ? 1U : 0U) - exchange(0, place, failed));
    slows_ = static_cast<std::uint16_t>(slows_ + (slow ? 1U : 0U) - exchange(words, place, slow));
    at_ = at_ + 1U == 2U * size ? size : static_cast<std::uint16_t>(at_ + 1);
  }
  constexpr void tally(bool failed, bool slow) noexcept {
    ++at_;
    failures_ = static_cast<std::uint16_t>(failures_ + (failed ? 1 : 0));
    slows_ = static_cast<std::uint16_t>(slows_ + (slow ? 1 : 0));
  }
  /// `most`: the size of the window, or, where results are tallied, what they never reach.
  [[nodiscard]] constexpr std::uint32_t calls(std::uint16_t most) const noexcept { return at_ < most ? at_ : most; }
  [[nodiscard]] constexpr std::uint32_t failures() const noexcept { return failures_; }
  [[nodiscard]] constexpr std::uint32_t slows() const noexcept { return slows_; }

  /// While results are tallied, not pushed.
  void trial_began(Time at) noexcept {
    if constexpr (shares) {
      __builtin_memcpy(bits_.data(), &at, sizeof at);
    } else {
      trial_ = at;
    }
  }
  [[nodiscard]] Time trial() const noexcept {
    if constexpr (shares) {
      Time at{};
      __builtin_memcpy(&at, bits_.data(), sizeof at);
      return at;
    } else {
      return trial_;
    }
  }

 private:
  static constexpr std::size_t words = (std::size_t{N} + 15) / 16;  // of bits for failures; as many follow for slow results
  static constexpr bool shares = std::is_trivially_copyable_v<Time> && sizeof(Time) <= 4 * words;
  struct nothing {};

  /// Writes one bit, and answers what it was.
  std::uint32_t exchange(std::size_t from, std::uint32_t place, bool to) noexcept {
    if constexpr (words == 2) {  // the usual window: one word of the machine
      std::uint32_t all = 0;
      __builtin_memcpy(&all, bits_.data() + from,
                       sizeof all);  // not bit_cast: GCC writes its halves one by one then, and the next read has to wait
      const std::uint32_t was = all >> place & 1U;
      all = (all & ~(1U << place)) | (std::uint32_t{to} << place);
      __builtin_memcpy(bits_.data() + from, &all, sizeof all);
      return was;
    } else {
      std::uint16_t& word = bits_[from + (words == 1 ? 0 : place / 16)];
      const std::uint32_t bit = place % 16;
      const std::uint32_t was = std::uint32_t{word} >> bit & 1U;
      word = static_cast<std::uint16_t>((word & ~(1U << bit)) | (std::uint32_t{to} << bit));
      return was;
    }
  }

  [[no_unique_address]] std::conditional_t<shares, nothing, Time> trial_{};
  std::array<std::uint16_t, 2 * words> bits_{};
  std::uint16_t at_ = 0;  // results until there are as many as the window takes; then its size and the place of the oldest
  std::uint16_t failures_ = 0, slows_ = 0;
};

/// The results of the last N seconds, one bucket each; a bucket is full at 65535.
template <instant Time, std::uint16_t N>
class result_seconds {
 public:
  constexpr void slide(Time now, std::uint16_t size) noexcept {
    const std::int64_t second = count_of<Time>(from_ms<Time>(1000));
    if (!started_) {
      // Whole seconds are those of the clock itself, so that two breakers that see the same clock agree.
      const std::int64_t phase = (count_of<Time>(elapsed(now, Time{})) % second + second) % second;
      begin_ = advance(now, duration_from_count<Time>(-phase));
      started_ = true;
      return;
    }
    const std::int64_t age = count_of<Time>(elapsed(now, begin_));
    std::int64_t passed = age < 0 ? 0 : age / second;  // a clock that stepped back: time holds still
    if (age < -second) {
      begin_ = advance(now, duration_from_count<Time>(0));
    }
    begin_ = advance(begin_, duration_from_count<Time>(passed * second));
    for (passed = passed < size ? passed : size; passed > 0; --passed) {
      head_ = head_ + 1 == size ? std::uint16_t{0} : static_cast<std::uint16_t>(head_ + 1);
      bucket& old = buckets_[head_];
      calls_ -= old.calls;
      failures_ -= old.failures;
      slows_ -= old.slows;
      old = bucket{};
    }
  }
  constexpr void push(bool failed, bool slow) noexcept {
    bucket& now = buckets_[head_];
    if (now.calls == std::numeric_limits<std::uint16_t>::max()) {
      return;
    }
    ++now.calls;
    now.failures = static_cast<std::uint16_t>(now.failures + (failed ? 1 : 0));
    now.slows = static_cast<std::uint16_t>(now.slows + (slow ? 1 : 0));
    tally(failed, slow);
  }
  constexpr void tally(bool failed, bool slow) noexcept {
    ++calls_;
    failures_ += failed ? 1U : 0U;
    slows_ += slow ? 1U : 0U;
  }
  [[nodiscard]] constexpr std::uint32_t calls(std::uint16_t) const noexcept { return calls_; }
  [[nodiscard]] constexpr std::uint32_t failures() const noexcept { return failures_; }
  [[nodiscard]] constexpr std::uint32_t slows() const noexcept { return slows_; }
  constexpr void trial_began(Time at) noexcept { begin_ = at; }  // while results are tallied no second has begun
  [[nodiscard]] constexpr Time trial() const noexcept { return begin_; }

 private:
  struct bucket {
    std::uint16_t calls = 0, failures = 0, slows = 0;
  };
  array_of<bucket, N> buckets_{};
  Time begin_{};
  std::uint32_t calls_ = 0, failures_ = 0, slows_ = 0;
  std::uint16_t head_ = 0;
  bool started_ = false;
};

/// What of a breaker changes, and how: everything but where its config is.
template <instant Time, std::uint16_t Window, breaker_window Kind>
class breaker_core {
  using config = breaker_config<Time>;
  using results_type = std::conditional_t<Kind == breaker_window::count, result_bits<Time, Window>, result_seconds<Time, Window>>;

 public:
  constexpr void check(const config& c) const noexcept {
    SKERRY_ASSERT(c.failure_percent > 0 && c.slow_percent > 0 && c.permitted > 0 && c.wait_mult > 0);
    SKERRY_ASSERT(c.calls <= Window);
    // Buckets of a second need a clock that counts them.
    SKERRY_ASSERT(Kind == breaker_window::count || (seconds(c) <= Window && duration_t<Time>{} < from_ms<Time>(1000)));
  }

  [[nodiscard]] result<permit> acquire(const config& c, Time now) noexcept {
    settle(c, now);
    if (state_ == breaker_state::open) {
      if (elapsed(now, since_) < current_wait(c)) {
        return errc::refused;
      }
      change(breaker_state::half_open, now);
    }
    if (state_ == breaker_state::half_open) {
      if (out_ + results_.calls(most) >= c.permitted) {
        return errc::refused;
      }
      ++out_;
      results_.trial_began(now);
    }
    return permit{generation_};
  }

  void record(const config& c, permit of, outcome what, duration_t<Time> took, Time now) noexcept {
    settle(c, now);
    if (of.generation != generation_ || state_ == breaker_state::open) {
      return;
    }
    if (what == outcome::cancelled) {
      release(c, of, now);
      return;
    }
    const bool failed = what == outcome::transient || what == outcome::throttled || what == outcome::unknown;
    const bool slow = c.slow_after < took;
    if (state_ == breaker_state::half_open) {
      record_trial(c, failed, slow, now);
      return;
    }
    if constexpr (Kind == breaker_window::count) {
      results_.push(failed, slow, size(c));
    } else {
      results_.slide(now, seconds(c));
      results_.push(failed, slow);
    }
    const std::uint32_t needed = Kind == breaker_window::count && size(c) < c.min_calls ? size(c) : c.min_calls;
    if (results_.calls(size(c)) >= needed && bad(c, size(c))) {
      change(breaker_state::open, now);
    }
  }

  void release(const config& c, permit of, Time now) noexcept {
    settle(c, now);
    if (of.generation == generation_ && state_ == breaker_state::half_open && out_ > 0) {
      --out_;
    }
  }

  void tick(const config& c, Time now) noexcept { settle(c, now); }

  [[nodiscard]] bool ready(const config& c, Time now) const noexcept {
    breaker_core then = *this;
    return static_cast<bool>(then.acquire(c, now));
  }
  [[nodiscard]] breaker_state state(const config& c, Time now) const noexcept {
    breaker_core then = *this;
    then.settle(c, now);
    return then.state_;
  }
  [[nodiscard]] breaker_state last_state() const noexcept { return state_; }
  [[nodiscard]] deadline<Time> next_deadline(const config& c) const noexcept {
    if (state_ == breaker_state::open) {
      return advance(since_, current_wait(c));
    }
    if (state_ == breaker_state::half_open) {
      deadline<Time> at;
      if (out_ > 0 && duration_t<Time>{} < c.lease) {
        at = advance(results_.trial(), lease(c));
      }
      if (duration_t<Time>{} < c.max_half_open) {
        at = earliest<Time>(at, advance(since_, half_open_limit(c)), since_);
      }
      return at;
    }
    return deadline<Time>::none;
  }
  void expect_recovery(const config& c, Time now) noexcept {
    if (state_ == breaker_state::open && elapsed(now, since_) < current_wait(c)) {
      since_ = advance(now, duration_from_count<Time>(-count_of<Time>(current_wait(c))));
    }
  }

 private:
  static constexpr std::uint16_t most = std::numeric_limits<std::uint16_t>::max();

  [[nodiscard]] constexpr std::uint16_t size(const config& c) const noexcept { return c.calls == 0 ? Window : c.calls; }
  [[nodiscard]] constexpr std::uint16_t seconds(const config& c) const noexcept {
    const std::int64_t second = count_of<Time>(from_ms<Time>(1000));
    const std::int64_t n = second > 0 ? count_of<Time>(c.window) / second : 0;
    return n == 0 ? Window : static_cast<std::uint16_t>(n < 65535 ? n : 65535);
  }
  [[nodiscard]] bool bad(const config& c, std::uint16_t of) const noexcept {
    const std::uint32_t calls = results_.calls(of);
    return results_.failures() * 100U >= c.failure_percent * calls || results_.slows() * 100U >= c.slow_percent * calls;
  }

  [[gnu::noinline]] void record_trial(const config& c, bool failed, bool slow, Time now) noexcept {
    if (out_ == 0) {
      return;  // a permit used twice
    }
    --out_;
    results_.tally(failed, slow);
    judge_trials(c, now);
  }
  void judge_trials(const config& c, Time now) noexcept {
    const std::uint32_t needed = c.permitted < c.min_calls ? c.permitted : c.min_calls;
    if (results_.calls(most) >= needed) {
      change(bad(c, most) ? breaker_state::open : breaker_state::closed, now);
    }
  }

  /// What time alone does: a clock that stepped back, silent trials, a half-open state that lasts too long.
  void settle(const config& c, Time now) noexcept {
    if (state_ != breaker_state::closed) {
      settle_trials(c, now);
    }
  }
  // Apart, so that the usual way is short enough to be built into the caller.
  [[gnu::noinline]] void settle_trials(const config& c, Time now) noexcept {
    if (elapsed(now, since_) < duration_t<Time>{}) {
      since_ = now;  // no wait becomes longer than its nominal length
      if (state_ == breaker_state::half_open) {
        results_.trial_began(now);
      }
    }
    if (state_ != breaker_state::half_open) {
      return;
    }
    const bool limited = duration_t<Time>{} < c.max_half_open;
    if (limited && !(elapsed(now, since_) < half_open_limit(c))) {
      change(c.half_open_timeout_to, advance(since_, half_open_limit(c)));
      return;
    }
    if (out_ > 0 && duration_t<Time>{} < c.lease && !(elapsed(now, results_.trial()) < lease(c))) {
      for (; out_ > 0; --out_) {
        results_.tally(true, false);
      }
      judge_trials(c, advance(results_.trial(), lease(c)));
    }
  }

  void change(breaker_state to, Time at) noexcept {
    if (to == breaker_state::open && openings_ < 255) {
      ++openings_;
    } else if (to == breaker_state::closed) {
      openings_ = 0;
    }
    state_ = to;
    since_ = at;
    out_ = 0;
    results_ = results_type{};
    ++generation_;
  }

  [[nodiscard]] duration_t<Time> current_wait(const config& c) const noexcept {
    std::int64_t wait = count_of<Time>(c.wait);
    const std::int64_t cap = count_of<Time>(c.wait_cap);
    if (c.wait_mult > 1) {
      for (std::uint8_t i = 1; i < openings_ && wait < cap; ++i) {
        wait = wait > cap / c.wait_mult ? cap : wait * c.wait_mult;
      }
    }
    return measurable<Time>(duration_from_count<Time>(wait < cap ? wait : cap));
  }
  [[nodiscard]] duration_t<Time> lease(const config& c) const noexcept { return measurable<Time>(c.lease); }
  [[nodiscard]] duration_t<Time> half_open_limit(const config& c) const noexcept { return measurable<Time>(c.max_half_open); }

  Time since_{};  // the present state began
  results_type results_{};
  std::uint16_t generation_ = 0;
  std::uint16_t out_ = 0;  // trials under way
  breaker_state state_ = breaker_state::closed;
  std::uint8_t openings_ = 0;  // since the last close
};

}  // namespace detail

/// Stops calling a peer that fails or crawls, and tries it again with few calls after a wait that grows.
///
/// Input   `acquire` before a call, exactly one `record` or `release` after it
/// Units   those of Time; rates in percent
/// Cost    O(1); the time form O(seconds since the last result), at most Window. sizeof circuit_breaker<20> with a 32-bit tick: 24
///         and a pointer; the time form adds 6 bytes for each second of Window
/// Errors  `refused` while open, or while all trials are under way
///
/// Opens when the rate of failures or of slow calls reaches its threshold, judged after each result once there are
/// min(min_calls, window) of them. Opens to trials lazily, on `acquire`. Every change of state makes the permits of the state before
/// stale: a late result can neither open nor close anything. All trials share one lease, renewed by each permit handed out, so with
/// one permitted trial (the default) it is exact, and with more a silent one is noticed together with the newest.
/// `transient`, `throttled` and `unknown` are failures; `permanent` is an answer: the peer is alive and well.
/// Waits and leases are cut to half of the longest distance of Time (16.4 s for a 16-bit millisecond tick).
/// The config is shared and must outlive the object; see `backoff` for `Fixed`.
template <instant Time, std::uint16_t Window = 20, breaker_window Kind = breaker_window::count, const breaker_config<Time>* Fixed = nullptr>
class circuit_breaker {
  static_assert(Window > 0, "circuit_breaker: a window holds at least one result (or one second)");

 public:
  explicit constexpr circuit_breaker(const breaker_config<Time>& config) noexcept requires(!detail::is_fixed<breaker_config<Time>, Fixed>)
      : config_{config} {
    in_.check(config_.get());
  }
  explicit circuit_breaker(const breaker_config<Time>&&) = delete;  // the config is shared: name it, so that it lives
  constexpr circuit_breaker() noexcept requires(detail::is_fixed<breaker_config<Time>, Fixed>) { in_.check(config_.get()); }

  /// Leave to call, or `refused`.
  [[nodiscard]] result<permit> acquire(Time now) noexcept { return in_.acquire(config_.get(), now); }
  /// The call was made and ended. A stale permit changes nothing.
  void record(permit of, outcome what, duration_t<Time> took, Time now) noexcept { in_.record(config_.get(), of, what, took, now); }
  /// The call was not made: the permit comes back without a verdict.
  void release(permit of, Time now) noexcept { in_.release(config_.get(), of, now); }
  /// Lets time pass: what a silent trial or a long half-open state leads to happens now, and next_deadline() lies ahead.
  void tick(Time now) noexcept { in_.tick(config_.get(), now); }
  /// A hint that the peer may be back: an open breaker lets trials begin now.
  void expect_recovery(Time now) noexcept { in_.expect_recovery(config_.get(), now); }

  /// Would `acquire` grant a permit now?
  [[nodiscard]] bool ready(Time now) const noexcept { return in_.ready(config_.get(), now); }
  [[nodiscard]] breaker_state state(Time now) const noexcept { return in_.state(config_.get(), now); }
  /// The state as of the last call.
  [[nodiscard]] breaker_state last_state() const noexcept { return in_.last_state(); }
  /// When trials may begin, if open; when a silent trial is given up, if half-open; none if closed.
  [[nodiscard]] deadline<Time> next_deadline() const noexcept { return in_.next_deadline(config_.get()); }

 private:
  [[no_unique_address]] detail::shared_config<breaker_config<Time>, Fixed> config_;
  detail::breaker_core<Time, Window, Kind> in_{};
};

}  // namespace skerry::inline v0::delivery
