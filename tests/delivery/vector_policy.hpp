// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "delivery/herd.hpp"

#include <skerry/delivery/backoff.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace skerry_test {

/// A decimal factor of a vector file as two integers.
inline skerry::delivery::ratio to_ratio(double x) {
  const auto num = static_cast<std::uint64_t>(std::llround(x * 1e6));
  const std::uint64_t common = std::gcd(num, std::uint64_t{1'000'000});
  return {static_cast<std::uint32_t>(num / common), static_cast<std::uint32_t>(1'000'000 / common)};
}

/// A policy of a vector file: the config, and the table that it points to.
struct vector_policy {
  skerry::delivery::backoff_config<ns_time> config;
  std::vector<ns_duration> table;

  explicit vector_policy(const nlohmann::json& params) {
    using namespace skerry::delivery;
    const std::string shape = params.at("shape");
    const auto duration = [&](const char* key) { return ns_duration{params.at(key).get<std::int64_t>()}; };
    config.shape = shape == "constant"      ? backoff_shape::constant
                   : shape == "linear"      ? backoff_shape::linear
                   : shape == "exponential" ? backoff_shape::exponential
                   : shape == "fibonacci"   ? backoff_shape::fibonacci
                   : shape == "table"       ? backoff_shape::table
                                            : throw std::invalid_argument{"shape " + shape};
    if (config.shape == backoff_shape::table) {
      for (const auto& entry : params.at("table_ns")) {
        table.emplace_back(entry.get<std::int64_t>());
      }
    } else {
      config.base = duration("initial_ns");
    }
    if (config.shape == backoff_shape::linear) {
      config.step = duration("step_ns");
    }
    if (config.shape == backoff_shape::exponential) {
      config.ratio = {params.at("multiplier").at(0).get<std::uint32_t>(), params.at("multiplier").at(1).get<std::uint32_t>()};
    }
    config.cap = params.contains("cap_ns") && !params["cap_ns"].is_null() ? duration("cap_ns") : no_cap<ns_time>;
    config.floor = params.contains("floor_ns") && !params["floor_ns"].is_null() ? duration("floor_ns") : ns_duration{};
    const std::string rounding = params.value("rounding", "nearest_ns");
    config.rounding = rounding == "nearest_ns"        ? backoff_rounding::nearest
                      : rounding == "trunc_each_step" ? backoff_rounding::trunc_each_step
                      : rounding == "trunc_ms"        ? backoff_rounding::trunc_ms
                                                      : throw std::invalid_argument{"rounding " + rounding};
    const auto& jitter = params.at("jitter");
    const std::string kind = jitter.at("kind");
    config.jitter.kind = kind == "none"           ? jitter_kind::none
                         : kind == "full"         ? jitter_kind::full
                         : kind == "equal"        ? jitter_kind::equal
                         : kind == "proportional" ? jitter_kind::proportional
                         : kind == "absolute"     ? jitter_kind::absolute
                         : kind == "window"       ? jitter_kind::window
                         : kind == "decorrelated" ? jitter_kind::decorrelated
                         : kind == "smoothed"     ? jitter_kind::smoothed
                                                  : throw std::invalid_argument{"jitter " + kind};
    if (config.jitter.kind == jitter_kind::proportional) {
      config.jitter.lo = to_ratio(jitter.at("low"));
      config.jitter.hi = to_ratio(jitter.at("high"));
    } else if (config.jitter.kind == jitter_kind::absolute) {
      config.jitter.amount = ns_duration{jitter.at("plus_minus_ns").get<std::int64_t>()};
    } else if (config.jitter.kind == jitter_kind::window) {
      config.jitter.amount = ns_duration{jitter.at("from_ns").get<std::int64_t>()};
    }
    config.table = table;
  }
  vector_policy(const vector_policy&) = delete;
  vector_policy& operator=(const vector_policy&) = delete;
};

}  // namespace skerry_test
