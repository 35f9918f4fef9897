// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tree_random.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace skerry::inline v0::anomaly {

inline constexpr std::size_t most_categories = 64;
/// Derived columns for each column of names.
inline constexpr std::size_t orders_per_category = 4;

/// A derived column: the names of one column in a random order, so that a threshold parts them in two random sets.
struct category_order {
  static constexpr std::uint8_t unseen = 255;
  std::uint16_t source = 0;                          ///< the column of names
  std::array<std::uint8_t, most_categories> rank{};  ///< place of every name in this order; `unseen` for one that training did not see

  friend constexpr bool operator==(const category_order&, const category_order&) noexcept = default;
};

namespace detail {

// Rows in a forest are wider than rows outside where something is odd:
//   [0, F) the columns as they come, [F, F + O) the orders, and under `heavier` [M, 2 M) with M = F + O the mirrors of all those.
// In a mirror every code is turned round (C - code) but the missing one, so that missing stands at the other end of the numbers. A node
// takes the column or its mirror, whichever sends the missing code where it wants it; whoever walks knows only "code > threshold".

template <forest_code Code>
[[nodiscard]] constexpr Code mirror(Code x) noexcept {
  using traits = code_traits<Code>;
  return x == traits::missing ? x : static_cast<Code>(traits::steps - 2 * traits::offset - x);
}

/// The name behind a code of a column of names (step 0 is below every name); 64 or more for none.
template <forest_code Code>
[[nodiscard]] constexpr std::uint32_t name_of(Code x) noexcept {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(x) + code_traits<Code>::offset - 1);
}

template <forest_code Code>
[[nodiscard]] constexpr Code order_code(const category_order& order, Code x) noexcept {
  const std::uint32_t name = name_of(x);
  if (name >= most_categories || order.rank[name] == category_order::unseen) {
    return code_traits<Code>::missing;
  }
  return static_cast<Code>(order.rank[name] - code_traits<Code>::offset);
}

/// Fills the derived columns behind the `columns` codes at x. On its own: most forests never come here, and GCC 12, which cannot know
/// that the buffer fits the orders, warns of every one that it can see.
template <forest_code Code>
[[gnu::noinline]] constexpr void derive(Code* x, std::size_t columns, std::span<const category_order> orders, bool mirrored) noexcept {
  Code* to = x + columns;
  for (const category_order& order : orders) {
    *to++ = order_code(order, x[order.source]);
  }
  const std::size_t plain = columns + orders.size();
  for (std::size_t j = 0; mirrored && j < plain; ++j) {
    x[plain + j] = mirror(x[j]);
  }
}

/// The column outside behind a column of a walked row.
[[nodiscard]] constexpr std::size_t source_of(std::size_t column, std::size_t columns, std::span<const category_order> orders) noexcept {
  const std::size_t plain = columns + orders.size();
  const std::size_t straight = column < plain ? column : column - plain;
  return straight < columns ? straight : orders[straight - columns].source;
}

[[nodiscard]] inline bool is_category(const training_options& options, std::size_t column) noexcept {
  return !options.kinds.empty() && options.kinds[column] == column_kind::category;
}

[[nodiscard]] inline std::size_t categories_of(const training_options& options) noexcept {
  std::size_t n = 0;
  for (const column_kind kind : options.kinds) {
    n += kind == column_kind::category ? 1 : 0;
  }
  return n;
}

/// Looks at the shapes and sums of what is asked for; `rows` = 0: not known yet.
[[nodiscard]] inline status check_options(const training_options& options, std::size_t columns, std::size_t rows) noexcept {
  if ((!options.kinds.empty() && options.kinds.size() != columns) ||
      (!options.column_weights.empty() && options.column_weights.size() != columns) ||
      (!options.row_weights.empty() && options.row_weights.size() != rows)) {
    return errc::width;
  }
  std::uint32_t any = options.column_weights.empty() ? 1 : 0;
  for (const std::uint16_t w : options.column_weights) {
    any |= w;
  }
  return any != 0 ? status{} : status{errc::invalid};
}

/// The rows that may be drawn.
[[nodiscard]] inline std::size_t drawable_rows(const training_options& options, std::size_t rows) noexcept {
  if (options.row_weights.empty()) {
    return rows;
  }
  std::size_t n = 0;
  for (const std::uint16_t w : options.row_weights) {
    n += w != 0 ? 1 : 0;
  }
  return n;
}

/// Draws the orders of one column of names: a keyed shuffle of the names that were seen (bit n of `seen`), for each order its own.
inline void draw_orders(std::uint64_t seed, std::uint16_t column, std::uint64_t seen, category_order* out) noexcept {
  for (std::uint32_t k = 0; k < orders_per_category; ++k) {
    std::array<std::uint8_t, most_categories> names{};
    std::uint32_t count = 0;
    for (std::uint32_t n = 0; n < most_categories; ++n) {
      if (((seen >> n) & 1U) != 0) {
        names[count++] = static_cast<std::uint8_t>(n);
      }
    }
    out[k].source = column;
    out[k].rank.fill(category_order::unseen);
    word_stream words{seed, column, k, category_domain};
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t j = i + uniform_below(words, count - i);
      out[k].rank[names[j]] = static_cast<std::uint8_t>(i);
      names[j] = names[i];
    }
  }
}

/// The orders of all columns of names in a history: `code_at(row, column)` reads its codes. `out_of_range` for a name that is neither
/// missing nor one of 0 … 63; `not_finite` for a missing one where that is refused. Without `out` it only looks.
template <forest_code Code, typename CodeAt>
[[nodiscard]] status learn_orders(std::uint64_t seed, missing_policy missing, const training_options& options, std::size_t rows,
                                  const CodeAt& code_at, category_order* out) noexcept {
  for (const bool keep : {false, out != nullptr}) {  // nothing is written before all is known to be good
    for (std::size_t j = 0; j < options.kinds.size(); ++j) {
      if (!is_category(options, j)) {
        continue;
      }
      std::uint64_t seen = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        const Code x = code_at(i, j);
        if (x == code_traits<Code>::missing) {
          if (missing == missing_policy::refuse) {
            return errc::not_finite;
          }
          continue;
        }
        const std::uint32_t name = name_of(x);
        if (name >= most_categories) {
          return errc::out_of_range;
        }
        seen |= std::uint64_t{1} << name;
      }
      if (keep) {
        draw_orders(seed, static_cast<std::uint16_t>(j), seen, out);
        out += orders_per_category;
      }
    }
  }
  return {};
}

}  // namespace detail

}  // namespace skerry::inline v0::anomaly
