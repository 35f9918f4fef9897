// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/json.hpp>

#include "fuzz/fuzz.hpp"

#include <string>

// Any bytes as a JSON text: tokens nest, strings are UTF-8, numbers are finite, and the tokens written down again read the same.
namespace {

using skerry::errc;
using skerry::json_reader;
using skerry::json_token;

struct reading {
  std::string text;
  errc error = errc::ok;
};

reading read(std::string_view text) {
  json_reader in{text};
  reading out;
  std::string open;
  bool comma = false;
  for (;;) {
    const std::size_t before = in.position();
    const json_token token = in.next();
    FUZZ_REQUIRE(in.position() >= before && in.position() <= text.size());
    if (token == json_token::none || token == json_token::end) {
      break;
    }
    if (token != json_token::end_array && token != json_token::end_object && comma) {
      out.text += ',';
    }
    comma = true;
    switch (token) {
      case json_token::begin_object:
      case json_token::begin_array:
        open += token == json_token::begin_object ? '{' : '[';
        out.text += open.back();
        comma = false;
        break;
      case json_token::end_object:
      case json_token::end_array:
        FUZZ_REQUIRE(!open.empty() && open.back() == (token == json_token::end_object ? '{' : '['));
        open.pop_back();
        out.text += token == json_token::end_object ? '}' : ']';
        break;
      case json_token::name:
      case json_token::text: {
        FUZZ_REQUIRE(token != json_token::name || open.back() == '{');
        std::string plain(in.raw().size(), '\0');
        const auto length = in.copy(plain);
        FUZZ_REQUIRE(length && length.value() <= plain.size());
        plain.resize(length.value());
        FUZZ_REQUIRE(in.is(plain));
        for (std::string_view rest = plain; !rest.empty();) {
          const std::size_t n = skerry::detail::utf8_length(rest);
          FUZZ_REQUIRE(n > 0);
          rest.remove_prefix(n);
        }
        out.text += '"' + std::string{in.raw()} + '"';
        if (token == json_token::name) {
          out.text += ':';
          comma = false;
        }
        break;
      }
      case json_token::number: {
        const auto x = in.number();
        FUZZ_REQUIRE(x || x.error() == errc::out_of_range);
        const auto whole = in.integer();
        FUZZ_REQUIRE(!whole || !x || static_cast<double>(whole.value()) == x.value());
        out.text += in.raw();
        break;
      }
      case json_token::yes: out.text += "true"; break;
      case json_token::no: out.text += "false"; break;
      default: out.text += "null"; break;
    }
    FUZZ_REQUIRE(open.size() == in.depth() && open.size() <= 32);
  }
  out.error = in.error();
  FUZZ_REQUIRE((out.error == errc::ok) == (in.token() == json_token::end));
  FUZZ_REQUIRE(out.error != errc::ok || open.empty());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const reading first = read(text);
  if (first.error == errc::ok) {
    const reading second = read(first.text);
    FUZZ_REQUIRE(second.error == errc::ok && second.text == first.text);
    json_reader skipped{text};
    (void)skipped.next();
    skipped.skip();
    FUZZ_REQUIRE(skipped.next() == json_token::end);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  out.add("object", R"({"a": [1, -2.5e-3, "\u20ac\ud834\udd1e\n"], "b": {"c": null, "d": [true, false, []]}})");
  out.add("numbers", "[0, -0, 5e-324, 1.7976931348623157e308, 9223372036854775807, 2.2250738585072011e-308, 1E+2]");
  out.add("text", "\"\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e \\\\ \\/\"");
}
