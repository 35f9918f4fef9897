// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "quality.hpp"

#include <skerry/anomaly/online_forest.hpp>
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/random.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <memory>

namespace skerry_quality {
namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t most_rows = 50000, warm_up = 256;

/// A sample of the rows in an order of its own.
table shuffled(const table& data, std::uint64_t seed) {
  std::vector<std::uint32_t> order(data.rows);
  for (std::size_t i = 0; i < data.rows; ++i) {
    order[i] = static_cast<std::uint32_t>(i);
  }
  skerry::pcg32 random{seed};
  for (std::size_t i = data.rows; i > 1; --i) {
    std::swap(order[i - 1], order[skerry::uniform_below(random, static_cast<std::uint32_t>(i))]);
  }
  order.resize(std::min(order.size(), most_rows));
  table made;
  made.columns = data.columns;
  made.rows = order.size();
  for (const std::uint32_t i : order) {
    made.values.insert(made.values.end(), data.row(i).begin(), data.row(i).end());
    made.labels.push_back(data.labels[i]);
  }
  return made;
}

/// One pass: every row is scored by what came before it, then learnt. Scores of the warm-up do not count.
template <typename Forest, typename Start>
void pass(const table& data, const Start& start, std::vector<double>& aucs, std::vector<double>& times) {
  const auto forest = std::make_unique<Forest>();
  const std::size_t from = std::min(warm_up, data.rows / 4);
  std::vector<double> scores;
  const std::int64_t began = thread_time();
  start(*forest);
  for (std::size_t i = 0; i < data.rows; ++i) {
    const auto step = forest->observe(std::span<const float, Forest::features>{data.row(i)});
    if (i >= from) {
      scores.push_back(step ? static_cast<double>(forest->score_of(step.value()).value_or(0.5F)) : 0.5);
    }
  }
  times.push_back(static_cast<double>(thread_time() - began) / static_cast<double>(data.rows));
  aucs.push_back(auc(scores, std::span{data.labels}.subspan(from)));
}

template <std::size_t Features>
void measure(const table& data, const forest_options& options) {
  using online = anomaly::online_forest<Features>;
  using rolling = anomaly::rolling_forest<Features, 100, 256, std::int16_t, 1000, 160, anomaly::scores_only>;
  std::vector<double> online_aucs, online_ns, rolling_aucs, rolling_ns;
  for (int i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = spaced_seed(static_cast<std::uint64_t>(i));
    const table stream = shuffled(data, seed);
    // The ranges of all rows, as a machine's are known beforehand; what is normal is not.
    const auto codes = rolling::learn_codes({stream.values.data(), stream.rows, Features, Features}).value();
    pass<online>(
        stream, [&](online& f) { (void)f.begin({.seed = seed}, codes); }, online_aucs, online_ns);
    pass<rolling>(
        stream, [&](rolling& f) { (void)f.begin({.forest = {.seed = seed}}, codes); }, rolling_aucs, rolling_ns);
  }
  const spread a = spread_of(online_aucs);
  const spread b = spread_of(rolling_aucs);
  fmt::print("{},{},{},{:.4f},{:.4f},{:.0f},{:.4f},{:.4f},{:.0f}\n", data.name, std::min(data.rows, most_rows), Features, a.mean, a.sd,
             spread_of(online_ns).mean, b.mean, b.sd, spread_of(rolling_ns).mean);
}

/// These forests are as wide as their type: the widths that this program was compiled for.
bool measure_width(const table& data, const forest_options& options) {
  switch (data.features()) {
    case 3: measure<3>(data, options); return true;
    case 6: measure<6>(data, options); return true;
    case 9: measure<9>(data, options); return true;
    case 21: measure<21>(data, options); return true;
    case 32: measure<32>(data, options); return true;
    case 36: measure<36>(data, options); return true;
    default: fmt::print(stderr, "skipped: {}: not compiled for {} columns\n", data.name, data.features()); return false;
  }
}

}  // namespace

int run_online(const forest_options& options) {
  fmt::print("dataset,rows,features,online_auc,online_sd,online_ns_per_row,rolling_auc,rolling_sd,rolling_ns_per_row\n");
  bool held = true;
  for (const auto& file : data_files(options.data, false)) {
    try {
      held &= measure_width(read_table(file), options);
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}: {}\n", file.string(), e.what());
      held = false;
    }
  }
  return held ? 0 : 1;
}

}  // namespace skerry_quality
