// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/delivery/batch.hpp>
#include <skerry/delivery/item.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// Where a courier's hooks work: the items of one message side by side, and what becomes of them.
template <typename Hooks, std::uint16_t Streams, std::uint16_t Items, std::uint32_t Bytes>
class batching {
 public:
  struct message {
    std::span<const std::byte> bytes{};
    std::uint16_t items = 1;
    bool squeezed = false;
  };

  explicit batching(const Hooks& hooks) noexcept : hooks_{hooks} {}

  void begin(const item_view& first) noexcept {
    used_ = size_ = 0;
    (void)add(first);
  }
  /// False when there is no room for its payload.
  [[nodiscard]] bool add(const item_view& item) noexcept {
    if (!has_room() || item.payload.size() > Bytes - used_) {
      return false;
    }
    if (!item.payload.empty()) {
      __builtin_memcpy(in_.data() + used_, item.payload.data(), item.payload.size());
    }
    items_[size_] = item;
    items_[size_].payload = std::span<const std::byte>{in_}.subspan(used_, item.payload.size());
    used_ += item.payload.size();
    ++size_;
    return true;
  }
  [[nodiscard]] bool has_room() const noexcept { return size_ < Items; }
  [[nodiscard]] std::uint16_t size() const noexcept { return size_; }
  [[nodiscard]] const item_view& operator[](std::uint16_t i) const noexcept { return items_[i]; }

  /// `alone`: the payload of the first, if it had no room here.
  [[nodiscard]] message make(std::span<const std::byte> alone) noexcept {
    if (size_ == 0) {
      return {alone};
    }
    message made{items_[0].payload};
    if constexpr (packs_items<Hooks>) {
      byte_writer out{out_};
      const std::size_t taken = size_ < 2 ? 1 : hooks_.pack(std::span<const item_view>{items_}.first(size_), out);
      if (taken > 1 && taken <= size_ && out.error() == errc::ok) {
        made = {out.written(), static_cast<std::uint16_t>(taken)};
      }
    }
    if (items_[0].squeezed) {
      return made;
    }
    if constexpr (squeezes_bytes<Hooks>) {
      byte_writer out{made.items > 1 ? in_ : out_};
      if (hooks_.squeeze(made.bytes, out) && out.error() == errc::ok && out.written().size() < made.bytes.size()) {
        made = {out.written(), made.items, true};
      }
    }
    return made;
  }

  /// Up to here items of the stream go alone.
  [[nodiscard]] std::uint64_t& alone_upto(stream_id stream) noexcept { return alone_upto_[stream]; }

 private:
  [[no_unique_address]] Hooks hooks_;
  std::uint16_t size_ = 0;
  std::size_t used_ = 0;
  array_of<item_view, Items> items_{};
  std::array<std::uint64_t, Streams> alone_upto_{};
  std::array<std::byte, Bytes> in_{}, out_{};
};

/// No hooks, no room.
template <std::uint16_t Streams, std::uint16_t Items, std::uint32_t Bytes>
class batching<no_hooks, Streams, Items, Bytes> {
 public:
  explicit batching(const no_hooks&) noexcept {}
};

}  // namespace skerry::inline v0::delivery::detail
