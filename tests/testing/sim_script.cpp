// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/sim_script.hpp>

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace skerry::testing;

TEST_CASE("a script says the same after it was written down and read", "[testing][sim_script]") {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    CAPTURE(seed);
    const sim_script s = make_script(seed, {}, 13);
    const std::string text = write_script(s, [](const sim_event&) { return "why"; });
    const auto again = parse_script(text);
    REQUIRE(again);
    CHECK(again.value().seed == seed);
    CHECK(again.value().faults == s.faults);
    CHECK(write_script(again.value(), [](const sim_event&) { return "why"; }) == text);
  }
}

TEST_CASE("what is no script is corrupt", "[testing][sim_script]") {
  const std::string head = "script seed 1 nodes 2 faults none\n";
  REQUIRE(parse_script(head));
  CHECK_FALSE(parse_script(""));
  CHECK_FALSE(parse_script("script seed x nodes 2 faults none\n"));
  CHECK_FALSE(parse_script("script seed 1 nodes 0 faults none\n"));
  CHECK_FALSE(parse_script("script seed 1 nodes 2 faults rain\n"));
  CHECK_FALSE(parse_script(head + "1 +0 operate 2 0 0 0 0 0 0\n"));  // there is no node 2
  CHECK_FALSE(parse_script(head + "1 +0 dance 0 0 0 0 0 0 0\n"));
  CHECK_FALSE(parse_script(head + "1 +0 operate 0 0\n"));
}

TEST_CASE("each fault is on in some runs and off in others, and only those that are allowed", "[testing][sim_script]") {
  std::uint32_t ever = 0;
  std::uint32_t always = all_sim_faults;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const sim_script s = make_script(seed, {}, 5);
    ever |= s.faults;
    always &= s.faults;
    sim_options few;
    few.faults = bit(sim_fault::lose) | bit(sim_fault::clone);
    CHECK((make_script(seed, few, 5).faults & ~few.faults) == 0);
  }
  CHECK(ever == all_sim_faults);
  CHECK(always == 0);
}

TEST_CASE("faults have names that are read back", "[testing][sim_script]") {
  CHECK(parse_faults("all").value() == all_sim_faults);
  CHECK(parse_faults("none").value() == 0);
  CHECK(parse_faults("lose,huge").value() == (bit(sim_fault::lose) | bit(sim_fault::huge)));
  CHECK(parse_faults(to_string(bit(sim_fault::mtu) | bit(sim_fault::step))).value() == (bit(sim_fault::mtu) | bit(sim_fault::step)));
  CHECK_FALSE(parse_faults("lose,luck"));
}
