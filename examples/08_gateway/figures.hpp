// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "record.hpp"
#include "svg.hpp"
#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

// The report's pictures. Each is drawn twice, wide and narrow; the style sheet shows the one that fits.
namespace gateway {

/// Calls `draw(frame, narrow)` for both sizes and wraps what it returns.
template <typename Draw>
std::string both_sizes(double height, Draw draw) {
  svg::frame wide;
  wide.height = height;
  svg::frame narrow;
  narrow.width = 358;
  narrow.height = std::max(120.0, height * 0.9);
  narrow.left = 44;
  narrow.right = 8;
  return "<figure>" + draw(wide, false) + draw(narrow, true) + "</figure>\n";
}

inline svg::range time_range(const run_record& run) { return {0, std::max(run.duration, 1.0)}; }

inline std::string time_axis_name(const run_record& run) { return fmt::format("{} since the start", svg::unit_for(run.duration).name); }

/// Shades what is known about the time: learning, link down, and what really happened.
inline void shade(svg::figure& f, const run_record& run, const machine_record& m) {
  if (m.learned_at > 0) {
    f.region(0, std::min(m.learned_at, run.duration), "learning", "learning");
  }
  for (const truth_record& t : m.truth) {
    f.region(t.from, std::min(t.until, run.duration), "truth", run.source == "simulator" ? "fault (truth)" : "labelled");
  }
}

inline std::string score_figure(const run_record& run, const machine_record& m) {
  return both_sizes(210, [&](const svg::frame& frame, bool narrow) {
    svg::figure f{frame, time_range(run), {0, 3}};
    f.zone(0, 0.8, "good");
    f.zone(0.8, 1, "warn");
    f.zone(1, 3, "bad");
    shade(f, run, m);
    f.y_axis("How unusual (1 = alarm limit, cut at 3)", 3);
    f.x_axis(time_axis_name(run), svg::unit_for(run.duration).seconds);
    f.line(m.t, m.score, "c1");
    for (const alarm_record& a : m.alarms) {
      f.flag(a.raised, "bad");
    }
    return f.finish(fmt::format("{}: how unusual the signals are", m.name),
                    fmt::format("Strangeness of each row against the machine's own normal; above 1 for long enough it raises an alarm. "
                                "{} alarm(s), drawn as triangles.",
                                m.alarms.size()),
                    narrow ? "narrow" : "wide");
  });
}

inline std::string indicator_figure(const run_record& run, const machine_record& m, const indicator& i) {
  float low = std::isfinite(i.wide_low) ? i.wide_low : 1e30F;
  float high = std::isfinite(i.wide_high) ? i.wide_high : -1e30F;
  for (const float v : i.value) {
    if (std::isfinite(v)) {
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (!(high >= low)) {
    return {};
  }
  const double pad = std::max(1e-6, 0.06 * static_cast<double>(high - low));
  const svg::range y{static_cast<double>(low) - pad, static_cast<double>(high) + pad};
  return both_sizes(170, [&](const svg::frame& frame, bool narrow) {
    svg::figure f{frame, time_range(run), y};
    if (std::isfinite(i.low)) {
      f.zone(static_cast<double>(i.low), static_cast<double>(i.high), "good");
      f.zone(static_cast<double>(i.high), static_cast<double>(i.wide_high), "warn");
      f.zone(static_cast<double>(i.wide_low), static_cast<double>(i.low), "warn");
      f.zone(static_cast<double>(i.wide_high), y.high, "bad");
      f.zone(y.low, static_cast<double>(i.wide_low), "bad");
    }
    shade(f, run, m);
    f.y_axis(i.unit.empty() ? i.name : fmt::format("{}, {}", i.name, i.unit), 4);
    f.x_axis(time_axis_name(run), svg::unit_for(run.duration).seconds);
    f.line(m.t, i.value, "c1");
    for (const alarm_record& a : m.alarms) {
      f.flag(a.raised, "bad");
    }
    return f.finish(fmt::format("{}: {}", m.name, i.name), fmt::format("Trend of {} with the band that was normal while learning.", i.name),
                    narrow ? "narrow" : "wide");
  });
}

/// Which program ran, what was thought of it, and when the data was not to be trusted.
inline std::string strip_figure(const run_record& run, const machine_record& m) {
  const bool modes = std::any_of(m.mode.begin(), m.mode.end(), [](std::uint16_t v) { return v != 0; });
  const int rows = modes ? 3 : 2;
  return both_sizes(58.0 + 22 * rows, [&](svg::frame frame, bool narrow) {
    frame.height = 58 + 22 * rows;
    frame.left = 62;
    svg::figure f{frame, time_range(run), {0, static_cast<double>(rows)}};
    f.x_axis(time_axis_name(run), svg::unit_for(run.duration).seconds);
    f.text(2, 12, "What ran, what was judged, what the data was like", "start", "name");
    const auto row_name = [&](int row, std::string_view name) { f.text(frame.left - 6, f.py(rows - row - 0.5) + 4, name, "end", "tick"); };
    // Runs of equal values as one rectangle.
    const auto runs = [&](int row, auto value_at, auto draw) {
      std::size_t first = 0;
      for (std::size_t i = 1; i <= m.t.size(); ++i) {
        if (i == m.t.size() || value_at(i) != value_at(first)) {
          draw(row, m.t[first], i == m.t.size() ? m.t[i - 1] + run.row_seconds : m.t[i], value_at(first));
          first = i;
        }
      }
    };
    const auto slab = [&](int row, double from, double to, std::string_view cls) {
      f.bar(from, std::min(to, run.duration), rows - row - 0.85, rows - row - 0.15, cls);
    };
    int row = 0;
    if (modes) {
      row_name(row, "program");
      runs(
          row, [&](std::size_t i) { return m.mode[i]; },
          [&](int r, double from, double to, std::uint16_t mode) {
            if (mode != 0) {
              slab(r, from, to, mode % 2 == 0 ? "even" : "odd");
              f.text((f.px(from) + f.px(to)) / 2, f.py(rows - r - 0.5) + 4, fmt::format("{}", mode), "middle", "name");
            }
          });
      ++row;
    }
    row_name(row, "judged");
    // A machine pauses every minute; only pauses that can be seen at this scale leave a blank.
    std::vector<row_state> shown = m.state;
    std::size_t last = 0;
    for (std::size_t i = 1; i < shown.size(); ++i) {
      if (shown[i] != row_state::paused) {
        if (i - last > 1 && m.t[i] - m.t[last] < run.duration / 60) {
          std::fill(shown.begin() + static_cast<std::ptrdiff_t>(last) + 1, shown.begin() + static_cast<std::ptrdiff_t>(i), shown[last]);
        }
        last = i;
      }
    }
    runs(
        row, [&](std::size_t i) { return shown[i]; },
        [&](int r, double from, double to, row_state s) {
          switch (s) {
            case row_state::learning: slab(r, from, to, "s-learning"); break;
            case row_state::normal: slab(r, from, to, "s-normal"); break;
            case row_state::suspect: slab(r, from, to, "s-suspect"); break;
            case row_state::alarmed: slab(r, from, to, "s-alarmed"); break;
            case row_state::paused: break;
          }
        });
    ++row;
    row_name(row, "data");
    slab(row, 0, run.duration, "s-normal");
    for (const quality_event& q : m.quality) {
      slab(row, q.from, std::max(q.until, q.from + run.row_seconds), "s-alarmed");
    }
    return f.finish(
        fmt::format("{}: programs, judgement and data quality over time", m.name),
        "Green: normal. Yellow: suspect. Red and taller: alarmed, or data that was refused. Grey: learning. Blank: machine paused.",
        narrow ? "narrow" : "wide");
  });
}

inline std::string spectrum_figure(const machine_record& m, const spectrum_pair& s) {
  float high = 0;
  for (const auto* v : {&s.before, &s.after}) {
    for (const float x : *v) {
      high = std::isfinite(x) ? std::max(high, x) : high;
    }
  }
  return both_sizes(260, [&](const svg::frame& frame, bool narrow) {
    svg::figure f{frame, {s.hz.front(), s.hz.back()}, {0, 1.25 * static_cast<double>(high)}};
    f.y_axis(fmt::format("{}, {}", s.name, s.unit), 4);
    f.x_axis("Hz");
    for (const auto& [name, hz] : s.cursors) {
      f.marker(hz, "cursor", name);
    }
    f.line(s.hz, s.after, "c2", "after the alarm");
    f.line(s.hz, s.before, "c1 dashed", "before");
    return f.finish(fmt::format("{}: {} before and after the alarm", m.name, s.name),
                    "Dashed: in normal operation. Solid: after the alarm, same operating mode. Vertical lines: frequencies at which the "
                    "bearing's parts, the shaft and the tool's teeth pass.",
                    narrow ? "narrow" : "wide");
  });
}

inline std::string outage_figure(const run_record& run) {
  std::vector<double> t;
  std::vector<float> queued;
  float most = 1;
  for (const queue_point& q : run.queue) {
    t.push_back(q.t);
    queued.push_back(static_cast<float>(q.queued));
    most = std::max(most, queued.back());
  }
  return both_sizes(210, [&](const svg::frame& frame, bool narrow) {
    svg::figure f{frame, time_range(run), {0, 1.15 * static_cast<double>(most)}};
    for (const link_cut& c : run.cuts) {
      f.region(c.from, c.until, "down", "link down");
    }
    f.y_axis("Messages waiting in the outbox", 4);
    f.x_axis(time_axis_name(run), svg::unit_for(run.duration).seconds);
    f.line(t, queued, "c1");
    return f.finish("Messages waiting in the outbox over time", "The queue grows while the link is down and drains when it is back.",
                    narrow ? "narrow" : "wide");
  });
}

/// Share of rows decided within so many microseconds, for each phase.
inline std::string latency_figure(const run_record& run) {
  double low = 1e9;
  double high = 0;
  for (const latency_record& l : run.latency) {
    if (!l.us.empty()) {
      low = std::min(low, std::max(0.1, l.quantile(0.001)));
      high = std::max(high, l.quantile(0.999));
    }
  }
  if (high <= 0) {
    return {};
  }
  const svg::range x{std::floor(std::log10(low)), std::max(std::ceil(std::log10(high)), std::floor(std::log10(low)) + 1)};
  return both_sizes(230, [&](const svg::frame& frame, bool narrow) {
    svg::figure f{frame, x, {0, 105}};
    f.y_axis("Share of rows decided within, %", 5);
    f.log_axis("microseconds (logarithmic)");
    const char* style[] = {"c1", "c2 dashed", "c3 dotted"};
    for (std::size_t p = 0; p < run.latency.size(); ++p) {
      const latency_record& l = run.latency[p];
      if (l.us.empty()) {
        continue;
      }
      std::vector<double> xs;
      std::vector<float> ys;
      for (int q = 1; q <= 999; ++q) {
        xs.push_back(std::log10(std::max(0.1, l.quantile(q / 1000.0))));
        ys.push_back(static_cast<float>(q) / 10);
      }
      f.line(xs, ys, style[p], l.phase);
    }
    return f.finish("Time from a row's arrival to the decision on it",
                    "One rising line per phase: normal, during the outage, while the backlog drains.", narrow ? "narrow" : "wide");
  });
}

inline std::string bytes_figure(const run_record& run) {
  const std::vector<std::pair<std::string, double>> steps{{"raw signal", static_cast<double>(run.bytes.raw)},
                                                          {"rows of features", static_cast<double>(run.bytes.features)},
                                                          {"messages", static_cast<double>(run.bytes.sent)},
                                                          {"on the wire", static_cast<double>(run.bytes.wire)}};
  const double most = std::log10(std::max(10.0, static_cast<double>(run.bytes.raw)));
  return both_sizes(60.0 + 38 * static_cast<double>(steps.size()), [&](svg::frame frame, bool narrow) {
    frame.height = 60 + 38 * static_cast<double>(steps.size());
    frame.left = 10;
    frame.right = 12;
    const double n = static_cast<double>(steps.size());
    svg::figure f{frame, {0, std::ceil(most)}, {0, n}};
    f.text(2, 12, "Bytes, each bar ten times per step (logarithmic)", "start", "name");
    f.log_axis("bytes");
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const double y = n - static_cast<double>(i);
      f.bar(0, std::log10(std::max(1.0, steps[i].second)), y - 0.95, y - 0.55, i == 0 ? "bar0" : "bar1");
      const double share = run.bytes.raw > 0 ? 100 * steps[i].second / static_cast<double>(run.bytes.raw) : 0;
      f.text(frame.left + 4, f.py(y - 0.55) - 4,
             i == 0 ? fmt::format("{}: {}", steps[i].first, bytes_text(steps[i].second))
                    : fmt::format("{}: {} ({:.2g} % of raw)", steps[i].first, bytes_text(steps[i].second), share),
             "start", "name");
    }
    return f.finish("Bytes from the raw signal to the wire", "Bars on a logarithmic scale; the share of the raw signal stands beside each.",
                    narrow ? "narrow" : "wide");
  });
}

}  // namespace gateway
