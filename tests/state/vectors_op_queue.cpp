// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/op_queue.hpp>

#include "state/op_store.hpp"
#include "vectors/vector_suite.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace state = skerry::state;
using nlohmann::json;
using skerry_test::crash_store;

struct limits {
  static constexpr std::size_t operations = 16;
  static constexpr std::size_t payload_bytes = 16;
};
using queue = state::op_queue<crash_store, limits>;
constexpr std::uint64_t origin = 7;

std::span<const std::byte> raw(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }
std::string text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// A client and a server; operations carry their names in the script as bytes.
class script {
 public:
  script(state::epoch_rule rule, skerry_test::suite_report::checks& check) : rule_{rule}, check_{check} {
    check_.equal("open", true, static_cast<bool>(queue_.open(store_, {origin}, rule_, rng_)));
  }

  void run(const std::string& event) {
    std::istringstream in{event};
    std::string what;
    std::string name;
    in >> what >> name;
    if (what == "enqueue") {
      const auto id = queue_.enqueue(raw("k" + name), raw(name));
      check_.equal(event, true, static_cast<bool>(id));
      check_.equal(event + ": a new name", false, id && names_.contains(id.value()));
      if (id) {
        names_[id.value()] = name;
        marks_[name] = id.value();
      }
    } else if (what == "persist") {
      check_.equal(event, true, static_cast<bool>(queue_.persist()));
      report();
    } else if (what == "persist_torn") {
      store_.fail_syncs(true);
      check_.equal(event, false, static_cast<bool>(queue_.persist()));
      store_.fail_syncs(false);
      report();
    } else if (what == "send") {
      send(event, name);
    } else if (what == "server_apply" || what == "server_dup" || what == "server_recv") {
      receive(event, what, name);
    } else if (what == "ack") {
      check_.equal(event, true, static_cast<bool>(queue_.on_ack(marks_.at(name))));
    } else if (what == "trim") {
      check_.equal(event, true, static_cast<bool>(queue_.persist()));
      trimmed_.insert_or_assign(name, store_);
    } else if (what == "crash") {
      store_.crash(0);
    } else if (what == "recover") {
      check_.equal(event, true, static_cast<bool>(queue_.open(store_, {origin}, rule_, rng_)));
    } else if (what == "server_restore_to") {
      const auto n = std::stoul(name);
      effects_.resize(n);
      ledger_ = ledgers_.at(n);
      restored_ = true;
    } else if (what == "client_restore_to") {
      store_ = trimmed_.at(name);
      check_.equal(event, true, static_cast<bool>(queue_.open(store_, {origin}, rule_, rng_)));
      queue_.restored();
    } else if (what != "ack_lost" && what != "timeout") {
      check_.held(event, false, "an event of a known form", what);
    }
  }

  void finish(const json& expect) {
    check_.equal("effects", expect.at("server_effects_in_order"), listed(effects_));
    std::vector<std::string> waiting;
    check_.equal("readable", true,
                 static_cast<bool>(queue_.for_each([&](const state::operation& op) { waiting.push_back(text(op.bytes)); })));
    check_.equal("queue", expect.at("client_queue_after"), listed(waiting));
    check_.equal("reported durable", expect.at("reported_durable_to_caller"), listed(reported_));
  }

 private:
  struct sent {
    state::operation op{};
    std::string key{};
    std::string bytes{};
  };

  static json listed(const std::vector<std::string>& names) {
    json all = json::array();
    for (const auto& name : names) {
      all.push_back(name.ends_with("'") ? json(name) : json(std::stoi(name)));
    }
    return all;
  }
  void report() {
    for (const auto& [id, name] : names_) {
      if (queue_.durable(id) && std::find(reported_.begin(), reported_.end(), name) == reported_.end()) {
        reported_.push_back(name);
      }
    }
  }
  /// `send 2` or `send 1-3`: sends again what was sent before where the script does.
  void send(const std::string& event, const std::string& range) {
    const std::size_t dash = range.find('-');
    const state::op_mark first = marks_.at(range.substr(0, dash));
    const state::op_mark last = marks_.at(dash == range.npos ? range : range.substr(dash + 1));
    std::vector<std::byte> batch(1024);
    queue_.resend();
    const auto size = queue_.next({}, batch);
    check_.equal(event, true, static_cast<bool>(size));
    std::size_t found = 0;
    const auto read = state::read_operations(std::span{batch}.first(size.value_or(0)), [&](const state::operation& op) {
      if (!(op.id < first) && !(last < op.id)) {
        ++found;
        sent s{op, text(op.key), text(op.bytes)};
        air_.insert_or_assign(s.bytes, s);
        if (restored_) {  // must be answered with the gap, not applied
          check_.equal(event + ": the server asks", std::string{"gap"}, std::string{skerry::to_string(ledger_.judge(op).error())});
          check_.equal(event + ": gone", std::string{"gap"}, std::string{skerry::to_string(queue_.on_gap(op.after).error())});
        }
      }
    });
    check_.equal(event + ": whole", true, static_cast<bool>(read));
    check_.equal(event + ": all of it", static_cast<std::size_t>(last.seq - first.seq + 1), found);
  }
  void receive(const std::string& event, const std::string& what, const std::string& name) {
    const auto there = air_.find(name);
    check_.equal(event + ": was sent", true, there != air_.end());
    if (there == air_.end()) {
      return;
    }
    const bool applied = apply(there->second);
    if (what != "server_recv") {
      check_.equal(event, what == "server_apply", applied);
      return;
    }
    if (!applied) {
      refused_.push_back(name);
    }
    for (bool more = true; more;) {  // refused ones come again once their predecessors are in
      more = false;
      for (const auto& again : refused_) {
        more = apply(air_.at(again)) || more;
      }
    }
  }
  bool apply(const sent& s) {
    state::operation op = s.op;
    op.key = raw(s.key);
    op.bytes = raw(s.bytes);
    if (!ledger_.applied(op)) {
      return false;
    }
    effects_.push_back(s.bytes);
    ledgers_[effects_.size()] = ledger_;
    return true;
  }

  state::epoch_rule rule_;
  skerry_test::suite_report::checks& check_;
  crash_store store_{};
  queue queue_{};
  skerry::splitmix64 rng_{1};
  state::op_ledger<2> ledger_{};
  std::map<std::size_t, state::op_ledger<2>> ledgers_{};
  std::vector<std::string> effects_{};
  std::vector<std::string> reported_{};
  std::vector<std::string> refused_{};
  std::map<std::string, sent> air_{};
  std::map<state::op_mark, std::string> names_{};
  std::map<std::string, state::op_mark> marks_{};
  std::map<std::string, crash_store> trimmed_{};
  bool restored_ = false;
};

void run_capacity(const json& c, skerry_test::suite_report::checks& check) {
  static const std::map<std::string, state::when_full> policies{
      {"drop_newest", state::when_full::drop_newest},
      {"drop_oldest", state::when_full::drop_oldest},
      {"coalesce_by_key_then_drop_oldest", state::when_full::coalesce_by_key_then_drop_oldest}};
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  const auto capacity = c.at("capacity").get<std::size_t>();
  check.equal("open", true,
              static_cast<bool>(
                  q.open(store, {origin, policies.at(c.at("policy").get<std::string>()), capacity}, state::epoch_rule::durable, rng)));
  for (const auto& e : c.at("enqueue")) {
    const auto pair = e.get<std::string>();
    const std::size_t at = pair.find('=');
    (void)q.enqueue(raw(pair.substr(0, at)), raw(pair.substr(at + 1)));  // a refused one is counted
    check.equal("persist", true, static_cast<bool>(q.persist()));
  }
  json left = json::array();
  const auto list = [&left](const state::operation& op) { left.push_back(text(op.key) + '=' + text(op.bytes)); };
  check.equal("readable", true, static_cast<bool>(q.for_each(list)));
  check.equal("queue", c.at("expect").at("queue"), left);
  check.equal("dropped", c.at("expect").at("dropped").get<std::uint64_t>(), q.counters().dropped);
  check.equal("coalesced", c.at("expect").value("coalesced", std::uint64_t{0}), q.counters().coalesced);
  // The log says the same.
  check.equal("open again", true,
              static_cast<bool>(q.open(store, {origin, state::when_full::drop_newest, capacity}, state::epoch_rule::durable, rng)));
  json read = json::array();
  check.equal("readable again", true,
              static_cast<bool>(q.for_each([&read](const state::operation& op) { read.push_back(text(op.key) + '=' + text(op.bytes)); })));
  check.equal("log", left, read);
}

const skerry_test::suite_registration suite{"state.op_queue",
                                            [](const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
                                              for (const auto& c : file.at("cases")) {
                                                skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
                                                if (c.contains("capacity")) {
                                                  run_capacity(c, check);
                                                  continue;
                                                }
                                                for (const auto rule : {state::epoch_rule::durable, state::epoch_rule::every_open}) {
                                                  script s{rule, check};
                                                  for (const auto& event : c.at("events")) {
                                                    s.run(event.get<std::string>());
                                                  }
                                                  s.finish(c.at("expect"));
                                                }
                                              }
                                            }};

}  // namespace
