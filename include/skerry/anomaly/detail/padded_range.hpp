// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/quantizer.hpp>

#include <array>
#include <limits>

namespace skerry::inline v0::anomaly::detail {

/// The map of a stream whose future goes beyond `rows`: each range, widened by `padding` of its width on either side. A column that
/// did not move counts as one as wide as its value (1 at zero), else it could never be seen to move.
template <std::size_t Features, forest_code Code>
[[nodiscard]] result<quantizer<Features, Code>> padded_quantizer(row_view<float> rows, float padding, bool refuse_nan = true) noexcept {
  if (!rows.holds(Features)) {
    return errc::width;
  }
  if (rows.rows == 0) {
    return errc::insufficient;
  }
  if (!(padding >= 0.0F) || !is_finite(padding)) {
    return errc::invalid;
  }
  std::array<float, Features> lo;
  std::array<float, Features> hi;
  if (!column_ranges(rows, lo.data(), hi.data()) && (refuse_nan || any_infinite(rows))) {
    return errc::not_finite;
  }
  constexpr double most = std::numeric_limits<float>::max();
  for (std::size_t j = 0; j < Features; ++j) {
    const bool none = lo[j] > hi[j];  // every value is missing
    const double least = none ? 0.0 : lo[j];
    const double greatest = none ? 0.0 : hi[j];
    double width = greatest - least;
    if (!(width > 0)) {
      width = least < 0 ? -least : least > 0 ? least : 1.0;
    }
    if (width > most) {
      return errc::out_of_range;
    }
    // A product of two floats is exact in double: whether it is contracted with the sum cannot show.
    const double margin = static_cast<double>(static_cast<float>(width)) * static_cast<double>(padding);
    const double wide_lo = least - margin;
    const double wide_hi = greatest + margin;
    if (wide_lo < -most || wide_hi > most) {
      return errc::out_of_range;
    }
    lo[j] = static_cast<float>(wide_lo);
    hi[j] = static_cast<float>(wide_hi);
  }
  const auto made = quantizer<Features, Code>::from_range(lo, hi);
  return made ? made : result<quantizer<Features, Code>>{made.error() == errc::invalid ? errc::out_of_range : made.error()};
}

}  // namespace skerry::inline v0::anomaly::detail
