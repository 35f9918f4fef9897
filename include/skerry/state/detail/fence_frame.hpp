// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/stability.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::state::detail {

/// Writes a frame of the kind `fence`: the roster, and what is known of what its members have acknowledged. Both travel together, so
/// that nobody draws a conclusion from the one without the other.
template <std::size_t Members, typename Rows>
[[nodiscard]] constexpr status write_fence(byte_writer& out, const roster<Members>& lives, const Rows& rows) noexcept {
  const std::size_t begin = out.written().size();
  out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(frame_kind::fence)));
  out.u8(wire::has_checksum);
  if (const status s = lives.encode(out); !s) {
    return s;
  }
  const auto name = [&](const actor& who) {
    const member* m = lives.find(who);
    out.varint(m == nullptr ? 0 : static_cast<std::size_t>(m - lives.entries().data()) + 1);
    if (m == nullptr) {
      write_actor(out, who);
    }
  };
  out.varint(rows.size());
  for (const auto& r : rows) {
    name(r.who);
    out.varint(r.has.size());
    for (const auto& e : r.has.entries()) {
      name(e.who);
      out.varint(e.n);
    }
  }
  if (out.error() == errc::ok) {
    out.u32(crc32c(out.written().subspan(begin)));
  }
  return out.error();
}

[[nodiscard]] constexpr bool is_fence_frame(std::span<const std::byte> frame) noexcept {
  return !frame.empty() && (static_cast<std::uint8_t>(frame[0]) & 0xf) == static_cast<std::uint8_t>(frame_kind::fence);
}

/// A received fence frame: checked as a whole before anything of it is used, then read in place.
///
/// Errors  `truncated`, `corrupt`, `unsupported`; `full` for more lives than this node could ever hold
/// Cost    O(bytes); 16 bytes per life, wherever the object lies
template <std::size_t Members, std::size_t A>
class fence_frame {
 public:
  using roster_type = roster<Members>;

  [[nodiscard]] status parse(std::span<const std::byte> frame) noexcept {
    if (frame.size() < 2) {
      return errc::truncated;
    }
    if (static_cast<std::uint8_t>(frame[0]) >> 4 != wire::version || static_cast<std::uint8_t>(frame[1]) != wire::has_checksum) {
      return errc::unsupported;
    }
    if (frame.size() < 6) {
      return errc::truncated;
    }
    byte_reader tail{frame.last(4)};
    if (tail.u32() != crc32c(frame.first(frame.size() - 4))) {
      return errc::corrupt;
    }
    byte_reader in{frame.subspan(2, frame.size() - 6)};
    if (const status s = parse_lives(in); !s) {
      return s;
    }
    row_count_ = in.count(2);
    rows_ = in.remaining();
    const actor* before = nullptr;
    actor last{};
    for (std::size_t i = 0; i < row_count_ && in.error() == errc::ok; ++i) {
      const actor who = read_name(in);
      if (before != nullptr && !(last < who)) {
        in.fail(errc::corrupt);
      }
      last = who;
      before = &last;
      if (const status s = read_entries(in, [](const actor&, std::uint64_t) {}); !s) {
        return s;
      }
    }
    return in.finish();
  }

  /// Calls `f(member)` for each life, in ascending order.
  template <typename F>
  constexpr void for_each(F&& f) const {
    byte_reader in{lives_};
    for (std::size_t i = 0; i < life_count_; ++i) {
      f(roster_type::read_member(in));
    }
  }
  /// Calls `f(member, for_each_entry)` for each row; `for_each_entry(g)` calls `g(actor, number)`.
  template <typename F>
  void for_each_row(F&& f) const {
    byte_reader in{rows_};
    for (std::size_t i = 0; i < row_count_; ++i) {
      const actor who = read_name(in);
      const byte_reader entries = in;
      f(who, [&](auto&& g) {
        byte_reader again = entries;
        (void)read_entries(again, g);
      });
      (void)read_entries(in, [](const actor&, std::uint64_t) {});
    }
  }

 private:
  [[nodiscard]] status parse_lives(byte_reader& in) noexcept {
    life_count_ = in.count(roster_type::least_bytes);
    lives_ = in.remaining();
    if (life_count_ > Members) {
      return errc::full;
    }
    member before;
    for (std::size_t i = 0; i < life_count_; ++i) {
      const member m = roster_type::read_member(in);
      if (in.error() == errc::ok && i > 0 && !(before.who < m.who)) {
        in.fail(errc::corrupt);
      }
      if (in.error() != errc::ok) {
        return in.error();
      }
      names_[i] = m.who;
      before = m;
    }
    return in.error();
  }
  [[nodiscard]] constexpr actor read_name(byte_reader& in) const noexcept {
    const std::uint64_t name = in.varint();
    if (name == 0) {
      const actor who = read_actor(in);
      for (std::size_t i = 0; i < life_count_; ++i) {
        if (names_[i] == who) {
          in.fail(errc::corrupt);  // it has a shorter name
        }
      }
      return who;
    }
    if (name > life_count_) {
      in.fail(errc::corrupt);
      return {};
    }
    return names_[static_cast<std::size_t>(name - 1)];
  }
  template <typename F>
  [[nodiscard]] constexpr status read_entries(byte_reader& in, F&& f) const noexcept {
    const std::size_t count = in.count(2);
    actor before{};
    for (std::size_t i = 0; i < count; ++i) {
      const actor who = read_name(in);
      const std::uint64_t n = in.varint();
      if (in.error() == errc::ok && (n == 0 || (i > 0 && !(before < who)))) {
        in.fail(errc::corrupt);
      }
      if (in.error() != errc::ok) {
        return in.error();
      }
      before = who;
      f(who, n);
    }
    return in.error();
  }

  array_of<actor, Members> names_{};
  std::span<const std::byte> lives_{};
  std::span<const std::byte> rows_{};
  std::size_t life_count_ = 0;
  std::size_t row_count_ = 0;
};

}  // namespace skerry::inline v0::state::detail
