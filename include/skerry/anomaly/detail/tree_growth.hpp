// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tree_random.hpp>
#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/quantizer.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// One split of a tree in pre-order: its left child is the next element, its right child follows after `left` more.
template <typename Feature, typename Count, forest_code Code>
struct split {
  using code_type = Code;
  Feature feature;
  Count left;      ///< splits in the left subtree; while that subtree grows, the end of its rows
  Code threshold;  ///< left when code <= threshold
};

template <typename Feature, typename Count, typename Code>
inline constexpr bool leaves_gaps = (sizeof(Feature) == 1 && sizeof(Count) == 2) ||
                                    ((sizeof(Feature) == 2 || sizeof(Count) == 2 || sizeof(Code) == 2) &&
                                     (sizeof(Feature) + sizeof(Count) + sizeof(Code)) % 2 != 0);

/// The same where the fields would leave gaps: no gaps, and no alignment.
template <typename Feature, typename Count, forest_code Code>
requires leaves_gaps<Feature, Count, Code>
struct [[gnu::packed]] split<Feature, Count, Code> {
  using code_type = Code;
  Feature feature;
  Count left;
  Code threshold;
};

/// Depth at which growing stops: ceil(log2 n), or what the caller wants.
[[nodiscard]] constexpr std::uint32_t depth_limit_of(std::uint32_t sample) noexcept {
  return static_cast<std::uint32_t>(std::bit_width(sample - 1U));
}

inline constexpr std::uint32_t greatest_depth = 31;  // heap indices of the nodes are words of 32 bits

/// What one leaf adds to a depth sum: round(L (depth + c(n))).
[[nodiscard]] inline std::uint32_t leaf_code(std::uint32_t leaf_scale, std::uint32_t depth, std::uint32_t rows) noexcept {
  return leaf_scale * depth + static_cast<std::uint32_t>(static_cast<double>(leaf_scale) * average_path_length(rows) + 0.5);
}

/// L: 12 when the largest leaf code then fits a byte, else 256. Depends on what was asked for, never on capacities.
[[nodiscard]] inline std::uint32_t leaf_scale_of(std::uint32_t sample, std::uint32_t depth_limit) noexcept {
  return leaf_code(12, depth_limit, sample) <= 255 ? 12 : 256;
}

struct tree_plan {
  std::uint64_t seed;
  std::uint32_t tree;
  std::uint32_t rows;  ///< in the sample of a tree
  std::uint32_t columns;
  std::uint32_t leaf_scale;
  std::uint32_t depth_limit;
};

/// All that is remembered of a tree at work, between slices: the rest is in the splits so far and in the order of the rows.
struct tree_state {
  std::uint32_t heap = 0;  ///< heap index of the node at work; 0: the sample is not drawn yet
  std::uint16_t begin = 0;
  std::uint16_t splits = 0;
  std::uint16_t leaves = 0;
  std::uint16_t constants = 0;  ///< columns found constant in this node
};

enum class growth : std::uint8_t { unfinished, complete, full };

/// Splits and leaves are written (true), or only counted.
template <typename Split, typename Leaf>
struct tree_place {
  Split* splits;  ///< null: count only
  Leaf* leaves;
  std::uint32_t room;  ///< splits that fit
};

/// The position of the r-th unmarked column.
[[nodiscard]] inline std::uint32_t nth_unmarked(std::span<const std::uint32_t> marks, std::uint32_t r) noexcept {
  std::uint32_t base = 0;
  for (std::uint32_t word : marks) {
    std::uint32_t open = ~word;
    const auto here = static_cast<std::uint32_t>(std::popcount(open));
    if (r < here) {
      while (r-- > 0) {
        open &= open - 1U;
      }
      return base + static_cast<std::uint32_t>(std::countr_zero(open));
    }
    r -= here;
    base += 32;
  }
  return base;
}

/// The columns that were not found constant in a node. Marks are only written once there is one to write.
class open_columns {
 public:
  open_columns(std::span<std::uint32_t> marks, std::uint32_t columns) noexcept : marks_{marks}, columns_{columns}, open_{columns} {}

  [[nodiscard]] std::uint32_t count() const noexcept { return open_; }
  [[nodiscard]] std::uint32_t draw(word_stream& words) noexcept {
    const std::uint32_t r = uniform_below(words, open_);
    return open_ == columns_ ? r : nth_unmarked(marks_, r);
  }
  void close(std::uint32_t column) noexcept {
    if (open_ == columns_) {
      for (std::uint32_t& word : marks_) {
        word = 0;
      }
    }
    marks_[column / 32] |= 1U << (column % 32);
    --open_;
  }

 private:
  std::span<std::uint32_t> marks_;
  std::uint32_t columns_, open_;
};

/// Grows one tree in pre-order, as far as `visits` row visits allow; one unit of work (look for the extremes of a column in a
/// node, then part its rows) is never cut, so a call does at most 2 · rows visits more.
///
/// `order` holds the rows of the sample: get(i), set(i, row). `code(row, column)` reads one code. The tree depends on the plan
/// and on the set of rows alone.
template <typename Split, typename Leaf, typename Order, typename CodeOf>
growth grow_tree(const tree_plan& plan, tree_state& state, tree_place<Split, Leaf> place, Order& order, const CodeOf& code,
                 std::span<std::uint32_t> marks, std::uint64_t& visits) noexcept {
  struct level {
    std::uint32_t split, end;
  };
  std::array<level, greatest_depth + 1> path;  // the splits above the node at work, and where their rows end
  auto depth = static_cast<std::uint32_t>(std::bit_width(state.heap)) - 1U;
  std::uint32_t end = plan.rows;
  for (std::uint32_t d = 0, k = 0; d < depth; ++d) {
    path[d] = {k, end};
    if (((state.heap >> (depth - 1U - d)) & 1U) == 0) {
      end = place.splits[k].left;
      k += 1;
    } else {
      k += 1U + place.splits[k].left;
    }
  }

  for (;;) {
    const std::uint32_t begin = state.begin;
    const std::uint32_t rows = end - begin;
    if (rows > 1 && depth < plan.depth_limit) {
      word_stream words{plan.seed, plan.tree, state.heap, split_domain};
      open_columns open{marks, plan.columns};
      for (std::uint32_t i = 0; i < state.constants; ++i) {  // what earlier slices drew, without looking at rows again
        open.close(open.draw(words));
      }
      std::int32_t least = 0;
      std::int32_t greatest = 0;
      std::uint32_t column = 0;
      while (least == greatest && open.count() > 0) {
        if (visits == 0) {
          return growth::unfinished;
        }
        visits -= visits < rows ? visits : rows;
        column = open.draw(words);
        least = greatest = code(order.get(begin), column);
        for (std::uint32_t i = begin + 1; i < end; ++i) {
          const std::int32_t c = code(order.get(i), column);
          least = c < least ? c : least;
          greatest = c > greatest ? c : greatest;
        }
        if (least == greatest) {
          open.close(column);
          ++state.constants;
        }
      }
      if (least < greatest) {
        if (state.splits == place.room) {
          return growth::full;
        }
        const std::int32_t threshold =
            least + static_cast<std::int32_t>(uniform_below(words, static_cast<std::uint32_t>(greatest - least)));
        std::uint32_t middle = begin;
        for (std::uint32_t i = begin; i < end; ++i) {
          const auto row = order.get(i);
          order.set(i, order.get(middle));
          order.set(middle, row);
          middle += static_cast<std::uint32_t>(code(row, column) <= threshold);
        }
        visits -= visits < rows ? visits : rows;
        if (place.splits != nullptr) {
          Split& made = place.splits[state.splits];
          made.feature = static_cast<decltype(made.feature)>(column);
          made.left = static_cast<decltype(made.left)>(middle);
          made.threshold = static_cast<decltype(made.threshold)>(threshold);
        }
        path[depth] = {state.splits, end};
        ++state.splits;
        state.constants = 0;
        state.heap *= 2;
        ++depth;
        end = middle;
        continue;
      }
    }
    if (place.splits != nullptr) {
      place.leaves[state.leaves] = static_cast<Leaf>(leaf_code(plan.leaf_scale, depth, rows));
    }
    ++state.leaves;
    state.constants = 0;
    state.begin = static_cast<std::uint16_t>(end);
    while (depth > 0 && (state.heap & 1U) != 0) {
      state.heap /= 2;
      --depth;
    }
    if (depth == 0) {
      return growth::complete;
    }
    const level& parent = path[depth - 1];
    if (place.splits != nullptr) {
      Split& above = place.splits[parent.split];
      above.left = static_cast<decltype(above.left)>(state.splits - parent.split - 1U);
    }
    end = parent.end;
    ++state.heap;
  }
}

}  // namespace skerry::inline v0::anomaly::detail
