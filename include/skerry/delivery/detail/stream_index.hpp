// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/outbox_config.hpp>

#include <array>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::delivery::detail {

using entry_index = std::uint16_t;
inline constexpr entry_index no_entry = 0xffff;

/// What is known of a queued item without reading its record.
template <instant Time>
struct index_entry {
  position at{};
  std::uint64_t seq = 0;
  std::uint64_t key = 0;  // 0: none
  Time lease_at{};
  std::uint32_t length = 0;
  std::uint32_t expires_s = 0;  // uptime; 0: never
  entry_index prev = no_entry, next = no_entry;
  std::uint16_t attempts = 0;
  stream_id stream = 0;
  std::uint8_t importance = 0;
  std::uint8_t permanents = 0;
  repeatable repeat = repeatable::by_key;
  bool in_flight = false;
  bool historical = false;
  bool live = false;  // in flight as part of the stream's live sequence
};

/// Of a stream whose queued items do not all have entries.
struct lane_ahead {
  std::uint64_t indexed = 0;  // of the backlog, up to here all that is queued has an entry
  std::uint64_t beyond = 0;   // queued items that have none
  std::uint64_t beyond_bytes = 0;
  std::uint64_t stamped = 0;  // from here on stamps tell ages: the wall clock was not set since
  bool muddled = false;       // what is beyond has to be counted again
};
struct lane_whole {
  static constexpr std::uint64_t indexed = 0, beyond = 0;
};

/// Of a stream that may have a live sequence before its backlog, and of one that never has.
template <bool Mixed>
struct lane_order {
  entry_index fresh = no_entry;  // first of the live sequence
  std::uint16_t live_out = 0;
  order how = order::strict;
  void begin_live(entry_index at) noexcept { fresh = at; }
  void set_how(order to) noexcept { how = to; }
};
template <>
struct lane_order<false> {
  static constexpr entry_index fresh = no_entry;
  static constexpr std::uint16_t live_out = 0;
  static constexpr order how = order::strict;
  static constexpr void begin_live(entry_index) noexcept {}
  static constexpr void set_how(order) noexcept {}
};

template <instant Time, bool Ahead, bool Mixed>
struct stream_lane : std::conditional_t<Ahead, lane_ahead, lane_whole>, lane_order<Mixed> {
  using lane_order<Mixed>::how;
  using lane_order<Mixed>::live_out;

  std::uint64_t next_seq = 1;
  std::uint64_t backlog_upto = 0;  // what was appended up to here has waited
  std::uint64_t durable = 0;
  std::uint64_t marked = 0;
  std::uint64_t reserved = 0;  // given to an item that is not stored yet; 0: none
  std::uint64_t adopted = 0;   // lowest that was stored out of turn since the last sync; 0: none
  Time hold_until{};
  entry_index head = no_entry, tail = no_entry;
  std::uint16_t count = 0;
  std::uint16_t out = 0;
  bool held = false;
  bool direct = false;          // the courier sends an item of this stream that is not stored
  bool adopted_marked = false;  // the sync under way covers `adopted`

  /// What is durable without a gap: an item that only RAM holds ends it.
  [[nodiscard]] std::uint64_t durable_upto() const noexcept {
    std::uint64_t upto = reserved != 0 && reserved <= durable ? reserved - 1 : durable;
    return adopted != 0 && adopted <= upto ? adopted - 1 : upto;
  }
  void adopt(std::uint64_t seq) noexcept {
    adopted = adopted == 0 || seq < adopted ? seq : adopted;
    adopted_marked = false;
  }
  void mark() noexcept {
    marked = next_seq - 1;
    adopted_marked = true;
  }
  void confirm() noexcept {
    durable = marked;
    adopted = adopted_marked ? 0 : adopted;
  }

  [[nodiscard]] bool is_live(const index_entry<Time>& e) const noexcept {
    return how == order::live_first && !e.historical && e.seq > backlog_upto;
  }
  /// In flight, of the one sequence or the other.
  [[nodiscard]] std::uint16_t& out_of(bool live) noexcept {
    if constexpr (Mixed) {
      return live ? live_out : out;
    } else {
      return (void)live, out;
    }
  }
  [[nodiscard]] bool has_waited(const index_entry<Time>& e) const noexcept { return e.historical || e.seq <= backlog_upto; }
};

/// Something of each stream, below `N`; the only one is found without asking which.
template <typename T, std::uint16_t N>
struct by_stream : array_of<T, N> {
  [[nodiscard]] T& operator[](std::size_t stream) noexcept { return this->data()[N == 1 ? 0 : stream]; }
  [[nodiscard]] const T& operator[](std::size_t stream) const noexcept { return this->data()[N == 1 ? 0 : stream]; }
};

/// The queued items of all streams: a list by number for each stream, and what is in flight of it. Knows no store and no policy.
/// Items beyond the look-ahead of a stream are counted and have no entry: `queued` and `bytes` are of all.
template <instant Time, std::uint16_t Streams, std::uint16_t Items, bool Ahead, bool Mixed = true>
class stream_index {
 public:
  using entry = index_entry<Time>;
  using lane = stream_lane<Time, Ahead, Mixed>;

  by_stream<lane, Streams> lanes{};
  array_of<entry, Items> entries{};
  std::uint64_t bytes = 0;
  std::uint32_t queued = 0;
  std::uint16_t in_flight = 0;

  stream_index() noexcept {
    for (entry_index i = 0; i < Items; ++i) {
      entries[i].next = static_cast<entry_index>(i + 1 < Items ? i + 1 : no_entry);
    }
  }
  [[nodiscard]] bool full() const noexcept { return free_ == no_entry; }

  /// Into its stream, by number: nearly always at the end. There is room.
  entry_index insert(const entry& what) noexcept {
    const entry_index i = free_;
    free_ = entries[i].next;
    entry& e = entries[i];
    e = what;
    lane& to = lanes[e.stream];
    entry_index after = to.tail;
    while (after != no_entry && entries[after].seq > e.seq) {
      after = entries[after].prev;
    }
    e.prev = after;
    e.next = after == no_entry ? to.head : entries[after].next;
    (e.prev == no_entry ? to.head : entries[e.prev].next) = i;
    (e.next == no_entry ? to.tail : entries[e.next].prev) = i;
    ++to.count;
    ++queued;
    bytes += e.length;
    return i;
  }

  /// True if it was the oldest of its stream.
  bool erase(entry_index i) noexcept {
    entry& e = entries[i];
    lane& of = lanes[e.stream];
    if (e.in_flight) {
      --in_flight;
      --of.out_of(e.live);
    }
    if (of.fresh == i) {
      of.begin_live(live_from(of, e.next));
    }
    const bool oldest = of.head == i;
    (e.prev == no_entry ? of.head : entries[e.prev].next) = e.next;
    (e.next == no_entry ? of.tail : entries[e.next].prev) = e.prev;
    --of.count;
    --queued;
    bytes -= e.length;
    if (of.count == 0 && of.beyond == 0) {
      of.held = false;
    }
    e = entry{};
    e.next = free_;
    free_ = i;
    return oldest;
  }

  /// The newest entry of a stream loses its place; the item stays queued.
  void push_beyond(lane& of) noexcept {
    const entry_index i = of.tail;
    const std::uint32_t length = entries[i].length;
    count_beyond(of, 1, length);  // first, or the stream looks empty for a moment
    (void)erase(i);
  }
  void count_beyond(lane& of, std::uint64_t items, std::uint64_t length) noexcept {
    of.beyond += items;
    of.beyond_bytes += length;
    queued += static_cast<std::uint32_t>(items);
    bytes += length;
  }
  void uncount_beyond(lane& of, std::uint64_t items, std::uint64_t length) noexcept {
    of.beyond -= items;
    of.beyond_bytes -= length;
    queued -= static_cast<std::uint32_t>(items);
    bytes -= length;
  }

  void set_order(lane& s, order how) noexcept {
    s.set_how(how);
    s.begin_live(live_from(s, s.head));
  }
  void set_out(entry_index i, Time lease_at) noexcept {
    entry& e = entries[i];
    lane& from = lanes[e.stream];
    e.in_flight = true;
    e.lease_at = lease_at;
    e.live = from.is_live(e);
    ++in_flight;
    ++from.out_of(e.live);
  }
  void put_back(entry_index i, outcome what) noexcept {
    entry& e = entries[i];
    lane& of = lanes[e.stream];
    if (e.in_flight) {
      e.in_flight = false;
      --in_flight;
      --of.out_of(e.live);
    }
    if (what != outcome::cancelled && e.attempts < 0xffff) {
      ++e.attempts;
    }
  }

  /// What the stream would send next, regardless of its hold; `waits` says whether the hold matters. Only numbers below `below`.
  [[nodiscard]] entry_index candidate(const lane& s, bool& waits, bool live_only, std::uint16_t window,
                                      std::uint64_t below) const noexcept {
    waits = false;
    if (s.head == no_entry || (s.direct && s.how == order::strict)) {
      return no_entry;
    }
    if (s.how == order::live_first && !s.direct && s.fresh != no_entry && s.live_out < window) {
      for (entry_index i = s.fresh; i != no_entry; i = entries[i].next) {
        if (s.is_live(entries[i]) && !entries[i].in_flight && entries[i].seq < below) {
          return i;
        }
      }
    }
    if (s.out >= window) {
      return no_entry;
    }
    entry_index i = s.head;
    while (i != no_entry && entries[i].in_flight) {
      i = entries[i].next;
    }
    // The window slides from the oldest: a receiver must still know its place when that one arrives at last.
    if (i != no_entry && entries[i].seq - entries[s.head].seq >= window) {
      return no_entry;
    }
    if (i == no_entry || entries[i].seq >= below || (s.is_live(entries[i]) && (s.direct || s.live_out >= window)) ||
        (live_only && s.has_waited(entries[i]))) {
      return no_entry;
    }
    waits = s.held;
    return i;
  }

  [[nodiscard]] entry_index find(stream_id stream, std::uint64_t seq) const noexcept {
    const lane& s = lanes[stream];
    entry_index i = s.fresh != no_entry && entries[s.fresh].seq <= seq ? s.fresh : s.head;
    while (i != no_entry && entries[i].seq < seq) {
      i = entries[i].next;
    }
    return i != no_entry && entries[i].seq == seq ? i : no_entry;
  }
  [[nodiscard]] entry_index find_key(std::uint64_t key, stream_id stream) const noexcept {
    for (entry_index i = lanes[stream].head; i != no_entry; i = entries[i].next) {
      if (entries[i].key == key) {
        return i;
      }
    }
    return no_entry;
  }

  /// What the store may forget of a stream: all that is neither here nor on its way here.
  [[nodiscard]] cursor cursor_of(stream_id stream) const noexcept {
    const lane& s = lanes[stream];
    cursor done;
    done.stream = stream;
    std::uint64_t first = s.head != no_entry ? entries[s.head].seq : s.next_seq;
    if (s.beyond > 0 && s.indexed + 1 < first) {
      first = s.indexed + 1;
    }
    done.upto = (s.reserved != 0 && s.reserved < first ? s.reserved : first) - 1;
    const std::uint64_t known = s.beyond > 0 ? s.indexed : s.next_seq - 1;
    if (s.head == no_entry ||
        (s.reserved == 0 && entries[s.tail].seq >= known && entries[s.tail].seq - entries[s.head].seq + 1 == s.count)) {
      return done;  // no holes
    }
    if (known <= done.upto) {
      return done;
    }
    const auto bits = static_cast<std::uint32_t>(known - done.upto < 64 ? known - done.upto : 64);
    done.bitmap = ~std::uint64_t{0} >> (64 - bits);
    const auto stays = [&done, bits](std::uint64_t seq) {
      const std::uint64_t at = seq - done.upto - 1;
      done.bitmap &= at < bits ? ~(std::uint64_t{1} << at) : ~std::uint64_t{0};
      return at < bits;
    };
    for (entry_index i = s.head; i != no_entry && stays(entries[i].seq); i = entries[i].next) {
    }
    (void)stays(s.reserved);
    return done;
  }

 private:
  /// The first of the live sequence at or behind an entry.
  [[nodiscard]] entry_index live_from(const lane& of, entry_index i) const noexcept {
    while (i != no_entry && !of.is_live(entries[i])) {
      i = entries[i].next;
    }
    return i;
  }

  entry_index free_ = 0;
};

}  // namespace skerry::inline v0::delivery::detail
