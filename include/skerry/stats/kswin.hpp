// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/drift_event.hpp>
#include <skerry/stats/ks.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::stats {

struct kswin_config {
  double alpha = 0.005;  ///< the chance of calling one window of one distribution changed, in (0, 1); there is a window per value
};

/// Finds a change of the distribution, whatever its kind: the newest R of the last W values against all the others, by the
/// two-sample Kolmogorov-Smirnov test. After an event only those R stay.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`)
/// Cost    O(W) per value: two sorted runs with one value in and one out each, and a walk through both.
///         sizeof == 2 * W * sizeof(Real) + 32, no heap
/// Bound   per window as ks_limit(alpha) says; windows overlap, so on unchanged data an event comes sooner than 1 / alpha values
/// Merge   none: a detector follows the order of one stream. A `merge` does not compile.
/// Errors  `not_finite`; `invalid` from `create`
/// Source  Raab, Heusinger, Schleif, "Reactive soft prototype computing for concept drift streams", 2020; there the older side is a
///         random draw, here it is all of them: no chance, and more power
template <std::size_t W = 100, std::size_t R = 30, std::floating_point Real = double>
class kswin {
  static_assert(R >= 5 && 2 * R <= W && W <= 10000, "kswin<W, R>: R values, at least 5, against W - R, at least as many");

 public:
  using value_type = Real;
  static constexpr std::size_t window = W;
  static constexpr std::size_t recent = R;
  static constexpr std::size_t max_encoded_size = 20 + 8 * W;

  constexpr kswin() noexcept : kswin{kswin_config{}} {}
  [[nodiscard]] static constexpr result<kswin> create(const kswin_config& config) noexcept {
    if (!(config.alpha > 0 && config.alpha < 1)) {
      return errc::invalid;
    }
    return kswin{config};
  }

  /// `change` where the newest R differ from the others.
  constexpr result<drift_event> observe(Real x) noexcept {
    if (!__builtin_isfinite(x)) {
      refused_ = refused_ == std::numeric_limits<std::uint32_t>::max() ? refused_ : refused_ + 1;
      return errc::not_finite;
    }
    x = x + Real{0};  // one zero
    if (size_ == W) {
      const Real oldest = ring_[start_];
      const Real middle = ring_[place(old)];
      start_ = start_ + 1U == W ? 0 : start_ + 1U;
      replace(sorted_, old, oldest, middle);
      replace(sorted_ + old, R, middle, x);
      ring_[place(W - 1)] = x;
    } else {
      add(x);
    }
    if (size_ < W) {
      return drift_event::none;
    }
    count_ = static_cast<std::uint32_t>(detail::ks_count(sorted_, old, sorted_ + old, R));
    if (static_cast<double>(count_) > limit_) {
      keep_recent();
      return drift_event::change;
    }
    return drift_event::none;
  }

  template <typename Other>
  constexpr void merge(const Other&) noexcept {
    detail::no_merge<kswin, Other>();
  }

  /// Values held: W once it judges, R after an event.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  /// The distance when it was last taken; `insufficient` before there were W values.
  [[nodiscard]] constexpr result<double> distance() const noexcept {
    if (count_ == none) {
      return errc::insufficient;
    }
    return static_cast<double>(count_) / static_cast<double>(old * R);
  }
  /// The distance above which there is an event.
  [[nodiscard]] constexpr double limit() const noexcept { return limit_ / static_cast<double>(old * R); }
  [[nodiscard]] constexpr const kswin_config& config() const noexcept { return config_; }
  /// Values refused. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// Forgets all values, keeps its settings.
  constexpr void clear() noexcept { *this = kswin{config_}; }

  /// The frame `u8 19, u8 1, f64 alpha, u16 W, u16 R, u32 last distance times (W - R) R or 2^32 - 1, u16 n, f64[n]`, oldest first.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(detail::frame_kswin);
    out.u8(1);
    out.f64(config_.alpha);
    out.u16(static_cast<std::uint16_t>(W));
    out.u16(static_cast<std::uint16_t>(R));
    out.u32(count_);
    out.u16(static_cast<std::uint16_t>(size_));
    for (std::size_t i = 0; i < size_; ++i) {
      out.f64(static_cast<double>(ring_[place(i)]));
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<kswin> decode(byte_reader& in) noexcept {
    if (const errc bad = detail::check_frame(in, detail::frame_kswin); bad != errc::ok) {
      return bad;
    }
    kswin_config config;
    config.alpha = in.f64();
    const auto w = in.u16();
    const auto r = in.u16();
    const auto count = in.u32();
    const auto size = in.u16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (w != W || r != R) {
      return errc::mismatch;
    }
    const auto made = create(config);
    if (!made || size > W || (count != none && (count > old * R || size < R)) || (count == none && size == W)) {
      return errc::corrupt;
    }
    kswin out = made.value();
    bool fit = true;
    bool sound = true;
    for (unsigned i = 0; i < size; ++i) {
      const double x = in.f64();
      sound = sound && __builtin_isfinite(x) && !(x == 0 && __builtin_signbit(x) != 0);
      fit = fit && detail::fits<Real>(x);
      out.add(sound && fit ? static_cast<Real>(x) : Real{0});
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (!sound) {
      return errc::corrupt;
    }
    if (!fit) {
      return errc::mismatch;
    }
    out.count_ = count;
    if (size == W && (detail::ks_count(out.sorted_, old, out.sorted_ + old, R) != count || static_cast<double>(count) > out.limit_)) {
      return errc::corrupt;
    }
    return out;
  }

  /// Equal settings, and equal values in the same order; what was refused does not matter.
  friend constexpr bool operator==(const kswin& a, const kswin& b) noexcept {
    bool same = a.config_.alpha == b.config_.alpha && a.size_ == b.size_ && a.count_ == b.count_;
    for (std::size_t i = 0; same && i < a.size_; ++i) {
      same = a.ring_[a.place(i)] == b.ring_[b.place(i)];
    }
    return same;
  }

 private:
  static constexpr std::size_t old = W - R;
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  constexpr explicit kswin(const kswin_config& config) noexcept
      : config_{config},
        limit_{ks_limit(config.alpha, static_cast<double>(old * R) / static_cast<double>(W)) * static_cast<double>(old * R)} {}

  [[nodiscard]] constexpr std::size_t place(std::size_t i) const noexcept { return start_ + i >= W ? start_ + i - W : start_ + i; }

  [[nodiscard]] static constexpr std::size_t first_not_below(const Real* run, std::size_t n, Real x) noexcept {
    std::size_t from = 0;
    while (n > 0) {
      const std::size_t half = n / 2;
      const bool below = run[from + half] < x;
      from = below ? from + half + 1 : from;
      n = below ? n - half - 1 : half;
    }
    return from;
  }
  /// Takes `gone` out of a sorted run and puts `x` in: what lies between moves by one.
  static constexpr void replace(Real* run, std::size_t n, Real gone, Real x) noexcept {
    std::size_t i = first_not_below(run, n, gone);
    for (; i + 1 < n && run[i + 1] < x; ++i) {
      run[i] = run[i + 1];
    }
    for (; i > 0 && x < run[i - 1]; --i) {
      run[i] = run[i - 1];
    }
    run[i] = x;
  }
  /// One value more, while there is room: the older side is filled first.
  constexpr void add(Real x) noexcept {
    ring_[place(size_)] = x;
    Real* const run = size_ < old ? sorted_ : sorted_ + old;
    std::size_t i = size_ < old ? size_ : size_ - old;
    for (; i > 0 && x < run[i - 1]; --i) {
      run[i] = run[i - 1];
    }
    run[i] = x;
    ++size_;
  }
  constexpr void keep_recent() noexcept {
    for (std::size_t i = 0; i < R; ++i) {
      sorted_[i] = sorted_[old + i];
    }
    start_ = static_cast<std::uint32_t>(place(old));
    size_ = R;
  }

  kswin_config config_;
  double limit_;  // times (W - R) R
  std::uint32_t start_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t count_ = none;
  std::uint32_t refused_ = 0;
  Real ring_[W]{};    // in the order of time
  Real sorted_[W]{};  // the W - R older values, then the R newest
};

}  // namespace skerry::inline v0::stats
