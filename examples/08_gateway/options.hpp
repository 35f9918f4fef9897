// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "broker_link.hpp"
#include "csv_source.hpp"

#include <skerry/testing/scenario.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

struct options {
  std::string csv;
  std::map<std::string, std::string> renames;  ///< name in the file, name here
  std::uint16_t machines = 4;
  double hours = 2;
  std::uint64_t seed = 7;
  bool fault_said = false;
  std::vector<skerry::testing::scenario_entry> faults;
  std::vector<std::pair<double, double>> outages;  ///< at, length; empty: the default
  bool no_outage = false;
  std::string store;                                   ///< folder; empty: one for this run alone
  double restart = -1;                                 ///< seconds of stream time; negative: never
  std::string model, library = "libonnxruntime.so.1";  ///< of known failures; empty: none
  float threshold = 0.85F;
  std::string decision_log;  ///< what a sensor that judges by itself decided; empty: nobody asks
  std::uint32_t decision_window = 160;
  link_settings link;
  bool region_only = false;
  std::string json, report;
  bool quiet = false;
};

namespace detail {

inline double number_of(std::string_view text, const char* what) {
  const auto v = to_number(text);
  if (!v || *v < 0) {
    throw misuse{fmt::format("{}: '{}' is not a number", what, text)};
  }
  return *v;
}

inline void read_simulation(const std::string& spec, options& o) {
  std::vector<std::string_view> parts;
  split(spec, ',', parts);
  for (const std::string_view part : parts) {
    const std::size_t equals = part.find('=');
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
    if (key == "machines") {
      const double n = number_of(value, "--simulate machines");
      if (n < 1 || n > 64 || n != static_cast<double>(static_cast<int>(n))) {
        throw misuse{"--simulate machines: 1 to 64"};
      }
      o.machines = static_cast<std::uint16_t>(n);
    } else if (key == "hours") {
      o.hours = number_of(value, "--simulate hours");
      if (o.hours < 0.01 || o.hours > 1000) {
        throw misuse{"--simulate hours: 0.01 to 1000"};
      }
    } else if (key == "seed") {
      o.seed = static_cast<std::uint64_t>(number_of(value, "--simulate seed"));
    } else if (key == "fault") {
      o.fault_said = true;
      if (value == "none") {
        continue;
      }
      const auto entry = skerry::testing::parse_scenario(value);
      if (!entry) {
        throw misuse{
            fmt::format("--simulate fault: '{}' is not [MACHINE/]WHAT@SECONDS[:SEVERITY][+RAMP] with WHAT one of bearing_outer, "
                        "bearing_inner, imbalance, tool_wear, sensor_stuck, sensor_dropout",
                        value)};
      }
      o.faults.push_back(entry.value());
    } else {
      throw misuse{fmt::format("--simulate: no setting '{}'; there are machines, hours, seed, fault", key)};
    }
  }
}

/// mqtt://HOST:PORT, or two of them: the second is the fallback.
inline void read_link(const std::string& text, options& o) {
  if (text == "loopback") {
    return;
  }
  std::vector<std::string_view> parts;
  split(text, ',', parts);
  for (std::string_view part : parts) {
    constexpr std::string_view scheme = "mqtt://";
    const bool known = part.substr(0, scheme.size()) == scheme;
    part = known ? part.substr(scheme.size()) : part;
    const std::size_t colon = part.rfind(':');
    const auto port = colon == std::string_view::npos ? std::optional<double>{1883} : to_number(part.substr(colon + 1));
    const std::string_view host = part.substr(0, colon);
    if (!known || host.empty() || !port || *port < 1 || *port > 65535) {
      throw misuse{fmt::format("--link: '{}' is neither loopback nor mqtt://HOST:PORT", text)};
    }
    o.link.brokers.push_back({std::string{host}, static_cast<std::uint16_t>(*port)});
  }
  if (o.link.brokers.size() > 2) {
    throw misuse{"--link: one broker, or two: the second is the fallback"};
  }
}

inline double read_speed(std::string_view text) {
  if (text == "max") {
    return 0;
  }
  const auto n = !text.empty() && text.back() == 'x' ? to_number(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!n || !(*n > 0)) {
    throw misuse{fmt::format("--speed: '{}' is neither max nor, for example, 60x", text)};
  }
  return *n;
}

}  // namespace detail

/// Not an error: the text goes to standard output.
struct help_wanted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr const char* usage =
    "usage: gateway [--csv FILE [--map t=NAME,...] | --simulate machines=4,hours=2,seed=7,fault=TEXT]\n"
    "               [--outage AT+SECONDS | --outage none] [--store DIR] [--restart AT] [--model FILE.onnx [--threshold P]]\n"
    "               [--link loopback | --link mqtt://HOST:PORT[,mqtt://HOST:PORT] [--node NAME] [--region here|elsewhere|only]]\n"
    "               [--speed max|Nx] [--report FILE.html] [--json FILE] [--quiet]      gateway --help says more\n";

/// Throws `misuse` and `help_wanted`.
inline options read_options(int argc, char** argv) {
  options o;
  CLI::App app{"Watches machines, raises alarms, and brings everything to the region although the link goes down.", "gateway"};
  std::string simulate, speed = "max", link = "loopback", region = "here";
  std::vector<std::string> outages, renames;
  bool checklist = false;
  std::string metrics;
  auto* csv = app.add_option("--csv", o.csv, "a recorded table: first column t (unix seconds), numeric channels, label for scoring only");
  app.add_option("--map", renames, "use a column under another name: t=ts,load=spindle_load")->delimiter(',');
  app.add_option("--simulate", simulate, "machines=4,hours=2,seed=7,fault=2/bearing_outer@3600:0.6 (fault may repeat; fault=none)")
      ->excludes(csv);
  app.add_option("--outage", outages, "link down: AT+SECONDS of stream time, may repeat; none: never");
  app.add_option("--json", o.json, "write the summary's figures to this file");
  app.add_option("--report", o.report, "write the report, one HTML file");
  app.add_flag("--quiet", o.quiet, "no progress lines");
  app.add_option("--speed", speed, "max, or stream seconds per second: 1x, 60x");
  app.add_option("--link", link,
                 "loopback: the region in this process; mqtt://HOST:PORT: over a broker, a second one behind a comma is the fallback");
  app.add_option("--node", o.link.node, "over a broker: this gateway's name there");
  app.add_option("--region", region,
                 "over a broker, the region listens here, elsewhere, or this process is the region only (until SIGTERM)")
      ->check(CLI::IsMember({"here", "elsewhere", "only"}));
  app.add_option("--store", o.store,
                 "folder of the outbox: survives kill and power cut; the next run on it continues (default: one for this run)");
  app.add_option("--restart", o.restart, "drop all memory at this second of stream time, and go on from the store");
  app.add_option("--model", o.model, "FILE.onnx: a model of known failures, asked for every row that is judged; needs ONNX Runtime");
  app.add_option("--library", o.library, "where ONNX Runtime is");
  app.add_option("--threshold", o.threshold, "a known failure from this probability on")->check(CLI::Range(0.01F, 1.0F));
  app.add_option("--decision-log", o.decision_log,
                 "with --csv: what a sensor node with the judge of 07_firmware_sensor decides on the first channel, a line per window");
  app.add_option("--decision-window", o.decision_window, "its rows per window")->check(CLI::Range(2U, 1'000'000U));
  app.add_option("--metrics", metrics, "not in this version");
  app.add_flag("--checklist", checklist, "not in this version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    throw help_wanted{app.help()};
  } catch (const CLI::ParseError& e) {
    throw misuse{e.what()};
  }

  o.link.speed = detail::read_speed(speed);
  detail::read_link(link, o);
  o.link.region_here = region != "elsewhere";
  o.region_only = region == "only";
  if (region != "here" && o.link.brokers.empty()) {
    throw misuse{"--region: in a loopback the region is here"};
  }
  if (o.link.node.empty() || o.link.node.find_first_of("/+#") != std::string::npos) {
    throw misuse{"--node: a name without / + #"};
  }
  if (!metrics.empty()) {
    throw misuse{"--metrics is not in this version; --json writes the figures of the run"};
  }
  if (checklist) {
    throw misuse{"--checklist is not in this version"};
  }
  if (!o.decision_log.empty() && o.csv.empty()) {
    throw misuse{"--decision-log judges the first channel of a --csv file"};
  }
  if (!renames.empty() && o.csv.empty()) {
    throw misuse{"--map renames columns of a --csv file"};
  }
  for (const std::string& r : renames) {
    const std::size_t equals = r.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == r.size()) {
      throw misuse{fmt::format("--map: '{}' is not NAME=COLUMN", r)};
    }
    o.renames[r.substr(equals + 1)] = r.substr(0, equals);
  }
  for (const std::string& text : outages) {
    if (text == "none") {
      o.no_outage = true;
      continue;
    }
    const std::size_t plus = text.find('+');
    if (plus == std::string::npos) {
      throw misuse{fmt::format("--outage: '{}' is not AT+SECONDS, for example 3000+600, or none", text)};
    }
    const double at = detail::number_of(text.substr(0, plus), "--outage");
    const double length = detail::number_of(text.substr(plus + 1), "--outage");
    if (length <= 0) {
      throw misuse{"--outage: an outage has a length"};
    }
    o.outages.emplace_back(at, length);
  }
  if (!simulate.empty()) {
    detail::read_simulation(simulate, o);
  }
  const double seconds = o.hours * 3600;
  // The story of the demonstration, where the time is long enough to learn what is normal first.
  if (!o.fault_said && seconds >= 4500) {
    o.faults.push_back(skerry::testing::parse_scenario("bearing_outer@3600:0.6").value());
  }
  for (auto& fault : o.faults) {
    fault.machine = fault.machine != 0 ? fault.machine : static_cast<std::uint16_t>(o.machines >= 2 ? 2 : 1);
    if (fault.machine > o.machines) {
      throw misuse{fmt::format("--simulate fault: there is no machine {}, only {}", fault.machine, o.machines)};
    }
  }
  return o;
}

}  // namespace gateway
