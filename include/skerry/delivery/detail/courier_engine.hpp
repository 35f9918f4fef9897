// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/batch.hpp>
#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/detail/batching.hpp>
#include <skerry/delivery/detail/endpoints.hpp>
#include <skerry/delivery/detail/fixed_courier.hpp>
#include <skerry/delivery/detail/flight_table.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/transport.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

template <instant Time, record_store Store, courier_limits L, typename Hooks, const courier_config<Time>* Fixed>
class courier;

namespace detail {

/// What happens inside a courier: who may go, attempts, replay, probes, answers. The courier is its face.
template <instant Time, record_store Store, courier_limits L, typename Hooks, const courier_config<Time>* Fixed>
class courier_engine {
  friend class courier<Time, Store, L, Hooks, Fixed>;
  using parts = courier_parts<Time, Fixed>;
  using box_type = outbox<Time, Store, L.box, parts::box>;

  static constexpr bool hooked = batch_hooks<Hooks>;
  using flights = flight_table<Time, L.flights, L.box.record_bytes, packs_items<Hooks> ? L.batch_items : std::uint16_t{1}>;
  using flight = typename flights::entry;

  courier_engine(Store& store, const courier_config<Time>& config, const outbox_config& box, device_seed seed, clock_reading<Time> clock,
                 const Hooks& hooks) noexcept
      : store_{&store},
        config_{config},
        time_{clock.now},
        box_{not_open_yet{}, store, box, seed.part(0), clock},
        backoff_{parts::make_waits(config, seed.part(1))},
        ends_{config},
        replay_at_{clock.now},
        batch_{hooks} {}

  // --- choosing ---

  // Where the config is told while running, what is direct is so because that says so.
  static constexpr bool may_be_direct = [] {
    if constexpr (is_fixed<courier_config<Time>, Fixed>) {
      return Fixed->direct;
    } else {
      return true;
    }
  }();
  [[nodiscard]] static bool is_direct(const flight& f) noexcept { return may_be_direct && f.kind == flight_kind::direct; }
  /// One endpoint is never probed, and nothing that failed there goes to another one.
  static constexpr bool one_endpoint = L.endpoints == 1;
  [[nodiscard]] static bool is_probe(const flight& f) noexcept { return !one_endpoint && f.kind == flight_kind::probe; }
  [[nodiscard]] bool has_next(const flight& f, Time t) const noexcept {
    return !one_endpoint && ends_.ready(t, f.tried) != endpoint_id::none;
  }
  [[nodiscard]] static bool may_wait(const flight& f) noexcept {
    return (!one_endpoint || may_be_direct) && f.stage == flight_stage::waiting;
  }
  void begin_direct(stream_id stream) noexcept {
    ++directs_;
    box_.set_direct(stream, true);
  }
  void end_direct(stream_id stream) noexcept {
    --directs_;
    box_.set_direct(stream, false);
  }
  /// Whoever sends at each completion must not take the last flight for ever while stored items are due.
  [[nodiscard]] bool owed_to_backlog(Time t) noexcept {
    if (directs_ + 1U < L.flights || box_.queued() == 0) {
      return false;
    }
    if (passed_over_ < box_.config().lower_share) {
      ++passed_over_;
      return false;
    }
    return box_.due(t);
  }
  [[nodiscard]] bool may_go_direct(stream_id stream, Time t) const noexcept {
    return !box_.would_overtake(stream) && ends_.ready(t) != endpoint_id::none;
  }
  [[nodiscard]] item_options<Time> with_history(item_options<Time> options, Time t) noexcept {
    if (ends_.ready(t) == endpoint_id::none) {
      options.historical = true;
    }
    return options;
  }
  // --- attempts ---

  [[nodiscard]] action<Time> describe(const flight& f, action_kind kind) const noexcept {
    action<Time> a = flights_.template describe<may_be_direct>(f, kind);
    a.deadline = time_.to_raw(f.lease_at);
    return a;
  }

  /// Takes the permit and hands the attempt out. The endpoint is ready.
  [[nodiscard]] action<Time> launch(flight& f, endpoint_id e, duration_t<Time> lease, Time t) noexcept {
    const result<permit> leave = ends_.breaker(e).acquire(t);
    SKERRY_ASSERT(leave && "launch: the endpoint was ready");
    f.leave = leave.value();
    f.endpoint = e;
    f.started = t;
    f.lease_at = skerry::advance(t, lease);
    f.stage = flight_stage::out;
    f.tried = static_cast<std::uint8_t>(f.tried | 1U << e.value);
    f.attempts = static_cast<std::uint16_t>(f.attempts + (f.attempts < 0xffff ? 1 : 0));
    delivery_counters& count = box_.count();
    if (is_probe(f)) {
      count_up(count.probes);
    } else {
      ++(e.value == 0 ? count.sent_primary : count.fallback_used[e.value - 1U]);
      count.retries += f.attempts > 1 ? 1 : 0;
    }
    action<Time> a = describe(f, is_probe(f) ? action_kind::probe : action_kind::send);
    const std::int64_t left = count_of<Time>(is_direct(f) ? elapsed(f.until, t) : lease);
    const std::uint64_t left_ms = whole_ms<Time>(static_cast<std::uint64_t>(left < 0 ? 0 : left));
    a.remaining_ms = static_cast<std::uint32_t>(left_ms < 0xffff'ffffU ? left_ms : 0xffff'ffffU);
    return a;
  }

  /// The next endpoint, or the end of the direct send.
  [[nodiscard]] action<Time> start_direct(flight& f, Time t) noexcept {
    const duration_t<Time> left = elapsed(f.until, t);
    const bool late = !(duration_t<Time>{} < left);
    const endpoint_id e = late ? endpoint_id::none : ends_.ready(t, f.tried);
    if (e != endpoint_id::none) {
      ends_.budget(e).deposit(t);
      const std::uint8_t shares = ends_.untried(f.tried);  // what is left is shared by the endpoints that may still be tried
      const std::int64_t share = count_of<Time>(left) / (shares > 0 ? shares : 1);
      const duration_t<Time> capped = duration_from_count<Time>(share > 0 ? share : 1);
      return launch(f, e, config_.get().attempt_timeout < capped ? config_.get().attempt_timeout : capped, t);
    }
    end_direct(f.id.stream);
    delivery_counters& count = box_.count();
    f.why = late ? errc::timeout : errc::unavailable;
    if (f.store == store_when::never) {
      count_up(count.dropped[static_cast<std::size_t>(drop_reason::not_stored)]);
    } else if (box_.adopt(f.id, f.bytes(), f.options, f.key, f.stamp, f.attempts, t)) {
      count_up(count.cached_offline);
      f.why = errc::unavailable;
      box_.hold(f.id.stream, backoff_.next_for(0), t);
    } else {
      count_up(count.dropped[static_cast<std::size_t>(drop_reason::not_stored)]);
      f.why = errc::full;
    }
    action<Time> a = describe(f, action_kind::completed);
    a.why = f.why;
    flights_.clear(f);
    return a;
  }

  /// A first attempt pays into the budget of the endpoint, a further one is paid out of it.
  [[nodiscard]] bool pay(endpoint_id e, std::uint16_t attempts, Time t) noexcept {
    if (attempts == 0) {
      ends_.budget(e).deposit(t);
      return true;
    }
    const bool granted = ends_.budget(e).try_withdraw(t);
    box_.count().budget_denied += granted ? 0 : 1;
    return granted;
  }

  [[nodiscard]] action<Time> replay(Time t) noexcept {
    if (box_.queued() == 0) {
      return {};
    }
    flight* f = flights_.find_free();
    const endpoint_id e = f == nullptr ? endpoint_id::none : ends_.ready(t);
    if (e == endpoint_id::none) {
      box_.tick(t);
      return {};
    }
    const bool paced = elapsed(t, replay_at_) < duration_t<Time>{};
    result<item_view> taken = errc::empty;
    for (stream_id tries = 0; tries < L.box.streams; ++tries) {
      taken = box_.take(t, paced);
      if (!taken && taken.error() == errc::empty) {
        return {};
      }
      if (taken && pay(e, taken.value().attempts, t)) {
        break;
      }
      if (taken) {
        const item_id id = taken.value().id;
        (void)box_.give_back(id, outcome::cancelled, t);
        box_.hold(id.stream, later_ms<Time>(1000), t);
      }
      taken = errc::empty;  // this stream waits now; another may go
    }
    if (!taken) {
      return {};
    }
    const item_view& item = taken.value();
    passed_over_ = 0;
    f->begin(flight_kind::stored, item.id, item.payload.size(), item.attempts);
    if (item.historical) {
      replay_at_ = skerry::advance(t, config_.get().replay_interval);
      if (may_be_direct && directs_ > 0) {
        replay_at_ = skerry::advance(replay_at_, config_.get().replay_interval);
      }
    }
    action<Time> a = launch(*f, e, config_.get().attempt_timeout, t);
    a.item = item;
    a.squeezed = item.squeezed;
    if constexpr (hooked) {
      batch_.begin(item);
      if constexpr (packs_items<Hooks>) {
        gather(*f, t);
      }
      make(*f, a, t);
    }
    return a;
  }

  // --- batches ---

  /// Those behind the first that may go with it.
  void gather(const flight& f, Time t) noexcept {
    // One that must not arrive twice, is a batch of its own, or belongs to one that was refused, goes alone.
    if (batch_.size() == 0 || batch_[0].batch || batch_[0].squeezed || box_.would_die(f.id, outcome::unknown) ||
        f.id.seq <= batch_.alone_upto(f.id.stream)) {
      return;
    }
    item_id last = f.id;
    while (batch_.has_room()) {
      const result<item_view> more = box_.take_behind(last, t);
      if (!more) {
        return;
      }
      last = more.value().id;
      if (!batch_.add(more.value())) {
        (void)box_.give_back(last, outcome::cancelled, t);
        return;
      }
    }
  }
  /// The message of what was gathered; what the hook did not take goes back.
  void make(flight& f, action<Time>& a, Time t) noexcept {
    const auto made = batch_.make(a.item.payload);
    for (std::uint16_t i = made.items; i < batch_.size(); ++i) {
      (void)box_.give_back(batch_[i].id, outcome::cancelled, t);
    }
    if constexpr (packs_items<Hooks>) {
      f.others = static_cast<std::uint16_t>(made.items - 1);
      for (std::uint16_t i = 1; i < made.items; ++i) {
        f.behind[i - 1U] = batch_[i].id.seq;
        f.length += static_cast<std::uint32_t>(batch_[i].payload.size());
      }
    }
    a.item.payload = made.bytes;
    a.items = made.items;
    a.squeezed = a.squeezed || made.squeezed;
  }
  /// The other items of a message.
  template <typename Visit>
  static void for_others(const flight& f, Visit&& visit) noexcept {
    for (std::uint16_t i = 0; i < f.others; ++i) {
      visit(item_id{f.id.epoch, f.id.stream, f.behind[i]});
    }
  }

  /// An outbox item that failed at one endpoint goes to the next one at once.
  [[nodiscard]] action<Time> start_stored(flight& f, Time t) noexcept {
    if constexpr (one_endpoint) {
      return {};
    }
    const endpoint_id e = ends_.ready(t, f.tried);
    const result<item_view> item = e == endpoint_id::none ? result<item_view>{errc::absent} : box_.peek(f.id);
    const auto round = static_cast<std::uint16_t>(f.attempts - std::popcount(f.tried));  // attempts before this round of endpoints
    if (!item || !pay(e, round, t)) {
      give_back(f, f.last, t);
      return {};
    }
    action<Time> a = launch(f, e, config_.get().attempt_timeout, t);
    a.item = item.value();
    a.squeezed = a.item.squeezed;
    if constexpr (hooked) {
      batch_.begin(a.item);
      f.length = static_cast<std::uint32_t>(a.item.payload.size());
      for_others(f, [&](item_id id) {
        const result<item_view> other = box_.peek(id);
        if (!other || !batch_.add(other.value())) {
          (void)box_.give_back(id, outcome::cancelled, t);
        }
      });
      make(f, a, t);
    }
    return a;
  }

  [[nodiscard]] action<Time> probe(Time t) noexcept {
    flight* f = flights_.find_free();
    const endpoint_id e = f == nullptr ? endpoint_id::none : ends_.probe(t, config_.get().failover.probe_every);
    if (e == endpoint_id::none) {
      return {};
    }
    f->begin(flight_kind::probe, item_id{}, 0, 0);
    ends_.paths().postpone_probe(e, skerry::advance(t, config_.get().attempt_timeout));
    return launch(*f, e, config_.get().attempt_timeout, t);
  }

  // --- answers ---

  void settle(flight& f, reply<Time> answer, Time t) noexcept {
    box_.count().breaker_opened += ends_.record(f.endpoint, f.leave, answer.what, elapsed(t, f.started), f.attempts > 1, t) ? 1 : 0;
    if (is_probe(f)) {
      flights_.clear(f);
      return;
    }
    const bool stop = answer.hint != no_hint<Time> && answer.hint < duration_t<Time>{};
    if (stop && answer.what != outcome::ok) {
      answer.what = outcome::permanent;
    }
    f.hint = answer.hint != no_hint<Time> && !stop ? answer.hint : duration_t<Time>{};
    f.last = answer.what;
    is_direct(f) ? settle_direct(f, answer.what) : settle_stored(f, answer.what, t);
  }

  void settle_direct(flight& f, outcome what) noexcept {
    delivery_counters& count = box_.count();
    if (what == outcome::ok) {
      count_up(count.delivered);
      count.bytes_live += f.length;
      end_direct(f.id.stream);
      f.stage = flight_stage::over;
      f.why = errc::ok;
      return;
    }
    const bool final =
        (what == outcome::permanent && f.store == store_when::never) || (what == outcome::unknown && f.options.repeat == repeatable::no);
    if (final) {
      count_up(count.dropped[static_cast<std::size_t>(drop_reason::dead_letter)]);
      end_direct(f.id.stream);
      f.stage = flight_stage::over;
      f.why = what == outcome::permanent ? errc::refused : errc::timeout;
      return;
    }
    if (what == outcome::permanent) {
      f.tried = 0xff;  // no other endpoint of the same peer will like it better; the outbox tries a few times more
    }
    f.stage = flight_stage::waiting;
  }

  void settle_stored(flight& f, outcome what, Time t) noexcept {
    if (what == outcome::ok) {
      delivery_counters& count = box_.count();
      count.bytes_replayed += f.length;
      if (f.others == 0) {
        count_up(count.replayed);
        (void)box_.acknowledge(f.id);
      } else {
        count.replayed += box_.acknowledge(f.id) ? 1 : 0;  // one that was called off meanwhile is not there any more
        for_others(f, [&](item_id id) { count.replayed += box_.acknowledge(id) ? 1 : 0; });
      }
      flights_.clear(f);
      return;
    }
    if (f.others > 0) {
      settle_refused(f, what, t);
      return;
    }
    if (box_.would_die(f.id, what)) {
      f.stage = flight_stage::dead;
      return;
    }
    if (what != outcome::permanent && has_next(f, t)) {
      f.stage = flight_stage::waiting;
      return;
    }
    give_back(f, what, t);
  }

  /// A message of several items was not taken. A verdict on all of them is none on each: refused, they go again one by one.
  void settle_refused(flight& f, outcome what, Time t) noexcept {
    if constexpr (packs_items<Hooks>) {
      if (what == outcome::permanent) {
        batch_.alone_upto(f.id.stream) = f.behind[f.others - 1U];
        what = outcome::transient;
      } else if (has_next(f, t)) {
        f.stage = flight_stage::waiting;
        return;
      }
      give_back(f, what, t);
    }
  }

  void give_back(flight& f, outcome what, Time t) noexcept {
    duration_t<Time> wait = backoff_.next_for(f.attempts > 0 ? static_cast<std::uint32_t>(f.attempts - 1) : 0);
    wait = wait < f.hint ? f.hint : wait;
    (void)box_.give_back(f.id, what, t, wait);
    for_others(f, [&](item_id id) { (void)box_.give_back(id, what, t); });
    if (what == outcome::cancelled) {
      box_.hold(f.id.stream, wait, t);  // the outbox forgets what was not an attempt; this loop would not end
    }
    flights_.clear(f);
  }

  /// Shows a dead letter for the last time.
  [[nodiscard]] action<Time> bury(flight& f) noexcept {
    action<Time> a = describe(f, action_kind::dead_letter);
    if (const result<item_view> item = box_.peek(f.id)) {
      a.item = item.value();
    }
    (void)box_.drop(f.id, drop_reason::dead_letter);
    flights_.clear(f);
    return a;
  }

  Store* store_;
  [[no_unique_address]] shared_config<courier_config<Time>, Fixed> config_;
  steady<Time> time_;
  box_type box_;
  typename parts::waits backoff_;
  endpoint_bundle<Time, L.endpoints, parts> ends_;
  Time replay_at_;
  std::uint16_t directs_ = 0;
  std::uint16_t sync_generation_ = 0;
  bool syncing_ = false;
  std::uint8_t passed_over_ = 0;  // direct sends that took the last flight since the backlog had one
  Time sync_lease_{};
  flights flights_{};
  [[no_unique_address]] batching<Hooks, L.box.streams, L.batch_items, L.batch_bytes> batch_;
};

}  // namespace detail
}  // namespace skerry::inline v0::delivery
