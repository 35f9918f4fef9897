// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

/// Which children of a split are results of splits before it; the others are leaves. The result at work is that of the subtree just
/// finished, results that wait for their right neighbour are set aside. Bits, tested one by one: a switch becomes an indirect jump, and
/// that was guessed wrong so often that it cost two thirds of the time (docs/notes/blend_list.md).
struct blend_kind {
  static constexpr std::uint8_t left = 1, right = 2;
  static constexpr std::uint8_t first = 4;  ///< of its tree: the result at work is the one of the tree before
};

/// Codes as they are compared: signed, because that is the one comparison of bytes every vector unit has.
template <forest_code Code>
using signed_code = std::conditional_t<sizeof(Code) == 1, std::int8_t, std::int16_t>;

template <forest_code Code>
[[nodiscard]] constexpr signed_code<Code> to_signed(Code c) noexcept {
  return static_cast<signed_code<Code>>(sizeof(Code) == 1 ? c - 128 : c);
}

template <typename Feature, forest_code Code, typename Leaf>
struct blend_split {
  using leaf_type = Leaf;
  using compared_type = signed_code<Code>;
  compared_type threshold;
  Feature feature;
  Leaf left, right;  ///< codes of leaves, where there are some
  std::uint8_t kind;
};

/// What the sums of up to `blend_chunk` trees are kept in.
template <typename Leaf>
using blend_sum = std::conditional_t<sizeof(Leaf) == 1, std::uint16_t, std::uint32_t>;
inline constexpr std::size_t blend_chunk = 256;  // trees: 256 · 255 < 2^16

/// One row through the splits [at, end).
template <std::size_t Aside, typename Split, typename Code>
[[nodiscard]] std::uint32_t blend_row(const Split* at, const Split* end, const Code* x) noexcept {
  using leaf = typename Split::leaf_type;
  array_of<leaf, Aside + 1> aside;
  std::size_t waiting = 0;
  leaf work = 0;
  std::uint32_t sum = 0;
  for (; at != end; ++at) {
    leaf left = at->left;
    leaf right = at->right;
    if ((at->kind & blend_kind::right) != 0) {
      right = work;
      if ((at->kind & blend_kind::left) != 0) {
        left = aside[--waiting];
      }
    } else if ((at->kind & blend_kind::left) != 0) {
      left = work;
    } else if ((at->kind & blend_kind::first) != 0) {
      sum += work;
    } else {
      aside[waiting++] = work;
    }
    work = to_signed(x[at->feature]) > at->threshold ? right : left;
  }
  return sum + work;
}

/// The kernel that is always there: loops over lines of a fixed length, which compilers turn into the vectors they know.
struct blend_plain {
  static constexpr std::size_t width = 32, registers = 4;
  template <typename Code>
  [[nodiscard]] static constexpr std::size_t column_position(std::size_t row) noexcept {
    return row;
  }
  [[nodiscard]] static constexpr std::size_t sum_position(std::size_t row) noexcept { return row; }

  /// Adds the trees [at, end) to the sums of `Vectors` · width rows. `columns` holds the codes column after column.
  template <std::size_t Vectors, typename Split>
  static void run(const Split* at, const Split* end, const typename Split::compared_type* columns, typename Split::leaf_type* aside,
                  blend_sum<typename Split::leaf_type>* sums) noexcept {
    using lines = lines_of<Vectors * width, typename Split::compared_type, typename Split::leaf_type>;
    alignas(64) std::array<typename Split::leaf_type, lines::rows> work{};
    for (; at != end; ++at) {
      const auto* x = columns + at->feature * lines::rows;
      if ((at->kind & blend_kind::right) != 0) {
        if ((at->kind & blend_kind::left) != 0) {
          aside -= lines::rows;
          lines::both(work.data(), x, at->threshold, aside);
        } else {
          lines::right(work.data(), x, at->threshold, at->left);
        }
      } else if ((at->kind & blend_kind::left) != 0) {
        lines::left(work.data(), x, at->threshold, at->right);
      } else {
        if ((at->kind & blend_kind::first) != 0) {
          lines::add(sums, work.data());
        } else {
          lines::copy(aside, work.data());
          aside += lines::rows;
        }
        lines::leaves(work.data(), x, at->threshold, at->left, at->right);
      }
    }
    lines::add(sums, work.data());
  }

 private:
  // Small functions whose arguments do not overlap, values read before they are chosen from: GCC and Clang vectorise these at -O2,
  // and do not when the loops stand inside the one above.
  template <std::size_t Rows, typename Code, typename Leaf>
  struct lines_of {
    static constexpr std::size_t rows = Rows;
    using sum = blend_sum<Leaf>;
    static void both(Leaf* __restrict work, const Code* __restrict x, Code t, const Leaf* __restrict left) noexcept {
      for (std::size_t i = 0; i < Rows; ++i) {
        const Leaf yes = work[i];
        const Leaf no = left[i];
        work[i] = x[i] > t ? yes : no;
      }
    }
    static void right(Leaf* __restrict work, const Code* __restrict x, Code t, Leaf left) noexcept {
      for (std::size_t i = 0; i < Rows; ++i) {
        const Leaf yes = work[i];
        work[i] = x[i] > t ? yes : left;
      }
    }
    static void left(Leaf* __restrict work, const Code* __restrict x, Code t, Leaf right) noexcept {
      for (std::size_t i = 0; i < Rows; ++i) {
        const Leaf no = work[i];
        work[i] = x[i] > t ? right : no;
      }
    }
    static void leaves(Leaf* __restrict work, const Code* __restrict x, Code t, Leaf left, Leaf right) noexcept {
      for (std::size_t i = 0; i < Rows; ++i) {
        work[i] = x[i] > t ? right : left;
      }
    }
    static void copy(Leaf* __restrict to, const Leaf* __restrict from) noexcept {
      for (std::size_t i = 0; i < Rows; ++i) {
        to[i] = from[i];
      }
    }
    static void add(sum* __restrict sums, const Leaf* __restrict work) noexcept {
      for (std::size_t i = 0; i < Rows; ++i) {
        sums[i] = static_cast<sum>(sums[i] + work[i]);
      }
    }
  };
};

}  // namespace skerry::inline v0::anomaly::detail
