// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "../../examples/08_gateway/csv_source.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

using gateway::csv_table;
using gateway::misuse;

namespace {

class file {
 public:
  explicit file(const std::string& text)
      : path_{std::filesystem::temp_directory_path() / ("skerry_csv_" + std::to_string(++count_) + ".csv")} {
    std::ofstream{path_, std::ios::binary} << text;
  }
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  ~file() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  static inline int count_ = static_cast<int>(std::hash<std::string>{}(std::filesystem::current_path().string()) % 100000) * 100;
  std::filesystem::path path_;
};

csv_table read(const std::string& text, const std::map<std::string, std::string>& renames = {}) {
  return gateway::read_csv(file{text}.path(), renames);
}

std::string message(const std::string& text) {
  try {
    (void)read(text);
  } catch (const misuse& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the label never becomes a channel", "[csv_source]") {
  const csv_table t = read("t,a,b,label\n0,1,2,0\n1,3,4,1\n");
  CHECK(t.columns == std::vector<std::string>{"a", "b"});
  CHECK(t.values == std::vector<float>{1, 2, 3, 4});
  CHECK(t.label == std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("carriage returns, a byte order mark, semicolons and quotes change nothing", "[csv_source]") {
  for (const char* text : {"t,a\n0,1.5\n10,2.5\n", "t,a\r\n0,1.5\r\n10,2.5\r\n", "\xef\xbb\xbft,a\n0,1.5\n10,2.5", "t;a\n0;1.5\n10;2.5\n",
                           "\"t\",\"a\"\n\"0\",\"1.5\"\n\"10\",\"2.5\"\n\n"}) {
    CAPTURE(text);
    const csv_table t = read(text);
    CHECK(t.columns == std::vector<std::string>{"a"});
    CHECK(t.values == std::vector<float>{1.5F, 2.5F});
    CHECK(t.row_seconds == Catch::Approx(10));
    CHECK(t.refused.empty());
  }
}

TEST_CASE("each bad row is refused, counted by kind, and named by its line", "[csv_source]") {
  const csv_table t = read("t,a,b\n0,1,2\n1,,2\n2,1\n3,nan,2\n2,1,2\n4,x,2\n5,1e300,2\nnoon,1,2\n6,7,8\n3,1,2\n");
  CHECK(t.rows() == 3);
  CHECK(t.refused == std::map<std::string, std::uint64_t>{{"empty or NaN cell", 2},
                                                          {"wrong number of columns", 1},
                                                          {"not a number", 1},
                                                          {"beyond the range of a float", 1},
                                                          {"unreadable time", 1},
                                                          {"time going back", 1}});
  REQUIRE(t.refused_examples.size() == 5);
  CHECK(t.refused_examples[0].substr(0, 7) == "line 3:");
  CHECK(t.refused_examples[1] == "line 4: 2 columns instead of 3");
}

TEST_CASE("gaps are distances of more than three usual ones", "[csv_source]") {
  const csv_table t = read("t,a\n0,1\n10,1\n20,1\n50,1\n81,1\n91,1\n101,1\n");
  CHECK(t.gaps == 1);
  CHECK(t.row_seconds == Catch::Approx(10));
}

TEST_CASE("dates are read as UTC", "[csv_source]") {
  const csv_table t = read("t,a\n2014-02-08 14:20:00,1\n2014-02-08T14:25:00Z,2\n");
  CHECK(t.start_unix == Catch::Approx(1391869200).margin(0.5));
  CHECK(t.t[1] == Catch::Approx(300));
}

TEST_CASE("a column under another name becomes the time", "[csv_source]") {
  const csv_table t = read("ts,a\n100,1\n160,2\n", {{"ts", "t"}});
  CHECK(t.columns == std::vector<std::string>{"a"});
  CHECK(t.row_seconds == Catch::Approx(60));
  CHECK_THROWS_AS(read("ts,a\n100,1\n", {{"time", "t"}}), misuse);
}

TEST_CASE("without a time rows are a second apart, and it is said", "[csv_source]") {
  const csv_table t = read("a,name\n1,x\n2,y\n");
  CHECK(t.columns == std::vector<std::string>{"a"});
  CHECK(t.row_seconds == Catch::Approx(1));
  CHECK(t.notes.size() == 2);
}

TEST_CASE("more channels than a monitor is wide are left out, and it is said", "[csv_source]") {
  std::string header = "t", row = "0";
  for (int i = 0; i < 20; ++i) {
    header += fmt::format(",c{}", i);
    row += fmt::format(",{}", i);
  }
  const csv_table t = read(header + "\n" + row + "\n");
  CHECK(t.columns.size() == 16);
  REQUIRE(t.notes.size() == 1);
  CHECK(t.notes[0].find("c16, c17, c18, c19") != std::string::npos);
}

TEST_CASE("a file that cannot be used says what is wrong with it", "[csv_source]") {
  CHECK_THROWS_AS(gateway::read_csv("/nonexistent/file.csv"), misuse);
  CHECK(message("").find("is empty") != std::string::npos);
  CHECK(message("\n1,2\n").find("is empty") != std::string::npos);
  CHECK(message("t,a\n").find("no rows") != std::string::npos);
  CHECK(message("t,a\nx,y\n").find("no numeric column") != std::string::npos);
  CHECK(message("1,2\n3,4\n").find("header") != std::string::npos);
  CHECK(message("t,a\nx,1\ny,2\n").find("not one usable row") != std::string::npos);
}

TEST_CASE("a channel that repeats one value much longer than while learning is stuck", "[csv_source]") {
  std::string text = "t,a,b\n";
  for (int i = 0; i < 1000; ++i) {
    text += fmt::format("{},{},{}\n", i, i >= 500 && i < 700 ? 3 : i % 7, i % 2);
  }
  const auto spans = gateway::find_stuck(read(text), 256);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].column == 0);
  CHECK(spans[0].from == Catch::Approx(500).margin(1));
  CHECK(spans[0].until == Catch::Approx(699).margin(1));
}

// Seen while the fuzz target gateway_csv was written: the distance of the first two times was infinite, that of the next two no number, and
// the median of such distances is nonsense.
TEST_CASE("times that lie farther apart than a double reaches are unreadable", "[csv_source]") {
  const csv_table t = read("t,a\n0,1\n-1e308,1\n1e308,2\n1.1e308,3\n5,4\n");
  CHECK(t.t == std::vector<double>{0, 5});
  CHECK(t.row_seconds == 5);
  CHECK(t.refused == std::map<std::string, std::uint64_t>{{"unreadable time", 3}});
}
