// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>
#include <skerry/testing/lossy_network.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::inline v0::testing {

/// What may go wrong in a run.
enum class sim_fault : std::uint8_t {
  lose,
  repeat,
  reorder,
  delay,
  partition,
  mtu,
  skew,
  step,
  freeze,
  year_1970,
  year_2030,
  restart,
  put_back,
  clone,
  twin,
  id_reuse,
  crowd,
  hostile,
  far,
  huge,
};
inline constexpr std::array<std::string_view, 20> sim_fault_names{
    "lose",      "repeat",  "reorder",  "delay", "partition", "mtu",      "skew",  "step",    "freeze", "year_1970",
    "year_2030", "restart", "put_back", "clone", "twin",      "id_reuse", "crowd", "hostile", "far",    "huge"};
[[nodiscard]] constexpr std::uint32_t bit(sim_fault f) noexcept { return std::uint32_t{1} << static_cast<unsigned>(f); }
inline constexpr std::uint32_t all_sim_faults = (std::uint32_t{1} << sim_fault_names.size()) - 1;

/// What one event of a script is. The number of an event is its name: it decides what the network does to its messages.
enum class sim_action : std::uint8_t {
  operate,   ///< `node` does the operation (path, verb, arguments, element, value); its delta goes to some of the others
  sync,      ///< `node` sends all that it knows to `peer`
  snapshot,  ///< an image of `node` is kept
  restart,   ///< `node` goes down and comes back with its memory, and says so by `restored`
  put_back,  ///< the image of `node` is put back
  clone,     ///< an image of `peer` is put on `node`
  reborn,    ///< `node` is replaced by an empty board with the id of `peer`
  cut,       ///< nothing from `peer` arrives at `node` any more
  heal,      ///< it does again
  clock,     ///< the clock of `node` jumps, stands or runs on, as `value` says
  vouch,     ///< a time server tells `node` the time
  hostile,   ///< a damaged frame arrives at `node`
  far,       ///< a stranger's events with far numbers arrive at `node`
  crowd,     ///< many strangers' events arrive at `node`
};
inline constexpr std::array<std::string_view, 14> sim_action_names{"operate", "sync", "snapshot", "restart", "put_back", "clone", "reborn",
                                                                   "cut",     "heal", "clock",    "vouch",   "hostile",  "far",   "crowd"};

struct sim_event {
  std::uint32_t name = 0;
  std::uint32_t wait = 0;  ///< milliseconds before it
  sim_action what = sim_action::operate;
  std::uint8_t node = 0;
  std::uint8_t peer = 0;
  std::uint16_t path = 0;
  std::uint8_t verb = 0;
  std::uint8_t args = 0;
  std::uint8_t element = 0;
  std::int64_t value = 0;
};

/// A run, written down before it happens: the same script gives the same run, to the last bit.
struct sim_script {
  std::uint64_t seed = 0;
  std::uint32_t faults = 0;
  std::size_t nodes = 5;
  std::vector<sim_event> events{};

  [[nodiscard]] bool has(sim_fault f) const noexcept { return (faults & bit(f)) != 0; }
};

struct sim_options {
  std::size_t nodes = 5;
  std::size_t events = 200;
  std::uint32_t faults = all_sim_faults;
};

/// How the network of a script behaves.
[[nodiscard]] inline network_faults network_of(const sim_script& script) {
  splitmix64 rng{script.seed ^ 0x6e657477};
  network_faults f;
  const auto up_to = [&rng](std::uint64_t most) { return rng() % (most + 1); };
  const auto lose = static_cast<std::uint32_t>(up_to(26'214));    // 40 %
  const auto repeat = static_cast<std::uint32_t>(up_to(32'768));  // 50 %
  const std::uint64_t jitter = 1 + up_to(2000);
  const std::uint64_t long_delay = 3'600'000 + up_to(3 * 86'400'000ULL);
  const auto mtu = static_cast<std::size_t>(48 + up_to(400));
  f.lose = script.has(sim_fault::lose) ? lose : 0;
  f.repeat = script.has(sim_fault::repeat) ? repeat : 0;
  f.jitter = script.has(sim_fault::reorder) ? jitter : 0;
  f.long_delay = script.has(sim_fault::delay) ? long_delay : 0;
  f.mtu = script.has(sim_fault::mtu) ? mtu : f.mtu;
  return f;
}

/// A random script: the seed chooses which of the faults that are allowed happen, and few keys are written often, so that conflicts are
/// the rule.
///
/// paths   how many paths the schema has
[[nodiscard]] inline sim_script make_script(std::uint64_t seed, const sim_options& options, std::size_t paths) {
  splitmix64 rng{seed};
  const auto below = [&rng](std::uint64_t n) { return rng() % n; };
  sim_script s;
  s.seed = seed;
  s.nodes = options.nodes;
  (void)rng();  // one draw for each statement: within one, compilers differ in their order
  const auto some = static_cast<std::uint32_t>(rng());
  s.faults = some & static_cast<std::uint32_t>(rng()) & options.faults;
  if (below(16) == 0) {
    s.faults = options.faults & static_cast<std::uint32_t>(rng());
  }
  // Who shares an id without knowing it, or has no room, hides what is wrong elsewhere: not too often.
  s.faults &= below(4) == 0 ? ~std::uint32_t{0} : ~bit(sim_fault::twin);
  s.faults &= below(2) == 0 ? ~std::uint32_t{0} : ~bit(sim_fault::crowd);
  const std::size_t busy = 1 + below(paths);  // paths that are written in this run
  const std::size_t first = below(paths);
  s.events.reserve(options.events);
  for (std::size_t i = 0; i < options.events; ++i) {
    sim_event e;
    e.name = static_cast<std::uint32_t>(i + 1);
    const std::uint64_t pause = below(32);
    e.wait = static_cast<std::uint32_t>(pause < 20 ? 0 : (pause < 30 ? below(100) : (pause < 31 ? below(10'000) : below(7'200'000))));
    e.node = static_cast<std::uint8_t>(below(s.nodes));
    e.peer = static_cast<std::uint8_t>((e.node + 1 + below(s.nodes > 1 ? s.nodes - 1 : 1)) % s.nodes);
    e.path = static_cast<std::uint16_t>((first + below(busy)) % paths);
    e.verb = static_cast<std::uint8_t>(below(64));
    e.args = static_cast<std::uint8_t>(below(8));
    e.element = static_cast<std::uint8_t>(below(3));
    e.value = static_cast<std::int64_t>(1 + below(5));
    const std::uint64_t odd = below(64);
    if (odd == 0) {
      e.value = -e.value;  // what a careless caller hands in
    } else if (odd < 4 && s.has(sim_fault::huge)) {
      e.value = (std::int64_t{1} << 62) + static_cast<std::int64_t>(below(1000));
    }
    const auto when = [&](sim_fault f, sim_action a) { e.what = s.has(f) ? a : e.what; };
    switch (below(40)) {
      case 0:
      case 1:
      case 2:
      case 3: e.what = sim_action::sync; break;
      case 4: e.what = sim_action::snapshot; break;
      case 5:
        if (below(2) == 0) {
          when(sim_fault::restart, sim_action::restart);
        }
        break;
      case 6:
        if (below(2) == 0) {
          when(sim_fault::put_back, sim_action::put_back);
        }
        break;
      case 7:
        if (below(2) == 0) {
          when(sim_fault::clone, sim_action::clone);
        }
        break;
      case 8:
        if (below(3) == 0) {
          when(sim_fault::id_reuse, sim_action::reborn);
        }
        break;
      case 9: when(sim_fault::partition, sim_action::cut); break;
      case 10: when(sim_fault::partition, below(3) == 0 ? sim_action::cut : sim_action::heal); break;
      case 11: {
        constexpr array_of<sim_fault, 5> clocks{sim_fault::skew, sim_fault::step, sim_fault::freeze, sim_fault::year_1970,
                                                sim_fault::year_2030};
        const std::size_t which = below(clocks.size());
        when(clocks[which], sim_action::clock);
        if (e.what == sim_action::clock) {
          e.verb = static_cast<std::uint8_t>(which);
          e.value = static_cast<std::int64_t>(below(4 * 3'600'000)) - 2 * 3'600'000;
        }
        break;
      }
      case 12:
        if (below(2) == 0) {
          e.what = sim_action::vouch;
        }
        break;
      case 13: when(sim_fault::hostile, sim_action::hostile); break;
      case 14:
        if (below(4) == 0) {
          when(sim_fault::far, sim_action::far);
        }
        break;
      default: break;
    }
    if (i == 0 && s.has(sim_fault::crowd)) {
      e.what = sim_action::crowd;
    }
    s.events.push_back(e);
  }
  return s;
}

/// The faults by their names, in the order of their list.
[[nodiscard]] inline std::string to_string(std::uint32_t faults) {
  std::string all;
  for (std::size_t i = 0; i < sim_fault_names.size(); ++i) {
    if ((faults >> i & 1) != 0) {
      all += (all.empty() ? "" : ",") + std::string{sim_fault_names[i]};
    }
  }
  return all.empty() ? "none" : all;
}
/// `all`, `none`, or names between commas.
[[nodiscard]] inline result<std::uint32_t> parse_faults(std::string_view text) {
  if (text == "all" || text == "none") {
    return text == "all" ? all_sim_faults : std::uint32_t{0};
  }
  std::uint32_t faults = 0;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    std::size_t i = 0;
    while (i < sim_fault_names.size() && sim_fault_names[i] != name) {
      ++i;
    }
    if (i == sim_fault_names.size()) {
      return errc::absent;
    }
    faults |= std::uint32_t{1} << i;
    text.remove_prefix(name.size() == text.size() ? name.size() : name.size() + 1);
  }
  return faults;
}

/// A script as text: a head, and a line per event. `comment(event)` says behind each line what it does.
template <typename Comment>
[[nodiscard]] std::string write_script(const sim_script& s, Comment&& comment) {
  std::ostringstream out;
  out << "script seed " << s.seed << " nodes " << s.nodes << " faults " << to_string(s.faults) << '\n';
  for (const sim_event& e : s.events) {
    out << e.name << " +" << e.wait << ' ' << sim_action_names[static_cast<std::size_t>(e.what)] << ' ' << +e.node << ' ' << +e.peer << ' '
        << e.path << ' ' << +e.verb << ' ' << +e.args << ' ' << +e.element << ' ' << e.value << "  # " << comment(e) << '\n';
  }
  return out.str();
}
/// Errors  `corrupt` for what is no script
[[nodiscard]] inline result<sim_script> parse_script(const std::string& text) {
  std::istringstream in{text};
  std::string line;
  std::string a;
  std::string b;
  std::string c;
  std::string d;
  std::string faults;
  sim_script s;
  bool head = false;
  while (std::getline(in, line)) {
    line.erase(std::min(line.find('#'), line.size()));
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    std::istringstream words{line};
    if (!head) {
      if (!(words >> a >> b >> s.seed >> c >> s.nodes >> d >> faults) || a != "script" || b != "seed" || c != "nodes" || d != "faults" ||
          s.nodes == 0 || s.nodes > 64 || !parse_faults(faults)) {
        return errc::corrupt;
      }
      s.faults = parse_faults(faults).value();
      head = true;
      continue;
    }
    sim_event e;
    char plus = 0;
    unsigned node = 0;
    unsigned peer = 0;
    unsigned verb = 0;
    unsigned args = 0;
    unsigned element = 0;
    if (!(words >> e.name >> plus >> e.wait >> a >> node >> peer >> e.path >> verb >> args >> element >> e.value) || plus != '+' ||
        node >= s.nodes || peer >= s.nodes || verb > 255 || args > 255 || element > 255) {
      return errc::corrupt;
    }
    std::size_t what = 0;
    while (what < sim_action_names.size() && sim_action_names[what] != a) {
      ++what;
    }
    if (what == sim_action_names.size()) {
      return errc::corrupt;
    }
    e.what = static_cast<sim_action>(what);
    e.node = static_cast<std::uint8_t>(node);
    e.peer = static_cast<std::uint8_t>(peer);
    e.verb = static_cast<std::uint8_t>(verb);
    e.args = static_cast<std::uint8_t>(args);
    e.element = static_cast<std::uint8_t>(element);
    s.events.push_back(e);
  }
  return head ? result<sim_script>{s} : result<sim_script>{errc::corrupt};
}

}  // namespace skerry::inline v0::testing
