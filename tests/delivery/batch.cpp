// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/batch.hpp>

#include <skerry/core/random.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/dedupe.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;
using store = memory_store<65536>;

/// Packs as plain_batch does, in moods: now and then it fails, or takes fewer; squeezes what is all zeros.
struct moody {
  splitmix64* random = nullptr;
  std::size_t pack(std::span<const item_view> items, byte_writer& out) noexcept {
    const std::uint64_t mood = random == nullptr ? 0 : (*random)() % 8;
    return mood == 1 ? 0 : mood == 2 ? 1 : plain_batch::pack(mood == 3 ? items.first(items.size() - 1) : items, out);
  }
  status squeeze(std::span<const std::byte> bytes, byte_writer& out) noexcept {
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; })) {
      return errc::unsupported;
    }
    out.varint(bytes.size());
    return out.error();
  }
};
static_assert(batch_hooks<moody> && batch_hooks<plain_batch> && !batch_hooks<no_hooks>);
static_assert(packs_items<plain_batch> && !squeezes_bytes<plain_batch>);

constexpr courier_limits batched{outbox_limits{4, 128, 64}, 2, 4, 16, 512};
using node = courier<tick, store, batched, moody>;
// Who has no hooks pays nothing for them.
static_assert(sizeof(courier<tick, store, courier_limits{outbox_limits{4, 128, 64}, 2, 4}>) + 1024 + 16 * sizeof(item_view) < sizeof(node));

/// Answers at once, as it is told to; takes items out of their messages as a receiver does.
struct plant {
  using code = int;
  node* to = nullptr;
  tick now = 0;
  std::array<outcome, 2> says{outcome::ok, outcome::ok};
  std::vector<attempt_info> attempts;
  std::vector<item_id> got;
  std::map<std::uint64_t, std::byte> bytes;
  dedupe_window<4, 64> seen;
  std::uint64_t poison = 0;  // a number that this peer refuses, with all that is in its message
  bool mixed = false;

  status start(endpoint_id e, send_token token, const item_view& message, attempt_info info) noexcept {
    outcome answer = says[e.value];
    std::vector<item_view> items;
    std::vector<std::byte> zeros;
    item_view whole = message;
    if (!info.probe) {
      attempts.push_back(info);
      if (info.squeezed) {
        byte_reader in{message.payload};
        zeros.resize(in.varint());
        whole.payload = zeros;
      }
      if (info.items > 1) {
        REQUIRE(read_batch(whole, [&](const item_view& i) { items.push_back(i); }));
        REQUIRE(items.size() == info.items);
      } else {
        items.push_back(whole);
      }
      for (const item_view& i : items) {
        answer = i.id.seq == poison ? outcome::permanent : answer;
        mixed = mixed || i.historical != items.front().historical || i.id.stream != items.front().id.stream;
      }
    }
    if (answer == outcome::ok || answer == outcome::unknown) {
      for (const item_view& i : items) {
        if (seen.accept(i.id) == verdict::fresh) {
          got.push_back(i.id);
          bytes[i.id.seq * 4 + i.id.stream] = i.payload.empty() ? std::byte{} : i.payload[0];
        }
      }
    }
    to->on_result(token, {answer}, now);
    return {};
  }
  void abandon(send_token) noexcept {}
  outcome classify(int) const noexcept { return outcome::transient; }
};
static_assert(transport<plant>);

struct world {
  courier_config<tick> config{.box = {.quota_bytes = 8192, .quota_items = 100}};
  std::unique_ptr<store> memory = std::make_unique<store>();
  std::unique_ptr<node> it;
  plant peer;
  splitmix64 moods;

  explicit world(std::uint64_t seed, bool in_moods = false) : moods{seed} {
    config.endpoints = 2;
    config.backoff.base = 10;
    config.backoff.cap = 50;
    config.backoff.floor = 1;
    config.breaker.wait = 20;
    config.breaker.wait_cap = 100;
    config.budget.reserve_per_s = 10'000;
    config.failover.hold = 100;
    it = std::make_unique<node>(
        node::open(*memory, config, device_seed::for_test(seed), {0, wall_ms{1'700'000'000'000}, true}, moody{in_moods ? &moods : nullptr})
            .value());
    peer.to = it.get();
  }
  void post(stream_id stream, int value, repeatable repeat = repeatable::by_key) {
    std::array<std::byte, 20> payload{};
    payload.fill(static_cast<std::byte>(value));
    REQUIRE(it->post(payload, {.stream = stream, .repeat = repeat}, peer.now));
  }
  void run(tick ms) {
    for (const tick end = peer.now + ms; peer.now != end; ++peer.now) {
      (void)drive_tick(*it, peer, peer.now);
    }
  }
  [[nodiscard]] bool balances() const {
    const delivery_counters& n = it->counters();
    return n.produced == n.delivered + n.dropped_total() + it->queued();
  }
};

TEST_CASE("twenty items that waited go in two messages, and the answer to each acknowledges all that was in it") {
  world w{1};
  w.peer.says = {outcome::transient, outcome::transient};
  for (int i = 1; i <= 20; ++i) {
    w.post(1, i);
  }
  w.run(300);
  CHECK(w.it->queued() == 20);
  const std::size_t before = w.peer.attempts.size();
  w.peer.says = {outcome::ok, outcome::ok};
  w.run(500);
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().delivered == 20);
  CHECK(w.it->counters().replayed == 20);
  CHECK(w.peer.attempts.size() - before == 2);
  CHECK(w.peer.attempts.back().items == 4);
  REQUIRE(w.peer.got.size() == 20);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    CHECK(w.peer.got[n - 1].seq == n);
    CHECK(w.peer.bytes[n * 4 + 1] == static_cast<std::byte>(n));
  }
  CHECK(w.balances());
}

TEST_CASE("what is squeezed is marked, and what the hook cannot make shorter goes as it is") {
  world w{1};
  w.post(0, 0);
  w.run(10);
  w.post(0, 7);
  w.run(10);
  REQUIRE(w.peer.attempts.size() == 2);
  CHECK(w.peer.attempts[0].squeezed);
  CHECK_FALSE(w.peer.attempts[1].squeezed);
  CHECK(w.peer.bytes[1 * 4] == std::byte{0});
  CHECK(w.peer.bytes[2 * 4] == std::byte{7});
}

TEST_CASE("one item that is refused does not take its batch into the dead letters with it") {
  world w{1};
  w.peer.poison = 5;
  for (int i = 1; i <= 12; ++i) {
    w.post(2, i);
  }
  w.run(3000);
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().delivered == 11);
  CHECK(w.it->counters().dropped_for(drop_reason::dead_letter) == 1);
  CHECK(w.peer.got.size() == 11);
  CHECK(w.balances());
}

TEST_CASE("an item that must not arrive twice travels alone") {
  world w{1};
  w.peer.says = {outcome::transient, outcome::transient};
  for (int i = 1; i <= 6; ++i) {
    w.post(0, i, i == 3 ? repeatable::no : repeatable::by_key);
  }
  w.run(100);
  w.peer.says = {outcome::ok, outcome::ok};
  const std::size_t before = w.peer.attempts.size();
  w.run(500);
  CHECK(w.it->queued() == 0);
  std::vector<int> sizes;
  for (std::size_t i = before; i < w.peer.attempts.size(); ++i) {
    sizes.push_back(w.peer.attempts[i].items);
  }
  CHECK(sizes == std::vector<int>{2, 1, 3});
}

TEST_CASE("a batch that the primary does not answer goes to the fallback as a whole") {
  world w{1};
  w.peer.says = {outcome::unknown, outcome::ok};
  for (int i = 1; i <= 10; ++i) {
    w.post(0, i);
  }
  w.run(200);
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().delivered == 10);
  CHECK(w.peer.got.size() == 10);
  CHECK(w.it->counters().fallback_used[0] == 1);
}

TEST_CASE("an item of a batch under way can be called off, and the others arrive") {
  world w{1};
  std::vector<ticket> tickets;
  std::array<std::byte, 4> payload{};
  for (int i = 0; i < 5; ++i) {
    tickets.push_back(w.it->post(payload, {}, 0).value());
  }
  const action<tick> send = w.it->poll(1);
  REQUIRE(send.kind == action_kind::send);
  REQUIRE(send.items == 5);
  CHECK(w.it->cancel(tickets[0], 2));
  CHECK(w.it->cancel(tickets[3], 2));
  w.it->on_result(send.token, {outcome::ok}, 3);
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().delivered == 3);
  CHECK(w.it->counters().replayed == 3);
  CHECK(w.it->counters().dropped_for(drop_reason::cancelled) == 2);
  CHECK(w.balances());
}

TEST_CASE("whatever hooks and links do, every item arrives once in effect, in the order of its stream, and the sums hold") {
  std::uint64_t several = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    splitmix64 random{seed * 77};
    world w{seed, true};
    int value = 0;
    std::uint64_t posted = 0;
    for (int step = 0; step < 60; ++step) {
      switch (random() % 4) {
        case 0:
          for (outcome& o : w.peer.says) {
            o = std::array{outcome::ok, outcome::transient, outcome::unknown, outcome::throttled}[random() % 4];
          }
          break;
        case 1:
          for (std::uint64_t n = random() % 12; n > 0 && w.it->queued() < 90; --n, ++posted) {
            w.post(static_cast<stream_id>(random() % 3), ++value % 100);
          }
          break;
        default: w.run(static_cast<tick>(random() % 60));
      }
      CHECK(w.balances());
    }
    w.peer.says = {outcome::ok, outcome::ok};
    w.run(3000);
    CHECK(w.it->queued() == 0);
    CHECK(w.it->counters().delivered == posted);
    CHECK(w.peer.got.size() == posted);
    CHECK_FALSE(w.peer.mixed);
    std::array<std::uint64_t, 4> last{};
    bool ordered = true;
    for (const item_id& id : w.peer.got) {
      ordered = ordered && id.seq > last[id.stream];
      last[id.stream] = id.seq;
    }
    CHECK(ordered);
    for (const attempt_info& a : w.peer.attempts) {
      several += a.items > 1 ? 1 : 0;
    }
  }
  CHECK(several > 100);
}

TEST_CASE("a damaged batch is refused whole, or says something else, and is never read past its end") {
  std::array<std::byte, 9> a{};
  std::array<std::byte, 30> b{};
  const std::array<item_view, 2> items{item_view{{1, 2, 7}, a, 1, true, wall_ms{1'700'000'000'000}, 0},
                                       item_view{{1, 2, 9}, b, 1, true, wall_ms{1'699'999'999'000}, 0}};
  std::array<std::byte, 128> memory{};
  byte_writer out{memory};
  REQUIRE(plain_batch::pack(items, out) == 2);
  item_view message = items[0];
  std::vector<std::byte> bytes{out.written().begin(), out.written().end()};
  message.payload = bytes;
  std::vector<std::uint64_t> seqs, stamps;
  REQUIRE(read_batch(message, [&](const item_view& i) {
    seqs.push_back(i.id.seq);
    stamps.push_back(i.stamp.value);
  }));
  CHECK(seqs == std::vector<std::uint64_t>{7, 9});
  CHECK(stamps == std::vector<std::uint64_t>{1'700'000'000'000, 1'699'999'999'000});
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::vector<std::byte> cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n)};
    message.payload = cut;
    int visited = 0;
    const bool whole_first = n == 18;  // the first item alone is a batch too
    CHECK(static_cast<bool>(read_batch(message, [&](const item_view&) { ++visited; })) == whole_first);
    CHECK(visited == (whole_first ? 1 : 0));
  }
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::vector<std::byte> bad = bytes;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    message.payload = bad;
    std::size_t read = 0;
    const status how = read_batch(message, [&](const item_view& i) { read += i.payload.size(); });
    CHECK((how ? read < bad.size() : read == 0));
  }
}

}  // namespace
