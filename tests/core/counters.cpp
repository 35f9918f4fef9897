// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/counters.hpp>

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace {

struct link_counters {
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
  constexpr void merge(const link_counters& other) {
    sent += other.sent;
    dropped += other.dropped;
  }
  template <typename F>
  constexpr void for_each(F&& f) const {
    f("sent", sent);
    f("dropped", dropped);
  }
};
struct no_names {
  std::uint64_t sent = 0;
  void merge(const no_names&) {}
};
struct not_readable_when_const {
  void merge(const not_readable_when_const&) {}
  template <typename F>
  void for_each(F&&) {}
};
struct not_from_zero {
  explicit not_from_zero(int) {}
  void merge(const not_from_zero&) {}
  template <typename F>
  void for_each(F&&) const {}
};

TEST_CASE("a plain struct of counts that adds and names itself is a counter_block, near-misses are not") {
  static_assert(skerry::counter_block<link_counters>);
  static_assert(!skerry::counter_block<no_names> && !skerry::counter_block<not_readable_when_const> &&
                !skerry::counter_block<not_from_zero>);
  link_counters a{3, 1};
  a.merge({4, 0});
  std::string text;
  a.for_each([&](std::string_view name, std::uint64_t count) { text += std::string{name} + "=" + std::to_string(count) + " "; });
  CHECK(text == "sent=7 dropped=1 ");
}

}  // namespace
