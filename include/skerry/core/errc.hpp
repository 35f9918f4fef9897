// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace skerry::inline v0 {

/// The one vocabulary of refusals. Numbers are permanent: new ones are added at the end.
///
/// A call that answers anything but `ok` left its object as it was.
enum class errc : std::uint8_t {
  ok = 0,            ///< no refusal
  full = 1,          ///< capacity or quota is used up
  empty = 2,         ///< nothing is there
  invalid = 3,       ///< a parameter outside its range
  out_of_range = 4,  ///< a value or position outside what can be represented
  not_finite = 5,    ///< NaN or infinity where none is taken
  width = 6,         ///< wrong number of columns, length or shape
  insufficient = 7,  ///< not enough observed yet, not fitted
  degenerate = 8,    ///< the data has no spread
  mismatch = 9,      ///< parameters of two objects do not agree
  corrupt = 10,      ///< bytes that cannot be
  truncated = 11,    ///< bytes that end too early
  unsupported = 12,  ///< a version or feature that this build does not read
  stale = 13,        ///< a token, cursor, time or version from before
  refused = 14,      ///< policy says no
  unavailable = 15,  ///< nobody could be reached
  timeout = 16,      ///< the time given was not enough
  io = 17,           ///< the device failed
  absent = 18,       ///< nothing by that name
  time_jump = 19,    ///< a clock moved further than is believed
  singular = 20,     ///< a matrix that cannot be factored
  fenced = 21,       ///< a retired member speaks
  not_owner = 22,    ///< somebody else may write this
  clock_ahead = 23,  ///< a stamp lies further ahead than is accepted
  needs_epoch = 24,  ///< a copy must take a new identity before it writes
  gap = 25,          ///< something before this is missing
};

/// The enumerator's name; "unknown" for a number that no version of this header has given out.
[[nodiscard]] constexpr const char* to_string(errc e) noexcept {
  switch (e) {
    case errc::ok: return "ok";
    case errc::full: return "full";
    case errc::empty: return "empty";
    case errc::invalid: return "invalid";
    case errc::out_of_range: return "out_of_range";
    case errc::not_finite: return "not_finite";
    case errc::width: return "width";
    case errc::insufficient: return "insufficient";
    case errc::degenerate: return "degenerate";
    case errc::mismatch: return "mismatch";
    case errc::corrupt: return "corrupt";
    case errc::truncated: return "truncated";
    case errc::unsupported: return "unsupported";
    case errc::stale: return "stale";
    case errc::refused: return "refused";
    case errc::unavailable: return "unavailable";
    case errc::timeout: return "timeout";
    case errc::io: return "io";
    case errc::absent: return "absent";
    case errc::time_jump: return "time_jump";
    case errc::singular: return "singular";
    case errc::fenced: return "fenced";
    case errc::not_owner: return "not_owner";
    case errc::clock_ahead: return "clock_ahead";
    case errc::needs_epoch: return "needs_epoch";
    case errc::gap: return "gap";
  }
  return "unknown";
}

}  // namespace skerry::inline v0
