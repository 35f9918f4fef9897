// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/accountant.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;
using store = memory_store<8192>;

constexpr courier_limits limits{outbox_limits{3, 24, 32}, 2, 3};
constexpr courier_config<tick> known{.box = {.quota_bytes = 400, .quota_items = 20, .evict = eviction::oldest, .dead_letter_after = 2},
                                     .endpoints = 2,
                                     .backoff = {.shape = backoff_shape::fibonacci, .base = 100, .jitter = {.kind = jitter_kind::equal}},
                                     .breaker = {.min_calls = 2, .wait = 700},
                                     .attempt_timeout = 3000,
                                     .replay_interval = 20};
using told = courier<tick, store, limits>;
using knows = courier<tick, store, limits, no_hooks, &known>;
static_assert(sizeof(knows) < sizeof(told));
constexpr outbox_config known_box = known.box;
static_assert(sizeof(outbox<tick, store, limits.box, &known_box>) < sizeof(outbox<tick, store, limits.box>));

enum class use : std::uint8_t { all, plain };

/// All that it did, as numbers. `plain`: no time to live, straight to the outbox, one stream.
template <typename Store, typename Courier>
std::vector<std::uint64_t> life(Store& kept, Courier& it, std::uint64_t seed, use of = use::all) {
  pcg32 random{seed, 9};
  std::vector<std::uint64_t> all;
  std::array<std::byte, 32> payload{};
  tick now = 0xffff'f000;
  std::vector<send_token> open;
  for (int i = 0; i < 500; ++i) {
    now += random() % 300;
    if (random() % 3 == 0) {
      const auto bytes = std::span<const std::byte>{payload}.first(random() % 33);
      const auto sent = of == use::plain
                            ? it.post(bytes, {}, now)
                            : it.send(bytes, {.item = {.stream = static_cast<stream_id>(random() % 3), .ttl_s = random() % 20}}, now);
      all.push_back(sent ? sent.value().id.seq : 1000 + static_cast<std::uint64_t>(sent.error()));
    }
    if (!open.empty() && random() % 2 == 0) {
      const outcome what = random() % 3 == 0 ? outcome::ok : static_cast<outcome>(random() % 5);
      it.on_result(open.back(), {what}, now);
      open.pop_back();
    }
    for (int n = 0; n < 20; ++n) {
      const action<tick> a = it.poll(now);
      all.insert(all.end(), {static_cast<std::uint64_t>(a.kind), a.endpoint.value, a.item.id.seq, a.attempt, a.remaining_ms});
      if (a.kind == action_kind::idle) {
        break;
      }
      if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        open.push_back(a.token);
      } else if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, kept.sync(), now);
      }
    }
    const auto at = it.next_deadline();
    all.push_back(at ? at.value() : 0);
  }
  it.counters().for_each([&](std::string_view, std::uint64_t n) { all.push_back(n); });
  return all;
}

TEST_CASE("a courier that knows its config while compiling does what one does that is told it") {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto a = std::make_unique<store>(), b = std::make_unique<store>();
    const clock_reading<tick> clock{0xffff'f000, wall_ms{1'700'000'000'000}, true};
    auto one = told::open(*a, known, device_seed::for_test(seed), clock);
    auto other = knows::open(*b, device_seed::for_test(seed), clock);
    REQUIRE(one);
    REQUIRE(other);
    REQUIRE(life(*a, one.value(), seed) == life(*b, other.value(), seed));
    dropped += other.value().counters().dropped_total();
  }
  CHECK(dropped > 50);
}

// The least that a courier can be, and the same with one thing more each.
constexpr courier_config<tick> with(outbox_features can, bool direct, eviction evict = eviction::reject) {
  courier_config<tick> c = known;
  c.endpoints = 1;
  c.direct = direct;
  c.box.evict = evict;
  c.box.features = can;
  return c;
}
constexpr courier_config<tick> whole = with({}, true);
constexpr courier_config<tick> least = with({.keys = false, .expiry = false, .classes = false, .reclaim = false}, false);
constexpr courier_config<tick> with_keys = with({.keys = true, .expiry = false, .classes = false, .reclaim = false}, false);
constexpr courier_config<tick> with_expiry = with({.keys = false, .expiry = true, .classes = false, .reclaim = false}, false);
constexpr courier_config<tick> with_classes = with({.keys = false, .expiry = false, .classes = true, .reclaim = false}, false);
constexpr courier_config<tick> with_reclaim = with({.keys = false, .expiry = false, .classes = false, .reclaim = true}, false);
constexpr courier_config<tick> with_direct = with({.keys = false, .expiry = false, .classes = false, .reclaim = false}, true);
constexpr courier_config<tick> unguarded = [] {
  courier_config<tick> c = with({.keys = false, .expiry = false, .classes = false, .reclaim = false}, true);
  c.guards = false;
  return c;
}();
constexpr courier_config<tick> least_of_all = [] {
  courier_config<tick> c = least;
  c.guards = false;
  return c;
}();
constexpr courier_limits one_endpoint{outbox_limits{1, 24, 32}, 1, 3};
constexpr courier_limits two_endpoints{outbox_limits{1, 24, 32}, 2, 3};
constexpr clock_reading<tick> boot{0xffff'f000, wall_ms{1'700'000'000'000}, true};

template <typename Store, const courier_config<tick>* Fixed>
using fixed_on = courier<tick, Store, one_endpoint, no_hooks, Fixed>;

template <const courier_config<tick>* Fixed>
void same_as_whole(std::uint64_t seed) {
  const auto a = std::make_unique<store>(), b = std::make_unique<store>(), c = std::make_unique<store>();
  auto one = courier<tick, store, two_endpoints>::open(*a, whole, device_seed::for_test(seed), boot);
  auto other = fixed_on<store, Fixed>::open(*b, device_seed::for_test(seed), boot);
  auto third = courier<tick, store, one_endpoint>::open(*c, *Fixed, device_seed::for_test(seed), boot);
  const auto did = life(*a, one.value(), seed, use::plain);
  REQUIRE(did == life(*b, other.value(), seed, use::plain));
  REQUIRE(did == life(*c, third.value(), seed, use::plain));
}

TEST_CASE("a courier whose features are left out does what the whole one does where nobody uses them") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    same_as_whole<&least>(seed);
    same_as_whole<&with_keys>(seed);
    same_as_whole<&with_expiry>(seed);
    same_as_whole<&with_classes>(seed);
    same_as_whole<&with_reclaim>(seed);
    same_as_whole<&with_direct>(seed);
  }
}

TEST_CASE("without breaker and budget attempts are held back by waits alone, told so while running or known while compiling") {
  std::uint64_t retries = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const auto a = std::make_unique<store>(), b = std::make_unique<store>(), c = std::make_unique<store>();
    auto one = fixed_on<store, &unguarded>::open(*a, device_seed::for_test(seed), boot);
    auto other = courier<tick, store, one_endpoint>::open(*b, unguarded, device_seed::for_test(seed), boot);
    auto third = courier<tick, store, two_endpoints>::open(*c, unguarded, device_seed::for_test(seed), boot);
    const auto did = life(*a, one.value(), seed, use::plain);
    REQUIRE(did == life(*b, other.value(), seed, use::plain));
    REQUIRE(did == life(*c, third.value(), seed, use::plain));
    CHECK(one.value().counters().breaker_opened == 0);
    CHECK(one.value().counters().budget_denied == 0);
    retries += one.value().counters().retries;
  }
  CHECK(retries > 100);
  static constexpr courier_config<tick> two = [] {
    courier_config<tick> c = unguarded;
    c.endpoints = 2;
    return c;
  }();
  const auto memory = std::make_unique<store>();
  CHECK(courier<tick, store, two_endpoints>::open(*memory, two, device_seed::for_test(1), boot).error() == errc::invalid);
}

TEST_CASE("what was left out is refused by name, also where the config is told while running") {
  const auto memory = std::make_unique<store>();
  auto opened = courier<tick, store, one_endpoint>::open(*memory, least, device_seed::for_test(1), boot);
  auto& it = opened.value();
  const std::byte one[]{std::byte{1}};
  CHECK(it.post(one, {.ttl_s = 1}, 0).error() == errc::unsupported);
  CHECK(it.post(one, {.key = one}, 0).error() == errc::unsupported);
  CHECK(it.post(one, {.importance = 0}, 0).error() == errc::unsupported);
  CHECK(it.send(one, {.store = store_when::never}, 0).error() == errc::unsupported);
  CHECK(it.queued() == 0);
  CHECK(it.post(one, {}, 0));
  CHECK(it.send(one, {}, 0).value().stored);
  CHECK(it.counters().refused == 3);
  CHECK(it.counters().produced == 2);
}

TEST_CASE("the least courier on flash delivers all it took, over power cuts, and its sums hold") {
  using flash = testing::basic_faulty_flash<8, 1024>;
  using ring = flash_ring<flash, flash_limits{1}>;
  using node = fixed_on<ring, &least_of_all>;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    splitmix64 random{seed};
    const auto device = std::make_unique<flash>(seed, 8);
    std::uint64_t taken = 0, last = 0;
    std::vector<std::uint64_t> got;
    tick now = 0;
    for (std::uint64_t boots = 1; boots <= 8; ++boots) {
      ring on = ring::create(*device, {.entropy = random()}).value();
      auto opened = node::open(on, device_seed{std::as_bytes(std::span{"least"}), boots}, {now, {}, false});
      if (!opened) {
        REQUIRE(device->off());
        device->power_cut();
        continue;
      }
      node& it = opened.value();
      if (boots < 8) {
        device->power_fails_after(random() % 1500);
      }
      const bool up = boots == 8 || random() % 2 == 0;
      for (int i = 0; i < 3000 && !device->off(); ++i, now += 50) {
        const std::byte payload[]{static_cast<std::byte>(taken + 1)};
        if (boots < 8 && i % 8 == 0) {
          const auto in = it.post(payload, {}, now);
          REQUIRE((in || in.error() == errc::full || device->off()));
          taken += in ? 1 : 0;
        }
        for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
          if (a.kind == action_kind::sync) {
            it.on_synced(a.sync, on.sync(), now);
          } else if (a.kind == action_kind::send) {
            if (up && a.item.id.seq > last) {
              last = a.item.id.seq;
              got.push_back(std::to_integer<std::uint64_t>(a.item.payload[0]));
            }
            it.on_result(a.token, {up ? outcome::ok : outcome::transient}, now);
          }
        }
        REQUIRE(testing::accountant::sum(it.counters(), it.queued()).empty());
      }
      device->power_cut();
    }
    CAPTURE(taken, got.size());
    REQUIRE(got.size() >= taken);  // an append that the power ended may be found
    for (std::size_t i = 0; i + 1 < got.size(); ++i) {
      REQUIRE((static_cast<std::uint8_t>(got[i + 1] - got[i]) <= 1));  // in order, and none is missing
    }
    CHECK(device->counts().violations == 0);
  }
}

}  // namespace
