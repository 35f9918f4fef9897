// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// What a digest on a microcontroller is asked for; `state` is the one to be measured.
#include <skerry/state/digest.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

state measured_state;

namespace {
struct elements {
  std::array<skerry::state::digest_item, 64> all{};
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& item : all) {
      f(item);
    }
  }
};
elements set;
std::array<std::byte, 256> bytes{};
std::uint64_t last = 0;
}  // namespace

extern "C" {
bool measured_ask() {
  skerry::byte_writer out{bytes};
  return static_cast<bool>(measured_state.ask(out));
}
bool measured_answer(std::size_t length) {
  skerry::byte_reader in{std::span{bytes}.first(length)};
  skerry::byte_writer out{bytes};
  return static_cast<bool>(state::answer(1, in, set, out));
}
bool measured_take(std::size_t length) {
  skerry::byte_reader in{std::span{bytes}.first(length)};
  return static_cast<bool>(measured_state.take(in, set, [](std::uint64_t value, skerry::state::digest_side) { last = value; }));
}
}

int main() { return measured_ask() && measured_answer(3) && measured_take(100) ? 0 : 1; }
