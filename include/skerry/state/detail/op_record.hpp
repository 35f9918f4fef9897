// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/record_store.hpp>
#include <skerry/state/op_ledger.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// What an operation's record adds to key and bytes at most.
inline constexpr std::size_t op_record_overhead = 64;

/// An operation in the log, a record of kind `data`: id · replaces · expires · length · key · bytes. Its number in the log is the
/// record's sequence number.
struct op_record {
  op_mark id{};
  std::uint64_t log = 0;
  std::uint64_t replaces = 0;  ///< number of the record that this one takes the place of; 0 for none
  wall_ms expires{};
  std::uint8_t importance = 1;
  std::span<const std::byte> key{};
  std::span<const std::byte> bytes{};

  [[nodiscard]] constexpr record_header header(std::uint16_t stream) const noexcept {
    record_header h;
    h.kind = record_kind::data;
    h.importance = importance;
    h.stream = stream;
    h.seq = log;
    return h;
  }
  constexpr void encode(byte_writer& out) const noexcept {
    write_mark(out, id);
    out.varint(replaces);
    out.varint(expires.value);
    out.varint(key.size());
    out.bytes(key);
    out.bytes(bytes);
  }
  [[nodiscard]] static constexpr result<op_record> decode(const skerry::record_view& r) noexcept {
    byte_reader in{r.payload};
    op_record s;
    s.id = read_mark(in);
    s.replaces = in.varint();
    s.expires.value = in.varint();
    s.key = in.bytes(in.count(1));
    s.bytes = in.remaining();
    s.log = r.header.seq;
    s.importance = r.header.importance;
    return in.error() == errc::ok && s.id.seq != 0 && s.importance <= 3 ? result<op_record>{s} : result<op_record>{errc::corrupt};
  }
};

/// What a record of kind `seq_lease` keeps, so that an empty log remembers its names: next · floor · trimmed.
struct op_lease {
  op_mark next{};             ///< name of the next operation; number 0 when nothing is known
  op_mark floor{};            ///< what the oldest operation comes after; number 0 for nothing
  std::uint64_t trimmed = 0;  ///< records up to this number are done with

  [[nodiscard]] constexpr record_header header(std::uint16_t stream) const noexcept {
    record_header h;
    h.kind = record_kind::seq_lease;
    h.stream = stream;
    h.seq = trimmed;
    return h;
  }
  constexpr void encode(byte_writer& out) const noexcept {
    write_mark(out, next);
    write_mark(out, floor);
    out.varint(trimmed);
  }
  [[nodiscard]] static constexpr result<op_lease> decode(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    op_lease l;
    l.next = read_mark(in);
    l.floor = read_mark(in);
    l.trimmed = in.varint();
    const status end = in.finish();
    return end ? result<op_lease>{l} : result<op_lease>{end.error()};
  }
};

}  // namespace skerry::inline v0::state::detail
