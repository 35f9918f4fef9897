// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/detail/scale.hpp>
#include <skerry/delivery/transport.hpp>
#include <skerry/testing/virtual_clock.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// What an endpoint of a `faulty_link` does with requests.
enum class link_condition : std::uint8_t {
  up,
  refuse,      ///< an error at once
  silent,      ///< both directions vanish, no error
  no_replies,  ///< requests arrive, answers vanish
};

/// Chances are in 65536ths, per message and direction.
template <instant Time>
struct faulty_link_config {
  duration_t<Time> delay = from_ms<Time>(10);  ///< one way
  duration_t<Time> jitter{};                   ///< U[0, jitter) is added: what overtakes is reordered
  std::uint16_t lose = 0;
  std::uint16_t repeat = 0;  ///< the request arrives twice
};

/// A lossy link in one process: models `delivery::transport`, over a `virtual_clock`.
///
/// Input   `on_request` is the peer: it says what it answers; `on_answer` hears the answers, usually `courier.on_result`
/// Cost    a copy of the payload per request; uses the heap
/// Errors  none; an endpoint beyond the eight that a courier can have is the caller's mistake
///
/// The same seed and the same calls give the same run. The link must outlive the clock's events.
template <instant Time>
class faulty_link {
 public:
  using code = delivery::outcome;
  using request_handler = std::function<delivery::reply<Time>(delivery::endpoint_id, const delivery::item_view&)>;
  using answer_handler = std::function<void(delivery::send_token, delivery::reply<Time>, Time)>;

  faulty_link(virtual_clock<Time>& clock, std::uint64_t seed, faulty_link_config<Time> config = faulty_link_config<Time>{})
      : clock_{&clock}, random_{seed}, config_{config} {}

  void on_request(request_handler peer) { request_ = std::move(peer); }
  void on_answer(answer_handler hears) { answer_ = std::move(hears); }

  void set(delivery::endpoint_id e, link_condition c) noexcept {
    SKERRY_ASSERT(e.value < conditions_.size());
    conditions_[e.value] = c;
  }
  void set_at(Time when, delivery::endpoint_id e, link_condition c) {
    clock_->at(when, [this, e, c] { set(e, c); });
  }
  [[nodiscard]] link_condition condition(delivery::endpoint_id e) const noexcept {
    SKERRY_ASSERT(e.value < conditions_.size());
    return conditions_[e.value];
  }

  [[nodiscard]] status start(delivery::endpoint_id e, delivery::send_token token, const delivery::item_view& item,
                             delivery::attempt_info info) noexcept {
    ++started_;
    switch (condition(e)) {
      case link_condition::refuse: return errc::unavailable;
      case link_condition::silent: return {};
      default: break;
    }
    const int copies = chance(config_.lose) ? 0 : (chance(config_.repeat) ? 2 : 1);
    for (int i = 0; i < copies; ++i) {
      clock_->after(one_way(),
                    [this, e, token, probe = info.probe, item, payload = std::vector<std::byte>(item.payload.begin(), item.payload.end())] {
                      delivery::item_view arrived = item;
                      arrived.payload = payload;
                      arrive(e, token, probe, arrived);
                    });
    }
    return {};
  }
  void abandon(delivery::send_token) noexcept { ++abandoned_; }
  [[nodiscard]] delivery::outcome classify(code c) const noexcept { return c; }

  [[nodiscard]] std::uint64_t started() const noexcept { return started_; }
  [[nodiscard]] std::uint64_t abandoned() const noexcept { return abandoned_; }
  [[nodiscard]] std::uint64_t arrived() const noexcept { return arrived_; }

 private:
  [[nodiscard]] bool chance(std::uint16_t of) noexcept { return of != 0 && (random_() >> 16) < of; }
  [[nodiscard]] duration_t<Time> one_way() noexcept {
    const std::int64_t jitter = count_of<Time>(config_.jitter);
    std::int64_t extra = 0;
    if (jitter > 0xffff'ffff) {  // a few seconds, in nanoseconds
      extra = static_cast<std::int64_t>(delivery::detail::scale_u32(static_cast<std::uint64_t>(jitter), random_()));
    } else if (jitter > 0) {
      extra = uniform_below(random_, static_cast<std::uint32_t>(jitter));
    }
    return duration_from_count<Time>(count_of<Time>(config_.delay) + extra);
  }

  void arrive(delivery::endpoint_id e, delivery::send_token token, bool probe, const delivery::item_view& item) {
    ++arrived_;
    const delivery::reply<Time> answer =
        probe || !request_ ? delivery::reply<Time>{delivery::outcome::ok, delivery::no_hint<Time>} : request_(e, item);
    if (condition(e) != link_condition::up || chance(config_.lose)) {
      return;
    }
    clock_->after(one_way(), [this, token, answer] {
      if (answer_) {
        answer_(token, answer, clock_->now());
      }
    });
  }

  virtual_clock<Time>* clock_;
  pcg32 random_;
  faulty_link_config<Time> config_;
  request_handler request_;
  answer_handler answer_;
  array_of<link_condition, 8> conditions_{};
  std::uint64_t started_ = 0;
  std::uint64_t abandoned_ = 0;
  std::uint64_t arrived_ = 0;
};

}  // namespace skerry::inline v0::testing
