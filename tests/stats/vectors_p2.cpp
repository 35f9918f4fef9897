// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/p2.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto x = c.at("x").get<std::vector<double>>();
    const auto at = c.at("at").get<std::vector<std::uint64_t>>();
    const auto estimate = c.at("estimate").get<std::vector<double>>();
    const double tolerance = c.at("tolerance").get<double>();
    auto made = skerry::stats::p2<>::create(c.at("p").get<double>());
    if (!made || at.empty() || at.size() != estimate.size() || at.back() > x.size()) {
      checks.held("form of the case", false, "a usable case", "none");
      continue;
    }
    auto sketch = made.value();
    std::size_t next = 0;
    for (const double v : x) {
      checks.held("observe", static_cast<bool>(sketch.observe(v)), "ok", "refused");
      for (; next < at.size() && at[next] == sketch.count(); ++next) {
        const double got = sketch.quantile().value_or(NAN);
        checks.held(fmt::format("estimate after {}", at[next]),
                    std::fabs(got - estimate[next]) <= tolerance * std::max(1e-300, std::fabs(estimate[next])),
                    fmt::format("{:.17g}", estimate[next]), fmt::format("{:.17g}", got));
      }
    }
    checks.equal("estimates compared", at.size(), next);
  }
}

const skerry_test::suite_registration p2_suite{"stats.p2", &run};

}  // namespace
