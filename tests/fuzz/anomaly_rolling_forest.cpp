// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/portable.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace anomaly = skerry::anomaly;

namespace {

using forest = anomaly::rolling_forest<2, 2, 4, std::uint8_t, 6, 3>;

std::vector<std::byte> image_of(const forest& f) {
  std::vector<std::byte> memory(forest::max_encoded_size);
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(f.encode(out));
  memory.resize(out.written().size());
  return memory;
}

std::array<float, 2> row_of(int i) { return {static_cast<float>(i % 5), static_cast<float>(i * 7 % 11)}; }

/// An accepted image is what `encode` writes, and what was read goes on: it scores, learns and grows trees.
void check(skerry_fuzz::bytes in) {
  static forest f;
  if (!skerry::decode_all_into(f, in)) {
    return;
  }
  FUZZ_REQUIRE(std::ranges::equal(image_of(f), in));
  for (int i = 0; i < 40; ++i) {
    const std::size_t trees = f.trees();
    const auto step = f.observe(row_of(i));
    FUZZ_REQUIRE(step && step.value().trees == trees && f.trees() >= trees);
    FUZZ_REQUIRE(trees == 0 || f.score(row_of(i)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  check(in);
  if (in.size() >= 4) {  // past the checksum
    std::vector<std::byte> mended(in.begin(), in.end());
    skerry::byte_writer sum{std::span{mended}.last(4)};
    sum.u32(skerry::crc32c(std::span{mended}.first(mended.size() - 4)));
    check(mended);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  forest f;
  std::array<float, 12> rows{};
  for (int i = 0; i < 6; ++i) {
    rows[static_cast<std::size_t>(2 * i)] = row_of(i)[0];
    rows[static_cast<std::size_t>(2 * i + 1)] = row_of(i)[1];
  }
  anomaly::rolling_config config{.forest = {.seed = 1, .trees = 2, .sample = 4}, .row_visits = 1, .rows_per_tree = 2};
  FUZZ_REQUIRE(f.begin(config, forest::learn_codes({rows.data(), 6, 2, 2}).value()));
  out.add("begun", image_of(f));
  FUZZ_REQUIRE(f.fit({rows.data(), 6, 2, 2}, config));
  (void)f.observe(row_of(3));
  (void)f.observe(row_of(4));
  out.add("at_work", image_of(f));
  config.forest.density = config.forest.explain = true;
  FUZZ_REQUIRE(f.fit({rows.data(), 6, 2, 2}, config));
  (void)f.observe(row_of(3));
  out.add("dense", image_of(f));
}
