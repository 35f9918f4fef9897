// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/ewma.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::ewma;

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto x = c.at("x").get<std::vector<double>>();
    const auto mean = c.at("mean").get<std::vector<double>>();
    const auto variance = c.at("variance").get<std::vector<double>>();
    const double tolerance = c.at("tolerance").get<double>();
    const bool by_time = c.contains("tau");
    const auto t = by_time ? c.at("t").get<std::vector<std::int64_t>>() : std::vector<std::int64_t>(x.size());
    auto made = by_time ? ewma<>::create(c.at("tau").get<double>()) : ewma<>::with_alpha(c.at("alpha").get<double>());
    if (!made || x.empty() || mean.size() != x.size() || variance.size() != x.size() || t.size() != x.size()) {
      checks.held("form of the case", false, "a usable case", "none");
      continue;
    }
    ewma<> e = made.value();
    const auto near = [&](const char* what, std::size_t i, double expected, skerry::result<double> got, double file_rounding) {
      const double value = got.value_or(NAN);
      const double allowed = tolerance * std::max(1e-300, std::fabs(expected)) + file_rounding;
      checks.held(fmt::format("{} after value {}", what, i), std::fabs(value - expected) <= allowed, fmt::format("{:.17g}", expected),
                  fmt::format("{:.17g}", value));
    };
    for (std::size_t i = 0; i < x.size(); ++i) {
      checks.held("observe", static_cast<bool>(by_time ? e.observe(t[i], x[i]) : e.observe(x[i])), "ok", "refused");
      // The file was computed with 50 decimal digits, in which 1 - (1 - exp(-100)) has six digits left: its expected variance after a
      // long gap is off by up to 1e-50 of what the gap shrank, more than the tolerance.
      const double d = i == 0 ? 0 : x[i] - mean[i - 1];
      const double before_gap = i == 0 ? 0 : variance[i - 1] + d * d;
      near("mean", i, mean[i], e.mean(), 0);
      near("variance", i, variance[i], e.variance(), by_time ? 1e-50 * before_gap : 0);
      if (by_time) {
        const ewma<> before = e;
        checks.equal("a time that stands still", skerry::errc::stale, e.observe(t[i], 1e9).error());
        checks.equal("a time before the last", skerry::errc::stale, e.observe(t[i] - 1, 1e9).error());
        checks.held("a stale value changes nothing", e == before, "unchanged", "changed");
      }
    }
  }
}

const skerry_test::suite_registration ewma_suite{"stats.ewma", &run};

}  // namespace
