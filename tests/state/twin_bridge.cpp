// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/flags.hpp>
#include <skerry/state/twin_bridge.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <string_view>

namespace state = skerry::state;
using skerry::errc;

namespace {

struct speed {
  static constexpr state::path at{"desired/speed/{line}"};
  using policy = state::lww<double>;
};
struct name {
  static constexpr state::path at{"desired/name"};
  using policy = state::keep_both<skerry::inplace_string<8>>;
};
struct batch {
  static constexpr state::path at{"desired/batch"};
  using policy = state::lww<std::uint16_t>;
};
struct limit {
  static constexpr state::path at{"desired/limit"};
  using policy = state::lww<bool>;
  static constexpr auto writer = state::owner::cloud;
};
struct load {
  static constexpr state::path at{"reported/load"};
  using policy = state::mean_of<double>;
};
using schema = state::schema<speed, name, batch, limit, load>;
struct limits : state::limits::firmware {
  static constexpr std::size_t payload_bytes = 48;
};
using node = state::replica<schema, limits>;
using twin = state::owned_merge<state::limits::small_twin>;
constexpr skerry::wall_ms now{1767225600000};

}  // namespace

TEST_CASE("what the cloud changes reaches a gateway's peers under the gateway's own name", "[state][twin_bridge]") {
  node gateway = skerry_test::make<node>(1);
  node peer = skerry_test::make<node>(2);
  twin t;
  std::array<char, 512> room{};
  int refused = 0;
  const auto accepted = [&](std::string_view path, std::string_view json) {
    const auto to_peer = [&peer](const state::delta_view& delta) { REQUIRE(peer.accept(delta.bytes(), 0)); };
    refused += state::write_accepted(gateway, path, json, now, to_peer) ? 0 : 1;
  };
  t.connected(0);
  REQUIRE(
      t.on_document(t.poll(0, room).value().request, R"({"desired":{"speed":{"7":1200.5},"name":"caf\u00e9","batch":9}})", 4, 0, accepted));
  CHECK(refused == 0);
  CHECK(peer.read<speed>(7).value() == 1200.5);
  CHECK(peer.read<name>().value() == "caf\u00e9");
  CHECK(peer.read<batch>().value() == 9);
  CHECK(peer.explain("desired/speed/7").records[0].who == gateway.self());
  REQUIRE(t.on_patch(R"({"speed":null,"batch":10})", 5, 0, "/desired", accepted));
  CHECK(refused == 0);
  CHECK(peer.read<speed>(7).error() == errc::absent);
  CHECK(peer.read<batch>().value() == 10);
  // And nothing of it goes back to the cloud.
  CHECK(t.poll(60'000, room).value().kind == state::twin_request::none);
}

TEST_CASE("a leaf that is no key, of another type, or of somebody else is refused and changes nothing", "[state][twin_bridge]") {
  node r = skerry_test::make<node>(1);
  const auto before = skerry_test::bytes_of(r);
  int sent = 0;
  const auto write = [&](std::string_view path, std::string_view json) {
    return state::write_accepted(r, path, json, now, [&sent](const state::delta_view&) { ++sent; }).error();
  };
  CHECK(write("/desired/colour", "1") == errc::absent);
  CHECK(write("", "1") == errc::absent);
  CHECK(write("/desired/speed/a~1b", "1") == errc::absent);
  CHECK(write("/desired/batch", "\"9\"") == errc::mismatch);
  CHECK(write("/desired/batch", "70000") == errc::out_of_range);
  CHECK(write("/desired/batch", "1.5") == errc::mismatch);
  CHECK(write("/desired/name", "\"far too long\"") == errc::full);
  CHECK(write("/desired/limit", "true") == errc::not_owner);
  CHECK(write("/reported/load", "1.5") == errc::unsupported);
  CHECK(write("/reported/load", "") == errc::unsupported);
  CHECK(write("/desired/batch", "") == errc::ok);  // gone already
  CHECK(sent == 0);
  CHECK(skerry_test::bytes_of(r) == before);
}

TEST_CASE("what a replica reads goes into its twin's document and out of it again", "[state][twin_bridge]") {
  node r = skerry_test::make<node>(1);
  twin t;
  REQUIRE(r.contribute<load>({1}, 61.5, 1, now));
  REQUIRE(r.write<speed>(2.25, now, "a~b"));
  REQUIRE(r.write<name>("oil", now));
  REQUIRE(state::report<load>(t, r));
  REQUIRE(state::report<speed>(t, r, "a~b"));
  REQUIRE(state::report<name>(t, r));
  std::array<char, 256> room{};
  CHECK(std::string_view(room.data(), t.write_local(room).value()) ==
        R"({"desired":{"name":"oil","speed":{"a~b":2.25}},"reported":{"load":61.5}})");
  REQUIRE(r.remove<speed>("a~b"));
  REQUIRE(state::report<speed>(t, r, "a~b"));
  CHECK(t.find("/desired/speed/a~0b").empty());
  CHECK(state::report<speed>(t, r, "a/b").error() == errc::invalid);
}
