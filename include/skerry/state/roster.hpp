// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/detail/named_actor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// How a life stands among those who take part. It only moves forward.
enum class standing : std::uint8_t {
  current,  ///< writes, and is waited for
  retired,  ///< writes no more; members that had more of it than the fence says raise the fence
  sealed,   ///< every member has heard of it: the fence rises no more, and falls only to what all have, when nobody has more
};

/// One life in the roster.
struct member {
  actor who{};
  state::role as = state::role::device;  ///< of a life, for ever
  state::standing standing = state::standing::current;
  std::uint64_t last = 0;  ///< retired: the last number that is accepted
  actor successor{};       ///< retired: who takes over its rows and rights; nobody for `actor{}`
  [[nodiscard]] constexpr bool fenced() const noexcept { return standing != standing::current; }
  friend constexpr bool operator==(const member&, const member&) noexcept = default;
};

/// Who takes part, in which role, and who has retired with which last number.
///
/// Join    per life the one that stands further, then the greater fence, of a sealed one the lower: commutative, associative, idempotent
/// Cost    56 bytes per life; lookups O(log A + lives of the id), changes O(A), join O(A²) at worst, O(A) when equal; no heap
/// Errors  `full`, and nothing has changed; `fenced` for a life that has retired; `mismatch` for a second role of one life
template <std::size_t A>
class roster {
  static_assert(A > 0, "a roster without room for a member");

 public:
  using algebra = joins;
  static constexpr std::size_t capacity = A;
  static constexpr std::size_t least_bytes = 14;  ///< that `encode` writes of one life

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  /// In ascending order of lives.
  [[nodiscard]] constexpr std::span<const member> entries() const noexcept { return std::span{entries_}.first(size_); }
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (const member& m : entries()) {
      f(m);
    }
  }

  /// The current lives, for `stability::cut`.
  class current_lives {
   public:
    constexpr explicit current_lives(const roster& of) noexcept : of_{&of} {}
    template <typename F>
    constexpr void for_each(F&& f) const {
      for (const member& m : of_->entries()) {
        if (m.standing == standing::current) {
          f(m.who);
        }
      }
    }

   private:
    const roster* of_;
  };
  [[nodiscard]] constexpr current_lives current() const noexcept { return current_lives{*this}; }

  /// The entry of a life, or null.
  [[nodiscard]] constexpr const member* find(const actor& who) const noexcept {
    const std::size_t at = lower_bound(who);
    return at < size_ && entries_[at].who == who ? &entries_[at] : nullptr;
  }
  [[nodiscard]] constexpr bool is_current(const actor& who) const noexcept {
    const member* m = find(who);
    return m != nullptr && m->standing == standing::current;
  }
  /// `absent` for a life that the roster does not name.
  [[nodiscard]] constexpr result<role> role_of(const actor& who) const noexcept {
    const member* m = find(who);
    return m != nullptr ? result<role>{m->as} : result<role>{errc::absent};
  }
  /// The last number that is accepted of a life: of a retired one its fence, 0 of one that nobody here has heard of while a later one
  /// of the same id has retired. `absent` where nothing is fenced.
  [[nodiscard]] constexpr result<std::uint64_t> fence(const actor& who) const noexcept {
    if (const member* m = find(who); m != nullptr) {
      return m->fenced() ? result<std::uint64_t>{m->last} : result<std::uint64_t>{errc::absent};
    }
    return later_retired(who) == actor{} ? result<std::uint64_t>{errc::absent} : result<std::uint64_t>{std::uint64_t{0}};
  }
  /// The current life that takes over what a retired one leaves: along the successors, `actor{}` where that leads nowhere.
  [[nodiscard]] constexpr actor heir(const actor& who) const noexcept {
    const member* m = find(who);
    for (std::size_t steps = 0; m != nullptr && steps <= size_; ++steps) {
      if (m->standing == standing::current) {
        return m->who;
      }
      m = find(m->successor);
    }
    return {};
  }
  /// The next life of the same id that has retired, `actor{}` when there is none.
  [[nodiscard]] constexpr actor later_retired(const actor& who) const noexcept {
    for (std::size_t i = first_of(who.id); i < size_ && entries_[i].who.id == who.id; ++i) {
      const member& m = entries_[i];
      if (who.generation < m.who.generation && m.fenced()) {
        return m.who;
      }
    }
    return {};
  }
  /// The greatest generation that the roster names of an id; 0 when none.
  [[nodiscard]] constexpr std::uint32_t greatest_generation(std::uint64_t id) const noexcept {
    std::uint32_t greatest = 0;
    for (std::size_t i = first_of(id); i < size_ && entries_[i].who.id == id; ++i) {
      greatest = entries_[i].who.generation;
    }
    return greatest;
  }

  /// A life takes part.
  [[nodiscard]] constexpr status admit(const actor& who, role as) noexcept {
    if (fence(who)) {
      return errc::fenced;
    }
    if (const member* known = find(who); known != nullptr) {
      return known->as == as ? status{} : status{errc::mismatch};
    }
    return insert({who, as, standing::current, 0, {}});
  }
  /// A life writes no more. `last` is what is known of it; a greater one of somebody else counts.
  ///
  /// Errors  `full`; `fenced` when the fence is final already; `invalid` when it would be its own successor
  [[nodiscard]] constexpr status retire(const actor& who, std::uint64_t last, const actor& successor) noexcept {
    if (who == successor) {
      return errc::invalid;
    }
    const member* known = find(who);
    if (known != nullptr && known->standing == standing::sealed) {
      return errc::fenced;
    }
    return take({who, known != nullptr ? known->as : role::device, standing::retired, last, successor});
  }
  /// Every member has heard of the retirement: the fence rises no more. It falls to `last` where none of them has what comes after that,
  /// nor ever will.
  constexpr void seal(const actor& who, std::uint64_t last = ~std::uint64_t{0}) noexcept {
    const std::size_t at = lower_bound(who);
    if (at < size_ && entries_[at].who == who && entries_[at].fenced()) {
      entries_[at].standing = standing::sealed;
      entries_[at].last = last < entries_[at].last ? last : entries_[at].last;
    }
  }
  [[nodiscard]] constexpr status join(const roster& other) noexcept { return this == &other ? status{} : join_from(other); }
  /// The same from anything whose `for_each(f)` calls `f(member)` in the order and form of a roster.
  template <typename Source>
  [[nodiscard]] constexpr status join_from(const Source& other) {
    if (size_with(other) > A) {
      return errc::full;
    }
    other.for_each([this](const member& m) { (void)take(m); });
    return {};
  }
  /// How many entries this roster would have with those of `other`.
  template <typename Source>
  [[nodiscard]] constexpr std::size_t size_with(const Source& other) const {
    std::size_t size = size_;
    other.for_each([&](const member& m) { size += find(m.who) == nullptr ? 1 : 0; });
    return size;
  }

  /// Equal rosters are equal bytes.
  [[nodiscard]] constexpr status encode(byte_writer& out) const noexcept {
    out.varint(size_);
    for_each([&out](const member& m) { write(out, m); });
    return out.error();
  }
  /// Reads what `encode` wrote; anything else is refused and `out` stays as it was.
  [[nodiscard]] static constexpr status decode(byte_reader& in, roster& out) noexcept {
    roster read;
    const std::size_t count = in.count(least_bytes);
    if (const status s = read_lives(in, count, [&read](const member& m) { read.entries_[read.size_++] = m; }); !s) {
      return s;
    }
    out = read;
    return {};
  }
  /// Of the canonical bytes: equal rosters have equal hashes.
  [[nodiscard]] constexpr std::uint64_t hash() const noexcept {
    std::uint64_t h = names_hash();
    for_each([&h](const member& m) {
      h = hash64(m.last, hash64(static_cast<std::uint64_t>(m.standing), h));
      h = hash64(m.successor.id, hash64(std::uint64_t{m.successor.generation} << 32 | m.successor.nonce, h));
    });
    return h;
  }
  /// The same of who is named, however they stand.
  [[nodiscard]] constexpr std::uint64_t names_hash() const noexcept {
    std::uint64_t h = size_;
    for_each([&h](const member& m) {
      h = hash64(std::uint64_t{m.who.generation} << 32 | m.who.nonce, hash64(m.who.id, hash64(static_cast<std::uint64_t>(m.as), h)));
    });
    return h;
  }

  /// What lies behind the last entry is always empty.
  friend constexpr bool operator==(const roster&, const roster&) noexcept = default;

  // The wire form of one entry, for those who read a roster in place.
  static constexpr void write(byte_writer& out, const member& m) noexcept {
    const bool fenced = m.fenced();
    out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(m.as) | static_cast<unsigned>(m.standing) << 4 |
                                     (fenced && m.successor != actor{} ? 0x40U : 0U)));
    detail::write_actor(out, m.who);
    if (fenced) {
      out.varint(m.last);
      if (m.successor != actor{}) {
        detail::write_actor(out, m.successor);
      }
    }
  }
  /// Errors  those of the reader; `full` for more than there is ever room for
  template <typename F>
  [[nodiscard]] static constexpr status read_lives(byte_reader& in, std::size_t count, F&& f) {
    actor before;
    for (std::size_t i = 0; i < count && count <= A && in.error() == errc::ok; ++i) {
      const member m = read_member(in);
      if (i > 0 && !(before < m.who)) {
        in.fail(errc::corrupt);
      }
      before = m.who;
      f(m);
    }
    return in.error() == errc::ok && count > A ? errc::full : in.error();
  }
  [[nodiscard]] static constexpr member read_member(byte_reader& in) noexcept {
    member m;
    const std::uint8_t tag = in.u8();
    m.as = static_cast<role>(tag & 0xf);
    m.standing = static_cast<state::standing>(tag >> 4 & 3);
    m.who = detail::read_actor(in);
    const bool fenced = m.fenced();
    const bool has_successor = (tag & 0x40) != 0;
    if ((tag & 0x80) != 0 || (tag >> 4 & 3) > static_cast<std::uint8_t>(standing::sealed) ||
        (tag & 0xf) > static_cast<std::uint8_t>(role::user_3) || (has_successor && !fenced)) {
      in.fail(errc::corrupt);
    }
    if (fenced) {
      m.last = in.varint();
      if (has_successor) {
        m.successor = detail::read_actor(in);
        if (m.successor == actor{} || m.successor == m.who) {
          in.fail(errc::corrupt);
        }
      }
    }
    return m;
  }

 private:
  [[nodiscard]] constexpr std::size_t lower_bound(const actor& who) const noexcept { return detail::place_of(who, entries_, size_); }
  [[nodiscard]] constexpr std::size_t first_of(std::uint64_t id) const noexcept { return lower_bound({id, 0, 0}); }
  /// Joins one entry.
  [[nodiscard]] constexpr status take(const member& m) noexcept {
    const std::size_t at = lower_bound(m.who);
    if (at == size_ || !(entries_[at].who == m.who)) {
      return insert(m);
    }
    member& mine = entries_[at];
    const role as = mine.as < m.as ? m.as : mine.as;
    mine = mine.standing < m.standing ? m : mine;
    mine.as = as;
    if (m.standing < mine.standing) {
      return {};
    }
    mine.last = (mine.last < m.last) == (m.standing == standing::sealed) ? mine.last : m.last;
    mine.successor = mine.successor < m.successor ? m.successor : mine.successor;
    return {};
  }
  [[nodiscard]] constexpr status insert(const member& m) noexcept {
    if (size_ == A) {
      return errc::full;
    }
    const std::size_t at = lower_bound(m.who);
    detail::insert_at(at, entries_, size_, m);
    return {};
  }
  array_of<member, A> entries_{};
  std::size_t size_ = 0;
};

}  // namespace skerry::inline v0::state
