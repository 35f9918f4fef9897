// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// Counts between fixed edges, which both sides of a merge must share.
///
/// Bin 0 holds x <= edge(0), bin i edge(i - 1) < x <= edge(i), the last bin what is above all edges: nothing is out of range. These are
/// the explicit bounds of OpenTelemetry and the `le` of Prometheus.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`, counted)
/// Cost    O(log Bins) per value; 16 · Bins + 8 bytes; no heap
/// Bound   a quantile lies in the bin of the true one; within it the answer is interpolated. In the outer bins it is their only edge.
/// Merge   commutative and associative, exactly; not idempotent. `mismatch` for other edges: then nothing changed.
/// Errors  `full` when a count of 2^64 - 1 would grow; queries: `empty`, `invalid` for a rank outside [0, 1]; `retract`: `empty`,
///         `absent`; `decode`: `truncated`, `corrupt`, `unsupported` (version), `mismatch` (another number of bins)
template <std::size_t Bins>
class histogram {
  static_assert(Bins >= 2 && Bins <= 65535, "histogram<Bins>: 2 to 65535; the image names them in two bytes");

 public:
  using value_type = double;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::exact;
  static constexpr std::size_t bins = Bins;
  static constexpr std::size_t encoded_size = 4 + 8 * (Bins - 1) + 8 * Bins;

  /// Errors  `invalid` unless the edges are finite and ascend strictly
  [[nodiscard]] static constexpr result<histogram> create(std::span<const double, Bins - 1> edges) noexcept {
    histogram out;
    for (std::size_t i = 0; i < Bins - 1; ++i) {
      if (!math::isfinite(edges[i]) || (i != 0 && !(edges[i - 1] < edges[i]))) {
        return errc::invalid;
      }
      out.edge_[i] = edges[i] + 0.0;
    }
    return out;
  }
  /// Edges at equal distances, the first and the last as given.
  ///
  /// Errors  `invalid` unless first < last, both finite and far enough apart for the edges to differ
  [[nodiscard]] static constexpr result<histogram> linear(double first, double last) noexcept {
    double edges[Bins - 1];
    for (std::size_t i = 0; i < Bins - 1; ++i) {
      const double part = Bins == 2 ? 0 : static_cast<double>(i) / static_cast<double>(Bins - 2);
      edges[i] = first * (1 - part) + last * part;
    }
    return first < last ? create(edges) : result<histogram>{errc::invalid};
  }

  constexpr status observe(double x, std::uint64_t n = 1) noexcept {
    if (!math::isfinite(x)) {
      ++refused_;
      return errc::not_finite;
    }
    if (n > std::numeric_limits<std::uint64_t>::max() - total_) {
      ++refused_;
      return errc::full;
    }
    count_[bin_of(x)] += n;
    total_ += n;
    return {};
  }
  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const double> xs) noexcept {
    std::size_t accepted = 0;
    for (const double x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }
  /// Takes back a value that was observed, exactly.
  constexpr status retract(double x, std::uint64_t n = 1) noexcept {
    if (total_ == 0) {
      return errc::empty;
    }
    if (!math::isfinite(x)) {
      return errc::not_finite;
    }
    std::uint64_t& c = count_[bin_of(x)];
    if (c < n) {
      return errc::absent;
    }
    c -= n;
    total_ -= n;
    return {};
  }
  constexpr status merge(const histogram& other) noexcept {
    for (std::size_t i = 0; i < Bins - 1; ++i) {
      if (edge_[i] != other.edge_[i]) {
        return errc::mismatch;
      }
    }
    if (other.total_ > std::numeric_limits<std::uint64_t>::max() - total_) {
      return errc::full;
    }
    const std::uint64_t theirs = other.refused_;
    total_ += other.total_;
    for (std::size_t i = 0; i < Bins; ++i) {
      count_[i] += other.count_[i];
    }
    refused_ += theirs;
    return {};
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return total_; }
  /// Of one bin.
  [[nodiscard]] constexpr std::uint64_t count(std::size_t bin) const noexcept {
    SKERRY_ASSERT(bin < Bins);
    return count_[bin];
  }
  /// The upper end of bin i, which belongs to it; i < Bins - 1.
  [[nodiscard]] constexpr double edge(std::size_t i) const noexcept {
    SKERRY_ASSERT(i < Bins - 1);
    return edge_[i];
  }
  [[nodiscard]] constexpr std::size_t bin_of(double x) const noexcept {
    std::size_t low = 0;
    for (std::size_t left = Bins - 1; left != 0;) {
      const std::size_t half = left / 2;
      if (edge_[low + half] < x) {
        low += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return low;
  }
  /// The part of the values that is not above x, interpolated within the bin of x; in an outer bin half of it.
  [[nodiscard]] constexpr result<double> rank(double x) const noexcept {
    if (math::isnan(x)) {
      return errc::not_finite;
    }
    if (total_ == 0) {
      return errc::empty;
    }
    const std::size_t bin = bin_of(x);
    double part = 0.5;
    if constexpr (Bins > 2) {
      if (bin > 0 && bin < Bins - 1) {
        part = (0.5 * x - 0.5 * edge_[bin - 1]) / (0.5 * edge_[bin] - 0.5 * edge_[bin - 1]);
      }
    }
    double below = 0;
    for (std::size_t i = 0; i < bin; ++i) {
      below += static_cast<double>(count_[i]);
    }
    const double answer = (below + part * static_cast<double>(count_[bin])) / static_cast<double>(total_);
    return answer < 1 ? answer : 1.0;
  }
  [[nodiscard]] constexpr result<double> quantile(double rank) const noexcept {
    if (!(rank >= 0 && rank <= 1)) {
      return errc::invalid;
    }
    if (total_ == 0) {
      return errc::empty;
    }
    const double wanted = rank * static_cast<double>(total_);
    double below = 0;
    std::uint64_t passed = 0;
    std::size_t bin = 0;
    // Sums of doubles may round past `wanted`: the bin at which all have been counted is the last in any case.
    for (;; ++bin) {
      passed += count_[bin];
      if (count_[bin] != 0 && (passed == total_ || below + static_cast<double>(count_[bin]) >= wanted)) {
        break;
      }
      below += static_cast<double>(count_[bin]);
    }
    if (bin == 0 || bin == Bins - 1) {
      return edge_[bin == 0 ? 0 : Bins - 2];
    }
    double part = (wanted - below) / static_cast<double>(count_[bin]);
    part = part < 0 ? 0 : (part < 1 ? part : 1);
    // By halves, because the distance of two edges may be beyond a double; in this form it rises with `part` whatever rounds.
    const double half = part * (0.5 * edge_[bin] - 0.5 * edge_[bin - 1]);
    const double answer = (edge_[bin - 1] + half) + half;
    return answer < edge_[bin] ? answer : edge_[bin];
  }

  /// Values refused here or in what was merged. Not part of the image.
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  /// An empty one with the same edges.
  [[nodiscard]] constexpr histogram empty() const noexcept {
    histogram out;
    for (std::size_t i = 0; i < Bins - 1; ++i) {
      out.edge_[i] = edge_[i];
    }
    return out;
  }
  constexpr void clear() noexcept { *this = empty(); }

  /// The frame `u8 6, u8 version 1, u16 bins, f64 edges[bins - 1], u64 counts[bins]`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u16(static_cast<std::uint16_t>(Bins));
    for (const double e : edge_) {
      out.f64(e);
    }
    for (const std::uint64_t c : count_) {
      out.u64(c);
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<histogram> decode(byte_reader& in) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const auto count = in.u16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type || count < 2) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (count != Bins) {
      return errc::mismatch;
    }
    double edges[Bins - 1];
    bool possible = true;
    for (double& e : edges) {
      e = in.f64();
      possible = possible && !(e == 0 && math::signbit(e));  // so that an accepted image is also what `encode` writes
    }
    result<histogram> out = create(edges);
    std::uint64_t counts[Bins];
    for (std::uint64_t& c : counts) {
      c = in.u64();
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (!out || !possible) {
      return errc::corrupt;
    }
    for (std::size_t i = 0; i < Bins; ++i) {
      if (counts[i] > std::numeric_limits<std::uint64_t>::max() - out.value().total_) {
        return errc::corrupt;
      }
      out.value().count_[i] = counts[i];
      out.value().total_ += counts[i];
    }
    return out;
  }

  /// Equal edges and equal counts; what was refused does not matter.
  friend constexpr bool operator==(const histogram& a, const histogram& b) noexcept {
    bool same = true;
    for (std::size_t i = 0; i < Bins; ++i) {
      same = same && a.count_[i] == b.count_[i] && (i == Bins - 1 || a.edge_[i] == b.edge_[i]);
    }
    return same;
  }

 private:
  static constexpr std::uint8_t frame_type = 6;
  static constexpr std::uint8_t frame_version = 1;

  constexpr histogram() noexcept = default;

  double edge_[Bins - 1]{};
  std::uint64_t count_[Bins]{};
  std::uint64_t total_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace skerry::inline v0::stats
