// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <cstddef>
#include <utility>

namespace skerry::inline v0::stats::detail {

inline constexpr std::size_t lane_count = 8;
inline constexpr std::size_t lane_block = 512;

#if defined(__AVX512F__)
inline constexpr std::size_t register_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t register_bytes = 32;
#else
inline constexpr std::size_t register_bytes = 16;
#endif

/// The sum of eight lanes, by one fixed tree.
template <typename Real>
[[nodiscard]] Real fold_lanes(const Real (&l)[lane_count]) noexcept {
  return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

/// Eight numbers side by side. Lane l sees the same operations in the same order whatever the width of the machine's registers,
/// so a core without any stores the same bits as one with AVX-512.
/// `Width` below eight: as many neighbouring lanes of the eight, for loops with more sums than the machine has registers.
template <typename Real, std::size_t Width = lane_count>
class lanes {
  static constexpr std::size_t bytes_ = register_bytes < Width * sizeof(Real) ? register_bytes : Width * sizeof(Real);
  static constexpr std::size_t parts_ = Width * sizeof(Real) / bytes_;
  using every_part = std::make_index_sequence<parts_>;
  // Written as a vector type because the compilers' own vectorisation of eight scalar sums is 1.6 to 2.7 times slower (GCC 12).
  typedef Real part __attribute__((vector_size(bytes_)));

 public:
  /// The next eight values from memory.
  [[nodiscard]] static lanes load(const Real* from) noexcept { return load(from, every_part{}); }
  void store(Real* to) const noexcept { __builtin_memcpy(to, &part_, sizeof part_); }
  void add(const lanes& b) noexcept { add(b, every_part{}); }
  [[nodiscard]] lanes minus(Real b) const noexcept { return minus(b, every_part{}); }
  [[nodiscard]] lanes times(const lanes& b) const noexcept { return times(b, every_part{}); }
  [[nodiscard]] lanes times(Real b) const noexcept { return times(b, every_part{}); }
  [[nodiscard]] lanes plus(const lanes& b) const noexcept {
    lanes out = *this;
    out.add(b);
    return out;
  }
  [[nodiscard]] lanes minus(const lanes& b) const noexcept { return minus(b, every_part{}); }
  /// Lane by lane the smaller of the two; where one is NaN, that of `b`.
  [[nodiscard]] lanes least(const lanes& b) const noexcept { return least(b, every_part{}); }
  [[nodiscard]] lanes greatest(const lanes& b) const noexcept { return greatest(b, every_part{}); }

  /// One more value for each of the first `count` lanes: the end of a block whose length is no multiple of eight.
  template <typename F>
  void add_tail(const Real* from, std::size_t count, F&& term) noexcept {
    Real each[lane_count];
    __builtin_memcpy(&each, &part_, sizeof each);
    for (std::size_t l = 0; l < count; ++l) {
      each[l] += term(from[l]);
    }
    __builtin_memcpy(&part_, &each, sizeof each);
  }

  /// The sum of all lanes, by one fixed tree.
  [[nodiscard]] Real fold() const noexcept {
    static_assert(Width == lane_count, "the tree is that of eight lanes");
    Real l[lane_count];
    __builtin_memcpy(&l, &part_, sizeof l);
    return fold_lanes(l);
  }

 private:
  // Packs instead of loops: at -O2 a loop over the parts would keep the sums in memory.
  template <std::size_t... K>
  [[nodiscard]] static lanes load(const Real* from, std::index_sequence<K...>) noexcept {
    lanes out;
    (__builtin_memcpy(&out.part_[K], from + K * (Width / parts_), bytes_), ...);
    return out;
  }
  template <std::size_t... K>
  void add(const lanes& b, std::index_sequence<K...>) noexcept {
    ((part_[K] += b.part_[K]), ...);
  }
  template <std::size_t... K>
  [[nodiscard]] lanes minus(Real b, std::index_sequence<K...>) const noexcept {
    lanes out;
    ((out.part_[K] = part_[K] - b), ...);
    return out;
  }
  template <std::size_t... K>
  [[nodiscard]] lanes times(const lanes& b, std::index_sequence<K...>) const noexcept {
    lanes out;
    ((out.part_[K] = part_[K] * b.part_[K]), ...);
    return out;
  }
  template <std::size_t... K>
  [[nodiscard]] lanes times(Real b, std::index_sequence<K...>) const noexcept {
    lanes out;
    ((out.part_[K] = part_[K] * b), ...);
    return out;
  }

  template <std::size_t... K>
  [[nodiscard]] lanes minus(const lanes& b, std::index_sequence<K...>) const noexcept {
    lanes out;
    ((out.part_[K] = part_[K] - b.part_[K]), ...);
    return out;
  }
  template <std::size_t... K>
  [[nodiscard]] lanes least(const lanes& b, std::index_sequence<K...>) const noexcept {
    lanes out;
    ((out.part_[K] = lesser(part_[K], b.part_[K])), ...);
    return out;
  }
  template <std::size_t... K>
  [[nodiscard]] lanes greatest(const lanes& b, std::index_sequence<K...>) const noexcept {
    lanes out;
    ((out.part_[K] = greater(part_[K], b.part_[K])), ...);
    return out;
  }

  [[nodiscard]] static part lesser(const part& a, const part& b) noexcept {
#if defined(__SSE2__) && !defined(__clang__)  // GCC 12 makes four instructions of the comparison
    if constexpr (sizeof(Real) == 8 && bytes_ == 16) {
      return __builtin_ia32_minpd(a, b);
    }
#endif
    return a < b ? a : b;
  }
  [[nodiscard]] static part greater(const part& a, const part& b) noexcept {
#if defined(__SSE2__) && !defined(__clang__)
    if constexpr (sizeof(Real) == 8 && bytes_ == 16) {
      return __builtin_ia32_maxpd(a, b);
    }
#endif
    return a > b ? a : b;
  }

  part part_[parts_]{};
};

}  // namespace skerry::inline v0::stats::detail
