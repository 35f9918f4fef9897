// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/delivery/item.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::delivery {

/// What a receiver should do with an item.
enum class verdict : std::uint8_t {
  fresh,    ///< act on it
  repeat,   ///< acted on before: only acknowledge it
  too_old,  ///< below the window, or of an earlier epoch: cannot be told apart any more; acknowledge, do not act
};

/// The receiver's side of at-least-once delivery: one effect per item id, for one device.
///
/// Cost    O(1); 16 + W / 8 bytes a stream, no heap
/// Bound   one effect per id as long as the sender has at most W items in flight or unsynced per stream; what comes later than that
///         is `too_old`, never acted on twice
/// Merge   `join`: two receivers that share a device know together what each knew; idempotent
/// Errors  a stream beyond Streams is `too_old`: no effect without a window to remember it by
///
/// Windows are per stream, because classes overtake each other between streams.
template <std::size_t Streams, std::size_t W>
class dedupe_window {
  static_assert(Streams > 0 && Streams <= 65536, "dedupe_window: 1 to 65536 streams");
  static_assert(W >= 8 && W % 8 == 0 && W <= 64, "dedupe_window: W is 8 to 64 and a multiple of 8");

 public:
  using algebra = joins;

  [[nodiscard]] verdict accept(const item_id& id) noexcept {
    if (id.stream >= Streams || id.seq == 0) {
      return verdict::too_old;
    }
    window& w = windows_[id.stream];
    if (id.epoch != w.epoch) {
      if (newer(w.epoch, id.epoch, w.highest != 0)) {
        return verdict::too_old;
      }
      w = window{id.seq, 1, id.epoch};
      return verdict::fresh;
    }
    if (id.seq > w.highest) {
      const std::uint64_t step = id.seq - w.highest;
      w.seen = (step >= 64 ? 0 : w.seen << step) | 1;
      w.highest = id.seq;
      return verdict::fresh;
    }
    const std::uint64_t back = w.highest - id.seq;
    if (back >= W) {
      return verdict::too_old;
    }
    const std::uint64_t bit = std::uint64_t{1} << back;
    if ((w.seen & bit) != 0) {
      return verdict::repeat;
    }
    w.seen |= bit;
    return verdict::fresh;
  }

  void join(const dedupe_window& other) noexcept {
    for (std::size_t s = 0; s < Streams; ++s) {
      const window& theirs = other.windows_[s];
      window& mine = windows_[s];
      if (theirs.highest == 0) {
        continue;
      }
      if (mine.highest == 0 || (mine.epoch != theirs.epoch && newer(theirs.epoch, mine.epoch, true))) {
        mine = theirs;
      } else if (mine.epoch == theirs.epoch) {
        const std::uint64_t highest = mine.highest > theirs.highest ? mine.highest : theirs.highest;
        mine.seen = shifted(mine.seen, highest - mine.highest) | shifted(theirs.seen, highest - theirs.highest);
        mine.highest = highest;
      }
    }
  }

  [[nodiscard]] status encode(byte_writer& out) const noexcept {
    out.u8(1);
    out.u8(static_cast<std::uint8_t>(W));
    out.varint(Streams);
    for (const window& w : windows_) {
      out.varint(w.highest);
      if (w.highest != 0) {
        out.u32(w.epoch);
        out.varint(w.seen & mask);
      }
    }
    return out.error();
  }
  [[nodiscard]] static result<dedupe_window> decode(byte_reader& in) noexcept {
    const std::uint8_t version = in.u8();
    const std::uint8_t width = in.u8();
    const std::uint64_t streams = in.varint();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (version != 1) {
      return errc::unsupported;
    }
    if (width != W || streams != Streams) {
      return errc::mismatch;
    }
    dedupe_window read;
    for (window& w : read.windows_) {
      w.highest = in.varint();
      if (w.highest != 0) {
        w.epoch = in.u32();
        w.seen = in.varint();
      }
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (w.highest != 0 && ((w.seen & 1) == 0 || (w.seen & ~mask) != 0)) {
        return errc::corrupt;
      }
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    return read;
  }

  friend constexpr bool operator==(const dedupe_window& a, const dedupe_window& b) noexcept {
    for (std::size_t s = 0; s < Streams; ++s) {
      const window& x = a.windows_[s];
      const window& y = b.windows_[s];
      if (x.highest != y.highest || x.epoch != y.epoch || (x.seen & mask) != (y.seen & mask)) {
        return false;
      }
    }
    return true;
  }

 private:
  struct window {
    std::uint64_t highest = 0;  // 0: nothing seen
    std::uint64_t seen = 0;     // bit i: highest - i
    std::uint32_t epoch = 0;
  };
  static constexpr std::uint64_t mask = W == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (W % 64)) - 1;

  /// Is epoch `a` the later one? Epochs grow from store to store.
  [[nodiscard]] static constexpr bool newer(std::uint32_t a, std::uint32_t b, bool known) noexcept { return known && a > b; }
  [[nodiscard]] static constexpr std::uint64_t shifted(std::uint64_t bits, std::uint64_t by) noexcept {
    return by >= 64 ? 0 : (bits << by) & mask;
  }

  array_of<window, Streams> windows_{};
};

}  // namespace skerry::inline v0::delivery
