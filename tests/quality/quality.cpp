// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "quality.hpp"

#include <skerry/core/random.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string_view>

namespace skerry_quality {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    throw std::runtime_error{"cannot be opened"};
  }
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

std::vector<std::string> split_names(std::string_view line) {
  std::vector<std::string> names(1);
  for (const char c : line) {
    if (c == ',') {
      names.emplace_back();
    } else if (c != '\r') {
      names.back() += c;
    }
  }
  return names;
}

/// Takes the names of all columns and leaves those of the features; true when there is a time.
bool take_names(std::vector<std::string> names, table& into) {
  if (names.size() < 2 || names.back() != "label") {
    throw std::runtime_error{"the last column is not `label`"};
  }
  names.pop_back();
  const bool timed = names.front() == "t";
  if (timed) {
    names.erase(names.begin());
  }
  if (names.empty()) {
    throw std::runtime_error{"no feature"};
  }
  into.columns = std::move(names);
  return timed;
}

void read_csv(const std::string& text, table& into) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const char* const header_end = std::find(at, end, '\n');
  const bool timed = take_names(split_names({at, static_cast<std::size_t>(header_end - at)}), into);
  const std::size_t width = into.features() + 1 + (timed ? 1 : 0);
  at = header_end == end ? end : header_end + 1;
  while (at != end) {
    for (std::size_t column = 0; column < width; ++column) {
      double value = std::numeric_limits<double>::quiet_NaN();
      if (*at != ',' && *at != '\n' && *at != '\r') {
        const auto [next, error] = std::from_chars(at, end, value);
        if (error != std::errc{}) {
          throw std::runtime_error{fmt::format("row {}, column {}: not a number", into.rows + 1, column + 1)};
        }
        at = next;
      }
      if (timed && column == 0) {
        into.time.push_back(value);
      } else if (column + 1 == width) {
        into.labels.push_back(value > 0.5 ? 1 : 0);
      } else {
        into.values.push_back(static_cast<float>(value));
      }
      while (at != end && *at == '\r') {
        ++at;
      }
      const bool last = column + 1 == width;
      if (last ? at != end && *at != '\n' : at == end || *at != ',') {
        throw std::runtime_error{fmt::format("row {}: expected {} columns", into.rows + 1, width)};
      }
      at += at != end ? 1 : 0;
      if (!last && at == end) {
        throw std::runtime_error{fmt::format("row {}: ends early", into.rows + 1)};
      }
    }
    ++into.rows;
  }
}

std::uint32_t u32_at(const std::string& bytes, std::size_t at) {
  std::uint32_t v = 0;
  for (std::size_t i = 4; i-- > 0;) {
    v = (v << 8U) | static_cast<std::uint8_t>(bytes[at + i]);
  }
  return v;
}

void read_f32(const std::string& bytes, table& into) {
  if (bytes.size() < 16 || bytes.compare(0, 4, "SKF1") != 0) {
    throw std::runtime_error{"no SKF1 file"};
  }
  const std::size_t rows = u32_at(bytes, 4);
  const std::size_t columns = u32_at(bytes, 8);
  const std::size_t header = u32_at(bytes, 12);
  const std::size_t start = (16 + header + 15) / 16 * 16;
  if (bytes.size() < start || columns == 0 || (bytes.size() - start) / 4 / columns < rows) {
    throw std::runtime_error{"shorter than its header says"};
  }
  const bool timed = take_names(split_names(std::string_view{bytes}.substr(16, header)), into);
  if (into.features() + 1 + (timed ? 1 : 0) != columns) {
    throw std::runtime_error{"names and columns differ in number"};
  }
  into.rows = rows;
  into.values.reserve(rows * into.features());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t column = 0; column < columns; ++column) {
      const auto value = std::bit_cast<float>(u32_at(bytes, start + 4 * (i * columns + column)));
      if (timed && column == 0) {
        into.time.push_back(static_cast<double>(value));
      } else if (column + 1 == columns) {
        into.labels.push_back(value > 0.5F ? 1 : 0);
      } else {
        into.values.push_back(value);
      }
    }
  }
}

/// The names in the header of a data file; empty when it is none.
std::vector<std::string> header_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::string start(4096, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  if (path.extension() == ".csv") {
    return split_names(std::string_view{start}.substr(0, start.find('\n')));
  }
  if (start.size() < 16 || start.compare(0, 4, "SKF1") != 0) {
    return {};
  }
  return split_names(std::string_view{start}.substr(16, u32_at(start, 12)));
}

}  // namespace

table read_table(const std::filesystem::path& path) {
  table read;
  read.name = path.stem().string();
  const std::string bytes = slurp(path);
  if (path.extension() == ".f32") {
    read_f32(bytes, read);
  } else {
    read_csv(bytes, read);
  }
  return read;
}

std::vector<std::filesystem::path> data_files(const std::filesystem::path& dir, bool streams) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{dir}) {
    const auto& path = entry.path();
    if (!entry.is_regular_file() || (path.extension() != ".csv" && path.extension() != ".f32")) {
      continue;
    }
    const auto names = header_of(path);
    if (names.size() >= 2 && names.back() == "label" && (names.front() == "t") == streams) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

double auc(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&scores](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double below = 0;
  double won = 0;
  double positives = 0;
  for (std::size_t i = 0; i < order.size();) {
    double ties[2] = {0, 0};
    std::size_t j = i;
    for (; j < order.size() && scores[order[j]] == scores[order[i]]; ++j) {
      ties[labels[order[j]]] += 1;
    }
    won += ties[1] * (below + ties[0] / 2);
    below += ties[0];
    positives += ties[1];
    i = j;
  }
  return positives == 0 || below == 0 ? std::numeric_limits<double>::quiet_NaN() : won / (positives * below);
}

spread spread_of(std::span<const double> values) {
  spread s;
  for (const double v : values) {
    s.mean += v / static_cast<double>(values.size());
  }
  double squares = 0;
  for (const double v : values) {
    squares += (v - s.mean) * (v - s.mean);
  }
  s.sd = values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0.0;
  return s;
}

std::int64_t thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t spaced_seed(std::uint64_t i) {
  skerry::splitmix64 mix{0x736b657272790000U + i * 0x9e3779b97f4a7c15U};
  return mix();
}

}  // namespace skerry_quality
