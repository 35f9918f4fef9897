// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/forest_wire.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

// Any bytes as a forest, their checksum made right: refused, with the forest as it was, or a forest that can be walked, explained and
// written back to the same bytes, the same from the fixed and the dynamic form.
namespace {

using namespace skerry::anomaly;
using skerry::byte_reader;
using skerry::byte_writer;
using skerry::errc;

constexpr std::size_t columns = 3;
constexpr forest_room room{.categories = 1};

template <typename Forest>
std::vector<std::byte> image_of(const Forest& forest) {
  std::vector<std::byte> image(encoded_size(forest));
  byte_writer out{image};
  FUZZ_REQUIRE(encode(forest, out) && out.free_bytes() == 0);
  return image;
}

template <typename Code>
void check(std::span<const std::byte> image, std::span<const std::byte> plain) {
  using forest_type = isolation_forest<columns, 4, 16, Code, 60, room>;
  static forest_type forest{};
  static const forest_type before = forest;
  dynamic_isolation_forest<Code> wide;
  byte_reader in{image};
  const skerry::status any = decode(wide, in);
  byte_reader fixed_in{image};
  const skerry::status fixed = decode(forest, fixed_in);
  if (!fixed) {
    const errc why = fixed.error();
    FUZZ_REQUIRE(why == errc::corrupt || why == errc::unsupported || why == errc::full || why == errc::mismatch);
    FUZZ_REQUIRE(std::memcmp(&forest, &before, sizeof forest) == 0);
  }
  if (!any) {
    FUZZ_REQUIRE(!fixed && wide.trees() == 0);
    return;
  }
  const auto again = image_of(wide);
  FUZZ_REQUIRE(again.size() <= image.size() && std::equal(again.begin() + 6, again.end() - 4, image.begin() + 6));
  for (const int x : {-32767, 0, 1, 200}) {
    const std::vector<Code> row(wide.columns(), static_cast<Code>(sizeof(Code) == 1 ? (x < 0 ? 0 : x) : x));
    const auto sum = wide.depth_sum_codes(row);
    FUZZ_REQUIRE(sum || sum.error() == errc::not_finite);
    if (fixed && sum) {
      FUZZ_REQUIRE(forest.depth_sum_codes(std::span<const Code, columns>{row}).value() == sum.value());
      if (forest.has_explain()) {
        const auto shares = forest.explain_codes(std::span<const Code, columns>{row});
        FUZZ_REQUIRE(static_cast<bool>(shares));
      }
    }
  }
  if (fixed) {
    FUZZ_REQUIRE(image_of(forest) == again);
    forest = before;
  }
  const auto opened = forest_image<Code, 16>::open(image);
  FUZZ_REQUIRE(opened || opened.error() == errc::full);
  for (std::size_t t = 0; opened && t < opened.value().trees(); ++t) {
    FUZZ_REQUIRE(opened.value().leaves_of(t).size() == opened.value().splits_of(t).size() + 1);
  }
  byte_reader unrepaired{plain};
  (void)decode(wide, unrepaired);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto plain = skerry_fuzz::view(data, size);
  std::vector<std::byte> image{plain.begin(), plain.end()};
  if (image.size() >= 4) {
    byte_writer{std::span{image}.last(4)}.u32(skerry::crc32c(std::span{image}.first(image.size() - 4)));
  }
  check<std::uint8_t>(image, plain);
  check<std::int16_t>(image, plain);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  std::array<float, 12 * columns> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i % columns == 2 ? static_cast<float>(i * i % 5) : static_cast<float>(i * 37 % 29);
  }
  const std::array<column_kind, columns> kinds{column_kind::number, column_kind::number, column_kind::category};
  const row_view<float> rows{values.data(), 12, columns, columns};
  dynamic_isolation_forest<std::uint8_t> one;
  dynamic_isolation_forest<std::int16_t> two;
  FUZZ_REQUIRE(one.fit(rows, {.seed = 1, .trees = 2, .sample = 6}));
  out.add("u8", image_of(one));
  FUZZ_REQUIRE(one.fit(rows, {.seed = 2, .trees = 1, .sample = 8, .missing = missing_policy::heavier, .density = true, .explain = true},
                       {.kinds = kinds}));
  out.add("u8_names", image_of(one));
  FUZZ_REQUIRE(two.fit(rows, {.seed = 3, .trees = 3, .sample = 4, .density = true}));
  out.add("i16", image_of(two));
  FUZZ_REQUIRE(two.fit(rows, {.seed = 4, .trees = 1, .sample = 5, .max_depth = 31, .missing = missing_policy::evidence, .explain = true}));
  out.add("i16_deep", image_of(two));
}
