// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/time_window.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using skerry::ticks;

/// Count, sum, least and greatest: all integers in the files, so all exact.
struct summary {
  using value_type = double;
  using algebra = skerry::merges;
  std::int64_t count = 0;
  double sum = 0, least = 0, greatest = 0;
  skerry::status observe(double x) {
    least = count == 0 || x < least ? x : least;
    greatest = count == 0 || x > greatest ? x : greatest;
    sum += x;
    ++count;
    return {};
  }
  void merge(const summary&) {}
  void clear() { *this = {}; }
};

template <std::size_t Open>
void run_case(skerry_test::suite_report::checks& checks, const json& c) {
  using window = skerry::stats::time_window<summary, Open>;
  auto made = window::create({.size = c.at("size").get<ticks>(), .lateness = c.at("lateness").get<ticks>()});
  if (!checks.held("create", static_cast<bool>(made), "ok", skerry::to_string(made.error()))) {
    return;
  }
  window w = made.value();
  json closed = json::array();
  const auto row = [](ticks start, const summary& s) {
    return json::array(
        {start, s.count, static_cast<std::int64_t>(s.sum), static_cast<std::int64_t>(s.least), static_cast<std::int64_t>(s.greatest)});
  };
  const auto sink = [&](ticks start, const summary& s) { closed.push_back(row(start, s)); };
  std::uint64_t stale = 0;
  for (const json& e : c.at("events")) {
    const skerry::status taken = w.observe(e.at(0).get<ticks>(), e.at(1).get<double>(), sink);
    stale += taken.error() == skerry::errc::stale ? 1 : 0;
    checks.held("observe", taken || taken.error() == skerry::errc::stale, "ok or stale", skerry::to_string(taken.error()));
  }
  json open = json::array();
  w.for_each_open([&](ticks start, const summary& s) { open.push_back(row(start, s)); });
  checks.equal("closed", c.at("closed"), closed);
  checks.equal("late", c.at("late").get<std::uint64_t>(), stale);
  checks.equal("late, counted", c.at("late").get<std::uint64_t>(), w.late());
  checks.equal("open at the end", c.at("open_at_end"), open);
  w.flush(sink);
  json all = c.at("closed");
  for (const json& left : c.at("open_at_end")) {
    all.push_back(left);
  }
  checks.equal("closed by flush", all, closed);
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto needed = c.at("open_windows_needed").get<std::size_t>();
    if (needed > 252) {
      checks.held("windows", false, "at most 252", std::to_string(needed));
      continue;
    }
    run_case<252>(checks, c);
    if (needed <= 12) {
      run_case<12>(checks, c);
    }
    if (needed <= 2) {
      run_case<2>(checks, c);
    }
    const bool too_few =
        !skerry::stats::time_window<summary, 2>::create({.size = c.at("size").get<ticks>(), .lateness = c.at("lateness").get<ticks>()});
    checks.equal("two windows are refused if they are too few", needed > 2, too_few);
  }
}

const skerry_test::suite_registration time_window_suite{"stats.time_window", &run};

}  // namespace
