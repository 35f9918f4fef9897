// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// What a target defines: it takes any bytes and dies where the library breaks a promise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace skerry_fuzz {

using bytes = std::span<const std::byte>;

[[nodiscard]] inline bytes view(const std::uint8_t* data, std::size_t size) noexcept { return std::as_bytes(std::span{data, size}); }

[[noreturn]] inline void broken(const char* promise, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
  std::abort();
}

/// Takes numbers off the front of an input; zero when nothing is left.
class taker {
 public:
  explicit taker(bytes in) noexcept : in_{in} {}
  [[nodiscard]] std::uint8_t byte() noexcept { return static_cast<std::uint8_t>(number(1)); }
  /// The next `n` bytes, the least significant first.
  [[nodiscard]] std::uint64_t number(std::size_t n) noexcept {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < n && !in_.empty(); ++i) {
      v |= std::to_integer<std::uint64_t>(in_.front()) << (8 * i);
      in_ = in_.subspan(1);
    }
    return v;
  }
  /// At most `n` bytes.
  [[nodiscard]] bytes take(std::size_t n) noexcept {
    const bytes taken = in_.first(n < in_.size() ? n : in_.size());
    in_ = in_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] bytes rest() const noexcept { return in_; }

 private:
  bytes in_;
};

/// Where a target's seeds go: one file each.
class seed_folder {
 public:
  explicit seed_folder(std::filesystem::path folder) : folder_{std::move(folder)} { std::filesystem::create_directories(folder_); }
  void add(std::string_view name, bytes seed) const {
    std::ofstream out{folder_ / std::string{name}, std::ios::binary};
    for (const std::byte b : seed) {
      out.put(static_cast<char>(b));
    }
  }
  void add(std::string_view name, std::string_view text) const { add(name, std::as_bytes(std::span{text.data(), text.size()})); }

 private:
  std::filesystem::path folder_;
};

/// What a target defines too: a few inputs of at most 200 bytes, made by the library.
void write_seeds(const seed_folder& out);

}  // namespace skerry_fuzz

#define FUZZ_REQUIRE(...) ((__VA_ARGS__) ? void() : skerry_fuzz::broken(#__VA_ARGS__, __FILE__, __LINE__))
