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
    if (step.at("op") != "write") {
      return false;
    }
    return static_cast<bool>(value_.write(me_, step.at("v").get<std::int64_t>(), state::stamp{step.at("ts").get<std::uint64_t>(), 0}));
  }
  bool join(const node& other) { return static_cast<bool>(value_.join(other.value_)); }
  [[nodiscard]] nlohmann::json read() const {
    const auto v = value_.read();
    return v ? nlohmann::json(v.value()) : nlohmann::json(nullptr);
  }

 private:
  state::actor me_;
  state::standalone::lww_register<std::int64_t> value_;
};

const skerry_test::suite_registration suite{
    "state.history_lww_register", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<node>(file, report);
    }};

}  // namespace
