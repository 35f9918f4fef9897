// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/convert.hpp>
#include <skerry/stats/detail/empty_like.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace skerry::inline v0::stats {

/// Times of a `time_window`, in ticks of the stream.
struct window_config {
  ticks size = 0;      ///< window k holds the times from k size to before (k + 1) size
  ticks lateness = 0;  ///< how far behind the latest time a value may come
  /// How far beyond the latest time a value may lie before its clock is not believed. A stream whose clock is set back or forward by an
  /// hour twice a year needs more than that.
  ticks max_ahead = std::numeric_limits<ticks>::max();
};

/// What `S` says of each span of time, from values that come out of order.
///
/// The watermark is the latest time less the lateness: a window closes when the watermark reaches its end, and is handed to
/// `closed(start, S const&)`, in order of time. Windows without values are not.
///
/// Input   ticks within 2^61 of zero; values as S
/// Cost    O(1) amortised per value; Open · (sizeof(S) + 16) + sizeof(S) and 72 bytes, no heap. A jump over many windows looks at
///         Open of them.
/// Errors  `stale`: the window of this time is closed; `time_jump`: beyond the latest time by more than `max_ahead`, which does not move
///         the watermark, because one bad clock must not close the day; `out_of_range`: a time beyond 2^61; what S refuses. Each changes
///         nothing and is counted.
/// Source  Akidau et al., "The dataflow model", 2015, for watermarks and lateness
template <mergeable S, std::size_t Open>
class time_window {
  static_assert(Open >= 2, "time_window<S, Open>: at least two windows are open while one closes");

 public:
  using value_type = S;
  static constexpr std::size_t capacity = Open;

  /// Errors  `invalid`: a size below 1, negative times or times above 2^61, or fewer than lateness / size + 2 windows
  [[nodiscard]] static result<time_window> create(const window_config& config) noexcept requires std::default_initializable<S> {
    return create(config, S{});
  }
  /// For an S with parameters or a seed: every window begins as an empty one like `prototype`.
  [[nodiscard]] static result<time_window> create(const window_config& config, const S& prototype) noexcept {
    if (config.size < 1 || config.size > most || config.lateness < 0 || config.lateness > most || config.max_ahead < 0 ||
        static_cast<std::uint64_t>(config.lateness / config.size) + 2 > Open) {
      return errc::invalid;
    }
    return time_window{config, prototype};
  }

  /// A value at its time. `closed` is called for the windows that it closes, before this returns.
  template <class Sink>
  status observe(ticks t, double x, Sink&& closed) {
    if (t > most || t < -most) {
      ++refused_;
      return errc::out_of_range;
    }
    const ticks window = floor_divide(t);
    if (started_) {
      if (window < base_) {
        ++late_;
        return errc::stale;
      }
      if (t > latest_ && t - latest_ > config_.max_ahead) {
        ++ahead_;
        return errc::time_jump;
      }
    }
    const ticks latest = started_ && latest_ > t ? latest_ : t;
    pane& p = panes_[slot_of(window)];
    const bool open = p.used && p.window == window;
    // The slot may still hold a window that this value closes. Nothing is closed before the value is known to be taken.
    if (open) {
      return take(p.values, x, latest, closed);
    }
    S values = prototype_;
    const status taken = take(values, x, latest, closed);
    if (taken) {
      p.values = values;
      p.window = window;
      p.used = true;
    }
    return taken;
  }

  /// The time comes first: a number with a fraction there is a value in the wrong place.
  template <std::floating_point Time, class Sink>
  status observe(Time, double, Sink&&) = delete;

  /// The time of the caller's clock, for sources that fall silent: closes what a value at `now` would close. This clock is believed,
  /// however far ahead: it is also the way on when all values lie too far ahead.
  template <class Sink>
  void advance(ticks now, Sink&& closed) {
    now = now > most ? most : (now < -most ? -most : now);
    if (!started_ || now > latest_) {
      move_to(now, closed);
    }
  }

  /// Closes all that is open, as at the end of a stream. What comes after is late unless it lies in a later window.
  template <class Sink>
  void flush(Sink&& closed) {
    ticks end = base_;
    for (const pane& p : panes_) {
      end = p.used && p.window + 1 > end ? p.window + 1 : end;
    }
    close_before(end, closed);
  }

  /// Calls `f(start, S const&)` for the windows that are open and hold values, in order of time.
  template <class F>
  void for_each_open(F&& f) const {
    for (std::size_t i = 0; i < Open; ++i) {
      const pane& p = panes_[slot_of(base_ + static_cast<ticks>(i))];
      if (p.used) {
        f(p.window * config_.size, p.values);
      }
    }
  }

  /// Up to here everything is closed that ends here; `empty` before the first time.
  [[nodiscard]] result<ticks> watermark() const noexcept {
    return started_ ? result<ticks>{latest_ - config_.lateness} : result<ticks>{errc::empty};
  }
  [[nodiscard]] const window_config& config() const noexcept { return config_; }
  /// Values that came when their window was closed.
  [[nodiscard]] std::uint64_t late() const noexcept { return late_; }
  /// Values whose time lay too far ahead.
  [[nodiscard]] std::uint64_t ahead() const noexcept { return ahead_; }
  /// Values refused for any other reason.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  void clear() noexcept { *this = time_window{config_, prototype_}; }

 private:
  static constexpr ticks most = ticks{1} << 61;

  struct pane {
    S values;
    ticks window = 0;
    bool used = false;
  };

  time_window(const window_config& config, const S& prototype) noexcept
      : time_window{config, detail::empty_like(prototype), std::make_index_sequence<Open>{}} {}
  template <std::size_t... I>
  time_window(const window_config& config, const S& prototype, std::index_sequence<I...>) noexcept
      : config_{config}, prototype_{prototype}, panes_{(static_cast<void>(I), pane{prototype})...} {}

  [[nodiscard]] ticks floor_divide(ticks t) const noexcept {
    const ticks q = t / config_.size;
    return q * config_.size > t ? q - 1 : q;
  }
  [[nodiscard]] static std::size_t slot_of(ticks window) noexcept {
    const ticks r = window % static_cast<ticks>(Open);
    return static_cast<std::size_t>(r < 0 ? r + static_cast<ticks>(Open) : r);
  }

  template <class Sink>
  status take(S& values, double x, ticks latest, Sink& closed) {
    typename S::value_type own{};
    const errc bad = detail::convert(x, own);
    const status taken = bad == errc::ok ? values.observe(own) : status{bad};
    if (taken) {
      move_to(latest, closed);
    } else {
      ++refused_;
    }
    return taken;
  }
  template <class Sink>
  void move_to(ticks latest, Sink& closed) {
    const ticks base = floor_divide(latest - config_.lateness);
    if (!started_) {
      started_ = true;
      base_ = base;
    }
    latest_ = latest;
    close_before(base, closed);
  }
  template <class Sink>
  void close_before(ticks end, Sink& closed) {
    for (std::size_t i = 0; i < Open && base_ < end; ++i, ++base_) {
      pane& p = panes_[slot_of(base_)];
      if (p.used) {
        p.used = false;
        closed(p.window * config_.size, static_cast<const S&>(p.values));
        p.values = prototype_;
      }
    }
    base_ = base_ < end ? end : base_;
  }

  window_config config_;
  S prototype_;
  pane panes_[Open];
  ticks latest_ = 0;
  ticks base_ = 0;  // the first window that is not closed
  std::uint64_t late_ = 0;
  std::uint64_t ahead_ = 0;
  std::uint64_t refused_ = 0;
  bool started_ = false;
};

}  // namespace skerry::inline v0::stats
