// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/drive_tick.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace skerry::inline v0::delivery {

/// Tells the time: `clock()`.
template <typename F, typename Time>
concept clock_for = requires(F& clock) {
  { clock() } -> std::same_as<Time>;
};

/// A type W models `waiter_for` when `wait_until(at)`:
///   1. returns at `at` or earlier; without a deadline, when something happened;
///   2. hands the answers that came meanwhile to `on_result`, on this thread;
///   3. answers false when the loop shall end.
/// Coming back early and without a reason costs a poll and nothing else.
template <typename W, typename Time>
concept waiter_for = requires(W& wait_until, deadline<Time> at) {
  { wait_until(at) } -> std::same_as<bool>;
};

/// One thread that does nothing else: turns of `drive_tick`, and between them the wait that it is handed, until that answers false.
///
/// Input   courier, transport, `clock()`, `wait_until(deadline)`; `told(action)` hears of `completed` and `dead_letter`
/// Cost    a turn per return of `wait_until`; no thread, clock or lock of its own
///
/// `wait_until` is where the transport's events come in: usually `poll(2)` on its sockets, or a condition variable's `wait_until`.
template <typename Courier, transport Link, clock_for<typename Courier::time_type> Clock, waiter_for<typename Courier::time_type> Wait,
          typename Told>
void drive_blocking(Courier& courier, Link& link, Clock&& clock, Wait&& wait_until, Told&& told) {
  while (wait_until(drive_tick(courier, link, clock(), told))) {
  }
}

template <typename Courier, transport Link, clock_for<typename Courier::time_type> Clock, waiter_for<typename Courier::time_type> Wait>
void drive_blocking(Courier& courier, Link& link, Clock&& clock, Wait&& wait_until) {
  drive_blocking(courier, link, clock, wait_until, [](const action<typename Courier::time_type>&) noexcept {});
}

/// Sends one item and waits for the end of it; everything else that the courier has to do goes on meanwhile.
///
/// Errors   `unavailable`: it is stored and will be sent; `timeout`, `refused`, `full`: it is lost, and counted; or those of
///          `courier::send`. Where `wait_until` ends the loop first the item is called off, which is a `timeout`.
/// `told` hears of all other completions and of dead letters.
template <typename Courier, transport Link, clock_for<typename Courier::time_type> Clock, waiter_for<typename Courier::time_type> Wait,
          typename Told>
[[nodiscard]] status send_blocking(Courier& courier, Link& link, std::span<const std::byte> payload,
                                   const send_options<typename Courier::time_type>& options, Clock&& clock, Wait&& wait_until,
                                   Told&& told) {
  using time = typename Courier::time_type;
  const result<ticket> sent = courier.send(payload, options, clock());
  if (!sent) {
    return sent.error();
  }
  bool over = sent.value().stored;
  status how = errc::unavailable;
  const auto mine = [&](const action<time>& a) {
    if (a.kind == action_kind::completed && a.item.id == sent.value().id) {
      over = true;
      how = a.why;
    } else {
      told(a);
    }
  };
  bool goes_on = true;
  deadline<time> wake = drive_tick(courier, link, clock(), mine);
  while (!over && goes_on) {
    goes_on = wait_until(wake);
    wake = drive_tick(courier, link, clock(), mine);
  }
  if (!over) {
    (void)courier.cancel(sent.value(), clock());
    (void)drive_tick(courier, link, clock(), told);
    return errc::timeout;
  }
  return how;
}

template <typename Courier, transport Link, clock_for<typename Courier::time_type> Clock, waiter_for<typename Courier::time_type> Wait>
[[nodiscard]] status send_blocking(Courier& courier, Link& link, std::span<const std::byte> payload,
                                   const send_options<typename Courier::time_type>& options, Clock&& clock, Wait&& wait_until) {
  return send_blocking(courier, link, payload, options, clock, wait_until, [](const action<typename Courier::time_type>&) noexcept {});
}

}  // namespace skerry::inline v0::delivery
