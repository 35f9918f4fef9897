// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/drive_tick.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace skerry::inline v0::adapters {

/// Drives a courier from an executor of Asio: one timer for `next_deadline()`, and a turn for each event.
///
/// Timer   `asio::steady_timer` or `boost::asio::steady_timer`: this header includes neither, so both kinds fit beside each other
/// Input   courier, transport, `clock()` in the courier's own time; `told(action)` hears of `completed` and `dead_letter`
/// Cost    one pending wait; what Asio allocates for handlers
///
/// All turns run on the executor, which must not run two handlers at once: an `io_context` of one thread, or a strand. `answer` and
/// `wake` may be called from any thread; `courier` only from handlers of that executor. Courier and transport must outlive the driver; a
/// driver that goes away while handlers are pending leaves them without effect, if it goes on the executor.
template <typename Timer, typename Courier, delivery::transport Link, typename Clock, typename Told>
class asio_driver {
 public:
  using time_type = typename Courier::time_type;
  using executor_type = typename Timer::executor_type;

  asio_driver(const executor_type& on, Courier& courier, Link& link, Clock clock, Told told)
      : executor_{on},
        timer_{on},
        courier_{&courier},
        link_{&link},
        clock_{std::move(clock)},
        told_{std::move(told)},
        alive_{std::make_shared<bool>(true)} {}
  asio_driver(const asio_driver&) = delete;
  asio_driver& operator=(const asio_driver&) = delete;
  ~asio_driver() { stop(); }

  /// A turn, now; on the executor. To be called after `send`, `post` and whatever else changed the courier.
  void turn() {
    if (!*alive_) {
      return;
    }
    const time_type now = clock_();
    const deadline<time_type> wake = delivery::drive_tick(*courier_, *link_, now, told_);
    ++turns_;
    if (!wake) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(wait_of(elapsed(wake.value(), clock_())));
    timer_.async_wait([this, alive = std::weak_ptr<bool>{alive_}](const auto& error) {
      if (const auto still = alive.lock(); still && *still && !error) {
        turn();
      }
    });
  }
  /// A turn soon; from any thread.
  void wake() {
    post(executor_, [this, alive = std::weak_ptr<bool>{alive_}] {
      if (const auto still = alive.lock(); still && *still) {
        turn();
      }
    });
  }
  /// The transport's answer to a token; from any thread.
  void answer(delivery::send_token token, delivery::reply<time_type> what) {
    post(executor_, [this, token, what, alive = std::weak_ptr<bool>{alive_}] {
      if (const auto still = alive.lock(); still && *still) {
        courier_->on_result(token, what, clock_());
        turn();
      }
    });
  }
  /// No turn any more; on the executor.
  void stop() {
    *alive_ = false;
    timer_.cancel();
  }

  [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }

 private:
  /// Rounded up: a turn that comes too early would be one too many.
  [[nodiscard]] static std::chrono::milliseconds wait_of(duration_t<time_type> distance) {
    const std::int64_t count = count_of<time_type>(distance);
    const std::int64_t per_second = count_of<time_type>(from_ms<time_type>(1000));
    if (count <= 0) {
      return std::chrono::milliseconds{0};
    }
    return std::chrono::milliseconds{count / per_second * 1000 + (count % per_second * 1000 + per_second - 1) / per_second};
  }

  executor_type executor_;
  Timer timer_;
  Courier* courier_;
  Link* link_;
  Clock clock_;
  Told told_;
  std::shared_ptr<bool> alive_;
  std::uint64_t turns_ = 0;
};

/// The same with its types found: `auto driver = make_asio_driver<asio::steady_timer>(io.get_executor(), courier, link, clock, told);`
template <typename Timer, typename Courier, delivery::transport Link, typename Clock, typename Told>
[[nodiscard]] asio_driver<Timer, Courier, Link, Clock, Told> make_asio_driver(const typename Timer::executor_type& on, Courier& courier,
                                                                              Link& link, Clock clock, Told told) {
  return asio_driver<Timer, Courier, Link, Clock, Told>{on, courier, link, std::move(clock), std::move(told)};
}

}  // namespace skerry::inline v0::adapters
