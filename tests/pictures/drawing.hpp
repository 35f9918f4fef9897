// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

// Standalone SVG files for the documentation: a page of its own colour, light or dark as the reader's machine is.
namespace pictures {

struct box {
  double left, top, width, height;
};
struct range {
  double low, high;
};

/// A picture that grows by what is drawn on it; coordinates are pixels.
class sheet {
 public:
  sheet(double width, double height, std::string_view title) : width_{width}, height_{height}, title_{title} {}

  void text(double x, double y, std::string_view s, std::string_view cls = "", std::string_view anchor = "start") {
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, cls, anchor, s);
  }
  void path(std::string_view d, std::string_view cls) { body_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", cls, d); }
  void line(double x1, double y1, double x2, double y2, std::string_view cls) {
    path(fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", x1, y1, x2, y2), cls);
  }
  void area(box b, std::string_view cls) {
    body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"{}\"/>\n", b.left, b.top, b.width,
                         b.height, cls);
  }
  void mark(double x, double y, std::string_view label) {
    body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"mark\"/>\n", x, y);
    text(x + 9, y + 5, label, "strong");
  }

  [[nodiscard]] std::string file() const {
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\">\n"
               "<title>{2}</title>\n",
               width_, height_, title_) +
           std::string{style} + fmt::format("<rect width=\"{:.0f}\" height=\"{:.0f}\" class=\"page\"/>\n", width_, height_) + body_ +
           "</svg>\n";
  }

 private:
  static constexpr std::string_view style =
      "<style>\n"
      "text{font:13px system-ui,sans-serif;fill:#24292f} .small{font-size:12px;fill:#57606a} .strong{font-weight:600}\n"
      ".page{fill:#fff} .frame{fill:none;stroke:#8c959f} .grid{stroke:#d0d7de;fill:none} .rows{fill:#1f5fa8}\n"
      ".value{stroke:#1f5fa8;fill:none;stroke-width:1.2} .level{stroke:#c2410c;fill:none;stroke-width:1.6;stroke-dasharray:6 4}\n"
      ".bound{stroke:#57606a;fill:none;stroke-width:1.4;stroke-dasharray:2 3} .strange{fill:#c2410c} .usual{fill:#1f5fa8}\n"
      ".quiet{fill:#8c959f} .mark{fill:#fff;stroke:#111;stroke-width:2.5} .hot{fill:none;stroke:#c2410c}\n"
      "@media (prefers-color-scheme:dark){text{fill:#e6edf3} .small{fill:#9aa4af} .page{fill:#0d1117} .grid{stroke:#30363d}\n"
      ".rows,.usual{fill:#6cb0f5} .value{stroke:#6cb0f5} .level{stroke:#ff8c5a} .strange{fill:#ff8c5a} .hot{stroke:#ff8c5a}\n"
      ".bound{stroke:#9aa4af} .mark{fill:#0d1117;stroke:#fff}}\n"
      "</style>\n";

  double width_, height_;
  std::string title_, body_;
};

/// A frame with axes: data in, pixels out.
class plot {
 public:
  plot(sheet& s, box b, range x, range y) : sheet_{s}, box_{b}, x_{x}, y_{y} {}

  [[nodiscard]] double px(double x) const { return box_.left + (x - x_.low) / (x_.high - x_.low) * box_.width; }
  [[nodiscard]] double py(double y) const { return box_.top + (y_.high - y) / (y_.high - y_.low) * box_.height; }

  void x_axis(double first, double step, int decimals, std::string_view name) {
    for (double v = first; v <= x_.high + 1e-9; v += step) {
      sheet_.line(px(v), box_.top + box_.height, px(v), box_.top + box_.height + 4, "frame");
      sheet_.text(px(v), box_.top + box_.height + 17, number(v, decimals), "small", "middle");
    }
    sheet_.text(box_.left + box_.width / 2, box_.top + box_.height + 34, name, "small", "middle");
  }
  void y_axis(double first, double step, int decimals, std::string_view name) {
    for (double v = first; v <= y_.high + 1e-9; v += step) {
      sheet_.line(box_.left, py(v), box_.left + box_.width, py(v), "grid");
      sheet_.text(box_.left - 6, py(v) + 4, number(v, decimals), "small", "end");
    }
    sheet_.text(box_.left, box_.top - 8, name, "small");
  }
  void frame() { sheet_.area(box_, "frame"); }

  /// One value per step along x; the least and the greatest of those that share a pixel, so that no peak is lost.
  template <typename At>
  void curve(std::size_t n, const At& at, double x_first, double x_step, std::string_view cls) {
    std::string d;
    for (std::size_t i = 0; i < n;) {
      const double x = px(x_first + static_cast<double>(i) * x_step);
      double least = at(i);
      double greatest = least;
      std::size_t j = i + 1;
      for (; j < n && px(x_first + static_cast<double>(j) * x_step) < x + 1; ++j) {
        least = at(j) < least ? at(j) : least;
        greatest = at(j) > greatest ? at(j) : greatest;
      }
      d += fmt::format("{}{:.0f} {:.1f}", d.empty() ? 'M' : 'L', x, py(least));
      if (j > i + 1) {
        d += fmt::format("V{:.1f}", py(greatest));
      }
      i = j;
    }
    sheet_.path(d, cls);
  }
  void level(double y, std::string_view cls) { sheet_.line(box_.left, py(y), box_.left + box_.width, py(y), cls); }
  template <typename Rows>
  void dots(const Rows& rows, std::size_t every) {
    std::string d;
    for (std::size_t i = 0; i < rows.size(); i += every) {
      d += fmt::format("M{:.1f} {:.1f}h1.6v1.6h-1.6z", px(static_cast<double>(rows[i][0])), py(static_cast<double>(rows[i][1])));
    }
    sheet_.path(d, "rows");
  }

  /// Shades the squares of a grid where `inside(x, y)`.
  template <typename Inside>
  void shade(std::size_t cells, double opacity, const Inside& inside) {
    const double w = box_.width / static_cast<double>(cells);
    const double h = box_.height / static_cast<double>(cells);
    const auto middle = [cells](range r, std::size_t i) {
      return r.low + (r.high - r.low) * (static_cast<double>(i) + 0.5) / static_cast<double>(cells);
    };
    std::string d;
    for (std::size_t i = 0; i < cells; ++i) {
      for (std::size_t j = 0; j < cells;) {
        std::size_t end = j;
        while (end < cells && inside(middle(x_, end), middle(y_, cells - 1 - i))) {
          ++end;
        }
        if (end > j) {
          d += fmt::format("M{:.0f} {:.1f}h{:.0f}", box_.left + static_cast<double>(j) * w, box_.top + (static_cast<double>(i) + 0.5) * h,
                           static_cast<double>(end - j) * w);
        }
        j = end + 1;
      }
    }
    sheet_.path(d, fmt::format("hot\" stroke-width=\"{:.1f}\" stroke-opacity=\"{:.2f}", h, opacity));
  }

 private:
  static std::string number(double v, int decimals) {
    const std::string s = fmt::format("{:.{}f}", v < 0 ? -v : v, decimals);
    return v < -1e-12 ? "−" + s : s;
  }

  sheet& sheet_;
  box box_;
  range x_, y_;
};

}  // namespace pictures
