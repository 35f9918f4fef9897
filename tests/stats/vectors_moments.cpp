// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/moments.hpp>

#include "vectors/vector_suite.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using skerry::stats::extrema;
using skerry::stats::moments;

struct recipe_source {
  std::uint64_t state;
  std::uint64_t next() {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double gauss() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) {
      sum += uniform();
    }
    return sum - 6;
  }
};

std::vector<double> values_of(const json& c) {
  if (c.contains("values")) {
    return c.at("values").get<std::vector<double>>();
  }
  const json& r = c.at("recipe");
  const auto kind = r.at("kind").get<std::string>();
  recipe_source source{r.at("seed").get<std::uint64_t>()};
  const double offset = r.at("offset").get<double>();
  const double scale = r.at("scale").get<double>();
  std::vector<double> values(r.at("n").get<std::size_t>());
  for (double& v : values) {
    double raw = 0;
    if (kind == "gauss") {
      raw = source.gauss();
    } else if (kind == "uniform") {
      raw = source.uniform();
    } else if (kind == "steps") {
      raw = static_cast<double>(source.next() >> 61);
    } else {
      throw std::invalid_argument{"unknown recipe kind " + kind};
    }
    v = offset + scale * raw;
  }
  return values;
}

/// Holds one way of computing the moments against what the case expects.
void check(skerry_test::suite_report::checks& checks, const json& c, std::string_view way, const moments<>& got) {
  const json& expect = c.at("expect");
  const json& tolerance = c.at("tolerance");
  const auto within = [&](const char* what, skerry::result<double> answer, double allowed) {
    const double expected = expect.at(what).get<double>();
    const std::string name = fmt::format("{}, {}", what, way);
    if (!answer) {
      checks.held(name, false, fmt::format("{:.17g}", expected), skerry::to_string(answer.error()));
      return;
    }
    checks.held(name, std::fabs(answer.value() - expected) <= allowed, fmt::format("{:.17g} +- {:.3g}", expected, allowed),
                fmt::format("{:.17g}", answer.value()));
  };
  const auto relative = [&](const char* what, const char* by) {
    return tolerance.at(by).get<double>() * std::max(1e-300, std::fabs(expect.at(what).get<double>()));
  };
  checks.equal(fmt::format("count, {}", way), expect.at("count").get<std::uint64_t>(), got.count());
  within("mean", got.mean(), relative("mean", "mean"));
  within("variance_population", got.variance_population(), relative("variance_population", "m2"));
  if (expect.contains("variance_frequency")) {
    within("variance_frequency", got.variance(), relative("variance_frequency", "m2"));
  } else {
    checks.equal(fmt::format("no variance, {}", way), std::string{"insufficient"}, std::string{skerry::to_string(got.variance().error())});
  }
  if (expect.contains("skewness")) {
    // The cases of `retract` state no tolerance for the shape; theirs for m2 is the measure there.
    within("skewness", got.skewness(), tolerance.value("skewness_abs", 100 * tolerance.at("m2").get<double>()));
    within("kurtosis_excess", got.kurtosis_excess(), tolerance.value("kurtosis_abs", 100 * tolerance.at("m2").get<double>()));
  } else {
    checks.equal(fmt::format("no shape, {}", way), std::string{"degenerate"}, std::string{skerry::to_string(got.skewness().error())});
  }
}

moments<> streamed(std::span<const double> xs) {
  moments<> m;
  for (const double x : xs) {
    (void)m.observe(x);
  }
  return m;
}
moments<> batched(std::span<const double> xs) {
  moments<> m;
  (void)m.observe(xs);
  return m;
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto xs = values_of(c);
    check(checks, c, "one by one", streamed(xs));
    check(checks, c, "in one block", batched(xs));
    for (const bool in_blocks : {false, true}) {
      std::vector<moments<>> parts;
      std::vector<extrema<>> ends;
      std::size_t from = 0;
      auto cuts = c.value("parts", std::vector<std::size_t>{});
      cuts.push_back(xs.size());
      for (const std::size_t cut : cuts) {
        const auto piece = std::span<const double>{xs}.subspan(from, cut - from);
        parts.push_back(in_blocks ? batched(piece) : streamed(piece));
        ends.emplace_back();
        (void)ends.back().observe(piece);
        from = cut;
      }
      const std::string how = in_blocks ? "blocks" : "streams";
      moments<> forward;
      for (const auto& p : parts) {
        forward.merge(p);
      }
      check(checks, c, how + " merged in order", forward);
      moments<> backward;
      for (auto p = parts.rbegin(); p != parts.rend(); ++p) {
        moments<> first = *p;
        first.merge(backward);
        backward = first;
      }
      check(checks, c, how + " merged from the right", backward);
      auto tree = parts;
      for (; tree.size() > 1;) {
        std::vector<moments<>> above;
        for (std::size_t i = 0; i < tree.size(); i += 2) {
          above.push_back(tree[i]);
          if (i + 1 < tree.size()) {
            above.back().merge(tree[i + 1]);
          }
        }
        tree = above;
      }
      check(checks, c, how + " merged pairwise", tree.front());
      extrema<> all;
      for (const auto& e : ends) {
        all.join(e);
      }
      checks.equal("min", c.at("expect").at("min").get<double>(), all.min().value_or(NAN));
      checks.equal("max", c.at("expect").at("max").get<double>(), all.max().value_or(NAN));
    }
  }
  for (const json& c : file.at("retract")) {
    skerry_test::suite_report::checks checks{report, c.at("name").get<std::string>()};
    const auto xs = values_of(c);
    for (const bool in_blocks : {false, true}) {
      moments<> m = in_blocks ? batched(xs) : streamed(xs);
      for (std::size_t i = 0; i < c.at("retract").get<std::size_t>(); ++i) {
        checks.held("retract", static_cast<bool>(m.retract(xs[i])), "ok", "refused");
      }
      check(checks, c, in_blocks ? "observed as a block" : "observed one by one", m);
    }
  }
}

const skerry_test::suite_registration moments_suite{"stats.moments", &run};

}  // namespace
