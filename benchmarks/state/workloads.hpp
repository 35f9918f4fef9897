// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace state_bench {

/// One of many overwrites: a reading with three decimals under a key of five bytes.
struct overwrite {
  std::uint32_t writer = 0;
  std::uint32_t key = 0;
  double value = 0;
  std::uint64_t wall = 0;
};
inline constexpr std::size_t writers = 8;
inline constexpr std::uint64_t start_of_time = 1'790'000'000'000;

[[nodiscard]] inline std::string key_text(std::uint32_t key) {
  std::string text = std::to_string(10'000 + key);
  text[0] = 'k';
  return text;
}
[[nodiscard]] inline std::vector<std::string> key_texts(std::size_t keys) {
  std::vector<std::string> texts;
  for (std::size_t k = 0; k < keys; ++k) {
    texts.push_back(key_text(static_cast<std::uint32_t>(k)));
  }
  return texts;
}

/// W1 and W2: the writers in turn, keys drawn evenly, values of 20.000 to 29.999, one overwrite a millisecond.
[[nodiscard]] inline std::vector<overwrite> overwrites(std::size_t count, std::size_t keys) {
  skerry::pcg32 random{11};
  std::vector<overwrite> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    all[i] = {static_cast<std::uint32_t>(i % writers), skerry::uniform_below(random, static_cast<std::uint32_t>(keys)),
              static_cast<double>(20'000 + skerry::uniform_below(random, 10'000)) / 1000.0, start_of_time + i};
  }
  return all;
}

/// W4: an element goes in when it is out and out when it is in; about half of the elements are in.
[[nodiscard]] inline std::vector<std::uint32_t> toggles(std::size_t count, std::size_t elements) {
  skerry::pcg32 random{13};
  std::vector<std::uint32_t> all(count);
  for (std::uint32_t& e : all) {
    e = skerry::uniform_below(random, static_cast<std::uint32_t>(elements));
  }
  return all;
}

}  // namespace state_bench
