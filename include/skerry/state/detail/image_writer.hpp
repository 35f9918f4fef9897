// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/durable_state.hpp>
#include <skerry/state/detail/replica_catch_up.hpp>
#include <skerry/state/image.hpp>
#include <skerry/state/key_chunk.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Extensions of images, numbered for ever.
enum class image_block : std::uint8_t { roster = 1, catch_up = 2 };

/// Counters as numbers, in the order in which they stand; later versions add behind.
using counter_values = std::array<std::uint64_t, sizeof(replica_counters) / sizeof(std::uint64_t)>;

/// Writes a replica as an image, a piece at a time.
template <typename Replica, typename Schema, typename Limits>
class image_writer {
 public:
  static constexpr std::size_t text_bytes = store_limits<Schema, Limits>::text_bytes;
  static constexpr std::size_t chunk_bytes = 1024;  ///< about; alike in every firmware, or equal states were unequal images
  static_assert(text_bytes <= snapshot_cursor::text_bytes, "a key's text fits into a snapshot_cursor");

  [[nodiscard]] static result<std::size_t> write(const Replica& from, snapshot_cursor& at, std::span<std::byte> out) {
    byte_writer w{out};
    while (!at.done()) {
      const std::size_t begin = w.written().size();
      const status s = piece(from, at, w);
      const auto fresh = w.written().subspan(begin);
      at.size_ += fresh.size();
      if (!s) {
        if (s.error() != errc::full || w.written().empty()) {
          return s.error();
        }
        break;
      }
    }
    return w.written().size();
  }

 private:
  using index = typename Replica::store_type::index;
  using phase = snapshot_cursor::phase;
  static constexpr std::size_t keys = Replica::store_type::key_capacity;
  static constexpr std::size_t batch = keys < 1024 ? keys : 1024;
  /// More keys than this never come into one chunk.
  static constexpr std::size_t most_in_chunk = chunk_bytes / 6 + 1;
  static_assert(keys <= batch || batch > 2 * most_in_chunk);

  /// Puts a frame behind its length; `write(byte_writer&) -> status`.
  template <typename Write>
  [[nodiscard]] static status frame(snapshot_cursor& at, byte_writer& w, Write&& write) {
    byte_writer trial = w;
    const auto length = trial.reserve(length_bytes);
    const std::size_t begin = trial.written().size();
    const status s = trial.error() == errc::ok ? write(trial) : status{errc::full};
    if (!s) {
      return s;
    }
    byte_writer head{length};
    head.u32(static_cast<std::uint32_t>(trial.written().size() - begin));
    at.checksum_ = fold_frame(at.checksum_, trial.written().subspan(begin));
    w = trial;
    return {};
  }

  [[nodiscard]] static status piece(const Replica& from, snapshot_cursor& at, byte_writer& w) {
    const auto& store = from.store();
    switch (at.phase_) {
      case phase::start:
        at.begun_ = from.now_at();
        at.context_.actors = static_cast<std::uint16_t>(store.actors().size());
        at.phase_ = phase::context;
        return {};
      case phase::context: {
        const status s = frame(at, w, [&](byte_writer& out) { return write_context_part(out, store, 0, at.context_); });
        if (s && at.context_.listed == at.context_.actors && at.context_.upto == 0) {
          at.phase_ = phase::keys;
        }
        return s;
      }
      case phase::keys: return key_pieces(from, at, w);
      default: {
        const mark ended = from.now_at();
        if (ended != at.begun_ && !Replica::logs) {
          return errc::stale;
        }
        const status s = frame(at, w, [&](byte_writer& out) { return trailer(from, at, ended, out); });
        if constexpr (Replica::catch_up) {
          at.catch_up_ = from.store().pending().name();
        }
        at.phase_ = s ? phase::done : at.phase_;
        return s;
      }
    }
  }
  [[nodiscard]] static status key_pieces(const Replica& from, snapshot_cursor& at, byte_writer& w) {
    const auto& store = from.store();
    const auto text = &store_limits<Schema, Limits>::write_text;
    std::array<index, batch + 1> slots{};
    const std::size_t found = next_keys<text_bytes>(store, text, at.after_.view(), std::span{slots}, [](const key_ref&) { return true; });
    const bool all = found <= batch;
    std::span<const index> left = std::span{slots}.first(all ? found : batch);
    for (;;) {
      std::size_t taken = 0;
      const status s = frame(at, w, [&](byte_writer& out) {
        return write_key_chunk<text_bytes>(out, store, text, 0, at.context_, at.after_.view(), left, all, 0, chunk_bytes, taken);
      });
      if (!s) {
        return s;
      }
      if (taken == left.size() && all) {
        at.phase_ = phase::trailer;
        return {};
      }
      at.after_.size = text(store.key(left[taken - 1]), std::span<char>{at.after_.chars});
      left = left.subspan(taken);
      if (!all && left.size() < most_in_chunk) {
        return {};
      }
    }
  }
  [[nodiscard]] static status trailer(const Replica& from, const snapshot_cursor& at, mark ended, byte_writer& out) {
    const std::size_t begin = out.written().size();
    begin_chunk(out, chunk_part::trailer);
    image_trailer t;
    t.self = from.self();
    t.image_bytes = at.size_;
    t.checksum = at.checksum_;
    t.clock = from.clock().last().bits();
    t.begun = at.begun_;
    t.ended = ended;
    t.role = from.role();
    t.run = from.stored_.marks.run;
    t.alive = from.alive_ || from.stored_.marks.closed;
    t.clean = from.stored_.marks.closed && !from.in_doubt();
    t.boot = from.stored_.marks.boot;
    t.rule = from.stored_.marks.rule;
    t.encode(out);
    from.stored_.chain.encode(out);
    const auto counters = std::bit_cast<counter_values>(from.counters());
    out.varint(counters.size());
    for (const std::uint64_t n : counters) {
      out.varint(n);
    }
    blocks(from, out);
    return end_chunk(out, begin);
  }

  static void blocks(const Replica& from, byte_writer& out) {
    bool pending = false;
    if constexpr (Replica::catch_up) {
      pending = from.catching_up();
    }
    bool members = false;
    if constexpr (requires { from.members(); }) {
      members = from.members().size() > 0;
    }
    out.varint(from.stored_.blocks.count() + (pending ? 1 : 0) + (members ? 1 : 0));
    if constexpr (requires { from.members(); }) {
      if (members) {
        block(out, image_block::roster, [&] { (void)from.write_fence(out); });
      }
    }
    if constexpr (Replica::catch_up) {
      if (pending) {
        block(out, image_block::catch_up, [&] { pending_block(from, out); });
      }
    }
    out.bytes(from.stored_.blocks.bytes());
  }
  /// The length of a block stands before it, so it is written twice: once to count.
  template <typename Write>
  static void block(byte_writer& out, image_block tag, Write&& write) {
    out.varint(static_cast<std::uint64_t>(tag));
    const byte_writer before = out;
    write();
    const std::size_t length = out.written().size() - before.written().size();
    const errc e = out.error();
    out = before;
    out.varint(length);
    write();
    if (e != errc::ok) {
      out.fail(e);
    }
  }
  static void pending_block(const Replica& from, byte_writer& out) {
    const auto& store = from.store();
    const auto& pending = store.pending();
    out.varint(pending.of());
    out.u8(pending.ready() ? 1 : 0);
    out.varint(pending.cursor().size());
    out.bytes(std::as_bytes(std::span{pending.cursor().data(), pending.cursor().size()}));
    actor_names names;
    for (std::size_t i = 0; i < store.actors().size(); ++i) {
      const actor_ref ref = store.actors().sorted(i);
      if (pending.lists(ref)) {
        write_runs(out, names, store.actors()[ref], ref, pending.seen());
      }
    }
    out.u8(0);
  }
};

}  // namespace skerry::inline v0::state::detail
