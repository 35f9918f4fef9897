// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/version_vector.hpp>

#include "state/histories.hpp"

namespace {

namespace state = skerry::state;
using nlohmann::json;
using vector = state::version_vector<256>;

const char* name_of(state::causal c) {
  switch (c) {
    case state::causal::equal: return "equal";
    case state::causal::before: return "before";
    case state::causal::after: return "after";
    case state::causal::concurrent: return "concurrent";
  }
  return "?";
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const auto& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    skerry_test::name_numbers names;
    for (const char* side : {"a", "b"}) {
      for (const auto& [name, n] : c.at(side).items()) {
        names.add(name);
      }
    }
    const auto parse = [&](const json& entries) {
      vector v;
      for (const auto& [name, n] : entries.items()) {
        check.equal("raised", true, static_cast<bool>(v.raise({names.number(name), 0, 0}, n.get<std::uint64_t>())));
      }
      return v;
    };
    const auto print = [&](const vector& v) {
      json out = json::object();
      for (const auto& e : v.entries()) {
        out[names.name(e.who.id)] = e.n;
      }
      return out;
    };
    const vector a = parse(c.at("a"));
    const vector b = parse(c.at("b"));
    check.equal("compare", c.at("compare").get<std::string>(), std::string{name_of(a.compare(b))});
    check.equal("a includes b", c.at("a_dominates_or_equals_b").get<bool>(), a.includes(b));
    vector joined = a;
    check.equal("joined", true, static_cast<bool>(joined.join(b)));
    check.equal("merge", c.at("merge"), print(joined));
    vector other = b;
    check.equal("joined the other way", true, static_cast<bool>(other.join(a)));
    check.equal("merge the other way", true, joined == other);
    check.equal("joined again", true, static_cast<bool>(joined.join(b)) && static_cast<bool>(joined.join(a)));
    check.equal("nothing twice", true, joined == other);
    vector met = a;
    met.meet(b);
    check.equal("meet", c.at("meet"), print(met));
    check.equal("a_minus_b", c.at("a_minus_b"), print(a.difference(b)));
  }
}

const skerry_test::suite_registration suite{"state.version_vector", &run};

}  // namespace
