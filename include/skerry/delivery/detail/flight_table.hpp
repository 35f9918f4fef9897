// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/delivery/circuit_breaker.hpp>
#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/item.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

enum class flight_kind : std::uint8_t { none, direct, stored, probe };
enum class flight_stage : std::uint8_t {
  waiting,     // for the next endpoint
  out,         // an answer or the end of the lease will follow
  over,        // a direct send ended; to be told
  dead,        // refused for good; to be told
  abandoning,  // cancelled while out; to be told to the transport
};

/// Of a message that is made of several items: the numbers of those behind the first.
template <std::uint16_t Items>
struct batch_members {
  std::array<std::uint64_t, Items - 1U> behind{};
  std::uint16_t others = 0;
};
template <>
struct batch_members<1> {
  static constexpr std::array<std::uint64_t, 0> behind{};
  static constexpr std::uint16_t others = 0;
};

/// An item on its way, from the first attempt to the last word about it.
template <instant Time, std::size_t Bytes, std::uint16_t Items = 1>
struct flight : batch_members<Items> {
  item_id id{};
  item_options<Time> options{};
  Time until{};  // of the send as a whole
  Time started{};
  Time lease_at{};
  duration_t<Time> hint{};  // what the peer asked for with its last answer
  wall_ms stamp{};
  std::uint64_t key = 0;  // of a direct send, as the outbox compares them; 0: none
  std::uint32_t length = 0;
  std::uint16_t generation = 0;
  std::uint16_t attempts = 0;
  permit leave{};
  endpoint_id endpoint{};
  std::uint8_t tried = 0;  // one bit per endpoint
  flight_kind kind = flight_kind::none;
  flight_stage stage = flight_stage::waiting;
  store_when store = store_when::on_failure;
  errc why = errc::ok;
  bool cancelled = false;
  outcome last = outcome::ok;
  std::array<std::byte, Bytes> payload{};

  void begin(flight_kind of, item_id item, std::size_t size, std::uint16_t made) noexcept {
    kind = of;
    stage = flight_stage::waiting;
    id = item;
    length = static_cast<std::uint32_t>(size);
    attempts = made;
    tried = 0;
    cancelled = false;
    hint = {};
    if constexpr (Items > 1) {
      this->others = 0;
    }
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::span<const std::byte>{payload}.first(length); }
};

/// The attempts under way; a token is a slot and its generation.
template <instant Time, std::uint16_t N, std::size_t Bytes, std::uint16_t Items = 1>
class flight_table {
 public:
  using entry = flight<Time, Bytes, Items>;

  [[nodiscard]] entry* begin() noexcept { return entries_.data(); }
  [[nodiscard]] entry* end() noexcept { return entries_.data() + N; }
  [[nodiscard]] const entry* begin() const noexcept { return entries_.data(); }
  [[nodiscard]] const entry* end() const noexcept { return entries_.data() + N; }

  [[nodiscard]] entry* find_free() noexcept {
    for (entry& f : entries_) {
      if (f.kind == flight_kind::none) {
        return &f;
      }
    }
    return nullptr;
  }
  void clear(entry& f) noexcept {
    f.kind = flight_kind::none;
    ++f.generation;
  }
  [[nodiscard]] send_token token_of(const entry& f) const noexcept {
    return send_token{static_cast<std::uint16_t>(&f - entries_.data()), f.generation};
  }
  /// The attempt that an answer to this token belongs to; null if the token is not current.
  [[nodiscard]] entry* current(send_token token) noexcept {
    if (token.slot >= N) {
      return nullptr;
    }
    entry& f = entries_[token.slot];
    const bool waits = f.kind != flight_kind::none && f.generation == token.generation && f.stage == flight_stage::out;
    return waits ? &f : nullptr;
  }
  [[nodiscard]] std::uint16_t out() const noexcept {
    std::uint16_t n = 0;
    for (const entry& f : entries_) {
      n = static_cast<std::uint16_t>(n + (f.kind != flight_kind::none && f.stage == flight_stage::out ? 1 : 0));
    }
    return n;
  }

  /// What is told of it. `MayBeDirect`: whether any has its payload with it.
  template <bool MayBeDirect>
  [[nodiscard]] action<Time> describe(const entry& f, action_kind kind) const noexcept {
    action<Time> a;
    a.kind = kind;
    a.token = token_of(f);
    a.endpoint = f.endpoint;
    a.attempt = static_cast<std::uint16_t>(f.attempts == 0 ? 1 : f.attempts);
    a.deadline = f.lease_at;
    a.item.id = f.id;
    if (MayBeDirect && f.kind == flight_kind::direct) {
      a.item.payload = f.bytes();
      a.item.importance = f.options.importance;
      a.item.historical = f.options.historical;
      a.item.stamp = f.stamp;
      a.item.batch = f.options.batch;
      a.item.squeezed = a.squeezed = f.options.squeezed;
      a.item.attempts = static_cast<std::uint16_t>(f.attempts == 0 ? 0 : f.attempts - 1);
    }
    return a;
  }

 private:
  array_of<entry, N> entries_{};
};

}  // namespace skerry::inline v0::delivery::detail
