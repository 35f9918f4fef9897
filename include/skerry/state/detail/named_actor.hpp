// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/actor.hpp>

#include <cstdint>

namespace skerry::inline v0::state::detail {

/// An actor in frames and payloads: id and nonce as they are, the generation as a varint. 13 to 17 bytes.
constexpr void write_actor(byte_writer& out, const actor& who) noexcept {
  out.u64(who.id);
  out.varint(who.generation);
  out.u32(who.nonce);
}
[[nodiscard]] constexpr actor read_actor(byte_reader& in) noexcept {
  actor who;
  who.id = in.u64();
  const std::uint64_t generation = in.varint();
  if (generation > UINT32_MAX) {
    in.fail(errc::corrupt);
  }
  who.generation = static_cast<std::uint32_t>(generation);
  who.nonce = in.u32();
  return who;
}

}  // namespace skerry::inline v0::state::detail
