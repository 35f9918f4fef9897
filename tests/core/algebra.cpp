// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

namespace {

using skerry::errc;
using skerry::status;

struct sum {
  using algebra = skerry::merges;
  void merge(const sum& other) { value += other.value; }
  int value = 0;
};
struct maximum {
  using algebra = skerry::joins;
  void join(const maximum& other) { value = std::max(value, other.value); }
  int value = 0;
};
struct small_sum {
  using algebra = skerry::merges;
  status merge(const small_sum& other) {
    if (value + other.value > 10) {
      return errc::full;
    }
    value += other.value;
    return {};
  }
  int value = 0;
};
struct strict_maximum {
  using algebra = skerry::joins;
  status join(const strict_maximum& other) {
    return other.value < 0 ? status{errc::mismatch} : (value = std::max(value, other.value), status{});
  }
  int value = 0;
};

struct silent {  // has the verb, claims no law
  void merge(const silent&) {}
};
struct wrong_claim {  // claims a join, offers a merge
  using algebra = skerry::joins;
  void merge(const wrong_claim&) {}
};
struct wrong_answer {
  using algebra = skerry::merges;
  bool merge(const wrong_answer&) { return true; }
};
struct takes_mutable {
  using algebra = skerry::merges;
  void merge(takes_mutable&) {}
};

TEST_CASE("a type is mergeable by what it claims and offers, and never by both verbs") {
  static_assert(skerry::commutative_monoid<sum> && skerry::commutative_monoid<small_sum>);
  static_assert(skerry::join_semilattice<maximum> && skerry::join_semilattice<strict_maximum>);
  static_assert(!skerry::join_semilattice<sum> && !skerry::commutative_monoid<maximum>);
  static_assert(skerry::mergeable<sum> && skerry::mergeable<maximum>);
  static_assert(!skerry::mergeable<silent> && !skerry::mergeable<wrong_claim> && !skerry::mergeable<wrong_answer> &&
                !skerry::mergeable<takes_mutable> && !skerry::mergeable<int>);
  CHECK(skerry::merge_kind::exact != skerry::merge_kind::rounded);
}

TEST_CASE("combine uses the verb that the type has, and passes its refusal on") {
  sum s{3};
  CHECK(skerry::combine(s, sum{4}));
  CHECK(s.value == 7);
  maximum m{3};
  CHECK(skerry::combine(m, maximum{2}));
  CHECK(m.value == 3);
  small_sum full{8};
  CHECK(skerry::combine(full, small_sum{4}).error() == errc::full);
  CHECK(full.value == 8);
  strict_maximum strict{1};
  CHECK(skerry::combine(strict, strict_maximum{-1}).error() == errc::mismatch);
  CHECK(skerry::combine(strict, strict_maximum{5}));
  CHECK(strict.value == 5);
}

}  // namespace
