// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/anomaly/detail/tree_random.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

/// Isolation forest whose splits are random hyperplanes: it sees what lies between clusters, where splits along the axes leave bands
/// of low scores that no row was ever in.
///
/// A node draws up to `Terms` of the columns that are not constant in it, and for each a normal variate, divided by the spread of the
/// column in that node: so the scale of a column does not matter. A row goes left when its weighted sum is not above a threshold that
/// is uniform between the least and the greatest sum of the node's rows. Path lengths, leaf codes and scores are those of
/// `isolation_forest`. With `Terms` = 1 it is that forest on numbers instead of codes.
///
/// Input   rows of finite numbers
/// Units   depth sums in 1/12 of a split (1/256 for deep trees); scores in (0, 1), higher = stranger
/// Cost    fit: Trees · sample · depth · (Features + Terms) numbers looked at, once more when fitted before; Sample · 12 + Features · 17
///         bytes of stack. Score: Trees · depth · Terms products. No heap, trivially copyable.
///         sizeof <= Nodes · (5 · Terms + 11) + Trees + 4 · Trees + 32 up to 255 columns
/// Bound   sums are binary64 in a fixed order, so all bits are equal on all processors
/// Errors  as `isolation_forest`; `unsupported` for any other policy of missing values than `refuse`, and for density and explain
/// Source  Hariri, Carrasco Kind, Brunner: Extended Isolation Forest, IEEE TKDE 2021, algorithm 2. Ours draws the threshold between the
///         sums of rows instead of a point of their box, so that no child is empty, and divides by spreads
template <std::size_t Features, std::size_t Trees = 100, std::size_t Sample = 256, std::size_t Terms = (Features < 3 ? Features : 3),
          std::size_t Nodes = Trees*(Sample / 2)>
class oblique_forest {
  static_assert(Features > 0 && Features <= 65535, "oblique_forest: between 1 and 65535 columns");
  static_assert(Terms > 0 && Terms <= Features, "oblique_forest: between one column in a split and all of them");
  static_assert(Trees > 0 && Trees <= 65535 && Sample >= 2 && Sample <= 65535,
                "oblique_forest: 1 to 65535 trees, samples of 2 to 65535 rows");
  static_assert(Nodes > 0 && Nodes <= 0x7fffffff, "oblique_forest: room for at least one split");

 public:
  static constexpr std::size_t features = Features, tree_capacity = Trees, sample_capacity = Sample, terms = Terms, node_capacity = Nodes;

  /// Grows all trees. Every value is looked at before anything changes.
  [[nodiscard]] status fit(row_view<float> rows, const forest_config& config) noexcept {
    if (!rows.holds(Features)) {
      return errc::width;
    }
    if (rows.rows < 2) {
      return errc::insufficient;
    }
    if (config.missing != missing_policy::refuse || config.density || config.explain) {
      return errc::unsupported;
    }
    if (config.trees == 0 || config.sample < 2 || config.max_depth > detail::greatest_depth) {
      return errc::invalid;
    }
    if (config.trees > Trees || config.sample > Sample) {
      return errc::full;
    }
    if (rows.rows >= 0xffffffffU) {
      return errc::out_of_range;
    }
    growth plan;
    plan.seed = config.seed;
    plan.sample = static_cast<std::uint32_t>(rows.rows < config.sample ? rows.rows : config.sample);
    plan.depth = config.max_depth != 0 ? config.max_depth : detail::depth_limit_of(plan.sample);
    plan.scale = detail::leaf_scale_of(plan.sample, plan.depth);
    if (detail::leaf_code(plan.scale, plan.depth, plan.sample) > leaf_most) {
      return errc::invalid;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    for (const bool keep : {false, true}) {  // first count whether they fit
      std::uint32_t used = 0;
      for (std::uint32_t tree = 0; tree < config.trees; ++tree) {
        if (keep) {
          first_[tree] = used;
        }
        const std::uint32_t grown = grow(rows, plan, tree, used, keep);
        if (grown > Nodes - used) {
          return errc::full;
        }
        used += grown;
      }
      if (keep) {
        splits_ = used;
      }
    }
    clear_behind(config.trees);
    trees_ = config.trees;
    sample_ = static_cast<std::uint16_t>(plan.sample);
    scale_ = static_cast<std::uint16_t>(plan.scale);
    depth_ = static_cast<std::uint8_t>(plan.depth);
    return {};
  }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float, Features> row) const noexcept {
    if (trees_ == 0) {
      return errc::insufficient;
    }
    if (!detail::all_finite(row.data(), Features)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }

  [[nodiscard]] result<float> score(std::span<const float, Features> row) const noexcept {
    const result<std::uint32_t> sum = depth_sum(row);
    return sum ? score_of(sum.value()) : result<float>{sum.error()};
  }
  /// The score of a depth sum of this forest. Falls as the sum rises.
  [[nodiscard]] result<float> score_of(std::uint32_t depth_sum) const noexcept {
    if (trees_ == 0) {
      return errc::insufficient;
    }
    if (splits_ == 0) {
      return 0.5F;
    }
    const double whole = static_cast<double>(trees_) * static_cast<double>(scale_) * average_path_length(sample_);
    return static_cast<float>(math::exp2(-static_cast<double>(depth_sum) / whole));
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept {
    if (trees_ == 0) {
      return errc::insufficient;
    }
    if (!rows.holds(Features) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = sum_of(rows.row(i));
    }
    return {};
  }

  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  /// ψ: the rows that each tree saw; 0 before fit.
  [[nodiscard]] std::size_t sample() const noexcept { return sample_; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return depth_; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return scale_; }
  [[nodiscard]] std::size_t splits() const noexcept { return splits_; }
  /// True for a forest of bare leaves: all columns were constant, every score is 1/2.
  [[nodiscard]] bool degenerate() const noexcept { return trees_ != 0 && splits_ == 0; }
  /// Bytes of the model in use. The object itself takes sizeof.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return splits_ * (sizeof(weights) + sizeof(columns) + sizeof(double) + sizeof(count)) + (splits_ + trees_) * sizeof(leaf) +
           trees_ * sizeof(std::uint32_t);
  }

 private:
  using feature = std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>;
  using count = std::conditional_t<(Sample <= 256), std::uint8_t, std::uint16_t>;
  using leaf = std::conditional_t<(Sample <= 512), std::uint8_t, std::uint16_t>;
  using weights = std::array<float, Terms>;
  using columns = array_of<feature, Terms>;
  static constexpr std::uint32_t leaf_most = static_cast<leaf>(-1);

  struct growth {
    std::uint64_t seed = 0;
    std::uint32_t sample = 0, depth = 0, scale = 0;
  };

  /// The weighted sum of one row: in this order, in binary64, wherever it is asked for.
  [[nodiscard]] static double sum_along(const weights& w, const columns& c, const float* x) noexcept {
    double sum = 0;
    for (std::size_t k = 0; k < Terms; ++k) {
      sum += static_cast<double>(w[k]) * static_cast<double>(x[c[k]]);  // exact product
    }
    return sum;
  }

  [[nodiscard]] std::uint32_t sum_of(const float* x) const noexcept {
    std::uint32_t sum = 0;
    for (std::uint32_t tree = 0; tree < trees_; ++tree) {
      std::uint32_t at = first_[tree];
      std::uint32_t leaf_at = at + tree;
      std::uint32_t open = (tree + 1U < trees_ ? first_[tree + 1U] : splits_) - at;
      while (open != 0) {
        const std::uint32_t left = left_[at];
        if (sum_along(weight_[at], column_[at], x) > threshold_[at]) {
          at += left + 1U;
          leaf_at += left + 1U;
          open -= left + 1U;
        } else {
          ++at;
          open = left;
        }
      }
      sum += leaves_[leaf_at];
    }
    return sum;
  }

  /// What an earlier, larger fit left behind: equal forests are equal in every byte.
  void clear_behind(std::uint32_t trees) noexcept {
    for (std::uint32_t i = splits_; i < Nodes; ++i) {
      threshold_[i] = 0;
      weight_[i] = weights{};
      column_[i] = columns{};
      left_[i] = 0;
    }
    for (std::uint32_t i = splits_ + trees; i < Nodes + Trees; ++i) {
      leaves_[i] = 0;
    }
    for (std::uint32_t i = trees; i < Trees; ++i) {
      first_[i] = 0;
    }
  }

  /// Grows one tree behind the first `used` splits, or only counts its splits.
  [[nodiscard]] std::uint32_t grow(row_view<float> rows, const growth& plan, std::uint32_t tree, std::uint32_t used, bool keep) noexcept {
    struct waiting {
      std::uint32_t begin, end, heap, depth, parent;
    };
    constexpr std::uint32_t none = 0xffffffffU;
    std::array<std::uint32_t, Sample> order;
    std::array<double, Sample> along;
    const detail::row_sampler sampled{plan.seed, tree, static_cast<std::uint32_t>(rows.rows), plan.sample};
    for (std::uint32_t i = 0; i < plan.sample; ++i) {
      order[i] = sampled(i);
    }
    array_of<waiting, detail::greatest_depth + 2> todo;
    std::size_t size = 0;
    std::uint32_t splits = 0;
    std::uint32_t leaves = 0;
    todo[size++] = {0, plan.sample, 1, 0, none};
    while (size != 0) {
      const waiting node = todo[--size];
      if (keep && node.parent != none) {
        left_[used + node.parent] = static_cast<count>(splits - node.parent - 1U);
      }
      weights w{};
      columns c{};
      double cut = 0;
      detail::word_stream words{plan.seed, tree, node.heap, detail::split_domain};
      if (node.end - node.begin < 2 || node.depth == plan.depth ||
          !draw(rows, order.data(), along.data(), node.begin, node.end, words, w, c, cut)) {
        if (keep) {
          leaves_[used + tree + leaves] = static_cast<leaf>(detail::leaf_code(plan.scale, node.depth, node.end - node.begin));
        }
        ++leaves;
        continue;
      }
      std::uint32_t middle = node.begin;
      for (std::uint32_t i = node.begin; i < node.end; ++i) {
        const bool right = along[i] > cut;
        const std::uint32_t row = order[i];
        order[i] = order[middle];
        order[middle] = row;
        middle += static_cast<std::uint32_t>(!right);
      }
      if (used + splits < Nodes && keep) {
        weight_[used + splits] = w;
        column_[used + splits] = c;
        threshold_[used + splits] = cut;
      }
      todo[size++] = {middle, node.end, 2 * node.heap + 1U, node.depth + 1U, splits};
      todo[size++] = {node.begin, middle, 2 * node.heap, node.depth + 1U, none};
      ++splits;
    }
    return splits;
  }

  /// A hyperplane between the rows of a node, and the sums of these; false when they are all equal.
  [[nodiscard]] static bool draw(row_view<float> rows, const std::uint32_t* order, double* along, std::uint32_t begin, std::uint32_t end,
                                 detail::word_stream& words, weights& w, columns& c, double& cut) noexcept {
    // Columns in random order, the constant ones passed over: the first Terms of a shuffle that goes as far as it has to.
    array_of<feature, Features> shuffled;
    for (std::size_t j = 0; j < Features; ++j) {
      shuffled[j] = static_cast<feature>(j);
    }
    std::size_t found = 0;
    for (std::size_t j = 0; j < Features && found < Terms; ++j) {
      const std::size_t other = j + uniform_below(words, static_cast<std::uint32_t>(Features - j));
      const feature column = shuffled[other];
      shuffled[other] = shuffled[j];
      float least = rows.row(order[begin])[column];
      float greatest = least;
      for (std::uint32_t i = begin + 1; i < end; ++i) {
        const float x = rows.row(order[i])[column];
        least = x < least ? x : least;
        greatest = x > greatest ? x : greatest;
      }
      if (least < greatest) {
        const double spread = static_cast<double>(greatest) - static_cast<double>(least);
        const auto weight = static_cast<float>(normal(words) / spread);
        // A spread so small that no float holds what to multiply it with counts as none.
        if (detail::is_finite(weight) && weight != 0.0F) {
          c[found] = column;
          w[found] = weight;
          ++found;
        }
      }
    }
    if (found == 0) {
      return false;
    }
    double least = 0;
    double greatest = 0;
    for (std::uint32_t i = begin; i < end; ++i) {
      const double x = sum_along(w, c, rows.row(order[i]));
      along[i] = x;
      least = i == begin || x < least ? x : least;
      greatest = i == begin || x > greatest ? x : greatest;
    }
    if (!(least < greatest)) {
      return false;
    }
    cut = least + uniform_unit(words) * (greatest - least);
    cut = cut < greatest ? cut : least;
    return true;
  }

  /// In [0, 1).
  [[nodiscard]] static double uniform_unit(detail::word_stream& words) noexcept { return static_cast<double>(words()) * 0x1p-32; }

  std::array<double, Nodes> threshold_{};
  array_of<weights, Nodes> weight_{};
  std::array<std::uint32_t, Trees> first_{};
  std::uint32_t splits_ = 0;
  std::uint16_t trees_ = 0, sample_ = 0, scale_ = 0;
  std::uint8_t depth_ = 0;
  array_of<columns, Nodes> column_{};
  std::array<count, Nodes> left_{};
  array_of<leaf, Nodes + Trees> leaves_{};
};

}  // namespace skerry::inline v0::anomaly
