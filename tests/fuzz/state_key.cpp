// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "fuzz/fuzz.hpp"
#include "state/plant.hpp"

#include <algorithm>
#include <array>
#include <string_view>

// Texts of keys: what a schema finds in one writes the same text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using skerry_test::plant;
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  const std::size_t room = in.byte() % 25;
  const auto rest = in.rest();
  const std::string_view text{reinterpret_cast<const char*>(rest.data()), rest.size()};
  std::array<char, 24> args{};
  const auto key = plant::match(text, std::span{args}.first(room));
  if (!key) {
    FUZZ_REQUIRE(key.error() == skerry::errc::absent || key.error() == skerry::errc::full);
    return 0;
  }
  FUZZ_REQUIRE(key.value().args.size() <= room);
  std::array<char, plant::longest + 24> again{};
  const std::size_t length = plant::write_text(key.value(), again);
  FUZZ_REQUIRE(std::string_view(again.data(), length) == text);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const char* const texts[]{"desired/setpoint/12", "recipe", "mode/north", "starts/1/22", "stock"};
  std::size_t n = 0;
  for (const char* const text : texts) {
    out.add("key" + std::to_string(n++), std::string{"\x18"} + text);
  }
}
