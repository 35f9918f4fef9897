// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/standalone.hpp>

#include "state/histories.hpp"

#include <algorithm>

namespace {

namespace state = skerry::state;

template <typename View>
nlohmann::json sorted(const View& values) {
  std::vector<std::int64_t> all;
  for (const std::int64_t v : values) {
    all.push_back(v);
  }
  std::sort(all.begin(), all.end());
  return nlohmann::json(all);
}

class value_node {
 public:
  explicit value_node(std::size_t index) : me_{index, 0, 0} {}
  bool apply(const nlohmann::json& step) {
    const auto op = step.at("op").get<std::string>();
    if (op == "write") {
      return static_cast<bool>(value_.write(me_, step.at("v").get<std::int64_t>()));
    }
    return op == "clear" && value_.clear(me_);
  }
  bool join(const value_node& other) { return static_cast<bool>(value_.join(other.value_)); }
  [[nodiscard]] nlohmann::json read() const { return sorted(value_.siblings()); }

 private:
  state::actor me_;
  state::standalone::mv_register<std::int64_t> value_;
};

struct shared_value {
  static constexpr state::path at{"value"};
  using policy = state::keep_both<std::int64_t>;
};

class replica_node {
 public:
  explicit replica_node(std::size_t index) {
    skerry::splitmix64 rng{index};
    (void)replica::create(replica_, index + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
  }
  bool apply(const nlohmann::json& step) {
    const auto op = step.at("op").get<std::string>();
    if (op == "write") {
      return static_cast<bool>(replica_.write<shared_value>(step.at("v").get<std::int64_t>(), skerry::wall_ms{0}));
    }
    if (op != "clear") {
      return false;
    }
    const auto removed = replica_.remove<shared_value>();
    return removed || removed.error() == skerry::errc::absent;
  }
  bool join(const replica_node& other) { return static_cast<bool>(replica_.join(other.replica_)); }
  [[nodiscard]] nlohmann::json read() const { return sorted(replica_.siblings<shared_value>()); }

 private:
  using replica = state::replica<state::schema<shared_value>>;
  replica replica_;
};

const skerry_test::suite_registration suite{
    "state.history_mv_register", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<value_node, replica_node>(file, report);
    }};

}  // namespace
