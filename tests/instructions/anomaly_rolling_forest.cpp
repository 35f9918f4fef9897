// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A rolling forest on 16 Gaussian columns (pcg32 seed 7), 100 trees of 256 rows: what each of 400 rows takes, refits included.
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/random.hpp>

#include "board.hpp"

#include <algorithm>

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16, rows = 1000, observed = 400;
float values[(rows + observed) * columns];
std::uint32_t counts[observed];
volatile std::uint32_t sink;

std::span<const float, columns> row_at(std::size_t i) { return std::span<const float, columns>{values + i * columns, columns}; }

template <typename Code>
struct subject {
  using forest = anomaly::rolling_forest<columns, 100, 256, Code, rows, 128, anomaly::scores_only>;
  static inline forest watched;

  static bool run(const char* score, const char* median, const char* mean, const char* most, const char* tree) {
    if (!watched.fit({values, rows, columns, columns}, {.forest = {.seed = 1}})) {
      return false;
    }
    board::report(score, board::instructions(64, [](std::uint32_t i) { sink = watched.depth_sum(row_at(i)).value(); }));
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < observed; ++i) {
      counts[i] = board::instructions(1, [i](std::uint32_t) { sink = watched.observe(row_at(rows + i)).value().depth_sum; });
      all += counts[i];
    }
    std::sort(counts, counts + observed);
    board::report(median, counts[observed / 2]);
    board::report(mean, static_cast<std::uint32_t>(all / observed));
    board::report(most, counts[observed - 1]);
    // One tree, sample and all, without the rows that come meanwhile.
    constexpr std::uint32_t trees = 20;
    board::report(tree, board::instructions(trees, [](std::uint32_t t) {
                    for (std::size_t i = 0; i < 10; ++i) {
                      sink = static_cast<std::uint32_t>(watched.admit(row_at(10 * t + i)).error());
                    }
                    while (!watched.grow(1'000'000).value()) {
                    }
                  }));
    return watched.renewed() > 30;
  }
};

}  // namespace

int main() {
  skerry::pcg32 random{7};
  for (float& x : values) {
    x = static_cast<float>(skerry::normal(random));
  }
  return subject<std::uint8_t>::run("depth_sum_u8", "observe_median_u8", "observe_mean_u8", "observe_most_u8", "tree_and_ten_rows_u8") &&
                 subject<std::int16_t>::run("depth_sum_i16", "observe_median_i16", "observe_mean_i16", "observe_most_i16",
                                            "tree_and_ten_rows_i16")
             ? 0
             : 1;
}
