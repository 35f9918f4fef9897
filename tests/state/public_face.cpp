// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The face that applications are written against: names, arguments in their order, and what is answered. Whoever changes one of these
// lines breaks somebody's build.
#include <skerry/core/random.hpp>
#include <skerry/state.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

using namespace skerry;
using namespace skerry::state;

namespace {

#define ANSWERS(type, ...) static_assert(std::is_same_v<decltype(__VA_ARGS__), type>, #__VA_ARGS__)

struct setpoint {
  static constexpr path at{"desired/setpoint"};
  using policy = lww<double>;
  static constexpr auto writer = owner::cloud;
};
struct oil_temp {
  static constexpr path at{"reported/oil/{sensor}"};
  using policy = mean_of<double>;
  static constexpr auto writer = owner::device;
};
struct rights {
  static constexpr path at{"rights/{machine}"};
  using policy = bounded_counter;
};
struct parts {
  static constexpr path at{"parts/{machine}"};
  using policy = reset_counter;
};
struct alarms {
  static constexpr path at{"alarms/{machine}"};
  using policy = aw_set<std::uint32_t, 8>;
};
struct notes {
  static constexpr path at{"notes"};
  using policy = keep_both<std::int64_t>;
};
using plant = schema<setpoint, oil_temp, rights, parts, alarms, notes>;

template <typename Limits>
constexpr bool face() {
  using node = replica<plant, Limits>;
  using time = typename Limits::time;
  node* r = nullptr;
  const node* c = nullptr;
  splitmix64 g{1};
  std::span<const std::byte> in{};
  std::span<std::byte> out{};

  ANSWERS(result<node>, node::create(std::uint64_t{}, role::device, epoch_rule::every_open, clock_limits{}, g, time{}));
  ANSWERS(status, node::create(*r, std::uint64_t{}, role::device, epoch_rule::durable, clock_limits{}, g, time{}));
  image_reader stored{in};
  ANSWERS(status, r->open(stored, g, time{}));

  ANSWERS(result<delta_view>, r->template write<setpoint>(1.0, wall_ms{}));
  ANSWERS(result<delta_view>, r->template contribute<oil_temp>(contributor{1}, 1.0, 1.0, wall_ms{}, 7U));
  ANSWERS(result<delta_view>, r->template withdraw<oil_temp>(contributor{1}, 7U));
  ANSWERS(result<delta_view>, r->template remove<setpoint>());
  ANSWERS(result<delta_view>, r->template inc<rights>(1U, 7U));
  ANSWERS(result<delta_view>, r->template transfer<rights>(actor{}, 1U, 7U));
  ANSWERS(result<delta_view>, r->template reset<parts>(7U));
  ANSWERS(result<delta_view>, r->template add<alarms>(1U, 7U));
  ANSWERS(std::span<const std::byte>, r->template write<setpoint>(1.0, wall_ms{}).value().bytes());

  ANSWERS(result<double>, c->template read<setpoint>());
  ANSWERS(result<double>, c->template read<oil_temp>(7U));
  ANSWERS(result<bool>, c->template contains<alarms>(1U, 7U));
  ANSWERS(explanation, c->explain("desired/setpoint"));
  change_cursor seen{};
  ANSWERS(result<std::size_t>, c->changes(seen, std::span<key_view>{}));
  ANSWERS(actor, c->self());
  ANSWERS(const replica_counters&, c->counters());
  static_assert(noexcept(c->template read<setpoint>())&& noexcept(c->explain("x"))&& noexcept(c->counters()));

  ANSWERS(result<receipt>, r->accept(in, time{}));
  ANSWERS(result<link_id>, r->connect(std::uint64_t{}, link_options{}, time{}));
  ANSWERS(result<std::size_t>, r->poll(link_id{}, time{}, out));
  ANSWERS(result<receipt>, r->receive(link_id{}, in, time{}));
  ANSWERS(void, r->disconnect(link_id{}));
  ANSWERS(deadline<time>, c->next_deadline());

  ANSWERS(persist_request, r->to_persist());
  ANSWERS(void, r->persisted(mark{}));
  snapshot_cursor written{};
  ANSWERS(result<std::size_t>, c->snapshot(written, out));
  ANSWERS(status, r->retire(actor{}, actor{}));
  ANSWERS(status, r->restored());
  ANSWERS(result<std::size_t>, r->restamp(wall_ms{}));
  ANSWERS(status, r->join(*c));
  return true;
}
static_assert(face<limits::firmware>() && face<limits::gateway>() && face<limits::region>());

static_assert(std::is_aggregate_v<actor> && sizeof(actor) == 16 && std::is_same_v<actor_ref, std::uint16_t>);
static_assert(std::is_same_v<std::underlying_type_t<causal>, std::uint8_t>);
ANSWERS(std::uint64_t, version_vector<4>{}[actor{}]);
ANSWERS(status, version_vector<4>{}.raise(actor{}, 1U));
ANSWERS(causal, version_vector<4>{}.compare(version_vector<4>{}));
ANSWERS(status, dot_context<4, 2>{}.insert(actor_ref{}, 1U, 2U));
ANSWERS(bool, dot_context<4, 2>{}.contains(dot{.n = 1, .who = 0}));
ANSWERS(std::uint64_t, dot_context<4, 2>{}.next(actor_ref{}));
ANSWERS(status, dot_context<4, 2>{}.join(dot_context<4, 2>{}));
ANSWERS(stamp, hlc::restore(stamp{}, clock_limits{}).tick(wall_ms{}));
ANSWERS(result<stamp>, hlc::restore(stamp{}, clock_limits{}).witness(wall_ms{}, stamp{}));

}  // namespace

TEST_CASE("a node without a roster refuses to retire anybody, and nothing else changes") {
  using leaf = replica<plant, limits::firmware>;
  static_assert(limits::firmware::members == 0);
  splitmix64 g{7};
  const auto a = std::make_unique<leaf>();
  REQUIRE(leaf::create(*a, 1, role::device, epoch_rule::every_open, {}, g, 0));
  REQUIRE(a->inc<parts>(3U, 7U));
  REQUIRE(a->write<setpoint>(1.0, wall_ms{1}).error() == errc::not_owner);
  REQUIRE(a->contribute<oil_temp>(contributor{1}, 60.5, 1.0, wall_ms{1}, 7U));
  REQUIRE(a->retire(actor{2, 1, 1}, a->self()).error() == errc::unsupported);
  REQUIRE(a->read<parts>(7U).value() == 3);
  REQUIRE(a->read<oil_temp>(7U).value() == 60.5);
}
