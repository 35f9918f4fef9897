// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/schema.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

/// A key by its text, as in `reported/oil/7`. Does not own it.
class key_view {
 public:
  constexpr key_view() noexcept = default;
  /// From anything that is a text: `const char*`, `std::string_view`, `std::string`, `inplace_string`.
  template <std::convertible_to<std::string_view> T>
  constexpr key_view(const T& text) noexcept : text_(text) {}  // NOLINT(google-explicit-constructor): a key is its text
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_{};
};

/// One live record of a key. The payload is a view into the replica, valid until it changes.
struct explained_record {
  actor who{};
  std::uint64_t n = 0;
  stamp at{};
  bool trusted = false;  ///< the stamp is of a real time; always false where the policy has no stamps
  std::span<const std::byte> payload{};
};

/// A write that lost against another one that had not seen it, or that was refused.
struct overruled_write {
  actor who{};
  std::uint64_t n = 0;  ///< 0: an operation of this node that never happened
  stamp at{};
  state::why why = state::why::nothing;  ///< what put the other one above it, at that time
  errc refused = errc::ok;               ///< why it was refused; `ok` for one that lost
};

/// Why a key reads as it does.
struct explanation {
  static constexpr std::size_t shown = 16;
  static constexpr std::size_t remembered = 8;
  static constexpr std::size_t no_winner = static_cast<std::size_t>(-1);

  bool known = false;  ///< the text belongs to a path of the schema; else what is listed is carried along for others
  std::uint8_t policy = 0;
  write_rule writer = owner::any;
  state::why why = state::why::nothing;
  array_of<explained_record, shown> records{};        ///< by (actor, number), the winner among them
  std::size_t count = 0;                              ///< how many of `records` are filled
  std::size_t live = 0;                               ///< how many live records there are that can be read, or are listed
  std::size_t unknown = 0;                            ///< how many live records there are of kinds that nothing here reads
  std::size_t winner = no_winner;                     ///< which of `records`
  array_of<overruled_write, remembered> overruled{};  ///< of the last that this replica remembers of all its keys; the last first
  std::size_t overruled_count = 0;                    ///< how many of `overruled` are filled

  /// Fills in the records. `trusted(record_view)` says whether a stamp is of a real time.
  template <typename Records, typename Trusted>
  constexpr void list(const Records& all, const record_view& best, Trusted&& trusted) {
    live = all.size();
    // In the order of (actor, number); the last place is the winner's when it would not be among the first.
    record_view last{};
    for (bool more = live > 0; more && count < explanation::shown;) {
      record_view least{};
      more = false;
      all.for_each([&](const record_view& r) {
        const bool after_last = count == 0 || last.who < r.who || (last.who == r.who && last.n < r.n);
        if (after_last && (!more || r.who < least.who || (r.who == least.who && r.n < least.n))) {
          least = r;
          more = true;
        }
      });
      if (!more) {
        break;
      }
      last = least;
      if (count + 1 == explanation::shown && winner == explanation::no_winner) {
        least = best;
      }
      if (least.who == best.who && least.n == best.n) {
        winner = count;
      }
      records[count++] = {least.who, least.n, least.at, trusted(least), least.payload};
    }
  }
};

}  // namespace skerry::inline v0::state
