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
#include <span>

namespace skerry::inline v0::state {

/// How far somebody has been told how things stand among the members.
struct fence_place {
  std::uint64_t of = 0;  ///< what is being told
  std::size_t next = 0;  ///< lives, and behind them entries of rows, that have been
};

}  // namespace skerry::inline v0::state

namespace skerry::inline v0::state::detail {

/// Flags of fence frames that are pieces: lives that have retired, behind the hash of all names that are known where it was written; and
/// rows, which name actors by their places in the roster whose hash stands instead of lives.
inline constexpr std::uint8_t fence_of_names = 16;
inline constexpr std::uint8_t fence_of_rows = 32;

/// How many things there are to tell: names, lives that have retired, entries of rows.
template <std::size_t Members, typename Rows>
[[nodiscard]] constexpr std::size_t fence_size(const roster<Members>& lives, const Rows& rows) noexcept {
  std::size_t all = lives.size();
  lives.for_each([&all](const member& m) { all += m.fenced() ? 1 : 0; });
  for (const auto& r : rows) {
    all += r.has.size();
  }
  return all;
}

/// Writes a frame of the kind `fence`: of all there is to tell, what stands from `begin` to `end`, or less: different things do not meet
/// in one piece. Answers how far it came.
///
/// The roster together with all rows is one frame that needs no other. Pieces may be lost, repeated and overtake each other: first come
/// the names, as if all took part, which only makes a member wait for more; that somebody has retired counts where all names are known
/// that its writer knows, and rows where the roster is the same. So who has heard of a fence, or of an acknowledgement, knows everybody
/// whose word it has to wait for. In each piece of a row stands how far its member had written, or the rest of it would promise too much.
template <std::size_t Members, typename Rows>
[[nodiscard]] constexpr result<std::size_t> write_fence(byte_writer& out, const roster<Members>& lives, const Rows& rows, std::size_t begin,
                                                        std::size_t end) noexcept {
  const std::size_t from = out.written().size();
  const bool whole = begin == 0 && end == fence_size(lives, rows);
  const std::size_t named = lives.size();
  const std::size_t fenced = fence_size(lives, std::span<const typename Rows::value_type>{});
  const bool of_names = !whole && begin >= named && begin < fenced;
  const bool of_rows = !whole && begin >= fenced;
  const std::size_t limit = whole || of_rows ? end : (of_names ? fenced : named);
  end = end < limit ? end : limit;
  out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(frame_kind::fence)));
  out.u8(static_cast<std::uint8_t>(wire::has_checksum | (of_names ? fence_of_names : 0) | (of_rows ? fence_of_rows : 0)));
  if (of_names || of_rows) {
    out.u64(of_names ? lives.names_hash() : lives.hash());
  }
  if (!of_rows) {
    out.varint((whole ? named : end) - begin);
    std::size_t at = of_names ? named : 0;
    lives.for_each([&](const member& m) {
      if ((whole || (at >= begin && at < end)) && (m.fenced() || !of_names)) {
        member told = m;
        told.standing = whole || of_names ? m.standing : standing::current;
        roster<Members>::write(out, told);
      }
      at += m.fenced() || !of_names ? 1 : 0;
    });
  }
  const auto name = [&](const actor& who) {
    const member* m = lives.find(who);
    out.varint(m == nullptr ? 0 : static_cast<std::size_t>(m - lives.entries().data()) + 1);
    if (m == nullptr) {
      write_actor(out, who);
    }
  };
  for (const bool counting : {true, false}) {
    std::size_t at = fenced;
    std::size_t pieces = 0;
    for (const auto& r : rows) {
      const std::size_t size = r.has.size();
      const std::size_t low = whole || begin < at ? 0 : (begin - at < size ? begin - at : size);
      const std::size_t high = whole ? size : (end <= at || !of_rows ? 0 : (end - at < size ? end - at : size));
      std::size_t count = 0;
      const auto each = [&](auto&& f) {
        for (std::size_t i = 0; i < size; ++i) {
          if (const auto& e = r.has.entries()[i]; (i >= low && i < high) || e.who == r.who) {
            f(e);
          }
        }
      };
      at += size;
      if (!whole && low >= high) {
        continue;
      }
      ++pieces;
      if (!counting && out.error() == errc::ok) {
        each([&count](const auto&) { ++count; });
        name(r.who);
        out.varint(count);
        each([&](const auto& e) {
          name(e.who);
          out.varint(e.n);
        });
      }
    }
    if (counting) {
      out.varint(pieces);
    }
  }
  if (out.error() == errc::ok) {
    out.u32(crc32c(out.written().subspan(from)));
  }
  return out.error() == errc::ok ? result<std::size_t>{end} : result<std::size_t>{out.error()};
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

  /// mine  what is known here; `stale` for a piece that is about another roster
  [[nodiscard]] status parse(std::span<const std::byte> frame, const roster_type& mine) noexcept {
    if (frame.size() < 2) {
      return errc::truncated;
    }
    const unsigned kind = static_cast<unsigned>(frame[1]) ^ wire::has_checksum;
    if (static_cast<std::uint8_t>(frame[0]) >> 4 != wire::version || (kind != 0 && kind != fence_of_names && kind != fence_of_rows)) {
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
    if (kind != 0 && in.u64() != (kind == fence_of_names ? mine.names_hash() : mine.hash())) {
      return in.error() == errc::ok ? errc::stale : in.error();
    }
    if (kind == fence_of_rows) {
      mine.for_each([this](const member& m) { names_[name_count_++] = m.who; });
    } else if (const status s = parse_lives(in); !s) {
      return s;
    }
    row_count_ = in.count(2);
    rows_ = in.remaining();
    actor last{};
    for (std::size_t i = 0; i < row_count_ && in.error() == errc::ok; ++i) {
      const actor who = read_name(in);
      if (i > 0 && !(last < who)) {
        in.fail(errc::corrupt);
      }
      last = who;
      read_entries(in, [](const actor&, std::uint64_t) {});
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
        read_entries(again, g);
      });
      read_entries(in, [](const actor&, std::uint64_t) {});
    }
  }

 private:
  [[nodiscard]] status parse_lives(byte_reader& in) noexcept {
    life_count_ = in.count(roster_type::least_bytes);
    lives_ = in.remaining();
    return roster_type::read_lives(in, life_count_, [this](const member& m) { names_[name_count_++] = m.who; });
  }
  [[nodiscard]] constexpr actor read_name(byte_reader& in) const noexcept {
    const std::uint64_t name = in.varint();
    if (name == 0) {
      const actor who = read_actor(in);
      for (std::size_t i = 0; i < name_count_; ++i) {
        if (names_[i] == who) {
          in.fail(errc::corrupt);  // it has a shorter name
        }
      }
      return who;
    }
    if (name > name_count_) {
      in.fail(errc::corrupt);
      return {};
    }
    return names_[static_cast<std::size_t>(name - 1)];
  }
  template <typename F>
  constexpr void read_entries(byte_reader& in, F&& f) const noexcept {
    const std::size_t count = in.count(2);
    actor before{};
    for (std::size_t i = 0; i < count && in.error() == errc::ok; ++i) {
      const actor who = read_name(in);
      const std::uint64_t n = in.varint();
      if (n == 0 || (i > 0 && !(before < who))) {
        in.fail(errc::corrupt);
      }
      before = who;
      f(who, n);
    }
  }

  array_of<actor, Members> names_{};
  std::span<const std::byte> lives_{};
  std::span<const std::byte> rows_{};
  std::size_t life_count_ = 0;
  std::size_t name_count_ = 0;
  std::size_t row_count_ = 0;
};

}  // namespace skerry::inline v0::state::detail
