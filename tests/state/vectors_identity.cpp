// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/sets.hpp>

#include "state/histories.hpp"

#include <optional>
#include <sstream>
#include <vector>

namespace {

namespace state = skerry::state;
using nlohmann::json;

const char* name_of(state::detection d) {
  switch (d) {
    case state::detection::ok: return "ok";
    case state::detection::amnesia_or_clone: return "amnesia_or_clone";
    case state::detection::clone: return "clone";
    case state::detection::fenced: return "fenced";
  }
  return "?";
}

/// An identity at a given generation and nonce 0: as if it had come from an image.
state::identity at_generation(std::uint64_t id, std::uint32_t generation) {
  const auto zero = [] { return std::uint64_t{0}; };
  state::identity me = state::identity::create(id, state::role::device, zero);
  if (generation > 1) {
    me.renew(generation - 1, zero);
  }
  return me;
}

void detect(const json& c, skerry_test::suite_report::checks& check) {
  const json& own = c.at("own");
  const json& incoming = c.at("incoming");
  skerry_test::name_numbers names;
  names.add(own.at("actor").get<std::string>());
  names.add(incoming.at("actor").get<std::string>());
  for (const auto& name : own.value("retired", json::array())) {
    names.add(name.get<std::string>());
  }
  const state::identity me = at_generation(names.number(own.at("actor").get<std::string>()) + 1, own.at("epoch").get<std::uint32_t>());
  state::heard entry;
  entry.who = {names.number(incoming.at("actor").get<std::string>()) + 1, incoming.at("epoch").get<std::uint32_t>(), me.self().nonce};
  entry.n = incoming.at("counter").get<std::uint64_t>();
  entry.digest_match = incoming.at("digest_match").get<bool>();
  entry.live_sender = incoming.value("live_sender", false);
  // Who has retired stands in the roster: of the one that is heard the life that is heard, of the others their first.
  state::roster<8> members;
  for (const auto& name : own.value("retired", json::array())) {
    const std::uint64_t id = names.number(name.get<std::string>()) + 1;
    const state::actor life = id == entry.who.id ? entry.who : state::actor{id, 1, 0};
    check.equal("admit", true, static_cast<bool>(members.admit(life, state::role::device)));
    check.equal("retire", true, static_cast<bool>(members.retire(life, entry.n, me.self())));
  }
  std::vector<std::uint64_t> retired;
  members.for_each([&retired](const state::member& m) {
    if (m.fenced()) {
      retired.push_back(m.who.id);
    }
  });
  check.equal("fenced in the roster", own.value("retired", json::array()).size(), retired.size());
  check.equal("own epoch", own.at("epoch").get<std::uint32_t>(), me.self().generation);
  check.equal("detect", c.at("expect").get<std::string>(),
              std::string{name_of(me.detect(entry, own.at("counter").get<std::uint64_t>(), retired))});
}

struct tally {
  static constexpr state::path at{"tally"};
  using policy = state::pn_counter;
};
struct names {
  static constexpr state::path at{"names"};
  using policy = state::aw_set<skerry::inplace_string<8>, 16>;
};
using replica = state::replica<state::schema<tally, names>>;

/// A and its clone share A's image; B is somebody else.
struct plant {
  skerry::splitmix64 rng{7};
  std::map<std::string, replica> nodes;
  std::map<std::string, replica> images;
  std::map<std::string, std::vector<std::byte>> added;  ///< by element: the delta of its addition

  void create(replica& fresh, const std::string& name) {
    (void)replica::create(fresh, static_cast<std::uint64_t>(name[0]), state::role::device, state::epoch_rule::every_open, {}, rng, 0);
  }
  replica& node(const std::string& name) {
    const auto found = nodes.find(name);
    if (found != nodes.end()) {
      return found->second;
    }
    if (name.ends_with("'")) {  // installed from the other's image, which must not make it the other
      replica& copy = nodes.emplace(name, node(name.substr(0, name.size() - 1))).first->second;
      const bool refused = copy.inc<tally>(1).error() == skerry::errc::needs_epoch;
      return refused && copy.as_new_life(rng) ? copy : nodes.at("a clone could write");
    }
    replica& fresh = nodes[name];
    create(fresh, name);
    return fresh;
  }
};

void converge(const json& c, skerry_test::suite_report::checks& check) {
  plant p;
  std::vector<std::string> last;
  for (const auto& e : c.at("events")) {
    const auto text = e.get<std::string>();
    std::istringstream in{text};
    std::string who;
    std::string what;
    in >> who;
    if (who == "backup") {
      in >> who;
      p.images.insert_or_assign(who, p.node(who));
      continue;
    }
    in >> what;
    if (what == "(clone)" || what == "(new") {
      if (what == "(new") {
        in >> what;  // incarnation)
      }
      in >> what;
    }
    if (what == "restore") {
      const state::actor before = p.node(who).self();
      p.node(who) = p.images.at(who);
      const auto refused = p.node(who).inc<tally>(1);
      check.equal(text + ": an old image cannot write", std::string{"needs_epoch"}, std::string{skerry::to_string(refused.error())});
      check.equal(text, true, static_cast<bool>(p.node(who).as_new_life(p.rng)));
      check.equal(text + ": a new actor", true, !(p.node(who).self() == before));
    } else if (what == "wiped") {
      const state::actor before = p.node(who).self();
      p.node(who) = replica{};
      p.create(p.node(who), who);
      check.equal(text + ": a new actor of the old id", true, p.node(who).self().id == before.id && !(p.node(who).self() == before));
    } else if (what == "add") {
      std::string element;
      in >> element;
      const auto delta = p.node(who).add<names>(element);
      check.equal(text, true, static_cast<bool>(delta));
      p.added[element] =
          delta ? std::vector<std::byte>(delta.value().bytes().begin(), delta.value().bytes().end()) : std::vector<std::byte>{};
    } else if (what == "<-" && text.find("delta(") != text.npos) {
      const std::size_t from = text.find("delta(") + 6;
      const std::string element = text.substr(from, text.find(' ', from) - from);
      check.equal(text + ": somebody added it", true, p.added.contains(element));
      check.equal(text, true, static_cast<bool>(p.node(who).accept(p.added[element], 0)));
    } else if (what == "<-" || what == "<->") {
      std::string other;
      in >> other;
      check.equal(text, true, static_cast<bool>(p.node(who).join(p.node(other))));
      if (what == "<->") {
        check.equal(text, true, static_cast<bool>(p.node(other).join(p.node(who))));
        last = {who, other};
      }
    } else if (what.starts_with("+")) {
      check.equal(text, true, static_cast<bool>(p.node(who).inc<tally>(std::stoull(what.substr(1)))));
    } else {
      check.held(text, false, "an event of a known form", what);
    }
  }
  for (const auto& name : last) {
    const json expect = c.contains("expect_both") ? c.at("expect_both") : c.at("expect_either").at("value");
    if (c.at("type") == "aw_set") {
      json elements = json::array();
      const auto read = p.node(name).read<names>();
      for (const auto& e : read ? read.value() : state::value_t<names>{}) {
        elements.push_back(std::string{e.view()});
      }
      check.equal(name, expect, elements);
      continue;
    }
    const auto value = p.node(name).read<tally>();
    check.equal(name, expect, value ? json(value.value()) : json(skerry::to_string(value.error())));
  }
  check.equal("somebody met", false, last.empty());
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const auto& c : file.at("cases")) {
    const auto name = c.at("name").get<std::string>();
    const auto kind = c.at("kind").get<std::string>();
    skerry_test::suite_report::checks check{report, name};
    if (kind == "detect") {
      detect(c, check);
    } else if (kind == "converge" && (c.at("type") == "pn_counter" || c.at("type") == "aw_set")) {
      converge(c, check);
    } else {
      check.held("kind", false, "detect or converge", c.dump());
    }
  }
}

const skerry_test::suite_registration suite{"state.identity", &run};

}  // namespace
