// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/detail/stream_index.hpp>
#include <skerry/delivery/outbox_config.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery::detail {

/// Who may leave for a newcomer, and in which order.
template <typename Index>
class eviction_order {
 public:
  using entry = typename Index::entry;

  eviction_order(const Index& index, eviction how, std::uint8_t newcomer) noexcept : index_{&index}, how_{how}, newcomer_{newcomer} {}

  [[nodiscard]] bool may_leave(const entry& e) const noexcept {
    return !e.in_flight && (how_ == eviction::oldest || e.importance >= newcomer_);
  }

  /// Could those who may leave, without `but`, make room for so many items and bytes over the quota?
  [[nodiscard]] bool frees(std::uint64_t items, std::uint64_t bytes, entry_index but) const noexcept {
    if (items == 0 && bytes == 0) {
      return true;
    }
    if (how_ == eviction::reject) {
      return false;
    }
    std::uint64_t free_items = 0;
    std::uint64_t free_bytes = 0;
    for (const auto& s : index_->lanes) {
      for (entry_index i = s.head; i != no_entry; i = index_->entries[i].next) {
        if (i != but && may_leave(index_->entries[i])) {
          ++free_items;
          free_bytes += index_->entries[i].length;
        }
      }
    }
    return items <= free_items && bytes <= free_bytes;
  }

  [[nodiscard]] entry_index victim(entry_index but) const noexcept {
    entry_index first = no_entry;
    for (const auto& s : index_->lanes) {
      for (entry_index i = s.head; i != no_entry; i = index_->entries[i].next) {
        if (i != but && may_leave(index_->entries[i]) && (first == no_entry || leaves_before(index_->entries[i], index_->entries[first]))) {
          first = i;
        }
      }
    }
    return first;
  }

  /// Every second item of the class, stream by stream, is given to `lose`; false if there was none to spare.
  template <typename F>
  bool thin(std::uint8_t importance, entry_index but, F&& lose) const noexcept {
    bool any = false;
    for (const auto& s : index_->lanes) {
      bool keep = true;
      for (entry_index i = s.head; i != no_entry;) {
        const entry& e = index_->entries[i];
        const entry_index next = e.next;
        if (i != but && e.importance == importance && !e.in_flight) {
          if (!keep) {
            lose(i);
            any = true;
          }
          keep = !keep;
        }
        i = next;
      }
    }
    return any;
  }

 private:
  [[nodiscard]] bool leaves_before(const entry& a, const entry& b) const noexcept {
    if (how_ != eviction::oldest && a.importance != b.importance) {
      return a.importance > b.importance;
    }
    // In a stream the number tells the age: a store may have moved a record.
    const bool older = a.stream == b.stream ? a.seq < b.seq : a.at < b.at;
    return how_ == eviction::lowest_newest ? !older : older;
  }

  const Index* index_;
  eviction how_;
  std::uint8_t newcomer_;
};

}  // namespace skerry::inline v0::delivery::detail
