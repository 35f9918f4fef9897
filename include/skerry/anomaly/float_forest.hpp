// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

/// The greatest binary32 number that is not above x: with it in place of a binary64 threshold every binary32 value compares as before.
[[nodiscard]] constexpr float round_down(double x) noexcept {
  const auto nearest = static_cast<float>(x);
  if (!(static_cast<double>(nearest) > x)) {
    return nearest;
  }
  const auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (nearest > 0.0F) {
    return std::bit_cast<float>(bits - 1U);
  }
  return std::bit_cast<float>(nearest == 0.0F ? 0x80000001U : bits + 1U);
}

/// One tree as other libraries hand it out: parallel arrays with one element per node, node 0 the root.
///
/// A leaf has left < 0; its feature and threshold say nothing. Children have greater numbers than their parent.
struct float_tree {
  std::span<const std::int32_t> feature;  ///< column of the row
  std::span<const double> threshold;      ///< left when value <= threshold
  std::span<const std::int32_t> left, right;
  std::span<const std::uint32_t> samples;  ///< training rows in the node
};

/// Whose c(n) the scores are made with.
enum class path_length_formula : std::uint8_t {
  sklearn,  ///< `sklearn_average_path_length`
  exact,    ///< `average_path_length`: isotree
};

struct float_forest_config {
  std::size_t columns;
  std::uint64_t sample;  ///< ψ, rows each tree was grown from
  double offset = -0.5;  ///< what `decision_function` subtracts
  path_length_formula c = path_length_formula::sklearn;
};

/// What float_forest makes of one node; its caller provides the memory.
struct float_node {
  double path = 0;  ///< of a leaf: its depth + c(rows)
  float threshold = 0;
  std::int32_t feature = -1;  ///< -1: a leaf
  std::uint32_t left = 0, right = 0;
};

namespace detail {

struct float_forest_access;

/// A node as it came, with its children's numbers inside the tree and its rows as `path`; `adopt` makes the rest.
[[nodiscard]] constexpr float_node raw_node(std::int32_t feature, double threshold, std::int32_t left, std::int32_t right,
                                            std::uint32_t samples) noexcept {
  return float_node{static_cast<double>(samples), round_down(threshold), feature, static_cast<std::uint32_t>(left),
                    static_cast<std::uint32_t>(right)};
}

}  // namespace detail

/// Isolation forest with binary32 thresholds that somebody else trained, with scikit-learn's answers and signs.
///
/// A view: nodes and tree starts stand in the caller's memory, which outlives it and is not touched by others. scikit-learn
/// compares binary32 values with binary64 thresholds; rounded toward minus infinity they compare the same.
///
/// Input   rows of `columns` finite numbers
/// Units   score_samples = -2^(-mean h / c(ψ)), in [-1, 0), *lower = stranger*; decision_function = score_samples - offset; predict:
///         -1 stranger than the offset, else 1. ψ = 1 scores -1/2 always, as there
/// Cost    24 bytes a node; one walk per tree
/// Bound   within 1e-12 of scikit-learn 1.2 for the same trees; `predict` equal
/// Errors  `add`: `full` (nodes or trees), `width` (arrays of unequal length, or none), `out_of_range` (a column beyond `columns`),
///         `not_finite` (a threshold that is NaN), `corrupt` (no tree). Scoring: `insufficient` without trees, `width`, `not_finite`
/// Source  the definitions of scikit-learn's IsolationForest, as its documentation gives them
class float_forest {
  friend struct detail::float_forest_access;

 public:
  /// A forest without trees over the caller's memory.
  [[nodiscard]] static result<float_forest> create(const float_forest_config& config, std::span<float_node> nodes,
                                                   std::span<std::uint32_t> roots) noexcept {
    if (config.columns == 0) {
      return errc::width;
    }
    if (config.sample == 0 || config.columns > 0x7fffffffU || !math::isfinite(config.offset)) {
      return errc::invalid;
    }
    return float_forest{config, nodes, roots};
  }

  /// Appends one tree; a refused one leaves the forest as it was.
  [[nodiscard]] status add(const float_tree& tree) noexcept {
    const std::size_t count = tree.feature.size();
    if (count == 0 || tree.threshold.size() != count || tree.left.size() != count || tree.right.size() != count ||
        tree.samples.size() != count) {
      return errc::width;
    }
    if (trees_ == roots_.size() || count > nodes_.size() - used_ || count > 0x7fffffffU || used_ + count > 0xffffffffU) {
      return errc::full;
    }
    const std::span<float_node> raw = nodes_.subspan(used_, count);
    for (std::size_t i = 0; i < count; ++i) {
      if (tree.left[i] >= 0 && math::isnan(tree.threshold[i])) {
        return errc::not_finite;
      }
      raw[i] = detail::raw_node(tree.feature[i], tree.threshold[i], tree.left[i], tree.right[i], tree.samples[i]);
    }
    return adopt(count);
  }

  [[nodiscard]] result<double> score_samples(std::span<const float> row) const noexcept {
    if (trees_ == 0) {
      return errc::insufficient;
    }
    if (row.size() != config_.columns) {
      return errc::width;
    }
    if (!detail::all_finite(row.data(), row.size())) {
      return errc::not_finite;
    }
    double depth = 0.0;
    for (std::size_t t = 0; t < trees_; ++t) {
      const float_node* node = &nodes_[roots_[t]];
      while (node->feature >= 0) {
        node = &nodes_[row[static_cast<std::size_t>(node->feature)] <= node->threshold ? node->left : node->right];
      }
      depth += node->path;
    }
    const double whole = static_cast<double>(trees_) * path_length(config_.sample);
    return -math::exp2(whole > 0.0 ? -depth / whole : -1.0);
  }

  /// score_samples - offset: below zero is an outlier.
  [[nodiscard]] result<double> decision_function(std::span<const float> row) const noexcept {
    const result<double> score = score_samples(row);
    if (!score) {
      return score.error();
    }
    return score.value() - config_.offset;
  }

  /// -1 for an outlier, 1 for an inlier.
  [[nodiscard]] result<int> predict(std::span<const float> row) const noexcept {
    const result<double> decision = decision_function(row);
    if (!decision) {
      return decision.error();
    }
    return decision.value() < 0.0 ? -1 : 1;
  }

  [[nodiscard]] double offset() const noexcept { return config_.offset; }
  [[nodiscard]] std::size_t columns() const noexcept { return config_.columns; }
  [[nodiscard]] std::uint64_t sample() const noexcept { return config_.sample; }
  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return used_ * sizeof(float_node) + trees_ * sizeof(std::uint32_t); }

 private:
  /// Makes a tree of the next `count` raw nodes, or leaves the forest as it was.
  ///
  /// Until a node's parent was seen its depth is unknown: -1 in `path` of a split, 0 instead of depth + 1 in `right` of a leaf, whose
  /// rows are in `path`. So each node has exactly one parent, or the tree is refused.
  [[nodiscard]] status adopt(std::size_t count) noexcept {
    const std::span<float_node> made = nodes_.subspan(used_, count);
    constexpr std::uint32_t none = 0x80000000U;  // and above: a negative number
    for (float_node& node : made) {
      if (node.left >= none) {
        if (node.right < none) {
          return errc::corrupt;
        }
        node = float_node{node.path, 0.0F, -1, 0, 0};
      } else if (node.feature < 0 || static_cast<std::size_t>(node.feature) >= config_.columns) {
        return errc::out_of_range;
      } else {
        node.path = -1.0;
      }
    }
    const auto reach = [](float_node& node, std::uint32_t depth) {
      const bool first = node.feature < 0 ? node.right == 0 : node.path < 0.0;
      if (node.feature < 0) {
        node.right = depth + 1U;
      } else {
        node.path = static_cast<double>(depth);
      }
      return first;
    };
    (void)reach(made[0], 0);
    for (std::size_t i = 0; i < count; ++i) {
      float_node& node = made[i];
      if (node.feature < 0) {
        if (node.right == 0) {
          return errc::corrupt;  // nobody's child
        }
        node.path = static_cast<double>(node.right - 1U) + path_length(static_cast<std::uint64_t>(node.path));
        node.right = 0;
        continue;
      }
      if (node.path < 0.0) {
        return errc::corrupt;
      }
      const auto below = static_cast<std::uint32_t>(node.path) + 1U;
      for (std::uint32_t* child : {&node.left, &node.right}) {
        if (*child <= i || *child >= count || !reach(made[*child], below)) {
          return errc::corrupt;
        }
        *child += static_cast<std::uint32_t>(used_);
      }
    }
    roots_[trees_] = static_cast<std::uint32_t>(used_);
    used_ += count;
    ++trees_;
    return {};
  }

  float_forest(const float_forest_config& config, std::span<float_node> nodes, std::span<std::uint32_t> roots) noexcept
      : config_{config}, nodes_{nodes}, roots_{roots} {}

  [[nodiscard]] double path_length(std::uint64_t rows) const noexcept {
    return config_.c == path_length_formula::exact ? average_path_length(rows) : sklearn_average_path_length(rows);
  }

  float_forest_config config_;
  std::span<float_node> nodes_;
  std::span<std::uint32_t> roots_;
  std::size_t used_ = 0, trees_ = 0;
};

}  // namespace skerry::inline v0::anomaly
