// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_scoring.hpp>
#include <skerry/anomaly/detail/tree_random.hpp>
#include <skerry/core/bytes.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

// Trees in slots of equal room, so that one can be replaced while the others stay where they are. A slot of `room` splits has
// room + 1 leaves; the split after the last slot can be read.

/// The fields of a split, read for a walk; at once where they fill a word.
template <typename Split>
struct split_fields {
  std::uint32_t feature, left;
  std::int32_t threshold;

  explicit split_fields(const Split* split) noexcept {
    if constexpr (sizeof(Split) == 4 && sizeof(Split::feature) == 1 && sizeof(Split::left) == 1 &&
                  std::endian::native == std::endian::little) {
      std::uint32_t word = 0;
      __builtin_memcpy(&word, static_cast<const void*>(split), sizeof word);
      feature = word & 0xffU;
      left = (word >> 8U) & 0xffU;
      threshold = static_cast<std::int32_t>(word) >> 16;
    } else {
      feature = split->feature;
      left = split->left;
      threshold = split->threshold;
    }
  }
};

/// `walk_tree` with a branch instead of masks: half the instructions, for processors to which a branch costs two of them.
///
/// Before a node lie as many leaves as splits, but for the splits of which it is on the left.
template <typename Split, typename Row>
[[nodiscard]] std::uint32_t walk_by_branches(const Split* const first, std::uint32_t splits, const Row& x) noexcept {
  const Split* split = first;
  const Split* end = first + splits;
  std::uint32_t on_left = 0;
  while (split != end) {
    const split_fields<Split> s{split};
    ++split;
    if (x[s.feature] > s.threshold) {
      split += s.left;
      stay_branch();
      continue;
    }
    end = split + s.left;
    ++on_left;
  }
  return static_cast<std::uint32_t>(split - first) - on_left;
}

/// The sum over the leaves of one row, one tree after the other. On its own, for its registers.
template <typename Split, typename Leaves, typename SlotOf, typename Code>
[[nodiscard, gnu::noinline]] typename Leaves::sum_type slot_sum_by_branches(const Split* splits, Leaves leaf, std::uint32_t room,
                                                                            const std::uint16_t* count, std::uint32_t trees, SlotOf slot,
                                                                            const Code* x) noexcept {
  typename Leaves::sum_type sum = 0;
  for (std::uint32_t tree = 0; tree < trees; ++tree) {
    const std::uint32_t s = slot(tree);
    sum += leaf(s * (room + 1U) + walk_by_branches(splits + std::size_t{s} * room, std::uint32_t{count[s]}, x));
  }
  return sum;
}

/// The sum over the leaves of one row. `slot(i)` is where the i-th of `trees` trees lies, `count[slot]` how many splits it has; `leaf(i)`
/// answers for place i of the leaves.
template <typename Split, typename Leaves, typename SlotOf, typename Code>
[[nodiscard]] typename Leaves::sum_type slot_sum(const Split* splits, const Leaves& leaf, std::uint32_t room, const std::uint16_t* count,
                                                 std::uint32_t trees, const SlotOf& slot, const Code* x) noexcept {
  if constexpr (short_branches) {
    return slot_sum_by_branches(splits, leaf, room, count, trees, slot, x);
  } else {
    typename Leaves::sum_type sum = 0;
    std::uint32_t tree = 0;
    const auto lane = [=](std::uint32_t s) noexcept { return walk_lane{s * room, s * (room + 1U), count[s]}; };
    for (; tree + 4U <= trees; tree += 4) {
      walk_lane a = lane(slot(tree));
      walk_lane b = lane(slot(tree + 1U));
      walk_lane c = lane(slot(tree + 2U));
      walk_lane d = lane(slot(tree + 3U));
      while ((a.splits | b.splits | c.splits | d.splits) != 0) {
        a.step(splits, x);
        b.step(splits, x);
        c.step(splits, x);
        d.step(splits, x);
      }
      sum += leaf(a.leaf) + leaf(b.leaf) + leaf(c.leaf) + leaf(d.leaf);
    }
    for (; tree < trees; ++tree) {
      const std::uint32_t s = slot(tree);
      sum += leaf(s * (room + 1U) + walk_tree(splits + std::size_t{s} * room, std::uint32_t{count[s]}, x));
    }
    return sum;
  }
}

/// True when the counts of the left subtrees form one tree in pre-order, no deeper than `depth_limit`, on columns below `columns`.
template <typename Split>
[[nodiscard]] bool is_tree(const Split* splits, std::uint32_t count, std::uint32_t columns, std::uint32_t depth_limit) noexcept {
  std::array<std::uint32_t, greatest_depth + 1> right{};  // of the subtrees to the right that wait: their splits
  constexpr std::uint32_t taken = 0xffffffffU;
  std::uint32_t at = 0;
  std::uint32_t depth = 0;
  for (;;) {
    if (count != 0) {
      const Split& s = splits[at++];
      if (depth >= depth_limit || depth == greatest_depth || s.feature >= columns || s.left >= count) {
        return false;
      }
      right[depth++] = count - 1U - s.left;
      count = s.left;
      continue;
    }
    while (depth != 0 && right[depth - 1U] == taken) {
      --depth;
    }
    if (depth == 0) {
      return true;
    }
    count = right[depth - 1U];
    right[depth - 1U] = taken;
  }
}

/// One field of one or two bytes, little-endian.
template <typename T>
void put_narrow(byte_writer& out, T v) noexcept {
  if constexpr (sizeof(T) == 1) {
    out.u8(static_cast<std::uint8_t>(v));
  } else {
    out.u16(static_cast<std::uint16_t>(v));
  }
}
template <typename T>
[[nodiscard]] T take_narrow(byte_reader& in) noexcept {
  if constexpr (sizeof(T) == 1) {
    return static_cast<T>(in.u8());
  } else {
    return static_cast<T>(in.u16());
  }
}

/// The splits of one tree, and its leaves from left to right.
template <typename Split, typename Leaf>
void put_tree(byte_writer& out, const Split* splits, const Leaf* leaves, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    const Split s = splits[i];
    put_narrow<decltype(s.feature)>(out, s.feature);
    put_narrow<decltype(s.left)>(out, s.left);
    put_narrow<decltype(s.threshold)>(out, s.threshold);
  }
  for (std::uint32_t i = 0; i <= count; ++i) {
    put_narrow(out, leaves[i]);
  }
}
/// Reads what `put_tree` wrote; nothing is checked.
template <typename Split, typename Leaf>
void take_tree(byte_reader& in, Split* splits, Leaf* leaves, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    Split s{};
    s.feature = take_narrow<std::remove_cv_t<decltype(s.feature)>>(in);
    s.left = take_narrow<std::remove_cv_t<decltype(s.left)>>(in);
    s.threshold = take_narrow<std::remove_cv_t<decltype(s.threshold)>>(in);
    splits[i] = s;
  }
  for (std::uint32_t i = 0; i <= count; ++i) {
    leaves[i] = take_narrow<Leaf>(in);
  }
}
/// Bytes of one tree.
template <typename Split, typename Leaf>
[[nodiscard]] constexpr std::size_t tree_bytes(std::size_t count) noexcept {
  return count * (sizeof(Split::feature) + sizeof(Split::left) + sizeof(Split::threshold)) + (count + 1) * sizeof(Leaf);
}

}  // namespace skerry::inline v0::anomaly::detail
