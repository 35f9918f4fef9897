// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/event_chain.hpp>
#include <skerry/state/image.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Whether epochs can last over restarts.
template <typename Limits>
constexpr bool keeps_epochs() noexcept {
  if constexpr (requires { Limits::durable; }) {
    return Limits::durable;
  } else {
    return true;
  }
}
/// How many bytes of extensions are kept that this firmware does not know.
template <typename Limits>
constexpr std::size_t block_bytes_of() noexcept {
  if constexpr (requires { Limits::block_bytes; }) {
    return Limits::block_bytes;
  } else {
    return 0;
  }
}

/// What a replica knows of what is on disk, beside its state.
struct stored_marks {
  mark base{};                 ///< where this run began
  mark durable{};              ///< on disk
  std::uint64_t catch_up = 0;  ///< the catch-up that the image knows of
  std::uint32_t run = 0;       ///< tells this run from those before
  std::uint32_t before = 0;    ///< the run on whose image or log the next bytes build
  bool stored = false;         ///< there is a disk
  bool closed = false;         ///< the next image is the last
};

/// What it takes to keep an epoch over clean restarts.
template <bool Enabled>
struct epoch_state {
  static constexpr bool enabled = true;
  std::uint64_t boot = 0;
  std::uint64_t own = 0;  ///< the greatest own event on disk
  event_chain<16> chain{};
  epoch_rule rule = epoch_rule::every_open;
};
template <>
struct epoch_state<false> {
  static constexpr bool enabled = false;
};

/// Extensions of images that this firmware does not know: kept as they are, (tag, length, bytes) one after another.
template <std::size_t Bytes>
class kept_blocks {
 public:
  [[nodiscard]] constexpr bool add(std::uint64_t tag, std::span<const std::byte> bytes) noexcept {
    byte_writer out{std::span{bytes_}.subspan(size_)};
    out.varint(tag);
    out.varint(bytes.size());
    out.bytes(bytes);
    if (out.error() != errc::ok) {
      return false;
    }
    size_ += out.written().size();
    ++count_;
    return true;
  }
  [[nodiscard]] constexpr std::size_t count() const noexcept { return count_; }
  [[nodiscard]] constexpr std::span<const std::byte> bytes() const noexcept { return std::span{bytes_}.first(size_); }

 private:
  std::array<std::byte, Bytes> bytes_{};
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};
template <>
class kept_blocks<0> {
 public:
  [[nodiscard]] static constexpr bool add(std::uint64_t, std::span<const std::byte>) noexcept { return false; }
  [[nodiscard]] static constexpr std::size_t count() noexcept { return 0; }
  [[nodiscard]] static constexpr std::span<const std::byte> bytes() noexcept { return {}; }
};

/// All of it.
template <typename Limits>
struct stored_state {
  stored_marks marks{};
  [[no_unique_address]] epoch_state<keeps_epochs<Limits>()> epochs{};
  [[no_unique_address]] kept_blocks<block_bytes_of<Limits>()> blocks{};
};

}  // namespace skerry::inline v0::state::detail
