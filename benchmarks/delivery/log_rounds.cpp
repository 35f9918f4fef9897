// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Media-durable appends of 256 bytes: the segment log beside SQLite (WAL, FULL) and LMDB (sync), in interleaved rounds with the raw cost
// of a sync before and after each figure. Each takes part twice: `lazy`, the word that the batch before may go rides in the next
// commit, and with acknowledgements in a commit of their own. A round whose probes differ by more than 2 is printed and dropped.
#include "log_subjects.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {
using namespace storage_bench;

constexpr int wanted_rounds = 7;
constexpr int most_rounds = 20;

struct taker {
  std::string name;
  bool lazy;
  std::unique_ptr<subject> who;
  std::uint64_t next = 1;
  // Of the good rounds: time of a batch, bytes per byte of payload, syncs/s times the probe.
  std::vector<double> us{}, dirtied{}, device{}, probed{};

  void run(std::uint64_t batch, bool ride, int batches) {
    for (int i = 0; i < batches; ++i) {
      who->commit(next, batch, ride ? next - 1 : 0);
      next += batch;
      if (!ride) {
        who->acknowledge(next - 1);
      }
    }
  }
};

std::vector<taker> takers_in(const scratch& folder) {
  std::vector<taker> all;
  for (const bool lazy : {true, false}) {
    const std::string how = lazy ? "_lazy" : "";
    all.push_back({"log" + how, lazy, std::make_unique<log_subject<16U << 10>>(folder.at(("log" + how).c_str()))});
    all.push_back({"wide" + how, lazy, std::make_unique<log_subject<80U << 10>>(folder.at(("wide" + how).c_str()))});
    all.push_back({"direct" + how, lazy, std::make_unique<direct_subject>(folder.at(("direct" + how).c_str()))});
#if defined(SKERRY_BENCH_HAS_SQLITE)
    all.push_back({"sqlite" + how, lazy, std::make_unique<sqlite_subject>(folder.at(("peer" + how).c_str()))});
    all.push_back({"adapter" + how, lazy, std::make_unique<sqlite_store_subject>(folder.at(("adapter" + how).c_str()))});
#endif
#if defined(SKERRY_BENCH_HAS_LMDB)
    all.push_back({"lmdb" + how, lazy, std::make_unique<lmdb_subject>(folder.at(("peer" + how).c_str()))});
#endif
  }
  return all;
}

/// The median of how many times longer the one takes than the other, round by round.
double times(const std::vector<taker>& of, const std::string& peer, const std::string& ours) {
  const auto named = [&](const std::string& name) {
    return std::find_if(of.begin(), of.end(), [&](const taker& t) { return t.name == name; });
  };
  const auto p = named(peer);
  const auto o = named(ours);
  std::vector<double> ratios;
  for (std::size_t i = 0; p != of.end() && o != of.end() && i < p->us.size(); ++i) {
    ratios.push_back(p->us[i] / o->us[i]);
  }
  return median(std::move(ratios));
}

struct figures {
  double us = 0, dirtied = 0, device = 0;
};

void log_rounds(benchmark::State& state) {
  const auto batch = static_cast<std::uint64_t>(state.range(0));
  const scratch folder;
  raw_probe probe{folder};
  std::vector<taker> takers = takers_in(folder);
  const int batches = batch == 1 ? 400 : (batch == 16 ? 300 : 120);
  // Three segments of 8 MiB: files that are used again are what a node lives on, and so is a database that has grown.
  const auto warm = static_cast<int>(90'000 / 256);
  for (taker& t : takers) {
    t.run(256, true, warm);
    t.run(batch, t.lazy, 20);
  }
  std::vector<double> probes;
  int dropped = 0;
  for (auto _ : state) {
    for (int round = 0; round < most_rounds && static_cast<int>(takers[0].us.size()) < wanted_rounds; ++round) {
      std::vector<double> raw{probe.p50_us()};
      std::vector<figures> got;
      for (taker& t : takers) {
        const double dirtied = dirtied_bytes();
        const double device = device_bytes(folder);
        const double begin = now_us();
        t.run(batch, t.lazy, batches);
        const double us = (now_us() - begin) / batches;
        const double payload = static_cast<double>(batch) * payload_bytes * batches;
        got.push_back({us, (dirtied_bytes() - dirtied) / payload, (device_bytes(folder) - device) / payload});
        raw.push_back(probe.p50_us());
      }
      const auto [least, most] = std::minmax_element(raw.begin(), raw.end());
      if (*most > 2 * *least) {
        std::printf("batch %llu: round dropped, its probes were %.0f to %.0f us\n", static_cast<unsigned long long>(batch), *least, *most);
        ++dropped;
        continue;
      }
      for (std::size_t i = 0; i < takers.size(); ++i) {
        taker& t = takers[i];
        const double sync = (raw[i] + raw[i + 1]) / 2;
        t.us.push_back(got[i].us);
        t.dirtied.push_back(got[i].dirtied);
        t.device.push_back(got[i].device);
        t.probed.push_back(sync * (t.lazy ? 1 : 2) / got[i].us);
      }
      probes.insert(probes.end(), raw.begin(), raw.end());
    }
    state.SetIterationTime(median(takers[0].us) * 1e-6);
  }
  for (taker& t : takers) {
    require(t.who->waiting() == (t.lazy ? batch : 0), "a record is lost or stands twice");
    state.counters[t.name + "_us"] = median(t.us);
    state.counters[t.name + "_dirtied"] = median(t.dirtied);
    state.counters[t.name + "_device"] = median(t.device);
    state.counters[t.name + "_probes"] = median(t.probed);
  }
  for (const std::string peer : {"sqlite", "lmdb"}) {
    for (const std::string ours : {"log", "wide", "direct"}) {
      state.counters[ours + "_lazy_to_" + peer] = times(takers, peer, ours + "_lazy");
      state.counters[ours + "_lazy_to_" + peer + "_lazy"] = times(takers, peer + "_lazy", ours + "_lazy");
      state.counters[ours + "_synced_to_" + peer] = times(takers, peer, ours);
    }
  }
  state.counters["adapter_to_sqlite"] = times(takers, "sqlite", "adapter");
  state.counters["adapter_lazy_to_sqlite_lazy"] = times(takers, "sqlite_lazy", "adapter_lazy");
  state.counters["probe_us"] = median(probes);
  state.counters["rounds"] = static_cast<double>(takers[0].us.size());
  state.counters["dropped"] = dropped;
  std::string label = policy_name();
#if !defined(SKERRY_BENCH_HAS_SQLITE)
  label += "; sqlite skipped: not installed";
#endif
#if !defined(SKERRY_BENCH_HAS_LMDB)
  label += "; lmdb skipped: not installed";
#endif
  state.SetLabel(label);
  if (takers[0].us.empty()) {
    state.SkipWithError("no round with a steady probe");
  }
}

BENCHMARK(log_rounds)->Arg(1)->Arg(16)->Arg(256)->UseManualTime()->Iterations(1);

}  // namespace
