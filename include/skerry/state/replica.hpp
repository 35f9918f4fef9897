// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/detail/key_text.hpp>
#include <skerry/state/detail/local_edit.hpp>
#include <skerry/state/detail/overruled_ring.hpp>
#include <skerry/state/detail/replica_image.hpp>
#include <skerry/state/detail/replica_links.hpp>
#include <skerry/state/detail/replica_members.hpp>
#include <skerry/state/detail/replica_owners.hpp>
#include <skerry/state/detail/replica_reads.hpp>
#include <skerry/state/detail/replica_time.hpp>
#include <skerry/state/detail/replica_verbs.hpp>
#include <skerry/state/detail/schema_delta.hpp>
#include <skerry/state/detail/swift_accept.hpp>
#include <skerry/state/detail/swift_write.hpp>
#include <skerry/state/detail/wall_estimate.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/replica_counters.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/strategy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state {

namespace detail {
struct scope_access;
}  // namespace detail

/// Keyed state that peers agree on, whatever the network does. The edge state manager.
///
/// Every mutator takes one event number, changes the store and returns its delta; `accept` joins a delta from anywhere. Deltas may
/// be lost, repeated and reordered: replicas that have heard the same deltas hold the same state, down to its canonical bytes.
/// A replica is a value. A plain copy is a clone: it reads and accepts, and answers `needs_epoch` to mutators until `as_new_life`.
/// Input    paths of `Schema`; arguments for their placeholders after the value; what the wall clock claims
/// Cost     sizes are in `Limits`; a mutator O(records of the key + bytes of its delta), `accept` O(records in the frame +
///          min(events it covers, live records)); stack about 58 A + 48 (A + R) bytes; no heap
/// Errors   mutators: `needs_epoch`, `not_owner`, `full` (`lacking()` names the resource), `invalid` argument, `not_finite`,
///          `clock_ahead` when no later stamp is left;
///          accept: `truncated`, `corrupt`, `unsupported`, `mismatch` (a path or a policy that this schema does not have),
///          `clock_ahead`, `full`, `fenced` (more of a retired life than is accepted). A refused call leaves everything but the counters as
///          it was, and what a refused frame proves about this node's own past: a new life begins before the next operation all the same.
template <typename Schema, typename Limits = limits::firmware>
class replica : public detail::replica_verbs<replica<Schema, Limits>>,
                public detail::replica_reads<replica<Schema, Limits>>,
                public detail::replica_time<replica<Schema, Limits>, typename Limits::time>,
                public detail::replica_image<replica<Schema, Limits>, Schema, Limits>,
                public detail::replica_members<replica<Schema, Limits>, Limits>,
                public detail::replica_links<replica<Schema, Limits>, Limits>,
                public detail::replica_owners<replica<Schema, Limits>, Schema, Limits> {
  static_assert(replica_limits<Limits>, "Limits models replica_limits: see limits.hpp for what it names");
  static_assert(Schema::need <= Limits::links::promise,
                "a policy of this schema needs its deltas in an order that Limits::links does not promise");

 public:
  using algebra = joins;
  using schema_type = Schema;
  using limits_type = Limits;
  using instant_t = typename Limits::time;
  using store_type = causal_store<detail::store_limits<Schema, Limits>>;

  static_assert(Schema::size < store_type::most_paths, "more paths than a key can name");

  using detail::replica_members<replica, Limits>::acknowledge;  // links acknowledge too, in their own way

  /// The shortest `link_options::mtu` that its links take: every change can be told in frames of that length.
  static constexpr std::size_t least_mtu = [] {
    using store_limits = detail::store_limits<Schema, Limits>;
    const std::size_t delta = detail::least_delta(store_limits::text_bytes, store_limits::payload_bytes);
    return delta > link_options::least_mtu ? delta : link_options::least_mtu;
  }();

  /// No identity yet: reads and accepts, but cannot write. `create` gives it one.
  constexpr replica() noexcept {}  // NOLINT(modernize-use-equals-default): a default one would have all of its memory cleared first
  replica(const replica& other) noexcept : replica() { copy(other); }
  replica(replica&& other) noexcept : replica() { take(other); }
  replica& operator=(const replica& other) noexcept {
    if (this != &other) {
      copy(other);
    }
    return *this;
  }
  replica& operator=(replica&& other) noexcept {
    if (this != &other) {
      take(other);
    }
    return *this;
  }
  ~replica() = default;

  /// A first life, without a past.
  template <random_source Rng>
  [[nodiscard]] static result<replica> create(std::uint64_t id, role as, epoch_rule rule, clock_limits clock, Rng& rng, instant_t now) {
    result<replica> made{std::in_place};
    if (const status s = create(made.value(), id, as, rule, clock, rng, now); !s) {
      return s.error();
    }
    return made;
  }
  /// The same where `place` stands: for replicas too large for the stack. It must be fresh.
  template <random_source Rng>
  [[nodiscard]] static status create(replica& place, std::uint64_t id, role as, epoch_rule rule, clock_limits clock, Rng& rng,
                                     instant_t now) {
    place.identity_ = identity::create(id, as, rng);
    place.stored_.marks.rule = rule;
    place.stored_.marks.run = place.identity_.self().nonce;
    place.clock_ = hlc::restore(stamp{}, clock);
    place.wall_ = detail::wall_estimate<instant_t>{now};
    place.alive_ = true;
    place.counters_.epochs = 1;
    place.join_roster();
    return {};
  }

  /// Gives a copy an identity of its own, with fresh entropy; or an original a new epoch.
  template <random_source Rng>
  [[nodiscard]] status as_new_life(Rng& rng) {
    if (identity_.self() == actor{}) {
      return errc::needs_epoch;  // never created
    }
    if (!this->room_for_life()) {
      return refuse(lack(resource::members));
    }
    identity_.renew(this->greatest_generation(), rng);
    alive_ = true;
    ++counters_.epochs;
    begin_chain();
    stored_.marks.closed = false;
    this->join_roster();
    return {};
  }
  /// The application has put an older image back: the next operation happens under a new epoch.
  status restored() noexcept {
    identity_.doubt();
    return {};
  }

  /// Takes in a frame from a file, a broker, a test: anybody's, in any order, any number of times.
  ///
  /// Records of known events are dropped, the rest is joined, all or nothing. A record with a stamp further ahead than `accept_ahead`
  /// stays out until its time comes, and with it what the frame says of events that nobody here knows; both can be offered again.
  [[nodiscard]] result<receipt> accept(std::span<const std::byte> frame, instant_t now) {
    if (detail::is_fence_frame(frame)) {
      return this->accept_fence(frame);
    }
    if constexpr (detail::swift_accept<replica>::exists) {
      receipt done;
      if (detail::swift_accept<replica>::run(*this, frame, now, done)) {
        return done;
      }
    }
    return accept_as<small_frame>(frame, now);
  }

  /// Takes over all that `other` knows: for tests and for tiers inside one process, where no frame is needed. The other's stamps
  /// are not measured against this node's clock.
  [[nodiscard]] status join(const replica& other) {
    if (this == &other) {
      return {};
    }
    const typename store_type::everything all{other.store_};
    (void)detect(all);
    if (const errc e = this->check_join(other, all); e != errc::ok) {
      return refuse(e == errc::full ? lack(resource::members) : e);
    }
    join_report report;
    if (const status s = join_events(streamed{all}, report); !s) {
      counters_.count(s.error());
      return s;
    }
    this->join_members(other);
    clock_.follow(other.clock_.last());
    return {};
  }

  /// Everything this replica knows as one frame without a sender. Replicas that know the same write the same bytes.
  ///
  /// Cost    O(keys log keys) comparisons of texts; one index per key on the stack
  [[nodiscard]] status encode(byte_writer& out) const {
    std::array<typename store_type::index, Limits::keys> order{};
    std::size_t count = 0;
    store_.for_each_key([&](typename store_type::index slot) { order[count++] = slot; });
    detail::sort_by_text<text_bytes>(std::span{order}.first(count), [this](typename store_type::index slot, std::span<char> text) {
      return Schema::write_text(store_.key(slot), text);
    });
    const typename store_type::everything all{store_, std::span<const typename store_type::index>{order}.first(count)};
    return write_delta<text_bytes>(out, nullptr, all, &Schema::write_text);
  }

  /// Who this replica writes as. In doubt the next operation begins a new life first.
  [[nodiscard]] actor self() const noexcept { return identity_.self(); }
  /// Whether it is in doubt.
  [[nodiscard]] bool in_doubt() const noexcept { return identity_.in_doubt(); }
  [[nodiscard]] state::role role() const noexcept { return identity_.role(); }
  [[nodiscard]] const replica_counters& counters() const noexcept { return counters_; }
  /// What the last `full` lacked.
  [[nodiscard]] resource lacking() const noexcept { return lacking_; }
  [[nodiscard]] const store_type& store() const noexcept { return store_; }
  [[nodiscard]] const hlc& clock() const noexcept { return clock_; }
  /// Writes the text of a key of the store; `out` has room for it. Returns its length.
  std::size_t text_of(const key_ref& key, std::span<char> out) const noexcept { return Schema::write_text(key, out); }
  /// The application knows that the wall clock is right.
  void vouch(wall_ms wall) noexcept {
    clock_.vouch(wall);
    wall_.read(wall);
  }

 private:
  friend class detail::replica_verbs<replica>;
  friend class detail::replica_reads<replica>;
  friend class detail::replica_time<replica, typename Limits::time>;
  friend struct detail::swift_accept<replica>;
  friend class detail::swift_write<replica>;
  static constexpr std::size_t actor_places = Limits::actors;
  friend class detail::replica_catch_up<replica, Schema, Limits>;
  friend class detail::replica_image<replica, Schema, Limits>;
  friend class detail::replica_links<replica, Limits>;
  friend class detail::image_writer<replica, Schema, Limits>;
  friend class detail::image_loader<replica, Schema, Limits>;
  friend class detail::replica_members<replica, Limits>;
  friend class detail::replica_owners<replica, Schema, Limits>;
  friend class detail::replica_collect<replica, Limits>;
  friend class detail::replica_fences<replica, Limits>;
  friend struct detail::scope_access;
  static constexpr std::size_t quarantine_places = detail::quarantine_of<Limits>();
  static constexpr std::size_t key_bytes = store_type::key_bytes;
  static constexpr std::size_t text_bytes = Schema::longest + key_bytes;
  static constexpr bool carries = detail::carries<Limits>;
  /// What the policy of a path sees of a key.
  template <typename P>
  using readable_list = std::conditional_t<carries, detail::readable_records<typename P::policy, typename store_type::record_list>,
                                           typename store_type::record_list>;
  using key_buffer = std::array<char, key_bytes>;
  /// Most frames and operations cover a few runs of events; only what does not fit there is given room for as many as there can be.
  static constexpr std::size_t few = 16;
  static constexpr bool is_large = Limits::actors + Limits::ranges > 4 * few;
  static constexpr std::size_t small_actors = is_large ? few : Limits::actors;
  static constexpr std::size_t small_ranges = is_large ? 0 : Limits::ranges;
  using streamed = streamed_delta<Limits::actors>;
  /// A delta whose records lie in memory, as it is joined: where operations in their turn have no way of their own, one join serves all.
  template <std::size_t A>
  [[nodiscard]] static constexpr decltype(auto) as_joined(const flat_delta<A>& delta) noexcept {
    if constexpr (store_type::joins_quickly) {
      return (delta);
    } else {
      return streamed{delta};
    }
  }
  static constexpr std::size_t kept_records = store_type::joins_quickly ? 64 : 2;
  using small_frame = delta_frame<small_actors, small_ranges, kept_records>;
  using large_frame = delta_frame<Limits::actors, Limits::ranges, kept_records>;
  using local = local_delta<small_actors, small_ranges>;
  template <typename P, std::size_t A, std::size_t R>
  using edit_for = detail::local_edit<readable_list<P>, A, R, Limits::payload_bytes, detail::most_records<typename P::policy>()>;

  template <typename P, typename... Args>
  static constexpr void check_path() {
    static_assert(Schema::template has<P>, "this path is not in the replica's schema");
    static_assert(sizeof...(Args) == detail::pattern_of<P>().placeholders(),
                  "one argument for each placeholder of the path, and for sets the element");
    static_assert((path_argument<Args> && ...), "a placeholder stands for an integer or a text");
  }

  template <typename P, typename... Args>
  static constexpr void check_prefix() {
    static_assert(Schema::template has<P>, "this path is not in the replica's schema");
    static_assert(sizeof...(Args) < detail::pattern_of<P>().placeholders(), "fewer arguments than the path has placeholders");
    static_assert((path_argument<Args> && ...), "a placeholder stands for an integer or a text");
  }

  /// What stands for the placeholders of P, in `buffer`. `invalid` for an empty text or one with '/', `full` when it is too long.
  template <typename P, typename... Args>
  [[nodiscard]] static constexpr result<key_ref> make_key(key_buffer& buffer, const Args&... args) noexcept {
    detail::key_args parts{buffer};
    (parts.add(args), ...);
    return parts.error() == errc::ok ? result<key_ref>{key_ref{Schema::template index_of<P>, parts.written()}}
                                     : result<key_ref>{parts.error()};
  }

  /// `absent` for a key without live records.
  template <typename P, typename... Args>
  [[nodiscard]] errc check_present(const Args&... args) noexcept {
    check_path<P, Args...>();
    key_buffer buffer{};
    const result<key_ref> key = make_key<P>(buffer, args...);
    if (!key) {
      return refuse_key(key.error());
    }
    return records_of<P>(store_.find(key.value())).empty() ? errc::absent : errc::ok;
  }
  template <typename P>
  [[nodiscard]] constexpr readable_list<P> records_of(typename store_type::index slot) const noexcept {
    return readable_list<P>{store_.records(slot)};
  }

  errc lack(resource what) noexcept {
    lacking_ = what;
    return errc::full;
  }
  errc refuse(errc e) noexcept {
    counters_.count(e);
    return e;
  }
  /// What stands for the placeholders is too long, or cannot stand there.
  errc refuse_key(errc e) noexcept { return refuse(e == errc::full ? lack(resource::bytes) : e); }

  /// One local operation, as `mutate(edit)` describes it.
  template <typename P, typename Mutate, typename... Args>
  [[nodiscard]] result<delta_view> operate(Mutate&& mutate, stamp at, const hlc& clock, wall_ms wall, const Args&... args) {
    check_path<P, Args...>();
    key_buffer buffer{};
    const result<key_ref> key = make_key<P>(buffer, args...);
    if (const errc e = check_writer<P>(); e != errc::ok) {
      if (key && e == errc::not_owner) {
        overruled_.note(key.value(), {identity_.self(), 0, at, why::nothing, e});
      }
      return refuse(e);
    }
    if (!key) {
      return refuse_key(key.error());
    }
    if (!detail::names_element<P>(key.value())) {
      return refuse(errc::invalid);
    }
    return operate_at<P>(key.value(), mutate, at, clock, wall);
  }
  /// The kind of the records that an operation writes at a path; 0 while it is not chosen.
  template <typename P>
  [[nodiscard]] std::uint8_t kind_at() const noexcept {
    if constexpr (detail::choosing_policy<typename P::policy>) {
      return choices_[Schema::template index_of<P>];
    } else {
      return P::policy::kind;
    }
  }
  template <typename P>
  [[nodiscard]] errc check_writer() const noexcept {
    if (!alive_ || this->must_rejoin()) {
      return alive_ ? errc::fenced : errc::needs_epoch;
    }
    return detail::writer_of<P>().allows(identity_.role()) ? errc::ok : errc::not_owner;
  }
  template <typename P, typename Mutate>
  [[nodiscard]] result<delta_view> operate_at(const key_ref& key, Mutate&& mutate, stamp at, const hlc& clock, wall_ms wall) {
    bool crowded = false;
    const result<delta_view> done = operate_with<P, small_actors, small_ranges>(key, mutate, at, clock, wall, crowded);
    if constexpr (is_large) {
      return crowded ? operate_large<P>(key, mutate, at, clock, wall) : done;
    }
    return done;
  }
  template <typename P, typename Mutate>
  [[nodiscard, gnu::noinline]] result<delta_view> operate_large(const key_ref& key, Mutate&& mutate, stamp at, const hlc& clock,
                                                                wall_ms wall) {
    bool crowded = false;
    return operate_with<P, Limits::actors, Limits::ranges>(key, mutate, at, clock, wall, crowded);
  }
  /// `crowded`: the operation covers more than A actors and A + R runs, and nothing has happened.
  template <typename P, std::size_t A, std::size_t R, typename Mutate>
  [[nodiscard]] result<delta_view> operate_with(const key_ref& key, Mutate&& mutate, stamp at, const hlc& clock, wall_ms wall,
                                                bool& crowded) {
    if constexpr (detail::swift_write<replica>::exists && detail::most_records<typename P::policy>() == 1) {
      detail::swift_write<replica> quick{*this, key, at, kind_at<P>()};
      std::span<const std::byte> frame;
      if (quick.begins() && mutate(quick) && quick.run(clock, wall, frame)) {
        return delta_view{frame};
      }
    }
    const identity me = next_self();
    if (!(me.self() == identity_.self()) && !this->room_for_life()) {
      return refuse(lack(resource::members));
    }
    const actor self = me.self();
    // After a new epoch the old rows are another actor's and stay; the new life begins rows of its own.
    edit_for<P, A, R> edit{records_of<P>(store_.find(key)), self, store_.next(self), at, kind_at<P>()};
    const status mutated = mutate(edit);
    if (mutated.error() == errc::needs_epoch) {
      if (self == identity_.self()) {
        identity_.doubt();  // a record knows more of this life than this life does itself
      } else {
        identity_.stir(self.nonce);  // of the next one: a clone has taken it
      }
      ++counters_.amnesia;
      return operate_at<P>(key, mutate, at, clock, wall);
    }
    return conclude_edit<A>(edit, mutated, key, me, at, clock, wall, crowded);
  }
  template <std::size_t A, typename Edit>
  [[nodiscard]] result<delta_view> conclude_edit(Edit& edit, status mutated, const key_ref& key, const identity& me, stamp at,
                                                 const hlc& clock, wall_ms wall, bool& crowded) {
    const status closed = mutated ? edit.close(key) : mutated;
    crowded = edit.crowded();
    if (crowded && std::decay_t<decltype(edit.context())>::run_capacity < Limits::actors + Limits::ranges) {
      return errc::full;
    }
    if (!closed) {
      const resource lacks = mutated ? resource::ranges : resource::bytes;
      return refuse(!mutated && mutated.error() != errc::full ? mutated.error() : lack(lacks));
    }
    const flat_delta<A> delta{edit.context(), edit.written()};
    return commit(me, as_joined(delta), at, clock, wall);
  }
  /// Who the next operation belongs to: in doubt, a new life.
  [[nodiscard]] identity next_self() const noexcept {
    identity me = identity_;
    if (me.in_doubt() || store_.next(me.self()) == 0) {
      me.renew(this->greatest_generation());
    }
    return me;
  }
  template <typename Delta>
  [[nodiscard]] result<delta_view> commit(const identity& me, const Delta& delta, stamp at, const hlc& clock, wall_ms wall) {
    const actor self = me.self();
    byte_writer out{log_};
    if (!write_delta<text_bytes>(out, &self, delta, &Schema::write_text)) {
      return refuse(lack(resource::bytes));
    }
    join_report report;
    if (const status s = join_delta(delta, report); !s) {
      return refuse(s.error());
    }
    const bool renewed = !(self == identity_.self());
    if (renewed) {
      ++counters_.epochs;
      begin_chain();
    }
    stored_.chain.fold(store_.next(self) - 1, out.written());
    identity_ = me;
    if (renewed) {
      this->join_roster();
    }
    if (at != stamp{}) {
      clock_ = clock;
      wall_.read(wall);
    }
    ++counters_.operations;
    return delta_view{out.written()};
  }

  /// What is not of the usual kind.
  template <typename Frame>
  [[nodiscard, gnu::noinline]] result<receipt> accept_as(std::span<const std::byte> frame, instant_t now) {
    Frame received;
    const status parsed = received.parse(frame);
    if constexpr (!std::is_same_v<Frame, large_frame>) {
      if (parsed.error() == errc::full) {
        return accept_as<large_frame>(frame, now);
      }
    }
    return admit(received, parsed, now);
  }
  /// A delta frame of its own that came over a link.
  [[nodiscard]] result<receipt> accept_from(std::span<const std::byte> frame, detail::party from, instant_t now) {
    small_frame received;
    if (const status parsed = received.parse(frame); !parsed) {
      return parsed.error();
    }
    detail::schema_delta<Schema, Limits, small_frame> delta{received};
    return admit_from(delta, from, now);
  }
  /// Examines what a frame holds, and joins it.
  template <typename Frame>
  [[nodiscard]] result<receipt> admit(const Frame& received, status parsed, instant_t now) {
    if (!parsed) {
      return refuse(parsed.error() == errc::full ? lack(received.lacks_runs() ? resource::ranges : resource::actors) : parsed.error());
    }
    detail::schema_delta<Schema, Limits, Frame> delta{received};
    if (const errc e = this->hear_retired(received.sender(), delta.context()); e != errc::ok) {
      counters_.frames_accepted += e == errc::stale ? 1 : 0;
      return e == errc::stale ? result<receipt>{receipt{}} : result<receipt>{refuse(e)};
    }
    return admit_delta(delta, now, detail::no_party, [this, &delta](join_report& report) { return join_received(delta, report); });
  }
  /// The same for what a link has brought.
  template <typename Delta>
  [[nodiscard, gnu::noinline]] result<receipt> admit_from(Delta& delta, detail::party from, instant_t now) {
    if (this->comes_late(&links_.links[from].them, delta.context())) {
      return refuse(errc::fenced);
    }
    return admit_delta(delta, now, from, [this, &delta, from](join_report& report) { return join_delta(delta, report, from); });
  }
  template <typename Delta, typename Join>
  [[nodiscard]] result<receipt> admit_delta(Delta& delta, instant_t now, detail::party from, Join&& join_all) {
    const detection heard = detect(delta);
    const wall_ms wall = wall_.at(now);
    hlc clock = clock_;
    clock.passed(wall_.passed(now));
    resource lacks = resource::none;
    bool ahead = false;
    const result<stamp> latest =
        delta.examine(store_, clock, wall_.known() ? &wall : nullptr, quarantine_places > 0 ? &ahead : nullptr, lacks);
    if (!latest) {
      return refuse(latest.error() == errc::full ? lack(lacks) : latest.error());
    }
    join_report report;
    detail::sifted_out out;
    if (const status s = ahead || this->misses_owner(delta) ? this->join_sifted(clock, wall, delta, from, report, out) : join_all(report);
        !s) {
      return refuse(s.error());
    }
    clock.follow(latest.value());
    if (wall_.known() && latest.value() != stamp{}) {
      clock.confirm(wall, latest.value());
    }
    clock_ = clock;
    wall_.advance(now);
    ++counters_.frames_accepted;
    const detection verdict = report.conflicts > 0 ? detection::clone : heard;
    if (this->waiting() > 0) {
      errc later = errc::ok;
      (void)this->let_in(now, later);
    }
    return receipt{report.added, report.seen, report.removed, verdict, out.held, out.refused};
  }

  template <typename Delta>
  [[nodiscard]] status join_received(const Delta& delta, join_report& report) {
    if constexpr (store_type::joins_quickly) {
      if (delta.keeps()) {
        return join_delta(flat_delta<std::decay_t<decltype(delta.context())>::actor_capacity>{delta.context(), delta.flat()}, report);
      }
    }
    return join_delta(streamed{delta}, report);
  }
  template <typename Delta>
  [[nodiscard]] status join_delta(const Delta& delta, join_report& report, detail::party from = detail::no_party) {
    if (this->is_fenced(delta.context()) || this->holds_late(delta)) {
      return errc::fenced;
    }
    return join_events(delta, report, from);
  }
  template <typename Delta>
  [[nodiscard]] status join_events(const Delta& delta, join_report& report, detail::party from = detail::no_party) {
    if constexpr (detail::choices_of<Schema>::any) {
      if (!choices_.admits(delta, store_)) {
        return errc::mismatch;
      }
    }
    const status s = store_.join(
        delta, identity_.self(), report, [this](typename store_type::index slot, const actor& who) { prune(slot, who); }, from);
    return account(s, report);
  }
  /// What follows from any join, done or refused.
  [[nodiscard]] status account(status s, const join_report& report) noexcept {
    if (report.own_conflict && alive_) {
      identity_.conclude({identity_.self(), 0, false, false}, detection::clone);
      identity_.stir(report.own_greater ? 1 : 2);  // the clone, which holds the other content, sees it the other way round
    }
    lacking_ = s ? lacking_ : report.lacking;
    if (s) {
      counters_.records_added += report.added;
      counters_.records_seen += report.seen;
      counters_.records_removed += report.removed;
      counters_.clones += report.conflicts;
    }
    return s;
  }
  void prune(typename store_type::index slot, const actor& writer) { prune(slot, writer, store_.records(slot).size_exceeds(1)); }
  /// several   whether the key has more than one record: else nothing was overruled, and nothing is obsolete
  void prune(typename store_type::index slot, const actor& writer, bool several) {
    if (!several) {
      return;
    }
    Schema::visit(store_.key(slot).path, [&]<typename P>() {
      if constexpr (detail::overrules<typename P::policy>) {
        note_overruled<P>(slot, writer);
      }
      if constexpr (detail::has_obsolete<typename P::policy> && (!P::policy::removable || detail::is_permanent<P>())) {
        store_.prune(slot, writer, [](const record_view& r, const record_view& by) {
          const auto takes = [](const record_view& x) { return !carries || detail::takes_kind<typename P::policy>(x.kind); };
          return takes(r) && takes(by) && P::policy::obsolete(r, by);
        });
      }
    });
  }

  /// A record of `writer` has come to a key of which one record wins: it lost, or the one that won before has lost, neither having seen
  /// the other.
  template <typename P>
  void note_overruled([[maybe_unused]] typename store_type::index slot, [[maybe_unused]] const actor& writer) {
    if constexpr (detail::overruled_of<Limits>() == 0 && !carries) {
      ++counters_.overruled;  // nobody asks which one
    } else {
      note_which(records_of<P>(slot), slot, writer);
    }
  }
  template <typename Records>
  void note_which(const Records& records, typename store_type::index slot, const actor& writer) {
    record_view came{};
    record_view first{};
    record_view second{};
    records.for_each([&](const record_view& r) {
      came = r.n > came.n && r.who == writer ? r : came;
      int order = 1;
      if (first.n != 0) {
        (void)detail::compare_stamped(r, first, order);
      }
      if (order > 0) {
        second = first;
        first = r;
        return;
      }
      if (second.n != 0) {
        (void)detail::compare_stamped(r, second, order);
        second = order > 0 ? r : second;
      } else {
        second = r;
      }
    });
    if (second.n == 0 || came.n == 0) {
      return;
    }
    const bool won = came.n == first.n && came.who == first.who;
    const record_view& lost = won ? second : came;
    int order = 0;
    const why above = detail::compare_stamped(came, won ? second : first, order);
    if (overruled_.note(store_.key(slot), {lost.who, lost.n, lost.at, above, errc::ok})) {
      ++counters_.overruled;
    }
  }

  /// What a delta tells about this node's own lives. It counts also when the delta itself is then refused: a name that somebody else
  /// has used is in danger either way. Nobody on a file or a broker proves to be alive, so `live_sender` stays false.
  template <typename Delta>
  detection detect(const Delta& delta) noexcept {
    detection worst = detection::ok;
    if (!alive_) {
      return worst;
    }
    const auto& covers = delta.context();
    bool of_mine = false;
    for (const actor& who : covers.actors()) {
      of_mine = of_mine || who.id == identity_.self().id;
    }
    if (!of_mine) {
      return worst;  // nobody else's books say anything of mine
    }
    const std::uint64_t own = store_.next(identity_.self()) - 1;
    for (const auto& run : covers.runs()) {
      const detection verdict = conclude({covers.actors()[run.who], run.last, true, false}, own);
      worst = verdict > worst ? verdict : worst;
    }
    counters_.amnesia += worst == detection::amnesia_or_clone ? 1 : 0;
    return worst;
  }
  detection conclude(const heard& entry, std::uint64_t own) noexcept {
    const detection verdict = identity_.detect(entry, own);
    identity_.conclude(entry, verdict);
    return verdict;
  }

  /// Goes on as the life that this node has in another of its scopes.
  void live_as(const identity& me, bool revive) noexcept {
    const bool renewed = !(me.self() == identity_.self());
    identity_ = me;
    alive_ = alive_ || revive;
    if (renewed) {
      ++counters_.epochs;
      begin_chain();
      stored_.marks.closed = false;
      this->join_roster();
    }
  }
  /// The events of a new life are a chain of their own.
  void begin_chain() noexcept { stored_.chain.clear(); }
  /// Counts whatever changes what an image holds.
  [[nodiscard]] std::uint64_t change_count() const noexcept {
    if constexpr (logs) {
      return store_.arrivals();
    }
    return counters_.operations + counters_.frames_accepted + counters_.records_added + counters_.records_seen + counters_.records_removed;
  }
  static constexpr bool logs = store_type::logs;

  void assign(const replica& other) noexcept {
    store_ = other.store_;
    identity_ = other.identity_;
    clock_ = other.clock_;
    wall_ = other.wall_;
    quarantine_ = other.quarantine_;
    overruled_ = other.overruled_;
    choices_ = other.choices_;
    membership_ = other.membership_;
    counters_ = other.counters_;
    stored_ = other.stored_;
    lacking_ = other.lacking_;
  }
  /// In place: a large store does not fit onto the stack.
  void forget_everything() noexcept {
    store_.~store_type();
    ::new (static_cast<void*>(&store_)) store_type{};
    quarantine_ = {};
    links_ = {};  // what the peers had heard of belongs to the old life
  }
  void copy(const replica& other) noexcept {
    assign(other);
    alive_ = false;
    links_ = {};  // its peers have the original at the other end
    digest_.reset();
    stored_.marks = {};  // the disk is the original's
    stored_.marks.rule = other.stored_.marks.rule;
  }
  /// The identity moves along; what stays behind is a clone.
  void take(replica& other) noexcept {
    assign(other);
    links_ = other.links_;
    other.links_ = {};
    digest_.reset();  // what was being asked is asked again
    other.digest_.reset();
    other.stored_.marks = {};
    alive_ = other.alive_;
    other.alive_ = false;
  }

  store_type store_{};
  identity identity_{};
  hlc clock_{};
  detail::wall_estimate<instant_t> wall_{};
  [[no_unique_address]] detail::quarantine<detail::store_limits<Schema, Limits>, quarantine_places> quarantine_{};
  [[no_unique_address]] detail::choices_of<Schema> choices_{};
  [[no_unique_address]] detail::membership<Limits::members, detail::mesh_of<Limits>(), Limits::actors, Limits::links_max> membership_{};
  [[no_unique_address]] detail::overruled_ring<detail::store_limits<Schema, Limits>, detail::overruled_of<Limits>()> overruled_{};
  replica_counters counters_{};
  detail::stored_state<Limits> stored_{};
  [[no_unique_address]] detail::link_table<Limits, Limits::links_max> links_{};
  [[no_unique_address]] detail::digest_for<store_type, text_bytes, Limits> digest_{};
  std::array<std::byte, Limits::log_bytes> log_{};  ///< holds the last delta
  resource lacking_ = resource::none;
  bool alive_ = false;  ///< has an identity that nobody else has
};

}  // namespace skerry::inline v0::state
