// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "record.hpp"
#include "text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

// The figures of a run, as JSON and in a few lines. Measured figures carry ~: they differ from run to run.
namespace gateway {

inline nlohmann::json to_json(const run_record& run) {
  using nlohmann::json;
  json out;
  const auto time_or_null = [](double t) { return t == never ? json(nullptr) : json(t); };
  std::uint64_t faults = 0, hit = 0, false_alarms = 0, alarms = 0, refused = 0;
  json found = json::array(), machines = json::array(), delays = json::array();
  for (const machine_record& m : run.machines) {
    faults += m.faults;
    hit += m.hit;
    false_alarms += m.false_alarms;
    alarms += m.alarms.size();
    for (std::size_t i = 0; i < m.truth.size(); ++i) {
      if (!m.truth[i].sensor) {
        delays.push_back(
            {{"machine", m.name}, {"what", m.truth[i].what}, {"onset", m.truth[i].from}, {"delay", time_or_null(m.delays[i])}});
      }
    }
    for (const alarm_record& a : m.alarms) {
      json top = json::array();
      for (const contribution& c : a.top) {
        top.push_back({{"name", m.indicators[c.column].name}, {"change", c.change}, {"unit", m.indicators[c.column].unit}});
      }
      found.push_back({{"machine", m.name},
                       {"id", a.id},
                       {"raised", a.raised},
                       {"cleared", time_or_null(a.cleared)},
                       {"why", a.why},
                       {"changes", top}});
    }
    machines.push_back(
        {{"name", m.name}, {"learned_at", time_or_null(m.learned_at)}, {"alarms", m.alarms.size()}, {"false_alarms", m.false_alarms}});
  }
  json refused_by_kind = json::object();
  for (const auto& [kind, count] : run.refused) {
    refused += count;
    refused_by_kind[kind] = count;
  }
  json outage = json::array();
  for (const link_cut& c : run.cuts) {
    outage.push_back({{"at", c.from}, {"seconds", c.until - c.from}, {"stored", c.stored}, {"drained_in", time_or_null(c.drained_in)}});
  }
  json dropped_by_reason = json::object();
  for (const auto& [reason, count] : run.account.dropped) {
    dropped_by_reason[reason] = count;
  }
  json latency = json::object();
  for (const latency_record& l : run.latency) {
    if (!l.us.empty()) {
      latency[l.phase] = {{"rows", l.us.size()},
                          {"p50_us", l.quantile(0.5)},
                          {"p95_us", l.quantile(0.95)},
                          {"p99_us", l.quantile(0.99)},
                          {"max_us", l.quantile(1)}};
    }
  }
  out["source"] = run.source;
  out["machines"] = run.machines.size();
  out["seconds"] = run.duration;
  out["rows"] = run.rows;
  if (run.source == "simulator") {
    out["seed"] = run.seed;
  }
  out["alarms"] = found;
  out["by_machine"] = machines;
  if (run.truth_known) {
    out["detection"] = {{"faults", faults}, {"hit", hit}, {"false_alarms", false_alarms}, {"alarms", alarms}, {"delays", delays}};
  } else {
    out["detection"] = nullptr;
  }
  out["quality"] = {{"stuck", run.stuck},
                    {"gaps", run.gaps},
                    {"missing_blocks", run.missing_blocks},
                    {"refused_rows", refused},
                    {"refused_by_kind", refused_by_kind}};
  out["bytes"] = {{"raw", run.bytes.raw}, {"features", run.bytes.features}, {"sent", run.bytes.sent}, {"wire", run.bytes.wire}};
  out["latency"] = latency;
  out["outage"] = outage;
  out["account"] = {
      {"produced", run.account.produced},       {"recovered", run.account.recovered},     {"delivered", run.account.delivered},
      {"dropped", run.account.dropped_total()}, {"dropped_by_reason", dropped_by_reason}, {"queued", run.account.queued},
      {"refused", run.account.refused},         {"duplicates", run.account.duplicates},   {"balances", run.account.balances()}};
  out["region"] = {{"summaries", run.region.summaries},
                   {"alarms", run.region.alarms},
                   {"deltas", run.region.deltas},
                   {"rows", run.region.rows},
                   {"rows_produced", run.region.rows_produced},
                   {"historical", run.region.historical},
                   {"damaged", run.region.damaged},
                   {"order_kept", run.region.order_kept},
                   {"states_agree", run.region.states_agree},
                   {"state", run.region.state}};
  if (!run.region_here) {
    out["region"] = {{"rows_produced", run.region.rows_produced}};
  }
  out["state"] = run.state;
  out["link"] = run.link.empty() ? json("loopback") : json(run.link);
  out["model"] = run.model.empty() ? json(nullptr) : json(run.model);
  out["memory"] = {{"vm_hwm_kib", run.memory_kib}};
  out["wall_seconds"] = run.wall_seconds;
  return out;
}

/// What the region has, where it is a process of its own (--region only).
inline nlohmann::json region_json(const run_record& run) {
  return {{"summaries", run.region.summaries},
          {"alarms", run.region.alarms},
          {"deltas", run.region.deltas},
          {"rows", run.region.rows},
          {"historical", run.region.historical},
          {"damaged", run.region.damaged},
          {"duplicates", run.account.duplicates},
          {"order_kept", run.region.order_kept},
          {"state", run.region.state}};
}

inline std::string summary_text(const run_record& run) {
  std::string out;
  const auto line = [&](std::string_view key, const std::string& text) { out += fmt::format("{:<9}{}\n", key, text); };
  const bool simulated = run.source == "simulator";
  std::uint64_t faults = 0, hit = 0, false_alarms = 0, refused = 0;
  std::vector<std::string> found;
  for (const machine_record& m : run.machines) {
    faults += m.faults;
    hit += m.hit;
    false_alarms += m.false_alarms;
    for (std::size_t i = 0; i < m.truth.size(); ++i) {
      const truth_record& t = m.truth[i];
      if (t.sensor) {
        const bool told =
            std::any_of(m.quality.begin(), m.quality.end(), [&](const quality_event& q) { return q.from < t.until && q.until > t.from; });
        found.push_back(fmt::format("{}  {}  {}", m.name, t.what, told ? "told as the sensor's, not the machine's" : "NOT TOLD"));
        continue;
      }
      std::string why;
      for (const alarm_record& a : m.alarms) {
        if (m.delays[i] != never && a.raised - t.from == m.delays[i]) {
          for (const contribution& c : a.top) {
            why += fmt::format("{}{} {}", why.empty() ? "     why  " : ", ", m.indicators[c.column].name,
                               change_text(m.indicators[c.column], c.change));
          }
        }
      }
      found.push_back(
          fmt::format("{}  {}  {}{}", m.name, t.what,
                      m.delays[i] == never ? std::string{"MISSED"} : fmt::format("alarm {} after onset", span_text(m.delays[i])), why));
    }
    if (!run.truth_known) {
      for (const alarm_record& a : m.alarms) {
        found.push_back(fmt::format("{}  alarm {} at {}{}", m.name, a.id, when(run, a.raised), a.cleared == never ? ", stands" : ""));
      }
    }
  }
  for (const auto& [kind, count] : run.refused) {
    refused += count;
  }
  line("gateway",
       fmt::format("{} machine{}, {}{}, source {}", run.machines.size(), run.machines.size() == 1 ? "" : "s", span_text(run.duration),
                   simulated ? fmt::format(", seed {}", run.seed) : fmt::format(", {} rows", run.rows), run.source) +
           "     (all figures below are of this run; ~ marks what differs from run to run)");
  if (found.empty()) {
    line("found", run.truth_known && faults == 0 ? "nothing, and there was nothing" : "nothing");
  } else if (found.size() > 6) {
    line("found", fmt::format("{} of {} (see --json or --report for each)", run.truth_known ? hit : found.size(),
                              run.truth_known ? faults : found.size()));
  } else {
    for (const std::string& f : found) {
      line("found", f + (run.truth_known ? "     (truth known)" : ""));
    }
  }
  line("false", run.truth_known ? fmt::format("{} alarm{} outside faults", false_alarms, false_alarms == 1 ? "" : "s")
                                : std::string{"not known: the recording has no labels"});
  std::string kinds;
  for (const auto& [kind, count] : run.refused) {
    kinds += fmt::format("{}{} {}", kinds.empty() ? " (" : ", ", count, kind);
  }
  line("quality",
       fmt::format("{} stuck, {} gaps, {}{} refused rows{}{}", run.stuck, run.gaps,
                   simulated ? fmt::format("{} missing blocks, ", run.missing_blocks) : "", refused, kinds, kinds.empty() ? "" : ")"));
  line("bytes", fmt::format("raw {}   features {}   messages {}   on the wire {} ({:.2g} % of raw, with MQTT and TCP/IP computed)",
                            bytes_text(static_cast<double>(run.bytes.raw)), bytes_text(static_cast<double>(run.bytes.features)),
                            bytes_text(static_cast<double>(run.bytes.sent)), bytes_text(static_cast<double>(run.bytes.wire)),
                            run.bytes.raw > 0 ? 100 * static_cast<double>(run.bytes.wire) / static_cast<double>(run.bytes.raw) : 0.0));
  const latency_record& normal = run.latency[0];
  std::string latency = fmt::format("local p50 ~{:.1f} us  p95 ~{:.1f}  p99 ~{:.1f}  max ~{:.1f}", normal.quantile(0.5),
                                    normal.quantile(0.95), normal.quantile(0.99), normal.quantile(1));
  for (std::size_t i = 1; i < run.latency.size(); ++i) {
    if (!run.latency[i].us.empty()) {
      latency += fmt::format("      {} p95 ~{:.1f}", run.latency[i].phase, run.latency[i].quantile(0.95));
    }
  }
  line("latency", latency);
  if (!run.link.empty()) {
    line("link", run.link);
  }
  if (run.cuts.empty()) {
    line("outage", "none");
  }
  for (const link_cut& c : run.cuts) {
    line("outage", fmt::format("{} from {}, {} stored, {}, {}, {} marked as history{}", span_text(c.until - c.from), when(run, c.from),
                               c.stored, c.drained_in == never ? std::string{"not drained"} : "drained in " + span_text(c.drained_in),
                               !run.region_here ? "the region is elsewhere" : (run.region.order_kept ? "order kept" : "ORDER LOST"),
                               run.region.historical, c.restarted ? ", restart inside" : ""));
  }
  const account_record& a = run.account;
  line("account",
       fmt::format("produced {}{} = delivered {} + dropped {} + queued {}     refused {}, duplicates suppressed {}{}", a.produced,
                   a.recovered > 0 ? fmt::format(" + recovered {}", a.recovered) : "", a.delivered, a.dropped_total(), a.queued, a.refused,
                   a.duplicates, a.balances() ? "" : fmt::format("     DIFFERENCE {}", a.difference())));
  for (const auto& [reason, count] : a.dropped) {
    if (count > 0) {
      line("", fmt::format("dropped, {}: {}", reason, count));
    }
  }
  if (!run.model.empty()) {
    line("model", run.model);
  }
  line("memory", run.memory_kib > 0 ? fmt::format("VmHWM ~{} KiB", run.memory_kib) : std::string{"not known on this system"});
  return out;
}

}  // namespace gateway
