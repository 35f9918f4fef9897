// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "../../examples/08_gateway/svg.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace gateway::svg;

TEST_CASE("ticks are multiples of one, two or five times a power of ten, and inside the range", "[svg]") {
  std::mt19937_64 random{7};
  std::uniform_real_distribution<double> exponent{-6, 9}, place{-3, 3};
  for (int i = 0; i < 2000; ++i) {
    const double width = std::pow(10.0, exponent(random));
    const double low = width * place(random);
    CAPTURE(low, width);
    const ticks t = nice_ticks({low, low + width}, 5);
    REQUIRE(t.at.size() >= 2);
    REQUIRE(t.at.size() <= 10);
    const double lead = t.step / std::pow(10.0, std::floor(std::log10(t.step * 1.0000001)));
    REQUIRE((std::fabs(lead - 1) < 1e-6 || std::fabs(lead - 2) < 1e-6 || std::fabs(lead - 5) < 1e-6));
    for (const double v : t.at) {
      REQUIRE(v >= low - 1e-6 * width);
      REQUIRE(v <= low + width + 1e-6 * width);
      REQUIRE(std::fabs(v / t.step - std::round(v / t.step)) < 1e-6);
    }
  }
}

TEST_CASE("ticks of a range that is none are not endless", "[svg]") {
  CHECK(nice_ticks({1, 1}, 5).at.size() == 1);
  CHECK(nice_ticks({2, 1}, 5).at.size() == 1);
  CHECK(nice_ticks({0, std::numeric_limits<double>::infinity()}, 5).at.size() == 1);
  CHECK(nice_ticks({0, std::numeric_limits<double>::quiet_NaN()}, 5).at.size() == 1);
  CHECK(nice_ticks({0, 1}, 0).at.size() == 1);
}

TEST_CASE("zero has no sign and thousands have spaces", "[svg]") {
  CHECK(number(-0.0, 1) == "0.0");
  CHECK(number(-0.01, 1) == "0.0");
  CHECK(number(1234, 0) == "1234");
  CHECK(number(28800, 0) == "28\u2009800");
  CHECK(number(-1234567.5, 1) == "\u22121\u2009234\u2009567.5");
}

TEST_CASE("thinning keeps the greatest and the least value wherever they stand", "[svg]") {
  std::mt19937_64 random{11};
  std::normal_distribution<float> noise;
  for (int round = 0; round < 50; ++round) {
    CAPTURE(round);
    std::vector<double> x;
    std::vector<float> y;
    for (int i = 0; i < 20000; ++i) {
      x.push_back(i);
      y.push_back(noise(random));
    }
    const std::size_t peak = random() % y.size();
    const std::size_t hole = (peak + 5000) % y.size();
    y[peak] = 50;
    y[hole] = -50;
    const auto pieces = thin(x, y, {0, 20000}, 1000);
    REQUIRE(pieces.size() == 1);
    REQUIRE(pieces[0].size() <= 2000);
    bool high = false;
    bool low = false;
    for (std::size_t i = 0; i < pieces[0].size(); ++i) {
      const point& p = pieces[0][i];
      high = high || (p.y == 50 && p.x == static_cast<double>(peak));
      low = low || (p.y == -50 && p.x == static_cast<double>(hole));
      REQUIRE((i == 0 || p.x >= pieces[0][i - 1].x));
    }
    CHECK(high);
    CHECK(low);
  }
}

TEST_CASE("a value that is missing breaks the line and never reaches the picture", "[svg]") {
  const std::vector<double> x{0, 1, 2, 3, 4};
  const std::vector<float> y{1, 2, std::numeric_limits<float>::quiet_NaN(), 4, 5};
  CHECK(thin(x, y, {0, 4}, 100).size() == 2);
  figure f{frame{}, {0, 4}, {0, 5}};
  f.line(x, y, "c1", "label");
  f.x_axis("s");
  f.y_axis("g");
  const std::string text = f.finish("title", "description");
  CHECK(text.find("nan") == std::string::npos);
  CHECK(text.find("<title>title</title><desc>description</desc>") != std::string::npos);
}

TEST_CASE("names from a file cannot become markup", "[svg]") {
  figure f{frame{}, {0, 1}, {0, 1}};
  f.y_axis("<script>alert('&')</script>");
  const std::string text = f.finish("a < b", "\"x\"");
  CHECK(text.find("<script>") == std::string::npos);
  CHECK(text.find("a &lt; b") != std::string::npos);
}

TEST_CASE("a text that would cover another one is left out", "[svg]") {
  figure f{frame{}, {0, 1}, {0, 1}};
  CHECK(f.text(100, 100, "first", "start", "name"));
  CHECK_FALSE(f.text(104, 103, "second", "start", "name"));
  CHECK(f.text(100, 130, "third", "start", "name"));
  CHECK_FALSE(f.text(-50, 130, "outside", "start", "name"));
}
