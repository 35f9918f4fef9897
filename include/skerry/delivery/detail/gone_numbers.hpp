// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/item.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::delivery::detail {

/// Numbers of items that are not queued any more although their records can still be met, as a few ranges of each stream.
template <std::size_t Ranges>
class gone_numbers {
 public:
  /// False: they touch no range that is known, and there is no place for another one.
  [[nodiscard]] bool add(stream_id stream, std::uint64_t from, std::uint64_t to) noexcept {
    range* into = nullptr;
    for (range& r : ranges_) {
      if (r.to == 0) {
        into = into == nullptr ? &r : into;
      } else if (r.stream == stream && r.from <= to + 1 && from <= r.to + 1) {
        from = r.from < from ? r.from : from;
        to = r.to > to ? r.to : to;
        r = {};
        into = &r;
      }
    }
    if (into == nullptr) {
      return false;
    }
    *into = {from, to, stream};
    return true;
  }
  /// The last number of the range that holds `seq`; 0: none does.
  [[nodiscard]] std::uint64_t find(stream_id stream, std::uint64_t seq) const noexcept {
    for (const range& r : ranges_) {
      if (r.stream == stream && r.from <= seq && seq <= r.to) {
        return r.to;
      }
    }
    return 0;
  }
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const range& r : ranges_) {
      n += r.to != 0 ? 1U : 0U;
    }
    return n;
  }
  template <typename F>
  void for_each(F&& visit) const noexcept {
    for (const range& r : ranges_) {
      if (r.to != 0) {
        visit(r.stream, r.from, r.to);
      }
    }
  }
  /// Nobody asks for numbers up to `upto` any more.
  void forget(stream_id stream, std::uint64_t upto) noexcept {
    for (range& r : ranges_) {
      if (r.stream == stream && r.to <= upto) {
        r = {};
      }
    }
  }

 private:
  struct range {
    std::uint64_t from = 0, to = 0;  // both in it; 0: there is none
    stream_id stream = 0;
  };
  array_of<range, Ranges> ranges_{};
};

}  // namespace skerry::inline v0::delivery::detail
