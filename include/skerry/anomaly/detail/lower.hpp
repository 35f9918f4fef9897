// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <utility>

namespace skerry::inline v0::anomaly {

/// The trained forest in another shape, built for one way of scoring: `lower<walk_heap_for<Forest>>(forest)`.
///
/// Every shape answers the `depth_sum_codes` of the forest for every row, equal to the bit. It stands alone afterwards.
/// Errors  `insufficient`: the forest has no tree; `full`: its trees are deeper than the shape
template <typename Shape, typename Forest>
[[nodiscard]] result<Shape> lower(const Forest& forest) noexcept {
  if (forest.trees() == 0) {
    return errc::insufficient;
  }
  if (!Shape::holds(forest)) {
    return errc::full;
  }
  return result<Shape>{std::in_place, forest};
}

}  // namespace skerry::inline v0::anomaly
