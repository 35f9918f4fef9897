// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/state/replica.hpp>

#include "state/test_schema.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skerry_test {

/// A microcontroller with a place for a record whose time has not come.
struct waiting : skerry::state::limits::firmware {
  static constexpr std::size_t quarantine = 1;
};
struct roomy : waiting {
  static constexpr std::size_t actors = 16;
  static constexpr std::size_t keys = 64;
  static constexpr std::size_t records = 256;
  static constexpr std::size_t ranges = 256;
};

template <typename Replica>
std::vector<std::byte> bytes_of(const Replica& r) {
  std::vector<std::byte> bytes(65536);
  skerry::byte_writer out{bytes};
  if (!r.encode(out)) {
    return {};
  }
  bytes.resize(out.written().size());
  return bytes;
}

template <typename Replica>
Replica make(std::uint64_t id, std::uint64_t seed = 1, skerry::state::clock_limits limits = {}) {
  skerry::splitmix64 rng{seed * 1000 + id};
  Replica r;
  (void)Replica::create(r, id, skerry::state::role::device, skerry::state::epoch_rule::every_open, limits, rng, 0);
  return r;
}

inline std::vector<std::byte> copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace skerry_test
