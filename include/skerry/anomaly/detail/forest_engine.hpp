// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/core/math.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

/// The scalars of a forest, the same in fixed and dynamic form.
struct forest_state {
  std::uint64_t seed = 0;
  std::uint32_t splits = 0;        ///< of the complete trees
  std::uint32_t history_rows = 0;  ///< while growing in slices: what the caller keeps
  tree_state at_work{};
  std::uint16_t trees = 0;    ///< complete
  std::uint16_t planned = 0;  ///< wanted
  std::uint16_t wanted_sample = 0;
  std::uint16_t sample = 0;      ///< ψ; 0 until rows were seen
  std::uint16_t leaf_scale = 0;  ///< L
  std::uint8_t wanted_depth = 0;
  std::uint8_t depth_limit = 0;
  bool growing = false;
  bool fresh = true;  ///< the pool is as it was made: all zero
};

/// Where a forest keeps its trees: splits one tree after the other, leaves likewise (a tree has one leaf more than splits).
template <typename Split, typename Leaf>
struct forest_pool {
  Split* splits;
  Leaf* leaves;
  std::conditional_t<std::is_const_v<Split>, const std::uint32_t, std::uint32_t>* first;  ///< of each tree: its first split
  std::uint32_t room;                                                                     ///< splits
  std::uint32_t trees;                                                                    ///< places for trees
};

/// Clears what lies behind the trees: rows of a history that were at work there, trees of an earlier fit.
template <typename Split, typename Leaf>
void clear_tail(const forest_state& state, forest_pool<Split, Leaf> pool) noexcept {
  for (std::uint32_t i = state.splits; i < pool.room; ++i) {
    pool.splits[i] = Split{};
  }
  for (std::uint32_t i = state.splits + state.trees; i < pool.room + pool.trees; ++i) {
    pool.leaves[i] = Leaf{};
  }
  for (std::uint32_t i = state.trees; i < pool.trees; ++i) {
    pool.first[i] = 0;
  }
}

/// Takes over a configuration, or says what is wrong with it. The depth is checked where ψ is known.
[[nodiscard]] inline status begin_forest(forest_state& state, const forest_config& config, std::size_t most_trees,
                                         std::size_t most_sample) noexcept {
  if (config.missing != missing_policy::refuse) {
    return errc::unsupported;
  }
  if (config.trees == 0 || config.sample < 2 || config.max_depth > greatest_depth) {
    return errc::invalid;
  }
  if (config.trees > most_trees || config.sample > most_sample) {
    return errc::full;
  }
  forest_state begun;
  begun.seed = config.seed;
  begun.planned = config.trees;
  begun.wanted_sample = config.sample;
  begun.wanted_depth = config.max_depth;
  begun.fresh = state.fresh;
  state = begun;
  return {};
}

/// Fixes ψ, depth and L once the number of rows is known; `invalid` when the leaf codes would not fit.
template <typename Leaf>
[[nodiscard]] status set_sample(forest_state& state, std::size_t rows) noexcept {
  const auto sample = static_cast<std::uint16_t>(rows < state.wanted_sample ? rows : state.wanted_sample);
  const std::uint32_t depth = state.wanted_depth != 0 ? state.wanted_depth : depth_limit_of(sample);
  const std::uint32_t scale = leaf_scale_of(sample, depth);
  if (leaf_code(scale, depth, sample) > static_cast<std::uint32_t>(static_cast<Leaf>(-1))) {
    return errc::invalid;
  }
  state.sample = sample;
  state.depth_limit = static_cast<std::uint8_t>(depth);
  state.leaf_scale = static_cast<std::uint16_t>(scale);
  return {};
}

[[nodiscard]] inline tree_plan plan_of(const forest_state& state, std::uint32_t tree, std::size_t columns) noexcept {
  return tree_plan{state.seed, tree, state.sample, static_cast<std::uint32_t>(columns), state.leaf_scale, state.depth_limit};
}

/// The order of a sample in an array of row numbers.
struct array_order {
  std::uint16_t* rows;
  [[nodiscard]] std::uint32_t get(std::uint32_t i) const noexcept { return rows[i]; }
  void set(std::uint32_t i, std::uint32_t row) noexcept { rows[i] = static_cast<std::uint16_t>(row); }
};

/// The order of a sample in splits that are not used yet: a row number is spread over the fields of one split.
///
/// While a tree grows its splits are written from the front, its rows wait `depth_limit` places further back. In pre-order
/// there are never more splits than finished rows + depth, so no split falls on a row that is still wanted.
template <typename Split>
struct pool_order {
  static constexpr std::uint32_t feature_bits = 8 * sizeof(Split::feature), left_bits = 8 * sizeof(Split::left);
  static constexpr std::uint32_t bits = feature_bits + left_bits + 8 * sizeof(Split::threshold);
  using code_type = typename Split::code_type;
  Split* at;

  [[nodiscard]] std::uint32_t get(std::uint32_t i) const noexcept {
    const Split& s = at[i];
    std::uint32_t row = static_cast<std::uint32_t>(s.feature) | (static_cast<std::uint32_t>(s.left) << feature_bits);
    if constexpr (feature_bits + left_bits < 32) {
      constexpr std::uint32_t mask = sizeof(code_type) == 1 ? 0xffU : 0xffffU;
      row |= (static_cast<std::uint32_t>(s.threshold) & mask) << (feature_bits + left_bits);
    }
    return row;
  }
  void set(std::uint32_t i, std::uint32_t row) noexcept {
    Split& s = at[i];
    s.feature = static_cast<decltype(s.feature)>(row);
    s.left = static_cast<decltype(s.left)>(row >> feature_bits);
    s.threshold = code_type{};
    if constexpr (feature_bits + left_bits < 32) {
      s.threshold = static_cast<code_type>(row >> (feature_bits + left_bits));
    }
  }
};

/// Codes of rows that are codes already.
template <typename Code>
struct gather_codes {
  row_view<Code> rows;
  void ask(std::size_t i) const noexcept { __builtin_prefetch(rows.row(i)); }
  void codes(std::size_t i, Code* out) const noexcept {
    const Code* row = rows.row(i);
    for (std::size_t j = 0; j < rows.columns; ++j) {
      out[j] = row[j];
    }
  }
};

/// Codes of rows of numbers.
template <typename Code>
struct gather_numbers {
  row_view<float> rows;
  const float *lo, *inv_step;
  void ask(std::size_t i) const noexcept {
    __builtin_prefetch(rows.row(i));
    __builtin_prefetch(rows.row(i) + (rows.columns - 1));
  }
  void codes(std::size_t i, Code* out) const noexcept {
    const float* row = rows.row(i);
    for (std::size_t j = 0; j < rows.columns; ++j) {
      out[j] = quantize<Code>(row[j], lo[j], inv_step[j]);
    }
  }
};

/// Memory in which whole trees are grown at once: the codes of one sample, row after row, their order, and marks of columns.
template <typename Code>
struct training_scratch {
  Code* codes;
  std::uint16_t* order;
  std::span<std::uint32_t> marks;
};

/// Grows all trees of a begun forest. `gather.codes(row, out)` writes the codes of one row of the
/// history, which are known to be good; `gather.ask(row)` says that this will be wanted soon.
///
/// Without `keep` nothing is written but `state`: that run tells whether the trees fit.
template <typename Split, typename Leaf, typename Gather>
[[nodiscard]] growth grow_all(forest_state& state, forest_pool<Split, Leaf> pool, bool keep, std::size_t columns, std::uint32_t history,
                              training_scratch<typename Split::code_type> scratch, const Gather& gather) noexcept {
  const typename Split::code_type* codes = scratch.codes;
  const auto code = [codes, columns](std::uint32_t row, std::uint32_t column) -> std::int32_t { return codes[row * columns + column]; };
  array_order order{scratch.order};
  std::uint32_t used = 0;
  for (std::uint32_t tree = 0; tree < state.planned; ++tree) {
    const row_sampler sample{state.seed, tree, history, state.sample};
    // The rows of a sample lie anywhere in the history: each is asked for some rows before it is needed.
    constexpr std::uint32_t ahead = 16;
    std::array<std::uint32_t, ahead> asked;
    for (std::uint32_t i = 0; i < state.sample + ahead; ++i) {
      if (i >= ahead) {
        gather.codes(asked[i % ahead], scratch.codes + (i - ahead) * columns);
        scratch.order[i - ahead] = static_cast<std::uint16_t>(i - ahead);
      }
      if (i < state.sample) {
        asked[i % ahead] = sample(i);
        gather.ask(asked[i % ahead]);
      }
    }
    tree_place<Split, Leaf> place{nullptr, nullptr, pool.room - used};
    if (keep) {
      place.splits = pool.splits + used;
      place.leaves = pool.leaves + used + tree;
      pool.first[tree] = used;
    }
    tree_state growing;
    growing.heap = 1;
    std::uint64_t visits = static_cast<std::uint64_t>(-1);
    if (grow_tree(plan_of(state, tree, columns), growing, place, order, code, scratch.marks, visits) == growth::full) {
      return growth::full;
    }
    used += growing.splits;
  }
  state.trees = state.planned;
  state.splits = used;
  return growth::complete;
}

/// Grows all trees at once, or leaves everything as it was. A forest that has trees counts before it builds.
template <typename Split, typename Leaf, typename Gather>
[[nodiscard]] status fit_all(forest_state& state, forest_pool<Split, Leaf> pool, const forest_config& config, std::size_t most_sample,
                             std::size_t columns, std::size_t rows, training_scratch<typename Split::code_type> scratch,
                             const Gather& gather) noexcept {
  forest_state next = state;
  if (const status begun = begin_forest(next, config, pool.trees, most_sample); !begun) {
    return begun;
  }
  if (rows >= 0xffffffffU) {
    return errc::out_of_range;
  }
  if (const status fits = set_sample<Leaf>(next, rows); !fits) {
    return fits;
  }
  const auto history = static_cast<std::uint32_t>(rows);
  if (!next.fresh && grow_all(next, pool, false, columns, history, scratch, gather) == growth::full) {
    return errc::full;
  }
  if (grow_all(next, pool, true, columns, history, scratch, gather) == growth::full) {
    clear_tail(forest_state{}, pool);
    return errc::full;
  }
  next.fresh = false;
  clear_tail(next, pool);
  state = next;
  return {};
}

/// One slice of the next tree. The refusals leave everything as it was, but for `full`, which drops the tree at work.
template <typename Split, typename Leaf>
[[nodiscard]] result<bool> grow_slice(forest_state& state, forest_pool<Split, Leaf> pool, row_view<typename Split::code_type> history,
                                      std::size_t columns, std::size_t row_visits, std::span<std::uint32_t> marks) noexcept {
  using code_type = typename Split::code_type;
  if (!state.growing) {
    return state.planned == 0 ? errc::insufficient : errc::full;
  }
  if (!history.holds(columns)) {
    return errc::width;
  }
  if (history.rows < 2) {
    return errc::insufficient;
  }
  if (history.rows >= 0xffffffffU || (pool_order<Split>::bits < 32 && (history.rows >> (pool_order<Split>::bits % 32U)) != 0)) {
    return errc::out_of_range;
  }
  const auto rows = static_cast<std::uint32_t>(history.rows);
  forest_state next = state;
  if (next.sample == 0) {
    if (const status fits = set_sample<Leaf>(next, rows); !fits) {
      return fits.error();
    }
    next.history_rows = rows;
  } else if (next.history_rows != rows) {
    return errc::mismatch;
  }
  const std::uint32_t free = pool.room - next.splits;
  pool_order<Split> order{pool.splits + next.splits + next.depth_limit};
  std::uint64_t visits = row_visits;
  if (next.at_work.heap == 0) {
    if (visits == 0) {
      return false;
    }
    if (free < std::uint32_t{next.sample} + next.depth_limit) {
      state.growing = false;
      clear_tail(state, pool);
      return errc::full;
    }
    const row_sampler sample{next.seed, next.trees, rows, next.sample};
    for (std::uint32_t i = 0; i < next.sample; ++i) {
      if (!none_missing<code_type>(history.row(sample(i)), columns)) {
        return errc::not_finite;
      }
    }
    for (std::uint32_t i = 0; i < next.sample; ++i) {
      order.set(i, sample(i));
    }
    visits -= visits < next.sample ? visits : next.sample;
    next.at_work = tree_state{};
    next.at_work.heap = 1;
    next.fresh = false;
  }
  const code_type* codes = history.data;
  const std::size_t stride = history.stride;
  const auto code = [codes, stride](std::uint32_t row, std::uint32_t column) -> std::int32_t { return codes[row * stride + column]; };
  const tree_place<Split, Leaf> place{pool.splits + next.splits, pool.leaves + next.splits + next.trees, free};
  const growth how = grow_tree(plan_of(next, next.trees, columns), next.at_work, place, order, code, marks, visits);
  if (how == growth::complete) {
    pool.first[next.trees] = next.splits;
    next.splits += next.at_work.splits;
    ++next.trees;
    next.at_work = tree_state{};
    next.growing = next.trees < next.planned;
    if (!next.growing) {
      next.history_rows = 0;
      clear_tail(next, pool);
    }
  }
  state = next;
  return how == growth::complete;
}

/// The leaf code of one row in one tree.
/// `x[column]` is a code of the row: an array, or something that makes codes as they are asked for.
template <typename Split, typename Leaf, typename Row>
[[nodiscard]] std::uint32_t walk_tree(const Split* split, const Leaf* leaf, std::uint32_t splits, const Row& x) noexcept {
  // By masks, because whether a row goes left or right is what a branch predictor cannot know.
  while (splits != 0) {
    const std::uint32_t left = split->left;
    const std::uint32_t right = 0U - static_cast<std::uint32_t>(x[split->feature] > split->threshold);
    const std::uint32_t rest = splits - 1U - left;
    splits = left ^ ((left ^ rest) & right);
    leaf += (left + 1U) & right;
    split += 1U + (left & right);
  }
  return *leaf;
}

template <typename Split, typename Leaf>
[[nodiscard]] std::uint32_t tree_splits(const forest_state& state, const forest_pool<Split, Leaf>& pool, std::uint32_t tree) noexcept {
  return (tree + 1U < state.trees ? pool.first[tree + 1U] : state.splits) - pool.first[tree];
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

/// The sum of the leaf codes of one row in four trees. `first` holds their first splits and the end of the last tree.
template <typename Split, typename Leaf, typename Row>
[[nodiscard]] std::uint32_t walk_four(const Split* split, const Leaf* leaf, const std::uint32_t* first, const Row& x) noexcept {
  // Four names instead of an array, which -O2 leaves in memory.
  walk_lane a{first[0], first[0], first[1] - first[0]};
  walk_lane b{first[1], first[1] + 1U, first[2] - first[1]};
  walk_lane c{first[2], first[2] + 2U, first[3] - first[2]};
  walk_lane d{first[3], first[3] + 3U, first[4] - first[3]};
  while ((a.splits | b.splits | c.splits | d.splits) != 0) {
    a.step(split, x);
    b.step(split, x);
    c.step(split, x);
    d.step(split, x);
  }
  return std::uint32_t{leaf[a.leaf]} + leaf[b.leaf] + leaf[c.leaf] + leaf[d.leaf];
}

template <typename Split, typename Leaf, typename Row>
[[nodiscard]] std::uint32_t depth_sum(const forest_state& state, const forest_pool<Split, Leaf>& pool, const Row& x) noexcept {
  std::uint32_t sum = 0;
  std::uint32_t tree = 0;
  for (; tree + 4U < state.trees; tree += 4) {
    const std::uint32_t* first = pool.first + tree;
    if (first[4] == pool.room) {
      break;  // bare leaves after a full pool: there is no split behind these
    }
    sum += walk_four(pool.splits, pool.leaves + tree, first, x);
  }
  for (; tree < state.trees; ++tree) {
    const std::uint32_t first = pool.first[tree];
    sum += walk_tree(pool.splits + first, pool.leaves + first + tree, tree_splits(state, pool, tree), x);
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

}  // namespace skerry::inline v0::anomaly::detail
