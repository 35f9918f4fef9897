// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// What strangers, clones and careless callers can put into the payloads and keys of the policies, and what comes of it.
#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <skerry/core/inplace_string.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using skerry_test::bytes_of;
using skerry_test::forged_frame;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

struct banned {
  static constexpr state::path at{"banned"};
  using policy = state::rw_set<std::int32_t, 8>;
};
struct credit {
  static constexpr state::path at{"credit"};
  using policy = state::bounded_counter;
};
struct oil {
  static constexpr state::path at{"oil"};
  using policy = state::mean_of<double>;
};
struct parts {
  static constexpr state::path at{"parts"};
  using policy = state::reset_counter;
};
struct reading {
  static constexpr state::path at{"reading"};
  using policy = state::by_writer<double>;
};
struct tags {
  static constexpr state::path at{"tags/{machine}"};
  using policy = state::aw_set<skerry::inplace_string<4>, 8>;
};
struct limits : state::limits::firmware {
  static constexpr std::size_t payload_bytes = 48;
  static constexpr std::size_t key_bytes = 24;
};
using replica = state::replica<state::schema<banned, credit, oil, parts, reading, tags>, limits>;

using payload = std::vector<std::byte>;

template <typename Write>
payload made(Write&& write) {
  payload bytes(64);
  skerry::byte_writer out{bytes};
  write(out);
  bytes.resize(out.written().size());
  return bytes;
}
payload reset_base(const state::actor& whose, std::uint64_t n, std::uint64_t plus, std::uint64_t minus) {
  return made([&](skerry::byte_writer& out) {
    out.u8(1);
    state::detail::write_actor(out, whose);
    out.varint(n);
    out.varint(plus);
    out.varint(minus);
  });
}
payload contribution(std::uint64_t id, std::uint64_t sequence, double weight, double value) {
  return made([&](skerry::byte_writer& out) {
    out.varint(id);
    out.varint(0);
    out.varint(sequence);
    state::detail::encode_double(out, weight);
    state::detail::encode_double(out, value);
  });
}

/// Records as they lie, in the order given.
struct list {
  std::vector<state::record_view> all{};
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& r : all) {
      f(r);
    }
  }
};

constexpr state::actor stranger{99, 1, 7};

/// `accept` of one record of a stranger under a key.
template <typename Policy>
skerry::result<state::receipt> offer(replica& r, std::string key, payload bytes, std::uint64_t n = 1) {
  forged_frame frame;
  frame.covers(stranger, n, n).record(std::move(key), stranger, n, {}, Policy::kind, std::move(bytes));
  return r.accept(frame.bytes(), 0);
}

}  // namespace

TEST_CASE("what a reset of events that a node has forgotten would take back is counted in a new life", "[state][reset_counter][trap]") {
  auto first = skerry_test::make<replica>(1);
  auto second = skerry_test::make<replica>(1);  // its twin from one image, or itself after an older image was put back unnoticed
  auto b = skerry_test::make<replica>(2);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(b.accept(first.inc<parts>(10).value().bytes(), 0));
  }
  const auto reset = skerry_test::copy(b.reset<parts>().value().bytes());
  REQUIRE(second.accept(reset, 0));
  const state::actor before = second.self();
  const auto delta = second.inc<parts>(5);  // under the old name it would be an event that B has seen, below the reset's base
  REQUIRE(delta);
  CHECK(second.self().id == before.id);
  CHECK(second.self().generation > before.generation);
  CHECK(second.counters().amnesia == 1);
  REQUIRE(b.accept(delta.value().bytes(), 0));
  CHECK(b.read<parts>().value() == 5);
  CHECK(second.read<parts>().value() == 5);
}

TEST_CASE("a reset with a number above all others does not silence a counter", "[state][reset_counter][trap]") {
  auto r = skerry_test::make<replica>(1);
  REQUIRE(r.inc<parts>(3));
  REQUIRE(offer<state::reset_counter>(r, "parts", reset_base(r.self(), most, most, 0)));
  CHECK(r.read<parts>().value() == 0);
  REQUIRE(r.inc<parts>(4));
  CHECK(r.read<parts>().value() == 4);
  // For a row that nobody has, with any totals: nothing to take from.
  REQUIRE(offer<state::reset_counter>(r, "parts", reset_base({5, 5, 5}, most, most, most), 2));
  CHECK(r.read<parts>().value() == 4);
  CHECK(offer<state::reset_counter>(r, "parts", reset_base({5, 5, 5}, 0, 1, 1), 3).error() == errc::corrupt);
  CHECK(state::reset_counter::valid(reset_base({most, 0xffffffff, 0xffffffff}, most, most, most)));
  CHECK(reset_base({most, 0xffffffff, 0xffffffff}, most, most, most).size() == 48);
}

TEST_CASE("of two resets that saw one number with other totals the same one counts in any order of the records", "[state][reset_counter]") {
  const state::actor counted{1, 1, 1};
  const payload row = made([](skerry::byte_writer& out) {
    out.u8(0);
    out.varint(1);
    out.varint(50);
    out.varint(0);
  });
  const payload one = reset_base(counted, 2, 10, 0);
  const payload other = reset_base(counted, 2, 30, 0);
  constexpr auto kind = state::kinds::reset_counter;
  list records{{{counted, 3, {}, kind, row}, {{2, 1, 1}, 1, {}, kind, one}, {{3, 1, 1}, 1, {}, kind, other}}};
  CHECK(state::reset_counter::read(records).value() == 20);
  std::swap(records.all[1], records.all[2]);
  CHECK(state::reset_counter::read(records).value() == 20);
  CHECK(state::reset_counter::obsolete(records.all[2], records.all[1]));  // and it is the one that pruning keeps
  CHECK_FALSE(state::reset_counter::obsolete(records.all[1], records.all[2]));
}

TEST_CASE("sums of a fold that leave the range of doubles are full, not infinite", "[state][contribution]") {
  auto r = skerry_test::make<replica>(1);
  constexpr double huge = 1.5e308;
  REQUIRE(offer<state::mean_of<double>>(r, "oil", contribution(1, 1, 2.0, huge)));
  CHECK(r.read<oil>().error() == errc::full);
  REQUIRE(offer<state::mean_of<double>>(r, "oil", contribution(1, 2, huge, 1.0), 2));
  REQUIRE(offer<state::mean_of<double>>(r, "oil", contribution(2, 1, huge, 1.0), 3));
  CHECK(r.read<oil>().error() == errc::full);
  const payload a = contribution(1, 1, huge, 1.0);
  const payload b = contribution(2, 1, huge, huge);
  list rows{{{stranger, 1, {}, state::kinds::median_of, a}, {stranger, 2, {}, state::kinds::median_of, b}}};
  CHECK(state::median_of<double>::read(rows).error() == errc::full);
  const payload c = contribution(3, 1, 1.0, huge);
  list sums{{{stranger, 2, {}, state::kinds::sum_of, b}, {stranger, 3, {}, state::kinds::sum_of, c}}};
  CHECK(state::sum_of<double>::read(sums).error() == errc::full);
  CHECK(state::max_of<double>::read(sums).value() == huge);
}

TEST_CASE("payloads that no writer writes are refused, and nothing has changed", "[state][policy]") {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  auto r = skerry_test::make<replica>(1);
  REQUIRE(r.inc<credit>(5));
  const auto before = bytes_of(r);
  const auto mean = [&](payload p) { return offer<state::mean_of<double>>(r, "oil", std::move(p)).error(); };
  CHECK(mean(contribution(1, 1, infinite, 1)) == errc::corrupt);
  CHECK(mean(contribution(1, 1, nan, 1)) == errc::corrupt);
  CHECK(mean(contribution(1, 1, -1, 1)) == errc::corrupt);
  CHECK(mean(contribution(1, 1, -0.0, 1)) == errc::corrupt);
  CHECK(mean(contribution(1, 1, 1, infinite)) == errc::corrupt);
  CHECK(mean(contribution(1, 1, 1, nan)) == errc::corrupt);
  CHECK(mean(contribution(1, 1, 1, -0.0)) == errc::corrupt);
  CHECK(mean({}) == errc::corrupt);
  const auto writer = [&](std::uint64_t generation) {
    return offer<state::by_writer<double>>(r, "reading", made([&](skerry::byte_writer& out) {
                                             out.varint(generation);
                                             out.varint(most);
                                             out.u32(0);
                                             state::detail::encode_double(out, 1.5);
                                           }))
        .error();
  };
  CHECK(writer(std::uint64_t{1} << 32) == errc::corrupt);
  const auto flag = [&](payload p) { return offer<state::rw_set<std::int32_t, 8>>(r, "banned/3", std::move(p)).error(); };
  CHECK(flag({}) == errc::corrupt);
  CHECK(flag({std::byte{2}}) == errc::corrupt);
  CHECK(flag({std::byte{1}, std::byte{1}}) == errc::corrupt);
  CHECK(offer<state::aw_set<int, 1>>(r, "tags/1/a", {std::byte{0}}).error() == errc::corrupt);
  CHECK(offer<state::bounded_counter>(r, "credit", {std::byte{2}, std::byte{0}, std::byte{0}}).error() == errc::corrupt);
  CHECK(offer<state::bounded_counter>(r, "credit", {std::byte{0}, std::byte{0}}).error() == errc::corrupt);
  CHECK(bytes_of(r) == before);
  CHECK(writer(0xffffffff) == errc::ok);
  CHECK(r.read<reading>().value() == 1.5);
  CHECK(r.relay<reading>({0xffffffff, 1, most - 1}, 2.0).error() == errc::stale);
  REQUIRE(r.relay<reading>({0xffffffff, 1, most}, 2.0));  // the last mark but its nonce
}

TEST_CASE("a key that names no element cannot make a set unreadable", "[state][sets]") {
  auto r = skerry_test::make<replica>(1);
  REQUIRE(r.add<banned>(7));
  const auto before = bytes_of(r);
  for (const char* key : {"banned/07", "banned/seven", "banned/-0", "banned/2147483648", "banned/+7"}) {
    CAPTURE(key);
    CHECK(offer<state::rw_set<std::int32_t, 8>>(r, key, {std::byte{1}}).error() == errc::corrupt);
  }
  CHECK(offer<state::aw_set<int, 1>>(r, "tags/1/abcde", {}).error() == errc::corrupt);
  CHECK(r.add<banned>("seven").error() == errc::invalid);
  CHECK(r.add<banned>(std::int64_t{1} << 40).error() == errc::invalid);
  CHECK(r.add<tags>("abcde", 1).error() == errc::invalid);
  CHECK(r.remove<banned>("07").error() == errc::invalid);
  CHECK_FALSE(r.contains<banned>("07").value());
  CHECK(bytes_of(r) == before);
  CHECK(r.read<banned>().value().size() == 1);
  REQUIRE(r.add<tags>("abcd", "a machine that is nearly").error() == errc::full);  // more than a key holds
  CHECK(r.lacking() == state::resource::bytes);
  REQUIRE(r.add<tags>("abcd", 1));
  CHECK(r.clear<tags>("a machine with a name that is longer than a key").error() == errc::full);
}

TEST_CASE("forged gifts give rights, but the value never wraps below zero", "[state][bounded_counter]") {
  auto r = skerry_test::make<replica>(1);
  const state::actor me = r.self();
  REQUIRE(r.inc<credit>(5));
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const state::actor giver{90 + n, 1, 1};
    forged_frame frame;
    frame.covers(giver, 1, 1).record("credit", giver, 1, {}, state::kinds::bounded_counter, made([&](skerry::byte_writer& out) {
                                       out.u8(1);
                                       state::detail::write_actor(out, me);
                                       out.varint(most);
                                     }));
    REQUIRE(r.accept(frame.bytes(), 0));
  }
  CHECK(r.rights<credit>(me).value() == most);
  CHECK(r.rights<credit>({91, 1, 1}).value() == 0);
  CHECK(r.read<credit>().value() == 5);
  REQUIRE(r.dec<credit>(most));
  CHECK(r.read<credit>().value() == 0);
  CHECK(r.dec<credit>(1).error() == errc::full);  // the own total would overflow
}
