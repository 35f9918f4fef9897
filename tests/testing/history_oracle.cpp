// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/history_oracle.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace skerry::testing;

namespace {
operation op(std::uint64_t who, std::uint32_t key, op_role role, std::int64_t value, op_set covers = {}) {
  operation o;
  o.who = {who, 1, 1};
  o.key = key;
  o.role = role;
  o.value = value;
  o.covers = covers;
  return o;
}
}  // namespace

TEST_CASE("concurrent writes stand side by side until somebody who saw them writes", "[testing][history_oracle]") {
  history_oracle o;
  o.restart(2, 4);
  const auto a = o.add(0, op(1, 2, op_role::value, 10));
  const auto b = o.add(1, op(2, 2, op_role::value, 20));
  CHECK_FALSE(o.known(0).contains(b));
  o.learn(0, o.known(1), o.heard(1));
  op_set both;
  both.insert(a);
  both.insert(b);
  CHECK(o.live(o.known(0), 2) == both);
  const auto c = o.add(0, op(1, 2, op_role::value, 30, o.live(o.known(0), 2)));
  op_set last;
  last.insert(c);
  CHECK(o.live(o.known(0), 2) == last);
  CHECK(o.live(o.known(1), 2).contains(b));  // has not heard of it
  CHECK(o.live(o.known(0), 3).empty());
}

TEST_CASE("a removal that comes before what it removed keeps it away", "[testing][history_oracle]") {
  history_oracle o;
  o.restart(3, 1);
  const auto add = o.add(0, op(1, 0, op_role::value, 1));
  const op_set add_frame = o.known(0);
  const auto gone = o.add(0, op(1, 0, op_role::erase, 0, o.live(o.known(0), 0)));
  op_set erase_frame;
  erase_frame.insert(gone);
  o.learn(1, erase_frame, erase_frame);
  o.learn(1, add_frame, add_frame);
  CHECK(o.known(1).contains(add));
  CHECK(o.live(o.known(1), 0).empty());
}

TEST_CASE("a delta of a counter tells all that its totals include, of its own life alone", "[testing][history_oracle]") {
  history_oracle o;
  o.restart(2, 1);
  (void)o.add(0, op(1, 0, op_role::share, 3));
  (void)o.add(1, op(2, 0, op_role::share, 100));
  const auto later = o.add(0, op(1, 0, op_role::share, 4));
  CHECK(o.sum(o.live(o.operations()[later].conveys, 0, op_role::share)) == 7);
}

TEST_CASE("an image that is put back takes the knowledge back to what it was", "[testing][history_oracle]") {
  history_oracle o;
  o.restart(1, 1);
  const op_set known = o.known(0);
  (void)o.add(0, op(1, 0, op_role::value, 1));
  o.forget(0, known, known);
  CHECK(o.live(o.known(0), 0).empty());
}

TEST_CASE("of numbered statements the greatest generation, number, nonce and bytes count", "[testing][history_oracle]") {
  history_oracle o;
  o.restart(1, 1);
  operation row = op(1, 0, op_role::row, 1);
  row.generation = 1;
  row.sequence = 9;
  (void)o.add(0, row);
  row.sequence = 5;
  row.value = 2;
  (void)o.add(0, row);
  CHECK(o.row(o.known(0), 0, 0)->value == 1);
  row.generation = 2;
  row.sequence = 1;
  row.value = 3;
  (void)o.add(0, row);
  CHECK(o.row(o.known(0), 0, 0)->value == 3);
  CHECK(o.row(o.known(0), 0, 7) == nullptr);
}

TEST_CASE("rights move with gifts, and nobody's are counted twice", "[testing][history_oracle]") {
  history_oracle o;
  o.restart(1, 1);
  (void)o.add(0, op(1, 0, op_role::share, 10));
  operation gift = op(1, 0, op_role::gift, 4);
  gift.to = {2, 1, 1};
  (void)o.add(0, gift);
  (void)o.add(0, op(2, 0, op_role::share, -3));
  CHECK(o.rights(o.known(0), 0, {1, 1, 1}) == 6);
  CHECK(o.rights(o.known(0), 0, {2, 1, 1}) == 1);
}
