// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/detail/chunk_common.hpp>
#include <skerry/state/detail/durable_state.hpp>
#include <skerry/state/detail/key_text.hpp>
#include <skerry/state/detail/replica_catch_up.hpp>
#include <skerry/state/image.hpp>
#include <skerry/state/key_chunk.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// The head of a frame of the log: what became of keys between two marks of one run, or of the run before it.
struct redo_head {
  std::uint32_t run = 0;
  std::uint32_t before = 0;  ///< the run on whose bytes this one builds
  mark from{};
  mark upto{};
  std::uint64_t clock = 0;
  std::uint64_t catch_up = 0;
  bool catching_up = false;
  std::string_view cursor{};

  void encode(byte_writer& out) const noexcept {
    out.u32(run);
    out.u32(before);
    out.varint(from.value);
    out.varint(upto.value - from.value);
    out.varint(clock);
    out.varint(catch_up);
    out.u8(catching_up ? 1 : 0);
    out.varint(cursor.size());
    out.bytes(std::as_bytes(std::span{cursor.data(), cursor.size()}));
  }
  [[nodiscard]] status decode(byte_reader& in) noexcept {
    run = in.u32();
    before = in.u32();
    from.value = in.varint();
    const std::uint64_t length = in.varint();
    upto.value = from.value + length;
    clock = in.varint();
    catch_up = in.varint();
    const std::uint8_t flags = in.u8();
    const auto text = in.bytes(in.count(1));
    catching_up = flags == 1;
    cursor = {reinterpret_cast<const char*>(text.data()), text.size()};
    return in.error() != errc::ok ? status{in.error()} : (flags > 1 || upto < from ? status{errc::corrupt} : status{});
  }
};

/// Writes what changed since a mark as one frame: every changed key with all that it holds now, the dead ones by their names, and all
/// that is known of the actors whose events came. Read in order, such frames give back the state, whatever brought the changes.
///
/// Cost  O(changed keys log of them) texts; stack one index for each six bytes of `Limits::log_bytes`, and 10 A bytes
template <typename Replica, typename Schema, typename Limits>
class redo_writer {
  using store_type = typename Replica::store_type;
  using index = typename store_type::index;
  static constexpr std::size_t text_bytes = store_limits<Schema, Limits>::text_bytes;
  static constexpr std::size_t most = Limits::keys < Limits::log_bytes / 6 ? Limits::keys : Limits::log_bytes / 6;

 public:
  /// since    a number of changes of the store
  /// Errors   `full` when the frame has no room in `out`; `stale` when removals were forgotten meanwhile: only a new image helps
  [[nodiscard]] static result<std::size_t> write(const Replica& from, const redo_head& head, std::uint64_t since,
                                                 std::span<std::byte> out) {
    const auto& store = from.store();
    const auto& log = store.log();
    if (log.forgotten() > since) {
      return errc::stale;
    }
    std::array<index, most> live;
    std::array<index, most> dead;
    std::size_t lives = 0;
    std::size_t deaths = 0;
    if (!gather(log, true, since, live, lives) || !gather(log, false, since, dead, deaths)) {
      return errc::full;
    }
    byte_writer w{out};
    const auto length = w.reserve(length_bytes);
    const std::size_t begin = w.written().size();
    begin_chunk(w, chunk_part::redo);
    head.encode(w);
    actor_names names;
    std::array<bool, Limits::actors> listed;
    for (std::size_t i = 0; i < store.actors().size(); ++i) {
      const actor_ref ref = store.actors().sorted(i);
      listed[ref] = log.changed(ref, since, no_party);
      if (listed[ref]) {
        write_runs(w, names, store.actors()[ref], ref, store.context());
      }
    }
    w.u8(0);
    w.varint(deaths);
    const auto text = &store_limits<Schema, Limits>::write_text;
    for (std::size_t i = 0; i < deaths; ++i) {
      key_text<text_bytes> key;
      key.size = text(store.key(dead[i]), std::span<char>{key.chars});
      w.varint(key.size);
      w.bytes(std::as_bytes(std::span{key.chars}.first(key.size)));
    }
    sort_by_text<text_bytes>(std::span{live}.first(lives), [&](index slot, std::span<char> to) { return text(store.key(slot), to); });
    std::uint64_t place = 0;
    write_key_body<text_bytes>(w, store, text, {}, std::span<const index>{live}.first(lives),
                               [&](actor_ref ref) { return listed[ref] ? ++place : std::uint64_t{0}; });
    if (const status s = end_chunk(w, begin); !s) {
      return s.error();
    }
    byte_writer front{length};
    front.u32(static_cast<std::uint32_t>(w.written().size() - begin));
    return w.written().size();
  }

 private:
  template <typename Log>
  [[nodiscard]] static bool gather(const Log& log, bool live, std::uint64_t since, std::array<index, most>& slots, std::size_t& count) {
    for (index slot = log.newest(live); slot != Log::none && log.after(log.at_slot(slot), since); slot = log.older(slot)) {
      if (count == most) {
        return false;
      }
      slots[count++] = slot;
    }
    return true;
  }
};

}  // namespace skerry::inline v0::state::detail
