// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/state/detail/fence_frame.hpp>
#include <skerry/state/detail/link_context.hpp>
#include <skerry/state/detail/link_cutter.hpp>
#include <skerry/state/detail/link_digest.hpp>
#include <skerry/state/detail/link_reader.hpp>
#include <skerry/state/detail/link_state.hpp>
#include <skerry/state/detail/state_hash.hpp>
#include <skerry/state/replica_counters.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// The links of a replica: what peers tell each other, and when.
///
/// Nothing here sends: `poll` hands out one frame at a time, `receive` takes one in, `next_deadline` says when to poll without cause.
/// Frames may be lost, repeated and reordered. A contact begins with hellos, in which each side draws a number; all later frames are
/// bound to both numbers. What changed goes out as deltas, each true by itself (see `link_cutter`), and is acknowledged by how far the
/// receiver has followed the sender's log without a gap; what is not acknowledged is sent again. Where the log does not reach back, or
/// does not know the peer, the peer's context is asked for, and what it lacks is put at the end of the log, for this link only.
template <typename Replica, typename Limits>
class replica_links {
  using time = typename Limits::time;

 public:
  /// Begins a contact with the node of that id. What is known of an earlier one with it is used.
  ///
  /// Errors  `needs_epoch` for a replica that may not write; `invalid` for an mtu below `least_mtu`; `full`
  [[nodiscard]] result<link_id> connect(std::uint64_t peer, link_options options, time now) requires(Limits::links_max > 0) {
    if (!self().alive_) {
      return self().refuse(errc::needs_epoch);
    }
    if (options.mtu != 0 && options.mtu < Replica::least_mtu) {
      return self().refuse(errc::invalid);
    }
    auto& table = self().links_;
    std::size_t at = table.links.size();
    for (std::size_t i = 0; i < table.links.size(); ++i) {
      const auto& l = table.links[i];
      const auto rank = [peer](const auto& link) {
        return link.taken && link.peer == peer ? 3 : (!link.taken ? 2 : (link.connected ? 0 : 1));
      };
      if (rank(l) > 0 && (at == table.links.size() || rank(l) > rank(table.links[at]))) {
        at = i;
      }
    }
    if (at == table.links.size()) {
      return self().refuse(errc::full);
    }
    auto& link = table.links[at];
    if (!link.taken || link.peer != peer) {
      forget_marks(static_cast<party>(at));
      link = {};
      link.taken = true;
      link.peer = peer;
    }
    if (table.log_name == 0) {
      table.log_name = draw(now, at);
    }
    link.options = options;
    link.connected = true;
    link.spent = 0;
    link.retries = 0;
    self().digest_.drop(static_cast<party>(at));
    if (link.greeted && link.complete && link.said == self().identity_.self() && !link.wanting && !link.repairing && !link.crowded) {
      take_up(link);
    } else {
      greet(link, now, at);
    }
    settle();
    return static_cast<link_id>(at);
  }
  /// Ends a contact. What is known of the peer stays as long as nobody else needs the place.
  void disconnect(link_id id) noexcept requires(Limits::links_max > 0) {
    if (auto* link = find(id)) {
      link->connected = link->waiting = link->digest_due = false;
      self().digest_.drop(static_cast<party>(id));
      settle();
    }
  }

  /// The next frame for a peer, at the beginning of `out`; 0 when there is nothing to say now. To be asked until it answers 0: after
  /// every change, every `receive`, and at `next_deadline`.
  ///
  /// Errors  `absent` for no link, `full` when `out` (or the mtu) is too short for the smallest frame that says something
  [[nodiscard]] result<std::size_t> poll(link_id id, time now, std::span<std::byte> out) requires(Limits::links_max > 0) {
    auto* link = find(id);
    if (link == nullptr) {
      return errc::absent;
    }
    forget_reassigned();
    if (link->waiting && deadline<time>{link->due}.due(now)) {
      run_out(*link, now);
    }
    const std::size_t mtu = link->options.mtu != 0 && link->options.mtu < out.size() ? link->options.mtu : out.size();
    const std::uint64_t left = link->options.contact_bytes == 0 ? mtu : link->options.contact_bytes - link->spent;
    const std::size_t room = left < mtu ? static_cast<std::size_t>(left) : mtu;
    const result<std::size_t> size = say(*link, static_cast<party>(id), now, out.first(room));
    if (!size) {
      return size.error() == errc::full && room < mtu ? result<std::size_t>{std::size_t{0}} : result<std::size_t>{size.error()};
    }
    link->spent += size.value();
    self().counters_.frames_sent += size.value() > 0 ? 1 : 0;
    if (link->resuming && size.value() > 0 && !is_fence_frame(out.first(size.value()))) {
      arm(*link, now);  // one frame, until the peer shows that it remembers
    }
    return size;
  }

  /// Takes in a frame of a peer.
  ///
  /// Errors  those of `accept`; `stale` for a frame of another contact, `gap` for one that names what is not known yet (it is asked
  ///         for), `mismatch` for a hello of another node, `out_of_range` for an acknowledgement of what was never sent. A refused
  ///         frame changes nothing but the counters.
  [[nodiscard]] result<receipt> receive(link_id id, std::span<const std::byte> frame, time now) requires(Limits::links_max > 0) {
    auto* link = find(id);
    if (link == nullptr) {
      return errc::absent;
    }
    forget_reassigned();
    if (is_fence_frame(frame)) {
      return self().accept(frame, now);
    }
    if (frame.size() >= 2 && (std::to_integer<unsigned>(frame[0]) & 0xf) == static_cast<unsigned>(frame_kind::hello)) {
      return hear_hello(*link, static_cast<party>(id), frame, now);
    }
    if (link->theirs == 0) {
      link->hello_due = link->hello_due || !link->waiting;
      return self().refuse(errc::stale);
    }
    const result<opened_frame> opened = open_frame(frame, link->incoming());
    if (!opened) {
      if (opened.error() == errc::stale && !link->hello_due) {
        // Of another contact: of the one that a hello named, of one that is over, or of one to which a late hello took the peer back.
        link->echo = link->other;
        link->hello_due = true;
      }
      return self().refuse(opened.error());
    }
    const opened_frame& f = opened.value();
    const bool resumed = link->resuming;
    link->resuming = false;
    result<receipt> taken{errc::unsupported};
    switch (f.kind) {
      case frame_kind::delta: taken = hear_delta(*link, static_cast<party>(id), f, now); break;
      case frame_kind::ack: taken = hear_ack(*link, f.body); break;
      case frame_kind::in_sync:
        link->sync_due = link->sync_due || (link->compared && !resumed && (f.flags & link_flag::acks) != 0);
        taken = hear_in_sync(*link, static_cast<party>(id), f);
        break;
      case frame_kind::digest:
      case frame_kind::symbols: taken = hear_digest(*link, static_cast<party>(id), f, now); break;
      case frame_kind::want:
        taken = is_repair(f.body) ? hear_digest(*link, static_cast<party>(id), f, now) : hear_want(*link, f.body);
        break;
      case frame_kind::context: taken = hear_context(*link, static_cast<party>(id), f.body); break;
      default: taken = is_plain(frame[0]) ? hear_delta(*link, static_cast<party>(id), f, now) : taken; break;
    }
    if (!taken) {
      return self().refuse(taken.error());
    }
    if (!link->greeted || resumed) {
      link->greeted = true;
      calm(*link);
    }
    return taken;
  }

  /// When `poll` has something to do that no change and no frame announces.
  [[nodiscard]] deadline<time> next_deadline() const noexcept {
    deadline<time> first = self().release_deadline();
    if constexpr (Limits::links_max > 0) {
      for (const auto& link : self().links_.links) {
        if (link.connected && link.waiting) {
          first = !first || elapsed(link.due, first.value()) < duration_t<time>{} ? deadline<time>{link.due} : first;
        }
      }
    }
    return first;
  }

  /// How many changes there were.
  [[nodiscard]] std::uint64_t arrivals() const noexcept { return self().store_.arrivals(); }
  /// What was seen, and what is there, as numbers: equal replicas, equal numbers. Cost: O(actors + ranges), O(bytes of all records).
  [[nodiscard]] std::uint64_t context_hash() const noexcept { return self().store_.context_hash(); }
  [[nodiscard]] std::uint64_t content_hash() const {
    return self().store_.template content_hash<Replica::text_bytes>(&Replica::schema_type::write_text);
  }

 private:
  friend Replica;
  constexpr replica_links() noexcept = default;
  ~replica_links() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  [[nodiscard]] auto* find(link_id id) noexcept {
    auto& links = self().links_.links;
    const auto at = static_cast<std::size_t>(id);
    return at < links.size() && links[at].connected ? &links[at] : nullptr;
  }
  /// A number that no other contact has had, as far as this node can make one: never 0.
  [[nodiscard]] std::uint32_t draw(time now, std::size_t at) noexcept {
    skerry::detail::siphash<1, 3> state{0x636f6e74616374, skerry::detail::hash64_second_key};
    absorb(state, self().identity_.self());
    state.word(self().store_.arrivals());
    state.word(self().clock_.last().bits());
    state.word(static_cast<std::uint64_t>(count_of<time>(elapsed(now, time{}))));
    state.word(static_cast<std::uint64_t>(++self().links_.contacts) << 16 | at);
    const auto drawn = static_cast<std::uint32_t>(state.finish(0));
    return drawn != 0 ? drawn : 1;
  }
  /// Begins a contact from what both sides will say in their hellos.
  template <typename Link>
  void greet(Link& link, time now, std::size_t at) noexcept {
    auto& store = self().store_;
    link.greeted = link.resuming = link.ack_due = link.sync_due = link.context_due = link.names_due = false;
    link.wanting = link.want_due = link.repairing = link.digest_due = link.crowded = link.waiting = false;
    link.compared = link.matched = link.doubting = false;
    link.hello_due = true;
    link.attempt = 0;
    link.mine = draw(now, at);
    link.theirs = link.echo = link.other = 0;
    link.said = self().identity_.self();
    link.base = link.complete ? link.confirmed : store.arrivals();
    link.base_n = store.next(link.said) - 1 - (store.arrivals() - link.base);
    link.base_ms = self().clock_.last().ms();
    link.forget_names();
    link.forget_their_names();
  }
  /// Goes on with the contact that there was: if the peer remembers it as well, no hello is needed. One frame asks.
  template <typename Link>
  void take_up(Link& link) noexcept {
    link.resuming = true;
    link.hello_due = link.waiting = link.sync_due = link.context_due = link.names_due = link.digest_due = false;
    link.compared = link.matched = link.doubting = false;
    link.sent = link.acked;
    link.part_to = 0;
    link.attempt = 0;
  }
  void forget_marks(party link) noexcept { self().store_.forget_link(link); }
  void forget_reassigned() noexcept {
    self().store_.take_reassigned([this](auto slot) {
      for (auto& link : self().links_.links) {
        link.forget_place(slot);
      }
    });
  }
  /// Up to where every link whose state means something has heard of all.
  void settle() noexcept {
    std::uint64_t least = UINT64_MAX;
    for (const auto& link : self().links_.links) {
      if (link.taken && (link.connected || link.complete) && link.told(link.acked) < least) {
        least = link.told(link.acked);
      }
    }
    self().store_.settle(least);
  }
  template <typename Link>
  void arm(Link& link, time now) const noexcept {
    link.due = advance(now, from_ms<time>(static_cast<std::int64_t>(link.options.retry_ms) << link.retries));
    link.waiting = true;
  }
  /// The peer has answered.
  template <typename Link>
  void calm(Link& link) noexcept {
    link.retries = 0;
    rest(link);
  }
  template <typename Link>
  void rest(Link& link) noexcept {
    link.waiting = link.waiting && (link.sent > link.acked || link.wanting || !link.greeted || (link.compared && !link.matched) ||
                                    self().digest_.asking() == number_of(link));
  }
  template <typename Link>
  void run_out(Link& link, time now) noexcept {
    link.waiting = false;
    link.retries = link.retries < 6 ? static_cast<std::uint8_t>(link.retries + 1) : link.retries;
    if (link.resuming) {
      greet(link, now, number_of(link));
    }
    if (!link.open()) {
      link.hello_due = true;
      return;
    }
    if (link.sent > link.acked) {
      link.sent = link.acked;
      ++self().counters_.retransmissions;
    }
    link.part_to = 0;
    link.want_due = link.want_due || link.wanting;
    if (link.compared && !link.matched) {  // one of the two that say that all is equal was lost
      link.doubting = link.sync_due = true;
    }
    const party number = number_of(link);
    if (self().digest_.asking() == number) {
      self().digest_.retry(number);
      link.sync_due = link.sync_due || self().digest_.asking() != number;  // nobody answers: stores are compared as a whole again
    }
  }
  template <typename Link>
  void start_exchange(Link& link) noexcept {
    link.wanting = link.want_due = true;
    link.complete = link.compared = link.matched = false;
    link.want_from = 0;
    ++link.attempt;
  }
  /// Where short names of actors get their salt: of the contact, and another one in each attempt.
  [[nodiscard]] static std::uint64_t salt(std::uint32_t asking, std::uint32_t telling, std::uint8_t attempt) noexcept {
    return hash64(static_cast<std::uint64_t>(asking) << 32 | telling, attempt);
  }

  // Speaking.

  template <typename Link>
  [[nodiscard]] result<std::size_t> say(Link& link, party number, time now, std::span<std::byte> out) {
    if (link.hello_due) {
      return say_hello(link, now, out);
    }
    if (!link.open() || (link.resuming && link.waiting)) {
      return std::size_t{0};
    }
    if (const std::size_t size = self().say_fence(number, link.mine, out); size > 0) {
      return size;  // the roster first, data after
    }
    const auto& store = self().store_;
    using number_type = typename std::decay_t<decltype(store.table().log())>::number;
    constexpr std::uint64_t reach = static_cast<number_type>(-1) / 2;
    const std::uint64_t arrivals = store.arrivals();
    bool ahead = arrivals > link.sent;
    if (!link.wanting && arrivals > link.acked) {
      const std::uint64_t back = arrivals > reach ? arrivals - reach : 0;
      const std::uint64_t forgotten = store.table().log().forgotten();
      const std::uint64_t remembers = back > forgotten ? back : forgotten;
      if (plan_link(link.told(link.acked), arrivals, remembers) == link_plan::exchange) {
        if (!link.waiting || (link.sent == link.acked && link.part_to == 0)) {
          start_exchange(link);
        } else {  // what is on the way may yet be acknowledged: what comparing puts in the log can push out what others are waiting for
          ahead = ahead && link.told(link.sent) >= remembers;
        }
      }
    }
    const bool silent = self().sends_durable() && self().durable_changes() < arrivals;
    promise(link);
    if (ahead && !silent && !(link.wanting && link.want_from == 0)) {
      const result<std::size_t> size = say_delta(link, number, now, out);
      if (!size || size.value() > 0) {
        return size;
      }
    }
    if (link.names_due || link.want_due) {
      return say_want(link, now, out);
    }
    // What is here and not on disk yet is nothing that a peer may rely on, whichever frame would tell it.
    const bool stored = !self().acknowledges_durable() || self().durable_changes() >= arrivals;
    if (link.context_due && stored) {
      return say_context(link, out);
    }
    if (link.ack_due) {
      return say_ack(link, out);
    }
    if (link.digest_due || self().digest_.has_news(number)) {
      const result<std::size_t> size = say_digest(link, number, now, out);
      if (!size || size.value() > 0) {
        return size;
      }
    }
    if (stored && (link.sync_due || (!link.compared && !link.wanting && link.acked == store.arrivals()))) {
      return say_in_sync(link, now, out);
    }
    return std::size_t{0};
  }
  template <typename Link>
  [[nodiscard]] std::uint8_t seal_flag(const Link& link) const noexcept {
    return link.options.checksum ? wire::has_checksum : std::uint8_t{0};
  }
  /// Seals what `out` holds, if it fits with its seal.
  template <typename Link>
  [[nodiscard]] result<std::size_t> sealed(const Link& link, std::span<std::byte> out, const byte_writer& body) const noexcept {
    if (body.error() != errc::ok || out.size() - body.written().size() < seal_size(link.options.checksum)) {
      return errc::full;
    }
    return seal_frame(out, body.written().size(), link.outgoing());
  }

  template <typename Link>
  [[nodiscard]] result<std::size_t> say_hello(Link& link, time now, std::span<std::byte> out) noexcept {
    auto& store = self().store_;
    hello h;
    h.sender = link.said;
    h.nonce = link.mine;
    h.echo = link.echo != 0 ? link.echo : link.theirs;
    h.answer = !link.greeted;
    h.elsewhere = link.greeted && h.echo != link.theirs;
    h.schema = Replica::schema_type::hash;
    h.log = self().links_.log_name;
    h.arrivals = link.base;
    h.ms = link.base_ms;
    h.n = link.base_n;
    h.own_n = store.next(link.said) - 1;
    h.chain = link.said == self().self() ? self().chain().value : 0;
    h.interned = Link::interned;
    h.runs = Limits::actors + Limits::ranges;
    h.held_log = link.their_log;
    h.held = link.received;
    if (h.echo == link.theirs && link.theirs != 0) {
      h.known_n = store.next(link.them) - 1;
    }
    h.known_generation = store.actors().greatest_generation(link.peer);
    byte_writer w{out};
    h.encode(w);
    if (w.error() != errc::ok) {
      return w.error();
    }
    link.hello_due = false;
    link.echo = 0;
    if (!link.greeted) {
      arm(link, now);
    }
    return w.written().size();
  }
  template <typename Link>
  [[nodiscard]] result<std::size_t> say_delta(Link& link, party number, time now, std::span<std::byte> out) {
    if (out.size() < seal_size(link.options.checksum)) {
      return errc::full;
    }
    link_cutter<typename Replica::schema_type, Limits, typename Replica::store_type> cutter{self().store_, link, number,
                                                                                            self().identity_.self()};
    const auto flags = static_cast<std::uint8_t>(seal_flag(link) | (link.repairing ? link_flag::repairs : 0));
    const result<std::size_t> body = cutter.cut(out.first(out.size() - seal_size(link.options.checksum)), flags,
                                                link.ack_due ? &link.promised : nullptr, link.sent, !link.naming_over);
    if (!body && body.error() == errc::empty) {
      if (link.sent == link.acked) {  // what came since is what the peer itself has said
        link.acked = link.sent = cutter.to();
        settle();
      }
      return std::size_t{0};
    }
    if (!body) {
      return body;
    }
    bool named = false;
    cutter.for_each_named_key([&](auto slot) {
      link.key_names.say(slot);
      named = true;
    });
    cutter.for_each_named_actor([&](actor_ref who) {
      link.actor_names.say(who);
      named = true;
    });
    const std::uint64_t arrivals = self().store_.arrivals();
    if (cutter.to() < arrivals) {
      link.cut_short(link.sent, arrivals);
    }
    if (named && !link.naming_over && cutter.to() > link.naming) {
      link.naming = cutter.to();
    }
    if (cutter.goes_on()) {
      link.part_to = cutter.to();
      link.part_after = cutter.last_told();
      link.part_ends = cutter.to() == arrivals;
    } else {
      link.part_to = 0;
      link.sent = cutter.to();
      link.highest = link.sent > link.highest ? link.sent : link.highest;
    }
    link.ack_due = link.ack_due && !cutter.acknowledges();
    if (!link.waiting) {
      arm(link, now);
    }
    return seal_frame(out, body.value(), link.outgoing());
  }
  template <typename Link>
  [[nodiscard]] result<std::size_t> say_want(Link& link, time now, std::span<std::byte> out) noexcept {
    byte_writer w{out};
    begin_frame(w, frame_kind::want, seal_flag(link));
    if (link.names_due) {
      w.u8(static_cast<std::uint8_t>(wanted::names));
    } else {
      w.u8(static_cast<std::uint8_t>(wanted::context));
      w.u8(link.attempt);
      w.u32(link.want_from);
      w.u64(self().store_.context_hash());
    }
    const result<std::size_t> size = sealed(link, out, w);
    if (size) {
      (link.names_due ? link.names_due : link.want_due) = false;
      if (link.wanting) {
        arm(link, now);
      }
    }
    return size;
  }
  template <typename Link>
  [[nodiscard]] result<std::size_t> say_context(Link& link, std::span<std::byte> out) noexcept {
    byte_writer w{out};
    begin_frame(w, frame_kind::context, seal_flag(link));
    w.u8(link.tell_attempt);
    const std::size_t end = seal_size(link.options.checksum);
    if (w.error() != errc::ok || w.free_bytes() < end) {
      return errc::full;
    }
    const std::size_t head = w.written().size();
    const result<std::size_t> body = write_context<Limits::actors>(out.subspan(head, out.size() - head - end), self().store_,
                                                                   salt(link.theirs, link.mine, link.tell_attempt), link.tell_from);
    if (!body) {
      return body;
    }
    link.context_due = false;
    return seal_frame(out, head + body.value(), link.outgoing());
  }
  template <typename Link>
  [[nodiscard]] result<std::size_t> say_ack(Link& link, std::span<std::byte> out) noexcept {
    byte_writer w{out};
    begin_frame(w, frame_kind::ack, seal_flag(link));
    w.varint(link.promised - link.their_base);
    const result<std::size_t> size = sealed(link, out, w);
    link.ack_due = link.ack_due && !size;
    return size;
  }
  template <typename Link>
  [[nodiscard]] result<std::size_t> say_in_sync(Link& link, time now, std::span<std::byte> out) {
    byte_writer w{out};
    begin_frame(w, frame_kind::in_sync,
                static_cast<std::uint8_t>(seal_flag(link) | (link.resuming ? link_flag::acks : 0) |
                                          (link.doubting && !link.matched ? link_flag::asks : 0)));
    w.u64(context_hash());
    w.u64(content_hash());
    w.varint(link.received < link.their_base ? 0 : link.received - link.their_base);
    if (link.resuming && Limits::members > 0) {
      w.u16(self().fence_mark());
    }
    const result<std::size_t> size = sealed(link, out, w);
    if (size) {
      link.sync_due = false;
      link.compared = true;
      link.repairing = link.repairing && link.acked != self().store_.arrivals();
      if (!link.matched && !link.waiting) {
        arm(link, now);
      }
    }
    return size;
  }

  // Hearing.

  template <typename Link>
  [[nodiscard]] result<receipt> hear_hello(Link& link, party number, std::span<const std::byte> frame, time now) {
    const result<hello> heard_hello = hello::decode(frame);
    if (!heard_hello) {
      return self().refuse(heard_hello.error());
    }
    const hello& h = heard_hello.value();
    if (h.sender.id != link.peer) {
      return self().refuse(errc::mismatch);
    }
    receipt taken;
    taken.verdict = recognise(link, h);
    const bool fresh = h.nonce != link.theirs;
    const std::uint32_t mine = link.mine;
    if (fresh) {
      if (link.theirs != 0 && link.greeted && !link.resuming && h.echo != link.mine) {
        link.echo = link.other = h.nonce;  // of another contact, old or new: which one, its answer will tell
        link.hello_due = true;
        return taken;
      }
      adopt(link, number, h, now);
    }
    if (h.echo == link.mine) {
      link.other = 0;
      if (!link.greeted) {
        link.greeted = true;
        calm(link);
      }
    }
    // Who is known to be heard goes on with something else, which says as much, unless the peer still takes it for another contact.
    link.hello_due = mine != link.mine || h.elsewhere || (!(fresh && h.echo == link.mine) && (link.hello_due || h.answer));
    return taken;
  }
  /// What a hello tells about this node's own past.
  template <typename Link>
  [[nodiscard]] detection recognise(const Link& link, const hello& h) noexcept {
    auto& r = self();
    if (!r.alive_) {
      return detection::ok;
    }
    const actor me = r.identity_.self();
    const std::uint64_t own = r.store_.next(me) - 1;
    detection worst = detection::ok;
    const auto weigh = [&](const heard& entry) {
      const detection verdict = r.conclude(entry, own);
      worst = verdict > worst ? verdict : worst;
    };
    if (h.sender.id == me.id) {
      worst = r.heard_chain(h.sender, {h.own_n, h.chain}, true);
    }
    if (h.echo == link.mine && link.said == me) {
      weigh({me, h.known_n, true, false});
    }
    if (h.known_generation > me.generation) {
      weigh({{me.id, static_cast<std::uint32_t>(h.known_generation), 0}, 1, true, false});
    }
    r.counters_.amnesia += worst == detection::amnesia_or_clone ? 1 : 0;
    r.counters_.clones += worst == detection::clone ? 1 : 0;
    return worst;
  }
  /// A new contact of the peer's.
  template <typename Link>
  void adopt(Link& link, party number, const hello& h, time now) noexcept {
    const auto& store = self().store_;
    link.theirs = h.nonce;
    link.other = 0;
    link.them = h.sender;
    link.their_base = h.arrivals;
    link.their_ms = h.ms;
    link.their_n = h.n;
    link.their_interned = static_cast<std::uint16_t>(h.interned < 0xffff ? h.interned : 0xffff);
    link.their_runs = static_cast<std::uint16_t>(h.runs < 0xffff ? h.runs : 0xffff);
    link.forget_names();
    link.forget_their_names();
    link.greeted = link.resuming = link.ack_due = link.sync_due = link.context_due = link.names_due = false;
    link.wanting = link.want_due = link.repairing = link.compared = link.matched = link.doubting = false;
    link.attempt = 0;
    if (h.log != link.their_log) {
      // The peer may have been told that more was received, and may turn out to be in the same log still: it must not go on from there.
      link.mine = link.received > 0 ? draw(now, number) : link.mine;
      link.their_log = h.log;
      link.received = link.kept = link.promised = 0;
      forget_marks(number);
    }
    const bool follows = h.held_log == self().links_.log_name && link.complete;
    if (follows && h.held > store.arrivals()) {
      ++self().counters_.acks_refused;
    }
    link.part_to = link.part_of = link.agreed = 0;
    if (follows && h.held >= link.confirmed && h.held <= store.arrivals()) {
      link.acked = h.held > link.acked ? h.held : link.acked;
      link.confirmed = h.held;
      link.highest = link.acked > link.highest ? link.acked : link.highest;
      link.sent = link.acked;
    } else {
      begin_anew(link);
      start_exchange(link);
    }
    settle();
  }

  template <typename Link>
  [[nodiscard]] result<receipt> hear_delta(Link& link, party number, const opened_frame& f, time now) {
    byte_reader in{f.body};
    std::uint64_t acked = 0;
    const bool acks = (f.flags & link_flag::acks) != 0;
    if (acks) {
      acked = link.base + in.varint();
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (const errc e = check_ack(link, acked); e != errc::ok) {
        return e;
      }
    }
    auto& r = self();
    link_reader<typename Replica::schema_type, Limits, typename Replica::store_type> reader{r.store_, link};
    if (const status s = reader.parse(f.kind, f.flags, in.remaining()); !s) {
      if (s.error() == errc::absent) {
        link.names_due = true;
        return errc::gap;
      }
      return s.error() == errc::full ? r.lack(reader.lacks_runs() ? resource::ranges : resource::actors) : s.error();
    }
    result<receipt> taken{receipt{}};
    if (reader.to() > link.received) {
      taken = r.admit_from(reader, number, now);
      if (!taken) {
        if (taken.error() == errc::full) {
          make_room(link, number);
        }
        return taken;
      }
      forget_reassigned();
      reader.for_each_key_name([&](std::uint64_t name, const key_ref& key) {
        const auto slot = r.store_.table().find_place(key);
        link.keys[static_cast<std::size_t>(name)] = slot == Replica::store_type::none ? Link::no_key : slot;
      });
      reader.for_each_actor_name([&](std::uint64_t name, const actor& who) {
        if (name < link.actors.size()) {
          const actor_ref ref = r.store_.actors().find(who);
          link.actors[static_cast<std::size_t>(name)] = ref == no_actor ? Link::no_number : static_cast<typename Link::actor_number>(ref);
        }
      });
      if (taken.value().quarantined == 0 && reader.from() <= link.received && completes(link, reader)) {
        link.received = reader.to();
        keep(link);
      }
    }
    link.ack_due = link.promised >= link.their_base && link.promised > 0;
    if (acks) {
      acknowledge(link, acked);
    }
    return taken;
  }
  /// Whether nothing of the change that a frame ends with is missing: parts count in their order.
  template <typename Link, typename Reader>
  [[nodiscard]] static bool completes(Link& link, const Reader& reader) noexcept {
    const bool follows = reader.part_after() == 0 || (link.part_of == reader.to() && link.part_end == reader.part_after());
    if (follows) {
      link.part_of = reader.to();
      link.part_end = reader.part_end();
    }
    return follows && reader.part_end() == 0;
  }
  /// What was received may be acknowledged, or waits for the disk: one mark at a time, or none would ever be reached.
  template <typename Link>
  void keep(Link& link) noexcept {
    if (!self().acknowledges_durable()) {
      link.promised = link.kept = link.received;
    } else if (link.kept == link.promised) {
      link.kept = link.received;
      link.kept_at = self().store_.arrivals();
    }
  }
  /// Whether what waits for the disk is there.
  template <typename Link>
  void promise(Link& link) noexcept {
    if (link.kept > link.promised && (!self().acknowledges_durable() || link.kept_at <= self().durable_changes())) {
      link.promised = link.kept;
      link.ack_due = link.promised >= link.their_base;
      if (link.received > link.kept) {
        keep(link);
      }
    }
  }

  template <typename Link>
  [[nodiscard]] errc check_ack(const Link& link, std::uint64_t upto) noexcept {
    if (plan_link(upto, link.highest, 0) == link_plan::refuse) {
      ++self().counters_.acks_refused;
      return errc::out_of_range;
    }
    return errc::ok;
  }
  template <typename Link>
  void acknowledge(Link& link, std::uint64_t upto) noexcept {
    if (upto <= link.confirmed) {
      return;
    }
    link.confirmed = upto;
    link.acked = upto > link.acked ? upto : link.acked;
    link.sent = link.sent > link.acked ? link.sent : link.acked;
    if (link.naming != 0 && upto >= link.naming) {
      link.key_names.acknowledge();
      link.actor_names.acknowledge();
      link.naming = 0;
    }
    link.naming_over = link.naming != 0;  // or their acknowledgement would move away as fast as it comes
    calm(link);
    settle();
  }
  template <typename Link>
  [[nodiscard]] result<receipt> hear_ack(Link& link, std::span<const std::byte> body) {
    byte_reader in{body};
    const std::uint64_t upto = link.base + in.varint();
    if (const status s = in.finish(); !s) {
      return s.error();
    }
    if (const errc e = check_ack(link, upto); e != errc::ok) {
      return e;
    }
    acknowledge(link, upto);
    return receipt{};
  }

  template <typename Link>
  [[nodiscard]] result<receipt> hear_in_sync(Link& link, party number, const opened_frame& f) {
    byte_reader in{f.body};
    const std::uint64_t context = in.u64();
    const std::uint64_t content = in.u64();
    const std::uint64_t had = link.base + in.varint();  // what the peer had of this side's when it said so
    const std::uint16_t mark = in.remaining().empty() ? self().fence_mark() : in.u16();
    if (const status s = in.finish(); !s) {
      return s.error();
    }
    if (mark != self().fence_mark()) {
      self().say_fence_again(number);
    }
    auto& store = self().store_;
    const bool same_context = context == context_hash();
    if (same_context && link.wanting) {
      begin_anew(link);
      link.wanting = link.want_due = false;
      link.complete = true;
    }
    if (same_context && content == content_hash()) {
      link.repairing = link.doubting = false;
      link.matched = true;
      link.sync_due = link.sync_due || (f.flags & link_flag::asks) != 0;
      link.agreed = static_cast<std::uint16_t>(store.actors().size());
      link.acked = link.sent = store.arrivals();
      link.complete = true;
      calm(link);
      settle();
      return receipt{};
    }
    link.doubting = true;
    link.want_due = link.want_due || (link.wanting && link.want_from == 0);  // something has come since it was asked
    // Between equal contexts no event is on its way, whatever became of the count of what was received.
    const bool settled = link.acked == store.arrivals() && !link.wanting && (same_context || had >= link.confirmed);
    if (!settled) {
      link.compared = false;  // what is missing is on its way: asked again when it is there
      return receipt{};
    }
    if ((f.flags & link_flag::asks) != 0 && !link.compared) {
      return receipt{};  // it is for the peer to do something, once it has heard what is here, or one side would for ever
    }
    if (const std::uint64_t gap = content ^ content_hash(); gap != link.gap) {
      link.gap = gap;
      link.attempt = link.attempt < 4 ? link.attempt : std::uint8_t{4};  // it gets on
    }
    if (link.attempt >= most_attempts) {
      link.matched = true;  // as far as these two can
      return receipt{};
    }
    if (!same_context) {
      start_exchange(link);
    } else if (self().digest_.asking() == number || link.digest_due) {
      link.sync_due = false;  // it is being looked for
    } else {
      ++link.attempt;
      // One of the two asks, the one with the smaller id if it can. The other one waits for a question before it tells all it has.
      const bool mine = self().identity_.self().id < link.peer || link.attempt > 1;
      if (std::decay_t<decltype(self().digest_)>::asks && mine && link.attempt < most_attempts / 2) {
        link.digest_due = true;
        link.sync_due = false;
      } else {
        link.compared = link.attempt > 4;  // from then on when nothing is heard for a while: what is in the way may be gone then
        if (link.attempt > 2) {
          link.repairing = true;
          begin_anew(link);
          tell_again(number, [](const auto&) { return true; });
        }
      }
    }
    return receipt{};
  }

  // Repair of what the log has forgotten.

  /// There is no room for what a peer tells: perhaps some of what stands here is dead, and its removal was forgotten before it could be
  /// told. So the peer hears of all that is here, and says what is dead. Once per contact: it knows then, and what dies later it tells.
  template <typename Link>
  void make_room(Link& link, party number) {
    if (!link.crowded && self().lacking() != resource::actors) {
      link.crowded = link.repairing = true;
      tell_again(number, [](const auto&) { return true; });
    }
  }

  [[nodiscard]] party number_of(const auto& link) const noexcept { return static_cast<party>(&link - self().links_.links.data()); }
  [[nodiscard]] static bool is_repair(std::span<const std::byte> body) noexcept {
    return !body.empty() && body[0] >= static_cast<std::byte>(wish_kind::values);
  }
  template <typename Link>
  [[nodiscard]] result<std::size_t> say_digest(Link& link, party number, time now, std::span<std::byte> out) {
    auto& r = self();
    using digest_type = std::decay_t<decltype(r.digest_)>;
    const auto text = [](const key_ref& key, std::span<char> to) { return Replica::schema_type::write_text(key, to); };
    if (link.digest_due && r.digest_.asking() == digest_type::nobody) {
      link.digest_due = !r.digest_.start(number, salt(link.mine, link.theirs, link.attempt), r.store_, text);
    }
    const std::size_t ends = 2 + seal_size(link.options.checksum);
    if (out.size() < ends + digest_type::least_frame) {
      return std::size_t{0};
    }
    const bool asked = r.digest_.asking() == number;
    byte_writer head{out};
    byte_writer body{out.subspan(2, out.size() - ends)};
    const result<frame_kind> kind = r.digest_.poll(number, body, r.store_, text);
    if (r.digest_.asking() == number) {
      if (kind || !link.waiting) {
        arm(link, now);
      }
    } else if (asked) {
      link.sync_due = true;  // the whole stores say whether that was all
    }
    if (!kind) {
      return std::size_t{0};
    }
    begin_frame(head, kind.value(), seal_flag(link));
    return seal_frame(out, 2 + body.written().size(), link.outgoing());
  }
  template <typename Link>
  [[nodiscard]] result<receipt> hear_digest(Link& link, party number, const opened_frame& f, time now) {
    auto& r = self();
    receipt taken;
    const auto text = [](const key_ref& key, std::span<char> to) { return Replica::schema_type::write_text(key, to); };
    const auto accept = [&](std::span<const std::byte> frame) {
      const result<receipt> done = r.accept_from(frame, number, now);
      taken = done ? done.value() : taken;
      return done;
    };
    if (const status s = r.digest_.receive(number, f.kind, f.body, r.store_, text, accept); !s) {
      return s.error();
    }
    forget_reassigned();
    if (r.digest_.asking() == number) {
      arm(link, now);
    }
    return taken;
  }
  template <typename Link>
  [[nodiscard]] result<receipt> hear_want(Link& link, std::span<const std::byte> body) {
    byte_reader in{body};
    const auto what = static_cast<wanted>(in.u8());
    if (what == wanted::names) {
      if (const status s = in.finish(); !s) {
        return s.error();
      }
      link.retract_names();
      link.agreed = 0;
      link.sent = link.acked;
      link.part_to = 0;
      return receipt{};
    }
    const std::uint8_t attempt = in.u8();
    const std::uint32_t from = in.u32();
    const std::uint64_t context = in.u64();
    if (const status s = in.finish(); !s) {
      return s.error();
    }
    if (what != wanted::context) {
      return errc::unsupported;
    }
    if (context == context_hash()) {
      link.sync_due = true;
      return receipt{};
    }
    link.context_due = true;
    link.tell_from = from;
    link.tell_attempt = attempt;
    return receipt{};
  }
  template <typename Link>
  [[nodiscard]] result<receipt> hear_context(Link& link, party number, std::span<const std::byte> body) {
    byte_reader in{body};
    const std::uint8_t attempt = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    auto& store = self().store_;
    heard_context<Limits::actors, Limits::ranges> theirs;
    if (const status s = theirs.read(in, store, salt(link.mine, link.theirs, attempt)); !s) {
      return s.error();
    }
    if (!link.wanting || attempt != link.attempt || theirs.from() != link.want_from) {
      return receipt{};  // heard before
    }
    if (link.want_from == 0) {
      begin_anew(link);
    }
    std::size_t lost = 0;
    theirs.seen().missing(store.context(), [&](const dot_range& run) {
      if (theirs.means(run.who)) {
        store.tell_events(run.who, run.first, run.last, lost);
      }
    });
    tell_again(number, [&](const auto& r) { return theirs.means(r.who) && !theirs.seen().contains({r.n, r.who}); });
    link.want_from = theirs.next();
    link.wanting = link.want_due = theirs.next() != 0;
    link.complete = !link.wanting;
    rest(link);  // where only short frames arrive, what is lacking is not told any faster for that
    settle();
    return receipt{};
  }
  /// What the peer has is to be taken from a comparison, not from its acknowledgements.
  template <typename Link>
  void begin_anew(Link& link) noexcept {
    link.acked = link.sent = self().store_.arrivals();
    link.confirmed = link.part_to = 0;
  }
  /// Puts the records for which `lacks(record)` holds at the end of the log, for one link.
  template <typename Lacks>
  void tell_again(party number, Lacks&& lacks) {
    auto& r = self();
    r.store_.tell_again(number, lacks, [&](party other) {
      const auto& link = r.links_.links[other];
      return link.taken ? link.acked : 0;
    });
  }

  static constexpr std::uint8_t most_attempts = 16;
};

}  // namespace skerry::inline v0::state::detail
