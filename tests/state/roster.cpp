// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/roster.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using state::actor;
using state::role;
using roster = state::roster<12>;

static_assert(skerry::join_semilattice<roster>);
static_assert(sizeof(state::member) <= 56, "as documented");

namespace {

std::vector<std::byte> bytes_of(const roster& r) {
  std::vector<std::byte> bytes(1024);
  skerry::byte_writer out{bytes};
  REQUIRE(r.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

/// Any roster that honest members could hold, over few ids, so that two of them meet at the same lives.
roster random_roster(skerry::splitmix64& rng) {
  roster r;
  const auto draw = [&rng](std::uint32_t below) { return skerry::uniform_below(rng, below); };
  const auto life = [&] { return actor{1 + draw(3), 1 + draw(3), draw(2)}; };
  for (std::uint32_t steps = draw(14); steps > 0; --steps) {
    const actor who = life();
    switch (draw(6)) {
      case 0:
      case 1: (void)r.admit(who, static_cast<role>(draw(3))); break;
      case 2:
      case 3: (void)r.retire(who, draw(9), draw(2) == 0 ? actor{} : life()); break;
      case 4: r.seal(who, draw(9)); break;
      default: r.seal(who);
    }
  }
  return r;
}

}  // namespace

TEST_CASE("rosters join to the same one in any order, however often, or do not fit and stay as they were", "[state][roster]") {
  std::size_t full = 0;
  std::size_t joined = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const roster a = random_roster(rng);
    const roster b = random_roster(rng);
    const roster c = random_roster(rng);
    roster ab = a;
    roster ba = b;
    const bool fits = static_cast<bool>(ab.join(b));
    REQUIRE(static_cast<bool>(ba.join(a)) == fits);
    if (!fits) {
      REQUIRE(bytes_of(ab) == bytes_of(a));
      ++full;
      continue;
    }
    ++joined;
    REQUIRE(ab == ba);
    REQUIRE(ab.hash() == ba.hash());
    roster again = ab;
    REQUIRE(again.join(a));
    REQUIRE(again.join(ab));
    REQUIRE(again == ab);
    roster bc = b;
    if (!bc.join(c)) {
      continue;
    }
    roster left = ab;
    roster right = a;
    const bool all = static_cast<bool>(left.join(c));
    REQUIRE(static_cast<bool>(right.join(bc)) == all);
    REQUIRE((!all || left == right));
  }
  CHECK(full > 5);
  CHECK(joined > 1000);
}

TEST_CASE("a roster reads back from its bytes, and no other bytes are taken for one", "[state][roster]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const roster r = random_roster(rng);
    auto bytes = bytes_of(r);
    skerry::byte_reader in{bytes};
    roster again;
    REQUIRE(roster::decode(in, again));
    REQUIRE(in.remaining().empty());
    REQUIRE(again == r);
    const std::size_t at = skerry::uniform_below(rng, static_cast<std::uint32_t>(bytes.size()));
    bytes[at] ^= static_cast<std::byte>(1U << skerry::uniform_below(rng, 8U));
    skerry::byte_reader damaged{bytes};
    roster other = r;
    if (roster::decode(damaged, other) && damaged.remaining().empty()) {
      REQUIRE(bytes_of(other) == bytes);  // it says something else, in its one form
    } else {
      REQUIRE((other == r || damaged.error() == errc::ok));  // refused: as it was
    }
  }
}

TEST_CASE("a retired life never comes back, and a greater last number of somebody else counts", "[state][roster]") {
  roster a;
  const actor d{7, 1, 1};
  REQUIRE(a.admit(d, role::gateway));
  CHECK(a.role_of(d).value() == role::gateway);
  CHECK(a.admit(d, role::cloud).error() == errc::mismatch);
  roster b = a;
  REQUIRE(a.retire(d, 5, {}));
  REQUIRE(b.retire(d, 8, {9, 1, 1}));
  REQUIRE(a.join(b));
  CHECK(a.fence(d).value() == 8);
  CHECK(a.role_of(d).value() == role::gateway);
  CHECK(a.admit(d, role::gateway).error() == errc::fenced);
  a.seal(d);
  CHECK(a.retire(d, 20, {}).error() == errc::fenced);
  REQUIRE(b.retire(d, 20, {}));  // by somebody who has not heard that the fence is final
  REQUIRE(a.join(b));
  REQUIRE(b.join(a));
  CHECK(a.fence(d).value() == 8);
  CHECK(b == a);
}

TEST_CASE("a final fence falls and never rises, whoever is heard first", "[state][roster]") {
  roster a;
  const actor d{7, 1, 1};
  a.seal(d, 1);
  CHECK(a.empty());
  REQUIRE(a.admit(d, role::device));
  a.seal(d, 1);
  CHECK(a.is_current(d));
  REQUIRE(a.retire(d, 8, {}));
  const roster before = a;
  a.seal(d, 9);
  CHECK(a.fence(d).value() == 8);
  roster b = a;
  b.seal(d, 3);
  CHECK(b.fence(d).value() == 3);
  b.seal(d);
  CHECK(b.fence(d).value() == 3);
  REQUIRE(a.join(b));
  REQUIRE(b.join(before));
  CHECK(a == b);
  CHECK(a.fence(d).value() == 3);
}

TEST_CASE("rows pass along successors to whoever still takes part", "[state][roster]") {
  roster r;
  const actor a{1, 1, 0};
  const actor b{2, 1, 0};
  const actor c{3, 1, 0};
  for (const actor& who : {a, b, c}) {
    REQUIRE(r.admit(who, role::device));
  }
  REQUIRE(r.retire(a, 1, b));
  CHECK(r.heir(a) == b);
  REQUIRE(r.retire(b, 1, c));
  CHECK(r.heir(a) == c);
  CHECK(r.heir(c) == c);
  REQUIRE(r.retire(c, 1, a));  // a circle leads nowhere
  CHECK(r.heir(a) == actor{});
  CHECK(r.retire(actor{4, 1, 0}, 1, actor{4, 1, 0}).error() == errc::invalid);
}

TEST_CASE("when a life has retired, earlier ones that nobody has heard of are fenced, and later ones are not", "[state][roster]") {
  roster r;
  REQUIRE(r.admit({5, 1, 1}, role::device));
  REQUIRE(r.retire({5, 3, 1}, 4, {}));
  CHECK(r.fence({5, 2, 99}).value() == 0);
  CHECK(r.admit({5, 2, 99}, role::device).error() == errc::fenced);
  CHECK(r.fence({5, 1, 1}).error() == errc::absent);  // it takes part
  CHECK(r.fence({5, 3, 2}).error() == errc::absent);  // a clone of the same generation, say
  CHECK(r.fence({5, 4, 1}).error() == errc::absent);
  CHECK(r.fence({6, 1, 1}).error() == errc::absent);
  CHECK(r.greatest_generation(5) == 3);
}
