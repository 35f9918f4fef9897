// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/inference_model.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

using shape_view = std::span<const std::uint32_t>;

// The smallest type that models it.
struct smallest {
  shape_view input_shape() const { return {}; }
  shape_view output_shape() const { return {}; }
  status infer(std::span<const float>, std::span<float>) { return {}; }
};

// Near-misses, each one step away.
struct no_output_shape {
  shape_view input_shape() const { return {}; }
  status infer(std::span<const float>, std::span<float>) { return {}; }
};
struct shape_not_const {
  shape_view input_shape() { return {}; }
  shape_view output_shape() const { return {}; }
  status infer(std::span<const float>, std::span<float>) { return {}; }
};
struct answers_bool {
  shape_view input_shape() const { return {}; }
  shape_view output_shape() const { return {}; }
  bool infer(std::span<const float>, std::span<float>) { return true; }
};
struct answers_nothing {
  shape_view input_shape() const { return {}; }
  shape_view output_shape() const { return {}; }
  void infer(std::span<const float>, std::span<float>) {}
};
struct wants_to_write_its_input {
  shape_view input_shape() const { return {}; }
  shape_view output_shape() const { return {}; }
  status infer(std::span<float>, std::span<float>) { return {}; }
};
struct shape_of_signed_numbers {
  std::span<const std::int64_t> input_shape() const { return {}; }
  shape_view output_shape() const { return {}; }
  status infer(std::span<const float>, std::span<float>) { return {}; }
};
struct in_double {
  shape_view input_shape() const { return {}; }
  shape_view output_shape() const { return {}; }
  status infer(std::span<const double>, std::span<double>) { return {}; }
};

static_assert(inference_model<smallest>);
static_assert(inference_model<no_model>);
static_assert(!inference_model<no_output_shape>);
static_assert(!inference_model<shape_not_const>);
static_assert(!inference_model<answers_bool>);
static_assert(!inference_model<answers_nothing>);
static_assert(!inference_model<wants_to_write_its_input>);
static_assert(!inference_model<shape_of_signed_numbers>);
static_assert(!inference_model<in_double>);
static_assert(!inference_model<int>);

}  // namespace

TEST_CASE("a plain lambda becomes a model with shapes") {
  auto mean = model_from<4, 1>([](std::span<const float, 4> in, std::span<float, 1> out) { out[0] = (in[0] + in[1] + in[2] + in[3]) / 4; });
  static_assert(inference_model<decltype(mean)>);
  REQUIRE(shape_size(mean.input_shape()) == 4);
  REQUIRE(shape_size(mean.output_shape()) == 1);
  const std::array<float, 4> row{1, 2, 3, 6};
  std::array<float, 1> out{};
  REQUIRE(mean.infer(row, out));
  REQUIRE(out[0] == 3);
}

TEST_CASE("a span of the wrong width is refused before the callable sees it, and the output is untouched") {
  int calls = 0;
  auto model = model_from<3, 2>([&calls](std::span<const float, 3>, std::span<float, 2> out) {
    ++calls;
    out[0] = out[1] = 1;
    return status{};
  });
  const std::array<float, 5> in{};
  for (std::size_t i = 0; i <= in.size(); ++i) {
    for (std::size_t o = 0; o <= 4; ++o) {
      std::array<float, 4> out{7, 7, 7, 7};
      const status s = model.infer(std::span{in}.first(i), std::span{out}.first(o));
      const bool fits = i == 3 && o == 2;
      REQUIRE(s.error() == (fits ? errc::ok : errc::width));
      REQUIRE(out == (fits ? std::array<float, 4>{1, 1, 7, 7} : std::array<float, 4>{7, 7, 7, 7}));
    }
  }
  REQUIRE(calls == 1);
}

TEST_CASE("what the callable answers is what the model answers, and the next call stands alone") {
  auto sometimes = model_from<1, 1>([](std::span<const float, 1> in, std::span<float, 1> out) -> status {
    if (in[0] < 0) {
      return errc::timeout;
    }
    out[0] = in[0];
    return {};
  });
  const std::array<float, 1> bad{-1};
  const std::array<float, 1> good{0.5F};
  std::array<float, 1> out{};
  REQUIRE(sometimes.infer(bad, out).error() == errc::timeout);
  REQUIRE(sometimes.infer(good, out));
  REQUIRE(out[0] == 0.5F);
}

TEST_CASE("no model takes nothing and says so by its width") {
  no_model none;
  std::array<float, 1> one{1};
  REQUIRE(shape_size(none.input_shape()) == 0);
  REQUIRE(none.infer({}, {}));
  REQUIRE(none.infer(one, {}).error() == errc::width);
  REQUIRE(none.infer({}, one).error() == errc::width);
  REQUIRE(one[0] == 1);
}

TEST_CASE("the size of a shape does not wrap") {
  const std::array<std::uint32_t, 3> huge{0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU};
  const std::array<std::uint32_t, 4> zero{0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU, 0};
  const std::array<std::uint32_t, 3> plain{2, 3, 5};
  REQUIRE(shape_size(huge) == std::numeric_limits<std::uint64_t>::max());
  REQUIRE(shape_size(zero) == 0);
  REQUIRE(shape_size(plain) == 30);
  REQUIRE(shape_size({}) == 1);
}
