// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>
#include <skerry/state/detail/key_hash.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state::detail {

/// Puts what stands for the placeholders of a path into a buffer, joined by '/'.
///
/// Errors  sticky: `invalid` for an empty text or one with '/', `full` when it is too long
class key_args {
 public:
  constexpr explicit key_args(std::span<char> out) noexcept : out_{out} {}

  template <std::integral T>
  constexpr void add(T arg) noexcept {
    begin();
    std::array<char, 20> digits{};
    std::size_t count = 0;
    const bool negative = arg < 0;
    auto rest = static_cast<std::uint64_t>(arg);
    rest = negative ? ~rest + 1 : rest;
    do {
      digits[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest > 0);
    if (negative) {
      put('-');
    }
    while (count > 0) {
      put(digits[--count]);
    }
  }
  constexpr void add(std::string_view text) noexcept {
    begin();
#if !defined(__OPTIMIZE_SIZE__)
    if (text.size() - 1 < 8 && out_.size() - used_ >= 8 && std::endian::native == std::endian::little && !std::is_constant_evaluated()) {
      const std::uint64_t word = key_word(text.data(), text.size());  // written at once, it can be read at once
      __builtin_memcpy(out_.data() + used_, &word, 8);
      used_ += text.size();
      error_ = has_slash(word) ? errc::invalid : error_;
      return;
    }
#endif
    if (text.empty() || text.find('/') != text.npos) {
      error_ = errc::invalid;
    }
    for (const char c : text) {
      put(c);
    }
  }

  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  [[nodiscard]] constexpr std::span<const char> written() const noexcept { return out_.first(used_); }

 private:
  constexpr void begin() noexcept {
    if (any_) {
      put('/');
    }
    any_ = true;
  }
  constexpr void put(char c) noexcept {
    if (used_ < out_.size()) {
      out_[used_++] = c;
    } else {
      error_ = error_ == errc::ok ? errc::full : error_;
    }
  }

  std::span<char> out_;
  std::size_t used_ = 0;
  errc error_ = errc::ok;
  bool any_ = false;
};

/// What stood for a placeholder, read back: `corrupt` when it is not how `key_args` writes a T.
template <typename T>
[[nodiscard]] constexpr result<T> argument_value(std::string_view text) noexcept {
  if constexpr (std::integral<T>) {
    const bool negative = std::signed_integral<T> && !text.empty() && text.front() == '-';
    std::uint64_t magnitude = 0;
    if (text.size() == (negative ? 1U : 0U)) {
      return errc::corrupt;
    }
    for (const char c : text.substr(negative ? 1 : 0)) {
      if (c < '0' || c > '9' || magnitude > (UINT64_MAX - 9) / 10) {
        return errc::corrupt;
      }
      magnitude = magnitude * 10 + static_cast<std::uint64_t>(c - '0');
    }
    const auto value = static_cast<T>(negative ? ~magnitude + 1 : magnitude);
    std::array<char, 24> again{};
    key_args out{again};
    out.add(value);
    return std::string_view{out.written().data(), out.written().size()} == text ? result<T>{value} : result<T>{errc::corrupt};
  } else {
    return T::create(text);
  }
}

/// Sorts the slots of keys by the keys' texts. Heap sort: no recursion. Few keys are mostly told apart by the beginnings of their texts,
/// which are kept aside: 512 bytes on the stack.
///
/// text   `text(index, std::span<char, TextBytes>) -> std::size_t` writes the text of a slot's key
template <std::size_t TextBytes, typename Index, typename Text>
constexpr void sort_by_text(std::span<Index> order, Text&& text) {
  constexpr std::size_t few = 64;
  constexpr std::size_t beginning_bytes = 8;
  std::array<std::uint64_t, few> beginnings{};
  const bool kept = order.size() <= few;
  for (std::size_t i = 0; kept && i < order.size(); ++i) {
    std::array<char, TextBytes> x{};  // zeros behind its end
    (void)text(order[i], std::span<char>{x});
    for (std::size_t c = 0; c < beginning_bytes; ++c) {
      beginnings[i] = beginnings[i] << 8 | (c < TextBytes ? static_cast<unsigned char>(x[c]) : 0U);
    }
  }
  const auto less = [&](std::size_t a, std::size_t b) {
    if (kept && beginnings[a] != beginnings[b]) {
      return beginnings[a] < beginnings[b];
    }
    std::array<char, TextBytes> x{};
    std::array<char, TextBytes> y{};
    const std::size_t nx = text(order[a], std::span<char>{x});
    const std::size_t ny = text(order[b], std::span<char>{y});
    return std::string_view{x.data(), nx} < std::string_view{y.data(), ny};
  };
  const auto exchange = [&](std::size_t a, std::size_t b) {
    std::swap(order[a], order[b]);
    if (kept) {
      std::swap(beginnings[a], beginnings[b]);
    }
  };
  const auto sink = [&](std::size_t root, std::size_t end) {
    for (std::size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
      child += child + 1 < end && less(child, child + 1) ? 1 : 0;
      if (!less(root, child)) {
        return;
      }
      exchange(root, child);
      root = child;
    }
  };
  for (std::size_t i = order.size() / 2; i > 0; --i) {
    sink(i - 1, order.size());
  }
  for (std::size_t end = order.size(); end > 1; --end) {
    exchange(0, end - 1);
    sink(0, end - 1);
  }
}

}  // namespace skerry::inline v0::state::detail
