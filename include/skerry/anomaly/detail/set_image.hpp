// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/forest_set.hpp>
#include <skerry/core/array_of.hpp>

namespace skerry::inline v0::anomaly {

// Version 1, little-endian: "SKFS", u8 version, u8 flags (1: one-byte codes, 2: no trees), u16 columns; unless there are no trees u16
// sample, u16 L, u16 depth limit, f32 lo and f32 inv_step of each column; u16 trees, each u64 node, u64 epoch, u32 index, u16 splits,
// splits in pre-order, leaves; u16 sketches, each u64 node, u64 epoch, u32 bytes, its image; CRC-32C. The greatest keys come first.

namespace detail {

template <typename Scores>
[[nodiscard]] result<Scores> take_scores(byte_reader& in) noexcept {
  // The seed only serves a sketch that goes on observing; one that was received does not.
  if constexpr (requires { Scores::decode(in, std::uint64_t{0}); }) {
    return Scores::decode(in, std::uint64_t{0});
  } else {
    return Scores::decode(in);
  }
}
inline void put_key(byte_writer& out, const tree_key& k) noexcept {
  out.u64(k.node);
  out.u64(k.epoch);
  out.u32(k.index);
}
[[nodiscard]] inline tree_key take_key(byte_reader& in) noexcept {
  tree_key k{};
  k.node = in.u64();
  k.epoch = in.u64();
  k.index = in.u32();
  return k;
}

}  // namespace detail

template <std::size_t Features, std::size_t Trees, std::size_t Sample, typename Code, std::size_t Slot, typename Scores,
          std::size_t References>
errc forest_set<Features, Trees, Sample, Code, Slot, Scores, References>::read_image(byte_reader& in, forest_set* into) noexcept {
  const std::uint8_t flags = in.u8();
  const std::uint16_t columns = in.u16();
  if (in.error() != errc::ok) {
    return in.error();
  }
  if (flags > 3) {
    return errc::corrupt;
  }
  if (columns != Features || ((flags & 1U) != 0) != (sizeof(Code) == 1)) {
    return errc::mismatch;
  }
  header read_header{};
  const bool none = (flags & 2U) != 0;
  if (!none) {
    read_header = {in.u16(), in.u16(), in.u16()};
    std::array<float, Features> lo;
    std::array<float, Features> inv_step;
    for (std::size_t j = 0; j < Features; ++j) {
      lo[j] = in.f32();
      inv_step[j] = in.f32();
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (read_header.sample > Sample) {
      return errc::full;
    }
    const auto codes = quantizer<Features, Code>::from_steps(lo, inv_step);
    if (!codes || !possible(read_header)) {
      return errc::corrupt;
    }
    if (into != nullptr) {
      into->codes_ = codes.value();
      into->header_ = read_header;
    }
  }
  const std::uint16_t trees = in.u16();
  if ((trees == 0) != none) {
    return in.error() != errc::ok ? in.error() : errc::corrupt;
  }
  if (trees > Trees) {
    return errc::full;
  }
  tree_key before{};
  array_of<split_type, Slot> splits;
  std::array<leaf_type, Slot + 1> leaves;
  for (std::uint16_t i = 0; i < trees; ++i) {
    const tree_key now = detail::take_key(in);
    const std::uint16_t count = in.u16();
    if (count > Slot) {
      return errc::full;
    }
    detail::take_tree(in, splits.data(), leaves.data(), count);
    if (in.error() != errc::ok) {
      return in.error();
    }
    if ((i != 0 && !detail::ranked_key{before}.outranks(detail::ranked_key{now})) ||
        !detail::is_tree(splits.data(), count, static_cast<std::uint32_t>(Features), read_header.depth_limit)) {
      return errc::corrupt;
    }
    before = now;
    if (into != nullptr) {
      into->put(now, splits.data(), leaves.data(), count);
    }
  }
  const std::uint16_t references = in.u16();
  if (references > References) {
    return errc::full;
  }
  for (std::uint16_t i = 0; i < references; ++i) {
    tree_key now{};
    now.node = in.u64();
    now.epoch = in.u64();
    const std::uint32_t size = in.u32();
    byte_reader inner{in.bytes(size)};
    if (in.error() != errc::ok) {
      return in.error();
    }
    const auto given = inner.remaining();
    const auto sketch = detail::take_scores<Scores>(inner);
    if ((i != 0 && !detail::ranked_key{before}.outranks(detail::ranked_key{now})) || !sketch || !inner.finish()) {
      return errc::corrupt;
    }
    const image again{sketch.value()};
    if (!std::equal(given.begin(), given.end(), again.memory.begin(), again.memory.begin() + static_cast<std::ptrdiff_t>(again.size))) {
      return errc::corrupt;  // one set, one byte string
    }
    before = now;
    if (into != nullptr) {
      into->put_scores(now, sketch.value());
    }
  }
  return in.finish().error();
}

template <std::size_t Features, std::size_t Trees, std::size_t Sample, typename Code, std::size_t Slot, typename Scores,
          std::size_t References>
status forest_set<Features, Trees, Sample, Code, Slot, Scores, References>::encode(byte_writer& out) const noexcept {
  const std::size_t from = out.written().size();
  out.u32(magic);
  out.u8(1);
  out.u8(static_cast<std::uint8_t>((sizeof(Code) == 1 ? 1U : 0U) | (size() == 0 ? 2U : 0U)));
  out.u16(static_cast<std::uint16_t>(Features));
  if (size() != 0) {
    out.u16(header_.sample);
    out.u16(header_.leaf_scale);
    out.u16(header_.depth_limit);
    for (std::size_t j = 0; j < Features; ++j) {
      out.f32(codes_.lo(j));
      out.f32(codes_.inv_step(j));
    }
  }
  out.u16(static_cast<std::uint16_t>(size()));
  for (std::size_t i = 0; i < size(); ++i) {
    const auto in = splits_of(i);
    detail::put_key(out, key(i));
    out.u16(static_cast<std::uint16_t>(in.size()));
    detail::put_tree(out, in.data(), leaves_of(i).data(), static_cast<std::uint32_t>(in.size()));
  }
  out.u16(static_cast<std::uint16_t>(references()));
  for (std::size_t i = 0; i < references(); ++i) {
    const image sketch{scores(i)};
    out.u64(score_key(i).node);
    out.u64(score_key(i).epoch);
    out.u32(static_cast<std::uint32_t>(sketch.size));
    out.bytes(std::span{sketch.memory}.first(sketch.size));
  }
  out.u32(out.error() == errc::ok ? crc32c(out.written().subspan(from)) : 0);
  return out.error();
}

template <std::size_t Features, std::size_t Trees, std::size_t Sample, typename Code, std::size_t Slot, typename Scores,
          std::size_t References>
status forest_set<Features, Trees, Sample, Code, Slot, Scores, References>::decode(byte_reader& in) noexcept {
  const auto bytes = in.remaining();
  const auto refuse = [&in](errc e) noexcept {
    in.fail(e);
    return status{in.error()};
  };
  if (bytes.size() < 5 + sizeof(std::uint32_t)) {
    return refuse(errc::truncated);
  }
  if (in.u32() != magic) {
    return refuse(errc::corrupt);
  }
  if (in.u8() != 1) {
    return refuse(errc::unsupported);
  }
  byte_reader sum{bytes.last(4)};
  if (crc32c(bytes.first(bytes.size() - 4)) != sum.u32()) {
    return refuse(errc::corrupt);
  }
  byte_reader look{bytes.subspan(5, bytes.size() - 9)};
  byte_reader body = look;
  if (const errc e = read_image(look, nullptr); e != errc::ok) {
    return refuse(e);
  }
  keys_.clear();
  score_keys_.clear();
  const errc again = read_image(body, this);
  SKERRY_ASSERT(again == errc::ok && "checked above");
  (void)in.bytes(bytes.size() - 5);
  return {};
}

}  // namespace skerry::inline v0::anomaly
