// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::detail {

[[nodiscard]] constexpr std::uint32_t byte_at(std::string_view text, std::size_t i) noexcept { return static_cast<unsigned char>(text[i]); }

/// Bytes that the lead byte of a UTF-8 sequence announces; 0 for one that leads none.
[[nodiscard]] constexpr std::size_t utf8_announced(std::uint32_t lead) noexcept {
  if (lead < 0x80) {
    return 1;
  }
  if (lead < 0xc2 || lead > 0xf4) {
    return 0;
  }
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// True when byte i of a sequence may follow `lead`; the second byte keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
[[nodiscard]] constexpr bool utf8_follows(std::uint32_t lead, std::size_t i, std::uint32_t byte) noexcept {
  const std::uint32_t least = i != 1 ? 0x80U : lead == 0xe0 ? 0xa0U : lead == 0xf0 ? 0x90U : 0x80U;
  const std::uint32_t most = i != 1 ? 0xbfU : lead == 0xed ? 0x9fU : lead == 0xf4 ? 0x8fU : 0xbfU;
  return byte >= least && byte <= most;
}

/// Length of the UTF-8 sequence that `text` begins with, as RFC 3629 allows it; 0 when there is none.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const std::size_t length = text.empty() ? 0 : utf8_announced(byte_at(text, 0));
  if (length > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (!utf8_follows(byte_at(text, 0), i, byte_at(text, i))) {
      return 0;
    }
  }
  return length;
}

/// True when `text` is the beginning of a sequence and ends inside it.
[[nodiscard]] constexpr bool utf8_cut(std::string_view text) noexcept {
  if (text.empty() || text.size() >= utf8_announced(byte_at(text, 0))) {
    return false;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (!utf8_follows(byte_at(text, 0), i, byte_at(text, i))) {
      return false;
    }
  }
  return true;
}

/// The number of four hexadecimal digits at `at`; above 0xffff when they are none.
[[nodiscard]] constexpr std::uint32_t json_hex4(std::string_view text, std::size_t at) noexcept {
  std::uint32_t v = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = i < text.size() ? text[i] : '\0';
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) {
      return 0x10000;
    }
    v = v * 16 + static_cast<std::uint32_t>(digit);
  }
  return v;
}

/// Length of the JSON escape that `text` begins with, a surrogate pair being one; 0 when it is none.
[[nodiscard]] constexpr std::size_t json_escape_length(std::string_view text) noexcept {
  if (text.size() < 2) {
    return 0;
  }
  if (text[1] != 'u') {
    return std::string_view{"\"\\/bfnrt"}.find(text[1]) != std::string_view::npos ? 2 : 0;
  }
  const std::uint32_t first = json_hex4(text, 2);
  if (first > 0xffff || (first >= 0xdc00 && first <= 0xdfff)) {
    return 0;
  }
  if (first < 0xd800 || first > 0xdfff) {
    return 6;
  }
  const bool second =
      text.size() >= 12 && text[6] == '\\' && text[7] == 'u' && json_hex4(text, 8) >= 0xdc00 && json_hex4(text, 8) <= 0xdfff;
  return second ? 12 : 0;
}

/// True when a text that ends inside an escape could still have become one.
[[nodiscard]] constexpr bool json_escape_cut(std::string_view text) noexcept {
  constexpr std::string_view pattern{"\\uHHHH\\uHHHH"};
  if (text.size() >= pattern.size()) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (pattern[i] == 'H' ? !hex : c != pattern[i]) {
      return false;
    }
  }
  const std::uint32_t first = json_hex4(text, 2);  // beyond 0xffff while it is cut
  return first > 0xffff || (first >= 0xd800 && first <= 0xdbff);
}

/// Hands the bytes of a string, whose escapes have been looked at, to `put(char)`.
template <typename Put>
constexpr void json_unescape(std::string_view raw, Put&& put) noexcept {
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      put(raw[i++]);
      continue;
    }
    const std::size_t length = json_escape_length(raw.substr(i));
    if (length == 2) {
      switch (raw[i + 1]) {
        case 'b': put('\b'); break;
        case 'f': put('\f'); break;
        case 'n': put('\n'); break;
        case 'r': put('\r'); break;
        case 't': put('\t'); break;
        default: put(raw[i + 1]); break;
      }
    } else {
      std::uint32_t u = json_hex4(raw, i + 2);
      if (length == 12) {
        u = 0x10000U + ((u - 0xd800U) << 10) + (json_hex4(raw, i + 8) - 0xdc00U);
      }
      const auto tail = [&put, u](unsigned shift) { put(static_cast<char>(0x80U | ((u >> shift) & 0x3fU))); };
      if (u < 0x80) {
        put(static_cast<char>(u));
      } else if (u < 0x800) {
        put(static_cast<char>(0xc0U | (u >> 6)));
        tail(0);
      } else if (u < 0x10000) {
        put(static_cast<char>(0xe0U | (u >> 12)));
        tail(6);
        tail(0);
      } else {
        put(static_cast<char>(0xf0U | (u >> 18)));
        tail(12);
        tail(6);
        tail(0);
      }
    }
    i += length == 0 ? 1 : length;
  }
}

}  // namespace skerry::inline v0::detail
