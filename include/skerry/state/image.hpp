// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/core/result.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/chunk.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/chunk_common.hpp>
#include <skerry/state/detail/named_actor.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

namespace detail {
template <typename Replica, typename Schema, typename Limits>
class image_writer;
}  // namespace detail

/// A place in the history of one running replica: everything that it had learnt by then.
struct mark {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const mark&, const mark&) noexcept = default;
};

/// What is to be appended to the log, and what is durable once it is there. A view: valid until the replica's next call.
struct persist_request {
  std::span<const std::byte> bytes{};
  mark upto{};
  bool snapshot = false;  ///< the log cannot say it any more: only a new image can
};

/// Why a replica goes on as somebody new after `open`.
enum class epoch_reason : std::uint8_t {
  kept,         ///< it does not
  no_image,     ///< nothing was there
  rule,         ///< epoch_rule::every_open, now or when the image was written
  unclean,      ///< the image was not written by a `close`, or a log stands behind it
  other_boot,   ///< the boot counter is not the one after the image's: an older image, or another board
  other_id,     ///< the image of another node, or of this one in another role
  never_lived,  ///< the image of a replica without an identity
};

/// What `open` found.
struct image_report {
  epoch_reason reason = epoch_reason::no_image;
  bool clean = false;              ///< the image says that it was the last word of its life
  std::size_t log_frames = 0;      ///< taken over from the log
  std::size_t log_bytes = 0;       ///< that they take: append behind them
  std::size_t torn_bytes = 0;      ///< behind them, cut off
  std::size_t blocks_dropped = 0;  ///< extensions that this firmware does not know and has no room to keep
};

/// A stored past: the image, what was appended to the log since, and the boot counter.
///
/// image   as `snapshot` wrote it; what lies behind its end (an erased page) does not matter. Empty: there is none yet
/// log     all that `to_persist` asked to append since the image was begun, or more; its end may be torn
/// boot    a counter that the application raises at every start, kept outside of all that is ever backed up or copied; 0: none
class image_reader {
 public:
  constexpr explicit image_reader(std::span<const std::byte> image, std::span<const std::byte> log = {}, std::uint64_t boot = 0) noexcept
      : image_{image}, log_{log}, boot_{boot} {}

  [[nodiscard]] constexpr std::span<const std::byte> image() const noexcept { return image_; }
  [[nodiscard]] constexpr std::span<const std::byte> log() const noexcept { return log_; }
  [[nodiscard]] constexpr std::uint64_t boot() const noexcept { return boot_; }
  /// What the last `open` found.
  [[nodiscard]] constexpr const image_report& report() const noexcept { return report_; }
  constexpr void found(const image_report& report) noexcept { report_ = report; }

 private:
  std::span<const std::byte> image_;
  std::span<const std::byte> log_;
  std::uint64_t boot_;
  image_report report_{};
};

/// How far a snapshot has come. The replica may change between its pieces: then the image is whole only together with the log from
/// `begun()` on.
class snapshot_cursor {
 public:
  /// Longest text of a key.
  static constexpr std::size_t text_bytes = 255;

  [[nodiscard]] constexpr bool done() const noexcept { return phase_ == phase::done; }
  /// What it holds at least: once the image is durable, `persisted(cursor)` says so.
  [[nodiscard]] constexpr mark begun() const noexcept { return begun_; }
  /// The catch-up of which it tells; 0: none.
  [[nodiscard]] constexpr std::uint64_t catch_up() const noexcept { return catch_up_; }
  /// Bytes written so far.
  [[nodiscard]] constexpr std::uint64_t size() const noexcept { return size_; }

 private:
  template <typename Replica, typename Schema, typename Limits>
  friend class detail::image_writer;
  enum class phase : std::uint8_t { start, context, keys, trailer, done };

  detail::key_text<text_bytes> after_{};
  std::uint64_t size_ = 0;
  std::uint64_t catch_up_ = 0;
  mark begun_{};
  context_cursor context_{};
  std::uint64_t checksum_ = 0;
  phase phase_ = phase::start;
};

namespace detail {

/// Frames in images and logs stand behind their length.
inline constexpr std::size_t length_bytes = 4;

/// The next frame of an image or a log; empty at its end or where no whole one stands. `in` moves behind it.
[[nodiscard]] constexpr std::span<const std::byte> next_stored(std::span<const std::byte>& in) noexcept {
  byte_reader head{in};
  const std::uint32_t length = head.u32();
  if (head.error() != errc::ok || length == 0 || length > in.size() - length_bytes) {
    return {};
  }
  const auto frame = in.subspan(length_bytes, length);
  in = in.subspan(length_bytes + length);
  return frame;
}
/// Takes a frame into the checksum of an image. Not by a CRC over everything: each frame ends in its own, and a CRC does not see one
/// such word of code exchanged for another of the same length.
[[nodiscard]] constexpr std::uint64_t fold_frame(std::uint64_t checksum, std::span<const std::byte> frame) noexcept {
  byte_reader tail{frame.last(4)};
  return hash64(std::uint64_t{tail.u32()} << 32 | static_cast<std::uint32_t>(frame.size()), checksum);
}
/// Nothing was ever written there: erased flash, or zeros.
[[nodiscard]] constexpr bool blank(std::span<const std::byte> bytes) noexcept {
  for (const std::byte b : bytes) {
    if (b != bytes.front() || (b != std::byte{0} && b != std::byte{0xff})) {
      return false;
    }
  }
  return true;
}

/// What an image knows beside the state that all share: the node's own part.
struct image_trailer {
  actor self{};
  std::uint64_t image_bytes = 0;  ///< before the trailer
  std::uint64_t checksum = 0;     ///< of them, so that no two images get mixed
  std::uint64_t boot = 0;
  std::uint64_t clock = 0;
  std::uint32_t run = 0;
  mark begun{};
  mark ended{};
  state::role role = state::role::device;
  epoch_rule rule = epoch_rule::every_open;
  bool clean = false;
  bool alive = false;
  byte_reader rest{std::span<const std::byte>{}};  ///< chain, counters, extensions

  [[nodiscard]] constexpr status parse(std::span<const std::byte> frame) noexcept {
    chunk_part part{};
    const auto body = open_chunk(frame, part);
    if (!body) {
      return body.error();
    }
    if (part != chunk_part::trailer) {
      return errc::unsupported;
    }
    byte_reader in{body.value()};
    image_bytes = in.varint();
    checksum = in.u64();
    const std::uint8_t flags = in.u8();
    const std::uint8_t as = in.u8();
    const std::uint8_t by = in.u8();
    self = read_actor(in);
    boot = in.varint();
    clock = in.varint();
    run = in.u32();
    begun.value = in.varint();
    ended.value = in.varint();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (flags > 3 || as > static_cast<std::uint8_t>(state::role::user_3) || by > static_cast<std::uint8_t>(epoch_rule::durable) ||
        begun > ended) {
      return errc::corrupt;
    }
    clean = (flags & 1) != 0;
    alive = (flags & 2) != 0;
    role = static_cast<state::role>(as);
    rule = static_cast<epoch_rule>(by);
    rest = in;
    return {};
  }
  constexpr void encode(byte_writer& out) const noexcept {
    out.varint(image_bytes);
    out.u64(checksum);
    out.u8(static_cast<std::uint8_t>((clean ? 1 : 0) | (alive ? 2 : 0)));
    out.u8(static_cast<std::uint8_t>(role));
    out.u8(static_cast<std::uint8_t>(rule));
    write_actor(out, self);
    out.varint(boot);
    out.varint(clock);
    out.u32(run);
    out.varint(begun.value);
    out.varint(ended.value);
  }
};

}  // namespace detail

}  // namespace skerry::inline v0::state
