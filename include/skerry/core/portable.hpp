// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>

#include <concepts>
#include <utility>

namespace skerry::inline v0 {

/// A type T models `encodable` when:
///   1. `encode(writer)` writes one self-contained image, the same bytes on every machine for equal values;
///   2. it answers `full` (or the writer's error) when the image does not fit; what was written then is no image.
template <typename T>
concept encodable = requires(const T& t, byte_writer& out) {
  { t.encode(out) } -> std::same_as<status>;
};

/// T has a static `decode(reader, more...)` that returns the value. What must come from outside (a seed) follows the reader.
template <typename T, typename... More>
concept decodable_value = requires(byte_reader& in, More&&... more) {
  { T::decode(in, std::forward<More>(more)...) } -> std::same_as<result<T>>;
};

/// T has a member `decode(reader, more...)`: the form for large objects, which are filled where they stand.
template <typename T, typename... More>
concept decodable_in_place = requires(T& t, byte_reader& in, More&&... more) {
  { t.decode(in, std::forward<More>(more)...) } -> std::same_as<status>;
};

/// A type T models `decodable` when:
///   1. `decode` takes any bytes: it reads no further than its reader, does work bounded by the bytes, and allocates nothing
///      by a length that it has not checked against them;
///   2. an image is all that its reader holds: bytes left over are `corrupt`;
///   3. what it refuses (`truncated`, `corrupt`, `unsupported`, `full`, `mismatch`) leaves an existing object as it was;
///   4. decode(encode(x)) answers every question as x does.
template <typename T, typename... More>
concept decodable = decodable_value<T, More...> || decodable_in_place<T, More...>;

/// Reads one image that takes up all of `image`.
template <typename T, typename... More>
requires decodable_value<T, More...>
[[nodiscard]] constexpr result<T> decode_all(std::span<const std::byte> image, More&&... more) {
  byte_reader in{image};
  result<T> value = T::decode(in, std::forward<More>(more)...);
  if (value) {
    if (const status end = in.finish(); !end) {
      return end.error();
    }
  }
  return value;
}

/// Reads one image that takes up all of `image` into an object that exists already.
template <typename T, typename... More>
requires decodable_in_place<T, More...>
[[nodiscard]] constexpr status decode_all_into(T& object, std::span<const std::byte> image, More&&... more) {
  byte_reader in{image};
  return object.decode(in, std::forward<More>(more)...);
}

}  // namespace skerry::inline v0
