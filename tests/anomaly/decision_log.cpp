// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/decision_log.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>
#include <string>

using namespace skerry::anomaly;

TEST_CASE("decision_log writes number, bits of the score and decision, and its CRC is that of the text") {
  decision_log log;
  std::string text;
  const auto add = [&](std::uint32_t window, monitor_state state, bool strange, float score) {
    text += log.add({.window = window, .state = state, .strange = strange, .score = score, .level = 0.5F});
  };
  add(0, monitor_state::learning, false, 0);
  add(9, monitor_state::normal, false, 0.25F);
  add(10, monitor_state::alarmed, false, 0.5F);
  add(std::numeric_limits<std::uint32_t>::max(), monitor_state::suspect, true, -1.0F);
  CHECK(text ==
        "0 00000000 learning\n"
        "9 3e800000 normal\n"
        "10 3f000000 normal\n"
        "4294967295 bf800000 strange\n");
  CHECK(log.crc() == skerry::crc32c(std::as_bytes(std::span{text.data(), text.size()})));
}
