// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/drive_tick.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// What became of an item that a coroutine sent.
struct send_end {
  ticket what{};
  errc why = errc::ok;  ///< ok: delivered; unavailable: stored, and will be sent; else it was refused or lost, and counted
};

namespace detail {
enum class coro_wait : std::uint8_t { completion, durability, time };

/// What somebody waits for, or will. It lies in the frame of a coroutine, and leaves the list when the frame goes, or when it ends.
template <instant Time>
struct coro_waiter {
  coro_waiter() = default;
  coro_waiter(const coro_waiter&) = delete;
  coro_waiter& operator=(const coro_waiter&) = delete;
  ~coro_waiter() { leave(); }

  void join(coro_waiter*& head) noexcept {
    where = &head;
    while (*where != nullptr) {
      where = &(*where)->next;
    }
    *where = this;
  }
  void leave() noexcept {
    if (where != nullptr) {
      *where = next;
      if (next != nullptr) {
        next->where = where;
      }
      where = nullptr;
      next = nullptr;
    }
  }

  coro_wait kind = coro_wait::completion;
  item_id id{};
  errc why = errc::ok;
  Time at{};
  std::coroutine_handle<> who{};  // none: it was not awaited yet
  coro_waiter* next = nullptr;
  coro_waiter** where = nullptr;
};
}  // namespace detail

/// The loop around `poll` for coroutines: who waits for a send, for durability or for a time is resumed in its turn.
///
/// Input   `drive(now)` from whatever loop there is; a coroutine says `co_await courier_send(driver, ...)`
/// Cost    a turn of `drive_tick`, and O(waiting) per completion; no heap: each awaiter lies in the frame of its coroutine
///
/// The driver must outlive the coroutines that wait on it, and stays where it is. A coroutine may be destroyed while it waits: what it
/// sent goes on, and nobody hears of the end. Coroutines are resumed from `drive`, never from a call of their own.
template <typename Courier, transport Link>
class coro_driver {
 public:
  using time_type = typename Courier::time_type;

  coro_driver(Courier& courier, Link& link, time_type now) noexcept : courier_{&courier}, link_{&link}, now_{now} {}
  coro_driver(const coro_driver&) = delete;
  coro_driver& operator=(const coro_driver&) = delete;

  /// One turn; answers when to come back at the latest. `told` hears of dead letters, and of completions that nobody waits for.
  template <typename Told>
  deadline<time_type> drive(time_type now, Told&& told) {
    now_ = now;
    for (;;) {
      deadline<time_type> wake = drive_tick(*courier_, *link_, now, [&](const action<time_type>& a) {
        waiter* const who = a.kind == action_kind::completed ? first([&](const waiter& w) { return completes(w, a); }) : nullptr;
        if (who == nullptr) {
          told(a);
          return;
        }
        who->why = a.why;
        resume(*who);
      });
      waiter* const due = first([this](const waiter& w) { return w.who && is_due(w); });
      if (due == nullptr) {
        for (const waiter* w = waiting_; w != nullptr; w = w->next) {
          wake = w->who && w->kind == detail::coro_wait::time ? earliest<time_type>(wake, w->at, now) : wake;
        }
        return wake;
      }
      resume(*due);
    }
  }
  deadline<time_type> drive(time_type now) {
    return drive(now, [](const action<time_type>&) noexcept {});
  }

  /// The time of this turn, or of the last one.
  [[nodiscard]] time_type now() const noexcept { return now_; }
  [[nodiscard]] Courier& courier() noexcept { return *courier_; }
  /// Coroutines that are suspended here.
  [[nodiscard]] std::size_t waiting() const noexcept {
    std::size_t n = 0;
    for (const waiter* w = waiting_; w != nullptr; w = w->next) {
      n += w->who ? 1U : 0U;
    }
    return n;
  }

  /// What `courier_send`, `courier_durable` and `courier_until` await; at once, or later: a send may end before it is awaited.
  class awaiter {
   public:
    [[nodiscard]] bool await_ready() const noexcept {
      return waiter_.kind == detail::coro_wait::completion ? waiter_.where == nullptr : driver_->is_due(waiter_);
    }
    void await_suspend(std::coroutine_handle<> who) noexcept {
      waiter_.who = who;
      if (waiter_.where == nullptr) {
        waiter_.join(driver_->waiting_);
      }
    }
    send_end await_resume() const noexcept { return send_end{ticket{waiter_.id, stored_}, waiter_.why}; }

   private:
    friend coro_driver;
    explicit awaiter(coro_driver& driver) noexcept : driver_{&driver} {}
    coro_driver* driver_;
    detail::coro_waiter<time_type> waiter_{};
    bool stored_ = false;

   public:
    awaiter(coro_driver& driver, std::span<const std::byte> payload, const send_options<time_type>& options) noexcept : awaiter{driver} {
      const result<ticket> sent = driver.courier_->send(payload, options, driver.now_);
      stored_ = sent && sent.value().stored;
      waiter_.why = sent ? (stored_ ? errc::unavailable : errc::ok) : sent.error();
      if (sent) {
        waiter_.id = sent.value().id;
      }
      if (sent && !stored_) {
        waiter_.join(driver.waiting_);
      }
    }
    awaiter(coro_driver& driver, const ticket& what) noexcept : awaiter{driver} {
      waiter_.kind = detail::coro_wait::durability;
      waiter_.id = what.id;
      stored_ = what.stored;
    }
    awaiter(coro_driver& driver, time_type at) noexcept : awaiter{driver} {
      waiter_.kind = detail::coro_wait::time;
      waiter_.at = at;
    }
  };

 private:
  using waiter = detail::coro_waiter<time_type>;

  template <typename Is>
  [[nodiscard]] waiter* first(Is&& is) const noexcept {
    for (waiter* w = waiting_; w != nullptr; w = w->next) {
      if (is(*w)) {
        return w;
      }
    }
    return nullptr;
  }
  [[nodiscard]] static bool completes(const waiter& w, const action<time_type>& a) noexcept {
    return w.kind == detail::coro_wait::completion && w.id == a.item.id;
  }
  [[nodiscard]] bool is_due(const waiter& w) const noexcept {
    switch (w.kind) {
      case detail::coro_wait::completion: return false;
      case detail::coro_wait::durability: {
        const item_id upto = courier_->durable_upto(w.id.stream);
        return upto.epoch == w.id.epoch && upto.seq >= w.id.seq;
      }
      case detail::coro_wait::time: return !(elapsed(now_, w.at) < duration_t<time_type>{});
    }
    return true;
  }
  /// The coroutine may send, wait again, or end: afterwards nothing of its frame may be touched.
  static void resume(waiter& w) {
    const std::coroutine_handle<> who = w.who;
    w.leave();
    if (who) {
      who.resume();
    }
  }

  Courier* courier_;
  Link* link_;
  waiter* waiting_ = nullptr;
  time_type now_;
};

/// Sends an item; the coroutine goes on when it is delivered, stored or lost. The payload is copied before it waits.
template <typename Courier, transport Link>
[[nodiscard]] typename coro_driver<Courier, Link>::awaiter courier_send(coro_driver<Courier, Link>& driver,
                                                                        std::span<const std::byte> payload,
                                                                        const send_options<typename Courier::time_type>& options) {
  return {driver, payload, options};
}
/// Waits until the item has survived a sync (or was delivered and a later sync covers it).
template <typename Courier, transport Link>
typename coro_driver<Courier, Link>::awaiter courier_durable(coro_driver<Courier, Link>& driver, const ticket& what) {
  return {driver, what};
}
/// Waits for a time.
template <typename Courier, transport Link>
typename coro_driver<Courier, Link>::awaiter courier_until(coro_driver<Courier, Link>& driver, typename Courier::time_type at) {
  return {driver, at};
}

}  // namespace skerry::inline v0::delivery
