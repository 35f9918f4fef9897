// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// How many records a replica keeps that lie further ahead of its clock than it accepts; 0: such a frame is refused.
template <typename Limits>
constexpr std::size_t quarantine_of() noexcept {
  return 4;
}
template <typename Limits>
requires requires { Limits::quarantine; }
constexpr std::size_t quarantine_of() noexcept { return Limits::quarantine; }

/// Records that wait for their time. Nobody has seen them yet: they are in no context, so whoever has them offers them again.
///
/// Cost    64 bytes, a key, a payload and two events for each place; all calls O(places); no heap
template <typename Limits, std::size_t Most>
class quarantine {
 public:
  static constexpr std::size_t key_bytes = key_bytes_of<Limits>();
  static constexpr std::size_t most_seen = 2;

  struct event {
    actor who{};
    std::uint64_t n = 0;
  };
  class held {
   public:
    [[nodiscard]] constexpr key_ref key() const noexcept { return {path_, std::span{args_}.first(args_size_)}; }
    [[nodiscard]] constexpr record_view record() const noexcept { return {who_, n_, at_, kind_, std::span{payload_}.first(size_)}; }
    /// Events that its writer had seen under the key and had put it in the place of; as many as there is room for.
    [[nodiscard]] constexpr std::span<const event> seen() const noexcept { return std::span{seen_}.first(seen_size_); }
    constexpr void note_seen(const actor& who, std::uint64_t n) noexcept {
      if (seen_size_ < most_seen) {
        seen_[seen_size_++] = {who, n};
      }
    }

   private:
    friend quarantine;
    std::uint64_t n_ = 0;
    stamp at_{};
    actor who_{};
    std::uint16_t path_ = 0;
    std::uint8_t kind_ = 0;
    std::uint8_t size_ = 0;
    std::uint8_t args_size_ = 0;
    std::uint8_t seen_size_ = 0;
    std::array<char, key_bytes> args_{};
    std::array<std::byte, Limits::payload_bytes> payload_{};
    array_of<event, most_seen> seen_{};
  };

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr const held& operator[](std::size_t i) const noexcept { return all_[i]; }

  /// Keeps a record, and answers its place, or null when it is here already or lies further ahead than all that fill the places.
  ///
  /// dropped   counts what found no place, or lost it to one that lies less far ahead
  constexpr held* add(const incoming& in, const actor& who, std::uint64_t& dropped) noexcept {
    std::size_t farthest = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (all_[i].who_ == who && all_[i].n_ == in.n) {
        return nullptr;
      }
      farthest = all_[i].at_ > all_[farthest].at_ ? i : farthest;
    }
    if (size_ == Most) {
      ++dropped;
      if (!(in.at < all_[farthest].at_)) {
        return nullptr;
      }
      erase(farthest);
    }
    held& h = all_[size_++];
    h.n_ = in.n;
    h.at_ = in.at;
    h.who_ = who;
    h.path_ = in.key.path;
    h.kind_ = in.kind;
    h.size_ = static_cast<std::uint8_t>(in.payload.size());
    h.args_size_ = static_cast<std::uint8_t>(in.key.args.size());
    for (std::size_t i = 0; i < in.key.args.size(); ++i) {
      h.args_[i] = in.key.args[i];
    }
    for (std::size_t i = 0; i < in.payload.size(); ++i) {
      h.payload_[i] = in.payload[i];
    }
    return &h;
  }
  constexpr void erase(std::size_t i) noexcept {
    all_[i] = all_[size_ - 1];
    all_[--size_] = held{};
  }

 private:
  array_of<held, Most> all_{};
  std::uint8_t size_ = 0;
  static_assert(Most < 256, "records that wait for their time are few");
};

/// A replica that keeps none.
template <typename Limits>
class quarantine<Limits, 0> {};

}  // namespace skerry::inline v0::state::detail
