// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/state/catch_up.hpp>
#include <skerry/state/detail/schema_delta.hpp>
#include <skerry/state/detail/sifted_delta.hpp>
#include <skerry/state/key_chunk.hpp>
#include <skerry/state/replica_counters.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Whether a key is of a path that a catch-up brings first.
template <typename Schema>
[[nodiscard]] constexpr bool is_urgent(const key_ref& key) {
  bool is = false;
  Schema::visit(key.path, [&]<typename P>() {
    if constexpr (requires { P::urgent; }) {
      is = P::urgent;
    }
  });
  return is;
}

/// A chunk whose keys are found in the schema.
template <typename Schema, typename Limits>
class schema_chunk : public schema_delta<Schema, Limits, key_chunk<Limits::actors, store_limits<Schema, Limits>::text_bytes>> {
 public:
  using frame_type = key_chunk<Limits::actors, store_limits<Schema, Limits>::text_bytes>;
  using schema_delta<Schema, Limits, frame_type>::schema_delta;

  [[nodiscard]] std::uint64_t of() const noexcept { return this->frame().of(); }
  [[nodiscard]] std::string_view after() const noexcept { return this->frame().after(); }
  [[nodiscard]] std::string_view upto() const noexcept { return this->frame().upto(); }
  [[nodiscard]] bool last() const noexcept { return this->frame().last(); }
  [[nodiscard]] bool listed_only() const noexcept { return this->frame().listed_only(); }
  [[nodiscard]] std::span<const actor> actors() const noexcept { return this->frame().actors(); }
};

template <typename Replica, typename Schema, typename Limits>
class replica_image;

/// The part of a replica that brings others up to date chunk by chunk, and is brought up to date.
template <typename Replica, typename Schema, typename Limits>
class replica_catch_up {
 public:
  using source_type = catch_up_source<store_limits<Schema, Limits>::text_bytes>;
  /// Whether this replica can be brought up to date chunk by chunk; any can bring others.
  static constexpr bool catch_up = catches_up<Limits>();

  /// Begins a catch-up of a peer.
  ///
  /// salt   a number that differs from one catch-up to the next: the arrival number at which it begins, say
  void start_catch_up(source_type& source, std::uint64_t salt) const noexcept {
    const actor me = self().self();
    const std::uint64_t name = hash64(me.id, std::uint64_t{me.generation} << 32 | me.nonce);
    const std::uint64_t of = hash64(salt, name);
    source.start(self().store(), of == 0 ? 1 : of);
  }
  /// Writes its next frame; 0 when all is sent. Errors: as `catch_up_source::next`.
  [[nodiscard]] result<std::size_t> next_chunk(source_type& source, std::span<std::byte> out) const {
    return source.next(
        self().store(), &store_limits<Schema, Limits>::write_text, [](const key_ref& key) { return is_urgent<Schema>(key); }, out);
  }

  /// Takes in a frame of a catch-up. All frames of one must come from one sender; a context part with another number begins anew.
  ///
  /// Errors  those of `accept`; `gap` when something before it is missing, `stale` when it belongs to a catch-up that is over, both
  ///         answered by `request_chunks`; `unsupported` when Limits::catch_up is off
  [[nodiscard]] result<receipt> take_chunk(std::span<const std::byte> frame, typename Limits::time now) {
    if constexpr (!catch_up) {
      return self().refuse(errc::unsupported);
    } else {
      context_part part;
      const status s = part.parse(frame);
      if (s) {
        return take_context(part);
      }
      return s.error() == errc::unsupported ? take_keys(frame, now) : result<receipt>{self().refuse(s.error())};
    }
  }
  /// How far the catch-up has come that stands, or that stood last.
  [[nodiscard]] catch_up_request chunk_request() const noexcept {
    catch_up_request r;
    if constexpr (catch_up) {
      const auto& pending = self().store().pending();
      r.of = pending.of();
      r.listed = pending.listed();
      r.ready = pending.ready();
      r.done = !pending.active();
      r.cursor = pending.cursor();
    }
    return r;
  }
  /// A catch-up has begun and not ended.
  [[nodiscard]] bool catching_up() const noexcept { return self().store().pending().active(); }
  /// Its sender will not come back: what it brought stays.
  void abandon_catch_up() noexcept { self().store_.abandon_catch_up(); }

 private:
  friend Replica;
  friend replica_image<Replica, Schema, Limits>;
  template <typename, instant>
  friend class replica_time;
  constexpr replica_catch_up() noexcept = default;
  ~replica_catch_up() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  [[nodiscard]] result<receipt> take_context(const context_part& part) {
    detection worst = detection::ok;
    const std::uint64_t own = self().store_.next(self().self()) - 1;
    part.for_each([&](const actor* who, std::uint64_t first, std::uint64_t length) {
      if (who != nullptr && length > 0) {
        const detection verdict = self().alive_ ? self().conclude({*who, first + (length - 1), true, false}, own) : detection::ok;
        worst = verdict > worst ? verdict : worst;
      }
    });
    self().counters_.amnesia += worst == detection::amnesia_or_clone ? 1 : 0;
    bool fenced = false;
    part.for_each([&](const actor* who, std::uint64_t first, std::uint64_t length) {
      if (who != nullptr && length > 0) {
        const result<std::uint64_t> last = self().fence_of(*who);
        fenced = fenced || (last && first + (length - 1) > last.value());
      }
    });
    if (fenced) {
      return self().refuse(errc::fenced);
    }
    join_report report;
    if (const status s = self().store_.learn(part, report); !s) {
      return self().refuse(s.error() == errc::full ? self().lack(report.lacking) : s.error());
    }
    ++self().counters_.frames_accepted;
    return receipt{0, 0, 0, worst};
  }
  [[nodiscard]] result<receipt> take_keys(std::span<const std::byte> frame, typename Limits::time now) {
    typename schema_chunk<Schema, Limits>::frame_type received;
    const auto& store = self().store_;
    const auto at = [&store](std::uint16_t place) -> const actor* {
      const actor_ref ref = store.pending().at(store.actors(), place);
      return ref == no_actor ? nullptr : &store.actors()[ref];
    };
    // Without its context nobody can say whom a chunk names.
    if (const auto of = received.number(frame); !of || !store.pending().active() || of.value() != store.pending().of()) {
      return self().refuse(of ? errc::stale : of.error());
    }
    if (!store.pending().ready()) {
      return self().refuse(errc::gap);
    }
    if (const status s = received.parse(frame, at); !s) {
      return self().refuse(s.error() == errc::full ? self().lack(resource::actors) : s.error());
    }
    schema_chunk<Schema, Limits> chunk{received};
    const wall_ms wall = self().wall_.at(now);
    hlc clock = self().clock_;
    clock.passed(self().wall_.passed(now));
    resource lacks = resource::none;
    bool ahead = false;
    const result<stamp> latest =
        chunk.examine(store, clock, self().wall_.known() ? &wall : nullptr, Replica::quarantine_places > 0 ? &ahead : nullptr, lacks);
    if (!latest) {
      return self().refuse(latest.error() == errc::full ? self().lack(lacks) : latest.error());
    }
    if (self().is_fenced(chunk.context()) || self().holds_late(chunk)) {
      return self().refuse(errc::fenced);
    }
    join_report report;
    sifted_out out;
    const bool sift = ahead || self().misses_owner(chunk);
    if (const status s = sift ? self().join_sifted_chunk(clock, wall, chunk, report, out) : join_keys(chunk, report); !s) {
      return self().refuse(s.error());
    }
    clock.follow(latest.value());
    if (self().wall_.known() && latest.value() != stamp{}) {
      clock.confirm(wall, latest.value());
    }
    self().clock_ = clock;
    self().wall_.advance(now);
    ++self().counters_.frames_accepted;
    return receipt{report.added, report.seen, report.removed, report.conflicts > 0 ? detection::clone : detection::ok,
                   out.held,     out.refused};
  }
  template <typename Chunk>
  [[nodiscard]] status join_keys(const Chunk& chunk, join_report& report) {
    const status joined =
        self().store_.join_chunk(chunk, self().self(), report, [this](auto slot, const actor& who) { self().prune(slot, who); });
    return self().account(joined, report);
  }
};

}  // namespace skerry::inline v0::state::detail
