// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loaders of the suites anomaly.alarm_budget and anomaly.contamination.
#include <skerry/anomaly/calibration.hpp>

#include <algorithm>
#include <vector>

#include "vectors/vector_suite.hpp"

namespace {

using nlohmann::json;
using namespace skerry::anomaly;

// The vectors are binary64 and compared to 1e-12: the same code as `calibration`, with wider scores.
using wide = basic_calibration<double, 4096>;

struct tolerance {
  double absolute, relative;
  explicit tolerance(const json& file)
      : absolute{file.at("tolerance").value("absolute", 0.0)}, relative{file.at("tolerance").value("relative", 0.0)} {}
};

bool observe_all(wide& c, const std::vector<double>& scores, skerry_test::suite_report::checks& checks) {
  return std::all_of(scores.begin(), scores.end(), [&](double s) {
    return checks.equal("observe", std::string{"ok"}, std::string{skerry::to_string(c.observe(s).error())});
  });
}

void run_alarm_budget(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  const tolerance within{file};
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name")};
    const auto scores = c.at("scores").get<std::vector<double>>();
    wide references;
    if (!observe_all(references, scores, checks)) {
      continue;
    }
    for (const json& e : c.at("expect")) {
      const double a = e.at("alarms_per_day").get<double>();
      const auto t = references.for_alarms(a, c.at("rows_per_day").get<double>());
      const std::string at = " at " + e.at("alarms_per_day").dump();
      if (!checks.equal("for_alarms" + at, std::string{"ok"}, std::string{skerry::to_string(t.error())})) {
        break;
      }
      checks.near("threshold" + at, e.at("threshold").get<double>(), t.value().value, within.absolute, within.relative);
      checks.equal("resolved" + at, e.at("resolved").get<bool>(), t.value().resolved);
      if (e.contains("above")) {
        const auto above = std::count_if(scores.begin(), scores.end(), [&](double s) { return s > t.value().value; });
        checks.equal("above" + at, e.at("above").get<std::int64_t>(), static_cast<std::int64_t>(above));
      }
    }
  }
}

void run_contamination(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  const tolerance within{file};
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name")};
    // scikit-learn's scores are lower when stranger.
    auto scores = c.at("score_samples").get<std::vector<double>>();
    std::transform(scores.begin(), scores.end(), scores.begin(), [](double s) { return -s; });
    wide references;
    if (!observe_all(references, scores, checks)) {
      continue;
    }
    for (const json& e : c.at("expect")) {
      const auto t = references.for_contamination(e.at("contamination").get<double>());
      const std::string at = " at " + e.at("contamination").dump();
      if (!checks.equal("for_contamination" + at, std::string{"ok"}, std::string{skerry::to_string(t.error())})) {
        break;
      }
      checks.near("offset" + at, e.at("offset").get<double>(), -t.value().value, within.absolute, within.relative);
      const auto above = std::count_if(scores.begin(), scores.end(), [&](double s) { return s > t.value().value; });
      checks.equal("flagged" + at, e.at("flagged").get<std::int64_t>(), static_cast<std::int64_t>(above));
    }
  }
}

const skerry_test::suite_registration alarm_budget{"anomaly.alarm_budget", &run_alarm_budget};
const skerry_test::suite_registration contamination{"anomaly.contamination", &run_contamination};

}  // namespace
