// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/standalone.hpp>

#include "state/histories.hpp"

namespace {

namespace state = skerry::state;

std::uint64_t magnitude(std::int64_t v) { return v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v); }

template <typename Value>
nlohmann::json number(const Value& v) {
  return v ? nlohmann::json(v.value()) : nlohmann::json(skerry::to_string(v.error()));
}

class value_node {
 public:
  explicit value_node(std::size_t index) : me_{index, 0, 0} {}
  bool apply(const nlohmann::json& step) {
    const auto v = step.at("v").get<std::int64_t>();
    return step.at("op") == "inc" && (v == 0 || (v < 0 ? value_.dec(me_, magnitude(v)) : value_.inc(me_, magnitude(v))));
  }
  bool join(const value_node& other) { return static_cast<bool>(value_.join(other.value_)); }
  [[nodiscard]] nlohmann::json read() const { return number(value_.read()); }

 private:
  state::actor me_;
  state::standalone::pn_counter<> value_;
};

struct tally {
  static constexpr state::path at{"tally"};
  using policy = state::pn_counter;
};

class replica_node {
 public:
  explicit replica_node(std::size_t index) {
    skerry::splitmix64 rng{index};
    (void)replica::create(replica_, index + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
  }
  bool apply(const nlohmann::json& step) {
    const auto v = step.at("v").get<std::int64_t>();
    return step.at("op") == "inc" && (v == 0 || (v < 0 ? replica_.dec<tally>(magnitude(v)) : replica_.inc<tally>(magnitude(v))));
  }
  bool join(const replica_node& other) { return static_cast<bool>(replica_.join(other.replica_)); }
  [[nodiscard]] nlohmann::json read() const { return number(replica_.read<tally>()); }

 private:
  using replica = state::replica<state::schema<tally>>;
  replica replica_;
};

const skerry_test::suite_registration suite{
    "state.history_pn_counter", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      skerry_test::run_histories<value_node, replica_node>(file, report);
    }};

}  // namespace
