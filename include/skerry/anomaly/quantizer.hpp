// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

/// What a forest compares: one byte a value, or two.
template <typename Code>
concept forest_code = std::same_as<Code, std::uint8_t> || std::same_as<Code, std::int16_t>;

/// The numbers of a code: its greatest step C, what is subtracted from the step, and the code that means "missing".
template <forest_code Code>
struct code_traits;
template <>
struct code_traits<std::uint8_t> {
  static constexpr std::int32_t steps = 254, offset = 0;
  static constexpr std::uint8_t missing = 255;
};
template <>
struct code_traits<std::int16_t> {
  static constexpr std::int32_t steps = 65534, offset = 32767;
  static constexpr std::int16_t missing = -32768;
};

namespace detail {

/// The map of a column of names.
inline constexpr float names_lo = -1.0F, names_inv_step = 1.0F;

/// inv_step of a column. Its caller has made sure that hi - lo is finite. A range so narrow that its steps overflow gets the greatest
/// finite number: infinity would leave it two codes, and no image could hold it.
template <forest_code Code>
[[nodiscard]] constexpr float inverse_step(float lo, float hi) noexcept {
  constexpr auto top = static_cast<float>(code_traits<Code>::steps);
  constexpr float most = std::numeric_limits<float>::max();
  return !(hi > lo) ? 0.0F : hi - lo > top / most ? top / (hi - lo) : most;
}

/// What `inverse_step` may answer: finite and not below zero; not minus zero either, so that one map has one image.
[[nodiscard]] constexpr bool is_step(float inv_step) noexcept {
  return is_finite(inv_step) && std::bit_cast<std::uint32_t>(inv_step) < 0x80000000U;
}

/// The code of a number that is not NaN, every operation rounded to binary32. The clamp stands between the product and the
/// sum, so there is nothing for a compiler to contract; both ways to clamp also take the NaN of inf · 0 to 0.
///
/// Bits of numbers from zero up are in the order of the numbers. Choices written as such are branches to GCC, which then has no vectors
/// for a row; where there are no vectors, choices are the shorter way.
template <forest_code Code>
[[nodiscard]] constexpr Code quantize(float x, float lo, float inv_step) noexcept {
  constexpr auto top = static_cast<float>(code_traits<Code>::steps);
  float t = (x - lo) * inv_step;
  if constexpr (sizeof(void*) == 4) {
    t = t > 0.0F ? t : 0.0F;
    t = t < top ? t : top;
  } else {
    constexpr auto most = std::bit_cast<std::int32_t>(top);
    constexpr auto infinity = std::bit_cast<std::int32_t>(std::numeric_limits<float>::infinity());
    auto bits = std::bit_cast<std::int32_t>(t);
    bits &= ~(bits >> 31);               // not below zero
    bits &= ~((infinity - bits) >> 31);  // a number
    t = std::bit_cast<float>(most + ((bits - most) & ((bits - most) >> 31)));
  }
  return static_cast<Code>(static_cast<std::int32_t>(t + 0.5F) - code_traits<Code>::offset);
}

/// Codes of one row; false, and nothing written, when a value is infinite. NaN becomes the missing code.
template <forest_code Code>
[[nodiscard]] constexpr bool encode_row(const float* x, const float* lo, const float* inv_step, Code* out, std::size_t n) noexcept {
  const bool plain = all_finite(x, n);
  if (!plain) {
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_finite(x[i]) && !is_nan(x[i])) {
        return false;
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = quantize<Code>(x[i], lo[i], inv_step[i]);
  }
  if (!plain) {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = is_nan(x[i]) ? code_traits<Code>::missing : out[i];
    }
  }
  return true;
}

/// True when no code of the row is the missing one. A word at a time, where compilers have no vectors.
template <forest_code Code>
[[nodiscard]] inline bool none_missing_by_words(const Code* x, std::size_t n) noexcept {
  // Adding one to all parts of a word turns the highest bit off in a byte of ones; taking one from all does so in the least half-word. What
  // is carried may do it to the next part too: then all are looked at singly.
  constexpr bool byte = sizeof(Code) == 1;
  constexpr std::uint32_t ones = byte ? 0x01010101U : 0x00010001U;
  constexpr std::uint32_t highest = byte ? 0x80808080U : 0x80008000U;
  constexpr std::size_t in_word = sizeof(std::uint32_t) / sizeof(Code);
  const auto turned = [x](std::size_t at) noexcept {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, x + at, sizeof word);
    return word & ~(byte ? word + ones : word - ones);
  };
  std::uint32_t bits = 0;
  std::size_t i = 0;
  for (; i + 4 * in_word <= n; i += 4 * in_word) {
    bits |= turned(i) | turned(i + in_word) | turned(i + 2 * in_word) | turned(i + 3 * in_word);
  }
  for (; i + in_word <= n; i += in_word) {
    bits |= turned(i);
  }
  i = (bits & highest) != 0 ? 0 : i;
  while (i < n && x[i] != code_traits<Code>::missing) {
    ++i;
  }
  return i == n;
}

/// The same where compilers have vectors.
template <forest_code Code>
[[nodiscard]] constexpr bool none_missing(const Code* x, std::size_t n) noexcept {
  if (sizeof(void*) == 4 && !std::is_constant_evaluated()) {
    return none_missing_by_words(x, n);
  }
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    bad |= static_cast<std::uint32_t>(x[i] == code_traits<Code>::missing);
  }
  return bad == 0;
}

/// One pass over up to `Most` columns. Extremes in local arrays, so that a compiler may keep them in vector registers.
template <std::size_t Most>
[[nodiscard]] constexpr bool some_column_ranges(row_view<float> rows, std::size_t first, std::size_t count, float* lo, float* hi) noexcept {
  std::array<float, Most> least;
  std::array<float, Most> greatest;
  least.fill(std::numeric_limits<float>::infinity());
  greatest.fill(-std::numeric_limits<float>::infinity());
  std::array<std::uint32_t, Most> bad{};
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const float* x = rows.row(i) + first;
    for (std::size_t j = 0; j < count; ++j) {
      least[j] = x[j] < least[j] ? x[j] : least[j];
      greatest[j] = x[j] > greatest[j] ? x[j] : greatest[j];
      bad[j] |= static_cast<std::uint32_t>(!is_finite(x[j]));
    }
  }
  std::uint32_t any = 0;
  for (std::size_t j = 0; j < count; ++j) {
    lo[first + j] = least[j];
    hi[first + j] = greatest[j];
    any |= bad[j];
  }
  return any == 0;
}

/// The same for 4 · Vectors columns in vectors of the compiler's own, whatever the target makes of them. An array of extremes that is
/// updated row by row went through memory, and took three times as long.
template <std::size_t Vectors>
[[nodiscard]] inline bool vector_column_ranges(row_view<float> rows, std::size_t first, float* lo, float* hi) noexcept {
  using four [[gnu::vector_size(16)]] = float;
  using marks [[gnu::vector_size(16)]] = std::int32_t;
  const four least_of_none = four{} + std::numeric_limits<float>::infinity();
  four least[Vectors];
  four greatest[Vectors];
  marks nan{};
  for (std::size_t v = 0; v < Vectors; ++v) {
    least[v] = least_of_none;
    greatest[v] = -least_of_none;
  }
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const float* x = rows.row(i) + first;
    for (std::size_t v = 0; v < Vectors; ++v) {
      four now;
      __builtin_memcpy(&now, x + 4 * v, sizeof now);
      least[v] = now < least[v] ? now : least[v];
      greatest[v] = now > greatest[v] ? now : greatest[v];
      nan |= now != now;
    }
  }
  __builtin_memcpy(lo + first, least, sizeof least);
  __builtin_memcpy(hi + first, greatest, sizeof greatest);
  bool finite = (nan[0] | nan[1] | nan[2] | nan[3]) == 0;
  for (std::size_t j = first; j < first + 4 * Vectors; ++j) {  // an infinity is an extreme
    finite = finite && is_finite(lo[j]) && is_finite(hi[j]);
  }
  return finite;
}

/// Least and greatest value of each column, NaN passed over; true when every value is finite. A column without any number gets lo > hi.
[[nodiscard]] constexpr bool column_ranges(row_view<float> rows, float* lo, float* hi) noexcept {
  bool finite = true;
  std::size_t first = 0;
  if (!std::is_constant_evaluated()) {
    for (; first + 16 <= rows.columns; first += 16) {
      finite = vector_column_ranges<4>(rows, first, lo, hi) && finite;
    }
    for (; first + 4 <= rows.columns; first += 4) {
      finite = vector_column_ranges<1>(rows, first, lo, hi) && finite;
    }
  }
  constexpr std::size_t together = 8;
  for (; first + together <= rows.columns; first += together) {
    finite = some_column_ranges<together>(rows, first, together, lo, hi) && finite;
  }
  return (first == rows.columns || some_column_ranges<together>(rows, first, rows.columns - first, lo, hi)) && finite;
}

[[nodiscard]] constexpr bool any_infinite(row_view<float> rows) noexcept {
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.columns; ++j) {
      if (!is_finite(rows.row(i)[j]) && !is_nan(rows.row(i)[j])) {
        return true;
      }
    }
  }
  return false;
}

/// From ranges, in place of hi, the inverse steps; `out_of_range`, with lo and hi spoilt, when a range overflows binary32.
template <forest_code Code>
[[nodiscard]] constexpr status ranges_to_steps(float* lo, float* hi, std::size_t n) noexcept {
  for (std::size_t j = 0; j < n; ++j) {
    if (lo[j] > hi[j]) {
      lo[j] = hi[j] = 0.0F;
    }
    if (!is_finite(hi[j] - lo[j])) {
      return errc::out_of_range;
    }
    hi[j] = inverse_step<Code>(lo[j], hi[j]);
  }
  return {};
}

}  // namespace detail

/// Affine map from the numbers of each column to integer codes; belongs to the model that was trained on those codes.
///
/// Input   finite numbers; beyond the range that was learnt a value gets the code of the extreme, which loses nothing: there a
///         forest is constant anyway. NaN becomes the missing code (255, -32768); whether that is taken is the model's policy
/// Units   code = floor(clamp((x - lo) · inv_step, 0, C) + 1/2) in binary32; C = 254 for one byte; C = 65534, then minus 32767, for two
/// Cost    8 · Features bytes, one subtraction and one product per value
/// Bound   half a step, (hi - lo) / (2 C), between x in the range and the middle of its code
/// Errors  `insufficient` before a range is known; `width`; `not_finite` for infinity; `out_of_range` when hi - lo overflows
template <std::size_t Features, forest_code Code = std::int16_t>
class quantizer {
  static_assert(Features > 0, "a quantizer needs at least one column");

 public:
  using code_type = Code;
  static constexpr Code missing = code_traits<Code>::missing;

  /// Knows no range yet.
  constexpr quantizer() noexcept : lo_{}, inv_step_{} { lo_[0] = std::numeric_limits<float>::quiet_NaN(); }

  /// The map of the given ranges, lo[i] <= hi[i]; `invalid` when one is upside down.
  [[nodiscard]] static constexpr result<quantizer> from_range(std::span<const float, Features> lo,
                                                              std::span<const float, Features> hi) noexcept {
    quantizer made;
    for (std::size_t j = 0; j < Features; ++j) {
      if (!detail::is_finite(lo[j]) || !detail::is_finite(hi[j])) {
        return errc::not_finite;
      }
      if (lo[j] > hi[j]) {
        return errc::invalid;
      }
      made.lo_[j] = lo[j];
      made.inv_step_[j] = hi[j];
    }
    if (const status fits = detail::ranges_to_steps<Code>(made.lo_, made.inv_step_, Features); !fits) {
      return fits.error();
    }
    return made;
  }

  /// The map as another quantizer gave it out: `lo(i)` and `inv_step(i)`; `invalid` for a step below zero, or minus zero.
  [[nodiscard]] static constexpr result<quantizer> from_steps(std::span<const float, Features> lo,
                                                              std::span<const float, Features> inv_step) noexcept {
    quantizer made;
    for (std::size_t j = 0; j < Features; ++j) {
      if (!detail::is_finite(lo[j]) || !detail::is_finite(inv_step[j])) {
        return errc::not_finite;
      }
      if (!detail::is_step(inv_step[j])) {
        return errc::invalid;
      }
      made.lo_[j] = lo[j];
      made.inv_step_[j] = inv_step[j];
    }
    return made;
  }

  /// Column i holds names, the numbers 0 … 63: name n gets step n + 1, so that what is below every name is none.
  constexpr void hold_names(std::size_t i) noexcept {
    SKERRY_ASSERT(i < Features);
    lo_[i] = detail::names_lo;
    inv_step_[i] = detail::names_inv_step;
  }

  /// Takes the least and greatest number of each column as its range. NaN is passed over, or refused as infinity is.
  [[nodiscard]] constexpr status learn(row_view<float> rows, bool refuse_nan = false) noexcept {
    if (!rows.holds(Features)) {
      return errc::width;
    }
    if (rows.rows == 0) {
      return errc::insufficient;
    }
    quantizer made;
    if (!detail::column_ranges(rows, made.lo_, made.inv_step_) && (refuse_nan || detail::any_infinite(rows))) {
      return errc::not_finite;
    }
    if (const status fits = detail::ranges_to_steps<Code>(made.lo_, made.inv_step_, Features); !fits) {
      return fits;
    }
    *this = made;
    return {};
  }

  [[nodiscard]] constexpr bool learned() const noexcept { return !detail::is_nan(lo_[0]); }

  /// Codes of one row. A refused row leaves `out` as it was.
  [[nodiscard]] constexpr status encode(std::span<const float> row, std::span<Code> out) const noexcept {
    if (!learned()) {
      return errc::insufficient;
    }
    if (row.size() != Features || out.size() != Features) {
      return errc::width;
    }
    return detail::encode_row<Code>(row.data(), lo_, inv_step_, out.data(), Features) ? status{} : status{errc::not_finite};
  }

  /// The code of one value of column i that is not infinite.
  [[nodiscard]] constexpr Code code(std::size_t i, float x) const noexcept {
    SKERRY_ASSERT(i < Features && learned());
    return detail::is_nan(x) ? missing : detail::quantize<Code>(x, lo_[i], inv_step_[i]);
  }

  [[nodiscard]] constexpr float lo(std::size_t i) const noexcept { return lo_[i]; }
  /// Codes per unit of column i; 0 when the column was constant.
  [[nodiscard]] constexpr float inv_step(std::size_t i) const noexcept { return inv_step_[i]; }
  [[nodiscard]] static constexpr std::size_t columns() noexcept { return Features; }

  friend constexpr bool operator==(const quantizer& a, const quantizer& b) noexcept {
    for (std::size_t j = 0; j < Features; ++j) {
      if (std::bit_cast<std::uint32_t>(a.lo_[j]) != std::bit_cast<std::uint32_t>(b.lo_[j]) || a.inv_step_[j] != b.inv_step_[j]) {
        return false;
      }
    }
    return true;
  }

 private:
  float lo_[Features];
  float inv_step_[Features];
};

/// The same map over ranges that somebody else keeps: what `dynamic_isolation_forest::codes()` answers.
template <forest_code Code = std::int16_t>
class quantizer_view {
 public:
  using code_type = Code;
  static constexpr Code missing = code_traits<Code>::missing;

  constexpr quantizer_view() noexcept = default;
  constexpr quantizer_view(std::span<const float> lo, std::span<const float> inv_step) noexcept : lo_{lo}, inv_step_{inv_step} {
    SKERRY_ASSERT(lo.size() == inv_step.size());
  }

  [[nodiscard]] constexpr bool learned() const noexcept { return !lo_.empty() && !detail::is_nan(lo_[0]); }

  /// Codes of one row. A refused row leaves `out` as it was.
  [[nodiscard]] constexpr status encode(std::span<const float> row, std::span<Code> out) const noexcept {
    if (!learned()) {
      return errc::insufficient;
    }
    if (row.size() != lo_.size() || out.size() != lo_.size()) {
      return errc::width;
    }
    return detail::encode_row<Code>(row.data(), lo_.data(), inv_step_.data(), out.data(), row.size()) ? status{} : status{errc::not_finite};
  }

  /// The code of one value of column i that is not infinite.
  [[nodiscard]] constexpr Code code(std::size_t i, float x) const noexcept {
    SKERRY_ASSERT(i < lo_.size() && learned());
    return detail::is_nan(x) ? missing : detail::quantize<Code>(x, lo_[i], inv_step_[i]);
  }

  [[nodiscard]] constexpr float lo(std::size_t i) const noexcept { return lo_[i]; }
  [[nodiscard]] constexpr float inv_step(std::size_t i) const noexcept { return inv_step_[i]; }
  [[nodiscard]] constexpr std::size_t columns() const noexcept { return lo_.size(); }

 private:
  std::span<const float> lo_, inv_step_;
};

}  // namespace skerry::inline v0::anomaly
