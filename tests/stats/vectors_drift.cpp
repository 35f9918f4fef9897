// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loaders of the change detectors: events at the same index.
#include <skerry/stats/drift.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
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

/// [index, width after shrinking, mean after] of every event; the mean and what is left at the end within 1e-9.
void run_adwin(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  using skerry::stats::adwin;
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    checks.equal("min_window", c.at("min_window").get<unsigned>(), adwin<>::min_window);
    checks.equal("min_side", c.at("min_side").get<unsigned>(), adwin<>::min_side - 1);
    checks.equal("buckets_per_row", c.at("buckets_per_row").get<std::size_t>(), adwin<>::buckets_per_row);
    const auto made = adwin<>::create({c.at("delta").get<double>(), c.at("clock").get<std::uint16_t>()});
    if (!checks.held("settings", static_cast<bool>(made), "ok", skerry::to_string(made.error()))) {
      continue;
    }
    adwin<> detector = made.value();
    const json& events = c.at("events");
    std::size_t found = 0;
    std::size_t i = 0;
    for (const json& x : c.at("x")) {
      const auto event = detector.observe(x.get<double>());
      if (event.value_or(drift_event::none) != drift_event::none) {
        if (checks.held("number of events", found < events.size(), std::to_string(events.size()), "more")) {
          checks.equal("index", events[found][0].get<std::size_t>(), i);
          checks.equal("width", events[found][1].get<std::uint64_t>(), detector.width());
          checks.near("mean", events[found][2].get<double>(), detector.mean().value(), 0, 1e-9);
        }
        ++found;
      }
      ++i;
    }
    checks.equal("number of events", events.size(), found);
    checks.equal("width at the end", c.at("width").get<std::uint64_t>(), detector.width());
    checks.near("mean at the end", c.at("mean").get<double>(), detector.mean().value(), 0, 1e-9);
    checks.near("variance at the end", c.at("variance").get<double>(), detector.variance().value(), 0, 1e-9);
  }
}

/// [index, distance] of every event.
template <std::size_t W, std::size_t R>
void run_kswin(skerry_test::suite_report::checks& checks, const json& c) {
  const auto made = skerry::stats::kswin<W, R>::create({c.at("alpha").get<double>()});
  if (!checks.held("settings", static_cast<bool>(made), "ok", skerry::to_string(made.error()))) {
    return;
  }
  auto detector = made.value();
  checks.near("limit", c.at("limit").get<double>(), detector.limit(), 0, 1e-12);
  const json& events = c.at("events");
  std::size_t found = 0;
  std::size_t i = 0;
  for (const json& x : c.at("x")) {
    if (detector.observe(x.get<double>()).value_or(drift_event::none) != drift_event::none) {
      if (checks.held("number of events", found < events.size(), std::to_string(events.size()), "more")) {
        checks.equal("index", events[found][0].get<std::size_t>(), i);
        checks.near("distance", events[found][1].get<double>(), detector.distance().value(), 0, 1e-12);
      }
      ++found;
    }
    ++i;
  }
  checks.equal("number of events", events.size(), found);
}

void run_kswin(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto window = c.at("window").get<unsigned>();
    const auto recent = c.at("recent").get<unsigned>();
    if (window == 100 && recent == 30) {
      run_kswin<100, 30>(checks, c);
    } else if (window == 200 && recent == 50) {
      run_kswin<200, 50>(checks, c);
    } else if (window == 60 && recent == 20) {
      run_kswin<60, 20>(checks, c);
    } else {
      checks.held("window and recent", false, "one of three pairs", fmt::format("{}, {}", window, recent));
    }
  }
  std::size_t number = 0;
  for (const json& c : file.at("ks")) {
    skerry_test::suite_report::checks checks{report, fmt::format("ks {}", number++)};
    auto a = c.at("a").get<std::vector<double>>();
    auto b = c.at("b").get<std::vector<double>>();
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    const auto got = skerry::stats::ks(std::span<const double>{a}, std::span<const double>{b});
    checks.near("distance", c.at("d").get<double>(), got ? got.value().distance : NAN, 0, 1e-12);
  }
  number = 0;
  for (const json& c : file.at("psi")) {
    skerry_test::suite_report::checks checks{report, fmt::format("psi {}", number++)};
    const auto expected = c.at("expected_counts").get<std::vector<std::uint64_t>>();
    const auto actual = c.at("actual_counts").get<std::vector<std::uint64_t>>();
    const auto got = skerry::stats::psi(std::span<const std::uint64_t>{expected}, std::span<const std::uint64_t>{actual});
    checks.near("psi", c.at("psi").get<double>(), got.value_or(NAN), 0, 1e-12);
  }
}

const skerry_test::suite_registration adwin_suite{"stats.adwin", &run_adwin};
const skerry_test::suite_registration kswin_suite{"stats.kswin", static_cast<skerry_test::suite_loader>(&run_kswin)};
const skerry_test::suite_registration page_hinkley_suite{"stats.page_hinkley", &run_page_hinkley};
const skerry_test::suite_registration cusum_suite{"stats.cusum", &run_cusum};

}  // namespace
