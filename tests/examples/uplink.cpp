// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "../../examples/08_gateway/uplink.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

using namespace gateway;

namespace {

std::vector<std::byte> one_row_summary(std::uint16_t machine, double value) {
  summary_message m{machine, {channel_moments{}}};
  REQUIRE(m.channels[0].observe(value));
  std::array<std::byte, 64> memory;
  skerry::byte_writer out{memory};
  REQUIRE(encode(m, out));
  return {out.written().begin(), out.written().end()};
}

}  // namespace

TEST_CASE("whatever the schedule of cuts, every summary counts once in the region", "[uplink]") {
  std::uint64_t duplicates = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    std::vector<link_cut> cuts;
    double t = 5;
    while (t < 250) {
      const double length = 0.02 + static_cast<double>(random() % 2000) / 100;
      cuts.push_back({t, t + length});
      t += length + 0.05 + static_cast<double>(random() % 1000) / 100;
    }
    region peer{seed};
    store kept{"", "a test", false};
    uplink up{peer, cuts, seed, 0, kept};
    std::uint64_t rows = 0;
    for (double now = 0; now < 300; now += 0.01 * static_cast<double>(1 + random() % 30)) {
      up.run_until(now);
      up.send(stream_summary, 2, one_row_summary(1, static_cast<double>(rows)), now);
      ++rows;
    }
    // The courier waits up to a minute between two attempts.
    up.run_until(900);
    run_record run;
    up.finish(run);
    peer.finish(run);
    CHECK(run.account.balances());
    CHECK(run.account.produced == rows);
    CHECK(run.account.delivered == rows);
    CHECK(run.region.rows == rows);
    CHECK(run.region.order_kept);
    CHECK(run.region.damaged == 0);
    duplicates += run.account.duplicates;
  }
  // Answers were lost on the way back, so the same item came twice: otherwise this test would prove little.
  CHECK(duplicates > 0);
}

TEST_CASE("a link that never comes back leaves everything queued and nothing lost", "[uplink]") {
  region peer{1};
  store kept{"", "a test", false};
  uplink up{peer, {link_cut{0, 1e6}}, 1, 0, kept};
  for (int i = 0; i < 100; ++i) {
    up.send(stream_summary, 2, one_row_summary(1, i), i);
  }
  up.run_until(200);
  run_record run;
  up.finish(run);
  CHECK(run.account.balances());
  CHECK(run.account.delivered == 0);
  CHECK(run.account.queued == 100);
}

TEST_CASE("an uplink that begins again on the same store sends what waited, and nothing that was handed over before", "[uplink]") {
  region peer{1};
  store kept{"", "a test", true};
  const auto story = [&](uplink& up, int rows) {
    for (int i = 0; i < rows; ++i) {
      up.run_until(i);
      up.send(stream_summary, 2, one_row_summary(1, i), i);
    }
  };
  {
    uplink up{peer, {link_cut{40, 1e6}}, 1, 0, kept};
    story(up, 60);
    CHECK(up.queued() == 20);
  }
  kept.reopen();
  uplink again{peer, {}, 1, 0, kept};
  CHECK(again.queued() >= 20);
  story(again, 100);
  again.run_until(200);
  again.close();
  run_record run;
  again.finish(run);
  peer.finish(run);
  CHECK(run.account.produced == 40);
  CHECK(run.account.queued == 0);
  CHECK(run.account.balances());
  CHECK(run.region.summaries == 100);
  CHECK(run.region.rows == 100);
  CHECK(run.region.order_kept);
  CHECK(run.region.historical >= 20);
}

TEST_CASE("a message with a flipped bit is refused or says something else, and never reads past its end", "[uplink]") {
  const std::vector<std::byte> good = one_row_summary(3, 1.5);
  REQUIRE(decode_summary(good));
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(decode_summary(std::span{good}.first(length)));
  }
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::vector<std::byte> bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const auto m = decode_summary(bad);
    CHECK((!m || m->channels.size() <= 1));
  }
}

// Found by the fuzz target gateway_messages: any byte but 0 was taken for "raised", so that damage passed for an alarm.
TEST_CASE("an alarm is raised or not, nothing else", "[uplink]") {
  std::array<std::byte, 32> memory;
  skerry::byte_writer out{memory};
  REQUIRE(encode(alarm_message{2, 17, true, 1767225600000}, out));
  CHECK(decode_alarm(out.written()));
  memory[6] = std::byte{2};
  CHECK_FALSE(decode_alarm(out.written()));
}
