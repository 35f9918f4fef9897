// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/decayed.hpp>
#include <skerry/stats/detail/empty_like.hpp>
#include <skerry/stats/rolling.hpp>
#include <skerry/stats/time_window.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::stats {

/// When a pane of a `windowed` ends: after so many values, or after so many ticks. Exactly one of the two is not zero.
struct pane_config {
  std::uint64_t values = 0;
  ticks length = 0;
};

/// What `S` says of the last Panes panes, the newest of which is still filling: about the last Panes · values values, or the last
/// Panes · length ticks, to one pane.
///
/// Any mergeable S: one that cannot take values back, like a sketch, slides all the same. `summary()` answers an S, which may be merged
/// upward; the window itself has no merge, because the last panes of two streams are not the last panes of one.
///
/// Input   as S; by time also ticks that do not fall behind the newest pane
/// Cost    O(1) merges amortised per pane, Panes at worst; `summary()` two merges whatever Panes is; (Panes + 3) S and 64 bytes, no heap
/// Bound   as S after merging
/// Errors  `stale`: a time before the newest pane; `mismatch`: the form of `observe` that this window was not made for; what S refuses
/// Source  Tangwongsan, Hirzel, Schneider, "Low-latency sliding-window aggregation in worst-case constant time", 2017: two stacks
template <mergeable S, std::size_t Panes>
class windowed {
  static_assert(Panes >= 2, "windowed<S, Panes>: with one pane nothing slides; use S itself and clear it");

 public:
  using value_type = typename S::value_type;
  static constexpr std::size_t capacity = Panes;

  /// Errors  `invalid` unless exactly one of the two lengths is set and it is above zero
  [[nodiscard]] static result<windowed> create(const pane_config& config) noexcept requires std::default_initializable<S> {
    return create(config, S{});
  }
  /// For an S with parameters or a seed: every pane begins as an empty one like `prototype`.
  [[nodiscard]] static result<windowed> create(const pane_config& config, const S& prototype) noexcept {
    if (config.length < 0 || (config.values == 0) == (config.length == 0)) {
      return errc::invalid;
    }
    return windowed{config, detail::empty_like(prototype), std::make_index_sequence<Panes>{}};
  }

  /// A value, of a window by number.
  status observe(value_type x) noexcept {
    if (config_.values == 0) {
      return errc::mismatch;
    }
    if (filled_ == config_.values) {
      S fresh = prototype_;  // nothing slides for a value that is refused
      if (const status taken = fresh.observe(x); !taken) {
        return taken;
      }
      rotate();
    }
    const status taken = newest_.observe(x);
    filled_ += taken ? 1U : 0U;
    return taken;
  }
  /// Many values; returns how many were accepted.
  std::size_t observe(std::span<const value_type> xs) noexcept {
    std::size_t accepted = 0;
    for (const value_type x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }
  /// A value at its time, of a window by time.
  status observe(ticks t, value_type x) noexcept {
    if (config_.length == 0) {
      return errc::mismatch;
    }
    const ticks pane = floor_divide(t);
    if (started_ && pane < pane_) {
      return errc::stale;
    }
    S fresh = newest_;  // nothing slides for a value that is refused
    if (const status taken = fresh.observe(x); !taken) {
      return taken;
    }
    if (!started_ || pane == pane_) {
      newest_ = fresh;
    } else {
      advance_to(pane);
      (void)newest_.observe(x);
    }
    pane_ = pane;
    started_ = true;
    return {};
  }
  /// The time comes first: a number with a fraction there is a value in the wrong place.
  template <std::floating_point Time>
  status observe(Time, value_type) = delete;

  /// Lets time pass without a value; a time before the newest pane changes nothing.
  void advance(ticks now) noexcept {
    if (config_.length != 0 && started_ && floor_divide(now) > pane_) {
      const ticks pane = floor_divide(now);
      advance_to(pane);
      pane_ = pane;
    }
  }
  /// Ends the newest pane now, full or not, and lets the oldest go.
  void rotate() noexcept {
    if (front_ + back_ == Panes - 1) {
      drop_oldest();
    }
    pane_at(front_ + back_) = newest_;
    (void)combine(sum_of_back_, newest_);
    ++back_;
    newest_ = prototype_;
    filled_ = 0;
  }

  /// The panes together. What a `merge` with answers refuses is `mismatch` between panes, which cannot be: they come from one prototype.
  [[nodiscard]] S summary() const noexcept {
    S all = front_ != 0 ? pane_at(0) : prototype_;
    (void)combine(all, sum_of_back_);
    (void)combine(all, newest_);
    return all;
  }

  /// Panes that are full, without the newest one.
  [[nodiscard]] std::size_t panes() const noexcept { return front_ + back_; }
  [[nodiscard]] const pane_config& config() const noexcept { return config_; }
  void clear() noexcept { *this = windowed{config_, prototype_, std::make_index_sequence<Panes>{}}; }

 private:
  template <std::size_t... I>
  windowed(const pane_config& config, const S& prototype, std::index_sequence<I...>) noexcept
      : config_{config}, prototype_{prototype}, newest_{prototype}, sum_of_back_{prototype}, held_{(static_cast<void>(I), prototype)...} {}

  [[nodiscard]] ticks floor_divide(ticks t) const noexcept {
    const ticks q = t / config_.length;
    return t % config_.length < 0 ? q - 1 : q;
  }
  void advance_to(ticks pane) noexcept {
    const std::uint64_t steps = static_cast<std::uint64_t>(pane) - static_cast<std::uint64_t>(pane_);
    for (std::uint64_t i = 0; i < (steps < Panes ? steps : Panes); ++i) {
      rotate();
    }
  }

  // The full panes, oldest first: of the first `front_` each holds itself and all between it and the end of the front, so the first of
  // them is their sum; the other `back_` hold themselves, and their sum stands beside.
  [[nodiscard]] S& pane_at(std::size_t i) noexcept { return held_[(start_ + i) % Panes]; }
  [[nodiscard]] const S& pane_at(std::size_t i) const noexcept { return held_[(start_ + i) % Panes]; }
  void drop_oldest() noexcept {
    if (front_ == 0) {
      for (std::size_t i = back_ - 1; i-- > 0;) {
        (void)combine(pane_at(i), pane_at(i + 1));
      }
      front_ = back_;
      back_ = 0;
      sum_of_back_ = prototype_;
    }
    start_ = (start_ + 1) % Panes;
    --front_;
  }

  pane_config config_;
  S prototype_;
  S newest_;
  S sum_of_back_;
  S held_[Panes];
  std::size_t start_ = 0;
  std::size_t front_ = 0;
  std::size_t back_ = 0;
  std::uint64_t filled_ = 0;
  ticks pane_ = 0;
  bool started_ = false;
};

}  // namespace skerry::inline v0::stats
