// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loaders of the change detectors: events at the same index.
#include <skerry/stats/drift.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::cusum;
using skerry::stats::cusum_config;
using skerry::stats::drift_event;
using skerry::stats::page_hinkley;
using skerry::stats::page_hinkley_config;

const char* name_of(drift_event e) {
  switch (e) {
    case drift_event::none: return "none";
    case drift_event::rise: return "rise";
    case drift_event::fall: return "fall";
    case drift_event::change: return "change";
  }
  return "unknown";
}

/// [index, kind] of every event, as the file lists them.
template <typename Detector>
void compare(skerry_test::suite_report::checks& checks, const json& c, Detector detector) {
  json events = json::array();
  std::size_t i = 0;
  for (const json& x : c.at("x")) {
    const auto event = detector.observe(x.get<double>());
    if (!checks.held("observe", static_cast<bool>(event), "ok", "refused")) {
      return;
    }
    if (event.value() != drift_event::none) {
      events.push_back(json::array({i, name_of(event.value())}));
    }
    ++i;
  }
  checks.equal("events", c.at("events"), events);
}

void run_page_hinkley(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    page_hinkley_config config;
    config.delta = c.at("delta").get<double>();
    config.lambda = c.at("lambda").get<double>();
    config.alpha = c.at("alpha").get<double>();
    config.min_count = c.at("min_count").get<std::uint16_t>();
    const auto made = page_hinkley::create(config);
    if (checks.held("settings", static_cast<bool>(made), "ok", skerry::to_string(made.error()))) {
      compare(checks, c, made.value());
    }
  }
}

void run_cusum(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    cusum_config config;
    config.k = c.at("k").get<double>();
    config.h = c.at("h").get<double>();
    config.learn = c.at("learn").get<std::uint16_t>();
    config.head_start = c.at("head_start").get<double>() == 0.5;
    if (!checks.held("head start", config.head_start || c.at("head_start").get<double>() == 0, "0 or 0.5", c.at("head_start").dump())) {
      continue;
    }
    if (config.learn == 0) {
      config.mean = c.at("mean").get<double>();
      config.sd = c.at("sd").get<double>();
    }
    const auto made = cusum::create(config);
    if (checks.held("settings", static_cast<bool>(made), "ok", skerry::to_string(made.error()))) {
      compare(checks, c, made.value());
    }
  }
}

const skerry_test::suite_registration page_hinkley_suite{"stats.page_hinkley", &run_page_hinkley};
const skerry_test::suite_registration cusum_suite{"stats.cusum", &run_cusum};

}  // namespace
