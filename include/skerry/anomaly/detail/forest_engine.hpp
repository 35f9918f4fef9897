// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/core/math.hpp>

#include <array>
#include <bit>
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
  std::uint32_t first_tree = 0;    ///< its number
  tree_state at_work{};
  std::uint16_t trees = 0;    ///< complete
  std::uint16_t planned = 0;  ///< wanted
  std::uint16_t wanted_sample = 0;
  std::uint16_t sample = 0;      ///< ψ; 0 until rows were seen
  std::uint16_t leaf_scale = 0;  ///< L
  std::uint8_t wanted_depth = 0;
  std::uint8_t depth_limit = 0;
  std::uint8_t orders = 0;  ///< in fours: columns of names
  missing_policy missing = missing_policy::refuse;
  bool density : 1 = false;
  bool explain : 1 = false;
  bool growing : 1 = false;
  bool weighted : 1 = false;        ///< while growing in slices: the first slice had weights of rows
  bool fresh : 1 = true;            ///< the pool is as it was made: all zero
  std::uint8_t spare_bits : 3 = 0;  // named, so that equal states are equal bytes
  std::uint8_t looked = 0;          ///< while growing in slices: 255ths of the history that have no missing code

  /// True when a walked row is wider than a row outside.
  [[nodiscard]] bool derives() const noexcept { return orders != 0 || missing == missing_policy::heavier; }
};

static_assert(sizeof(forest_state) <= 48, "the bound of sizeof(isolation_forest) counts on it");

/// Where a forest keeps its trees: splits one tree after the other, leaves likewise (a tree has one leaf more than splits).
template <typename Split, typename Leaf>
struct forest_pool {
  Split* splits;
  Leaf* leaves;
  std::conditional_t<std::is_const_v<Split>, const std::uint32_t, std::uint32_t>* first;            ///< of each tree: its first split
  std::uint32_t room;                                                                               ///< splits
  std::uint32_t trees;                                                                              ///< places for trees
  Leaf* node_codes = nullptr;                                                                       ///< of every split; null: no room
  std::conditional_t<std::is_const_v<Split>, const std::uint8_t, std::uint8_t>* density = nullptr;  ///< of every leaf; null: no room

  /// Where the next tree goes.
  [[nodiscard]] tree_place<Split, Leaf> place(const forest_state& state, std::uint32_t tree, std::uint32_t used) const noexcept {
    return {splits + used, leaves + used + tree, room - used, state.explain ? node_codes + used : nullptr,
            state.density ? density + used + tree : nullptr};
  }
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
  for (std::uint32_t i = state.explain ? state.splits : 0; pool.node_codes != nullptr && i < pool.room; ++i) {
    pool.node_codes[i] = Leaf{};
  }
  for (std::uint32_t i = state.density ? state.splits + state.trees : 0; pool.density != nullptr && i < pool.room + pool.trees; ++i) {
    pool.density[i] = 0;
  }
  for (std::uint32_t i = state.trees; i < pool.trees; ++i) {
    pool.first[i] = 0;
  }
}

/// Takes over a configuration, or says what is wrong with it. The depth is checked where ψ is known.
[[nodiscard]] inline status begin_forest(forest_state& state, const forest_config& config, std::size_t most_trees,
                                         std::size_t most_sample) noexcept {
  if (config.missing > missing_policy::heavier || config.trees == 0 || config.sample < 2 || config.max_depth > greatest_depth) {
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
  begun.missing = config.missing;
  begun.density = config.density;
  begun.explain = config.explain;
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
  return tree_plan{state.seed,       state.first_tree + tree, state.sample, static_cast<std::uint32_t>(columns),
                   state.leaf_scale, state.depth_limit};
}

/// The order of a sample in an array of row numbers.
struct array_order {
  std::uint16_t* rows;
  [[nodiscard]] std::uint32_t get(std::uint32_t i) const noexcept { return rows[i]; }
  void set(std::uint32_t i, std::uint32_t row) const noexcept { rows[i] = static_cast<std::uint16_t>(row); }

  [[nodiscard]] array_order from(std::uint32_t i) const noexcept { return {rows + i}; }
  [[nodiscard]] std::uint32_t take() noexcept { return *rows++; }
  [[nodiscard]] std::uint32_t take_back() noexcept { return *--rows; }
  void put_last(std::uint32_t row) const noexcept { rows[-1] = static_cast<std::uint16_t>(row); }
  [[nodiscard]] bool beyond(array_order other) const noexcept { return rows > other.rows; }
  [[nodiscard]] std::uint32_t since(array_order start) const noexcept { return static_cast<std::uint32_t>(rows - start.rows); }
};

/// The order of a sample as where its rows lie.
template <typename T>
struct place_order {
  const T** rows;
  [[nodiscard]] const T* get(std::uint32_t i) const noexcept { return rows[i]; }
  void set(std::uint32_t i, const T* row) const noexcept { rows[i] = row; }

  [[nodiscard]] place_order from(std::uint32_t i) const noexcept { return {rows + i}; }
  [[nodiscard]] const T* take() noexcept { return *rows++; }
  [[nodiscard]] const T* take_back() noexcept { return *--rows; }
  void put_last(const T* row) const noexcept { rows[-1] = row; }
  [[nodiscard]] bool beyond(place_order other) const noexcept { return rows > other.rows; }
  [[nodiscard]] std::uint32_t since(place_order start) const noexcept { return static_cast<std::uint32_t>(rows - start.rows); }
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

  // Fields that fill one word are one word: the same bytes, and a seventh of the instructions.
  static constexpr bool one_word = sizeof(Split) == 4 && bits == 32 && std::endian::native == std::endian::little;

  [[nodiscard]] std::uint32_t get(std::uint32_t i) const noexcept {
    if constexpr (one_word) {
      std::uint32_t word = 0;
      __builtin_memcpy(&word, static_cast<const void*>(at + i), sizeof word);
      return word;
    }
    const Split& s = at[i];
    std::uint32_t row = static_cast<std::uint32_t>(s.feature) | (static_cast<std::uint32_t>(s.left) << feature_bits);
    if constexpr (feature_bits + left_bits < 32) {
      constexpr std::uint32_t mask = sizeof(code_type) == 1 ? 0xffU : 0xffffU;
      row |= (static_cast<std::uint32_t>(s.threshold) & mask) << (feature_bits + left_bits);
    }
    return row;
  }
  void set(std::uint32_t i, std::uint32_t row) const noexcept {
    if constexpr (one_word) {
      __builtin_memcpy(static_cast<void*>(at + i), &row, sizeof row);
      return;
    }
    Split& s = at[i];
    s.feature = static_cast<decltype(s.feature)>(row);
    s.left = static_cast<decltype(s.left)>(row >> feature_bits);
    s.threshold = code_type{};
    if constexpr (feature_bits + left_bits < 32) {
      s.threshold = static_cast<code_type>(row >> (feature_bits + left_bits));
    }
  }

  [[nodiscard]] pool_order from(std::uint32_t i) const noexcept { return {at + i}; }
  [[nodiscard]] std::uint32_t take() noexcept {
    const std::uint32_t row = get(0);
    ++at;
    return row;
  }
  [[nodiscard]] std::uint32_t take_back() noexcept {
    --at;
    return get(0);
  }
  void put_last(std::uint32_t row) const noexcept { pool_order{at - 1}.set(0, row); }
  [[nodiscard]] bool beyond(pool_order other) const noexcept { return at > other.at; }
  [[nodiscard]] std::uint32_t since(pool_order start) const noexcept { return static_cast<std::uint32_t>(at - start.at); }
};

/// Codes of rows that are codes already.
template <typename Code>
struct gather_codes {
  using code_type = Code;
  row_view<Code> rows;
  template <typename F>
  auto on(std::uint32_t column, const F& f) const noexcept {
    return f(code_in_place<Code>{column});
  }
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
  using code_type = Code;
  row_view<float> rows;
  const float *lo, *inv_step;
  bool missing;  ///< NaN may come
  template <typename F>
  auto on(std::uint32_t column, const F& f) const noexcept {
    return missing ? f(number_in_place<Code, true>{column, lo[column], inv_step[column]})
                   : f(number_in_place<Code, false>{column, lo[column], inv_step[column]});
  }
  void ask(std::size_t i) const noexcept {
    __builtin_prefetch(rows.row(i));
    __builtin_prefetch(rows.row(i) + (rows.columns - 1));
  }
  void codes(std::size_t i, Code* out) const noexcept {
    const float* row = rows.row(i);
    quantize_apart(row, out, rows.columns);
    for (std::size_t j = 0; missing && j < rows.columns; ++j) {
      out[j] = is_nan(row[j]) ? code_traits<Code>::missing : out[j];
    }
  }

 private:
  void quantize_apart(const float* __restrict row, Code* __restrict out, std::size_t n) const noexcept {
    const float* const __restrict least = lo;
    const float* const __restrict per_step = inv_step;
    for (std::size_t j = 0; j < n; ++j) {
      out[j] = quantize<Code>(row[j], least[j], per_step[j]);
    }
  }
};

/// Grows all trees of a begun forest; `draw(sampler)` puts the rows of a sample into the order.
///
/// Without `keep` nothing is written but `state`: that run tells whether the trees fit.
template <typename Split, typename Leaf, typename Order, typename Codes, typename Columns, typename Draw>
[[nodiscard]] growth grow_each(forest_state& state, forest_pool<Split, Leaf> pool, bool keep, const Columns& columns, Order order,
                               const Codes& codes, std::span<std::uint32_t> marks, const Draw& draw) noexcept {
  std::uint32_t used = 0;
  for (std::uint32_t tree = 0; tree < state.planned; ++tree) {
    draw(state.first_tree + tree);
    tree_place<Split, Leaf> place{nullptr, nullptr, pool.room - used};
    if (keep) {
      place = pool.place(state, tree, used);
      pool.first[tree] = used;
    }
    tree_state growing;
    growing.heap = 1;
    if (grow_tree(plan_of(state, tree, columns.columns), growing, place, order, codes, marks, static_cast<std::uint64_t>(-1), columns) ==
        growth::full) {
      return growth::full;
    }
    used += growing.splits;
  }
  state.trees = state.planned;
  state.splits = used;
  return growth::complete;
}

/// The same from rows where they lie, without a copy of their codes: a node looks at one column, so most codes of a sample are never
/// asked for. Where loads do not wait for a cache.
template <typename Split, typename Leaf, typename Rows, typename Place>
[[nodiscard]] growth grow_in_place(forest_state& state, forest_pool<Split, Leaf> pool, bool keep, std::uint32_t columns, const Rows& rows,
                                   const Place** places, std::span<std::uint32_t> marks) noexcept {
  const place_order<Place> order{places};
  const auto draw = [&state, &rows, order](std::uint32_t tree) noexcept {
    const row_view<Place> history = rows.rows;
    const row_sampler sample{state.seed, tree, static_cast<std::uint32_t>(history.rows), state.sample};
    (void)sample.each(state.sample, [order, history](std::uint32_t i, std::uint32_t row) noexcept {
      order.set(i, history.row(row));
      return true;
    });
  };
  return grow_each(state, pool, keep, plain_columns{columns}, order, rows, marks, draw);
}

/// Memory in which whole trees are grown at once: the codes of one sample, row after row, their order, and marks of columns; for
/// weights of rows two more lists.
template <typename Code>
struct training_scratch {
  Code* codes;
  std::uint16_t* order;
  std::span<std::uint32_t> marks;
  weighted_scratch weighted{nullptr, nullptr};
};

/// True when trees need a table of columns or weights of rows to grow.
[[nodiscard]] inline bool needs_table(const forest_state& state, const training_options& options) noexcept {
  return state.derives() || !options.column_weights.empty() || !options.row_weights.empty();
}

/// Grows all trees from copies of the codes of their samples. `gather.codes(row, out)` writes the codes of one row of the
/// history, which are known to be good; `gather.ask(row)` says that this will be wanted soon.
template <typename Split, typename Leaf, typename Gather, typename Columns>
[[nodiscard]] growth grow_all(forest_state& state, forest_pool<Split, Leaf> pool, bool keep, const Columns& columns, std::uint32_t history,
                              std::span<const std::uint16_t> row_weights, training_scratch<typename Split::code_type> scratch,
                              const Gather& gather) noexcept {
  const std::size_t width = columns.stored();
  const auto draw = [&](std::uint32_t tree) noexcept {
    const row_sampler sample{state.seed, tree, history, state.sample};
    bool listed = false;
    if constexpr (!Columns::plain) {
      listed = !row_weights.empty();
      if (listed) {
        draw_weighted(state.seed, tree, row_weights, state.sample, scratch.weighted);
      }
    }
    // The rows of a sample lie anywhere in the history: each is asked for some rows before it is needed.
    constexpr std::uint32_t ahead = 16;
    constexpr std::uint32_t batch = row_sampler::most_at_once;
    static_assert(batch >= ahead);
    std::array<std::uint32_t, 2 * batch> drawn;  // two batches in turn
    for (std::uint32_t i = 0; i < state.sample + ahead; ++i) {
      if (i < state.sample) {
        if (i % batch == 0 && !listed) {
          sample(i, state.sample - i < batch ? state.sample - i : batch, drawn.data() + i % (2 * batch));
        }
        std::uint32_t& row = drawn[i % (2 * batch)];
        row = listed ? scratch.weighted.rows[i] : row;
        gather.ask(row);
      }
      if (i >= ahead) {
        auto* const to = scratch.codes + (i - ahead) * width;
        gather.codes(drawn[(i - ahead) % (2 * batch)], to);
        if constexpr (!Columns::plain) {
          derive(to, columns.columns, columns.orders, false);
        }
        scratch.order[i - ahead] = static_cast<std::uint16_t>(i - ahead);
      }
    }
  };
  return grow_each(state, pool, keep, columns, array_order{scratch.order}, code_rows<typename Split::code_type>{scratch.codes, width},
                   scratch.marks, draw);
}

[[nodiscard]] inline bool all_alike(const forest_config& config, const training_options& options) noexcept {
  return config.missing != missing_policy::heavier && categories_of(options) == 0 && options.column_weights.empty() &&
         options.row_weights.empty();
}

/// What a forest is fitted to, beside the rows.
struct fit_plan {
  const forest_config& config;
  const training_options& options;
  std::span<const category_order> orders;
  std::size_t most_sample;
  std::size_t columns;
  std::size_t rows;
};

/// A state that is ready to grow all trees, or why there is none.
template <typename Leaf>
[[nodiscard]] status begin_fit(forest_state& next, const fit_plan& plan, std::size_t most_trees) noexcept {
  if (const status begun = begin_forest(next, plan.config, most_trees, plan.most_sample); !begun) {
    return begun;
  }
  if (plan.rows >= 0xffffffffU) {
    return errc::out_of_range;
  }
  const std::size_t drawable = drawable_rows(plan.options, plan.rows);
  if (drawable < 2) {
    return errc::insufficient;
  }
  next.orders = static_cast<std::uint8_t>(plan.orders.size() / orders_per_category);
  next.first_tree = plan.options.first_tree;
  return set_sample<Leaf>(next, drawable);
}

/// Grows all trees at once, or leaves everything as it was. A forest that has trees counts before it builds. `grow(state, keep)` does it.
template <typename Split, typename Leaf, typename Grow>
[[nodiscard]] status fit_by(forest_state& state, forest_pool<Split, Leaf> pool, const fit_plan& plan, const Grow& grow) noexcept {
  forest_state next = state;
  if (const status begun = begin_fit<Leaf>(next, plan, pool.trees); !begun) {
    return begun;
  }
  if (!next.fresh && grow(next, false) == growth::full) {
    return errc::full;
  }
  if (grow(next, true) == growth::full) {
    clear_tail(forest_state{}, pool);
    return errc::full;
  }
  next.fresh = false;
  clear_tail(next, pool);
  state = next;
  return {};
}
template <typename Split, typename Leaf, typename Gather, typename Columns>
[[nodiscard]] status fit_all(forest_state& state, forest_pool<Split, Leaf> pool, const fit_plan& plan, const Columns& columns,
                             training_scratch<typename Split::code_type> scratch, const Gather& gather) noexcept {
  return fit_by(state, pool, plan, [&](forest_state& next, bool keep) noexcept {
    return grow_all(next, pool, keep, columns, static_cast<std::uint32_t>(plan.rows), plan.options.row_weights, scratch, gather);
  });
}

/// The rows of a sample for a tree that grows in slices, from the permutation of all rows.
struct unweighted_rows {
  template <typename Order>
  void operator()(std::uint64_t, std::uint32_t, std::span<const std::uint16_t>, std::uint32_t, Order&) const noexcept {}
  static constexpr bool weights = false;
};

/// What a forest that grows in slices is told and keeps beside its trees.
template <typename Draw>
struct slice_plan {
  const training_options& options;
  std::span<category_order> orders;  ///< room for them
  std::size_t columns;
  std::size_t row_visits;
  std::span<std::uint32_t> marks;
  const Draw& draw;  ///< draws rows by their weights
};

template <typename Split>
void clear_order(pool_order<Split> order, std::uint32_t rows) noexcept {
  for (std::uint32_t i = 0; i < rows; ++i) {
    if constexpr (short_branches) {
      asm volatile("" ::: "memory");  // newlib-nano's memset, which compilers put here otherwise, goes byte by byte
      order.set(i, 0);
    } else {
      order.at[i] = Split{};
    }
  }
}

/// How many of the rows from `first` on, `most` at most, have no missing code before one does.
template <forest_code Code>
[[nodiscard, gnu::noinline]] std::uint32_t rows_without_missing(row_view<Code> history, std::size_t columns, std::uint32_t first,
                                                                std::uint32_t most) noexcept {
  std::uint32_t good = 0;
  while (good < most && none_missing<Code>(history.row(first + good), columns)) {
    ++good;
  }
  return good;
}

/// Draws a sample; false when a row of it has a missing code in its first `columns`. Rows before `looked` are known to have none. On its
/// own, for its registers.
template <forest_code Code, typename Order>
[[nodiscard, gnu::noinline]] bool draw_good(const row_sampler& sample, std::uint32_t wanted, row_view<Code> history, std::size_t columns,
                                            std::uint32_t looked, Order order) noexcept {
  return sample.each(wanted, [order, looked, &history, columns](std::uint32_t i, std::uint32_t row) noexcept {
    order.set(i, row);
    return row < looked || rows_without_missing(history, columns, row, 1) == 1;
  });
}

/// One slice of the next tree. The pool behind the complete trees is empty before the first slice of one. The refusals leave everything as
/// it was, but for `full`, which drops the tree at work.
template <typename Split, typename Leaf, typename Draw>
[[nodiscard]] result<bool> grow_slice(forest_state& state, forest_pool<Split, Leaf> pool, row_view<typename Split::code_type> history,
                                      const slice_plan<Draw>& plan) noexcept {
  using code_type = typename Split::code_type;
  const std::size_t columns = plan.columns;
  const training_options& options = plan.options;
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
  if (const status shaped = check_options(options, columns, history.rows); !shaped) {
    return shaped.error();
  }
  const auto rows = static_cast<std::uint32_t>(history.rows);
  const std::size_t categories = categories_of(options);
  forest_state next = state;
  const bool first_slice = next.sample == 0;
  if (first_slice) {
    if (categories * orders_per_category > plan.orders.size()) {
      return errc::unsupported;
    }
    next.orders = static_cast<std::uint8_t>(categories);
    next.weighted = !options.row_weights.empty();
    next.first_tree = options.first_tree;
    const std::size_t drawable = drawable_rows(options, rows);
    if (drawable < 2) {
      return errc::insufficient;
    }
    if (const status fits = set_sample<Leaf>(next, drawable); !fits) {
      return fits.error();
    }
    next.history_rows = rows;
  } else if (next.history_rows != rows || next.orders != categories || next.weighted != !options.row_weights.empty() ||
             next.first_tree != options.first_tree) {
    return errc::mismatch;
  }
  if constexpr (!Draw::weights) {
    if (needs_table(next, options)) {
      return errc::unsupported;
    }
  }
  const std::uint32_t free = pool.room - next.splits;
  pool_order<Split> order{pool.splits + next.splits + next.depth_limit};
  std::uint64_t visits = plan.row_visits;
  if (next.at_work.heap == 0) {
    if (visits == 0) {
      return false;
    }
    if (free < std::uint32_t{next.sample} + next.depth_limit) {
      state.growing = false;
      clear_tail(state, pool);
      return errc::full;
    }
    const row_sampler sample{next.seed, next.first_tree + next.trees, rows, next.sample};
    const bool refuses = next.missing == missing_policy::refuse;
    // Which rows weights will draw is not known yet: then all are looked at.
    for (std::uint32_t i = 0; refuses && next.weighted && i < rows; ++i) {
      if (!none_missing<code_type>(history.row(i), columns)) {
        return errc::not_finite;
      }
    }
    if (!next.weighted) {
      // The history stays as it is while trees grow, so a part of it is looked at with each tree, and in the end no row twice.
      const std::uint32_t part = rows / 255U + 1U;
      for (std::uint32_t seen = 0; refuses && part <= next.sample && next.looked < 255 && seen < next.sample; seen += part) {
        const std::uint32_t from = std::min<std::uint32_t>(next.looked * part, rows);
        const std::uint32_t most = std::min<std::uint32_t>(part, rows - from);
        if (rows_without_missing(history, columns, from, most) != most) {
          break;
        }
        ++next.looked;
      }
      const std::uint32_t looked = refuses ? std::min<std::uint32_t>(next.looked * part, rows) : rows;
      if (!draw_good(sample, next.sample, history, columns, looked, order)) {
        clear_order(order, next.sample);  // nothing lies there between trees
        return errc::not_finite;
      }
    }
    if (first_slice && categories != 0) {
      const auto code_at = [&history](std::size_t i, std::size_t j) { return history.row(i)[j]; };
      if (const status learnt = learn_orders<code_type>(next.seed, next.missing, options, rows, code_at, plan.orders.data()); !learnt) {
        clear_order(order, next.weighted ? 0 : next.sample);
        return learnt.error();
      }
    }
    if (next.weighted) {
      plan.draw(next.seed, next.first_tree + next.trees, options.row_weights, next.sample, order);
    }
    visits -= visits < next.sample ? visits : next.sample;
    next.at_work = tree_state{};
    next.at_work.heap = 1;
    next.fresh = false;
  }
  const code_type* codes = history.data;
  const std::size_t stride = history.stride;
  const code_rows<code_type> code{codes, stride};
  const tree_place<Split, Leaf> place = pool.place(next, next.trees, next.splits);
  const tree_plan tree = plan_of(next, next.trees, columns);
  growth how{};
  bool plain = true;
  if constexpr (Draw::weights) {
    plain = !needs_table(next, options);
    if (!plain) {
      const std::span<const category_order> orders = plan.orders.first(std::size_t{next.orders} * orders_per_category);
      const table_columns table{static_cast<std::uint32_t>(columns), orders, options.column_weights,
                                next.missing == missing_policy::heavier};
      const auto code_or_order = [codes, stride, columns, orders](std::uint32_t i, std::uint32_t j) -> std::int32_t {
        const code_type* x = codes + i * stride;
        return j < columns ? x[j] : order_code(orders[j - columns], x[orders[j - columns].source]);
      };
      const derived_rows<code_type, std::remove_const_t<decltype(code_or_order)>> derived{code_or_order};
      how = grow_tree(tree, next.at_work, place, order, derived, plan.marks, visits, table);
    }
  }
  if (plain) {
    how = grow_tree(tree, next.at_work, place, order, code, plan.marks, visits, plain_columns{tree.columns});
  }
  if (how == growth::complete) {
    pool.first[next.trees] = next.splits;
    const std::uint32_t end_of_order = next.splits + next.depth_limit + next.sample;
    next.splits += next.at_work.splits;
    clear_order(pool_order<Split>{pool.splits + next.splits}, end_of_order - next.splits);
    ++next.trees;
    next.at_work = tree_state{};
    next.growing = next.trees < next.planned;
    if (!next.growing) {
      next.history_rows = 0;
      next.looked = 0;
      clear_tail(next, pool);
    }
  }
  state = next;
  return how == growth::complete;
}

/// Copies the trees of a part behind those that there are. `known`: the orders of this forest, with room for those of the part.
template <typename Split, typename Leaf, typename Part>
[[nodiscard]] status append_trees(forest_state& state, forest_pool<Split, Leaf> pool, std::span<category_order> known,
                                  std::size_t most_sample, const Part& part) noexcept {
  if (!state.growing) {
    return state.planned == 0 ? errc::insufficient : errc::full;
  }
  if (part.trees() == 0) {
    return errc::insufficient;
  }
  forest_state next = state;
  const std::span<const category_order> orders = part.category_orders();
  if (next.sample == 0) {
    if (orders.size() > known.size()) {
      return errc::unsupported;
    }
    if (part.sample() > most_sample || part.sample() > next.wanted_sample) {
      return errc::full;
    }
    if (const status fits = set_sample<Leaf>(next, part.sample()); !fits) {
      return fits;
    }
    next.first_tree = part.first_tree();
    next.orders = static_cast<std::uint8_t>(orders.size() / orders_per_category);
  } else if (next.orders != orders.size() / orders_per_category || next.at_work.heap != 0) {
    return errc::mismatch;
  }
  if (part.seed() != next.seed || part.sample() != next.sample || part.depth_limit() != next.depth_limit ||
      part.leaf_scale() != next.leaf_scale || part.missing() != next.missing || part.has_density() != next.density ||
      part.has_explain() != next.explain || part.first_tree() != next.first_tree + next.trees) {
    return errc::mismatch;
  }
  for (std::size_t k = 0; state.sample != 0 && k < orders.size(); ++k) {
    if (!(known[k] == orders[k])) {
      return errc::mismatch;
    }
  }
  if (part.trees() > std::size_t{next.planned} - next.trees || part.splits() > pool.room - next.splits) {
    return errc::full;
  }
  for (std::size_t k = 0; k < orders.size(); ++k) {
    known[k] = orders[k];
  }
  for (std::size_t t = 0; t < part.trees(); ++t) {
    const tree_place<Split, Leaf> to = pool.place(next, next.trees, next.splits);
    const auto splits = part.splits_of(t);
    const auto leaves = part.leaves_of(t);
    for (std::size_t i = 0; i < splits.size(); ++i) {
      Split& made = to.splits[i];
      made.feature = static_cast<decltype(made.feature)>(splits[i].feature);
      made.left = static_cast<decltype(made.left)>(splits[i].left);
      made.threshold = splits[i].threshold;
      if (next.explain) {
        to.node_codes[i] = static_cast<Leaf>(part.node_codes_of(t)[i]);
      }
    }
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      to.leaves[i] = static_cast<Leaf>(leaves[i]);
      if (next.density) {
        to.density[i] = part.densities_of(t)[i];
      }
    }
    pool.first[next.trees] = next.splits;
    next.splits += static_cast<std::uint32_t>(splits.size());
    ++next.trees;
  }
  next.fresh = false;
  next.growing = next.trees < next.planned;
  if (!next.growing) {
    clear_tail(next, pool);
  }
  state = next;
  return {};
}

/// True when two quantisers give every number the same code, or both know none.
template <typename A, typename B>
[[nodiscard]] bool same_codes(const A& a, const B& b) noexcept {
  if (a.learned() != b.learned()) {
    return false;
  }
  for (std::size_t j = 0; a.learned() && j < a.columns(); ++j) {
    if (std::bit_cast<std::uint32_t>(a.lo(j)) != std::bit_cast<std::uint32_t>(b.lo(j)) ||
        std::bit_cast<std::uint32_t>(a.inv_step(j)) != std::bit_cast<std::uint32_t>(b.inv_step(j))) {
      return false;
    }
  }
  return true;
}

}  // namespace skerry::inline v0::anomaly::detail
