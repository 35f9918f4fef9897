// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Bytes on a link, counted, not timed; and W1 over links: decode and join of frames of one operation whose names are known.
#include <skerry/core/random.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

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
using schema = state::schema<reading>;

template <std::size_t Actors, std::size_t Keys, std::size_t Links>
struct linked {
  using time = std::uint64_t;
  using links = state::unordered_links;
  static constexpr std::size_t actors = Actors;
  static constexpr std::size_t keys = Keys;
  static constexpr std::size_t records = Keys * 9;
  static constexpr std::size_t ranges = 64;
  static constexpr std::size_t members = 16;
  static constexpr std::size_t links_max = Links;
  static constexpr std::size_t log_bytes = 512;
  static constexpr std::size_t payload_bytes = 16;
  static constexpr std::size_t key_bytes = 8;
  static constexpr bool catch_up = false;
};
using node = state::replica<schema, linked<16, 1024, 8>>;

template <typename Replica>
std::unique_ptr<Replica> make(std::uint64_t id) {
  auto made = std::make_unique<Replica>();
  skerry::pcg32 random{id};
  require(static_cast<bool>(Replica::create(*made, id, state::role::device, state::epoch_rule::every_open, {}, random, 0)), "create");
  return made;
}

/// Two ends of one link, and what went over it.
template <typename Replica>
struct line {
  Replica* a;
  Replica* b;
  state::link_id at_a{};
  state::link_id at_b{};
  std::size_t from_a = 0;
  std::size_t from_b = 0;
  std::size_t frames_a = 0;
  std::size_t contexts = 0;  ///< bytes of the frames that compare contexts, of both sides
  std::vector<std::byte> buffer = std::vector<std::byte>(1 << 16);

  line(Replica& x, Replica& y, std::uint64_t x_id, std::uint64_t y_id) : a{&x}, b{&y} {
    const auto to_b = a->connect(y_id, {}, 0);
    const auto to_a = b->connect(x_id, {}, 0);
    require(to_b && to_a, "connect");
    at_a = to_b.value();
    at_b = to_a.value();
  }
  /// Until both have nothing to say. False: they do not come to an end.
  bool talk(std::uint64_t now) {
    std::size_t most = 1000;
    for (bool said = true; said;) {
      said = false;
      if (--most == 0) {
        return false;
      }
      for (;;) {
        const auto size = a->poll(at_a, now, buffer);
        require(static_cast<bool>(size), "poll");
        if (size.value() == 0) {
          break;
        }
        from_a += size.value();
        contexts += compares() ? size.value() : 0;
        ++frames_a;
        said = true;
        (void)b->receive(at_b, std::span{buffer}.first(size.value()), now);
      }
      for (;;) {
        const auto size = b->poll(at_b, now, buffer);
        require(static_cast<bool>(size), "poll");
        if (size.value() == 0) {
          break;
        }
        from_b += size.value();
        contexts += compares() ? size.value() : 0;
        said = true;
        (void)a->receive(at_a, std::span{buffer}.first(size.value()), now);
      }
    }
    return true;
  }
  void reset() { from_a = from_b = frames_a = contexts = 0; }

 private:
  [[nodiscard]] bool compares() const {
    return (std::to_integer<unsigned>(buffer[0]) & 0xf) == static_cast<unsigned>(state::frame_kind::context);
  }
};

template <typename Replica>
void require_equal(const Replica& a, const Replica& b) {
  require(a.content_hash() == b.content_hash() && a.context_hash() == b.context_hash(), "two replicas differ");
}

/// One operation, its key new on the link and known; and a contact of two that agree.
void one_operation(benchmark::State& bench) {
  const auto texts = key_texts(1000);
  auto x = make<node>(1);
  auto y = make<node>(2);
  for (node* n : {x.get(), y.get()}) {  // both have been running for some time
    require(static_cast<bool>(n->write<reading>(1.0, wall_ms{start_of_time - 1000}, "first")), "write");
  }
  line<node> l{*x, *y, 1, 2};
  l.talk(0);
  double literal = 0;
  double known = 0;
  double acks = 0;
  skerry::pcg32 random{5};
  for (auto _ : bench) {
    for (std::uint32_t round = 0; round < 2; ++round) {
      for (std::uint32_t k = 0; k < 1000; ++k) {
        const double value = static_cast<double>(20'000 + skerry::uniform_below(random, 10'000)) / 1000.0;
        require(static_cast<bool>(x->write<reading>(value, wall_ms{start_of_time + (round * 1000 + k) * 10}, texts[k])), "write");
        l.reset();
        l.talk(round * 1000 + k);
        (round == 0 ? literal : known) += static_cast<double>(l.from_a) / 1000;
        acks += static_cast<double>(l.from_b) / 2000;
      }
    }
    require_equal(*x, *y);
    bench.SetIterationTime(1e-9);
  }
  bench.counters["literal_bytes"] = literal;
  bench.counters["interned_bytes"] = known;
  bench.counters["ack_bytes"] = acks;
  x->disconnect(l.at_a);
  y->disconnect(l.at_b);
  line<node> again{*x, *y, 1, 2};
  again.talk(10'000);
  bench.counters["contact_in_sync_bytes_each"] = static_cast<double>(again.from_a + again.from_b) / 2;
}
BENCHMARK(one_operation)->Name("state/wire/one_operation")->Iterations(1)->UseManualTime();

/// W2: 100 rounds of 125 overwrites of each of 8 writers, each told to replica 0 once a round.
template <bool Decimal>
void w2(benchmark::State& bench) {
  const auto texts = key_texts(1000);
  std::vector<std::unique_ptr<node>> sites;
  for (std::uint64_t w = 0; w < writers; ++w) {
    sites.push_back(make<node>(w + 1));
    require(static_cast<bool>(sites[w]->write<reading>(1.0, wall_ms{start_of_time - 1000}, "first")), "write");
  }
  std::vector<line<node>> lines;
  for (std::uint64_t w = 1; w < writers; ++w) {
    lines.emplace_back(*sites[w], *sites[0], w + 1, 1);
    lines.back().talk(0);
    lines.back().reset();
  }
  const auto all = overwrites(100'000, 1000);
  skerry::pcg32 random{3};
  for (auto _ : bench) {
    for (std::size_t round = 0; round < 100; ++round) {
      for (std::size_t i = round * 1000; i < (round + 1) * 1000; ++i) {
        const overwrite& o = all[i];
        const double value = Decimal ? o.value : skerry::uniform01(random);
        require(static_cast<bool>(sites[o.writer]->write<reading>(value, wall_ms{o.wall}, texts[o.key])), "write");
      }
      for (auto& l : lines) {
        if (!l.talk(1000 * (round + 1))) {  // as much time as the writers' clocks say
          bench.SkipWithError("a link does not come to an end");
          return;
        }
      }
    }
    const auto wire = [&lines] {
      std::size_t sum = 0;
      for (const auto& l : lines) {
        sum += l.from_a + l.from_b;
      }
      return sum;
    };
    const std::size_t before = wire();
    for (auto& l : lines) {  // what came to replica 0 after a writer's turn
      require(l.talk(100'001), "a link does not come to an end");
    }
    bench.counters["last_exchange_bytes"] = static_cast<double>(wire() - before);
    for (std::size_t w = 1; w < writers; ++w) {
      require_equal(*sites[w], *sites[0]);
    }
    bench.SetIterationTime(1e-9);
  }
  // What the writers sent is their own operations only; what replica 0 sent them is everybody else's.
  double up = 0;
  double down = 0;
  for (const auto& l : lines) {
    up += static_cast<double>(l.from_a);
    down += static_cast<double>(l.from_b);
  }
  bench.counters["up_bytes_per_op"] = up / 87'500;
  bench.counters["down_bytes_per_op"] = down / (7.0 * 87'500);
}
BENCHMARK_TEMPLATE(w2, true)->Name("state/wire/w2/decimal")->Iterations(1)->UseManualTime();
BENCHMARK_TEMPLATE(w2, false)->Name("state/wire/w2/raw")->Iterations(1)->UseManualTime();

/// W1 over links: frames of one operation, in batches of a thousand, so that making them is not timed.
void w1_links(benchmark::State& bench) {
  const auto texts = key_texts(1000);
  const auto all = overwrites(100'000, 1000);
  double bytes = 0;
  const auto ours = [&] {
    std::vector<std::unique_ptr<node>> sites;
    for (std::uint64_t w = 0; w < writers; ++w) {
      sites.push_back(make<node>(w + 1));
      require(static_cast<bool>(sites[w]->write<reading>(1.0, wall_ms{start_of_time - 1000}, "first")), "write");
    }
    std::vector<line<node>> lines;
    for (std::uint64_t w = 1; w < writers; ++w) {
      lines.emplace_back(*sites[w], *sites[0], w + 1, 1);
      lines.back().talk(0);
    }
    std::vector<std::byte> frame(4096);
    std::vector<std::byte> back(65536);
    double ns = 0;
    double taken = 0;
    double sent = 0;
    constexpr std::size_t batch = 1000;
    std::vector<std::vector<std::byte>> queue;
    std::vector<std::size_t> from;
    for (std::size_t begin = 0; begin < all.size(); begin += batch) {
      queue.clear();
      from.clear();
      for (std::size_t i = begin; i < begin + batch; ++i) {
        const overwrite& o = all[i];
        require(static_cast<bool>(sites[o.writer]->write<reading>(o.value, wall_ms{o.wall}, texts[o.key])), "write");
        if (o.writer == 0) {
          continue;
        }
        for (;;) {
          const auto size = sites[o.writer]->poll(lines[o.writer - 1].at_a, i, frame);
          require(static_cast<bool>(size), "poll");
          if (size.value() == 0) {
            break;
          }
          queue.emplace_back(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size.value()));
          from.push_back(o.writer - 1);
        }
      }
      std::size_t joined = 0;
      stopwatch watch;
      for (std::size_t i = 0; i < queue.size(); ++i) {
        joined += sites[0]->receive(lines[from[i]].at_b, queue[i], begin) ? 1 : 0;
      }
      ns += watch.ns();
      require(joined == queue.size(), "a frame is refused");
      for (const auto& f : queue) {
        sent += static_cast<double>(f.size());
      }
      taken += static_cast<double>(batch) * 7 / 8;
      // The acknowledgements; what replica 0 has for the writers stays with it: they are not to hear of each other.
      for (std::size_t w = 0; w + 1 < writers; ++w) {
        for (;;) {
          const auto size = sites[0]->poll(lines[w].at_b, begin, back);
          require(static_cast<bool>(size), "poll");
          if (size.value() == 0) {
            break;
          }
          (void)sites[w + 1]->receive(lines[w].at_a, std::span{back}.first(size.value()), begin);
        }
      }
    }
    bytes = sent / taken;
    std::map<std::uint32_t, double> last;
    for (const overwrite& o : all) {
      last[o.key] = o.value;
    }
    for (const auto& [key, value] : last) {
      require(sites[0]->read<reading>(texts[key]).value_or(0) == value, "a key reads otherwise");
    }
    return ns / taken;
  };
  std::vector<subject> who{{"skerry", ours}};
#ifdef SKERRY_BENCH_HAS_CRDT_LITE
  who.push_back({"crdt_lite", [&] { return lite_joins(all, 1000, false); }});
#endif
  interleave(bench, 5, who);
  bench.counters["bytes_per_op"] = bytes;
}
BENCHMARK(w1_links)->Name("state/w1/joins/links")->Iterations(1)->UseManualTime();

/// W2 on one link: the same rounds of one writer, heard by one other.
template <bool Decimal>
void w2_pair(benchmark::State& bench) {
  const auto texts = key_texts(1000);
  auto x = make<node>(1);
  auto y = make<node>(2);
  for (node* n : {x.get(), y.get()}) {
    require(static_cast<bool>(n->write<reading>(1.0, wall_ms{start_of_time - 1000}, "first")), "write");
  }
  line<node> l{*x, *y, 1, 2};
  require(l.talk(0), "a link does not come to an end");
  const auto all = overwrites(200'000, 1000);
  skerry::pcg32 random{3};
  double first = 0;
  double later = 0;
  for (auto _ : bench) {
    for (std::size_t round = 0; round < 200; ++round) {
      l.reset();
      for (std::size_t i = round * 1000; i < (round + 1) * 1000; i += writers) {
        const double value = Decimal ? all[i].value : skerry::uniform01(random);
        require(static_cast<bool>(x->write<reading>(value, wall_ms{all[i].wall}, texts[all[i].key])), "write");
      }
      require(l.talk(1000 * (round + 1)), "a link does not come to an end");  // as much time as the writer's clock says
      (round < 100 ? first : later) += static_cast<double>(l.from_a) / 12'500;
    }
    if (x->content_hash() != y->content_hash() || x->context_hash() != y->context_hash()) {
      bench.SkipWithError("two replicas differ");
      return;
    }
    bench.SetIterationTime(1e-9);
  }
  bench.counters["bytes_per_op"] = first;
  bench.counters["bytes_per_op_names_known"] = later;
}
BENCHMARK_TEMPLATE(w2_pair, true)->Name("state/wire/w2/pair/decimal")->Iterations(1)->UseManualTime();
BENCHMARK_TEMPLATE(w2_pair, false)->Name("state/wire/w2/pair/raw")->Iterations(1)->UseManualTime();

/// W5: 3000 actors have written once; a link without memory. All equal, then one of them changed.
void w5(benchmark::State& bench) {
  using many = state::replica<schema, linked<3100, 3072, 1>>;
  auto x = make<many>(1);
  auto y = make<many>(2);
  constexpr std::uint32_t actors = 3000;
  using leaf = state::replica<schema, linked<2, 4, 0>>;
  for (auto _ : bench) {
    for (std::uint32_t i = 0; i < actors; ++i) {
      auto one = make<leaf>(1000 + std::uint64_t{i} * 0x9e3779b97f4a7c15);
      const auto delta = one->write<reading>(1.0 + i, wall_ms{start_of_time + i}, i);
      require(static_cast<bool>(x->accept(delta.value().bytes(), 0)) && static_cast<bool>(y->accept(delta.value().bytes(), 0)), "accept");
    }
    require_equal(*x, *y);
    line<many> l{*x, *y, 1, 2};
    l.talk(1);
    bench.counters["first_contact_bytes"] = static_cast<double>(l.from_a + l.from_b);
    l.reset();
    require(static_cast<bool>(x->write<reading>(2.5, wall_ms{start_of_time + 10'000}, 7)), "write");
    l.talk(2);
    bench.counters["one_changed_bytes"] = static_cast<double>(l.from_a);
    require_equal(*x, *y);
    x->disconnect(l.at_a);
    y->disconnect(l.at_b);
    line<many> again{*x, *y, 1, 2};
    again.talk(3);
    bench.counters["in_sync_bytes"] = static_cast<double>(again.from_a + again.from_b);
    // Each has heard of one actor that the other has not, and their link begins without memory.
    x->disconnect(again.at_a);
    y->disconnect(again.at_b);
    auto third = make<many>(3);
    {
      line<many> other{*y, *third, 2, 3};  // takes the place of the link's memory
      for (std::uint32_t i = 0; i < 2; ++i) {
        auto one = make<leaf>(77 + i);
        const auto delta = one->write<reading>(1.0 + i, wall_ms{start_of_time + 20'000}, 5000 + i);
        require(static_cast<bool>((i == 0 ? x : y)->accept(delta.value().bytes(), 4)), "accept");
      }
      y->disconnect(other.at_a);
    }
    line<many> forgotten{*x, *y, 1, 2};
    require(forgotten.talk(5), "a link does not come to an end");
    require_equal(*x, *y);
    bench.counters["contexts_bytes_both"] = static_cast<double>(forgotten.contexts);
    bench.counters["lost_state_bytes"] = static_cast<double>(forgotten.from_a + forgotten.from_b);
    bench.SetIterationTime(1e-9);
  }
}
BENCHMARK(w5)->Name("state/wire/w5")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace state_bench
