// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/standalone.hpp>

#include "state/histories.hpp"

namespace {

namespace state = skerry::state;

class node {
 public:
  explicit node(std::size_t index) : me_{index, 0, 0} {}
  bool apply(const nlohmann::json& step) {
    const auto op = step.at("op").get<std::string>();
    if (op == "reset") {
      return static_cast<bool>(value_.reset(me_));
    }
    const auto v = step.at("v").get<std::int64_t>();
    const auto by = v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v);
    return op == "inc" && (v == 0 || (v < 0 ? value_.dec(me_, by) : value_.inc(me_, by)));
  }
  bool join(const node& other) { return static_cast<bool>(value_.join(other.value_)); }
  [[nodiscard]] nlohmann::json read() const {
    const auto v = value_.read();
    return v ? nlohmann::json(v.value()) : nlohmann::json(skerry::to_string(v.error()));
  }

 private:
  state::actor me_;
  state::standalone::reset_counter<> value_;
};

const skerry_test::suite_registration suite{
    "state.history_resettable_counter", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<node>(file, report);
    }};

}  // namespace
