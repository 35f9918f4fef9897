// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/accountant.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <string>

namespace {
using skerry::delivery::delivery_counters;
using skerry::testing::accountant;

/// Seven offered, two refused; of the five two were delivered, one dropped, and two are queued.
struct life {
  accountant books;
  delivery_counters c;
  std::uint64_t queued = 2;
  life() {
    for (int i = 0; i < 7; ++i) {
      books.offered(i < 5);
    }
    books.acknowledged();
    books.acknowledgements_durable();
    books.acknowledged();
    c.offered = 7;
    c.produced = 5;
    c.refused = 2;
    c.delivered = 2;
    c.dropped[0] = 1;
  }
};

TEST_CASE("books that balance have nothing to say, and one item too many or too few anywhere is told") {
  const life good;
  CHECK(good.books.now(good.c, good.queued).empty());
  CHECK(good.books.restarted(good.c, good.queued).empty());
  for (const auto field : {&delivery_counters::offered, &delivery_counters::produced, &delivery_counters::refused,
                           &delivery_counters::delivered, &delivery_counters::recovered}) {
    for (const int by : {-1, 1}) {
      life wrong;
      wrong.c.*field += static_cast<std::uint64_t>(by);
      CHECK_FALSE(wrong.books.now(wrong.c, wrong.queued).empty());
    }
  }
  CHECK_FALSE(good.books.now(good.c, 1).empty());
  CHECK_FALSE(good.books.now(good.c, 3).empty());
}

TEST_CASE("counters that balance and tell of something that did not happen are found out") {
  // One more was delivered than was acknowledged, and one fewer is queued: the sum holds.
  life wrong;
  wrong.c.delivered = 3;
  wrong.queued = 1;
  CHECK(accountant::sum(wrong.c, wrong.queued).empty());
  CHECK(wrong.books.now(wrong.c, wrong.queued) == "delivered counts 3, seen were 2");
  CHECK_FALSE(wrong.books.restarted(wrong.c, wrong.queued).empty());
}

TEST_CASE("a restart may forget what was not durable, and nothing else") {
  life after;
  after.c.delivered = 1;  // the second acknowledgement was not synced: the item is queued again
  after.queued = 3;
  CHECK(after.books.restarted(after.c, after.queued).empty());
  CHECK_FALSE(after.books.now(after.c, after.queued).empty());
  after.c.delivered = 0;  // the first one was
  after.queued = 4;
  CHECK(after.books.restarted(after.c, after.queued) == "delivered 0, and 2 were acknowledged, 1 of them durably");
  // An append that failed may have left its record; more records than appends cannot be.
  life more;
  more.c.produced = 7;
  more.c.offered = 9;
  more.queued = 4;
  CHECK(more.books.restarted(more.c, more.queued).empty());
  more.c.produced = 8;
  more.c.offered = 10;
  more.queued = 5;
  CHECK(more.books.restarted(more.c, more.queued) == "produced 8, and 5 were accepted");
}

TEST_CASE("a new life is counted from what it began with") {
  life l;
  l.books.begin_life(l.c);
  CHECK(l.books.now(l.c, l.queued).empty());
  l.books.offered(true);
  CHECK_FALSE(l.books.now(l.c, l.queued).empty());
  ++l.c.offered;
  ++l.c.produced;
  CHECK(l.books.now(l.c, l.queued + 1).empty());
}

}  // namespace
