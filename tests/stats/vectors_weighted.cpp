// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/moments.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::weighted_moments;

void check(skerry_test::suite_report::checks& checks, const json& c, std::string_view way, const weighted_moments<>& got) {
  const json& expect = c.at("expect");
  const double m2 = c.at("tolerance").at("m2").get<double>();
  const auto within = [&](const char* what, skerry::result<double> answer, double allowed) {
    if (!expect.contains(what)) {
      return;
    }
    const double expected = expect.at(what).get<double>();
    checks.held(fmt::format("{}, {}", what, way), answer && std::fabs(answer.value() - expected) <= allowed,
                fmt::format("{:.17g} +- {:.3g}", expected, allowed),
                answer ? fmt::format("{:.17g}", answer.value()) : skerry::to_string(answer.error()));
  };
  const auto relative = [&](const char* what, double tolerance) {
    return expect.contains(what) ? tolerance * std::max(1e-300, std::fabs(expect.at(what).get<double>())) : 0;
  };
  checks.equal(fmt::format("count, {}", way), expect.at("count").get<std::uint64_t>(), got.count());
  const double mean = c.at("tolerance").at("mean").get<double>();
  within("weight", got.sum_weights(), relative("weight", mean));
  within("mean", got.mean(), relative("mean", mean));
  for (const auto& [what, answer] :
       {std::pair{"variance_population", got.variance_population()}, std::pair{"variance_frequency", got.variance_frequency()},
        std::pair{"variance_reliability", got.variance_reliability()}}) {
    within(what, answer, relative(what, m2));
  }
  // No tolerance is stated for the shape; a hundred times that of m2 is the measure, as for plain moments.
  within("skewness", got.skewness(), 100 * m2 * std::max(1.0, std::fabs(expect.value("skewness", 0.0))));
  within("kurtosis_excess", got.kurtosis_excess(), 100 * m2 * std::max(1.0, std::fabs(expect.value("kurtosis_excess", 0.0))));
  checks.equal(fmt::format("refused, {}", way), c.value("refused", std::uint64_t{0}), got.refused());
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto values = c.at("values").get<std::vector<double>>();
    const auto weights = c.at("weights").get<std::vector<double>>();
    weighted_moments<> streamed;
    (void)streamed.observe(values, weights);
    check(checks, c, "streamed", streamed);
    weighted_moments<> forward;
    weighted_moments<> backward;
    for (std::size_t i = 0; i < values.size(); ++i) {
      weighted_moments<> one;
      (void)one.observe(values[i], weights[i]);
      forward.merge(one);
      weighted_moments<> last;
      (void)last.observe(values[values.size() - 1 - i], weights[values.size() - 1 - i]);
      last.merge(backward);
      backward = last;
    }
    check(checks, c, "merged in order", forward);
    check(checks, c, "merged from the right", backward);
  }
}

const skerry_test::suite_registration weighted_suite{"stats.weighted", &run};

}  // namespace
