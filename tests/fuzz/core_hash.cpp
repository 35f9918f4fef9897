// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>
#include <skerry/core/hash.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <vector>

// One answer from every form: by instruction, by table, bit by bit, in two parts, from an odd address.
namespace {

[[nodiscard]] std::uint32_t crc32c_by_bits(skerry_fuzz::bytes in) {
  std::uint32_t state = 0xffffffff;
  for (const std::byte b : in) {
    state ^= std::to_integer<std::uint32_t>(b);
    for (int i = 0; i < 8; ++i) {
      state = (state & 1) != 0 ? (state >> 1) ^ 0x82f63b78 : state >> 1;
    }
  }
  return ~state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker input{skerry_fuzz::view(data, size)};
  const std::size_t cut = input.byte();
  const std::uint64_t key = input.number(8);
  const auto in = input.rest();
  const auto first = in.first(std::min(cut, in.size()));
  const auto second = in.subspan(first.size());

  const std::uint32_t crc = skerry::crc32c(in);
  FUZZ_REQUIRE(crc == crc32c_by_bits(in));
  FUZZ_REQUIRE(crc == skerry::crc32c_table(in));
  FUZZ_REQUIRE(crc == skerry::crc32c(second, skerry::crc32c(first)));
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) {
    FUZZ_REQUIRE(crc == skerry::detail::crc32c_sse42(in, 0));
    FUZZ_REQUIRE(crc == skerry::detail::crc32c_sse42(second, skerry::detail::crc32c_sse42(first, 0)));
  }
#endif

  const std::uint64_t hash = skerry::hash64(in, key);
  const skerry::hash128 wide = skerry::murmur3_x64_128(in, key);
  for (std::size_t shift = 1; shift < 8; shift += 2) {
    std::vector<std::byte> moved(shift + in.size());
    std::copy(in.begin(), in.end(), moved.begin() + static_cast<std::ptrdiff_t>(shift));
    const auto there = skerry_fuzz::bytes{moved}.subspan(shift);
    FUZZ_REQUIRE(skerry::crc32c(there) == crc);
    FUZZ_REQUIRE(skerry::hash64(there, key) == hash);
    FUZZ_REQUIRE(skerry::murmur3_x64_128(there, key) == wide);
  }
  if (in.size() >= 8) {
    FUZZ_REQUIRE(skerry::hash64(skerry_fuzz::taker{in}.number(8), key) == skerry::hash64(in.first(8), key));
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  out.add("nothing", std::string(9, 0));
  out.add("check", std::string{"\x03"} + "keykeyk." + "123456789");
  out.add("long", std::string{"\x11"} + "keykeyk." + std::string(100, 0x55));
}
