// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/column_table.hpp>
#include <skerry/anomaly/detail/leaf_density.hpp>
#include <skerry/anomaly/detail/tree_random.hpp>
#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

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

/// round(L c(n)) for small n, because small processors compute in binary64 by long routines.
template <std::uint32_t Scale>
inline constexpr auto scaled_path_table = [] {
  std::array<std::conditional_t<(Scale < 24), std::uint8_t, std::uint16_t>, path_length_table_size> table{};
  for (std::size_t n = 0; n < path_length_table_size; ++n) {
    table[n] = static_cast<typename decltype(table)::value_type>(static_cast<double>(Scale) * path_length_table[n] + 0.5);
  }
  return table;
}();

/// What one leaf adds to a depth sum: round(L (depth + c(n))).
[[nodiscard]] inline std::uint32_t leaf_code(std::uint32_t leaf_scale, std::uint32_t depth, std::uint32_t rows) noexcept {
  if (rows < path_length_table_size && (leaf_scale == 12 || leaf_scale == 256)) {
    return leaf_scale * depth + (leaf_scale == 12 ? scaled_path_table<12>[rows] : scaled_path_table<256>[rows]);
  }
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

/// Where a tree is written.
template <typename Split, typename Leaf>
struct tree_place {
  Split* splits;  ///< null: count only
  Leaf* leaves;
  std::uint32_t room;          ///< splits that fit
  Leaf* node_codes = nullptr;  ///< of every split, what a leaf in its place would say; or null
  /// Of every leaf, or null. Between slices the volumes along the path wait behind the leaves: places rows … rows + depth_limit of
  /// `leaves` and `density` belong to the tree at work.
  std::uint8_t* density = nullptr;
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

/// Every column of a row is one to draw from, all alike.
struct plain_columns {
  static constexpr bool plain = true;
  using open_type = open_columns;
  std::uint32_t columns;

  [[nodiscard]] open_columns open(std::span<std::uint32_t> marks) const noexcept { return {marks, columns}; }
  [[nodiscard]] std::uint32_t pick(word_stream&, std::uint32_t column) const noexcept { return column; }
  [[nodiscard]] std::uint32_t stored() const noexcept { return columns; }
};

/// Columns with weights that were not found constant in a node. Weights of one are the draws of `open_columns`.
class open_weighted_columns {
 public:
  open_weighted_columns(std::span<std::uint32_t> marks, std::uint32_t columns, std::span<const std::uint16_t> weights) noexcept
      : marks_{marks}, weights_{weights} {
    for (std::uint32_t& word : marks_) {
      word = 0;
    }
    if (weights_.empty()) {
      open_ = columns;
      return;
    }
    for (const std::uint16_t w : weights_) {
      open_ += w;
    }
  }

  /// 0: nothing is left to draw.
  [[nodiscard]] std::uint32_t count() const noexcept { return open_; }
  [[nodiscard]] std::uint32_t draw(word_stream& words) const noexcept {
    std::uint32_t r = uniform_below(words, open_);
    if (weights_.empty()) {
      return nth_unmarked(marks_, r);
    }
    std::uint32_t column = 0;
    for (; closed(column) || r >= weights_[column]; ++column) {
      r -= closed(column) ? 0U : weights_[column];
    }
    return column;
  }
  void close(std::uint32_t column) noexcept {
    marks_[column / 32] |= 1U << (column % 32);
    open_ -= weights_.empty() ? 1U : weights_[column];
  }

 private:
  [[nodiscard]] bool closed(std::uint32_t column) const noexcept { return ((marks_[column / 32] >> (column % 32)) & 1U) != 0; }

  std::span<std::uint32_t> marks_;
  std::span<const std::uint16_t> weights_;
  std::uint32_t open_ = 0;
};

/// Columns with weights, with names, or with values that are missing and go where more rows went.
struct table_columns {
  static constexpr bool plain = false;
  using open_type = open_weighted_columns;
  std::uint32_t columns;
  std::span<const category_order> orders;
  std::span<const std::uint16_t> weights;
  bool heavier;

  [[nodiscard]] open_weighted_columns open(std::span<std::uint32_t> marks) const noexcept { return {marks, columns, weights}; }
  /// For a column of names one of its orders.
  [[nodiscard]] std::uint32_t pick(word_stream& words, std::uint32_t column) const noexcept {
    for (std::uint32_t k = 0; k < orders.size(); k += orders_per_category) {
      if (orders[k].source == column) {
        return columns + k + uniform_below(words, orders_per_category);
      }
    }
    return column;
  }
  [[nodiscard]] std::uint32_t stored() const noexcept { return columns + static_cast<std::uint32_t>(orders.size()); }
};

/// The least and greatest code of some rows in one column, missing codes passed over; both 0 when there is nothing else.
template <forest_code Code, typename Order, typename CodeOf>
void extremes_of_present(const Order& order, const CodeOf& code, std::uint32_t column, std::uint32_t begin, std::uint32_t end,
                         std::int32_t& least, std::int32_t& greatest) noexcept {
  bool any = false;
  least = greatest = 0;
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::int32_t c = code(order.get(i), column);
    if (c == code_traits<Code>::missing) {
      continue;
    }
    least = !any || c < least ? c : least;
    greatest = !any || c > greatest ? c : greatest;
    any = true;
  }
}

/// True when the mirror of a column sends the missing code to where more of the rows are.
template <forest_code Code, typename Order, typename CodeOf>
[[nodiscard]] bool wants_mirror(const Order& order, const CodeOf& code, std::uint32_t column, std::uint32_t begin, std::uint32_t end,
                                std::int32_t cut) noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::int32_t c = code(order.get(i), column);
    const bool present = c != code_traits<Code>::missing;
    low += static_cast<std::uint32_t>(present && c <= cut);
    high += static_cast<std::uint32_t>(present && c > cut);
  }
  constexpr bool missing_is_low = code_traits<Code>::missing < 0;
  return (low >= high) != missing_is_low;
}

/// Puts the rows whose code is not beyond the cut in front; where the others begin. On its own: in the middle of a tree's growth there
/// are not registers enough for it.
template <typename Order, typename CodeOf>
[[gnu::noinline]] std::uint32_t part_rows(Order order, std::uint32_t begin, std::uint32_t end, std::uint32_t column, std::int32_t cut,
                                          CodeOf code) noexcept {
  std::uint32_t middle = begin;
  for (std::uint32_t i = begin; i < end; ++i) {
    const auto row = order.get(i);
    order.set(i, order.get(middle));
    order.set(middle, row);
    middle += static_cast<std::uint32_t>(code(row, column) <= cut);
  }
  return middle;
}

/// Between slices the volumes along the path lie where no leaf has come yet.
template <typename Leaf>
void keep_volume(Leaf* leaf, std::uint8_t* density, std::int32_t volume) noexcept {
  const auto bits = static_cast<std::uint32_t>(volume);
  *leaf = static_cast<Leaf>(bits & 0xffU);
  *density = static_cast<std::uint8_t>((bits >> 8U) & 0xffU);
}
template <typename Leaf>
[[nodiscard]] std::int32_t kept_volume(const Leaf* leaf, const std::uint8_t* density) noexcept {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>((std::uint32_t{*density} << 8U) | (*leaf & 0xffU)));
}

/// Grows one tree in pre-order, as far as `visits` row visits allow; one unit of work (look for the extremes of a column in a
/// node, then part its rows) is never cut, so a call does at most 2 · rows visits more, 3 · rows with a table of columns.
///
/// `order` holds the rows of the sample: get(i), set(i, row). `code(row, column)` reads one code. The tree depends on the plan,
/// on `columns` and on the set of rows alone.
template <typename Split, typename Leaf, typename Order, typename CodeOf, typename Columns = plain_columns>
growth grow_tree(const tree_plan& plan, tree_state& state, tree_place<Split, Leaf> place, Order& order_of_rows, const CodeOf& code_of,
                 std::span<std::uint32_t> marks, std::uint64_t& visits, const Columns& columns) noexcept {
  using code_type = typename Split::code_type;
  static_assert(std::is_trivially_copyable_v<Order> && sizeof(Order) <= 2 * sizeof(void*), "grow_tree: an order is a handle, not the rows");
  Order order = order_of_rows;  // in registers: what is reached by reference is read anew after every write of a row
  const CodeOf code = code_of;
  struct level {
    std::uint32_t split, end;
    std::int32_t right;  // volume of the right child
  };
  array_of<level, greatest_depth + 1> path;  // the splits above the node at work, and where their rows end
  auto depth = static_cast<std::uint32_t>(std::bit_width(state.heap)) - 1U;
  std::uint32_t end = plan.rows;
  std::int32_t volume = 0;
  for (std::uint32_t d = 0, k = 0; d < depth; ++d) {
    path[d] = {k, end, 0};
    if (((state.heap >> (depth - 1U - d)) & 1U) == 0) {
      end = place.splits[k].left;
      k += 1;
    } else {
      k += 1U + place.splits[k].left;
    }
  }
  if (place.density != nullptr && depth != 0) {
    for (std::uint32_t d = 0; d < depth; ++d) {
      path[d].right = kept_volume(place.leaves + plan.rows + d, place.density + plan.rows + d);
    }
    volume = kept_volume(place.leaves + plan.rows + depth, place.density + plan.rows + depth);
  }

  for (;;) {
    const std::uint32_t begin = state.begin;
    const std::uint32_t rows = end - begin;
    if (rows > 1 && depth < plan.depth_limit) {
      word_stream words{plan.seed, plan.tree, state.heap, split_domain};
      typename Columns::open_type open = columns.open(marks);
      for (std::uint32_t i = 0; i < state.constants; ++i) {  // what earlier slices drew, without looking at rows again
        const std::uint32_t drawn = open.draw(words);
        (void)columns.pick(words, drawn);
        open.close(drawn);
      }
      std::int32_t least = 0;
      std::int32_t greatest = 0;
      std::uint32_t column = 0;
      while (least == greatest && open.count() > 0) {
        if (visits == 0) {
          if (place.density != nullptr) {
            for (std::uint32_t d = 0; d < depth; ++d) {
              keep_volume(place.leaves + plan.rows + d, place.density + plan.rows + d, path[d].right);
            }
            keep_volume(place.leaves + plan.rows + depth, place.density + plan.rows + depth, volume);
          }
          return growth::unfinished;
        }
        visits -= visits < rows ? visits : rows;
        const std::uint32_t drawn = open.draw(words);
        column = columns.pick(words, drawn);
        if constexpr (!Columns::plain) {
          if (columns.heavier) {
            extremes_of_present<code_type>(order, code, column, begin, end, least, greatest);
            if (least == greatest) {
              open.close(drawn);
              ++state.constants;
            }
            continue;
          }
        }
        least = greatest = code(order.get(begin), column);
        for (std::uint32_t i = begin + 1; i < end; ++i) {
          const std::int32_t c = code(order.get(i), column);
          least = c < least ? c : least;
          greatest = c > greatest ? c : greatest;
        }
        if (least == greatest) {
          open.close(drawn);
          ++state.constants;
        }
      }
      if (least < greatest) {
        if (state.splits == place.room) {
          return growth::full;
        }
        std::int32_t cut = least + static_cast<std::int32_t>(uniform_below(words, static_cast<std::uint32_t>(greatest - least)));
        auto left_cells = static_cast<std::uint32_t>(cut - least) + 1U;
        const std::uint32_t cells = static_cast<std::uint32_t>(greatest - least) + 1U;
        bool turned = false;
        if constexpr (!Columns::plain) {
          if (columns.heavier && wants_mirror<code_type>(order, code, column, begin, end, cut)) {
            turned = true;
            left_cells = cells - left_cells;
            cut = code_traits<code_type>::steps - 2 * code_traits<code_type>::offset - cut - 1;
          }
        }
        std::uint32_t middle = begin;
        if (rows == 2 && !turned) {
          // Two rows that differ: each is a leaf, and nobody asks which is which.
          middle = begin + 1;
        } else if (!turned) {
          middle = part_rows(order, begin, end, column, cut, code);
        } else {
          const auto mirrored = [code](std::uint32_t i, std::uint32_t j) -> std::int32_t {
            return mirror(static_cast<code_type>(code(i, j)));
          };
          middle = part_rows(order, begin, end, column, cut, mirrored);
          column += columns.stored();
        }
        visits -= visits < rows ? visits : rows;
        path[depth] = {state.splits, end, 0};
        if (place.splits != nullptr) {
          Split& made = place.splits[state.splits];
          made.feature = static_cast<decltype(made.feature)>(column);
          made.left = static_cast<decltype(made.left)>(middle);
          made.threshold = static_cast<decltype(made.threshold)>(cut);
          if (place.node_codes != nullptr) {
            place.node_codes[state.splits] = static_cast<Leaf>(leaf_code(plan.leaf_scale, depth, rows));
          }
          if (place.density != nullptr) {
            path[depth].right = part_of_volume(volume, cells - left_cells, cells);
            volume = part_of_volume(volume, left_cells, cells);
          }
        }
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
      if (place.density != nullptr) {
        place.density[state.leaves] = density_code(rows, plan.rows, volume);
      }
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
    volume = parent.right;
    ++state.heap;
  }
}

/// The same over all columns alike.
template <typename Split, typename Leaf, typename Order, typename CodeOf>
growth grow_tree(const tree_plan& plan, tree_state& state, tree_place<Split, Leaf> place, Order& order, const CodeOf& code,
                 std::span<std::uint32_t> marks, std::uint64_t& visits) noexcept {
  return grow_tree(plan, state, place, order, code, marks, visits, plain_columns{plan.columns});
}

}  // namespace skerry::inline v0::anomaly::detail
