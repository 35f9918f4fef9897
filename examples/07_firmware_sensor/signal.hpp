// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "board.hpp"

#include <skerry/core/random.hpp>
#include <skerry/core/sine_table.hpp>

#include <cstdint>

/// What an accelerometer on a fan hears: a shaft of 25 turns a second, its harmonics and noise; from `fault_at` on the balls of a bearing
/// strike a crack in its outer ring, 3.07 times a turn, and the housing rings at 1050 Hz. Equal on every machine for equal seeds.
class fan {
 public:
  static constexpr std::uint32_t rate = board::samples_per_second;
  static constexpr std::uint32_t fault_at = 12 * rate;  ///< samples

  explicit fan(std::uint64_t seed) : random_{seed} {}

  std::int16_t next() {
    phase_ += turn;
    const double shaft =
        0.25 * skerry::math::sin_turn(phase_) + 0.10 * skerry::math::sin_turn(2 * phase_) + 0.05 * skerry::math::sin_turn(3 * phase_);
    float g = static_cast<float>(shaft);
    for (int i = 0; i < 4; ++i) {
      g += static_cast<float>(static_cast<std::int32_t>(random_())) * (0.05F * 0x1p-31F);
    }
    if (at_++ >= fault_at) {
      if (to_blow_-- == 0) {
        const auto slip = static_cast<std::int32_t>(random_()) >> 30;  // a ball slides a little: -2 to 1 samples
        to_blow_ = 41 + slip;
        ring1_ += 0.6F;
      }
      // A resonance of 1050 Hz with 3 % damping: two poles.
      const float ring = 2 * 0.94F * -0.4714F * ring1_ - 0.94F * 0.94F * ring2_;
      g += ring;
      ring2_ = ring1_;
      ring1_ = ring;
    }
    const float counts = g * board::counts_per_g;
    return static_cast<std::int16_t>(counts > 32767 ? 32767 : (counts < -32768 ? -32768 : counts));
  }

 private:
  static constexpr std::uint32_t turn = static_cast<std::uint32_t>(25 * 4294967296.0 / rate);
  skerry::pcg32 random_;
  std::uint32_t phase_ = 0, at_ = 0;
  std::int32_t to_blow_ = 0;
  float ring1_ = 0, ring2_ = 0;
};
