// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/fixed_string.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace {

using skerry::fixed_string;

template <fixed_string Name>
struct named {
  static constexpr std::string_view name = Name.view();
};

TEST_CASE("a text is a template argument, and equal texts make the same type") {
  static_assert(std::is_same_v<named<"speed">, named<"speed">>);
  static_assert(!std::is_same_v<named<"speed">, named<"spee">>);
  static_assert(named<"speed">::name == "speed");
  static_assert(named<"">::name.empty());
  static_assert(sizeof(fixed_string{"abc"}) == 4);
  CHECK(std::strlen(fixed_string{"abc"}.c_str()) == 3);
}

TEST_CASE("texts of different lengths compare, and are never equal") {
  static_assert(fixed_string{"abc"} == fixed_string{"abc"});
  static_assert(fixed_string{"abc"} != fixed_string{"abd"});
  static_assert(fixed_string{"abc"} != fixed_string{"ab"});
  static_assert(fixed_string{"a\0c"}.size() == 3);
  const std::string_view text = fixed_string{"a\0c"};
  CHECK(text.size() == 3);
}

}  // namespace
