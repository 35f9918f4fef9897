// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/blend_list.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/float_forest.hpp>
#include <skerry/anomaly/oblique_forest.hpp>
#include <skerry/anomaly/score_fusion.hpp>
#include <skerry/anomaly/walk_heap.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <limits>

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

constexpr std::size_t rows = 300, columns = 6;

/// Rows with a constant and a coarse column, without libm.
const std::array<float, rows * columns>& some_rows() {
  static std::array<float, rows * columns> values;
  skerry::pcg32 random{42};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const auto x = static_cast<float>(static_cast<std::int32_t>(random()));
      values[i * columns + j] = j == 4 ? 1.25F : j == 5 ? static_cast<float>(random() % 5) : x / 3.0F;
    }
  }
  return values;
}

template <typename Code>
void drive_quantizer(bit_hash& h) {
  quantizer<columns, Code> codes;
  (void)codes.learn({some_rows().data(), rows, columns, columns});
  std::array<Code, columns> out{};
  for (std::size_t i = 0; i < rows; ++i) {
    (void)codes.encode({some_rows().data() + i * columns, columns}, out);
    for (std::size_t j = 0; j < columns; ++j) {
      h.add(static_cast<std::uint64_t>(out[j]));
      h.add(codes.inv_step(j));
    }
  }
}

template <typename Code>
void drive_forest(bit_hash& h) {
  using forest_type = isolation_forest<columns, 10, 64, Code, 10 * 63>;
  static forest_type forest;
  h.add(static_cast<std::uint64_t>(
      forest.fit({some_rows().data(), rows, columns, columns}, {.seed = 0xfeedfacecafe, .trees = 10, .sample = 64})
          .error()));  // a refusal would hide the rest
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    for (const auto& s : forest.splits_of(t)) {
      h.add(static_cast<std::uint64_t>(s.feature));
      h.add(static_cast<std::uint64_t>(s.left));
      h.add(static_cast<std::uint64_t>(s.threshold));
    }
    for (const auto leaf : forest.leaves_of(t)) {
      h.add(static_cast<std::uint64_t>(leaf));
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    h.add(forest.score(std::span<const float, columns>{some_rows().data() + i * columns, columns}).value_or(0.0F));
  }
}

void drive_walk_heap(bit_hash& h) {
  using forest_type = isolation_forest<columns, 10, 64, std::uint8_t, 10 * 63>;
  static forest_type forest;
  h.add(static_cast<std::uint64_t>(forest.fit({some_rows().data(), rows, columns, columns}, {.seed = 7, .trees = 10, .sample = 64})
                                       .error()));  // a refusal would hide the rest
  static const auto heap = lower<walk_heap_for<forest_type>>(forest);
  std::array<std::uint8_t, columns> x{};
  for (std::size_t i = 0; heap && i < rows; ++i) {
    (void)forest.codes().encode({some_rows().data() + i * columns, columns}, x);
    h.add(static_cast<std::uint64_t>(heap.value().depth_sum_codes(x).value_or(0)));
  }
}

/// Lists and arrays; whichever kernel this build chose.
template <typename Code>
void drive_lowered(bit_hash& h) {
  using forest_type = isolation_forest<columns, 10, 64, Code, 10 * 63>;
  static forest_type forest;
  h.add(
      static_cast<std::uint64_t>(forest.fit({some_rows().data(), rows, columns, columns}, {.seed = 8, .trees = 10, .sample = 64}).error()));
  static const auto list = lower<blend_list_for<forest_type>>(forest);
  static const auto flash = lower<flash_forest_for<forest_type>>(forest);
  static std::array<std::uint32_t, rows> sums;
  h.add(static_cast<std::uint64_t>(list.value().depth_sums({some_rows().data(), rows, columns, columns}, sums).error()));
  std::array<Code, columns> x{};
  for (std::size_t i = 0; i < rows; ++i) {
    h.add(static_cast<std::uint64_t>(sums[i]));
    (void)forest.codes().encode({some_rows().data() + i * columns, columns}, x);
    h.add(static_cast<std::uint64_t>(flash.value().depth_sum_codes(x).value_or(0)));
  }
}

/// Gaps, names, weights, densities and contributions at once.
template <typename Code>
void drive_options(bit_hash& h) {
  using forest_type = isolation_forest<columns, 10, 64, Code, 10 * 63, forest_room{.categories = 1}>;
  static forest_type forest;
  static std::array<float, rows * columns> values;
  values = some_rows();
  skerry::pcg32 random{43};
  for (std::size_t i = 0; i < values.size(); i += 1 + random() % 17) {
    values[i] = std::numeric_limits<float>::quiet_NaN();
  }
  constexpr std::array<column_kind, columns> kinds{column_kind::number, column_kind::number, column_kind::number,
                                                   column_kind::number, column_kind::number, column_kind::category};
  constexpr std::array<std::uint16_t, columns> column_weights{1, 2, 3, 4, 5, 60};
  static std::array<std::uint16_t, rows> row_weights;
  for (std::uint16_t& w : row_weights) {
    w = static_cast<std::uint16_t>(random() >> 16U);
  }
  const skerry::anomaly::row_view<float> view{values.data(), rows, columns, columns};
  h.add(static_cast<std::uint64_t>(
      forest
          .fit(view,
               {.seed = 0xfeedfacecafe, .trees = 10, .sample = 64, .missing = missing_policy::heavier, .density = true, .explain = true},
               {.kinds = kinds, .column_weights = column_weights, .row_weights = row_weights})
          .error()));  // a refusal would hide the rest
  static std::array<forest_sums, rows> sums;
  h.add(static_cast<std::uint64_t>(forest.sums(view, sums).error()));
  score_fusion fusion;
  h.add(static_cast<std::uint64_t>(fusion.learn(sums).error()));
  for (std::size_t i = 0; i < rows; ++i) {
    h.add(static_cast<std::uint64_t>(sums[i].depth));
    h.add(static_cast<std::uint64_t>(sums[i].density));
    h.add(fusion.score(sums[i]).value_or(0.0F));
    const std::span<const float, columns> row{values.data() + i * columns, columns};
    for (const auto weighting : {contribution_weighting::path, contribution_weighting::diffi}) {
      const auto shares = forest.explain(row, weighting).value();
      for (std::size_t j = 0; j < columns; ++j) {
        h.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(shares.low[j])));
        h.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(shares.high[j])));
      }
    }
  }
}

void drive_oblique_forest(bit_hash& h) {
  static oblique_forest<columns, 10, 64, 3, 10 * 63> forest;
  h.add(
      static_cast<std::uint64_t>(forest.fit({some_rows().data(), rows, columns, columns}, {.seed = 9, .trees = 10, .sample = 64}).error()));
  for (std::size_t i = 0; i < rows; ++i) {
    h.add(forest.score(std::span<const float, columns>{some_rows().data() + i * columns, columns}).value_or(0.0F));
  }
}

void drive_path_length(bit_hash& h) {
  for (std::uint64_t n = 0; n < 600; ++n) {
    h.add(average_path_length(n));
    h.add(sklearn_average_path_length(n));
  }
}

void drive_float_forest(bit_hash& h) {
  constexpr std::array<std::int32_t, 5> feature{0, 1, -1, -1, -1}, left{1, 2, -1, -1, -1}, right{4, 3, -1, -1, -1};
  constexpr std::array<double, 5> threshold{0.1, 1e8 / 3, 0, 0, 0};
  constexpr std::array<std::uint32_t, 5> samples{300, 290, 3, 287, 10};
  std::array<float_node, 5> nodes{};
  std::array<std::uint32_t, 1> roots{};
  auto forest = float_forest::create({.columns = columns, .sample = 300}, nodes, roots);
  (void)forest.value().add({feature, threshold, left, right, samples});
  for (std::size_t i = 0; i < rows; ++i) {
    h.add(forest.value().decision_function({some_rows().data() + i * columns, columns}).value_or(0.0));
  }
}

const bits_of quantizer_i16{"anomaly.quantizer<i16>", &drive_quantizer<std::int16_t>};
const bits_of quantizer_u8{"anomaly.quantizer<u8>", &drive_quantizer<std::uint8_t>};
const bits_of forest_i16{"anomaly.isolation_forest<i16>", &drive_forest<std::int16_t>};
const bits_of forest_u8{"anomaly.isolation_forest<u8>", &drive_forest<std::uint8_t>};
const bits_of heap_u8{"anomaly.walk_heap<u8>", &drive_walk_heap};
const bits_of lowered_i16{"anomaly.blend_list+flash_forest<i16>", &drive_lowered<std::int16_t>};
const bits_of lowered_u8{"anomaly.blend_list+flash_forest<u8>", &drive_lowered<std::uint8_t>};
const bits_of options_i16{"anomaly.isolation_forest<i16, options>", &drive_options<std::int16_t>};
const bits_of options_u8{"anomaly.isolation_forest<u8, options>", &drive_options<std::uint8_t>};
const bits_of oblique{"anomaly.oblique_forest", &drive_oblique_forest};
const bits_of path_lengths{"anomaly.path_length", &drive_path_length};
const bits_of floats{"anomaly.float_forest", &drive_float_forest};

}  // namespace
