// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Isolation forests on 16 Gaussian columns (pcg32 seed 7, 1000 rows), trained here, and scored over the first 64 rows.
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/walk_heap.hpp>
#include <skerry/core/random.hpp>

#include "board.hpp"

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16, rows = 1000, asked = 64;
float values[rows * columns];
volatile std::uint32_t sink;

template <typename Code, std::size_t Trees, std::size_t Sample>
struct subject {
  using forest = anomaly::isolation_forest<columns, Trees, Sample, Code, Trees * 96>;
  static inline forest learnt;
  static inline Code codes[rows * columns];

  static bool train(const char* name) {
    const std::uint32_t all = board::instructions(1, [](std::uint32_t) {
      sink = static_cast<std::uint32_t>(
          learnt.fit({values, rows, columns, columns}, {.seed = 1, .trees = std::uint16_t{Trees}, .sample = std::uint16_t{Sample}})
              .error());
    });
    bool good = sink == 0;
    for (std::size_t i = 0; i < rows && good; ++i) {
      good = static_cast<bool>(learnt.codes().encode({values + i * columns, columns}, std::span<Code>{codes + i * columns, columns}));
    }
    board::report(name, all / Trees);
    return good;
  }
  /// Of a tree of rows that are codes already; the ranges are learnt.
  static bool train_codes(const char* name) {
    const std::uint32_t all = board::instructions(1, [](std::uint32_t) {
      sink = static_cast<std::uint32_t>(
          learnt.begin({.seed = 1, .trees = std::uint16_t{Trees}, .sample = std::uint16_t{Sample}}, learnt.codes()).error());
      for (std::size_t t = 0; t < Trees; ++t) {
        sink = sink + static_cast<std::uint32_t>(learnt.grow({codes, rows, columns, columns}, 1'000'000).error());
      }
    });
    board::report(name, all / Trees);
    return sink == 0;
  }

  template <typename Shape>
  static std::uint32_t row(const Shape& shape) {
    return board::instructions(asked, [&shape](std::uint32_t i) {
      sink = shape.depth_sum_codes(std::span<const Code, columns>{codes + i * columns, columns}).value();
    });
  }
};

template <typename Shape, typename Subject>
const Shape* shape_of() {
  static const auto made = anomaly::lower<Shape>(Subject::learnt);
  return made ? &made.value() : nullptr;
}

template <typename Subject>
bool shapes(const char* heap, const char* flash, std::uint32_t trees) {
  const auto* walk = shape_of<anomaly::walk_heap_for<typename Subject::forest>, Subject>();
  const auto* kept = shape_of<anomaly::flash_forest_for<typename Subject::forest>, Subject>();
  if (walk == nullptr || kept == nullptr) {
    return false;
  }
  board::report(heap, Subject::row(*walk) / trees);
  board::report(flash, Subject::row(*kept) / trees);
  return true;
}

}  // namespace

int main() {
  skerry::pcg32 random{7};
  for (float& x : values) {
    x = static_cast<float>(skerry::normal(random));
  }
  using u8 = subject<std::uint8_t, 100, 256>;
  using i16 = subject<std::int16_t, 100, 256>;
  using small = subject<std::uint8_t, 50, 128>;
  if (!u8::train("train_tree_u8") || !i16::train("train_tree_i16") || !small::train("train_tree_50x128_u8") ||
      !shapes<u8>("walk_heap_tree_u8", "flash_tree_u8", 100) || !shapes<i16>("walk_heap_tree_i16", "flash_tree_i16", 100) ||
      !shapes<small>("walk_heap_tree_50x128_u8", "flash_tree_50x128_u8", 50)) {
    return 1;
  }
  const auto& heap = *shape_of<anomaly::walk_heap_for<small::forest>, small>();
  board::report("score_50x128_u8", board::instructions(asked, [&heap](std::uint32_t i) {
                  std::uint8_t codes[columns];
                  if (small::learnt.codes().encode({values + i * columns, columns}, codes)) {
                    sink = heap.depth_sum_codes(codes).value();
                  }
                }));
  board::report("score_of_50x128_u8", board::instructions(asked, [](std::uint32_t i) {
                  sink = static_cast<std::uint32_t>(small::learnt.score_of(3000 + i).value() > 0.5F);
                }));
  board::report("forest_score_50x128_u8", board::instructions(asked, [](std::uint32_t i) {
                  sink = static_cast<std::uint32_t>(
                      small::learnt.score(std::span<const float, columns>{values + i * columns, columns}).value() > 0.5F);
                }));
  return i16::train_codes("grow_tree_i16") ? 0 : 1;
}
