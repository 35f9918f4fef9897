// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/keyed_hash.hpp>
#include <skerry/state/detail/fence_frame.hpp>
#include <skerry/state/detail/member_view.hpp>
#include <skerry/state/detail/replica_collect.hpp>
#include <skerry/state/limits.hpp>
#include <skerry/state/replica_counters.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/stability.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// How replicas tell each other who takes part and what has been acknowledged. Roster and rows go together, all or nothing.
template <typename Replica, typename Limits>
class replica_fences : public replica_collect<Replica, Limits> {
  static constexpr bool has_roster = Limits::members > 0;
  static constexpr bool has_mesh = has_roster && mesh_of<Limits>() > 0;

 public:
  /// The roster and what its members have acknowledged, as one frame; `accept` takes it, from anybody, any number of times.
  [[nodiscard]] status write_fence(byte_writer& out) const noexcept requires(has_roster) {
    return detail::write_fence(out, self().members(), rows(), 0, fence_size(self().members(), rows())).error();
  }
  /// The same in as many frames as it takes: writes the next one and answers its size, 0 when all is told. Each is taken by itself, in any
  /// order, any number of times; acknowledgements count where the whole roster has come. What changes meanwhile is told from the beginning.
  ///
  /// Errors  `full` when not even one thing fits: 100 bytes always do
  [[nodiscard]] result<std::size_t> write_fence(std::span<std::byte> out, fence_place& from) noexcept requires(has_roster) {
    return write_piece(out, from, fence_hash());
  }
  /// Equal rosters, equal hashes.
  [[nodiscard]] std::uint64_t roster_hash() const noexcept {
    if constexpr (has_roster) {
      return self().members().hash();
    }
    return 0;
  }

 private:
  friend Replica;
  template <typename, typename>
  friend class replica_members;
  template <typename, typename>
  friend class replica_links;
  template <typename, typename, typename>
  friend class image_loader;
  constexpr replica_fences() noexcept = default;
  ~replica_fences() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  [[nodiscard]] auto rows() const noexcept requires(has_roster) {
    if constexpr (has_mesh) {
      return self().membership_.rows.rows();
    } else {
      return std::span<const typename stability<1, Limits::actors>::row>{};
    }
  }
  [[nodiscard]] result<std::size_t> write_piece(std::span<std::byte> out, fence_place& from, std::uint64_t of) noexcept
      requires(has_roster) {
    from = from.of == of ? from : fence_place{of, 0};
    const std::size_t all = fence_size(self().members(), rows());
    for (std::size_t end = all; end > from.next; end = from.next + (end - from.next) / 2) {
      byte_writer w{out};
      if (const auto reached = detail::write_fence(w, self().members(), rows(), from.next, end)) {
        from.next = reached.value();
        return w.written().size();
      }
    }
    return from.next < all ? result<std::size_t>{errc::full} : result<std::size_t>{std::size_t{0}};
  }

  [[nodiscard]] result<receipt> accept_fence([[maybe_unused]] std::span<const std::byte> frame) {
    if constexpr (has_roster) {
      fence_frame<Limits::members, Limits::actors> received;
      auto& m = self().membership_;
      if (const status s = received.parse(frame, m.lives); !s) {
        if (s.error() == errc::stale) {
          ++self().counters_.frames_accepted;  // of another roster: it will be told again when that has come
          return receipt{};
        }
        return self().refuse(s.error() == errc::full ? self().lack(resource::members) : s.error());
      }
      bool fits = self().lives_fit(received);
      if constexpr (has_mesh) {
        fits = fits && rows_fit(received);
      }
      if (!fits) {
        return self().refuse(self().lack(resource::members));
      }
      (void)m.lives.join_from(received);
      self().note_lives();
      if constexpr (has_mesh) {
        received.for_each_row([&](const actor& who, auto&& entries) {
          if (!m.lives.is_current(who)) {
            return;
          }
          version_vector<Limits::actors> has;
          entries([&](const actor& of, std::uint64_t n) { (void)has.raise(of, n); });
          (void)m.rows.acknowledge(who, has);
        });
      }
      ++self().counters_.frames_accepted;
      return receipt{};
    }
    return self().refuse(errc::unsupported);
  }
  /// Counts what the rows of a frame need before any of them is taken.
  template <typename Frame>
  [[nodiscard]] bool rows_fit(const Frame& received) const requires(has_mesh) {
    const auto& rows = self().membership_.rows;
    const auto stays = [&](const actor& who) {
      bool current = self().members().is_current(who);
      received.for_each(
          [&](const member& m) { current = m.who == who ? m.standing == standing::current && !self().fence_of(who) : current; });
      return current;
    };
    std::size_t count = 0;
    for (const auto& r : rows.rows()) {
      count += stays(r.who) ? 1 : 0;
    }
    bool fits = true;
    received.for_each_row([&](const actor& who, auto&& entries) {
      if (!stays(who)) {
        return;
      }
      const auto* mine = rows.find(who);
      count += mine == nullptr ? 1 : 0;
      std::size_t size = mine == nullptr ? 0 : mine->size();
      entries([&](const actor& of, std::uint64_t) { size += mine == nullptr || (*mine)[of] == 0 ? 1 : 0; });
      fits = fits && size <= Limits::actors;
    });
    return fits && count <= rows.capacity;
  }

  /// Whether this replica may take over all that another one knows, roster and all.
  template <typename Everything>
  [[nodiscard]] errc check_join([[maybe_unused]] const Replica& other, [[maybe_unused]] const Everything& all) const {
    if constexpr (has_roster) {
      const auto& theirs = other.membership_;
      if (!self().lives_fit(theirs.lives)) {
        return errc::full;
      }
      if constexpr (has_mesh) {
        auto rows = std::size_t{0};
        for (const auto& r : theirs.rows.rows()) {
          rows += self().membership_.rows.find(r.who) == nullptr && !self().fence_of(r.who) ? 1 : 0;
        }
        if (self().membership_.rows.rows().size() + rows > self().membership_.rows.capacity) {
          return errc::full;
        }
      }
      errc verdict = errc::ok;
      other.for_each_life([&](const actor& who, std::uint64_t known) {
        const result<std::uint64_t> mine = self().fence_of(who);
        const result<std::uint64_t> there = theirs.lives.fence(who);
        if (!mine && !there) {
          return;
        }
        const std::uint64_t here = mine ? mine.value() : self().known_of(who);
        const member* mine_is = self().members().find(who);
        const bool is_final = mine_is != nullptr && mine_is->standing == standing::sealed;
        verdict = known > here && (is_final || known > there.value_or(0)) ? errc::fenced : verdict;
      });
      if constexpr (has_mesh) {
        if (self().membership_.has_fences) {
          // What a member has is not ruled out. A life that has not acknowledged anything yet takes over all of it.
          const actor them = other.self();
          const bool begins = self().membership_.rows.find(self().self()) == nullptr && self().members().is_current(them);
          if (self().comes_late(theirs.lives.is_current(them) ? &them : nullptr, all.context(), theirs.rows.rows()) ||
              (!begins && self().holds_late(all, theirs.rows.rows()))) {
            return errc::fenced;
          }
        }
      }
      return verdict;
    }
    return errc::ok;
  }
  void join_members([[maybe_unused]] const Replica& other) noexcept {
    if constexpr (has_roster) {
      auto& m = self().membership_;
      (void)m.lives.join(other.membership_.lives);
      self().note_lives();
      if constexpr (has_mesh) {
        for (const auto& r : other.membership_.rows.rows()) {
          if (m.lives.is_current(r.who)) {
            (void)m.rows.acknowledge(r.who, r.has);
          }
        }
      }
    }
  }

  /// How things stand among the members, as one number.
  [[nodiscard]] std::uint64_t fence_hash() noexcept requires(has_roster) {
    auto& m = self().membership_;
    std::uint64_t& now = m.news;
    if (m.has_news) {
      now = m.lives.hash();
      for (const auto& r : rows()) {
        now = hash64(r.who.id ^ r.who.nonce, now);
        for (const auto& e : r.has.entries()) {
          now = hash64(e.n, hash64(e.who.id ^ e.who.nonce, now));
        }
      }
      m.has_news = false;
    }
    return now;
  }
  [[nodiscard]] std::uint16_t fence_mark() noexcept {
    if constexpr (has_roster) {
      return static_cast<std::uint16_t>(fence_hash());
    }
    return 0;
  }
  /// A peer that was told has forgotten it, or never heard it.
  void say_fence_again([[maybe_unused]] std::size_t link) noexcept {
    if constexpr (has_roster) {
      self().membership_.told[link] = {};
    }
  }

  /// The next frame for a link whose peer has not been told all in this contact of how things stand among the members; 0 when it has, or
  /// when there is no room. A lost one is made good by the next change, the next contact, or by an `in_sync` that differs.
  [[nodiscard]] std::size_t say_fence([[maybe_unused]] std::size_t link, [[maybe_unused]] std::uint64_t contact,
                                      [[maybe_unused]] std::span<std::byte> out) noexcept {
    if constexpr (has_roster) {
      return write_piece(out, self().membership_.told[link], hash64(contact, fence_hash())).value_or(0);
    }
    return 0;
  }
};

}  // namespace skerry::inline v0::state::detail
