// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/counters.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::delivery {

/// Why an item that was accepted will never be delivered.
enum class drop_reason : std::uint8_t {
  expired,      ///< its time to live passed
  evicted,      ///< it made room for another
  dead_letter,  ///< the peer refused it for good, several times
  damaged,      ///< it could not be read back
  cancelled,    ///< by the application, or replaced under its user key
  not_stored,   ///< a direct send failed and was not to be stored, or could not be; or the power went before a sync
};
inline constexpr std::size_t drop_reasons = 6;

namespace detail {
/// One more. Where size counts, out of line: a 64-bit sum in memory takes more instructions than a call.
#if defined(__OPTIMIZE_SIZE__)
[[gnu::noinline]]
#endif
inline void
count_up(std::uint64_t& n) noexcept {
  ++n;
}
}  // namespace detail

/// Counts of one courier or outbox, over all its lives where the store keeps them.
///
/// At any moment: offered = produced + refused, and produced + recovered = delivered + all of dropped + queued, where `queued()` is asked
/// of the object.
struct delivery_counters {
  std::uint64_t offered = 0;
  std::uint64_t produced = 0;                         ///< accepted: has a ticket
  std::uint64_t refused = 0;                          ///< answered with an error, nothing kept
  std::uint64_t recovered = 0;                        ///< found in the store when it was opened, and counted by nobody, or as gone already
  std::uint64_t delivered = 0;                        ///< a peer took responsibility
  std::array<std::uint64_t, drop_reasons> dropped{};  ///< by drop_reason

  std::uint64_t sent_primary = 0;                ///< attempts at endpoint 0
  std::array<std::uint64_t, 7> fallback_used{};  ///< attempts at endpoint 1 + i
  std::uint64_t cached_offline = 0;              ///< sends that were stored because nobody could be reached
  std::uint64_t replayed = 0;                    ///< delivered out of the outbox
  std::uint64_t retries = 0;                     ///< attempts that were not the item's first
  std::uint64_t budget_denied = 0;
  std::uint64_t breaker_opened = 0;
  std::uint64_t late_results = 0;   ///< answers to tokens that were not current
  std::uint64_t lease_expired = 0;  ///< attempts that nobody answered in time
  std::uint64_t probes = 0;
  std::uint64_t duplicates_suppressed = 0;  ///< refused under a user key that was waiting
  std::uint64_t bytes_live = 0;             ///< payload delivered directly
  std::uint64_t bytes_replayed = 0;         ///< payload delivered out of the outbox
  std::uint64_t bytes_stored = 0;           ///< payload appended to the store
  std::uint64_t syncs = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t damaged_records = 0;  ///< reported by the store when it was opened

  [[nodiscard]] constexpr std::uint64_t dropped_total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : dropped) {
      sum += n;
    }
    return sum;
  }
  [[nodiscard]] constexpr std::uint64_t dropped_for(drop_reason why) const noexcept { return dropped[static_cast<std::size_t>(why)]; }

  constexpr void merge(const delivery_counters& other) noexcept {
    each(*this, other, [](std::string_view, std::uint64_t& mine, std::uint64_t theirs) { mine += theirs; });
  }
  template <typename F>
  constexpr void for_each(F&& f) const {
    each(*this, *this, [&f](std::string_view name, const std::uint64_t& mine, std::uint64_t) { f(name, mine); });
  }
  /// A version byte and a varint for each, in the order of `for_each`.
  constexpr void encode(byte_writer& out) const noexcept {
    out.u8(1);
    for_each([&out](std::string_view, std::uint64_t n) { out.varint(n); });
  }
  /// Errors  those of `byte_reader`; `unsupported` for another version
  [[nodiscard]] static constexpr result<delivery_counters> decode(byte_reader& in) noexcept {
    delivery_counters c;
    if (in.u8() != 1) {
      return in.error() == errc::ok ? errc::unsupported : in.error();
    }
    each(c, c, [&in](std::string_view, std::uint64_t& mine, std::uint64_t) { mine = in.varint(); });
    return in.error() == errc::ok ? result<delivery_counters>{c} : result<delivery_counters>{in.error()};
  }
  friend constexpr bool operator==(const delivery_counters&, const delivery_counters&) noexcept = default;

 private:
  template <typename Self, typename F>
  static constexpr void each(Self& a, const delivery_counters& b, F&& f) {
    constexpr std::array<std::string_view, drop_reasons> drop_names{"dropped_expired", "dropped_evicted",   "dropped_dead_letter",
                                                                    "dropped_damaged", "dropped_cancelled", "dropped_not_stored"};
    constexpr std::array<std::string_view, 7> fallback_names{"fallback_used_1", "fallback_used_2", "fallback_used_3", "fallback_used_4",
                                                             "fallback_used_5", "fallback_used_6", "fallback_used_7"};
    f("offered", a.offered, b.offered);
    f("produced", a.produced, b.produced);
    f("refused", a.refused, b.refused);
    f("recovered", a.recovered, b.recovered);
    f("delivered", a.delivered, b.delivered);
    for (std::size_t i = 0; i < drop_reasons; ++i) {
      f(drop_names[i], a.dropped[i], b.dropped[i]);
    }
    f("sent_primary", a.sent_primary, b.sent_primary);
    for (std::size_t i = 0; i < fallback_names.size(); ++i) {
      f(fallback_names[i], a.fallback_used[i], b.fallback_used[i]);
    }
    f("cached_offline", a.cached_offline, b.cached_offline);
    f("replayed", a.replayed, b.replayed);
    f("retries", a.retries, b.retries);
    f("budget_denied", a.budget_denied, b.budget_denied);
    f("breaker_opened", a.breaker_opened, b.breaker_opened);
    f("late_results", a.late_results, b.late_results);
    f("lease_expired", a.lease_expired, b.lease_expired);
    f("probes", a.probes, b.probes);
    f("duplicates_suppressed", a.duplicates_suppressed, b.duplicates_suppressed);
    f("bytes_live", a.bytes_live, b.bytes_live);
    f("bytes_replayed", a.bytes_replayed, b.bytes_replayed);
    f("bytes_stored", a.bytes_stored, b.bytes_stored);
    f("syncs", a.syncs, b.syncs);
    f("failed_syncs", a.failed_syncs, b.failed_syncs);
    f("damaged_records", a.damaged_records, b.damaged_records);
  }
};

}  // namespace skerry::inline v0::delivery
