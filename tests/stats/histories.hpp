// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <skerry/core/portable.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace stats_test {

using image = std::vector<std::byte>;

/// Seeded values around an offset.
class source {
 public:
  explicit source(std::uint64_t seed) : random_{seed} {}
  double normal() { return skerry::normal(random_); }
  double uniform() { return skerry::uniform01(random_); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  std::byte byte() { return static_cast<std::byte>(random_()); }
  template <typename Real = double>
  std::vector<Real> values(std::size_t n, double offset = 0, double scale = 1) {
    std::vector<Real> out(n);
    for (Real& x : out) {
      x = static_cast<Real>(offset + scale * normal());
    }
    return out;
  }

 private:
  skerry::splitmix64 random_;
};

template <typename S>
image image_of(const S& s) {
  image bytes(256);
  skerry::byte_writer out{bytes};
  REQUIRE(s.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

/// Reads hostile bytes from a copy of exactly their size, so that a sanitizer sees the first byte read beyond. What is accepted is
/// written back as the same bytes; says whether it was.
template <typename S>
bool refused_or_itself(const image& bytes) {
  const std::vector<std::byte> exact{bytes};
  const auto read = skerry::decode_all<S>(exact);
  if (!read) {
    CHECK(read.error() != skerry::errc::ok);
    return false;
  }
  CHECK(image_of(read.value()) == bytes);
  return true;
}

/// Every prefix, every change of one byte, and random spans of about the right size. `accepted` counts what was a valid image.
template <typename S>
void attack(const image& good, source& random, int& accepted) {
  REQUIRE(refused_or_itself<S>(good));
  for (std::size_t n = 0; n < good.size(); ++n) {
    CHECK_FALSE(skerry::decode_all<S>(std::span{good}.first(n)));
  }
  image longer = good;
  longer.push_back(std::byte{0});
  CHECK_FALSE(skerry::decode_all<S>(longer));
  for (std::size_t i = 0; i < good.size(); ++i) {
    image changed = good;
    for (int v = 0; v < 256; ++v) {
      changed[i] = static_cast<std::byte>(v);
      accepted += refused_or_itself<S>(changed) ? 1 : 0;
    }
  }
  for (int round = 0; round < 20000; ++round) {
    image noise(random.below(good.size() + 4));
    for (std::size_t i = 0; i < noise.size(); ++i) {
      // Half of the spans begin like an image, so that the checks behind the header are reached.
      noise[i] = round % 2 == 0 && i < 3 ? good[i] : random.byte();
    }
    accepted += refused_or_itself<S>(noise) ? 1 : 0;
  }
}

}  // namespace stats_test
