// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0 {

/// Queue from one writer to one reader, such as an interrupt and the main loop, without locks or waiting.
///
/// One context only calls `try_push`, one other only `try_pop`; `size` may be asked by either, and is a moment's answer.
///
/// Cost    N * sizeof(T) + 8; O(1); 32-bit atomic loads and stores only, so a Cortex-M0 has it too; no heap
/// Errors  `full` from `try_push`, `empty` from `try_pop`
template <typename T, std::size_t N>
class spsc_ring {
  static_assert(N > 0 && N <= (std::size_t{1} << 31) && (N & (N - 1)) == 0, "spsc_ring<T, N>: N is a power of two up to 2^31");
  static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>, "spsc_ring<T, N>: T is a plain value");

 public:
  spsc_ring() noexcept = default;
  spsc_ring(const spsc_ring&) = delete;
  spsc_ring& operator=(const spsc_ring&) = delete;

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }

  /// The writer's.
  status try_push(const T& value) noexcept {
    const std::uint32_t written = written_.load(std::memory_order_relaxed);
    if (written - read_.load(std::memory_order_acquire) == N) {
      return errc::full;
    }
    items_[written & (N - 1)] = value;
    written_.store(written + 1, std::memory_order_release);
    return {};
  }
  /// The reader's.
  [[nodiscard]] result<T> try_pop() noexcept {
    const std::uint32_t read = read_.load(std::memory_order_relaxed);
    if (read == written_.load(std::memory_order_acquire)) {
      return errc::empty;
    }
    const T value = items_[read & (N - 1)];
    read_.store(read + 1, std::memory_order_release);
    return value;
  }

  /// Between 0 and N, and right when neither side is at work.
  [[nodiscard]] std::size_t size() const noexcept {
    // The reader's count first: it can only fall behind the writer's. What the writer adds meanwhile may exceed N.
    const std::uint32_t read = read_.load(std::memory_order_acquire);
    const std::uint32_t held = written_.load(std::memory_order_acquire) - read;
    return held < N ? held : N;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  std::atomic<std::uint32_t> written_{0};  ///< counts on and wraps; the difference of the two is what lies in the ring
  std::atomic<std::uint32_t> read_{0};
  T items_[N]{};
};

}  // namespace skerry::inline v0
