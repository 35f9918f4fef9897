// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

namespace skerry::inline v0::stats::detail {

/// An empty one with the same parameters: what `empty()` answers, or a cleared copy where that asks a question.
template <typename S>
[[nodiscard]] constexpr S empty_like(const S& s) noexcept {
  if constexpr (requires {
                  { s.empty() } -> std::same_as<S>;
                }) {
    return s.empty();
  } else {
    S out = s;
    out.clear();
    return out;
  }
}

}  // namespace skerry::inline v0::stats::detail
