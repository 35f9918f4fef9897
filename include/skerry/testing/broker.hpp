// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/delivery/dedupe.hpp>
#include <skerry/delivery/outcome.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace skerry::inline v0::testing {

/// A virtual receiver of one device: acknowledges what arrives, acts once per id, and notices what must not happen.
///
/// Cost    O(log answers) per item; uses the heap only for fixed answers
template <std::size_t Streams = 8, std::size_t W = 64>
class broker {
 public:
  /// What the peer answers to this item.
  [[nodiscard]] delivery::outcome receive(const delivery::item_view& item) {
    ++received_;
    if (const auto fixed = answers_.find(std::pair{item.id.stream, item.id.seq}); fixed != answers_.end()) {
      return fixed->second;
    }
    switch (window_.accept(item.id)) {
      case delivery::verdict::repeat: ++repeats_; break;
      case delivery::verdict::too_old: ++too_old_; break;
      case delivery::verdict::fresh: {
        ++effects_;
        bytes_ += item.payload.size();
        // Order is a promise within each of the two sequences of a stream.
        if (item.id.epoch != epochs_[item.id.stream]) {
          epochs_[item.id.stream] = item.id.epoch;  // a new store counts from 1 again
          last_[item.id.stream] = {};
        }
        std::uint64_t& last = last_[item.id.stream][item.historical ? 1 : 0];
        order_violations_ += item.id.seq < last ? 1 : 0;
        last = item.id.seq > last ? item.id.seq : last;
        std::uint64_t& any = last_[item.id.stream][2];
        overtaken_ += item.id.seq < any ? 1 : 0;
        any = item.id.seq > any ? item.id.seq : any;
        break;
      }
    }
    return delivery::outcome::ok;
  }
  /// From now on the item is always answered so, and has no effect.
  void answer(delivery::stream_id stream, std::uint64_t seq, delivery::outcome what) { answers_[std::pair{stream, seq}] = what; }

  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t effects() const noexcept { return effects_; }
  [[nodiscard]] std::uint64_t repeats() const noexcept { return repeats_; }
  [[nodiscard]] std::uint64_t too_old() const noexcept { return too_old_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// First deliveries out of append order, live and historical items counted apart.
  [[nodiscard]] std::uint64_t order_violations() const noexcept { return order_violations_; }
  /// First deliveries after a younger item of the same stream, whatever the reason.
  [[nodiscard]] std::uint64_t overtaken() const noexcept { return overtaken_; }

 private:
  delivery::dedupe_window<Streams, W> window_;
  std::map<std::pair<delivery::stream_id, std::uint64_t>, delivery::outcome> answers_;
  array_of<std::array<std::uint64_t, 3>, Streams> last_{};
  std::array<std::uint32_t, Streams> epochs_{};
  std::uint64_t received_ = 0, effects_ = 0, repeats_ = 0, too_old_ = 0, bytes_ = 0, order_violations_ = 0, overtaken_ = 0;
};

}  // namespace skerry::inline v0::testing
