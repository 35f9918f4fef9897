// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/detail/alarm_level.hpp>
#include <skerry/anomaly/detail/image_fields.hpp>
#include <skerry/anomaly/detail/linear_reference.hpp>
#include <skerry/anomaly/detail/row_judges.hpp>
#include <skerry/anomaly/forest_wire.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/score_fusion.hpp>
#include <skerry/core/array_of.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// What a monitor judges shingles by: a forest in two halves, each grown from rows that the other has not seen, principal axes learnt
/// from one half of the rows, and the levels that the held-out scores gave.
template <std::size_t Features, typename Config>
struct reference {
  using code = typename Config::code;
  static constexpr std::size_t columns = Features * Config::lags;
  using forest = isolation_forest<columns, Config::trees / 2, Config::sample, code>;
  using wide_row = std::array<code, columns>;

  quantizer<Features, code> codes{};
  array_of<forest, 2> halves{};
  array_of<score_fusion, 2> fusions{};
  using scores_type = basic_calibration<float, Config::history>;
  scores_type scores{};
  judged_level level{};
  linear_reference<Features, Config> linear{};

  /// The codes of the shingle that `row(lag)` gives.
  template <typename RowAt>
  void encode(RowAt row, std::span<code, columns> out) const noexcept {
    for (std::size_t lag = 0; lag < Config::lags; ++lag) {
      const float* x = row(lag);
      for (std::size_t f = 0; f < Features; ++f) {
        out[lag * Features + f] = codes.code(f, x[f]);
      }
    }
  }

  /// Neither can refuse: the half has trees and densities, and no code of a finite number is the missing one.
  [[nodiscard]] forest_sums half_sums(std::size_t side, const wide_row& row) const noexcept { return halves[side].sums_codes(row).value(); }
  [[nodiscard]] float half_score(std::size_t side, forest_sums sums) const noexcept { return fusions[side].score(sums).value(); }
  /// Depth and density in one: spreads of the references from their middle, higher is stranger.
  [[nodiscard]] float score(const wide_row& row) const noexcept {
    return (half_score(0, half_sums(0, row)) + half_score(1, half_sums(1, row))) * 0.5F;
  }

  template <typename Self, typename F>
  static void numbers(Self& self, F&& f) {
    for (std::size_t j = 0; j < Features; ++j) {
      f(self.codes.lo(j));
      f(self.codes.inv_step(j));
    }
    for (const score_fusion& each : self.fusions) {
      for (const sum_scale& s : {each.depth(), each.density()}) {
        f(s.median);
        f(s.spread);
      }
    }
  }
  /// A reference that has levels.
  void write(byte_writer& out) const noexcept {
    numbers(*this, field_writer{out});
    judged_level::fields(level, field_writer{out});
    for (const forest& half : halves) {
      out.u32(static_cast<std::uint32_t>(encoded_size(half)));
      (void)skerry::anomaly::encode(half, out);
    }
    write_scores(out, scores);
    linear.write(out);
  }
  /// Reads it, fails the reader when it cannot be; `keep` false: only looks.
  void read(byte_reader& in, bool keep) noexcept {
    std::array<float, Features> lo;
    std::array<float, Features> inv_step;
    for (std::size_t j = 0; j < Features; ++j) {
      lo[j] = in.f32();
      inv_step[j] = in.f32();
    }
    array_of<score_fusion, 2> fused;
    for (score_fusion& each : fused) {
      const sum_scale depth{in.f32(), in.f32()};
      const sum_scale density{in.f32(), in.f32()};
      const auto made = score_fusion::create(depth, density);
      const bool finite = depth.median - depth.median == 0 && density.median - density.median == 0 && depth.spread - depth.spread == 0 &&
                          density.spread - density.spread == 0;
      if (!made || !finite) {
        in.fail(errc::corrupt);
        return;
      }
      each = made.value();
    }
    const auto read_codes = quantizer<Features, code>::from_steps(lo, inv_step);
    if (!read_codes) {
      in.fail(errc::corrupt);
      return;
    }
    read_sound(in, level, keep);
    for (forest& half : halves) {
      read_half(in, half, keep);
    }
    read_scores(in, scores, keep);
    linear.read(in, keep);
    if (keep && in.error() == errc::ok) {
      codes = read_codes.value();
      fusions = fused;
    }
  }

  [[nodiscard]] row_levels levels() const noexcept { return {level, linear.t2, linear.q}; }
  /// By forest, T² and Q; 0 of the latter where there are no axes.
  [[nodiscard]] row_scores judge(const wide_row& row) const noexcept {
    row_scores out{score(row), 0, 0};
    if (linear.fitted) {
      if (const auto s = linear.score(row.data())) {
        out[judge_t2] = s.value().t2;
        out[judge_q] = s.value().q;
      }
    }
    return out;
  }
  /// How likely a row of the references is at least as strange to one of the judges: the least of them, times their number.
  [[nodiscard]] float p_value(const row_scores& row) const noexcept {
    double p = scores.p_value(row[judge_forest]).value_or(1.0);
    if (linear.fitted) {
      p = std::min({p, linear.t2_scores.p_value(row[judge_t2]).value_or(1.0), linear.q_scores.p_value(row[judge_q]).value_or(1.0)}) *
          static_cast<double>(row_judge_count);
    }
    return static_cast<float>(std::min(p, 1.0));
  }
  [[nodiscard]] row_judges::present judges() const noexcept { return {true, linear.fitted, linear.fitted}; }

 private:
  static void read_half(byte_reader& in, forest& half, bool keep) noexcept {
    const auto bytes = in.bytes(in.u32());
    if (in.error() != errc::ok) {
      return;
    }
    const auto layout = forest_layout<code>::open(bytes);
    if (!layout) {
      in.fail(layout.error());
      return;
    }
    const forest_head& head = layout.value().head();
    const bool usable = head.has(forest_flag::density) && head.has(forest_flag::explain) && !head.has(forest_flag::numbers) &&
                        head.missing() == missing_policy::refuse && !head.has(forest_flag::calibration);
    if (!usable || !forest_access::fits(half, layout.value())) {
      in.fail(errc::mismatch);
      return;
    }
    if (keep) {
      forest_access::take(half, layout.value());
    }
  }
};

}  // namespace skerry::inline v0::anomaly::detail
