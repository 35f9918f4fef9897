// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace skerry::inline v0::delivery {

/// A `record_store` in place: records live as long as this object and survive nothing else.
///
/// Cost    64 bytes a block; a record takes 56 bytes beside its payload, rounded up to blocks. `append` and `read` O(payload),
///         `advance` O(records older than the cursor's end): O(1) where the oldest record is the one that goes, O(records) while one
///         that was appended out of turn is not gone yet. No heap
/// Errors  `full` when the blocks are used up, `absent` for a position that is gone, `width` when the buffer is too small
///
/// There is no fragmentation: a record is a chain of blocks, so free space is always usable whole. Of records that lease sequence
/// numbers only the newest of a stream is kept.
template <std::size_t Bytes>
class memory_store {
  static constexpr std::size_t block_size = 64;
  static constexpr std::size_t blocks = Bytes / block_size;
  static_assert(blocks >= 2 && blocks < (std::size_t{1} << 24), "memory_store: 128 bytes to 1 GiB");

 public:
  static constexpr std::size_t capacity = blocks * block_size;

  constexpr memory_store() noexcept {
    for (std::uint32_t i = 0; i < blocks; ++i) {
      link_[i] = i + 1;
    }
  }

  [[nodiscard]] result<recovery_report> open() noexcept {
    recovery_report report;
    report.first = oldest_ == nowhere ? end_position() : position_of(oldest_);
    report.end = end_position();
    report.records = records_;
    report.fresh = records_ == 0;
    return report;
  }

  [[nodiscard]] result<position> append(const record_header& h, std::span<const std::byte> payload) noexcept {
    const std::size_t needed = blocks_for(payload.size());
    const std::uint32_t old = h.kind == record_kind::seq_lease ? find_lease(h.stream) : nowhere;
    if (needed > free_ + (old == nowhere ? 0 : blocks_for(at(old).length))) {
      return errc::full;
    }
    if (old != nowhere) {
      remove(old);
    }
    if (is_item(h.kind)) {
      std::uint64_t& highest = highest_[h.stream % highest_.size()];
      out_of_turn_ = out_of_turn_ || h.seq < highest;
      highest = h.seq > highest ? h.seq : highest;
    }
    const std::uint32_t first = free_list_;
    std::uint32_t last = first;
    for (std::size_t i = 1; i < needed; ++i) {
      last = link_[last];
    }
    free_list_ = link_[last];
    link_[last] = nowhere;
    free_ -= needed;

    ::new (static_cast<void*>(data_[first].bytes)) head{ages_, h, static_cast<std::uint32_t>(payload.size()), newest_, nowhere};
    copy_in(first, payload);
    (newest_ == nowhere ? oldest_ : at(newest_).next) = first;
    newest_ = first;
    ++ages_;
    ++records_;
    return position_of(first);
  }

  [[nodiscard]] result<record_view> read(position where, std::span<std::byte> out) noexcept {
    const auto first = static_cast<std::uint32_t>(where.value & block_mask);
    if (!alive(where)) {
      return errc::absent;
    }
    const head& h = at(first);
    if (h.length > out.size()) {
      return errc::width;
    }
    record_view view;
    view.header = h.header;
    view.payload = out.first(h.length);
    view.next = h.next == nowhere ? end_position() : position_of(h.next);
    copy_out(first, out.first(h.length));
    return view;
  }

  [[nodiscard]] status advance(cursor done) noexcept {
    std::uint64_t last = done.upto;
    for (std::uint64_t bits = done.bitmap; bits != 0; bits >>= 1) {
      ++last;
    }
    for (std::uint32_t i = oldest_; i != nowhere;) {
      const head& h = at(i);
      const std::uint32_t next = h.next;
      if (is_item(h.header.kind) && h.header.stream == done.stream) {
        const std::uint64_t seq = h.header.seq;
        if (seq > last && !out_of_turn_) {
          break;
        }
        if (seq <= done.upto || (seq <= last && ((done.bitmap >> (seq - done.upto - 1)) & 1) != 0)) {
          remove(i);
        }
      }
      i = next;
    }
    return {};
  }

  /// Nothing to wait for: what is in memory is as safe as it gets here.
  [[nodiscard]] status sync() noexcept { return {}; }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept { return (blocks - free_) * block_size; }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return free_ * block_size; }

 private:
  static constexpr std::uint32_t nowhere = 0xffff'ffff;
  static constexpr std::uint64_t block_mask = 0xff'ffff;

  struct head {
    std::uint64_t age;
    record_header header;
    std::uint32_t length;
    std::uint32_t prev;
    std::uint32_t next;
  };
  static_assert(sizeof(head) <= block_size);
  struct alignas(8) block {
    std::byte bytes[block_size];
  };

  [[nodiscard]] static constexpr std::size_t blocks_for(std::size_t payload) noexcept {
    return (sizeof(head) + payload + block_size - 1) / block_size;
  }
  [[nodiscard]] head& at(std::uint32_t i) noexcept { return *std::launder(reinterpret_cast<head*>(data_[i].bytes)); }
  [[nodiscard]] position end_position() const noexcept { return position{ages_ << 24 | block_mask}; }
  [[nodiscard]] position position_of(std::uint32_t i) noexcept { return position{at(i).age << 24 | i}; }

  /// Is `where` the start of a record? Walks no list: the age in the position has to match one that is live.
  [[nodiscard]] bool alive(position where) noexcept {
    const auto i = static_cast<std::uint32_t>(where.value & block_mask);
    return i < blocks && first_[i] && at(i).age == where.value >> 24;
  }

  void copy_in(std::uint32_t i, std::span<const std::byte> payload) noexcept {
    first_[i] = true;
    std::size_t offset = sizeof(head);
    while (!payload.empty()) {
      if (offset == block_size) {
        i = link_[i];
        offset = 0;
      }
      const std::size_t n = payload.size() < block_size - offset ? payload.size() : block_size - offset;
      __builtin_memcpy(data_[i].bytes + offset, payload.data(), n);
      payload = payload.subspan(n);
      offset += n;
    }
  }
  void copy_out(std::uint32_t i, std::span<std::byte> out) noexcept {
    std::size_t offset = sizeof(head);
    while (!out.empty()) {
      if (offset == block_size) {
        i = link_[i];
        offset = 0;
      }
      const std::size_t n = out.size() < block_size - offset ? out.size() : block_size - offset;
      __builtin_memcpy(out.data(), data_[i].bytes + offset, n);
      out = out.subspan(n);
      offset += n;
    }
  }

  void remove(std::uint32_t i) noexcept {
    const head h = at(i);
    (h.prev == nowhere ? oldest_ : at(h.prev).next) = h.next;
    (h.next == nowhere ? newest_ : at(h.next).prev) = h.prev;
    first_[i] = false;
    --records_;
    out_of_turn_ = out_of_turn_ && records_ > 1;  // a lease alone is no longer out of turn
    std::uint32_t last = i;
    std::size_t n = 1;
    for (; link_[last] != nowhere; last = link_[last]) {
      ++n;
    }
    link_[last] = free_list_;
    free_list_ = i;
    free_ += n;
  }

  [[nodiscard]] std::uint32_t find_lease(std::uint16_t stream) noexcept {
    for (std::uint32_t i = newest_; i != nowhere; i = at(i).prev) {
      if (at(i).header.kind == record_kind::seq_lease && at(i).header.stream == stream) {
        return i;
      }
    }
    return nowhere;
  }

  array_of<block, blocks> data_{};
  std::array<std::uint32_t, blocks> link_{};
  std::array<bool, blocks> first_{};
  std::size_t free_ = blocks;
  std::uint64_t ages_ = 1;
  std::uint64_t records_ = 0;
  std::array<std::uint64_t, 8> highest_{};  // number appended, by stream mod 8
  bool out_of_turn_ = false;                // records of a stream may stand behind younger ones
  std::uint32_t free_list_ = 0;
  std::uint32_t oldest_ = nowhere;
  std::uint32_t newest_ = nowhere;
};

}  // namespace skerry::inline v0::delivery
