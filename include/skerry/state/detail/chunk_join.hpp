// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/chunk.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/arrival_log.hpp>
#include <skerry/state/detail/chunk_common.hpp>
#include <skerry/state/detail/pending_context.hpp>
#include <skerry/state/dot.hpp>
#include <skerry/state/join_report.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// Joining a store with another one piece by piece: first the other one's context, which is kept beside the own one, then its keys in
/// ascending order.
///
/// A record of a key in a chunk's range dies if the pending context has its event and the chunk does not hold it. A record that a
/// chunk holds lives here unless its event was seen dead here. Records of which the pending context does not know yet (the sender has
/// gone on writing) are taken with their events.
template <typename Store>
struct chunk_join {
  using index = typename Store::index;
  static constexpr std::size_t actor_capacity = Store::actor_capacity;

  [[nodiscard]] static constexpr status learn(Store& store, const context_part& part, join_report& report) {
    report = {};
    if constexpr (!Store::pending_type::enabled) {
      return errc::unsupported;
    } else {
      auto& pending = store.pending_;
      const bool other = !pending.active_ || pending.of_ != part.of();
      if (other && part.listed_before() != 0) {
        return errc::gap;
      }
      if (!other && (pending.ready_ || part.listed() < pending.listed_)) {
        return {};  // heard before
      }
      if (!other && part.listed_before() > pending.listed_) {
        return errc::gap;
      }
      const actor_ref last =
          other || part.listed_before() == 0 ? no_actor : pending.at(store.actors_, static_cast<std::uint16_t>(part.listed_before() - 1));
      if (part.listed() > actor_capacity) {
        report.lacking = resource::actors;
        return errc::full;
      }
      std::size_t strangers = 0;
      std::ptrdiff_t growth = 0;
      bool placed = true;
      actor before{};
      bool any = false;
      part.for_each([&](const actor* who, std::uint64_t first, std::uint64_t length) {
        placed = placed && (who != nullptr || last != no_actor);
        const actor_ref ref = who == nullptr ? last : store.actors_.find(*who);
        if (who != nullptr && !(any && before == *who)) {
          strangers += ref == no_actor ? 1 : 0;
          before = *who;
          any = true;
        }
        if (length > 0) {
          growth += ref == no_actor || other ? (first > 1 ? 1 : 0) : pending.seen_.growth(ref, first, first + (length - 1));
        }
      });
      if (!placed) {
        return errc::corrupt;
      }
      if (strangers > actor_capacity - store.actors_.size()) {
        report.lacking = resource::actors;
        return errc::full;
      }
      const std::size_t used = other ? 0 : pending.seen_.range_count();
      if (growth > static_cast<std::ptrdiff_t>(Store::context_type::ranges - used)) {
        report.lacking = resource::ranges;
        return errc::full;
      }
      if (other) {
        pending = {};
        pending.active_ = true;
        pending.of_ = part.of();
      }
      part.for_each([&](const actor* who, std::uint64_t first, std::uint64_t length) {
        const actor_ref ref = who == nullptr ? last : store.actors_.insert(*who).value();
        pending.list_[ref / 8U] = static_cast<std::uint8_t>(pending.list_[ref / 8U] | 1U << (ref % 8U));
        if (length > 0) {
          (void)pending.seen_.insert(ref, first, first + (length - 1));
        }
      });
      pending.listed_ = part.listed();
      pending.ready_ = part.complete();
      if (pending.ready_) {
        settle(store);
      }
      return {};
    }
  }

  template <typename Chunk, typename Touched>
  [[nodiscard]] static constexpr status run(Store& store, const Chunk& chunk, const actor& watched, join_report& report, Touched& touched) {
    report = {};
    if constexpr (!Store::pending_type::enabled) {
      return errc::unsupported;
    } else {
      auto& pending = store.pending_;
      if (!pending.active_ || pending.of_ != chunk.of()) {
        return errc::stale;
      }
      if (!pending.ready_ || (!chunk.listed_only() && pending.cursor() < chunk.after())) {
        return errc::gap;
      }
      if (!chunk.listed_only() && !chunk.last() && !(pending.cursor() < chunk.upto())) {
        return {};  // heard before
      }
      std::array<actor_ref, actor_capacity> mine{};
      std::size_t strangers = 0;
      for (std::size_t i = 0; i < chunk.actors().size(); ++i) {
        mine[i] = store.actors_.find(chunk.actors()[i]);
        if (mine[i] == no_actor) {
          mine[i] = static_cast<actor_ref>(store.actors_.size() + strangers++);
        }
      }
      if (strangers > actor_capacity - store.actors_.size()) {
        report.lacking = resource::actors;
        return errc::full;
      }
      std::size_t held = 0;
      if constexpr (is_sifted<Chunk>) {
        chunk.for_each_held([&held](const incoming&) { ++held; });
      }
      if (const status s = room_for_events(store, chunk, mine, held, report); !s) {
        return s;
      }
      const index covered = mark(store, chunk);
      std::size_t new_keys = 0;
      const status counted = store.count(chunk, mine, watched, covered, report, new_keys);
      if (!counted) {
        store.unmark(covered);
        return counted;
      }
      (void)store.begin_change();
      if constexpr (is_sifted<Chunk>) {
        chunk.for_each_held([&](const incoming& in) {
          const dot d{in.n, mine[in.who]};
          pending.excluded_ += pending.seen_.contains(d) ? 1 : 0;
          (void)pending.seen_.erase(d);  // counted: there is room
        });
      }
      store.sweep(covered, chunk, mine, report);
      for (const actor& who : chunk.actors()) {
        (void)store.actors_.insert(who);  // gets the number it was given above
      }
      store.need_places(chunk, mine, new_keys);
      chunk.for_each([&](const incoming& in) { store.take(in, {in.n, mine[in.who]}, touched, chunk); });
      if (chunk.last()) {
        move_context(store);
      }
      chunk.for_each([&](const incoming& in) {
        const dot d{in.n, mine[in.who]};
        if (!store.context_.contains(d) && (chunk.last() || !pending.seen_.contains(d))) {
          store.note_events(d.who, d.n, d.n, store.arrivals());
          store.events_ += 1;
          (void)store.context_.insert(d.who, d.n, d.n);
        }
      });
      if (chunk.last()) {
        pending = {};
        pending.of_ = chunk.of();  // so that it can be said that all is in
      } else if (!chunk.listed_only()) {
        (void)pending.cursor_.assign(chunk.upto());
      }
      return {};
    }
  }

  /// Puts a catch-up back that an image tells of: number, whether its context is whole, cursor, runs.
  [[nodiscard]] static constexpr status restore(Store& store, byte_reader in) {
    auto& pending = store.pending_;
    pending = {};
    pending.active_ = true;
    pending.of_ = in.varint();
    const std::uint8_t ready = in.u8();
    const auto text = in.bytes(in.count(1));
    pending.cursor_.size = 0;
    if (in.error() == errc::ok && (ready > 1 || text.size() > pending.cursor_.chars.size())) {
      return errc::corrupt;
    }
    for (const std::byte b : text) {
      pending.cursor_.chars[pending.cursor_.size++] = static_cast<char>(b);
    }
    status verdict;
    const errc e = read_runs(in, pending.listed_, [&](const actor* who, std::uint64_t first, std::uint64_t length) {
      const result<actor_ref> ref = who != nullptr ? store.actors_.insert(*who) : result<actor_ref>{errc::corrupt};
      if (!verdict || !ref) {
        verdict = verdict ? ref.error() : verdict.error();
        return;
      }
      pending.list_[ref.value() / 8U] = static_cast<std::uint8_t>(pending.list_[ref.value() / 8U] | 1U << (ref.value() % 8U));
      if (length > 0) {
        verdict = pending.seen_.insert(ref.value(), first, first + (length - 1));
      }
    });
    pending.ready_ = ready == 1;
    return e != errc::ok || !in.finish() ? status{errc::corrupt} : verdict;
  }

  /// The same catch-up has come as far as `cursor`, or is over.
  [[nodiscard]] static constexpr status resume(Store& store, std::uint64_t of, bool active, std::string_view cursor) noexcept {
    auto& pending = store.pending_;
    if (!active) {
      pending = {};
      pending.of_ = of;
      return {};
    }
    return pending.ready_ && pending.of_ == of && pending.cursor_.assign(cursor) ? status{} : status{errc::gap};
  }

  static constexpr void abandon(Store& store) noexcept {
    if constexpr (Store::pending_type::enabled) {
      store.pending_ = {};
      settle(store);
    }
  }

 private:
  /// Whether some of the chunk's records stay out.
  template <typename Chunk>
  static constexpr bool is_sifted = requires(const Chunk& c) {
    c.spares(index{});
  };

  /// The last run of an actor in the pending context ends the catch-up; until then the number of runs is that of the own one and of the
  /// events that the sender had beyond the pending context.
  template <typename Chunk>
  [[nodiscard]] static constexpr status room_for_events(const Store& store, const Chunk& chunk,
                                                        const std::array<actor_ref, actor_capacity>& mine, std::size_t held,
                                                        join_report& report) {
    const auto& pending = store.pending_;
    auto growth = static_cast<std::ptrdiff_t>(held);  // an event that is held back leaves a gap
    std::uint64_t fresh = 0;
    bool countable = true;
    const auto add = [&](std::uint64_t n) {
      countable = countable && n <= UINT64_MAX - store.events_ - fresh;
      fresh += countable ? n : 0;
    };
    if (chunk.last()) {
      for (std::size_t i = 0; i < store.actors_.size(); ++i) {
        const auto ref = static_cast<actor_ref>(i);
        pending.seen_.for_each(ref, [&](const dot_range& run) {
          growth += store.context_.growth(ref, run.first, run.last);
          add(store.context_.fresh(ref, run.first, run.last));
        });
      }
    }
    chunk.for_each([&](const incoming& in) {
      const dot d{in.n, mine[in.who]};
      if (!store.context_.contains(d) && !pending.seen_.contains(d)) {
        growth += store.context_.growth(d.who, d.n, d.n);
        add(1);
      }
    });
    if (!countable || growth > static_cast<std::ptrdiff_t>(Store::context_type::ranges - store.context_.range_count()) ||
        held > Store::context_type::ranges - pending.seen_.range_count()) {
      report.lacking = countable ? resource::ranges : resource::events;
      return errc::full;
    }
    return {};
  }
  /// Marks what dies unless the chunk holds it.
  template <typename Chunk>
  [[nodiscard]] static constexpr index mark(Store& store, const Chunk& chunk) {
    index chain = Store::none;
    const auto& seen = store.pending_.seen_;
    const auto mark_key = [&](index slot, bool known_only) {
      for (index i = store.table_.first_of(slot); i != Store::none; i = store.table_[i].next) {
        const dot d{store.table_[i].n, store.table_[i].who};
        if constexpr (is_sifted<Chunk>) {
          if (chunk.spares(slot)) {
            return;
          }
        }
        if (seen.contains(d) && (!known_only || store.context_.contains(d)) && !store.table_[i].marked) {
          chain = store.mark(i, chain);
        }
      }
    };
    if (chunk.listed_only()) {
      // What only a catch-up has brought stays for now: killed beyond the cursor it could come back from a third side.
      chunk.for_each([&](const incoming& in) {
        if (const index slot = store.find(in.key); slot != Store::none) {
          mark_key(slot, true);
        }
      });
      return chain;
    }
    store.for_each_key([&](index slot) {
      key_text<Store::pending_type::text_bytes> text;
      text.size = write_key_text<typename Store::limits_type>(store.key(slot), std::span<char>{text.chars});
      if (chunk.after() < text.view() && (chunk.last() || !(chunk.upto() < text.view()))) {
        mark_key(slot, false);
      }
    });
    return chain;
  }
  static constexpr void move_context(Store& store) noexcept {
    const auto& pending = store.pending_;
    for (std::size_t i = 0; i < store.actors_.size(); ++i) {
      pending.seen_.for_each(static_cast<actor_ref>(i), [&](const dot_range& run) {
        store.note_events(static_cast<actor_ref>(i), run.first, run.last, store.arrivals());
        store.events_ += store.context_.fresh(static_cast<actor_ref>(i), run.first, run.last);
      });
    }
    (void)store.context_.join(pending.seen_);
  }
  /// Records that an unfinished catch-up brought, and of which the one that stands now knows nothing, become known for themselves.
  static constexpr void settle(Store& store) noexcept {
    for (std::size_t i = 0; i < Store::record_capacity; ++i) {
      const auto& r = store.table_[static_cast<index>(i)];
      const dot d{r.n, r.who};
      if (d.who == no_actor || store.context_.contains(d) || (store.pending_.active_ && store.pending_.seen_.contains(d))) {
        continue;
      }
      if (store.events_ < UINT64_MAX && store.context_.insert(d.who, d.n, d.n)) {
        ++store.events_;
      } else {
        store.table_.erase(static_cast<index>(i), no_party);
      }
    }
  }
};

}  // namespace skerry::inline v0::state::detail
