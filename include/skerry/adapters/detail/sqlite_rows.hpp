// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skerry::inline v0::adapters::detail {

/// Where the record of a row stands, for its checks.
[[nodiscard]] inline delivery::record_place place_of(std::uint64_t id) noexcept { return delivery::record_place{0, id * 8}; }

[[nodiscard]] inline status copy_out(std::span<const std::byte> bytes, std::uint64_t id, std::span<std::byte> out,
                                     record_view& view) noexcept {
  const result<record_view> record = delivery::read_record(bytes, place_of(id));
  if (!record) {
    return errc::corrupt;
  }
  if (record.value().payload.size() > out.size()) {
    return errc::width;
  }
  view.header = record.value().header;
  view.payload = out.first(record.value().payload.size());
  if (!view.payload.empty()) {
    __builtin_memcpy(out.data(), record.value().payload.data(), view.payload.size());
  }
  return {};
}

struct waiting_record {
  std::uint64_t id = 0, seq = 0;
  std::size_t offset = 0, length = 0;  // of its bytes; length 0: nobody needs it any more
  std::uint16_t stream = 0;
  record_kind kind = record_kind::data;
};
/// Records in memory, by id, and their bytes one behind the other.
struct record_heap {
  std::vector<waiting_record> records;
  std::vector<std::byte> bytes;

  [[nodiscard]] std::span<std::byte> add(waiting_record r) {
    r.offset = bytes.size();
    bytes.resize(bytes.size() + r.length);
    records.push_back(r);
    return std::span{bytes}.subspan(r.offset);
  }
  void take_back() {
    bytes.resize(records.back().offset);
    records.pop_back();
  }
  [[nodiscard]] std::span<const std::byte> of(const waiting_record& r) const { return std::span{bytes}.subspan(r.offset, r.length); }
  [[nodiscard]] std::vector<waiting_record>::const_iterator from(std::uint64_t id) const {
    return std::lower_bound(records.begin(), records.end(), id, [](const waiting_record& r, std::uint64_t i) { return r.id < i; });
  }
  void clear() {
    records.clear();
    bytes.clear();
  }
  /// What `other` has comes behind what is here.
  void take(record_heap& other) {
    for (const waiting_record& r : other.records) {
      if (r.length != 0) {
        const auto to = add(r);
        __builtin_memcpy(to.data(), other.of(r).data(), r.length);
      }
    }
    other.clear();
  }
};

/// What is known of the rows of a stream.
struct stream_state {
  cursor done{};
  bool dirty = false;            // not in the database yet
  bool known = false;            // `done` says something
  std::uint64_t from = 0;        // no row of the stream that is still there stands before
  std::uint64_t highest = 0;     // number appended
  std::uint64_t highest_id = 0;  // its row
  std::uint64_t late_id = 0;     // the last row that stands behind one with a higher number

  [[nodiscard]] bool covers(std::uint64_t seq) const noexcept {
    return known && (seq <= done.upto || (seq - done.upto <= 64 && ((done.bitmap >> (seq - done.upto - 1)) & 1) != 0));
  }
  /// Nothing that is covered stands behind a row of the stream with this id and number.
  [[nodiscard]] bool passed(std::uint64_t id, std::uint64_t seq) const noexcept {
    std::uint64_t last = done.upto;
    for (std::uint64_t bits = done.bitmap; bits != 0; bits >>= 1) {
      ++last;
    }
    return id > late_id && seq > last;
  }
};

}  // namespace skerry::inline v0::adapters::detail
