// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/column_charts.hpp>
#include <skerry/anomaly/detail/reference.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

/// The greatest of what it is shown, as shares of all that speaks for strangeness.
class loudest {
 public:
  /// `amount` above zero speaks for strangeness, what does not is left out.
  void add(std::size_t column, std::size_t lag, float amount, bool high) noexcept {
    if (!(amount > 0)) {
      return;
    }
    total_ += static_cast<double>(amount);
    std::size_t at = entries_.size();
    for (; at > 0 && entries_[at - 1].share < amount; --at) {
      if (at < entries_.size()) {
        entries_[at] = entries_[at - 1];
        high_[at] = high_[at - 1];
      }
    }
    if (at < entries_.size()) {
      entries_[at] = {static_cast<std::uint16_t>(column), static_cast<std::uint16_t>(lag), amount};
      high_[at] = high;
    }
  }
  [[nodiscard]] array_of<verdict_share, 4> shares() const noexcept {
    array_of<verdict_share, 4> out = entries_;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const float part = total_ > 0 ? static_cast<float>(static_cast<double>(out[i].share) / total_) : 0.0F;
      out[i].share = high_[i] ? part : -part;
    }
    return out;
  }

 private:
  array_of<verdict_share, 4> entries_{};
  std::array<bool, 4> high_{};
  double total_ = 0;
};

template <std::size_t Features, typename Config>
void explain_forest(const reference<Features, Config>& r, const typename reference<Features, Config>::wide_row& row,
                    loudest& out) noexcept {
  const auto a = r.halves[0].explain_codes(row);
  const auto b = r.halves[1].explain_codes(row);
  if (!a || !b) {
    return;
  }
  for (std::size_t j = 0; j < row.size(); ++j) {
    const std::int32_t low = a.value().low[j] + b.value().low[j];
    const std::int32_t high = a.value().high[j] + b.value().high[j];
    out.add(j % Features, j / Features, static_cast<float>(low + high), high > low);
  }
}

template <std::size_t Features, typename Config>
void explain_linear(const linear_reference<Features, Config>& r, const typename Config::code* row, bool by_q, loudest& out) noexcept {
  const auto s = r.score(row);
  if (!s) {
    return;
  }
  const auto& parts = by_q ? s.value().q_share : s.value().t2_share;
  for (std::size_t j = 0; j < parts.size(); ++j) {
    out.add(j % Features, j / Features, parts[j], static_cast<float>(row[j]) > r.model.mean()[j]);
  }
}

template <std::size_t Features, typename Config>
void explain_shift(const column_charts<Features, Config>& charts, loudest& out) noexcept {
  for (std::size_t f = 0; f < Features; ++f) {
    out.add(f, 0, charts.chart(f).strength(), charts.chart(f).shift() > 0);
  }
}

}  // namespace skerry::inline v0::anomaly::detail
