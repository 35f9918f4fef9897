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
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::state {

/// What a frame is; numbered for ever. This build writes and reads `delta`.
enum class frame_kind : std::uint8_t {
  hello,
  dict,
  context,
  delta,
  chunk,
  ack,
  in_sync,
  digest,
  symbols,
  want,
  fence,
  ops,
  ops_ack,
  op,           ///< on links: one write of the sender's, its key known by number
  numbered_op,  ///< the same, when its number is not the one that is expected
  named_op      ///< the same, the key by its text
};

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
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) && defined(NDEBUG)
[[gnu::flatten]]  // the writer in registers is worth a copy of its small functions, and a slower compiler
#endif
[[nodiscard]] constexpr status
write_delta(byte_writer& out, const actor* sender, const Delta& delta, Text&& text) {
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
      std::array<char, TextBytes> buffer;
      const std::size_t length = text(in.key, std::span<char>{buffer});
      out.varint(wire::key_literal);
      out.varint(length);
      const auto place = out.reserve(length);
      for (std::size_t i = 0; i < place.size(); ++i) {
        place[i] = static_cast<std::byte>(buffer[i]);
      }
      left = in.of_key;
      out.varint(left);
    }
    --left;
    const std::uint64_t offset = covers.offset(in.who, in.n);
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

namespace detail {
/// Memory for N objects, of which each is written before it is read: only the used ones cost anything.
template <typename T, std::size_t N>
class places {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  places() noexcept {}  // NOLINT(modernize-use-equals-default): the bytes begin as they lie
  void put(std::size_t i, const T& value) noexcept { ::new (static_cast<void*>(bytes_ + i * sizeof(T))) T(value); }
  [[nodiscard]] std::span<const T> first(std::size_t n) const noexcept { return {std::launder(reinterpret_cast<const T*>(bytes_)), n}; }
  [[nodiscard]] T* at(std::size_t i) noexcept { return std::launder(reinterpret_cast<T*>(bytes_)) + i; }

 private:
  alignas(T) std::byte bytes_[(N == 0 ? 1 : N) * sizeof(T)];
};
}  // namespace detail

/// A received delta frame: checked as a whole before anything of it is used, then read in place.
///
/// Errors  `truncated`, `corrupt`, `unsupported` (another version, kind or unknown flags), `full` when it covers more actors or runs
///         than this node could ever hold
/// Cost    O(bytes); 16 A + 24 (A + R) + 72 Kept bytes, wherever the object lies, of which only those for what the frame covers are touched
/// Kept    so many records are read once and kept; of a frame with more they are read again each time
template <std::size_t A, std::size_t R, std::size_t Kept = 2>
class delta_frame {
 public:
  static constexpr std::size_t run_capacity = A + R;
  static constexpr bool texts_stay = true;  ///< as long as the frame
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
  static constexpr std::size_t kept = Kept;

#if !defined(__OPTIMIZE_SIZE__)
  [[gnu::flatten]]  // the reader in registers is worth a copy of its small functions
#endif
  [[nodiscard]] status
  parse(std::span<const std::byte> frame) noexcept {
    if (frame.size() < 6) {
      return frame.size() < 2 ? status{errc::truncated} : check_head(frame[0], frame[1], true);
    }
    if (const status head = check_head(frame[0], frame[1], false); !head) {
      return head;
    }
    byte_reader tail{frame.last(4)};
    if (tail.u32() != crc32c(frame.first(frame.size() - 4))) {
      return errc::corrupt;
    }
    const auto flags = std::to_integer<std::uint8_t>(frame[1]);
    byte_reader in{frame.subspan(2, frame.size() - 6)};
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

  /// The events that it covers.
  [[nodiscard]] cover_view<A> context() const noexcept { return {actors_.first(actor_count_), runs_.first(run_count_)}; }
  /// After `full`: whether runs or actors were too many.
  [[nodiscard]] constexpr bool lacks_runs() const noexcept { return run_count_ == run_capacity; }
  /// Who sent it; null when the frame does not say.
  [[nodiscard]] constexpr const actor* sender() const noexcept { return has_sender_ ? &sender_ : nullptr; }

  [[nodiscard]] constexpr std::size_t record_count() const noexcept { return record_count_; }
  /// Calls `f(entry)` for each record; after a successful `parse` only.
  template <typename F>
  void for_each(F&& f) const {
    if (record_count_ <= kept) {
      for (const entry& e : kept_.first(record_count_)) {
        f(e);
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

  [[nodiscard]] static status check_head(std::byte head, std::byte flags, bool cut) noexcept {
    constexpr std::uint8_t known = wire::has_sender | wire::has_checksum | wire::has_extensions;
    const auto kind = std::to_integer<std::uint8_t>(head & std::byte{0xf});
    if (std::to_integer<std::uint8_t>(head >> 4) != wire::version || (flags & ~std::byte{known}) != std::byte{0} ||
        (flags & std::byte{wire::has_checksum}) == std::byte{0}) {
      return errc::unsupported;
    }
    if (kind != static_cast<std::uint8_t>(frame_kind::delta)) {
      return kind > static_cast<std::uint8_t>(frame_kind::ops_ack) ? errc::corrupt : errc::unsupported;
    }
    return cut ? status{errc::truncated} : status{};
  }

  [[nodiscard]] status parse_runs(byte_reader& reader) noexcept {
    byte_reader in = reader;
    const std::size_t count = in.count(3);
    actor_count_ = 0;
    run_count_ = 0;
    covered_ = 0;
    actor last{};
    std::uint64_t upto = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t name = in.varint();
      bool same = false;
      if (name == wire::actor_as_before && i > 0) {
        same = true;
      } else if (name == wire::actor_literal || (name == wire::actor_is_sender && has_sender_)) {
        const actor who = name == wire::actor_literal ? detail::read_actor(in) : sender_;
        same = i > 0 && who == last;
        if (i > 0 && !same && !(last < who)) {
          return in.error() != errc::ok ? in.error() : errc::corrupt;
        }
        last = who;
      } else {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
      const std::uint64_t first = in.varint();
      const std::uint64_t length = in.varint();
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (first == 0 || length == 0 || length - 1 > UINT64_MAX - first || covered_ + length < covered_ || (same && first - 1 <= upto)) {
        return errc::corrupt;
      }
      if (run_count_ == run_capacity || (!same && actor_count_ == A)) {
        return errc::full;
      }
      if (!same) {
        actors_.put(actor_count_++, last);
      }
      covered_ += length;
      upto = first + (length - 1);
      runs_.put(run_count_++, covered_run{first, upto, static_cast<actor_ref>(actor_count_ - 1)});
    }
    reader = in;
    return in.error();
  }

  [[nodiscard]] status parse_keys(byte_reader& reader) noexcept {
    byte_reader in = reader;
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
          kept_.put(record_count_, e);
        }
        ++record_count_;
      }
      if (in.error() != errc::ok) {
        return in.error();
      }
    }
    reader = in;
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
  void read_record(byte_reader& in, cursor& at, entry& e) const noexcept {
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
    const auto runs = runs_.first(run_count_);
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

  detail::places<actor, A> actors_;
  detail::places<covered_run, run_capacity> runs_;
  std::size_t actor_count_ = 0;
  std::size_t run_count_ = 0;
  std::span<const std::byte> body_{};
  actor sender_{};
  std::uint64_t base_ = 0;
  std::uint64_t covered_ = 0;
  std::size_t key_count_ = 0;
  std::size_t record_count_ = 0;
  detail::places<entry, kept> kept_;
  bool has_sender_ = false;
};

}  // namespace skerry::inline v0::state
