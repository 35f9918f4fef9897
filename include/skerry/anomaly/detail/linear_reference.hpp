// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/detail/alarm_level.hpp>
#include <skerry/anomaly/detail/image_fields.hpp>
#include <skerry/anomaly/t2_q.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

template <typename Scores>
void write_scores(byte_writer& out, const Scores& scores) noexcept {
  const std::span<std::byte> length = out.reserve(4);
  const std::size_t begin = out.written().size();
  (void)scores.encode(out);
  if (out.error() == errc::ok) {
    byte_writer{length}.u32(static_cast<std::uint32_t>(out.written().size() - begin));
  }
}
template <typename Scores>
void read_scores(byte_reader& in, Scores& scores, bool keep) noexcept {
  byte_reader block = in.sub_reader(in.u32());
  status read{};
  if (keep) {
    read = scores.decode(block);
  } else {
    Scores look;
    read = look.decode(block);
  }
  if (!read) {
    in.fail(read.error());
  }
}

/// What a monitor says by principal axes: T² and Q of the newest lags of a shingle, on codes, and the levels of both.
///
/// As many lags as 64 columns hold (the bound of `t2_q`), and as many axes as the row has columns.
template <std::size_t Features, typename Config>
struct linear_reference {
  static constexpr bool possible = Features <= 64;
  static constexpr std::size_t lags = possible ? std::min<std::size_t>(Config::lags, 64 / Features) : 1;
  static constexpr std::size_t columns = possible ? Features * lags : 1;
  static constexpr std::size_t axes = std::max<std::size_t>(1, std::min(Features, columns - 1));
  using model_type = t2_q<columns, axes>;
  using scores_type = basic_calibration<float, Config::history>;

  model_type model{};
  scores_type t2_scores{}, q_scores{};
  judged_level t2{}, q{};
  bool fitted = false;

  void write(byte_writer& out) const noexcept {
    out.u8(fitted ? 1 : 0);
    if (fitted) {
      model_type::fields(model, field_writer{out});
      judged_level::fields(t2, field_writer{out});
      judged_level::fields(q, field_writer{out});
      write_scores(out, t2_scores);
      write_scores(out, q_scores);
    }
  }
  void read(byte_reader& in, bool keep) noexcept {
    const std::uint8_t flag = in.u8();
    if (flag > 1) {
      in.fail(errc::corrupt);
      return;
    }
    if (flag == 1) {
      read_sound(in, model, keep);
      read_sound(in, t2, keep);
      read_sound(in, q, keep);
      read_scores(in, t2_scores, keep);
      read_scores(in, q_scores, keep);
    }
    if (keep && in.error() == errc::ok) {
      fitted = flag == 1;
    }
  }

  template <typename Code>
  [[nodiscard]] result<t2_q_score<columns>> score(const Code* wide_row) const noexcept {
    std::array<float, columns> x;
    for (std::size_t j = 0; j < columns; ++j) {
      x[j] = static_cast<float>(wide_row[j]);
    }
    return model.score(x);
  }
};

/// Makes a `linear_reference` in slices: sums of codes (exact, in integers), axes, levels.
template <std::size_t Features, typename Config>
class linear_apprentice {
 public:
  using reference = linear_reference<Features, Config>;
  using code = typename Config::code;
  static constexpr std::size_t columns = reference::columns;
  static_assert(Config::history <= 32768, "sums of products of two-byte codes would overflow");

  void begin(reference& into) noexcept {
    into.fitted = false;
    into.t2_scores.clear();
    into.q_scores.clear();
    sums_ = {};
    products_ = {};
    rows_ = 0;
  }
  /// A row to learn from.
  void learn(const code* row) noexcept {
    ++rows_;
    std::size_t at = 0;
    for (std::size_t i = 0; i < columns; ++i) {
      const std::int32_t x = row[i];
      sums_[i] += x;
      for (std::size_t j = 0; j <= i; ++j) {
        products_[at++] += x * std::int32_t{row[j]};
      }
    }
  }
  /// Rows per column below which axes are those of the noise.
  static constexpr std::size_t least_rows_per_column = 4;

  /// All rows are learnt. False: they give no axes.
  [[nodiscard]] bool begin_axes() noexcept {
    if (!reference::possible || rows_ < least_rows_per_column * columns) {
      return false;
    }
    const auto n = static_cast<std::int64_t>(rows_);
    std::array<double, columns> mean;
    std::array<double, columns * columns> covariance{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < columns; ++i) {
      mean[i] = static_cast<double>(sums_[i]) / static_cast<double>(n);
      for (std::size_t j = 0; j <= i; ++j) {
        const std::int64_t spread = n * products_[at++] - sums_[i] * sums_[j];  // exact
        covariance[i * columns + j] = static_cast<double>(spread) / (static_cast<double>(n) * static_cast<double>(n - 1));
      }
      double& own = covariance[i * columns + i];
      own = std::max(own, least_spread * least_spread);
    }
    return static_cast<bool>(fitting_.begin(mean, covariance, rows_));
  }
  [[nodiscard]] result<bool> advance(reference& into, std::size_t pivots) noexcept { return fitting_.advance(into.model, pivots); }

  /// A row that was not learnt, for the levels.
  [[nodiscard]] static status calibrate(reference& into, const code* row) noexcept {
    const auto s = into.score(row);
    if (!s) {
      return s.error();
    }
    if (const status t2 = into.t2_scores.observe(s.value().t2); !t2) {
      return t2;
    }
    return into.q_scores.observe(s.value().q);
  }
  static void finish(reference& into, const alarm_budget& each) noexcept {
    const auto t2 = level_of(into.t2_scores, each, Config::memory);
    const auto q = level_of(into.q_scores, each, Config::memory);
    into.fitted = t2 && q;
    if (into.fitted) {
      into.t2 = t2.value();
      into.q = q.value();
    }
  }

 private:
  // A column that did not move in the rows learnt has a range of a thousandth of its value (see `apprentice`), and this share of it as
  // spread.
  static constexpr double least_spread = sizeof(code) == 1 ? 1.0 : 256.0;

  std::array<std::int64_t, columns> sums_{};
  std::array<std::int64_t, columns*(columns + 1) / 2> products_{};
  std::uint64_t rows_ = 0;
  typename reference::model_type::fitting fitting_{};
};

}  // namespace skerry::inline v0::anomaly::detail
