// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/forest_set.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/core/portable.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace anomaly = skerry::anomaly;

namespace {

using scores = skerry::stats::kll<float, 8>;
using set = anomaly::forest_set<2, 3, 4, std::uint8_t, 3, scores, 2>;

std::vector<std::byte> image_of(const set& s) {
  std::vector<std::byte> memory(set::max_encoded_size);
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(s.encode(out));
  memory.resize(out.written().size());
  return memory;
}

set seed_set(std::uint64_t node) {
  using forest = anomaly::isolation_forest<2, 2, 4, std::uint8_t, 6, anomaly::scores_only>;
  const std::array<float, 12> rows{0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0};
  forest f;
  FUZZ_REQUIRE(f.fit({rows.data(), 6, 2, 2}, {.seed = node, .trees = 2, .sample = 4}));
  set made;
  FUZZ_REQUIRE(made.add(node, 1, f));
  return made;
}

/// An accepted image is what `encode` writes; what was read scores, and joining it keeps the laws.
void check(skerry_fuzz::bytes in) {
  static set s;
  if (!skerry::decode_all_into(s, in)) {
    return;
  }
  FUZZ_REQUIRE(std::ranges::equal(image_of(s), in));
  const std::array<float, 2> row{1, 2};
  FUZZ_REQUIRE(s.trees() == 0 || s.score(row));
  set other = seed_set(3);
  const bool agree = static_cast<bool>(other.join(s));
  if (agree) {
    set back = s;
    FUZZ_REQUIRE(back.join(seed_set(3)));
    FUZZ_REQUIRE(back == other && image_of(back) == image_of(other));
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
  set s;
  out.add("empty", image_of(s));
  scores some{1};
  (void)some.observe(0.5F);
  s.add_scores(1, 1, some);
  out.add("scores", image_of(s));
  out.add("trees", image_of(seed_set(2)));
  FUZZ_REQUIRE(s.join(seed_set(1)));
  out.add("both", image_of(s));
}
