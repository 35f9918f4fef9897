// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/standalone.hpp>

#include <skerry/core/inplace_string.hpp>

#include "state/histories.hpp"

namespace {

namespace state = skerry::state;

template <typename Set>
class set_node {
 public:
  explicit set_node(std::size_t index) : me_{index, 0, 0} {}
  bool apply(const nlohmann::json& step) {
    const auto op = step.at("op").get<std::string>();
    if constexpr (requires(Set s) { s.clear(state::actor{}); }) {
      if (op == "clear") {
        return static_cast<bool>(set_.clear(me_));
      }
    }
    const auto element = Set::element_type::create(step.at("e").get<std::string>()).value();
    return op == "add" ? static_cast<bool>(set_.add(me_, element)) : op == "remove" && set_.remove(me_, element);
  }
  bool join(const set_node& other) { return static_cast<bool>(set_.join(other.set_)); }
  [[nodiscard]] nlohmann::json read() const {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& e : set_.elements()) {
      all.push_back(std::string{e.view()});
    }
    return all;
  }

 private:
  state::actor me_;
  Set set_;
};

using text = skerry::inplace_string<15>;

const skerry_test::suite_registration add_wins{
    "state.history_aw_set", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<set_node<state::standalone::aw_set<text, 16>>>(file, report);
    }};

const skerry_test::suite_registration remove_wins{
    "state.history_rw_set", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<set_node<state::standalone::rw_set<text, 16>>>(file, report);
    }};

}  // namespace
