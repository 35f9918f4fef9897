// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// Where a device's random waits begin: different for every device and for every boot.
///
/// A constant seed, or the time of a boot that the whole fleet shares, makes every device draw the same waits: as bad as no jitter.
/// So there is no constructor from a bare integer; a device id (serial number, MAC address) and a boot counter are asked for.
class device_seed {
 public:
  /// `entropy` is mixed in where there is some; the device id alone keeps a fleet apart.
  constexpr device_seed(std::span<const std::byte> device_id, std::uint64_t boot_counter, std::span<const std::byte> entropy = {}) noexcept
      : value_{hash64(entropy, hash64(device_id, boot_counter))}, boot_{boot_counter} {}

  /// For tests, simulations and examples that must repeat themselves.
  [[nodiscard]] static constexpr device_seed for_test(std::uint64_t n) noexcept {
    return device_seed{hash64(std::uint64_t{0x7465737473656564}, n), n};
  }

  /// The seed of one part of the device (an endpoint, a stream): parts draw independently.
  [[nodiscard]] constexpr device_seed part(std::uint64_t number) const noexcept { return device_seed{hash64(number, value_), boot_}; }

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
  /// The boot counter: it must grow from boot to boot, because the epoch of a new store is made from it.
  [[nodiscard]] constexpr std::uint64_t boot() const noexcept { return boot_; }

 private:
  constexpr device_seed(std::uint64_t value, std::uint64_t boot) noexcept : value_{value}, boot_{boot} {}
  std::uint64_t value_;
  std::uint64_t boot_;
};

}  // namespace skerry::inline v0::delivery
