// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/detail/key_hash.hpp>
#include <skerry/state/explain.hpp>
#include <skerry/state/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// How many overruled and refused writes a replica remembers for `explain`; 0: none, they are counted only.
template <typename Limits>
constexpr std::size_t overruled_of() noexcept {
  return 0;
}
template <typename Limits>
requires requires { Limits::overruled; }
constexpr std::size_t overruled_of() noexcept { return Limits::overruled; }

/// The last writes that lost against another one, or that nobody was allowed to make, of all keys together: the oldest one goes.
///
/// Cost    40 bytes and a key for each; all calls O(Most); no heap
template <typename Limits, std::size_t Most>
class overruled_ring {
 public:
  static constexpr std::size_t key_bytes = key_bytes_of<Limits>();

  /// Notes a write, unless it is among them already for the same reason.
  ///
  /// Returns  whether it is new
  constexpr bool note(const key_ref& key, const overruled_write& write) noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      const overruled_write& w = all_[i].write;
      if (w.who == write.who && w.n == write.n && w.refused == write.refused && equal(all_[i].key(), key)) {
        return false;
      }
    }
    entry& e = all_[next_];
    e.write = write;
    e.path = key.path;
    e.size = static_cast<std::uint8_t>(key.args.size());
    for (std::size_t i = 0; i < key.args.size(); ++i) {
      e.args[i] = key.args[i];
    }
    next_ = static_cast<std::uint16_t>((next_ + 1) % Most);
    size_ = static_cast<std::uint16_t>(size_ < Most ? size_ + 1 : Most);
    return true;
  }
  /// Fills in those of a key, the last one first.
  constexpr void show(const key_ref& key, explanation& e) const noexcept {
    for (std::size_t back = 1; back <= size_ && e.overruled_count < explanation::remembered; ++back) {
      const entry& at = all_[(next_ + Most - back) % Most];
      if (equal(at.key(), key)) {
        e.overruled[e.overruled_count++] = at.write;
      }
    }
  }

 private:
  struct entry {
    overruled_write write{};
    std::uint16_t path = 0;
    std::uint8_t size = 0;
    std::array<char, key_bytes> args{};
    [[nodiscard]] constexpr key_ref key() const noexcept { return {path, std::span{args}.first(size)}; }
  };

  array_of<entry, Most> all_{};
  std::uint16_t next_ = 0;
  std::uint16_t size_ = 0;
};

/// None is remembered.
template <typename Limits>
class overruled_ring<Limits, 0> {
 public:
  constexpr bool note(const key_ref&, const overruled_write&) noexcept { return true; }
  constexpr void show(const key_ref&, explanation&) const noexcept {}
};

}  // namespace skerry::inline v0::state::detail
