// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/standalone.hpp>

#include "state/histories.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace {

namespace state = skerry::state;
using mean = state::standalone::mean_of<double>;

nlohmann::json read(const mean& m) {
  const auto v = m.read();
  return v ? nlohmann::json(v.value()) : nlohmann::json(nullptr);
}

const skerry_test::suite_registration suite{
    "state.application_merge_average", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      for (const auto& c : file.at("cases")) {
        skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
        skerry_test::name_numbers ids;
        for (const auto& s : c.at("states")) {
          for (const auto& row : s.items()) {
            ids.add(row.key());
          }
        }
        std::vector<mean> states;
        for (const auto& s : c.at("states")) {
          mean m;
          for (const auto& row : s.items()) {
            const state::actor relay{states.size() + 1, 0, 0};
            check.equal("stated", true,
                        static_cast<bool>(m.state_row(relay, {{ids.number(row.key())},
                                                              0,
                                                              row.value()[0].get<std::uint64_t>(),
                                                              row.value()[2].get<double>(),
                                                              row.value()[1].get<double>()})));
          }
          states.push_back(m);
        }
        std::vector<std::size_t> order(states.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        do {
          mean all;
          for (const std::size_t i : order) {
            check.equal("joined", true, static_cast<bool>(all.join(states[i])));
          }
          check.equal("mean", c.at("expect_mean_any_order"), read(all));
          if (c.contains("redeliver_b_times")) {
            for (int again = 0; again < c["redeliver_b_times"].get<int>(); ++again) {
              check.equal("joined again", true, static_cast<bool>(all.join(states.at(1))));
            }
            check.equal("after redelivery", c.at("expect_after_redelivery"), read(all));
          }
        } while (std::next_permutation(order.begin(), order.end()));
      }
    }};

}  // namespace
