// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/inplace_string.hpp>
#include <skerry/state/dvv_set.hpp>

#include "state/histories.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace {

namespace state = skerry::state;
using text = skerry::inplace_string<15>;
using siblings = state::dvv_set<text, 6, 8>;

void name_ids(const nlohmann::json& c, skerry_test::name_numbers& ids) {
  const auto add_all = [&ids](const nlohmann::json& entries) {
    for (const auto& e : entries.items()) {
      ids.add(e.key());
    }
  };
  if (c.contains("clocks")) {
    for (const auto& clock : c["clocks"]) {
      add_all(clock);
    }
  }
  if (c.contains("steps")) {
    for (const auto& step : c["steps"]) {
      if (step.contains("id")) {
        ids.add(step["id"].get<std::string>());
      }
      if (step.contains("entries")) {
        add_all(step["entries"]);
      }
      if (step.contains("context")) {
        add_all(step["context"]);
      }
    }
  }
}

siblings from_entries(const nlohmann::json& entries, const skerry_test::name_numbers& ids, skerry_test::suite_report::checks& check) {
  siblings s;
  for (const auto& e : entries.items()) {
    siblings::entry entry{ids.number(e.key()), e.value()[0].get<std::uint64_t>(), {}};
    for (const auto& v : e.value()[1]) {
      check.equal("room", true, static_cast<bool>(entry.values.try_push_back(text::create(v.get<std::string>()).value())));
    }
    check.equal("restored", true, static_cast<bool>(s.restore(entry)));
  }
  return s;
}

nlohmann::json as_json(const siblings& s, const skerry_test::name_numbers& ids) {
  nlohmann::json entries = nlohmann::json::object();
  nlohmann::json context = nlohmann::json::object();
  std::vector<std::string> values;
  for (const auto& e : s.entries()) {
    nlohmann::json list = nlohmann::json::array();
    for (const text& v : e.values) {
      list.push_back(std::string{v.view()});
      values.emplace_back(v.view());
    }
    nlohmann::json& entry = entries[ids.name(e.id)];
    entry.push_back(e.n);
    entry.push_back(list);
  }
  const auto seen = s.context();
  for (const auto& e : seen.entries()) {
    context[ids.name(e.id)] = e.n;
  }
  std::vector<std::string> anonymous;
  for (const text& v : s.anonymous_values()) {
    anonymous.emplace_back(v.view());
    values.emplace_back(v.view());
  }
  std::sort(anonymous.begin(), anonymous.end());
  std::sort(values.begin(), values.end());
  return {{"entries", entries}, {"anon", anonymous}, {"context", context}, {"values", values}};
}

void run_steps(const nlohmann::json& script, const skerry_test::name_numbers& ids, skerry_test::suite_report::checks& check) {
  std::map<std::string, siblings> named;
  for (const auto& step : script.at("steps")) {
    const auto op = step.at("op").get<std::string>();
    const auto as = step.at("as").get<std::string>();
    siblings s;
    siblings::context_type read;
    if (op == "put" || op == "new") {
      if (step.contains("context_of")) {
        read = named.at(step["context_of"].get<std::string>()).context();
      }
      if (step.contains("context")) {
        for (const auto& e : step["context"].items()) {
          check.equal(as, true, static_cast<bool>(read.raise(ids.number(e.key()), e.value().get<std::uint64_t>())));
        }
      }
      const text value = text::create(step.at("value").get<std::string>()).value();
      if (op == "new") {
        const auto fresh = siblings::anonymous(value, read);
        check.equal(as, true, static_cast<bool>(fresh));
        s = fresh ? fresh.value() : s;
      } else {
        s = step.contains("at") ? named.at(step["at"].get<std::string>()) : s;
        check.equal(as, true, static_cast<bool>(s.put(value, read, ids.number(step.at("id").get<std::string>()))));
      }
    } else if (op == "sync") {
      for (const auto& name : step.at("of")) {
        check.equal(as, true, static_cast<bool>(s.join(named.at(name.get<std::string>()))));
      }
    } else if (op == "raw") {
      s = from_entries(step.at("entries"), ids, check);
      for (const auto& v : step.value("anon", nlohmann::json::array())) {
        check.equal(as, true, static_cast<bool>(s.restore_anonymous(text::create(v.get<std::string>()).value())));
      }
    } else {
      check.held(as, false, "an operation of a known name", op);
    }
    nlohmann::json expected = step.at("expect");
    if (expected.contains("anon")) {  // in no particular order
      std::sort(expected["anon"].begin(), expected["anon"].end());
    }
    check.equal(as, expected, as_json(s, ids));
    named.insert_or_assign(as, s);
  }
}

const skerry_test::suite_registration suite{
    "state.dvvset", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      for (const auto& c : file.at("cases")) {
        skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
        skerry_test::name_numbers ids;
        name_ids(c, ids);
        if (c.contains("steps")) {
          run_steps(c, ids, check);
        } else {
          for (const auto& r : c.at("relations")) {
            const siblings a = from_entries(c.at("clocks").at(r.at("a").get<std::string>()), ids, check);
            const siblings b = from_entries(c.at("clocks").at(r.at("b").get<std::string>()), ids, check);
            check.equal(r.dump(), r.at("a_strictly_before_b").get<bool>(), a.strictly_before(b));
          }
        }
      }
    }};

}  // namespace
