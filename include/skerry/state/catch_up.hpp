// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/core/result.hpp>
#include <skerry/state/chunk.hpp>
#include <skerry/state/key_chunk.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

/// What a node says about a catch-up that it takes part in: how far it has come. It is the acknowledgement, and after a lost frame, a
/// lost contact or a crash it is where the sender goes on.
struct catch_up_request {
  std::uint64_t of = 0;
  std::uint16_t listed = 0;  ///< actors of the context that are in
  bool ready = false;        ///< all of the context is
  bool done = false;         ///< all keys are
  std::string_view cursor{};

  /// Errors  `full`
  [[nodiscard]] status encode(byte_writer& out) const noexcept {
    const std::size_t begin = out.written().size();
    byte_writer trial = out;
    detail::begin_chunk(trial, chunk_part::request);
    trial.varint(of);
    trial.u8(static_cast<std::uint8_t>((ready ? 1 : 0) | (done ? 2 : 0)));
    trial.varint(listed);
    trial.varint(cursor.size());
    trial.bytes(std::as_bytes(std::span{cursor.data(), cursor.size()}));
    if (const status s = detail::end_chunk(trial, begin); !s) {
      return s;
    }
    out = trial;
    return {};
  }
  /// The cursor is a view of the frame. Errors: `truncated`, `corrupt`, `unsupported`.
  [[nodiscard]] static result<catch_up_request> parse(std::span<const std::byte> frame) noexcept {
    chunk_part part{};
    const auto body = detail::open_chunk(frame, part);
    if (!body) {
      return body.error();
    }
    if (part != chunk_part::request) {
      return errc::unsupported;
    }
    byte_reader in{body.value()};
    catch_up_request r;
    r.of = in.varint();
    const std::uint8_t flags = in.u8();
    const std::uint64_t listed = in.varint();
    const auto text = in.bytes(in.count(1));
    if (const status s = in.finish(); !s) {
      return s.error();
    }
    if (flags > 3 || listed >= no_actor) {
      return errc::corrupt;
    }
    r.listed = static_cast<std::uint16_t>(listed);
    r.ready = (flags & 1) != 0;
    r.done = (flags & 2) != 0;
    r.cursor = {reinterpret_cast<const char*>(text.data()), text.size()};
    return r;
  }
};

/// The sender's side of a catch-up: brings a peer up to date that is too far behind for everything else, in frames of any size.
///
/// First goes the sender's context, then the keys of urgent paths (`static constexpr bool urgent = true` in the schema entry), then all
/// keys in the order of their texts. The sender goes on writing meanwhile: what was seen after `start` follows as ordinary deltas.
/// The peer answers with `catch_up_request`; after losses the source goes on from there.
/// Cost    one key's text and some 40 bytes; each frame walks over all keys once
template <std::size_t TextBytes>
class catch_up_source {
 public:
  /// of   a number that no other catch-up of this peer has, not 0
  template <typename Store>
  constexpr void start(const Store& store, std::uint64_t of) noexcept {
    *this = {};
    of_ = of;
    context_.actors = static_cast<std::uint16_t>(store.actors().size());
    phase_ = context_.actors == 0 ? phase::urgent : phase::context;
    empty_ = context_.actors == 0;
  }
  [[nodiscard]] constexpr std::uint64_t of() const noexcept { return of_; }
  /// Something is to be sent.
  [[nodiscard]] constexpr bool active() const noexcept { return phase_ != phase::idle && phase_ != phase::sent; }
  /// All is sent; whether it has arrived the peer's next request says.
  [[nodiscard]] constexpr bool sent() const noexcept { return phase_ == phase::sent; }

  /// Writes the next frame; 0 when all is sent.
  ///
  /// text     `text(key_ref, std::span<char>) -> std::size_t`
  /// urgent   `urgent(key_ref) -> bool`
  /// Errors   `full` when `out` has no room for a frame with one key, all its records and their actors
  /// Cost     stack 10 A bytes
  template <typename Store, typename Text, typename Urgent>
  [[nodiscard]] result<std::size_t> next(const Store& store, Text&& text, Urgent&& urgent, std::span<std::byte> out) {
    byte_writer w{out};
    if (phase_ == phase::context) {
      if (const status s = write_context_part(w, store, of_, context_); !s) {
        return s.error();
      }
      phase_ = context_.listed == context_.actors && context_.upto == 0 ? phase::urgent : phase::context;
      return w.written().size();
    }
    if (empty_) {  // nobody has written anything: an empty context all the same, or the peer would wait for one
      empty_ = false;
      if (const status s = write_context_part(w, store, of_, context_); !s) {
        empty_ = true;
        return s.error();
      }
      return w.written().size();
    }
    while (active()) {
      const bool first = phase_ == phase::urgent;
      const auto wanted = [&](const key_ref& key) { return !first || urgent(key); };
      std::array<typename Store::index, (Store::key_capacity < batch ? Store::key_capacity : batch)> slots{};
      const std::size_t count = detail::next_keys<TextBytes>(store, text, after_.view(), std::span{slots}, wanted);
      if (first && count == 0) {
        phase_ = phase::keys;
        after_ = {};
        continue;
      }
      std::size_t taken = 0;
      std::size_t some = count;
      const std::uint8_t flags = first ? wire::chunk_listed : 0;
      for (;;) {
        const bool all = some == count && count < slots.size();
        const status s = write_key_chunk<TextBytes>(w, store, text, of_, context_, after_.view(), std::span{slots}.first(some), all, flags,
                                                    out.size(), taken);
        if (s) {
          break;
        }
        if (some <= 1) {
          return s.error();
        }
        some /= 2;  // the target is a guess
      }
      if (taken == count && count < slots.size()) {
        phase_ = first ? phase::keys : phase::sent;
        after_ = {};
      } else {
        after_.size = text(store.key(slots[taken - 1]), std::span<char>{after_.chars});
      }
      return w.written().size();
    }
    return std::size_t{0};
  }

  /// The peer says where it stands. `stale` when it speaks of another catch-up: then this one has to begin again, or has not reached it.
  [[nodiscard]] constexpr status on_request(const catch_up_request& r) noexcept {
    if (r.of != of_ || phase_ == phase::idle) {
      return errc::stale;
    }
    if (r.done) {
      phase_ = phase::idle;
      return {};
    }
    if (!r.ready) {
      if (phase_ != phase::context) {
        // What has come since the last chunk is in the context that is told now, and not in a chunk that is still on its way: under the
        // same number that one would say of it that it is dead.
        of_ = hash64(of_, 1) | 1;
        context_ = {context_.actors, 0, 0};
      }
      // The part in which the last actor stands is repeated from its first run: what was heard counts once.
      context_.listed = r.listed < context_.listed ? r.listed : context_.listed;
      context_.listed = static_cast<std::uint16_t>(context_.listed > 0 ? context_.listed - 1 : 0);
      context_.upto = 0;
      phase_ = context_.actors == 0 ? phase::urgent : phase::context;
      empty_ = context_.actors == 0;
      return {};
    }
    if (r.cursor.size() > TextBytes) {
      return errc::corrupt;
    }
    // Urgent keys that were lost come with the others.
    phase_ = phase_ == phase::context ? phase::urgent : phase_;
    if (phase_ != phase::urgent) {
      phase_ = phase::keys;
      (void)after_.assign(r.cursor);
    }
    return {};
  }

 private:
  enum class phase : std::uint8_t { idle, context, urgent, keys, sent };
  static constexpr std::size_t batch = 128;

  detail::key_text<TextBytes> after_{};
  std::uint64_t of_ = 0;
  context_cursor context_{};
  phase phase_ = phase::idle;
  bool empty_ = false;
};

}  // namespace skerry::inline v0::state
