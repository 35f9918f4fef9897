// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/detail/decimal.hpp>
#include <skerry/core/detail/utf8.hpp>
#include <skerry/core/result.hpp>

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0 {

/// What a JSON reader has come to.
enum class json_token : std::uint8_t {
  none,          ///< nothing yet, or an error: `error()` tells
  begin_object,  ///< {
  end_object,    ///< }
  begin_array,   ///< [
  end_array,     ///< ]
  name,          ///< of a member; its value is next
  text,          ///< a string
  number,        ///< a number, by `number()` or `integer()`
  yes,           ///< true
  no,            ///< false
  null,          ///< null
  end,           ///< the text has been read to its end
};

/// Reads a JSON text token by token from the caller's memory; takes hostile bytes.
///
/// `while (in.next() != json_token::end) …`; the grammar is that of RFC 8259 to the letter, strings are UTF-8. Names that occur twice are
/// handed out twice. A copy of a reader is a bookmark: reading it again starts there.
///
/// Input   one JSON text; nothing may follow it but white space
/// Units   numbers: the nearest binary64, the same on every machine; integers exact up to 64 bits
/// Cost    O(bytes); 64 bytes, no heap, no recursion; `number()` with a fraction: 1.5 KB of stack, 0.1 to 1 µs
/// Errors  sticky: `truncated`: the text ends inside a value; `corrupt`: it is no JSON there; `full`: nested deeper than the limit. Then
///         every token is `none`; `position()` is the byte it was found at
/// Source  RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format; RFC 3629, UTF-8
class json_reader {
 public:
  static constexpr std::uint8_t greatest_depth = 64;

  constexpr explicit json_reader(std::string_view text, std::uint8_t depth = 32) noexcept
      : text_{text}, limit_{depth < greatest_depth ? depth : greatest_depth} {}

  /// Goes to the next token. After `end` or an error it stays there.
  constexpr json_token next() noexcept {
    if (token_ == json_token::end || error_ != errc::ok) {
      return token_;
    }
    raw_ = {};
    white_space();
    if (expect_ == expecting::comma_or_close) {
      if (depth_ == 0) {
        return at_ == text_.size() ? token_ = json_token::end : refuse(errc::corrupt);
      }
      if (here() == ',') {
        ++at_;
        white_space();
        expect_ = in_object() ? expecting::name : expecting::value;
      }
    }
    if (at_ == text_.size()) {
      return refuse(errc::truncated);
    }
    const char c = here();
    if (c == '}' || c == ']') {
      const bool closes =
          depth_ > 0 && in_object() == (c == '}') && (expect_ == expecting::comma_or_close || expect_ == expecting::first_or_close);
      if (!closes) {
        return refuse(errc::corrupt);
      }
      ++at_;
      --depth_;
      expect_ = expecting::comma_or_close;
      return token_ = c == '}' ? json_token::end_object : json_token::end_array;
    }
    if (expect_ == expecting::comma_or_close) {
      return refuse(errc::corrupt);
    }
    if (expect_ == expecting::name || (expect_ == expecting::first_or_close && in_object())) {
      return name();
    }
    return value(c);
  }

  /// After `begin_object` or `begin_array`: goes to the matching end. After `name`: passes over the value. Else nothing.
  constexpr void skip() noexcept {
    if (token_ == json_token::name) {
      next();
    }
    if (token_ == json_token::begin_object || token_ == json_token::begin_array) {
      const std::uint8_t outside = static_cast<std::uint8_t>(depth_ - 1);
      while (depth_ > outside && next() != json_token::none) {
      }
    }
  }

  [[nodiscard]] constexpr json_token token() const noexcept { return token_; }
  /// The number, or the inside of the string with its escapes, as it stands in the text.
  [[nodiscard]] constexpr std::string_view raw() const noexcept { return raw_; }
  /// Containers that are open.
  [[nodiscard]] constexpr std::size_t depth() const noexcept { return depth_; }

  /// `mismatch` when the token is no number; `out_of_range` beyond binary64.
  [[nodiscard]] constexpr result<double> number() const noexcept {
    if (token_ != json_token::number) {
      return errc::mismatch;
    }
    const double x = detail::decimal_to_double(raw_);
    constexpr double greatest = DBL_MAX;
    return x <= greatest && x >= -greatest ? result<double>{x} : errc::out_of_range;
  }
  /// `mismatch` when the token is no number or has a fraction; `out_of_range` beyond 64 bits. 1e3 and 7.0 are integers.
  [[nodiscard]] constexpr result<std::int64_t> integer() const noexcept {
    if (token_ != json_token::number) {
      return errc::mismatch;
    }
    const bool negative = raw_[0] == '-';
    std::uint64_t v = 0;
    const std::uint64_t most = (std::uint64_t{1} << 63) - (negative ? 0 : 1);
    for (const char c : raw_.substr(negative ? 1 : 0)) {
      if (c < '0' || c > '9') {
        return integer_of_fraction();
      }
      const auto digit = static_cast<std::uint64_t>(c - '0');
      if (v > (most - digit) / 10) {
        return errc::out_of_range;
      }
      v = v * 10 + digit;
    }
    return static_cast<std::int64_t>(negative ? 0 - v : v);
  }
  /// Whether the string or name, its escapes resolved, is `plain`.
  [[nodiscard]] constexpr bool is(std::string_view plain) const noexcept {
    if (token_ != json_token::text && token_ != json_token::name) {
      return false;
    }
    std::size_t matched = 0;
    bool same = true;
    detail::json_unescape(raw_, [&](char c) {
      same = same && matched < plain.size() && plain[matched] == c;
      ++matched;
    });
    return same && matched == plain.size();
  }
  /// Copies the string or name, its escapes resolved, and answers its length; `full` with nothing copied when it does not fit.
  [[nodiscard]] constexpr result<std::size_t> copy(std::span<char> out) const noexcept {
    if (token_ != json_token::text && token_ != json_token::name) {
      return errc::mismatch;
    }
    std::size_t length = 0;
    detail::json_unescape(raw_, [&length](char) { ++length; });
    if (length > out.size()) {
      return errc::full;
    }
    std::size_t at = 0;
    detail::json_unescape(raw_, [&](char c) { out[at++] = c; });
    return length;
  }

  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  /// Bytes read so far; after an error where it was found.
  [[nodiscard]] constexpr std::size_t position() const noexcept { return at_; }

 private:
  enum class expecting : std::uint8_t { value, first_or_close, name, comma_or_close };

  constexpr json_token refuse(errc e) noexcept {
    error_ = e;
    raw_ = {};
    return token_ = json_token::none;
  }
  [[nodiscard]] constexpr char here() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] constexpr bool in_object() const noexcept { return ((objects_ >> (depth_ - 1U)) & 1U) != 0; }
  constexpr void white_space() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  constexpr json_token name() noexcept {
    if (here() != '"') {
      return refuse(errc::corrupt);
    }
    if (!string()) {
      return token_;
    }
    white_space();
    if (at_ == text_.size()) {
      return refuse(errc::truncated);
    }
    if (here() != ':') {
      return refuse(errc::corrupt);
    }
    ++at_;
    expect_ = expecting::value;
    return token_ = json_token::name;
  }

  constexpr json_token value(char c) noexcept {
    if (c == '{' || c == '[') {
      if (depth_ == limit_) {
        return refuse(errc::full);
      }
      ++at_;
      objects_ = (objects_ & ~(std::uint64_t{1} << depth_)) | (std::uint64_t{c == '{' ? 1U : 0U} << depth_);
      ++depth_;
      expect_ = expecting::first_or_close;
      return token_ = c == '{' ? json_token::begin_object : json_token::begin_array;
    }
    expect_ = expecting::comma_or_close;
    switch (c) {
      case '"': return string() ? token_ = json_token::text : token_;
      case 't': return word("true", json_token::yes);
      case 'f': return word("false", json_token::no);
      case 'n': return word("null", json_token::null);
      default: return digits();
    }
  }

  constexpr json_token word(std::string_view whole, json_token what) noexcept {
    for (const char c : whole) {
      if (at_ == text_.size()) {
        return refuse(errc::truncated);
      }
      if (text_[at_] != c) {
        return refuse(errc::corrupt);
      }
      ++at_;
    }
    return token_ = what;
  }

  [[nodiscard]] constexpr bool digit() const noexcept { return here() >= '0' && here() <= '9'; }
  /// One digit or more; false after a refusal.
  [[nodiscard]] constexpr bool some_digits() noexcept {
    if (!digit()) {
      refuse(at_ == text_.size() ? errc::truncated : errc::corrupt);
      return false;
    }
    while (digit()) {
      ++at_;
    }
    return true;
  }
  constexpr json_token digits() noexcept {
    const std::size_t begin = at_;
    at_ += here() == '-' ? 1 : 0;
    if (here() == '0') {
      ++at_;  // and no digit after it
    } else if (!some_digits()) {
      return token_;
    }
    if (here() == '.') {
      ++at_;
      if (!some_digits()) {
        return token_;
      }
    }
    if (here() == 'e' || here() == 'E') {
      ++at_;
      at_ += here() == '+' || here() == '-' ? 1 : 0;
      if (!some_digits()) {
        return token_;
      }
    }
    raw_ = text_.substr(begin, at_ - begin);
    return token_ = json_token::number;
  }

  /// From quote to quote; false after a refusal.
  [[nodiscard]] constexpr bool string() noexcept {
    const std::size_t begin = ++at_;
    for (;;) {
      if (at_ == text_.size()) {
        refuse(errc::truncated);
        return false;
      }
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        raw_ = text_.substr(begin, at_ - begin);
        ++at_;
        return true;
      }
      if (c == '\\') {
        const std::size_t length = detail::json_escape_length(text_.substr(at_));
        if (length == 0) {
          refuse(detail::json_escape_cut(text_.substr(at_)) ? errc::truncated : errc::corrupt);
          return false;
        }
        at_ += length;
        continue;
      }
      const std::size_t length = detail::utf8_length(text_.substr(at_));
      if (c < 0x20 || length == 0) {
        refuse(c >= 0xc2 && detail::utf8_cut(text_.substr(at_)) ? errc::truncated : errc::corrupt);
        return false;
      }
      at_ += length;
    }
  }

  [[nodiscard]] constexpr result<std::int64_t> integer_of_fraction() const noexcept {
    const result<double> x = number();
    if (!x) {
      return x.error();
    }
    constexpr double exact = 9007199254740992.0;
    if (!(x.value() >= -exact && x.value() <= exact)) {
      return errc::out_of_range;
    }
    const auto whole = static_cast<std::int64_t>(x.value());
    return static_cast<double>(whole) == x.value() ? result<std::int64_t>{whole} : errc::mismatch;
  }

  std::string_view text_, raw_;
  std::size_t at_ = 0;
  std::uint64_t objects_ = 0;  // one bit for each open container: is it an object?
  std::uint8_t depth_ = 0, limit_;
  expecting expect_ = expecting::value;
  json_token token_ = json_token::none;
  errc error_ = errc::ok;
};

}  // namespace skerry::inline v0
