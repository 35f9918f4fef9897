// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// What a network does to what is sent over it. Chances are in 65536ths, per message and receiver; times in milliseconds.
struct network_faults {
  std::uint32_t lose = 0;
  std::uint32_t repeat = 0;           ///< arrives a second time, later
  std::uint64_t delay = 10;           ///< of every message
  std::uint64_t jitter = 0;           ///< U[0, jitter) is added: what overtakes is reordered
  std::uint64_t long_delay = 0;       ///< added to one message of sixteen
  std::size_t mtu = ~std::size_t{0};  ///< longer messages arrive cut off there
};

/// How often each thing happened.
struct network_counts {
  std::uint64_t sent = 0, lost = 0, repeated = 0, reordered = 0, delayed = 0, partitioned = 0, cut = 0, arrived = 0;

  /// What happened in another network is added.
  network_counts& operator+=(const network_counts& other) noexcept {
    using c = network_counts;
    for (const auto field : {&c::sent, &c::lost, &c::repeated, &c::reordered, &c::delayed, &c::partitioned, &c::cut, &c::arrived}) {
      this->*field += other.*field;
    }
    return *this;
  }
};

/// Many nodes and the messages between them: lost, repeated, reordered, delayed, cut off at the MTU, and kept apart by one-way partitions.
///
/// Cargo    what a message carries: bytes, or the number of a frame that is kept elsewhere
/// Cost     O(log messages under way) per message and receiver; uses the heap
///
/// What happens to a message depends on the seed, the name that its sender gives it and its receiver, on nothing else: taking one
/// message out of a run leaves the fate of all others as it was. That is what makes failing runs shrink.
template <typename Cargo = std::vector<std::byte>>
class lossy_network {
 public:
  struct message {
    std::uint64_t at = 0;  ///< when it arrives
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t bytes = 0;  ///< how many of its bytes arrive
    Cargo cargo{};
  };

  lossy_network() = default;
  lossy_network(std::size_t nodes, std::uint64_t seed, const network_faults& faults) { restart(nodes, seed, faults); }

  /// An empty network, with the memory of this one.
  void restart(std::size_t nodes, std::uint64_t seed, const network_faults& faults) {
    nodes_ = nodes;
    seed_ = seed;
    faults_ = faults;
    cut_.assign(nodes * nodes, false);
    latest_.assign(nodes * nodes, 0);
    under_way_.clear();
    order_ = 0;
  }

  [[nodiscard]] std::size_t nodes() const noexcept { return nodes_; }
  [[nodiscard]] const network_counts& counts() const noexcept { return counts_; }
  [[nodiscard]] bool idle() const noexcept { return under_way_.empty(); }
  /// Nothing arrives at `to` from `from` any more; the other direction is as it was. What is under way already arrives.
  void cut(std::size_t from, std::size_t to) { cut_[from * nodes_ + to] = true; }
  void heal(std::size_t from, std::size_t to) { cut_[from * nodes_ + to] = false; }
  void heal() { std::fill(cut_.begin(), cut_.end(), false); }

  /// name    of the message, different from those of all others
  /// size    of what the cargo stands for, in bytes
  void send(std::size_t from, std::size_t to, std::uint64_t now, std::uint64_t name, std::size_t size, const Cargo& cargo) {
    ++counts_.sent;
    const std::uint64_t fate = hash64(name * 64 + to % 64, seed_ + to / 64);  // so that no two of (name, receiver) share one
    if (cut_[from * nodes_ + to]) {
      ++counts_.partitioned;
      return;
    }
    if ((fate & 0xffff) < faults_.lose) {
      ++counts_.lost;
      return;
    }
    put(from, to, now, fate, size, cargo);
    if ((fate >> 16 & 0xffff) < faults_.repeat) {
      ++counts_.repeated;
      put(from, to, now, hash64(fate, seed_), size, cargo);
    }
  }

  /// The next message that has arrived by `now`, in the order of arrival.
  [[nodiscard]] std::optional<message> next(std::uint64_t now) {
    if (under_way_.empty() || under_way_.front().what.at > now) {
      return std::nullopt;
    }
    std::pop_heap(under_way_.begin(), under_way_.end(), later);
    message m = std::move(under_way_.back().what);
    under_way_.pop_back();
    ++counts_.arrived;
    return m;
  }

 private:
  struct entry {
    message what{};
    std::uint64_t order = 0;
  };
  [[nodiscard]] static bool later(const entry& a, const entry& b) noexcept {
    return a.what.at != b.what.at ? a.what.at > b.what.at : a.order > b.order;
  }

  void put(std::size_t from, std::size_t to, std::uint64_t now, std::uint64_t fate, std::size_t size, const Cargo& cargo) {
    std::uint64_t wait = faults_.delay + (faults_.jitter > 0 ? (fate >> 32 & 0xffff) * faults_.jitter >> 16 : 0);
    if (faults_.long_delay > 0 && fate >> 60 == 0) {
      wait += (fate >> 48 & 0xfff) * (faults_.long_delay >> 12);
      ++counts_.delayed;
    }
    std::uint64_t& latest = latest_[from * nodes_ + to];
    counts_.reordered += now + wait < latest ? 1 : 0;
    latest = std::max(latest, now + wait);
    counts_.cut += size > faults_.mtu ? 1 : 0;
    under_way_.push_back({{now + wait, from, to, std::min(size, faults_.mtu), cargo}, order_++});
    std::push_heap(under_way_.begin(), under_way_.end(), later);
  }

  std::size_t nodes_ = 0;
  std::uint64_t seed_ = 0;
  network_faults faults_{};
  std::vector<bool> cut_{};
  std::vector<std::uint64_t> latest_{};  ///< arrival of the last message per direction
  std::vector<entry> under_way_{};
  std::uint64_t order_ = 0;
  network_counts counts_{};
};

}  // namespace skerry::inline v0::testing
