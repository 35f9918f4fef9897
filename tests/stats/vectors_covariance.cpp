// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/covariance.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::covariance;

void within(skerry_test::suite_report::checks& checks, const std::string& what, double expected, skerry::result<double> got,
            double tolerance) {
  const double allowed = tolerance * std::max(1e-300, std::fabs(expected));
  checks.held(what, got && std::fabs(got.value() - expected) <= allowed, fmt::format("{:.17g} +- {:.3g}", expected, allowed),
              got ? fmt::format("{:.17g}", got.value()) : skerry::to_string(got.error()));
}

template <std::size_t D>
void check(skerry_test::suite_report::checks& checks, const json& c, const std::string& way, const covariance<D>& got) {
  const json& expect = c.at("expect");
  const json& tolerance = c.at("tolerance");
  checks.equal("count, " + way, expect.at("count").get<std::uint64_t>(), got.count());
  const double allowed = tolerance.at("covariance").get<double>();
  for (std::size_t i = 0; i < D; ++i) {
    within(checks, fmt::format("mean {}, {}", i, way), expect.at("mean").at(i).get<double>(), got.mean()[i],
           tolerance.at("mean").get<double>());
    for (std::size_t j = 0; j < D; ++j) {
      within(checks, fmt::format("covariance {} {}, {}", i, j, way), expect.at("covariance").at(i).at(j).get<double>(), got.at(i, j),
             allowed);
    }
  }
  if (D >= 2 && !expect.at("correlation_01").is_null()) {
    const double expected = expect.at("correlation_01").get<double>();
    const double answer = got.correlation(1, 0).value_or(NAN);
    checks.held("correlation, " + way, std::fabs(answer - expected) <= allowed, fmt::format("{:.17g}", expected),
                fmt::format("{:.17g}", answer));
  }
  const auto factor = got.factor();
  if (c.contains("mahalanobis_error")) {
    checks.equal("factor, " + way, c.at("mahalanobis_error").get<std::string>(), std::string{skerry::to_string(factor.error())});
    return;
  }
  if (!checks.held("factor, " + way, static_cast<bool>(factor), "a factor", skerry::to_string(factor.error()))) {
    return;
  }
  for (std::size_t p = 0; p < c.at("probes").size(); ++p) {
    double difference[D];
    for (std::size_t i = 0; i < D; ++i) {
      difference[i] = c.at("probes").at(p).at(i).get<double>() - got.mean()[i];
    }
    within(checks, fmt::format("distance of probe {}, {}", p, way), c.at("mahalanobis_squared").at(p).get<double>(),
           factor.value().squared_distance(difference), tolerance.at("mahalanobis").get<double>());
  }
}

template <std::size_t D>
void run_case(skerry_test::suite_report& report, const json& c) {
  skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
  std::vector<double> flat;
  for (const json& row : c.at("rows")) {
    for (std::size_t i = 0; i < D; ++i) {
      flat.push_back(row.at(i).get<double>());
    }
  }
  const auto rows = flat.size() / D;
  const auto stream = [&](std::size_t from, std::size_t to, bool in_blocks) {
    covariance<D> out;
    if (in_blocks) {
      (void)out.observe_rows(std::span<const double>{flat}.subspan(from * D, (to - from) * D));
    } else {
      for (std::size_t r = from; r < to; ++r) {
        (void)out.observe(std::span<const double, D>{flat.data() + r * D, D});
      }
    }
    return out;
  };
  for (const bool in_blocks : {false, true}) {
    const std::string how = in_blocks ? "blocks" : "row by row";
    check<D>(checks, c, how, stream(0, rows, in_blocks));
    auto cuts = c.value("parts", std::vector<std::size_t>{});
    cuts.push_back(rows);
    std::vector<covariance<D>> parts;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
      parts.push_back(stream(from, cut, in_blocks));
      from = cut;
    }
    covariance<D> forward;
    for (const auto& p : parts) {
      forward.merge(p);
    }
    check<D>(checks, c, how + " merged in order", forward);
    covariance<D> backward;
    for (auto p = parts.rbegin(); p != parts.rend(); ++p) {
      auto first = *p;
      first.merge(backward);
      backward = first;
    }
    check<D>(checks, c, how + " merged from the right", backward);
  }
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    switch (c.at("d").get<int>()) {
      case 1: run_case<1>(report, c); break;
      case 2: run_case<2>(report, c); break;
      case 3: run_case<3>(report, c); break;
      case 4: run_case<4>(report, c); break;
      case 5: run_case<5>(report, c); break;
      case 6: run_case<6>(report, c); break;
      default: throw std::invalid_argument{"more columns than this loader has types for"};
    }
  }
}

const skerry_test::suite_registration covariance_suite{"stats.covariance", &run};

}  // namespace
