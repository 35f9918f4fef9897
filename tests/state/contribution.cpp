// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/contribution.hpp>

#include <skerry/core/random.hpp>

#include <skerry/state/standalone.hpp>

#include "state/standalone_laws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <utility>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;
using namespace skerry_test::actors;

namespace {

// A fold of an application: how far the contributors are apart.
struct spread {
  using row_type = double;
  using value_type = double;
  static constexpr std::uint8_t kind = state::kinds::users;
  template <typename Rows>
  static skerry::result<double> fold(const Rows& rows) {
    double low = 0;
    double high = 0;
    bool any = false;
    rows.for_each([&](const auto& row) {
      low = !any || row.value < low ? row.value : low;
      high = !any || row.value > high ? row.value : high;
      any = true;
    });
    return any ? skerry::result<double>{high - low} : skerry::result<double>{errc::absent};
  }
};
static_assert(state::policy<state::fold_of<spread>> && state::policy<state::mean_of<float>> && state::policy<state::median_of<int>>);

template <typename Fold>
Fold three() {
  Fold f;
  REQUIRE(f.contribute(a, {1}, 10));
  REQUIRE(f.contribute(b, {2}, 20));
  REQUIRE(f.contribute(b, {3}, 60));
  return f;
}

}  // namespace

TEST_CASE("every contributor counts once, however often it states its row", "[state][contribution]") {
  auto mean = three<standalone::mean_of<double>>();
  CHECK(mean.read().value() == 30);
  REQUIRE(mean.contribute(c, {3}, 30));  // heard by another relay
  CHECK(mean.read().value() == 20);
  CHECK(mean.store().record_count() == 3);
  REQUIRE(mean.withdraw(a, {1}));
  CHECK(mean.read().value() == 25);
  REQUIRE(mean.withdraw(a, {2}));
  REQUIRE(mean.withdraw(a, {3}));
  CHECK(mean.read().error() == errc::absent);
}

TEST_CASE("folds of the same rows: sum, least, greatest, median, one's own", "[state][contribution]") {
  CHECK(three<standalone::fold<state::sum_of<int>>>().read().value() == 90);
  CHECK(three<standalone::fold<state::min_of<int>>>().read().value() == 10);
  CHECK(three<standalone::fold<state::max_of<int>>>().read().value() == 60);
  CHECK(three<standalone::fold<state::median_of<int>>>().read().value() == 20);
  CHECK(three<standalone::fold<state::fold_of<spread>>>().read().value() == 50);
  standalone::fold<state::sum_of<std::int8_t>> small;
  REQUIRE(small.contribute(a, {1}, 100));
  REQUIRE(small.contribute(a, {2}, 100));
  CHECK(small.read().error() == errc::full);
  standalone::fold<state::median_of<double>> weighted;
  REQUIRE(weighted.contribute(a, {1}, 1, 1));
  REQUIRE(weighted.contribute(a, {2}, 5, 1));
  REQUIRE(weighted.contribute(a, {3}, 9, 4));
  CHECK(weighted.read().value() == 9);
}

TEST_CASE("what is not a number is no contribution, and minus zero is zero", "[state][contribution]") {
  standalone::mean_of<double> m;
  CHECK(m.contribute(a, {1}, std::numeric_limits<double>::quiet_NaN()).error() == errc::not_finite);
  CHECK(m.contribute(a, {1}, std::numeric_limits<double>::infinity()).error() == errc::not_finite);
  CHECK(m.contribute(a, {1}, 1, -1).error() == errc::invalid);
  CHECK(m.contribute(a, {1}, 1, std::numeric_limits<double>::quiet_NaN()).error() == errc::not_finite);
  CHECK(m.store().record_count() == 0);
  standalone::mean_of<double> plus;
  REQUIRE(m.contribute(a, {1}, -0.0));
  REQUIRE(plus.contribute(a, {1}, 0.0));
  bool equal = false;
  m.store().records(state::key_ref{}).for_each([&](const state::record_view& x) {
    plus.store().records(state::key_ref{}).for_each([&](const state::record_view& y) {
      equal = state::detail::compare_bytes(x.payload, y.payload) == 0;
    });
  });
  CHECK(equal);
}

TEST_CASE("an older row of a contributor that roamed is stale", "[state][contribution]") {
  standalone::mean_of<double> m;
  REQUIRE(m.state_row(a, {{7}, 1, 5, 1.0, 50.0}));
  CHECK(m.state_row(b, {{7}, 1, 5, 1.0, 51.0}).error() == errc::stale);
  CHECK(m.state_row(b, {{7}, 0, 9, 1.0, 52.0}).error() == errc::stale);
  REQUIRE(m.state_row(b, {{7}, 2, 1, 1.0, 53.0}));
  CHECK(m.read().value() == 53);
  REQUIRE(m.state_row(b, {{7}, 2, std::numeric_limits<std::uint64_t>::max(), 1.0, 54.0}));
  CHECK(m.contribute(b, {7}, 1).error() == errc::clock_ahead);
}

TEST_CASE("a mean is the same number whatever the order and however often rows arrive", "[state][contribution][laws][trap]") {
  skerry_test::joins_keep_their_laws<standalone::mean_of<double, 4>>(
      100,
      [](auto& mean, std::size_t at, auto& rng) {
        const state::contributor whose{skerry::uniform_below(rng, 3)};
        REQUIRE((skerry::uniform_below(rng, 6) == 0 ? mean.withdraw(actor_of(at), whose)
                                                    : mean.contribute(actor_of(at), whose, 0.1 * static_cast<double>(rng() % 1000),
                                                                      0.5 + static_cast<double>(rng() % 7))));
      },
      [](const auto& mean) { return mean.read().value_or(-1); });
}
