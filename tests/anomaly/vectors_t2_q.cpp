// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loader of the suite anomaly.t2_q. The vectors are binary64 and compared to 1e-9: the same code as `t2_q`, with wider numbers.
#include <skerry/anomaly/t2_q.hpp>
#if __has_include(<Eigen/Eigenvalues>)
#include <skerry/anomaly/t2_q_wide.hpp>
#endif

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "vectors/vector_suite.hpp"

namespace {

using nlohmann::json;
using namespace skerry::anomaly;
using checks_of_case = skerry_test::suite_report::checks;

constexpr std::size_t widest = 8;

std::vector<double> flat(const json& rows) {
  std::vector<double> values;
  for (const json& row : rows) {
    for (const json& x : row) {
      values.push_back(x.is_null() ? std::numeric_limits<double>::quiet_NaN() : x.get<double>());
    }
  }
  return values;
}

struct subject {
  t2_q_config config{};
  std::size_t rows = 0;
  std::vector<double> train{};
  double relative = 0, relative_limits = 0;

  [[nodiscard]] row_view<double> view(std::size_t columns) const { return {train.data(), rows, columns, columns}; }
};

template <std::size_t D, std::size_t K>
void check_model(const json& expect, const json& rows, const subject& s, checks_of_case& checks) {
  basic_t2_q<double, D, K> model;
  basic_t2_q<double, D, D> all_axes;  // its T² is the squared Mahalanobis distance, and its axes give the covariance back
  if (!checks.equal("fit", std::string{"ok"}, std::string{skerry::to_string(model.fit(s.view(D), s.config).error())}) ||
      !checks.equal("fit with all axes", std::string{"ok"}, std::string{skerry::to_string(all_axes.fit(s.view(D), s.config).error())})) {
    return;
  }
  for (std::size_t j = 0; j < D; ++j) {
    const std::string at = " " + std::to_string(j);
    checks.near("mean" + at, expect.at("mean").at(j), model.mean()[j], 0, s.relative);
    checks.near("scale" + at, expect.at("scale").at(j), model.scale()[j], 0, s.relative);
    checks.near("eigenvalue" + at, expect.at("eigenvalues").at(j), model.eigenvalues()[j], 0, s.relative);
    for (std::size_t i = 0; i < D; ++i) {
      double covariance = 0;
      for (std::size_t k = 0; k < D; ++k) {
        covariance += all_axes.eigenvalues()[k] * all_axes.axis(k)[i] * all_axes.axis(k)[j];
      }
      checks.near("covariance " + std::to_string(i) + at, expect.at("covariance").at(i).at(j), covariance, 0, s.relative);
    }
  }
  checks.near("t2_limit", expect.at("t2_limit"), model.t2_limit().value(), 0, s.relative_limits);
  checks.near("mahalanobis2_limit", expect.at("mahalanobis2_limit"), all_axes.t2_limit().value(), 0, s.relative_limits);
  if (expect.at("q_limit").is_null()) {
    checks.equal("q_limit", std::string{"degenerate"}, std::string{skerry::to_string(model.q_limit().error())});
  } else {
    checks.near("q_limit", expect.at("q_limit"), model.q_limit().value(), 0, s.relative_limits);
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::array<double, D> row{};
    for (std::size_t j = 0; j < D; ++j) {
      row[j] = rows.at(r).at(j);
    }
    const std::string at = " of row " + std::to_string(r);
    const auto got = model.score(row);
    const auto whole = all_axes.score(row);
    if (!checks.equal("score" + at, std::string{"ok"}, std::string{skerry::to_string(got.error())}) ||
        !checks.equal("score with all axes" + at, std::string{"ok"}, std::string{skerry::to_string(whole.error())})) {
      return;
    }
    checks.near("t2" + at, expect.at("t2").at(r), got.value().t2, 0, s.relative);
    checks.near("q" + at, expect.at("q").at(r), got.value().q, 0, s.relative);
    checks.near("mahalanobis2" + at, expect.at("mahalanobis2").at(r), whole.value().t2, 0, s.relative);
    for (std::size_t j = 0; j < D; ++j) {
      checks.near("t2_contribution" + at, expect.at("t2_contribution").at(r).at(j), got.value().t2_share[j], 0, s.relative);
      checks.near("q_contribution" + at, expect.at("q_contribution").at(r).at(j), got.value().q_share[j], 0, s.relative);
    }
  }
}

template <std::size_t D, std::size_t K>
void check_refusal(const json& expected, const subject& s, checks_of_case& checks) {
  basic_t2_q<double, D, K> model;
  const std::string got{skerry::to_string(model.fit(s.view(D), s.config).error())};
  checks.equal("fit, K = " + std::to_string(K), expected.get<std::string>(), got);
  checks.equal("still not fitted", false, model.fitted());
}

template <std::size_t D, std::size_t... Ks>
bool dispatch_components(const json& c, const subject& s, checks_of_case& checks, std::index_sequence<Ks...>) {
  if (c.contains("expect_error")) {
    (check_refusal<D, Ks + 1>(c.at("expect_error"), s, checks), ...);
    return true;
  }
  const std::size_t components = c.at("components");
  return ((components == Ks + 1 && (check_model<D, Ks + 1>(c.at("expect"), c.at("rows"), s, checks), true)) || ...);
}

template <std::size_t... Ds>
bool dispatch(std::size_t columns, const json& c, const subject& s, checks_of_case& checks, std::index_sequence<Ds...>) {
  return ((columns == Ds + 1 && dispatch_components<Ds + 1>(c, s, checks, std::make_index_sequence<Ds + 1>{})) || ...);
}

/// The form whose width comes from data, where Eigen is.
void check_wide([[maybe_unused]] const json& c, [[maybe_unused]] std::size_t columns, [[maybe_unused]] const subject& s,
                [[maybe_unused]] checks_of_case& checks) {
#if __has_include(<Eigen/Eigenvalues>)
  const std::string ok{"ok"};
  basic_dynamic_t2_q<double> model;
  const std::size_t components = c.value("components", columns);
  const std::string fitted{skerry::to_string(model.fit(s.view(columns), components, s.config).error())};
  if (c.contains("expect_error")) {
    checks.equal("wide: fit", c.at("expect_error").get<std::string>(), fitted);
    checks.equal("wide: still not fitted", false, model.fitted());
    return;
  }
  if (!checks.equal("wide: fit", ok, fitted)) {
    return;
  }
  const json& expect = c.at("expect");
  checks.near("wide: t2_limit", expect.at("t2_limit"), model.t2_limit().value(), 0, s.relative_limits);
  if (!expect.at("q_limit").is_null()) {
    checks.near("wide: q_limit", expect.at("q_limit"), model.q_limit().value(), 0, s.relative_limits);
  }
  for (std::size_t j = 0; j < columns; ++j) {
    checks.near("wide: eigenvalue " + std::to_string(j), expect.at("eigenvalues").at(j), model.eigenvalues()[j], 0, s.relative);
  }
  std::vector<double> t2_share(columns), q_share(columns);
  for (std::size_t r = 0; r < c.at("rows").size(); ++r) {
    const std::string at = " of row " + std::to_string(r);
    const auto row = c.at("rows").at(r).get<std::vector<double>>();
    const auto got = model.score(row, t2_share, q_share);
    if (!checks.equal("wide: score" + at, ok, std::string{skerry::to_string(got.error())})) {
      return;
    }
    checks.near("wide: t2" + at, expect.at("t2").at(r), got.value().t2, 0, s.relative);
    checks.near("wide: q" + at, expect.at("q").at(r), got.value().q, 0, s.relative);
    for (std::size_t j = 0; j < columns; ++j) {
      checks.near("wide: t2_contribution" + at, expect.at("t2_contribution").at(r).at(j), t2_share[j], 0, s.relative);
      checks.near("wide: q_contribution" + at, expect.at("q_contribution").at(r).at(j), q_share[j], 0, s.relative);
    }
  }
#endif
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    checks_of_case checks{report, c.at("name")};
    subject s;
    s.config.standardize = c.value("standardize", s.config.standardize);
    s.config.alpha = c.value("alpha", s.config.alpha);
    s.rows = c.at("train").size();
    s.train = flat(c.at("train"));
    s.relative = file.at("tolerance").at("relative");
    s.relative_limits = file.at("tolerance").at("relative_limits");
    const std::size_t columns = s.rows == 0 ? 0 : c.at("train").at(0).size();
    if (!checks.equal("rows of one width", s.rows * columns, s.train.size())) {
      continue;
    }
    const bool known = dispatch(columns, c, s, checks, std::make_index_sequence<widest>{});
    check_wide(c, columns, s, checks);
    checks.held("a type for this width and number of components", known, "1 <= components <= columns <= 8", std::to_string(columns));
  }
}

const skerry_test::suite_registration t2_q_suite{"anomaly.t2_q", &run};

}  // namespace
