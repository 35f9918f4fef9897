// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/protobuf.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/exp_index.hpp>
#include <skerry/stats/detail/exp_window.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// When the values of a data point were seen: nanoseconds UTC since 1970, zero for unknown.
struct data_point_times {
  std::uint64_t start = 0;
  std::uint64_t time = 0;
};

namespace detail {

/// An OpenTelemetry ExponentialHistogramDataPoint as it stands in its bytes: fields 2 to 9 and 12 to 14, others passed over.
struct otlp_point {
  std::uint64_t count = 0;
  double sum = 0;
  bool has_sum = false;
  std::int64_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  double min = 0;
  double max = 0;
  bool has_min = false;
  bool has_max = false;
  std::int64_t offset[2] = {};  // of the positive and the negative buckets
  std::span<const std::byte> counts[2];

  /// The counts of one side in order, zeros too; packed or one by one, as writers please.
  template <typename F>
  static constexpr errc each_count(std::span<const std::byte> message, F&& f) {
    pb_reader in{message};
    while (in.next()) {
      if (in.field() != 2) {
        continue;
      }
      if (in.wire() == pb_wire::varint) {
        f(in.varint());
        continue;
      }
      pb_reader packed = in.message();
      while (packed.more()) {
        const std::uint64_t n = packed.raw_varint();
        if (packed.error() == errc::ok) {
          f(n);
        }
      }
      if (packed.error() != errc::ok) {
        return packed.error();
      }
    }
    return in.error();
  }

  [[nodiscard]] static constexpr result<otlp_point> read(byte_reader& from) noexcept {
    if (from.error() != errc::ok) {
      return from.error();
    }
    otlp_point p;
    pb_reader in{from.bytes(from.remaining().size())};
    bool seen[2] = {};
    while (in.next()) {
      switch (in.field()) {
        case 4: p.count = in.fixed64(); break;
        case 5: p.sum = in.f64(), p.has_sum = true; break;
        case 6: p.scale = in.sint(); break;
        case 7: p.zero_count = in.fixed64(); break;
        case 8:
        case 9: {
          const unsigned side = in.field() - 8;
          if (seen[side]) {
            in.fail(errc::unsupported);  // the two halves of one message: legal, and written by nobody
          }
          seen[side] = true;
          p.counts[side] = in.bytes();
          pb_reader buckets{p.counts[side]};
          while (buckets.next()) {
            if (buckets.field() == 1) {
              p.offset[side] = buckets.sint();
            }
          }
          if (buckets.error() != errc::ok) {
            in.fail(buckets.error());
          }
          break;
        }
        case 12: p.min = in.f64(), p.has_min = true; break;
        case 13: p.max = in.f64(), p.has_max = true; break;
        case 14: p.zero_threshold = in.f64(); break;
        default: break;
      }
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    return p;
  }

  /// Whether the numbers beside the counts can be those of any point.
  [[nodiscard]] constexpr bool plausible() const noexcept {
    return zero_threshold >= 0 && math::isfinite(zero_threshold) && (!has_sum || math::isfinite(sum)) &&
           (!has_min || math::isfinite(min)) && (!has_max || math::isfinite(max)) && !(has_min && has_max && min > max);
  }

  /// Where the counts of either side lie, and what all add up to.
  struct counted {
    exp_extent extent[2];
    std::uint64_t total = 0;
  };
  /// Walks through the counts; the scale must be one of ours.
  ///
  /// Errors  `corrupt`: numbers or indices that no values have, or a total that is not `count`; what `each_count` answers
  [[nodiscard]] constexpr result<counted> survey() const noexcept {
    if (!plausible()) {
      return errc::corrupt;
    }
    // The doubles of this scale, and no index beyond: it could not be shifted safely.
    const std::int64_t least = exp_index(1, static_cast<int>(scale));
    const std::int64_t greatest = exp_index(double_infinity - 1, static_cast<int>(scale));
    counted found;
    found.total = zero_count;
    bool possible = true;
    for (std::size_t side = 0; side < 2; ++side) {
      std::int64_t index = offset[side];
      possible = possible && index >= std::numeric_limits<std::int32_t>::min() && index <= std::numeric_limits<std::int32_t>::max();
      const errc bad = each_count(counts[side], [&](std::uint64_t n) {
        if (n != 0) {
          possible = possible && index >= least && index <= greatest && n <= std::numeric_limits<std::uint64_t>::max() - found.total;
          found.total += n;
          if (possible) {
            found.extent[side].include({static_cast<std::int32_t>(index), static_cast<std::int32_t>(index)});
          }
        }
        ++index;
      });
      if (bad != errc::ok) {
        return bad;
      }
    }
    if (!possible || found.total != count || (found.total == 0 && (has_min || has_max || (has_sum && sum != 0)))) {
      return errc::corrupt;
    }
    return found;
  }
};

}  // namespace detail

}  // namespace skerry::inline v0::stats
