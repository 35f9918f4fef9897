// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "csv_source.hpp"

#include <skerry/anomaly/decision_log.hpp>
#include <skerry/anomaly/signal_watch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

// What a sensor that judges by itself (07_firmware_sensor) decided about the same samples: the same judge, the same lines, byte by byte.
namespace gateway {

struct sensor_decisions {
  std::string text;  ///< a line per window
  std::uint32_t crc = 0;
};

/// Of the first channel, `window` rows at a time.
inline sensor_decisions decide_as_sensor(const csv_table& table, std::uint32_t window) {
  using watch = skerry::anomaly::signal_watch<>;
  const auto judge = std::make_unique<watch>();
  if (!watch::create(*judge, {.window = window})) {
    throw misuse{"--decision-window: at least 2 rows"};
  }
  sensor_decisions out;
  skerry::anomaly::decision_log log;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    // What is not finite never reached the table; what overflows is no sample for the sensor either.
    if (judge->observe(table.row(i)[0]).value_or(false)) {
      out.text += log.add(judge->decision());
    }
  }
  out.crc = log.crc();
  return out;
}

}  // namespace gateway
