// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/op_queue.hpp>

#include <skerry/core/random.hpp>
#include <skerry/delivery/memory_store.hpp>

#include "state/op_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using skerry_test::crash_store;
using state::epoch_rule;
using state::op_mark;
using state::when_full;

namespace {

struct limits {
  static constexpr std::size_t operations = 16;
  static constexpr std::size_t payload_bytes = 24;
};
using queue = state::op_queue<crash_store, limits>;

std::span<const std::byte> raw(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }
std::string text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

template <typename Queue>
std::string listed(const Queue& q) {
  std::string all;
  REQUIRE(q.for_each([&all](const state::operation& op) { all += text(op.key) + '=' + text(op.bytes) + ' '; }));
  return all;
}

/// A server that keeps its effects with its ledger.
struct server {
  state::op_ledger<4> ledger{};
  std::vector<std::string> effects{};
  std::vector<op_mark> order{};
  std::size_t repeats = 0;
  std::vector<state::op_mark> gaps{};

  void take(std::span<const std::byte> batch) {
    REQUIRE(state::read_operations(batch, [this](const state::operation& op) {
      const auto verdict = ledger.judge(op);
      if (verdict) {
        REQUIRE(ledger.applied(op));
        effects.push_back(text(op.key) + '=' + text(op.bytes));
        order.push_back(op.id);
      } else if (verdict.error() == errc::gap) {
        gaps.push_back(op.after);
      } else {
        REQUIRE(verdict.error() == errc::stale);
        ++repeats;
      }
    }));
  }
};

}  // namespace

TEST_CASE("an operation is sent only after it is durable, and again until it is acknowledged", "[state][op_queue]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  const op_mark first = q.enqueue(raw("a"), raw("1")).value();
  std::array<std::byte, 256> out{};
  CHECK(q.next({}, out).error() == errc::empty);
  CHECK_FALSE(q.durable(first));
  store.fail_syncs(true);
  CHECK(q.persist().error() == errc::io);
  CHECK(q.next({}, out).error() == errc::empty);
  store.fail_syncs(false);
  REQUIRE(q.persist());
  CHECK(q.durable(first));
  server s;
  s.take(std::span{out}.first(q.next({}, out).value()));
  CHECK(q.next({}, out).error() == errc::empty);  // handed out, no answer yet
  q.resend();
  s.take(std::span{out}.first(q.next({}, out).value()));
  CHECK(s.effects == std::vector<std::string>{"a=1"});
  REQUIRE(q.on_ack(s.ledger.upto(7)));
  REQUIRE(q.on_ack(s.ledger.upto(7)));
  CHECK(q.size() == 0);
  CHECK(q.oldest().error() == errc::empty);
  CHECK(q.backlog_bytes() == 0);
}

TEST_CASE("a deletion overwrites a write, a write does not overwrite a deletion, and nothing overwrites what was sent",
          "[state][op_queue]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7, when_full::coalesce_by_key_then_drop_oldest}, epoch_rule::durable, rng));
  REQUIRE(q.enqueue(raw("a"), raw("1")));
  REQUIRE(q.enqueue(raw("a"), {}));
  CHECK(listed(q) == "a= ");
  REQUIRE(q.enqueue(raw("a"), raw("2")));
  REQUIRE(q.enqueue(raw("a"), raw("3")));
  CHECK(listed(q) == "a= a=3 ");
  REQUIRE(q.persist());
  std::array<std::byte, 256> out{};
  REQUIRE(q.next({}, out));
  REQUIRE(q.enqueue(raw("a"), raw("4")));
  CHECK(listed(q) == "a= a=3 a=4 ");
  CHECK(q.counters().coalesced == 2);
}

TEST_CASE("the least important go first, the expired are not sent, and the server does not wait for either", "[state][op_queue]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7, when_full::drop_oldest, 4}, epoch_rule::durable, rng));
  REQUIRE(q.enqueue(raw("a"), raw("1"), 0));
  REQUIRE(q.enqueue(raw("b"), raw("1"), 3));
  REQUIRE(q.enqueue(raw("c"), raw("1"), 2, wall_ms{100}));
  REQUIRE(q.enqueue(raw("d"), raw("1"), 1));
  REQUIRE(q.enqueue(raw("e"), raw("1"), 1));
  CHECK(listed(q) == "a=1 c=1 d=1 e=1 ");
  CHECK(q.enqueue(raw("f"), raw("1"), 3).error() == errc::full);  // everything here is more important
  CHECK(q.enqueue(raw("f"), raw("1"), 4).error() == errc::invalid);
  CHECK(q.enqueue(raw("a key of twenty-five bytes"), {}).error() == errc::width);
  REQUIRE(q.persist());
  std::array<std::byte, 256> out{};
  server s;
  s.take(std::span{out}.first(q.next(wall_ms{100}, out).value()));
  CHECK(s.effects == std::vector<std::string>{"a=1", "d=1", "e=1"});
  CHECK(s.gaps.empty());
  CHECK(q.counters().expired == 1);
  CHECK(q.counters().dropped == 2);
}

TEST_CASE("a server that was put back asks, and gets what is still here; what is gone is a gap", "[state][op_queue][trap]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  for (const char* value : {"1", "2", "3"}) {
    REQUIRE(q.enqueue(raw("a"), raw(value)));
  }
  REQUIRE(q.persist());
  std::array<std::byte, 256> out{};
  server s;
  const std::size_t size = q.next({}, out).value();
  s.take(std::span{out}.first(size));
  server old;
  old.take(std::span{out}.first(size / 3));
  CHECK(old.effects == std::vector<std::string>{"a=1"});
  const op_mark two = {s.ledger.upto(7).epoch, 2};
  REQUIRE(q.on_ack(two));
  q.resend();
  old.take(std::span{out}.first(q.next({}, out).value()));
  CHECK(old.effects.size() == 1);  // not applied silently
  REQUIRE(old.gaps.size() == 1);
  CHECK(q.on_gap(old.gaps[0]).error() == errc::gap);
  CHECK(q.next({}, out).error() == errc::gap);
  CHECK(q.counters().gaps == 1);
  q.skip_gap();
  old.take(std::span{out}.first(q.next({}, out).value()));
  CHECK(old.effects == std::vector<std::string>{"a=1", "a=3"});
  CHECK(q.on_ack({two.epoch, 9}).error() == errc::out_of_range);
  CHECK(q.counters().future_acks == 1);
  CHECK(q.size() == 1);
  CHECK(q.enqueue(raw("a"), raw("4")).value().epoch.generation == two.epoch.generation + 1);  // the server knows more than this queue
}

TEST_CASE("a key that is overwritten for ever does not fill the store", "[state][op_queue]") {
  skerry::delivery::memory_store<64 * 64> store;
  skerry::splitmix64 rng{1};
  state::op_queue<skerry::delivery::memory_store<64 * 64>, limits> q;
  REQUIRE(q.open(store, {7, when_full::coalesce_by_key_then_drop_oldest, 4}, epoch_rule::durable, rng));
  REQUIRE(q.enqueue(raw("stays"), raw("1")));
  for (int i = 0; i < 500; ++i) {
    CAPTURE(i);
    REQUIRE(q.enqueue(raw("hot"), raw(std::to_string(i))));
    REQUIRE(q.persist());
  }
  CHECK(listed(q) == "stays=1 hot=499 ");
  REQUIRE(q.open(store, {7, when_full::coalesce_by_key_then_drop_oldest, 4}, epoch_rule::durable, rng));
  CHECK(listed(q) == "stays=1 hot=499 ");
}

TEST_CASE("a full store is emptied by acknowledgements, and remembers its names", "[state][op_queue]") {
  crash_store store{3};
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(q.enqueue(raw("a"), raw("1")));
  }
  CHECK(q.enqueue(raw("a"), raw("2")).error() == errc::full);
  CHECK(q.counters().dropped == 1);
  REQUIRE(q.persist());
  std::array<std::byte, 256> out{};
  REQUIRE(q.next({}, out));
  const op_mark third{q.oldest().value().epoch, 3};
  REQUIRE(q.on_ack(third));
  REQUIRE(q.persist());
  store.crash(0);
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  CHECK(q.size() == 0);
  CHECK(q.enqueue(raw("a"), raw("3")).value() == op_mark{third.epoch, 4});
}

TEST_CASE("a log whose acknowledged records a crash left in place can be opened, however many come after", "[state][op_queue]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  std::array<std::byte, 1024> out{};
  for (std::size_t i = 0; i < limits::operations; ++i) {
    REQUIRE(q.enqueue(raw("a"), raw("1")));
  }
  REQUIRE(q.persist());
  REQUIRE(q.next({}, out));
  REQUIRE(q.on_ack({q.oldest().value().epoch, limits::operations}));
  store.fail_advances(true);
  CHECK(q.persist().error() == errc::io);  // the lease is durable, the records are still there
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  CHECK(q.size() == 0);
  for (std::size_t i = 0; i < limits::operations; ++i) {
    REQUIRE(q.enqueue(raw("b"), raw("2")));
  }
  CHECK(q.persist().error() == errc::io);
  REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
  CHECK(q.size() == limits::operations);
  CHECK(q.oldest().value().seq == limits::operations + 1);
  store.fail_advances(false);
}

TEST_CASE("whatever crashes, nothing durable is lost and every operation has one effect, in order", "[state][op_queue][laws][trap]") {
  std::size_t crashes = 0;
  std::size_t repeats = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const auto rule = seed % 2 == 0 ? epoch_rule::durable : epoch_rule::every_open;
    const auto policy = seed % 3 == 0   ? when_full::drop_newest
                        : seed % 3 == 1 ? when_full::drop_oldest
                                        : when_full::coalesce_by_key_then_drop_oldest;
    crash_store store;
    queue q;
    const state::op_queue_config config{7, policy, 6};
    REQUIRE(q.open(store, config, rule, rng));
    server s;
    std::vector<std::vector<std::byte>> on_the_way;
    std::map<op_mark, std::string> accepted;  // what was enqueued, by its name
    std::map<op_mark, std::string> promised;  // what was reported durable
    std::map<std::string, op_mark> latest;    // the newest of each key that was reported durable
    int value = 0;
    const auto report = [&] {
      for (const auto& [id, what] : accepted) {
        if (q.durable(id)) {
          promised[id] = what;
          op_mark& newest = latest[what.substr(0, 1)];
          newest = newest < id ? id : newest;
        }
      }
    };
    for (int step = 0; step < 60; ++step) {
      switch (skerry::uniform_below(rng, 8)) {
        case 0:
        case 1: {
          const std::string key(1, static_cast<char>('a' + skerry::uniform_below(rng, 3)));
          const std::string bytes = std::to_string(value++);
          if (const auto id = q.enqueue(raw(key), raw(bytes)); id) {
            REQUIRE_FALSE(accepted.contains(id.value()));  // no name twice
            accepted[id.value()] = key + '=' + bytes;
          } else {
            REQUIRE(id.error() == errc::full);
          }
          break;
        }
        case 2:
          REQUIRE(q.persist());
          report();
          break;
        case 3: {
          std::vector<std::byte> batch(60 + skerry::uniform_below(rng, 120));
          if (const auto size = q.next({}, batch); size) {
            batch.resize(size.value());
            on_the_way.push_back(batch);
          }
          break;
        }
        case 4:
          if (!on_the_way.empty()) {
            s.take(on_the_way[rng() % on_the_way.size()]);  // late, again, out of order, or never
          }
          break;
        case 5:
          if (s.ledger.upto(7).seq != 0) {
            const auto acked = q.on_ack(s.ledger.upto(7));
            REQUIRE((acked || acked.error() == errc::out_of_range));
          }
          break;
        case 6: q.resend(); break;
        default:
          if (skerry::uniform_below(rng, 3) == 0) {
            store.crash(skerry::uniform_below(rng, 3));
            REQUIRE(q.open(store, config, rule, rng));
            ++crashes;
            // What was accepted and not reported may be gone, and its name with it.
            std::map<op_mark, std::string> left = promised;
            REQUIRE(q.for_each([&](const state::operation& op) { left[op.id] = text(op.key) + '=' + text(op.bytes); }));
            for (const auto& [id, what] : left) {
              REQUIRE(accepted.at(id) == what);
            }
            accepted = left;
          }
      }
    }
    REQUIRE(q.persist());
    report();
    for (int round = 0; round < 40 && q.size() > 0; ++round) {
      q.resend();
      std::vector<std::byte> batch(200);
      batch.resize(q.next({}, batch).value());
      s.take(batch);
      REQUIRE(q.on_ack(s.ledger.upto(7)));
    }
    REQUIRE(q.size() == 0);
    repeats += s.repeats;
    for (std::size_t i = 1; i < s.order.size(); ++i) {
      REQUIRE(s.order[i - 1] < s.order[i]);  // each once, and in order
    }
    for (const auto& [id, what] : promised) {
      // Only a policy that was chosen takes back what was promised: an overwritten one by a later of its key, an oldest one when full.
      REQUIRE((std::binary_search(s.order.begin(), s.order.end(), id) || policy != when_full::drop_newest));
      if (policy == when_full::coalesce_by_key_then_drop_oldest && q.counters().dropped == 0 && crashes == 0) {
        REQUIRE(std::binary_search(s.order.begin(), s.order.end(), latest.at(what.substr(0, 1))));
      }
    }
  }
  CHECK(crashes > 300);
  CHECK(repeats > 1000);
}

// Found by the simulator: the application had said `restored`, and lost power before the first operation. Then the next one got a name
// that the server knew.
TEST_CASE("that an older image was put back outlasts a crash, once it was made durable", "[state][op_queue]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  std::array<std::byte, 256> out{};
  server s;
  crash_store image;
  {
    queue q;
    REQUIRE(q.open(store, {7}, epoch_rule::durable, rng));
    REQUIRE(q.enqueue(raw("a"), raw("1")));
    REQUIRE(q.persist());
    image = store;
    REQUIRE(q.enqueue(raw("a"), raw("2")));
    REQUIRE(q.persist());
    s.take(std::span{out}.first(q.next({}, out).value()));
  }
  {
    queue q;
    REQUIRE(q.open(image, {7}, epoch_rule::durable, rng));
    q.restored();
    REQUIRE(q.persist());
  }
  image.crash(0);
  queue q;
  REQUIRE(q.open(image, {7}, epoch_rule::durable, rng));
  REQUIRE(q.enqueue(raw("a"), raw("3")));
  REQUIRE(q.persist());
  s.take(std::span{out}.first(q.next({}, out).value()));  // "a=1", from before
  REQUIRE(q.on_ack(s.ledger.upto(7)));
  s.take(std::span{out}.first(q.next({}, out).value()));
  CHECK(s.effects == std::vector<std::string>{"a=1", "a=2", "a=3"});
}

// Found by the simulator: a store was put back to before its first operation, so that its next life had the generation of one that the
// server knew, and after a crash another one. The server got the third life's operation first: it comes after one of the second, which by
// its nonce was before what the server had. The second life's operation was then taken for a repeat, and acknowledged.
TEST_CASE("an operation after one of another life of the same generation is not applied", "[state][op_queue][trap]") {
  for (const std::uint32_t nonce : {5U, 1'000'000U}) {
    state::op_ledger<1> ledger;
    state::operation known{7, {{1, 1000}, 1}};
    REQUIRE(ledger.applied(known));
    state::operation later{7, {{2, 9}, 1}, {{1, nonce}, 1}};
    CHECK(ledger.judge(later).error() == errc::mismatch);
    CHECK(ledger.applied(later).error() == errc::mismatch);
    CHECK(ledger.upto(7) == known.id);
    later.after = known.id;
    CHECK(ledger.applied(later));
  }
}

// The same without a twin: the server knows two epochs of a life that was lost, the queue goes on from the first and reaches the third.
TEST_CASE("no operation overtakes one of an earlier epoch that is not acknowledged", "[state][op_queue][trap]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  std::array<std::byte, 256> out{};
  queue q;
  server s;
  const auto open = [&] { REQUIRE(q.open(store, {7}, epoch_rule::every_open, rng)); };
  const auto enqueue = [&](std::string_view value) {
    const auto id = q.enqueue(raw("a"), raw(value));
    REQUIRE(id);
    REQUIRE(q.persist());
    return id.value();
  };
  const auto deliver = [&] { s.take(std::span{out}.first(q.next({}, out).value())); };
  SECTION("it goes when that one is acknowledged") {
    open();
    const op_mark first = enqueue("1");
    open();
    const op_mark second = enqueue("2");
    CHECK(second.epoch != first.epoch);
    deliver();
    CHECK(q.next({}, out).error() == errc::empty);
    REQUIRE(q.on_ack(s.ledger.upto(7)));
    deliver();
    CHECK(s.effects == std::vector<std::string>{"a=1", "a=2"});
  }
  SECTION("it goes when it was reported that the server knows another life") {
    state::operation lost{7, {{2, 77}, 3}};
    REQUIRE(s.ledger.applied(lost));
    open();
    const op_mark first = enqueue("1");
    REQUIRE(first.epoch.generation == 1);
    open();
    q.restored();
    REQUIRE(q.persist());
    open();
    const op_mark later = enqueue("2");
    REQUIRE(lost.id < later);
    CHECK(q.next({}, out));  // and its answer is lost
    CHECK(q.next({}, out).error() == errc::empty);
    q.resend();
    deliver();
    CHECK(s.repeats == 1);
    CHECK(q.on_ack(s.ledger.upto(7)).error() == errc::mismatch);
    CHECK(q.size() == 2);
    deliver();
    CHECK(s.effects == std::vector<std::string>{"a=2"});
    REQUIRE(q.on_ack(s.ledger.upto(7)));
    CHECK(q.size() == 0);
  }
}

TEST_CASE("after an older image was put back, operations have names above all that were used since", "[state][op_queue][trap]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  std::array<std::byte, 256> out{};
  queue q;
  server s;
  REQUIRE(q.open(store, {7}, epoch_rule::every_open, rng));
  REQUIRE(q.persist());
  const crash_store image = store;
  for (int life = 0; life < 3; ++life) {
    REQUIRE(q.open(store, {7}, epoch_rule::every_open, rng));
    REQUIRE(q.enqueue(raw("a"), raw("lost")));
    REQUIRE(q.persist());
    s.take(std::span{out}.first(q.next({}, out).value()));
    REQUIRE(q.on_ack(s.ledger.upto(7)));
  }
  store = image;
  REQUIRE(q.open(store, {7}, epoch_rule::every_open, rng));
  q.restored();
  q.restored();
  REQUIRE(q.enqueue(raw("a"), raw("1")));
  REQUIRE(q.persist());
  s.take(std::span{out}.first(q.next({}, out).value()));
  CHECK(s.effects.back() == "a=1");
  REQUIRE(q.on_ack(s.ledger.upto(7)));
  CHECK(q.size() == 0);
}

// Found by the simulator: such an acknowledgement was taken for a late one of its own, and what waited was forgotten without an effect.
TEST_CASE("an acknowledgement of another life acknowledges nothing of this one", "[state][op_queue]") {
  crash_store store;
  skerry::splitmix64 rng{1};
  queue q;
  REQUIRE(q.open(store, {7}, epoch_rule::every_open, rng));
  const op_mark first = q.enqueue(raw("a"), raw("1")).value();
  REQUIRE(q.persist());
  std::array<std::byte, 256> out{};
  REQUIRE(q.next({}, out));
  const op_mark other{{first.epoch.generation + 1, 5}, 1};  // what a life knew that was put back behind
  CHECK(q.on_ack(other).error() == errc::out_of_range);
  REQUIRE(q.enqueue(raw("a"), raw("2")));
  CHECK(q.on_ack(other).error() == errc::mismatch);
  CHECK(q.size() == 2);
  CHECK(q.counters().future_acks == 2);
  // A life of the generation of what waits, whichever nonce is the greater one.
  for (const std::uint32_t nonce : {first.epoch.nonce - 1, first.epoch.nonce + 1}) {
    CHECK(q.on_ack({{first.epoch.generation, nonce}, 9}).error() == errc::mismatch);
  }
  CHECK(q.size() == 2);
  CHECK(q.counters().future_acks == 4);
}
