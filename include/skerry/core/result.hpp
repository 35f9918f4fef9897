// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>
#include <skerry/core/errc.hpp>

#include <concepts>
#include <new>
#include <type_traits>
#include <utility>

namespace skerry::inline v0 {

/// Answer of an operation that returns nothing: all is well, or the reason why nothing was done.
class [[nodiscard]] status {
 public:
  constexpr status() noexcept = default;
  constexpr status(errc e) noexcept : error_{e} {}  // NOLINT(google-explicit-constructor): `return errc::full;` is the idiom

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return error_ == errc::ok; }
  [[nodiscard]] constexpr errc error() const noexcept { return error_; }

  /// Calls `f()` if all is well and returns its status; otherwise passes the refusal on.
  template <std::invocable F>
  requires std::same_as<std::invoke_result_t<F>, status>
  constexpr status and_then(F&& f) const { return error_ == errc::ok ? std::forward<F>(f)() : *this; }

  friend constexpr bool operator==(status, status) noexcept = default;

 private:
  errc error_ = errc::ok;
};

namespace detail {

/// A value that may not be there, trivially copyable: for a T that is. (Clang 14 has no conditionally trivial members,
/// so `result` chooses between two bases.)
template <typename T, bool Trivial>
class result_storage {
 protected:
  constexpr explicit result_storage(errc e) noexcept : none_{}, error_{e} {}
  template <typename... Args>
  constexpr explicit result_storage(std::in_place_t, Args&&... args) : value_(std::forward<Args>(args)...) {}

  union {
    char none_;
    T value_;
  };
  errc error_ = errc::ok;
};

/// Without a union compilers keep small results in registers; with one GCC writes the parts and reads the whole, and waits for both.
template <typename T>
requires(sizeof(T) <= 16 && std::is_nothrow_default_constructible_v<T>) class result_storage<T, true> {
 protected:
  constexpr explicit result_storage(errc e) noexcept : error_{e} {}
  template <typename... Args>
  constexpr explicit result_storage(std::in_place_t, Args&&... args) : value_(std::forward<Args>(args)...) {}

  T value_{};
  errc error_ = errc::ok;
};

template <typename T>
class result_storage<T, false> {
 protected:
  constexpr explicit result_storage(errc e) noexcept : none_{}, error_{e} {}
  template <typename... Args>
  constexpr explicit result_storage(std::in_place_t, Args&&... args) : value_(std::forward<Args>(args)...) {}

  result_storage(const result_storage& other) requires std::copy_constructible<T> : none_{} { take(other); }
  result_storage(result_storage&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : none_{} { take(std::move(other)); }
  result_storage& operator=(const result_storage& other) requires std::copy_constructible<T> {
    if (this != &other) {
      drop();
      take(other);
    }
    return *this;
  }
  result_storage& operator=(result_storage&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this != &other) {
      drop();
      take(std::move(other));
    }
    return *this;
  }
  constexpr ~result_storage() { drop(); }

  union {
    char none_;
    T value_;
  };
  errc error_ = errc::ok;

 private:
  // While `take` builds the value the error stays set, so that a throwing copy leaves an empty result behind, not a lie.
  template <typename Other>
  void take(Other&& other) {
    error_ = errc::empty;
    if (other.error_ == errc::ok) {
      ::new (static_cast<void*>(&value_)) T(std::forward<Other>(other).value_);
    }
    error_ = other.error_;
  }
  constexpr void drop() noexcept {
    if (error_ == errc::ok) {
      value_.~T();
      error_ = errc::empty;
    }
  }
};

}  // namespace detail

/// A value, or the reason why there is none. One byte beside the value; trivially copyable when T is.
///
/// Errors  `value()` of an empty result is the caller's mistake and panics; so is making one from `errc::ok`.
/// Cost    sizeof(T) + 1, rounded up to T's alignment; no heap
template <typename T>
class [[nodiscard]] result : private detail::result_storage<T, std::is_trivially_copyable_v<T>> {
  static_assert(std::is_object_v<T> && !std::is_array_v<T>, "result<T>: T is a plain value type; return a pointer or a view instead");
  static_assert(!std::same_as<std::remove_cv_t<T>, errc> && !std::same_as<std::remove_cv_t<T>, status>,
                "result<errc> cannot tell a value from a refusal: return status");
  using base = detail::result_storage<T, std::is_trivially_copyable_v<T>>;

 public:
  using value_type = T;

  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return errc::full;` are the idiom
  constexpr result(errc e) noexcept : base{e} { SKERRY_ASSERT(e != errc::ok && "a result without a value needs a reason"); }
  constexpr result(const T& value) requires std::copy_constructible<T> : base{std::in_place, value} {}
  constexpr result(T&& value) noexcept(std::is_nothrow_move_constructible_v<T>) : base{std::in_place, std::move(value)} {}
  // NOLINTEND(google-explicit-constructor)

  /// Builds the value in place, for types that are large or cannot be moved.
  template <typename... Args>
  requires std::constructible_from<T, Args...>
  constexpr explicit result(std::in_place_t, Args&&... args) : base{std::in_place, std::forward<Args>(args)...} {}

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return this->error_ == errc::ok; }
  [[nodiscard]] constexpr errc error() const noexcept { return this->error_; }

  [[nodiscard]] constexpr T& value() & noexcept {
    SKERRY_ASSERT(this->error_ == errc::ok && "value() of an empty result: test it, or use value_or");
    return this->value_;
  }
  [[nodiscard]] constexpr const T& value() const& noexcept {
    SKERRY_ASSERT(this->error_ == errc::ok && "value() of an empty result: test it, or use value_or");
    return this->value_;
  }
  /// By value, so that a loop over `f().value()` has something that lasts.
  [[nodiscard]] constexpr T value() && noexcept(std::is_nothrow_move_constructible_v<T>) {
    SKERRY_ASSERT(this->error_ == errc::ok && "value() of an empty result: test it, or use value_or");
    return std::move(this->value_);
  }

  template <typename U>
  requires std::convertible_to<U, T> && std::copy_constructible<T>
  [[nodiscard]] constexpr T value_or(U&& otherwise) const& {
    return this->error_ == errc::ok ? this->value_ : static_cast<T>(std::forward<U>(otherwise));
  }
  template <typename U>
  requires std::convertible_to<U, T>
  [[nodiscard]] constexpr T value_or(U&& otherwise) && {
    return this->error_ == errc::ok ? std::move(this->value_) : static_cast<T>(std::forward<U>(otherwise));
  }

  /// Calls `f(value)`, which returns a `status` or a `result`; passes a refusal on.
  template <std::invocable<const T&> F>
  constexpr auto and_then(F&& f) const -> std::remove_cvref_t<std::invoke_result_t<F, const T&>> {
    if (this->error_ != errc::ok) {
      return this->error_;
    }
    return std::forward<F>(f)(this->value_);
  }

  /// Calls `f(value)` and wraps what it returns; passes a refusal on.
  template <std::invocable<const T&> F>
  constexpr auto transform(F&& f) const -> result<std::remove_cvref_t<std::invoke_result_t<F, const T&>>> {
    if (this->error_ != errc::ok) {
      return this->error_;
    }
    return std::forward<F>(f)(this->value_);
  }

  friend constexpr bool operator==(const result& a, const result& b) requires std::equality_comparable<T> {
    return a.error_ == b.error_ && (a.error_ != errc::ok || a.value_ == b.value_);
  }
};

}  // namespace skerry::inline v0
