// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/errc.hpp>

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

namespace {

using skerry::errc;

TEST_CASE("the numbers of refusals are those that were given out, for ever") {
  constexpr const char* names[] = {"ok",           "full",        "empty",       "invalid",     "out_of_range", "not_finite",  "width",
                                   "insufficient", "degenerate",  "mismatch",    "corrupt",     "truncated",    "unsupported", "stale",
                                   "refused",      "unavailable", "timeout",     "io",          "absent",       "time_jump",   "singular",
                                   "fenced",       "not_owner",   "clock_ahead", "needs_epoch", "gap"};
  std::set<std::string> seen;
  for (std::uint8_t number = 0; number < 26; ++number) {
    CHECK(std::string{to_string(static_cast<errc>(number))} == names[number]);
    seen.insert(names[number]);
  }
  CHECK(seen.size() == 26);
  CHECK(errc::gap == static_cast<errc>(25));
}

TEST_CASE("a number from a later version has a name too") {
  CHECK(std::string{to_string(static_cast<errc>(26))} == "unknown");
  CHECK(std::string{to_string(static_cast<errc>(255))} == "unknown");
  static_assert(sizeof(errc) == 1 && noexcept(to_string(errc::ok)));
}

}  // namespace
