// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/policy.hpp>

#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace state = skerry::state;
using skerry::errc;

namespace {

// The smallest policy, and near-misses.
struct last_life {
  using value_type = std::uint32_t;
  static constexpr std::uint8_t kind = 120;
  static constexpr state::delivery_need need = state::delivery_need::any_order;
  static constexpr bool removable = true;
  static constexpr state::verdict judge(const auto&) { return {}; }
  static constexpr skerry::result<std::uint32_t> read(const auto&) { return 0U; }
  static constexpr bool valid(std::span<const std::byte>) { return true; }
};
struct without_need : last_life {
  static constexpr int need() { return 0; }
};
struct reads_raw : last_life {
  static constexpr std::uint32_t read(const auto&) { return 0; }
};
static_assert(state::policy<last_life> && !state::written_policy<last_life> && !state::counting_policy<last_life>);
static_assert(!state::policy<without_need> && !state::policy<reads_raw> && !state::policy<int>);
static_assert(state::written_policy<state::lww<double>> && state::written_policy<state::keep_both<bool>>);
static_assert(state::counting_policy<state::counter> && !state::two_way_counting_policy<state::counter>);
static_assert(state::two_way_counting_policy<state::pn_counter> && !state::written_policy<state::pn_counter>);
static_assert(state::kinds::lww == 0x81 && state::kinds::keep_both == 0x82 && state::kinds::counter == 3 &&
              state::kinds::pn_counter == 4);  // wire tags, for ever

/// A list of records as a policy sees it.
struct list {
  std::vector<state::record_view> all;
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& r : all) {
      f(r);
    }
  }
};

template <typename T>
std::vector<std::byte> encoded(const T& v) {
  std::array<std::byte, 64> buffer{};
  skerry::byte_writer out{buffer};
  REQUIRE(state::detail::encode_value(out, v));
  return {out.written().begin(), out.written().end()};
}
template <typename T>
void round_trip(const T& v) {
  const auto bytes = encoded(v);
  const auto back = state::detail::read_value<T>(bytes);
  REQUIRE(back);
  REQUIRE(encoded(back.value()) == bytes);
  REQUIRE(back.value() == v);
  REQUIRE(state::detail::is_canonical<T, 64>(bytes));
}

}  // namespace

TEST_CASE("a value has one encoding, and it reads back as the same bits", "[state][policy]") {
  skerry::splitmix64 rng{8};
  for (int i = 0; i < 20000; ++i) {
    const auto bits = std::bit_cast<double>(rng());
    if (bits == bits) {
      round_trip(bits);
      REQUIRE(std::bit_cast<std::uint64_t>(state::detail::read_value<double>(encoded(bits)).value()) == std::bit_cast<std::uint64_t>(bits));
    }
    const double decimal = static_cast<double>(static_cast<std::int64_t>(rng() >> 40)) / 1000.0;
    round_trip(decimal);
    REQUIRE(encoded(decimal).size() <= 5);
    round_trip(static_cast<std::int64_t>(rng()));
    round_trip(static_cast<std::uint16_t>(rng()));
    round_trip(static_cast<std::int8_t>(rng()));
  }
  for (const double v : {0.0, -0.0, 0.1, -21.5, 1e300, -1e-300, 0x1p53, -0x1p53, 0x1p53 - 1, 0.000001, 123456.654321}) {
    round_trip(v);
    REQUIRE(std::bit_cast<std::uint64_t>(state::detail::read_value<double>(encoded(v)).value()) == std::bit_cast<std::uint64_t>(v));
  }
  CHECK(encoded(21.5).size() == 2);
  CHECK(encoded(-0.0).size() == 9);
  round_trip(true);
  round_trip(1.5F);
  skerry::byte_writer nowhere{std::span<std::byte>{}};
  CHECK(state::detail::encode_value(nowhere, __builtin_nan("")).error() == errc::not_finite);
}

TEST_CASE("bytes that are not the one encoding of a value are refused", "[state][policy]") {
  const auto canonical = [](std::initializer_list<int> bytes) {
    std::vector<std::byte> b;
    for (const int v : bytes) {
      b.push_back(static_cast<std::byte>(v));
    }
    return state::lww<double>::valid(b);
  };
  CHECK(canonical({0x00}));              // 0
  CHECK_FALSE(canonical({0x01}));        // 0 with a scale of 1
  CHECK_FALSE(canonical({}));            // nothing
  CHECK_FALSE(canonical({0x00, 0x00}));  // something left over
  CHECK_FALSE(canonical({0x0f, 0, 0, 0, 0, 0, 0, 0, 0}));
  CHECK_FALSE(canonical({0x07, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));  // 1.0 as raw bytes
  CHECK_FALSE(canonical({0x07, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f}));  // not a number
  CHECK(state::lww<bool>::valid(encoded(true)));
  const std::array two{std::byte{2}};
  CHECK_FALSE(state::lww<bool>::valid(two));
  const std::array big{std::byte{0x80}, std::byte{0x04}};
  CHECK_FALSE(state::lww<std::int8_t>::valid(big));
  CHECK(state::lww<std::int16_t>::valid(big));
  CHECK_FALSE(state::counter::valid(std::span{two}.first(0)));
  const std::array no_first{std::byte{0}, std::byte{5}};
  CHECK_FALSE(state::counter::valid(no_first));
}

TEST_CASE("the last tie-break is the value's bytes, also for equal stamps and actors", "[state][policy][trap]") {
  const auto low = encoded(std::int32_t{10});
  const auto high = encoded(std::int32_t{20});
  const state::actor who{1, 1, 1};
  const state::record_view a{who, 1, state::stamp{5, 0}, state::kinds::lww, low};
  const state::record_view b{who, 2, state::stamp{5, 0}, state::kinds::lww, high};
  for (const auto& order : {list{{a, b}}, list{{b, a}}}) {
    CHECK(state::lww<std::int32_t>::read(order).value() == 20);
    CHECK(state::lww<std::int32_t>::judge(order).why == state::why::higher_bytes);
  }
}

TEST_CASE("a read depends on the set of records, not on their order", "[state][policy][laws]") {
  skerry::splitmix64 rng{21};
  for (int round = 0; round < 500; ++round) {
    std::vector<std::vector<std::byte>> payloads;
    const std::uint32_t count = 1 + skerry::uniform_below(rng, 6);
    for (std::uint32_t i = 0; i < count; ++i) {
      payloads.push_back(encoded(static_cast<std::int32_t>(skerry::uniform_below(rng, 4))));
    }
    list values;
    list rows;
    std::vector<std::array<std::byte, 30>> row_bytes(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const state::actor who{skerry::uniform_below(rng, 3), 1, 1};
      values.all.push_back({who, i + 1, state::stamp{skerry::uniform_below(rng, 3), 0}, state::kinds::lww, payloads[i]});
      skerry::byte_writer out{row_bytes[i]};
      REQUIRE(state::pn_counter::encode(out, {1, rng(), rng()}));
      rows.all.push_back({who, i + 1, {}, state::kinds::pn_counter, out.written()});
    }
    const auto last = state::lww<std::int32_t>::read(values).value();
    const auto why = state::lww<std::int32_t>::judge(values).why;
    const auto sum = state::pn_counter::read(rows);
    for (int shuffle = 0; shuffle < 4; ++shuffle) {
      for (std::uint32_t i = count; i > 1; --i) {
        const auto j = skerry::uniform_below(rng, i);
        std::swap(values.all[i - 1], values.all[j]);
        std::swap(rows.all[i - 1], rows.all[j]);
      }
      REQUIRE(state::lww<std::int32_t>::read(values).value() == last);
      REQUIRE(state::lww<std::int32_t>::judge(values).why == why);
      REQUIRE(state::keep_both<std::int32_t>::pick(values).value() == last);
      REQUIRE(state::pn_counter::read(rows) == sum);
    }
  }
}

TEST_CASE("sums beyond 64 bits that cancel are right", "[state][policy]") {
  std::array<std::array<std::byte, 30>, 4> bytes{};
  list rows;
  const std::uint64_t most = 0xffff'ffff'ffff'ffff;
  const state::counter_row all[] = {{1, most, 0}, {1, most, 5}, {1, 0, most}, {1, 0, most}};
  for (std::size_t i = 0; i < 4; ++i) {
    skerry::byte_writer out{bytes[i]};
    REQUIRE(state::pn_counter::encode(out, all[i]));
    rows.all.push_back({{i, 1, 1}, 1, {}, state::kinds::pn_counter, out.written()});
  }
  CHECK(state::pn_counter::read(rows).value() == -5);
  rows.all.pop_back();
  CHECK(state::pn_counter::read(rows).error() == errc::full);
}
