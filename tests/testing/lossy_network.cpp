// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/lossy_network.hpp>

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace skerry::testing;

namespace {
/// The instants at which messages 0 to 999 arrive, from node 0 at node 1.
std::multimap<int, std::uint64_t> arrivals(const network_faults& faults, std::uint64_t seed, int without = -1) {
  lossy_network<int> net{3, seed, faults};
  for (int i = 0; i < 1000; ++i) {
    if (i != without) {
      net.send(0, 1, 0, static_cast<std::uint64_t>(i), 100, i);
    }
  }
  std::multimap<int, std::uint64_t> all;
  while (const auto m = net.next(~std::uint64_t{0})) {
    all.emplace(m->cargo, m->at);
  }
  return all;
}
}  // namespace

TEST_CASE("a network without faults delivers every message once, in order and after its delay", "[testing][lossy_network]") {
  lossy_network<int> net{2, 1, {}};
  net.send(0, 1, 100, 1, 8, 11);
  net.send(0, 1, 101, 2, 8, 22);
  CHECK_FALSE(net.next(109));
  const auto first = net.next(200);
  REQUIRE(first);
  CHECK(first->cargo == 11);
  CHECK(first->at == 110);
  CHECK(first->bytes == 8);
  CHECK(net.next(200)->cargo == 22);
  CHECK(net.idle());
  CHECK(net.counts().arrived == 2);
}

TEST_CASE("loss, repeats and reordering come about as often as asked for", "[testing][lossy_network]") {
  network_faults faults;
  faults.lose = 65'536 / 4;
  faults.repeat = 65'536 / 2;
  faults.jitter = 1000;
  lossy_network<int> net{2, 7, faults};
  for (int i = 0; i < 10'000; ++i) {
    net.send(0, 1, 0, static_cast<std::uint64_t>(i), 8, i);
  }
  const network_counts c = net.counts();
  CHECK(c.lost > 2300);
  CHECK(c.lost < 2700);
  CHECK(c.repeated > 3500);
  CHECK(c.repeated < 4000);
  CHECK(c.reordered > 9000);
}

TEST_CASE("leaving one message out changes the fate of no other one", "[testing][lossy_network]") {
  network_faults faults;
  faults.lose = 20'000;
  faults.repeat = 20'000;
  faults.jitter = 500;
  faults.long_delay = 1'000'000;
  auto all = arrivals(faults, 3);
  const auto fewer = arrivals(faults, 3, 500);
  all.erase(500);
  CHECK(all == fewer);
  CHECK(arrivals(faults, 4) != all);
}

TEST_CASE("what happens on the way to one of a hundred nodes tells nothing of what happens on the way to another") {
  // Beyond 64 nodes a message shared its fate with the one before it on the way to the node 64 places on.
  network_faults faults;
  faults.lose = 32768;
  lossy_network<int> net{100, 7, faults};
  int both = 0;
  int differ = 0;
  for (int i = 1; i < 1000; ++i) {
    const auto lost = [&](std::uint64_t name, std::size_t to) {
      const std::uint64_t before = net.counts().lost;
      net.send(0, to, 0, name, 8, 0);
      return net.counts().lost != before;
    };
    const bool there = lost(static_cast<std::uint64_t>(i), 65);
    const bool here = lost(static_cast<std::uint64_t>(i) + 1, 1);
    both += there && here ? 1 : 0;
    differ += there != here ? 1 : 0;
  }
  CHECK(both > 150);
  CHECK(differ > 400);
}

TEST_CASE("a partition has one direction, and a message longer than the MTU arrives without its end", "[testing][lossy_network]") {
  network_faults faults;
  faults.mtu = 50;
  lossy_network<int> net{2, 1, faults};
  net.cut(0, 1);
  net.send(0, 1, 0, 1, 100, 1);
  net.send(1, 0, 0, 2, 100, 2);
  const auto m = net.next(1000);
  REQUIRE(m);
  CHECK(m->to == 0);
  CHECK(m->bytes == 50);
  CHECK_FALSE(net.next(1000));
  net.heal(0, 1);
  net.send(0, 1, 0, 3, 20, 3);
  CHECK(net.next(1000)->bytes == 20);
  CHECK(net.counts().partitioned == 1);
  CHECK(net.counts().cut == 1);
}
