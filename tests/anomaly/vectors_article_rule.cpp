// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Loader of the suite anomaly.article_rule.
#include <skerry/anomaly/article_preset.hpp>

#include <string>
#include <vector>

#include "vectors/vector_suite.hpp"

namespace {

using nlohmann::json;
using namespace skerry::anomaly;

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks checks{report, c.at("name")};
    article_rule rule;
    std::vector<bool> known;
    std::vector<bool> novel;
    const json& decisions = c.at("decision");
    if (!checks.equal("as many probabilities as decisions", decisions.size(), c.at("probability").size())) {
      continue;
    }
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      const auto said = rule.observe(c.at("probability").at(i), decisions.at(i));
      if (!checks.equal("observe", std::string{"ok"}, std::string{skerry::to_string(said.error())})) {
        break;
      }
      known.push_back(said.value().known_failure);
      novel.push_back(said.value().novel);
    }
    checks.equal("known_failure", c.at("expect").at("known_failure"), json(known));
    checks.equal("novel", c.at("expect").at("novel"), json(novel));
  }
}

const skerry_test::suite_registration article{"anomaly.article_rule", &run};

}  // namespace
