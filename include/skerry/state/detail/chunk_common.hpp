// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

/// What a frame of kind `chunk` holds; the first byte of its body, numbered for ever.
enum class chunk_part : std::uint8_t {
  context,  ///< events that the writer has seen, and the list of their actors
  keys,     ///< all keys between two texts, each with all its records
  trailer,  ///< what belongs to one node alone: the end of an image
  redo,     ///< what became of keys since the last such frame: the log behind an image
  request,  ///< how far a node has come in a catch-up
};

namespace wire {
inline constexpr std::uint8_t chunk_last = 1;    ///< nothing comes after these keys
inline constexpr std::uint8_t chunk_listed = 2;  ///< says nothing about keys that are not listed
}  // namespace wire

namespace detail {

constexpr void begin_chunk(byte_writer& out, chunk_part part) noexcept {
  out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(frame_kind::chunk)));
  out.u8(wire::has_checksum);
  out.u8(static_cast<std::uint8_t>(part));
}
/// Closes the frame that began at `begin`.
[[nodiscard]] constexpr status end_chunk(byte_writer& out, std::size_t begin) noexcept {
  if (out.error() == errc::ok) {
    out.u32(crc32c(out.written().subspan(begin)));
  }
  return out.error();
}
/// The body of a chunk frame of which every byte is checked; `part` says which kind.
///
/// Errors  `truncated`, `corrupt`, `unsupported`
[[nodiscard]] constexpr result<std::span<const std::byte>> open_chunk(std::span<const std::byte> frame, chunk_part& part) noexcept {
  if (frame.size() < 7) {
    return errc::truncated;
  }
  byte_reader in{frame};
  const std::uint8_t head = in.u8();
  const std::uint8_t flags = in.u8();
  if (head != (wire::version << 4 | static_cast<std::uint8_t>(frame_kind::chunk)) || flags != wire::has_checksum) {
    return errc::unsupported;
  }
  byte_reader tail{frame.last(4)};
  if (tail.u32() != crc32c(frame.first(frame.size() - 4))) {
    return errc::corrupt;
  }
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(chunk_part::request)) {
    return errc::unsupported;
  }
  part = static_cast<chunk_part>(kind);
  return frame.subspan(3, frame.size() - 7);
}

/// The text of a key, in place.
template <std::size_t N>
struct key_text {
  std::array<char, N> chars{};
  std::size_t size = 0;
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {chars.data(), size}; }
  [[nodiscard]] constexpr bool assign(std::string_view text) noexcept {
    if (text.size() > N) {
      return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      chars[i] = text[i];
    }
    size = text.size();
    return true;
  }
};

/// The slots of the first keys, in the order of their texts, that come after `after`; as many as `out` has room for.
///
/// text     `text(key_ref, std::span<char>) -> std::size_t`
/// wanted   `wanted(key_ref) -> bool`: the others are passed over
/// Cost     O(keys log(size of out)) texts; no memory but `out`
template <std::size_t TextBytes, typename Store, typename Text, typename Wanted>
[[nodiscard]] constexpr std::size_t next_keys(const Store& store, Text&& text, std::string_view after, std::span<typename Store::index> out,
                                              Wanted&& wanted) {
  using index = typename Store::index;
  std::size_t count = 0;
  key_text<TextBytes> greatest;  // of those chosen: most of the others are not below it
  const auto text_of = [&](index slot, key_text<TextBytes>& to) { to.size = text(store.key(slot), std::span<char>{to.chars}); };
  const auto below = [&](index a, index b) {
    key_text<TextBytes> x;
    key_text<TextBytes> y;
    text_of(a, x);
    text_of(b, y);
    return x.view() < y.view();
  };
  const auto sink = [&](std::size_t root, std::size_t end) {
    for (std::size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
      child += child + 1 < end && below(out[child], out[child + 1]) ? 1 : 0;
      if (!below(out[root], out[child])) {
        return;
      }
      const index held = out[root];
      out[root] = out[child];
      out[child] = held;
      root = child;
    }
  };
  store.for_each_key([&](index slot) {
    key_text<TextBytes> own;
    text_of(slot, own);
    if (!(after < own.view()) || !wanted(store.key(slot))) {
      return;
    }
    if (count < out.size()) {
      out[count++] = slot;
      if (count == out.size()) {
        for (std::size_t i = count / 2; i > 0; --i) {
          sink(i - 1, count);
        }
        text_of(out[0], greatest);
      }
    } else if (own.view() < greatest.view()) {
      out[0] = slot;
      sink(0, count);
      text_of(out[0], greatest);
    }
  });
  if (count < out.size()) {
    for (std::size_t i = count / 2; i > 0; --i) {
      sink(i - 1, count);
    }
  }
  for (std::size_t end = count; end > 1; --end) {
    const index held = out[0];
    out[0] = out[end - 1];
    out[end - 1] = held;
    sink(0, end - 1);
  }
  return count;
}

/// The records of a key in ascending order of (actor, n). A key's list is short, so choosing the next one each time is enough.
template <typename Records, typename F>
constexpr void in_order(const Records& records, F&& f) {
  const auto before = [](const record_view& a, const record_view& b) { return a.who != b.who ? a.who < b.who : a.n < b.n; };
  record_view last{};
  bool any = false;
  for (;;) {
    record_view least{};
    bool found = false;
    records.for_each([&](const record_view& r) {
      if ((!any || before(last, r)) && (!found || before(r, least))) {
        least = r;
        found = true;
      }
    });
    if (!found) {
      return;
    }
    f(least);
    last = least;
    any = true;
  }
}

/// Actors in ascending order: ids as differences.
class actor_names {
 public:
  constexpr void write(byte_writer& out, const actor& who) noexcept {
    out.varint(who.id - last_);
    out.varint(who.generation);
    out.u32(who.nonce);
    last_ = who.id;
  }
  [[nodiscard]] constexpr actor read(byte_reader& in) noexcept {
    actor who;
    who.id = last_ + in.varint();
    const std::uint64_t generation = in.varint();
    who.nonce = in.u32();
    if (who.id < last_ || generation > UINT32_MAX) {
      in.fail(errc::corrupt);
    }
    who.generation = static_cast<std::uint32_t>(generation);
    last_ = who.id;
    return who;
  }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace detail

}  // namespace skerry::inline v0::state
