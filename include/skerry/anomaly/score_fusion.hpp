// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/forest_config.hpp>
#include <skerry/core/config.hpp>
#include <skerry/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

/// Where the sums of usual rows lie, and how far they reach on the strange side.
struct sum_scale {
  float median;
  float spread;  ///< from the median to the 84th percentile of strangeness; above zero

  /// Spreads below the median; higher = stranger. About normal rows of one column this is a z value.
  [[nodiscard]] constexpr float z(std::uint32_t sum) const noexcept { return (median - static_cast<float>(sum)) / spread; }
};

namespace detail {

/// The value of rank `rank` (0 = least) among n, found bit by bit from above by counting: no copy, and no order is needed.
template <typename SumAt>
[[nodiscard]] constexpr std::uint32_t ranked_sum(std::size_t n, std::size_t rank, std::uint32_t greatest, const SumAt& sum_at) noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = greatest;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    std::size_t below = 0;
    for (std::size_t i = 0; i < n; ++i) {
      below += sum_at(i) <= middle ? 1 : 0;
    }
    if (below > rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

template <typename SumAt>
[[nodiscard]] constexpr sum_scale scale_of(std::size_t n, const SumAt& sum_at) noexcept {
  std::uint32_t greatest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    greatest = sum_at(i) > greatest ? sum_at(i) : greatest;
  }
  const std::uint32_t median = ranked_sum(n, (n - 1) / 2, greatest, sum_at);
  const std::uint32_t strange = ranked_sum(n, (n - 1) * 4 / 25, greatest, sum_at);
  // More than a third of the rows may share one sum. The step of a sum is then all that is known of the spread.
  return {static_cast<float>(median), static_cast<float>(median > strange ? median - strange : 1U)};
}

}  // namespace detail

/// One score out of depth and density: which of the two is better differs from data to data.
///
/// Both sums are brought to spreads below the median of a reference, then fused = max(z_depth, 0.6 · z_density). Density may speak up
/// where depth is silent, and has to speak louder.
///
/// Input   sums of reference rows, usual ones or all that a forest was grown from
/// Units   spreads of the reference; higher = stranger, a usual row lies about 0
/// Cost    16 bytes; `learn` reads the reference some forty times and needs no memory; a score is two divisions
/// Errors  `insufficient`: fewer than two reference rows, or scored before; `invalid`: a scale whose spread is not above zero
/// Source  the weight 0.6 and the shape were chosen on public data; figures in docs/figures.md
class score_fusion {
 public:
  static constexpr float density_weight = 0.6F;

  /// From scales that were found elsewhere, such as quantiles of a sketch.
  [[nodiscard]] static constexpr result<score_fusion> create(sum_scale depth, sum_scale density) noexcept {
    if (!(depth.spread > 0.0F) || !(density.spread > 0.0F)) {
      return errc::invalid;
    }
    score_fusion made;
    made.depth_ = depth;
    made.density_ = density;
    return made;
  }

  /// Takes the sums of reference rows.
  [[nodiscard]] constexpr status learn(std::span<const forest_sums> reference) noexcept {
    if (reference.size() < 2) {
      return errc::insufficient;
    }
    depth_ = detail::scale_of(reference.size(), [reference](std::size_t i) { return reference[i].depth; });
    density_ = detail::scale_of(reference.size(), [reference](std::size_t i) { return reference[i].density; });
    return {};
  }

  [[nodiscard]] constexpr bool learned() const noexcept { return depth_.spread > 0.0F; }
  [[nodiscard]] constexpr const sum_scale& depth() const noexcept { return depth_; }
  [[nodiscard]] constexpr const sum_scale& density() const noexcept { return density_; }

  [[nodiscard]] constexpr result<float> score(forest_sums sums) const noexcept {
    if (!learned()) {
      return errc::insufficient;
    }
    const float by_depth = depth_.z(sums.depth);
    const float by_density = density_weight * density_.z(sums.density);
    return by_depth > by_density ? by_depth : by_density;
  }
  /// True when it is the density that speaks.
  [[nodiscard]] constexpr bool by_density(forest_sums sums) const noexcept {
    return learned() && density_weight * density_.z(sums.density) > depth_.z(sums.depth);
  }

 private:
  sum_scale depth_{0.0F, 0.0F}, density_{0.0F, 0.0F};
};

}  // namespace skerry::inline v0::anomaly
