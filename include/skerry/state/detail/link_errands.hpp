// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/detail/picked_delta.hpp>
#include <skerry/state/frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Events that peers are to be told about, each as it is when it is told: alive with its record, or dead.
///
/// What there is no room for is dropped: what still differs is found again.
/// Memory  16 Capacity bytes
template <typename Store, std::size_t TextBytes, std::size_t Capacity>
class link_errands {
 public:
  using link_number = std::uint16_t;
  static constexpr std::size_t capacity = Capacity;
  /// Events in one frame.
  static constexpr std::size_t per_frame = 16;

  /// How much a frame told.
  struct told {
    std::size_t events = 0;
    std::size_t records = 0;
  };

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool any(link_number link) const noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      if (queue_[i].link == link) {
        return true;
      }
    }
    return false;
  }
  void drop(link_number link) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (queue_[i].link != link) {
        queue_[kept++] = queue_[i];
      }
    }
    size_ = static_cast<std::uint16_t>(kept);
  }
  /// False when there is no room.
  bool add(link_number link, const Store& store, const actor& who, std::uint64_t n) noexcept {
    const actor_ref ref = store.actors().find(who);
    for (std::size_t i = 0; i < size_; ++i) {
      if (queue_[i].n == n && queue_[i].who == ref && queue_[i].link == link) {
        return true;
      }
    }
    if (size_ == Capacity) {
      return false;
    }
    queue_[size_++] = {n, ref, link};
    return true;
  }

  /// Writes a delta frame for a peer, of fewer events when not all fit. Nothing told, nothing written.
  template <typename Text>
  [[nodiscard]] told write(link_number link, byte_writer& out, const Store& store, const Text& text) {
    for (std::size_t most = per_frame; most > 0; most /= 2) {
      picked_delta<Store, per_frame, TextBytes> delta{store};
      array_of<errand, Capacity> left;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < size_; ++i) {
        const errand& e = queue_[i];
        if (e.link != link || delta.size() == most) {
          left[kept++] = e;
        } else {
          (void)delta.add(store.actors()[e.who], e.n, text);  // what nobody here has seen any more is nothing to tell
        }
      }
      byte_writer trial = out;
      const bool fits = delta.size() > 0 && write_delta<TextBytes>(trial, nullptr, delta, text);
      if (fits || delta.size() == 0 || most == 1) {  // one that is longer than any frame can be told to nobody
        for (std::size_t i = 0; i < kept; ++i) {
          queue_[i] = left[i];
        }
        size_ = static_cast<std::uint16_t>(kept);
      }
      if (fits) {
        out = trial;
        return {delta.size(), delta.live()};
      }
      if (delta.size() == 0) {
        break;
      }
    }
    return {};
  }

  /// Takes a delta frame in with `accept(span) -> result<receipt>`. What it holds and is dead here becomes an errand.
  template <typename Accept>
  [[nodiscard]] result<told> take(link_number link, std::span<const std::byte> frame, const Store& store, Accept&& accept) {
    if (const auto taken = accept(frame); !taken) {
      return taken.error();
    }
    told heard;
    delta_frame<per_frame, 0> received;
    if (received.parse(frame)) {
      received.for_each([&](const auto& e) {
        ++heard.records;
        const actor& who = received.context().actors()[e.who];
        if (store.contains(who, e.n) && !store.holds(who, e.n)) {
          (void)add(link, store, who, e.n);
        }
      });
      for (const auto& run : received.context().runs()) {
        heard.events += run.last - run.first < per_frame ? static_cast<std::size_t>(run.last - run.first) + 1 : per_frame;
      }
    }
    return heard;
  }

 private:
  struct errand {
    std::uint64_t n;
    actor_ref who;
    link_number link;
  };
  array_of<errand, Capacity> queue_{};
  std::uint16_t size_ = 0;
};

}  // namespace skerry::inline v0::state::detail
