// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// How deep the stack gets under a gateway's calls, at most: each runs on a stack of its own that was painted before.
#include <skerry/core/random.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include "rounds.hpp"

#include <pthread.h>

#include <functional>
#include <memory>
#include <vector>

namespace state_bench {
namespace {

namespace state = skerry::state;
using skerry::wall_ms;

struct reading {
  static constexpr state::path at{"child/{id}/{what}"};
  using policy = state::lww<double>;
};
using schema = state::schema<reading>;
using gateway = state::replica<schema, state::limits::gateway>;
using leaf = state::replica<schema, state::limits::firmware>;

void* call(void* f) {
  (*static_cast<std::function<void()>*>(f))();
  return nullptr;
}

/// Bytes that `f` takes beyond those of a function that does nothing.
double stack_of(std::function<void()> f) {
  static constexpr std::size_t room = std::size_t{64} << 20;
  static constexpr auto paint = std::byte{0xa5};
  const auto deepest = [](std::function<void()> run) {
    std::vector<std::byte> stack(room, paint);
    pthread_attr_t how{};
    pthread_t thread{};
    require(pthread_attr_init(&how) == 0 && pthread_attr_setstack(&how, stack.data(), stack.size()) == 0, "a stack");
    require(pthread_create(&thread, &how, call, &run) == 0 && pthread_join(thread, nullptr) == 0, "a thread");
    (void)pthread_attr_destroy(&how);
    std::size_t untouched = 0;
    while (untouched < room && stack[untouched] == paint) {
      ++untouched;
    }
    return room - untouched;
  };
  const std::size_t nothing = deepest([] {});
  const std::size_t all = deepest(std::move(f));
  return all > nothing ? static_cast<double>(all - nothing) : 0;
}

void stacks(benchmark::State& bench) {
  const auto make = [](std::uint64_t id) {
    auto made = std::make_unique<gateway>();
    skerry::splitmix64 random{id};
    require(static_cast<bool>(gateway::create(*made, id, state::role::gateway, state::epoch_rule::every_open, {}, random, 0)), "create");
    return made;
  };
  constexpr std::uint64_t start = 1'790'000'000'000;
  for (auto _ : bench) {
    auto x = make(1);
    auto y = make(2);
    auto z = make(3);
    std::vector<std::byte> frame;
    for (std::uint32_t c = 0; c < 3000; ++c) {
      leaf child;
      skerry::splitmix64 random{c};
      require(static_cast<bool>(leaf::create(child, 1000 + c, state::role::device, state::epoch_rule::every_open, {}, random, 0)),
              "create");
      for (std::uint32_t k = 0; k < 20; ++k) {
        const auto delta = child.write<reading>(1.0 + k, wall_ms{start + k}, c, k);
        require(delta && x->accept(delta.value().bytes(), 0), "accept");
        frame.assign(delta.value().bytes().begin(), delta.value().bytes().end());
      }
    }
    bench.counters["accept_known_actor"] = stack_of([&] { require(static_cast<bool>(x->accept(frame, 0)), "accept"); });
    bench.counters["accept_new_actor"] = stack_of([&] { require(static_cast<bool>(y->accept(frame, 0)), "accept"); });
    bench.counters["write"] = stack_of([&] { require(static_cast<bool>(x->write<reading>(5.0, wall_ms{start + 1000}, 7, 7)), "write"); });
    std::vector<std::byte> all(8 << 20);
    std::size_t size = 0;
    bench.counters["encode_60000_keys"] = stack_of([&] {
      skerry::byte_writer out{all};
      require(static_cast<bool>(x->encode(out)), "encode");
      size = out.written().size();
    });
    bench.counters["accept_3000_actors_60000_keys"] =
        stack_of([&] { require(static_cast<bool>(y->accept(std::span{all}.first(size), 0)), "accept"); });
    bench.counters["join_3000_actors"] = stack_of([&] { require(static_cast<bool>(z->join(*x)), "join"); });
    state::link_id at_x{};
    state::link_id at_z{};
    bench.counters["connect"] = stack_of([&] {
      at_x = x->connect(3, {}, 1).value();
      at_z = z->connect(1, {}, 1).value();
    });
    std::vector<std::byte> buffer(65'536);
    const auto talk = [&] {
      for (bool said = true; said;) {
        said = false;
        for (const bool from_x : {true, false}) {
          const auto some = from_x ? x->poll(at_x, 2, buffer) : z->poll(at_z, 2, buffer);
          require(static_cast<bool>(some), "poll");
          if (some.value() > 0) {
            said = true;
            const auto bytes = std::span{buffer}.first(some.value());
            (void)(from_x ? z->receive(at_z, bytes, 2) : x->receive(at_x, bytes, 2));
          }
        }
      }
    };
    require(static_cast<bool>(z->write<reading>(5.0, wall_ms{start + 2000}, 8, 8)), "write");
    bench.counters["link_contexts_of_3000"] = stack_of(talk);
    require(static_cast<bool>(z->write<reading>(5.5, wall_ms{start + 3000}, 8, 8)), "write");
    bench.counters["link_one_operation"] = stack_of(talk);
    require(x->content_hash() == z->content_hash(), "two replicas differ");
    bench.SetIterationTime(1e-9);
  }
}
BENCHMARK(stacks)->Name("state/gateway/stack")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace state_bench
