// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// A shorter list that still fails: delta debugging, until no single element can be left out any more.
///
/// fails   says whether a list fails; it fails for `list` itself, and answers the same for the same list
/// tries   how often `fails` may be asked
/// Cost    O(n log n) calls of `fails` where few elements matter, O(n²) at worst
/// Source  Zeller, Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002, section 3 (without the test of subsets alone:
///         one element's complement is tested in the end anyway)
template <typename T, typename Fails>
[[nodiscard]] std::vector<T> shrink(std::vector<T> list, Fails&& fails, std::size_t tries = 20'000) {
  std::size_t length = std::max<std::size_t>(list.size() / 2, 1);
  while (!list.empty()) {
    bool shorter = false;
    // From the end: what comes last depends on what comes first more often than the other way round.
    for (std::size_t end = list.size(); end > 0 && tries > 0; --tries) {
      const std::size_t begin = end > length ? end - length : 0;
      std::vector<T> rest;
      rest.reserve(list.size());
      rest.insert(rest.end(), list.begin(), list.begin() + static_cast<std::ptrdiff_t>(begin));
      rest.insert(rest.end(), list.begin() + static_cast<std::ptrdiff_t>(end), list.end());
      if (fails(std::as_const(rest))) {
        list = std::move(rest);
        shorter = true;
      }
      end = begin;
    }
    if (tries == 0 || (length == 1 && !shorter)) {
      return list;
    }
    length = std::max<std::size_t>(length / 2, 1);
  }
  return list;
}

}  // namespace skerry::inline v0::testing
