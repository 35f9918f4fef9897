// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/ks.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/page_hinkley.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

struct drift_gate_config {
  double alpha = 0.001;      ///< the chance that a pane of unchanged scores is called different, in (0, 1)
  std::uint16_t pane = 200;  ///< scores that are compared with the reference at once; at most the K of the gate
  std::uint16_t stride = 5;  ///< of so many scores in a row one is looked at: the others hang together with it
  double delta = 0.25;       ///< Page-Hinkley on the mean: a shift by less is none; in standard deviations of the reference
  double lambda = 40;        ///< likewise: how much has to add up
  std::uint64_t seed = 0x736b65727279;
};

/// What to do about the reference that scores are judged by.
enum class drift_advice : std::uint8_t {
  steady,        ///< scores look as those of the reference
  refit,         ///< they moved and no alarm stood: normal has changed slowly. Let a candidate come before the refit gate.
  ask_operator,  ///< they moved and an alarm stood: a fault, or a new normal. A refit would learn it; a person has to say.
};

/// Tells slow change from faults, by the scores that a frozen reference gives.
///
/// Two looks at every `stride`-th score: the distribution of each full pane against that of the reference (Kolmogorov-Smirnov, sketch
/// to sketch), which sees whatever has moved however slowly; and Page-Hinkley on the mean, which sees a step within a pane. What
/// moved stays moved until a whole pane shows neither. An alarm counts in its pane and in the next.
///
/// Input   one finite score per row, and whether an alarm stands; higher or lower is stranger, as long as it is always the same
/// Cost    O(1) per score, the last one of a pane O(K log K) for the comparison; sizeof about 8 K floats, no heap
/// Bound   false advice on unchanged, independent scores: at most `alpha` per pane of pane x stride rows from the comparison, and
///         less from Page-Hinkley. Scores that hang together over more than `stride` rows cause more.
/// Errors  of observe: `not_finite`, `insufficient` before the reference has `least_reference` scores; of learn: `not_finite`,
///         `refused` once it judges, `full`; of create: `invalid`
/// Source  the two tests: see stats/ks.hpp and stats/page_hinkley.hpp; joining them with alarms is this library's
template <std::uint16_t K = 200>
class basic_drift_gate {
  static_assert(K >= 20, "basic_drift_gate<K>: a pane of fewer than 20 scores tells nothing");

  using sketch = stats::kll<float, K>;
  using spread = stats::moments<double, 2>;
  using mean_test = stats::page_hinkley;

 public:
  /// Scores that a reference must have.
  static constexpr std::uint64_t least_reference = 50;
  /// A score further than this from the reference's mean, in its standard deviations, moves the mean no more than one there.
  static constexpr double farthest = 4;
  static constexpr std::size_t max_encoded_size = 64 + mean_test::encoded_size + spread::encoded_size + 2 * sketch::max_encoded_size;

  [[nodiscard]] static result<basic_drift_gate> create(const drift_gate_config& config = drift_gate_config{}) noexcept {
    const auto mean = mean_test::create({config.delta, config.lambda, 1, 30});
    if (!mean || !(config.alpha > 0 && config.alpha < 1) || config.pane < 20 || config.pane > K || config.stride == 0) {
      return errc::invalid;
    }
    return basic_drift_gate{config, mean.value(), 0};
  }

  /// A score of the reference, which no alarm stood over.
  status learn(float score) noexcept {
    if (judging_) {
      return errc::refused;
    }
    if (!__builtin_isfinite(score)) {
      return errc::not_finite;
    }
    if (const status taken = reference_.observe(score); !taken) {
      return taken;
    }
    return reference_spread_.observe(static_cast<double>(score));
  }
  /// Many scores; returns how many were accepted.
  std::size_t learn(std::span<const float> scores) noexcept {
    std::size_t accepted = 0;
    for (const float score : scores) {
      accepted += learn(score) ? 1U : 0U;
    }
    return accepted;
  }
  /// Whether the reference has enough scores to judge by.
  [[nodiscard]] bool ready() const noexcept { return reference_.count() >= least_reference; }

  /// One score; `alarm`: whether one stands. The first call freezes the reference.
  result<drift_advice> observe(float score, bool alarm) noexcept {
    if (!__builtin_isfinite(score)) {
      return errc::not_finite;
    }
    if (!ready()) {
      return errc::insufficient;
    }
    if (!judging_) {
      judging_ = true;
      mean_ = reference_spread_.mean().value();
      sd_ = reference_spread_.stddev().value_or(0);
    }
    alarm_now_ = alarm_now_ || alarm;
    ++skipped_;
    if (skipped_ >= config_.stride) {
      skipped_ = 0;
      look(score);
    }
    return advice();
  }

  [[nodiscard]] drift_advice advice() const noexcept {
    if (!moved_) {
      return drift_advice::steady;
    }
    return alarm_now_ || alarm_before_ ? drift_advice::ask_operator : drift_advice::refit;
  }
  /// The last full pane against the reference; `insufficient` before there was one.
  [[nodiscard]] result<stats::ks_result> last() const noexcept {
    if (last_.n_b == 0) {
      return errc::insufficient;
    }
    return last_;
  }
  /// Full panes compared since `restart`.
  [[nodiscard]] std::uint64_t panes() const noexcept { return panes_; }
  [[nodiscard]] const drift_gate_config& config() const noexcept { return config_; }

  /// Another reference: forgets everything and learns anew.
  void restart() noexcept {
    mean_test_.clear();
    *this = basic_drift_gate{config_, mean_test_, references_ + 1};
  }

  /// What is decoded goes on with the same bits, if the reference was frozen; one that was still learning draws other coins, and may
  /// round its mean otherwise.
  ///
  /// `SKDG`, u8 version 1, f64 alpha, u16 pane, u16 stride, u64 seed, u64 references, u8 flags (1 judging, 2 moved, 4 mean moved,
  /// 8 alarm now, 16 alarm before), u16 skipped, u64 panes, f64 distance, f64 slack, f64 mean, f64 sd, the Page-Hinkley frame, the
  /// frame of moments, and twice u32 length and KLL image: reference and recent.
  status encode(byte_writer& out) const noexcept {
    out.u32(magic);
    out.u8(1);
    out.f64(config_.alpha);
    out.u16(config_.pane);
    out.u16(config_.stride);
    out.u64(config_.seed);
    out.u64(references_);
    out.u8(flags());
    out.u16(skipped_);
    out.u64(panes_);
    out.f64(last_.distance);
    out.f64(last_.slack);
    out.f64(mean_);
    out.f64(sd_);
    (void)mean_test_.encode(out);
    (void)reference_spread_.encode(out);
    for (const sketch* s : {&reference_, &recent_}) {
      const auto length = out.reserve(4);
      const std::size_t before = out.written().size();
      (void)s->encode(out);
      byte_writer{length}.u32(static_cast<std::uint32_t>(out.written().size() - before));
    }
    return out.error();
  }
  [[nodiscard]] static result<basic_drift_gate> decode(byte_reader& in) noexcept {
    const auto found = in.u32();
    const auto version = in.u8();
    drift_gate_config config;
    config.alpha = in.f64();
    config.pane = in.u16();
    config.stride = in.u16();
    config.seed = in.u64();
    const auto references = in.u64();
    const auto flags = in.u8();
    const auto skipped = in.u16();
    const auto panes = in.u64();
    const double distance = in.f64();
    const double slack = in.f64();
    const double mean = in.f64();
    const double sd = in.f64();
    auto frame = in.sub_reader(mean_test::encoded_size);
    auto spread_frame = in.sub_reader(spread::encoded_size);
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (found != magic) {
      return errc::corrupt;
    }
    if (version != 1) {
      return errc::unsupported;
    }
    const auto mean_read = mean_test::decode(frame);
    const auto spread_read = spread::decode(spread_frame);
    if (!mean_read || !spread_read) {
      return mean_read ? spread_read.error() : mean_read.error();
    }
    const stats::page_hinkley_config settings = mean_read.value().config();
    config.delta = settings.delta;
    config.lambda = settings.lambda;
    if (!create(config) || settings.alpha != 1 || settings.min_count != 30) {
      return errc::corrupt;
    }
    basic_drift_gate gate{config, mean_read.value(), references};
    gate.panes_ = panes;
    std::uint64_t part = 0;
    for (sketch* s : {&gate.reference_, &gate.recent_}) {
      auto image = in.sub_reader(in.u32());
      const auto read = sketch::decode(image, gate.seed_of(part == 0 ? 0 : 1 + panes));
      if (!read) {
        return in.error() != errc::ok ? in.error() : read.error();
      }
      *s = read.value();
      ++part;
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    gate.reference_spread_ = spread_read.value();
    gate.skipped_ = skipped;
    gate.mean_ = mean;
    gate.sd_ = sd;
    gate.judging_ = (flags & 1) != 0;
    gate.moved_ = (flags & 2) != 0;
    gate.mean_moved_ = (flags & 4) != 0;
    gate.alarm_now_ = (flags & 8) != 0;
    gate.alarm_before_ = (flags & 16) != 0;
    if (panes > 0) {
      gate.last_ = {distance, slack, gate.reference_.count(), config.pane};
    }
    if (flags >= 32 || !gate.possible(distance, slack)) {
      return errc::corrupt;
    }
    return gate;
  }

 private:
  static constexpr std::uint32_t magic = 0x47444b53;  // "SKDG"

  basic_drift_gate(const drift_gate_config& config, const mean_test& mean, std::uint64_t references) noexcept
      : config_{config}, references_{references}, mean_test_{mean} {}

  /// A generator for the reference (0) and one for each pane.
  [[nodiscard]] std::uint64_t seed_of(std::uint64_t part) const noexcept {
    return splitmix64{config_.seed + 0x9e3779b97f4a7c15U * references_}() + part;
  }
  [[nodiscard]] std::uint8_t flags() const noexcept {
    return static_cast<std::uint8_t>((judging_ ? 1 : 0) | (moved_ ? 2 : 0) | (mean_moved_ ? 4 : 0) | (alarm_now_ ? 8 : 0) |
                                     (alarm_before_ ? 16 : 0));
  }
  /// Whether learning and judging can leave such numbers.
  [[nodiscard]] bool possible(double distance, double slack) const noexcept {
    const bool finite = __builtin_isfinite(mean_) && __builtin_isfinite(sd_) && sd_ >= 0;
    const bool compared = panes_ == 0 ? distance == 0 && slack == 0 : distance >= 0 && distance <= 1 && slack >= 0 && slack < 1;
    const bool pane = recent_.count() < config_.pane && skipped_ < config_.stride && recent_.retained() == recent_.count();
    const bool same = reference_.count() == reference_spread_.count();
    if (judging_) {
      return finite && compared && pane && same && ready();
    }
    return same && finite && mean_ == 0 && sd_ == 0 && panes_ == 0 && compared && skipped_ == 0 && recent_.count() == 0 && flags() == 0 &&
           mean_test_.count() == 0;
  }

  /// In standard deviations of the reference, no further than `farthest`.
  [[nodiscard]] double standardised(double score) const noexcept {
    const double d = score - mean_;
    if (!(sd_ > 0)) {
      return d > 0 ? farthest : (d < 0 ? -farthest : 0);
    }
    const double z = d / sd_;
    return z > farthest ? farthest : (z < -farthest ? -farthest : z);
  }
  void look(float score) noexcept {
    const auto event = mean_test_.observe(standardised(static_cast<double>(score)));
    if (event && event.value() != stats::drift_event::none) {
      mean_moved_ = moved_ = true;
    }
    (void)recent_.observe(score);
    if (recent_.count() < config_.pane) {
      return;
    }
    last_ = stats::ks(reference_, recent_).value();
    moved_ = mean_moved_ || last_.differ(config_.alpha);
    mean_moved_ = false;
    alarm_before_ = alarm_now_;
    alarm_now_ = false;
    ++panes_;
    recent_ = sketch{seed_of(1 + panes_)};
  }

  drift_gate_config config_;
  std::uint64_t references_;  // before the sketches, whose seeds come from it
  mean_test mean_test_;       // on standardised scores
  spread reference_spread_{};
  sketch reference_{seed_of(0)};
  sketch recent_{seed_of(1)};
  stats::ks_result last_{};
  double mean_ = 0;
  double sd_ = 0;
  std::uint64_t panes_ = 0;
  std::uint16_t skipped_ = 0;
  bool judging_ = false;
  bool moved_ = false;
  bool mean_moved_ = false;    // in this pane
  bool alarm_now_ = false;     // in this pane
  bool alarm_before_ = false;  // in the one before
};

using drift_gate = basic_drift_gate<>;

}  // namespace skerry::inline v0::anomaly
