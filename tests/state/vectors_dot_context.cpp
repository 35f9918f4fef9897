// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/dot_context.hpp>

#include "state/histories.hpp"

#include <algorithm>

namespace {

namespace state = skerry::state;
using nlohmann::json;
using context = state::dot_context<32, 256>;

struct translator {
  skerry_test::name_numbers names;

  void learn(const json& value) {
    if (value.contains("insert")) {
      for (const auto& d : value["insert"]) {
        names.add(d[0].get<std::string>());
      }
    }
    for (const auto& side : value.value("join", json::array())) {
      for (const auto& [name, n] : side.at("vv").items()) {
        names.add(name);
      }
      for (const auto& d : side.at("cloud")) {
        names.add(d[0].get<std::string>());
      }
    }
  }
  [[nodiscard]] state::actor_ref ref(const json& name) const {
    return static_cast<state::actor_ref>(names.number(name.get<std::string>()));
  }
  [[nodiscard]] json prefixes(const context& c) const {
    json out = json::object();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (const auto n = c.prefix(static_cast<state::actor_ref>(i)); n != 0) {
        out[names.name(i)] = n;
      }
    }
    return out;
  }
  [[nodiscard]] json runs(const std::vector<state::dot_range>& all) const {
    json out = json::array();
    for (const auto& run : all) {
      for (std::uint64_t n = run.first;; ++n) {
        out.push_back(json::array({names.name(run.who), n}));
        if (n == run.last) {
          break;
        }
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  [[nodiscard]] json cloud(const context& c) const {
    std::vector<state::dot_range> all;
    for (std::size_t i = 0; i < c.range_count(); ++i) {
      all.push_back(c.range(i));
    }
    return runs(all);
  }
  [[nodiscard]] json missing(const context& here, const context& there) const {
    std::vector<state::dot_range> all;
    here.missing(there, [&](const state::dot_range& run) { all.push_back(run); });
    return runs(all);
  }
};

void run_insert(const json& c, const translator& t, skerry_test::suite_report::checks& check) {
  const json& expect = c.at("expect");
  const auto insert_all = [&](const auto& dots) {
    context made;
    for (const auto& d : dots) {
      const auto n = d[1].template get<std::uint64_t>();
      check.equal("inserted", true, static_cast<bool>(made.insert(t.ref(d[0]), n, n)));
    }
    return made;
  };
  std::vector<json> dots = c.at("insert").get<std::vector<json>>();
  const context made = insert_all(dots);
  check.equal("vv", expect.at("vv"), t.prefixes(made));
  check.equal("cloud", expect.at("cloud"), t.cloud(made));
  json next = json::object();
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < t.names.size(); ++i) {
    const auto who = static_cast<state::actor_ref>(i);
    next[t.names.name(i)] = made.next(who);
    made.for_each(who, [&](const state::dot_range& run) { size += run.last - run.first + 1; });
  }
  check.equal("safe_next_dot", expect.at("safe_next_dot"), next);
  check.equal("size", expect.at("size").get<std::uint64_t>(), size);
  if (!expect.at("missing_ranges").is_null()) {
    context whole;  // everybody's events without gaps, up to the greatest known
    for (std::size_t i = 0; i < t.names.size(); ++i) {
      const auto who = static_cast<state::actor_ref>(i);
      check.equal("whole", true, static_cast<bool>(whole.insert(who, 1, made.greatest(who))));
    }
    json gaps = json::object();
    made.missing(whole, [&](const state::dot_range& run) { gaps[t.names.name(run.who)].push_back(json::array({run.first, run.last})); });
    check.equal("missing_ranges", expect.at("missing_ranges"), gaps);
  }
  std::reverse(dots.begin(), dots.end());
  check.equal("in reverse", true, insert_all(dots) == made);
  std::sort(dots.begin(), dots.end());
  const std::vector<json> sorted = dots;
  dots.insert(dots.end(), sorted.begin(), sorted.end());
  check.equal("sorted and repeated", true, insert_all(dots) == made);
}

void run_join(const json& c, const translator& t, skerry_test::suite_report::checks& check) {
  const auto parse = [&](const json& side) {
    context made;
    for (const auto& [name, n] : side.at("vv").items()) {
      check.equal("inserted", true, static_cast<bool>(made.insert(t.ref(name), 1, n.get<std::uint64_t>())));
    }
    for (const auto& d : side.at("cloud")) {
      const auto n = d[1].get<std::uint64_t>();
      check.equal("inserted", true, static_cast<bool>(made.insert(t.ref(d[0]), n, n)));
    }
    return made;
  };
  const json& expect = c.at("expect");
  const context a = parse(c.at("join")[0]);
  const context b = parse(c.at("join")[1]);
  context joined = a;
  check.equal("joined", true, static_cast<bool>(joined.join(b)));
  check.equal("vv", expect.at("vv"), t.prefixes(joined));
  check.equal("cloud", expect.at("cloud"), t.cloud(joined));
  context other = b;
  check.equal("joined the other way", true, static_cast<bool>(other.join(a)));
  check.equal("commutes", true, joined == other);
  check.equal("joined again", true, static_cast<bool>(joined.join(b)) && static_cast<bool>(joined.join(a)));
  check.equal("nothing twice", true, joined == other);
  check.equal("a_includes_b", expect.at("a_includes_b").get<bool>(), a.includes(b));
  check.equal("b_includes_a", expect.at("b_includes_a").get<bool>(), b.includes(a));
  check.equal("missing_at_a", expect.at("missing_at_a"), t.missing(a, b));
  check.equal("missing_at_b", expect.at("missing_at_b"), t.missing(b, a));
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const auto& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    translator t;
    t.learn(c);
    if (c.contains("insert")) {
      run_insert(c, t, check);
    } else if (c.contains("join")) {
      run_join(c, t, check);
    } else {
      check.held("kind", false, "insert or join", c.dump());
    }
  }
}

const skerry_test::suite_registration suite{"state.dot_context", &run};

}  // namespace
