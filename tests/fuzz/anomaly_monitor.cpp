// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/monitor.hpp>
#include <skerry/core/portable.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace anomaly = skerry::anomaly;

namespace {

struct tiny : anomaly::default_monitor {
  using code = std::uint8_t;
  static constexpr std::size_t lags = 2;
  static constexpr std::size_t history = 110;
  static constexpr std::size_t warm_up = 100;
  static constexpr std::size_t trees = 4;
  static constexpr std::size_t sample = 16;
  static constexpr std::size_t fold = 20;
  static constexpr std::size_t held = 16;
  static constexpr std::size_t quarantine = 16;
  static constexpr std::size_t refit_every = 20;
  static constexpr std::size_t row_visits = 16;
  static constexpr std::uint16_t block = 20;
};
using monitor = anomaly::monitor<1, anomaly::no_model, tiny>;

std::vector<std::byte> image_of(const monitor& m) {
  std::vector<std::byte> memory(monitor::bytes);
  skerry::byte_writer out{memory};
  FUZZ_REQUIRE(m.encode(out));
  memory.resize(out.written().size());
  return memory;
}

void feed(monitor& m, int rows, std::uint64_t& now) {
  for (int i = 0; i < rows; ++i) {
    const float x = static_cast<float>((i * 37) % 19) + (i % 90 > 70 ? 40.0F : 0.0F);
    now += 1000;
    const std::array<float, 1> row{x};
    (void)m.observe(row, now);
  }
}

/// What was read goes on, and is written and read again as the same.
void check(skerry_fuzz::bytes in) {
  static monitor m;
  static monitor other;
  if (!skerry::decode_all_into(m, in)) {
    return;
  }
  const auto first = image_of(m);
  FUZZ_REQUIRE(skerry::decode_all_into(other, first));
  FUZZ_REQUIRE(image_of(other) == first);
  std::uint64_t now = std::uint64_t{1} << 50;
  feed(m, 60, now);
  (void)m.accept_as_normal(1);
  feed(m, 20, now);
  (void)image_of(m);
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
  static monitor m;
  FUZZ_REQUIRE(monitor::create(m, {.alarms_per_day = 100, .max_gap_ms = 5000}));
  out.add("created", image_of(m));
  std::uint64_t now = 0;
  feed(m, 160, now);
  out.add("learnt", image_of(m));
  feed(m, 85, now);
  out.add("refitting", image_of(m));
}
