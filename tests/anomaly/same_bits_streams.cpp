// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/forest_set.hpp>
#include <skerry/anomaly/online_forest.hpp>
#include <skerry/anomaly/rolling_forest.hpp>

#include "same_bits/same_bits.hpp"

#include <array>

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

constexpr std::size_t columns = 4;

/// Rows that wander, with a coarse column, without libm.
std::array<float, columns> row_at(std::uint32_t i) {
  const auto block = skerry::philox{7}.block({i, 0, 0, 0});
  std::array<float, columns> x{};
  for (std::size_t j = 0; j < columns; ++j) {
    x[j] = static_cast<float>(static_cast<std::int32_t>(block[j])) / 3.0F + static_cast<float>(i) * 1e5F;
  }
  x[2] = static_cast<float>(block[2] % 5);
  return x;
}

void add_image(bit_hash& h, std::span<const std::byte> image) {
  for (const std::byte b : image) {
    h.add(std::to_integer<std::uint64_t>(b));
  }
}

template <typename Code>
void drive_rolling(bit_hash& h) {
  using forest_type = rolling_forest<columns, 8, 32, Code, 80, 31>;
  static forest_type forest;
  static std::array<float, 60 * columns> rows;
  for (std::uint32_t i = 0; i < 60; ++i) {
    const auto x = row_at(i);
    std::copy(x.begin(), x.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * columns));
  }
  rolling_config config{.forest = {.seed = 99, .trees = 8, .sample = 32}, .row_visits = 20, .rows_per_tree = 6};
  config.forest.density = config.forest.explain = true;
  h.add(static_cast<std::uint64_t>(forest.fit({rows.data(), 60, columns, columns}, config).error()));  // a refusal would hide the rest
  for (std::uint32_t i = 60; i < 400; ++i) {
    const auto step = forest.observe(row_at(i)).value();
    h.add(static_cast<std::uint64_t>(step.depth_sum));
    h.add(static_cast<std::uint64_t>(step.density_sum));
    h.add(forest.score_of(step).value());
  }
  const auto shares = forest.explain(row_at(5)).value();
  for (std::size_t j = 0; j < columns; ++j) {
    h.add(static_cast<std::uint64_t>(static_cast<std::int64_t>(shares.share(j))));
  }
  static std::array<std::byte, forest_type::max_encoded_size> memory;
  skerry::byte_writer out{memory};
  h.add(static_cast<std::uint64_t>(forest.encode(out).error()));
  add_image(h, out.written());
}

template <typename Code>
void drive_online(bit_hash& h) {
  using forest_type = online_forest<columns, 8, 100, Code, 31>;
  static forest_type forest;
  const std::array<float, columns> lo{-8e8F, -8e8F, 0, -8e8F};
  const std::array<float, columns> hi{8e8F, 8e8F, 5, 8e8F};
  const auto codes = quantizer<columns, Code>::from_range(lo, hi);
  h.add(static_cast<std::uint64_t>(forest.begin({.seed = 3, .trees = 8, .window = 100, .leaf_rows = 6}, codes.value()).error()));
  for (std::uint32_t i = 0; i < 600; ++i) {
    const auto step = forest.observe(row_at(i)).value();
    h.add(static_cast<std::uint64_t>(step.depth_sum));
    h.add(forest.score_of(step).value());
  }
  for (std::size_t t = 0; t < 8; ++t) {
    h.add(static_cast<std::uint64_t>(forest.splits(t)));
  }
}

void drive_set(bit_hash& h) {
  using forest_type = rolling_forest<columns, 5, 16, std::int16_t, 40, 15, scores_only>;
  using set_type = forest_set<columns, 12, 16, std::int16_t, 15, skerry::stats::kll<float, 8>, 2>;
  static forest_type forest;
  static set_type set;
  static set_type other;
  const std::array<float, columns> lo{-8e8F, -8e8F, 0, -8e8F};
  const std::array<float, columns> hi{8e8F, 8e8F, 5, 8e8F};
  const auto codes = quantizer<columns>::from_range(lo, hi);
  for (std::uint32_t node = 0; node < 4; ++node) {
    h.add(static_cast<std::uint64_t>(forest.begin({.forest = {.seed = node, .trees = 5, .sample = 16}}, codes.value()).error()));
    skerry::stats::kll<float, 8> scores{node};
    for (std::uint32_t i = 0; i < 80; ++i) {
      const auto step = forest.observe(row_at(1000 * node + i)).value();
      if (step.trees != 0) {
        (void)scores.observe(forest.score_of(step).value());
      }
    }
    set_type& into = node % 2 == 0 ? set : other;
    h.add(static_cast<std::uint64_t>(into.add(node, node / 2, forest).error()));
    into.add_scores(node, node / 2, scores);
  }
  h.add(static_cast<std::uint64_t>(set.join(other).error()));
  static std::array<std::byte, set_type::max_encoded_size> memory;
  skerry::byte_writer out{memory};
  h.add(static_cast<std::uint64_t>(set.encode(out).error()));
  add_image(h, out.written());
  for (std::uint32_t i = 0; i < 100; ++i) {
    h.add(set.score(row_at(i)).value());
  }
}

const bits_of rolling_i16{"anomaly.rolling_forest<i16>", &drive_rolling<std::int16_t>};
const bits_of rolling_u8{"anomaly.rolling_forest<u8>", &drive_rolling<std::uint8_t>};
const bits_of online_i16{"anomaly.online_forest<i16>", &drive_online<std::int16_t>};
const bits_of online_u8{"anomaly.online_forest<u8>", &drive_online<std::uint8_t>};
const bits_of sets{"anomaly.forest_set", &drive_set};

}  // namespace
