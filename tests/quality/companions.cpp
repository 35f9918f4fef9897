// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "quality.hpp"

#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/t2_q.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

namespace skerry_quality {
namespace {

using namespace skerry::anomaly;

constexpr std::size_t lags = 5;
constexpr std::size_t widest = 12;  // times five lags: the 60 columns that t2_q takes
constexpr std::size_t axes = 10;
constexpr std::size_t window = 5, needed = 4;

enum part : std::size_t { forest, t2, q, parts };

/// What every part answers, one row for each shingle; the first `learnt` were in the fit.
struct answers {
  std::array<std::vector<double>, parts> score;
  std::size_t learnt = 0;
};

/// Rows in the spread of their first `prefix`, and each beside the four before it.
template <std::size_t F>
std::vector<double> shingles(const table& s, std::size_t prefix) {
  std::array<double, F> mean{}, deviation{};
  for (std::size_t j = 0; j < F; ++j) {
    for (std::size_t i = 0; i < prefix; ++i) {
      mean[j] += static_cast<double>(s.row(i)[j]) / static_cast<double>(prefix);
    }
    for (std::size_t i = 0; i < prefix; ++i) {
      const double d = static_cast<double>(s.row(i)[j]) - mean[j];
      deviation[j] += d * d / static_cast<double>(prefix - 1);
    }
    deviation[j] = deviation[j] > 0 ? std::sqrt(deviation[j]) : 1;
  }
  std::vector<double> out;
  out.reserve((s.rows - lags + 1) * F * lags);
  for (std::size_t i = lags - 1; i < s.rows; ++i) {
    for (std::size_t lag = 0; lag < lags; ++lag) {
      for (std::size_t j = 0; j < F; ++j) {
        out.push_back((static_cast<double>(s.row(i - lag)[j]) - mean[j]) / deviation[j]);
      }
    }
  }
  return out;
}

template <std::size_t F>
answers judge(const table& s, const companion_options& options) {
  constexpr std::size_t width = F * lags;
  using statistics = basic_t2_q<double, width, (axes < width ? axes : width - 1)>;
  const std::vector<double> rows = shingles<F>(s, options.prefix);
  const std::vector<float> narrow(rows.begin(), rows.end());
  answers out;
  out.learnt = options.prefix - lags + 1;

  dynamic_isolation_forest<std::int16_t> trees;
  const forest_config config{.seed = spaced_seed(options.seed)};
  skerry::status done = trees.reserve(width, config);
  done = done ? trees.fit({narrow.data(), out.learnt, width, width}, config) : done;
  const auto model = std::make_unique<statistics>();
  done = done ? model->fit({rows.data(), out.learnt, width, width}) : done;
  if (!done) {
    throw std::runtime_error{std::string{skerry::to_string(done.error())}};
  }
  for (std::size_t i = 0; i * width < rows.size(); ++i) {
    const auto both = model->score(std::span<const double, width>{rows.data() + i * width, width});
    out.score[forest].push_back(static_cast<double>(trees.score({narrow.data() + i * width, width}).value()));
    // Beyond the range of a double is as far as can be.
    out.score[t2].push_back(both ? both.value().t2 : std::numeric_limits<double>::max());
    out.score[q].push_back(both ? both.value().q : std::numeric_limits<double>::max());
  }
  return out;
}

template <std::size_t... I>
answers judge_any(const table& s, const companion_options& options, std::index_sequence<I...>) {
  answers out;
  static_cast<void>(((s.features() == I + 1 && (out = judge<I + 1>(s, options), true)) || ...));
  return out;
}

/// Rows at which four of the last five lie above what 99 % of the learnt rows stay below.
std::vector<bool> alarms(const std::vector<double>& score, std::size_t learnt) {
  std::vector<double> usual(score.begin(), score.begin() + static_cast<std::ptrdiff_t>(learnt));
  const auto limit = usual.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(learnt - 1));
  std::nth_element(usual.begin(), limit, usual.end());
  std::vector<bool> out(score.size());
  for (std::size_t i = 0; i < score.size(); ++i) {
    std::size_t high = 0;
    for (std::size_t k = i < window - 1 ? 0 : i + 1 - window; k <= i; ++k) {
      high += score[k] > *limit ? 1U : 0U;
    }
    out[i] = high >= needed;
  }
  return out;
}

struct figures {
  double f1 = 0, flagged = 0;
};
/// Over the rows that no part has learnt.
figures measure(const table& s, const std::vector<bool>& alarmed, std::size_t learnt) {
  double both = 0, high = 0, labelled = 0, rows = 0;
  for (std::size_t i = learnt; i < alarmed.size(); ++i) {
    const bool label = s.labels[i + lags - 1] != 0;
    both += alarmed[i] && label ? 1 : 0;
    high += alarmed[i] ? 1 : 0;
    labelled += label ? 1 : 0;
    rows += 1;
  }
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  return {labelled == 0 ? none : 2 * both / (high + labelled), rows == labelled ? none : (high - both) / (rows - labelled)};
}

}  // namespace

int run_companions(const companion_options& options) {
  const auto files = data_files(options.data, true);
  if (files.empty()) {
    fmt::print(stderr, "{}: no stream there\n", options.data.string());
    return 1;
  }
  fmt::print("stream,rows,part,f1,flagged\n");
  bool held = true;
  for (const auto& file : files) {
    try {
      const table s = read_table(file);
      if (s.features() > widest || s.rows < options.prefix + lags) {
        fmt::print(stderr, "{}: skipped: {} features, {} rows\n", s.name, s.features(), s.rows);
        continue;
      }
      const answers a = judge_any(s, options, std::make_index_sequence<widest>{});
      std::array<std::vector<bool>, parts + 1> alarmed;
      for (std::size_t p = 0; p < parts; ++p) {
        alarmed[p] = alarms(a.score[p], a.learnt);
      }
      for (std::size_t i = 0; i < alarmed[t2].size(); ++i) {
        alarmed[parts].push_back(alarmed[t2][i] || alarmed[q][i]);
      }
      constexpr std::array<const char*, parts + 1> names{"forest", "t2", "q", "t2_or_q"};
      for (std::size_t p = 0; p <= parts; ++p) {
        const figures f = measure(s, alarmed[p], a.learnt);
        fmt::print("{},{},{},{:.4f},{:.4f}\n", s.name, s.rows, names[p], f.f1, f.flagged);
      }
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}: {}\n", file.string(), e.what());
      held = false;
    }
  }
  return held ? 0 : 1;
}

}  // namespace skerry_quality
