// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/chunk_common.hpp>
#include <skerry/state/dot.hpp>
#include <skerry/state/policy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

/// Where the writer of a context stands: the actors known when it began are listed in ascending order, and every chunk names them by
/// their place in that list.
struct context_cursor {
  std::uint16_t actors = 0;  ///< how many were known at the beginning
  std::uint16_t listed = 0;  ///< how many are written
  std::uint64_t upto = 0;    ///< of the last one: its events up to here are written; 0: all are
};

/// Writes as much of a store's context as fits, as one frame. Parts written at different times are as good as one: an event counts as
/// seen only by what was true before the chunk that holds its key.
///
/// Errors  `full` when not even one entry fits: nothing was written, `at` stands where it stood
template <typename Store>
[[nodiscard]] constexpr status write_context_part(byte_writer& out, const Store& store, std::uint64_t of, context_cursor& at) {
  // An entry takes at most 10 + 5 + 4 bytes for the actor and 21 for the run.
  constexpr std::size_t most = 40;
  constexpr std::size_t rest = 4 + 2;
  const std::size_t begin = out.written().size();
  byte_writer trial = out;
  detail::begin_chunk(trial, chunk_part::context);
  trial.varint(of);
  trial.varint(at.actors);
  trial.varint(at.listed);
  detail::actor_names names;
  context_cursor to = at;
  std::size_t entries = 0;
  std::size_t rank = 0;
  bool stopped = false;
  const auto fits = [&] { return trial.error() == errc::ok && trial.free_bytes() >= most + rest; };
  for (std::size_t i = 0; i < store.actors().size() && !stopped; ++i) {
    const actor_ref ref = store.actors().sorted(i);
    if (ref >= at.actors) {
      continue;
    }
    const bool continued = at.upto != 0 && rank + 1 == at.listed;
    if (rank++ < at.listed && !continued) {
      continue;
    }
    std::uint64_t told = continued ? at.upto : 0;
    bool named = continued;
    const auto entry = [&](std::uint64_t first, std::uint64_t length) {
      if (stopped || !fits()) {
        stopped = true;
        return;
      }
      trial.u8(named ? 1 : 2);
      if (!named) {
        names.write(trial, store.actors()[ref]);
        ++to.listed;
        named = true;
      }
      trial.varint(first);
      trial.varint(length);
      told = length == 0 ? 0 : first + (length - 1);
      ++entries;
    };
    store.context().for_each(ref, [&](const dot_range& run) {
      if (run.last > told) {
        const std::uint64_t first = run.first > told ? run.first : told + 1;
        entry(first, run.last - first + 1);
      }
    });
    if (!named) {
      entry(0, 0);
    }
    to.upto = stopped && named ? told : 0;
  }
  if (entries == 0 && at.listed < at.actors) {
    return errc::full;
  }
  trial.u8(0);
  trial.u8(to.listed == to.actors && to.upto == 0 ? 1 : 0);
  if (const status s = detail::end_chunk(trial, begin); !s) {
    return s;
  }
  out = trial;
  at = to;
  return {};
}

namespace detail {

/// Writes what a context has of one actor.
template <typename Context>
constexpr void write_runs(byte_writer& out, actor_names& names, const actor& who, actor_ref ref, const Context& context) noexcept {
  bool named = false;
  const auto entry = [&](std::uint64_t first, std::uint64_t length) {
    out.u8(named ? 1 : 2);
    if (!named) {
      names.write(out, who);
      named = true;
    }
    out.varint(first);
    out.varint(length);
  };
  context.for_each(ref, [&](const dot_range& run) { entry(run.first, run.last - run.first + 1); });
  if (!named) {
    entry(0, 0);
  }
}
/// Reads the runs of several actors up to the mark behind the last one; see `context_part::for_each`.
///
/// listed   how many actors were listed before, and then with these
template <typename F>
constexpr errc read_runs(byte_reader& in, std::uint16_t& listed, F&& f) {
  actor_names names;
  actor who{};
  actor before{};
  bool named = false;
  std::uint64_t last = 0;
  for (;;) {
    const std::uint8_t entry = in.u8();
    if (in.error() != errc::ok || entry == 0) {
      return in.error();
    }
    if (entry > 2 || (entry == 1 && !named && listed == 0)) {
      return errc::corrupt;
    }
    if (entry == 2) {
      before = who;
      who = names.read(in);
      if (in.error() != errc::ok || (named && !(before < who)) || listed == no_actor) {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
      named = true;
      last = 0;
      ++listed;
    }
    const std::uint64_t first = in.varint();
    const std::uint64_t length = in.varint();
    if (in.error() != errc::ok) {
      return in.error();
    }
    const bool nothing = entry == 2 && first == 0 && length == 0;
    if (!nothing && (first == 0 || first <= last || length == 0 || length - 1 > UINT64_MAX - first)) {
      return errc::corrupt;
    }
    last = nothing ? 0 : first + (length - 1);
    f(named ? &who : nullptr, first, length);
  }
}

}  // namespace detail

/// A received part of a context: checked as a whole, then read in place.
///
/// Errors  `truncated`, `corrupt`, `unsupported`
class context_part {
 public:
  [[nodiscard]] constexpr status parse(std::span<const std::byte> frame) noexcept {
    chunk_part part{};
    const auto body = detail::open_chunk(frame, part);
    if (!body) {
      return body.error();
    }
    if (part != chunk_part::context) {
      return errc::unsupported;
    }
    byte_reader in{body.value()};
    of_ = in.varint();
    const std::uint64_t actors = in.varint();
    const std::uint64_t before = in.varint();
    if (in.error() == errc::ok && (actors >= no_actor || before > actors)) {
      return errc::corrupt;
    }
    actors_ = static_cast<std::uint16_t>(actors);
    before_ = listed_ = static_cast<std::uint16_t>(before);
    entries_ = in.remaining();
    const errc e = detail::read_runs(in, listed_, [](const actor*, std::uint64_t, std::uint64_t) {});
    if (e != errc::ok) {
      return e;
    }
    const std::uint8_t all = in.u8();
    if (in.error() == errc::ok && (all > 1 || listed_ > actors_ || (all == 1 && listed_ != actors_))) {
      return errc::corrupt;
    }
    complete_ = all == 1;
    return in.finish();
  }

  /// The catch-up that it belongs to; 0 in an image.
  [[nodiscard]] constexpr std::uint64_t of() const noexcept { return of_; }
  /// How many actors the whole context lists, and how many of them before this part and with it.
  [[nodiscard]] constexpr std::uint16_t actors() const noexcept { return actors_; }
  [[nodiscard]] constexpr std::uint16_t listed_before() const noexcept { return before_; }
  [[nodiscard]] constexpr std::uint16_t listed() const noexcept { return listed_; }
  /// No part follows.
  [[nodiscard]] constexpr bool complete() const noexcept { return complete_; }

  /// Calls `f(const actor* who, first, length)` for each run; null for the last actor of the part before; length 0 for an actor of
  /// whom nothing was seen.
  template <typename F>
  constexpr void for_each(F&& f) const {
    byte_reader in{entries_};
    std::uint16_t ignored = before_;
    (void)detail::read_runs(in, ignored, f);
  }

 private:
  std::span<const std::byte> entries_{};
  std::uint64_t of_ = 0;
  std::uint16_t actors_ = 0;
  std::uint16_t before_ = 0;
  std::uint16_t listed_ = 0;
  bool complete_ = false;
};

}  // namespace skerry::inline v0::state
