// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/route.hpp>

#include <catch2/catch_test_macros.hpp>
#include <memory>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using tick = std::uint32_t;

struct total {
  using algebra = skerry::merges;
  static constexpr std::size_t max_encoded_size = 4;
  std::uint32_t n = 0;
  void merge(const total& other) { n += other.n; }
  skerry::status encode(skerry::byte_writer& out) const {
    out.u32(n);
    return out.error();
  }
};

struct greatest {
  using algebra = skerry::joins;
  static constexpr std::size_t max_encoded_size = 4;
  std::uint32_t n = 0;
  void join(const greatest& other) { n = other.n > n ? other.n : n; }
  skerry::status encode(skerry::byte_writer& out) const {
    out.u32(n);
    return out.error();
  }
};

// Routes and payloads that fit; those that do not are in tests/fail.
static_assert(!route<at_most_once>::may_repeat);
static_assert(!route<at_least_once, deduped<64>>::may_repeat);
static_assert(route<at_least_once>::may_repeat);

using store_type = memory_store<8192>;
using courier_type = courier<tick, store_type, courier_limits{outbox_limits{1, 16, 32}, 1, 2}>;
const courier_config<tick> config{.box = {.quota_bytes = 1024, .quota_items = 16}, .endpoints = 1};

/// Sends what is posted, hears nothing, and counts how often it was tried within ten minutes.
int attempts_after_silence(courier_type& it, store_type& store) {
  int attempts = 0;
  for (tick now = 0; now < 600'000; now += 1'000) {
    for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
      if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, store.sync(), now);
      } else if (a.kind == action_kind::send) {
        ++attempts;
        it.on_result(a.token, {outcome::unknown}, now);
      } else if (a.kind == action_kind::probe) {
        it.on_result(a.token, {outcome::ok}, now);
      }
    }
  }
  return attempts;
}

template <typename Post>
int attempts(Post&& post_it) {
  auto store = std::make_unique<store_type>();
  auto opened = courier_type::open(*store, config, device_seed::for_test(1), {0, {}, false});
  auto it = std::make_unique<courier_type>(opened.value());
  REQUIRE(post_it(*it));
  return attempts_after_silence(*it, *store);
}

TEST_CASE("what is merged goes out again after silence only where the receiver drops repeats") {
  const total sum{7};
  CHECK(attempts([&](auto& it) { return post<route<at_most_once>>(it, sum, item_options<tick>{}, tick{0}); }) == 1);
  CHECK(attempts([&](auto& it) { return post<route<at_least_once, deduped<64>>>(it, sum, item_options<tick>{}, tick{0}); }) > 3);
}

TEST_CASE("a join goes out again on any route that sends again") {
  CHECK(attempts([&](auto& it) { return post<route<at_least_once>>(it, greatest{9}, item_options<tick>{}, tick{0}); }) > 3);
}

TEST_CASE("bytes need a word about their repetition, and a key needs somebody who looks at it") {
  const std::byte one[1]{};
  auto store = std::make_unique<store_type>();
  auto it = std::make_unique<courier_type>(courier_type::open(*store, config, device_seed::for_test(1), {0, {}, false}).value());
  const std::span<const std::byte> bytes{one};
  CHECK(post<route<at_least_once>>(*it, bytes, repeatable::by_key, item_options<tick>{}, tick{0}).error() == errc::invalid);
  CHECK(post<route<at_least_once, deduped<64>>>(*it, bytes, repeatable::by_key, item_options<tick>{}, tick{0}));
  CHECK(post<route<at_least_once>>(*it, bytes, repeatable::yes, item_options<tick>{}, tick{0}));
  CHECK(attempts([&](auto& other) { return post<route<at_least_once>>(other, bytes, repeatable::no, item_options<tick>{}, tick{0}); }) ==
        1);
  CHECK(attempts([&](auto& other) { return post<route<at_most_once>>(other, bytes, repeatable::yes, item_options<tick>{}, tick{0}); }) ==
        1);
}

}  // namespace
