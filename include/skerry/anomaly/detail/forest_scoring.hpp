// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/contribution.hpp>
#include <skerry/anomaly/detail/forest_engine.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

template <typename Split, typename Leaf>
[[nodiscard]] std::uint32_t tree_splits(const forest_state& state, const forest_pool<Split, Leaf>& pool, std::uint32_t tree) noexcept {
  return (tree + 1U < state.trees ? pool.first[tree + 1U] : state.splits) - pool.first[tree];
}

/// The parts of one tree.
template <typename Split, typename Leaf>
struct tree_parts {
  std::span<const Split> splits;
  std::span<const Leaf> leaves;
  std::span<const std::uint8_t> densities;
  std::span<const Leaf> node_codes;
};
template <typename Split, typename Leaf>
[[nodiscard]] tree_parts<Split, Leaf> tree_view(const forest_state& state, const forest_pool<const Split, const Leaf>& pool,
                                                std::size_t tree) noexcept {
  SKERRY_ASSERT(tree < state.trees);
  const auto t = static_cast<std::uint32_t>(tree);
  const std::uint32_t first = pool.first[t];
  const std::size_t n = tree_splits(state, pool, t);
  tree_parts<Split, Leaf> parts{{pool.splits + first, n}, {pool.leaves + first + t, n + 1U}, {}, {}};
  if (state.density) {
    parts.densities = {pool.density + first + t, n + 1U};
  }
  if (state.explain) {
    parts.node_codes = {pool.node_codes + first, n};
  }
  return parts;
}

/// Bytes of trees and orders.
template <typename Split, typename Leaf>
[[nodiscard]] std::size_t bytes_in_use(const forest_state& state, const forest_pool<const Split, const Leaf>&) noexcept {
  const std::size_t leaves = std::size_t{state.splits} + state.trees;
  return state.splits * (sizeof(Split) + (state.explain ? sizeof(Leaf) : 0)) + leaves * (sizeof(Leaf) + (state.density ? 1U : 0U)) +
         state.trees * sizeof(std::uint32_t) + state.orders * orders_per_category * sizeof(category_order);
}

/// What a walk adds up: the leaf codes, or in one word those and, 32 bits higher, the densities. Neither sum passes 32 bits.
template <typename Leaf>
struct depth_of_leaf {
  using sum_type = std::uint32_t;
  const Leaf* leaf;
  [[nodiscard]] std::uint32_t operator()(std::uint32_t i) const noexcept { return leaf[i]; }
};
template <typename Leaf>
struct both_of_leaf {
  using sum_type = std::uint64_t;
  const Leaf* leaf;
  const std::uint8_t* density;
  [[nodiscard]] std::uint64_t operator()(std::uint32_t i) const noexcept { return leaf[i] | (std::uint64_t{density[i]} << 32U); }
};

/// The place of the leaf of one row in one tree.
/// `x[column]` is a code of the row: an array, or something that makes codes as they are asked for.
template <typename Split, typename Row>
[[nodiscard]] std::uint32_t walk_tree(const Split* split, std::uint32_t splits, const Row& x) noexcept {
  // By masks, because whether a row goes left or right is what a branch predictor cannot know.
  std::uint32_t leaf = 0;
  while (splits != 0) {
    const std::uint32_t left = split->left;
    const std::uint32_t right = 0U - static_cast<std::uint32_t>(x[split->feature] > split->threshold);
    const std::uint32_t rest = splits - 1U - left;
    splits = left ^ ((left ^ rest) & right);
    leaf += (left + 1U) & right;
    split += 1U + (left & right);
  }
  return leaf;
}

/// One tree of several that are walked together, so that the loads of one hide behind the others.
struct walk_lane {
  std::uint32_t at, leaf, splits;

  /// One that has come to its leaf stands still; the split after its last one must be readable.
  template <typename Split, typename Row>
  void step(const Split* split, const Row& x) noexcept {
    const Split& s = split[at];
    const std::uint32_t left = s.left;
    const std::uint32_t live = 0U - static_cast<std::uint32_t>(splits != 0);
    const std::uint32_t right = live & (0U - static_cast<std::uint32_t>(x[s.feature] > s.threshold));
    const std::uint32_t rest = splits - 1U - left;
    splits = (left ^ ((left ^ rest) & right)) & live;
    leaf += (left + 1U) & right;
    at += (left & right) - live;
  }
};

/// The sum over the leaves of one row in four trees. `first` holds their first splits and the end of the last tree; leaf i of tree t has
/// the place first[t] + t + i from `tree` on.
template <typename Split, typename Leaves, typename Row>
[[nodiscard]] typename Leaves::sum_type walk_four(const Split* split, const Leaves& leaf, const std::uint32_t* first, std::uint32_t tree,
                                                  const Row& x) noexcept {
  walk_lane a{first[0], first[0] + tree, first[1] - first[0]};
  walk_lane b{first[1], first[1] + tree + 1U, first[2] - first[1]};
  walk_lane c{first[2], first[2] + tree + 2U, first[3] - first[2]};
  walk_lane d{first[3], first[3] + tree + 3U, first[4] - first[3]};
  while ((a.splits | b.splits | c.splits | d.splits) != 0) {
    a.step(split, x);
    b.step(split, x);
    c.step(split, x);
    d.step(split, x);
  }
  return leaf(a.leaf) + leaf(b.leaf) + leaf(c.leaf) + leaf(d.leaf);
}

template <typename Split, typename Leaf, typename Leaves, typename Row>
[[nodiscard]] typename Leaves::sum_type sum_of_leaves(const forest_state& state, const forest_pool<Split, Leaf>& pool, const Leaves& leaf,
                                                      const Row& x) noexcept {
  typename Leaves::sum_type sum = 0;
  std::uint32_t tree = 0;
  for (; tree + 4U < state.trees; tree += 4) {
    const std::uint32_t* first = pool.first + tree;
    if (first[4] == pool.room) {
      break;  // bare leaves after a full pool: there is no split behind these
    }
    sum += walk_four(pool.splits, leaf, first, tree, x);
  }
  for (; tree < state.trees; ++tree) {
    const std::uint32_t first = pool.first[tree];
    sum += leaf(first + tree + walk_tree(pool.splits + first, tree_splits(state, pool, tree), x));
  }
  return sum;
}

/// 2^(-mean h / c(ψ)); exactly 1/2 for a forest of bare leaves, whose codes only say c(ψ) rounded.
[[nodiscard]] inline float score_of(const forest_state& state, std::uint32_t sum) noexcept {
  if (state.splits == 0) {
    return 0.5F;
  }
  const double whole = static_cast<double>(state.trees) * static_cast<double>(state.leaf_scale) * average_path_length(state.sample);
  return static_cast<float>(math::exp2(-static_cast<double>(sum) / whole));
}

/// How many rows a node had, from its code and depth. Exact while each n has its own code, else about the middle of those that share it.
[[nodiscard]] inline std::uint32_t rows_of_code(std::uint32_t leaf_scale, std::uint32_t depth, std::uint32_t code,
                                                std::uint32_t most) noexcept {
  const auto least_with = [&](std::uint32_t wanted) {  // the least n whose code is not below
    std::uint32_t low = 1;
    std::uint32_t high = most;
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (leaf_code(leaf_scale, depth, middle) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  const std::uint32_t first = least_with(code);
  const std::uint32_t next = least_with(code + 1U);
  return next > first ? first + (next - 1U - first) / 2 : first;
}

/// Induced imbalance of a split: 1/2 when its children are alike, 1 when one of them has a single row.
[[nodiscard]] inline double imbalance(std::uint32_t one, std::uint32_t other) noexcept {
  const std::uint32_t rows = one + other;
  const std::uint32_t greater = one > other ? one : other;
  const std::uint32_t least = (rows + 1U) / 2U;
  return rows - 1U == least ? 1.0 : 0.5 + 0.5 * static_cast<double>(greater - least) / static_cast<double>(rows - 1U - least);
}

/// Calls step(split, child among the splits, leaf, splits below the child, goes right) down one tree; `leaf` counts when no split is below.
template <typename Split, typename Row, typename Step>
void descend(std::span<const Split> splits, const Row& x, const Step& step) noexcept {
  std::uint32_t at = 0;
  std::uint32_t leaf = 0;
  auto count = static_cast<std::uint32_t>(splits.size());
  while (count != 0) {
    const Split& s = splits[at];
    const std::uint32_t left = s.left;
    const bool right = x[s.feature] > s.threshold;
    const std::uint32_t below = right ? count - 1U - left : left;
    leaf += right ? left + 1U : 0U;
    const std::uint32_t child = at + 1U + (right ? left : 0U);
    step(at, child, leaf, below, right);
    at = child;
    count = below;
  }
}

/// Credits the steps of one row through one tree to the columns.
template <typename Split, typename Leaf, typename Row>
void explain_tree(const tree_parts<Split, Leaf>& tree, const Row& x, std::size_t columns, std::span<const category_order> orders,
                  contribution_view out) noexcept {
  descend(tree.splits, x, [&](std::uint32_t at, std::uint32_t child, std::uint32_t leaf, std::uint32_t below, bool right) {
    const std::size_t column = tree.splits[at].feature;
    const bool turned = column >= columns + orders.size();
    const auto before = static_cast<std::int32_t>(tree.node_codes[at]);
    const auto after = static_cast<std::int32_t>(below != 0 ? tree.node_codes[child] : tree.leaves[leaf]);
    (right != turned ? out.high : out.low)[source_of(column, columns, orders)] += before - after;
  });
}

/// DIFFI of one row. `tree_at(t)` answers the parts of a tree. One column at a time, because a mean over splits needs their number and
/// there is no room for one per column.
template <typename TreeAt, typename Row>
void explain_diffi(const TreeAt& tree_at, std::size_t trees, std::uint32_t leaf_scale, std::uint32_t sample, const Row& x,
                   std::size_t columns, std::span<const category_order> orders, contribution_view out) noexcept {
  for (std::size_t wanted = 0; wanted < columns; ++wanted) {
    double low = 0;
    double high = 0;
    double count = 0;
    for (std::size_t t = 0; t < trees; ++t) {
      const auto tree = tree_at(t);
      std::uint32_t levels = 0;
      descend(tree.splits, x, [&](std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, bool) { ++levels; });
      std::uint32_t depth = 0;
      descend(tree.splits, x, [&](std::uint32_t at, std::uint32_t child, std::uint32_t leaf, std::uint32_t below, bool right) {
        const std::size_t column = tree.splits[at].feature;
        ++depth;
        if (source_of(column, columns, orders) != wanted) {
          return;
        }
        const std::uint32_t rows = rows_of_code(leaf_scale, depth - 1U, tree.node_codes[at], sample);
        std::uint32_t mine = rows_of_code(leaf_scale, depth, below != 0 ? tree.node_codes[child] : tree.leaves[leaf], sample);
        mine = mine < rows ? mine : rows - 1U;
        const bool turned = column >= columns + orders.size();
        (right != turned ? high : low) += imbalance(mine, rows - mine) / static_cast<double>(levels);
        count += 1.0;
      });
    }
    if (count > 0) {
      out.low[wanted] = static_cast<std::int32_t>(low / count * 65536.0 + 0.5);
      out.high[wanted] = static_cast<std::int32_t>(high / count * 65536.0 + 0.5);
    }
  }
}

/// A trained forest, to be read: the same code behind the fixed and the dynamic form.
///
/// `Quantizer` says how wide rows are, when compiled or when run. `Buffer` codes of a walked row stand on the stack; where rows may be
/// wider than that (`Wide`) codes are made as they are asked for.
template <typename Split, typename Leaf, typename Quantizer, std::size_t Buffer, bool Wide>
class forest_reader {
 public:
  using code_type = typename Split::code_type;
  using buffer_type = std::array<code_type, Buffer>;

  forest_reader(const forest_state& state, const forest_pool<const Split, const Leaf>& pool, Quantizer codes,
                std::span<const category_order> orders) noexcept
      : state_{state}, pool_{pool}, codes_{codes}, orders_{orders} {}

  [[nodiscard]] std::size_t columns() const noexcept { return codes_.columns(); }
  [[nodiscard]] std::size_t walked() const noexcept {
    return (columns() + orders_.size()) * (state_.missing == missing_policy::heavier ? 2U : 1U);
  }

  /// True when a row can be scored.
  [[nodiscard]] bool good(const float* row) const noexcept {
    if (state_.missing != missing_policy::refuse) {
      for (std::size_t j = 0; j < columns(); ++j) {
        if (!is_finite(row[j]) && !is_nan(row[j])) {
          return false;
        }
      }
      return true;
    }
    if (!all_finite(row, columns())) {
      return false;
    }
    for (std::size_t k = 0; k < orders_.size(); k += orders_per_category) {
      if (order_code(orders_[k], code(row, orders_[k].source)) == code_traits<code_type>::missing) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool good(const code_type* row) const noexcept {
    if (state_.missing != missing_policy::refuse) {
      return true;
    }
    if (!none_missing<code_type>(row, columns())) {
      return false;
    }
    for (std::size_t k = 0; k < orders_.size(); k += orders_per_category) {
      if (order_code(orders_[k], row[orders_[k].source]) == code_traits<code_type>::missing) {
        return false;
      }
    }
    return true;
  }
  template <typename Row>
  [[nodiscard]] bool all_good(row_view<Row> rows) const noexcept {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!good(rows.row(i))) {
        return false;
      }
    }
    return true;
  }

  /// All codes that are walked, of a good row.
  void encode(const float* row, code_type* out) const noexcept {
    for (std::size_t j = 0; j < columns(); ++j) {
      out[j] = quantize<code_type>(row[j], codes_.lo(j), codes_.inv_step(j));
    }
    if (state_.missing != missing_policy::refuse) {
      for (std::size_t j = 0; j < columns(); ++j) {
        out[j] = is_nan(row[j]) ? code_traits<code_type>::missing : out[j];
      }
    }
    if (state_.derives()) {
      derive(out, columns(), orders_, state_.missing == missing_policy::heavier);
    }
  }
  void encode(const code_type* row, code_type* out) const noexcept {
    for (std::size_t j = 0; j < columns(); ++j) {
      out[j] = row[j];
    }
    derive(out, columns(), orders_, state_.missing == missing_policy::heavier);
  }

  [[nodiscard]] std::uint32_t depth_sum(const auto* row) const noexcept {
    return with(row, [this](const auto& x) { return sum_of_leaves(state_, pool_, depth_of_leaf<Leaf>{pool_.leaves}, x); });
  }
  [[nodiscard]] forest_sums sums(const auto* row) const noexcept {
    const std::uint64_t both = with(row, [this](const auto& x) {
      return sum_of_leaves(state_, pool_, both_of_leaf<Leaf>{pool_.leaves, pool_.density}, x);
    });
    return {static_cast<std::uint32_t>(both), static_cast<std::uint32_t>(both >> 32U)};
  }
  void explain(const auto* row, contribution_view out, contribution_weighting weighting) const noexcept {
    for (std::size_t j = 0; j < columns(); ++j) {
      out.low[j] = 0;
      out.high[j] = 0;
    }
    (void)with(row, [this, out, weighting](const auto& x) {
      const auto tree_at = [this](std::size_t t) { return tree_view(state_, pool_, t); };
      if (weighting == contribution_weighting::path) {
        for (std::size_t t = 0; t < state_.trees; ++t) {
          explain_tree(tree_at(t), x, columns(), orders_, out);
        }
      } else {
        explain_diffi(tree_at, state_.trees, state_.leaf_scale, state_.sample, x, columns(), orders_, out);
      }
      return 0;
    });
  }

 private:
  [[nodiscard]] code_type code(const float* row, std::size_t j) const noexcept {
    return is_nan(row[j]) ? code_traits<code_type>::missing : quantize<code_type>(row[j], codes_.lo(j), codes_.inv_step(j));
  }
  [[nodiscard]] code_type code(const code_type* row, std::size_t j) const noexcept { return row[j]; }

  template <typename Number>
  struct lazy_row {
    const forest_reader& of;
    const Number* row;
    code_type operator[](std::size_t j) const noexcept {
      const std::size_t plain = of.columns() + of.orders_.size();
      const bool turned = j >= plain;
      j -= turned ? plain : 0;
      const code_type x =
          j < of.columns() ? of.code(row, j) : order_code(of.orders_[j - of.columns()], of.code(row, of.orders_[j - of.columns()].source));
      return turned ? mirror(x) : x;
    }
  };

  template <typename Number, typename Use>
  [[nodiscard]] auto with(const Number* row, const Use& use) const noexcept {
    if constexpr (std::is_same_v<Number, code_type>) {
      if (!state_.derives()) {
        return use(row);
      }
    }
    if constexpr (Wide) {
      if (walked() > Buffer) {
        return use(lazy_row<Number>{*this, row});
      }
    }
    buffer_type x;
    encode(row, x.data());
    const code_type* const codes = x.data();
    return use(codes);
  }

  const forest_state& state_;
  forest_pool<const Split, const Leaf> pool_;
  Quantizer codes_;
  std::span<const category_order> orders_;
};

}  // namespace skerry::inline v0::anomaly::detail
