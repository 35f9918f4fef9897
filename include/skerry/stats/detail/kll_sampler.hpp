// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/stats/detail/kll_levels.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats::detail {

/// Levels behind a sampler: of every group of 2^g values one goes in, by lot, and g grows with the stream. What the lowest levels would
/// have done with more work; the levels here begin at weight 2^g.
///
/// Source  Karnin, Lang, Liberty, "Optimal quantile approximation in streams", 2016, section 4
template <typename T, std::uint16_t K, std::size_t Buffer>
class kll_sampler : public kll_levels<T, K, Buffer> {
  using parts = kll_levels<T, K, Buffer>;

 public:
  using parts::block;
  using parts::bound_;
  using parts::items_;
  using parts::levels_;
  using parts::max_levels;
  using parts::random_;
  using parts::shape;

  explicit constexpr kll_sampler(std::uint64_t seed) noexcept : parts{seed} {}

  [[nodiscard]] constexpr unsigned lg_group() const noexcept { return lg_group_; }
  /// Values of the group that is not complete, all of them represented by one.
  [[nodiscard]] constexpr std::uint32_t pending() const noexcept { return seen_; }
  /// `follow` has work to do from so many values on.
  [[nodiscard]] constexpr std::uint64_t next_group_at() const noexcept { return shape.unsampled << (lg_group_ + 1); }

  constexpr void offer(T x) noexcept {
    if (lg_group_ == 0) {
      parts::place(x);
      return;
    }
    chosen_ = seen_ == 0 || seen_ == pick_ ? x : chosen_;
    if (++seen_ == std::uint32_t{1} << lg_group_) {
      parts::place(chosen_);
      begin_group();
    }
  }
  /// A value that stands for fewer values than a group.
  constexpr void offer(T x, std::uint32_t weight) noexcept {
    const std::uint32_t group = std::uint32_t{1} << lg_group_;
    while (weight != 0) {
      const std::uint32_t here = weight < group - seen_ ? weight : group - seen_;
      chosen_ = seen_ == 0 || pick_ - seen_ < here ? x : chosen_;
      seen_ += here;
      weight -= here;
      if (seen_ == group) {
        parts::place(chosen_);
        begin_group();
      }
    }
  }
  /// A value of any weight.
  constexpr void add(T x, std::uint64_t weight) noexcept {
    const std::uint64_t above = weight >> lg_group_;
    offer(x, static_cast<std::uint32_t>(weight & ((std::uint64_t{1} << lg_group_) - 1)));
    if (above != 0) {
      parts::grow_to(static_cast<unsigned>(std::bit_width(above)));
      parts::make_room(static_cast<std::uint32_t>(std::popcount(above)));
      for (unsigned h = 0; above >> h != 0; ++h) {
        if ((above >> h & 1) != 0) {
          parts::insert(h, &x, 1);
        }
      }
    }
  }

  /// How many of `n` values fill a block of samples, or zero when it is not worth a block of its own.
  [[nodiscard]] constexpr std::size_t whole_samples(std::size_t n) const noexcept {
    const std::size_t whole = (block << lg_group_) - seen_;
    return whole <= n && parts::retained() + block > shape.full[levels_] ? whole : 0;
  }
  /// Values that `whole_samples` has counted.
  [[gnu::noinline]] constexpr void offer_all(std::span<const T> xs) noexcept {
    const unsigned j = parts::make_room_for_block();
    T sample[block];
    const std::size_t group = std::size_t{1} << lg_group_;
    std::size_t at = 0;
    for (T& s : sample) {
      s = seen_ > pick_ ? chosen_ : parts::canonical(xs[at + pick_ - seen_]);
      at += group - seen_;
      begin_group();
    }
    (void)parts::place_block(sample, j);
  }

  /// The levels of another one, a sketch of the same items.
  template <typename Other>
  constexpr void take(const Other& other) noexcept {
    const unsigned from = other.lg_group_;
    if (other.levels_ + from > lg_group_) {
      parts::grow_to(other.levels_ + from - lg_group_);
    }
    for (unsigned h = other.levels_; h-- > 0;) {
      const auto* const run = other.items_ + other.bound_[h];
      const std::uint32_t size = other.size_of(h);
      if (h == 0 && from > lg_group_) {
        for (std::uint32_t i = 0; i < size; ++i) {  // the lowest level is not sorted, and there it will not be the lowest
          parts::take_level(from - lg_group_, run + i, 1);
        }
      } else if (h + from >= lg_group_) {
        parts::take_level(h + from - lg_group_, run, size);
      } else {
        for (std::uint32_t i = 0; i < size; ++i) {
          offer(run[i], std::uint32_t{1} << (h + from));
        }
      }
    }
    if (other.seen_ != 0) {
      add(other.chosen_, other.seen_);
    }
  }

  /// After n values: larger groups, when the present one is complete.
  [[gnu::noinline]] constexpr void follow(std::uint64_t n) noexcept {
    while (seen_ == 0 && n >= next_group_at() && lg_group_ < most_lg_group) {
      while (parts::size_of(0) >= 2) {
        parts::compact_lowest();
      }
      const bool left = parts::size_of(0) == 1;
      const T last = items_[bound_[1] - 1];
      for (unsigned h = 0; h < max_levels; ++h) {
        bound_[h] = bound_[h + 1];
      }
      levels_ = static_cast<std::uint8_t>(levels_ > 1 ? levels_ - 1 : 1);
      parts::forget_lowest_coin();
      ++lg_group_;
      begin_group();
      if (left) {
        offer(last, std::uint32_t{1} << (lg_group_ - 1));
      }
    }
  }
  /// No group, and no value waiting for its end: all of them are items. Every level more has room for one more, so nothing is lost.
  constexpr void settle() noexcept {
    const unsigned up = lg_group_;
    if (up != 0) {
      parts::sort_lowest();
    }
    for (unsigned h = levels_ + 1U; h-- > 0;) {
      bound_[h + up] = bound_[h];
    }
    for (unsigned h = 0; h < up; ++h) {
      bound_[h] = bound_[up];
    }
    levels_ = static_cast<std::uint8_t>(levels_ + up);
    lg_group_ = 0;
    const std::uint32_t weight = seen_;
    seen_ = 0;
    for (unsigned h = 0; weight >> h != 0; ++h) {
      if ((weight >> h & 1) != 0) {
        parts::insert(h, &chosen_, 1);
      }
    }
  }

  [[nodiscard]] constexpr std::uint64_t weight_up_to(T x, bool through) const noexcept {
    const bool counts = through ? chosen_ <= x : chosen_ < x;
    return (parts::weight_through(x, through) << lg_group_) + (counts ? seen_ : 0);
  }
  /// The smallest item with `want` values up to it, 1 <= want <= n.
  [[nodiscard]] constexpr T at(std::uint64_t want, T least, T greatest) const noexcept {
    if (seen_ != 0) {
      const std::uint64_t before = parts::weight_through(chosen_, false) << lg_group_;
      if (want > before) {
        if (want <= (parts::weight_through(chosen_, true) << lg_group_) + seen_) {
          return chosen_;
        }
        want -= seen_;
      }
    }
    const std::uint64_t group = std::uint64_t{1} << lg_group_;
    return parts::select((want + group - 1) >> lg_group_, least, greatest);
  }
  template <typename F>
  constexpr void for_each_item(F&& f) const {
    for (unsigned h = 0; h < levels_; ++h) {
      for (std::size_t i = bound_[h]; i < bound_[h + 1]; ++i) {
        f(items_[i], std::uint64_t{1} << (h + lg_group_));
      }
    }
    for (unsigned h = 0; h < lg_group_; ++h) {
      if ((seen_ >> h & 1) != 0) {
        f(chosen_, std::uint64_t{1} << h);
      }
    }
  }

 private:
  template <typename, std::uint16_t, std::size_t>
  friend class kll_sampler;
  static constexpr unsigned most_lg_group = shape.most_pending;

  constexpr void begin_group() noexcept {
    seen_ = 0;
    pick_ = static_cast<std::uint32_t>(random_()) & ((std::uint32_t{1} << lg_group_) - 1);
  }

  std::uint32_t seen_ = 0;
  std::uint32_t pick_ = 0;
  T chosen_{};
  std::uint8_t lg_group_ = 0;
};

}  // namespace skerry::inline v0::stats::detail
