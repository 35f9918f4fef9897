// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/state/detail/arrival_log.hpp>
#include <skerry/state/detail/link_wire.hpp>
#include <skerry/state/link.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state::detail {

template <typename Limits>
constexpr std::size_t interned_of() noexcept {
  return Limits::keys < 4096 ? Limits::keys : 4096;
}
template <typename Limits>
requires requires { Limits::interned; }
constexpr std::size_t interned_of() noexcept { return Limits::interned; }

/// Which of the own numbers a peer knows. A number may be used once the frame that said what it stands for is acknowledged, so it is
/// first `said`, and later `known`. One whose key has lost its place is spent, both bits: frames on their way may still mean that key, and
/// nobody can tell them from those that would mean the next one. So a number means one thing as long as the contact lasts.
template <std::size_t N>
class spoken_names {
 public:
  [[nodiscard]] constexpr bool known(std::size_t i) const noexcept { return bit(known_, i) && !bit(said_, i); }
  /// Whether what it stands for is to be said: once more, or, where more are named, for the first time.
  [[nodiscard]] constexpr bool names(std::size_t i, bool more) const noexcept {
    return i < N && !bit(known_, i) && (more || bit(said_, i));
  }
  constexpr void say(std::size_t i) noexcept { said_[i / 8] = static_cast<std::uint8_t>(said_[i / 8] | 1U << i % 8); }
  constexpr void forget(std::size_t i) noexcept {
    if (bit(said_, i) || bit(known_, i)) {
      say(i);
      known_[i / 8] = static_cast<std::uint8_t>(known_[i / 8] | 1U << i % 8);
    }
  }
  constexpr void acknowledge() noexcept { move(said_, known_); }
  /// The peer has lost some of them: all are said once more.
  constexpr void retract() noexcept { move(known_, said_); }

 private:
  using bits = std::array<std::uint8_t, (N + 7) / 8>;
  [[nodiscard]] static constexpr bool bit(const bits& b, std::size_t i) noexcept { return i < N && (b[i / 8] >> i % 8 & 1) != 0; }
  static constexpr void move(bits& from, bits& to) noexcept {
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::uint8_t spent = from[i] & to[i];
      to[i] = from[i] | to[i];
      from[i] = spent;
    }
  }

  bits said_{};
  bits known_{};
};

/// What one side of a link remembers.
///
/// Cost    about 230 bytes, a number per key and actor that the peer may call by number, two bits per own one
template <typename Limits>
struct link_state {
  static constexpr std::size_t interned = interned_of<Limits>();
  using key_number = index_for<(Limits::records > Limits::keys ? Limits::records : Limits::keys)>;
  using actor_number = index_for<Limits::actors>;
  static constexpr key_number no_key = static_cast<key_number>(-1);
  static constexpr actor_number no_number = static_cast<actor_number>(-1);

  std::uint64_t peer = 0;
  link_options options{};
  bool taken = false;      ///< stands for a peer
  bool connected = false;  ///< from `connect` to `disconnect`
  // The contact.
  bool greeted = false;   ///< the peer has shown that it knows this side's number
  bool resuming = false;  ///< an earlier contact goes on, if the peer remembers it: it has not shown that yet
  bool hello_due = false;
  bool ack_due = false;
  bool sync_due = false;
  bool context_due = false;  ///< the peer wants to know what is known here, from `tell_from` on
  bool names_due = false;    ///< the peer used a number that means nothing here
  bool wanting = false;      ///< the peer's context is needed, from `want_from` on
  bool want_due = false;
  bool complete = false;    ///< `acked` means what it says: nothing before it is still to be compared
  bool repairing = false;   ///< contexts are equal and contents are not
  bool crowded = false;     ///< something was refused for want of room, and the peer was asked what is dead
  bool digest_due = false;  ///< a digest is to tell where, as soon as no other link needs it
  bool compared = false;    ///< an `in_sync` was said in this contact
  bool matched = false;     ///< and the peer has said the same: until then it is said again
  bool doubting = false;    ///< the peer has said otherwise, or nothing: an answer is asked for
  std::uint8_t retries = 0;
  std::uint8_t attempt = 0;  ///< of comparing contexts: changes the names of actors
  std::uint32_t mine = 0;
  std::uint32_t theirs = 0;
  std::uint32_t echo = 0;   ///< whose hello is to be answered
  std::uint32_t other = 0;  ///< of a hello that may have begun another contact
  std::uint32_t their_log = 0;
  std::uint32_t want_from = 0;
  std::uint32_t tell_from = 0;
  std::uint8_t tell_attempt = 0;
  typename Limits::time due{};  ///< when to speak again if nobody answers
  bool waiting = false;         ///< `due` means something
  // What goes out, in this side's arrival numbers.
  std::uint64_t acked = 0;      ///< the peer has everything up to here
  std::uint64_t confirmed = 0;  ///< and has said so up to here: the rest is its own; 0 when contexts were compared since
  std::uint64_t sent = 0;       ///< on the way
  std::uint64_t highest = 0;    ///< of anything that may be acknowledged, in this contact or one before it
  std::uint64_t naming = 0;     ///< the numbers said are known once this is acknowledged; 0: none are
  bool naming_over = false;     ///< until then no more are said
  std::uint64_t split = 0;      ///< an interval was cut in pieces: what happened up to here may not have been told as a whole before
  std::uint64_t whole = 0;      ///< everything up to here was, when that began
  std::uint64_t part_to = 0;    ///< a change that takes several frames, each for some of the actors; 0: none
  std::uint64_t gap = 0;        ///< by what contents differed when they were compared last
  std::uint64_t spent = 0;      ///< bytes of this contact
  std::uint64_t base = 0;       ///< arrivals, milliseconds and own events when the contact began
  std::uint64_t base_ms = 0;
  std::uint64_t base_n = 0;
  actor_ref part_after = no_actor;  ///< up to this actor it is told
  bool part_ends = false;           ///< and it is the last change that there is
  actor said{};                     ///< who this side said it is
  // What comes in, in theirs.
  std::uint64_t received = 0;  ///< everything up to here is in
  std::uint64_t kept = 0;      ///< of it, what is waiting to be on disk,
  std::uint64_t kept_at = 0;   ///< which it is once this arrival of the own log is
  std::uint64_t promised = 0;  ///< may be acknowledged
  std::uint64_t part_of = 0;   ///< of this change only some actors were told,
  std::uint32_t part_end = 0;  ///< up to this one
  std::uint64_t their_base = 0;
  std::uint64_t their_ms = 0;
  std::uint64_t their_n = 0;
  std::uint16_t agreed = 0;  ///< the peer knows so many of the actors here: contexts were equal
  std::uint16_t their_interned = 0;
  std::uint16_t their_runs = 0;
  actor them{};
  std::array<key_number, interned> keys{};  ///< the peer's numbers: the place of the key here
  std::array<actor_number, Limits::actors> actors{};
  spoken_names<interned> key_names{};  ///< more than this node itself takes need no number
  spoken_names<Limits::actors> actor_names{};

  [[nodiscard]] constexpr contact outgoing() const noexcept { return {mine, theirs}; }
  [[nodiscard]] constexpr contact incoming() const noexcept { return {theirs, mine}; }
  [[nodiscard]] constexpr bool open() const noexcept { return connected && theirs != 0 && greeted; }

  /// Up to where deaths were told, when everything up to `upto` was. A piece of an interval leaves out those under keys that changed
  /// once more behind its end, and those that no later event stands for.
  [[nodiscard]] constexpr std::uint64_t told(std::uint64_t upto) const noexcept { return upto >= split || whole > upto ? upto : whole; }
  /// A piece was sent that begins at `from` and ends before `arrivals`.
  constexpr void cut_short(std::uint64_t from, std::uint64_t arrivals) noexcept {
    whole = told(from);
    split = arrivals;
  }

  constexpr void forget_names() noexcept {
    key_names = {};
    actor_names = {};
    naming = 0;
    naming_over = false;
  }
  constexpr void retract_names() noexcept {
    key_names.retract();
    actor_names.retract();
    naming = 0;
    naming_over = false;
  }
  constexpr void forget_their_names() noexcept {
    keys.fill(no_key);
    actors.fill(no_number);
  }
  /// Another key has taken a place.
  constexpr void forget_place(std::size_t slot) noexcept {
    key_names.forget(slot);
    for (key_number& k : keys) {
      k = k == slot ? no_key : k;
    }
  }
};

/// All links of a replica.
template <typename Limits, std::size_t Links>
struct link_table {
  array_of<link_state<Limits>, Links> links{};
  std::uint32_t log_name = 0;  ///< this life of the log, 0 until a link asks
  std::uint32_t contacts = 0;
};
template <typename Limits>
struct link_table<Limits, 0> {};

}  // namespace skerry::inline v0::state::detail
