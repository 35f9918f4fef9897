// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/schema.hpp>

#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>

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
