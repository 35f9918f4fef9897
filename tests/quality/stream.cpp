// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "quality.hpp"

#include <skerry/anomaly/monitor.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace skerry_quality {
namespace {

using namespace skerry::anomaly;

constexpr std::size_t widest = 16;

struct judged {
  std::vector<bool> scored, alarmed;
  std::vector<double> score;
  std::vector<std::uint32_t> alarm;
};

// A refused row changes nothing: what stood before it stands.
template <std::size_t Features>
judged judge(const table& s, std::uint64_t seed) {
  const auto m = std::make_unique<monitor<Features>>();
  judged out;
  monitor_config config;
  config.seed = seed != 0 ? spaced_seed(seed) : config.seed;
  if (!monitor<Features>::create(*m, config)) {
    return out;
  }
  for (std::size_t i = 0; i < s.rows; ++i) {
    const auto now = s.time[i] >= 0 ? static_cast<std::uint64_t>(s.time[i] * 1000) : 0;  // no time: refused as stale
    const auto v = m->observe(s.row(i).first<Features>(), now);
    out.scored.push_back(v && (v.value().quality & quality_not_scored) == 0);
    out.score.push_back(v ? static_cast<double>(v.value().score) : 0.0);
    out.alarmed.push_back(v ? v.value().state == monitor_state::alarmed : i > 0 && out.alarmed[i - 1]);
    out.alarm.push_back(v ? v.value().alarm_id : (i > 0 ? out.alarm[i - 1] : 0));
  }
  return out;
}

template <std::size_t... I>
judged judge_any(const table& s, std::uint64_t seed, std::index_sequence<I...>) {
  judged out;
  static_cast<void>(((s.features() == I + 1 && (out = judge<I + 1>(s, seed), true)) || ...));
  return out;
}

struct figures {
  std::size_t windows = 0, hit = 0, false_alarms = 0;
  double median_delay = std::numeric_limits<double>::quiet_NaN();
  double auc = 0, f1 = 0;
  double flagged = 0;  ///< share of the scored rows without a label over which an alarm stands
};

figures measure(const table& s, const judged& j) {
  figures f;
  const std::size_t n = s.rows;
  std::vector<double> delays;
  for (std::size_t i = 0; i < n;) {
    if (s.labels[i] == 0) {
      ++i;
      continue;
    }
    std::size_t end = i;
    std::optional<std::size_t> first;
    for (; end < n && s.labels[end] != 0; ++end) {
      if (j.alarmed[end] && !first) {
        first = end;
      }
    }
    ++f.windows;
    if (first) {
      ++f.hit;
      delays.push_back(static_cast<double>(*first - i));
    }
    i = end;
  }
  for (std::size_t i = 0; i < n;) {
    if (!j.alarmed[i]) {
      ++i;
      continue;
    }
    bool inside = false;
    std::size_t end = i;
    for (; end < n && j.alarmed[end] && j.alarm[end] == j.alarm[i]; ++end) {
      inside = inside || s.labels[end] != 0;
    }
    f.false_alarms += inside ? 0U : 1U;
    i = end;
  }
  double both = 0;
  double flagged = 0;
  double labelled = 0;
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
  for (std::size_t i = 0; i < n; ++i) {
    if (j.scored[i]) {
      scores.push_back(j.score[i]);
      labels.push_back(s.labels[i]);
      both += j.alarmed[i] && s.labels[i] != 0 ? 1 : 0;
      flagged += j.alarmed[i] ? 1 : 0;
      labelled += s.labels[i] != 0 ? 1 : 0;
    }
  }
  const double normal = static_cast<double>(scores.size()) - labelled;
  f.flagged = normal > 0 ? (flagged - both) / normal : std::numeric_limits<double>::quiet_NaN();
  f.auc = auc(scores, labels);
  f.f1 = labelled == 0 ? std::numeric_limits<double>::quiet_NaN() : 2 * both / (flagged + labelled);
  if (!delays.empty()) {
    std::sort(delays.begin(), delays.end());
    f.median_delay = (delays[(delays.size() - 1) / 2] + delays[delays.size() / 2]) / 2;
  }
  return f;
}

}  // namespace

const char* stream_definitions() {
  return "A stream is a file below DIR whose first column is t (unix seconds) and whose last is label (1 = anomaly); the columns between,\n"
         "1 to 16, are the features. One default monitor per stream, the same settings for all, rows in order, labels unseen.\n"
         "  windows            maximal runs of rows with label 1\n"
         "  windows_hit        windows with at least one row at which an alarm stands\n"
         "  median_delay_rows  over the windows hit: rows from the start of the window to its first alarmed row; nan if none\n"
         "  false_alarms       alarms of which no row, from raise to clear, lies in a window\n"
         "  auc                of the scores, rows with label 1 against the others; rows without a score (warm-up, refused) are\n"
         "                     left out; nan if one kind is missing\n"
         "  flagged            with --flagged: share of the same rows without a label over which an alarm stands\n"
         "  f1                 over the same rows: an alarm stands against label 1; an alarm that does not end is paid for here\n"
         "Exits 0 if every stream could be read and judged.";
}

int run_stream(const stream_options& options) {
  const auto& dir = options.data;
  const auto files = data_files(dir, true);
  if (files.empty()) {
    fmt::print(stderr, "{}: no stream there\n", dir.string());
    return 1;
  }
  fmt::print("stream,points,windows,windows_hit,median_delay_rows,false_alarms,auc,f1{}\n", options.flagged ? ",flagged" : "");
  bool held = true;
  for (const auto& file : files) {
    try {
      const table s = read_table(file);
      if (s.features() > widest || s.rows == 0) {
        fmt::print(stderr, "{}: {} features, {} rows: cannot be judged\n", s.name, s.features(), s.rows);
        held = false;
        continue;
      }
      const figures f = measure(s, judge_any(s, options.seed, std::make_index_sequence<widest>{}));
      fmt::print("{},{},{},{},{:g},{},{:.4f},{:.4f}", s.name, s.rows, f.windows, f.hit, f.median_delay, f.false_alarms, f.auc, f.f1);
      fmt::print("{}\n", options.flagged ? fmt::format(",{:.4f}", f.flagged) : "");
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}: {}\n", file.string(), e.what());
      held = false;
    }
  }
  return held ? 0 : 1;
}

}  // namespace skerry_quality
