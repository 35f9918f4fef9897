// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/record_store.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0 {

/// A type D models `file_device` when:
///   1. names are plain (no directories), and all files live in one place that is the device's;
///   2. `write` and `read` move all bytes or answer `io` (`full` when the medium is): a short transfer is not a success;
///   3. bytes are durable after `sync(name)`, names after `sync_directory()`: neither implies the other;
///   4. `rename` replaces its target atomically.
template <typename D>
concept file_device = requires(D& d, std::string_view name, std::string_view other, std::uint64_t offset, std::span<const std::byte> in,
                               std::span<std::byte> out, void (*visit)(std::string_view)) {
  { d.list(visit) }
  noexcept->std::same_as<status>;
  { d.create(name) }
  noexcept->std::same_as<status>;
  { d.write(name, offset, in) }
  noexcept->std::same_as<status>;
  { d.read(name, offset, out) }
  noexcept->std::same_as<status>;
  { d.sync(name) }
  noexcept->std::same_as<status>;
  { d.sync_directory() }
  noexcept->std::same_as<status>;
  { d.rename(name, other) }
  noexcept->std::same_as<status>;
  { d.remove(name) }
  noexcept->std::same_as<status>;
  { d.size(name) }
  noexcept->std::same_as<result<std::uint64_t>>;
};

/// A type D models `flash_device` when:
///   1. `erase(sector)` sets all bits of a sector, of number `sector`, which begins at `sector * erase_size()`; `program(at, bytes)` only
///      clears bits, in whole aligned units of `program_size()`;
///   2. a unit is programmed once between erases;
///   3. a power cut may leave any prefix of a program or any state of an erase behind.
template <typename D>
concept flash_device = requires(D& d, const D& c, std::uint32_t at, std::span<const std::byte> in, std::span<std::byte> out) {
  { c.erase_size() }
  noexcept->std::convertible_to<std::uint32_t>;
  { c.program_size() }
  noexcept->std::convertible_to<std::uint32_t>;
  { c.size() }
  noexcept->std::convertible_to<std::uint32_t>;
  { d.erase(at) }
  noexcept->std::same_as<status>;
  { d.program(at, in) }
  noexcept->std::same_as<status>;
  { d.read(at, out) }
  noexcept->std::same_as<status>;
};

}  // namespace skerry::inline v0
