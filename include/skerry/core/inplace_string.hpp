// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/detail/small_size.hpp>
#include <skerry/core/result.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <string_view>

namespace skerry::inline v0 {

/// A text of up to N characters in place, always followed by a zero.
///
/// The bytes after the text are zero, so equal texts have equal bytes.
///
/// Cost    N + 1 bytes and a counter of 1, 2 or 4; no heap; trivially copyable
/// Errors  `full` when a text does not fit, nothing changed then: it is never cut
template <std::size_t N>
class inplace_string {
  static_assert(N > 0 && N < 0xffffffff, "inplace_string<N>: N is between 1 and 2^32 - 2");

 public:
  constexpr inplace_string() noexcept = default;
  /// From a literal, or any array of characters, up to its first zero.
  template <std::size_t M>
  requires(M <= N + 1) constexpr inplace_string(const char (&text)[M]) noexcept {  // NOLINT(google-explicit-constructor)
    std::size_t n = 0;
    while (n < M && n < N && text[n] != '\0') {
      ++n;
    }
    store({text, n});
  }
  [[nodiscard]] static constexpr result<inplace_string> create(std::string_view text) noexcept {
    inplace_string made;
    if (const status done = made.try_append(text); !done) {
      return done.error();
    }
    return made;
  }

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr const char* data() const noexcept { return characters_; }
  [[nodiscard]] constexpr const char* begin() const noexcept { return characters_; }
  [[nodiscard]] constexpr const char* end() const noexcept { return characters_ + size_; }
  [[nodiscard]] constexpr const char* c_str() const noexcept { return characters_; }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {characters_, size_}; }
  constexpr operator std::string_view() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

  constexpr status try_assign(std::string_view text) noexcept {
    if (text.size() > N) {
      return errc::full;
    }
    store(text);
    return {};
  }
  constexpr status try_append(std::string_view text) noexcept {
    if (text.size() > N - size_) {
      return errc::full;
    }
    append(text);
    return {};
  }
  constexpr status try_push_back(char c) noexcept { return try_append({&c, 1}); }
  constexpr void clear() noexcept { store({}); }

  // Templates, because with two conversions to choose from `text == "literal"` would be ambiguous.
  template <std::convertible_to<std::string_view> S>
  friend constexpr bool operator==(const inplace_string& a, const S& b) noexcept {
    return a.view() == std::string_view{b};
  }
  template <std::convertible_to<std::string_view> S>
  friend constexpr auto operator<=>(const inplace_string& a, const S& b) noexcept {
    return a.view() <=> std::string_view{b};
  }

 private:
  constexpr void append(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
      characters_[size_ + i] = text[i];
    }
    size_ = static_cast<detail::small_size<N>>(size_ + text.size());
  }
  /// Forwards byte by byte, so a part of this very text may become all of it. What is left behind is cleared: equal texts are
  /// equal bytes.
  constexpr void store(std::string_view text) noexcept {
    const std::size_t before = size_;
    size_ = 0;
    append(text);
    for (std::size_t i = size_; i < before; ++i) {
      characters_[i] = '\0';
    }
  }

  char characters_[N + 1]{};
  detail::small_size<N> size_ = 0;
};

}  // namespace skerry::inline v0
