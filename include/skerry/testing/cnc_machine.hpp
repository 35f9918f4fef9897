// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>
#include <skerry/testing/cnc_profile.hpp>
#include <skerry/testing/detail/sine_cells.hpp>
#include <skerry/testing/scenario.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::testing {

/// What the machine is doing; a part program is a list of these.
enum class cnc_activity : std::uint8_t { idle, rapid, roughing, finishing, tool_change };

struct cnc_segment {
  cnc_activity activity = cnc_activity::idle;
  std::uint8_t tool = 1;
  std::uint8_t teeth = 2;
  std::uint16_t blocks = 10;  ///< length in blocks of 0.1 s
  float rpm = 0;
  float engagement = 0;  ///< share of full load
};

struct cnc_program {
  static constexpr std::size_t max_segments = 12;
  array_of<cnc_segment, max_segments> segments{};
  std::size_t size = 0;
};

/// The slow channels, one row per block.
///
/// Units   1/min, %, A, degrees Celsius, l/min
struct cnc_slow {
  float spindle_rpm = 0;
  float load = 0;
  float spindle_current = 0;
  std::array<float, 3> axis_current{};
  float head_temperature = 0;
  float coolant_temperature = 0;
  float coolant_flow = 0;
  float ambient = 0;
  bool guard_open = false;
  std::uint8_t program = 0;  ///< 1 to 4
  std::uint8_t tool = 0;
};

/// 0.1 s of one machine.
struct cnc_block {
  static constexpr std::size_t max_samples = 512;
  std::uint64_t index = 0;
  std::size_t samples = 0;        ///< per axis
  bool waveform_present = false;  ///< false: the sensor's block is missing and `waveform` holds nothing of use
  array_of<std::array<std::int16_t, max_samples>, 3> waveform{};
  cnc_slow slow{};

  [[nodiscard]] std::span<const std::int16_t> axis(std::size_t a) const noexcept { return {waveform[a].data(), samples}; }
};

/// A machining centre with an accelerometer: the same bytes for the same (profile, seed, machine number, scenario) on every target.
///
/// Units   a block is 0.1 s; waveform counts are 1 / profile.counts_per_g of a g
/// Cost    `block(k)` for the next k: 960 samples, about 10 ns each; any other k replays from the nearer of here and the start. No heap
/// Errors  `create`: `invalid` for a severity, time or profile outside its range, `full` beyond 8 entries for this machine
/// Source  S. Braun, "Discover Signal Processing" (2008), ch. 11 (impulses ringing a structural mode with random slip)
/// Example examples/08_gateway
class cnc_machine {
 public:
  static constexpr std::size_t max_faults = 8;
  static constexpr double block_seconds = 0.1;

  /// Entries for other machines are passed over; an entry that names no machine (0) is meant for any.
  [[nodiscard]] static result<cnc_machine> create(const cnc_profile& profile, std::uint64_t seed, std::uint16_t number,
                                                  std::span<const scenario_entry> scenario = {}) noexcept {
    const double samples = static_cast<double>(profile.sample_rate) * block_seconds;
    if (!(samples >= 1) || samples > static_cast<double>(cnc_block::max_samples) ||
        samples - static_cast<double>(static_cast<int>(samples + 0.5)) > 1e-3) {
      return errc::invalid;
    }
    cnc_machine machine{profile, seed, number};
    for (const scenario_entry& entry : scenario) {
      if (entry.machine != 0 && entry.machine != number) {
        continue;
      }
      if (!(entry.severity > 0 && entry.severity <= 1) || !(entry.at >= 0) || !(entry.ramp >= 0) || !(entry.until > entry.at)) {
        return errc::invalid;
      }
      if (machine.fault_count_ == max_faults) {
        return errc::full;
      }
      machine.faults_[machine.fault_count_++] = entry;
    }
    return machine;
  }

  /// Block number `k`, from 0; valid until the next call.
  const cnc_block& block(std::uint64_t k) noexcept {
    if (started_ && k == block_.index) {
      return block_;
    }
    if (started_ && k < block_.index) {
      restart();
    }
    do {
      step();
    } while (block_.index != k);
    return block_;
  }

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }
  [[nodiscard]] const cnc_profile& profile() const noexcept { return profile_; }
  /// The bearing of this individual machine: defect frequencies follow from it and the spindle speed.
  [[nodiscard]] const bearing_geometry& bearing() const noexcept { return bearing_; }
  [[nodiscard]] std::span<const cnc_program, 4> programs() const noexcept { return programs_; }
  /// What really happens to this machine, for scoring only.
  [[nodiscard]] std::span<const scenario_entry> truth() const noexcept { return {faults_.data(), fault_count_}; }

 private:
  // Which stream of random numbers, second word of the Philox counter. Numbers are permanent: they are part of the golden bytes.
  enum channel : std::uint32_t {
    excitation = 0,
    slip = 8,
    dropout = 9,
    slow_noise = 10,
    individual = 16,
    program_text = 17,
    schedule = 18,
    stock = 19
  };

  struct resonator {
    float a1 = 0, a2 = 0, gain = 0;
  };

  cnc_machine(const cnc_profile& profile, std::uint64_t seed, std::uint16_t number) noexcept
      : profile_{profile}, random_{seed}, number_{number} {
    block_.samples = static_cast<std::size_t>(static_cast<double>(profile.sample_rate) * block_seconds + 0.5);
    const auto u = draw(individual, 0, 0);
    const auto v = draw(individual, 0, 1);
    bearing_ = profile.bearing;
    bearing_.ball_diameter *= 1 + profile.bearing_tolerance * signed_share(u[0]);
    bearing_.pitch_diameter *= 1 + profile.bearing_tolerance * signed_share(u[1]);
    for (std::size_t m = 0; m < 2; ++m) {
      const double frequency = profile.mode[m] * (1 + profile.mode_tolerance * signed_share(u[2 + m]));
      const double damping = profile.damping_least + (profile.damping_most - profile.damping_least) * share(v[m]);
      const double omega = 2 * math::pi * frequency / static_cast<double>(profile.sample_rate);
      const double radius = math::exp(-damping * omega);
      const double a1 = 2 * radius * math::cos(omega);
      const double a2 = radius * radius;
      // Output variance of y = a1 y' - a2 y'' + x for white x; the gain makes it 1 for an input uniform in [-1, 1).
      const double variance = (1 + a2) / ((1 - a2) * ((1 + a2) * (1 + a2) - a1 * a1)) / 3;
      mode_[m] = {static_cast<float>(a1), static_cast<float>(a2), static_cast<float>(1 / math::sqrt(variance))};
      if (m == 1) {
        ring_kick_ = static_cast<float>(math::sin(omega));  // an impulse of this size rings with amplitude 1
      }
    }
    for (std::size_t p = 0; p < 4; ++p) {
      programs_[p] = draw_program(static_cast<std::uint32_t>(p));
    }
    restart();
  }

  [[nodiscard]] std::array<std::uint32_t, 4> draw(std::uint32_t what, std::uint64_t block, std::uint32_t index) const noexcept {
    return random_.block({number_, what, static_cast<std::uint32_t>(block), index});
  }
  static constexpr double share(std::uint32_t u) noexcept { return static_cast<double>(u) / 4294967296.0; }
  static constexpr double signed_share(std::uint32_t u) noexcept { return 2 * share(u) - 1; }
  static constexpr std::uint32_t between(std::uint32_t u, std::uint32_t least, std::uint32_t most) noexcept {
    return least + static_cast<std::uint32_t>((static_cast<std::uint64_t>(u) * (most - least + 1)) >> 32);
  }

  [[nodiscard]] cnc_program draw_program(std::uint32_t p) const noexcept {
    cnc_program out;
    std::uint32_t index = p * 64;
    const auto add = [&](cnc_activity activity, std::uint32_t blocks, std::uint8_t tool, std::uint8_t teeth, float rpm, float engagement) {
      out.segments[out.size++] = {activity, tool, teeth, static_cast<std::uint16_t>(blocks), rpm, engagement};
    };
    const auto u0 = draw(program_text, 0, index++);
    constexpr std::uint32_t tools = 2;
    for (std::uint32_t t = 0; t < tools; ++t) {
      const auto u = draw(program_text, 0, index++);
      const auto v = draw(program_text, 0, index++);
      const auto tool = static_cast<std::uint8_t>(between(u[0], 0, 5) + 1 + 6 * t);
      const auto teeth = static_cast<std::uint8_t>(between(u[1], 2, 4));
      const bool rough = t == 0;
      const std::uint32_t least = static_cast<std::uint32_t>(profile_.rpm_least) / 60;
      const std::uint32_t most = static_cast<std::uint32_t>(profile_.rpm_most) / 60;
      const std::uint32_t middle = (least + most) / 2;
      const float rpm = 60.0F * static_cast<float>(rough ? between(u[2], least + 10, middle) : between(u[2], middle - 10, most));
      const float engagement = 0.05F * static_cast<float>(rough ? between(u[3], 10, 18) : between(u[3], 3, 8));
      add(cnc_activity::tool_change, 50, tool, teeth, 0, 0);
      add(cnc_activity::rapid, between(v[0], 20, 40), tool, teeth, rpm, 0);
      add(rough ? cnc_activity::roughing : cnc_activity::finishing, between(v[1], 150, 300), tool, teeth, rpm, engagement);
      add(cnc_activity::rapid, between(v[2], 10, 20), tool, teeth, rpm, 0);
      add(rough ? cnc_activity::roughing : cnc_activity::finishing, between(v[3], 120, 240), tool, teeth, rpm, engagement);
    }
    add(cnc_activity::idle, between(u0[1], 60, 140), out.segments[out.size - 1].tool, 2, profile_.rpm_least, 0);
    return out;
  }

  void restart() noexcept {
    next_ = 0;
    started_ = false;
    batch_ = 0;
    batch_left_ = 0;
    program_ = 3;
    segment_ = cnc_program::max_segments;
    segment_left_ = 0;
    state_ = {};
    state_.head = profile_.ambient + 12;  // warm: the programs' mean load
    state_.coolant = profile_.ambient + 3;
    state_.flow = profile_.coolant_flow;
    shaft_phase_ = 0;
    ring_ = {};
    filter_ = {};
    to_impulse_ = 1;
    impulses_ = 0;
    cutting_wear_ = {};
    balanced_ = {};
    balanced_.fill(true);
    last_ = {};
  }

  /// Programs come in turn, each two to four parts at a time, so that every program is seen within half an hour.
  void next_segment() noexcept {
    while (true) {
      ++segment_;
      if (segment_ >= programs_[program_].size) {
        segment_ = 0;
        if (batch_left_ == 0) {
          program_ = (program_ + 1) % 4;
          batch_left_ = between(draw(schedule, batch_++, 0)[0], 2, 4);
        }
        --batch_left_;
      }
      const cnc_segment& s = programs_[program_].segments[segment_];
      segment_left_ = s.blocks;
      if (s.activity == cnc_activity::tool_change) {
        for (std::size_t f = 0; f < fault_count_; ++f) {
          balanced_[f] = !(time() >= faults_[f].at && time() < faults_[f].until);
        }
      }
      if (segment_left_ > 0) {
        return;
      }
    }
  }

  [[nodiscard]] double time() const noexcept { return static_cast<double>(next_) * block_seconds; }

  /// Severity of fault `f` now: 0 before the onset and after the end.
  [[nodiscard]] double severity(std::size_t f) const noexcept {
    const scenario_entry& entry = faults_[f];
    const double since = time() - entry.at;
    if (since < 0 || time() >= entry.until) {
      return 0;
    }
    const double share_reached = entry.ramp > since ? since / entry.ramp : 1.0;
    return static_cast<double>(entry.severity) * share_reached;
  }

  struct effects {
    float outer = 0, inner = 0, imbalance = 0, tooth = 0, current = 0, lost = 0;
    bool stuck = false;
  };

  [[nodiscard]] effects effects_now(bool cutting) noexcept {
    effects e;
    for (std::size_t f = 0; f < fault_count_; ++f) {
      const double s = severity(f);
      if (s <= 0) {
        continue;
      }
      const auto sf = static_cast<float>(s);
      switch (faults_[f].what) {
        case disturbance::bearing_outer: e.outer += sf; break;
        case disturbance::bearing_inner: e.inner += sf; break;
        case disturbance::imbalance: e.imbalance += balanced_[f] ? 0.0F : sf; break;
        case disturbance::tool_wear: {
          cutting_wear_[f] += cutting ? block_seconds : 0;
          const double reached = cutting_wear_[f] / profile_.wear_seconds;
          const auto worn = static_cast<float>(s * (reached < 1 ? reached : 1.0));
          e.tooth += 0.6F * worn;
          e.current += 0.25F * worn;
          break;
        }
        case disturbance::sensor_stuck: e.stuck = true; break;
        case disturbance::sensor_dropout: e.lost += sf; break;
      }
    }
    return e;
  }

  void step() noexcept {
    if (segment_left_ == 0) {
      next_segment();
    }
    --segment_left_;
    const cnc_segment& now = programs_[program_].segments[segment_];
    const bool cutting = now.engagement > 0;
    const effects e = effects_now(cutting);
    slow_channels(now, cutting, e);
    waveform(now, e);
    block_.index = next_++;
    started_ = true;
  }

  /// The allowance of the raw part varies along the cut: drawn every three seconds, linear between.
  [[nodiscard]] double stock_now() const noexcept {
    constexpr std::uint64_t span = 30;
    const double from = signed_share(draw(stock, next_ / span, 0)[0]);
    const double to = signed_share(draw(stock, next_ / span + 1, 0)[0]);
    const double along = static_cast<double>(next_ % span) / static_cast<double>(span);
    return 1 + profile_.stock_variation * (from + (to - from) * along);
  }

  void slow_channels(const cnc_segment& now, bool cutting, const effects& e) noexcept {
    constexpr double spindle_left = math::exp(-block_seconds / 0.4);
    constexpr double load_left = math::exp(-block_seconds / 0.3);
    constexpr double coolant_left = math::exp(-block_seconds / 2400);
    const auto u = draw(slow_noise, next_, 0);
    const auto v = draw(slow_noise, next_, 1);
    const auto towards = [](double& state, double target, double left) { state = target + (state - target) * left; };

    towards(state_.rpm, static_cast<double>(now.rpm), spindle_left);
    state_.rpm = state_.rpm < 0.5 ? 0 : state_.rpm;
    towards(state_.load, static_cast<double>(now.engagement) * stock_now(), load_left);
    const double day = time() / 86400;
    const double ambient =
        profile_.ambient +
        profile_.ambient_swing / 2 *
            static_cast<double>(detail::fast_sine(static_cast<std::uint32_t>(static_cast<std::uint64_t>(day * 4294967296.0))));
    towards(state_.head, ambient + 40 * state_.load - 4 * (state_.flow / profile_.coolant_flow) + 6, head_left_);
    towards(state_.coolant, ambient + 8 * state_.load, coolant_left);

    cnc_slow& s = block_.slow;
    const double current = profile_.current_idle * (state_.rpm > 1 ? 1 : 0.2) + profile_.current_load * 100 * state_.load;
    s.spindle_rpm = static_cast<float>(state_.rpm * (1 + 0.0005 * signed_share(u[0])));
    s.load = static_cast<float>(100 * state_.load + 0.4 * signed_share(u[1]));
    s.spindle_current = static_cast<float>(current * static_cast<double>(1 + e.current) + 0.08 * signed_share(u[2]));
    const bool moving = now.activity == cnc_activity::rapid;
    for (std::size_t a = 0; a < 3; ++a) {
      const double base = 1.0 + (moving ? 2.5 : 0) + (cutting ? 4.0 * state_.load * static_cast<double>(profile_.axis_gain[a]) : 0);
      s.axis_current[a] = static_cast<float>(base + 0.05 * signed_share(v[a]));
    }
    s.head_temperature = static_cast<float>(state_.head + 0.05 * signed_share(u[3]));
    s.coolant_temperature = static_cast<float>(state_.coolant + 0.05 * signed_share(v[3]));
    s.coolant_flow = static_cast<float>(state_.flow * (1 + 0.01 * signed_share(u[0] * 2654435761U)));
    s.ambient = static_cast<float>(ambient);
    s.guard_open = now.activity == cnc_activity::idle;
    s.program = static_cast<std::uint8_t>(program_ + 1);
    s.tool = now.tool;
  }

  void waveform(const cnc_segment& now, const effects& e) noexcept {
    const std::size_t n = block_.samples;
    const auto rpm = static_cast<float>(state_.rpm);
    const auto load = static_cast<float>(state_.load);
    const float turns = rpm / 60.0F / profile_.sample_rate;  // per sample
    const auto step_phase = static_cast<std::uint32_t>(static_cast<double>(turns) * 4294967296.0);
    const float speed = rpm / 3000.0F * (rpm / 3000.0F);

    std::array<float, 6> amplitude{};
    std::array<std::uint32_t, 6> order{1, 2, 3, now.teeth, now.teeth * 2U, now.teeth * 3U};
    for (std::size_t i = 0; i < 3; ++i) {
      amplitude[i] = profile_.shaft[i] * speed * (i == 0 ? 1 + 6 * e.imbalance : 1.0F);
      amplitude[3 + i] = profile_.tooth_pass[i] * load * (1 + e.tooth);
    }
    for (std::size_t i = 0; i < 6; ++i) {
      if (turns * static_cast<float>(order[i]) > 0.45F) {
        amplitude[i] = 0;  // it would come back as an alias
      }
    }

    std::array<float, cnc_block::max_samples> common;
    std::uint32_t phase = shaft_phase_;
    for (std::size_t i = 0; i < n; ++i) {
      common[i] = amplitude[0] * detail::fast_sine(phase);
      phase += step_phase;
    }
    for (std::size_t h = 1; h < 6; ++h) {
      std::uint32_t harmonic = shaft_phase_ * order[h] + static_cast<std::uint32_t>(h) * 0x2f1b3c5dU;
      const std::uint32_t harmonic_step = step_phase * order[h];
      for (std::size_t i = 0; amplitude[h] > 0 && i < n; ++i) {
        common[i] += amplitude[h] * detail::fast_sine(harmonic);
        harmonic += harmonic_step;
      }
    }
    if (e.outer > 0 || e.inner > 0 || ring_[0] != 0 || ring_[1] != 0) {
      ring(std::span{common}.first(n), e, turns, step_phase);
    }
    shaft_phase_ = phase;

    const float level = profile_.broadband_idle + profile_.broadband_load * math::sqrt(load > 0 ? load : 0.0F);
    // Shares of variance: the two modes 0.36 each, the rest white.
    const float unit = 1.0F / 32768.0F;
    const float in0 = mode_[0].gain * 0.6F * level * unit;
    const float in1 = mode_[1].gain * 0.6F * level * unit;
    const float white = 0.52915026F * 1.7320508F * level * unit;
    const float a11 = mode_[0].a1, a12 = mode_[0].a2, a21 = mode_[1].a1, a22 = mode_[1].a2;
    for (std::size_t a = 0; a < 3; ++a) {
      std::array<std::int16_t, cnc_block::max_samples + 8> noise;
      for (std::size_t i = 0; i < n; i += 8) {
        const auto u = draw(excitation + static_cast<std::uint32_t>(a), next_, static_cast<std::uint32_t>(i / 8));
        for (std::size_t w = 0; w < 4; ++w) {
          noise[i + 2 * w] = static_cast<std::int16_t>(static_cast<std::uint16_t>(u[w]));
          noise[i + 2 * w + 1] = static_cast<std::int16_t>(static_cast<std::uint16_t>(u[w] >> 16));
        }
      }
      float y1 = filter_[a][0], y2 = filter_[a][1], z1 = filter_[a][2], z2 = filter_[a][3];
      std::array<float, cnc_block::max_samples> signal;
      for (std::size_t i = 0; i < n; ++i) {
        const auto x = static_cast<float>(noise[i]);
        const float y = a11 * y1 + (in0 * x - a12 * y2);
        const float z = a21 * z1 + (in1 * x - a22 * z2);
        y2 = y1;
        y1 = y;
        z2 = z1;
        z1 = z;
        signal[i] = common[i] + y + z + white * x;
      }
      filter_[a] = {y1, y2, z1, z2};
      const float gain = profile_.axis_gain[a] * profile_.counts_per_g;
      std::int16_t* out = block_.waveform[a].data();
      for (std::size_t i = 0; i < n; ++i) {
        float counts = signal[i] * gain;
        counts = counts > 32767.0F ? 32767.0F : counts;
        counts = counts < -32768.0F ? -32768.0F : counts;
        out[i] = static_cast<std::int16_t>(static_cast<std::int32_t>(counts + (counts < 0 ? -0.5F : 0.5F)));
      }
    }

    if (e.stuck) {
      for (std::size_t a = 0; a < 3; ++a) {
        for (std::size_t i = 0; i < n; ++i) {
          block_.waveform[a][i] = last_[a];
        }
      }
    } else {
      for (std::size_t a = 0; a < 3; ++a) {
        last_[a] = block_.waveform[a][n - 1];
      }
    }
    block_.waveform_present = !(e.lost > 0 && share(draw(dropout, next_, 0)[0]) < static_cast<double>(e.lost));
  }

  /// Adds the ringing of a spalled bearing: one impulse each time a ball passes, with 1 % slip.
  void ring(std::span<float> out, const effects& e, float turns, std::uint32_t step_phase) noexcept {
    const double order = e.outer >= e.inner ? bearing_.bpfo() : bearing_.bpfi();
    const float strength = (e.outer >= e.inner ? e.outer : e.inner) * profile_.impulse_peak * ring_kick_;
    const bool inner = e.inner > e.outer;
    // Counted in ball passes, not in samples: the spindle may stop between two of them.
    const auto passed = static_cast<float>(order * static_cast<double>(turns));
    std::uint32_t phase = shaft_phase_;
    float y1 = ring_[0], y2 = ring_[1];
    for (float& sample : out) {
      float kick = 0;
      if (strength > 0 && turns > 0) {
        to_impulse_ -= passed;
        if (to_impulse_ <= 0) {
          // An inner spall passes the loaded zone once per turn.
          kick = strength * (inner ? 0.65F + 0.35F * detail::fast_sine(phase) : 1.0F);
          const double slipped = 0.01 * signed_share(draw(slip, impulses_ >> 32, static_cast<std::uint32_t>(impulses_))[0]);
          to_impulse_ += static_cast<float>(1 + slipped);
          ++impulses_;
        }
      }
      const float y = mode_[1].a1 * y1 + (kick - mode_[1].a2 * y2);
      y2 = y1;
      y1 = y;
      sample += y;
      phase += step_phase;
    }
    // Below a millionth of a count it has died away; without the cut it would go on as subnormal numbers.
    const bool silent = y1 < 1e-9F && y1 > -1e-9F && y2 < 1e-9F && y2 > -1e-9F;
    ring_ = silent ? std::array<float, 2>{} : std::array<float, 2>{y1, y2};
  }

  cnc_profile profile_;
  philox random_;
  std::uint16_t number_;
  bearing_geometry bearing_{};
  array_of<resonator, 2> mode_{};
  float ring_kick_ = 0;
  double head_left_ = math::exp(-block_seconds / profile_.head_time_constant);
  array_of<cnc_program, 4> programs_{};
  array_of<scenario_entry, max_faults> faults_{};
  std::size_t fault_count_ = 0;

  std::uint64_t next_ = 0;
  bool started_ = false;
  std::uint32_t batch_ = 0, batch_left_ = 0;
  std::size_t program_ = 0, segment_ = 0;
  std::uint32_t segment_left_ = 0;
  struct slow_state {
    double rpm = 0, load = 0, head = 0, coolant = 0, flow = 0;
  } state_{};
  std::uint32_t shaft_phase_ = 0;
  std::array<float, 2> ring_{};
  array_of<std::array<float, 4>, 3> filter_{};
  float to_impulse_ = 1;
  std::uint64_t impulses_ = 0;
  std::array<double, max_faults> cutting_wear_{};
  std::array<bool, max_faults> balanced_{};
  std::array<std::int16_t, 3> last_{};
  cnc_block block_{};
};

}  // namespace skerry::inline v0::testing
