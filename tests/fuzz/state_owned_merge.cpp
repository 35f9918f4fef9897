// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/owned_merge.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Documents, patches and images of a twin from anybody. Input: a byte that chooses, then texts between zero bytes: the local document,
// the cloud's, and patches; or an image, whose checksum is put behind it here.
namespace {

using namespace skerry_fuzz;
namespace state = skerry::state;

struct limits : state::limits::cloud_twin {
  static constexpr std::size_t document_bytes = 400;
  static constexpr std::size_t most_bytes = 400;
  static constexpr bool keeps_empty_objects = true;
};
using twin = state::owned_merge<limits>;
using rows = state::detail::twin_rows<limits::document_bytes>;

std::string text_of(const rows& r) {
  std::array<char, 2048> room{};
  state::detail::text_sink out{room};
  state::detail::write_document(out, r);
  FUZZ_REQUIRE(out.fits());
  return std::string{out.text()};
}
/// What was read is written so that it reads the same.
bool read(rows& r, std::string_view json) {
  if (!r.read(json)) {
    return false;
  }
  if (!r.empty()) {
    rows again;
    FUZZ_REQUIRE(again.read(text_of(r)));
    FUZZ_REQUIRE(again == r);
    FUZZ_REQUIRE(text_of(again) == text_of(r));
  }
  return true;
}
/// A patch from one to the other makes the other.
void patch(const rows& from, const rows& to) {
  if (to.empty() || from == to) {
    return;
  }
  std::array<char, 4096> room{};
  state::detail::text_sink out{room};
  state::detail::write_patch(out, from, to);
  FUZZ_REQUIRE(out.fits());
  rows made = from;
  if (made.merge_patch(out.text())) {  // on its way it may need more room than both ends
    FUZZ_REQUIRE(made == to);
  }
}

void merge(taker in) {
  const std::uint8_t choice = in.byte();
  const bytes rest = in.rest();
  std::vector<std::string> texts{1};
  for (const std::byte b : rest) {
    if (b == std::byte{0}) {
      texts.emplace_back();
    } else {
      texts.back().push_back(static_cast<char>(b));
    }
  }
  texts.resize(texts.size() < 3 ? 3 : texts.size());
  rows a;
  rows b;
  rows c;
  if (!read(a, texts[0]) || !read(b, texts[1]) || !read(c, texts[2])) {
    return;
  }
  patch(a, b);
  patch(b, c);
  patch(c, a);
  const auto cloud = [choice](std::string_view) { return (choice & 1) != 0; };
  const auto device = [choice](std::string_view) { return (choice & 1) == 0; };
  rows merged;
  rows turned;
  const auto one = state::detail::merge_three((choice & 2) != 0 ? &a : nullptr, b, c, cloud, true, merged);
  const auto two = state::detail::merge_three((choice & 2) != 0 ? &a : nullptr, c, b, device, true, turned);
  if (one && two) {  // it does not matter which side is called which
    FUZZ_REQUIRE(merged == turned);
    FUZZ_REQUIRE(one.value().local == two.value().cloud && one.value().cloud == two.value().local);
    FUZZ_REQUIRE(one.value().local == !(merged == b));
    FUZZ_REQUIRE(one.value().cloud == !(merged == c));
  }
  const auto t = std::make_unique<twin>();
  std::array<char, 4096> out{};
  t->connected(0);
  auto action = t->poll(0, out).value();
  if (!t->on_document(action.request, texts[1], 5, 0)) {
    return;
  }
  (void)t->local_document(texts[0]);
  for (std::size_t i = 2; i < texts.size(); ++i) {
    (void)t->on_patch(texts[i], 4 + i, 0, (choice & 4) != 0 ? "/a" : "");
    (void)t->set_json((choice & 8) != 0 ? "/a" : "/b/c", texts[i]);
  }
  for (std::uint64_t now = 0; now < 2'000'000 && !t->in_sync() && t->held() == skerry::errc::ok; now += 10'000) {
    action = t->poll(now, out).value();
    if (action.kind == state::twin_request::get) {
      (void)t->on_document(action.request, texts[2], 1 + now % 7, now);
    } else if (action.kind != state::twin_request::none) {
      FUZZ_REQUIRE(t->on_done(action.request, 10, now));
    }
  }
  std::vector<std::byte> image(twin::image_bytes);
  skerry::byte_writer w{image};
  t->encode(w);
  FUZZ_REQUIRE(w.error() == skerry::errc::ok);
  const auto u = std::make_unique<twin>();
  FUZZ_REQUIRE(u->decode(w.written()));
  std::vector<std::byte> again(twin::image_bytes);
  skerry::byte_writer x{again};
  u->encode(x);
  FUZZ_REQUIRE(std::equal(w.written().begin(), w.written().end(), x.written().begin(), x.written().end()));
}

void decode(bytes in) {
  std::vector<std::byte> image{in.begin(), in.end()};
  const std::uint32_t crc = skerry::crc32c(image);
  for (unsigned b = 0; b < 4; ++b) {
    image.push_back(static_cast<std::byte>(crc >> (8 * b)));
  }
  const auto t = std::make_unique<twin>();
  if (!t->decode(image)) {
    return;
  }
  std::array<char, 4096> out{};
  t->connected(0);
  const auto action = t->poll(0, out).value();
  FUZZ_REQUIRE(action.kind == state::twin_request::get);
  (void)t->on_document(action.request, R"({"a":{"b":1}})", 5, 0);
  (void)t->poll(10'000, out);
  (void)t->write_local(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  taker in{view(data, size)};
  if ((in.byte() & 1) == 0) {
    merge(in);
  } else {
    decode(in.rest());
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  using namespace std::string_view_literals;
  const auto add = [&out](const char* name, std::string_view head, std::string_view text) {
    out.add(name, std::string{head} + std::string{text});
  };
  add("both", "\0\x03"sv, "{\"a\":{\"b\":1,\"c\":[1,2]},\"d\":\"x\"}\0{\"a\":{\"b\":2},\"e\":true}\0{\"a\":{\"b\":1.0,\"c\":null}}"sv);
  add("scalar_against_object", "\0\x02"sv, "{\"a\":5}\0{\"a\":{\"b\":{}}}\0{\"a\":{\"b\":{\"c\":1}}}"sv);
  add("empty", "\0\x01"sv, "{}\0{\"a\":{}}\0{\"a\":{\"b\":{}}}"sv);
  add("patches", "\0\x07"sv, "{\"a\":1}\0{\"a\":{\"b\":1}}\0{\"b\":null}\0{\"c\":2}"sv);
  add("names", "\0\x0b"sv, "{\"\":1,\"a/b\":{\"~\":\"\\u00e9\"}}\0{\"a\":[{\"y\":1,\"x\":2}]}\0[1e2,-0.5]"sv);
  const auto t = std::make_unique<twin>();
  t->connected(0);
  std::array<char, 512> patch{};
  (void)t->on_document(t->poll(0, patch).value().request, R"({"a":{"b":1},"c":[1]})", 5, 0);
  (void)t->set("/a/b", 2.5);
  std::vector<std::byte> image(twin::image_bytes);
  skerry::byte_writer w{image};
  t->encode(w);
  std::vector<std::byte> seed{std::byte{1}};
  seed.insert(seed.end(), w.written().begin(), w.written().end() - 4);
  out.add("image", seed);
}
