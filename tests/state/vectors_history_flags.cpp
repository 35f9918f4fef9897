// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/standalone.hpp>

#include "state/histories.hpp"

namespace {

namespace state = skerry::state;

template <typename Flag>
class flag_node {
 public:
  explicit flag_node(std::size_t index) : me_{index, 0, 0} {}
  bool apply(const nlohmann::json& step) {
    const auto op = step.at("op").get<std::string>();
    return op == "enable" ? static_cast<bool>(flag_.enable(me_)) : op == "disable" && flag_.disable(me_);
  }
  bool join(const flag_node& other) { return static_cast<bool>(flag_.join(other.flag_)); }
  [[nodiscard]] nlohmann::json read() const { return flag_.read(); }

 private:
  state::actor me_;
  Flag flag_;
};

/// The same history with the answers of a flag that is on at first.
nlohmann::json if_initially_on(nlohmann::json history) {
  for (auto& step : history.at("steps")) {
    if (step.contains("read")) {
      step.at("expect") = step.at("expect_if_initial_true");
    }
  }
  history.at("expect_final_all_merged") = history.at("expect_final_if_initial_true");
  return history;
}

const skerry_test::suite_registration enable_wins{
    "state.history_ew_flag", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<flag_node<state::standalone::ew_flag<>>>(file, report);
    }};

const skerry_test::suite_registration disable_wins{
    "state.history_dw_flag", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      for (const auto& history : file.at("cases")) {
        skerry_test::suite_report::checks check{report, history.at("name").get<std::string>()};
        for (const skerry_test::deliveries& way : skerry_test::every_way) {
          skerry_test::run_history<flag_node<state::standalone::dw_flag<>>>(history, way, check);
          skerry_test::run_history<flag_node<state::standalone::dw_flag<state::initially_on>>>(if_initially_on(history), way, check);
        }
      }
    }};

}  // namespace
