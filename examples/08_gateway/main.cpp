// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// gateway: from signals to a page that says what to look at, through an outage. This file is the composition: sources, checks,
// judges, state, outbox, link and region meet here, and nowhere else.
#include "csv_source.hpp"
#include "decisions.hpp"
#include "hall_state.hpp"
#include "known_model.hpp"
#include "options.hpp"
#include "report.hpp"
#include "simulated_source.hpp"
#include "station.hpp"
#include "summary.hpp"
#include "uplink.hpp"

#include <skerry/core/version.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace gateway;
using steady = std::chrono::steady_clock;

/// Everything behind the sources: what a machine's rows and alarms become, and the way up.
class pipeline {
 public:
  pipeline(run_record& run, std::vector<station> stations, std::vector<link_cut> cuts, const options& o, store& kept, region& peer)
      : run_{run},
        stations_{std::move(stations)},
        region_{peer},
        uplink_{region_, std::move(cuts), run.seed, run.start_unix, kept, o.link},
        state_{make_state(1, skerry::state::role::gateway, run.seed)},
        summaries_(stations_.size()),
        rows_in_summary_(stations_.size()),
        conditions_(stations_.size(), condition::learning),
        quiet_{o.quiet} {
    for (std::size_t m = 0; m < stations_.size(); ++m) {
      write_condition(m, condition::learning, 0);
    }
  }

  [[nodiscard]] station& at(std::size_t m) { return stations_[m]; }

  /// `judge` looks at what machine `m` delivered until `t`; its time is the local latency.
  template <typename Judge>
  void row(std::size_t m, double t, Judge&& judge) {
    uplink_.run_until(t);
    const auto begin = steady::now();
    const judged answer = judge(stations_[m]);
    const std::chrono::duration<float, std::micro> took = steady::now() - begin;
    if (!answer.values.empty()) {
      run_.latency[!uplink_.up() ? 1 : (uplink_.queued() > 2 * stations_.size() ? 2 : 0)].us.push_back(took.count());
    }
    ++run_.rows;
    after(m, t, answer.values, answer.happened);
    progress(t);
  }

  void finish() {
    for (std::size_t m = 0; m < stations_.size(); ++m) {
      close_summary(m, run_.duration);
    }
    uplink_.settle(run_.duration);
    uplink_.finish(run_);
    uplink_.close();
    region_.finish(run_);
    run_.state = state_crc(*state_);
    run_.region.states_agree = agree(*state_, region_.state());
    for (station& s : stations_) {
      s.finish();
      run_.machines.push_back(std::move(s.record()));
    }
    for (latency_record& l : run_.latency) {
      std::sort(l.us.begin(), l.us.end());
    }
  }

  /// As a power cut would end it: only the counts are told.
  void abandon() { uplink_.finish(run_); }

 private:
  static constexpr std::uint32_t rows_per_summary = 10;

  void after(std::size_t m, double t, std::span<const float> values, edge happened) {
    auto& channels = summaries_[m];
    if (!values.empty()) {
      channels.resize(values.size());
      for (std::size_t c = 0; c < values.size(); ++c) {
        // Finite by the checks before; what is refused is missing from the count, and shows there.
        (void)channels[c].observe(static_cast<double>(values[c]));
      }
      ++run_.region.rows_produced;
      run_.bytes.features += values.size_bytes();
    }
    if (happened != edge::none) {
      const alarm_record& a = stations_[m].record().alarms.back();
      const alarm_message message{static_cast<std::uint16_t>(m + 1), a.id, happened == edge::raised, static_cast<std::uint64_t>(1000 * t)};
      send(stream_alarm, 0, t, [&](skerry::byte_writer& out) { return encode(message, out); });
    }
    if (happened == edge::raised) {
      if (const auto delta = state_->inc<machine_alarms>(1U, static_cast<std::uint32_t>(m + 1))) {
        uplink_.send(stream_state, 1, delta.value().bytes(), t);
      }
    }
    const condition now =
        stations_[m].alarmed() ? condition::alarmed : (stations_[m].record().learned_at == never ? condition::learning : condition::normal);
    if (now != conditions_[m]) {
      write_condition(m, now, t);
    }
    if (++rows_in_summary_[m] == rows_per_summary) {
      close_summary(m, t);
    }
  }

  void close_summary(std::size_t m, double t) {
    rows_in_summary_[m] = 0;
    if (summaries_[m].empty()) {
      return;
    }
    const summary_message message{static_cast<std::uint16_t>(m + 1), std::move(summaries_[m])};
    summaries_[m] = {};
    send(stream_summary, 2, t, [&](skerry::byte_writer& out) { return encode(message, out); });
  }

  void write_condition(std::size_t m, condition now, double t) {
    conditions_[m] = now;
    const skerry::wall_ms wall{static_cast<std::uint64_t>(1000 * (run_.start_unix + t))};
    if (const auto delta = state_->write<machine_condition>(now, wall, static_cast<std::uint32_t>(m + 1))) {
      uplink_.send(stream_state, 1, delta.value().bytes(), t);
    }
  }

  template <typename Encode>
  void send(std::uint16_t stream, std::uint8_t importance, double t, Encode&& encode_into) {
    std::array<std::byte, uplink_limits.box.record_bytes> memory;
    skerry::byte_writer out{memory};
    const skerry::status encoded = encode_into(out);
    SKERRY_ASSERT(encoded && "a summary of 16 channels fits into a record");
    uplink_.send(stream, importance, out.written(), t);
  }

  /// Once per second of wall time; plain lines, so that a log file reads well too.
  void progress(double t) {
    if (quiet_ || steady::now() - last_line_ < std::chrono::seconds{1}) {
      return;
    }
    last_line_ = steady::now();
    std::size_t alarms = 0;
    for (const station& s : stations_) {
      alarms += s.alarmed() ? 1U : 0U;
    }
    fmt::print(stderr, "{} of {} · {} rows · link {} · {} queued · {} dropped · {} machine(s) alarmed\n", when(run_, t),
               span_text(run_.duration), run_.rows, uplink_.up() ? "up" : "DOWN", uplink_.queued(), uplink_.counters().dropped_total(),
               alarms);
  }

  run_record& run_;
  std::vector<station> stations_;
  region& region_;
  uplink uplink_;
  std::unique_ptr<hall_state> state_;
  std::vector<std::vector<channel_moments>> summaries_;
  std::vector<std::uint32_t> rows_in_summary_;
  std::vector<condition> conditions_;
  bool quiet_;
  steady::time_point last_line_ = steady::now();
};

/// The outages asked for; without a word, ten minutes in the middle of the story, or the middle tenth of anything else.
std::vector<link_cut> cuts_of(const options& o, run_record& run) {
  std::vector<link_cut> cuts;
  for (const auto& [at, length] : o.outages) {
    cuts.push_back({at, at + length});
  }
  if (cuts.empty() && !o.no_outage && o.link.brokers.empty()) {
    const bool story = o.csv.empty() && run.duration >= 3700;
    cuts.push_back(story ? link_cut{3000, 3600} : link_cut{0.45 * run.duration, 0.55 * run.duration});
    run.settings.emplace_back("outage", story ? "3000+600, the story's" : "the middle tenth of the recording, as none was asked for");
  }
  return cuts;
}

/// One life of the gateway: until the story ends, or, given up in the middle, at `until`.
/// Nothing where no model was asked for.
std::unique_ptr<known_model> known_of(const options& o, std::size_t columns) {
  if (o.model.empty()) {
    return nullptr;
  }
  auto known = std::make_unique<known_model>(columns);
  known->load(o.model, o.library);
  return known;
}

void simulate(const options& o, run_record& run, store& kept, region& peer, double until) {
  run.source = "simulator";
  run.duration = o.hours * 3600;
  run.truth_known = true;
  run.settings.emplace_back("simulated", fmt::format("{} machines, {} h, seed {}", o.machines, o.hours, o.seed));
  run.settings.emplace_back(
      "judge", fmt::format("isolation forest over rows of {} features, learning from the first {} rows of each machine", feature_count,
                           hall_monitor::warm_up));
  const auto known = known_of(o, feature_count);
  std::vector<simulated_machine> machines;
  std::vector<station> stations;
  for (std::uint16_t n = 1; n <= o.machines; ++n) {
    machines.emplace_back(o.seed, n, o.faults);
    skerry::anomaly::monitor_config config;
    config.seed = o.seed * 1000 + n;
    config.latch.k = 5;  // of 7 seconds: a hall can wait two seconds longer for an alarm that is not false
    config.latch.n = 7;
    config.rows_per_day = 86400;
    config.horizon = 0;  // levels for the whole budget from the first hour on
    config.known_threshold = o.threshold;
    stations.emplace_back(fmt::format("mill-{}", n), feature_names(), judge::of_width<feature_count, hall_monitor>(config, known.get()));
    for (const auto& fault : o.faults) {
      if (fault.machine == n && fault.at < run.duration) {
        stations.back().record().truth.push_back({to_string(fault.what), fault.at, std::min(fault.until, run.duration),
                                                  class_of(fault.what) == skerry::testing::disturbance_class::sensor});
      }
    }
  }
  pipeline p{run, std::move(stations), cuts_of(o, run), o, kept, peer};
  for (std::uint64_t second = 0; static_cast<double>(second + 1) <= run.duration; ++second) {
    if (static_cast<double>(second + 1) > until) {
      return p.abandon();
    }
    for (std::size_t m = 0; m < machines.size(); ++m) {
      machines[m].collect(second);
      run.bytes.raw += machines[m].raw_bytes_per_second();
      p.row(m, static_cast<double>(second + 1), [&](station& s) { return machines[m].judge_second(s, second, run); });
      machines[m].keep_spectra(p.at(m), static_cast<double>(second + 1));
    }
  }
  p.finish();
  run.model = known ? known->text() : std::string{};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  out.flush();
  if (!out) {
    throw misuse{fmt::format("cannot write {}", path)};
  }
}

void play_back(const options& o, run_record& run, store& kept, region& peer, double until) {
  const csv_table table = read_csv(o.csv, o.renames);
  run.source = std::filesystem::path{o.csv}.filename().string();
  run.duration = table.t.back() + table.row_seconds;
  run.start_unix = table.start_unix;
  run.row_seconds = table.row_seconds;
  run.bytes.raw = table.bytes;
  run.input_hash = fmt::format("{:08x}", table.crc);
  run.truth_known = !table.label.empty();
  run.gaps = table.gaps;
  run.refused.assign(table.refused.begin(), table.refused.end());
  run.refused_examples = table.refused_examples;
  run.settings.emplace_back("input", fmt::format("{}, {} bytes, CRC-32C {}", run.source, table.bytes, run.input_hash));
  run.settings.emplace_back("channels", fmt::format("{}", fmt::join(table.columns, ", ")));
  run.settings.emplace_back("judge", "isolation forest over the rows as they are, default settings");
  for (const std::string& note : table.notes) {
    run.settings.emplace_back("note", note);
    fmt::print(stderr, "gateway: {}\n", note);
  }
  std::vector<indicator> indicators(table.columns.size());
  for (std::size_t c = 0; c < indicators.size(); ++c) {
    indicators[c].name = table.columns[c];
  }
  skerry::anomaly::monitor_config config;
  config.seed = o.seed;
  config.rows_per_day = 86400 / table.row_seconds;
  config.max_gap_ms = static_cast<std::int64_t>(10'000 * table.row_seconds);
  config.known_threshold = o.threshold;
  const auto known = known_of(o, table.columns.size());
  std::vector<station> stations;
  stations.emplace_back(std::filesystem::path{o.csv}.stem().string(), std::move(indicators),
                        judge::make<skerry::anomaly::default_monitor>(table.columns.size(), config, known.get()));
  machine_record& record = stations.back().record();
  for (std::size_t i = 0; i < table.label.size(); ++i) {
    if (table.label[i] != 0 && (i == 0 || table.label[i - 1] == 0)) {
      record.truth.push_back({"labelled as anomaly", table.t[i], table.t[i], false});
    }
    if (table.label[i] != 0) {
      record.truth.back().until = table.t[i];
    }
  }
  for (const auto& [from, end] : table.gap_spans) {
    stations.back().quality("gap", from, end);
  }
  for (const stuck_span& s : find_stuck(table, skerry::anomaly::default_monitor::warm_up)) {
    ++run.stuck;
    stations.back().quality("one channel repeats one value", s.from, s.until);
  }
  pipeline p{run, std::move(stations), cuts_of(o, run), o, kept, peer};
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (table.t[i] > until) {
      return p.abandon();
    }
    p.row(0, table.t[i], [&](station& s) { return judged{s.observe(table.t[i], table.row(i), 0), table.row(i)}; });
  }
  p.finish();
  if (!o.decision_log.empty()) {
    const sensor_decisions decided = decide_as_sensor(table, o.decision_window);
    write_file(o.decision_log, decided.text);
    run.settings.emplace_back("sensor's decisions", fmt::format("{} rows a window, CRC-32C {:08x}", o.decision_window, decided.crc));
  }
  run.model = known ? known->text() : std::string{};
}

/// What the store must recognise as the same story: the source and its settings, not the outages.
std::string story_of(const options& o) {
  std::string text =
      o.csv.empty() ? fmt::format("{} machines, {} h, seed {}", o.machines, o.hours, o.seed) : fmt::format("{}, seed {}", o.csv, o.seed);
  for (const auto& fault : o.faults) {
    text += fmt::format(", {} {} {} {}", fault.machine, to_string(fault.what), fault.at, fault.severity);
  }
  return text;
}

/// One life, or two with a restart between them. The region is another machine: it goes on.
void run_all(const options& o, run_record& run) {
  store kept{o.store, story_of(o), o.restart >= 0};
  region peer{run.seed};
  if (!o.store.empty()) {
    if (o.link.region_here) {
      peer.remember(kept.file("received_by_region"), kept.noted().t_ms == 0);
    }
    run.settings.emplace_back("store", o.store);
  }
  const auto life = o.csv.empty() ? simulate : play_back;
  account_record before;
  if (o.restart >= 0) {
    run_record first = run;
    life(o, first, kept, peer, o.restart);
    kept.reopen();
    before = first.account;
    run.account = first.account;
    run.settings.emplace_back("restart", fmt::format("at {} s, all memory dropped", o.restart));
  }
  life(o, run, kept, peer, never);
  // What was delivered, and whose acknowledgement the restart forgot, came back and was delivered again.
  const std::uint64_t back = run.account.recovered - before.recovered;
  if (o.restart >= 0) {
    run.account.recovered = before.recovered;
    run.account.delivered -= back - before.queued;
    for (link_cut& c : run.cuts) {
      c.restarted = o.restart >= c.from && o.restart < c.until;
    }
  }
}

std::atomic<bool> told_to_end{false};

/// The region as a process of its own: another machine, which is not killed when a gateway is.
int be_the_region(const options& o) {
  region peer{o.seed};
  if (!o.store.empty()) {
    std::filesystem::create_directories(o.store);
    peer.remember(std::filesystem::path{o.store} / "received_by_region", false);
  }
  std::signal(SIGTERM, [](int) { told_to_end = true; });
  std::signal(SIGINT, [](int) { told_to_end = true; });
  listen(o.link, peer, [] { return told_to_end.load(); });
  run_record run;
  peer.finish(run);
  if (!o.json.empty()) {
    write_file(o.json, region_json(run).dump(2) + "\n");
  }
  fmt::print("{} messages of {}, {} repeats suppressed, {} marked as history, {}\n", peer.items(), o.link.node, peer.duplicates(),
             peer.historical(), run.region.order_kept ? "order kept" : "ORDER LOST");
  return run.region.order_kept ? 0 : 1;
}

std::uint64_t peak_memory_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) {
      return std::stoull(line.substr(6));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const options o = read_options(argc, argv);
    if (o.region_only) {
      return be_the_region(o);
    }
    if (!o.quiet) {
      fmt::print("gateway: learns each machine's normal, raises alarms, and brings everything to the region through an outage\n");
    }
    run_record run;
    run.seed = o.seed;
    run.version = "skerry " SKERRY_VERSION_STRING;
    run.settings.emplace_back("version", run.version);
    const auto begin = steady::now();
    run_all(o, run);
    run.wall_seconds = std::chrono::duration<double>(steady::now() - begin).count();
    run.memory_kib = peak_memory_kib();
    fmt::print("{}", summary_text(run));
    if (!o.json.empty()) {
      write_file(o.json, to_json(run).dump(2) + "\n");
    }
    if (!o.report.empty()) {
      write_file(o.report, report{run}.html());
      fmt::print("{:<9}{}\n", "report", o.report);
    }
    const bool held = run.account.balances();
    fmt::print("{}\n", held ? "Held: every message handed over is delivered, dropped with a reason, or still queued."
                            : "NOT HELD: the accounting does not balance.");
    return held ? 0 : 1;
  } catch (const help_wanted& e) {
    fmt::print("{}", e.what());
    return 0;
  } catch (const misuse& e) {
    fmt::print(stderr, "gateway: {}\n{}", e.what(), usage);
    return 2;
  }
}
