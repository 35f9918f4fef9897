// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/state/detail/named_actor.hpp>
#include <skerry/state/frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// The second byte of a link's frames, beside the bits of `wire`.
namespace link_flag {
inline constexpr std::uint8_t part = 1;        ///< a delta that tells a change of some actors only: where its list begins and ends follows
inline constexpr std::uint8_t on_link = 8;     ///< everything in it is meant relative to a contact
inline constexpr std::uint8_t short_one = 16;  ///< a delta of one event of the sender's, which is all of one step
inline constexpr std::uint8_t stamped = 32;    ///< a delta with a stamp to count from
inline constexpr std::uint8_t acks = 64;       ///< an acknowledgement comes first; of a hello: it wants to be answered
inline constexpr std::uint8_t repairs = 128;   ///< whoever knows that something in it is dead shall say so
inline constexpr std::uint8_t asks = 128;      ///< of an `in_sync`: who finds the same shall say so
inline constexpr std::uint8_t known = part | wire::has_checksum | on_link | short_one | stamped | acks | repairs;
}  // namespace link_flag

/// The two numbers that make a contact: each side draws one. Frames of another contact fail the tag.
struct contact {
  std::uint32_t sender = 0;
  std::uint32_t receiver = 0;
};

/// The checksum of a frame within its contact. Its low half is the tag.
[[nodiscard]] constexpr std::uint32_t contact_crc(const contact& c, std::span<const std::byte> frame) noexcept {
  std::array<std::byte, 8> names{};
  byte_writer out{names};
  out.u32(c.sender);
  out.u32(c.receiver);
  return crc32c(frame, crc32c(names));
}

/// What stands for the last actor of a part; 0 stands for nobody.
[[nodiscard]] constexpr std::uint32_t part_mark(const actor& who) noexcept {
  return static_cast<std::uint32_t>(hash64(who.id, std::uint64_t{who.generation} << 32 | who.nonce)) | 1U;
}

/// What one change needs that is told of as few actors as possible, where events, changes and milliseconds since the contact began are
/// below 2^35: ends 6, positions 10, marks 8, base stamp 9, two actors with a run 57, key and lists 14, four kept records 24, the
/// record's event, stamp and sizes 18.
[[nodiscard]] constexpr std::size_t least_delta(std::size_t text, std::size_t payload) noexcept { return 146 + text + payload; }

/// What stands for an actor of whom nothing is listed, so that a name to remember would be too long.
[[nodiscard]] constexpr std::uint32_t actor_mark(const actor& who, const contact& c) noexcept {
  return static_cast<std::uint32_t>(
      hash64(hash64(who.id, std::uint64_t{who.generation} << 32 | who.nonce), std::uint64_t{c.sender} << 32 | c.receiver));
}

/// Whether frames of a kind have no flags: one operation each, nothing else in it.
[[nodiscard]] constexpr bool is_plain(std::byte head) noexcept {
  return (std::to_integer<std::uint8_t>(head) & 0xf) >= static_cast<std::uint8_t>(frame_kind::op);
}
constexpr void begin_frame(byte_writer& out, frame_kind kind, std::uint8_t flags) noexcept {
  out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(kind)));
  out.u8(static_cast<std::uint8_t>(flags | link_flag::on_link));
}
/// How many bytes a frame's end takes.
[[nodiscard]] constexpr std::size_t seal_size(bool checksum) noexcept { return checksum ? 4 : 2; }
/// Ends the frame in the first `size` bytes of `out` with its tag, or all of its checksum where the flags say so. Answers its length.
constexpr std::size_t seal_frame(std::span<std::byte> out, std::size_t size, const contact& c) noexcept {
  const std::uint32_t crc = contact_crc(c, out.first(size));
  const std::size_t end = seal_size(!is_plain(out[0]) && (std::to_integer<std::uint8_t>(out[1]) & wire::has_checksum) != 0);
  for (std::size_t i = 0; i < end; ++i) {
    out[size + i] = static_cast<std::byte>(crc >> 8 * i);
  }
  return size + end;
}

/// A frame of a link, taken apart as far as all kinds are alike.
struct opened_frame {
  frame_kind kind{};
  std::uint8_t flags = 0;
  std::span<const std::byte> body{};
};

/// Errors  `truncated`, `corrupt`, `unsupported`, `stale` for a frame of another contact (or with an error: the tag cannot tell)
[[nodiscard]] constexpr result<opened_frame> open_frame(std::span<const std::byte> frame, const contact& c) noexcept {
  if (frame.size() < 4) {
    return errc::truncated;
  }
  opened_frame f;
  const auto head = std::to_integer<std::uint8_t>(frame[0]);
  const bool plain = is_plain(frame[0]);
  f.flags = plain ? std::uint8_t{link_flag::on_link | link_flag::short_one} : std::to_integer<std::uint8_t>(frame[1]);
  if (head >> 4 != wire::version || (f.flags & ~link_flag::known) != 0 || (f.flags & link_flag::on_link) == 0) {
    return errc::unsupported;
  }
  if ((head & 0xf) > static_cast<std::uint8_t>(frame_kind::named_op)) {
    return errc::corrupt;
  }
  f.kind = static_cast<frame_kind>(head & 0xf);
  const std::size_t tag = (f.flags & wire::has_checksum) != 0 ? 4 : 2;
  const std::size_t begin = plain ? 1 : 2;
  if (frame.size() < begin + tag) {
    return errc::truncated;
  }
  const std::uint32_t crc = contact_crc(c, frame.first(frame.size() - tag));
  byte_reader end{frame.last(tag)};
  if (tag == 4 ? end.u32() != crc : end.u16() != static_cast<std::uint16_t>(crc)) {
    return errc::stale;
  }
  f.body = frame.subspan(begin, frame.size() - begin - tag);
  return f;
}

/// How a contact begins: who speaks, where the counts of this contact begin, and what is still known from the last one.
struct hello {
  actor sender{};
  std::uint32_t nonce = 0;             ///< this side's number of the contact
  std::uint32_t echo = 0;              ///< the other side's, 0 when it is not known yet
  std::uint64_t schema = 0;            ///< hash of paths, policies and owners
  std::uint32_t log = 0;               ///< names the life of this side's log
  std::uint64_t arrivals = 0;          ///< its last number
  std::uint64_t ms = 0;                ///< stamps count from here
  std::uint64_t n = 0;                 ///< the sender's own events count from here
  std::uint64_t own_n = 0;             ///< its last one
  std::uint64_t chain = 0;             ///< and the hash of all of them, where the sender keeps one
  std::uint64_t interned = 0;          ///< how many keys it can know by number
  std::uint64_t runs = 0;              ///< how many runs of events it takes in one frame
  std::uint32_t held_log = 0;          ///< the receiver's log that it has followed, 0 for none
  std::uint64_t held = 0;              ///< up to here
  std::uint64_t known_n = 0;           ///< of the actor that the receiver said it is: the greatest number known here
  std::uint64_t known_generation = 0;  ///< the greatest generation known of the receiver's id
  bool answer = false;                 ///< the sender does not know yet that it is heard
  bool elsewhere = false;              ///< it has another contact with the receiver, until a hello tells it that this one is new

  template <typename Hello, typename F32, typename F64, typename Varint>
  static constexpr void for_each_field(Hello& h, F32 four, F64 eight, Varint varint) noexcept {
    (four(h.nonce), four(h.echo), eight(h.schema), four(h.log), varint(h.arrivals), varint(h.ms), varint(h.n), varint(h.own_n));
    (eight(h.chain), varint(h.interned), varint(h.runs), four(h.held_log), varint(h.held), varint(h.known_n), varint(h.known_generation));
  }
  constexpr void encode(byte_writer& out) const noexcept {
    const std::size_t begin = out.written().size();
    out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(frame_kind::hello)));
    out.u8(static_cast<std::uint8_t>(wire::has_sender | wire::has_checksum | link_flag::on_link | (answer ? link_flag::acks : 0) |
                                     (elsewhere ? link_flag::repairs : 0)));
    write_actor(out, sender);
    for_each_field(
        *this, [&out](std::uint32_t x) { out.u32(x); }, [&out](std::uint64_t x) { out.u64(x); },
        [&out](std::uint64_t x) { out.varint(x); });
    if (out.error() == errc::ok) {
      out.u32(crc32c(out.written().subspan(begin)));
    }
  }
  /// Errors  `truncated`, `corrupt`, `unsupported`
  [[nodiscard]] static constexpr result<hello> decode(std::span<const std::byte> frame) noexcept {
    if (frame.size() < 6) {
      return errc::truncated;
    }
    const auto flags = std::to_integer<std::uint8_t>(frame[1]);
    constexpr std::uint8_t needed = wire::has_sender | wire::has_checksum | link_flag::on_link;
    if (frame[0] != std::byte{wire::version << 4} || (flags & ~(wire::has_extensions | link_flag::acks | link_flag::repairs)) != needed) {
      return errc::unsupported;
    }
    byte_reader end{frame.last(4)};
    if (end.u32() != crc32c(frame.first(frame.size() - 4))) {
      return errc::corrupt;
    }
    byte_reader in{frame.subspan(2, frame.size() - 6)};
    hello h;
    h.answer = (flags & link_flag::acks) != 0;
    h.elsewhere = (flags & link_flag::repairs) != 0;
    h.sender = read_actor(in);
    for_each_field(
        h, [&in](std::uint32_t& x) { x = in.u32(); }, [&in](std::uint64_t& x) { x = in.u64(); },
        [&in](std::uint64_t& x) { x = in.varint(); });
    if (in.error() == errc::ok && (h.nonce == 0 || h.log == 0 || h.ms > stamp::greatest_ms || h.known_generation > 0xffffffff)) {
      in.fail(errc::corrupt);
    }
    if ((flags & wire::has_extensions) != 0) {
      while (in.error() == errc::ok && !in.remaining().empty()) {
        (void)in.varint();
        (void)in.bytes(in.count(1));
      }
    }
    const status s = in.finish();
    return s ? result<hello>{h} : result<hello>{s.error()};
  }
};

/// What a `want` asks for.
enum class wanted : std::uint8_t {
  context,  ///< what the other side has seen, unless it is the same as here
  names,    ///< a number was used that means nothing here: say names again
};

}  // namespace skerry::inline v0::state::detail
