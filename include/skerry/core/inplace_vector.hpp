// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/detail/small_size.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0 {

namespace detail {

enum class vector_storage { plain, bytes, managed };

template <typename T>
inline constexpr bool always_alive = std::is_nothrow_default_constructible_v<T>&& std::is_move_assignable_v<T>;

template <typename T>
inline constexpr vector_storage vector_storage_for =
    !std::is_trivially_copyable_v<T> ? vector_storage::managed : (always_alive<T> ? vector_storage::plain : vector_storage::bytes);

// Three bases, because Clang 14 has no conditionally trivial members.

/// For trivially copyable elements that have a default: all of them are alive always, so constant expressions can use them.
template <typename T, std::size_t N, vector_storage = vector_storage_for<T>>
class inplace_vector_base {
 protected:
  [[nodiscard]] constexpr T* at(std::size_t i) noexcept { return items_ + i; }
  [[nodiscard]] constexpr const T* at(std::size_t i) const noexcept { return items_ + i; }
  template <typename... Args>
  constexpr void construct(Args&&... args) {
    items_[size_] = T(std::forward<Args>(args)...);
    ++size_;
  }
  constexpr void destroy_last() noexcept { --size_; }

  T items_[N]{};
  small_size<N> size_ = 0;
};

/// For trivially copyable elements without a default: bytes that are copied whole.
template <typename T, std::size_t N>
class inplace_vector_base<T, N, vector_storage::bytes> {
 protected:
  [[nodiscard]] T* at(std::size_t i) noexcept { return reinterpret_cast<T*>(bytes_) + i; }
  [[nodiscard]] const T* at(std::size_t i) const noexcept { return reinterpret_cast<const T*>(bytes_) + i; }
  template <typename... Args>
  void construct(Args&&... args) {
    ::new (static_cast<void*>(bytes_ + size_ * sizeof(T))) T(std::forward<Args>(args)...);
    ++size_;
  }
  void destroy_last() noexcept { --size_; }

  alignas(T) std::byte bytes_[N * sizeof(T)]{};
  small_size<N> size_ = 0;
};

/// For all others: elements live while they count.
template <typename T, std::size_t N>
class inplace_vector_base<T, N, vector_storage::managed> {
 protected:
  inplace_vector_base() noexcept {}
  // By way of the default constructor, so that the destructor takes what is there when a copy throws.
  inplace_vector_base(const inplace_vector_base& other) requires std::copy_constructible<T> : inplace_vector_base{} { append(other); }
  inplace_vector_base(inplace_vector_base&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : inplace_vector_base{} {
    append(std::move(other));
  }
  inplace_vector_base& operator=(const inplace_vector_base& other) requires std::copy_constructible<T> {
    if (this != &other) {
      drop();
      append(other);
    }
    return *this;
  }
  inplace_vector_base& operator=(inplace_vector_base&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this != &other) {
      drop();
      append(std::move(other));
    }
    return *this;
  }
  ~inplace_vector_base() { drop(); }

  [[nodiscard]] T* at(std::size_t i) noexcept { return reinterpret_cast<T*>(bytes_) + i; }
  [[nodiscard]] const T* at(std::size_t i) const noexcept { return reinterpret_cast<const T*>(bytes_) + i; }
  template <typename... Args>
  void construct(Args&&... args) {
    ::new (static_cast<void*>(bytes_ + size_ * sizeof(T))) T(std::forward<Args>(args)...);
    ++size_;
  }
  void destroy_last() noexcept {
    --size_;
    at(size_)->~T();
  }

  alignas(T) std::byte bytes_[N * sizeof(T)];
  small_size<N> size_ = 0;

 private:
  void append(const inplace_vector_base& other) {
    for (std::size_t i = 0; i < other.size_; ++i) {
      construct(*other.at(i));
    }
  }
  void append(inplace_vector_base&& other) {
    for (std::size_t i = 0; i < other.size_; ++i) {
      construct(std::move(*other.at(i)));
    }
  }
  void drop() noexcept {
    while (size_ > 0) {
      destroy_last();
    }
  }
};

}  // namespace detail

/// Sequence of up to N elements in place. Trivially copyable when T is.
///
/// The interface is that of C++26's `inplace_vector`, except that what does not fit is answered by value.
///
/// Cost    N * sizeof(T) and a counter of 1, 2 or 4 bytes; no heap; a copy of a trivially copyable one copies all N
/// Errors  `full` from the `try_` functions, nothing changed then; an index or an end that is not there is the caller's mistake
template <typename T, std::size_t N>
class inplace_vector : private detail::inplace_vector_base<T, N> {
  static_assert(N > 0 && N <= 0xffffffff, "inplace_vector<T, N>: N is between 1 and 2^32 - 1");
  static_assert(std::is_object_v<T> && !std::is_const_v<T> && std::move_constructible<T>, "inplace_vector<T, N>: T is a movable value");

 public:
  using value_type = T;
  using size_type = std::size_t;
  using iterator = T*;
  using const_iterator = const T*;

  inplace_vector() = default;
  /// A list that is longer than N is the caller's mistake.
  constexpr inplace_vector(std::initializer_list<T> values) noexcept(std::is_nothrow_copy_constructible_v<T>) {
    SKERRY_ASSERT(values.size() <= N && "inplace_vector: the list is longer than the capacity");
    for (const T& value : values) {
      this->construct(value);
    }
  }

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }
  [[nodiscard]] static constexpr std::size_t max_size() noexcept { return N; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return this->size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return this->size_ == 0; }
  [[nodiscard]] constexpr bool full() const noexcept { return this->size_ == N; }

  [[nodiscard]] constexpr T* data() noexcept { return this->at(0); }
  [[nodiscard]] constexpr const T* data() const noexcept { return this->at(0); }
  [[nodiscard]] constexpr iterator begin() noexcept { return this->at(0); }
  [[nodiscard]] constexpr const_iterator begin() const noexcept { return this->at(0); }
  [[nodiscard]] constexpr iterator end() noexcept { return this->at(this->size_); }
  [[nodiscard]] constexpr const_iterator end() const noexcept { return this->at(this->size_); }

  [[nodiscard]] constexpr T& operator[](std::size_t i) noexcept {
    SKERRY_ASSERT(i < this->size_ && "inplace_vector: index beyond the size");
    return *this->at(i);
  }
  [[nodiscard]] constexpr const T& operator[](std::size_t i) const noexcept {
    SKERRY_ASSERT(i < this->size_ && "inplace_vector: index beyond the size");
    return *this->at(i);
  }
  [[nodiscard]] constexpr T& front() noexcept { return (*this)[0]; }
  [[nodiscard]] constexpr const T& front() const noexcept { return (*this)[0]; }
  [[nodiscard]] constexpr T& back() noexcept { return (*this)[size() - 1]; }
  [[nodiscard]] constexpr const T& back() const noexcept { return (*this)[size() - 1]; }

  constexpr status try_push_back(const T& value) noexcept(std::is_nothrow_copy_constructible_v<T>) { return try_emplace_back(value); }
  constexpr status try_push_back(T&& value) noexcept(std::is_nothrow_move_constructible_v<T>) { return try_emplace_back(std::move(value)); }
  template <typename... Args>
  requires std::constructible_from<T, Args...>
  constexpr status try_emplace_back(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
    if (full()) {
      return errc::full;
    }
    this->construct(std::forward<Args>(args)...);
    return {};
  }
  /// All of `values`, or none.
  constexpr status try_append(std::span<const T> values) noexcept(std::is_nothrow_copy_constructible_v<T>) {
    if (values.size() > N - size()) {
      return errc::full;
    }
    for (const T& value : values) {
      this->construct(value);
    }
    return {};
  }
  /// Puts `value` before `position`; the elements behind it move up by one.
  constexpr status try_insert(const_iterator position,
                              T value) noexcept(std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T>) {
    const auto index = static_cast<std::size_t>(position - begin());
    SKERRY_ASSERT(index <= size() && "inplace_vector: no such position");
    if (full()) {
      return errc::full;
    }
    if (index == size()) {
      this->construct(std::move(value));
      return {};
    }
    this->construct(std::move(back()));
    for (std::size_t i = size() - 2; i > index; --i) {
      *this->at(i) = std::move(*this->at(i - 1));
    }
    *this->at(index) = std::move(value);
    return {};
  }

  constexpr void pop_back() noexcept {
    SKERRY_ASSERT(!empty() && "inplace_vector: pop_back of an empty one");
    this->destroy_last();
  }
  /// Takes one element out; the ones behind it move down. Returns the place of the next.
  constexpr iterator erase(const_iterator position) noexcept(std::is_nothrow_move_assignable_v<T>) { return erase(position, position + 1); }
  constexpr iterator erase(const_iterator from, const_iterator to) noexcept(std::is_nothrow_move_assignable_v<T>) {
    const auto index = static_cast<std::size_t>(from - begin());
    const auto behind = static_cast<std::size_t>(to - begin());
    SKERRY_ASSERT(index <= behind && behind <= size() && "inplace_vector: no such range");
    if (index != behind) {
      for (std::size_t i = behind; i < size(); ++i) {
        *this->at(index + (i - behind)) = std::move(*this->at(i));
      }
      for (std::size_t i = index; i < behind; ++i) {
        this->destroy_last();
      }
    }
    return this->at(index);
  }
  constexpr void clear() noexcept {
    while (!empty()) {
      this->destroy_last();
    }
  }

  friend constexpr bool operator==(const inplace_vector& a, const inplace_vector& b) requires std::equality_comparable<T> {
    if (a.size() != b.size()) {
      return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!(a[i] == b[i])) {
        return false;
      }
    }
    return true;
  }
};

}  // namespace skerry::inline v0
