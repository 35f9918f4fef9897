// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/detail/small_size.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0 {

/// First in, first out, up to N elements in place; a full one refuses (`try_push`) or gives up its oldest (`push`).
///
/// An element that was popped stays in its slot until another takes it: a T that owns something lets it go then.
///
/// Cost    N * sizeof(T) and two indices; O(1) per operation; no heap; trivially copyable when T is
/// Errors  `full` from `try_push`; an index or an end that is not there is the caller's mistake
template <typename T, std::size_t N>
class ring_buffer {
  static_assert(N > 0 && N <= 0x7fffffff, "ring_buffer<T, N>: N is between 1 and 2^31 - 1");
  static_assert(std::default_initializable<T> && std::movable<T>, "ring_buffer<T, N>: T is a movable value with a default");

 public:
  using value_type = T;

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr bool full() const noexcept { return size_ == N; }

  /// Appends, or answers `full`.
  constexpr status try_push(T value) noexcept(std::is_nothrow_move_assignable_v<T>) {
    if (full()) {
      return errc::full;
    }
    items_[slot(size_)] = std::move(value);
    ++size_;
    return {};
  }
  /// Appends, over the oldest if there is no room. True: the oldest is lost.
  constexpr bool push(T value) noexcept(std::is_nothrow_move_assignable_v<T>) {
    const bool lost = full();
    if (lost) {
      pop();
    }
    items_[slot(size_)] = std::move(value);
    ++size_;
    return lost;
  }
  /// Takes the oldest away.
  constexpr void pop() noexcept {
    SKERRY_ASSERT(!empty() && "ring_buffer: pop of an empty one");
    first_ = static_cast<index>(slot(1));
    --size_;
  }
  constexpr void clear() noexcept {
    first_ = 0;
    size_ = 0;
  }

  /// By age: [0] is the oldest.
  [[nodiscard]] constexpr T& operator[](std::size_t i) noexcept {
    SKERRY_ASSERT(i < size_ && "ring_buffer: index beyond the size");
    return items_[slot(i)];
  }
  [[nodiscard]] constexpr const T& operator[](std::size_t i) const noexcept {
    SKERRY_ASSERT(i < size_ && "ring_buffer: index beyond the size");
    return items_[slot(i)];
  }
  [[nodiscard]] constexpr T& front() noexcept { return (*this)[0]; }
  [[nodiscard]] constexpr const T& front() const noexcept { return (*this)[0]; }
  [[nodiscard]] constexpr T& back() noexcept { return (*this)[size() - 1]; }
  [[nodiscard]] constexpr const T& back() const noexcept { return (*this)[size() - 1]; }

  /// The elements from oldest to newest as they lie in memory: `first`, then `second` (empty when nothing wraps).
  struct pieces_view {
    std::span<const T> first, second;
  };
  [[nodiscard]] constexpr pieces_view pieces() const noexcept {
    const std::size_t until_end = N - first_;
    const std::size_t in_first = size_ < until_end ? size_ : until_end;
    return {{items_ + first_, in_first}, {items_, size_ - in_first}};
  }

  /// Equal elements in equal order, wherever they lie.
  friend constexpr bool operator==(const ring_buffer& a, const ring_buffer& b) requires std::equality_comparable<T> {
    if (a.size_ != b.size_) {
      return false;
    }
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (!(a[i] == b[i])) {
        return false;
      }
    }
    return true;
  }

 private:
  using index = detail::small_size<N>;

  /// Where the element of that age lies, for ages up to N.
  [[nodiscard]] constexpr std::size_t slot(std::size_t age) const noexcept {
    const std::size_t i = first_ + age;
    return i < N ? i : i - N;
  }

  T items_[N]{};
  index first_ = 0;
  index size_ = 0;
};

}  // namespace skerry::inline v0
