// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/outcome.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>

namespace skerry::inline v0::delivery {

/// After silence it is sent again: it arrives, perhaps twice.
struct at_least_once {};
/// After silence it is given up: it arrives at most once.
struct at_most_once {};
/// The receiver drops repeats by item id, in a window of W per stream: see `dedupe_window`.
template <std::size_t W>
struct deduped {
  static_assert(W > 0, "deduped<W>: the width of the receiver's dedupe_window");
};

namespace detail {
template <typename T>
inline constexpr bool is_deduped = false;
template <std::size_t W>
inline constexpr bool is_deduped<deduped<W>> = true;

template <typename Route, typename Payload>
consteval void check_route() {
  static_assert(!Route::may_repeat || join_semilattice<Payload> || !commutative_monoid<Payload>,
                "skerry: this payload is merged, and merging it twice counts twice, but this route may deliver twice. "
                "Remedies: route<at_least_once, deduped<W>>  |  send a join_semilattice instead (see core/algebra.hpp)  |  "
                "route<at_most_once>");
  static_assert(mergeable<Payload>,
                "skerry: this payload does not say what happens when it arrives twice. Remedies: `using algebra = skerry::joins;` or "
                "`skerry::merges` in its type  |  post its bytes with repeatable::yes, by_key or no");
}
}  // namespace detail

/// What a path may do to a payload: how often it may deliver, and whether the receiver notices.
///
/// `route<at_least_once>` carries join semilattices only; with `deduped<W>` also what is merged; `route<at_most_once>` loses rather than
/// repeats. A payload that does not fit does not compile.
template <typename Guarantee, typename... Options>
struct route {
  static_assert(std::same_as<Guarantee, at_least_once> || std::same_as<Guarantee, at_most_once>,
                "route<Guarantee, …>: at_least_once or at_most_once");
  static_assert((detail::is_deduped<Options> && ...) && sizeof...(Options) <= 1, "route<Guarantee, …>: the one option is deduped<W>");

  static constexpr bool sends_again = std::same_as<Guarantee, at_least_once>;
  static constexpr bool may_repeat = sends_again && sizeof...(Options) == 0;

  /// Does not compile for a payload that this route would falsify.
  template <typename Payload>
  static consteval void check() {
    detail::check_route<route, Payload>();
  }
  /// What an item on this route may do after silence.
  static constexpr repeatable repeat = !sends_again ? repeatable::no : (may_repeat ? repeatable::yes : repeatable::by_key);
};

/// Encodes a payload and hands it to a courier's outbox, as its algebra and the route allow.
///
/// Cost    the payload's `max_encoded_size` on the stack
/// Errors  those of the payload's `encode` and of `courier::post`
template <typename Route, typename Courier, encodable Payload, instant Time>
[[nodiscard]] result<ticket> post(Courier& courier, const Payload& payload, item_options<Time> options, Time now) noexcept {
  Route::template check<Payload>();
  std::array<std::byte, Payload::max_encoded_size> bytes;
  byte_writer out{bytes};
  if (const status s = payload.encode(out); !s) {
    return s.error();
  }
  options.repeat = Route::repeat;
  return courier.post(out.written(), options, now);
}
/// The same for bytes, of which nobody but the caller knows what happens when they arrive twice.
///
/// `yes` on a route without a deduplicating receiver says that twice changes nothing; `by_key` needs `deduped<W>`; `no` is never sent
/// again.
template <typename Route, typename Courier, instant Time>
[[nodiscard]] result<ticket> post(Courier& courier, std::span<const std::byte> payload, repeatable repeat, item_options<Time> options,
                                  Time now) noexcept {
  if (Route::may_repeat && repeat == repeatable::by_key) {
    return errc::invalid;  // nobody there looks at the key
  }
  options.repeat = Route::sends_again ? repeat : repeatable::no;
  return courier.post(payload, options, now);
}

}  // namespace skerry::inline v0::delivery
