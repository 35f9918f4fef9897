// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/generator.hpp>
#include <skerry/state/detail/image_loader.hpp>
#include <skerry/state/detail/image_writer.hpp>
#include <skerry/state/detail/wall_estimate.hpp>
#include <skerry/state/image.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace skerry::inline v0::state::detail {

/// The part of a replica that outlives a restart.
template <typename Replica, typename Schema, typename Limits>
class replica_image : public replica_catch_up<Replica, Schema, Limits> {
  using past_writer = image_writer<Replica, Schema, Limits>;
  using past_loader = image_loader<Replica, Schema, Limits>;

 public:
  /// Writes the next pieces of an image into `out`; 0 once all is written. The image is the pieces in a row.
  ///
  /// First comes what replicas share (the events seen, then all keys in the order of their texts), the same bytes from replicas that
  /// know the same; then the trailer, which is the node's own. The replica may change between pieces: see `snapshot_cursor`.
  /// Errors  `full` when not one frame fits: 2 KiB are enough where no key has dozens of concurrent records; `stale` when the replica
  ///         changed meanwhile and its Limits keep no log
  /// Cost    O(keys log keys) texts for a whole image; stack 10 A bytes and some KiB
  [[nodiscard]] result<std::size_t> snapshot(snapshot_cursor& at, std::span<std::byte> out) const {
    return past_writer::write(self(), at, out);
  }
  /// No further operation in this run: the image that is written now is its last word, and under `epoch_rule::durable` the next run
  /// goes on in the same epoch.
  void close() noexcept {
    self().stored_.marks.closed = self().alive_;
    self().alive_ = false;
  }

  /// Takes over a stored past, right after `create` (or, for a replica that was not created, the identity as well). Whether the life goes
  /// on or a new one begins is in `reader.report()`.
  ///
  /// Errors  nothing has changed, and the node can go on with an older image or without: `corrupt`: the image is damaged or not whole;
  ///         `mismatch`: keys that this schema does not have; `full`: more than this firmware has room for; `unsupported`: written by a
  ///         later version; `invalid`: this replica has already lived
  /// Cost    O(bytes); stack 24 A bytes
  template <random_source Rng>
  [[nodiscard]] status open(image_reader& reader, Rng& rng, typename Limits::time now) {
    image_report report;
    if (self().store_.actors().size() != 0 || self().counters_.operations != 0) {
      return errc::invalid;
    }
    auto& marks = self().stored_.marks;
    image_trailer t;
    past_loader load{self()};
    const replica_counters counters = self().counters_;
    const hlc clock = self().clock_;
    const bool any = !reader.image().empty() && !blank(reader.image());
    if (any) {
      const auto found = past_loader::inspect(reader.image());
      if (!found) {
        return found.error();
      }
      t = found.value();
    }
    self().membership_ = {};  // the life that `create` gave is not the one that goes on
    status s = any ? load.image(reader.image(), t, report) : status{};
    if (s) {
      s = load.log(reader.log(), any, report);
    }
    if (s && load.at() < t.ended) {
      s = errc::corrupt;  // the log that it needs is missing
    }
    if (!s) {
      empty();
      self().counters_ = counters;
      self().clock_ = clock;
      return s;
    }
    marks.base.value = load.at().value - self().change_count();
    marks.durable = load.at();
    marks.boot = reader.boot();
    marks.run = next_u32(rng);
    marks.before = load.run();
    marks.stored = true;
    if constexpr (Replica::catch_up) {
      self().stored_.catch_up.of = self().store_.pending().name();
    }
    report.clean = any && t.clean;
    report.reason = any ? judge(t, reader, report) : epoch_reason::no_image;
    begin_life(t, any, report, rng);
    self().join_roster();
    self().wall_ = wall_estimate<typename Limits::time>{now};
    reader.found(report);
    return {};
  }

  /// What has to be appended to the log for all that was learnt to be durable; nothing when it is. Whoever has stored it says
  /// `persisted(upto)`. Asking again before that answers everything from the last durable mark on again.
  ///
  /// What changed since must fit into `Limits::log_bytes`; else, and when removals were forgotten meanwhile, `snapshot` is true: write a
  /// new image instead.
  [[nodiscard]] persist_request to_persist() noexcept {
    auto& marks = self().stored_.marks;
    marks.stored = true;
    const mark now = now_at();
    if (now == marks.durable) {
      return {{}, now, false};
    }
    if constexpr (Replica::logs) {
      redo_head head;
      head.run = marks.run;
      head.before = marks.before;
      head.from = marks.durable;
      head.upto = now;
      head.clock = self().clock_.last().bits();
      bool told = true;
      if constexpr (Replica::catch_up) {
        const auto& pending = self().store_.pending();
        head.catch_up = pending.of();
        head.catching_up = pending.active();
        head.cursor = pending.cursor();
        told = !pending.active() || (pending.ready() && pending.name() == self().stored_.catch_up.of);
      }
      if (told) {
        const auto written = redo_writer<Replica, Schema, Limits>::write(self(), head, marks.durable.value - marks.base.value, self().log_);
        if (written) {
          return {std::span<const std::byte>{self().log_}.first(written.value()), now, false};
        }
      }
    }
    return {{}, now, true};
  }
  /// Everything up to this mark is on disk. Marks of the past change nothing.
  void persisted(mark upto) noexcept {
    auto& marks = self().stored_.marks;
    marks.stored = true;
    if (upto > marks.durable && upto <= now_at()) {
      marks.durable = upto;
      marks.before = marks.run;
    }
  }
  /// An image is on disk, and the log that goes on from it. Two images at a time cannot be told apart by their marks alone.
  void persisted(const snapshot_cursor& image) noexcept {
    if constexpr (Replica::catch_up) {
      self().stored_.catch_up.of = image.catch_up();
    }
    persisted(image.begun());
    self().stored_.marks.before = self().stored_.marks.run;
  }
  /// Where this replica stands, and how much of that is on disk.
  [[nodiscard]] mark at() const noexcept { return now_at(); }
  [[nodiscard]] mark durable() const noexcept { return self().stored_.marks.durable; }
  /// Nothing may be acknowledged before it is on disk: once a past was opened or asked for, and always under `epoch_rule::durable`.
  [[nodiscard]] bool acknowledges_durable() const noexcept {
    const auto& marks = self().stored_.marks;
    return marks.stored || marks.rule == epoch_rule::durable;
  }
  /// Nothing of its own may leave before it is on disk.
  [[nodiscard]] bool sends_durable() const noexcept { return self().stored_.marks.rule == epoch_rule::durable; }
  /// The same as a number of changes of the store.
  [[nodiscard]] std::uint64_t durable_changes() const noexcept {
    return self().stored_.marks.durable.value - self().stored_.marks.base.value;
  }

  /// The node's last operation, as one number for all that it did in this life: what a peer that meets a clone of it tells apart.
  /// Always nothing where Limits::chain is 0.
  [[nodiscard]] chain_point chain() const noexcept { return self().stored_.chain.last(); }
  /// Somebody says what he has of one of this node's lives, or speaks under its name: what follows from it, drawn at once.
  ///
  /// live   he claims to be that life
  detection heard_chain(const actor& whose, const chain_point& theirs, bool live) noexcept {
    if (whose.id != self().self().id || !self().alive_) {
      return detection::ok;
    }
    using chain_type = event_chain<chain_of<Limits>()>;
    const bool differs = whose == self().self() && self().stored_.chain.compare(theirs) == chain_type::match::other;
    const heard entry{whose, theirs.n, !differs, live};
    const detection verdict = self().conclude(entry, self().store_.next(self().self()) - 1);
    self().counters_.amnesia += verdict == detection::amnesia_or_clone ? 1 : 0;
    self().counters_.clones += verdict == detection::clone ? 1 : 0;
    return verdict;
  }

 private:
  friend Replica;
  friend past_writer;
  friend redo_writer<Replica, Schema, Limits>;
  constexpr replica_image() noexcept = default;
  ~replica_image() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  /// How much this replica has learnt, as a place in its history.
  [[nodiscard]] mark now_at() const noexcept { return {self().stored_.marks.base.value + self().change_count()}; }

  /// A store without a past, where it lies: it may be too large for the stack.
  void empty() noexcept {
    using store_type = typename Replica::store_type;
    self().store_.~store_type();
    ::new (static_cast<void*>(&self().store_)) store_type{};
    self().stored_ = {};
    self().membership_ = {};
    self().join_roster();
  }

  [[nodiscard]] epoch_reason judge(const image_trailer& t, const image_reader& reader, const image_report& report) const noexcept {
    const actor me = self().self();
    if (t.self == actor{} || !t.alive) {
      return epoch_reason::never_lived;
    }
    if (!(me == actor{}) && (t.self.id != me.id || t.role != self().role())) {
      return epoch_reason::other_id;
    }
    const epoch_rule rule = me == actor{} ? t.rule : self().stored_.marks.rule;
    if (rule != epoch_rule::durable || t.rule != epoch_rule::durable) {
      return epoch_reason::rule;
    }
    if (!t.clean || t.begun != t.ended || report.log_frames > 0 || report.torn_bytes > 0) {
      return epoch_reason::unclean;
    }
    return reader.boot() != 0 && t.boot != 0 && t.boot + 1 == reader.boot() ? epoch_reason::kept : epoch_reason::other_boot;
  }
  template <typename Rng>
  void begin_life(const image_trailer& t, bool any, const image_report& report, Rng& rng) {
    auto& me = self().identity_;
    const bool created = !(me.self() == actor{});
    if (!any) {  // the life that `create` began, or none; a log without an image may tell of others before it
      if (created && report.log_frames > 0) {
        me.renew(self().store_.actors().greatest_generation(me.self().id), rng);
      }
      return;
    }
    const bool same = !created || t.self.id == me.self().id;
    if (same && !(t.self == actor{})) {
      me = identity::restore(t.self, created ? self().role() : t.role, rng);
    }
    if (me.self() == actor{}) {
      return;
    }
    self().stored_.marks.rule = created ? self().stored_.marks.rule : t.rule;
    self().alive_ = true;
    if (report.reason != epoch_reason::kept) {
      me.renew(self().store_.actors().greatest_generation(me.self().id), rng);
      ++self().counters_.epochs;
      self().begin_chain();
    }
  }
};

}  // namespace skerry::inline v0::state::detail
