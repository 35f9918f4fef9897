// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Maps of registers, counters and sets: paths with a placeholder, over replicas.
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include "state/histories.hpp"

#include <algorithm>

namespace {

namespace state = skerry::state;
using skerry::errc;

struct registers {
  static constexpr state::path at{"map/{key}"};
  using policy = state::keep_both<std::int64_t>;
};
struct counters {
  static constexpr state::path at{"map/{key}"};
  using policy = state::reset_counter;
};
struct sets {
  static constexpr state::path at{"map/{key}"};
  using policy = state::aw_set<skerry::inplace_string<8>, 16>;
};

template <typename P>
class node {
 public:
  explicit node(std::size_t index) {
    skerry::splitmix64 rng{index};
    (void)replica::create(replica_, index + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
  }
  bool apply(const nlohmann::json& step);
  bool join(const node& other) { return static_cast<bool>(replica_.join(other.replica_)); }
  [[nodiscard]] nlohmann::json read() const;

 private:
  using replica = state::replica<state::schema<P>>;
  /// Removing what is not there does nothing.
  static bool removed(const skerry::result<state::delta_view>& r) { return r || r.error() == errc::absent; }
  replica replica_;
};

template <>
bool node<registers>::apply(const nlohmann::json& step) {
  const auto op = step.at("op").get<std::string>();
  if (op == "clear") {
    return removed(replica_.clear<registers>());
  }
  const auto key = step.at("e").get<std::string>();
  return op == "write" ? static_cast<bool>(replica_.write<registers>(step.at("v").get<std::int64_t>(), skerry::wall_ms{0}, key))
                       : op == "remove" && removed(replica_.remove<registers>(key));
}
template <>
nlohmann::json node<registers>::read() const {
  nlohmann::json map = nlohmann::json::object();
  replica_.for_each_key<registers>([&](std::string_view key) {
    std::vector<std::int64_t> values;
    for (const std::int64_t v : replica_.siblings<registers>(key)) {
      values.push_back(v);
    }
    std::sort(values.begin(), values.end());
    map[std::string{key}] = values;
  });
  return map;
}

template <>
bool node<counters>::apply(const nlohmann::json& step) {
  const auto op = step.at("op").get<std::string>();
  const auto key = step.at("e").get<std::string>();
  if (op == "remove") {
    return static_cast<bool>(replica_.reset<counters>(key));
  }
  const auto v = step.at("v").get<std::int64_t>();
  return op == "inc" && (v < 0 ? replica_.dec<counters>(-v, key) : replica_.inc<counters>(v, key));
}
template <>
nlohmann::json node<counters>::read() const {
  nlohmann::json map = nlohmann::json::object();
  replica_.for_each_key<counters>([&](std::string_view key) { map[std::string{key}] = replica_.read<counters>(key).value(); });
  return map;
}

template <>
bool node<sets>::apply(const nlohmann::json& step) {
  const auto op = step.at("op").get<std::string>();
  const auto key = step.at("k").get<std::string>();
  if (op == "removekey") {
    return removed(replica_.clear<sets>(key));
  }
  const auto element = step.at("x").get<std::string>();
  return op == "add" ? static_cast<bool>(replica_.add<sets>(element, key)) : op == "remove" && removed(replica_.remove<sets>(element, key));
}
template <>
nlohmann::json node<sets>::read() const {
  nlohmann::json map = nlohmann::json::object();
  replica_.for_each_key<sets>([&](std::string_view rest) {
    nlohmann::json elements = nlohmann::json::array();
    const std::string key{rest.substr(0, rest.find('/'))};
    for (const auto& e : replica_.read<sets>(key).value()) {
      elements.push_back(std::string{e.view()});
    }
    map[key] = elements;
  });
  return map;
}

template <typename P>
void run(const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  skerry_test::run_histories<node<P>>(file, report);
}

const skerry_test::suite_registration map_of_registers{"state.history_or_map_mv", &run<registers>};
const skerry_test::suite_registration map_of_counters{"state.history_or_map_counter", &run<counters>};
const skerry_test::suite_registration map_of_sets{"state.history_or_map_aw_set", &run<sets>};

}  // namespace
