// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/shift_chart.hpp>
#include <skerry/core/array_of.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// A shift chart per column: they say where each column has its place, and which has left it. Half of a monitor's budget is theirs.
template <std::size_t Features, typename Config>
class column_charts {
 public:
  using row_span = std::span<const float, Features>;
  using amounts = std::array<float, Features>;

  column_charts() = default;
  explicit column_charts(const monitor_config& config) noexcept {
    shift_config each;
    each.memory = Config::memory;
    each.follow = Config::follow;
    each.block = Config::block;
    each.horizon = config.horizon * static_cast<double>(Features);
    each.k = config.latch.k;
    each.n = config.latch.n;
    each.m = config.latch.m;
    const shift_chart one = shift_chart::create(each).value();
    for (shift_chart& c : charts_) {
      std::memcpy(static_cast<void*>(&c), &one, sizeof(one));  // assigned, GCC 12 warns of bytes beyond its first member
    }
  }

  void set_budget(double alarms_per_row) noexcept {
    for (shift_chart& c : charts_) {
      c.set_budget(alarms_per_row / (2 * static_cast<double>(Features)));
    }
  }
  [[nodiscard]] amounts residuals(row_span row) const noexcept {
    amounts out;
    for (std::size_t f = 0; f < Features; ++f) {
      out[f] = narrow(charts_[f].residual(row[f]));
    }
    return out;
  }
  void learn(row_span row) noexcept {
    for (std::size_t f = 0; f < Features; ++f) {
      charts_[f].learn(row[f]);
    }
  }
  /// How far the places of columns have moved whose alarms end with this row, or that begin anew with it.
  amounts observe(row_span row, bool follow) noexcept {
    amounts moved{};
    for (std::size_t f = 0; f < Features; ++f) {
      const double before = charts_[f].centre();
      const bool anew = charts_[f].anew();
      if (charts_[f].observe(row[f], follow || charts_[f].ready()) == alarm_edge::cleared || anew) {
        moved[f] = narrow(charts_[f].centre() - before);
      }
    }
    return moved;
  }
  /// Once after each row: a column keeps the place it had before something else went wrong, the known failure or another column, until
  /// `Config::follow` rows without any of them.
  void keep_homes(bool known) noexcept {
    const auto standing = std::count_if(charts_.begin(), charts_.end(), [](const shift_chart& c) { return c.alarmed(); });
    if (!known && standing == 0) {
      quiet_ += quiet_ < Config::follow ? 1U : 0U;
    } else {
      quiet_ = 0;
    }
    for (shift_chart& c : charts_) {
      if (known || standing > (c.alarmed() ? 1 : 0)) {
        c.hold_home();
      } else if (quiet_ == Config::follow) {
        c.release_home();
      }
    }
  }
  /// All columns that stand in an alarm have their place where they are now; how far each has moved.
  amounts accept() noexcept {
    amounts moved{};
    for (std::size_t f = 0; f < Features; ++f) {
      if (charts_[f].alarmed()) {
        moved[f] = narrow(charts_[f].accept());
      }
    }
    return moved;
  }
  /// Ends all alarms; each column has its place where the next rows are.
  void begin_anew() noexcept {
    for (shift_chart& c : charts_) {
      c.begin_anew();
    }
    quiet_ = 0;
  }
  void confirm() noexcept {
    for (shift_chart& c : charts_) {
      c.confirm();
    }
  }
  [[nodiscard]] bool alarmed() const noexcept {
    return std::any_of(charts_.begin(), charts_.end(), [](const shift_chart& c) { return c.alarmed(); });
  }
  [[nodiscard]] bool suspect() const noexcept {
    return std::any_of(charts_.begin(), charts_.end(), [](const shift_chart& c) { return c.suspect(); });
  }
  /// The greatest distance in levels.
  [[nodiscard]] float strength() const noexcept {
    float most = 0;
    for (const shift_chart& c : charts_) {
      most = std::max(most, c.strength());
    }
    return most;
  }
  [[nodiscard]] const shift_chart& chart(std::size_t f) const noexcept { return charts_[f]; }

  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    for (auto& c : self.charts_) {
      shift_chart::fields(c, f);
    }
    f(self.quiet_);
  }
  [[nodiscard]] bool sound() const noexcept {
    return quiet_ <= Config::follow && std::all_of(charts_.begin(), charts_.end(), [](const shift_chart& c) { return c.sound(); });
  }

 private:
  [[nodiscard]] static float narrow(double x) noexcept { return static_cast<float>(std::clamp(x, -3e38, 3e38)); }

  array_of<shift_chart, Features> charts_{};
  std::uint32_t quiet_ = 0;  // rows since the last alarm, Config::follow at most
};

}  // namespace skerry::inline v0::anomaly::detail
