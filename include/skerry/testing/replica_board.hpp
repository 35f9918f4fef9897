// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/link.hpp>
#include <skerry/state/replica.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace skerry::inline v0::testing {

/// A replica on a board: what a world calls. Tests that want to see the simulator find something put a defective one in its place.
template <typename Replica>
class replica_board {
 public:
  using replica_type = Replica;

  [[nodiscard]] status create(std::uint64_t id, state::clock_limits clock, splitmix64& rng, typename Replica::instant_t now) {
    return Replica::create(replica_, id, state::role::device, state::epoch_rule::every_open, clock, rng, now);
  }
  [[nodiscard]] const Replica& replica() const noexcept { return replica_; }
  [[nodiscard]] const state::replica_counters& counters() const noexcept { return replica_.counters(); }
  /// `f(replica)` operates and returns the delta.
  ///
  /// wall   what it is told about the time
  template <typename F>
  [[nodiscard]] result<std::span<const std::byte>> mutate(F&& f, wall_ms) {
    const result<state::delta_view> delta = f(replica_);
    return delta ? result<std::span<const std::byte>>{delta.value().bytes()} : result<std::span<const std::byte>>{delta.error()};
  }
  /// Name and time of the last operation.
  [[nodiscard]] std::uint64_t last_number() const noexcept { return replica_.store().next(replica_.self()) - 1; }
  [[nodiscard]] state::stamp last_stamp() const noexcept { return replica_.clock().last(); }
  /// The amount that is handed to a counter.
  [[nodiscard]] std::int64_t amount(std::int64_t asked) const noexcept { return asked; }
  [[nodiscard]] result<state::receipt> accept(std::span<const std::byte> frame, typename Replica::instant_t now) {
    return replica_.accept(frame, now);
  }
  /// All that it knows, as a frame; and as bytes that are equal where the knowledge is.
  [[nodiscard]] status encode(byte_writer& out) const { return replica_.encode(out); }
  [[nodiscard]] status digest(byte_writer& out) const { return replica_.encode(out); }
  /// Whether the stores are the same byte for byte, as an original and its copy are: then `digest` is the same as well. False says nothing.
  [[nodiscard]] bool same_memory(const replica_board& other) const noexcept {
    static_assert(std::is_trivially_copyable_v<typename Replica::store_type>);
    return std::memcmp(&replica_.store(), &other.replica_.store(), sizeof(typename Replica::store_type)) == 0;
  }
  /// Its memory is now that of an image, of its own or of another board's.
  void put_back(const replica_board& image, splitmix64& rng) {
    replica_ = image.replica_;
    (void)replica_.as_new_life(rng);
  }
  void restart(splitmix64&) { (void)replica_.restored(); }
  void vouch(wall_ms wall) { replica_.vouch(wall); }
  // Links, for worlds whose nodes talk through them.
  [[nodiscard]] result<state::link_id> connect(std::uint64_t peer, const state::link_options& options, typename Replica::instant_t now) {
    return replica_.connect(peer, options, now);
  }
  [[nodiscard]] result<std::size_t> poll(state::link_id link, typename Replica::instant_t now, std::span<std::byte> out) {
    return replica_.poll(link, now, out);
  }
  [[nodiscard]] result<state::receipt> receive(state::link_id link, std::span<const std::byte> frame, typename Replica::instant_t now) {
    return replica_.receive(link, frame, now);
  }
  void disconnect(state::link_id link) { replica_.disconnect(link); }
  [[nodiscard]] std::size_t memory() const noexcept { return sizeof(Replica); }

 private:
  Replica replica_{};
};

namespace detail {
template <typename Replica>
struct replica_schema;
template <typename Schema, typename Limits>
struct replica_schema<state::replica<Schema, Limits>> {
  using schema = Schema;
  using limits = Limits;
};
}  // namespace detail

}  // namespace skerry::inline v0::testing
