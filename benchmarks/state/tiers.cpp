// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// 300 000 devices in three tiers: 100 gateways of 3000 devices each, ten regions, one cloud. The bytes of all frames of both directions are
// counted, not timed. Each tier holds what is below it in one replica per node there, and passes what changed on under its own events in
// another: so no context names more than the two ends of its link, whatever the number of devices.
#include <skerry/core/random.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/changes.hpp>
#include <skerry/state/replica.hpp>

#include "rounds.hpp"

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace state_bench {
namespace {

namespace state = skerry::state;

struct child {
  static constexpr state::path at{"child/{id}"};
  using policy = state::by_writer<double>;
};
using schema = state::schema<child>;

template <std::size_t Actors, std::size_t Keys, std::size_t Links>
struct tier {
  using time = std::uint64_t;
  using links = state::unordered_links;
  static constexpr std::size_t actors = Actors;
  static constexpr std::size_t keys = Keys;
  static constexpr std::size_t records = Keys + Keys / 64;
  static constexpr std::size_t ranges = 32;
  static constexpr std::size_t members = 0;
  static constexpr std::size_t links_max = Links;
  static constexpr std::size_t log_bytes = 256;
  static constexpr std::size_t payload_bytes = 20;
  static constexpr std::size_t key_bytes = 8;
  static constexpr bool catch_up = false;
  static constexpr std::size_t digest_symbols = 0;
};
constexpr std::uint32_t gateways = 100;
constexpr std::uint32_t regions = 10;
constexpr std::uint32_t children = 3000;
constexpr std::uint32_t devices = gateways * children;
constexpr std::uint32_t of_region = devices / regions;
using gateway = state::replica<schema, tier<2, children, 1>>;  // at both ends of the link
using region = state::replica<schema, tier<2, of_region, 1>>;  // likewise
using device = state::replica<schema, tier<2, 2, 1>>;

template <typename Replica>
std::unique_ptr<Replica> born(std::uint64_t id, state::role as) {
  auto made = std::make_unique<Replica>();
  skerry::splitmix64 random{id};
  require(static_cast<bool>(Replica::create(*made, id, as, state::epoch_rule::every_open, {}, random, 0)), "create");
  return made;
}

/// A link upwards, and what went over it. One operation a frame need not fill it: frames of 1200 bytes at most.
template <typename Low, typename High>
class hop {
 public:
  hop(Low& low, High& high, std::uint64_t low_id, std::uint64_t high_id) : low_{&low}, high_{&high} {
    const auto up = low.connect(high_id, {1200}, 0);
    const auto down = high.connect(low_id, {1200}, 0);
    require(up && down, "connect");
    up_ = up.value();
    down_ = down.value();
  }
  /// Until both are silent. Answers the bytes.
  std::size_t talk(std::uint64_t now) {
    std::size_t bytes = 0;
    for (bool said = true; said;) {
      const std::size_t before = bytes;
      say(*low_, up_, *high_, down_, now, bytes);
      say(*high_, down_, *low_, up_, now, bytes);
      said = bytes != before;
    }
    return bytes;
  }

 private:
  template <typename From, typename To>
  void say(From& from, state::link_id at, To& to, state::link_id there, std::uint64_t now, std::size_t& bytes) {
    for (;;) {
      const auto size = from.poll(at, now, frame_);
      require(static_cast<bool>(size), "poll");
      if (size.value() == 0) {
        return;
      }
      bytes += size.value();
      require(static_cast<bool>(to.receive(there, std::span{frame_}.first(size.value()), now)), "receive");
    }
  }

  Low* low_;
  High* high_;
  state::link_id up_{};
  state::link_id down_{};
  std::array<std::byte, 1200> frame_{};
};

double reading(std::uint32_t id, std::uint32_t round) { return static_cast<double>((id * 7919 + round * 104'729) % 40'000) / 1000.0; }
state::writer_mark mark_of(std::uint32_t id, std::uint32_t round) { return {1, id * 0x9e3779b9, round + 1}; }

/// What a device costs on its own link, and as frames of their own.
void first_hop(benchmark::State& bench) {
  auto below = born<device>(7, state::role::gateway);
  auto leaf = born<device>(8, state::role::device);
  hop<device, device> wire{*leaf, *below, 8, 7};
  double own = 0;
  double later = 0;
  constexpr std::uint32_t changes = 200;
  (void)wire.talk(0);
  for (auto _ : bench) {
    for (std::uint32_t round = 0; round <= changes; ++round) {
      const auto delta = leaf->relay<child>(mark_of(123'456, round), reading(123'456, round), 123'456);
      require(static_cast<bool>(delta), "relay");
      own += static_cast<double>(delta.value().bytes().size()) / (changes + 1);
      const auto bytes = static_cast<double>(wire.talk(round));
      later += round > 0 ? bytes / changes : 0;
    }
    bench.SetIterationTime(1e-9);
  }
  bench.counters["link_bytes"] = later;
  bench.counters["frame_of_its_own_bytes"] = own;
}
BENCHMARK(first_hop)->Name("state/tiers/device")->Iterations(1)->UseManualTime();

/// Passes on what has changed in a replica that holds what is below. Answers how much.
template <typename Below, typename Above>
std::size_t pass_on(const Below& below, state::change_cursor& cursor, Above& above) {
  std::array<state::key_view, 32> keys;
  std::size_t passed = 0;
  for (;;) {
    const auto count = below.changes(cursor, keys);
    require(static_cast<bool>(count), "changes");
    for (const auto& key : std::span{keys}.first(count.value())) {
      const std::string_view id = key.text().substr(std::string_view{"child/"}.size());
      const state::key_ref at{schema::index_of<child>, std::span{id}};
      below.store().records(at).for_each([&](const state::record_view& r) {
        const auto mark = state::by_writer<double>::mark_of(r.payload);
        require(mark && above.template relay<child>(mark.value(), below.template read<child>(id).value(), id), "relay");
        ++passed;
      });
    }
    if (count.value() == 0) {
      return passed;
    }
  }
}

/// One node below another: what it has told, its link, and the other's replica of it.
template <typename Replica>
struct branch {
  std::unique_ptr<Replica> upper;  ///< of the node below
  std::unique_ptr<Replica> lower;  ///< of the node above
  hop<Replica, Replica> wire;
  state::change_cursor read{};

  branch(std::uint64_t below, state::role as, std::uint64_t above, state::role over)
      : upper{born<Replica>(below, as)}, lower{born<Replica>(above, over)}, wire{*upper, *lower, below, above} {}
};

/// Everybody once, then rounds in which `Part` in a thousand of the devices change.
template <std::uint32_t Part>
void three_tiers(benchmark::State& bench) {
  std::vector<std::unique_ptr<branch<region>>> middle;
  std::vector<std::unique_ptr<branch<gateway>>> low;
  for (std::uint32_t r = 0; r < regions; ++r) {
    middle.push_back(std::make_unique<branch<region>>(10 + r, state::role::region, 1, state::role::cloud));
  }
  for (std::uint32_t g = 0; g < gateways; ++g) {
    low.push_back(std::make_unique<branch<gateway>>(100 + g, state::role::gateway, 10 + g / 10, state::role::region));
  }
  std::vector<std::uint32_t> rounds(devices, 0);
  const auto change = [&](std::uint32_t id) {
    require(static_cast<bool>(low[id / children]->upper->template relay<child>(mark_of(id, rounds[id]), reading(id, rounds[id]), id)),
            "relay");
    ++rounds[id];
  };
  std::uint64_t now = 0;
  std::size_t second = 0;
  std::size_t third = 0;
  const auto exchange = [&] {
    now += 1000;
    for (std::uint32_t g = 0; g < gateways; ++g) {
      second += low[g]->wire.talk(now);
      (void)pass_on(*low[g]->lower, low[g]->read, *middle[g / (gateways / regions)]->upper);
    }
    for (auto& m : middle) {
      third += m->wire.talk(now);
    }
  };
  for (auto _ : bench) {
    for (std::uint32_t part = 0; part < children; part += 100) {
      for (std::uint32_t g = 0; g < gateways; ++g) {
        for (std::uint32_t c = part; c < part + 100; ++c) {
          change(g * children + c);
        }
      }
      exchange();
    }
    const double once = devices;
    bench.counters["first_gateway_region"] = static_cast<double>(second) / once;
    bench.counters["first_region_cloud"] = static_cast<double>(third) / once;
    second = third = 0;
    skerry::pcg32 random{17};
    std::size_t changed = 0;
    for (std::uint32_t round = 0; round < 20; ++round) {
      for (std::uint32_t id = 0; id < devices; ++id) {
        if (skerry::uniform_below(random, 1000) < Part) {
          change(id);
          ++changed;
        }
      }
      exchange();
    }
    bench.counters["gateway_region"] = static_cast<double>(second) / static_cast<double>(changed);
    bench.counters["region_cloud"] = static_cast<double>(third) / static_cast<double>(changed);
    for (std::uint32_t id = 0; id < devices; ++id) {
      const region& top = *middle[id / of_region]->lower;
      require(top.store().actors().size() <= 2, "devices are actors above their gateways");
      require(top.template read<child>(id).value_or(-1) == reading(id, rounds[id] - 1), "a device reads otherwise");
    }
    bench.SetIterationTime(1e-9);
  }
  bench.counters["region_bytes_per_device_and_replica"] = static_cast<double>(sizeof(region)) / of_region;
}
BENCHMARK_TEMPLATE(three_tiers, 1)->Name("state/tiers/changed_1_in_1000")->Iterations(1)->UseManualTime();
BENCHMARK_TEMPLATE(three_tiers, 10)->Name("state/tiers/changed_10_in_1000")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace state_bench
