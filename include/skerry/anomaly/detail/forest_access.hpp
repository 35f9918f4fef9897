// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_layout.hpp>
#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::anomaly::detail {

/// Fills forests from images that have been looked at.
struct forest_access {
  /// Whether a forest of fixed capacity can hold it: `mismatch`: other columns; `full`: too many trees, splits or rows; `unsupported`: what
  /// its type leaves out.
  template <std::size_t F, std::size_t T, std::size_t S, typename Code, std::size_t N, forest_room Room>
  [[nodiscard]] static status fits(const isolation_forest<F, T, S, Code, N, Room>&, const forest_layout<Code>& from) noexcept {
    using forest = isolation_forest<F, T, S, Code, N, Room>;
    const forest_head& head = from.head();
    if (head.columns != F) {
      return errc::mismatch;
    }
    if (head.trees > T || from.splits() > N || head.sample > S) {
      return errc::full;
    }
    const bool left_out = (head.has(forest_flag::density) && !Room.density) || (head.has(forest_flag::explain) && !Room.explain) ||
                          head.categories() > Room.categories || head.walked() > forest::code_columns_capacity ||
                          head.leaf_bytes() > sizeof(typename forest::leaf_type);
    return left_out ? status{errc::unsupported} : status{};
  }
  /// One over an allocator can.
  template <typename Code, typename Allocator>
  [[nodiscard]] static status fits(const dynamic_isolation_forest<Code, Allocator>&, const forest_layout<Code>&) noexcept {
    return {};
  }

  template <std::size_t F, std::size_t T, std::size_t S, typename Code, std::size_t N, forest_room Room>
  static void take(isolation_forest<F, T, S, Code, N, Room>& to, const forest_layout<Code>& from) noexcept {
    quantizer<F, Code> codes;
    if (from.head().has(forest_flag::numbers)) {
      std::array<float, F> lo;
      std::array<float, F> inv_step;
      for (std::size_t j = 0; j < F; ++j) {
        lo[j] = from.lo(j);
        inv_step[j] = from.inv_step(j);
      }
      codes = quantizer<F, Code>::from_steps(lo, inv_step).value_or(codes);
    }
    to.codes_ = codes;
    to.orders_ = {};
    from.orders(to.orders_.data());
    fill(to.state_, to.pool(), from);
  }

  template <typename Code, typename Allocator>
  static void take(dynamic_isolation_forest<Code, Allocator>& to, const forest_layout<Code>& from) {
    const forest_head& head = from.head();
    // No room to train in, and as many splits as there are: what an image says costs no more than what it holds, and 8 bytes a column.
    typename dynamic_isolation_forest<Code, Allocator>::shape wanted{
        head.columns, head.trees, 0, head.categories(), head.has(forest_flag::density), head.has(forest_flag::explain)};
    wanted.splits = from.splits() == 0 ? 1 : from.splits();
    to.lay_out(wanted, [&from, &head](float* lo, float* inv_step) {
      for (std::size_t j = 0; j < head.columns; ++j) {
        const bool known = head.has(forest_flag::numbers);
        lo[j] = known ? from.lo(j) : j == 0 ? std::numeric_limits<float>::quiet_NaN() : 0.0F;
        inv_step[j] = known ? from.inv_step(j) : 0.0F;
      }
    });
    from.orders(to.orders());
    fill(to.state_, to.pool(), from);
  }

 private:
  template <typename Split, typename Leaf, typename Code>
  static void fill(forest_state& state, forest_pool<Split, Leaf> pool, const forest_layout<Code>& from) noexcept {
    const forest_head& head = from.head();
    state = forest_state{};
    state.seed = head.seed;
    state.splits = from.splits();
    state.trees = state.planned = head.trees;
    state.sample = state.wanted_sample = static_cast<std::uint16_t>(head.sample);
    state.leaf_scale = head.leaf_scale;
    state.depth_limit = head.depth_limit;
    state.wanted_depth = head.depth_limit == depth_limit_of(head.sample) ? std::uint8_t{0} : head.depth_limit;
    state.orders = static_cast<std::uint8_t>(head.categories());
    state.missing = head.missing();
    state.density = head.has(forest_flag::density);
    state.explain = head.has(forest_flag::explain);
    state.fresh = false;
    for (std::uint32_t i = 0; i < state.splits; ++i) {
      from.split_at(i, pool.splits[i]);
      if (state.explain) {
        pool.node_codes[i] = static_cast<Leaf>(from.node_code(i));
      }
    }
    for (std::uint32_t i = 0; i < state.splits + state.trees; ++i) {
      pool.leaves[i] = static_cast<Leaf>(from.leaf(i));
      if (state.density) {
        pool.density[i] = from.density(i);
      }
    }
    std::uint32_t first = 0;
    for (std::uint32_t t = 0; t < state.trees; ++t) {
      pool.first[t] = first;
      first += from.splits_of(t);
    }
    clear_tail(state, pool);
  }
};

}  // namespace skerry::inline v0::anomaly::detail
