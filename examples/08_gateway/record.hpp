// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

// What a run leaves behind: filled by the pipeline, read by the summary and the report. Times are seconds since the first row.
namespace gateway {

inline constexpr float no_value = std::numeric_limits<float>::quiet_NaN();
inline constexpr double never = std::numeric_limits<double>::infinity();

enum class row_state : std::uint8_t { learning, normal, suspect, alarmed, paused };

/// One thing that is watched, as it came and, where the machine has operating modes, over its own normal in the same mode.
struct indicator {
  std::string name;       ///< in the words of the person who maintains the machine
  std::string unit;       ///< of `value`; empty for a bare number
  std::string means;      ///< what to check when it rises; empty for recorded channels
  bool specific = false;  ///< names a part, where others only say that something is wrong
  std::vector<float> value;
  float low = no_value, high = no_value;            ///< its own normal band, learned: the middle 98 % of the reference
  float wide_low = no_value, wide_high = no_value;  ///< band beyond which it is far outside
};

struct contribution {
  std::size_t column = 0;
  float share = 0;   ///< of all that speaks for the alarm, 0 to 1
  float change = 0;  ///< against the own normal, in the indicator's unit
};

struct alarm_record {
  std::uint32_t id = 0;
  double raised = 0;
  double cleared = never;
  std::string why;     ///< which judge: forest, T2, Q
  double p_value = 1;  ///< chance of such a row in normal operation
  std::vector<contribution> top;
};

/// What really happened, where it is known: for scoring only.
struct truth_record {
  std::string what;
  double from = 0, until = never;
  bool sensor = false;
};

struct quality_event {
  std::string kind;
  double from = 0, until = 0;
};

struct spectrum_pair {
  std::string name, unit;
  std::vector<double> hz;
  std::vector<float> before, after;
  std::vector<std::pair<std::string, double>> cursors;
  double before_at = 0, after_at = 0;
};

struct machine_record {
  std::string name;
  std::vector<double> t;
  std::vector<float> score;  ///< 1 is the alarm threshold; no_value while learning or paused
  std::vector<row_state> state;
  std::vector<std::uint16_t> mode;  ///< 0: none
  std::vector<indicator> indicators;
  std::vector<alarm_record> alarms;
  std::vector<truth_record> truth;
  std::vector<quality_event> quality;
  std::vector<spectrum_pair> spectra;
  double learned_at = never;
  std::size_t learned_rows = 0;
  // Filled by judge(): alarms against the truth.
  std::size_t faults = 0, hit = 0, false_alarms = 0;
  std::vector<double> delays;
};

struct queue_point {
  double t = 0;
  std::uint64_t queued = 0;
  double oldest = 0;  ///< age in seconds
};

struct link_cut {
  double from = 0, until = 0;
  std::uint64_t stored = 0;   ///< items waiting when the link came back
  double drained_in = never;  ///< seconds from then until the queue was empty again
  bool restarted = false;     ///< inside it
};

/// Microseconds from a row's arrival to the decision on it. Measured: differs from run to run.
struct latency_record {
  std::string phase;
  std::vector<float> us;
  [[nodiscard]] double quantile(double q) const;
};

struct account_record {
  std::uint64_t produced = 0, recovered = 0, delivered = 0, queued = 0, refused = 0, duplicates = 0;
  std::vector<std::pair<std::string, std::uint64_t>> dropped;  ///< by reason
  [[nodiscard]] std::uint64_t dropped_total() const {
    std::uint64_t n = 0;
    for (const auto& d : dropped) {
      n += d.second;
    }
    return n;
  }
  [[nodiscard]] std::int64_t difference() const {
    return static_cast<std::int64_t>(produced + recovered) - static_cast<std::int64_t>(delivered + dropped_total() + queued);
  }
  [[nodiscard]] bool balances() const { return difference() == 0; }
};

struct region_record {
  std::uint64_t summaries = 0, alarms = 0, deltas = 0, damaged = 0, historical = 0;
  std::vector<std::pair<std::string, std::string>> status;  ///< machine, last known state
  std::uint64_t rows = 0;                                   ///< merged from all summaries that arrived
  std::uint64_t rows_produced = 0;                          ///< what the gateway put into them
  bool order_kept = true;
  bool states_agree = false;
  std::uint32_t state = 0;  ///< CRC-32C of what it knows of the hall
};

struct bytes_record {
  std::uint64_t raw = 0, features = 0, sent = 0, wire = 0;
};

struct run_record {
  std::string source;  ///< "simulator" or the file's name
  std::string version;
  std::string input_hash;  ///< CRC-32C of the file; empty for the simulator
  double start_unix = 0;   ///< of the first row; 0 where the source has no calendar
  std::uint64_t seed = 0;
  double duration = 0;     ///< seconds
  double row_seconds = 1;  ///< typical distance of rows
  std::uint64_t rows = 0;
  bool truth_known = false;
  std::string model;                                           ///< of known failures, and how often it answered; empty: none was asked for
  std::vector<std::pair<std::string, std::uint64_t>> refused;  ///< rows by kind of defect
  std::vector<std::string> refused_examples;                   ///< with line numbers
  std::uint64_t gaps = 0, stuck = 0, missing_blocks = 0;
  std::vector<machine_record> machines;
  std::vector<link_cut> cuts;
  std::vector<queue_point> queue;
  std::array<latency_record, 3> latency{latency_record{"normal", {}}, latency_record{"outage", {}}, latency_record{"replay", {}}};
  bytes_record bytes;
  account_record account;
  std::string link;         ///< over brokers: what they did; empty: loopback
  bool region_here = true;  ///< it listened in this process
  std::uint32_t state = 0;  ///< CRC-32C of what the gateway knows of the hall
  region_record region;
  std::uint64_t memory_kib = 0;  ///< measured
  double wall_seconds = 0;       ///< measured
  std::vector<std::pair<std::string, std::string>> settings;
};

inline double latency_record::quantile(double q) const {
  if (us.empty()) {
    return 0;
  }
  // `us` is sorted when the run ends.
  const auto n = static_cast<double>(us.size());
  const double rank = std::ceil(q * n);
  return static_cast<double>(us[static_cast<std::size_t>(rank < 1 ? 0 : rank - 1)]);
}

}  // namespace gateway
