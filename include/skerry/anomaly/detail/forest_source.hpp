// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/bytes.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

[[nodiscard]] constexpr bool is_identifier(std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) {
      return false;
    }
  }
  return !name.empty();
}

/// C++ text into bytes, with lines of at most 120 characters in lists.
class source_writer {
 public:
  explicit source_writer(byte_writer& out) noexcept : out_{out} {}

  void text(std::string_view s) noexcept {
    for (const char c : s) {
      out_.u8(static_cast<std::uint8_t>(c));
      column_ = c == '\n' ? 0 : column_ + 1;
    }
  }
  void number(std::int64_t v) noexcept {
    char digits[20];
    std::size_t n = 0;
    std::uint64_t u = v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
    do {
      digits[n++] = static_cast<char>('0' + u % 10);
      u /= 10;
    } while (u != 0);
    if (v < 0) {
      text("-");
    }
    for (; n > 0; --n) {
      text(std::string_view{&digits[n - 1], 1});
    }
  }
  /// Exact: the bits as a hexadecimal floating literal.
  void number(float x) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const std::uint32_t exponent = (bits >> 23) & 0xffU;
    text((bits >> 31) != 0 ? "-0x" : "0x");
    text(exponent == 0 ? "0." : "1.");
    for (int shift = 20; shift >= 0; shift -= 4) {  // 24 bits: the fraction and a zero
      text(std::string_view{"0123456789abcdef"}.substr(((bits << 1) >> shift) & 0xfU, 1));
    }
    text("p");
    number(exponent == 0 ? std::int64_t{-126} : std::int64_t{exponent} - 127);
    text("F");
  }
  /// `{{a, b, …}}`
  template <typename List>
  void list(const List& values) noexcept {
    text("{{");
    bool first = true;
    for (const auto v : values) {
      if (!first) {
        text(column_ > 110 ? ",\n     " : ", ");
      }
      first = false;
      if constexpr (std::is_same_v<std::remove_cv_t<decltype(v)>, float>) {
        number(v);
      } else {
        number(static_cast<std::int64_t>(v));
      }
    }
    text("}}");
  }

 private:
  byte_writer& out_;
  std::size_t column_ = 0;
};

template <typename T>
[[nodiscard]] constexpr std::string_view integer_name() noexcept {
  if constexpr (std::is_signed_v<T>) {
    return sizeof(T) == 1 ? "std::int8_t" : sizeof(T) == 2 ? "std::int16_t" : "std::int32_t";
  } else {
    return sizeof(T) == 1 ? "std::uint8_t" : sizeof(T) == 2 ? "std::uint16_t" : "std::uint32_t";
  }
}

template <typename Flash, typename Codes>
void write_source(const Flash& flash, const Codes& codes, std::string_view name, byte_writer& out) noexcept {
  using code = typename Flash::code_type;
  source_writer to{out};
  to.text(
      "// Written by skerry::anomaly::export_cpp. The thresholds are values of the training data.\n#pragma once\n\n"
      "#include <skerry/anomaly/flash_forest.hpp>\n");
  if (codes.learned()) {
    to.text("#include <skerry/anomaly/quantizer.hpp>\n\n#include <array>\n");
  }
  to.text("#include <cstdint>\n\nnamespace ");
  to.text(name);
  to.text(" {\n\n");
  if (codes.columns() != 0 && codes.columns() != Flash::features) {
    to.text("// Rows are wider than the codes below: derived columns follow, as `encode(row, out)` of the forest makes them.\n");
  }
  to.text("inline constexpr skerry::anomaly::flash_forest<");
  to.number(static_cast<std::int64_t>(Flash::features));
  to.text(", ");
  to.number(static_cast<std::int64_t>(flash.trees()));
  to.text(", ");
  to.number(static_cast<std::int64_t>(flash.words().size()));
  to.text(", ");
  to.text(integer_name<code>());
  to.text(", ");
  to.text(integer_name<typename Flash::leaf_type>());
  to.text("> forest{\n    ");
  to.list(flash.words());
  to.text(",\n    ");
  to.list(flash.thresholds());
  to.text(",\n    ");
  to.list(flash.leaves());
  to.text(",\n    ");
  to.list(flash.places());
  to.text(flash.takes_missing() ? ",\n    true};\n" : "};\n");
  to.text("static_assert(forest.valid(), \"");
  to.text(name);
  to.text(": the arrays are no forest\");\n");
  if (codes.learned()) {
    const auto array = [&](std::string_view what, const auto& of) {
      to.text("inline constexpr std::array<float, ");
      to.number(static_cast<std::int64_t>(codes.columns()));
      to.text("> ");
      to.text(what);
      to.text("{");
      for (std::size_t j = 0; j < codes.columns(); ++j) {
        to.text(j == 0 ? "" : j % 5 == 0 ? ",\n    " : ", ");
        to.number(of(j));
      }
      to.text("};\n");
    };
    to.text("\n");
    array("lo", [&codes](std::size_t j) { return codes.lo(j); });
    array("inv_step", [&codes](std::size_t j) { return codes.inv_step(j); });
    to.text("inline constexpr auto codes = skerry::anomaly::quantizer<");
    to.number(static_cast<std::int64_t>(codes.columns()));
    to.text(", ");
    to.text(integer_name<code>());
    to.text(">::from_steps(lo, inv_step).value();\n");
  }
  to.text("\n}  // namespace ");
  to.text(name);
  to.text("\n");
}

}  // namespace skerry::inline v0::anomaly::detail
