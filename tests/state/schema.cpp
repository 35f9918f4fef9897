// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/schema.hpp>

#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/sets.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <type_traits>
#include <vector>

namespace state = skerry::state;
using state::path;
using namespace std::string_view_literals;

namespace {
struct setpoint {
  static constexpr path at{"desired/setpoint"};
  using policy = state::lww<double>;
  static constexpr auto writer = state::owner::cloud;
};
struct oil_temp {
  static constexpr path at{"reported/oil/{sensor}/of/{line}"};
  using policy = state::keep_both<float>;
};
struct no_policy {
  static constexpr path at{"a"};
  using policy = int;
};
struct no_path {
  static constexpr const char* at = "a";
  using policy = state::counter;
};
using plant = state::schema<setpoint, oil_temp>;

// Placeholders at the beginning, at the end, in the middle, side by side and apart, and an element behind either.
template <int I>
struct shaped {
  static constexpr std::array<path, 8> all{"ab", "{x}", "a/{x}", "{x}/b", "b/{x}/{y}/a", "a/{x}/b/{y}", "m", "b/{x}"};
  static constexpr path at = all[I];
  using policy = std::conditional_t<(I >= 6), state::aw_set<int, 4>, state::counter>;
};

static_assert(state::schema_entry<setpoint> && state::schema_entry<oil_temp>);
static_assert(!state::schema_entry<no_policy> && !state::schema_entry<no_path> && !state::schema_entry<int>);
static_assert(std::same_as<state::value_t<oil_temp>, float>);
static_assert(plant::index_of<setpoint> == 0 && plant::index_of<oil_temp> == 1 && plant::has_placeholders);

static_assert(path{"a/{x}"}.overlaps(path{"a/b"}) && path{"{x}/b"}.overlaps(path{"a/{y}"}) && path{"a"}.overlaps(path{"a"}));
static_assert(!path{"a/{x}"}.overlaps(path{"b/c"}) && !path{"a/{x}"}.overlaps(path{"a"}) && !path{"{x}"}.overlaps(path{"{x}/{y}"}));
static_assert(path{"a/{x}/b/{y}"}.placeholders() == 2 && path{"a/{x}"}.segment(1) == "{x}"sv);

static_assert(state::path_argument<int> && state::path_argument<const char*> && state::path_argument<std::string_view>);
static_assert(!state::path_argument<bool> && !state::path_argument<char> && !state::path_argument<double>);

static_assert(state::detail::writer_of<setpoint>() == state::owner::cloud && state::detail::writer_of<oil_temp>() == state::owner::any);
static_assert(state::owner::any.allows(state::role::user_3) && !state::owner::cloud.allows(state::role::device));
static_assert(state::owner::role<state::role::user_1>.allows(state::role::user_1));
}  // namespace

TEST_CASE("a key's text finds its path and is written again from it", "[state][schema]") {
  std::array<char, 16> args{};
  std::array<char, plant::longest + 16> text{};
  for (const char* key : {"desired/setpoint", "reported/oil/7/of/north"}) {
    const auto found = plant::match(key, args);
    REQUIRE(found);
    CHECK(std::string(text.data(), plant::write_text(found.value(), text)) == key);
  }
  const auto oil = plant::match("reported/oil/7/of/north", args).value();
  CHECK(oil.path == 1);
  CHECK(std::string(oil.args.data(), oil.args.size()) == "7/north");
}

TEST_CASE("a text that fits no path is not guessed", "[state][schema]") {
  std::array<char, 8> args{};
  for (const char* key : {"", "/", "desired", "desired/setpoint/", "desired/setpoint/x", "reported/oil//of/x", "reported/oil/1/of/",
                          "Desired/setpoint", "reported/oil/1/at/2"}) {
    CAPTURE(key);
    CHECK(plant::match(key, args).error() == skerry::errc::absent);
  }
  CHECK(plant::match("reported/oil/12345/of/678", args).error() == skerry::errc::full);
}

namespace {
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Segment by segment, into texts of their own.
template <int I>
void match_by_segments(const std::string& text) {
  using alone = state::schema<shaped<I>>;
  std::string pattern{shaped<I>::at.text()};
  pattern += I >= 6 ? "/{e}" : "";
  const auto want = split(pattern);
  const auto have = split(text);
  bool fits = want.size() == have.size();
  std::string arguments;
  for (std::size_t i = 0; fits && i < want.size(); ++i) {
    const bool open = want[i][0] == '{';
    fits = open ? !have[i].empty() : have[i] == want[i];
    arguments += open ? (arguments.empty() ? "" : "/") + have[i] : "";
  }
  std::array<char, 3> room{};
  const auto found = alone::match(text, room);
  CAPTURE(I, text, arguments);
  if (!fits) {
    CHECK(found.error() == skerry::errc::absent);
  } else if (arguments.size() > room.size()) {
    CHECK(found.error() == skerry::errc::full);
  } else {
    REQUIRE(found);
    CHECK(std::string(found.value().args.begin(), found.value().args.end()) == arguments);
  }
}
template <int... I>
void match_all(const std::string& text, std::integer_sequence<int, I...>) {
  (match_by_segments<I>(text), ...);
}
}  // namespace

TEST_CASE("a text fits a path segment by segment, wherever the placeholders stand", "[state][schema]") {
  skerry::pcg32 random{3};
  for (int i = 0; i < 4'000; ++i) {
    std::string text;
    for (std::uint32_t left = skerry::uniform_below(random, 9); left > 0; --left) {
      text += "ab/m"[skerry::uniform_below(random, 4)];
    }
    match_all(text, std::make_integer_sequence<int, 8>{});
  }
}
