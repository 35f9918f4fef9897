// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "quality.hpp"

#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/score_fusion.hpp>

#include <fmt/core.h>

#include <exception>

namespace skerry_quality {
namespace {

/// What is collected over the seeds for one way of scoring.
struct series {
  std::vector<double> aucs, fit_ms, score_ns;

  void print(const table& data, const char* suffix) const {
    const spread quality = spread_of(aucs);
    fmt::print("{}{},{},{},{:.4f},{:.4f},{:.3f},{:.0f}\n", data.name, suffix, data.rows, data.features(), quality.mean, quality.sd,
               spread_of(fit_ms).mean, spread_of(score_ns).mean);
  }
};

template <typename Code>
bool measure(const table& data, const forest_options& options) {
  const skerry::anomaly::row_view<float> rows{data.values.data(), data.rows, data.features(), data.features()};
  skerry::anomaly::forest_config config{.seed = 0,
                                        .trees = static_cast<std::uint16_t>(options.trees),
                                        .sample = static_cast<std::uint16_t>(options.samples),
                                        .density = options.fused};
  skerry::anomaly::dynamic_isolation_forest<Code> forest;
  if (const skerry::status reserved = forest.reserve(data.features(), config); !reserved) {
    fmt::print(stderr, "{}: {}\n", data.name, skerry::to_string(reserved.error()));
    return false;
  }
  std::vector<std::uint32_t> sums(data.rows);
  std::vector<skerry::anomaly::forest_sums> both(options.fused ? data.rows : 0);
  std::vector<double> strangeness(data.rows);
  series depth, density, fused;
  const auto judge = [&](series& to, auto score_of_row) {
    for (std::size_t i = 0; i < data.rows; ++i) {
      strangeness[i] = score_of_row(i);
    }
    to.aucs.push_back(auc(strangeness, data.labels));
  };
  for (int seed = 0; seed < options.seeds; ++seed) {
    config.seed = spaced_seed(static_cast<std::uint64_t>(seed));
    const std::int64_t start = thread_time();
    skerry::status done = forest.fit(rows, config);
    const std::int64_t fitted = thread_time();
    if (done) {
      done = forest.depth_sums(rows, sums);
    }
    const std::int64_t scored = thread_time();
    skerry::anomaly::score_fusion fusion;
    if (done && options.fused) {
      done = forest.sums(rows, both);
    }
    const std::int64_t walked = thread_time();
    if (done && options.fused) {
      done = fusion.learn(both);
    }
    if (!done) {
      fmt::print(stderr, "{}: {}\n", data.name, skerry::to_string(done.error()));
      return false;
    }
    const auto note = [&](series& to, std::int64_t time) {
      to.fit_ms.push_back(static_cast<double>(fitted - start) * 1e-6);
      to.score_ns.push_back(static_cast<double>(time) / static_cast<double>(data.rows));
    };
    judge(depth, [&](std::size_t i) { return -static_cast<double>(sums[i]); });
    note(depth, scored - fitted);
    if (options.fused) {
      judge(density, [&](std::size_t i) { return -static_cast<double>(both[i].density); });
      note(density, walked - scored);
      judge(fused, [&](std::size_t i) { return static_cast<double>(fusion.score(both[i]).value()); });
      note(fused, walked - scored);
    }
  }
  depth.print(data, "");
  if (options.fused) {
    density.print(data, ":density");
    fused.print(data, ":fused");
  }
  return true;
}

}  // namespace

int run_forest(const forest_options& options) {
  const auto files = data_files(options.data, false);
  if (files.empty()) {
    fmt::print(stderr, "{}: no tabular set there\n", options.data.string());
    return 1;
  }
  fmt::print("dataset,rows,features,auc_mean,auc_sd,fit_ms,score_ns_per_row\n");
  bool held = true;
  for (const auto& file : files) {
    try {
      const table data = read_table(file);
      held &= options.code == "u8" ? measure<std::uint8_t>(data, options) : measure<std::int16_t>(data, options);
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}: {}\n", file.string(), e.what());
      held = false;
    }
  }
  return held ? 0 : 1;
}

}  // namespace skerry_quality
