// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/core/array_of.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstddef>
#include <type_traits>

// Compiled with -O3 whatever the configuration: with std::array GCC 12 gives back an array of zeros here, or of what was on the stack.
namespace {

using skerry::array_of;

template <std::size_t N>
struct element {
  std::array<char, N> name{};
  int number = -1;
  unsigned long used = 0;
};

template <std::size_t N>
class holder {
 public:
  [[nodiscard]] array_of<element<N + 24>, N> all() const { return elements_; }

 private:
  array_of<element<N + 24>, N> elements_{};
};

template <std::size_t N>
class keeper {
  struct nested {
    std::array<std::byte, N> bytes{};
    int number = -1;
    unsigned long used = 0;
  };

 public:
  explicit keeper(int first) noexcept : first_{first} {}
  keeper(keeper&& other) noexcept : first_{other.first_}, elements_{other.elements_} {}
  [[nodiscard]] int number(std::size_t i) const { return elements_[i].number; }

 private:
  int first_ = 0;
  array_of<nested, N> elements_{};
};

[[gnu::noinline]] int sum(const auto& of) {
  int all = 0;
  for (const auto& e : of) {
    all += e.number;
  }
  return all;
}

}  // namespace

TEST_CASE("array_of is std::array") { STATIC_CHECK(std::is_same_v<array_of<element<3>, 4>, std::array<element<3>, 4>>); }

TEST_CASE("an array returned from a class template holds what its elements were given") {
  const holder<16> h;
  CHECK(sum(h.all()) == -16);
}

TEST_CASE("an array copied by the constructor of a class template holds what its elements were given") {
  keeper<16> from{3};
  const keeper<16> to{static_cast<keeper<16>&&>(from)};
  int all = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    all += to.number(i);
  }
  CHECK(all == -16);
}
