// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/detail/endpoints.hpp>
#include <skerry/delivery/detail/flight_table.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// The connectivity manager: now if it can, stored if it cannot, replayed once it can again.
///
/// Input   items by `send` (primary, then each fallback, within one deadline) or `post` (straight to the outbox); events with `now`
/// Cost    `poll` and `on_result` O(flights + streams + endpoints); no heap; the outbox, and a record buffer per flight
/// Bound   the sums of `delivery_counters` at any moment, with queued() as the open balance
/// Errors  those of `outbox::append`; `full` when all flights are taken and nothing may be stored
///
/// The caller loops: `poll(now)` until `idle`, then waits for an event or for `next_deadline()`, whichever is first. Every send has a
/// token with a lease: an answer to a token that is not current is counted and ignored, an answer that never comes counts as
/// `outcome::unknown` when the lease ends.
///
/// A direct send is possible while its stream has no backlog (order::strict) or no other direct send under way; otherwise it goes to
/// the outbox and its ticket says so. Endpoints whose breaker is open are skipped. A failing item holds back its stream by `backoff`, a
/// failing endpoint is held back by its breaker. The config is shared and must outlive the courier, as must the store.
template <instant Time, record_store Store, courier_limits L = courier_limits{}>
class courier {
  static_assert(L.endpoints > 0 && L.endpoints <= 8 && L.flights > 0 && L.flights <= 1024, "courier: 1 to 8 endpoints, 1 to 1024 flights");

 public:
  using box_type = outbox<Time, Store, L.box>;
  static constexpr courier_limits limits = L;

  [[nodiscard]] static result<courier> open(Store& store, const courier_config<Time>& config, device_seed seed,
                                            clock_reading<Time> clock) noexcept {
    if (config.endpoints == 0 || config.endpoints > L.endpoints || !(duration_t<Time>{} < config.attempt_timeout)) {
      return errc::invalid;
    }
    outbox_config box = config.box;
    box.lease_ms = 0;  // the tokens have leases already
    result<box_type> opened = box_type::open(store, box, seed.part(0), clock);
    if (!opened) {
      return opened.error();
    }
    return courier{store, config, seed, clock, opened.value()};
  }
  static result<courier> open(Store&, const courier_config<Time>&&, device_seed, clock_reading<Time>) = delete;  // shared: name it

  /// Now if it can, stored if it cannot.
  [[nodiscard]] result<ticket> send(const item_view& item, const send_options<Time>& options, Time now) noexcept {
    return send(item.payload, options, now);
  }
  [[nodiscard]] result<ticket> send(std::span<const std::byte> payload, const send_options<Time>& options, Time now) noexcept {
    const Time t = time_.observe(now);
    const item_options<Time>& item = options.item;
    const bool fits = item.stream < L.box.streams;
    if (options.store == store_when::first || !fits || (options.store == store_when::on_failure && !may_go_direct(item.stream, t))) {
      const item_options<Time> as_stored = with_history(item, t);
      const result<ticket> stored = box_.append(payload, as_stored, t);
      if (stored && options.store == store_when::on_failure) {
        box_.count().cached_offline += as_stored.historical ? 1 : 0;
      }
      return stored;
    }
    delivery_counters& count = box_.count();
    ++count.offered;
    flight* f = flights_.find_free();
    if (f == nullptr || box_.would_overtake(item.stream) || box_.queued() + directs_ >= box_.config().quota_items) {
      if (options.store == store_when::on_failure) {
        --count.offered;  // the outbox counts it
        return box_.append(payload, item, t);
      }
      ++count.refused;
      return errc::full;
    }
    const result<item_id> id = box_.reserve(payload.size(), item, t);
    if (!id) {
      ++count.refused;
      return id.error();
    }
    ++count.produced;
    begin_direct(item.stream);
    f->begin(flight_kind::direct, id.value(), payload.size(), 0);
    f->options = item;
    f->options.key = {};  // the caller's memory; a direct item does not wait in the outbox
    f->store = options.store;
    f->stamp = box_.wall();
    f->until = options.until ? skerry::advance(t, elapsed(options.until.value(), now)) : skerry::advance(t, config_->send_deadline);
    if (!payload.empty()) {
      __builtin_memcpy(f->payload.data(), payload.data(), payload.size());
    }
    return ticket{id.value(), false};
  }

  /// Straight to the outbox.
  [[nodiscard]] result<ticket> post(const item_view& item, const item_options<Time>& options, Time now) noexcept {
    return post(item.payload, options, now);
  }
  [[nodiscard]] result<ticket> post(std::span<const std::byte> payload, const item_options<Time>& options, Time now) noexcept {
    const Time t = time_.observe(now);
    return box_.append(payload, with_history(options, t), t);
  }

  /// Calls an item off; one that is under way may still arrive. `absent` when it is not here any more.
  [[nodiscard]] status cancel(const ticket& of, Time now) noexcept {
    time_.observe(now);
    for (flight& f : flights_) {
      if (f.kind == flight_kind::none || f.kind == flight_kind::probe || !(f.id == of.id)) {
        continue;
      }
      if (f.cancelled || f.stage == flight_stage::over || f.stage == flight_stage::dead) {
        return f.stage == flight_stage::dead ? status{errc::refused} : status{errc::absent};
      }
      if (f.kind == flight_kind::direct) {
        ++box_.count().dropped[static_cast<std::size_t>(drop_reason::cancelled)];
        end_direct(f.id.stream);
      } else {
        (void)box_.drop(f.id, drop_reason::cancelled);
      }
      if (f.stage == flight_stage::out) {
        f.cancelled = true;
        f.stage = flight_stage::abandoning;
      } else {
        flights_.clear(f);
      }
      return {};
    }
    return box_.drop(of.id, drop_reason::cancelled);
  }

  /// One action at a time, until idle.
  [[nodiscard]] action<Time> poll(Time now) noexcept {
    const Time t = time_.observe(now);
    for (flight& f : flights_) {
      if (f.kind == flight_kind::none) {
        continue;
      }
      if (f.stage == flight_stage::out && !(elapsed(t, f.lease_at) < duration_t<Time>{})) {
        ++box_.count().lease_expired;
        action<Time> a = describe(f, action_kind::abandon);
        ++f.generation;  // the old token is void from here on
        settle(f, reply<Time>{outcome::unknown, no_hint<Time>}, t);
        return a;
      }
      if (f.stage == flight_stage::abandoning) {
        const action<Time> a = describe(f, action_kind::abandon);
        ends_.breaker(f.endpoint).release(f.leave, t);
        flights_.clear(f);
        return a;
      }
      if (f.stage == flight_stage::over) {
        action<Time> a = describe(f, action_kind::completed);
        a.why = f.why;
        flights_.clear(f);
        return a;
      }
      if (f.stage == flight_stage::dead) {
        return bury(f);
      }
      if (f.stage == flight_stage::waiting) {
        const action<Time> a = f.kind == flight_kind::direct ? start_direct(f, t) : start_stored(f, t);
        if (a.kind != action_kind::idle) {
          return a;
        }
      }
    }
    if (!syncing_ && box_.wants_sync(t)) {
      syncing_ = true;
      ++sync_generation_;
      (void)box_.flush_acknowledgements();
      box_.sync_begins();
      action<Time> a;
      a.kind = action_kind::sync;
      a.sync = sync_token{sync_generation_};
      return a;
    }
    if (const action<Time> a = replay(t); a.kind != action_kind::idle) {
      return a;
    }
    return probe(t);
  }

  void on_result(send_token token, reply<Time> answer, Time now) noexcept {
    const Time t = time_.observe(now);
    flight* const f = flights_.current(token);
    if (f == nullptr) {
      ++box_.count().late_results;
      return;
    }
    ++f->generation;
    settle(*f, answer, t);
  }

  void on_synced(sync_token token, status how, Time now) noexcept {
    time_.observe(now);
    if (!syncing_ || token.generation != sync_generation_) {
      ++box_.count().late_results;
      return;
    }
    syncing_ = false;
    box_.on_synced(how);
  }

  /// A hint: `up` cuts waits short, once. `down` is only noted by the results that will show it.
  void on_link(endpoint_id e, link_state state, Time now) noexcept {
    const Time t = time_.observe(now);
    if (state == link_state::up && e.value < config_->endpoints) {
      ends_.breaker(e).expect_recovery(t);
      box_.release_holds();
    }
  }
  /// The application knows that an endpoint is of no use though it answers, or is again.
  void declare(endpoint_id e, bool usable, Time now) noexcept {
    time_.observe(now);
    if (e.value < config_->endpoints) {
      ends_.paths().declare(e, usable);
    }
  }
  void on_clock(clock_reading<Time> clock) noexcept {
    clock.now = time_.observe(clock.now);
    box_.on_clock(clock);
  }

  [[nodiscard]] item_id durable_upto(stream_id stream) const noexcept { return box_.durable_upto(stream); }
  [[nodiscard]] const delivery_counters& counters() const noexcept { return box_.counters(); }
  /// Accepted and neither delivered nor dropped.
  [[nodiscard]] std::uint64_t queued() const noexcept { return box_.queued() + directs_; }
  [[nodiscard]] std::uint16_t in_flight() const noexcept { return flights_.out(); }
  [[nodiscard]] breaker_state breaker_of(endpoint_id e, Time now) const noexcept {
    return ends_.breaker(e).state(detail::steady<Time>{time_}.observe(now));
  }
  [[nodiscard]] Store& store() noexcept { return *store_; }
  [[nodiscard]] const box_type& box() const noexcept { return box_; }
  void set_order(stream_id stream, order how) noexcept { box_.set_order(stream, how); }

  /// When to come back at the latest, if no event comes before; later than the `now` of a poll that ended in idle.
  [[nodiscard]] deadline<Time> next_deadline() const noexcept {
    const Time t = time_.now();
    deadline<Time> at = box_.next_timer();
    bool room = false;
    for (const flight& f : flights_) {
      if (f.kind == flight_kind::none) {
        room = true;
      } else {
        at = earliest<Time>(at, f.stage == flight_stage::out ? f.lease_at : t, t);
      }
    }
    if (room && box_.due(t)) {
      const bool paced = elapsed(t, replay_at_) < duration_t<Time>{} && !box_.due(t, true);
      at = earliest<Time>(at, paced ? deadline<Time>{replay_at_} : ends_.trial_at(t), t);
    }
    if (room) {
      at = earliest<Time>(at, ends_.paths().next_deadline(t), t);
    }
    return time_.to_raw(at);
  }

 private:
  using flight_kind = detail::flight_kind;
  using flight_stage = detail::flight_stage;
  using flights = detail::flight_table<Time, L.flights, L.box.record_bytes>;
  using flight = typename flights::entry;

  courier(Store& store, const courier_config<Time>& config, device_seed seed, clock_reading<Time> clock, const box_type& box) noexcept
      : store_{&store},
        config_{&config},
        time_{clock.now},
        box_{box},
        backoff_{config.backoff, seed.part(1)},
        ends_{config},
        replay_at_{clock.now} {}

  // --- choosing ---

  void begin_direct(stream_id stream) noexcept {
    ++directs_;
    box_.set_direct(stream, true);
  }
  void end_direct(stream_id stream) noexcept {
    --directs_;
    box_.set_direct(stream, false);
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
    action<Time> a = flights_.describe(f, kind);
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
    if (f.kind == flight_kind::probe) {
      ++count.probes;
    } else {
      ++(e.value == 0 ? count.sent_primary : count.fallback_used[e.value - 1U]);
      count.retries += f.attempts > 1 ? 1 : 0;
    }
    action<Time> a = describe(f, f.kind == flight_kind::probe ? action_kind::probe : action_kind::send);
    const std::int64_t left = count_of<Time>(f.kind == flight_kind::direct ? elapsed(f.until, t) : lease);
    const std::uint64_t left_ms = detail::whole_ms<Time>(static_cast<std::uint64_t>(left < 0 ? 0 : left));
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
      return launch(f, e, config_->attempt_timeout < capped ? config_->attempt_timeout : capped, t);
    }
    end_direct(f.id.stream);
    delivery_counters& count = box_.count();
    f.why = late ? errc::timeout : errc::unavailable;
    if (f.store == store_when::never) {
      ++count.dropped[static_cast<std::size_t>(drop_reason::not_stored)];
    } else if (box_.adopt(f.id, f.bytes(), f.options, f.stamp, f.attempts, t)) {
      ++count.cached_offline;
      f.why = errc::unavailable;
      box_.hold(f.id.stream, backoff_.next_for(0), t);
    } else {
      ++count.dropped[static_cast<std::size_t>(drop_reason::not_stored)];
      f.why = errc::full;
    }
    action<Time> a = describe(f, action_kind::completed);
    a.why = f.why;
    flights_.clear(f);
    return a;
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
    const result<item_view> taken = box_.take(t, paced);
    if (!taken) {
      return {};
    }
    const item_view& item = taken.value();
    if (item.attempts == 0) {
      ends_.budget(e).deposit(t);
    } else if (!ends_.budget(e).try_withdraw(t)) {
      ++box_.count().budget_denied;
      (void)box_.give_back(item.id, outcome::cancelled, t);
      box_.hold(item.id.stream, from_ms<Time>(1000), t);
      return {};
    }
    f->begin(flight_kind::stored, item.id, item.payload.size(), item.attempts);
    if (item.historical) {
      replay_at_ = skerry::advance(t, config_->replay_interval);
      if (directs_ > 0) {
        replay_at_ = skerry::advance(replay_at_, config_->replay_interval);
      }
    }
    action<Time> a = launch(*f, e, config_->attempt_timeout, t);
    a.item = item;
    return a;
  }

  /// An outbox item that failed at one endpoint goes to the next one at once.
  [[nodiscard]] action<Time> start_stored(flight& f, Time t) noexcept {
    const endpoint_id e = ends_.ready(t, f.tried);
    const result<item_view> item = e == endpoint_id::none ? result<item_view>{errc::absent} : box_.peek(f.id);
    if (!item) {
      give_back(f, f.last, t);
      return {};
    }
    ends_.budget(e).deposit(t);
    action<Time> a = launch(f, e, config_->attempt_timeout, t);
    a.item = item.value();
    return a;
  }

  [[nodiscard]] action<Time> probe(Time t) noexcept {
    flight* f = flights_.find_free();
    const endpoint_id e = f == nullptr ? endpoint_id::none : ends_.probe(t, config_->failover.probe_every);
    if (e == endpoint_id::none) {
      return {};
    }
    f->begin(flight_kind::probe, item_id{}, 0, 0);
    ends_.paths().postpone_probe(e, skerry::advance(t, config_->attempt_timeout));
    return launch(*f, e, config_->attempt_timeout, t);
  }

  // --- answers ---

  void settle(flight& f, reply<Time> answer, Time t) noexcept {
    box_.count().breaker_opened += ends_.record(f.endpoint, f.leave, answer.what, elapsed(t, f.started), f.attempts > 1, t) ? 1 : 0;
    if (f.kind == flight_kind::probe) {
      flights_.clear(f);
      return;
    }
    const bool stop = answer.hint != no_hint<Time> && answer.hint < duration_t<Time>{};
    if (stop && answer.what != outcome::ok) {
      answer.what = outcome::permanent;
    }
    hint_ = answer.hint != no_hint<Time> && !stop ? answer.hint : duration_t<Time>{};
    f.last = answer.what;
    f.kind == flight_kind::direct ? settle_direct(f, answer.what) : settle_stored(f, answer.what, t);
  }

  void settle_direct(flight& f, outcome what) noexcept {
    delivery_counters& count = box_.count();
    if (what == outcome::ok) {
      ++count.delivered;
      count.bytes_live += f.length;
      end_direct(f.id.stream);
      f.stage = flight_stage::over;
      f.why = errc::ok;
      return;
    }
    const bool final =
        (what == outcome::permanent && f.store == store_when::never) || (what == outcome::unknown && f.options.repeat == repeatable::no);
    if (final) {
      ++count.dropped[static_cast<std::size_t>(drop_reason::dead_letter)];
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
      ++count.replayed;
      count.bytes_replayed += f.length;
      (void)box_.acknowledge(f.id);
      flights_.clear(f);
      return;
    }
    if (box_.would_die(f.id, what)) {
      f.stage = flight_stage::dead;
      return;
    }
    if (what != outcome::permanent && ends_.ready(t, f.tried) != endpoint_id::none) {
      f.stage = flight_stage::waiting;
      return;
    }
    give_back(f, what, t);
  }

  void give_back(flight& f, outcome what, Time t) noexcept {
    duration_t<Time> wait = backoff_.next_for(f.attempts > 0 ? static_cast<std::uint32_t>(f.attempts - 1) : 0);
    wait = wait < hint_ ? hint_ : wait;
    (void)box_.give_back(f.id, what, t, wait);
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
  const courier_config<Time>* config_;
  detail::steady<Time> time_;
  box_type box_;
  backoff<Time> backoff_;
  detail::endpoint_bundle<Time, L.endpoints> ends_;
  Time replay_at_;
  duration_t<Time> hint_{};
  std::uint16_t directs_ = 0;
  std::uint16_t sync_generation_ = 0;
  bool syncing_ = false;
  flights flights_{};
};

}  // namespace skerry::inline v0::delivery
