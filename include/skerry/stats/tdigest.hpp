// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/sort_keys.hpp>
#include <skerry/stats/detail/tdigest_centroids.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// Quantiles of a stream from about 1.5 K centroids, fine at both ends and coarse in the middle; mergeable.
///
/// For what others have written and will read. Where nobody asks for it, `exp_histogram` (an error of value) and `kll` (one of rank)
/// say how wrong they may be; this one cannot.
///
/// Input   float or double; NaN and infinity are refused (`errc::not_finite`)
/// Units   those of the input; ranks are fractions in [0, 1]
/// Cost    values wait in the buffer and are sorted and folded in when it is full: amortised a few ns to 20 ns. A query is O(K), and
///         sorts a copy if values wait: call `compress()` first where there are many. double: 16 (1.5 K + 6) + 8 Buffer + 40 bytes;
///         sorting takes up to 24 Buffer + 16 (1.5 K + 6) + 4096 bytes of stack; no heap
/// Bound   none: nothing is promised of any stream. Count, min and max are exact.
/// Merge   commutative and associative only roughly: the order shows; not idempotent
/// Errors  `not_finite`; `out_of_range` beyond 2^960; `full` at 2^53 values (float: 2^32 - 1); queries: `empty`, `invalid` for a rank
///         outside [0, 1]; `decode`: `truncated`, `corrupt`, `unsupported` (version), `mismatch` (another k), `out_of_range`, `full`
/// Source  Dunning, "The t-digest: efficient estimates of distributions", 2021: merging form, scale function k2, alternating passes;
///         image: Apache DataSketches, family 20, and the big-endian forms of the reference implementation
template <std::floating_point T = double, std::uint16_t K = 100, std::size_t Buffer = 512>
class tdigest {
  static_assert(K >= 10, "tdigest<T, K>: the image has no k below 10");
  static_assert(Buffer >= 8 && Buffer < 65536, "tdigest<T, K, Buffer>: room for 8 to 65535 values that wait");

  using centroids = detail::tdigest_centroids<T, K>;
  using weight = typename centroids::weight;

 public:
  using value_type = T;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::bounded;
  static constexpr std::uint16_t k = K;
  /// Enough for any image of this type.
  static constexpr std::size_t max_encoded_size =
      16 + 2 * sizeof(T) + centroids::capacity * (sizeof(T) + sizeof(weight)) + Buffer * sizeof(T);

  constexpr tdigest() noexcept = default;

  status observe(T x) noexcept {
    if (const errc bad = check(x); bad != errc::ok) {
      refused_ = refused_ == std::numeric_limits<std::uint32_t>::max() ? refused_ : refused_ + 1;
      return bad;
    }
    take(x);
    return {};
  }
  /// Many values; returns how many were accepted.
  std::size_t observe(std::span<const T> xs) noexcept {
    std::size_t accepted = 0;
    for (const T x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }

  /// The values of another stream too. A merge beyond what the weights can count changes nothing and counts one refusal.
  template <std::uint16_t K2, std::size_t B2>
  void merge(const tdigest<T, K2, B2>& other) noexcept {
    if constexpr (K2 == K && B2 == Buffer) {
      if (&other == this) {
        const tdigest copy = other;
        merge_other(copy);
        return;
      }
    }
    merge_other(other);
  }

  /// Folds in the values that wait, so that queries need not.
  void compress() noexcept {
    if (waiting_ == 0) {
      return;
    }
    using order = detail::ordered<T>;
    typename order::key keys[Buffer];
    typename order::key spare[Buffer];
    for (std::size_t i = 0; i < waiting_; ++i) {
      keys[i] = order::key_of(buffer_[i]);
    }
    const auto* const sorted = detail::sort_keys(keys, spare, waiting_);
    for (std::size_t i = 0; i < waiting_; ++i) {
      buffer_[i] = order::value_of(sorted[i]);
    }
    held_.fold(buffer_, nullptr, waiting_, reverse_);
    reverse_ = !reverse_;
    waiting_ = 0;
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return held_.total() + waiting_; }
  [[nodiscard]] result<T> min() const noexcept {
    if (count() == 0) {
      return errc::empty;
    }
    return least_;
  }
  [[nodiscard]] result<T> max() const noexcept {
    if (count() == 0) {
      return errc::empty;
    }
    return greatest_;
  }

  /// The value at a rank: never falling in the rank, never outside [min, max].
  [[nodiscard]] result<double> quantile(double rank) const noexcept {
    if (count() == 0) {
      return errc::empty;
    }
    if (!(rank >= 0 && rank <= 1)) {
      return errc::invalid;
    }
    if (waiting_ != 0) {
      tdigest copy = *this;
      copy.compress();
      return copy.quantile(rank);
    }
    return held_.quantile(rank, least_, greatest_);
  }
  /// The inverse of `quantile`; of a value that stands for a range of ranks the middle of the range.
  ///
  /// Errors  `empty`; `not_finite` for NaN
  [[nodiscard]] result<double> rank(double x) const noexcept {
    if (count() == 0) {
      return errc::empty;
    }
    if (!(x == x)) {
      return errc::not_finite;
    }
    if (waiting_ != 0) {
      tdigest copy = *this;
      copy.compress();
      return copy.rank(x);
    }
    return held_.rank(x, least_, greatest_);
  }

  /// Centroids held; values that wait beside them.
  [[nodiscard]] std::size_t retained() const noexcept { return held_.size(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  /// Calls `f(mean, weight)` for every centroid, the least first, and for every value that waits.
  template <typename F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      f(held_.mean(i), static_cast<std::uint64_t>(held_.weight_of(i)));
    }
    for (std::size_t i = 0; i < waiting_; ++i) {
      f(buffer_[i], std::uint64_t{1});
    }
  }

  /// Values refused here or in what was merged. Not part of the image.
  [[nodiscard]] std::uint32_t refused() const noexcept { return refused_; }
  [[nodiscard]] tdigest empty() const noexcept { return tdigest{}; }
  void clear() noexcept { *this = tdigest{}; }

  /// An Apache DataSketches t-digest image, of the reader's type for float or double. Values that wait are written as they are.
  status encode(byte_writer& out) const noexcept {
    const std::uint64_t n = count();
    out.u8(n > 1 ? 2 : 1);
    out.u8(1);
    out.u8(family);
    out.u16(K);
    out.u8(static_cast<std::uint8_t>((n == 0 ? flag_empty : 0) | (n == 1 ? flag_single : 0) | (reverse_ ? flag_reverse : 0)));
    out.u16(0);
    if (n == 1) {
      write(out, least_);
    }
    if (n > 1) {
      out.u32(static_cast<std::uint32_t>(held_.size()));
      out.u32(static_cast<std::uint32_t>(waiting_));
      write(out, least_);
      write(out, greatest_);
      for (std::size_t i = 0; i < held_.size(); ++i) {
        write(out, held_.mean(i));
        if constexpr (sizeof(T) == 8) {
          out.u64(held_.weight_of(i));
        } else {
          out.u32(held_.weight_of(i));
        }
      }
      for (std::size_t i = 0; i < waiting_; ++i) {
        write(out, buffer_[i]);
      }
    }
    return out.error();
  }

  /// Reads an image of this k, or the big-endian form of the reference implementation. One that holds more than fits here is folded as
  /// a merge would.
  [[nodiscard]] static result<tdigest> decode(byte_reader& in) noexcept {
    tdigest out;
    const errc bad = !in.remaining().empty() && in.remaining()[0] == std::byte{0} ? out.read_reference(in) : out.read(in);
    if (bad != errc::ok) {
      return bad;
    }
    return out;
  }

 private:
  template <std::floating_point T2, std::uint16_t K2, std::size_t B2>
  friend class tdigest;

  static constexpr std::uint8_t family = 20;
  static constexpr std::uint8_t flag_empty = 1;
  static constexpr std::uint8_t flag_single = 2;
  static constexpr std::uint8_t flag_reverse = 4;

  /// Sums of weights times values then stay within a double.
  [[nodiscard]] static constexpr bool near_enough(T x) noexcept {
    if constexpr (sizeof(T) == 8) {
      return x <= static_cast<T>(0x1p960) && x >= static_cast<T>(-0x1p960);
    } else {
      return true;
    }
  }
  [[nodiscard]] errc check(T x) const noexcept {
    if (!__builtin_isfinite(x)) {
      return errc::not_finite;
    }
    return !near_enough(x) ? errc::out_of_range : (count() >= centroids::most ? errc::full : errc::ok);
  }
  void take(T x) noexcept {
    x = x + T{0};  // one zero
    least_ = x < least_ ? x : least_;
    greatest_ = x > greatest_ ? x : greatest_;
    buffer_[waiting_] = x;
    ++waiting_;
    if (waiting_ == Buffer) {
      compress();
    }
  }

  template <std::uint16_t K2, std::size_t B2>
  void merge_other(const tdigest<T, K2, B2>& other) noexcept {
    std::uint64_t refused = std::uint64_t{refused_} + other.refused_;
    if (other.count() > centroids::most - count()) {
      ++refused;
    } else if (other.count() != 0) {
      for (std::size_t i = 0; i < other.waiting_; ++i) {
        take(other.buffer_[i]);
      }
      if (other.held_.size() != 0) {
        compress();
        if (held_.size() == 0) {
          reverse_ = other.reverse_;
        } else {
          reverse_ = !reverse_;
        }
        held_.fold(other.held_.means(), other.held_.weights(), other.held_.size(), !reverse_);
      }
      least_ = other.least_ < least_ ? other.least_ : least_;
      greatest_ = other.greatest_ > greatest_ ? other.greatest_ : greatest_;
    }
    refused_ = refused > 0xffffffff ? 0xffffffff : static_cast<std::uint32_t>(refused);
  }

  static void write(byte_writer& out, T x) noexcept {
    if constexpr (sizeof(T) == 8) {
      out.f64(x);
    } else {
      out.f32(x);
    }
  }
  [[nodiscard]] static T read_value(byte_reader& in) noexcept {
    if constexpr (sizeof(T) == 8) {
      return in.f64();
    } else {
      return in.f32();
    }
  }

  /// A list of centroids of known length, taken in as many pieces as it needs. `next` answers one, or an error.
  template <typename Next>
  [[nodiscard]] errc read_centroids(std::size_t n, Next&& next) noexcept {
    T means[centroids::capacity];
    weight weights[centroids::capacity];
    std::size_t here = 0;
    T last = -std::numeric_limits<T>::infinity();
    for (std::size_t i = 0; i < n; ++i) {
      const errc bad = next(means[here], weights[here]);
      if (bad != errc::ok) {
        return bad;
      }
      const T mean = means[here];
      if (!__builtin_isfinite(mean) || mean < last || weights[here] == 0) {
        return errc::corrupt;
      }
      if (!near_enough(mean)) {
        return errc::out_of_range;
      }
      if (weights[here] > centroids::most - held_.total() - pending_of(weights, here)) {
        return errc::full;
      }
      last = mean;
      ++here;
      if (here == centroids::capacity || i + 1 == n) {
        held_.append_or_fold(means, weights, here);
        here = 0;
      }
    }
    return errc::ok;
  }
  [[nodiscard]] static std::uint64_t pending_of(const weight* weights, std::size_t n) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += weights[i];
    }
    return sum;
  }
  [[nodiscard]] static errc check_ends(T least, T greatest) noexcept {
    if (!__builtin_isfinite(least) || !__builtin_isfinite(greatest) || least > greatest) {
      return errc::corrupt;
    }
    return near_enough(least) && near_enough(greatest) ? errc::ok : errc::out_of_range;
  }

  [[nodiscard]] errc read(byte_reader& in) noexcept {
    const auto preamble = in.u8();
    const auto version = in.u8();
    const auto type = in.u8();
    const auto image_k = in.u16();
    const auto flags = in.u8();
    const auto unused = in.u16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != family || image_k < 10 || unused != 0 || flags > 7 || (flags & 3) == 3) {
      return errc::corrupt;
    }
    if (version != 1) {
      return errc::unsupported;
    }
    if (preamble != ((flags & (flag_empty | flag_single)) != 0 ? 1 : 2)) {
      return errc::corrupt;
    }
    if (image_k != K) {
      return errc::mismatch;
    }
    reverse_ = (flags & flag_reverse) != 0;
    if ((flags & flag_empty) != 0) {
      return in.finish().error();
    }
    if ((flags & flag_single) != 0) {
      const T x = read_value(in);
      if (const status end = in.finish(); !end) {
        return end.error();
      }
      if (!__builtin_isfinite(x)) {
        return errc::corrupt;
      }
      if (!near_enough(x)) {
        return errc::out_of_range;
      }
      least_ = greatest_ = x;
      buffer_[0] = x;
      waiting_ = 1;
      return errc::ok;
    }
    const auto n = in.u32();
    const auto buffered = in.u32();
    const T least = read_value(in);
    const T greatest = read_value(in);
    if (in.error() != errc::ok) {
      return in.error();
    }
    // By division: a product of what the image claims may not fit the machine's words.
    const std::size_t left = in.remaining().size();
    constexpr std::size_t pair = sizeof(T) + sizeof(weight);
    if (n > left / pair || buffered > (left - n * pair) / sizeof(T)) {
      return errc::truncated;
    }
    if (left != n * pair + buffered * sizeof(T)) {
      return errc::corrupt;
    }
    if (const errc bad = check_ends(least, greatest); bad != errc::ok) {
      return bad;
    }
    const errc bad = read_centroids(n, [&](T& mean, weight& w) {
      mean = read_value(in);
      if constexpr (sizeof(T) == 8) {
        w = in.u64();
      } else {
        w = in.u32();
      }
      return errc::ok;
    });
    if (bad != errc::ok) {
      return bad;
    }
    const bool fits = buffered < Buffer;
    for (std::uint32_t i = 0; i < buffered; ++i) {
      const T x = read_value(in);
      if (!__builtin_isfinite(x)) {
        return errc::corrupt;
      }
      if (const errc bad_value = check(x); bad_value != errc::ok) {
        return bad_value;
      }
      if (fits) {
        buffer_[waiting_] = x;
        ++waiting_;
      } else {
        take(x);
      }
    }
    if (count() < 2) {
      return errc::corrupt;  // fewer have a form of their own; one centroid may be more
    }
    least_ = least;
    greatest_ = greatest;
    return errc::ok;
  }

  /// Numbers of the reference implementation's image, most significant byte first.
  template <typename Number>
  [[nodiscard]] static Number big_endian(byte_reader& in) noexcept {
    using bits =
        std::conditional_t<sizeof(Number) == 8, std::uint64_t, std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint16_t>>;
    bits v = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      v = static_cast<bits>(v << (sizeof(bits) > 1 ? 8 : 0) | in.u8());
    }
    return std::bit_cast<Number>(v);
  }
  [[nodiscard]] errc read_reference(byte_reader& in) noexcept {
    const auto form = big_endian<std::uint32_t>(in);
    if (in.error() == errc::ok && form != 1 && form != 2) {
      return errc::corrupt;
    }
    const auto least = big_endian<double>(in);
    const auto greatest = big_endian<double>(in);
    double image_k = 0;
    std::uint32_t n = 0;
    std::size_t pair = 0;
    if (form == 1) {
      image_k = big_endian<double>(in);
      n = big_endian<std::uint32_t>(in);
      pair = 16;
    } else {
      image_k = static_cast<double>(big_endian<float>(in));
      (void)big_endian<std::uint16_t>(in);
      (void)big_endian<std::uint16_t>(in);
      n = big_endian<std::uint16_t>(in);
      pair = 8;
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (n > in.remaining().size() / pair) {
      return errc::truncated;
    }
    if (!(image_k >= 10 && image_k < 65536) || in.remaining().size() != n * pair) {
      return errc::corrupt;
    }
    if (static_cast<std::uint16_t>(image_k) != K) {
      return errc::mismatch;
    }
    if (n == 0) {
      return errc::ok;
    }
    const T low = narrowed(least);
    const T high = narrowed(greatest);
    if (const errc bad = check_ends(low, high); bad != errc::ok) {
      return bad;
    }
    const errc bad = read_centroids(n, [&](T& mean, weight& w) {
      const double counted = form == 1 ? big_endian<double>(in) : static_cast<double>(big_endian<float>(in));
      mean = narrowed(form == 1 ? big_endian<double>(in) : static_cast<double>(big_endian<float>(in)));
      if (!(counted >= 1 && counted <= static_cast<double>(centroids::most)) || math::floor(counted) != counted) {
        return errc::corrupt;
      }
      w = static_cast<weight>(counted);
      return errc::ok;
    });
    least_ = low;
    greatest_ = high;
    return bad;
  }
  /// Infinity, which is refused, where a float cannot hold the number.
  [[nodiscard]] static T narrowed(double x) noexcept {
    if constexpr (sizeof(T) == 8) {
      return x;
    } else {
      constexpr double most = static_cast<double>(std::numeric_limits<T>::max());
      return x <= most && x >= -most ? static_cast<T>(x) : std::numeric_limits<T>::infinity();
    }
  }

  centroids held_{};
  T least_ = std::numeric_limits<T>::infinity();
  T greatest_ = -std::numeric_limits<T>::infinity();
  std::uint32_t refused_ = 0;
  std::uint16_t waiting_ = 0;
  bool reverse_ = false;
  T buffer_[Buffer] = {};
};

}  // namespace skerry::inline v0::stats
