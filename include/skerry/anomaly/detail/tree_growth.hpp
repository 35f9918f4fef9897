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
#include <limits>
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
  template <typename Words>
  [[nodiscard]] std::uint32_t draw(Words& words) noexcept {
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
  template <typename Words>
  [[nodiscard]] std::uint32_t pick(Words&, std::uint32_t column) const noexcept {
    return column;
  }
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
  template <typename Words>
  [[nodiscard]] std::uint32_t draw(Words& words) const noexcept {
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
  template <typename Words>
  [[nodiscard]] std::uint32_t pick(Words& words, std::uint32_t column) const noexcept {
    for (std::uint32_t k = 0; k < orders.size(); k += orders_per_category) {
      if (orders[k].source == column) {
        return columns + k + uniform_below(words, orders_per_category);
      }
    }
    return column;
  }
  [[nodiscard]] std::uint32_t stored() const noexcept { return columns + static_cast<std::uint32_t>(orders.size()); }
};

/// One column of rows of codes that lie `stride` apart, as a node looks at it: a row has a key, keys are in the order of codes, `code` of
/// a key is its code, and `limit(cut)` the greatest key of a code that is not beyond the cut. Here keys are codes.
template <forest_code Code>
struct code_column {
  using code_type = Code;
  const Code* at;
  std::size_t stride;
  [[nodiscard]] std::int32_t operator()(std::uint32_t row) const noexcept { return at[row * stride]; }
  [[nodiscard]] static std::int32_t code(std::int32_t key) noexcept { return key; }
  [[nodiscard]] static std::int32_t limit(std::int32_t cut) noexcept { return cut; }
};

/// Rows of codes. `on(column, f)` answers `f(the column)`.
template <forest_code Code>
struct code_rows {
  using code_type = Code;
  const Code* codes;
  std::size_t stride;
  template <typename F>
  auto on(std::uint32_t column, const F& f) const noexcept {
    return f(code_column<Code>{codes + column, stride});
  }
};

/// A column of codes; a row is where it lies.
template <forest_code Code>
struct code_in_place {
  using code_type = Code;
  std::size_t column;
  [[nodiscard]] std::int32_t operator()(const Code* row) const noexcept { return row[column]; }
  [[nodiscard]] static std::int32_t code(std::int32_t key) noexcept { return key; }
  [[nodiscard]] static std::int32_t limit(std::int32_t cut) noexcept { return cut; }
};

/// A column of numbers from `lo` up; a row is where it lies. Keys are the bits of the steps above `lo`, before they are clamped and
/// rounded, which never changes their order: only extremes have to become codes, and the cut becomes steps. -0 comes before all others.
template <forest_code Code, bool Missing>
struct number_in_place {
  using code_type = Code;
  static constexpr std::int32_t first_key = std::numeric_limits<std::int32_t>::min(), last_key = std::numeric_limits<std::int32_t>::max();
  static constexpr bool missing_is_low = code_traits<Code>::missing < 0;
  std::size_t column;
  float lo, inv_step;

  [[nodiscard]] std::int32_t operator()(const float* row) const noexcept {
    const float steps = (row[column] - lo) * inv_step;
    if constexpr (Missing) {
      return is_nan(row[column]) ? (missing_is_low ? first_key : last_key) : std::bit_cast<std::int32_t>(steps + 0.0F);
    }
    return std::bit_cast<std::int32_t>(steps);
  }
  [[nodiscard]] static std::int32_t code(std::int32_t key) noexcept {
    if (Missing && key == (missing_is_low ? first_key : last_key)) {
      return code_traits<Code>::missing;
    }
    return quantize<Code>(std::bit_cast<float>(key), 0.0F, 1.0F);
  }
  [[nodiscard]] static std::int32_t limit(std::int32_t cut) noexcept {
    const std::int32_t whole = cut + code_traits<Code>::offset;
    if (Missing && whole < 0) {
      return first_key;
    }
    if (Missing && whole >= code_traits<Code>::steps) {
      return last_key - 1;
    }
    auto key = std::bit_cast<std::int32_t>(static_cast<float>(whole) + 0.5F);  // the next code; a sum of one half may round up to it
    do {
      --key;
    } while (code(key) > cut);
    return key;
  }
};

/// Rows whose code in a column is what a function says.
template <forest_code Code, typename CodeOf>
struct derived_rows {
  using code_type = Code;
  CodeOf code_of;
  struct derived_column {
    using code_type = Code;
    CodeOf code_of;
    std::uint32_t column;
    [[nodiscard]] std::int32_t operator()(std::uint32_t row) const noexcept { return code_of(row, column); }
    [[nodiscard]] static std::int32_t code(std::int32_t key) noexcept { return key; }
    [[nodiscard]] static std::int32_t limit(std::int32_t cut) noexcept { return cut; }
  };
  template <typename F>
  auto on(std::uint32_t column, const F& f) const noexcept {
    return f(derived_column{code_of, column});
  }
};

/// A column as its mirror has it.
template <typename Column>
struct mirrored_column {
  Column column;
  [[nodiscard]] std::int32_t operator()(std::uint32_t row) const noexcept {
    return mirror(static_cast<typename Column::code_type>(column(row)));
  }
};

struct key_range {
  std::int32_t least, greatest;
};

/// The least and greatest code of some rows in one column, missing codes passed over; both 0 when there is nothing else.
template <typename Order, typename Column>
[[nodiscard]] key_range extremes_of_present(const Order& order, const Column& key, std::uint32_t begin, std::uint32_t end) noexcept {
  bool any = false;
  key_range range{0, 0};
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::int32_t c = key(order.get(i));
    if (c == code_traits<typename Column::code_type>::missing) {
      continue;
    }
    range.least = !any || c < range.least ? c : range.least;
    range.greatest = !any || c > range.greatest ? c : range.greatest;
    any = true;
  }
  return range;
}

/// True when the mirror of a column sends the missing code to where more of the rows are.
template <typename Order, typename Column>
[[nodiscard]] bool wants_mirror(const Order& order, const Column& key, std::uint32_t begin, std::uint32_t end, std::int32_t cut) noexcept {
  using code_type = typename Column::code_type;
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::int32_t c = key(order.get(i));
    const bool present = c != code_traits<code_type>::missing;
    low += static_cast<std::uint32_t>(present && c <= cut);
    high += static_cast<std::uint32_t>(present && c > cut);
  }
  constexpr bool missing_is_low = code_traits<code_type>::missing < 0;
  return (low >= high) != missing_is_low;
}

/// The least and greatest key of one row at least.
template <typename Order, typename Column>
[[nodiscard]] key_range extremes(const Order& order, const Column& key, std::uint32_t begin, std::uint32_t end) noexcept {
  key_range range{};
  range.least = range.greatest = key(order.get(begin));
  for (std::uint32_t i = begin + 1; i < end; ++i) {
    const std::int32_t k = key(order.get(i));
    range.least = k < range.least ? k : range.least;
    range.greatest = k > range.greatest ? k : range.greatest;
  }
  return range;
}
/// Puts the rows whose key is not beyond the limit in front; where the others begin. There is one of each kind at least. On its own: in
/// the middle of a tree's growth there are not registers enough for it.
template <typename Order, typename Column>
[[gnu::noinline]] std::uint32_t part_rows(Order order, std::uint32_t begin, std::uint32_t end, std::int32_t limit, Column key) noexcept {
  std::uint32_t middle = begin;
  for (std::uint32_t i = begin; i < end; ++i) {
    const auto row = order.get(i);
    order.set(i, order.get(middle));
    order.set(middle, row);
    middle += static_cast<std::uint32_t>(key(row) <= limit);
  }
  return middle;
}
/// What a node is split by.
struct node_cut {
  std::uint32_t column, middle;
  std::int32_t cut;
  std::uint32_t left_cells, cells;  ///< codes from the least to the cut, to the greatest
};

/// What all nodes of one tree have in common, for processors where branches are short.
template <typename Order, typename Codes>
struct node_work {
  philox_by_rounds blocks;
  std::uint32_t tree, columns;
  Order order;
  Codes codes;

  /// All of a node at once, in the usual case: the first column is not constant, and no draw is taken back. Else false, and nothing is
  /// done. On its own: it needs all registers.
  [[nodiscard, gnu::noinline]] bool part(std::uint32_t heap, std::uint32_t begin, std::uint32_t end, node_cut& made) const noexcept {
    const std::array<std::uint32_t, 4> words = blocks.block({tree, heap, 0, split_domain});
    const std::uint64_t drawn = std::uint64_t{words[0]} * columns;
    if (static_cast<std::uint32_t>(drawn) < columns) {
      return false;
    }
    made.column = static_cast<std::uint32_t>(drawn >> 32U);
    return codes.on(
        made.column, [ this, begin, end, second = words[1], &made ](const auto& shown) __attribute__((always_inline)) {
          const auto key = shown;
          const key_range keys = look(key, begin, end);
          const std::int32_t least = key.code(keys.least);
          const auto width = static_cast<std::uint32_t>(key.code(keys.greatest) - least);
          const std::uint64_t at = std::uint64_t{second} * width;
          if (static_cast<std::uint32_t>(at) < width || width == 0) {
            return false;
          }
          made.left_cells = static_cast<std::uint32_t>(at >> 32U) + 1U;
          made.cells = width + 1U;
          made.cut = least + static_cast<std::int32_t>(at >> 32U);
          // Two rows that differ: each is a leaf, and nobody asks which is which.
          made.middle = end - begin == 2 ? begin + 1 : part_rows_by_branches(order, begin, end, key.limit(made.cut), key);
          return true;
        });
  }

 private:
  /// Few rows are more extreme than all before them, and one comparison tells.
  template <typename Column>
  [[nodiscard]] key_range look(const Column& key, std::uint32_t begin, std::uint32_t end) const noexcept {
    Order at = order.from(begin);
    const Order last = order.from(end);
    std::int32_t least = key(at.take());
    std::uint32_t width = 0;
    const auto look_at = [&least, &width, &key](auto row) noexcept {
      const std::int32_t k = key(row);
      const std::uint32_t above = static_cast<std::uint32_t>(k) - static_cast<std::uint32_t>(least);
      if (above > width) {
        width = k < least ? width - above : above;
        least = k < least ? k : least;
      }
    };
    for (std::uint32_t fours = (end - begin - 1U) / 4U; fours != 0; --fours) {
      look_at(at.take());
      look_at(at.take());
      look_at(at.take());
      look_at(at.take());
    }
    while (last.beyond(at)) {
      look_at(at.take());
    }
    return {least, static_cast<std::int32_t>(static_cast<std::uint32_t>(least) + width)};
  }

  /// From both ends; rows come to lie in another order than elsewhere, on which nothing depends. A row of the other kind ends each search:
  /// first there is one, then one has been put there.
  template <typename Column>
  [[nodiscard, gnu::noinline]] static std::uint32_t part_rows_by_branches(Order order, std::uint32_t begin, std::uint32_t end,
                                                                          std::int32_t limit, Column key) noexcept {
    Order low = order.from(begin);
    Order high = order.from(end);
    for (;;) {
      decltype(low.get(0)) front;
      do {
        front = low.take();
      } while (key(front) <= limit);
      decltype(low.get(0)) back;
      do {
        back = high.take_back();
      } while (key(back) > limit);
      if (low.beyond(high)) {
        return low.since(order) - 1U;
      }
      low.put_last(back);
      high.set(0, front);
    }
  }
};

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

/// Row visits that are still allowed. In one word what a tree takes, but on the widest of rows.
class visits_left {
 public:
  explicit visits_left(std::uint64_t visits) noexcept { hold(visits); }

  [[nodiscard]] bool none() const noexcept { return now_ == 0 && more_ == 0; }
  void spend(std::uint32_t rows) noexcept {
    if (!try_spend(rows)) {
      const std::uint64_t all = more_ + now_;
      hold(all < rows ? 0 : all - rows);
    }
  }
  void give_back(std::uint32_t rows) noexcept { now_ += rows; }
  /// False, and nothing spent, when it is not known to be allowed.
  [[nodiscard]] bool try_spend(std::uint32_t rows) noexcept {
    const bool there = rows <= now_;
    now_ -= there ? rows : 0U;
    return there;
  }

 private:
  void hold(std::uint64_t visits) noexcept {
    now_ = visits < 0xffffffffU ? static_cast<std::uint32_t>(visits) : 0xffffffffU;
    more_ = visits - now_;
  }
  std::uint32_t now_ = 0;
  std::uint64_t more_ = 0;
};

enum class parting : std::uint8_t { parted, leaf, waits, full };

/// Draws columns for a node until one is not constant, then its cut, and parts the rows. `waits`: no visits are left.
template <typename Order, typename Codes, typename Columns>
[[nodiscard, gnu::always_inline]] inline parting part_node(const tree_plan& plan, tree_state& state, bool room, visits_left& visits,
                                                           Order order, const Codes& codes, std::span<std::uint32_t> marks,
                                                           const Columns& columns, std::uint32_t end, node_cut& made) noexcept {
  const std::uint32_t begin = state.begin;
  const std::uint32_t rows = end - begin;
  word_stream words{plan.seed, plan.tree, state.heap, split_domain};
  typename Columns::open_type open = columns.open(marks);
  for (std::uint32_t i = 0; i < state.constants; ++i) {  // what earlier slices drew, without looking at rows again
    const std::uint32_t drawn = open.draw(words);
    (void)columns.pick(words, drawn);
    open.close(drawn);
  }
  key_range range{0, 0};
  std::uint32_t column = 0;
  while (range.least == range.greatest && open.count() > 0) {
    if (visits.none()) {
      return parting::waits;
    }
    visits.spend(rows);
    const std::uint32_t drawn = open.draw(words);
    column = columns.pick(words, drawn);
    bool looked = false;
    if constexpr (!Columns::plain) {
      looked = columns.heavier;
      if (looked) {
        range = codes.on(column, [&](const auto& key) { return extremes_of_present(order, key, begin, end); });
      }
    }
    if (!looked) {
      range = codes.on(column, [order, begin, end](const auto& key) {
        const key_range keys = extremes(order, key, begin, end);
        return key_range{key.code(keys.least), key.code(keys.greatest)};
      });
    }
    if (range.least == range.greatest) {
      open.close(drawn);
      ++state.constants;
    }
  }
  if (range.least == range.greatest) {
    return parting::leaf;
  }
  if (!room) {
    return parting::full;
  }
  std::int32_t cut =
      range.least + static_cast<std::int32_t>(uniform_below(words, static_cast<std::uint32_t>(range.greatest - range.least)));
  made.left_cells = static_cast<std::uint32_t>(cut - range.least) + 1U;
  made.cells = static_cast<std::uint32_t>(range.greatest - range.least) + 1U;
  bool turned = false;
  if constexpr (!Columns::plain) {
    using code_type = typename Codes::code_type;
    if (columns.heavier && codes.on(column, [&](const auto& key) { return wants_mirror(order, key, begin, end, cut); })) {
      turned = true;
      made.left_cells = made.cells - made.left_cells;
      cut = code_traits<code_type>::steps - 2 * code_traits<code_type>::offset - cut - 1;
      made.middle = codes.on(column, [order, begin, end, cut](const auto& key) {
        return part_rows(order, begin, end, cut, mirrored_column<std::remove_cvref_t<decltype(key)>>{key});
      });
      column += columns.stored();
    }
  }
  if (rows == 2 && !turned) {
    // Two rows that differ: each is a leaf, and nobody asks which is which.
    made.middle = begin + 1;
  } else if (!turned) {
    made.middle = codes.on(column, [order, begin, end, cut](const auto& key) { return part_rows(order, begin, end, key.limit(cut), key); });
  }
  made.column = column;
  made.cut = cut;
  visits.spend(rows);
  return parting::parted;
}
/// The same on its own, for those to whom it is the way for rare cases.
template <typename Order, typename Codes, typename Columns>
[[nodiscard, gnu::noinline]] parting part_node_apart(const tree_plan& plan, tree_state& state, bool room, visits_left& visits, Order order,
                                                     const Codes& codes, std::span<std::uint32_t> marks, const Columns& columns,
                                                     std::uint32_t end, node_cut& made) noexcept {
  return part_node(plan, state, room, visits, order, codes, marks, columns, end, made);
}

/// Grows one tree in pre-order, as far as `row_visits` allow; one unit of work (look for the extremes of a column in a
/// node, then part its rows) is never cut, so a call does at most 2 · rows visits more, 3 · rows with a table of columns.
///
/// `order` holds the rows of the sample: get(i), set(i, row); as a place in them, from(i): take(), take_back(), put_last(row).
/// `codes.on(column, f)` shows a column. The tree depends on the plan, on `columns` and on the set of rows alone.
template <bool ByBranches = short_branches, typename Split, typename Leaf, typename Order, typename Codes, typename Columns = plain_columns>
growth grow_tree(const tree_plan& plan, tree_state& state_of_tree, tree_place<Split, Leaf> place, Order& order_of_rows,
                 const Codes& codes_of_rows, std::span<std::uint32_t> marks, std::uint64_t row_visits, const Columns& columns) noexcept {
  static_assert(std::is_trivially_copyable_v<Order> && sizeof(Order) <= 2 * sizeof(void*), "grow_tree: an order is a handle, not the rows");
  constexpr bool at_once = ByBranches && Columns::plain;
  Order order = order_of_rows;  // in registers: what is reached by reference is read anew after every write of a row
  const Codes codes = codes_of_rows;
  tree_state state = state_of_tree;
  visits_left visits{row_visits};
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
  const auto work = [&] {
    if constexpr (at_once) {
      return node_work<Order, Codes>{philox_by_rounds{plan.seed}, plan.tree, plan.columns, order, codes};
    } else {
      return 0;
    }
  }();

  for (;;) {
    const std::uint32_t rows = end - state.begin;
    if (rows > 1 && depth < plan.depth_limit) {
      node_cut made;
      auto how = parting::waits;
      const bool room = state.splits != place.room;
      if constexpr (at_once) {
        if (state.constants == 0 && room && visits.try_spend(2 * rows)) {
          how = work.part(state.heap, state.begin, end, made) ? parting::parted : parting::leaf;
          if (how == parting::leaf) {
            visits.give_back(2 * rows);
          }
        }
        if (how != parting::parted) {
          how = part_node_apart(plan, state, room, visits, order, codes, marks, columns, end, made);
        }
      } else {
        how = part_node(plan, state, room, visits, order, codes, marks, columns, end, made);
      }
      if (how == parting::waits) {
        if (place.density != nullptr) {
          for (std::uint32_t d = 0; d < depth; ++d) {
            keep_volume(place.leaves + plan.rows + d, place.density + plan.rows + d, path[d].right);
          }
          keep_volume(place.leaves + plan.rows + depth, place.density + plan.rows + depth, volume);
        }
        state_of_tree = state;
        return growth::unfinished;
      }
      if (how == parting::full) {
        state_of_tree = state;
        return growth::full;
      }
      if (how == parting::parted) {
        level& here = path[depth];
        here.split = state.splits;
        here.end = end;
        here.right = 0;
        if (place.splits != nullptr) {
          Split& split = place.splits[state.splits];
          split.feature = static_cast<decltype(split.feature)>(made.column);
          split.left = static_cast<decltype(split.left)>(made.middle);
          split.threshold = static_cast<decltype(split.threshold)>(made.cut);
          if (place.node_codes != nullptr) {
            place.node_codes[state.splits] = static_cast<Leaf>(leaf_code(plan.leaf_scale, depth, rows));
          }
          if (place.density != nullptr) {
            here.right = part_of_volume(volume, made.cells - made.left_cells, made.cells);
            volume = part_of_volume(volume, made.left_cells, made.cells);
          }
        }
        ++state.splits;
        state.constants = 0;
        state.heap *= 2;
        ++depth;
        end = made.middle;
        continue;
      }
    }
    if (place.splits != nullptr) {
      place.leaves[state.leaves] = static_cast<Leaf>(rows == 1 ? plan.leaf_scale * depth : leaf_code(plan.leaf_scale, depth, rows));
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
      state_of_tree = state;
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
template <bool ByBranches = short_branches, typename Split, typename Leaf, typename Order, typename Codes>
growth grow_tree(const tree_plan& plan, tree_state& state, tree_place<Split, Leaf> place, Order& order, const Codes& codes,
                 std::span<std::uint32_t> marks, std::uint64_t visits) noexcept {
  return grow_tree<ByBranches>(plan, state, place, order, codes, marks, visits, plain_columns{plan.columns});
}

}  // namespace skerry::inline v0::anomaly::detail
