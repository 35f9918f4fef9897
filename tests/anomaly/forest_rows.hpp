// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace skerry_test {

/// Rows for forests: Gaussian columns, a few of them constant, on a coarse grid (many equal values) or with heavy tails.
struct rows_of_numbers {
  std::size_t rows, columns;
  std::vector<float> values;

  rows_of_numbers(std::uint64_t seed, std::size_t n, std::size_t width, bool odd_columns = true)
      : rows{n}, columns{width}, values(n * width) {
    skerry::pcg32 random{seed};
    for (std::size_t j = 0; j < width; ++j) {
      const auto kind = odd_columns ? random() % 6 : 0U;
      const auto scale = static_cast<float>(1 + random() % 1000);
      for (std::size_t i = 0; i < n; ++i) {
        const auto x = static_cast<float>(skerry::normal(random));
        float& to = values[i * width + j];
        switch (kind) {
          case 1: to = scale; break;
          case 2: to = static_cast<float>(static_cast<int>(x * 2.0F)); break;
          case 3: to = x * x * x * scale; break;
          default: to = x * scale;
        }
      }
    }
  }
  [[nodiscard]] skerry::anomaly::row_view<float> view() const { return {values.data(), rows, columns, columns}; }
  [[nodiscard]] const float* row(std::size_t i) const { return values.data() + i * columns; }
};

/// The rows in codes.
template <typename Quantizer>
std::vector<typename Quantizer::code_type> codes_of(const rows_of_numbers& data, const Quantizer& codes) {
  std::vector<typename Quantizer::code_type> out(data.values.size());
  for (std::size_t i = 0; i < data.rows; ++i) {
    (void)codes.encode({data.row(i), data.columns}, {out.data() + i * data.columns, data.columns});
  }
  return out;
}

/// Equal split by split and leaf by leaf, whatever the types that hold them.
template <typename A, typename B>
bool same_trees(const A& a, const B& b) {
  if (a.trees() != b.trees() || a.splits() != b.splits() || a.sample() != b.sample() || a.depth_limit() != b.depth_limit() ||
      a.leaf_scale() != b.leaf_scale() || a.codes().learned() != b.codes().learned()) {
    return false;
  }
  for (std::size_t j = 0; a.codes().learned() && j < a.codes().columns(); ++j) {
    if (a.codes().lo(j) != b.codes().lo(j) || a.codes().inv_step(j) != b.codes().inv_step(j)) {
      return false;
    }
  }
  for (std::size_t t = 0; t < a.trees(); ++t) {
    const auto x = a.splits_of(t);
    const auto y = b.splits_of(t);
    const auto same = [](const auto& s, const auto& r) { return s.feature == r.feature && s.left == r.left && s.threshold == r.threshold; };
    if (!std::equal(x.begin(), x.end(), y.begin(), y.end(), same)) {
      return false;
    }
    const auto p = a.leaves_of(t);
    const auto q = b.leaves_of(t);
    if (!std::equal(p.begin(), p.end(), q.begin(), q.end())) {
      return false;
    }
  }
  return true;
}

template <typename T>
bool same_bytes(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

}  // namespace skerry_test
