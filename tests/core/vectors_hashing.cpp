// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loader of the suite stats.hashing: what derives from the hash alone, and the registers of HLL sketches.
#include <skerry/core/crc32c.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/stats/hll.hpp>

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "vectors/vector_suite.hpp"

namespace {

using nlohmann::json;

constexpr std::uint64_t sketch_seed = 9001;

skerry::hash128 hash_of_word(std::uint64_t v) {
  std::byte bytes[8];
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::byte>(v >> (8 * i));
  }
  return skerry::murmur3_x64_128(bytes, sketch_seed);
}

std::uint64_t canonical_bits(double v) {
  if (std::isnan(v)) {
    return 0x7ff8000000000000;
  }
  return std::bit_cast<std::uint64_t>(v == 0 ? 0.0 : v);
}

skerry::hash128 hash_of(const json& key) {
  const std::string kind = key.at("kind");
  const json& value = key.at("value");
  if (kind == "i64") {
    return hash_of_word(static_cast<std::uint64_t>(std::stoll(value.get<std::string>())));
  }
  if (kind == "f64") {
    // JSON has no NaN and no infinity: they stand there by name.
    return hash_of_word(canonical_bits(value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>()));
  }
  if (kind == "str") {
    const auto text = value.get<std::string>();
    return skerry::murmur3_x64_128(std::as_bytes(std::span{text.data(), text.size()}), sketch_seed);
  }
  throw std::runtime_error{"a kind of key that this loader does not know: " + kind};
}

template <unsigned LgK>
void run_hll(skerry_test::suite_report& report, const json& c) {
  skerry_test::suite_report::checks checks{report, "hll " + c.at("keys").dump() + " lg_k " + c.at("lg_k").dump()};
  checks.equal("kind of keys", "i64", c.at("keys").at("kind").get<std::string>());
  skerry::stats::hll<LgK> sketch;
  const auto first = c.at("keys").at("first").get<std::int64_t>();
  const auto n = c.at("keys").at("n").get<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    (void)sketch.observe(first + i);
  }
  std::array<std::uint8_t, sketch.size> registers{};
  sketch.copy_registers(registers);
  std::uint64_t sum = 0;
  std::size_t zeros = 0;
  for (const std::uint8_t v : registers) {
    sum += v;
    zeros += v == 0 ? 1U : 0U;
  }
  checks.equal("sum of registers", c.at("register_sum").get<std::uint64_t>(), sum);
  checks.equal("registers at zero", c.at("zeros").get<std::size_t>(), zeros);
  checks.equal("registers", c.at("register_crc32c").get<std::string>(),
               fmt::format("{:08x}", skerry::crc32c(std::as_bytes(std::span{registers}))));
  const double expected = c.at("ertl").get<double>();
  checks.near("estimate of the registers", expected, skerry::stats::hll_register_estimate(registers), 0, 1e-12);
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& key : file.at("keys")) {
    skerry_test::suite_report::checks checks{report, key.at("kind").get<std::string>() + " " + key.at("value").dump()};
    const skerry::hash128 h = hash_of(key);
    checks.equal("h1", key.at("h1").get<std::string>(), std::to_string(h.h1));
    checks.equal("h2", key.at("h2").get<std::string>(), std::to_string(h.h2));
    checks.equal("theta_hash", key.at("theta_hash").get<std::string>(), std::to_string(h.h1 >> 1));
    const auto zeros = static_cast<std::uint32_t>(std::min(std::countl_zero(h.h2), 62));
    const auto coupon = (zeros + 1) << 26 | static_cast<std::uint32_t>(h.h1 & 0x3ffffff);
    checks.equal("hll_coupon", key.at("hll_coupon").get<std::uint32_t>(), coupon);
  }
  for (const json& c : file.at("hll")) {
    switch (c.at("lg_k").get<unsigned>()) {
      case 4: run_hll<4>(report, c); break;
      case 8: run_hll<8>(report, c); break;
      case 10: run_hll<10>(report, c); break;
      case 12: run_hll<12>(report, c); break;
      default: report.fail("hll " + c.dump(), "an lg_k of 4, 8, 10 or 12", c.at("lg_k").dump());
    }
  }
}

const skerry_test::suite_registration hashing{"stats.hashing", &run};

}  // namespace
