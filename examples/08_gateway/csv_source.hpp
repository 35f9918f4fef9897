// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "text.hpp"

#include <skerry/core/crc32c.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// A recorded table: read once, checked row by row, refused rows counted by kind. The column `label` is kept apart: it is for scoring.
namespace gateway {

struct csv_table {
  static constexpr std::size_t max_columns = 16;  ///< as wide as a monitor is built

  std::vector<std::string> columns;  ///< numeric channels, without time and label
  std::vector<double> t;             ///< seconds since the first row
  std::vector<float> values;         ///< row-major
  std::vector<std::uint8_t> label;   ///< empty where the file has none
  double start_unix = 0;
  double row_seconds = 1;  ///< median distance of rows
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  std::uint64_t gaps = 0;  ///< distances of more than three times the median
  std::vector<std::pair<double, double>> gap_spans;
  std::map<std::string, std::uint64_t> refused;
  std::vector<std::string> refused_examples;  ///< the first few, with line numbers
  std::vector<std::string> notes;

  [[nodiscard]] std::size_t rows() const { return t.size(); }
  [[nodiscard]] std::span<const float> row(std::size_t i) const { return {values.data() + i * columns.size(), columns.size()}; }
};

namespace detail {

inline std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t' || s.front() == '"')) {
    s.remove_prefix(1);
  }
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '"' || s.back() == '\r')) {
    s.remove_suffix(1);
  }
  return s;
}

inline void split(std::string_view line, char separator, std::vector<std::string_view>& cells) {
  cells.clear();
  while (true) {
    const std::size_t at = line.find(separator);
    cells.push_back(trimmed(line.substr(0, at)));
    if (at == std::string_view::npos) {
      return;
    }
    line.remove_prefix(at + 1);
  }
}

/// A finite number, or nothing; "nan" and "inf" are nothing.
inline std::optional<double> to_number(std::string_view cell) {
  double v = 0;
  if (!cell.empty() && cell.front() == '+') {
    cell.remove_prefix(1);
  }
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), v);
  if (error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(v)) {
    return std::nullopt;
  }
  return v;
}

/// Beyond it a distance of two times could be infinite, and no unit of time puts a date of ours there.
inline constexpr double farthest_time = 1e20;

/// Seconds since 1970, or `2014-02-08 14:20:00` (also with T and Z), taken as UTC.
inline std::optional<double> to_time(std::string_view cell) {
  if (const auto number = to_number(cell)) {
    return std::fabs(*number) <= farthest_time ? number : std::nullopt;
  }
  if (cell.size() < 16 || cell[4] != '-' || cell[7] != '-' || cell[13] != ':') {
    return std::nullopt;
  }
  std::array<int, 6> part{};
  constexpr std::array<std::size_t, 6> at{0, 5, 8, 11, 14, 17};
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t length = i == 0 ? 4 : 2;
    if (i == 5 && cell.size() < 19) {
      break;
    }
    const char* first = cell.data() + at[i];
    const auto [end, error] = std::from_chars(first, first + length, part[i]);
    if (error != std::errc{} || end != first + length) {
      return std::nullopt;
    }
  }
  const int y = part[1] <= 2 ? part[0] - 1 : part[0];
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * (part[1] + (part[1] > 2 ? -3 : 9)) + 2) / 5 + part[2] - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  const double days = era * 146097.0 + day_of_era - 719468.0;
  return days * 86400 + part[3] * 3600 + part[4] * 60 + part[5];
}

inline bool missing(std::string_view cell) {
  std::string lower{cell};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower.empty() || lower == "nan" || lower == "null" || lower == "na" || lower == "n/a" || lower == "inf" || lower == "-inf";
}

}  // namespace detail

/// The table in `text`; `path` is its name in messages. `renames` maps a column's name in the file to the name it shall have here
/// (`t` makes it the time).
///
/// Throws `misuse` for a file that cannot be used at all; rows that cannot be used are counted and left out.
inline csv_table parse_csv(std::string_view text, const std::string& path, const std::map<std::string, std::string>& renames = {}) {
  csv_table out;
  out.bytes = text.size();
  out.crc = skerry::crc32c(std::as_bytes(std::span{text.data(), text.size()}));
  std::string_view rest = text;
  if (rest.substr(0, 3) == "\xef\xbb\xbf") {
    rest.remove_prefix(3);
  }
  std::uint64_t line_number = 0;
  const auto next_line = [&](std::string_view& line) {
    if (rest.empty()) {
      return false;
    }
    const std::size_t end = rest.find('\n');
    line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++line_number;
    return true;
  };

  std::string_view line;
  if (!next_line(line) || detail::trimmed(line).empty()) {
    throw misuse{fmt::format("{} is empty: expected a header line with column names, then one row per line", path)};
  }
  const char separator = line.find(',') == std::string_view::npos && line.find(';') != std::string_view::npos ? ';' : ',';
  std::vector<std::string_view> cells;
  detail::split(line, separator, cells);
  std::vector<std::string> names;
  for (const std::string_view cell : cells) {
    const auto renamed = renames.find(std::string{cell});
    names.push_back(renamed == renames.end() ? std::string{cell} : renamed->second);
  }
  for (const auto& [from, to] : renames) {
    if (std::find(cells.begin(), cells.end(), from) == cells.end()) {
      throw misuse{fmt::format("--map {}={}: {} has no column {}; it has {}", to, from, path, from, fmt::join(names, ", "))};
    }
  }
  if (std::all_of(names.begin(), names.end(), [](const std::string& n) { return detail::to_number(n).has_value(); })) {
    throw misuse{fmt::format("{}: the first line holds numbers only: expected a header line with column names", path)};
  }

  // What is numeric is decided by the first rows, so that one bad cell later is a bad cell and not a text column.
  const std::size_t width = names.size();
  std::vector<std::size_t> good(width, 0), seen(width, 0);
  {
    const std::string_view at = rest;
    const std::uint64_t number = line_number;
    for (int i = 0; i < 200 && next_line(line); ++i) {
      detail::split(line, separator, cells);
      for (std::size_t c = 0; c < std::min(width, cells.size()); ++c) {
        if (!detail::missing(cells[c])) {
          ++seen[c];
          good[c] += detail::to_number(cells[c]) ? 1U : 0U;
        }
      }
    }
    rest = at;
    line_number = number;
  }
  std::optional<std::size_t> time_column, label_column;
  std::vector<std::size_t> used;
  std::vector<std::string> text_columns;
  for (std::size_t c = 0; c < width; ++c) {
    if (names[c] == "t") {
      time_column = c;
    } else if (names[c] == "label") {
      label_column = c;
    } else if (seen[c] > 0 && 2 * good[c] >= seen[c]) {
      used.push_back(c);
    } else {
      text_columns.push_back(names[c]);
    }
  }
  const bool any_rows = std::any_of(seen.begin(), seen.end(), [](std::size_t n) { return n > 0; });
  if (!any_rows) {
    throw misuse{fmt::format("{} has a header but no rows", path)};
  }
  if (used.empty()) {
    throw misuse{fmt::format("{} has no numeric column to watch; it has {}. --map t=NAME says which column is the time", path,
                             fmt::join(names, ", "))};
  }
  if (!text_columns.empty()) {
    out.notes.push_back(fmt::format("not numeric, left out: {}", fmt::join(text_columns, ", ")));
  }
  if (used.size() > csv_table::max_columns) {
    std::vector<std::string> beyond;
    for (std::size_t i = csv_table::max_columns; i < used.size(); ++i) {
      beyond.push_back(names[used[i]]);
    }
    out.notes.push_back(fmt::format("a monitor is {} columns wide, left out: {}", csv_table::max_columns, fmt::join(beyond, ", ")));
    used.resize(csv_table::max_columns);
  }
  if (!time_column) {
    out.notes.push_back("no column t: rows are taken as one second apart (--map t=NAME names the time)");
  }
  for (const std::size_t c : used) {
    out.columns.push_back(names[c]);
  }

  const auto refuse = [&](const char* kind, const std::string& detail_text) {
    ++out.refused[kind];
    if (out.refused_examples.size() < 5) {
      out.refused_examples.push_back(fmt::format("line {}: {}", line_number, detail_text));
    }
  };
  double last = 0;
  std::vector<float> row(used.size());
  while (next_line(line)) {
    if (detail::trimmed(line).empty()) {
      continue;
    }
    detail::split(line, separator, cells);
    if (cells.size() != width) {
      refuse("wrong number of columns", fmt::format("{} columns instead of {}", cells.size(), width));
      continue;
    }
    double t = static_cast<double>(out.t.size());
    if (time_column) {
      const auto parsed = detail::to_time(cells[*time_column]);
      if (!parsed) {
        refuse("unreadable time", fmt::format("time '{}' is neither unix seconds nor a date", cells[*time_column]));
        continue;
      }
      if (!out.t.empty() && *parsed < last) {
        refuse("time going back", fmt::format("time goes back by {:.3g} s", last - *parsed));
        continue;
      }
      t = *parsed;
    }
    const char* defect = nullptr;
    std::size_t where = 0;
    for (std::size_t i = 0; i < used.size() && defect == nullptr; ++i) {
      const auto value = detail::to_number(cells[used[i]]);
      where = used[i];
      if (value && std::fabs(*value) <= 3e38) {
        row[i] = static_cast<float>(*value);
      } else {
        defect = value ? "beyond the range of a float" : (detail::missing(cells[used[i]]) ? "empty or NaN cell" : "not a number");
      }
    }
    if (defect != nullptr) {
      refuse(defect, fmt::format("column {}: {} ('{}')", names[where], defect, cells[where].substr(0, 24)));
      continue;
    }
    last = t;
    out.t.push_back(t);
    out.values.insert(out.values.end(), row.begin(), row.end());
    if (label_column) {
      out.label.push_back(detail::to_number(cells[*label_column]).value_or(0) > 0.5 ? 1 : 0);
    }
  }
  if (out.t.empty()) {
    throw misuse{fmt::format("{}: not one usable row; the first refusals: {}", path, fmt::join(out.refused_examples, "; "))};
  }

  if (time_column && out.t.front() > 1e8) {
    out.start_unix = out.t.front();
  }
  const double first = out.t.front();
  for (double& t : out.t) {
    t -= first;
  }
  std::vector<double> steps;
  for (std::size_t i = 1; i < out.t.size(); ++i) {
    steps.push_back(out.t[i] - out.t[i - 1]);
  }
  if (!steps.empty()) {
    std::vector<double> sorted = steps;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
    out.row_seconds = std::max(1e-6, sorted[sorted.size() / 2]);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i] > 3 * out.row_seconds) {
        ++out.gaps;
        out.gap_spans.emplace_back(out.t[i], out.t[i + 1]);
      }
    }
  }
  return out;
}

/// The table in a file: see `parse_csv`.
inline csv_table read_csv(const std::string& path, const std::map<std::string, std::string>& renames = {}) {
  std::error_code error;
  std::ifstream in{path, std::ios::binary};
  if (!in || !std::filesystem::is_regular_file(path, error)) {
    throw misuse{fmt::format("cannot read {}: no such file, a folder, or no permission", path)};
  }
  const std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  return parse_csv(text, path, renames);
}

/// Stretches in which a channel repeats one value for much longer than it ever did while learning.
struct stuck_span {
  std::size_t column = 0;
  double from = 0, until = 0;
};
inline std::vector<stuck_span> find_stuck(const csv_table& table, std::size_t learning_rows) {
  std::vector<stuck_span> out;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t longest = 1, run = 1;
    const auto close = [&](std::size_t end) {
      if (run >= std::max<std::size_t>(60, 3 * longest) && end > learning_rows) {
        out.push_back({c, table.t[end - run], table.t[end - 1]});
      }
    };
    for (std::size_t i = 1; i < table.rows(); ++i) {
      const bool same = table.row(i)[c] == table.row(i - 1)[c];
      if (!same) {
        close(i);
      }
      run = same ? run + 1 : 1;
      if (i < learning_rows) {
        longest = std::max(longest, run);
      }
    }
    close(table.rows());
  }
  return out;
}

}  // namespace gateway
