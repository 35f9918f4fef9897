// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::stats::detail {

/// The centroids of a t-digest, the least first: folding in others, asking. It knows no waiting values and no image, and takes only
/// finite numbers that were checked.
template <typename T, std::uint16_t K>
class tdigest_centroids {
 public:
  using weight = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  static constexpr std::size_t capacity = K + K / 2 + 6;
  /// Values that the weights can count.
  static constexpr std::uint64_t most = sizeof(T) == 8 ? std::uint64_t{1} << 53 : 0xffffffff;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] T mean(std::size_t i) const noexcept { return mean_[i]; }
  [[nodiscard]] weight weight_of(std::size_t i) const noexcept { return weight_[i]; }
  [[nodiscard]] const T* means() const noexcept { return mean_; }
  [[nodiscard]] const weight* weights() const noexcept { return weight_; }

  /// Folds a sorted list in, of weights one if `weights` is null; from the greatest down if `backwards`.
  void fold(const T* means, const weight* weights, std::size_t n, bool backwards) noexcept {
    std::uint64_t added = n;
    if (weights != nullptr) {
      added = 0;
      for (std::size_t i = 0; i < n; ++i) {
        added += weights[i];
      }
    }
    const auto sum = static_cast<double>(total_ + added);
    // k2: a centroid at q may weigh sum q (1 - q) / norm. The digest works with twice its k.
    constexpr double twice = 2.0 * K;
    const double z = sum > twice ? 4 * math::log(sum / twice) + 24 : 24;
    double share = z / twice / sum;
    // Rarely too many are left: then a little coarser.
    while (backwards ? !fold_at<true>(means, weights, n, sum, share) : !fold_at<false>(means, weights, n, sum, share)) {
      share *= 1.0625;
    }
    total_ += added;
  }

  /// A list that goes on where the held ones end, as it is if there is room.
  void append_or_fold(const T* means, const weight* weights, std::size_t n) noexcept {
    if (n > capacity - size_) {
      fold(means, weights, n, false);
      return;
    }
    for (std::size_t i = 0; i < n; ++i) {
      mean_[size_] = means[i];
      weight_[size_] = weights[i];
      ++size_;
      total_ += weights[i];
    }
  }

  /// A line through the middles of the centroids, level around those of weight one, and from the outermost middles to the ends.
  [[nodiscard]] double quantile(double rank, double least, double greatest) const noexcept {
    const auto sum = static_cast<double>(total_);
    const double x = rank * sum;
    if (size_ == 1) {
      return within(wide(mean_[0]), least, greatest);
    }
    const auto first = static_cast<double>(weight_[0]);
    const auto last = static_cast<double>(weight_[size_ - 1]);
    const double lowest = within(wide(mean_[0]), least, greatest);
    const double highest = within(wide(mean_[size_ - 1]), least, greatest);
    if (x < 1) {
      return least;
    }
    if (first > 1 && x < first / 2) {
      const double share = (x - 1) / (first / 2 - 1);
      return within(least + share * (wide(mean_[0]) - least), least, lowest);
    }
    if (x > sum - 1) {
      return greatest;
    }
    if (last > 1 && sum - x <= last / 2) {
      const double share = last > 2 ? (sum - x - 1) / (last / 2 - 1) : 1;  // two end where their middle is: no line between
      // A tiny mean beside a great end is lost in the difference; the line must not end below it.
      return within(greatest - share * (greatest - wide(mean_[size_ - 1])), highest, greatest);
    }
    double at = first / 2;
    for (std::size_t i = 0; i + 1 < size_; ++i) {
      const double step = (static_cast<double>(weight_[i]) + static_cast<double>(weight_[i + 1])) / 2;
      if (at + step > x) {
        double from_left = x - at;
        double from_right = at + step - x;
        if (weight_[i] == 1) {
          if (from_left < 0.5) {
            return within(wide(mean_[i]), least, greatest);
          }
          from_left -= 0.5;
        }
        if (weight_[i + 1] == 1) {
          if (from_right <= 0.5) {
            return within(wide(mean_[i + 1]), least, greatest);
          }
          from_right -= 0.5;
        }
        const double a = wide(mean_[i]);
        const double b = wide(mean_[i + 1]);
        // Both shares at most one, so that nothing leaves the type.
        const double right = from_left / (from_left + from_right);
        return within(within(a + (b - a) * right, a, b), least, greatest);
      }
      at += step;
    }
    return greatest;
  }

  /// The middle of the ranks at which `quantile` passes x.
  [[nodiscard]] double rank(double x, double least, double greatest) const noexcept {
    if (x < least) {
      return 0;
    }
    if (x > greatest) {
      return 1;
    }
    const auto sum = static_cast<double>(total_);
    if (size_ == 1) {
      return 0.5;
    }
    line_search search{x};
    search.to(0, least);
    search.to(1, least);
    double before = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const auto w = static_cast<double>(weight_[i]);
      const double value = within(wide(mean_[i]), least, greatest);
      if (w == 1) {
        search.to(before, value);
        search.to(before + 1, value);
      } else {
        search.to(before + w / 2, value);
      }
      before += w;
    }
    search.to(sum - 1, greatest);
    search.to(sum, greatest);
    const double middle = (search.low + search.high) / 2 / sum;
    return middle < 1 ? middle : 1;
  }

 private:
  [[nodiscard]] static constexpr double wide(T x) noexcept { return static_cast<double>(x); }
  template <typename Number>
  [[nodiscard]] static constexpr Number within(Number x, Number low, Number high) noexcept {
    return x < low ? low : (x > high ? high : x);
  }

  /// Follows a line that never falls, and keeps where it first reaches a value and where it last does not exceed it.
  struct line_search {
    double value;
    double low = 0;
    double high = 0;
    double at = 0;
    double height = 0;
    bool begun = false;
    bool reached = false;

    void to(double x, double y) noexcept {
      if (begun && x < at) {
        return;  // the ends overlap where the outermost centroids are small
      }
      y = begun && y < height ? height : y;
      if (!reached && y >= value) {
        low = !begun || height >= y ? x : at + (x - at) * ((value - height) / (y - height));
        reached = true;
      }
      if (y <= value) {
        high = x;
      } else if (begun && height <= value) {
        high = at + (x - at) * ((value - height) / (y - height));
      }
      at = x;
      height = y;
      begun = true;
    }
  };

  /// How much a centroid may weigh that begins after `s` of `sum`: the scale function at both of its ends.
  [[nodiscard]] static double room_at(double s, double sum, double share) noexcept {
    const double by_start = share * s * (sum - s);
    if (s + by_start <= sum - s) {
      return by_start;
    }
    // p <= share (s + p) (sum - s - p), solved for p
    const double b = 1 - share * (sum - 2 * s);
    const double by_end = 2 * by_start / (b + math::sqrt(b * b + 4 * share * by_start));
    return by_end < by_start ? by_end : by_start;
  }

  template <bool Backwards>
  [[nodiscard]] static constexpr bool comes_first(T a, T b) noexcept {
    return Backwards ? b <= a : a <= b;
  }

  /// One pass over both lists; false if more centroids would be left than there is room for, and then nothing has changed.
  template <bool Backwards>
  [[nodiscard]] bool fold_at(const T* means, const weight* weights, std::size_t n, double sum, double share) noexcept {
    T new_mean[capacity];
    weight new_weight[capacity];
    std::size_t made = 0;
    std::size_t i = 0;  // of the held ones
    std::size_t j = 0;  // of the others
    double done = 0;
    const auto held_at = [&](std::size_t at) { return Backwards ? size_ - 1 - at : at; };
    const auto other_at = [&](std::size_t at) { return Backwards ? n - 1 - at : at; };
    while (i < size_ || j < n) {
      if (made == capacity) {
        return false;
      }
      // k2 alone leaves a fourteenth of all values in the middle one: the error there would be more than twice as great.
      const double by_scale = room_at(done, sum, share);
      const double room = by_scale < widest * sum ? by_scale : widest * sum;
      T first{};
      T last{};
      double heavy = 0;
      double off = 0;
      for (;;) {
        const bool held = i < size_ && (j >= n || comes_first<Backwards>(mean_[held_at(i)], means[other_at(j)]));
        const T x = held ? mean_[held_at(i)] : means[other_at(j)];
        const double w =
            held ? static_cast<double>(weight_[held_at(i)]) : (weights != nullptr ? static_cast<double>(weights[other_at(j)]) : 1);
        if (heavy == 0) {
          first = x;
        } else if (heavy + w > room) {
          break;
        } else {
          off += w * (wide(x) - wide(first));
        }
        heavy += w;
        last = x;
        i += held ? 1U : 0U;
        j += held ? 0U : 1U;
        if (i >= size_ && j >= n) {
          break;
        }
      }
      const T mean = static_cast<T>(wide(first) + off / heavy);
      new_mean[made] = Backwards ? within(mean, last, first) : within(mean, first, last);
      new_weight[made] = static_cast<weight>(heavy);
      ++made;
      done += heavy;
    }
    for (std::size_t m = 0; m < made; ++m) {
      const std::size_t to = Backwards ? made - 1 - m : m;
      mean_[to] = new_mean[m];
      weight_[to] = new_weight[m];
    }
    size_ = static_cast<std::uint32_t>(made);
    return true;
  }

  static constexpr double widest = 3.0 / K;  // of all values

  std::uint64_t total_ = 0;
  std::uint32_t size_ = 0;
  T mean_[capacity] = {};
  weight weight_[capacity] = {};
};

}  // namespace skerry::inline v0::stats::detail
