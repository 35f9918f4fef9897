// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/result.hpp>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "core/counted.hpp"
#include "core/counting_new.hpp"
#include "core/dies.hpp"

namespace {

using skerry::errc;
using skerry::result;
using skerry::status;
using skerry_test::counted;

result<int> half(int v) {
  if (v % 2 != 0) {
    return errc::invalid;
  }
  return v / 2;
}

TEST_CASE("a status is true when all is well, and passes the first refusal on") {
  static_assert(status{} && !status{errc::full} && sizeof(status) == 1 && std::is_trivially_copyable_v<status>);
  int called = 0;
  const auto next = [&]() -> status {
    ++called;
    return errc::stale;
  };
  CHECK(status{}.and_then(next).error() == errc::stale);
  CHECK(status{errc::full}.and_then(next).error() == errc::full);
  CHECK(called == 1);
  CHECK(status{errc::io} == status{errc::io});
  static_assert(!std::is_convertible_v<status, bool>);
}

TEST_CASE("a result chains until the first refusal") {
  CHECK(half(8).and_then(half).and_then(half).value() == 1);
  CHECK(half(6).and_then(half).error() == errc::invalid);
  CHECK(half(6).and_then([](const int&) -> status { return errc::gap; }).error() == errc::gap);
  const result<std::string> text = half(6).transform([](const int& v) { return std::to_string(v); });
  CHECK(text.value() == "3");
  CHECK(half(5).transform([](const int& v) { return std::to_string(v); }).error() == errc::invalid);
  CHECK(half(5).value_or(-1) == -1);
  CHECK(half(4).value_or(-1) == 2);
  CHECK(half(4) == half(4));
  CHECK(!(half(4) == half(5)));
  CHECK(half(5) == half(7));
}

TEST_CASE("a result that owns something makes and ends as many lives as it should, through every assignment") {
  {
    result<counted> full{counted{1}};
    result<counted> other{counted{2}};
    result<counted> empty{errc::absent};
    CHECK(counted::alive == 2);
    result<counted> copy = full;
    CHECK(copy.value().value() == 1);
    copy = empty;
    CHECK(copy.error() == errc::absent);
    copy = other;
    CHECK(copy.value().value() == 2);
    copy = std::as_const(copy);
    CHECK(copy.value().value() == 2);
    result<counted> moved = std::move(full);
    CHECK(moved.value().value() == 1);
    empty = std::move(moved);
    CHECK(empty.value().value() == 1);
    moved = errc::gap;
    CHECK(moved.error() == errc::gap);
    CHECK(std::move(empty).value_or(counted{9}).value() == 1);
  }
  CHECK(counted::alive == 0);
  result<std::unique_ptr<int>> only_moves{std::make_unique<int>(3)};
  static_assert(!std::is_reference_v<decltype(half(8).value())>);  // what a loop binds to outlives the result
  auto taken = std::move(only_moves).value();
  CHECK(*taken == 3);
  result<std::unique_ptr<int>> in_place{std::in_place, new int{4}};
  CHECK(*in_place.value() == 4);
}

TEST_CASE("a result is trivially copyable exactly when its value is, and one byte larger") {
  static_assert(std::is_trivially_copyable_v<result<int>> && !std::is_trivially_copyable_v<result<counted>>);
  static_assert(sizeof(result<char>) == 2 && sizeof(result<std::uint32_t>) == 8);
  static_assert(noexcept(std::declval<result<int>&>().value()) && std::is_nothrow_move_constructible_v<result<int>>);
  static_assert(!std::is_convertible_v<result<int>, bool>);
  static_assert([] {
    const result<int> r = 4;
    return r && r.value() == 4;
  }());
  const auto before = skerry_test::allocations();
  const result<int> r = half(4).and_then(half);
  CHECK(r);
  CHECK(skerry_test::allocations() == before);
}

TEST_CASE("the value of an empty result, and a refusal called ok, are the caller's mistakes") {
  CHECK(skerry_test::panics([] { (void)half(3).value(); }));
  CHECK(skerry_test::panics([] { (void)result<int>{errc::ok}; }));
  CHECK(!skerry_test::panics([] { (void)half(4).value(); }));
}

}  // namespace
