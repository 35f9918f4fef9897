// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/errc.hpp>
#include <skerry/core/instant.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

/// Who decides where both sides of a twin changed the same leaf.
enum class twin_side : std::uint8_t { device, cloud };

/// All leaves at and below a JSON Pointer belong to one side; the longest prefix counts.
struct twin_owner {
  std::string_view prefix{};
  twin_side side = twin_side::device;
};

/// What clouds agree on: the cloud says what is desired, the device what is.
inline constexpr twin_owner desired_and_reported[] = {{"/desired", twin_side::cloud}, {"/reported", twin_side::device}};

struct twin_settings {
  std::span<const twin_owner> owners = desired_and_reported;  ///< outlives the object
  twin_side otherwise = twin_side::device;
  std::uint32_t min_push_interval_ms = 1000;
  std::uint32_t longest_interval_ms = 300'000;  ///< up to which the interval doubles while nothing is gained
  std::uint32_t answer_within_ms = 30'000;      ///< after that a request counts as lost
};

/// A type L models `twin_limits` when:
///   1. `time` models `instant`;
///   2. `document_bytes`, up to 65535, holds a document as rows: 4 bytes, path and value of each leaf;
///   3. `most_bytes` and `depth` are what the cloud takes: compact JSON of the document, or of each of its sections when `per_section`;
///      levels of objects within a section;
///   4. `keeps_empty_objects` says whether the cloud stores objects without members.
template <typename L>
concept twin_limits = instant<typename L::time> && requires {
  { L::document_bytes } -> std::convertible_to<std::size_t>;
  { L::most_bytes } -> std::convertible_to<std::size_t>;
  { L::depth } -> std::convertible_to<std::size_t>;
  { L::per_section } -> std::convertible_to<bool>;
  { L::keeps_empty_objects } -> std::convertible_to<bool>;
};

namespace limits {
/// A shadow document of 8 KB over both sections.
struct cloud_twin {
  using time = std::uint64_t;
  static constexpr std::size_t document_bytes = 16'384;
  static constexpr std::size_t most_bytes = 8192;
  static constexpr std::size_t depth = 6;
  static constexpr bool per_section = false;
  static constexpr bool keeps_empty_objects = false;
};
/// The same, of 30 KB.
struct large_cloud_twin : cloud_twin {
  static constexpr std::size_t document_bytes = 61'440;
  static constexpr std::size_t most_bytes = 30'720;
};
/// A hub's twin: 32 KB for each section.
struct hub_twin : cloud_twin {
  static constexpr std::size_t document_bytes = 65'535;
  static constexpr std::size_t most_bytes = 32'768;
  static constexpr std::size_t depth = 10;
  static constexpr bool per_section = true;
  static constexpr bool keeps_empty_objects = true;
};
/// A microcontroller with some tens of leaves.
struct small_twin : cloud_twin {
  using time = std::uint32_t;
  static constexpr std::size_t document_bytes = 1536;
  static constexpr std::size_t most_bytes = 1024;
};
}  // namespace limits

enum class twin_request : std::uint8_t {
  none,
  get,   ///< read the whole document
  push,  ///< write a merge patch
  drop,  ///< delete the document
};

/// What to ask the cloud for. Its answer names `request`.
struct twin_action {
  twin_request kind = twin_request::none;
  std::uint32_t request = 0;
  std::uint64_t expected = 0;  ///< the version that the cloud must still be at
  bool creates = false;        ///< there is no document yet, and no version to expect
  std::size_t bytes = 0;       ///< of the patch
};

/// Everything that a twin cost, and that did not go the straight way.
struct owned_merge_counters {
  std::uint64_t gets = 0;
  std::uint64_t pushes = 0;
  std::uint64_t drops = 0;
  std::uint64_t accepted = 0;     ///< leaves taken over from the cloud
  std::uint64_t conflicts = 0;    ///< pushes refused because the cloud had moved on
  std::uint64_t restarts = 0;     ///< a version lower than known: base dropped
  std::uint64_t revived = 0;      ///< deletions that came too late for a newer document
  std::uint64_t stale = 0;        ///< patches, deletions and answers from before
  std::uint64_t gaps = 0;         ///< patches with some missing before them
  std::uint64_t unanswered = 0;   ///< requests
  std::uint64_t busy = 0;         ///< requests that were put off
  std::uint64_t refused = 0;      ///< pushes that the cloud will not have
  std::uint64_t over_limits = 0;  ///< documents held back because they are too large or too deep
  std::uint64_t unreadable = 0;   ///< documents and patches that could not be taken in
  std::uint64_t slowed_down = 0;  ///< times the interval was doubled

 private:
  template <typename F>
  static constexpr void for_each_member(F&& f) {
    f("gets", &owned_merge_counters::gets);
    f("pushes", &owned_merge_counters::pushes);
    f("drops", &owned_merge_counters::drops);
    f("accepted", &owned_merge_counters::accepted);
    f("conflicts", &owned_merge_counters::conflicts);
    f("restarts", &owned_merge_counters::restarts);
    f("revived", &owned_merge_counters::revived);
    f("stale", &owned_merge_counters::stale);
    f("gaps", &owned_merge_counters::gaps);
    f("unanswered", &owned_merge_counters::unanswered);
    f("busy", &owned_merge_counters::busy);
    f("refused", &owned_merge_counters::refused);
    f("over_limits", &owned_merge_counters::over_limits);
    f("unreadable", &owned_merge_counters::unreadable);
    f("slowed_down", &owned_merge_counters::slowed_down);
  }

 public:
  template <typename F>
  constexpr void for_each(F&& f) const {
    for_each_member([this, &f](const char* name, std::uint64_t owned_merge_counters::*member) { f(name, this->*member); });
  }
  constexpr void merge(const owned_merge_counters& other) noexcept {
    for_each_member([this, &other](const char*, std::uint64_t owned_merge_counters::*member) { this->*member += other.*member; });
  }
  friend constexpr bool operator==(const owned_merge_counters&, const owned_merge_counters&) noexcept = default;
};

}  // namespace skerry::inline v0::state
