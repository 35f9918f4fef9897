// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>
#include <skerry/delivery/item.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// A type H models `batch_hooks` when it has one of these, or both:
///   1. `pack(items, out) -> std::size_t` writes the first few of `items` (in order, one stream, all live or all historical) into
///      `out`, and answers how many. Fewer than two: the first goes alone, as it is;
///   2. `squeeze(bytes, out) -> status` writes `bytes` into `out`, shorter. Refused, or not shorter: they go as they are.
/// What either has written is judged by its answer: a hook that fails costs a smaller message, never an item.
template <typename H>
concept packs_items = requires(H& h, std::span<const item_view> items, byte_writer& out) {
  { h.pack(items, out) }
  noexcept->std::convertible_to<std::size_t>;
};
template <typename H>
concept squeezes_bytes = requires(H& h, std::span<const std::byte> bytes, byte_writer& out) {
  { h.squeeze(bytes, out) }
  noexcept->std::same_as<status>;
};
template <typename H>
concept batch_hooks = packs_items<H> || squeezes_bytes<H>;

/// Every item goes alone, as it is.
struct no_hooks {};

/// A batch in plain bytes: one byte 1, then for each item its number less the one before (the first: less the id of the message, 0), its
/// time stamp less the one before, the length of its payload, as varints, and the payload. Class and the mark of history are the message's.
///
/// Cost    3 to 13 bytes an item
/// Errors  none: an item that does not fit ends the batch
struct plain_batch {
  static std::size_t pack(std::span<const item_view> items, byte_writer& out) noexcept {
    std::uint64_t seq = items.empty() ? 0 : items.front().id.seq, stamp = 0;
    std::size_t taken = 0;
    for (const item_view& item : items) {
      const std::int64_t later = static_cast<std::int64_t>(item.stamp.value - stamp);
      const std::size_t head = varint_size(item.id.seq - seq) + varint_size(zigzag(later)) + varint_size(item.payload.size());
      if (out.free_bytes() < (taken == 0 ? 1U : 0U) + head + item.payload.size()) {
        break;
      }
      if (taken == 0) {
        out.u8(1);
      }
      out.varint(item.id.seq - seq);
      out.varint_signed(later);
      out.varint(item.payload.size());
      out.bytes(item.payload);
      seq = item.id.seq;
      stamp = item.stamp.value;
      ++taken;
    }
    return taken;
  }
};

/// Gives the items of a `plain_batch` message to `visit(item_view)`, in order; the message's own id, class and mark are in `message`.
/// Errors  `corrupt`, `truncated`, `unsupported`: nothing was visited. What is accepted is what `plain_batch` writes, byte for byte
template <typename Visit>
[[nodiscard]] status read_batch(const item_view& message, Visit&& visit) noexcept(noexcept(visit(message))) {
  for (const bool looking : {true, false}) {  // all of it is looked at before any of it is acted on
    byte_reader in{message.payload};
    if (in.u8() != 1) {
      return in.error() != errc::ok ? status{in.error()} : status{errc::unsupported};
    }
    item_view item = message;
    item.stamp = {};
    bool first = true;
    do {
      const std::uint64_t step = in.varint();
      const std::uint64_t stamp = item.stamp.value + static_cast<std::uint64_t>(in.varint_signed());
      if (in.error() == errc::ok && ((step == 0) != first || step > ~std::uint64_t{0} - item.id.seq || stamp >> 48 != 0)) {
        return errc::corrupt;
      }
      item.id.seq += step;
      item.stamp.value = stamp;
      first = false;
      const std::uint64_t length = in.varint();
      item.payload = length <= message.payload.size() ? in.bytes(static_cast<std::size_t>(length)) : std::span<const std::byte>{};
      if (in.error() != errc::ok || item.payload.size() != length) {
        return in.error() != errc::ok ? status{in.error()} : status{errc::truncated};
      }
      if (!looking) {
        visit(static_cast<const item_view&>(item));
      }
    } while (!in.remaining().empty());
  }
  return {};
}

}  // namespace skerry::inline v0::delivery
