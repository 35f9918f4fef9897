// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/protobuf.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/compensated.hpp>
#include <skerry/stats/detail/exp_index.hpp>
#include <skerry/stats/detail/exp_window.hpp>
#include <skerry/stats/detail/lane_sum.hpp>
#include <skerry/stats/detail/otlp_point.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// Which values a histogram takes. With `positive` a value below zero is refused, and half of the memory saved.
enum class signs : std::uint8_t { both, positive };

/// Log-bucket histogram: quantiles with a bounded error of the value, at any rank; the exponential histogram of OpenTelemetry.
///
/// Bucket i of a scale holds (b^i, b^(i+1)] with b = 2^(2^-scale). When values of one sign span more than `Buckets`, the scale falls
/// by the least number that makes them fit, so it depends on the values alone and never on their order.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`), values below zero with `signs::positive`
///         (`errc::out_of_range`). Refused values are counted. |x| <= zero_threshold counts as zero.
/// Units   those of the input; ranks are fractions in [0, 1]
/// Cost    O(1) per value: one table word and one count; sign · Buckets · sizeof(Count) + 88 bytes or less, no heap
/// Bound   |quantile - truth| <= relative_error() |truth|, the truth being the value of that rank: 1.08 % at scale 5, 0.54 % at 6
/// Merge   commutative and associative, not idempotent; buckets, counts, min and max exactly, as long as the zero thresholds are equal
///         (of unequal ones the larger holds, and what lies in a bucket that it cuts may end up on either side of it). The sum is kept in
///         twice the digits of a double and rounds the same way whatever the order, but for one case in 2^40.
/// Errors  queries: `empty`, `invalid` for a rank outside [0, 1], `absent` for a sum that is not known;
///         `decode`: `truncated`, `corrupt`, `unsupported` (a scale outside [-10, 20]), `mismatch` (negative values into
///         `signs::positive`, or more than a Count holds)
/// Source  OpenTelemetry, Metrics data model, "ExponentialHistogram"; Masson, Rim, Lee, "DDSketch", 2019, for the error
template <std::size_t Buckets = 160, class Count = std::uint64_t, signs S = signs::both>
class exp_histogram {
  static_assert(Buckets >= 4, "exp_histogram<Buckets>: at least 4, because at the coarsest scale all doubles span three");
  static_assert(Buckets <= (std::size_t{1} << 20), "exp_histogram<Buckets>: at most 2^20");
  static_assert(std::unsigned_integral<Count> && sizeof(Count) >= 2,
                "exp_histogram<Buckets, Count>: an unsigned integer of 16 bits or more");

  static constexpr std::size_t sides = S == signs::both ? 2 : 1;

 public:
  using value_type = double;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::exact;
  static constexpr std::size_t capacity = Buckets;
  static constexpr int least_scale = detail::exp_least_scale;
  static constexpr int greatest_scale = detail::exp_greatest_scale;
  /// Bytes that any image of this type needs at most.
  static constexpr std::size_t max_encoded_size = 80 + sides * (20 + Buckets * ((std::numeric_limits<Count>::digits + 6) / 7));

  /// `max_scale` is where an empty histogram begins, cut to [-10, 20]; `zero_threshold` is finite and not negative.
  constexpr explicit exp_histogram(int max_scale = greatest_scale, double zero_threshold = 0) noexcept
      : zero_threshold_{zero_threshold + 0.0},
        max_scale_{
            static_cast<std::int8_t>(max_scale < least_scale ? least_scale : (max_scale > greatest_scale ? greatest_scale : max_scale))},
        scale_{max_scale_} {
    SKERRY_ASSERT(zero_threshold >= 0 && math::isfinite(zero_threshold) && "exp_histogram: the zero threshold is finite and not negative");
  }

  /// One value, `n` times.
  constexpr status observe(double x, Count n = 1) noexcept {
    if (const status valid = check(x); !valid || n == 0) {
      return valid;
    }
    if (is_zero(x)) {
      x = magnitude(x) == 0 ? 0.0 : x;  // never -0
      add_counts(zeros_, n);
    } else {
      const std::size_t side = side_of(x);
      std::int32_t i = detail::exp_index(magnitude(x), scale_);
      if (window_[side].slot(i) >= Buckets) {
        i >>= make_room(side, detail::exp_extent{i, i});
      }
      add_counts(side, i, n);
    }
    note(x, x);
    add_to_sum(x, n);
    return {};
  }

  /// Many values; returns how many were accepted. Whole blocks are summed in lanes first.
  std::size_t observe(std::span<const double> xs) noexcept {
    std::size_t accepted = 0;
    while (!xs.empty()) {
      const auto block = xs.first(xs.size() < detail::lane_block ? xs.size() : detail::lane_block);
      xs = xs.subspan(block.size());
      const std::size_t whole = count_block(block);
      accepted += whole;
      for (const double x : block.subspan(whole)) {
        accepted += observe(x) ? 1U : 0U;
      }
    }
    return accepted;
  }

  /// Takes back a value that was observed, `n` times. `min` and `max` stay, as bounds only; the scale stays too, until nothing is left.
  ///
  /// Errors  `empty` when count() == 0; `not_finite`, `out_of_range`; `absent` when its bucket holds fewer
  constexpr status retract(double x, Count n = 1) noexcept {
    if (total_ == 0) {
      return errc::empty;
    }
    if (const status valid = check(x); !valid) {
      return valid;
    }
    Count* place = &zeros_;
    if (!is_zero(x)) {
      auto& window = window_[side_of(x)];
      const std::uint32_t slot = window.slot(detail::exp_index(magnitude(x), scale_));
      place = slot < Buckets ? &window.count[slot] : nullptr;
    }
    if (place == nullptr || *place < n) {
      return errc::absent;
    }
    *place = static_cast<Count>(*place - n);
    total_ -= n;
    add_to_sum(-x, n);
    if (total_ == 0) {
      forget();
    }
    return {};
  }

  /// The values of another stream too. Of two zero thresholds the larger holds, and buckets inside it go to zero.
  constexpr void merge(const exp_histogram& other) noexcept { take(other); }
  /// Likewise from a histogram of another size, as a gateway does with those of its devices.
  template <std::size_t Buckets2, class Count2>
  constexpr void merge(const exp_histogram<Buckets2, Count2, S>& other) noexcept {
    take(other);
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] constexpr std::uint64_t zero_count() const noexcept { return zeros_; }
  [[nodiscard]] constexpr double zero_threshold() const noexcept { return zero_threshold_; }
  /// The finest scale at which the values fit; of an empty histogram where it begins.
  [[nodiscard]] constexpr int scale() const noexcept { return scale_; }

  [[nodiscard]] constexpr result<double> min() const noexcept { return total_ == 0 ? result<double>{errc::empty} : result<double>{min_}; }
  [[nodiscard]] constexpr result<double> max() const noexcept { return total_ == 0 ? result<double>{errc::empty} : result<double>{max_}; }
  /// `absent` after it overflowed, or was merged with or read from a point that did not give it: an image leaves the sum out once a
  /// negative value was recorded.
  [[nodiscard]] constexpr result<double> sum() const noexcept {
    return sum_known_ ? result<double>{total_sum()} : result<double>{errc::absent};
  }
  [[nodiscard]] constexpr result<double> mean() const noexcept {
    if (total_ == 0) {
      return errc::empty;
    }
    return sum().transform([this](double s) { return s / static_cast<double>(total_); });
  }

  /// The value of rank r: the ceil(r n)-th smallest, as the harmonic middle of its bucket. Rank 0 and 1 answer min and max.
  [[nodiscard]] constexpr result<double> quantile(double rank) const noexcept {
    if (!(rank >= 0 && rank <= 1)) {
      return errc::invalid;
    }
    if (total_ == 0) {
      return errc::empty;
    }
    if (rank == 0 || rank == 1) {
      return rank == 0 ? min_ : max_;
    }
    const double position = rank * static_cast<double>(total_);
    auto wanted = static_cast<std::uint64_t>(position);
    wanted += static_cast<double>(wanted) < position ? 1U : 0U;
    wanted = wanted == 0 ? 1 : (wanted > total_ ? total_ : wanted);
    std::uint64_t passed = 0;
    double answer = max_;
    bool found = false;
    each([&](std::size_t side, std::int32_t index, std::uint64_t n) {
      passed += n;
      if (!found && passed >= wanted) {
        found = true;
        answer = side == zero_side ? 0.0 : middle(index) * (side == 1 ? -1.0 : 1.0);
      }
    });
    return answer < min_ ? min_ : (answer > max_ ? max_ : answer);
  }

  /// What `quantile` may be off at this scale, as a part of the value: (b - 1) / (b + 1).
  [[nodiscard]] constexpr double relative_error() const noexcept { return relative_error_of(scale_); }
  [[nodiscard]] static constexpr double relative_error_of(int scale) noexcept {
    return math::tanh(0.5 * math::ln2 * math::exp2(static_cast<double>(-scale)));
  }
  /// The coarsest scale with an error of at most `relative`; the finest if there is none.
  [[nodiscard]] static constexpr int scale_for(double relative) noexcept {
    int scale = least_scale;
    for (; scale < greatest_scale && !(relative_error_of(scale) <= relative);) {
      ++scale;
    }
    return scale;
  }

  /// Calls `f(lower, upper, n)` for every bucket that holds something, from the least values to the greatest: lower < x <= upper, for
  /// negative values lower <= x < upper, and for zeros lower <= x <= upper.
  template <typename F>
  constexpr void for_each(F&& f) const {
    each([&](std::size_t side, std::int32_t index, std::uint64_t n) {
      if (side == zero_side) {
        f(S == signs::both ? -zero_threshold_ : 0.0, zero_threshold_, n);
      } else if (side == 1) {
        f(-edge(index + 1), -edge(index), n);
      } else {
        f(edge(index), edge(index + 1), n);
      }
    });
  }
  /// Calls `f(index, n)` for every bucket of values above zero that holds something, by rising index.
  template <typename F>
  constexpr void for_each_positive(F&& f) const {
    each([&](std::size_t side, std::int32_t index, std::uint64_t n) { side == 0 ? f(index, n) : void(); });
  }
  /// Likewise of values below zero, by falling index: the index is that of -x.
  template <typename F>
  constexpr void for_each_negative(F&& f) const {
    each([&](std::size_t side, std::int32_t index, std::uint64_t n) { side == 1 ? f(index, n) : void(); });
  }

  /// Values refused here or in what was merged. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// A count reached the greatest number that a Count or 64 bits hold: it stayed there, and the counts above are lower bounds. Not part
  /// of the image.
  [[nodiscard]] constexpr bool saturated() const noexcept { return saturated_; }
  constexpr void clear() noexcept { *this = empty(); }
  /// An empty one with the same beginning.
  [[nodiscard]] constexpr exp_histogram empty() const noexcept { return exp_histogram{max_scale_, zero_threshold_}; }

  /// An OTLP ExponentialHistogramDataPoint without times.
  constexpr status encode(byte_writer& out) const noexcept { return encode_otlp(out, data_point_times{}); }
  /// An OTLP ExponentialHistogramDataPoint: ascending fields, defaults left out; attributes are the caller's bytes, before or after.
  constexpr status encode_otlp(byte_writer& out, data_point_times times) const noexcept {
    pb_writer counted = pb_writer::counting();
    write(counted, times);
    pb_writer written{out.reserve(counted.size())};
    if (out.error() == errc::ok) {
      write(written, times);
    }
    return out.error();
  }
  /// Any such point, of whatever writer: one with more buckets comes in at a coarser scale, one without min and max gets the ends of
  /// its buckets. Times and attributes are passed over.
  [[nodiscard]] static constexpr result<exp_histogram> decode(byte_reader& in) noexcept;

  /// Equal parameters and equal counts, extremes and sum; what was refused does not matter.
  friend constexpr bool operator==(const exp_histogram& a, const exp_histogram& b) noexcept {
    bool same = a.scale_ == b.scale_ && a.total_ == b.total_ && a.zeros_ == b.zeros_ && a.zero_threshold_ == b.zero_threshold_ &&
                a.min_ == b.min_ && a.max_ == b.max_ && a.sum_known_ == b.sum_known_ && (!a.sum_known_ || a.total_sum() == b.total_sum());
    for (std::size_t side = 0; same && side < sides; ++side) {
      const detail::exp_extent here = a.window_[side].held();
      const detail::exp_extent there = b.window_[side].held();
      same = here.first == there.first && here.last == there.last;
      for (std::int32_t i = here.first; same && i <= here.last; ++i) {
        same = a.window_[side].count[a.window_[side].slot(i)] == b.window_[side].count[b.window_[side].slot(i)];
      }
    }
    return same;
  }

 private:
  template <std::size_t, class, signs>
  friend class exp_histogram;

  static constexpr std::size_t zero_side = 2;
  static constexpr double nothing = std::numeric_limits<double>::infinity();

  [[nodiscard]] static constexpr std::uint64_t magnitude(double x) noexcept {
    return std::bit_cast<std::uint64_t>(x) & ~(std::uint64_t{1} << 63);
  }
  [[nodiscard]] static constexpr std::size_t side_of(double x) noexcept { return S == signs::both && x < 0 ? 1 : 0; }
  [[nodiscard]] constexpr bool is_zero(double x) const noexcept { return magnitude(x) <= std::bit_cast<std::uint64_t>(zero_threshold_); }

  constexpr status check(double x) noexcept {
    const bool finite = magnitude(x) < detail::double_infinity;
    if (finite && (S == signs::both || x >= 0)) {
      return {};
    }
    refused_ += refused_ != std::numeric_limits<std::uint32_t>::max() ? 1U : 0U;
    return finite ? errc::out_of_range : errc::not_finite;
  }
  constexpr void note(double low, double high) noexcept {
    min_ = low < min_ ? low : min_;
    max_ = high > max_ ? high : max_;
  }

  constexpr void add_counts(Count& place, std::uint64_t n) noexcept {
    const std::uint64_t room = static_cast<std::uint64_t>(std::numeric_limits<Count>::max()) - place;
    const std::uint64_t all = std::numeric_limits<std::uint64_t>::max() - total_;
    if (n > room || n > all) {
      n = room < all ? room : all;
      saturated_ = true;
    }
    place = static_cast<Count>(place + n);
    total_ += n;
  }
  constexpr void add_counts(std::size_t side, std::int32_t index, std::uint64_t n) noexcept {
    add_counts(window_[side].count[window_[side].slot(index)], n);
  }

  using compensated = detail::compensated<double>;
  [[nodiscard]] constexpr double total_sum() const noexcept { return sum_high_ + sum_low_ + 0.0; }
  constexpr void add_to_sum(double x) noexcept { compensated::add(sum_high_, sum_low_, x); }
  constexpr void set_sum(compensated s) noexcept {
    sum_high_ = s.high;
    sum_low_ = s.low;
  }
  constexpr void add_to_sum(double x, std::uint64_t n) noexcept {
    if (n == 1) {
      add_to_sum(x);
    } else {
      // Pieces of 26 bits times halves of 27: exact products.
      const double high = std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & ~std::uint64_t{0x3ffffff});
      const double low = x - high;
      for (double unit = 1; n != 0; n >>= 26, unit *= 0x1p26) {
        const double piece = static_cast<double>(n & 0x3ffffff) * unit;
        add_to_sum(high * piece);
        add_to_sum(low * piece);
      }
    }
    settle_sum();
  }
  /// A sum that overflowed or was not known is not a sum.
  constexpr void settle_sum() noexcept {
    if (!sum_known_ || magnitude(sum_low_) >= detail::double_infinity) {  // an infinite upper half makes the lower one NaN
      sum_known_ = false;
      set_sum({});
    }
  }
  /// Nothing is left of what was observed; what was refused is still known.
  constexpr void forget() noexcept {
    scale_ = max_scale_;
    min_ = nothing;
    max_ = -nothing;
    set_sum({});
    sum_known_ = true;
  }

  /// Makes the window of one side hold `wanted` too. Answers by how much the scale had to fall.
  constexpr int make_room(std::size_t side, detail::exp_extent wanted) noexcept {
    wanted.include(window_[side].held());
    const int shift = wanted.shift_to_fit(Buckets);
    coarsen(shift);
    window_[side].move_around(wanted.coarser(shift));
    return shift;
  }
  constexpr void coarsen(int shift) noexcept {
    for (auto& window : window_) {
      const std::uint64_t lost = shift == 0 ? 0 : window.coarsen(shift);
      saturated_ = saturated_ || lost != 0;
      total_ -= lost;
    }
    scale_ = static_cast<std::int8_t>(scale_ - shift);
  }
  /// The least slot whose bucket is not inside a zero threshold.
  [[nodiscard]] constexpr std::size_t first_outside(std::size_t side, double threshold) const noexcept {
    const std::int64_t slot =
        threshold == 0 ? 0 : std::int64_t{detail::exp_index(std::bit_cast<std::uint64_t>(threshold) + 1, scale_)} - window_[side].base;
    return slot < 0 ? 0 : (slot > static_cast<std::int64_t>(Buckets) ? Buckets : static_cast<std::size_t>(slot));
  }

  template <std::size_t Buckets2, class Count2>
  constexpr void take(const exp_histogram<Buckets2, Count2, S>& other) noexcept {
    const std::uint32_t room = std::numeric_limits<std::uint32_t>::max() - refused_;
    refused_ += other.refused_ < room ? other.refused_ : room;
    saturated_ = saturated_ || other.saturated_;
    // Who holds nothing has no say in the scale: writers of an empty point leave it at 0.
    const bool alike = (total_ == 0) == (other.total_ == 0);
    if ((alike && other.max_scale_ < max_scale_) || (!alike && total_ == 0)) {
      max_scale_ = other.max_scale_;
    }
    if (total_ == 0 && (!alike || other.scale_ < scale_)) {
      scale_ = other.scale_;
    }
    zero_threshold_ = other.zero_threshold_ > zero_threshold_ ? other.zero_threshold_ : zero_threshold_;
    note(other.min_, other.max_);
    const compensated sum{other.sum_high_, other.sum_low_};
    sum_known_ = sum_known_ && other.sum_known_;
    add_to_sum(sum.high);
    add_to_sum(sum.low);
    settle_sum();

    // What lies inside the threshold is zero, on either side.
    const int scale = other.scale_ < scale_ && other.total_ != 0 ? other.scale_ : scale_;
    std::uint64_t zeros = other.zeros_;
    std::size_t from[sides] = {};
    detail::exp_extent wanted[sides];
    int shift = 0;
    for (std::size_t side = 0; side < sides; ++side) {
      from[side] = other.first_outside(side, zero_threshold_);
      for (std::size_t p = 0; p < from[side]; ++p) {
        zeros += other.window_[side].count[p];
      }
      const std::size_t inside = first_outside(side, zero_threshold_);
      for (std::size_t p = 0; p < inside; ++p) {
        const Count n = window_[side].count[p];
        window_[side].count[p] = 0;
        total_ -= n;
        add_counts(zeros_, n);
      }
      wanted[side] = other.window_[side].held(from[side]).coarser(other.scale_ - scale);
      wanted[side].include(window_[side].held().coarser(scale_ - scale));
      const int here = wanted[side].shift_to_fit(Buckets);
      shift = here > shift ? here : shift;
    }
    coarsen(scale_ - scale + shift);
    add_counts(zeros_, zeros);
    for (std::size_t side = 0; side < sides; ++side) {
      window_[side].move_around(wanted[side].coarser(shift));
      for (std::size_t p = from[side]; p < Buckets2; ++p) {
        if (const Count2 n = other.window_[side].count[p]; n != 0) {
          add_counts(side, other.window_[side].index(p) >> (other.scale_ - scale_), n);
        }
      }
    }
  }

  /// Counts as much of a block as goes in lanes: values above the zero threshold that need no second look. Answers how many.
  std::size_t count_block(std::span<const double> block) noexcept {
    const std::size_t whole = block.size() - block.size() % detail::lane_count;
    if (whole == 0 || std::numeric_limits<Count>::max() - total_ < whole || total_ > std::numeric_limits<Count>::max()) {
      return 0;
    }
    compensated sum{sum_high_, sum_low_};
    const auto [smallest, largest] = detail::sum_lanes(block.first(whole), sum);
    if (!math::isfinite(sum.low) || !(smallest > zero_threshold_) || !(smallest >= std::numeric_limits<double>::min())) {
      return 0;
    }
    const detail::exp_extent wanted{detail::exp_index(magnitude(smallest), scale_), detail::exp_index(magnitude(largest), scale_)};
    if (window_[0].slot(wanted.first) >= Buckets || window_[0].slot(wanted.last) >= Buckets) {
      (void)make_room(0, wanted);
    }
    if (scale_ > detail::exp_table_scale) {
      return 0;
    }
    set_sum(sum_known_ ? sum : compensated{});
    note(smallest, largest);
    Count* const count = window_[0].count;
    const int shift = detail::exp_table_scale - scale_;
    if ((std::uint64_t{Buckets} << shift) > (std::uint64_t{1} << 31)) {
      return 0;  // the window reaches beyond 32 bits at the scale of the table
    }
    const std::int32_t first = window_[0].base * (1 << shift);  // taken off before the shift, one step less
    for (const double x : block.first(whole)) {
      ++count[static_cast<std::uint32_t>(detail::exp_index_6(std::bit_cast<std::uint64_t>(x)) - first) >> shift];
    }
    total_ += whole;
    return whole;
  }

  /// Calls f(side, index, n) from the least values to the greatest.
  template <typename F>
  constexpr void each(F&& f) const {
    if constexpr (S == signs::both) {
      for (std::size_t p = Buckets; p-- > 0;) {
        if (window_[1].count[p] != 0) {
          f(std::size_t{1}, window_[1].index(p), static_cast<std::uint64_t>(window_[1].count[p]));
        }
      }
    }
    if (zeros_ != 0) {
      f(zero_side, 0, static_cast<std::uint64_t>(zeros_));
    }
    for (std::size_t p = 0; p < Buckets; ++p) {
      if (window_[0].count[p] != 0) {
        f(std::size_t{0}, window_[0].index(p), static_cast<std::uint64_t>(window_[0].count[p]));
      }
    }
  }
  /// The end that bucket i shares with the one below it.
  [[nodiscard]] constexpr double edge(std::int32_t i) const noexcept {
    return math::exp2(static_cast<double>(i) * math::exp2(static_cast<double>(-scale_)));
  }
  [[nodiscard]] constexpr double middle(std::int32_t i) const noexcept { return edge(i) * (1 + relative_error()); }

  constexpr void write(pb_writer& out, data_point_times times) const {
    const auto fixed = [&](std::uint32_t field, std::uint64_t v) { v != 0 ? out.fixed64(field, v) : void(); };
    fixed(2, times.start);
    fixed(3, times.time);
    fixed(4, total_);
    if (total_ != 0 && sum_known_ && min_ >= 0) {
      out.f64(5, total_sum());
    }
    if (scale_ != 0) {
      out.sint(6, scale_);
    }
    fixed(7, zeros_);
    for (std::size_t side = 0; side < sides; ++side) {
      const detail::exp_extent held = window_[side].held();
      if (!held.none()) {
        out.message(8 + static_cast<std::uint32_t>(side), [&](pb_writer& buckets) {
          if (held.first != 0) {
            buckets.sint(1, held.first);
          }
          buckets.message(2, [&](pb_writer& counts) {
            for (std::int32_t i = held.first; i <= held.last; ++i) {
              counts.raw_varint(window_[side].count[window_[side].slot(i)]);
            }
          });
        });
      }
    }
    if (total_ != 0) {
      out.f64(12, min_);
      out.f64(13, max_);
    }
    fixed(14, std::bit_cast<std::uint64_t>(zero_threshold_));
  }

  detail::exp_window<Buckets, Count> window_[sides]{};
  Count zeros_ = 0;
  std::uint32_t refused_ = 0;
  std::uint64_t total_ = 0;
  double zero_threshold_;
  // The halves of the sum do not stand side by side: GCC would load them as a pair, which waits for both stores of the last value.
  double sum_high_ = 0;
  double min_ = nothing;
  double sum_low_ = 0;
  double max_ = -nothing;
  std::int8_t max_scale_;
  std::int8_t scale_;
  bool sum_known_ = true;
  bool saturated_ = false;
};

template <std::size_t Buckets, class Count, signs S>
constexpr result<exp_histogram<Buckets, Count, S>> exp_histogram<Buckets, Count, S>::decode(byte_reader& in) noexcept {
  const result<detail::otlp_point> read = detail::otlp_point::read(in);
  if (!read) {
    return read.error();
  }
  const detail::otlp_point& p = read.value();
  if (p.scale < least_scale || p.scale > greatest_scale) {
    return p.plausible() ? errc::unsupported : errc::corrupt;
  }
  // First where the counts lie and what they add up to, then the counts themselves at a scale that holds them.
  const auto surveyed = p.survey();
  if (!surveyed) {
    return surveyed.error();
  }
  const auto& [extent, total] = surveyed.value();
  bool held = p.zero_count <= std::numeric_limits<Count>::max();
  int shift = 0;
  for (std::size_t side = 0; side < 2; ++side) {
    held = held && (extent[side].none() || side < sides);
    const int here = extent[side].shift_to_fit(Buckets);
    shift = here > shift ? here : shift;
  }
  exp_histogram out{greatest_scale, p.zero_threshold};
  if (total == 0) {
    out.scale_ = out.max_scale_ = static_cast<std::int8_t>(p.scale);
  }
  if (!held) {
    return errc::mismatch;
  }
  out.scale_ = static_cast<std::int8_t>(p.scale - shift);
  out.add_counts(out.zeros_, p.zero_count);
  for (std::size_t side = 0; side < sides; ++side) {
    out.window_[side].move_around(extent[side].coarser(shift));
    std::int64_t index = p.offset[side];  // zeros may follow beyond 32 bits
    (void)detail::otlp_point::each_count(p.counts[side], [&](std::uint64_t n) {
      if (n != 0) {
        out.add_counts(side, static_cast<std::int32_t>(index) >> shift, n);
      }
      ++index;
    });
  }
  if (out.saturated_) {
    return errc::mismatch;
  }
  if (total != 0) {
    // Without extremes in the image: the ends of the buckets.
    double low = p.max;
    double high = p.min;
    bool first = true;
    out.for_each([&](double lower, double upper, std::uint64_t) {
      low = first ? lower : low;
      high = upper;
      first = false;
    });
    out.min_ = (p.has_min ? p.min : low) + 0.0;
    out.max_ = (p.has_max ? p.max : high) + 0.0;
    if (out.max_ > std::numeric_limits<double>::max()) {
      out.max_ = std::numeric_limits<double>::max();
    }
    if (out.min_ < std::numeric_limits<double>::lowest()) {
      out.min_ = std::numeric_limits<double>::lowest();
    }
    if (out.min_ > out.max_ || (S == signs::positive && out.min_ < 0)) {
      return errc::corrupt;
    }
  }
  out.sum_known_ = p.has_sum || total == 0;
  out.sum_high_ = p.has_sum ? p.sum + 0.0 : 0.0;
  return out;
}

}  // namespace skerry::inline v0::stats
