// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// W1: 8 replicas make 100 000 overwrites of 1000 keys, one operation a message; then replica 0 takes the 87 500 of the others.
// W4: a set with 20 000 toggles of 2000 elements, half of which are in.
#include <skerry/core/random.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

#include "peers.hpp"
#include "rounds.hpp"

#include <map>
#include <memory>

namespace state_bench {
namespace {

namespace state = skerry::state;
using skerry::wall_ms;

struct reading {
  static constexpr state::path at{"{key}"};
  using policy = state::lww<double>;
};
/// A key that nobody ever removes: then what loses is dropped at once.
struct kept_reading {
  static constexpr state::path at{"{key}"};
  using policy = state::lww<double>;
  static constexpr bool permanent = true;
};
struct members {
  static constexpr state::path at{"members"};
  using policy = state::aw_set<std::uint32_t, 2048>;
};

template <std::size_t Keys, std::size_t Records>
struct limits {
  using time = std::uint64_t;
  using links = state::unordered_links;
  static constexpr std::size_t actors = 16;
  static constexpr std::size_t keys = Keys;
  static constexpr std::size_t records = Records;
  static constexpr std::size_t ranges = 32;
  static constexpr std::size_t members = 16;
  static constexpr std::size_t links_max = 0;
  static constexpr std::size_t log_bytes = 512;
  static constexpr std::size_t payload_bytes = 16;
  static constexpr bool fit_payload = true;
  static constexpr std::size_t key_bytes = 8;
};
template <typename Path, std::size_t Keys>
using map_of = state::replica<state::schema<Path>, limits<Keys, Keys * 9>>;
using set_of = state::replica<state::schema<members>, limits<2048, 2048 + 64>>;

template <typename Replica>
std::unique_ptr<Replica> make(std::uint64_t id) {
  auto made = std::make_unique<Replica>();
  skerry::pcg32 random{id};
  require(static_cast<bool>(Replica::create(*made, id, state::role::device, state::epoch_rule::every_open, {}, random, 0)), "create");
  return made;
}

/// Frames one after the other in one block, as a receiver finds them.
struct mail {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> ends;

  void add(std::span<const std::byte> frame) {
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    ends.push_back(bytes.size());
  }
  [[nodiscard]] std::span<const std::byte> operator[](std::size_t i) const {
    const std::size_t first = i == 0 ? 0 : ends[i - 1];
    return {bytes.data() + first, ends[i] - first};
  }
};

template <typename Replica>
void take_all(Replica& to, const mail& from, std::span<const std::uint32_t> writer_of, std::uint32_t own) {
  for (std::size_t i = 0; i < from.ends.size(); ++i) {
    if (writer_of[i] != own) {
      require(static_cast<bool>(to.accept(from[i], 0)), "accept");
    }
  }
}

/// W1 with one kind of path; the sites stand before the others are heard.
template <typename Path, std::size_t Keys>
struct overwriting {
  using replica = map_of<Path, Keys>;
  std::vector<overwrite> all = overwrites(100'000, Keys);
  std::vector<std::string> texts = key_texts(Keys);
  std::vector<std::unique_ptr<replica>> sites;
  std::vector<std::uint32_t> writer_of;
  mail messages;

  overwriting() {
    for (std::size_t w = 0; w < writers; ++w) {
      sites.push_back(make<replica>(w + 1));
    }
    for (const overwrite& o : all) {
      const auto delta = sites[o.writer]->template write<Path>(o.value, wall_ms{o.wall}, texts[o.key]);
      require(static_cast<bool>(delta), "write");
      messages.add(delta.value().bytes());
      writer_of.push_back(o.writer);
    }
  }

  /// What the answer must be: the latest time, then the greater actor; with equal numbers of writes a writer's id decides.
  void check(const replica& r) const {
    std::map<std::uint32_t, overwrite> winners;
    for (const overwrite& o : all) {
      overwrite& w = winners[o.key];
      w = o.wall >= w.wall ? o : w;
    }
    for (const auto& [key, o] : winners) {
      require(r.template read<Path>(texts[key]).value_or(0) == o.value, "a key reads otherwise");
    }
  }

  [[nodiscard]] double joins(bool twice) const {
    auto zero = std::make_unique<replica>(*sites[0]);
    const double taken = static_cast<double>(all.size()) * (writers - 1) / writers;
    stopwatch first;
    take_all(*zero, messages, writer_of, 0);
    double ns = first.ns();
    if (twice) {
      stopwatch second;
      take_all(*zero, messages, writer_of, 0);
      ns = second.ns();
    }
    check(*zero);
    return ns / taken;
  }
  void check_bytes() const {
    std::vector<std::byte> a(Keys * writers * 64 + 4096);
    std::vector<std::byte> b(a.size());
    auto zero = std::make_unique<replica>(*sites[0]);
    auto last = std::make_unique<replica>(*sites[writers - 1]);
    take_all(*zero, messages, writer_of, 0);
    take_all(*last, messages, writer_of, writers - 1);
    skerry::byte_writer x{a};
    skerry::byte_writer y{b};
    require(zero->encode(x) && last->encode(y), "encode");
    require(std::equal(x.written().begin(), x.written().end(), y.written().begin(), y.written().end()), "two replicas differ");
  }
};

template <typename Path, std::size_t Keys>
const overwriting<Path, Keys>& w1() {
  static const overwriting<Path, Keys> made;
  return made;
}

template <typename Path>
void w1_joins(benchmark::State& bench) {
  const auto& w = w1<Path, 1000>();
  w.check_bytes();
  std::vector<subject> all{{"skerry", [&] { return w.joins(false); }}};
#ifdef SKERRY_BENCH_HAS_CRDT_LITE
  all.push_back({"crdt_lite", [&] { return lite_joins(w.all, 1000, false); }});
#endif
#ifdef SKERRY_BENCH_HAS_DELTA_CRDTS
  all.push_back({"delta_map", [&] { return delta_map_joins(w.all, 1000, 1000); }});
  all.push_back({"delta_plain", [&] { return delta_plain_map_joins(w.all, 1000, 3000); }});
#endif
  interleave(bench, 5, all);
  bench.counters["object_bytes"] = static_cast<double>(sizeof(map_of<Path, 1000>));
  bench.counters["frame_bytes"] = static_cast<double>(w.messages.bytes.size()) / static_cast<double>(w.all.size());
}
BENCHMARK_TEMPLATE(w1_joins, reading)->Name("state/w1/joins")->Iterations(1)->UseManualTime();
BENCHMARK_TEMPLATE(w1_joins, kept_reading)->Name("state/w1/joins/permanent")->Iterations(1)->UseManualTime();

void w1_again(benchmark::State& bench) {
  const auto& w = w1<reading, 1000>();
  std::vector<subject> all{{"again", [&] { return w.joins(true); }}, {"first", [&] { return w.joins(false); }}};
#ifdef SKERRY_BENCH_HAS_CRDT_LITE
  all.push_back({"crdt_lite", [&] { return lite_joins(w.all, 1000, true); }});
#endif
  interleave(bench, 5, all);
}
BENCHMARK(w1_again)->Name("state/w1/redelivery")->Iterations(1)->UseManualTime();

void w1_keys(benchmark::State& bench) {
  const auto& few = w1<reading, 100>();
  const auto& many = w1<reading, 10'000>();
  interleave(bench, 5, {{"keys_100", [&] { return few.joins(false); }}, {"keys_10000", [&] { return many.joins(false); }}});
}
BENCHMARK(w1_keys)->Name("state/w1/joins/keys")->Iterations(1)->UseManualTime();

void w1_writes(benchmark::State& bench) {
  const auto all = overwrites(100'000, 1000);
  const auto texts = key_texts(1000);
  const auto ours = [&] {
    auto site = make<map_of<reading, 1000>>(1);
    std::size_t bytes = 0;
    stopwatch watch;
    for (const overwrite& o : all) {
      const auto delta = site->write<reading>(o.value, wall_ms{o.wall}, texts[o.key]);
      bytes += delta ? delta.value().bytes().size() : 0;
    }
    const double ns = watch.ns();
    for (std::size_t i = all.size() - 1000; i < all.size(); ++i) {
      require(static_cast<bool>(site->read<reading>(texts[all[i].key])), "a key is missing");
    }
    require(bytes > 20 * all.size(), "deltas are missing");
    return ns / static_cast<double>(all.size());
  };
  std::vector<subject> who{{"skerry", ours}};
#ifdef SKERRY_BENCH_HAS_CRDT_LITE
  who.push_back({"crdt_lite", [&] { return lite_writes(all, 1000); }});
#endif
  interleave(bench, 5, who);
}
BENCHMARK(w1_writes)->Name("state/w1/writes")->Iterations(1)->UseManualTime();

constexpr std::size_t elements = 2000;

mail set_mail(const std::vector<std::uint32_t>& all, set_of& site) {
  mail messages;
  std::vector<bool> in(elements);
  for (const std::uint32_t e : all) {
    const auto delta = in[e] ? site.remove<members>(e) : site.add<members>(e);
    require(static_cast<bool>(delta), "toggle");
    messages.add(delta.value().bytes());
    in[e] = !in[e];
  }
  return messages;
}

void w4_joins(benchmark::State& bench) {
  const auto all = toggles(20'000, elements);
  auto site = make<set_of>(1);
  const mail messages = set_mail(all, *site);
  const auto ours = [&] {
    auto other = make<set_of>(2);
    stopwatch watch;
    for (std::size_t i = 0; i < all.size(); ++i) {
      require(static_cast<bool>(other->accept(messages[i], 0)), "accept");
    }
    const double ns = watch.ns();
    require(other->read<members>().value() == site->read<members>().value(), "two sets differ");
    return ns / static_cast<double>(all.size());
  };
  std::vector<subject> who{{"skerry", ours}};
#ifdef SKERRY_BENCH_HAS_DELTA_CRDTS
  who.push_back({"delta_crdts", [&] { return delta_set_joins(all, elements); }});
#endif
  interleave(bench, 3, who);
}
BENCHMARK(w4_joins)->Name("state/w4/joins")->Iterations(1)->UseManualTime();

void w4_local(benchmark::State& bench) {
  const auto all = toggles(20'000, elements);
  const auto ours = [&] {
    auto site = make<set_of>(1);
    std::vector<bool> in(elements);
    std::size_t bytes = 0;
    stopwatch watch;
    for (const std::uint32_t e : all) {
      const auto delta = in[e] ? site->remove<members>(e) : site->add<members>(e);
      bytes += delta ? delta.value().bytes().size() : 0;
      in[e] = !in[e];
    }
    const double ns = watch.ns();
    require(bytes > 20 * all.size(), "deltas are missing");
    for (std::uint32_t e = 0; e < elements; ++e) {
      require(site->contains<members>(e).value() == in[e], "an element is wrong");
    }
    return ns / static_cast<double>(all.size());
  };
  std::vector<subject> who{{"skerry", ours}};
#ifdef SKERRY_BENCH_HAS_DELTA_CRDTS
  who.push_back({"delta_crdts", [&] { return delta_set_local(all, elements); }});
#endif
  interleave(bench, 3, who);
}
BENCHMARK(w4_local)->Name("state/w4/local")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace state_bench
