// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace skerry_quality {

/// One data set: the columns of a file but for `label` and, where the first one is called `t`, the time.
struct table {
  std::string name;  ///< of the file, without its ending
  std::vector<std::string> columns;
  std::size_t rows = 0;
  std::vector<float> values;         ///< row after row
  std::vector<std::uint8_t> labels;  ///< 1 = anomaly
  std::vector<double> time;          ///< unix seconds; empty when the file has no `t`

  [[nodiscard]] std::size_t features() const { return columns.size(); }
  [[nodiscard]] std::span<const float> row(std::size_t i) const { return {values.data() + i * features(), features()}; }
};

/// Reads a *.csv (header line, last column `label`) or *.f32 file (magic SKF1); throws std::runtime_error with the reason.
table read_table(const std::filesystem::path& path);

/// All *.csv and *.f32 files below `dir`, sorted by path, whose first column is the time (`streams`) or is not.
std::vector<std::filesystem::path> data_files(const std::filesystem::path& dir, bool streams);

/// Area under the ROC curve by ranks, ties counted half. NaN when only one kind of label is there.
double auc(std::span<const double> scores, std::span<const std::uint8_t> labels);

/// Mean and standard deviation (n - 1).
struct spread {
  double mean = 0, sd = 0;
};
spread spread_of(std::span<const double> values);

/// Processor time of this thread, in nanoseconds.
std::int64_t thread_time();

/// The i-th of a family of seeds with nothing in common.
std::uint64_t spaced_seed(std::uint64_t i);

struct forest_options {
  std::filesystem::path data;
  int seeds = 10;
  int trees = 100;
  int samples = 256;
  std::string code = "i16";
  bool fused = false;  ///< print rows `NAME:density` and `NAME:fused` as well
};
int run_forest(const forest_options& options);

/// `skerry_quality online`: the tabular sets as streams in random orders, each row scored before it is learnt.
int run_online(const forest_options& options);

struct stream_options {
  std::filesystem::path data;
  std::uint64_t seed = 0;  ///< of the monitors: 0 is their default, n the n-th well-spaced one
  bool flagged = false;
};
/// `skerry_quality stream`: runs the default monitor over every stream below a directory, one pass, no labels seen.
int run_stream(const stream_options& options);
/// What its columns mean, for the program's help.
const char* stream_definitions();

struct companion_options {
  std::filesystem::path data;
  std::size_t prefix = 400;  ///< rows that are learnt; none of them is judged
  std::uint64_t seed = 0;    ///< of the forest: the n-th well-spaced one
};
/// `skerry_quality companions`: forest, T² and Q each for itself, learnt once from the first rows of every stream.
int run_companions(const companion_options& options);

}  // namespace skerry_quality
