// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/forest_export.hpp>

#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/forest_wire.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "anomaly/forest_rows.hpp"
#include "core/counting_new.hpp"

using namespace skerry::anomaly;
using skerry::byte_writer;
using skerry::errc;
using skerry::pb_reader;
using skerry_test::rows_of_numbers;

namespace {

constexpr std::size_t columns = 4, rows = 80;
using forest_type = isolation_forest<columns, 6, 32, std::int16_t, std::size_t{6} * 31, forest_room{.categories = 1}>;

/// The lists of a TreeEnsembleRegressor, read back.
struct regressor {
  std::map<std::string, std::vector<std::uint64_t>> ints;
  std::map<std::string, std::vector<float>> floats;
  std::vector<std::string> modes;
  float scale = 0;

  explicit regressor(std::span<const std::byte> model) {
    pb_reader in{model};
    while (in.next()) {
      if (in.field() != 7) {
        continue;
      }
      pb_reader graph = in.message();
      while (graph.next()) {
        if (graph.field() == 1) {
          pb_reader node = graph.message();
          while (node.next()) {
            if (node.field() == 5) {
              attribute(node.message());
            }
          }
        } else if (graph.field() == 5 && scale == 0) {
          pb_reader tensor = graph.message();
          while (tensor.next()) {
            scale = tensor.field() == 9 ? tensor.message().raw_f32() : scale;
          }
        }
      }
      CHECK(graph.error() == errc::ok);
    }
    CHECK(in.error() == errc::ok);
  }
  void attribute(pb_reader a) {
    std::string name;
    while (a.next()) {
      switch (a.field()) {
        case 1: name = a.text(); break;
        case 7:
          for (pb_reader e = a.message(); e.more();) {
            floats[name].push_back(e.raw_f32());
          }
          break;
        case 8:
          for (pb_reader e = a.message(); e.more();) {
            ints[name].push_back(e.raw_varint());
          }
          break;
        case 9: modes.emplace_back(a.text()); break;
        default: break;
      }
    }
  }
  /// As the operator is defined: nodes are found by tree and number.
  [[nodiscard]] double sum(const float* x) const {
    const auto& tree = ints.at("nodes_treeids");
    const auto& node = ints.at("nodes_nodeids");
    const auto find = [&](std::uint64_t t, std::uint64_t n) {
      std::size_t i = 0;
      while (tree[i] != t || node[i] != n) {
        ++i;
      }
      return i;
    };
    double total = 0;
    for (std::uint64_t t = 0; t <= tree.back(); ++t) {
      std::size_t i = find(t, 0);
      while (modes[i] == "BRANCH_LEQ") {
        const float v = x[ints.at("nodes_featureids")[i]];
        const auto missing = ints.find("nodes_missing_value_tracks_true");
        const bool yes = v <= floats.at("nodes_values")[i] || (std::isnan(v) && missing != ints.end() && missing->second[i] != 0);
        i = find(t, ints.at(yes ? "nodes_truenodeids" : "nodes_falsenodeids")[i]);
      }
      for (std::size_t k = 0; k < ints.at("target_treeids").size(); ++k) {
        if (ints.at("target_treeids")[k] == t && ints.at("target_nodeids")[k] == node[i]) {
          total += static_cast<double>(floats.at("target_weights")[k]);
        }
      }
    }
    return total;
  }
};

template <typename Forest>
std::vector<std::byte> onnx_of(const Forest& forest, bool five = false) {
  const auto size = onnx_size(forest, {.tree_ensemble_5 = five});
  REQUIRE(size);
  std::vector<std::byte> memory(size.value());
  byte_writer out{memory};
  REQUIRE(export_onnx(forest, out, {.tree_ensemble_5 = five}));
  REQUIRE(out.free_bytes() == 0);
  return memory;
}

}  // namespace

TEST_CASE("the greatest number of a code has that code, and the next number a greater one") {
  skerry::pcg32 random{3};
  const auto check = [&random](auto code_of) {
    using code = decltype(code_of);
    using traits = code_traits<code>;
    for (int i = 0; i < 2000; ++i) {
      const float lo = std::ldexp(static_cast<float>(static_cast<std::int32_t>(random())), static_cast<int>(random() % 80) - 60);
      const float hi = lo + std::ldexp(static_cast<float>(random() % 4096), static_cast<int>(random() % 60) - 40);
      const float inv_step = detail::inverse_step<code>(lo, hi);
      const auto c = static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(traits::steps + 1)) - traits::offset;
      const float x = detail::greatest_of_code<code>(c, lo, inv_step);
      CAPTURE(lo, hi, inv_step, c, x);
      REQUIRE(std::isfinite(x));
      REQUIRE(detail::quantize<code>(x, lo, inv_step) <= c);
      if (x < std::numeric_limits<float>::max()) {
        REQUIRE(detail::quantize<code>(std::nextafter(x, std::numeric_limits<float>::infinity()), lo, inv_step) > c);
      }
    }
    CHECK(detail::greatest_of_code<code>(-traits::offset - 1, 0.0F, 1.0F) == -std::numeric_limits<float>::infinity());
    CHECK(detail::greatest_of_code<code>(traits::steps - traits::offset, 0.0F, 1.0F) == std::numeric_limits<float>::max());
  };
  check(std::uint8_t{});
  check(std::int16_t{});
}

TEST_CASE("an ONNX model sums what the forest sums, for rows on its thresholds and with missing values") {
  for (std::uint64_t seed = 1; seed <= 18; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    rows_of_numbers data{seed, rows, columns};
    forest_config config{.seed = seed, .trees = static_cast<std::uint16_t>(1 + random() % 6), .sample = 32};
    config.missing = static_cast<missing_policy>(seed % 3);
    const auto punch = [&] {
      for (float& x : data.values) {
        x = config.missing != missing_policy::refuse && random() % 9 == 0 ? std::numeric_limits<float>::quiet_NaN() : x;
      }
    };
    punch();
    const auto forest = std::make_unique<forest_type>();
    REQUIRE(forest->fit(data.view(), config));
    const std::vector<std::byte> model = onnx_of(*forest);
    const regressor onnx{model};
    for (std::size_t i = 0; i < data.values.size(); ++i) {
      const auto& values = onnx.floats.at("nodes_values");
      const float on = values[random() % values.size()];
      data.values[i] = random() % 3 == 0 || !std::isfinite(on) ? data.values[i] : random() % 2 == 0 ? on : std::nextafter(on, 1e38F);
    }
    punch();
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint32_t sum = forest->depth_sum(std::span<const float, columns>{data.row(i), columns}).value();
      REQUIRE(onnx.sum(data.row(i)) == static_cast<double>(sum));
      CHECK(std::abs(std::exp2(static_cast<double>(sum) * static_cast<double>(onnx.scale)) -
                     static_cast<double>(forest->score_of(sum).value())) < 1e-6);
    }
    // The same model from the dynamic form and from bytes.
    std::vector<std::byte> image(encoded_size(*forest));
    byte_writer out{image};
    REQUIRE(encode(*forest, out));
    CHECK(onnx_of(forest_image<std::int16_t>::open(image).value()) == model);
    dynamic_isolation_forest<std::int16_t> wide;
    skerry::byte_reader in{image};
    REQUIRE(decode(wide, in));
    CHECK(onnx_of(wide) == model);
    CHECK(onnx_of(wide, true).size() < model.size());
  }
}

TEST_CASE("what ONNX cannot say is refused, and nothing is written") {
  rows_of_numbers data{2, rows, columns, false};
  const auto forest = std::make_unique<forest_type>();
  std::array<std::byte, 16> memory{};
  byte_writer out{memory};
  CHECK(export_onnx(*forest, out).error() == errc::insufficient);
  quantizer<columns, std::int16_t> map;
  REQUIRE(map.learn(data.view()));
  const auto codes = skerry_test::codes_of(data, map);
  REQUIRE(forest->fit_codes({codes.data(), rows, columns, columns}, {.seed = 1, .trees = 3, .sample = 16}));
  CHECK(export_onnx(*forest, out).error() == errc::insufficient);
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 3, .sample = 16}));
  CHECK(export_onnx(*forest, out).error() == errc::full);
  CHECK(out.written().empty());
  CHECK(out.error() == errc::ok);
  for (std::size_t i = 0; i < rows; ++i) {
    data.values[i * columns + 1] = static_cast<float>(i % 7);
  }
  const std::array<column_kind, columns> kinds{column_kind::number, column_kind::category, column_kind::number, column_kind::number};
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 6, .sample = 32}, {.kinds = kinds}));
  CHECK(export_onnx(*forest, out).error() == errc::unsupported);
  CHECK(onnx_size(*forest).error() == errc::unsupported);
}

TEST_CASE("a forest of bare leaves scores one half in ONNX too") {
  const std::array<float, 3 * columns> same{};
  const auto forest = std::make_unique<forest_type>();
  REQUIRE(forest->fit({same.data(), 3, columns, columns}, {.seed = 1, .trees = 2, .sample = 3}));
  REQUIRE(forest->degenerate());
  const regressor onnx{onnx_of(*forest)};
  CHECK(static_cast<float>(onnx.sum(same.data())) * onnx.scale == -1.0F);
  CHECK(onnx_of(*forest, true).size() > 100);
}

TEST_CASE("exports take no heap") {
  const rows_of_numbers data{2, rows, columns, false};
  const auto forest = std::make_unique<forest_type>();
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 6, .sample = 32}));
  const auto flash = std::make_unique<flash_forest_for<forest_type>>(lower<flash_forest_for<forest_type>>(*forest).value());
  std::vector<std::byte> memory(100'000);
  const std::size_t before = skerry_test::allocations();
  byte_writer onnx{memory};
  const bool first = static_cast<bool>(export_onnx(*forest, onnx));
  byte_writer source{memory};
  const bool second = static_cast<bool>(export_cpp(*flash, forest->codes(), "pump", source));
  const std::size_t after = skerry_test::allocations();
  CHECK((first && second));
  CHECK(after == before);
}

// That the text compiles and answers the same is for cpp_export.py.
TEST_CASE("C++ text wants an identifier and room") {
  const rows_of_numbers data{2, rows, columns, false};
  const auto forest = std::make_unique<forest_type>();
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 6, .sample = 32}));
  const auto flash = lower<flash_forest_for<forest_type>>(*forest);
  REQUIRE(flash);
  std::vector<std::byte> memory(20'000);
  for (const std::string_view name : {"", "1st", "a b", "x;", "\xc3\xa4"}) {
    byte_writer out{memory};
    CHECK(export_cpp(flash.value(), forest->codes(), name, out).error() == errc::invalid);
    CHECK(out.written().empty());
  }
  byte_writer out{memory};
  REQUIRE(export_cpp(flash.value(), forest->codes(), "press_7", out));
  const std::string_view text{reinterpret_cast<const char*>(out.written().data()), out.written().size()};
  CHECK(text.find("inline constexpr skerry::anomaly::flash_forest<4, 6, ") != std::string_view::npos);
  CHECK(text.find("static_assert(forest.valid()") != std::string_view::npos);
  byte_writer narrow{std::span{memory}.first(100)};
  CHECK(export_cpp(flash.value(), forest->codes(), "press_7", narrow).error() == errc::full);
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 1, .sample = 2}));
  const std::array<float, 3 * columns> same{};
  REQUIRE(forest->fit({same.data(), 3, columns, columns}, {.seed = 1, .trees = 2, .sample = 3}));
  const auto bare = lower<flash_forest_for<forest_type>>(*forest);
  REQUIRE(bare);
  byte_writer none{memory};
  CHECK(export_cpp(bare.value(), forest->codes(), "bare", none).error() == errc::insufficient);
}
