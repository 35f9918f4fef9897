// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loader of the suite anomaly.latch.
#include <skerry/anomaly/alarm_latch.hpp>

#include <cstdint>
#include <limits>
#include <vector>

#include "vectors/vector_suite.hpp"

namespace {

using nlohmann::json;
using namespace skerry::anomaly;

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name")};
    const json& raise = c.at("raise");
    const json& clear = c.at("clear");
    latch_config config;
    config.k = raise.at("k").get<std::uint8_t>();
    config.n = raise.at("n").get<std::uint8_t>();
    config.enter = raise.at("enter").get<float>();
    config.m = clear.at("m").get<std::uint8_t>();
    config.leave = clear.at("leave").get<float>();
    auto latch = alarm_latch::create(config);
    if (!checks.equal("create", std::string{"ok"}, std::string{skerry::to_string(latch.error())})) {
      continue;
    }
    std::vector<bool> alarmed;
    std::vector<std::uint32_t> ids;
    for (const json& s : c.at("scores")) {
      (void)latch.value().observe(s.is_null() ? std::numeric_limits<float>::quiet_NaN() : s.get<float>());
      alarmed.push_back(latch.value().alarmed());
      ids.push_back(latch.value().alarms());
    }
    checks.equal("alarmed", c.at("expect").at("alarmed"), json(alarmed));
    checks.equal("alarm_id", c.at("expect").at("alarm_id"), json(ids));
  }
}

const skerry_test::suite_registration latch{"anomaly.latch", &run};

}  // namespace
