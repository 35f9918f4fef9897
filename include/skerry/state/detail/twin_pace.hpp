// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/owned_merge_config.hpp>

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state::detail {

/// When a twin may be asked for something: one request at a time, pushes apart from each other, waits that double.
template <instant Time>
class twin_pace {
 public:
  constexpr explicit twin_pace(const twin_settings& s) noexcept
      : least_{s.min_push_interval_ms}, longest_{s.longest_interval_ms}, answer_within_{s.answer_within_ms}, interval_{least_} {}

  constexpr void connect(Time now) noexcept {
    see(now);
    connected_ = true;
    flight_ = twin_request::none;
    heard_ = 0;
    ask(now);
  }
  constexpr void disconnect() noexcept {
    connected_ = false;
    flight_ = twin_request::none;
    get_at_ = {};
  }
  [[nodiscard]] constexpr bool is_connected() const noexcept { return connected_; }
  constexpr void see(Time now) noexcept { seen_ = now; }
  [[nodiscard]] constexpr Time seen() const noexcept { return seen_; }

  /// Lets gates open whose time has come (no counter may wrap round to them), and gives up a request without an answer: true.
  [[nodiscard]] constexpr bool give_up(Time now) noexcept {
    see(now);
    push_gate_ = push_gate_.due(now) ? deadline<Time>{} : push_gate_;
    look_gate_ = look_gate_.due(now) ? deadline<Time>{} : look_gate_;
    if (flight_ == twin_request::none || !flight_until_.due(now)) {
      return false;
    }
    flight_ = twin_request::none;
    return true;
  }

  /// Asks for the whole document: now, at a time, or when the pause is over.
  constexpr void ask(Time when) noexcept { get_at_ = connected_ ? deadline<Time>{when} : deadline<Time>{}; }
  constexpr void ask_after_pause() noexcept { ask(push_gate_ ? push_gate_.value() : seen_); }
  constexpr void asked() noexcept { get_at_ = {}; }
  [[nodiscard]] constexpr bool asks() const noexcept { return static_cast<bool>(get_at_); }
  [[nodiscard]] constexpr bool may_get(Time now) const noexcept { return get_at_.due(now); }
  [[nodiscard]] constexpr bool may_push() const noexcept { return !push_gate_; }
  [[nodiscard]] constexpr bool busy() const noexcept { return flight_ != twin_request::none; }
  [[nodiscard]] constexpr bool writing() const noexcept { return busy() && !reading(); }
  [[nodiscard]] constexpr bool reading() const noexcept { return flight_ == twin_request::get; }

  [[nodiscard]] constexpr std::uint32_t take_off(twin_request kind, Time now) noexcept {
    flight_ = kind;
    flight_until_ = advance(now, from_ms<Time>(answer_within_));
    get_at_ = {};
    if (kind != twin_request::get) {
      pause(interval_, now);
    }
    return ++request_;
  }
  /// Whether an answer is the one that is waited for; then nothing is under way any more.
  [[nodiscard]] constexpr bool lands(std::uint32_t request, bool reads, Time now) noexcept {
    see(now);
    if (!busy() || request != request_ || reads != reading()) {
      return false;
    }
    flight_ = twin_request::none;
    return true;
  }

  constexpr void pause(std::uint32_t ms, Time now) noexcept { push_gate_ = advance(now, from_ms<Time>(ms)); }
  constexpr void slow_down(Time now) noexcept {
    interval_ = interval_ < longest_ / 2 ? interval_ * 2 : longest_;
    pause(interval_, now);
  }
  constexpr void full_speed() noexcept { interval_ = least_; }
  [[nodiscard]] constexpr std::uint32_t interval() const noexcept { return interval_; }

  /// A look at the document without a reason that is certain; at most once in the longest interval.
  constexpr void look(Time now) noexcept {
    if (!look_gate_ && !get_at_) {
      look_gate_ = advance(now, from_ms<Time>(longest_));
      ask(now);
    }
  }
  /// A version that was told of while something was under way.
  constexpr void heard(std::uint64_t version) noexcept { heard_ = version > heard_ ? version : heard_; }
  [[nodiscard]] constexpr std::uint64_t take_heard() noexcept {
    const std::uint64_t version = heard_;
    heard_ = 0;
    return version;
  }

  /// wants   whether there is something to push
  [[nodiscard]] constexpr deadline<Time> next_deadline(bool wants) const noexcept {
    const deadline<Time> next = earliest(push_gate_, look_gate_, seen_);
    if (connected_ && busy()) {
      return earliest(next, flight_until_, seen_);
    }
    if (connected_ && get_at_) {
      return earliest(next, get_at_, seen_);
    }
    return connected_ && wants && !push_gate_ ? deadline<Time>{seen_} : next;
  }

 private:
  std::uint32_t least_, longest_, answer_within_;
  std::uint32_t interval_;
  std::uint32_t request_ = 0;
  twin_request flight_ = twin_request::none;
  bool connected_ = false;
  std::uint64_t heard_ = 0;
  Time seen_{};
  deadline<Time> get_at_{};
  deadline<Time> push_gate_{};
  deadline<Time> look_gate_{};
  deadline<Time> flight_until_{};
};

}  // namespace skerry::inline v0::state::detail
