// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/column_table.hpp>
#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

inline constexpr std::array<std::byte, 4> forest_magic{std::byte{'S'}, std::byte{'K'}, std::byte{'I'}, std::byte{'F'}};
inline constexpr std::uint8_t forest_wire_version = 1;

namespace forest_flag {
inline constexpr std::uint8_t two_bytes = 1, density = 2, explain = 4, policy = 0x18, numbers = 0x20, calibration = 0x40, reserved = 0x80;
inline constexpr unsigned policy_at = 3;
}  // namespace forest_flag

/// What the head of a forest image says, and the sizes that follow from it.
struct forest_head {
  std::uint64_t seed = 0;
  std::uint32_t sample = 0;
  std::uint16_t columns = 0, derived = 0, trees = 0, leaf_scale = 0;
  std::uint8_t flags = 0, depth_limit = 0;

  static constexpr std::size_t bytes = 27;

  [[nodiscard]] constexpr bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  [[nodiscard]] constexpr missing_policy missing() const noexcept {
    return static_cast<missing_policy>((flags & forest_flag::policy) >> forest_flag::policy_at);
  }
  [[nodiscard]] constexpr std::size_t walked() const noexcept { return std::size_t{columns} + derived; }
  /// Columns of names: the orders of each are four derived columns; under `heavier` everything is there twice.
  [[nodiscard]] constexpr std::size_t categories() const noexcept {
    const std::size_t once = missing() == missing_policy::heavier ? walked() / 2 : walked();
    return (once - columns) / orders_per_category;
  }
  [[nodiscard]] static constexpr std::size_t derived_of(std::size_t columns, std::size_t categories, missing_policy missing) noexcept {
    const std::size_t orders = categories * orders_per_category;
    return orders + (missing == missing_policy::heavier ? columns + orders : 0);
  }
  [[nodiscard]] constexpr std::size_t feature_bytes() const noexcept { return walked() <= 256 ? 1 : 2; }
  [[nodiscard]] constexpr std::size_t code_bytes() const noexcept { return has(forest_flag::two_bytes) ? 2 : 1; }
  [[nodiscard]] constexpr std::size_t count_bytes() const noexcept { return sample <= 256 ? 1 : 2; }
  [[nodiscard]] constexpr std::size_t leaf_bytes() const noexcept { return leaf_scale == 12 ? 1 : 2; }
  [[nodiscard]] constexpr std::size_t split_bytes() const noexcept {
    return feature_bytes() + code_bytes() + count_bytes() + leaf_bytes() + (has(forest_flag::density) ? 1 : 0) +
           (has(forest_flag::explain) ? leaf_bytes() : 0);
  }
  /// From the start to the number of splits of the first tree.
  [[nodiscard]] constexpr std::size_t trees_at() const noexcept {
    return bytes + (has(forest_flag::numbers) ? 8 * std::size_t{columns} : 0) + 10 * categories();
  }
  /// From the start to what follows the last tree. 64 bits: the same answer on every machine.
  [[nodiscard]] constexpr std::uint64_t end(std::uint64_t splits) const noexcept {
    return trees_at() + std::uint64_t{trees} * (2 + leaf_bytes() + (has(forest_flag::density) ? 1U : 0U)) + splits * split_bytes();
  }
};

/// A forest image that has been looked at from end to end: every part of it can be read without a further question.
template <forest_code Code>
class forest_layout {
 public:
  using split_type = split<std::uint16_t, std::uint16_t, Code>;

  /// `corrupt`, `unsupported`: another version, policy or feature; `mismatch`: codes of the other width.
  [[nodiscard]] static result<forest_layout> open(std::span<const std::byte> image) noexcept {
    forest_layout made{image};
    if (const status good = made.read(); !good) {
      return good.error();
    }
    return made;
  }

  [[nodiscard]] const forest_head& head() const noexcept { return head_; }
  [[nodiscard]] std::size_t columns() const noexcept { return head_.columns; }
  [[nodiscard]] std::uint32_t splits() const noexcept { return splits_; }
  [[nodiscard]] std::uint32_t most_splits() const noexcept { return most_splits_; }

  [[nodiscard]] float lo(std::size_t column) const noexcept { return std::bit_cast<float>(number<4>(forest_head::bytes + 8 * column)); }
  [[nodiscard]] float inv_step(std::size_t column) const noexcept {
    return std::bit_cast<float>(number<4>(forest_head::bytes + 8 * column + 4));
  }

  /// The four orders of each column of names.
  void orders(category_order* out) const noexcept {
    for (std::size_t c = 0; c < head_.categories(); ++c) {
      draw_orders(head_.seed, source(c), seen(c), out + c * orders_per_category);
    }
  }

  [[nodiscard]] std::uint32_t splits_of(std::size_t tree) const noexcept { return number<2>(head_.trees_at() + 2 * tree); }
  /// A split by its number among those of all trees; likewise leaves and codes of inner nodes.
  template <typename Split>
  void split_at(std::size_t i, Split& out) const noexcept {
    out.feature = static_cast<decltype(out.feature)>(field(features_at(), i, head_.feature_bytes()));
    out.threshold = code(i);
    out.left = static_cast<decltype(out.left)>(left(i));
  }
  [[nodiscard]] std::uint32_t leaf(std::size_t i) const noexcept { return field(leaves_at(), i, head_.leaf_bytes()); }
  [[nodiscard]] std::uint8_t density(std::size_t i) const noexcept { return static_cast<std::uint8_t>(field(densities_at(), i, 1)); }
  [[nodiscard]] std::uint32_t node_code(std::size_t i) const noexcept { return field(node_codes_at(), i, head_.leaf_bytes()); }

  /// The image of a calibration; empty when there is none.
  [[nodiscard]] std::span<const std::byte> calibration() const noexcept {
    const auto at = static_cast<std::size_t>(head_.end(splits_));
    return head_.has(forest_flag::calibration) ? image_.subspan(at + 4, number<4>(at)) : std::span<const std::byte>{};
  }

 private:
  explicit forest_layout(std::span<const std::byte> image) noexcept : image_{image} {}

  template <std::size_t N>
  [[nodiscard]] std::uint32_t number(std::size_t at) const noexcept {
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < N; ++i) {
      v |= std::to_integer<std::uint32_t>(image_[at + i]) << (8 * i);
    }
    return v;
  }
  [[nodiscard]] std::uint32_t field(std::size_t array, std::size_t i, std::size_t width) const noexcept {
    return width == 1 ? number<1>(array + i) : number<2>(array + 2 * i);
  }
  [[nodiscard]] std::size_t all_leaves() const noexcept { return std::size_t{splits_} + head_.trees; }
  [[nodiscard]] std::size_t features_at() const noexcept { return head_.trees_at() + 2 * std::size_t{head_.trees}; }
  [[nodiscard]] std::size_t codes_at() const noexcept { return features_at() + splits_ * head_.feature_bytes(); }
  [[nodiscard]] std::size_t lefts_at() const noexcept { return codes_at() + splits_ * head_.code_bytes(); }
  [[nodiscard]] std::size_t leaves_at() const noexcept { return lefts_at() + splits_ * head_.count_bytes(); }
  [[nodiscard]] std::size_t densities_at() const noexcept { return leaves_at() + all_leaves() * head_.leaf_bytes(); }
  [[nodiscard]] std::size_t node_codes_at() const noexcept { return densities_at() + (head_.has(forest_flag::density) ? all_leaves() : 0); }
  [[nodiscard]] std::uint32_t left(std::size_t i) const noexcept { return field(lefts_at(), i, head_.count_bytes()); }
  [[nodiscard]] Code code(std::size_t i) const noexcept { return static_cast<Code>(field(codes_at(), i, head_.code_bytes())); }
  [[nodiscard]] std::size_t table_at(std::size_t category) const noexcept {
    return head_.trees_at() - 10 * (head_.categories() - category);
  }
  [[nodiscard]] std::uint16_t source(std::size_t category) const noexcept {
    return static_cast<std::uint16_t>(number<2>(table_at(category)));
  }
  [[nodiscard]] std::uint64_t seen(std::size_t category) const noexcept {
    return number<4>(table_at(category) + 2) | std::uint64_t{number<4>(table_at(category) + 6)} << 32;
  }

  [[nodiscard]] status read() noexcept {
    constexpr std::size_t least = forest_head::bytes + 4;
    byte_reader in{image_};
    const auto magic = in.bytes(4);
    for (std::size_t i = 0; i < forest_magic.size(); ++i) {
      if (magic.empty() || magic[i] != forest_magic[i]) {
        return errc::corrupt;
      }
    }
    const std::uint8_t version = in.u8();
    if (in.error() == errc::ok && version != forest_wire_version) {
      return errc::unsupported;
    }
    if (image_.size() < least || crc32c(image_.first(image_.size() - 4)) != number<4>(image_.size() - 4)) {
      return errc::corrupt;
    }
    head_.flags = in.u8();
    head_.columns = in.u16();
    head_.derived = in.u16();
    head_.trees = in.u16();
    head_.sample = in.u32();
    head_.depth_limit = in.u8();
    head_.leaf_scale = in.u16();
    head_.seed = in.u64();
    if (head_.has(forest_flag::reserved) || head_.missing() > missing_policy::heavier) {
      return errc::unsupported;
    }
    if (head_.has(forest_flag::two_bytes) != (sizeof(Code) == 2)) {
      return errc::mismatch;
    }
    if (!good_head() || !good_ranges() || !good_table() || !good_sizes() || !good_trees()) {
      return errc::corrupt;
    }
    return {};
  }

  [[nodiscard]] bool good_head() const noexcept {
    if (head_.columns == 0 || head_.trees == 0 || head_.sample < 2 || head_.sample > 65535 || head_.depth_limit == 0 ||
        head_.depth_limit > greatest_depth || head_.walked() > 65536) {
      return false;
    }
    const std::size_t d = head_.derived;
    const bool heavier = head_.missing() == missing_policy::heavier;
    if (heavier && d < head_.columns) {
      return false;
    }
    return d == forest_head::derived_of(head_.columns, head_.categories(), head_.missing()) && head_.categories() <= 255 &&
           head_.leaf_scale == leaf_scale_of(head_.sample, head_.depth_limit) &&
           leaf_code(head_.leaf_scale, head_.depth_limit, head_.sample) <= 65535;
  }
  [[nodiscard]] bool good_ranges() const noexcept {
    if (image_.size() < head_.trees_at() + 4) {
      return false;
    }
    for (std::size_t j = 0; head_.has(forest_flag::numbers) && j < head_.columns; ++j) {
      if (!is_finite(lo(j)) || !is_step(inv_step(j))) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool good_table() const noexcept {
    for (std::size_t c = 0; c < head_.categories(); ++c) {
      if (source(c) >= head_.columns || (c > 0 && source(c) <= source(c - 1))) {
        return false;
      }
    }
    return true;
  }
  /// The numbers of splits add up to what is there, with the calibration behind it, to the byte.
  [[nodiscard]] bool good_sizes() noexcept {
    if (image_.size() - 4 < head_.end(0)) {
      return false;
    }
    std::uint64_t splits = 0;
    for (std::size_t t = 0; t < head_.trees; ++t) {
      const std::uint32_t n = splits_of(t);
      if (n >= head_.sample) {
        return false;
      }
      splits += n;
      most_splits_ = n > most_splits_ ? n : most_splits_;
    }
    const std::uint64_t here = image_.size() - 4;
    const std::uint64_t end = head_.end(splits);
    splits_ = static_cast<std::uint32_t>(splits);
    if (!head_.has(forest_flag::calibration)) {
      return here == end;
    }
    return here >= end + 4 && here - end - 4 == number<4>(static_cast<std::size_t>(end));
  }
  [[nodiscard]] bool good_trees() const noexcept {
    std::array<std::uint32_t, greatest_depth + 1> most{};  // what a leaf may say at a depth
    for (std::uint32_t d = 0; d <= head_.depth_limit; ++d) {
      most[d] = leaf_code(head_.leaf_scale, d, head_.sample);
    }
    std::size_t first = 0;
    for (std::size_t t = 0; t < head_.trees; ++t) {
      const std::uint32_t n = splits_of(t);
      if (!good_tree(first, t, n, most)) {
        return false;
      }
      first += n;
    }
    return true;
  }
  [[nodiscard]] bool good_tree(std::size_t first, std::size_t tree, std::uint32_t splits,
                               const std::array<std::uint32_t, greatest_depth + 1>& most) const noexcept {
    constexpr std::uint32_t taken = 0xffffffffU;
    std::array<std::uint32_t, greatest_depth + 1> waiting{};  // splits of the right children to come
    std::array<std::uint32_t, greatest_depth + 1> said{};     // codes of the inner nodes above
    std::uint32_t depth = 0;
    std::uint32_t count = splits;
    std::size_t at = first;
    std::size_t leaf_at = first + tree;
    const bool explains = head_.has(forest_flag::explain);
    const auto good_code = [this, &most, &said, &depth, explains](std::uint32_t v) {
      // A child has fewer rows than its parent, so it says one split more at most: this bounds what shares can add up to.
      const bool follows = !explains || depth == 0 || v <= said[depth - 1] + head_.leaf_scale;
      return v >= std::uint32_t{head_.leaf_scale} * depth && v <= most[depth] && follows;
    };
    for (;;) {
      if (count != 0) {
        if (depth == head_.depth_limit || field(features_at(), at, head_.feature_bytes()) >= head_.walked() || left(at) >= count ||
            (explains && !good_code(node_code(at)))) {
          return false;
        }
        said[depth] = explains ? node_code(at) : 0;
        waiting[depth++] = count - 1U - left(at);
        count = left(at);
        ++at;
        continue;
      }
      if (!good_code(leaf(leaf_at++))) {
        return false;
      }
      while (depth != 0 && waiting[depth - 1] == taken) {
        --depth;
      }
      if (depth == 0) {
        return true;
      }
      count = waiting[depth - 1];
      waiting[depth - 1] = taken;
    }
  }

  std::span<const std::byte> image_;
  forest_head head_{};
  std::uint32_t splits_ = 0, most_splits_ = 0;
};

}  // namespace skerry::inline v0::anomaly::detail
