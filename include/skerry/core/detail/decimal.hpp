// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::detail {

/// A natural number of up to 2816 bits: what the longest decimal that can matter needs, 801 digits or 5^1131, and one bit.
class natural {
 public:
  constexpr natural() noexcept = default;

  [[nodiscard]] constexpr bool zero() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr int bits() const noexcept {
    return size_ == 0 ? 0 : static_cast<int>(32 * (size_ - 1)) + static_cast<int>(std::bit_width(limb_[size_ - 1]));
  }
  constexpr void times_plus(std::uint32_t factor, std::uint32_t summand) noexcept {
    std::uint64_t carry = summand;
    for (std::size_t i = 0; i < size_; ++i) {
      carry += std::uint64_t{limb_[i]} * factor;
      limb_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    push(static_cast<std::uint32_t>(carry));
  }
  constexpr void times_power_of_5(int n) noexcept {
    constexpr std::uint32_t five_to_13 = 1220703125;
    for (; n >= 13; n -= 13) {
      times_plus(five_to_13, 0);
    }
    for (; n > 0; --n) {
      times_plus(5, 0);
    }
  }
  constexpr void shift_left(int n) noexcept {
    const auto words = static_cast<std::size_t>(n / 32);
    const auto low = static_cast<std::uint32_t>(n % 32);
    if (size_ == 0 || n == 0) {
      return;
    }
    std::uint32_t carry = 0;
    if (low != 0) {
      for (std::size_t i = 0; i < size_; ++i) {
        const std::uint32_t next = limb_[i] >> (32 - low);
        limb_[i] = (limb_[i] << low) | carry;
        carry = next;
      }
      push(carry);
    }
    if (words != 0) {
      for (std::size_t i = size_; i > 0; --i) {
        limb_[i - 1 + words] = limb_[i - 1];
      }
      for (std::size_t i = 0; i < words; ++i) {
        limb_[i] = 0;
      }
      size_ += words;
    }
  }
  [[nodiscard]] constexpr bool at_least(const natural& other) const noexcept {
    if (size_ != other.size_) {
      return size_ > other.size_;
    }
    for (std::size_t i = size_; i > 0; --i) {
      if (limb_[i - 1] != other.limb_[i - 1]) {
        return limb_[i - 1] > other.limb_[i - 1];
      }
    }
    return true;
  }
  /// Other is not greater.
  constexpr void minus(const natural& other) noexcept {
    std::uint32_t borrow = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::uint64_t taken = std::uint64_t{i < other.size_ ? other.limb_[i] : 0U} + borrow;
      borrow = limb_[i] < taken ? 1 : 0;
      limb_[i] = static_cast<std::uint32_t>(limb_[i] - taken);
    }
    while (size_ > 0 && limb_[size_ - 1] == 0) {
      --size_;
    }
  }
  /// The most significant 64 bits, the first of them set; `rest` says whether anything lies below.
  [[nodiscard]] constexpr std::uint64_t leading(bool& rest) const noexcept {
    std::uint64_t top = 0;
    int missing = 64;
    std::size_t i = size_;
    rest = false;
    for (; i > 0 && missing > 0; --i) {
      const int width = i == size_ ? static_cast<int>(std::bit_width(limb_[i - 1])) : 32;
      const int take = width < missing ? width : missing;
      top = (top << take) | (limb_[i - 1] >> (width - take));
      rest = take < width && (limb_[i - 1] & ((1U << (width - take)) - 1U)) != 0;
      missing -= take;
    }
    for (; i > 0; --i) {
      rest = rest || limb_[i - 1] != 0;
    }
    return top << missing;
  }

 private:
  constexpr void push(std::uint32_t limb) noexcept {
    if (limb != 0) {
      limb_[size_++] = limb;
    }
  }
  std::array<std::uint32_t, 88> limb_{};
  std::size_t size_ = 0;
};

/// The binary64 number next to top · 2^exponent and a bit more if `rest`; top has its first bit set. To even when in the middle.
[[nodiscard]] constexpr double nearest_double(std::uint64_t top, int exponent, bool rest) noexcept {
  const int e = exponent + 63;
  if (e > 1023) {
    return __builtin_huge_val();
  }
  const int keep = e < -1022 ? 53 + (e + 1022) : 53;
  if (keep < 0) {
    return 0.0;
  }
  const int drop = 64 - keep;
  const std::uint64_t kept = drop == 64 ? 0 : top >> drop;
  const std::uint64_t below = drop == 64 ? top : top & ((std::uint64_t{1} << drop) - 1);
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  const bool up = below > half || (below == half && (rest || (kept & 1) != 0));
  // The leading bit of a normal number adds one to the exponent field; so does a carry out of the fraction.
  const std::uint64_t field = e < -1022 ? 0 : static_cast<std::uint64_t>(e + 1022) << 52;
  return std::bit_cast<double>(field + kept + (up ? 1 : 0));
}

/// The binary64 number nearest to a decimal `[-]digits[.digits][(e|E)[+-]digits]`, in integers alone, so the same everywhere; to even when
/// in the middle, infinity beyond the range.
///
/// Its caller has looked at the grammar. Cost: 0.1 to 1 µs for what programs print; O(digits²) up to 800 digits, more are one sticky digit.
[[nodiscard]] constexpr double decimal_to_double(std::string_view text) noexcept {
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  at += negative ? 1 : 0;
  constexpr int most_digits = 800;  // no middle between two numbers has more than 767
  natural digits;
  std::uint64_t low = 0;  // the same while it fits
  int count = 0;
  std::int64_t exponent = 0;
  bool point = false;
  bool rest = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    const auto digit = static_cast<std::uint32_t>(text[at] - '0');
    if (count == most_digits) {
      rest = rest || digit != 0;
      exponent += point ? 0 : 1;
      continue;
    }
    exponent -= point ? 1 : 0;
    if (digit == 0 && count == 0) {
      continue;
    }
    ++count;
    low = count <= 18 ? low * 10 + digit : low;
    digits.times_plus(10, digit);
  }
  if (at < text.size()) {
    ++at;
    const bool down = at < text.size() && text[at] == '-';
    at += at < text.size() && (text[at] == '-' || text[at] == '+') ? 1 : 0;
    std::int64_t written = 0;
    for (; at < text.size(); ++at) {
      written = written < 100'000'000'000'000 ? written * 10 + (text[at] - '0') : written;
    }
    exponent += down ? -written : written;
  }
  if (count == 0) {
    return negative ? -0.0 : 0.0;
  }
  if (rest) {
    digits.times_plus(10, 1);
    --exponent;
    ++count;
  }
  double value = 0.0;
  if (count + exponent > 310) {
    value = __builtin_huge_val();
  } else if (count + exponent < -330) {
    value = 0.0;
  } else if (count <= 15 && exponent == 0) {
    value = static_cast<double>(low);
  } else if (exponent >= 0) {
    digits.times_power_of_5(static_cast<int>(exponent));
    bool below = false;
    const std::uint64_t top = digits.leading(below);
    value = nearest_double(top, digits.bits() - 64 + static_cast<int>(exponent), below);
  } else {
    const int tens = static_cast<int>(-exponent);
    natural divisor;
    divisor.times_plus(0, 1);
    divisor.times_power_of_5(tens);
    const int shift = divisor.bits() - digits.bits();
    shift >= 0 ? digits.shift_left(shift) : divisor.shift_left(-shift);
    std::uint64_t quotient = 0;
    for (int i = 0; i < 64; ++i) {
      quotient <<= 1;
      if (digits.at_least(divisor)) {
        digits.minus(divisor);
        quotient |= 1;
      }
      digits.shift_left(1);
    }
    const int zeros = std::countl_zero(quotient);
    value = nearest_double(quotient << zeros, -63 - shift - tens - zeros, !digits.zero());
  }
  return negative ? -value : value;
}

}  // namespace skerry::inline v0::detail
