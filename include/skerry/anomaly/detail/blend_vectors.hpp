// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_plain.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace skerry::inline v0::anomaly::detail {

/// The shape of all explicit kernels: the result at work stays in registers, so a split costs one comparison and one selection
/// per vector, a store where a result is set aside and a load where it is fetched again.
///
/// A type `Lanes` gives `bytes` (a vector), `width` (bytes in it) and: `fill(u8)`; `threshold(i8 or i16)`; `greater(x, t)`, the mask of
/// `width` codes from memory; `select(mask, yes, no)`; `load`, `store`; `add(sums, bytes)`, widening; and `column_position`
/// and `sum_position`, the places of a row within a block, for units whose packing or widening does not keep the order.
template <typename Lanes>
struct blend_vectors {
  static constexpr std::size_t width = Lanes::width, registers = Lanes::registers;
  template <typename Code>
  [[nodiscard]] static constexpr std::size_t column_position(std::size_t row) noexcept {
    return Lanes::template column_position<Code>(row);
  }
  [[nodiscard]] static constexpr std::size_t sum_position(std::size_t row) noexcept { return Lanes::sum_position(row); }

  template <std::size_t Vectors, typename Split>
  static void run(const Split* at, const Split* end, const typename Split::compared_type* columns, std::uint8_t* aside,
                  std::uint16_t* sums) noexcept {
    run(at, end, columns, aside, sums, std::make_index_sequence<Vectors>{});
  }

 private:
  // Every index is a constant, so that the array is registers at any level of optimisation worth the name.
  template <typename Split, std::size_t... I>
  static void run(const Split* at, const Split* end, const typename Split::compared_type* columns, std::uint8_t* aside, std::uint16_t* sums,
                  std::index_sequence<I...>) noexcept {
    constexpr std::size_t rows = sizeof...(I) * width;
    typename Lanes::bytes work[sizeof...(I)] = {((void)I, Lanes::fill(0))...};
    for (; at != end; ++at) {
      const auto* const x = columns + at->feature * rows;
      const auto t = Lanes::threshold(at->threshold);
      if ((at->kind & blend_kind::right) != 0) {
        if ((at->kind & blend_kind::left) != 0) {
          aside -= rows;
          ((work[I] = Lanes::select(Lanes::greater(x + I * width, t), work[I], Lanes::load(aside + I * width))), ...);
        } else {
          const auto left = Lanes::fill(at->left);
          ((work[I] = Lanes::select(Lanes::greater(x + I * width, t), work[I], left)), ...);
        }
      } else if ((at->kind & blend_kind::left) != 0) {
        const auto right = Lanes::fill(at->right);
        ((work[I] = Lanes::select(Lanes::greater(x + I * width, t), right, work[I])), ...);
      } else {
        if ((at->kind & blend_kind::first) != 0) {
          (Lanes::add(sums + I * width, work[I]), ...);
        } else {
          (Lanes::store(aside + I * width, work[I]), ...);
          aside += rows;
        }
        const auto left = Lanes::fill(at->left);
        const auto right = Lanes::fill(at->right);
        ((work[I] = Lanes::select(Lanes::greater(x + I * width, t), right, left)), ...);
      }
    }
    (Lanes::add(sums + I * width, work[I]), ...);
  }
};

}  // namespace skerry::inline v0::anomaly::detail
