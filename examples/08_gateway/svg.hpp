// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A small SVG writer for reports: axes with 1-2-5 ticks, lines thinned to their extremes per pixel column, labels that do not
// overlap. Colours and line styles are classes, so that the page's style sheet decides on light and dark.
namespace gateway::svg {

struct range {
  double low = 0, high = 1;
  [[nodiscard]] double width() const { return high - low; }
};

struct ticks {
  double step = 1;
  int decimals = 0;
  std::vector<double> at;
};

/// Multiples of 1, 2 or 5 times a power of ten inside the range, about `wanted` of them, never more than twice as many.
inline ticks nice_ticks(range r, int wanted) {
  ticks out;
  if (!(r.width() > 0) || !std::isfinite(r.width()) || wanted < 1) {
    out.at = {r.low};
    return out;
  }
  const double raw = r.width() / wanted;
  const int power = static_cast<int>(std::floor(std::log10(raw)));
  const double ten = std::pow(10.0, power);
  const double lead = raw / ten;
  int exponent = power;
  if (lead < 1.5) {
    out.step = ten;
  } else if (lead < 3.5) {
    out.step = 2 * ten;
  } else if (lead < 7.5) {
    out.step = 5 * ten;
  } else {
    out.step = 10 * ten;
    exponent = power + 1;
  }
  out.decimals = std::max(0, -exponent);
  // Integers times the step, so that no rounding error adds up along the axis.
  const double first = std::ceil(r.low / out.step - 1e-9);
  for (double k = first; k * out.step <= r.high + 1e-9 * r.width(); k += 1) {
    out.at.push_back(k == 0 ? 0.0 : k * out.step);
  }
  return out;
}

inline std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

/// A tick's text: thin spaces between thousands, a real minus sign, no "-0".
inline std::string number(double v, int decimals) {
  std::string s = fmt::format("{:.{}f}", std::fabs(v), decimals);
  const std::size_t whole = std::min(s.find('.'), s.size());
  const bool zero = s.find_first_not_of("0.") == std::string::npos;
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (i > 0 && i < whole && whole > 4 && (whole - i) % 3 == 0) {
      out += "\u2009";
    }
    out += s[i];
  }
  return (v < 0 && !zero ? "\u2212" : "") + out;
}

struct point {
  double x = 0, y = 0;
};

/// At most two points per column: the least and the greatest, in the order they came, so that no peak is lost.
/// A value that is not finite ends the piece.
inline std::vector<std::vector<point>> thin(std::span<const double> x, std::span<const float> y, range over, int columns) {
  std::vector<std::vector<point>> pieces;
  std::vector<point> piece;
  long column = -1;
  point least{}, most{};
  const auto flush = [&] {
    if (column < 0) {
      return;
    }
    piece.push_back(least.x <= most.x ? least : most);
    if (least.x != most.x || least.y != most.y) {
      piece.push_back(least.x <= most.x ? most : least);
    }
    column = -1;
  };
  for (std::size_t i = 0; i < x.size() && i < y.size(); ++i) {
    const double v = static_cast<double>(y[i]);
    if (!std::isfinite(v) || !std::isfinite(x[i])) {
      flush();
      if (!piece.empty()) {
        pieces.push_back(std::move(piece));
        piece = {};
      }
      continue;
    }
    if (x[i] < over.low || x[i] > over.high) {
      continue;
    }
    const long c = std::clamp(static_cast<long>((x[i] - over.low) / over.width() * columns), 0L, static_cast<long>(columns - 1));
    if (c != column) {
      flush();
      column = c;
      least = most = {x[i], v};
    } else {
      least = v < least.y ? point{x[i], v} : least;
      most = v > most.y ? point{x[i], v} : most;
    }
  }
  flush();
  if (!piece.empty()) {
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

struct frame {
  double width = 1100, height = 220;
  double left = 52, right = 16, top = 26, bottom = 36;
};

/// One figure: data coordinates in, an `<svg>` with title and description out.
class figure {
 public:
  figure(frame f, range x, range y) : frame_{f}, x_{x}, y_{y} {
    if (!(x_.width() > 0)) {
      x_.high = x_.low + 1;
    }
    if (!(y_.width() > 0)) {
      y_.high = y_.low + 1;
    }
  }

  [[nodiscard]] double px(double x) const { return frame_.left + (x - x_.low) / x_.width() * plot_width(); }
  [[nodiscard]] double py(double y) const {
    const double share = std::clamp((y - y_.low) / y_.width(), 0.0, 1.0);
    return frame_.height - frame_.bottom - share * (frame_.height - frame_.top - frame_.bottom);
  }
  [[nodiscard]] double plot_width() const { return frame_.width - frame_.left - frame_.right; }

  /// `divisor` turns the data's unit into the shown one (3600 for seconds shown as hours).
  void x_axis(std::string_view label, double divisor = 1) {
    const ticks t = nice_ticks({x_.low / divisor, x_.high / divisor}, static_cast<int>(std::max(2.0, plot_width() / 90)));
    const double base = frame_.height - frame_.bottom;
    body_ += fmt::format("<path class=axis d='M{:.1f} {:.1f}H{:.1f}'/>", frame_.left, base, frame_.width - frame_.right);
    for (const double v : t.at) {
      const double x = px(v * divisor);
      body_ += fmt::format("<path class=axis d='M{:.1f} {:.1f}v4'/>", x, base);
      text(x, base + 15, number(v, t.decimals), "middle", "tick");
    }
    text(frame_.left + plot_width() / 2, base + 31, label, "middle", "name");
  }

  /// For data that already is a logarithm to base 10: whole powers, labelled by the number itself.
  void log_axis(std::string_view label) {
    const double base = frame_.height - frame_.bottom;
    body_ += fmt::format("<path class=axis d='M{:.1f} {:.1f}H{:.1f}'/>", frame_.left, base, frame_.width - frame_.right);
    constexpr std::string_view name[] = {"0.001", "0.01", "0.1", "1",    "10", "100", "1k",  "10k",
                                         "100k",  "1M",   "10M", "100M", "1G", "10G", "100G"};
    for (int power = static_cast<int>(std::ceil(x_.low)); power <= x_.high; ++power) {
      body_ += fmt::format("<path class=axis d='M{:.1f} {:.1f}v4'/>", px(power), base);
      if (power >= -3 && power + 3 < static_cast<int>(std::size(name))) {
        text(px(power), base + 15, name[power + 3], "middle", "tick");
      }
    }
    text(frame_.left + plot_width() / 2, base + 31, label, "middle", "name");
  }

  void y_axis(std::string_view label, int wanted = 4) {
    const ticks t = nice_ticks(y_, wanted);
    for (const double v : t.at) {
      const double y = py(v);
      body_ += fmt::format("<path class=grid d='M{:.1f} {:.1f}H{:.1f}'/>", frame_.left, y, frame_.width - frame_.right);
      text(frame_.left - 6, y + 4, number(v, t.decimals), "end", "tick");
    }
    text(2, 12, label, "start", "name");
  }

  void line(std::span<const double> x, std::span<const float> y, std::string_view cls, std::string_view label = {}) {
    const auto pieces = thin(x, y, x_, static_cast<int>(std::min(1000.0, plot_width())));
    if (pieces.empty()) {
      return;
    }
    std::string path;
    for (const auto& piece : pieces) {
      for (std::size_t i = 0; i < piece.size(); ++i) {
        path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? 'M' : (i == 1 ? 'L' : ' '), px(piece[i].x), py(piece[i].y));
      }
      if (piece.size() == 1) {
        path += "h.1";  // a lone value is a dot, not nothing
      }
    }
    body_ += fmt::format("<path class='line {}' d='{}'/>", cls, path);
    if (!label.empty()) {
      const point last = pieces.back().back();
      beside(px(last.x), py(last.y), label, cls);
    }
  }

  void band(std::span<const double> x, std::span<const float> low, std::span<const float> high, std::string_view cls) {
    const int columns = static_cast<int>(std::min(400.0, plot_width()));
    const auto lows = thin(x, low, x_, columns);
    const auto highs = thin(x, high, x_, columns);
    for (std::size_t p = 0; p < lows.size() && p < highs.size(); ++p) {
      std::string path;
      for (const point& q : lows[p]) {
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', px(q.x), py(q.y));
      }
      for (auto q = highs[p].rbegin(); q != highs[p].rend(); ++q) {
        path += fmt::format("L{:.1f} {:.1f}", px(q->x), py(q->y));
      }
      body_ += fmt::format("<path class='area {}' d='{}Z'/>", cls, path);
    }
  }

  /// A horizontal slice over the whole width, between two values.
  void zone(double low, double high, std::string_view cls) {
    const double top = py(std::min(high, y_.high));
    const double bottom = py(std::max(low, y_.low));
    if (bottom > top) {
      body_ += fmt::format("<rect class='area {}' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}'/>", cls, frame_.left, top,
                           plot_width(), bottom - top);
    }
  }

  /// A vertical slice between two instants, as high as the plot.
  void region(double from, double to, std::string_view cls, std::string_view label = {}) {
    const double a = px(std::clamp(from, x_.low, x_.high));
    const double b = std::max(px(std::clamp(to, x_.low, x_.high)), a + 1);
    body_ += fmt::format("<rect class='area {}' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}'/>", cls, a, frame_.top, b - a,
                         frame_.height - frame_.top - frame_.bottom);
    if (!label.empty()) {
      in_rows((a + b) / 2, label, cls);
    }
  }

  void marker(double x, std::string_view cls, std::string_view label = {}) {
    if (x < x_.low || x > x_.high) {
      return;
    }
    body_ += fmt::format("<path class='mark {}' d='M{:.1f} {:.1f}V{:.1f}'/>", cls, px(x), frame_.top, frame_.height - frame_.bottom);
    if (!label.empty()) {
      in_rows(px(x), label, cls);
    }
  }

  void level(double y, std::string_view cls, std::string_view label = {}) {
    if (y < y_.low || y > y_.high) {
      return;
    }
    body_ += fmt::format("<path class='mark {}' d='M{:.1f} {:.1f}H{:.1f}'/>", cls, frame_.left, py(y), frame_.width - frame_.right);
    if (!label.empty()) {
      beside(frame_.left + 4 + text_width(label), py(y) - 1, label, cls);
    }
  }

  void bar(double x0, double x1, double y0, double y1, std::string_view cls) {
    body_ += fmt::format("<rect class='{}' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}'/>", cls, px(x0), py(std::max(y0, y1)),
                         std::max(1.0, px(x1) - px(x0)), std::max(1.0, std::fabs(py(y0) - py(y1))));
  }

  /// A triangle at the top edge: an event that must be visible without colour.
  void flag(double x, std::string_view cls) {
    body_ += fmt::format("<path class='flag {}' d='M{:.1f} {:.1f}l-5 -9h10Z'/>", cls, px(x), frame_.top + 9);
  }

  /// Text at a place in the picture; left out when it would cover another text or leave the frame.
  bool text(double x, double y, std::string_view what, std::string_view anchor, std::string_view cls) {
    const double w = text_width(what);
    double left = anchor == "end" ? x - w : (anchor == "middle" ? x - w / 2 : x);
    if (anchor == "middle") {
      left = std::clamp(left, 1.0, std::max(1.0, frame_.width - w - 1));
      x = left + w / 2;
    }
    const box b{left, y - 12, left + w, y + 4};
    if (b.left < 0 || b.right > frame_.width || b.top < -1 || b.bottom > frame_.height) {
      return false;
    }
    for (const box& other : texts_) {
      if (b.left < other.right + 2 && other.left < b.right + 2 && b.top < other.bottom && other.top < b.bottom) {
        return false;
      }
    }
    texts_.push_back(b);
    labels_ += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor={} class='{}'>{}</text>", x, y, anchor, cls, escape(what));
    return true;
  }

  void raw(std::string_view svg) { body_ += svg; }

  [[nodiscard]] std::string finish(std::string_view title, std::string_view description, std::string_view cls = {}) const {
    return fmt::format(
        "<svg class='{}' viewBox='0 0 {:.0f} {:.0f}' role=img preserveAspectRatio='xMinYMin "
        "meet'><title>{}</title><desc>{}</desc>{}{}</svg>\n",
        cls, frame_.width, frame_.height, escape(title), escape(description), body_, labels_);
  }

  /// Estimated, on the generous side: 12 px sans-serif.
  static double text_width(std::string_view s) {
    double n = 0;
    for (const char c : s) {
      n += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;  // code points, not bytes
    }
    return 7.0 * n + 2;
  }

 private:
  struct box {
    double left, top, right, bottom;
  };

  /// Above the end of a line, or as near to it as there is room.
  void beside(double x, double y, std::string_view label, std::string_view cls) {
    const double right = frame_.width - frame_.right;
    for (const double shift : {-5.0, 14.0, -19.0, 28.0, -33.0, 42.0, -47.0}) {
      const double at = std::clamp(y + shift, frame_.top + 11, frame_.height - frame_.bottom - 3);
      if (text(std::min(x, right), at, label, "end", fmt::format("label {}", cls))) {
        return;
      }
    }
  }

  void in_rows(double x, std::string_view label, std::string_view cls) {
    for (int row = 0; row < 4; ++row) {
      if (text(x, frame_.top + 22 + 14 * row, label, "middle", fmt::format("label {}", cls))) {
        return;
      }
    }
  }

  frame frame_;
  range x_, y_;
  std::string body_, labels_;
  std::vector<box> texts_;
};

/// The unit in which a span of seconds reads well, and its divisor.
struct time_unit {
  const char* name;
  double seconds;
};
inline time_unit unit_for(double span_seconds) {
  if (span_seconds <= 180) {
    return {"seconds", 1};
  }
  if (span_seconds <= 3 * 3600) {
    return {"minutes", 60};
  }
  if (span_seconds <= 3 * 86400) {
    return {"hours", 3600};
  }
  return {"days", 86400};
}

}  // namespace gateway::svg
