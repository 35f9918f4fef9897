// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/detail/courier_engine.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::delivery {

/// The connectivity manager: now if it can, stored if it cannot, replayed once it can again.
///
/// Input   items by `send` (primary, then each fallback, within one deadline) or `post` (straight to the outbox); events with `now`
/// Cost    `poll` and `on_result` O(flights + streams + endpoints); no heap; the outbox, and a record buffer per flight
/// Bound   the sums of `delivery_counters` at any moment, with queued() as the open balance
/// Errors  those of `outbox::append`; with `store_when::never` also `full` when all flights are taken or the last one is owed to the
///         backlog, and `unavailable` while no sync confirms the numbers that items get
///
/// The caller loops: `poll(now)` until `idle`, then waits for an event or for `next_deadline()`, whichever is first. Every send has a
/// token with a lease: an answer to a token that is not current is counted and ignored, an answer that never comes counts as
/// `outcome::unknown` when the lease ends.
///
/// A direct send is possible while its stream has no backlog (order::strict) or no other direct send under way; otherwise it goes to
/// the outbox and its ticket says so. Endpoints whose breaker is open are skipped. A failing item holds back its stream by `backoff`, a
/// failing endpoint is held back by its breaker. With hooks (`batch.hpp`) what waits in the outbox goes several items to a message, of one
/// stream and all live or all historical, and squeezed; the answer is for each of them. The config is shared and must outlive the courier,
/// as must the store. Firmware that knows it while compiling names it in the type, `Fixed`, and opens without one: no code for rules that
/// are not used.
template <instant Time, record_store Store, courier_limits L = courier_limits{}, typename Hooks = no_hooks,
          const courier_config<Time>* Fixed = nullptr>
class courier {
  static_assert(L.endpoints > 0 && L.endpoints <= 8 && L.flights > 0 && L.flights <= 1024, "courier: 1 to 8 endpoints, 1 to 1024 flights");
  static_assert(L.batch_items == 1 || packs_items<Hooks>, "courier: batch_items above 1 need a hook with pack(items, writer)");
  static_assert(L.batch_items >= 1 && L.batch_items <= 64,
                "courier: 1 to 64 items in a batch, the most that a receiver's window can tell apart");
  static_assert(!batch_hooks<Hooks> || L.batch_bytes > 0, "courier: hooks need buffers, courier_limits::batch_bytes");

 public:
  using time_type = Time;
  using box_type = outbox<Time, Store, L.box, detail::courier_parts<Time, Fixed>::box>;
  static constexpr courier_limits limits = L;

  [[nodiscard]] static result<courier> open(Store& store, const courier_config<Time>& config, device_seed seed, clock_reading<Time> clock,
                                            const Hooks& hooks = Hooks{}) noexcept
      requires(!detail::is_fixed<courier_config<Time>, Fixed>) {
    return open(detail::not_open_yet{}, store, config, seed, clock, hooks);
  }
  [[nodiscard]] static result<courier> open(Store& store, device_seed seed, clock_reading<Time> clock,
                                            const Hooks& hooks = Hooks{}) noexcept requires(detail::is_fixed<courier_config<Time>, Fixed>) {
    return open(detail::not_open_yet{}, store, *Fixed, seed, clock, hooks);
  }
  static result<courier> open(Store&, const courier_config<Time>&&, device_seed, clock_reading<Time>,
                              const Hooks& = Hooks{}) = delete;  // shared: name it
  // What both do.
  [[nodiscard]] static result<courier> open(detail::not_open_yet, Store& store, const courier_config<Time>& config, device_seed seed,
                                            clock_reading<Time> clock, const Hooks& hooks) noexcept {
    if (config.endpoints == 0 || config.endpoints > L.endpoints || (config.endpoints > 1 && !config.guards) ||
        !(duration_t<Time>{} < config.attempt_timeout) || (config.box.receiver_window != 0 && config.box.receiver_window < L.batch_items) ||
        !(duration_t<Time>{} < config.failover.probe_every) || !(duration_t<Time>{} < config.sync_timeout)) {
      return errc::invalid;
    }
    const outbox_config box = detail::without_lease(config.box);
    if (const status fine = box_type::possible(detail::not_open_yet{}, box); !fine) {
      return fine.error();
    }
    // Built where the caller's result lies: neither the courier nor its outbox travels over the stack.
    result<courier> made{std::in_place, detail::not_open_yet{}, store, config, box, seed, clock, hooks};
    if (const status recovered = made.value().in_.box_.recover(detail::not_open_yet{}, clock); !recovered) {
      return recovered.error();
    }
    return made;
  }
  // What `open` builds with.
  courier(detail::not_open_yet, Store& store, const courier_config<Time>& config, const outbox_config& box, device_seed seed,
          clock_reading<Time> clock, const Hooks& hooks) noexcept
      : in_{store, config, box, seed, clock, hooks} {}

  /// Now if it can, stored if it cannot.
  [[nodiscard]] result<ticket> send(const item_view& item, send_options<Time> options, Time now) noexcept {
    as_it_was(item, options.item);
    return send(item.payload, options, now);
  }
  /// Several payloads as one item. `empty`: there is none in it, and nothing was offered.
  template <std::size_t Bytes>
  [[nodiscard]] result<ticket> send(const item_batch<Bytes>& batch, send_options<Time> options, Time now) noexcept {
    if (batch.empty()) {
      return errc::empty;
    }
    options.item.batch = true;
    return send(batch.bytes(), options, now);
  }
  [[nodiscard]] result<ticket> send(std::span<const std::byte> payload, const send_options<Time>& options, Time now) noexcept {
    const Time t = in_.time_.observe(now);
    const item_options<Time>& item = options.item;
    const bool fits = item.stream < L.box.streams;
    if (!in_.config_.get().direct && options.store == store_when::never) {
      return errc::unsupported;
    }
    if (!in_.config_.get().direct || options.store == store_when::first || !fits ||
        (options.store == store_when::on_failure && !in_.may_go_direct(item.stream, t))) {
      const item_options<Time> as_stored = in_.with_history(item, t);
      const result<ticket> stored = in_.box_.append(payload, as_stored, t);
      if (stored && options.store == store_when::on_failure) {
        in_.box_.count().cached_offline += as_stored.historical ? 1 : 0;
      }
      return stored;
    }
    delivery_counters& count = in_.box_.count();
    detail::count_up(count.offered);
    const std::uint64_t key = in_.box_.key_of(item);
    const bool key_waits = in_.box_.key_waits(key, item);
    flight* f = in_.flights_.find_free();
    if (f == nullptr || in_.box_.would_overtake(item.stream) || in_.box_.queued() + in_.directs_ >= in_.box_.config().quota_items ||
        in_.owed_to_backlog(t) || (key_waits && (options.store == store_when::on_failure || item.same_key == key_policy::keep))) {
      if (options.store == store_when::on_failure) {
        --count.offered;  // the outbox counts it
        return in_.box_.append(payload, item, t);
      }
      detail::count_up(count.refused);
      count.duplicates_suppressed += key_waits && item.same_key == key_policy::keep ? 1 : 0;
      return key_waits && item.same_key == key_policy::keep ? errc::refused : errc::full;
    }
    const result<item_id> id = in_.box_.reserve(payload.size(), item, t);
    if (!id) {
      if (id.error() == errc::unavailable && options.store == store_when::on_failure) {
        --count.offered;
        return in_.box_.append(payload, item, t);
      }
      detail::count_up(count.refused);
      return id.error();
    }
    detail::count_up(count.produced);
    in_.begin_direct(item.stream);
    f->begin(flight_kind::direct, id.value(), payload.size(), 0);
    f->options = item;
    f->options.key = {};  // the caller's memory
    f->key = key;
    if (key_waits) {
      in_.box_.replace(key, item.stream);
    }
    f->store = options.store;
    f->stamp = in_.box_.wall();
    f->until =
        options.until ? skerry::advance(t, elapsed(options.until.value(), now)) : skerry::advance(t, in_.config_.get().send_deadline);
    if (!payload.empty()) {
      __builtin_memcpy(f->payload.data(), payload.data(), payload.size());
    }
    return ticket{id.value(), false};
  }

  /// Straight to the outbox.
  [[nodiscard]] result<ticket> post(const item_view& item, item_options<Time> options, Time now) noexcept {
    as_it_was(item, options);
    return post(item.payload, options, now);
  }
  template <std::size_t Bytes>
  [[nodiscard]] result<ticket> post(const item_batch<Bytes>& batch, item_options<Time> options, Time now) noexcept {
    if (batch.empty()) {
      return errc::empty;
    }
    options.batch = true;
    return post(batch.bytes(), options, now);
  }
  [[nodiscard]] result<ticket> post(std::span<const std::byte> payload, const item_options<Time>& options, Time now) noexcept {
    const Time t = in_.time_.observe(now);
    return in_.box_.append(payload, in_.with_history(options, t), t);
  }

  /// Calls an item off; one that is under way may still arrive. `absent` when it is not here any more.
  [[nodiscard]] status cancel(const ticket& of, Time now) noexcept {
    in_.time_.observe(now);
    for (flight& f : in_.flights_) {
      if (f.kind == flight_kind::none || f.kind == flight_kind::probe || !(f.id == of.id) || f.others > 0) {
        continue;
      }
      if (f.cancelled || f.stage == flight_stage::over || f.stage == flight_stage::dead) {
        return f.stage == flight_stage::dead ? status{errc::refused} : status{errc::absent};
      }
      if (in_.is_direct(f)) {
        detail::count_up(in_.box_.count().dropped[static_cast<std::size_t>(drop_reason::cancelled)]);
        in_.end_direct(f.id.stream);
      } else {
        (void)in_.box_.drop(f.id, drop_reason::cancelled);
      }
      if (f.stage == flight_stage::out) {
        f.cancelled = true;
        f.stage = flight_stage::abandoning;
      } else {
        in_.flights_.clear(f);
      }
      return {};
    }
    return in_.box_.drop(of.id, drop_reason::cancelled);
  }

  /// One action at a time, until idle.
  [[nodiscard]] action<Time> poll(Time now) noexcept {
    const Time t = in_.time_.observe(now);
    in_.box_.count().breaker_opened += in_.ends_.tick(t);
    if (!(elapsed(t, in_.replay_at_) < duration_t<Time>{})) {
      in_.replay_at_ = t;  // long ago must not look like soon
    }
    if (in_.syncing_ && !(elapsed(t, in_.sync_lease_) < duration_t<Time>{})) {
      in_.syncing_ = false;
      in_.box_.tick(t);
      in_.box_.on_synced(errc::timeout);
    }
    for (flight& f : in_.flights_) {
      if (f.kind == flight_kind::none) {
        continue;
      }
      if (f.stage == flight_stage::out && !(elapsed(t, f.lease_at) < duration_t<Time>{})) {
        detail::count_up(in_.box_.count().lease_expired);
        action<Time> a = in_.describe(f, action_kind::abandon);
        ++f.generation;  // the old token is void from here on
        in_.settle(f, reply<Time>{outcome::unknown, no_hint<Time>}, t);
        return a;
      }
      if (f.stage == flight_stage::abandoning) {
        const action<Time> a = in_.describe(f, action_kind::abandon);
        in_.ends_.breaker(f.endpoint).release(f.leave, t);
        in_.flights_.clear(f);
        return a;
      }
      if (in_.may_be_direct && f.stage == flight_stage::over) {
        action<Time> a = in_.describe(f, action_kind::completed);
        a.why = f.why;
        in_.flights_.clear(f);
        return a;
      }
      if (f.stage == flight_stage::dead) {
        return in_.bury(f);
      }
      if (in_.may_wait(f)) {
        const action<Time> a = in_.is_direct(f) ? in_.start_direct(f, t) : in_.start_stored(f, t);
        if (a.kind != action_kind::idle) {
          return a;
        }
      }
    }
    if (!in_.syncing_ && in_.box_.wants_sync(t)) {
      in_.syncing_ = true;
      ++in_.sync_generation_;
      in_.sync_lease_ = skerry::advance(t, in_.config_.get().sync_timeout);
      (void)in_.box_.flush_acknowledgements();
      in_.box_.sync_begins();
      action<Time> a;
      a.kind = action_kind::sync;
      a.sync = sync_token{in_.sync_generation_};
      return a;
    }
    if (const action<Time> a = in_.replay(t); a.kind != action_kind::idle) {
      return a;
    }
    return in_.probe(t);
  }

  void on_result(send_token token, reply<Time> answer, Time now) noexcept {
    const Time t = in_.time_.observe(now);
    flight* const f = in_.flights_.current(token);
    if (f == nullptr) {
      detail::count_up(in_.box_.count().late_results);
      return;
    }
    ++f->generation;
    in_.settle(*f, answer, t);
  }

  void on_synced(sync_token token, status how, Time now) noexcept {
    const Time t = in_.time_.observe(now);
    if (!in_.syncing_ || token.generation != in_.sync_generation_) {
      detail::count_up(in_.box_.count().late_results);
      return;
    }
    in_.syncing_ = false;
    in_.box_.tick(t);
    in_.box_.on_synced(how);
  }

  /// A hint: `up` cuts waits short, once. `down` is only noted by the results that will show it.
  void on_link(endpoint_id e, link_state state, Time now) noexcept {
    const Time t = in_.time_.observe(now);
    if (state == link_state::up && e.value < in_.config_.get().endpoints) {
      in_.ends_.breaker(e).expect_recovery(t);
      in_.box_.release_holds();
      in_.ends_.paths().postpone_probe(e, t);
    }
  }
  /// The application knows that an endpoint is of no use though it answers, or is again.
  void declare(endpoint_id e, bool usable, Time now) noexcept {
    in_.time_.observe(now);
    if (e.value < in_.config_.get().endpoints) {
      in_.ends_.paths().declare(e, usable);
    }
  }
  void on_clock(clock_reading<Time> clock) noexcept {
    clock.now = in_.time_.observe(clock.now);
    in_.box_.on_clock(clock);
  }

  /// Hands what is acknowledged to the store; the next sync makes it safe. Before a node goes down, so that nothing repeats.
  [[nodiscard]] status flush_acknowledgements() noexcept { return in_.box_.flush_acknowledgements(); }
  /// Gives all stored items to `visit(item_view)`, stream by stream, in order; nothing changes. For a node that is taken out of service.
  /// How many that were: fewer than `box().queued()` where some could not be read.
  template <typename F>
  std::uint64_t drain(F&& visit) {
    return in_.box_.drain(visit);
  }

  [[nodiscard]] item_id durable_upto(stream_id stream) const noexcept { return in_.box_.durable_upto(stream); }
  [[nodiscard]] const delivery_counters& counters() const noexcept { return in_.box_.counters(); }
  /// Accepted and neither delivered nor dropped.
  [[nodiscard]] std::uint64_t queued() const noexcept { return in_.box_.queued() + in_.directs_; }
  [[nodiscard]] std::uint16_t in_flight() const noexcept { return in_.flights_.out(); }
  [[nodiscard]] breaker_state breaker_of(endpoint_id e, Time now) const noexcept {
    return in_.ends_.breaker(e).state(detail::steady<Time>{in_.time_}.observe(now));
  }
  [[nodiscard]] Store& store() noexcept { return *in_.store_; }
  [[nodiscard]] const box_type& box() const noexcept { return in_.box_; }
  [[nodiscard]] status set_order(stream_id stream, order how) noexcept { return in_.box_.set_order(stream, how); }

  /// When to come back at the latest, if no event comes before; later than the `now` of a poll that ended in idle.
  [[nodiscard]] deadline<Time> next_deadline() const noexcept {
    const Time t = in_.time_.now();
    deadline<Time> at = in_.box_.next_timer();
    if (in_.syncing_) {
      at = earliest<Time>(at, in_.sync_lease_, t);
    }
    bool room = false;
    for (const flight& f : in_.flights_) {
      if (f.kind == flight_kind::none) {
        room = true;
      } else {
        at = earliest<Time>(at, f.stage == flight_stage::out ? f.lease_at : t, t);
      }
    }
    if (room && in_.box_.due(t)) {
      const bool paced = elapsed(t, in_.replay_at_) < duration_t<Time>{} && !in_.box_.due(t, true);
      at = earliest<Time>(at, paced ? deadline<Time>{in_.replay_at_} : in_.ends_.trial_at(t), t);
    }
    if (room) {
      at = earliest<Time>(at, in_.ends_.paths().next_deadline(t), t);
    }
    return in_.time_.to_raw(at);
  }

 private:
  using engine = detail::courier_engine<Time, Store, L, Hooks, Fixed>;
  using flight = typename engine::flight;
  using flight_kind = detail::flight_kind;
  using flight_stage = detail::flight_stage;

  /// What an item that comes from elsewhere says of its payload.
  static constexpr void as_it_was(const item_view& item, item_options<Time>& options) noexcept {
    options.batch = options.batch || item.batch;
    options.squeezed = options.squeezed || item.squeezed;
  }

  engine in_;
};

}  // namespace skerry::inline v0::delivery
