// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/moments.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace skerry::inline v0::anomaly {

/// The sizes of a `signal_watch`; all of them are bytes of its object.
struct watch_sizes {
  std::uint16_t trees = 32;
  std::uint16_t sample = 64;     ///< windows per tree
  std::uint16_t teach = 96;      ///< windows that the trees are grown from
  std::uint16_t calibrate = 96;  ///< windows after these, on which the level is set
};

/// What a `signal_watch` is told when it is made.
struct watch_config {
  std::uint64_t seed = 0x736b65727279;
  std::uint32_t window = 160;  ///< samples
  double strange = 0.01;       ///< share of normal windows that may lie above the level, in (0, 0.5]
  latch_config latch{.k = 5, .n = 7, .enter = 0, .leave = 0, .m = 20};  ///< in windows; its levels are not looked at
};

/// What a `signal_watch` says of one window.
struct watch_decision {
  std::uint32_t window = 0;  ///< its number, from 0
  monitor_state state = monitor_state::learning;
  bool strange = false;  ///< this window alone: its score reaches the level
  float score = 0;       ///< of the forest, in (0, 1): higher is stranger; 0 while it is being taught
  float level = 1;       ///< from which on a window is strange; 1 while learning

  friend bool operator==(const watch_decision&, const watch_decision&) = default;
};

/// Watches one signal in fixed memory: the first windows teach an isolation forest, the next ones set its level, the others are judged.
///
/// A window becomes six numbers: mean, standard deviation and peak-to-peak of the samples, their kurtosis, and standard deviation and
/// kurtosis of the steps from one sample to the next, which feel high frequencies and blows. Windows follow each other without a gap.
/// What is normal is learnt once; a machine with several modes wants a `monitor`. A number that did not move while the trees were taught
/// is not looked at later.
///
/// Input   one finite sample per call; the first `teach + calibrate` windows must be normal ones
/// Units   those of the sample; a constant factor changes no decision but by rounding
/// Cost    observe: two updates of float moments; the last sample of a window a score, the last of the taught ones all trees, and
///         `forest_type::training_bytes` of stack. No heap, trivially copyable: its bytes may be kept in flash and read back by the same
///         program
/// Errors  `not_finite`: the sample or a power of it; `insufficient`: not created. Nothing has changed then.
///         `invalid` from `create`: a window below 2 samples, a share or latch that is none
/// Source  Liu, Ting, Zhou: Isolation Forest, ICDM 2008
/// Example examples/07_firmware_sensor
template <watch_sizes Sizes = watch_sizes{}>
class signal_watch {
  static_assert(Sizes.teach >= Sizes.sample, "signal_watch: teach at least as many windows as a tree draws");
  static_assert(Sizes.calibrate >= 2, "signal_watch: a level needs two windows at least");

 public:
  static constexpr std::size_t features = 6;
  /// At most so many splits a tree: its depth ends at log2 of the sample.
  static constexpr std::size_t nodes = std::size_t{Sizes.trees} * (std::bit_ceil(std::size_t{Sizes.sample}) - 1);
  using forest_type = isolation_forest<features, Sizes.trees, Sizes.sample, std::uint8_t, nodes, scores_only>;
  using row = std::array<float, features>;

  /// Not created yet: every sample is refused with `insufficient`. For static storage; then `create(watch, config)`.
  signal_watch() noexcept = default;
  [[nodiscard]] static result<signal_watch> create(const watch_config& config) noexcept {
    const auto latch = latch_of(config);
    return latch ? result<signal_watch>{std::in_place, config, latch.value()} : result<signal_watch>{latch.error()};
  }
  /// The same in place, so that nothing that large travels over the stack. A refusal leaves `into` as it was.
  [[nodiscard]] static status create(signal_watch& into, const watch_config& config) noexcept {
    const auto latch = latch_of(config);
    if (!latch) {
      return latch.error();
    }
    ::new (static_cast<void*>(&into)) signal_watch(config, latch.value());  // trivially destructible
    return {};
  }
  /// What `create` builds with, once it has checked.
  signal_watch(const watch_config& config, const alarm_latch& latch) noexcept : config_{config}, latch_{latch} {}

  /// Takes one sample; true when it completed a window: `decision()` is of that one.
  [[nodiscard]] result<bool> observe(float sample) noexcept {
    if (config_.window == 0) {
      return errc::insufficient;
    }
    auto values = values_;
    auto steps = steps_;
    const bool taken = static_cast<bool>(values.observe(sample)) && (seen_ == 0 || steps.observe(sample - last_));
    if (!taken) {
      return errc::not_finite;
    }
    values_ = values;
    steps_ = steps;
    least_ = seen_ == 0 ? sample : std::min(least_, sample);
    most_ = seen_ == 0 ? sample : std::max(most_, sample);
    last_ = sample;
    if (++seen_ < config_.window) {
      return false;
    }
    judge(numbers());
    drop_window();
    return true;
  }

  [[nodiscard]] const watch_decision& decision() const noexcept { return decision_; }
  /// The numbers of the latest complete window, in the order above.
  [[nodiscard]] const row& latest() const noexcept { return latest_; }
  [[nodiscard]] bool learnt() const noexcept { return calibrated_; }
  [[nodiscard]] const forest_type& forest() const noexcept { return forest_; }
  [[nodiscard]] const watch_config& config() const noexcept { return config_; }
  /// Alarms raised since it was made.
  [[nodiscard]] std::uint32_t alarms() const noexcept { return latch_.alarms(); }

  /// After a reset: goes on at this window with what was learnt, without samples and without an alarm.
  void resume(std::uint32_t window) noexcept {
    drop_window();
    latch_.reset();
    next_ = window;
  }

 private:
  [[nodiscard]] static result<alarm_latch> latch_of(const watch_config& config) noexcept {
    latch_config latch = config.latch;
    latch.enter = latch.leave = 0;
    const bool possible = config.window >= 2 && config.strange > 0 && config.strange <= 0.5;
    return possible ? alarm_latch::create(latch) : result<alarm_latch>{errc::invalid};
  }

  void drop_window() noexcept {
    values_.clear();
    steps_.clear();
    seen_ = 0;
  }

  [[nodiscard]] row numbers() const noexcept {
    const auto number = [](const result<float>& r) { return r && r.value() - r.value() == 0 ? r.value() : 0.0F; };
    const float range = most_ - least_;
    return {number(values_.mean()),  number(values_.stddev()),        range - range == 0 ? range : 0.0F, number(values_.kurtosis_excess()),
            number(steps_.stddev()), number(steps_.kurtosis_excess())};
  }

  void judge(const row& x) noexcept {
    latest_ = x;
    decision_ = watch_decision{};
    decision_.window = next_++;
    if (taught_ < Sizes.teach) {
      teach(x);
      return;
    }
    decision_.score = forest_.score(std::span<const float, features>{x}).value_or(0.0F);
    if (!calibrated_) {
      calibrate(decision_.score);
      return;
    }
    decision_.level = latch_.config().enter;
    decision_.strange = decision_.score >= decision_.level;
    (void)latch_.observe(decision_.score);
    decision_.state = latch_.alarmed() ? monitor_state::alarmed : (latch_.suspect() ? monitor_state::suspect : monitor_state::normal);
  }

  void teach(const row& x) noexcept {
    rows_[taught_++] = x;
    if (taught_ == Sizes.teach && !forest_.fit({rows_[0].data(), Sizes.teach, features, features},
                                               {.seed = config_.seed, .trees = Sizes.trees, .sample = Sizes.sample})) {
      taught_ = 0;  // a column whose range is beyond binary32: other windows may teach more
    }
  }

  void calibrate(float score) noexcept {
    (void)held_.observe(score);  // a score is finite, and there is room
    if (held_.size() < Sizes.calibrate) {
      return;
    }
    const float level = held_.for_contamination(config_.strange).value().enter();
    (void)latch_.set_levels(level, level);
    calibrated_ = true;
  }

  watch_config config_{.window = 0};
  alarm_latch latch_ = alarm_latch::create({}).value();
  stats::moments<float, 4> values_{}, steps_{};
  float least_ = 0, most_ = 0, last_ = 0;
  std::uint32_t seen_ = 0;
  std::uint32_t next_ = 0;
  std::uint16_t taught_ = 0;
  bool calibrated_ = false;
  watch_decision decision_{};
  row latest_{};
  array_of<row, Sizes.teach> rows_{};
  basic_calibration<float, Sizes.calibrate> held_{};
  forest_type forest_{};
};

}  // namespace skerry::inline v0::anomaly
