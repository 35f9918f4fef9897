// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/crc32c.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/frame.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// A delta frame of one operation, as most are: one record at most, and a few runs of events. It is read in one go.
///
/// It refuses what `delta_frame` refuses, and more: what it does not read may still be a good frame, of another form.
/// Cost    O(bytes); about 250 bytes, of which only those for what the frame holds are touched
class op_frame {
 public:
  static constexpr std::size_t most_runs = 4;

  op_frame() noexcept {}  // NOLINT(modernize-use-equals-default): nothing of it is read before `read` has written it

  /// Whether it is such a frame, if it is `whole`.
  [[nodiscard]] bool read(std::span<const std::byte> frame) noexcept {
    if (frame.size() < 2 + checksum || std::to_integer<std::uint8_t>(frame[0]) != head ||
        (std::to_integer<std::uint8_t>(frame[1]) | wire::has_sender) != (wire::has_sender | wire::has_checksum)) [[unlikely]] {
      return false;
    }
    reader in{frame.data() + 2, frame.data() + (frame.size() - checksum)};
    const bool has_sender = frame[1] != std::byte{wire::has_checksum};
    actor sender{};
    if (has_sender) {
      sender = in.who();
    }
    in.bad |= in.fixed<2>() != 0;  // from, to
    const std::uint64_t base = in.number();
    in.bad |= base > stamp::greatest_ms;
    const std::uint64_t covered = read_runs(in, has_sender, sender);
    in.look();
    const std::uint8_t keys = in.digit();
    in.bad |= keys > 1;
    record_count_ = keys;
    if (keys == 1) {
      read_record(in, base, covered);
    }
    return !in.bad && in.at == in.end;
  }
  /// Whether it has arrived as it was sent.
  [[nodiscard]] static bool whole(std::span<const std::byte> frame) noexcept {
    return skerry::detail::crc32c_word(frame.data() + (frame.size() - checksum)) == crc32c(frame.first(frame.size() - checksum));
  }

  [[nodiscard]] std::span<const actor> actors() const noexcept { return actors_.first(actor_count_); }
  [[nodiscard]] std::span<const covered_run> runs() const noexcept { return runs_.first(run_count_); }
  [[nodiscard]] bool has_record() const noexcept { return record_count_ > 0; }
  /// The text of the record's key.
  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  /// The record, to which its key is still to be given.
  [[nodiscard]] incoming& record() noexcept { return *records_.at(0); }
  [[nodiscard]] std::span<const incoming> records() const noexcept { return records_.first(record_count_); }

 private:
  static constexpr std::size_t checksum = 4;
  static constexpr std::uint8_t head = wire::version << 4 | static_cast<std::uint8_t>(frame_kind::delta);

  /// Held in registers: what it reads goes into the frame's members.
  struct reader {
    const std::byte* at;
    const std::byte* end;
    bool bad = false;

    std::uint64_t fail() noexcept {
      bad = true;
      at = end;
      return 0;
    }
    template <std::size_t N>
    [[nodiscard]] std::uint64_t fixed() noexcept {
      if (end - at < static_cast<std::ptrdiff_t>(N)) [[unlikely]] {
        return fail();
      }
      std::uint64_t v = 0;
      if constexpr (std::endian::native == std::endian::little) {
        __builtin_memcpy(&v, at, N);
      } else {
        for (std::size_t i = 0; i < N; ++i) {
          v |= std::to_integer<std::uint64_t>(at[i]) << (8 * i);
        }
      }
      at += N;
      return v;
    }
    /// Comes after three small numbers at the latest: so many lie in the checksum behind the end.
    void look() noexcept {
      if (at > end) [[unlikely]] {
        (void)fail();
      }
    }
    /// A varint that is good below 128 only.
    [[nodiscard]] std::uint8_t digit() noexcept { return std::to_integer<std::uint8_t>(*at++); }
    /// A varint of at most seven bytes, in its shortest form.
    [[nodiscard]] std::uint64_t number() noexcept {
      const auto b = std::to_integer<std::uint64_t>(*at);
      if (b < 0x80) {
        ++at;
        return b;
      }
      return several();
    }
    [[nodiscard]] std::uint64_t several() noexcept {
      if (end - at < 4) [[unlikely]] {  // with the checksum behind it 8 bytes can be loaded
        return fail();
      }
      std::uint64_t word = 0;
      if constexpr (std::endian::native == std::endian::little) {
        __builtin_memcpy(&word, at, 8);
      } else {
        for (std::size_t i = 0; i < 8; ++i) {
          word |= std::to_integer<std::uint64_t>(at[i]) << (8 * i);
        }
      }
      if ((word & 0x8000) == 0) {  // two bytes
        at += 2;
        bad |= (word & 0x7f00) == 0;
        return (word & 0x7f) | (word & 0x7f00) >> 1;
      }
      const std::uint64_t stops = ~word & 0x0080808080808080;
      if (stops == 0) [[unlikely]] {
        return fail();
      }
      const auto bits = static_cast<unsigned>(std::countr_zero(stops)) + 1;  // up to the end of the last byte
      at += bits / 8;
      if (at > end) [[unlikely]] {
        return fail();
      }
      bad |= (word >> (bits - 8) & 0xff) == 0;  // not the shortest form
      word &= 0x7f7f7f7f7f7f7f7f & ~std::uint64_t{0} >> (64 - bits);
      word = (word & 0x7f007f007f007f00) >> 1 | (word & 0x007f007f007f007f);  // eight of 7 bits, four of 14, two of 28, one of 56
      word = (word & 0x3fff00003fff0000) >> 2 | (word & 0x00003fff00003fff);
      return (word & 0x0fffffff00000000) >> 4 | (word & 0x000000000fffffff);
    }
    [[nodiscard]] std::span<const std::byte> bytes(std::uint64_t n) noexcept {
      if (at > end || n > static_cast<std::uint64_t>(end - at)) [[unlikely]] {
        (void)fail();
        return {};
      }
      at += n;
      return {at - n, static_cast<std::size_t>(n)};
    }
    [[nodiscard]] actor who() noexcept {
      actor a;
      if (end - at < 13) [[unlikely]] {
        (void)fail();
        return a;
      }
      a.id = fixed<8>();
      const std::uint64_t generation = number();
      bad |= generation > UINT32_MAX;
      a.generation = static_cast<std::uint32_t>(generation);
      a.nonce = static_cast<std::uint32_t>(fixed<4>());
      return a;
    }
  };

  /// How many events they cover. What it counts is kept in registers.
  [[nodiscard]] std::uint64_t read_runs(reader& in, bool has_sender, const actor& sender) noexcept {
    const std::uint8_t count = in.digit();
    actor_count_ = 0;
    run_count_ = count;
    if (count > most_runs) [[unlikely]] {
      return in.fail();
    }
    std::size_t actors = 0;
    std::uint64_t covered = 0;
    std::uint64_t upto = 0;
    bool of_sender = false;  // the run before
    for (std::size_t i = 0; i < count; ++i) {
      in.look();
      const std::uint8_t name = in.digit();
      bool same = i > 0;
      if (name == wire::actor_is_sender && has_sender) {
        if (!of_sender) {
          same = place(in, actors, sender);
        }
        of_sender = true;
      } else if (name == wire::actor_literal) {
        same = place(in, actors, in.who());
        of_sender = false;
      } else {
        in.bad |= name != wire::actor_as_before || i == 0;
      }
      const std::uint64_t first = in.number();
      const std::uint64_t length = in.number();
      // Numbers of 49 bits at most: their sums do not overflow.
      in.bad |= first == 0 || length == 0 || (same && first - 1 <= upto);
      covered += length;
      upto = first + (length - 1);
      runs_.put(i, covered_run{first, upto, static_cast<actor_ref>(actors - 1)});
    }
    actor_count_ = actors;
    return covered;
  }
  /// Whether a run's actor is that of the run before; if not, it comes behind.
  [[nodiscard]] bool place(reader& in, std::size_t& actors, const actor& next) noexcept {
    if (actors > 0) {
      const actor& last = *actors_.at(actors - 1);
      if (next == last) {
        return true;
      }
      in.bad |= !(last < next);
    }
    actors_.put(actors++, next);
    return false;
  }
  void read_record(reader& in, std::uint64_t base, std::uint64_t covered) noexcept {
    in.bad |= in.digit() != wire::key_literal;
    const auto text = in.bytes(in.number());
    key_ = {reinterpret_cast<const char*>(text.data()), text.size()};
    in.bad |= in.digit() != 1;
    const std::uint64_t twice = in.number();  // zigzag: the first offset is not negative
    const std::uint64_t offset = twice >> 1;
    const auto kind = static_cast<std::uint8_t>(in.fixed<1>());  // which looks
    stamp at{};
    if ((kind & kinds::stamped) != 0) {
      const std::uint64_t ahead = in.number();
      const std::uint64_t count = in.number();
      in.bad |= ahead > stamp::greatest_ms - base || count > 0xffff;
      at = stamp::from_bits((base + ahead) << 16 | count);
    }
    const auto payload = in.bytes(in.number());
    if (in.bad || (twice & 1) != 0 || offset >= covered) [[unlikely]] {
      (void)in.fail();
      return;
    }
    std::uint64_t before = 0;
    const covered_run* r = runs_.at(0);
    for (; offset - before > r->last - r->first; ++r) {
      before += r->last - r->first + 1;
    }
    records_.put(0, incoming{{}, r->who, r->first + (offset - before), at, kind, payload});
  }

  places<actor, most_runs> actors_;
  places<covered_run, most_runs> runs_;
  places<incoming, 1> records_;
  std::size_t actor_count_;
  std::size_t run_count_;
  std::size_t record_count_;
  std::string_view key_;
};

}  // namespace skerry::inline v0::state::detail
