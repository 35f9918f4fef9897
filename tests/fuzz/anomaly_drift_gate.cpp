// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/drift_gate.hpp>
#include <skerry/core/portable.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace {

using gate = skerry::anomaly::basic_drift_gate<20>;

struct image_of {
  explicit image_of(const gate& g) {
    skerry::byte_writer out{memory};
    FUZZ_REQUIRE(g.encode(out));
    size = out.written().size();
  }
  [[nodiscard]] skerry_fuzz::bytes written() const { return skerry_fuzz::bytes{memory}.first(size); }
  std::array<std::byte, gate::max_encoded_size> memory{};
  std::size_t size = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto in = skerry_fuzz::view(data, size);
  auto read = skerry::decode_all<gate>(in);
  if (!read) {
    FUZZ_REQUIRE(read.error() != skerry::errc::ok);
    return 0;
  }
  gate g = read.value();
  const image_of first{g};
  const auto twice = skerry::decode_all<gate>(first.written());
  FUZZ_REQUIRE(twice);
  FUZZ_REQUIRE(std::ranges::equal(image_of{twice.value()}.written(), first.written()));
  for (int i = 0; i < 50; ++i) {
    (void)g.learn(static_cast<float>(i));
    (void)g.observe(static_cast<float>(i % 7), i % 20 == 0);
  }
  FUZZ_REQUIRE(skerry::decode_all<gate>(image_of{g}.written()));
  g.restart();
  FUZZ_REQUIRE(skerry::decode_all<gate>(image_of{g}.written()));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  skerry::anomaly::drift_gate_config config;
  config.pane = 20;
  config.stride = 1;
  gate g = gate::create(config).value();
  out.add("new", image_of{g}.written());
  for (int i = 0; i < 50; ++i) {
    (void)g.learn(static_cast<float>(i));
  }
  out.add("learned", image_of{g}.written());
  for (int i = 0; i < 25; ++i) {
    (void)g.observe(static_cast<float>(i), i == 22);
  }
  out.add("judging", image_of{g}.written());
}
