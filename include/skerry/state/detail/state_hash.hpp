// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/keyed_hash.hpp>
#include <skerry/state/delta.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Takes bytes into a hash, eight at a time, the last ones together with their number.
template <typename Byte>
constexpr void absorb(skerry::detail::siphash<1, 3>& state, std::span<const Byte> bytes) noexcept {
  std::uint64_t word = bytes.size();
  std::size_t filled = 1;
  for (const Byte b : bytes) {
    if (filled == 8) {
      state.word(word);
      word = 0;
      filled = 0;
    }
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(b)) << (8 * filled++);
  }
  state.word(word);
}
constexpr void absorb(skerry::detail::siphash<1, 3>& state, const actor& who) noexcept {
  state.word(who.id);
  state.word(static_cast<std::uint64_t>(who.generation) << 32 | who.nonce);
}

/// What stands for a key in the hashes of its records.
[[nodiscard]] constexpr std::uint64_t text_hash(std::span<const char> text) noexcept {
  skerry::detail::siphash<1, 3> state{0x6b6579, skerry::detail::hash64_second_key};
  absorb(state, text);
  return state.finish(0);
}
/// A live record, where it stands and what it says.
///
/// key     `text_hash` of its key
/// salt    a contact's own, so that nobody can prepare records whose hashes cancel
[[nodiscard]] constexpr std::uint64_t record_hash(const record_view& r, std::uint64_t key, std::uint64_t salt = 0) noexcept {
  skerry::detail::siphash<1, 3> state{0x7265636f7264 ^ salt, skerry::detail::hash64_second_key};
  absorb(state, r.who);
  state.word(r.n);
  state.word(r.at.bits());
  state.word(key);
  state.word(r.kind);
  absorb(state, r.payload);
  return state.finish(0);
}
/// A run of events that were seen.
[[nodiscard]] constexpr std::uint64_t run_hash(const actor& who, std::uint64_t first, std::uint64_t last) noexcept {
  skerry::detail::siphash<1, 3> state{0x72756e, skerry::detail::hash64_second_key};
  absorb(state, who);
  state.word(first);
  state.word(last);
  return state.finish(0);
}

}  // namespace skerry::inline v0::state::detail
