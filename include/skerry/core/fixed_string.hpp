// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace skerry::inline v0 {

/// A text of N characters that can be a template argument: `template <fixed_string Name>`.
///
/// Cost    N + 1 bytes, the last one zero
template <std::size_t N>
struct fixed_string {
  constexpr fixed_string(const char (&text)[N + 1]) noexcept {  // NOLINT(google-explicit-constructor): `named<"speed">` is the idiom
    for (std::size_t i = 0; i < N; ++i) {
      characters[i] = text[i];
    }
  }

  [[nodiscard]] static constexpr std::size_t size() noexcept { return N; }
  [[nodiscard]] constexpr const char* c_str() const noexcept { return characters; }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {characters, N}; }
  constexpr operator std::string_view() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

  template <std::size_t M>
  friend constexpr bool operator==(const fixed_string& a, const fixed_string<M>& b) noexcept {
    return a.view() == b.view();
  }

  char characters[N + 1]{};  ///< public, or it could not be a template argument
};

template <std::size_t M>
fixed_string(const char (&)[M]) -> fixed_string<M - 1>;

}  // namespace skerry::inline v0
