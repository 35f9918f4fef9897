// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/quantizer.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;

static_assert(sizeof(quantizer<7, std::uint8_t>) == 56 && std::is_trivially_copyable_v<quantizer<7, std::uint8_t>>);
static_assert(noexcept(std::declval<const quantizer<2>&>().encode({}, {})));
static_assert(!forest_code<std::uint16_t> && !forest_code<float>);

namespace {
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
}  // namespace

TEMPLATE_TEST_CASE("codes keep the order of numbers, and the ends of the range get the end codes", "", std::uint8_t, std::int16_t) {
  using Q = quantizer<5, TestType>;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 200, 5};
    Q codes;
    REQUIRE_FALSE(codes.learned());
    REQUIRE(codes.learn(data.view()));
    const auto all = codes_of(data, codes);
    constexpr int low = -code_traits<TestType>::offset;
    constexpr int high = code_traits<TestType>::steps - code_traits<TestType>::offset;
    for (std::size_t j = 0; j < 5; ++j) {
      int least = high;
      int greatest = low;
      for (std::size_t i = 0; i < data.rows; ++i) {
        const int a = all[i * 5 + j];
        least = a < least ? a : least;
        greatest = a > greatest ? a : greatest;
        const std::size_t k = (i * 7 + 3) % data.rows;
        if (data.row(i)[j] < data.row(k)[j]) {
          REQUIRE(a <= all[k * 5 + j]);
        }
      }
      CHECK(least == low);
      CHECK(greatest == (codes.inv_step(j) == 0.0F ? low : high));
    }
  }
}

TEMPLATE_TEST_CASE("scaling a column by a power of two changes no code", "", std::uint8_t, std::int16_t) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    rows_of_numbers data{seed, 100, 4};
    quantizer<4, TestType> before;
    REQUIRE(before.learn(data.view()));
    const auto codes = codes_of(data, before);
    skerry::pcg32 random{seed};
    for (std::size_t j = 0; j < 4; ++j) {
      const float scale = std::ldexp(1.0F, static_cast<int>(random() % 41) - 20);
      for (std::size_t i = 0; i < data.rows; ++i) {
        data.values[i * 4 + j] *= scale;
      }
    }
    quantizer<4, TestType> after;
    REQUIRE(after.learn(data.view()));
    CHECK(codes == codes_of(data, after));
  }
}

TEST_CASE("beyond the learnt range a value gets the code of the extreme, however far it is") {
  const auto codes = quantizer<1>::from_range(std::array{-2.0F}, std::array{3.0F}).value();
  const float top = std::numeric_limits<float>::max();
  CHECK(codes.code(0, -top) == -32767);
  CHECK(codes.code(0, top) == 32767);
  const auto flat = quantizer<1>::from_range(std::array{5.0F}, std::array{5.0F}).value();
  CHECK(flat.code(0, top) == -32767);
  CHECK(flat.code(0, -top) == -32767);
  const auto wide = quantizer<1>::from_range(std::array{-top / 2}, std::array{top / 2}).value();
  CHECK(wide.code(0, top) == 32767);
  CHECK(wide.code(0, 0.0F) == 0);
}

TEST_CASE("NaN becomes the missing code, infinity is refused and leaves the codes as they were") {
  const auto codes = quantizer<2>::from_range(std::array{0.0F, 0.0F}, std::array{1.0F, 1.0F}).value();
  std::array<std::int16_t, 2> out{11, 12};
  CHECK(codes.encode(std::array{0.5F, infinity}, out).error() == errc::not_finite);
  CHECK(out == std::array<std::int16_t, 2>{11, 12});
  REQUIRE(codes.encode(std::array{not_a_number, 1.0F}, out));
  CHECK(out == std::array<std::int16_t, 2>{-32768, 32767});
}

TEST_CASE("a refused learn leaves the quantizer as it was, byte for byte") {
  quantizer<2> codes;
  REQUIRE(codes.learn(rows_of_numbers{1, 10, 2}.view()));
  const auto before = codes;
  const float top = std::numeric_limits<float>::max();
  const std::array<float, 4> infinite{1, 2, -infinity, 4};
  const std::array<float, 4> overflowing{-top, 2, top, 4};
  CHECK(codes.learn({infinite.data(), 2, 2, 2}).error() == errc::not_finite);
  CHECK(codes.learn({overflowing.data(), 2, 2, 2}).error() == errc::out_of_range);
  CHECK(codes.learn({overflowing.data(), 0, 2, 2}).error() == errc::insufficient);
  CHECK(codes.learn({overflowing.data(), 1, 3, 3}).error() == errc::width);
  CHECK(codes.learn({overflowing.data(), 2, 2, 1}).error() == errc::width);
  CHECK(same_bytes(codes, before));
  CHECK(quantizer<1>::from_range(std::array{1.0F}, std::array{0.0F}).error() == errc::invalid);
  CHECK(quantizer<1>::from_range(std::array{not_a_number}, std::array{0.0F}).error() == errc::not_finite);
  CHECK(quantizer<1>::from_range(std::array{-top}, std::array{top}).error() == errc::out_of_range);
}

TEST_CASE("learning passes over NaN; a column of nothing else counts as constant") {
  const std::array<float, 6> rows{not_a_number, not_a_number, 3, not_a_number, 5, not_a_number};
  quantizer<2> codes;
  REQUIRE(codes.learn({rows.data(), 3, 2, 2}));
  CHECK(codes.lo(0) == 3);
  CHECK(codes.inv_step(0) == 32767.0F);
  CHECK(codes.inv_step(1) == 0);
}

// 65534 steps on a range of 1e-36 are more than binary32 holds. The step was infinity: two codes were left, and the image of a forest with
// such a column was refused by its own decoder.
TEMPLATE_TEST_CASE("however narrow a range, its steps are finite, keep the order, and make the quantiser again", "", std::uint8_t,
                   std::int16_t) {
  for (const float width : {1e-30F, 1e-33F, 1e-36F, 1e-38F, 4e-39F, 1e-42F, std::numeric_limits<float>::denorm_min()}) {
    CAPTURE(width);
    quantizer<1, TestType> codes;
    const std::array<float, 5> rows{0, width / 4, width / 2, width / 4 * 3, width};
    REQUIRE(codes.learn({rows.data(), 5, 1, 1}));
    CHECK(codes.inv_step(0) > 0);
    CHECK(codes.inv_step(0) <= std::numeric_limits<float>::max());
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
      CHECK(codes.code(0, rows[i]) <= codes.code(0, rows[i + 1]));
      if (width >= 1e-36F) {
        CHECK(codes.code(0, rows[i]) < codes.code(0, rows[i + 1]));
      }
    }
    const auto again = quantizer<1, TestType>::from_steps(std::array{codes.lo(0)}, std::array{codes.inv_step(0)});
    REQUIRE(again);
    CHECK(again.value() == codes);
  }
}

TEST_CASE("a step of minus zero is refused: it would be a second image of one map") {
  CHECK(quantizer<1>::from_steps(std::array{0.0F}, std::array{-0.0F}).error() == errc::invalid);
  CHECK(quantizer<1>::from_steps(std::array{0.0F}, std::array{-1.0F}).error() == errc::invalid);
  CHECK(quantizer<1>::from_steps(std::array{-0.0F}, std::array{0.0F}));
}

TEST_CASE("nothing is encoded before a range is known, nor into a place of another width") {
  quantizer<2> codes;
  std::array<std::int16_t, 3> out{};
  CHECK(codes.encode(std::array{0.0F, 0.0F}, std::span{out}.first(2)).error() == errc::insufficient);
  REQUIRE(codes.learn(rows_of_numbers{1, 10, 2}.view()));
  CHECK(codes.encode(std::array{0.0F, 0.0F}, out).error() == errc::width);
  CHECK(codes.encode(std::array{0.0F}, std::span{out}.first(2)).error() == errc::width);
}

TEST_CASE("a quantiser is made again from what it gives out, and a column of names has a step for each name and one below") {
  const std::array<float, 6> rows{-3, 0.25F, 7, 100, 2, 2};
  quantizer<3, std::uint8_t> codes;
  REQUIRE(codes.learn({rows.data(), 2, 3, 3}));
  codes.hold_names(2);
  std::array<float, 3> lo{}, inv_step{};
  for (std::size_t j = 0; j < 3; ++j) {
    lo[j] = codes.lo(j);
    inv_step[j] = codes.inv_step(j);
  }
  const auto again = quantizer<3, std::uint8_t>::from_steps(lo, inv_step);
  REQUIRE(again);
  CHECK(again.value() == codes);
  for (int name = 0; name < 64; ++name) {
    REQUIRE(codes.code(2, static_cast<float>(name)) == name + 1);
  }
  CHECK(codes.code(2, -1.0F) == 0);
  CHECK(codes.code(2, -1e30F) == 0);
  CHECK(codes.code(2, 1e30F) == 254);
  quantizer<3, std::int16_t> wide;
  REQUIRE(wide.learn({rows.data(), 2, 3, 3}));
  wide.hold_names(2);
  CHECK(wide.code(2, 5.0F) == 6 - 32767);
  inv_step[1] = -1.0F;
  CHECK((quantizer<3, std::uint8_t>::from_steps(lo, inv_step).error() == errc::invalid));
  inv_step[1] = std::numeric_limits<float>::infinity();
  CHECK((quantizer<3, std::uint8_t>::from_steps(lo, inv_step).error() == errc::not_finite));
}
