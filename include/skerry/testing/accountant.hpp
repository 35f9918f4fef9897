// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>
#include <skerry/delivery/counters.hpp>

#include <cstdint>
#include <string>

namespace skerry::inline v0::testing {

/// Holds the counters of an outbox or courier against what its application saw, at any moment and over crashes.
///
/// The sum: offered = produced + refused, and produced + recovered = delivered + all of dropped + queued. Beside it, what the counters say
/// of deliveries and acceptances must be what happened: after a crash no more of either than there was, and no fewer deliveries than were
/// made durable.
/// Cost    each call O(1); an answer is empty, or says what does not add up
class accountant {
 public:
  /// The application offered an item and this was the answer.
  void offered(bool accepted) noexcept { ++(accepted ? accepted_ : refused_); }
  /// It acknowledged one.
  void acknowledged() noexcept { ++acknowledged_; }
  /// A sync succeeded, and covered all acknowledgements until now.
  void acknowledgements_durable() noexcept { durable_ = acknowledged_; }

  [[nodiscard]] static std::string sum(const delivery::delivery_counters& c, std::uint64_t queued) {
    if (c.offered != c.produced + c.refused) {
      return "offered " + std::to_string(c.offered) + " is not produced " + std::to_string(c.produced) + " + refused " +
             std::to_string(c.refused);
    }
    const std::uint64_t in = c.produced + c.recovered;
    const std::uint64_t out = c.delivered + c.dropped_total() + queued;
    return in == out ? std::string{}
                     : "produced " + std::to_string(c.produced) + " + recovered " + std::to_string(c.recovered) + " is not delivered " +
                           std::to_string(c.delivered) + " + dropped " + std::to_string(c.dropped_total()) + " + queued " +
                           std::to_string(queued);
  }
  /// While a life goes on: the sum, and each count exactly what was seen.
  [[nodiscard]] std::string now(const delivery::delivery_counters& c, std::uint64_t queued) const {
    if (std::string wrong = sum(c, queued); !wrong.empty()) {
      return wrong;
    }
    if (c.produced != base_.produced + accepted_) {
      return counts("produced", c.produced, base_.produced + accepted_);
    }
    if (c.delivered != base_.delivered + acknowledged_) {
      return counts("delivered", c.delivered, base_.delivered + acknowledged_);
    }
    return c.refused == base_.refused + refused_ ? std::string{} : counts("refused", c.refused, base_.refused + refused_);
  }
  /// After a restart, with the counters of the new life: the sum, and nothing counted that did not happen.
  [[nodiscard]] std::string restarted(const delivery::delivery_counters& c, std::uint64_t queued) const {
    if (std::string wrong = sum(c, queued); !wrong.empty()) {
      return wrong;
    }
    if (c.produced > base_.produced + accepted_ + refused_) {  // an append that failed may have left its record
      return "produced " + std::to_string(c.produced) + ", and " + std::to_string(base_.produced + accepted_) + " were accepted";
    }
    if (c.delivered > base_.delivered + acknowledged_ || c.delivered < base_.delivered + durable_) {
      return "delivered " + std::to_string(c.delivered) + ", and " + std::to_string(base_.delivered + acknowledged_) +
             " were acknowledged, " + std::to_string(base_.delivered + durable_) + " of them durably";
    }
    return {};
  }
  /// What comes is counted from here.
  void begin_life(const delivery::delivery_counters& c) noexcept {
    base_ = c;
    accepted_ = refused_ = acknowledged_ = durable_ = 0;
  }

 private:
  [[nodiscard]] static std::string counts(const char* what, std::uint64_t counted, std::uint64_t seen) {
    return std::string{what} + " counts " + std::to_string(counted) + ", seen were " + std::to_string(seen);
  }

  delivery::delivery_counters base_{};
  std::uint64_t accepted_ = 0, refused_ = 0, acknowledged_ = 0, durable_ = 0;
};

}  // namespace skerry::inline v0::testing
