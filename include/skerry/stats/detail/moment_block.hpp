// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/stats/detail/lanes.hpp>

#include <cstddef>
#include <span>

namespace skerry::inline v0::stats::detail {

/// The mean of one block, and the sums of the powers of the distances from it.
template <typename Real, unsigned Order>
struct block_sums {
  Real mean = 0;
  Real power[Order] = {};
};

/// Sums of powers in Width lanes from `first` on. With eight lanes of double, four sums take all registers of SSE2 and more: half of the
/// lanes at a time is a third faster, and every lane sees the same operations.
template <unsigned Order, std::size_t Width, typename Real>
inline void sum_powers(const Real* from, const Real* end, std::size_t first, Real mean, Real (&sums)[Order][lane_count]) noexcept {
  using part = lanes<Real, Width>;
  part s1;
  part s2;
  part s3;
  part s4;
  for (; from != end; from += lane_count) {
    const part d = part::load(from + first).minus(mean);
    const part d2 = d.times(d);
    s1.add(d);
    s2.add(d2);
    if constexpr (Order >= 3) {
      s3.add(d2.times(d));
    }
    if constexpr (Order >= 4) {
      s4.add(d2.times(d2));
    }
  }
  s1.store(sums[0] + first);
  s2.store(sums[1] + first);
  if constexpr (Order >= 3) {
    s3.store(sums[2] + first);
  }
  if constexpr (Order >= 4) {
    s4.store(sums[3] + first);
  }
}

/// Two passes over one block, which is not empty: mean, then powers of the distances from it. (For Order 1 the mean alone.)
template <unsigned Order, typename Real>
[[nodiscard]] block_sums<Real, Order> sums_of_block(std::span<const Real> block) noexcept {
  const Real* const from = block.data();
  const std::size_t rest = block.size() % lane_count;
  const Real* const tail = from + (block.size() - rest);
  lanes<Real> sum;
  for (const Real* at = from; at != tail; at += lane_count) {
    sum.add(lanes<Real>::load(at));
  }
  sum.add_tail(tail, rest, [](Real x) { return x; });
  block_sums<Real, Order> out;
  out.mean = sum.fold() / static_cast<Real>(block.size());
  if constexpr (Order >= 2) {
    constexpr std::size_t width = Order * lane_count * sizeof(Real) >= 16 * register_bytes ? lane_count / 2 : lane_count;
    const Real mean = out.mean;
    Real sums[Order][lane_count];
    for (std::size_t first = 0; first < lane_count; first += width) {
      sum_powers<Order, width>(from, tail, first, mean, sums);
    }
    for (std::size_t l = 0; l < rest; ++l) {
      const Real d = tail[l] - mean;
      const Real power[4] = {d, d * d, (d * d) * d, (d * d) * (d * d)};
      for (unsigned k = 0; k < Order; ++k) {
        sums[k][l] += power[k];
      }
    }
    for (unsigned k = 0; k < Order; ++k) {
      out.power[k] = fold_lanes(sums[k]);
    }
  }
  return out;
}

}  // namespace skerry::inline v0::stats::detail
