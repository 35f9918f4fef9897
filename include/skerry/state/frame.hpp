// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/named_actor.hpp>
#include <skerry/state/policy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

/// What a frame is; numbered for ever. This build writes and reads `delta`.
enum class frame_kind : std::uint8_t { hello, dict, context, delta, chunk, ack, in_sync, digest, symbols, want, fence, ops, ops_ack };

/// First byte of a frame: version in the high half, kind in the low half. Second byte: the flags.
namespace wire {
inline constexpr std::uint8_t version = 1;
inline constexpr std::uint8_t has_sender = 1;
inline constexpr std::uint8_t has_checksum = 2;
inline constexpr std::uint8_t has_extensions = 4;
// How an actor is named in the list of runs.
inline constexpr std::uint64_t actor_literal = 0;
inline constexpr std::uint64_t actor_as_before = 1;
inline constexpr std::uint64_t actor_is_sender = 2;
// How a key is named.
inline constexpr std::uint64_t key_literal = 0;
}  // namespace wire

/// Writes a delta as one self-contained frame.
///
/// sender     who sends it, or null: then equal deltas are equal bytes, whoever writes them
/// text       `text(key_ref, std::span<char>) -> std::size_t` writes a key's text, at most `TextBytes`
/// The delta's keys must come in ascending order of their texts, its records in ascending order of their events.
/// Errors  `full` when `out` is too small; what was written then is no frame
template <std::size_t TextBytes, typename Delta, typename Text>
[[nodiscard]] constexpr status write_delta(byte_writer& out, const actor* sender, const Delta& delta, Text&& text) {
  const std::size_t begin = out.written().size();
  std::uint64_t keys = 0;
  std::size_t left = 0;
  std::uint64_t base = 0;
  bool stamped = false;
  delta.for_each([&](const incoming& in) {
    keys += left == 0 ? 1 : 0;
    left = (left == 0 ? in.of_key : left) - 1;
    if ((in.kind & kinds::stamped) != 0) {
      base = stamped && base < in.at.ms() ? base : in.at.ms();
      stamped = true;
    }
  });

  out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(frame_kind::delta)));
  out.u8(static_cast<std::uint8_t>(wire::has_checksum | (sender != nullptr ? wire::has_sender : 0)));
  if (sender != nullptr) {
    detail::write_actor(out, *sender);
  }
  out.varint(0);  // from, to: places in a link's log; a frame of its own has none
  out.varint(0);
  out.varint(base);
  const auto& covers = delta.context();
  out.varint(covers.runs().size());
  const actor* before = nullptr;
  for (const auto& run : covers.runs()) {
    const actor& who = covers.actors()[run.who];
    if (sender != nullptr && who == *sender) {
      out.varint(wire::actor_is_sender);
    } else if (before != nullptr && who == *before) {
      out.varint(wire::actor_as_before);
    } else {
      out.varint(wire::actor_literal);
      detail::write_actor(out, who);
    }
    before = &who;
    out.varint(run.first);
    out.varint(run.last - run.first + 1);
  }
  out.varint(keys);
  left = 0;
  std::uint64_t last_offset = 0;
  delta.for_each([&](const incoming& in) {
    if (left == 0) {
      std::array<char, TextBytes> buffer{};
      const std::size_t length = text(in.key, std::span<char>{buffer});
      out.varint(wire::key_literal);
      out.varint(length);
      for (std::size_t i = 0; i < length; ++i) {
        out.u8(static_cast<std::uint8_t>(buffer[i]));
      }
      left = in.of_key;
      out.varint(left);
    }
    --left;
    const std::uint64_t offset = covers.offset(covers.actors()[in.who], in.n);
    out.varint_signed(static_cast<std::int64_t>(offset - last_offset));
    last_offset = offset;
    out.u8(in.kind);
    if ((in.kind & kinds::stamped) != 0) {
      out.varint(in.at.ms() - base);
      out.varint(in.at.count());
    }
    out.varint(in.payload.size());
    out.bytes(in.payload);
  });
  if (out.error() == errc::ok) {
    out.u32(crc32c(out.written().subspan(begin)));
  }
  return out.error();
}

/// A received delta frame: checked as a whole before anything of it is used, then read in place.
///
/// Errors  `truncated`, `corrupt`, `unsupported` (another version, kind or unknown flags), `full` when it covers more actors or runs
///         than this node could ever hold
/// Cost    O(bytes); 16 A + 24 (A + R) bytes, wherever the object lies
template <std::size_t A, std::size_t R>
class delta_frame {
 public:
  /// A record as it lies in the frame.
  struct entry {
    std::string_view key{};
    std::size_t of_key = 0;
    actor_ref who = 0;
    std::uint64_t n = 0;
    stamp at{};
    std::uint8_t kind = 0;
    std::span<const std::byte> payload{};
  };

  /// So many records are read once and kept; of a frame with more they are read again each time.
  static constexpr std::size_t kept = 2;

  [[nodiscard]] status parse(std::span<const std::byte> frame) noexcept {
    byte_reader in{frame};
    const std::uint8_t head = in.u8();
    const std::uint8_t flags = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    constexpr std::uint8_t known = wire::has_sender | wire::has_checksum | wire::has_extensions;
    if (head >> 4 != wire::version || (flags & ~known) != 0 || (flags & wire::has_checksum) == 0) {
      return errc::unsupported;
    }
    if ((head & 0xf) > static_cast<std::uint8_t>(frame_kind::ops_ack)) {
      return errc::corrupt;
    }
    if ((head & 0xf) != static_cast<std::uint8_t>(frame_kind::delta)) {
      return errc::unsupported;
    }
    if (frame.size() < 6) {
      return errc::truncated;
    }
    byte_reader tail{frame.last(4)};
    if (tail.u32() != crc32c(frame.first(frame.size() - 4))) {
      return errc::corrupt;
    }
    in = byte_reader{frame.subspan(2, frame.size() - 6)};
    has_sender_ = (flags & wire::has_sender) != 0;
    if (has_sender_) {
      sender_ = detail::read_actor(in);
    }
    const std::uint64_t from = in.varint();
    const std::uint64_t to = in.varint();
    base_ = in.varint();
    if (in.error() == errc::ok && (from > to || base_ > stamp::greatest_ms)) {
      return errc::corrupt;
    }
    if (const status runs = parse_runs(in); !runs) {
      return runs;
    }
    key_count_ = in.count(4);
    body_ = in.remaining();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (const status keys = parse_keys(in); !keys) {
      return keys;
    }
    if ((flags & wire::has_extensions) != 0) {
      // What this build does not know is skipped; it is kept where a frame is passed on as it is.
      while (in.error() == errc::ok && !in.remaining().empty()) {
        (void)in.varint();
        (void)in.bytes(in.count(1));
      }
    }
    return in.finish();
  }

  [[nodiscard]] constexpr const delta_context<A, R>& context() const noexcept { return covers_; }
  /// After `full`: whether runs or actors were too many.
  [[nodiscard]] constexpr bool lacks_runs() const noexcept { return covers_.runs().size() == covers_.run_capacity; }
  /// Who sent it; null when the frame does not say.
  [[nodiscard]] constexpr const actor* sender() const noexcept { return has_sender_ ? &sender_ : nullptr; }

  [[nodiscard]] constexpr std::size_t record_count() const noexcept { return record_count_; }
  /// Calls `f(entry)` for each record; after a successful `parse` only.
  template <typename F>
  void for_each(F&& f) const {
    if (record_count_ <= kept) {
      for (std::size_t i = 0; i < record_count_; ++i) {
        f(kept_[i]);
      }
      return;
    }
    byte_reader in{body_};
    cursor at;
    for (std::size_t k = 0; k < key_count_; ++k) {
      entry e;
      read_key(in, e);
      for (std::size_t i = 0; i < e.of_key; ++i) {
        read_record(in, at, e);
        f(static_cast<const entry&>(e));
      }
    }
  }

 private:
  /// Where the last record stood among the events that the delta covers.
  struct cursor {
    std::uint64_t offset = 0;
    std::uint64_t before = 0;  ///< events before the run
    std::size_t run = 0;
  };

  [[nodiscard]] constexpr status parse_runs(byte_reader& in) noexcept {
    const std::size_t count = in.count(3);
    const actor* before = nullptr;
    covered_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t name = in.varint();
      actor who;
      if (name == wire::actor_literal) {
        who = detail::read_actor(in);
      } else if (name == wire::actor_as_before && before != nullptr) {
        who = *before;
      } else if (name == wire::actor_is_sender && has_sender_) {
        who = sender_;
      } else {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
      const std::uint64_t first = in.varint();
      const std::uint64_t length = in.varint();
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (first == 0 || length == 0 || length - 1 > std::numeric_limits<std::uint64_t>::max() - first || covered_ + length < covered_) {
        return errc::corrupt;
      }
      covered_ += length;
      if (const status added = covers_.append(who, first, first + (length - 1)); !added) {
        return added;
      }
      before = &covers_.actors().back();
    }
    return in.error();
  }

  [[nodiscard]] status parse_keys(byte_reader& in) noexcept {
    cursor at;
    record_count_ = 0;
    std::string_view last_key{};
    for (std::size_t k = 0; k < key_count_; ++k) {
      entry e;
      read_key(in, e);
      if (in.error() == errc::ok && (e.of_key == 0 || (k > 0 && !(last_key < e.key)))) {
        return errc::corrupt;
      }
      last_key = e.key;
      for (std::size_t i = 0; i < e.of_key && in.error() == errc::ok; ++i) {
        const std::uint64_t last_offset = at.offset;
        read_record(in, at, e);
        if (in.error() == errc::ok && i > 0 && at.offset <= last_offset) {
          return errc::corrupt;
        }
        if (record_count_ < kept) {
          kept_[record_count_] = e;
        }
        ++record_count_;
      }
      if (in.error() != errc::ok) {
        return in.error();
      }
    }
    return {};
  }
  static void read_key(byte_reader& in, entry& e) noexcept {
    if (in.varint() != wire::key_literal) {
      in.fail(errc::unsupported);
    }
    const auto text = in.bytes(in.count(1));
    // Bytes seen as characters: the one view of them that is always allowed.
    e.key = {reinterpret_cast<const char*>(text.data()), text.size()};
    e.of_key = in.count(3);
  }
  constexpr void read_record(byte_reader& in, cursor& at, entry& e) const noexcept {
    at.offset += static_cast<std::uint64_t>(in.varint_signed());
    e.kind = in.u8();
    e.at = {};
    if ((e.kind & kinds::stamped) != 0) {
      const std::uint64_t ahead = in.varint();
      const std::uint64_t count = in.varint();
      if (ahead > stamp::greatest_ms - base_ || count > 0xffff) {
        in.fail(errc::corrupt);
      }
      e.at = stamp{base_ + ahead, static_cast<std::uint16_t>(count)};
    }
    e.payload = in.bytes(in.count(1));
    if (in.error() == errc::ok && at.offset >= covered_) {
      in.fail(errc::corrupt);
    }
    if (in.error() != errc::ok) {
      return;
    }
    const auto runs = covers_.runs();
    while (at.offset < at.before) {
      --at.run;
      at.before -= runs[at.run].last - runs[at.run].first + 1;
    }
    while (at.offset - at.before > runs[at.run].last - runs[at.run].first) {
      at.before += runs[at.run].last - runs[at.run].first + 1;
      ++at.run;
    }
    e.who = runs[at.run].who;
    e.n = runs[at.run].first + (at.offset - at.before);
  }

  delta_context<A, R> covers_;
  std::span<const std::byte> body_{};
  actor sender_{};
  std::uint64_t base_ = 0;
  std::uint64_t covered_ = 0;
  std::size_t key_count_ = 0;
  std::size_t record_count_ = 0;
  std::array<entry, kept> kept_{};
  bool has_sender_ = false;
};

}  // namespace skerry::inline v0::state
