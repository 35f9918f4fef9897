// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/array_of.hpp>

namespace skerry::inline v0::anomaly {

// Version 1, little-endian: "SKRF", u8 version, u8 flags (1: one-byte codes, 2: paused, 4: the last tree did not fit, 8: densities, 16:
// explain, 32: missing values are evidence), u16 columns, u64 seed, u16 trees wanted, u16 sample wanted, u8 depth wanted, u8 0, u16 sample,
// u32 row visits, u16 rows per tree, f32 padding, u32 next tree, u32 rows since a tree was begun, u32 dropped, u32 renewed, u32 rows, u16
// trees; f32 lo and f32 inv_step of each column; the rows, oldest first; the trees, oldest first: u32 number, u16 splits, splits in
// pre-order, leaves, a byte for each leaf if densities are kept, a leaf code for each split if explain is; of the tree at work: u32 node
// (0: none), then u32 number, u16 first row, u16 splits, u16 leaves, u16 constants, the codes of its sample; CRC-32C. The tree at work is
// grown again when it is read.

template <std::size_t Features, std::size_t Trees, std::size_t Sample, typename Code, std::size_t History, std::size_t Slot,
          forest_room Room>
status rolling_forest<Features, Trees, Sample, Code, History, Slot, Room>::encode(byte_writer& out) const noexcept {
  if (!codes_.learned()) {
    return errc::insufficient;
  }
  const std::size_t from = out.written().size();
  out.u32(magic);
  out.u8(version);
  out.u8(static_cast<std::uint8_t>((sizeof(Code) == 1 ? 1U : 0U) | (paused_ ? 2U : 0U) | (retry_ ? 4U : 0U) |
                                   (config_.forest.density ? 8U : 0U) | (config_.forest.explain ? 16U : 0U) |
                                   (refuses_missing() ? 0U : 32U)));
  out.u16(static_cast<std::uint16_t>(Features));
  out.u64(config_.forest.seed);
  out.u16(config_.forest.trees);
  out.u16(config_.forest.sample);
  out.u8(config_.forest.max_depth);
  out.u8(0);
  out.u16(sample_);
  out.u32(config_.row_visits);
  out.u16(config_.rows_per_tree);
  out.f32(config_.padding);
  out.u32(next_tree_);
  out.u32(since_tree_);
  out.u32(dropped_);
  out.u32(renewed_);
  out.u32(history_.size());
  out.u16(trees_);
  for (std::size_t j = 0; j < Features; ++j) {
    out.f32(codes_.lo(j));
    out.f32(codes_.inv_step(j));
  }
  for (std::uint32_t i = 0; i < history_.size(); ++i) {
    for (const Code c : row(i)) {
      detail::put_narrow<Code>(out, c);
    }
  }
  for (std::uint32_t i = 0; i < trees_; ++i) {
    const auto made = splits_of(i);
    out.u32(number_of(i));
    out.u16(static_cast<std::uint16_t>(made.size()));
    detail::put_tree(out, made.data(), leaves_of(i).data(), static_cast<std::uint32_t>(made.size()));
    for (const std::uint8_t d : densities_of(i)) {
      out.u8(d);
    }
    for (const leaf_type c : node_codes_of(i)) {
      detail::put_narrow(out, c);
    }
  }
  out.u32(at_work_.heap);
  if (at_work_.heap != 0) {
    out.u32(number_[slot_]);
    out.u16(at_work_.begin);
    out.u16(at_work_.splits);
    out.u16(at_work_.leaves);
    out.u16(at_work_.constants);
    for (std::size_t i = 0; i < std::size_t{sample_} * Features; ++i) {
      detail::put_narrow<Code>(out, sample_codes_[i]);
    }
  }
  out.u32(out.error() == errc::ok ? crc32c(out.written().subspan(from)) : 0);
  return out.error();
}

template <std::size_t Features, std::size_t Trees, std::size_t Sample, typename Code, std::size_t History, std::size_t Slot,
          forest_room Room>
status rolling_forest<Features, Trees, Sample, Code, History, Slot, Room>::decode(byte_reader& in) noexcept {
  const auto image = in.remaining();
  const auto refuse = [&in](errc e) noexcept {
    in.fail(e);
    return status{in.error()};
  };
  if (image.size() < 5 + sizeof(std::uint32_t)) {
    return refuse(errc::truncated);
  }
  if (in.u32() != magic) {
    return refuse(errc::corrupt);
  }
  if (in.u8() != version) {
    return refuse(errc::unsupported);
  }
  byte_reader sum{image.last(4)};
  if (crc32c(image.first(image.size() - 4)) != sum.u32()) {
    return refuse(errc::corrupt);
  }
  byte_reader body{image.subspan(5, image.size() - 9)};
  const std::uint8_t flags = body.u8();
  if (flags > 63) {
    return refuse(errc::corrupt);
  }
  if (body.u16() != Features || ((flags & 1U) != 0) != (sizeof(Code) == 1)) {
    return refuse(body.error() != errc::ok ? body.error() : errc::mismatch);
  }
  rolling_config config{};
  config.forest.seed = body.u64();
  config.forest.trees = body.u16();
  config.forest.sample = body.u16();
  config.forest.max_depth = body.u8();
  config.forest.density = (flags & 8U) != 0;
  config.forest.explain = (flags & 16U) != 0;
  config.forest.missing = (flags & 32U) != 0 ? missing_policy::evidence : missing_policy::refuse;
  const bool spare_is_zero = body.u8() == 0;
  const std::uint16_t sample = body.u16();
  config.row_visits = body.u32();
  config.rows_per_tree = body.u16();
  config.padding = body.f32();
  const std::uint32_t next_tree = body.u32();
  const std::uint32_t since_tree = body.u32();
  const std::uint32_t dropped = body.u32();
  const std::uint32_t renewed = body.u32();
  const std::uint32_t rows = body.u32();
  const std::uint16_t trees = body.u16();
  std::array<float, Features> lo;
  std::array<float, Features> inv_step;
  for (std::size_t j = 0; j < Features; ++j) {
    lo[j] = body.f32();
    inv_step[j] = body.f32();
  }
  if (body.error() != errc::ok) {
    return refuse(body.error());
  }
  if (config.forest.trees > Trees || config.forest.sample > Sample || rows > History) {
    return refuse(errc::full);
  }
  if ((config.forest.density && !Room.density) || (config.forest.explain && !Room.explain)) {
    return refuse(errc::unsupported);
  }
  const auto codes = quantizer<Features, Code>::from_steps(lo, inv_step);
  if (!spare_is_zero || !codes || !check(config) || sample < 2 || sample > config.forest.sample || trees > config.forest.trees) {
    return refuse(errc::corrupt);
  }
  // What the sizes of an image imply, before any of it is taken.
  detail::forest_state state;
  state.wanted_sample = sample;
  state.wanted_depth = config.forest.max_depth;
  if (!detail::set_sample<leaf_type>(state, sample)) {
    return refuse(errc::corrupt);
  }
  byte_reader look = body;
  const bool refuses = config.forest.missing == missing_policy::refuse;
  const auto codes_are_there = [&look, refuses](std::size_t n) noexcept {
    const auto raw = look.bytes(n * sizeof(Code));
    byte_reader each{raw};
    bool good = look.error() == errc::ok;
    for (std::size_t i = 0; good && i < n; ++i) {
      good = detail::take_narrow<Code>(each) != code_traits<Code>::missing || !refuses;
    }
    return good;
  };
  bool good = codes_are_there(std::size_t{rows} * Features);
  array_of<split_type, Slot> some_splits;
  std::array<leaf_type, Slot> some_node_codes;
  bench some;
  const auto more_bytes = [&config](std::uint32_t count) noexcept {
    return (config.forest.density ? count + 1U : 0U) + (config.forest.explain ? count * sizeof(leaf_type) : 0U);
  };
  for (std::uint32_t i = 0; good && i < trees; ++i) {
    (void)look.u32();
    const std::uint16_t count = look.u16();
    if (count > Slot) {
      return refuse(errc::full);
    }
    detail::take_tree(look, some_splits.data(), some.leaves.data(), count);
    (void)look.bytes(more_bytes(count));
    good = look.error() == errc::ok && detail::is_tree(some_splits.data(), count, static_cast<std::uint32_t>(Features), state.depth_limit);
  }
  // A tree at work is where it was once so many of its nodes are done: one node is one visit too many for a budget of one.
  detail::tree_state wanted{};
  detail::tree_state reached{};
  std::uint32_t number = 0;
  wanted.heap = good ? look.u32() : 0;
  if (good && wanted.heap != 0) {
    number = look.u32();
    wanted.begin = look.u16();
    wanted.splits = look.u16();
    wanted.leaves = look.u16();
    wanted.constants = look.u16();
    const auto at = look.remaining();
    good = codes_are_there(std::size_t{sample} * Features);
    if (good) {
      const auto code = [at](std::uint32_t row, std::uint32_t column) noexcept -> std::int32_t {
        byte_reader one{at.subspan((std::size_t{row} * Features + column) * sizeof(Code), sizeof(Code))};
        return detail::take_narrow<Code>(one);
      };
      const detail::derived_rows<Code, std::remove_const_t<decltype(code)>> read{code};
      const detail::tree_plan work{config.forest.seed, number,           sample, static_cast<std::uint32_t>(Features),
                                   state.leaf_scale,   state.depth_limit};
      for (std::uint32_t i = 0; i < sample; ++i) {
        some.order[i] = static_cast<std::uint16_t>(i);
      }
      reached.heap = 1;
      auto how = detail::growth::unfinished;
      while (how == detail::growth::unfinished && !same_state(reached, wanted)) {
        how = some.grow(config.forest, work, reached, some_splits.data(), some_node_codes.data(), read, 1);
      }
      good = how == detail::growth::unfinished;
    }
  }
  if (!good || !look.finish()) {
    return refuse(look.error() != errc::ok ? look.error() : errc::corrupt);
  }

  const status begun = begin(config, codes.value());
  SKERRY_ASSERT(begun && "checked above");
  fix_sample(sample);
  paused_ = (flags & 2U) != 0;
  retry_ = (flags & 4U) != 0;
  next_tree_ = next_tree;
  since_tree_ = since_tree;
  dropped_ = dropped;
  renewed_ = renewed;
  for (std::uint32_t i = 0; i < rows; ++i) {
    std::array<Code, Features> x;
    for (Code& c : x) {
      c = detail::take_narrow<Code>(body);
    }
    history_.push(x.data());
  }
  for (std::uint32_t i = 0; i < trees; ++i) {
    number_[i] = body.u32();
    count_[i] = body.u16();
    detail::take_tree(body, splits_.data() + std::size_t{i} * Slot, leaves_.data() + std::size_t{i} * (Slot + 1), count_[i]);
    if constexpr (Room.density) {
      for (std::size_t k = 0; config.forest.density && k <= count_[i]; ++k) {
        densities_[i * (Slot + 1) + k] = body.u8();
      }
    }
    if constexpr (Room.explain) {
      for (std::size_t k = 0; config.forest.explain && k < count_[i]; ++k) {
        node_codes_[i * Slot + k] = detail::take_narrow<leaf_type>(body);
      }
    }
  }
  trees_ = slot_ = trees;
  if (body.u32() != 0) {
    number_[slot_] = number;
    (void)body.bytes(4 + 4 * 2);
    for (std::size_t i = 0; i < std::size_t{sample} * Features; ++i) {
      sample_codes_[i] = detail::take_narrow<Code>(body);
    }
    at_work_ = wanted;
    bench_ = some;
    std::copy_n(some_splits.data(), wanted.splits, splits_.data() + std::size_t{slot_} * Slot);
    if constexpr (Room.explain) {
      std::copy_n(some_node_codes.data(), wanted.splits, node_codes_.data() + std::size_t{slot_} * Slot);
    }
  }
  (void)in.bytes(image.size() - 5);
  return {};
}

}  // namespace skerry::inline v0::anomaly
