// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// score_pictures DIR: writes the pictures of docs/anomaly.md, from generated data, as SVG files. score_pictures --check DIR: are those in
// DIR what this build draws? The same bytes come out with every compiler, or the promise of equal bits is broken.
#include "drawing.hpp"

#include <skerry/anomaly.hpp>
#include <skerry/core/random.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace pictures {

namespace anomaly = skerry::anomaly;
namespace math = skerry::math;
using pair = std::array<float, 2>;

double gauss(skerry::pcg32& random) { return skerry::normal(random); }
template <std::size_t N>
anomaly::row_view<float> view(const std::vector<std::array<float, N>>& rows) {
  return {rows.front().data(), rows.size(), N, N};
}

// The level that a share of usual rows exceeds, of rows that were not learnt.
template <typename Score>
float level_of(const std::vector<pair>& rows, double share, const Score& score) {
  anomaly::calibration reference;
  for (const pair& row : rows) {
    (void)reference.observe(score(row));
  }
  return reference.for_contamination(share).value().value;
}

std::string score_map() {
  // A shaft seen by two probes: it lies still in its bearing, or it runs and draws an orbit.
  skerry::pcg32 random{11};
  const auto place = [&random](std::size_t i) {
    const double a = 2 * math::pi * skerry::uniform01(random);
    const double r = i % 3 == 0 ? 0.0 : 40.0;
    return pair{static_cast<float>(r * math::cos(a) + 3 * gauss(random)), static_cast<float>(r * math::sin(a) + 3 * gauss(random))};
  };
  std::vector<pair> learnt;
  std::vector<pair> held;
  for (std::size_t i = 0; i < 1200; ++i) {
    (i % 2 == 0 ? learnt : held).push_back(place(i / 2));
  }
  static anomaly::isolation_forest<2> forest;
  std::vector<anomaly::forest_sums> sums(learnt.size());
  anomaly::score_fusion fusion;
  if (!forest.fit(view(learnt), {.seed = 3, .density = true}) || !forest.sums(view(learnt), sums) || !fusion.learn(sums)) {
    return {};
  }
  const auto depth = [&](const pair& p) { return fusion.depth().z(forest.sums(p).value().depth); };
  const auto density = [&](const pair& p) { return fusion.density().z(forest.sums(p).value().density); };
  const auto fused = [&](const pair& p) { return fusion.score(forest.sums(p).value()).value(); };
  sheet out{800, 366, "What a forest finds strange: by depth, by density, by both"};
  out.text(16, 22, "Where a forest finds a shaft strange: it learnt the dots, at rest in the middle and running on the ring", "strong");
  const auto panel = [&](double left, const char* name, const auto& score) {
    plot p{out, {left, 62, 224, 224}, {-64, 64}, {-64, 64}};
    for (const double share : {0.2, 0.05, 0.01}) {
      const float level = level_of(held, share, score);
      p.shade(56, 0.27, [&](double x, double y) { return score(pair{static_cast<float>(x), static_cast<float>(y)}) > level; });
    }
    p.dots(learnt, 4);
    p.x_axis(-40, 40, 0, "place across, µm");
    p.y_axis(-40, 40, 0, left < 60 ? "place upright, µm" : "");
    p.frame();
    out.text(left + 224, 54, name, "strong", "end");
  };
  panel(50, "by depth", depth);
  panel(308, "by density", density);
  panel(566, "fused", fused);
  constexpr std::array<const char*, 3> names{"1 usual row in 5 is as strange or stranger", "1 in 20", "1 in 100"};
  constexpr std::array<double, 3> at{50, 346, 446};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k <= i; ++k) {
      out.path(fmt::format("M{:.0f} 348h16", at[i]), "hot\" stroke-width=\"12\" stroke-opacity=\"0.27");
    }
    out.text(at[i] + 23, 352, names[i], "small");
  }
  return out.file();
}

std::string relation() {
  // Current and temperature follow the load; the forest sees each in its usual range, Q sees that they have parted.
  skerry::pcg32 random{5};
  const auto row = [&random] {
    const double load = gauss(random);
    return pair{static_cast<float>(20 + 4 * load), static_cast<float>(60 + 10 * load + 1.5 * gauss(random))};
  };
  std::vector<pair> learnt;
  std::vector<pair> held;
  for (int i = 0; i < 600; ++i) {
    learnt.push_back(row());
    held.push_back(row());
  }
  static anomaly::isolation_forest<2> forest;
  static anomaly::t2_q<2, 1> model;
  if (!forest.fit(view(learnt), {.seed = 3}) || !model.fit(view(learnt))) {
    return {};
  }
  const float level = level_of(held, 0.01, [&](const pair& p) { return forest.score(p).value(); });
  sheet out{800, 366, "T2, Q and a forest on two columns that go together"};
  out.text(16, 22, "Temperature follows current: where three judges find a row high (shaded; 1 usual row in 100 lies there)", "strong");
  const auto panel = [&](double left, const char* name, const auto& high) {
    plot p{out, {left, 62, 224, 224}, {0, 40}, {10, 110}};
    p.shade(112, 0.33, [&](double x, double y) { return high(pair{static_cast<float>(x), static_cast<float>(y)}); });
    p.dots(learnt, 3);
    p.x_axis(0, 10, 0, "current, A");
    p.y_axis(20, 20, 0, left < 60 ? "temp., °C" : "");
    p.frame();
    out.text(left + 224, 54, name, "strong", "end");
    out.mark(p.px(20), p.py(82), "B");
    out.mark(p.px(35.5), p.py(99), "A");
  };
  panel(50, "T²: too far along", [&](const pair& p) { return model.score(p).value().t2_high; });
  panel(308, "Q: gone apart", [&](const pair& p) { return model.score(p).value().q_high; });
  panel(566, "forest", [&](const pair& p) { return forest.score(p).value() > level; });
  out.text(50, 352, "A: overload, both too high together. B: cooling lost, each value usual, the pair is not.", "small");
  return out.file();
}

// Bars of what stands over which rows, under a plot.
template <typename Stands>
void stretch(sheet& out, double left, double top, double per_row, std::size_t n, std::string_view cls, const Stands& stands) {
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i;
    while (end < n && stands(end)) {
      ++end;
    }
    if (end > i) {
      out.area({left + static_cast<double>(i) * per_row, top, std::max(1.5, static_cast<double>(end - i) * per_row), 12}, cls);
    }
    i = std::max(end, i + 1);
  }
}

std::string stream() {
  constexpr std::size_t n = 3600;
  static anomaly::monitor<3> watch;
  if (!anomaly::monitor<3>::create(watch, {.seed = 1, .rows_per_day = 1440})) {
    return {};
  }
  skerry::pcg32 random{21};
  std::vector<float> value;
  std::vector<float> score;
  std::vector<anomaly::monitor_state> state;
  std::vector<bool> kept_out;
  for (std::size_t i = 0; i < n; ++i) {
    const double load = gauss(random);
    const double drift = i < 480 ? 0.0 : std::min(1.0, static_cast<double>(i - 480) / 1800.0) * 4;
    const double fault = (i == 1200 ? 10.0 : 0.0) + (i >= 2700 ? 6.0 : 0.0);
    value.push_back(static_cast<float>(60 + load + gauss(random) + drift + fault));
    const std::uint64_t before = watch.counters().quarantined;
    const std::array<float, 3> row{static_cast<float>(8 + load + 0.3 * gauss(random)), value.back(),
                                   static_cast<float>(1.5 + 0.3 * gauss(random))};
    const auto v = watch.observe(row, static_cast<std::uint32_t>(i * 60'000));
    if (!v) {
      return {};
    }
    score.push_back(v.value().score);
    state.push_back(v.value().state);
    kept_out.push_back(false);
    for (std::uint64_t k = 0; k < watch.counters().quarantined - before && k <= i; ++k) {
      kept_out[i - k] = true;
    }
  }
  sheet out{800, 528, "A stream under the monitor: drift, spike, a step that stays"};
  out.text(16, 22, "A day of slow drift, a spike, then a step fault that stays: what the monitor makes of it", "strong");
  const range day{0, 60};
  plot top{out, {60, 62, 720, 130}, day, {54, 82}};
  top.y_axis(55, 5, 0, "temperature, °C (one of three columns; a row a minute)");
  top.curve(
      n, [&](std::size_t i) { return static_cast<double>(value[i]); }, 0, 1.0 / 60, "value");
  top.frame();
  const auto note = [&](double hour, double y, const char* what) { out.text(top.px(hour), top.py(y), what, "small", "middle"); };
  note(20, 78.5, "spike of 10 K");
  note(20, 55.6, "drifts by 4 K in 30 hours");
  note(49, 78.5, "step of 6 K, stays");
  plot middle{out, {60, 236, 720, 120}, day, {0, 1}};
  middle.y_axis(0, 0.25, 2, "score (½ is the level of the loudest judge)");
  middle.curve(
      n, [&](std::size_t i) { return static_cast<double>(score[i]); }, 0, 1.0 / 60, "value");
  middle.level(0.5, "level");
  middle.frame();
  const double per_row = 720.0 / static_cast<double>(n);
  const auto strip = [&](double y, const char* name, std::string_view cls, const auto& stands) {
    out.text(60, y - 3, name, "small");
    out.line(60, y + 6, 780, y + 6, "grid");
    stretch(out, 60, y, per_row, n, cls, stands);
  };
  plot axis{out, {60, 484, 720, 0.1}, day, {0, 1}};
  strip(376, "learning", "quiet", [&](std::size_t i) { return state[i] == anomaly::monitor_state::learning; });
  strip(404, "suspect: a high score in the window of a latch", "usual",
        [&](std::size_t i) { return state[i] == anomaly::monitor_state::suspect; });
  strip(432, "alarm stands", "strange", [&](std::size_t i) { return state[i] == anomaly::monitor_state::alarmed; });
  strip(460, "kept out of what is learnt (quarantine)", "strange", [&](std::size_t i) { return kept_out[i]; });
  axis.x_axis(0, 6, 0, "hours");
  return out.file();
}

std::string article() {
  // The recipe: refitted to the last 1000 rows every 100, decision = level of contamination 0.1 less score.
  constexpr std::size_t n = 3000;
  constexpr std::size_t onset = 1500;
  using row_type = std::array<float, 4>;
  using preset = anomaly::article_preset;
  static anomaly::isolation_forest<4> forest;
  static anomaly::monitor<4> watch;
  if (!anomaly::monitor<4>::create(watch, {.seed = 1, .rows_per_day = 1440})) {
    return {};
  }
  skerry::pcg32 random{31};
  anomaly::article_rule rule;
  std::vector<row_type> rows;
  std::vector<double> mean;
  std::vector<double> lowest;
  std::vector<double> decisions;
  std::vector<bool> novel;
  std::vector<bool> alarm;
  float offset = 0;
  const double least = -math::exp2(-1 / anomaly::average_path_length(256));
  for (std::size_t i = 0; i < n; ++i) {
    row_type row;
    for (float& x : row) {
      x = static_cast<float>(gauss(random) + (i >= onset ? 8 : 0));
    }
    const auto v = watch.observe(row, static_cast<std::uint32_t>(i * 60'000));
    alarm.push_back(v && v.value().state == anomaly::monitor_state::alarmed);
    rows.push_back(row);
    if (i < preset::history) {
      continue;
    }
    if (i % preset::refit_every == 0) {
      const std::vector<row_type> history(rows.end() - preset::history, rows.end());
      anomaly::calibration learnt;
      if (!forest.fit(view(history), {.seed = i})) {
        return {};
      }
      for (const row_type& h : history) {
        (void)learnt.observe(forest.score(h).value());
      }
      offset = learnt.for_contamination(preset::contamination).value().value;
    }
    decisions.push_back(static_cast<double>(offset) - static_cast<double>(forest.score(row).value()));
    const std::size_t from = decisions.size() < preset::decisions ? 0 : decisions.size() - preset::decisions;
    double sum = 0;
    for (std::size_t k = from; k < decisions.size(); ++k) {
      sum += decisions[k];
    }
    mean.push_back(sum / static_cast<double>(decisions.size() - from));
    lowest.push_back(least + static_cast<double>(offset));
    novel.push_back(rule.observe(0, decisions.back()).value().novel);
  }
  sheet out{800, 402, "The article's rule and the decisions it waits for"};
  out.text(16, 22, "A rule that never fires: \"novel when the mean of ten decisions is below −0.5\"", "strong");
  plot p{out, {60, 62, 720, 220}, {1000, 3000}, {-0.6, 0.2}};
  p.y_axis(-0.6, 0.1, 1, "decision (below 0: strange), mean of ten rows");
  p.curve(
      mean.size(), [&](std::size_t i) { return mean[i]; }, 1000, 1, "value");
  p.curve(
      lowest.size(), [&](std::size_t i) { return lowest[i]; }, 1000, 1, "bound");
  p.level(preset::novel_below, "level");
  p.frame();
  out.text(p.px(1820), p.py(-0.55), "the rule waits for this", "small");
  out.text(p.px(1820), p.py(-0.465), "the lowest decision that any row could get", "small");
  out.text(p.px(1620), p.py(-0.2), "← from row 1500 all columns are off by 8 standard deviations; refits learn it", "small");
  const auto strip = [&](double y, const char* name, const auto& stands) {
    out.text(60, y - 3, name, "small");
    out.line(60, y + 6, 780, y + 6, "grid");
    stretch(out, 60, y, 720.0 / 2000, 2000, "strange", stands);
  };
  strip(306, "the rule says novel", [&](std::size_t i) { return novel[i]; });
  strip(336, "alarm of a default monitor on the same rows", [&](std::size_t i) { return alarm[i + 1000]; });
  plot axis{out, {60, 358, 720, 0.1}, {1000, 3000}, {0, 1}};
  axis.x_axis(1000, 500, 0, "rows");
  return out.file();
}

std::string contributions() {
  constexpr std::size_t width = 6;
  using row_type = std::array<float, width>;
  constexpr std::array<const char*, width> names{"current", "temperature", "inlet pressure", "flow", "vibration", "noise"};
  constexpr std::array<const char*, width> units{"A", "°C", "bar", "l/min", "mm/s", "dB"};
  skerry::pcg32 random{41};
  std::vector<row_type> learnt;
  for (int i = 0; i < 1000; ++i) {
    const double load = gauss(random);
    const auto about = [&](double mean, double by_load, double sd) {
      return static_cast<float>(mean + by_load * load + sd * gauss(random));
    };
    learnt.push_back(
        {about(8, 1, 0.2), about(55, 3, 1), about(1.2, -0.05, 0.04), about(120, 10, 3), about(1.6, 0.1, 0.25), about(71, 0.8, 0.8)});
  }
  static anomaly::isolation_forest<width> forest;
  const row_type cavitation{7.6F, 56.0F, 0.82F, 96.0F, 3.4F, 79.0F};
  if (!forest.fit(view(learnt), {.seed = 3, .explain = true})) {
    return {};
  }
  const auto shares = forest.explain(cavitation).value();
  const double unit = static_cast<double>(forest.leaf_scale()) * static_cast<double>(forest.trees());
  sheet out{800, 350, "Contributions of one alarm"};
  out.text(16, 22, "Why this row of a pump is strange: how many splits earlier each column let trees isolate it", "strong");
  plot p{out, {290, 56, 480, 216}, {-1, 3}, {0, width}};
  std::size_t place = 0;
  for (const anomaly::column_share& c : shares.top<width>()) {
    const double top = 56 + 36 * static_cast<double>(place++) + 6;
    const double share = c.share / unit;
    out.area({std::min(p.px(0), p.px(share)), top, std::max(1.0, share < 0 ? p.px(0) - p.px(share) : p.px(share) - p.px(0)), 24},
             c.share > 0 ? "strange" : "quiet");
    out.text(278, top + 17, fmt::format("{} {:.4g} {}", names[c.column], cavitation[c.column], units[c.column]), "", "end");
    const char* said = c.share <= 0 ? "as usual" : (c.high ? "too high" : "too low");
    out.text(std::max(p.px(share), p.px(0)) + 8, top + 17,
             fmt::format("{}{:.2f}  {}", share < 0 ? "−" : "", share < 0 ? -share : share, said), "small");
  }
  out.line(p.px(0), 56, p.px(0), 272, "frame");
  p.x_axis(-1, 1, 0, "splits that the column saved, mean over 100 trees");
  const auto sum = static_cast<double>(shares.total()) / unit;
  out.text(16, 336,
           fmt::format("All six add up to {:.2f} splits: exactly what the row's score of {:.2f} stands on. Likely cavitation.", sum,
                       forest.score(cavitation).value()),
           "small");
  return out.file();
}

}  // namespace pictures

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string{argv[1]} == "--check";
  if (argc != 2 && !check) {
    fmt::print(stderr, "usage: score_pictures [--check] DIR\n");
    return 2;
  }
  const std::string folder = argv[argc - 1];
  int wrong = 0;
  for (const auto& [name, drawn] :
       {std::pair{"score_map", pictures::score_map()}, std::pair{"relation", pictures::relation()}, std::pair{"stream", pictures::stream()},
        std::pair{"article", pictures::article()}, std::pair{"contributions", pictures::contributions()}}) {
    const std::string path = folder + "/" + name + ".svg";
    bool good = !drawn.empty();
    if (check) {
      std::ifstream in{path, std::ios::binary};
      good = good && std::string{std::istreambuf_iterator<char>{in}, {}} == drawn;
    } else {
      std::ofstream out{path, std::ios::binary};
      out << drawn;
      good = good && out.good();
    }
    fmt::print("{} {}, {} bytes\n", good ? "ok" : "FAIL", path, drawn.size());
    wrong += good ? 0 : 1;
  }
  if (check && wrong > 0) {
    fmt::print("the pictures differ: look at the new ones (score_pictures DIR), and keep them if they are right\n");
  }
  return wrong == 0 ? 0 : 1;
}
