// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/stats/detail/compensated.hpp>
#include <skerry/stats/detail/lanes.hpp>

#include <cstddef>
#include <span>

namespace skerry::inline v0::stats::detail {

struct lane_ends {
  double least;
  double greatest;
};

/// Adds a block of whole lanes to a sum, in twice the digits, and answers its ends. A NaN or an infinity in it shows in the sum, whatever
/// the comparisons make of it.
[[nodiscard]] inline lane_ends sum_lanes(std::span<const double> block, compensated<double>& sum) noexcept {
  // Four sums of eight lanes are more than SSE2 has registers: there half of the lanes at a time, with the same operations.
  constexpr std::size_t width = 4 * lane_count * sizeof(double) >= 16 * register_bytes ? lane_count / 2 : lane_count;
  using part_lanes = lanes<double, width>;
  const double* const end = block.data() + block.size();
  double each[4][lane_count];
  for (std::size_t part = 0; part < lane_count; part += width) {
    part_lanes high;
    part_lanes low;
    part_lanes least = part_lanes::load(block.data() + part);
    part_lanes greatest = least;
    for (const double* at = block.data(); at != end; at += lane_count) {
      const part_lanes x = part_lanes::load(at + part);
      const part_lanes s = high.plus(x);
      const part_lanes from_x = s.minus(high);
      low.add(high.minus(s.minus(from_x)).plus(x.minus(from_x)));
      high = s;
      least = x.least(least);
      greatest = x.greatest(greatest);
    }
    high.store(each[0] + part);
    low.store(each[1] + part);
    least.store(each[2] + part);
    greatest.store(each[3] + part);
  }
  lane_ends ends{each[2][0], each[3][0]};
  for (std::size_t l = 0; l < lane_count; ++l) {
    sum.add(each[0][l]);
    sum.add(each[1][l]);
    ends.least = each[2][l] < ends.least ? each[2][l] : ends.least;
    ends.greatest = each[3][l] > ends.greatest ? each[3][l] : ends.greatest;
  }
  return ends;
}

}  // namespace skerry::inline v0::stats::detail
