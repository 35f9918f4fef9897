// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

template <typename Code, typename Allocator>
class dynamic_isolation_forest;

namespace detail {

/// True where a core is so small that nothing is gained by walking several trees together, and branches cost what they say.
inline constexpr bool walks_one_by_one = sizeof(void*) < 8;

/// Columns of a forest whose width comes from data.
inline constexpr std::size_t columns_from_data = 0;

template <typename Forest>
struct features_of {
  static constexpr std::size_t value = Forest::features;
};
template <typename Code, typename Allocator>
struct features_of<dynamic_isolation_forest<Code, Allocator>> {
  static constexpr std::size_t value = columns_from_data;
};

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

/// Columns of the codes that the splits compare: more than those of a row of numbers, where the forest derives some.
template <typename Forest>
[[nodiscard]] std::size_t code_columns(const Forest& forest) noexcept {
  if constexpr (requires { forest.code_columns(); }) {
    return forest.code_columns();
  } else {
    return forest.codes().columns();
  }
}

/// True when the forest was trained to be asked with the missing code as one code among others.
template <typename Forest>
[[nodiscard]] bool takes_missing(const Forest& forest) noexcept {
  if constexpr (requires { forest.takes_missing(); }) {
    return forest.takes_missing();
  } else {
    return false;
  }
}

/// Whether the codes of some rows can be walked: all of one width, and none missing where that is not taken.
template <forest_code Code>
[[nodiscard]] constexpr status rows_fit(row_view<Code> rows, std::size_t columns, std::size_t answers, bool missing_too) noexcept {
  if (!rows.holds(columns) || answers != rows.rows) {
    return errc::width;
  }
  for (std::size_t i = 0; !missing_too && i < rows.rows; ++i) {
    if (!none_missing<Code>(rows.row(i), columns)) {
      return errc::not_finite;
    }
  }
  return {};
}

}  // namespace detail

/// The trained forest in another shape, built for one way of scoring: `lower<walk_heap_for<Forest>>(forest)`.
///
/// Every shape answers the `depth_sum_codes` of the forest for every row, equal to the bit. It stands alone afterwards. The shapes of a
/// `dynamic_isolation_forest` take their memory, once, from its allocator; what that throws passes through.
/// Errors  `insufficient`: the forest has no tree; `full`: it is larger, deeper or of other columns than the shape
template <typename Shape, typename Forest>
[[nodiscard]] result<Shape> lower(const Forest& forest) noexcept(std::is_nothrow_constructible_v<Shape, const Forest&>) {
  if (forest.trees() == 0) {
    return errc::insufficient;
  }
  if (!Shape::holds(forest)) {
    return errc::full;
  }
  return result<Shape>{std::in_place, forest};
}

}  // namespace skerry::inline v0::anomaly
