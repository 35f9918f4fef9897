// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_engine.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/row_view.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

/// Codes of a sample that lies row after row; see `code_column`.
template <std::size_t Features, typename Code>
struct code_at {
  const Code* codes;
  struct column_type {
    using code_type = Code;
    const Code* at;
    [[nodiscard]] std::int32_t operator()(std::uint32_t row) const noexcept { return at[row * Features]; }
    [[nodiscard]] static std::int32_t code(std::int32_t key) noexcept { return key; }
    [[nodiscard]] static std::int32_t limit(std::int32_t cut) noexcept { return cut; }
  };
  template <typename F>
  auto on(std::uint32_t column, const F& f) const noexcept {
    return f(column_type{codes + column});
  }
};

/// Where a tree that will go to a slot is at work: the order of its rows, and its leaves, behind which volumes wait between slices.
/// Its splits grow in the slot, which has room for that.
template <typename Split, typename Leaf, std::size_t Features, std::size_t Sample, std::size_t Slot, bool Density>
struct tree_bench {
  std::array<Leaf, Sample + greatest_depth + 1> leaves{};
  std::array<std::uint8_t, Density ? Sample + greatest_depth + 1 : 1> densities{};
  std::array<std::uint16_t, Sample> order{};

  template <typename CodeOf>
  growth grow(const forest_config& config, const tree_plan& plan, tree_state& state, Split* splits, Leaf* node_codes, const CodeOf& code,
              std::uint64_t visits) noexcept {
    std::array<std::uint32_t, (Features + 31) / 32> marks;
    array_order rows{order.data()};
    tree_place<Split, Leaf> place{splits, leaves.data(), static_cast<std::uint32_t>(Slot)};
    place.node_codes = config.explain ? node_codes : nullptr;
    place.density = config.density ? densities.data() : nullptr;
    return grow_tree(plan, state, place, rows, code, marks, visits);
  }
};

/// The number of the first tree of a forest on `rows` that has no more than Slot splits; `full` when none has.
template <typename Split, typename Leaf, std::size_t Sample, std::size_t Slot, std::size_t Features, typename Code>
[[nodiscard]] result<std::uint32_t> first_that_fits(row_view<float> rows, const forest_config& config,
                                                    const quantizer<Features, Code>& codes) noexcept {
  forest_state state;
  if (const status ok = begin_forest(state, config, config.trees, Sample); !ok) {
    return ok.error();
  }
  if (const status ok = set_sample<Leaf>(state, rows.rows); !ok) {
    return ok.error();
  }
  std::array<Code, Sample * Features> sample_codes;
  std::array<std::uint16_t, Sample> order;
  std::array<std::uint32_t, (Features + 31) / 32> marks;
  for (std::uint32_t tree = 0; tree < state.planned; ++tree) {
    const row_sampler sample{state.seed, tree, static_cast<std::uint32_t>(rows.rows), state.sample};
    for (std::uint32_t i = 0; i < state.sample; ++i) {
      const float* x = rows.row(sample(i));
      for (std::size_t j = 0; j < Features; ++j) {
        sample_codes[i * Features + j] = codes.code(j, x[j]);
      }
      order[i] = static_cast<std::uint16_t>(i);
    }
    array_order row_order{order.data()};
    const tree_place<Split, Leaf> place{nullptr, nullptr, static_cast<std::uint32_t>(Slot)};
    tree_state growing;
    growing.heap = 1;
    std::uint64_t visits = static_cast<std::uint64_t>(-1);
    if (grow_tree(plan_of(state, tree, Features), growing, place, row_order, code_at<Features, Code>{sample_codes.data()}, marks, visits) ==
        growth::complete) {
      return tree;
    }
  }
  return errc::full;
}

}  // namespace skerry::inline v0::anomaly::detail
