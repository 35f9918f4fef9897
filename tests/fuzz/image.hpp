// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/portable.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace skerry_fuzz {

constexpr std::size_t image_most = 4096;

/// The bytes of an object, in memory of their own.
template <typename T>
struct image_of {
  explicit image_of(const T& object) {
    skerry::byte_writer out{memory};
    FUZZ_REQUIRE(object.encode(out));
    size = out.written().size();
  }
  [[nodiscard]] bytes written() const noexcept { return bytes{memory}.first(size); }
  std::array<std::byte, image_most> memory{};
  std::size_t size = 0;
};

/// An accepted image is what `encode` writes, decodes to an equal object, and none of its beginnings is an image.
template <typename T>
std::optional<T> check_image(bytes in) {
  const skerry::result<T> read = skerry::decode_all<T>(in);
  if (!read) {
    FUZZ_REQUIRE(read.error() != skerry::errc::ok);
    return std::nullopt;
  }
  const image_of<T> again{read.value()};
  FUZZ_REQUIRE(std::ranges::equal(again.written(), in));
  const skerry::result<T> twice = skerry::decode_all<T>(again.written());
  FUZZ_REQUIRE(twice && twice.value() == read.value());
  for (std::size_t n = 0; n < in.size(); ++n) {
    FUZZ_REQUIRE(!skerry::decode_all<T>(in.first(n)));
  }
  return read.value();
}

}  // namespace skerry_fuzz
