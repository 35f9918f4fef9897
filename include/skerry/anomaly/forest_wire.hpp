// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/forest_access.hpp>
#include <skerry/anomaly/detail/forest_layout.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

// Forests as bytes, version 1. All numbers little-endian, no padding; one forest, one byte string, from any machine.
//
//   `SKIF`, u8 version, u8 flags, u16 columns, u16 derived columns, u16 trees, u32 sample, u8 depth limit, u16 L, u64 seed
//   flags: 1 codes of two bytes · 2 densities · 4 codes of inner nodes (`explain`) · 8, 16 missing policy · 32 ranges of the columns follow
//          (without: the forest takes codes only) · 64 a calibration follows the trees · 128 zero
//   f32 lo, f32 inv_step of each column, with flag 32
//   u16 column, u64 names seen in training (bit n: name n), of each column of names, in rising order; from these and the seed follow the
//          random orders, four derived columns each. Under `heavier` all columns are there once more, mirrored: derived columns too
//   u16 splits of each tree; then one array after the other over the splits of all trees in pre-order: column (u8 up to 256 columns with
//          derived ones, else u16), threshold (u8 or i16), splits on the left (u8 up to a sample of 256, else u16); over all leaves from
//          left to right: leaf code (u8 with L = 12, else u16); density (u8) of each leaf, with flag 2; code of each split (as wide as a
//          leaf code), with flag 4
//   u32 length and the image of a calibration, with flag 64
//   u32 CRC-32C of all before it

namespace skerry::inline v0::anomaly {

namespace detail {

template <typename Forest>
[[nodiscard]] forest_head head_of(const Forest& forest, bool calibrated) noexcept {
  forest_head head;
  head.flags = static_cast<std::uint8_t>(
      (sizeof(typename Forest::code_type) == 2 ? forest_flag::two_bytes : 0) | (forest.has_density() ? forest_flag::density : 0) |
      (forest.has_explain() ? forest_flag::explain : 0) | (static_cast<unsigned>(forest.missing()) << forest_flag::policy_at) |
      (forest.codes().learned() ? forest_flag::numbers : 0) | (calibrated ? forest_flag::calibration : 0));
  head.columns = static_cast<std::uint16_t>(forest.codes().columns());
  head.derived = static_cast<std::uint16_t>(forest.code_columns() - forest.codes().columns());
  head.trees = static_cast<std::uint16_t>(forest.trees());
  head.sample = static_cast<std::uint32_t>(forest.sample());
  head.depth_limit = static_cast<std::uint8_t>(forest.depth_limit());
  head.leaf_scale = static_cast<std::uint16_t>(forest.leaf_scale());
  head.seed = forest.seed();
  return head;
}

template <typename Forest>
void write_trees(const Forest& forest, const forest_head& head, byte_writer& out) noexcept {
  const auto number = [&out](std::size_t width, std::uint32_t v) {
    width == 1 ? out.u8(static_cast<std::uint8_t>(v)) : out.u16(static_cast<std::uint16_t>(v));
  };
  const auto each_split = [&forest](const auto& write) {
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      for (const auto& split : forest.splits_of(t)) {
        write(split);
      }
    }
  };
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    out.u16(static_cast<std::uint16_t>(forest.splits_of(t).size()));
  }
  each_split([&](const auto& s) { number(head.feature_bytes(), s.feature); });
  each_split([&](const auto& s) { number(head.code_bytes(), static_cast<std::uint32_t>(s.threshold)); });
  each_split([&](const auto& s) { number(head.count_bytes(), s.left); });
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    for (const auto leaf : forest.leaves_of(t)) {
      number(head.leaf_bytes(), leaf);
    }
  }
  for (std::size_t t = 0; head.has(forest_flag::density) && t < forest.trees(); ++t) {
    for (const std::uint8_t density : forest.densities_of(t)) {
      out.u8(density);
    }
  }
  for (std::size_t t = 0; head.has(forest_flag::explain) && t < forest.trees(); ++t) {
    for (const auto code : forest.node_codes_of(t)) {
      number(head.leaf_bytes(), code);
    }
  }
}

/// Writes everything; `block(out)` writes what stands behind the trees, if anything.
template <typename Forest, typename Calibration>
[[nodiscard]] status encode_forest(const Forest& forest, bool calibrated, byte_writer& out, const Calibration& block) noexcept {
  if (forest.trees() == 0) {
    return errc::insufficient;
  }
  const forest_head head = head_of(forest, calibrated);
  const std::size_t begin = out.written().size();
  out.bytes(forest_magic);
  out.u8(forest_wire_version);
  out.u8(head.flags);
  out.u16(head.columns);
  out.u16(head.derived);
  out.u16(head.trees);
  out.u32(head.sample);
  out.u8(head.depth_limit);
  out.u16(head.leaf_scale);
  out.u64(head.seed);
  for (std::size_t j = 0; head.has(forest_flag::numbers) && j < head.columns; ++j) {
    out.f32(forest.codes().lo(j));
    out.f32(forest.codes().inv_step(j));
  }
  const std::span<const category_order> orders = forest.category_orders();
  for (std::size_t k = 0; k < orders.size(); k += orders_per_category) {
    std::uint64_t seen = 0;
    for (std::size_t n = 0; n < most_categories; ++n) {
      seen |= std::uint64_t{orders[k].rank[n] != category_order::unseen ? 1U : 0U} << n;
    }
    out.u16(orders[k].source);
    out.u64(seen);
  }
  write_trees(forest, head, out);
  block(out);
  if (out.error() == errc::ok) {
    out.u32(crc32c(out.written().subspan(begin)));
  }
  return out.error();
}

}  // namespace detail

/// Bytes of the image of a forest, without a calibration.
template <typename Forest>
[[nodiscard]] std::size_t encoded_size(const Forest& forest) noexcept {
  return static_cast<std::size_t>(detail::head_of(forest, false).end(forest.splits())) + 4;
}

/// Writes the complete trees of a fixed or dynamic forest, and all that scoring and explaining need. Of which larger forest it was grown
/// as a part (`first_tree`) is not in it.
///
/// Cost    O(splits); no heap. `encoded_size` bytes
/// Errors  `insufficient`: no tree; `full`: the writer has no room, and what it holds then is no image
template <typename Forest>
[[nodiscard]] status encode(const Forest& forest, byte_writer& out) noexcept {
  return detail::encode_forest(forest, false, out, [](byte_writer&) {});
}

/// The same with the calibration of its scores, any type with `status encode(byte_writer&) const`.
template <typename Forest, typename Calibration>
requires requires(const Calibration& c, byte_writer& out) {
  { c.encode(out) } -> std::same_as<status>;
}
[[nodiscard]] status encode(const Forest& forest, const Calibration& scores, byte_writer& out) noexcept {
  return detail::encode_forest(forest, true, out, [&scores](byte_writer& to) {
    const std::span<std::byte> length = to.reserve(4);
    const std::size_t begin = to.written().size();
    if (const status written = scores.encode(to); !written) {
      to.fail(written.error());
    }
    if (to.error() == errc::ok) {
      byte_writer{length}.u32(static_cast<std::uint32_t>(to.written().size() - begin));
    }
  });
}

/// A forest image as the forest that it holds, for `lower`: the way to a shape without the memory of a forest in between.
///
/// A view of the bytes, which outlive it, and the place for one tree: what `splits_of` and `leaves_of` answer holds until the next tree is
/// asked for, so one thread at a time.
///
/// Cost    8 · Sample + 64 bytes
/// Errors  `open`: `corrupt`; `unsupported`: another version, or a feature that this build does not read; `mismatch`: codes of the other
///         width; `full`: trees of larger samples than Sample
template <forest_code Code = std::int16_t, std::size_t Sample = 256>
class forest_image {
  static_assert(Sample >= 2 && Sample <= 65535, "forest_image: a sample of 2 to 65535 rows");

 public:
  using code_type = Code;
  using leaf_type = std::uint16_t;
  using split_type = typename detail::forest_layout<Code>::split_type;

  /// The map from numbers to codes, read from the image.
  class code_map {
   public:
    explicit code_map(const detail::forest_layout<Code>& from) noexcept : from_{from} {}
    [[nodiscard]] bool learned() const noexcept { return from_.head().has(detail::forest_flag::numbers); }
    [[nodiscard]] std::size_t columns() const noexcept { return from_.columns(); }
    [[nodiscard]] float lo(std::size_t i) const noexcept { return from_.lo(i); }
    [[nodiscard]] float inv_step(std::size_t i) const noexcept { return from_.inv_step(i); }

   private:
    const detail::forest_layout<Code>& from_;
  };

  /// Looks at every byte; an image is all of `bytes`.
  [[nodiscard]] static result<forest_image> open(std::span<const std::byte> bytes) noexcept {
    const auto layout = detail::forest_layout<Code>::open(bytes);
    if (!layout) {
      return layout.error();
    }
    if (layout.value().most_splits() >= Sample) {
      return errc::full;
    }
    return forest_image{layout.value()};
  }

  [[nodiscard]] code_map codes() const noexcept { return code_map{from_}; }
  /// The same as an object of its own; `mismatch` for other columns, `insufficient` for a forest that takes codes only.
  template <std::size_t Features>
  [[nodiscard]] result<quantizer<Features, Code>> quantizer_of() const noexcept {
    if (from_.columns() != Features) {
      return errc::mismatch;
    }
    if (!codes().learned()) {
      return errc::insufficient;
    }
    std::array<float, Features> lo;
    std::array<float, Features> inv_step;
    for (std::size_t j = 0; j < Features; ++j) {
      lo[j] = from_.lo(j);
      inv_step[j] = from_.inv_step(j);
    }
    return quantizer<Features, Code>::from_steps(lo, inv_step);
  }

  [[nodiscard]] std::size_t columns() const noexcept { return from_.columns(); }
  [[nodiscard]] std::size_t code_columns() const noexcept { return from_.head().walked(); }
  [[nodiscard]] std::size_t trees() const noexcept { return from_.head().trees; }
  [[nodiscard]] std::size_t splits() const noexcept { return from_.splits(); }
  [[nodiscard]] std::size_t sample() const noexcept { return from_.head().sample; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return from_.head().depth_limit; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return from_.head().leaf_scale; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return from_.head().seed; }
  [[nodiscard]] missing_policy missing() const noexcept { return from_.head().missing(); }
  [[nodiscard]] bool takes_missing() const noexcept { return missing() != missing_policy::refuse; }
  [[nodiscard]] bool has_density() const noexcept { return from_.head().has(detail::forest_flag::density); }
  [[nodiscard]] bool has_explain() const noexcept { return from_.head().has(detail::forest_flag::explain); }
  [[nodiscard]] bool has_calibration() const noexcept { return from_.head().has(detail::forest_flag::calibration); }
  [[nodiscard]] bool degenerate() const noexcept { return splits() == 0; }

  /// The score of a depth sum of this forest.
  [[nodiscard]] float score_of(std::uint32_t depth_sum) const noexcept {
    detail::forest_state state;
    state.trees = from_.head().trees;
    state.splits = from_.splits();
    state.sample = static_cast<std::uint16_t>(from_.head().sample);
    state.leaf_scale = from_.head().leaf_scale;
    return detail::score_of(state, depth_sum);
  }

  [[nodiscard]] std::span<const split_type> splits_of(std::size_t tree) const noexcept {
    go_to(tree);
    return std::span{splits_}.first(from_.splits_of(tree));
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t tree) const noexcept {
    go_to(tree);
    return std::span{leaves_}.first(from_.splits_of(tree) + std::size_t{1});
  }
  [[nodiscard]] std::span<const std::uint8_t> densities_of(std::size_t tree) const noexcept {
    go_to(tree);
    return std::span{densities_}.first(has_density() ? from_.splits_of(tree) + std::size_t{1} : 0);
  }

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  explicit forest_image(const detail::forest_layout<Code>& from) noexcept : from_{from} {}

  void go_to(std::size_t tree) const noexcept {
    SKERRY_ASSERT(tree < trees());
    if (tree == tree_) {
      return;
    }
    if (tree_ == nowhere || tree < tree_) {
      tree_ = first_ = 0;
    }
    for (; tree_ < tree; ++tree_) {
      first_ += from_.splits_of(tree_);
    }
    const std::size_t n = from_.splits_of(tree);
    for (std::size_t i = 0; i < n; ++i) {
      from_.split_at(first_ + i, splits_[i]);
    }
    for (std::size_t i = 0; i <= n; ++i) {
      leaves_[i] = static_cast<leaf_type>(from_.leaf(first_ + tree + i));
      densities_[i] = has_density() ? from_.density(first_ + tree + i) : std::uint8_t{0};
    }
  }

  detail::forest_layout<Code> from_;
  mutable std::size_t tree_ = nowhere, first_ = 0;
  mutable array_of<split_type, Sample - 1> splits_{};
  mutable std::array<leaf_type, Sample> leaves_{};
  mutable std::array<std::uint8_t, Sample> densities_{};
};

namespace detail {

/// Fixed and dynamic forests, which are filled; everything else is made by `lower`.
template <typename T>
concept wire_forest = requires(T& to, const forest_layout<typename T::code_type>& from) {
  forest_access::take(to, from);
};

template <typename Shape>
[[nodiscard]] status take_shape(Shape& shape, std::span<const std::byte> bytes) {
  const auto image = forest_image<typename Shape::code_type>::open(bytes);
  if (!image) {
    return image.error();
  }
  if (!Shape::holds(image.value())) {
    return errc::full;
  }
  if constexpr (std::is_trivially_copyable_v<Shape>) {
    ::new (static_cast<void*>(&shape)) Shape{image.value()};  // where it stands: it may be larger than a stack
  } else {
    shape = Shape{image.value()};
  }
  return {};
}

[[nodiscard]] inline status finish(byte_reader& in, status read) noexcept {
  if (!read) {
    in.fail(read.error());
    return read;
  }
  (void)in.bytes(in.remaining().size());
  return {};
}

}  // namespace detail

/// Reads an image into an `isolation_forest`, a `dynamic_isolation_forest`, or a fixed lowered shape such as `flash_forest`. A calibration
/// in it is passed over.
///
/// Every byte is looked at before the object changes: the checksum, every column, that the counts on the left form trees, depths, codes of
/// leaves, and that all of it fits. Damaged bytes are refused; bytes that were made to look right make a forest that can be walked.
///
/// Cost    O(bytes). Fixed forms: no heap, 2 KB of stack for shapes. The dynamic form allocates what the image holds, and 8 bytes a column;
///         training it afterwards may allocate again
/// Errors  `corrupt`; `unsupported`: another version, or what this build or the type leaves out; `mismatch`: other columns, or codes of the
///         other width; `full`: more trees, splits or rows of a sample than fit. The object is as it was
template <typename Forest>
[[nodiscard]] status decode(Forest& forest, byte_reader& in) noexcept(std::is_trivially_copyable_v<Forest>) {
  if (in.error() != errc::ok) {
    return in.error();
  }
  if constexpr (detail::wire_forest<Forest>) {
    const auto layout = detail::forest_layout<typename Forest::code_type>::open(in.remaining());
    if (!layout) {
      return detail::finish(in, layout.error());
    }
    if (const status fits = detail::forest_access::fits(forest, layout.value()); !fits) {
      return detail::finish(in, fits);
    }
    detail::forest_access::take(forest, layout.value());
    return detail::finish(in, {});
  } else {
    return detail::finish(in, detail::take_shape(forest, in.remaining()));
  }
}

/// What the members `encode` and `decode` of forests call.
template <typename Forest>
[[nodiscard]] status wire_encode(const Forest& forest, byte_writer& out) noexcept {
  return encode(forest, out);
}
template <typename Forest>
[[nodiscard]] status wire_decode(Forest& forest, byte_reader& in) noexcept(std::is_trivially_copyable_v<Forest>) {
  return decode(forest, in);
}

/// `decode` with the calibration that was written behind the trees; `absent` when there is none. Both change, or neither.
template <detail::wire_forest Forest, typename Calibration>
requires requires(Calibration& c, byte_reader& in) {
  { c.decode(in) } -> std::same_as<status>;
}
[[nodiscard]] status decode(Forest& forest, Calibration& scores, byte_reader& in) noexcept(std::is_trivially_copyable_v<Forest>) {
  if (in.error() != errc::ok) {
    return in.error();
  }
  const auto layout = detail::forest_layout<typename Forest::code_type>::open(in.remaining());
  if (!layout) {
    return detail::finish(in, layout.error());
  }
  if (const status fits = detail::forest_access::fits(forest, layout.value()); !fits) {
    return detail::finish(in, fits);
  }
  if (!layout.value().head().has(detail::forest_flag::calibration)) {
    return detail::finish(in, errc::absent);
  }
  byte_reader block{layout.value().calibration()};
  if constexpr (std::is_trivially_copyable_v<Forest>) {
    if (const status read = scores.decode(block); !read) {
      return detail::finish(in, read);
    }
    detail::forest_access::take(forest, layout.value());
  } else {
    Forest made{forest.get_allocator()};  // an allocation that throws must not find half of it done
    detail::forest_access::take(made, layout.value());
    if (const status read = scores.decode(block); !read) {
      return detail::finish(in, read);
    }
    forest = static_cast<Forest&&>(made);
  }
  return detail::finish(in, {});
}

}  // namespace skerry::inline v0::anomaly
