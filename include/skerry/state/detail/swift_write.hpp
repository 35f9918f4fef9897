// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/quick_join.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/join_report.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/strategy.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Writes what is known to fit.
class sure_writer {
 public:
  explicit sure_writer(std::byte* at) noexcept : at_{at} {}
  void u8(std::uint8_t v) noexcept { *at_++ = std::byte{v}; }
  template <std::size_t N>
  void fixed(std::uint64_t v) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
      __builtin_memcpy(at_, &v, N);
    } else {
      for (std::size_t i = 0; i < N; ++i) {
        at_[i] = static_cast<std::byte>(v >> 8 * i);
      }
    }
    at_ += N;
  }
  /// Below 2^56, and eight bytes of room.
  void number(std::uint64_t v) noexcept {
    if (v < 0x80) {
      u8(static_cast<std::uint8_t>(v));
      return;
    }
    if (v < 0x4000) {
      fixed<2>((v & 0x7f) | 0x80 | v >> 7 << 8);
      return;
    }
    const auto size = (static_cast<std::size_t>(std::bit_width(v)) + 6) / 7;
    v = (v & 0x0fffffff) | (v & 0x00fffffff0000000) << 4;  // one of 56 bits, two of 28, four of 14, eight of 7
    v = (v & 0x00003fff00003fff) | (v & 0x0fffc0000fffc000) << 2;
    v = (v & 0x007f007f007f007f) | (v & 0x3f803f803f803f80) << 1;
    fixed<8>(v | (0x0080808080808080 & ((std::uint64_t{1} << 8 * (size - 1)) - 1)));
    at_ -= 8 - size;
  }
  void bytes(std::span<const std::byte> v) noexcept {
    for (const std::byte b : v) {
      *at_++ = b;
    }
  }
  void who(const actor& a) noexcept {
    fixed<8>(a.id);
    number(a.generation);
    fixed<4>(a.nonce);
  }
  [[nodiscard]] std::byte* at() const noexcept { return at_; }
  void skip(std::size_t n) noexcept { at_ += n; }

 private:
  std::byte* at_;
};

/// A local operation as nearly all are: at one key, a record at most, of which it takes the place of few. To the policy it is a
/// `local_edit`; then the frame is written and the store changed in one walk. Whatever needs a second thought it leaves to the long way,
/// before anything has changed.
template <typename Replica>
class swift_write {
  using store_type = typename Replica::store_type;
  using schema_type = typename Replica::schema_type;
  using index = typename store_type::index;
  static constexpr index none = store_type::none;
  static constexpr std::size_t most_events = 8;
  static constexpr std::size_t text_bytes = Replica::text_bytes;
  static constexpr std::size_t payload_bytes = store_type::payload_capacity;
  /// Head, sender, numbers, one literal run for each event, key, record, checksum; and what `number` writes beyond its end.
  static constexpr std::size_t most_bytes = 2 + 17 + 10 + 1 + most_events * 36 + 4 + text_bytes + 14 + payload_bytes + 4 + 8;

 public:
  static constexpr bool exists = store_type::joins_quickly && !choices_of<schema_type>::any && text_bytes < 128 && payload_bytes < 128 &&
                                 Replica::limits_type::log_bytes >= most_bytes;

  swift_write(Replica& of, const key_ref& key, stamp at, std::uint8_t kind) noexcept : of_{&of}, key_{&key}, at_{at}, kind_{kind} {
    const store_type& store = of.store_;
    me_ = of.identity_.in_doubt() || of.any_fences() || store.pending().active() ? no_actor : store.actors().find(of.identity_.self());
    slot_ = store.table().find_place(key);
    n_ = store.context().prefix(me_) + 1;
    strange_ = me_ == no_actor || n_ != store.context().next(me_) || n_ >> 49 != 0;
    if constexpr (Replica::carries) {  // what the policy cannot read it does not see
      for (index i = first(); i != none; i = store.table()[i].next) {
        strange_ = strange_ || store.table()[i].kind != kind;
      }
    }
  }

  /// Whether the operation may be one of this kind.
  [[nodiscard]] bool begins() const noexcept { return !strange_; }

  // What a policy sees: as in `local_edit`.
  [[nodiscard]] auto records() const noexcept { return of_->store_.records(slot_ != none && store().used(slot_) ? slot_ : none); }
  [[nodiscard]] const actor& self() const noexcept { return of_->store_.actors()[me_]; }
  [[nodiscard]] std::uint64_t number() const noexcept { return n_; }
  [[nodiscard]] std::uint8_t kind() const noexcept { return kind_; }
  void supersede(const record_view& r) noexcept {
    index i = first();
    while (i != none && !(store()[i].n == r.n && of_->store_.actors()[store()[i].who] == r.who)) {
      i = store()[i].next;
    }
    note(i);
  }
  void supersede_all() noexcept {
    for (index i = first(); i != none; i = store()[i].next) {
      note(i);
    }
  }
  void rule_out(const actor&, std::uint64_t, std::uint64_t) noexcept { strange_ = true; }
  template <typename Encode>
  [[nodiscard]] status put(Encode&& encode) {
    byte_writer out{payload_};
    const status s = encode(out);
    strange_ = strange_ || writes_;
    size_ = out.written().size();
    writes_ = true;
    return s;
  }

  /// Does it. False: nothing has happened.
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) && defined(NDEBUG)
  [[gnu::flatten]]  // as in `swift_accept`
#endif
  [[nodiscard]] bool
  run(const hlc& clock, wall_ms wall, std::span<const std::byte>& frame) {
    auto& to = of_->store_;
    const std::span<const index> gone{dying_.data(), deaths_};
    if (strange_ || (writes_ && !quick_join<store_type>::has_room(to, slot_, gone)) || !quick_join<store_type>::counts_on(to)) {
      return false;
    }
    const incoming in{*key_, me_, n_, at_, kind_, std::span{payload_}.first(size_)};
    std::byte* const begin = of_->log_.data();
    std::byte* const end = write(in);
    join_report report;
    auto touched = [this](index slot, const actor& who, bool several) { of_->prune(slot, who, several); };
    quick_join<store_type>::operate(to, in, writes_, gone, slot_, report, touched);
    (void)of_->account(status{}, report);
    sure_writer tail{end};
    tail.fixed<4>(crc32c({begin, end}));  // now that what was written in small pieces can be read in large ones
    frame = {begin, tail.at()};
    of_->stored_.chain.fold(n_, frame);
    if (at_ != stamp{}) {
      of_->clock_ = clock;
      of_->wall_.read(wall);
    }
    ++of_->counters_.operations;
    return true;
  }

 private:
  [[nodiscard]] const auto& store() const noexcept { return of_->store_.table(); }
  [[nodiscard]] index first() const noexcept { return slot_ != none && store().used(slot_) ? store().first_of(slot_) : none; }
  /// In ascending order of (actor, n).
  void note(index i) noexcept {
    if (i == none || deaths_ + 1 == most_events) {
      strange_ = true;
      return;
    }
    std::size_t at = deaths_;
    for (; at > 0 && before({store()[i].n, store()[i].who}, {store()[dying_[at - 1]].n, store()[dying_[at - 1]].who}); --at) {
      dying_[at] = dying_[at - 1];
    }
    strange_ = strange_ || (at > 0 && dying_[at - 1] == i) || store()[i].n >> 49 != 0;
    dying_[at] = i;
    ++deaths_;
  }
  [[nodiscard]] bool before(const dot& a, const dot& b) const noexcept {
    return a.who == b.who ? a.n < b.n : of_->store_.actors()[a.who] < of_->store_.actors()[b.who];
  }

  /// The frame that `write_delta` would write, up to its checksum.
  [[nodiscard]] std::byte* write(const incoming& in) noexcept {
    sure_writer out{of_->log_.data()};
    out.u8(wire::version << 4 | static_cast<std::uint8_t>(frame_kind::delta));
    out.u8(wire::has_checksum | wire::has_sender);
    out.who(self());
    out.u8(0);
    out.u8(0);
    const bool stamped = writes_ && (kind_ & kinds::stamped) != 0;
    out.number(stamped ? at_.ms() : 0);
    std::byte* const run_count = out.at();
    out.skip(1);
    const std::size_t offset = write_runs(out, run_count);
    out.u8(writes_ ? 1 : 0);
    if (writes_) {
      out.u8(static_cast<std::uint8_t>(wire::key_literal));
      std::byte* const length = out.at();
      out.skip(1);
      // Bytes seen as characters: the one view of them that is always allowed.
      const std::size_t size = schema_type::write_text(in.key, {reinterpret_cast<char*>(out.at()), text_bytes});
      *length = static_cast<std::byte>(size);
      out.skip(size);
      out.u8(1);
      out.u8(static_cast<std::uint8_t>(2 * offset));
      out.u8(kind_);
      if (stamped) {
        out.u8(0);
        out.number(at_.count());
      }
      out.u8(static_cast<std::uint8_t>(size_));
      out.bytes(in.payload);
    }
    return out.at();
  }
  /// The runs of what dies and the operation's own event; its place among them.
  [[nodiscard]] std::size_t write_runs(sure_writer& out, std::byte* count) const noexcept {
    std::size_t offset = 0;
    while (offset < deaths_ && before({store()[dying_[offset]].n, store()[dying_[offset]].who}, {n_, me_})) {
      ++offset;
    }
    std::uint8_t runs = 0;
    dot last{};
    std::uint64_t length = 0;
    for (std::size_t i = 0; i <= deaths_; ++i) {
      const index dead = i == offset ? none : dying_[i < offset ? i : i - 1];
      const dot d = dead == none ? dot{n_, me_} : dot{store()[dead].n, store()[dead].who};
      if (length > 0 && d.who == last.who && d.n == last.n + 1) {
        ++length;
      } else {
        if (length > 0) {
          out.number(length);
        }
        if (d.who == me_) {
          out.u8(wire::actor_is_sender);
        } else if (length > 0 && d.who == last.who) {
          out.u8(wire::actor_as_before);
        } else {
          out.u8(wire::actor_literal);
          out.who(of_->store_.actors()[d.who]);
        }
        out.number(d.n);
        ++runs;
        length = 1;
      }
      last = d;
    }
    out.number(length);
    *count = std::byte{runs};
    return offset;
  }

  Replica* of_;
  const key_ref* key_;  ///< not a copy of what has just been written in pieces
  stamp at_;
  std::uint64_t n_ = 0;
  std::size_t deaths_ = 0;
  std::size_t size_ = 0;
  actor_ref me_ = no_actor;
  index slot_ = none;
  std::uint8_t kind_;
  bool strange_ = false;
  bool writes_ = false;
  std::array<index, most_events> dying_;
  std::array<std::byte, payload_bytes> payload_;
};

}  // namespace skerry::inline v0::state::detail
