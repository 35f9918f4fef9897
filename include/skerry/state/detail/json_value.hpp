// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// Characters into the caller's memory; what does not fit is counted all the same, so that a size can be asked for.
class text_sink {
 public:
  constexpr explicit text_sink(std::span<char> out) noexcept : out_{out} {}

  constexpr void put(char c) noexcept {
    if (size_ < out_.size()) {
      out_[size_] = c;
    }
    ++size_;
  }
  constexpr void put(std::string_view text) noexcept {
    for (const char c : text) {
      put(c);
    }
  }
  /// How many there were.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool fits() const noexcept { return size_ <= out_.size(); }
  [[nodiscard]] constexpr std::string_view text() const noexcept {
    return fits() ? std::string_view{out_.data(), size_} : std::string_view{};
  }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

/// One character inside a JSON string, in the one way that this library writes it.
constexpr void put_escaped(text_sink& out, char c) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out.put('\\');
    out.put(c);
  } else if (static_cast<unsigned char>(c) < 0x20) {
    out.put("\\u00");
    out.put(digits[static_cast<unsigned char>(c) >> 4U]);
    out.put(digits[static_cast<unsigned char>(c) & 15U]);
  } else {
    out.put(c);
  }
}
constexpr void put_quoted(text_sink& out, std::string_view plain) noexcept {
  out.put('"');
  for (const char c : plain) {
    put_escaped(out, c);
  }
  out.put('"');
}
constexpr void put_integer(text_sink& out, std::int64_t value) noexcept {
  std::array<char, 20> digits{};
  std::size_t count = 0;
  auto rest = static_cast<std::uint64_t>(value);
  rest = value < 0 ? ~rest + 1 : rest;
  do {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) {
    out.put('-');
  }
  while (count > 0) {
    out.put(digits[--count]);
  }
}

/// The inside of a JSON string, byte by byte with its escapes resolved.
class unescaped {
 public:
  constexpr explicit unescaped(std::string_view raw) noexcept : raw_{raw} {}

  /// The next byte, or −1 at the end.
  [[nodiscard]] constexpr int next() noexcept {
    if (at_ == count_) {
      at_ = 0;
      count_ = 0;
      if (raw_.empty()) {
        return -1;
      }
      const std::size_t length = raw_[0] == '\\' ? skerry::detail::json_escape_length(raw_) : 1;
      skerry::detail::json_unescape(raw_.substr(0, length), [this](char c) { bytes_[count_++] = static_cast<unsigned char>(c); });
      raw_.remove_prefix(length);
    }
    return bytes_[at_++];
  }

 private:
  std::string_view raw_;
  std::array<unsigned char, 4> bytes_{};
  std::uint8_t at_ = 0, count_ = 0;
};

[[nodiscard]] constexpr int compare_names(std::string_view raw_a, std::string_view raw_b) noexcept {
  unescaped a{raw_a};
  unescaped b{raw_b};
  for (;;) {
    const int x = a.next();
    const int y = b.next();
    if (x != y) {
      return x < y ? -1 : 1;
    }
    if (x < 0) {
      return 0;
    }
  }
}

/// Writes the scalar that a reader has come to: integers without fraction or exponent, strings with the fewest escapes.
///
/// Errors  `out_of_range`: a number beyond binary64
[[nodiscard]] constexpr status put_scalar(text_sink& out, const json_reader& in) noexcept {
  switch (in.token()) {
    case json_token::yes: out.put("true"); return {};
    case json_token::no: out.put("false"); return {};
    case json_token::null: out.put("null"); return {};
    case json_token::text: {
      out.put('"');
      unescaped plain{in.raw()};
      for (int c = plain.next(); c >= 0; c = plain.next()) {
        put_escaped(out, static_cast<char>(c));
      }
      out.put('"');
      return {};
    }
    default: break;
  }
  if (const result<std::int64_t> whole = in.integer(); whole) {
    put_integer(out, whole.value());
    return {};
  }
  const result<double> x = in.number();
  if (!x) {
    return x.error();
  }
  constexpr double most = 0x1p63;
  if (x.value() < most && x.value() >= -most && static_cast<double>(static_cast<std::int64_t>(x.value())) == x.value() &&
      in.raw().find_first_of(".eE") != std::string_view::npos) {
    put_integer(out, static_cast<std::int64_t>(x.value()));
  } else {
    out.put(in.raw());
  }
  return {};
}

/// The least name above `last` in the object that `object` has come to, its value next; false when there is none. The last one counts
/// when a name occurs twice.
[[nodiscard]] constexpr bool next_member(const json_reader& object, bool any, std::string_view last, json_reader& found) noexcept {
  bool have = false;
  json_reader in = object;
  while (in.next() == json_token::name) {
    const bool above = !any || compare_names(in.raw(), last) > 0;
    if (above && (!have || compare_names(in.raw(), found.raw()) <= 0)) {
      found = in;
      have = true;
    }
    in.skip();
  }
  return have;
}
[[nodiscard]] constexpr std::size_t members_of(const json_reader& object) noexcept {
  std::size_t count = 0;
  json_reader in = object;
  for (; in.next() == json_token::name; ++count) {
    in.skip();
  }
  return count;
}

/// Objects inside an array are written in the order of their names up to this many members; longer ones keep their order, so that the
/// time stays proportional to the bytes.
inline constexpr std::size_t most_sorted_members = 64;
/// How deeply arrays, and objects in them, nest.
inline constexpr std::size_t array_depth = 16;

/// Writes the value that `in` has come to in the one form in which values are kept: no white space, numbers and strings as
/// `put_scalar` writes them, members of objects inside arrays by name. Moves the reader to the value's end.
///
/// Cost    O(bytes · 64 · depth) at worst, O(bytes) without objects inside arrays; 2.2 KB of stack, no recursion
/// Errors  `full` when nested deeper than 16; `truncated`, `corrupt` of the reader; `out_of_range`
[[nodiscard]] constexpr status put_value(text_sink& out, json_reader& in) noexcept {
  struct level {
    json_reader at{""};
    std::string_view last{};
    bool object = false;
    bool sorted = false;
    bool any = false;
  };
  if (in.token() != json_token::begin_array && in.token() != json_token::begin_object) {
    return put_scalar(out, in);
  }
  {
    json_reader whole = in;  // all of it is looked at once, so that no bookmark below can run into an error
    whole.skip();
    if (whole.error() != errc::ok) {
      in = whole;
      return whole.error();
    }
  }
  array_of<level, array_depth> levels{};
  std::size_t depth = 0;
  const auto enter = [&](const json_reader& at) -> status {
    if (depth == array_depth) {
      return errc::full;
    }
    const bool object = at.token() == json_token::begin_object;
    levels[depth++] = {at, {}, object, object && members_of(at) <= most_sorted_members, false};
    out.put(object ? '{' : '[');
    return {};
  };
  if (const status s = enter(in); !s) {
    return s;
  }
  while (depth > 0) {
    level& top = levels[depth - 1];
    json_reader value{""};
    bool more = false;
    if (top.sorted) {
      more = next_member(top.at, top.any, top.last, value);
    } else {
      const json_token t = top.at.next();
      more = t != json_token::end_array && t != json_token::end_object;
      value = top.at;
    }
    if (!more) {
      out.put(top.object ? '}' : ']');
      --depth;
      continue;
    }
    if (top.any) {
      out.put(',');
    }
    top.any = true;
    if (top.object) {
      top.last = value.raw();
      out.put('"');
      unescaped plain{value.raw()};
      for (int c = plain.next(); c >= 0; c = plain.next()) {
        put_escaped(out, static_cast<char>(c));
      }
      out.put("\":");
      value.next();
    }
    if (!top.sorted) {
      top.at = value;
      top.at.skip();  // what is below has a reader of its own
    }
    if (value.token() == json_token::begin_array || value.token() == json_token::begin_object) {
      if (const status s = enter(value); !s) {
        return s;
      }
    } else if (const status s = put_scalar(out, value); !s) {
      return s;
    }
  }
  in.skip();
  return {};
}

[[nodiscard]] constexpr bool equal_numbers(const json_reader& a, const json_reader& b) noexcept {
  constexpr std::string_view fraction = ".eE";
  if (a.raw() == b.raw()) {
    return true;
  }
  const bool whole = a.raw().find_first_of(fraction) == std::string_view::npos && b.raw().find_first_of(fraction) == std::string_view::npos;
  return !whole && a.number().value() == b.number().value();
}

/// Whether two values as `put_value` writes them are the same: numbers by value, everything else by content.
[[nodiscard]] constexpr bool equal_values(std::string_view a, std::string_view b) noexcept {
  if (a == b) {
    return true;
  }
  json_reader x{a, json_reader::greatest_depth};
  json_reader y{b, json_reader::greatest_depth};
  for (;;) {
    const json_token t = x.next();
    if (t != y.next() || t == json_token::none) {
      return false;
    }
    if (t == json_token::end) {
      return true;
    }
    if (t == json_token::number ? !equal_numbers(x, y) : x.raw() != y.raw()) {
      return false;
    }
  }
}

}  // namespace skerry::inline v0::state::detail
