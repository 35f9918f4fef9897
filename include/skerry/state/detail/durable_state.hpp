// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/detail/pending_context.hpp>
#include <skerry/state/event_chain.hpp>
#include <skerry/state/image.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// How many of its operations a node remembers, to find a clone of itself.
template <typename Limits>
constexpr std::size_t chain_of() noexcept {
  return 16;
}
template <typename Limits>
requires requires { Limits::chain; }
constexpr std::size_t chain_of() noexcept { return Limits::chain; }
/// How many bytes of extensions are kept that this firmware does not know.
template <typename Limits>
constexpr std::size_t block_bytes_of() noexcept {
  return 0;
}
template <typename Limits>
requires requires { Limits::block_bytes; }
constexpr std::size_t block_bytes_of() noexcept { return Limits::block_bytes; }

/// What a replica knows of what is on disk, beside its state.
struct stored_marks {
  mark base{};               ///< what is to be added to the number of changes
  mark durable{};            ///< on disk
  std::uint64_t boot = 0;    ///< the boot counter of this run
  std::uint32_t run = 0;     ///< tells this run from those before
  std::uint32_t before = 0;  ///< the run on whose image or log the next bytes build
  epoch_rule rule = epoch_rule::every_open;
  bool stored = false;  ///< there is a disk
  bool closed = false;  ///< the next image is the last
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

/// The catch-up whose context is on disk.
template <bool Enabled>
struct stored_catch_up {
  std::uint64_t of = 0;
};
template <>
struct stored_catch_up<false> {};

/// All of it.
template <typename Limits>
struct stored_state {
  stored_marks marks{};
  [[no_unique_address]] stored_catch_up<catches_up<Limits>()> catch_up{};
  [[no_unique_address]] event_chain<chain_of<Limits>()> chain{};
  [[no_unique_address]] kept_blocks<block_bytes_of<Limits>()> blocks{};
};

}  // namespace skerry::inline v0::state::detail
