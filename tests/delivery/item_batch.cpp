// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/item_batch.hpp>

#include <skerry/core/random.hpp>
#include <skerry/delivery/batch.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;
using store = memory_store<16384>;

struct owned_part {
  std::vector<std::byte> payload;
  std::uint64_t stamp = 0;
  friend bool operator==(const owned_part&, const owned_part&) = default;
};
std::vector<owned_part> parts_of(std::span<const std::byte> bytes) {
  std::vector<owned_part> out;
  REQUIRE(read_parts(bytes, [&](const batch_part& p) {
    REQUIRE(p.index == out.size());
    out.push_back({{p.payload.begin(), p.payload.end()}, p.stamp.value});
  }));
  return out;
}

/// What a peer saw; it answers as it is told to.
struct message {
  item_view item{};
  attempt_info info{};
  std::vector<std::byte> bytes{};
};
template <typename Node>
struct peer {
  using code = int;
  Node* to = nullptr;
  tick now = 0;
  outcome says = outcome::ok;
  std::vector<message> got{};
  status start(endpoint_id, send_token token, const item_view& item, attempt_info info) noexcept {
    if (!info.probe) {
      got.push_back({item, info, {item.payload.begin(), item.payload.end()}});
    }
    to->on_result(token, {says}, now);
    return {};
  }
  void abandon(send_token) noexcept {}
  outcome classify(int) const noexcept { return outcome::transient; }
  void run(tick ms) {
    for (const tick end = now + ms; now != end; ++now) {
      (void)drive_tick(*to, *this, now);
    }
  }
};

courier_config<tick> quick() {
  courier_config<tick> c{.box = {.quota_bytes = 4096, .quota_items = 60}};
  c.backoff.base = 10;
  c.backoff.cap = 50;
  c.backoff.floor = 1;
  c.breaker.wait = 20;
  c.breaker.wait_cap = 50;
  c.budget.reserve_per_s = 10'000;
  return c;
}
constexpr clock_reading<tick> boot{0, wall_ms{1'700'000'000'000}, true};

item_batch<64> readings(std::uint8_t first, int n) {
  item_batch<64> b;
  for (int i = 0; i < n; ++i) {
    const std::byte value[]{static_cast<std::byte>(first + i), std::byte{0}};
    REQUIRE(b.add(value, wall_ms{1'700'000'000'000 + static_cast<std::uint64_t>(i)}));
  }
  return b;
}

TEST_CASE("what is added comes out as it was, and what does not fit changes nothing") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    splitmix64 random{seed};
    item_batch<100> b;
    std::vector<owned_part> in;
    for (int i = 0; i < 40; ++i) {
      owned_part p;
      p.payload.resize(random() % 30);
      std::generate(p.payload.begin(), p.payload.end(), [&] { return static_cast<std::byte>(random()); });
      p.stamp = random() % 3 == 0 ? random() >> (16 + random() % 48) : 1'700'000'000'000 + random() % 1000;
      const std::vector<std::byte> before{b.bytes().begin(), b.bytes().end()};
      if (const status added = b.add(p.payload, wall_ms{p.stamp})) {
        in.push_back(p);
      } else {
        REQUIRE(added.error() == errc::full);
        REQUIRE(std::ranges::equal(before, b.bytes()));
      }
      REQUIRE(b.size() == in.size());
    }
    CHECK(parts_of(b.bytes()) == in);
    b.clear();
    CHECK(b.empty());
    CHECK(b.bytes().empty());
    REQUIRE(b.add(in.front().payload, wall_ms{in.front().stamp}));
    CHECK(parts_of(b.bytes()) == std::vector<owned_part>{in.front()});
  }
  item_batch<64> b;
  CHECK(b.add({}, wall_ms{std::uint64_t{1} << 48}).error() == errc::invalid);
  CHECK(b.empty());
}

TEST_CASE("a batch is filled to its last byte, and not beyond") {
  const std::array<std::byte, 61> payload{};
  item_batch<64> b;
  CHECK(b.add(std::span{payload}.first(61)));  // the form, a stamp and a length of one byte each
  CHECK(b.bytes().size() == 64);
  CHECK(b.add({}).error() == errc::full);
  item_batch<63> less;
  CHECK(less.add(payload).error() == errc::full);
}

TEST_CASE("the bytes of a batch are these") {
  item_batch<64> b;
  const std::byte one[]{std::byte{0xaa}};
  REQUIRE(b.add(one, wall_ms{100}));
  REQUIRE(b.add({}, wall_ms{99}));
  const std::array<std::byte, 7> frozen{std::byte{2},    std::byte{0xc8}, std::byte{1}, std::byte{1},
                                        std::byte{0xaa}, std::byte{1},    std::byte{0}};
  CHECK(std::ranges::equal(b.bytes(), frozen));
}

TEST_CASE("a damaged batch of items is refused whole, or says something else, and is never read past its end") {
  const item_batch<64> b = readings(7, 6);
  const std::vector<std::byte> bytes{b.bytes().begin(), b.bytes().end()};
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::vector<std::byte> cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n)};
    int visited = 0;
    const status how = read_parts(cut, [&](const batch_part&) { ++visited; });
    CHECK((how ? visited > 0 : visited == 0));
  }
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::vector<std::byte> bad = bytes;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    std::size_t read = 0;
    const status how = read_parts(bad, [&](const batch_part& p) { read += p.payload.size(); });
    CHECK((how ? read < bad.size() : read == 0));
  }
  item_view other;
  other.payload = bytes;
  CHECK(read_batch(other, [](const item_view&) {}).error() == errc::unsupported);  // the two forms are never taken for each other
}

TEST_CASE("a batch is one record, one number, one message and one delivery, over a restart too") {
  using node = courier<tick, store, courier_limits{outbox_limits{4, 60, 64}, 1, 4}>;
  const courier_config<tick> config = quick();
  const auto memory = std::make_unique<store>();
  const item_batch<64> b = readings(10, 9);
  {
    auto opened = node::open(*memory, config, device_seed::for_test(1), boot);
    node& it = opened.value();
    peer<node> link{.to = &it, .says = outcome::transient};
    const auto got = it.post(b, {.stream = 2}, 0);
    REQUIRE(got);
    CHECK(got.value().id.seq == 1);
    const std::byte single[]{std::byte{99}};
    REQUIRE(it.post(single, {.stream = 2, .squeezed = true}, 0));
    CHECK(it.queued() == 2);
    link.run(100);
    REQUIRE_FALSE(link.got.empty());
    CHECK(link.got.front().item.batch);
    CHECK(parts_of(link.got.front().bytes) == parts_of(b.bytes()));
  }
  auto opened = node::open(*memory, config, device_seed::for_test(2), boot);
  node& it = opened.value();
  peer<node> link{.to = &it};
  CHECK(it.counters().recovered == 2);
  link.run(200);
  REQUIRE(link.got.size() == 2);
  CHECK(link.got[0].item.batch);
  CHECK_FALSE(link.got[0].info.squeezed);
  CHECK(parts_of(link.got[0].bytes) == parts_of(b.bytes()));
  CHECK_FALSE(link.got[1].item.batch);
  CHECK(link.got[1].info.squeezed);
  CHECK(it.counters().delivered == 2);
  CHECK(it.queued() == 0);
}

TEST_CASE("a direct send of a batch says so, and when nobody answers it is stored as one") {
  using node = courier<tick, store, courier_limits{outbox_limits{4, 60, 64}, 1, 4}>;
  const courier_config<tick> config = quick();
  const auto memory = std::make_unique<store>();
  auto opened = node::open(*memory, config, device_seed::for_test(1), boot);
  node& it = opened.value();
  peer<node> link{.to = &it, .says = outcome::transient};
  const item_batch<64> b = readings(1, 5);
  link.run(50);  // numbers are leased
  const auto got = it.send(b, {}, link.now);
  REQUIRE(got);
  CHECK_FALSE(got.value().stored);
  link.run(1);
  REQUIRE(link.got.size() == 1);
  CHECK(link.got[0].item.batch);
  CHECK(it.counters().cached_offline == 1);
  link.says = outcome::ok;
  link.run(300);
  CHECK(link.got.back().item.batch);
  CHECK(link.got.back().item.historical);
  CHECK(it.counters().delivered == 1);
  CHECK(it.queued() == 0);
}

TEST_CASE("an empty batch is not an item") {
  using node = courier<tick, store, courier_limits{outbox_limits{4, 60, 64}, 1, 4}>;
  const courier_config<tick> config = quick();
  const auto memory = std::make_unique<store>();
  auto opened = node::open(*memory, config, device_seed::for_test(1), boot);
  node& it = opened.value();
  const item_batch<64> b;
  CHECK(it.post(b, {}, 0).error() == errc::empty);
  CHECK(it.send(b, {}, 0).error() == errc::empty);
  CHECK(it.counters().offered == 0);
}

struct both_hooks : plain_batch {
  status squeeze(std::span<const std::byte> bytes, byte_writer& out) noexcept {
    out.u8(static_cast<std::uint8_t>(bytes.size()));  // takes everything
    return out.error();
  }
};

TEST_CASE("a batch that was stored is not packed with others, and what came squeezed is not squeezed again") {
  using node = courier<tick, store, courier_limits{outbox_limits{4, 60, 64}, 1, 4, 16, 512}, both_hooks>;
  const courier_config<tick> config = quick();
  const auto memory = std::make_unique<store>();
  auto opened = node::open(*memory, config, device_seed::for_test(1), boot);
  node& it = opened.value();
  peer<node> link{.to = &it};
  const std::byte single[]{std::byte{99}, std::byte{98}};
  REQUIRE(it.post(single, {}, 0));
  REQUIRE(it.post(single, {}, 0));
  REQUIRE(it.post(readings(1, 3), {}, 0));
  REQUIRE(it.post(readings(1, 4), {.squeezed = true}, 0));
  REQUIRE(it.post(single, {.squeezed = true}, 0));
  REQUIRE(it.post(single, {}, 0));
  link.run(300);
  REQUIRE(link.got.size() == 5);
  CHECK(link.got[0].info.items == 2);
  CHECK_FALSE(link.got[0].item.batch);
  CHECK(link.got[1].item.batch);
  CHECK(link.got[1].info.items == 1);
  CHECK(link.got[1].info.squeezed);  // by the hook
  CHECK(link.got[1].bytes.size() == 1);
  CHECK(link.got[2].item.batch);
  CHECK(link.got[2].info.squeezed);  // by who handed it over
  CHECK(parts_of(link.got[2].bytes).size() == 4);
  CHECK(link.got[3].info.squeezed);
  CHECK(link.got[3].bytes.size() == 2);
  CHECK(link.got[4].info.items == 1);
  CHECK(it.counters().delivered == 6);
}

TEST_CASE("a batch that is refused for good is one dead letter, shown whole") {
  using node = courier<tick, store, courier_limits{outbox_limits{4, 60, 64}, 1, 4}>;
  courier_config<tick> config = quick();
  config.box.dead_letter_after = 2;
  const auto memory = std::make_unique<store>();
  auto opened = node::open(*memory, config, device_seed::for_test(1), boot);
  node& it = opened.value();
  REQUIRE(it.post(readings(3, 7), {}, 0));
  std::size_t shown = 0;
  for (tick now = 0; now < 3000; ++now) {
    for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
      if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        it.on_result(a.token, {outcome::permanent}, now);
      } else if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, {}, now);
      } else if (a.kind == action_kind::dead_letter) {
        CHECK(a.item.batch);
        shown = parts_of(a.item.payload).size();
      }
    }
  }
  CHECK(shown == 7);
  CHECK(it.counters().dropped_for(drop_reason::dead_letter) == 1);
  CHECK(it.queued() == 0);
}

TEST_CASE("a relay that drains one courier into another passes batches on as batches") {
  using node = courier<tick, store, courier_limits{outbox_limits{4, 60, 64}, 1, 4}>;
  const courier_config<tick> config = quick();
  const auto memory = std::make_unique<store>();
  const auto memory2 = std::make_unique<store>();
  auto a = node::open(*memory, config, device_seed::for_test(1), boot);
  auto b = node::open(*memory2, config, device_seed::for_test(2), boot);
  REQUIRE(a.value().post(readings(3, 7), {.squeezed = true}, 0));
  a.value().drain([&](const item_view& item) { REQUIRE(b.value().post(item, {}, 0)); });
  int seen = 0;
  b.value().drain([&](const item_view& item) {
    ++seen;
    CHECK(item.batch);
    CHECK(item.squeezed);
  });
  CHECK(seen == 1);
}

TEST_CASE("readings of two bytes take less than a fifth of the flash as batches of nine") {
  using flash = testing::basic_faulty_flash<8, 4096>;
  using ring = flash_ring<flash, flash_limits{1}>;
  using box = outbox<tick, ring, outbox_limits{1, 200, 64}>;
  static constexpr outbox_config config{.quota_bytes = 8192, .quota_items = 190};
  const auto used = [](bool batches) {
    const auto device = std::make_unique<flash>(1, 8);
    ring on_flash = ring::create(*device).value();
    auto opened = box::open(on_flash, config, device_seed::for_test(1), boot);
    const std::uint64_t before = on_flash.used_bytes();
    if (batches) {
      for (int i = 0; i < 20; ++i) {
        REQUIRE(opened.value().append(readings(static_cast<std::uint8_t>(9 * i), 9), {}, 0));
      }
    } else {
      const std::byte value[]{std::byte{1}, std::byte{0}};
      for (int i = 0; i < 180; ++i) {
        REQUIRE(opened.value().append(value, {}, 0));
      }
    }
    return on_flash.used_bytes() - before;
  };
  CAPTURE(used(true), used(false));
  CHECK(used(true) * 5 < used(false));
}

}  // namespace
