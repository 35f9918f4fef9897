// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace skerry::inline v0::anomaly {

namespace detail {

/// True when every leaf code of the forest fits a Leaf. A forest over an allocator keeps two bytes, whatever its codes need.
template <typename Leaf, typename Forest>
[[nodiscard]] bool leaves_fit(const Forest& forest) noexcept {
  if constexpr (sizeof(typename Forest::leaf_type) > sizeof(Leaf)) {
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      for (const auto leaf : forest.leaves_of(t)) {
        if (leaf > std::numeric_limits<Leaf>::max()) {
          return false;
        }
      }
    }
  }
  return true;
}

}  // namespace detail

/// The trained forest in another shape, built for one way of scoring: `lower<walk_heap_for<Forest>>(forest)`.
///
/// Every shape answers the `depth_sum_codes` of the forest for every row, equal to the bit. It stands alone afterwards.
/// Errors  `insufficient`: the forest has no tree; `full`: it is larger, deeper or of other columns than the shape
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
