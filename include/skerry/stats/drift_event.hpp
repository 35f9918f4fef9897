// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::stats {

/// What one value told a change detector. Whatever is not `none` has made the detector begin anew.
enum class drift_event : std::uint8_t {
  none,
  rise,    ///< the level went up
  fall,    ///< the level went down
  change,  ///< something is different; the detector does not know a direction
};

namespace detail {

// Frames of the change detectors.
inline constexpr std::uint8_t frame_page_hinkley = 16, frame_cusum = 17, frame_adwin = 18, frame_kswin = 19;

/// Whether a number of an image is finite and fits into Real without rounding.
template <std::floating_point Real>
[[nodiscard]] constexpr bool fits(double x) noexcept {
  if (!__builtin_isfinite(x)) {
    return false;
  }
  if constexpr (std::same_as<Real, double>) {
    return true;
  } else {
    constexpr double most = static_cast<double>(std::numeric_limits<Real>::max());
    return x <= most && x >= -most && static_cast<double>(static_cast<Real>(x)) == x;
  }
}

/// The two bytes that begin a frame.
[[nodiscard]] constexpr errc check_frame(byte_reader& in, std::uint8_t type) noexcept {
  const auto found = in.u8();
  const auto version = in.u8();
  if (in.error() != errc::ok) {
    return in.error();
  }
  return found != type ? errc::corrupt : (version != 1 ? errc::unsupported : errc::ok);
}

template <typename Detector, typename Other>
constexpr void no_merge() noexcept {
  static_assert(!std::same_as<Other, Other>,
                "two change detectors cannot be merged, because each follows the order of its own stream: "
                "merge stats::moments or stats::kll of both, and compare those with stats::ks");
}

}  // namespace detail

}  // namespace skerry::inline v0::stats
