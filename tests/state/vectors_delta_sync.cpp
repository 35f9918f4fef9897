// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/link.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

#include "state/forged_frame.hpp"
#include "vectors/vector_suite.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

// The suite `state.delta_sync`: what a link sends, deltas in every order, and a channel that loses, repeats and forgets.
namespace {

namespace state = skerry::state;
using nlohmann::json;
using skerry_test::suite_report;

struct things {
  static constexpr state::path at{"things"};
  using policy = state::aw_set<skerry::inplace_string<8>, 32>;
};
using node = state::replica<state::schema<things>>;

node make(std::uint64_t id) {
  skerry::splitmix64 rng{id};
  return node::create(id, state::role::device, state::epoch_rule::every_open, {}, rng, 0).value();
}
json value(const node& r) {
  std::vector<std::string> all;
  for (const auto& e : r.read<things>().value()) {
    all.emplace_back(e.view());
  }
  std::sort(all.begin(), all.end());
  return all;
}

void choose(const json& c, suite_report::checks& check) {
  const auto next = c.at("next_seq").get<std::uint64_t>();
  const auto acked = c.at("peer_ack").get<std::uint64_t>();
  const std::uint64_t remembers = c.at("buffer_lowest_seq").is_null() ? next : c.at("buffer_lowest_seq").get<std::uint64_t>();
  switch (state::plan_link(acked, next, remembers)) {
    case state::link_plan::nothing: check.equal("plan", c.at("expect"), json("none")); break;
    case state::link_plan::interval:
      check.equal("plan", c.at("expect"), json("delta_interval"));
      check.equal("interval", c.at("expect_interval"), json::array({acked, next}));
      break;
    case state::link_plan::exchange: check.equal("plan", c.at("expect"), json("full_state")); break;
    case state::link_plan::refuse: check.equal("plan", c.at("expect"), json("reject_ack")); break;
  }
}

/// "m:1" as an event of an actor whose order is that of the letters.
std::pair<state::actor, std::uint64_t> event(const std::string& name) {
  const auto colon = name.find(':');
  return {state::actor{static_cast<std::uint64_t>(static_cast<unsigned char>(name[0])), 1, 1}, std::stoull(name.substr(colon + 1))};
}
std::vector<std::byte> frame_of(const json& delta) {
  skerry_test::forged_frame frame;
  auto covered = delta.at("ctx").get<std::vector<std::string>>();
  std::sort(covered.begin(), covered.end(), [](const auto& a, const auto& b) { return event(a) < event(b); });
  for (std::size_t i = 0; i < covered.size();) {
    const auto [who, first] = event(covered[i]);
    std::uint64_t last = first;
    for (++i; i < covered.size() && event(covered[i]) == std::pair{who, last + 1}; ++i) {
      ++last;
    }
    frame.covers(who, first, last);
  }
  std::map<std::string, std::vector<std::string>> by_element;
  for (const auto& [dot, element] : delta.at("add").items()) {
    by_element["things/" + element.get<std::string>()].push_back(dot);
  }
  for (auto& [key, dots] : by_element) {
    std::sort(dots.begin(), dots.end(), [](const auto& a, const auto& b) { return event(a) < event(b); });
    for (const auto& dot : dots) {
      frame.record(key, event(dot).first, event(dot).second, {}, state::kinds::aw_set, {});
    }
  }
  return frame.bytes();
}
void in_order(const json& c, const json& deltas, suite_report::checks& check) {
  node r = make(1000);
  std::size_t step = 0;
  for (const auto& name : c.at("order")) {
    check.equal("taken", true, static_cast<bool>(r.accept(frame_of(deltas.at(name.get<std::string>())), 0)));
    check.equal("after step " + std::to_string(step), c.at("expect_value_after_each").at(step), value(r));
    ++step;
  }
  const auto name_of = [](const state::actor& who, std::uint64_t n) {
    return std::string(1, static_cast<char>(who.id)) + ":" + std::to_string(n);
  };
  json dots = json::object();
  r.store().for_each_key([&](auto slot) {
    const auto key = r.store().key(slot);
    r.store().records(slot).for_each(
        [&](const state::record_view& v) { dots[name_of(v.who, v.n)] = std::string(key.args.data(), key.args.size()); });
  });
  check.equal("dots", c.at("expect_final_dots"), dots);
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < r.store().actors().size(); ++i) {
    const auto ref = static_cast<state::actor_ref>(i);
    r.store().context().for_each(ref, [&](const state::dot_range& run) {
      for (std::uint64_t n = run.first; n <= run.last; ++n) {
        seen.push_back(name_of(r.store().actors()[ref], n));
      }
    });
  }
  std::sort(seen.begin(), seen.end());
  check.equal("context", c.at("expect_context"), json(seen));
}

/// A real link: at each step the sender adds an element and says what has not been acknowledged; time enough passes for that.
void over_channel(const json& c, suite_report::checks& check) {
  node a = make(1);
  node b = make(2);
  std::uint32_t now = 1;
  const auto la = a.connect(2, {}, now).value();
  const auto lb = b.connect(1, {}, now).value();
  std::array<std::byte, 1400> buffer{};
  const auto frames = [&](node& r, state::link_id id) {
    std::vector<std::vector<std::byte>> out;
    for (auto size = r.poll(id, now, buffer); size && size.value() > 0; size = r.poll(id, now, buffer)) {
      out.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size.value()));
    }
    return out;
  };
  const auto exchange = [&] {
    for (int round = 0; round < 40; ++round) {
      const auto to_b = frames(a, la);
      const auto to_a = frames(b, lb);
      for (const auto& f : to_b) {
        (void)b.receive(lb, f, now);
      }
      for (const auto& f : to_a) {
        (void)a.receive(la, f, now);
      }
      now += 10;
    }
  };
  exchange();  // the hellos
  for (const auto& step : c.at("steps")) {
    std::array<char, 8> name{};
    const int size = std::snprintf(name.data(), name.size(), "e%02d", step.at("seq").get<int>());
    check.equal("added", true, static_cast<bool>(a.add<things>(std::string_view{name.data(), static_cast<std::size_t>(size)})));
    now += 200'000;
    for (const auto& f : frames(a, la)) {
      for (int copies = step.at("lost").get<bool>() ? 0 : (step.at("dup").get<bool>() ? 2 : 1); copies > 0; --copies) {
        check.equal("received", true, static_cast<bool>(b.receive(lb, f, now)));
      }
    }
    for (const auto& f : frames(b, lb)) {
      if (!step.at("ack_lost").get<bool>()) {
        check.equal("acknowledged", true, static_cast<bool>(a.receive(la, f, now)));
      }
    }
  }
  now += 200'000;
  exchange();
  check.equal("sender", c.at("expect_final"), value(a));
  check.equal("receiver", c.at("expect_final"), value(b));
}

void run(const json& file, const std::filesystem::path&, suite_report& report) {
  json deltas;
  for (const auto& c : file.at("cases")) {
    if (c.at("kind") == "delta_definitions") {
      deltas = c.at("deltas");
    }
  }
  for (const auto& c : file.at("cases")) {
    suite_report::checks check{report, c.at("name").get<std::string>()};
    const auto kind = c.at("kind").get<std::string>();
    if (kind == "choose_payload") {
      choose(c, check);
    } else if (kind == "delta_definitions") {
      for (const auto& [name, delta] : c.at("deltas").items()) {
        check.held(name, !frame_of(delta).empty(), "a delta", delta.dump());
      }
    } else if (kind == "unordered_deltas") {
      in_order(c, deltas, check);
    } else if (kind == "lossy_channel") {
      over_channel(c, check);
    } else {
      check.held(kind, false, "a kind that is known", kind);
    }
  }
}

const skerry_test::suite_registration suite{"state.delta_sync", &run};

}  // namespace
