// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/json.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

using nlohmann::json;
using skerry::errc;
using skerry::json_reader;
using skerry::json_token;

std::string text_of(const json_reader& in) {
  std::string out(in.raw().size(), '\0');
  const auto length = in.copy(out);
  REQUIRE(length);
  out.resize(length.value());
  CHECK(in.is(out));
  CHECK_FALSE(in.is(out + "x"));
  return out;
}

/// The value at hand, built with another library's types. Objects keep the last of equal names, as that library does.
json build(json_reader& in) {
  switch (in.token()) {
    case json_token::begin_object: {
      json object = json::object();
      while (in.next() == json_token::name) {
        const std::string name = text_of(in);
        in.next();
        object[name] = build(in);
      }
      REQUIRE(in.token() == json_token::end_object);
      return object;
    }
    case json_token::begin_array: {
      json array = json::array();
      while (in.next() != json_token::end_array) {
        REQUIRE(in.error() == errc::ok);
        array.push_back(build(in));
      }
      return array;
    }
    case json_token::text: return text_of(in);
    case json_token::number: {
      const auto whole = in.integer();
      return whole && in.raw().find_first_of(".eE") == std::string_view::npos ? json(whole.value()) : json(in.number().value());
    }
    case json_token::yes: return true;
    case json_token::no: return false;
    default: REQUIRE(in.token() == json_token::null); return nullptr;
  }
}

json some_value(skerry::pcg32& random, int depth) {
  switch (random() % (depth > 0 ? 8U : 6U)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return static_cast<std::int64_t>(std::uint64_t{random()} << 32 | random()) >> (random() % 64);
    case 3: {
      const auto x = std::bit_cast<double>(std::uint64_t{random()} << 32 | random());
      return std::isfinite(x) ? json(x) : json(0.5);
    }
    case 4: return std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 40));
    case 5: {
      const std::array<const char*, 8> pieces{"a", "\"", "\\", "\n", "\x01", "é", "€", "𝄞"};
      std::string s;
      for (std::uint32_t n = random() % 6; n > 0; --n) {
        s += pieces[random() % pieces.size()];
      }
      return s;
    }
    case 6: {
      json array = json::array();
      for (std::uint32_t n = random() % 4; n > 0; --n) {
        array.push_back(some_value(random, depth - 1));
      }
      return array;
    }
    default: {
      json object = json::object();
      for (std::uint32_t n = random() % 4; n > 0; --n) {
        object["name " + std::to_string(random() % 10) + (random() % 4 == 0 ? "\"é\t" : "")] = some_value(random, depth - 1);
      }
      return object;
    }
  }
}

/// What the grammar says, or `out_of_range` for a number that the other library does not take either.
errc verdict(std::string_view text, std::uint8_t depth = 32) {
  json_reader in{text, depth};
  bool beyond = false;
  while (in.next() != json_token::end && in.error() == errc::ok) {
    beyond = beyond || in.number().error() == errc::out_of_range;
  }
  return beyond ? errc::out_of_range : in.error();
}

double number(std::string_view text) {
  json_reader in{text};
  REQUIRE(in.next() == json_token::number);
  return in.number().value_or(std::nan(""));
}

}  // namespace

TEST_CASE("random values that another library wrote are read as they were, escaped or not") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const json value = some_value(random, 5);
    for (const std::string& text : {value.dump(), value.dump(2), value.dump(-1, ' ', true)}) {
      json_reader in{text};
      in.next();
      REQUIRE(build(in) == value);
      REQUIRE(in.next() == json_token::end);
      CHECK(in.next() == json_token::end);
      CHECK(in.error() == errc::ok);
      CHECK(in.position() == text.size());
    }
  }
}

TEST_CASE("every beginning of a text is refused, and any byte put in its place is read like another library reads it") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const std::string text = json::array({some_value(random, 3), some_value(random, 2)}).dump(-1, ' ', seed % 2 == 0);
    for (std::size_t n = 0; n < text.size(); ++n) {
      CAPTURE(n, text);
      CHECK(verdict(std::string_view{text}.substr(0, n)) == errc::truncated);
      for (const char c : {'"', '\\', ',', ':', '}', ']', '{', '0', '.', 'e', '-', ' ', 'u', '\x80', '\xed'}) {
        std::string changed = text;
        changed[n] = c;
        CAPTURE(changed);
        CHECK((verdict(changed) == errc::ok) == json::accept(changed));
      }
    }
  }
}

TEST_CASE("decimals become the nearest double, like the C library rounds them") {
  skerry::pcg32 random{7};
  const auto same = [](const std::string& text) {
    CAPTURE(text);
    const double expected = std::strtod(text.c_str(), nullptr);
    const double got = skerry::detail::decimal_to_double(text);
    REQUIRE(std::bit_cast<std::uint64_t>(got) == std::bit_cast<std::uint64_t>(expected));
  };
  std::array<char, 1100> buffer{};
  for (int i = 0; i < 4000; ++i) {
    const auto bits = std::uint64_t{random()} << 32 | random();
    const auto x = std::bit_cast<double>(i % 4 == 0 ? bits & 0x800fffffffffffffU : bits);
    if (!std::isfinite(x)) {
      continue;
    }
    for (const char* format : {"%.17g", "%.16g", "%.5g", "%.30e"}) {
      (void)std::snprintf(buffer.data(), buffer.size(), format, x);
      same(buffer.data());
    }
  }
  for (int i = 0; i < 200; ++i) {  // in the middle between two numbers, and a little beside it
    const auto x = std::bit_cast<double>((std::uint64_t{random()} << 32 | random()) & 0x7fefffffffffffffU &
                                         (i % 3 == 0 ? 0x800fffffffffffffU : ~0ULL));
    const double next = std::nextafter(x, 1e308);
    std::string middle;
    if (std::fabs(x) < 1e-280 || x > 1e280) {
      // Too many digits for the sum below in 80 bits: only its two ends.
      (void)std::snprintf(buffer.data(), buffer.size(), "%.1000g", x);
      middle = buffer.data();
    } else {
      (void)std::snprintf(buffer.data(), buffer.size(), "%.1000Lg", (static_cast<long double>(x) + static_cast<long double>(next)) / 2);
      middle = buffer.data();
    }
    same(middle);
    const std::size_t e = middle.find('e');
    const std::string digits = middle.substr(0, e);
    const std::string tail = e == std::string::npos ? "" : middle.substr(e);
    const std::string point = digits.find('.') == std::string::npos ? "." : "";
    same(digits + point + std::string(900, '0') + "1" + tail);
    same(digits + point + std::string(30, '0') + "1" + tail);
  }
  for (const char* text : {"0",
                           "-0",
                           "0.000",
                           "1e0",
                           "-0e5",
                           "5e-324",
                           "2.4703282292062327e-324",
                           "2.4703282292062328e-324",
                           "4.9e-324",
                           "2.2250738585072011e-308",
                           "2.2250738585072014e-308",
                           "1.7976931348623157e308",
                           "1.7976931348623159e308",
                           "1e309",
                           "-1e400",
                           "1e-400",
                           "1e999999999999999999999",
                           "1e-999999999999999999999",
                           "9007199254740993",
                           "9007199254740992.5",
                           "0.1",
                           "123456789012345678901234567890",
                           "1e23",
                           "8.5e22",
                           "100000000000000000000000"}) {
    same(text);
  }
  same("0." + std::string(400, '0') + "1e400");
  same(std::string(700, '9') + "e-400");
  STATIC_CHECK(skerry::detail::decimal_to_double("0.1") == 0.1);
}

TEST_CASE("integers are exact to 64 bits, and a fraction is none") {
  const auto integer = [](std::string_view text) {
    json_reader in{text};
    REQUIRE(in.next() == json_token::number);
    return in.integer();
  };
  CHECK(integer("9223372036854775807").value() == INT64_MAX);
  CHECK(integer("-9223372036854775808").value() == INT64_MIN);
  CHECK(integer("9223372036854775808").error() == errc::out_of_range);
  CHECK(integer("-9223372036854775809").error() == errc::out_of_range);
  CHECK(integer("1e3").value() == 1000);
  CHECK(integer("-7.0").value() == -7);
  CHECK(integer("0.5").error() == errc::mismatch);
  CHECK(integer("1e300").error() == errc::out_of_range);
  CHECK(integer("1e400").error() == errc::out_of_range);
  CHECK(number("-1.5e1") == -15.0);
  json_reader word{"true"};
  CHECK(word.next() == json_token::yes);
  CHECK(word.integer().error() == errc::mismatch);
  CHECK(word.number().error() == errc::mismatch);
  CHECK_FALSE(word.is("true"));
}

TEST_CASE("what is no JSON is refused by name, at its byte") {
  for (const std::string_view text : {"01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "1e",
                                      "nul",
                                      "truth",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{\"a\" 1}",
                                      "[1 2]",
                                      "]",
                                      "[}",
                                      "{]",
                                      "{\"a\":}",
                                      "{1:2}",
                                      "\"\t\"",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"\\udc00\"",
                                      "\"\\ud800\"",
                                      "\"\\ud800\\u0041\"",
                                      "1 2",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf5\x80\x80\x80\"",
                                      "\"\x80\"",
                                      "\xef\xbb\xbf 1",
                                      "NaN",
                                      "Infinity",
                                      "'a'",
                                      "/* */ 1",
                                      "",
                                      " "}) {
    CAPTURE(text);
    CHECK(verdict(text) != errc::ok);
    CHECK_FALSE(json::accept(std::string{text} == "\xef\xbb\xbf 1" ? std::string{"x"} : std::string{text}));
  }
  json_reader in{"{\"a\": [1, 2, tru], \"b\": 3}"};
  while (in.next() != json_token::none) {
  }
  CHECK(in.error() == errc::corrupt);
  CHECK(in.position() == 16);
  CHECK(in.next() == json_token::none);
}

TEST_CASE("nesting beyond the limit is refused") {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(verdict(nested(32)) == errc::ok);
  CHECK(verdict(nested(33)) == errc::full);
  CHECK(verdict(nested(64), 64) == errc::ok);
  CHECK(verdict(nested(65), 255) == errc::full);
  CHECK(verdict("[]", 0) == errc::full);
  CHECK(verdict("1", 0) == errc::ok);
  std::string mixed;
  for (int i = 0; i < 20; ++i) {
    mixed += i % 3 == 0 ? "[" : "{\"a\":";
  }
  mixed += "1";
  for (int i = 19; i >= 0; --i) {
    mixed += i % 3 == 0 ? "]" : "}";
  }
  CHECK(verdict(mixed) == errc::ok);
}

TEST_CASE("skip passes over one value, whatever is in it") {
  json_reader in{R"({"a": {"b": [1, {"c": "]}"}]}, "d": 7, "e": [[], {}]})"};
  CHECK(in.next() == json_token::begin_object);
  CHECK(in.next() == json_token::name);
  in.skip();
  CHECK(in.token() == json_token::end_object);
  CHECK(in.depth() == 1);
  CHECK(in.next() == json_token::name);
  CHECK(in.is("d"));
  in.skip();
  CHECK(in.integer().value() == 7);
  in.skip();  // nothing: a number has no inside
  CHECK(in.next() == json_token::name);
  CHECK(in.next() == json_token::begin_array);
  in.skip();
  CHECK(in.token() == json_token::end_array);
  CHECK(in.next() == json_token::end_object);
  CHECK(in.next() == json_token::end);
  json_reader cut{"[[1, 2"};
  cut.next();
  cut.skip();
  CHECK(cut.error() == errc::truncated);
}

TEST_CASE("a text that does not fit is not copied in part") {
  json_reader in{R"("a\u20acb")"};
  CHECK(in.next() == json_token::text);
  std::array<char, 5> out{'1', '2', '3', '4', '5'};
  CHECK(in.copy(std::span{out}.first(4)).error() == errc::full);
  CHECK(out[0] == '1');
  CHECK(in.copy(out).value() == 5);
  CHECK(std::string_view{out.data(), 5} ==
        "a\xe2\x82\xac"
        "b");
}
