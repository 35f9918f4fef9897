// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/scenario.hpp>

#include "fuzz/fuzz.hpp"

// A line of a scenario: what is accepted lies within the ranges that the parser promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = skerry::testing::parse_scenario(text);
  if (!read) {
    const skerry::errc e = read.error();
    FUZZ_REQUIRE(e == skerry::errc::absent || e == skerry::errc::corrupt || e == skerry::errc::out_of_range);
    return 0;
  }
  const skerry::testing::scenario_entry& s = read.value();
  FUZZ_REQUIRE(s.at >= 0 && s.at < 1e16);
  FUZZ_REQUIRE(s.ramp >= 0 && s.ramp < 1e16);
  FUZZ_REQUIRE(s.until > s.at);
  FUZZ_REQUIRE(s.severity > 0 && s.severity <= 1);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  out.add("fault", "bearing_outer@3600:0.6");
  out.add("ramp", "2/imbalance@600-1200:0.3+60");
  out.add("sensor", "12/sensor_dropout@7.25-9");
}
