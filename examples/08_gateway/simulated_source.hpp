// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "features.hpp"
#include "record.hpp"
#include "station.hpp"

#include <skerry/testing/cnc_machine.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

// A machine of the simulated hall: one second of its signal becomes one row, or a reason why there is none.
namespace gateway {

class simulated_machine {
 public:
  simulated_machine(std::uint64_t seed, std::uint16_t number, std::span<const skerry::testing::scenario_entry> scenario)
      : machine_{std::make_unique<skerry::testing::cnc_machine>(
            skerry::testing::cnc_machine::create(skerry::testing::cnc_profile::hall, seed, number, scenario).value())} {}

  /// Collects the second that ends at `second + 1`.
  void collect(std::uint64_t second) {
    window_.clear();
    judged_mode_ = 0;
    for (std::uint64_t k = 0; k < second_window::blocks; ++k) {
      window_.add(machine_->block(second * second_window::blocks + k), machine_->profile());
    }
  }

  /// Checks, features, distance from the own normal, judgement.
  judged judge_second(station& s, std::uint64_t second, run_record& run) {
    const auto t = static_cast<double>(second + 1);
    const std::uint16_t program = window_.slow().program;
    if (window_.missing() > 0 || window_.stuck()) {
      const char* kind = window_.missing() > 0 ? "waveform blocks missing" : "accelerometer stuck";
      run.missing_blocks += window_.missing();
      const bool fresh =
          s.record().quality.empty() || s.record().quality.back().kind != kind || t - 1 - s.record().quality.back().until > 2.5;
      run.stuck += window_.stuck() && fresh ? 1U : 0U;
      s.quality(kind, t - 1, t);
      s.skip(t, program, false);
      return {};
    }
    const std::uint16_t mode = window_.mode();
    if (!window_.steady() || mode == 0) {
      s.skip(t, program, false);
      return {};
    }
    row_ = window_.features(*machine_);
    const auto distance = baseline_.observe(mode, row_, s.quiet());
    if (!distance) {
      s.skip(t, program, true);
      return {edge::none, row_};
    }
    const edge e = s.observe(t, distance.value().natural, distance.value().scaled, program);
    judged_mode_ = mode;
    return {e, row_};
  }

  /// Five seconds of each mode while all is well, and five seconds of the first known mode after an alarm.
  void keep_spectra(station& s, double t) {
    const std::uint16_t mode = judged_mode_;
    if (mode <= 1 || !s.record().spectra.empty()) {
      return;
    }
    if (!s.alarmed()) {
      if (s.quiet() && s.record().learned_at != never && before_[mode].count < averaged) {
        before_[mode].add(envelope_spectrum(window_, machine_->profile(), most_hz), t, window_.rpm());
      }
      return;
    }
    const auto known = before_.find(mode);
    if (known == before_.end() || known->second.count < averaged) {
      return;
    }
    spectrum_sum& after = after_[mode];
    after.add(envelope_spectrum(window_, machine_->profile(), most_hz), t, window_.rpm());
    if (after.count < averaged) {
      return;
    }
    spectrum_pair pair;
    pair.name = "envelope";
    pair.unit = "g";
    for (std::size_t i = 0; i < after.sum.size(); ++i) {
      pair.hz.push_back(static_cast<double>(i + 2));
      pair.before.push_back(known->second.sum[i] / averaged);
      pair.after.push_back(after.sum[i] / averaged);
    }
    pair.before_at = known->second.first;
    pair.after_at = after.first;
    const double fr = after.rpm / 60;
    const auto& b = machine_->bearing();
    for (const auto& [name, order] :
         {std::pair{"BPFO", b.bpfo()}, {"BPFI", b.bpfi()}, {"fr", 1.0}, {"2 BPFO", 2 * b.bpfo()}, {"BSF", b.bsf()}, {"FTF", b.ftf()}}) {
      if (order * fr < static_cast<double>(most_hz)) {
        pair.cursors.emplace_back(name, order * fr);
      }
    }
    s.record().spectra.push_back(std::move(pair));
  }

  [[nodiscard]] std::uint64_t raw_bytes_per_second() const {
    return static_cast<std::uint64_t>(machine_->profile().sample_rate) * 3 * sizeof(std::int16_t) + second_window::blocks * 40;
  }

 private:
  static constexpr std::size_t most_hz = 400;
  static constexpr int averaged = 5;

  struct spectrum_sum {
    std::vector<float> sum;
    int count = 0;
    double first = 0, rpm = 0;
    void add(const std::vector<float>& one, double t, double speed) {
      first = count == 0 ? t : first;
      rpm = speed;
      sum.resize(one.size());
      for (std::size_t i = 0; i < one.size(); ++i) {
        sum[i] += one[i];
      }
      ++count;
    }
  };

  std::unique_ptr<skerry::testing::cnc_machine> machine_;
  second_window window_;
  feature_row row_{};
  std::uint16_t judged_mode_ = 0;
  mode_baseline baseline_;
  std::map<std::uint16_t, spectrum_sum> before_, after_;
};

}  // namespace gateway
