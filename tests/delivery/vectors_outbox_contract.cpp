// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/broker.hpp>
#include <skerry/testing/faulty_disk.hpp>
#include <skerry/testing/faulty_link.hpp>

#if defined(SKERRY_HAS_CRASH_WORLDS)
#include "crash/crash.hpp"

#include <unistd.h>
#endif
#include "vectors/vector_suite.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

namespace skerry_test {
namespace {

using namespace skerry::delivery;
using nlohmann::json;
using tick = std::uint64_t;
using store_type = segment_log<skerry::testing::faulty_disk, segment_limits{16, 16}>;
using courier_type = courier<tick, store_type, courier_limits{outbox_limits{16, 2048, 256}, 8, 32}>;

eviction eviction_of(const std::string& name) {
  return name == "reject"             ? eviction::reject
         : name == "oldest"           ? eviction::oldest
         : name == "oldest_of_lowest" ? eviction::oldest_of_lowest
         : name == "lowest_newest"    ? eviction::lowest_newest
         : name == "thin"             ? eviction::thin
                                      : throw std::invalid_argument{"eviction " + name};
}

/// One courier on a segment log, one disk, one link, one receiver, on virtual time.
class world {
 public:
  explicit world(const json& c)
      : link_{clock_, 1, {.delay = c.at("rtt_ms").get<std::int64_t>() / 2}}, payload_(c.at("payload_bytes").get<std::size_t>()) {
    config_.box.quota_items = c.at("quota_count");
    config_.box.quota_bytes = c.at("quota_bytes");
    config_.box.evict = eviction_of(c.at("eviction"));
    config_.box.mode =
        c.at("durability") == "media" ? durability::media : (c["durability"] == "os" ? durability::os : durability::volatile_);
    config_.box.in_flight = c.at("inflight");
    config_.box.dead_letter_after = c.at("dead_letter_after");
    config_.box.streams = c.at("order") == "strict" ? order::strict : order::live_first;
    config_.box.receiver_window = 0;
    config_.attempt_timeout = c.at("attempt_timeout_ms");
    config_.backoff.base = c.at("backoff_ms").at(0);
    config_.backoff.cap = c.at("backoff_ms").at(1);
    config_.replay_interval = 1000 / c.at("rate_per_s").get<std::int64_t>();
    config_.endpoints = c.at("endpoints");
    ttl_s_ = static_cast<std::uint32_t>(c.at("ttl_ms").get<std::uint64_t>() / 1000);
    open({clock_.now(), skerry::wall_ms{1'700'000'000'000}, true});
    link_.on_request([this](endpoint_id, const item_view& item) {
      const auto before = broker_.effects();
      const outcome what = broker_.receive(item);
      if (broker_.effects() != before && marked_ && !first_after_mark_) {
        first_after_mark_ = {clock_.now() - *marked_, item.id.seq};
      }
      return reply<tick>{what, no_hint<tick>};
    });
    link_.on_answer([this](send_token token, reply<tick> answer, tick now) {
      if (courier_) {  // answers to a life that is over reach the next one, which does not know their tokens
        it().on_result(token, answer, now);
      }
    });
  }

  void open(skerry::clock_reading<tick> clock) {
    store_ =
        std::make_unique<store_type>(store_type::create(disk_, {.segment_bytes = 256U << 10, .segments = 16, .entropy = boots_}).value());
    ++boots_;
    courier_ = std::make_unique<skerry::result<courier_type>>(courier_type::open(*store_, config_, device_seed::for_test(boots_), clock));
  }

  courier_type& it() { return courier_->value(); }

  /// Runs until `done()` or until the time is over; false in the latter case.
  template <typename Done>
  bool run(tick for_ms, Done&& done) {
    const tick end = clock_.now() + for_ms;
    for (;;) {
      const auto wake = drive_tick(it(), link_, clock_.now());
      if (wake && wake.value() <= clock_.now()) {
        throw std::runtime_error{"next_deadline is not later than now"};
      }
      if (done()) {
        return true;
      }
      const auto next = skerry::earliest<tick>(wake, clock_.next_event(), clock_.now());
      if (!next || next.value() > end) {
        clock_.run_until(end);
        (void)drive_tick(it(), link_, clock_.now());
        return done();
      }
      clock_.run_until(next.value());
    }
  }

  void play(const json& step, suite_report::checks& check) {
    const std::string op = step.at("op");
    const tick limit = step.value("limit_ms", tick{3'600'000});
    if (op == "link") {
      const std::string state = step.at("state");
      link_.set(endpoint_id{step.at("endpoint").get<std::uint8_t>()}, state == "up"       ? skerry::testing::link_condition::up
                                                                      : state == "refuse" ? skerry::testing::link_condition::refuse
                                                                      : state == "silent" ? skerry::testing::link_condition::silent
                                                                      : state == "no_replies"
                                                                          ? skerry::testing::link_condition::no_replies
                                                                          : throw std::invalid_argument{"link state " + state});
    } else if (op == "append") {
      const auto stream = step.at("stream").get<stream_id>();
      for (int i = 0; i < step.at("count").get<int>(); ++i) {
        item_options<tick> options;
        options.stream = stream;
        options.importance = step.at("klass");
        options.ttl_s = ttl_s_;
        (void)it().post(std::span<const std::byte>{payload_}, options, clock_.now());
        if (step.contains("every_ms")) {
          run(step["every_ms"].get<tick>(), [] { return false; });
        }
      }
    } else if (op == "sync") {
      check.held(op, run(limit, [this] { return all_durable(); }), "all durable", "not in time");
    } else if (op == "run") {
      run(step.at("for_ms").get<tick>(), [] { return false; });
    } else if (op == "until_acks") {
      const auto goal = it().counters().delivered + step.at("count").get<std::uint64_t>();
      check.held(op, run(limit, [&] { return it().counters().delivered >= goal; }), "acknowledgements", "not in time");
    } else if (op == "settle") {
      check.held(op, run(limit, [this] { return it().queued() == 0 && it().in_flight() == 0; }), "nothing queued", "not in time");
    } else if (op == "crash") {
      courier_.reset();
      store_.reset();
      disk_.power_cut();
      return;
    } else if (op == "reopen") {
      const auto wall = step.value("wall_ms", 1'700'000'000'000 + wall_ + clock_.now());
      open({clock_.now(), skerry::wall_ms{wall}, step.value("wall_trusted", true)});
    } else if (op == "disk") {
      disk_.faults.capacity = disk_.used_bytes() + step.at("free_bytes").get<std::uint64_t>();
    } else if (op == "wall_jump") {
      wall_ += step.at("by_ms").get<std::uint64_t>();
      it().on_clock({clock_.now(), skerry::wall_ms{1'700'000'000'000 + wall_ + clock_.now()}, true});
    } else if (op == "reply") {
      const std::string what = step.at("outcome");
      broker_.answer(step.at("stream"), step.at("nth"),
                     what == "permanent"   ? outcome::permanent
                     : what == "transient" ? outcome::transient
                     : what == "throttled" ? outcome::throttled
                                           : throw std::invalid_argument{"outcome " + what});
    } else if (op == "mark") {
      marked_ = clock_.now();
    } else {
      check.held("op", false, "a known op", op);
    }
    if (!courier_) {
      return;
    }
    const delivery_counters& n = it().counters();
    check.equal("sum after " + op, n.produced + n.recovered, n.delivered + n.dropped_total() + it().queued());
    check.equal("offers after " + op, n.offered, n.produced + n.refused);
  }

  void compare(const json& expect, suite_report::checks& check) {
    const delivery_counters& n = it().counters();  // they go on over restarts
    std::array<std::pair<const char*, drop_reason>, drop_reasons> reasons{{{"expired", drop_reason::expired},
                                                                           {"evicted", drop_reason::evicted},
                                                                           {"dead_letter", drop_reason::dead_letter},
                                                                           {"damaged", drop_reason::damaged},
                                                                           {"cancelled", drop_reason::cancelled},
                                                                           {"not_stored", drop_reason::not_stored}}};
    for (const auto& [key, value] : expect.items()) {
      if (key == "produced") {
        check.equal(key, value.get<std::uint64_t>(), n.produced);
      } else if (key == "refused") {
        check.equal(key, value.get<std::uint64_t>(), n.refused);
      } else if (key == "delivered") {
        check.equal(key, value.get<std::uint64_t>(), broker_.effects());
      } else if (key == "dropped") {
        for (const auto& reason : reasons) {
          check.equal(std::string{"dropped "} + reason.first, value.value(reason.first, std::uint64_t{0}), n.dropped_for(reason.second));
        }
      } else if (key == "queued") {
        check.equal(key, value.get<std::uint64_t>(), it().queued());
      } else if (key == "order_violations") {
        check.equal(key, value.get<std::uint64_t>(), broker_.overtaken());
      } else if (key == "duplicates_max") {
        check.held(key, broker_.repeats() <= value.get<std::uint64_t>(), value.dump(), std::to_string(broker_.repeats()));
      } else if (key == "first_delivery_after_mark_ms_max") {
        const bool in_time = first_after_mark_ && first_after_mark_->first <= value.get<tick>();
        check.held(key, in_time, value.dump(), first_after_mark_ ? std::to_string(first_after_mark_->first) : "never");
      } else if (key == "first_seq_after_mark") {
        check.equal(key, value.get<std::uint64_t>(), first_after_mark_ ? first_after_mark_->second : 0);
      } else {
        check.held(key, false, "a known count", value.dump());
      }
    }
  }

 private:
  [[nodiscard]] bool all_durable() {
    for (stream_id s = 0; s < courier_type::limits.box.streams; ++s) {
      if (it().durable_upto(s).seq < it().box().last(s).seq) {
        return false;
      }
    }
    return true;
  }

  skerry::testing::virtual_clock<tick> clock_{tick{1'000'000}};
  skerry::testing::faulty_link<tick> link_;
  skerry::testing::broker<16, 64> broker_;
  skerry::testing::faulty_disk disk_{1};
  std::unique_ptr<store_type> store_;
  std::uint64_t boots_ = 0;
  courier_config<tick> config_{};
  std::unique_ptr<skerry::result<courier_type>> courier_;
  std::vector<std::byte> payload_;
  std::uint32_t ttl_s_ = 0;
  std::uint64_t wall_ = 0;
  std::optional<tick> marked_;
  std::optional<std::pair<tick, std::uint64_t>> first_after_mark_;
};

#if defined(SKERRY_HAS_CRASH_WORLDS)

using namespace skerry_crash;

/// So many crashes, in the mixture of `skerry_crash --points`.
tally crashes(std::uint64_t points) {
  tally all = explore_fleet(1, 1 + points / 50'000, plant::none, false);
  all.add(explore_faults(1, 1 + points / 50'000, plant::none, false));
  all.add(explore_flips(1, points / 10, plant::none, false));
  all.add(explore_points(1, points - std::min(points, all.points), plant::none, false));
  return all;
}
/// Time of the processor. Where others had the core meanwhile it says too much: they share its caches, and its other thread.
void judge_time(const std::string& gate, double budget, double seconds, double passed, suite_report& report) {
  if (seconds > budget && seconds < 0.9 * passed) {
    report.skip(gate + " seconds",
                "the machine is busy: " + std::to_string(seconds) + " s of processor time within " + std::to_string(passed));
    return;
  }
  suite_report::checks check{report, gate + " seconds"};
  check.held("seconds_budget", seconds <= budget, std::to_string(budget), std::to_string(seconds));
}

/// All sequences up to the length that the text says.
tally sequences(const json& gate, suite_report::checks& check) {
  const std::string text = gate.at("desc");
  const std::string before = "length<=";
  const auto at = text.find(before);
  if (at == std::string::npos) {
    check.held("desc", false, "a length", text);
    return {};
  }
  const auto length = static_cast<std::size_t>(std::stoul(text.substr(at + before.size())));
  std::uint64_t done = 0;
  std::uint64_t all = 1;
  for (std::size_t i = 0; i < length; ++i) {
    all = all * 6 + 1;
  }
  const tally t = explore_sequences(length, false, done);
  check.equal("sequences", all, done);
  return t;
}

void run_gate(const json& gate, suite_report& report) {
  const std::string name = "gate " + gate.at("name").get<std::string>();
  if (!is_quick()) {
    report.skip(name, "its size is one for optimised builds without sanitizers; here the tests of skerry_crash run smaller ones");
    return;
  }
  suite_report::checks check{report, name};
  tally t;
  if (gate.contains("kills")) {
    const auto folder = std::filesystem::temp_directory_path() / ("skerry_vectors.kills." + std::to_string(::getpid()));
    const kill_tally k = explore_kills(1, gate["kills"], folder.string());
    std::filesystem::remove_all(folder);
    check.equal("kills", gate["kills"].get<std::uint64_t>(), k.kills);
    check.held("produced", k.produced > 0, "items", "none");
    check.equal("order_violations", gate.at("order_violations").get<std::uint64_t>(), k.order_violations);
    t.lost = k.lost;
    t.phantom = k.phantom;
    t.excess = k.excess;
    t.first = k.first;
  } else if (gate.contains("crash_points")) {
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t begin = std::clock();
    t = crashes(gate["crash_points"]);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    judge_time(name, gate.value("seconds_budget", 1e9), seconds, passed, report);
  } else {
    t = sequences(gate, check);
  }
  check.held("every law", t.found() == 0, "held", t.first);
  check.equal("lost", gate.at("lost").get<std::uint64_t>(), t.lost);
  check.equal("phantom", gate.value("phantom", std::uint64_t{0}), t.phantom);
  check.equal("dup_beyond_contract", gate.value("dup_beyond_contract", std::uint64_t{0}), t.excess);
}

#else

void run_gate(const json& gate, suite_report& report) {
  report.skip("gate " + gate.at("name").get<std::string>(), "this build has no crash program");
}

#endif

void run(const json& file, const std::filesystem::path&, suite_report& report) {
  for (const auto& scenario : file.at("broker_scenarios")) {
    const std::string name = scenario.at("name");
    suite_report::checks check{report, name};
    json config = file.at("script_defaults");
    config.update(scenario.value("config", json::object()));
    world all{config};
    for (const auto& step : scenario.at("script")) {
      all.play(step, check);
    }
    all.compare(scenario.at("expect_counts"), check);
  }
  for (const auto& gate : file.at("gates")) {
    run_gate(gate, report);
  }
}

const suite_registration registered{"delivery.outbox_contract", &run};

}  // namespace
}  // namespace skerry_test
