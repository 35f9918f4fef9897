// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/outbox_engine.hpp>
#include <skerry/delivery/detail/steady.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/item_batch.hpp>
#include <skerry/delivery/outbox_config.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::delivery {

/// Keeps items until a peer took responsibility for them, bounded, in order per stream, and counts every one that is lost.
///
/// Cost    `append`, `take`, `acknowledge` O(streams) and one copy of the payload; eviction and expiry O(items of the limits). 56 bytes
///         of RAM per item of the limits with a 32-bit tick, and one record buffer; no heap
/// Items   a store that has `next_of` may hold more than the limits: the limits are then how far each stream looks ahead, and what lies
///         beyond is counted, in order, and reached in its turn. User keys, expiry and eviction see the look-ahead alone.
/// Lives   a store that has `remember` keeps drops and counters: they go on over restarts
/// Bound   produced + recovered = delivered + dropped + queued at any moment
/// Errors  `append`: `full` (quota or store, and nobody may be evicted), `invalid` (stream or class out of range), `width` (longer than
///         record_bytes), `refused` (its user key waits already). A refused append changes nothing, with one exception: where the store is
///         full before the quota is, items may have been evicted, and counted, in vain.
///
/// A ticket is not durability: `durable_upto` moves after a sync that succeeded. An item goes out at least once, in append order of
/// its stream; what comes back late is recognised by its id. The store must outlive the outbox; nobody else may write to it.
/// Firmware that knows the config while compiling names it in the type, `Fixed`: no code for rules that are not used.
template <instant Time, record_store Store, outbox_limits L = outbox_limits{}, const outbox_config* Fixed = nullptr>
class outbox {
  static_assert(L.streams > 0 && L.items > 0 && L.items < 0xffff && L.record_bytes > 0,
                "outbox: limits of at least one, items below 65535");

 public:
  static constexpr outbox_limits limits = L;

  /// Reads what an earlier life left in the store. `invalid` without a quota, where the receiver's window does not go with the rest,
  /// `width` for records longer than record_bytes, or what the store answers.
  [[nodiscard]] static result<outbox> open(Store& store, device_seed seed, clock_reading<Time> clock) noexcept
      requires(detail::is_fixed<outbox_config, Fixed>) {
    return open(store, *Fixed, seed, clock, detail::not_open_yet{});
  }
  [[nodiscard]] static result<outbox> open(Store& store, const outbox_config& config, device_seed seed, clock_reading<Time> clock) noexcept
      requires(!detail::is_fixed<outbox_config, Fixed>) {
    return open(store, config, seed, clock, detail::not_open_yet{});
  }
  [[nodiscard]] static result<outbox> open(Store& store, const outbox_config& config, device_seed seed, clock_reading<Time> clock,
                                           detail::not_open_yet) noexcept {
    if (const status fine = possible(detail::not_open_yet{}, config); !fine) {
      return fine.error();
    }
    // Built where the caller's result lies: a large index does not travel over the stack.
    result<outbox> made{std::in_place, detail::not_open_yet{}, store, config, seed, clock};
    if (const status recovered = made.value().recover(detail::not_open_yet{}, clock); !recovered) {
      return recovered.error();
    }
    return made;
  }
  // The steps of `open`, for the courier, which builds an outbox into itself.
  [[nodiscard]] static status possible(detail::not_open_yet, const outbox_config& config) noexcept {
    if (config.quota_bytes == 0 || config.quota_items == 0 || config.sync_records == 0 || config.stream_window == 0 ||
        config.in_flight == 0 ||
        (config.receiver_window != 0 && (config.streams == order::live_first || config.stream_window > config.receiver_window)) ||
        config.dead_letter_after == 0 || config.lower_share < 2 ||
        (engine::looks_ahead && config.quota_items > L.items && L.items < L.streams)) {
      return errc::invalid;
    }
    return {};
  }
  outbox(detail::not_open_yet, Store& store, const outbox_config& config, device_seed seed, clock_reading<Time> clock) noexcept
      : in_{store, config, seed, clock} {}
  [[nodiscard]] status recover(detail::not_open_yet, clock_reading<Time> clock) noexcept { return in_.recover(clock); }

  /// Takes an item in, whole or not at all.
  [[nodiscard]] result<ticket> append(std::span<const std::byte> payload, const item_options<Time>& options, Time now) noexcept {
    in_.time_.observe(now);
    detail::count_up(in_.counters_.offered);
    const auto refuse = [this](errc why) {
      detail::count_up(in_.counters_.refused);
      return why;
    };
    if (const status fits = in_.check(payload.size(), options); !fits) {
      return refuse(fits.error());
    }
    in_.expire();
    const std::uint64_t key = in_.key_of(options);
    index waiting = none;
    if (in_.config_.features.keys && key != 0 && options.same_key != key_policy::both) {
      waiting = in_.items_.find_key(key, options.stream);
      if (waiting != none && options.same_key == key_policy::keep) {
        detail::count_up(in_.counters_.duplicates_suppressed);
        return refuse(errc::refused);
      }
    }
    lane& to = in_.items_.lanes[options.stream];
    const item_id id{in_.epoch_, options.stream, to.next_seq};
    const status stored = in_.admit(id, payload, options, key, wall(), options.historical, waiting);
    if (!stored) {
      to.next_seq += stored.error() == errc::io ? 1 : 0;  // its record may stand there all the same: no other bytes get its number
      return refuse(stored.error());
    }
    ++to.next_seq;
    detail::count_up(in_.counters_.produced);
    return ticket{id, true};
  }

  /// Several payloads as one item. `empty`: there is none in it, and nothing was offered.
  template <std::size_t Bytes>
  [[nodiscard]] result<ticket> append(const item_batch<Bytes>& batch, item_options<Time> options, Time now) noexcept {
    if (batch.empty()) {
      return errc::empty;
    }
    options.batch = true;
    return append(batch.bytes(), options, now);
  }

  /// The next item that is due, by class and in the order of its stream. It is in flight until it is acknowledged, given back, dropped,
  /// or its lease ends. The payload is valid until the next call. `empty` when nothing is due.
  /// With `live_only` none that has waited.
  [[nodiscard]] result<item_view> take(Time now, bool live_only = false) noexcept {
    const Time t = in_.time_.observe(now);
    in_.end_leases(t);
    in_.expire();
    in_.refill(t);
    while (in_.items_.in_flight < in_.config_.in_flight) {
      const index i = in_.choose(t, live_only);
      if (i == none) {
        break;
      }
      const entry& e = in_.items_.entries[i];
      const result<record_view> record = in_.record_of(i);
      if (!record) {
        if (record.error() == errc::io || record.error() == errc::width) {
          in_.items_.lanes[e.stream].hold_until = skerry::advance(t, detail::later_ms<Time>(1000));  // the others go on meanwhile
          in_.items_.lanes[e.stream].held = true;
          return record.error();
        }
        in_.lose(i, drop_reason::damaged);
        in_.refill(t);
        continue;
      }
      in_.items_.set_out(i, skerry::advance(t, from_ms<Time>(in_.config_.lease_ms)));
      return in_.view_of(e, record.value());
    }
    return errc::empty;
  }

  /// The item right behind `first`, which is in flight, if it may go in one message with it: of the same class, as live or as historical,
  /// plain bytes, and not one that must not arrive twice. In flight from now on as by `take`, but not bounded by stream_window. `empty`
  /// otherwise.
  [[nodiscard]] result<item_view> take_behind(item_id first, Time now) noexcept {
    const Time t = in_.time_.observe(now);
    const index before = in_.find(first);
    const index i = before == none ? none : in_.items_.entries[before].next;
    if (i == none || in_.items_.in_flight >= in_.config_.in_flight) {
      return errc::empty;
    }
    const entry& a = in_.items_.entries[before];
    const entry& e = in_.items_.entries[i];
    const lane& of = in_.items_.lanes[e.stream];
    if (e.in_flight || e.seq >= in_.sendable() || e.importance != a.importance || e.repeat == repeatable::no ||
        of.has_waited(e) != of.has_waited(a) || of.is_live(e) != of.is_live(a)) {
      return errc::empty;
    }
    const result<record_view> record = in_.record_of(i);
    if (!record) {
      return errc::empty;  // what is wrong with it `take` will find
    }
    const item_view item = in_.view_of(e, record.value());
    if (item.batch || item.squeezed) {
      return errc::empty;
    }
    in_.items_.set_out(i, skerry::advance(t, from_ms<Time>(in_.config_.lease_ms)));
    return item;
  }

  /// A peer took responsibility. Any order; `absent` for an item that is not queued (acknowledged before, or dropped).
  [[nodiscard]] status acknowledge(item_id id) noexcept {
    const index i = in_.find(id);
    if (i == none) {
      return errc::absent;
    }
    detail::count_up(in_.counters_.delivered);
    (void)in_.remove(i);
    return {};
  }

  /// The attempt failed. The item keeps its place; its stream waits for `hold`, other streams do not. `cancelled`: no attempt was made.
  /// An item that was refused for good often enough, or that may have arrived and must not arrive twice, is dropped as a dead letter.
  /// `stale`, and nothing changed: it is not in flight (its lease ended, or this was said before).
  [[nodiscard]] status give_back(item_id id, outcome what, Time now, duration_t<Time> hold = {}) noexcept {
    const Time t = in_.time_.observe(now);
    const index i = in_.find(id);
    if (i == none) {
      return errc::absent;
    }
    entry& e = in_.items_.entries[i];
    if (!e.in_flight) {
      return errc::stale;
    }
    in_.items_.put_back(i, what);
    if (what == outcome::cancelled) {
      return {};
    }
    lane& of = in_.items_.lanes[e.stream];
    // Whatever stands in the stream now has waited: its live sequence begins anew behind it.
    of.backlog_upto = of.next_seq - 1;
    of.begin_live(none);
    if (in_.hopeless(e, what)) {
      in_.lose(i, drop_reason::dead_letter);
      return {};
    }
    e.permanents = static_cast<std::uint8_t>(e.permanents + (what == outcome::permanent ? 1 : 0));
    if (duration_t<Time>{} < hold) {
      of.hold_until = skerry::advance(t, hold);
      of.held = true;
    }
    return {};
  }

  /// Gives an item up, in flight or not.
  [[nodiscard]] status drop(item_id id, drop_reason why) noexcept {
    const index i = in_.find(id);
    if (i == none) {
      return in_.drop_beyond(id, why);
    }
    in_.lose(i, why);
    return {};
  }

  /// Is it time for a sync? Then, if acknowledgements shall be synced too, `flush_acknowledgements()`; `sync_begins()`; `store.sync()`,
  /// anywhere; and `on_synced` with its answer.
  [[nodiscard]] bool wants_sync(Time now) const noexcept {
    const Time t = detail::steady<Time>{in_.time_}.observe(now);
    return in_.sync_.due_at(in_.config_, t).due(t);
  }
  [[nodiscard]] status flush_acknowledgements() noexcept { return in_.flush_acknowledgements(); }
  /// What has been appended until now is what the coming `on_synced` speaks of. Without this call: what was appended until `on_synced`.
  void sync_begins() noexcept {
    in_.write_note();
    in_.sync_.begins();
    for (lane& s : in_.items_.lanes) {
      s.mark();
    }
  }
  void on_synced(status how) noexcept {
    if (!in_.sync_.running()) {
      sync_begins();
    }
    detail::count_up(in_.counters_.syncs);
    in_.sync_.ended(static_cast<bool>(how), in_.time_.now());
    if (!how) {
      detail::count_up(in_.counters_.failed_syncs);  // nothing new is durable; the records count as unsynced again
      return;
    }
    for (lane& s : in_.items_.lanes) {
      s.confirm();
    }
    in_.keep_counters();
    (void)in_.reclaim();
  }

  /// Everything of the stream up to here has survived a sync. `seq` 0: nothing has.
  [[nodiscard]] item_id durable_upto(stream_id stream) const noexcept {
    return item_id{in_.epoch_, stream, stream < L.streams ? in_.items_.lanes[stream].durable_upto() : 0};
  }

  /// The newest item of the stream. `seq` 0: there was none.
  [[nodiscard]] item_id last(stream_id stream) const noexcept {
    return item_id{in_.epoch_, stream, stream < L.streams ? in_.items_.lanes[stream].next_seq - 1 : 0};
  }
  /// When the outbox may have something to do of itself: an item due (as of the last call: at once), a lease, an expiry, a sync.
  [[nodiscard]] deadline<Time> next_deadline() const noexcept {
    const auto look = in_.look_ahead(in_.time_.now());
    return in_.time_.to_raw(look.due ? deadline<Time>{in_.time_.now()} : look.timer);
  }
  /// The same without items that are due already: for an owner that knows of them and cannot send.
  [[nodiscard]] deadline<Time> next_timer() const noexcept { return in_.time_.to_raw(in_.look_ahead(in_.time_.now()).timer); }
  /// Would `take` with the same arguments give an item?
  [[nodiscard]] bool due(Time now, bool live_only = false) const noexcept {
    if (in_.items_.queued == 0 || in_.items_.in_flight >= in_.config_.in_flight) {
      return false;
    }
    const Time t = detail::steady<Time>{in_.time_}.observe(now);
    for (const lane& s : in_.items_.lanes) {
      bool waits = false;
      if (s.head == none && s.beyond > 0 && !(s.held && elapsed(t, s.hold_until) < duration_t<Time>{}) && !live_only) {
        return true;
      }
      if (in_.candidate(s, waits, live_only) != none && !(waits && elapsed(t, s.hold_until) < duration_t<Time>{})) {
        return true;
      }
    }
    return false;
  }
  /// Lets time pass: leases and holds end, items expire.
  void tick(Time now) noexcept {
    const Time t = in_.time_.observe(now);
    in_.end_leases(t);
    in_.end_holds(t);
    in_.expire();
    in_.refill(t);
  }

  [[nodiscard]] const delivery_counters& counters() const noexcept { return in_.counters_; }
  [[nodiscard]] std::uint64_t queued() const noexcept { return in_.items_.queued; }
  [[nodiscard]] std::uint64_t queued(stream_id stream) const noexcept {
    return stream < L.streams ? in_.items_.lanes[stream].count + in_.items_.lanes[stream].beyond : 0;
  }
  [[nodiscard]] std::uint64_t queued_bytes() const noexcept { return in_.items_.bytes; }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return in_.epoch_; }

  /// How the stream orders new items behind old ones, from now on. `refused`: live_first, where a receiver has a window.
  [[nodiscard]] status set_order(stream_id stream, order how) noexcept {
    SKERRY_ASSERT(stream < L.streams);
    if (how == order::live_first && in_.config_.receiver_window != 0) {
      return errc::refused;
    }
    in_.items_.set_order(in_.items_.lanes[stream], how);
    return {};
  }
  [[nodiscard]] order order_of(stream_id stream) const noexcept { return in_.items_.lanes[stream < L.streams ? stream : 0].how; }

  /// A new claim of the wall clock; stamps follow it, ages do not.
  void on_clock(clock_reading<Time> clock) noexcept {
    in_.time_.observe(clock.now);
    [[maybe_unused]] const std::uint64_t said = wall().value;
    [[maybe_unused]] const std::uint64_t step = said > clock.wall.value ? said - clock.wall.value : clock.wall.value - said;
    if constexpr (engine::looks_ahead) {
      for (lane& s : in_.items_.lanes) {
        s.stamped = step < 1000 ? s.stamped : s.next_seq;  // a clock that is disciplined is not one that is set
      }
    }
    in_.wall_at_ = in_.time_.passed_ms();
    in_.wall_ = clock.wall;
    in_.trusted_ = clock.trusted;
  }

  /// A direct send of this stream is under way: what must not overtake it waits.
  void set_direct(stream_id stream, bool under_way) noexcept {
    SKERRY_ASSERT(stream < L.streams);
    in_.items_.lanes[stream].direct = under_way;
    if (!under_way) {
      in_.items_.lanes[stream].reserved = 0;
    }
  }
  /// Would a new item of this stream overtake one that it must not?
  [[nodiscard]] bool would_overtake(stream_id stream) const noexcept {
    const lane& s = in_.items_.lanes[stream];
    return s.direct || (s.how == order::strict ? s.count + s.beyond > 0 : s.fresh != none);
  }
  /// Lets a stream wait.
  void hold(stream_id stream, duration_t<Time> wait, Time now) noexcept {
    SKERRY_ASSERT(stream < L.streams);
    lane& of = in_.items_.lanes[stream];
    of.hold_until = skerry::advance(in_.time_.observe(now), wait);
    of.held = of.count + of.beyond > 0;
  }
  /// Ends the holds of all streams: there is reason to think that the peer is back.
  void release_holds() noexcept {
    for (lane& s : in_.items_.lanes) {
      s.held = false;
    }
  }

  // For the courier, which gives numbers to items that it tries before they are stored.
  /// The number that the stream's next item gets; the item counts as produced, and until `set_direct(stream, false)` neither the store
  /// nor `durable_upto` passes it. `unavailable` while no sync confirms the lease of the number.
  [[nodiscard]] result<item_id> reserve(std::size_t length, const item_options<Time>& options, Time now) noexcept {
    in_.time_.observe(now);
    if (const status fits = in_.check(length, options); !fits) {
      return fits.error();
    }
    lane& to = in_.items_.lanes[options.stream];
    if (const status leased = in_.lease(to.next_seq); !leased) {
      return leased.error();
    }
    if (in_.config_.mode != durability::volatile_ && to.next_seq >= in_.sync_.sendable()) {
      return errc::unavailable;
    }
    to.reserved = to.next_seq++;
    return item_id{in_.epoch_, options.stream, to.reserved};
  }
  /// What tells user keys apart; 0: there is none.
  [[nodiscard]] std::uint64_t key_of(const item_options<Time>& options) const noexcept { return in_.key_of(options); }
  /// Does an item under this key wait in the stream, and does the newcomer's policy ask for it?
  [[nodiscard]] bool key_waits(std::uint64_t key, const item_options<Time>& options) const noexcept {
    return in_.config_.features.keys && key != 0 && options.same_key != key_policy::both &&
           in_.items_.find_key(key, options.stream) != none;
  }
  /// Drops the item that waits under this key, unless it is in flight.
  void replace(std::uint64_t key, stream_id stream) noexcept {
    if (const index i = in_.items_.find_key(key, stream); i != none && !in_.items_.entries[i].in_flight) {
      in_.lose(i, drop_reason::cancelled);
    }
  }
  /// Stores an item under a number of `reserve` and the key that `key_of` said.
  [[nodiscard]] status adopt(item_id id, std::span<const std::byte> payload, const item_options<Time>& options, std::uint64_t key,
                             wall_ms stamp, std::uint16_t attempts, Time now) noexcept {
    in_.time_.observe(now);
    lane& to = in_.items_.lanes[id.stream];
    to.reserved = id.seq;
    const status stored = in_.admit(id, payload, options, key, stamp, true, none);
    to.reserved = 0;
    if (stored) {
      to.adopt(id.seq);
      if (const index i = in_.find(id); i != none) {
        in_.items_.entries[i].attempts = attempts;
      }
    }
    return stored;
  }
  [[nodiscard]] delivery_counters& count() noexcept { return in_.counters_; }
  [[nodiscard]] wall_ms wall() const noexcept {
    return wall_ms{(in_.wall_.value + (in_.time_.passed_ms() - in_.wall_at_)) & 0xffff'ffff'ffffU};
  }
  /// Would `give_back(id, what)` make a dead letter of it?
  [[nodiscard]] bool would_die(item_id id, outcome what) const noexcept {
    const index i = in_.find(id);
    return i != none && in_.hopeless(in_.items_.entries[i], what);
  }
  [[nodiscard]] const outbox_config& config() const noexcept { return in_.config_; }
  /// The payload of a queued item, read again; valid until the next call.
  [[nodiscard]] result<item_view> peek(item_id id) noexcept {
    const index i = in_.find(id);
    if (i == none) {
      return errc::absent;
    }
    const result<record_view> record = in_.record_of(i);
    return record ? result<item_view>{in_.view_of(in_.items_.entries[i], record.value())} : result<item_view>{record.error()};
  }

  /// Gives all queued items to `visit(item_view)`, stream by stream, in order; nothing changes. For a node that is taken out of service.
  /// How many that were: fewer than `queued()` where some could not be read.
  template <typename F>
  std::uint64_t drain(F&& visit) {
    std::uint64_t shown = 0;
    const auto show = [&](const item_view& item) {
      visit(item);
      ++shown;
    };
    for (stream_id n = 0; n < L.streams; ++n) {
      const lane& s = in_.items_.lanes[n];
      for (index i = s.head; i != none && (s.beyond == 0 || in_.items_.entries[i].seq <= s.indexed); i = in_.items_.entries[i].next) {
        if (const auto record = in_.record_of(i)) {
          show(in_.view_of(in_.items_.entries[i], record.value()));
        }
      }
      for (std::uint64_t last = s.indexed; s.beyond > 0 && in_.next_beyond(n, last, show);) {
      }
    }
    return shown;
  }

 private:
  using engine = detail::outbox_engine<Time, Store, L, Fixed>;
  using index = typename engine::index;
  using entry = typename engine::entry;
  using lane = typename engine::lane;
  static constexpr index none = engine::none;

  engine in_;
};

}  // namespace skerry::inline v0::delivery
