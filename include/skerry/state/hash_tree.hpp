// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/digest.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// Hash tree of fan-out 16 over the places of elements: a node is the first 4 l bits of a place, its sum that of the values below it.
///
/// The tree is nowhere in memory: the sums that a question asks for are taken in one walk over the set. The side that asks goes down where
/// the sums differ, depth first, so that a few branches are all it remembers. For sets that differ in much, or where coded symbols did not
/// suffice; a set that changes during the walk costs at most a difference named that is none any more, or one not yet named.
///
/// Depth   branches remembered, at least 16 + Batch
/// Batch   nodes in one question; an answer takes at most 131 Batch bytes
/// Cost    16 Depth + 24 Batch + 16 bytes, no heap; O(Batch · elements) for each answer made or taken, 290 Batch bytes of stack
/// Wire    question: n · {level, with bit 7: the children's sums even if there are few elements · place: (level + 1) / 2 bytes, the first
///         one first}*. Answer, per node in the same order: 0 to 16 · that many values (8 bytes, ascending), or 255 · mask of children
///         with elements (2 bytes) · their sums (8 bytes). An answer may stop before the last node
/// Errors  those of `digest`, without `mismatch`; from `answer` `unsupported` when more than 16 elements are at one place
/// Source  Merkle, "A digital signature based on a conventional encryption function", 1987; sums instead of hashes of hashes, since
///         values are keyed hashes already
template <std::size_t Depth = 32, std::size_t Batch = 8>
class hash_tree {
 public:
  static_assert(Batch >= 1 && Batch <= 64, "1 to 64 nodes in one question");
  static_assert(Depth >= 16 + Batch, "a walk to the last level needs 16 branches, and each node of a question may add one");
  static constexpr std::size_t fan_out = 16;
  static constexpr unsigned levels = 16;
  /// Elements of a node that are named one by one: as many bytes as sixteen sums.
  static constexpr std::size_t leaf = 16;
  /// Room that an answer needs at least, to get on at all.
  static constexpr std::size_t least_answer = 1 + 2 + 8 * fan_out;

  constexpr void start(std::uint64_t /*salt*/, const digest_mark& mine) noexcept {
    size_ = 1;
    open_[0] = {0, 0xffff, mine.count / fan_out >= leaf ? std::uint16_t{0xffff} : std::uint16_t{0}, 1};
  }

  [[nodiscard]] constexpr status ask(byte_writer& out) const noexcept {
    array_of<node, Batch> nodes{};
    const std::size_t count = next(nodes);
    out.varint(count);
    for (std::size_t i = 0; i < count; ++i) {
      out.u8(static_cast<std::uint8_t>(nodes[i].level | (nodes[i].split ? split_bit : 0U)));
      for (unsigned b = 0; b < (nodes[i].level + 1U) / 2; ++b) {
        out.u8(static_cast<std::uint8_t>(nodes[i].place >> (56 - 8 * b)));
      }
    }
    return out.error();
  }

  template <digest_source S>
  [[nodiscard]] static constexpr status answer(std::uint64_t /*salt*/, byte_reader& in, const S& set, byte_writer& out) {
    array_of<node, Batch> nodes{};
    std::size_t count = in.count(2);
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
      node n;
      const std::uint8_t level = in.u8();
      n.level = static_cast<std::uint8_t>(level & ~split_bit);
      n.split = (level & split_bit) != 0;
      if (in.error() == errc::ok && (n.level == 0 || n.level > levels)) {
        return errc::corrupt;
      }
      for (unsigned b = 0; b < (n.level + 1U) / 2; ++b) {
        n.place |= std::uint64_t{in.u8()} << (56 - 8 * b);
      }
      if (in.error() == errc::ok && (n.place & ~prefix_bits(n.level)) != 0) {
        return errc::corrupt;
      }
      if (used < Batch) {  // what this side cannot answer at once is asked again
        nodes[used++] = n;
      }
    }
    if (const status read = in.finish(); !read) {
      return read;
    }
    if (used == 0) {
      return errc::corrupt;
    }
    // The first sixteen values of a node, and the sums of its children: which of them are sent is known at the end of the walk.
    array_of<std::array<std::uint64_t, leaf>, Batch> values{};
    array_of<std::array<std::uint64_t, fan_out>, Batch> sums{};
    std::array<std::uint64_t, Batch> elements{};
    std::array<std::uint16_t, Batch> mask{};
    set.for_each([&](const digest_item& item) {
      for (std::size_t i = 0; i < used; ++i) {
        if ((item.place & prefix_bits(nodes[i].level)) != nodes[i].place) {
          continue;
        }
        if (elements[i] < leaf) {
          values[i][static_cast<std::size_t>(elements[i])] = item.value;
        }
        ++elements[i];
        const unsigned child = child_of(item.place, nodes[i].level);
        sums[i][child] += item.value;
        mask[i] = static_cast<std::uint16_t>(mask[i] | 1U << child);
      }
    });
    for (std::size_t i = 0; i < used; ++i) {
      const bool last = nodes[i].level == levels;
      const bool list = elements[i] <= leaf && (!nodes[i].split || last);
      if (!list && last) {
        return i == 0 ? status{errc::unsupported} : status{};
      }
      const auto listed = static_cast<std::size_t>(list ? elements[i] : 0);
      const std::size_t bytes = list ? 1 + 8 * listed : 3 + 8 * bits(mask[i]);
      if (out.free_bytes() < bytes) {
        return i == 0 ? status{errc::full} : status{};
      }
      if (list) {
        sort(std::span{values[i]}.first(listed));
        out.u8(static_cast<std::uint8_t>(listed));
        for (std::size_t v = 0; v < listed; ++v) {
          out.u64(values[i][v]);
        }
      } else {
        out.u8(children_tag);
        out.u16(mask[i]);
        for (unsigned child = 0; child < fan_out; ++child) {
          if ((mask[i] >> child & 1) != 0) {
            out.u64(sums[i][child]);
          }
        }
      }
    }
    return out.error();
  }

  template <digest_source S, typename Found>
  [[nodiscard]] constexpr status take(byte_reader& in, const S& set, Found&& found) {
    if (size_ == 0) {
      return errc::stale;
    }
    array_of<node, Batch> nodes{};
    const std::size_t asked = next(nodes);
    array_of<std::array<std::uint64_t, fan_out>, Batch> numbers{};  // listed values, or sums of children: theirs minus own
    std::array<std::uint8_t, Batch> listed{};
    std::array<std::uint16_t, Batch> mask{};
    std::size_t answered = 0;
    if (in.remaining().empty()) {
      return errc::truncated;
    }
    for (; in.error() == errc::ok && !in.remaining().empty(); ++answered) {
      if (answered == asked) {
        return errc::corrupt;
      }
      const std::uint8_t tag = in.u8();
      auto& of_node = numbers[answered];
      listed[answered] = tag;
      if (tag == children_tag) {
        if (nodes[answered].level == levels) {
          return errc::corrupt;
        }
        mask[answered] = in.u16();
        for (unsigned child = 0; child < fan_out; ++child) {
          of_node[child] = (mask[answered] >> child & 1) != 0 ? in.u64() : 0;
        }
        continue;
      }
      if (tag > leaf || (nodes[answered].split && nodes[answered].level < levels)) {
        return errc::corrupt;
      }
      for (std::size_t v = 0; v < tag; ++v) {
        of_node[v] = in.u64();
        if (in.error() == errc::ok && v > 0 && of_node[v] <= of_node[v - 1]) {
          return errc::corrupt;
        }
      }
    }
    if (in.error() != errc::ok) {
      return in.error();
    }

    std::array<std::uint16_t, Batch> seen{};  // listed values that are here too
    array_of<std::array<std::uint8_t, fan_out>, Batch> elements{};
    std::array<std::uint16_t, Batch> own{};
    set.for_each([&](const digest_item& item) {
      for (std::size_t i = 0; i < answered; ++i) {
        if ((item.place & prefix_bits(nodes[i].level)) != nodes[i].place) {
          continue;
        }
        if (listed[i] == children_tag) {
          const unsigned child = child_of(item.place, nodes[i].level);
          numbers[i][child] -= item.value;
          own[i] = static_cast<std::uint16_t>(own[i] | 1U << child);
          elements[i][child] = static_cast<std::uint8_t>(elements[i][child] + (elements[i][child] <= leaf ? 1 : 0));
          return;
        }
        std::size_t v = 0;
        while (v < listed[i] && numbers[i][v] != item.value) {
          ++v;
        }
        if (v == listed[i]) {
          found(item.value, digest_side::mine);
        } else {
          seen[i] = static_cast<std::uint16_t>(seen[i] | 1U << v);
        }
        return;
      }
    });
    drop(answered);
    for (std::size_t i = answered; i-- > 0;) {
      if (listed[i] != children_tag) {
        for (std::size_t v = 0; v < listed[i]; ++v) {
          if ((seen[i] >> v & 1) == 0) {
            found(numbers[i][v], digest_side::theirs);
          }
        }
        continue;
      }
      branch below{nodes[i].place, 0, 0, static_cast<std::uint8_t>(nodes[i].level + 1)};
      for (unsigned child = 0; child < fan_out; ++child) {
        const bool differs = numbers[i][child] != 0 || (own[i] >> child & 1) != (mask[i] >> child & 1);
        below.open = static_cast<std::uint16_t>(below.open | (differs ? 1U << child : 0U));
        below.split = static_cast<std::uint16_t>(below.split | (elements[i][child] > leaf ? 1U << child : 0U));
      }
      if (below.open != 0) {
        SKERRY_ASSERT(size_ < Depth);
        open_[size_++] = below;
      }
    }
    return {};
  }

  [[nodiscard]] constexpr bool done() const noexcept { return size_ == 0; }
  /// Never: whatever the answers say, the walk goes on to its end.
  [[nodiscard]] constexpr bool spoiled() const noexcept { return false; }

 private:
  static constexpr unsigned split_bit = 0x80;
  static constexpr std::uint8_t children_tag = 255;

  struct node {
    std::uint64_t place = 0;
    std::uint8_t level = 0;
    bool split = false;
  };
  /// Children of one node that are still to be asked for.
  struct branch {
    std::uint64_t place = 0;  ///< of the node above them
    std::uint16_t open = 0;
    std::uint16_t split = 0;  ///< with more own elements than a leaf holds: asked for sums, so that a leaf names at most 32 differences
    std::uint8_t level = 1;   ///< of the children
  };

  [[nodiscard]] static constexpr std::uint64_t prefix_bits(unsigned level) noexcept { return ~std::uint64_t{0} << (64 - 4 * level); }
  [[nodiscard]] static constexpr unsigned child_of(std::uint64_t place, unsigned level) noexcept {
    return level == levels ? 0 : static_cast<unsigned>(place >> (60 - 4 * level) & 15);
  }
  [[nodiscard]] static constexpr std::size_t bits(std::uint16_t mask) noexcept {
    std::size_t n = 0;
    for (; mask != 0; mask = static_cast<std::uint16_t>(mask & (mask - 1))) {
      ++n;
    }
    return n;
  }
  static constexpr void sort(std::span<std::uint64_t> values) noexcept {
    for (std::size_t i = 1; i < values.size(); ++i) {
      const std::uint64_t v = values[i];
      std::size_t at = i;
      for (; at > 0 && values[at - 1] > v; --at) {
        values[at] = values[at - 1];
      }
      values[at] = v;
    }
  }

  /// The nodes of the next question, from the deepest branch up. Each may leave a new branch behind, and one node at a time must still
  /// reach the last level: so many at once as leaves room for that.
  [[nodiscard]] constexpr std::size_t next(std::array<node, Batch>& nodes) const noexcept {
    const std::size_t spare = Depth - size_;
    const std::size_t most = spare > levels ? (spare - levels < Batch ? spare - levels : Batch) : 1;
    std::size_t count = 0;
    for (std::size_t i = size_; i-- > 0 && count < most;) {
      const branch& b = open_[i];
      for (unsigned child = 0; child < fan_out && count < most; ++child) {
        if ((b.open >> child & 1) != 0) {
          nodes[count].place = b.place | std::uint64_t{child} << (64 - 4 * b.level);
          nodes[count].level = b.level;
          nodes[count].split = (b.split >> child & 1) != 0;
          ++count;
        }
      }
    }
    return count;
  }
  /// Strikes the first `count` of those nodes, and branches of which nothing is left.
  constexpr void drop(std::size_t count) noexcept {
    for (std::size_t i = size_; i-- > 0 && count > 0;) {
      branch& b = open_[i];
      for (; b.open != 0 && count > 0; --count) {
        b.open = static_cast<std::uint16_t>(b.open & (b.open - 1));
      }
      size_ -= b.open == 0 ? 1 : 0;
    }
  }

  array_of<branch, Depth> open_{};
  std::size_t size_ = 0;
};

}  // namespace skerry::inline v0::state
