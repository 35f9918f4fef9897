// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/generator.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// One life of one writer: the device's id, how often its past was in doubt, and a number drawn at random for this life.
///
/// Two clones that take a new life at the same moment draw different nonces, so they never share an event's name.
struct actor {
  std::uint64_t id = 0;
  std::uint32_t generation = 0;
  std::uint32_t nonce = 0;
  friend constexpr auto operator<=>(const actor&, const actor&) noexcept = default;
};

/// An actor's number inside one replica: dense, local, never on the wire.
using actor_ref = std::uint16_t;
inline constexpr actor_ref no_actor = 0xffff;

/// What an actor is in its plant. A role never changes during a life.
enum class role : std::uint8_t { device, gateway, region, cloud, user_0, user_1, user_2, user_3 };

/// When a node takes a new epoch.
enum class epoch_rule : std::uint8_t {
  every_open,  ///< at each `create` and `open`: a crash loses knowledge, never reuses a name
  durable,     ///< kept across clean restarts; own events leave only after they are on disk
};

/// What a node concludes from a context entry that it hears.
enum class detection : std::uint8_t {
  ok,
  amnesia_or_clone,  ///< somebody knows more of me than I do: the image is old, or somebody else runs it
  clone,             ///< the same events with other content, or an old self that is alive
  fenced,            ///< a retired member speaks
};

/// A context entry as it comes in: how much of `who` the other side knows.
struct heard {
  actor who{};
  std::uint64_t n = 0;       ///< the greatest number of `who` that the other side knows
  bool digest_match = true;  ///< the content of the events that both sides hold is equal
  bool live_sender = false;  ///< the other side claims to be `who`
};

/// Who this node is, and when it must become somebody new.
///
/// A new epoch is taken whenever the past is in doubt. Taking one needlessly costs one actor entry; not taking one can give two
/// events the same name, which loses data.
/// Cost    32 bytes, no heap
class identity {
 public:
  constexpr identity() noexcept = default;

  /// A first life. The nonce comes from `rng`; so does the seed for later epochs, which are taken when no generator is at hand.
  template <random_source Rng>
  [[nodiscard]] static constexpr identity create(std::uint64_t id, state::role as, Rng& rng) {
    identity me;
    me.self_ = {id, 1, next_u32(rng)};
    me.role_ = as;
    me.seed_ = next_u64(rng);
    return me;
  }

  /// The life that a stored past tells of, to be gone on with or renewed. The seed is drawn again: the old one may be in other hands.
  template <random_source Rng>
  [[nodiscard]] static constexpr identity restore(const actor& life, state::role as, Rng& rng) {
    identity me;
    me.self_ = life;
    me.role_ = as;
    me.seed_ = next_u64(rng);
    return me;
  }

  [[nodiscard]] constexpr actor self() const noexcept { return self_; }
  [[nodiscard]] constexpr state::role role() const noexcept { return role_; }
  /// The past is in doubt: `renew` must come before the next local event.
  [[nodiscard]] constexpr bool in_doubt() const noexcept { return doubt_; }

  /// The application put an older image back, or the node suspects it.
  constexpr void doubt() noexcept { doubt_ = true; }

  /// A new life of the same id, above every generation known; the nonce from the seed drawn at `create`.
  constexpr void renew(std::uint32_t greatest_generation_known) noexcept {
    splitmix64 own{seed_};
    begin(greatest_generation_known, next_u32(own));
    seed_ = own.state();
  }
  /// Something that differs between two boards with one seed: without it they would begin their next lives under one name again.
  constexpr void stir(std::uint64_t difference) noexcept { seed_ ^= splitmix64{difference}(); }
  /// The same with fresh entropy: for a copy, which shares the original's seed.
  template <random_source Rng>
  constexpr void renew(std::uint32_t greatest_generation_known, Rng& rng) {
    begin(greatest_generation_known, next_u32(rng));
    seed_ = next_u64(rng);
    raised_ = false;
  }

  /// What an entry tells about this node or about a retired member.
  ///
  /// own_n    the greatest number of my own that I know
  /// retired  ids of retired members; one of them in the books is history, on the line it is `fenced`
  [[nodiscard]] constexpr detection detect(const heard& entry, std::uint64_t own_n,
                                           std::span<const std::uint64_t> retired = {}) const noexcept {
    if (entry.who.id != self_.id) {
      for (const std::uint64_t id : retired) {
        if (id == entry.who.id && entry.live_sender) {
          return detection::fenced;
        }
      }
      return detection::ok;
    }
    if (entry.who == self_) {
      if (!entry.digest_match) {
        return detection::clone;
      }
      return entry.n > own_n ? detection::amnesia_or_clone : detection::ok;
    }
    if (entry.who.generation >= self_.generation) {
      // A generation of mine that I did not take: mine are always above all that I know.
      return entry.live_sender && entry.who.generation == self_.generation ? detection::clone : detection::amnesia_or_clone;
    }
    return entry.live_sender ? detection::clone : detection::ok;
  }

  /// Draws the conclusion from `detect`: the next local event happens under a new epoch where the names are in danger.
  ///
  /// Another life with my generation or a greater one endangers no name, because nonces differ. One new epoch puts me above it;
  /// two live clones would raise each other for ever, so this reason counts once per life.
  constexpr void conclude(const heard& entry, detection verdict) noexcept {
    if (entry.who == self_ && (verdict == detection::amnesia_or_clone || verdict == detection::clone)) {
      doubt_ = true;
    } else if (verdict == detection::amnesia_or_clone && !raised_) {
      raised_ = true;
      doubt_ = true;
    }
  }

 private:
  constexpr void begin(std::uint32_t greatest_generation_known, std::uint32_t nonce) noexcept {
    const std::uint32_t above = greatest_generation_known > self_.generation ? greatest_generation_known : self_.generation;
    if (above != 0xffffffff) {
      self_.generation = above + 1;
    }
    // At the last generation only the nonce tells lives apart, so it has to change.
    self_.nonce = nonce != self_.nonce ? nonce : nonce + 1;
    doubt_ = false;
  }

  actor self_{};
  std::uint64_t seed_ = 0;
  state::role role_ = state::role::device;
  bool doubt_ = false;
  bool raised_ = false;
};

namespace detail {

/// Where something of an actor stands, or would stand, among the first `size` entries in ascending order of `who`.
template <typename Entries>
[[nodiscard]] constexpr std::size_t place_of(const actor& who, const Entries& entries, std::size_t size) noexcept {
  std::size_t low = 0;
  while (low < size) {
    const std::size_t middle = (low + size) / 2;
    (entries[middle].who < who ? low : size) = entries[middle].who < who ? middle + 1 : middle;
  }
  return low;
}
/// There must be room.
template <typename Entries>
constexpr void insert_at(std::size_t at, Entries& entries, std::size_t& size, const typename Entries::value_type& entry) noexcept {
  for (std::size_t i = size++; i > at; --i) {
    entries[i] = entries[i - 1];
  }
  entries[at] = entry;
}

}  // namespace detail

/// The actors that one replica knows; each gets the next free number for ever.
///
/// Quick   an actor's place is tried first where its id points to, for 4 to 8 bytes more per actor
/// Cost    18 bytes per actor; find O(log A), insert O(A); no heap
/// Errors  `full`
template <std::size_t A, bool Quick = false>
class actor_table {
  static_assert(A > 0 && A < no_actor, "actor numbers are 16 bit, and one of them means nobody");

 public:
  static constexpr std::size_t capacity = A;

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr const actor& operator[](actor_ref ref) const noexcept { return actors_[ref]; }
  /// The number of the actor that comes at `position` in the order of actors.
  [[nodiscard]] constexpr actor_ref sorted(std::size_t position) const noexcept { return order_[position]; }

  [[nodiscard]] constexpr actor_ref find(const actor& who) const noexcept {
    if constexpr (Quick) {  // without a branch that depends on who it is
      const actor_ref there = hints_[spot(who)];
      if (actors_[there] == who && there < size_) {
        return there;
      }
    }
    if (size_ <= few) {
      for (std::size_t i = 0; i < size_; ++i) {
        if (actors_[i].id == who.id && actors_[i] == who) {
          return static_cast<actor_ref>(i);
        }
      }
      return no_actor;
    }
    const std::size_t at = lower_bound(who);
    return at < size_ && actors_[order_[at]] == who ? order_[at] : no_actor;
  }
  [[nodiscard]] constexpr result<actor_ref> insert(const actor& who) noexcept {
    const std::size_t at = lower_bound(who);
    if (at < size_ && actors_[order_[at]] == who) {
      return order_[at];
    }
    if (size_ == A) {
      return errc::full;
    }
    const auto ref = static_cast<actor_ref>(size_);
    for (std::size_t i = size_; i > at; --i) {
      order_[i] = order_[i - 1];
    }
    order_[at] = ref;
    actors_[size_++] = who;
    if constexpr (Quick) {
      hints_[spot(who)] = ref;
    }
    return ref;
  }
  /// The greatest generation known of a device; 0 when nothing is.
  [[nodiscard]] constexpr std::uint32_t greatest_generation(std::uint64_t id) const noexcept {
    const std::size_t above = lower_bound({id, 0xffffffff, 0xffffffff});
    if (above < size_ && actors_[order_[above]].id == id) {
      return 0xffffffff;
    }
    return above > 0 && actors_[order_[above - 1]].id == id ? actors_[order_[above - 1]].generation : 0;
  }

 private:
  static constexpr std::size_t few = 12;  // up to here a look at each is quicker than a search
  static constexpr std::size_t hints = Quick ? std::bit_ceil(2 * A) : 0;

  [[nodiscard]] static constexpr std::size_t spot(const actor& who) noexcept {
    return static_cast<std::size_t>(who.id * 0x9e3779b97f4a7c15 >> (64 - std::bit_width(hints - 1)));
  }

  [[nodiscard]] constexpr std::size_t lower_bound(const actor& who) const noexcept {
    std::size_t low = 0;
    for (std::size_t left = size_; left > 0;) {
      const std::size_t half = left / 2;
      const actor& middle = actors_[order_[low + half]];
      const bool above = middle.id != who.id ? middle.id < who.id : middle < who;
      low += above ? half + 1 : 0;
      left = above ? left - half - 1 : half;
    }
    return low;
  }

  array_of<actor, A> actors_{};
  std::array<actor_ref, A> order_{};
  [[no_unique_address]] std::array<actor_ref, hints> hints_{};  ///< the last actor of each spot
  std::uint16_t size_ = 0;
};

}  // namespace skerry::inline v0::state
