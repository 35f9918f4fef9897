// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/episode_peaks.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly {

struct shift_config {
  std::uint16_t memory = 20;     ///< rows of the short mean
  std::uint16_t follow = 200;    ///< rows of the long mean, at least `memory`
  std::uint16_t block = 100;     ///< rows of which the greatest distance is kept; five memories, and neighbours hang together no more
  double alarms_per_row = 1e-6;  ///< false alarms that can be borne
  double horizon = 5;  ///< the level reaches for no rarer event than one in so many times the rows seen; 0: for the budget at once
  std::uint8_t k = 3, n = 5, m = 5;  ///< as in `latch_config`
};

/// Has this column left its place? A short running mean is compared with a long one, which stands still while an alarm does.
///
/// The level comes from the greatest distances of past blocks of rows, continued as a Gumbel distribution to the budget: alarms are
/// wanted per day, not rows per day, and rows that follow each other are no independent evidence. How far the tail is continued grows
/// with what was seen (`horizon`): a level for one alarm a week, from minutes of rows, finds nothing; reaching `horizon` times as far as
/// was seen costs ln(T / t) / horizon further alarms until the time T, and no more. Alarms that ended by themselves raise the level as
/// soon as they outnumber the budget (`episode_peaks`).
///
/// An alarm ends when the short mean is back within the median of past blocks, or within a tenth of the greatest excursion; then the
/// long mean starts again from where the column is. Slow drift is followed; a step that stays is not. A fault that shakes a column to
/// both sides may end its alarm and give it a place within the fault; so whoever knows of other alarms calls `hold_home` while they
/// stand: an alarm also ends where the column was before them.
///
/// Input   one finite value per row
/// Units   distances in those of the column
/// Cost    O(1) per row, once per block O(Blocks log Blocks); sizeof == 496, no heap
/// Errors  `create`: `invalid`
/// Source  Roberts, "Control chart tests based on geometric moving averages", Technometrics 1959; block maxima: Gumbel, Statistics of
///         Extremes, 1958, fitted by moments
class shift_chart {
 public:
  static constexpr std::size_t blocks = 40;        ///< the newest ones count
  static constexpr std::size_t least_blocks = 2;   ///< no level before
  static constexpr std::size_t enough_blocks = 4;  ///< before, the level is `cautious` times the greatest distance of a block
  static constexpr double cautious = 8;
  /// Past alarms raise the level to so many times itself at most: what lies further out alarms however often it comes.
  static constexpr double most_raised = 5;

  [[nodiscard]] static constexpr result<shift_chart> create(const shift_config& config) noexcept {
    const auto positive = [](double x) { return x > 0 && x - x == 0; };
    const bool means = config.memory >= 1 && config.follow >= config.memory && config.block >= 1;
    const bool latch = config.k >= 1 && config.k <= config.n && config.n <= 32 && config.m >= 1;
    const bool rates = positive(config.alarms_per_row) && (config.horizon == 0 || positive(config.horizon));
    if (!means || !latch || !rates) {
      return errc::invalid;
    }
    return shift_chart{config};
  }
  constexpr shift_chart() noexcept : shift_chart{shift_config{}} {}

  /// Takes a row that is only learnt from.
  constexpr void learn(float x) noexcept {
    average(x);
    follow(x);
  }

  /// Takes a row and judges it. `may_follow` false: something else is wrong with the machine, and the long mean stands still.
  constexpr alarm_edge observe(float x, bool may_follow = true) noexcept {
    average(x);
    const double distance = std::min(math::fabs(short_), greatest);
    const double from_home = held_home_ ? math::fabs(long_ + short_ - home_) : greatest;
    alarm_edge edge = alarm_edge::none;
    if (alarmed_) {
      peak_ = std::max(peak_, static_cast<float>(distance));
      const double band = std::max(static_cast<double>(leave_), static_cast<double>(peak_) * returned);
      calm_ = std::min(distance, from_home) < band ? static_cast<std::uint8_t>(calm_ + 1) : std::uint8_t{0};
      if (calm_ >= config_.m) {
        if (!confirmed_) {
          peaks_.observe(peak_, rows_);
        }
        // At home on average while the newest rows are elsewhere: it passes by, or is shaken about it. Its place is none of these.
        const bool passes = !(distance < band) && math::fabs(recent_ - home_) >= band;
        restart(passes ? home_ : recent_);
        relevel();
        edge = alarm_edge::cleared;
      }
    } else if (settling_ > 0) {
      --settling_;
    } else if (ready()) {
      const std::uint32_t kept = config_.n == 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << config_.n) - 1U;
      window_ = ((window_ << 1U) | (std::min(distance, from_home) >= static_cast<double>(level_) ? 1U : 0U)) & kept;
      if (hot() >= config_.k) {
        alarmed_ = true;
        calm_ = 0;
        peak_ = static_cast<float>(distance);
        edge = alarm_edge::raised;
      }
    }
    if (!alarmed_ && may_follow) {
      follow(x);
    }
    return edge;
  }

  /// Where the column is now is its place: ends an alarm, and does not count it against the budget. Answers how far the place moved.
  constexpr double accept() noexcept {
    const double before = long_;
    restart(recent_);
    return long_ - before;
  }

  /// What was is over: the column has its place where the next rows are.
  constexpr void begin_anew() noexcept {
    restart(recent_);
    age_ = 0;
    settling_ = std::uint32_t{5} * config_.memory;  // a mean of fewer rows wanders too much to be judged against
    held_home_ = false;
  }

  /// Something else is wrong with the machine: where the column had its place just before, no alarm begins and any may end until
  /// `release_home`, whatever place it takes meanwhile. A place that is held already stays the one it was.
  constexpr void hold_home() noexcept {
    if (!held_home_) {
      home_ = older_;
      held_home_ = true;
    }
  }
  constexpr void release_home() noexcept { held_home_ = false; }

  /// The standing alarm is no false one: it does not count against the budget.
  constexpr void confirm() noexcept { confirmed_ = alarmed_; }

  /// The value less the long mean.
  [[nodiscard]] constexpr double residual(float x) const noexcept { return rows_ == 0 ? 0.0 : static_cast<double>(x) - long_; }
  /// The short mean less the long mean: what is judged.
  [[nodiscard]] constexpr double shift() const noexcept { return short_; }
  [[nodiscard]] constexpr double centre() const noexcept { return long_; }
  /// From this distance on a row is high; meaningless before `ready`.
  [[nodiscard]] constexpr float level() const noexcept { return level_; }
  /// The distance in levels; 0 before there is a level.
  [[nodiscard]] constexpr float strength() const noexcept {
    return ready() ? static_cast<float>(std::min(math::fabs(short_) / static_cast<double>(level_), 1e30)) : 0.0F;
  }
  /// The next row is the column's place.
  [[nodiscard]] constexpr bool anew() const noexcept { return age_ == 0; }
  [[nodiscard]] constexpr bool ready() const noexcept { return level_ > 0; }
  [[nodiscard]] constexpr bool alarmed() const noexcept { return alarmed_; }
  [[nodiscard]] constexpr bool suspect() const noexcept { return !alarmed_ && window_ != 0; }
  [[nodiscard]] constexpr const shift_config& config() const noexcept { return config_; }

  /// Another budget from the next block on; it must be positive.
  constexpr void set_budget(double alarms_per_row) noexcept {
    config_.alarms_per_row = alarms_per_row;
    relevel();
  }

  /// Every field but the configuration, for an image: `f(member)`.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.config_.alarms_per_row);
    f(self.long_);
    f(self.short_);
    f(self.recent_);
    f(self.age_);
    f(self.rows_);
    f(self.maxima_);
    episode_peaks<>::fields(self.peaks_, f);
    f(self.greatest_);
    f(self.peak_);
    f(self.level_);
    f(self.leave_);
    f(self.window_);
    f(self.held_);
    f(self.next_);
    f(self.in_block_);
    f(self.settling_);
    f(self.calm_);
    f(self.alarmed_);
    f(self.confirmed_);
    f(self.old_);
    f(self.older_);
    f(self.home_);
    f(self.held_home_);
  }
  /// What `fields` has read can be used.
  [[nodiscard]] constexpr bool sound() const noexcept {
    const auto finite = [](auto x) { return x - x == 0; };
    const auto distance = [](float x) { return x >= 0 && x - x == 0; };
    return config_.alarms_per_row > 0 && finite(config_.alarms_per_row) && finite(long_) && finite(short_) && finite(recent_) &&
           age_ >= 0 && age_ <= config_.follow && std::all_of(maxima_.begin(), maxima_.end(), distance) && peaks_.sound() &&
           distance(greatest_) && distance(peak_) && distance(level_) && distance(leave_) && leave_ <= level_ && held_ <= blocks &&
           next_ < blocks && (held_ == blocks || next_ == held_) && in_block_ < config_.block && calm_ < config_.m &&
           (held_ >= least_blocks || level_ == 0) && finite(old_) && finite(older_) && finite(home_);
  }

 private:
  static constexpr double returned = 0.1;
  static constexpr double recent_rows = 5;
  static constexpr double greatest = 3e38;

  constexpr explicit shift_chart(const shift_config& config) noexcept : config_{config} {}

  [[nodiscard]] constexpr int hot() const noexcept {
    int n = 0;
    for (std::uint32_t w = window_; w != 0; w &= w - 1U) {
      ++n;
    }
    return n;
  }

  constexpr void average(float x) noexcept {
    if (anew()) {
      long_ = old_ = older_ = recent_ = static_cast<double>(x);
      short_ = 0;
    }
    ++rows_;
    const double seen = static_cast<double>(rows_);
    short_ += (static_cast<double>(x) - long_ - short_) / std::min<double>(config_.memory, seen);
    recent_ += (static_cast<double>(x) - recent_) / std::min(recent_rows, seen);
  }

  constexpr void follow(float x) noexcept {
    if (rows_ % config_.memory == 0) {
      older_ = old_;
      old_ = long_;
    }
    age_ = std::min<double>(age_ + 1, config_.follow);
    long_ += (static_cast<double>(x) - long_) / age_;
    if (settling_ > 0 || 2 * rows_ <= 3 * std::uint64_t{config_.memory}) {
      return;  // means of few rows move more than they will
    }
    greatest_ = std::max(greatest_, static_cast<float>(std::min(math::fabs(short_), greatest)));
    if (++in_block_ < config_.block) {
      return;
    }
    maxima_[next_] = greatest_;
    next_ = static_cast<std::uint8_t>(next_ + 1 == blocks ? 0 : next_ + 1);
    held_ = static_cast<std::uint8_t>(held_ == blocks ? held_ : held_ + 1);
    start_block();
    relevel();
  }
  constexpr void start_block() noexcept {
    greatest_ = 0;
    in_block_ = 0;
  }

  // The long mean begins at this place, and for a while all is left out.
  constexpr void restart(double place) noexcept {
    long_ = old_ = older_ = place;
    short_ = 0;
    age_ = config_.memory;
    settling_ = static_cast<std::uint32_t>(2 * config_.memory);
    alarmed_ = false;
    confirmed_ = false;
    window_ = 0;
    calm_ = 0;
    start_block();
  }

  constexpr void relevel() noexcept {
    if (held_ < least_blocks) {
      return;
    }
    std::array<float, blocks> rising = maxima_;
    std::sort(rising.begin(), rising.begin() + held_);
    const double n = held_;
    double mean = 0;
    for (std::size_t i = 0; i < held_; ++i) {
      mean += static_cast<double>(rising[i]) / n;
    }
    double variance = 0;
    for (std::size_t i = 0; i < held_; ++i) {
      const double d = static_cast<double>(rising[i]) - mean;
      variance += d * d / (n - 1);
    }
    constexpr double euler = 0.57721566490153286;
    const double beta = math::sqrt(6 * variance) / math::pi;
    double wanted = 1 / (config_.alarms_per_row * config_.block);  // blocks to one alarm
    if (config_.horizon > 0) {
      wanted = std::min(wanted, config_.horizon * static_cast<double>(rows_) / config_.block);
    }
    const double most = static_cast<double>(rising[held_ - 1U]);
    // A column that never moved: a thousandth of its value is a move. Elsewhere a millionth is none.
    const double place = std::max(math::fabs(long_), 1e-30);
    const double least = most > 0 ? place * 1e-6 : std::max(place, 1e-6) / 1024;
    const double tail = mean + beta * (math::log(std::max(wanted, 1.0)) - euler);
    const double judged = held_ < enough_blocks ? cautious * most : std::max(tail, most);
    const double kept = std::min(static_cast<double>(peaks_.least_level(config_.alarms_per_row, rows_)), most_raised * judged);
    level_ = static_cast<float>(std::min(std::max({judged, kept, least}), greatest));
    leave_ = std::min(rising[(held_ - 1U) / 2U], level_);
  }

  shift_config config_;
  double long_ = 0;
  double short_ = 0;
  double recent_ = 0;  // a still shorter mean: where the column is when an alarm ends
  double age_ = 0;     // rows in the long mean, at most config_.follow
  double old_ = 0;     // the long mean one and two short memories ago: rows just before an alarm are the fault's already
  double older_ = 0;
  double home_ = 0;  // its place before something else went wrong with the machine
  std::uint64_t rows_ = 0;
  episode_peaks<> peaks_{};
  std::array<float, blocks> maxima_{};
  float greatest_ = 0;  // of the block so far
  float peak_ = 0;      // of the alarm so far
  float level_ = 0;
  float leave_ = 0;
  std::uint32_t window_ = 0;
  std::uint32_t settling_ = 0;
  std::uint16_t in_block_ = 0;
  std::uint8_t held_ = 0;
  std::uint8_t next_ = 0;
  std::uint8_t calm_ = 0;
  bool alarmed_ = false;
  bool confirmed_ = false;
  bool held_home_ = false;
};

}  // namespace skerry::inline v0::anomaly
