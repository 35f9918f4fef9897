// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loader of the suite anomaly.counter_rng: blocks of Philox4x32-10.
#include <skerry/core/random.hpp>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "vectors/vector_suite.hpp"

namespace {

using nlohmann::json;

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name")};
    std::array<std::uint32_t, 4> counter{};
    std::uint64_t key = 0;
    if (c.contains("counter")) {
      counter = c.at("counter").get<std::array<std::uint32_t, 4>>();
      const auto words = c.at("key").get<std::array<std::uint32_t, 2>>();
      key = words[0] | static_cast<std::uint64_t>(words[1]) << 32;
    } else {
      counter = {c.at("tree").get<std::uint32_t>(), c.at("node").get<std::uint32_t>(), c.at("block").get<std::uint32_t>(),
                 c.at("domain").get<std::uint32_t>()};
      key = std::stoull(c.at("seed").get<std::string>());
    }
    checks.equal("block", c.at("expect"), json(skerry::philox{key}.block(counter)));
  }
}

const skerry_test::suite_registration counter_rng{"anomaly.counter_rng", &run};

}  // namespace
