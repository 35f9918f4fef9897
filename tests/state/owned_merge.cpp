// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/owned_merge.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace state = skerry::state;
using skerry::errc;
using state::twin_request;
using state::twin_side;

struct small : state::limits::small_twin {
  static constexpr std::size_t document_bytes = 640;
  static constexpr std::size_t most_bytes = 200;
};
struct hub : small {
  static constexpr bool per_section = true;
  static constexpr std::size_t most_bytes = 40;
};
using twin = state::owned_merge<small>;

/// A device with its twin, and the answers of a cloud put into its ears one by one.
struct device {
  twin t{};
  std::uint32_t now = 0;
  std::array<char, 1024> room{};
  state::twin_action last{};
  std::vector<std::string> accepted{};

  state::twin_action poll() {
    last = t.poll(now, room).value();
    return last;
  }
  [[nodiscard]] std::string patch() const { return {room.data(), last.bytes}; }
  [[nodiscard]] std::string local() {
    std::array<char, 1024> out{};
    return {out.data(), t.write_local(out).value()};
  }
  auto listen() {
    return [this](std::string_view path, std::string_view text) { accepted.push_back(std::string{path} + "=" + std::string{text}); };
  }
  skerry::status answer(std::string_view json, std::uint64_t version) { return t.on_document(last.request, json, version, now, listen()); }
  /// Connected, and both sides hold `json` at `version`.
  void settle(std::string_view json, std::uint64_t version) {
    t.connected(now);
    REQUIRE(poll().kind == twin_request::get);
    REQUIRE(t.local_document(json));
    REQUIRE(answer(json, version));
    REQUIRE(poll().kind == twin_request::none);
    REQUIRE(t.in_sync());
    accepted.clear();
  }
  /// Out of reach and back, asking for the document.
  void come_back() {
    t.disconnected();
    t.connected(now);
    REQUIRE(poll().kind == twin_request::get);
  }
};

}  // namespace

TEST_CASE("a change here and one there of different leaves both stand, and only the cloud is written to", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"speed":1},"reported":{"load":7}})", 10);
  REQUIRE(d.t.set("/reported/load", 8));
  d.come_back();
  REQUIRE(d.answer(R"({"desired":{"speed":2},"reported":{"load":7}})", 11));
  CHECK(d.local() == R"({"desired":{"speed":2},"reported":{"load":8}})");
  CHECK(d.accepted == std::vector<std::string>{"/desired/speed=2"});
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.last.expected == 11);
  CHECK(d.patch() == R"({"reported":{"load":8}})");
}

TEST_CASE("where both sides changed a leaf its owner decides, by the longest prefix", "[state][owned_merge]") {
  static constexpr state::twin_owner owners[] = {{"/desired", twin_side::cloud}, {"/desired/limit", twin_side::device}};
  device d;
  d.t = twin{state::twin_settings{.owners = owners}};
  d.settle(R"({"desired":{"limit":1,"recipe":1},"note":1})", 3);
  REQUIRE(d.t.local_document(R"({"desired":{"limit":2,"recipe":2},"note":2})"));
  d.come_back();
  REQUIRE(d.answer(R"({"desired":{"limit":3,"recipe":3},"note":3})", 4));
  CHECK(d.local() == R"({"desired":{"limit":2,"recipe":3},"note":2})");
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.patch() == R"({"desired":{"limit":2},"note":2})");
}

TEST_CASE("absent is a value: what one side deleted goes on the other, unless its owner changed it", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1,"b":1},"reported":{"a":1,"b":1}})", 5);
  REQUIRE(d.t.erase("/desired/b"));
  REQUIRE(d.t.set("/reported/a", 2));
  d.come_back();
  REQUIRE(d.answer(R"({"desired":{"b":2},"reported":{"b":1}})", 6));
  // desired/a: deleted there. desired/b: deleted here, changed there, the cloud's. reported/a: changed here, deleted there, the device's.
  CHECK(d.local() == R"({"desired":{"b":2},"reported":{"a":2,"b":1}})");
  CHECK(d.accepted == std::vector<std::string>{"/desired/a=", "/desired/b=2"});
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.patch() == R"({"reported":{"a":2}})");
}

TEST_CASE("a deleted leaf is sent as null, an array as a whole", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":[1,2,3],"b":{"c":1,"d":2}}})", 5);
  REQUIRE(d.t.set_json("/reported/a", "[1, 2, 4]"));
  REQUIRE(d.t.erase("/reported/b/c"));
  d.now += 5000;
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.patch() == R"({"reported":{"a":[1,2,4],"b":{"c":null}}})");
}

TEST_CASE("numbers compare by value, and booleans never equal numbers", "[state][owned_merge]") {
  device d;
  d.settle(R"({"a":1,"b":9007199254740992,"c":0.1,"d":1,"e":[1,{"y":1,"x":2}]})", 5);
  const std::uint64_t version = d.t.local_version();
  REQUIRE(d.t.local_document(R"({"a":1.0,"b":9007199254740992,"c":1e-1,"d":1e0,"e":[1.0,{"x":2,"y":1}]})"));
  CHECK(d.t.local_version() == version);
  REQUIRE(d.t.set("/b", std::int64_t{9007199254740993}));
  CHECK(d.t.local_version() == version + 1);
  REQUIRE(d.t.set("/d", true));
  CHECK(d.t.local_version() == version + 2);
}

TEST_CASE("a version lower than known drops the base: nothing counts as deleted, and owners' sides are sent again",
          "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1,"b":1},"reported":{"c":1,"d":1}})", 40);
  d.come_back();
  // Put back from a backup: "b" was not there yet, "c" was another value.
  REQUIRE(d.answer(R"({"desired":{"a":7},"reported":{"c":0}})", 3));
  CHECK(d.t.counters().restarts == 1);
  CHECK(d.t.cloud_version() == 3);
  CHECK(d.local() == R"({"desired":{"a":7,"b":1},"reported":{"c":1,"d":1}})");
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.last.expected == 3);
  CHECK(d.patch() == R"({"desired":{"b":1},"reported":{"c":1,"d":1}})");
}

TEST_CASE("a local document put back from a backup drops the base too", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1},"reported":{"c":5,"d":5}})", 40);
  REQUIRE(d.t.local_document(R"({"reported":{"c":6,"d":5}})", 100));
  REQUIRE(d.t.local_document(R"({"reported":{"c":2}})", 7));
  CHECK(d.t.counters().restarts == 1);
  CHECK(d.poll().kind == twin_request::get);
  REQUIRE(d.answer(R"({"desired":{"a":1},"reported":{"c":5,"d":5}})", 40));
  // Nothing was deleted here, only forgotten.
  CHECK(d.local() == R"({"desired":{"a":1},"reported":{"c":2,"d":5}})");
  d.now += 5000;
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.patch() == R"({"reported":{"c":2}})");
}

TEST_CASE("a push that comes too late reads once, merges and pushes again", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":1,"b":1}})", 5);
  REQUIRE(d.t.set("/reported/a", 2));
  d.now += 10'000;
  REQUIRE(d.poll().kind == twin_request::push);
  REQUIRE(d.t.on_conflict(d.last.request, d.now));
  CHECK(d.poll().kind == twin_request::get);
  REQUIRE(d.answer(R"({"reported":{"a":1,"b":9}})", 6));
  CHECK(d.local() == R"({"reported":{"a":2,"b":9}})");
  CHECK(d.poll().kind == twin_request::none);  // at most one push in an interval, this one too
  d.now = d.t.next_deadline().value();
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.last.expected == 6);
  REQUIRE(d.t.on_done(d.last.request, 7, d.now));
  CHECK(d.t.in_sync());
  CHECK(d.t.counters().gets == 2);
  CHECK(d.t.counters().pushes == 2);
}

TEST_CASE("pushes that always come too late do not become a loop: the requests of an hour are a few", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":1}})", 5);
  REQUIRE(d.t.set("/reported/a", 2));
  std::uint64_t version = 6;
  const std::uint32_t hour = 3'600'000;
  while (d.now < hour) {
    switch (d.poll().kind) {
      case twin_request::get: REQUIRE(d.answer(R"({"reported":{"a":1}})", version++)); break;
      case twin_request::push: REQUIRE(d.t.on_conflict(d.last.request, d.now)); break;
      default: {
        REQUIRE(d.t.next_deadline());
        REQUIRE(d.t.next_deadline().value() > d.now);
        d.now = d.t.next_deadline().value();
      }
    }
  }
  CHECK(d.t.counters().pushes < 30);
  CHECK(d.t.counters().gets <= d.t.counters().pushes + 1);
  CHECK(d.t.push_interval_ms() == 300'000);
}

TEST_CASE("a remembered deletion of the document applies to the version that it was made for", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1}})", 5);
  REQUIRE(d.t.erase({}));
  SECTION("and then the cloud's goes") {
    d.come_back();
    REQUIRE(d.answer(R"({"desired":{"a":1}})", 5));
    CHECK(d.local() == "null");
    CHECK(d.poll().kind == twin_request::drop);
    CHECK(d.last.expected == 5);
    REQUIRE(d.t.on_done(d.last.request, 6, d.now));
    CHECK(d.t.in_sync());
  }
  SECTION("but not to a document that was made or changed since") {
    d.come_back();
    REQUIRE(d.answer(R"({"desired":{"a":2}})", 8));
    CHECK(d.local() == R"({"desired":{"a":2}})");
    CHECK(d.t.counters().revived == 1);
    CHECK(d.poll().kind == twin_request::none);
    CHECK(d.t.in_sync());
  }
  SECTION("nor to one whose numbers began again") {
    d.come_back();
    REQUIRE(d.answer(R"({"desired":{"a":2}})", 1));
    CHECK(d.local() == R"({"desired":{"a":2}})");
    CHECK(d.poll().kind == twin_request::none);
  }
  SECTION("nor is it remembered once something is written here again") {
    REQUIRE(d.t.set("/reported/b", 1));
    d.come_back();
    REQUIRE(d.answer(R"({"desired":{"a":1}})", 5));
    CHECK(d.poll().kind == twin_request::push);
    CHECK(d.patch() == R"({"desired":null,"reported":{"b":1}})");
  }
}

TEST_CASE("a late notice of a deletion does not delete the document that was made after it", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1}})", 5);
  CHECK(d.t.on_deleted(4, d.now).error() == errc::stale);
  CHECK(d.t.on_deleted(5, d.now).error() == errc::stale);
  CHECK(d.local() == R"({"desired":{"a":1}})");
  REQUIRE(d.poll().kind == twin_request::get);  // once, to see whether the numbers have begun again
  REQUIRE(d.answer(R"({"desired":{"a":1}})", 5));
  REQUIRE(d.t.on_deleted(6, d.now, d.listen()));
  CHECK(d.local() == "null");
  CHECK(d.accepted == std::vector<std::string>{"/desired/a="});
  CHECK(d.poll().kind == twin_request::none);
}

TEST_CASE("after a reconnection everything is read, then only higher versions are applied", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1}})", 5);
  d.t.disconnected();
  CHECK(d.t.on_patch(R"({"a":9})", 6, d.now, "/desired").error() == errc::stale);  // nobody is listening
  d.come_back();
  REQUIRE(d.t.on_patch(R"({"a":8})", 8, d.now, "/desired"));  // waits for the answer, which holds it
  CHECK(d.local() == R"({"desired":{"a":1}})");
  REQUIRE(d.answer(R"({"desired":{"a":8}})", 8));
  CHECK(d.t.on_patch(R"({"a":7})", 7, d.now, "/desired").error() == errc::stale);
  CHECK(d.t.on_patch(R"({"a":8})", 8, d.now, "/desired").error() == errc::stale);
  REQUIRE(d.poll().kind == twin_request::get);  // 7 is below what is known: a look, once
  REQUIRE(d.answer(R"({"desired":{"a":8}})", 8));
  REQUIRE(d.t.on_patch(R"({"a":9})", 9, d.now, "/desired", d.listen()));
  CHECK(d.local() == R"({"desired":{"a":9}})");
  CHECK(d.t.cloud_version() == 9);
  CHECK(d.poll().kind == twin_request::none);
}

TEST_CASE("a patch that was told of while the document was read, and is not in it, is read for", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1}})", 5);
  d.come_back();
  REQUIRE(d.t.on_patch(R"({"a":3})", 7, d.now, "/desired"));
  REQUIRE(d.answer(R"({"desired":{"a":2}})", 6));
  CHECK(d.poll().kind == twin_request::get);
  REQUIRE(d.answer(R"({"desired":{"a":3}})", 7));
  CHECK(d.poll().kind == twin_request::none);
  CHECK(d.local() == R"({"desired":{"a":3}})");
}

TEST_CASE("missed patches are a gap, and everything is read again", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1,"b":1}})", 5);
  CHECK(d.t.on_patch(R"({"a":3})", 8, d.now, "/desired").error() == errc::gap);
  CHECK(d.local() == R"({"desired":{"a":1,"b":1}})");
  CHECK(d.poll().kind == twin_request::get);
  REQUIRE(d.answer(R"({"desired":{"a":3,"b":2}})", 8));
  CHECK(d.local() == R"({"desired":{"a":3,"b":2}})");
}

TEST_CASE("numbers that began again are noticed by a look that costs one request, not one per patch", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1}})", 500);
  CHECK(d.t.on_patch(R"({"a":2})", 2, d.now, "/desired").error() == errc::stale);
  CHECK(d.t.on_patch(R"({"a":3})", 3, d.now, "/desired").error() == errc::stale);
  REQUIRE(d.poll().kind == twin_request::get);
  REQUIRE(d.answer(R"({"desired":{"a":3}})", 3));
  CHECK(d.t.counters().restarts == 1);
  CHECK(d.local() == R"({"desired":{"a":3}})");
  for (int i = 0; i < 100; ++i) {  // a broker that repeats old patches
    d.now += 1000;
    CHECK(d.t.on_patch(R"({"a":2})", 2, d.now, "/desired").error() == errc::stale);
    if (d.poll().kind == twin_request::get) {
      REQUIRE(d.answer(R"({"desired":{"a":3}})", 3));
    }
  }
  CHECK(d.t.counters().gets <= 3);
}

TEST_CASE("nothing is pushed when the content is equal: an echo costs nothing", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":1}})", 5);
  REQUIRE(d.t.set("/reported/a", 2));
  REQUIRE(d.t.set("/reported/a", 1));
  d.now += 5000;
  CHECK(d.poll().kind == twin_request::none);
  REQUIRE(d.t.set("/reported/a", 3));
  REQUIRE(d.poll().kind == twin_request::push);
  REQUIRE(d.t.on_patch(R"({"reported":{"a":3}})", 6, d.now));  // our own write comes back before its answer
  REQUIRE(d.t.on_done(d.last.request, 6, d.now));
  CHECK(d.t.on_patch(R"({"reported":{"a":3}})", 6, d.now).error() == errc::stale);  // and after it
  d.now += 5000;
  CHECK(d.poll().kind == twin_request::none);
  CHECK(d.t.counters().pushes == 1);
  CHECK(d.t.counters().gets == 1);
}

TEST_CASE("a cloud that made the same change needs no push", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":1}})", 5);
  REQUIRE(d.t.set("/reported/a", 2));
  d.come_back();
  REQUIRE(d.answer(R"({"reported":{"a":2.0}})", 6));
  d.now += 5000;
  CHECK(d.poll().kind == twin_request::none);
  CHECK(d.t.in_sync());
}

TEST_CASE("many changes wait for the interval and go as one push", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":0}})", 5);
  std::uint64_t version = 5;
  std::uint32_t before = 0;
  for (int i = 1; i <= 1000; ++i) {
    d.now += 10;
    REQUIRE(d.t.set("/reported/a", i));
    if (d.poll().kind == twin_request::push) {
      CHECK((before == 0 || d.now - before >= 1000));
      before = d.now;
      REQUIRE(d.t.on_done(d.last.request, ++version, d.now));
    }
  }
  CHECK(d.t.counters().pushes == 10);
  d.now = d.t.next_deadline().value();
  REQUIRE(d.poll().kind == twin_request::push);
  CHECK(d.patch() == R"({"reported":{"a":1000}})");
}

TEST_CASE("two writers that take each other's value back in turn are slowed down, and others are not", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":0,"b":0}})", 5);
  std::uint64_t version = 5;
  for (int i = 0; i < 200; ++i) {
    d.now += 1000;
    if (d.poll().kind == twin_request::push) {
      REQUIRE(d.t.on_done(d.last.request, ++version, d.now));
      REQUIRE(d.t.on_patch(R"({"reported":{"a":0}})", ++version, d.now));
      REQUIRE(d.t.set("/reported/a", 1));
    } else if (d.t.find("/reported/a") == "0") {
      REQUIRE(d.t.set("/reported/a", 1));
    }
  }
  CHECK(d.t.counters().pushes <= 9);
  CHECK(d.t.push_interval_ms() >= 128'000);
}

TEST_CASE("what the cloud does not take by its size or depth is not sent", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":0}})", 5);
  SECTION("too large") {
    const std::string text(190, 'x');
    REQUIRE(d.t.set("/reported/text", std::string_view{text}));
    CHECK(d.poll().kind == twin_request::none);
    CHECK(d.t.held() == errc::full);
  }
  SECTION("too deep") {
    REQUIRE(d.t.patch_local(R"({"reported":{"1":{"2":{"3":{"4":{"5":{"6":1}}}}}}})"));
    d.now += 5000;
    CHECK(d.poll().kind == twin_request::push);
    REQUIRE(d.t.on_done(d.last.request, 6, d.now));
    REQUIRE(d.t.patch_local(R"({"reported":{"1":{"2":{"3":{"4":{"5":{"6":{"7":1}}}}}}}})"));
    d.now += 5000;
    CHECK(d.poll().kind == twin_request::none);
    CHECK(d.t.held() == errc::width);
  }
  CHECK(d.t.counters().over_limits == 1);
  CHECK(!d.t.next_deadline());
  REQUIRE(d.t.local_document(R"({"reported":{"a":4}})"));
  d.now += 5000;
  CHECK(d.poll().kind == twin_request::push);
}

TEST_CASE("the sections of a hub's twin are measured each by itself", "[state][owned_merge]") {
  state::owned_merge<hub> t;
  std::array<char, 256> room{};
  t.connected(0);
  REQUIRE(t.on_absent(t.poll(0, room).value().request, 0));
  REQUIRE(t.set("/desired/a", "123456789012345678901234567890"));
  REQUIRE(t.set("/reported/a", "123456789012345678901234567890"));
  CHECK(t.poll(0, room).value().kind == twin_request::push);
  state::owned_merge<hub> u;
  u.connected(0);
  REQUIRE(u.on_absent(u.poll(0, room).value().request, 0));
  REQUIRE(u.set("/reported/a", "123456789012345678901234567890"));
  REQUIRE(u.set("/reported/b", "1234"));
  CHECK(u.poll(0, room).value().kind == twin_request::none);
  CHECK(u.held() == errc::full);
}

TEST_CASE("a document that does not fit is refused whole and asked for again later", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":0}})", 5);
  d.come_back();
  const std::string large = R"({"desired":{"x":")" + std::string(700, 'x') + R"("}})";
  CHECK(d.answer(large, 6).error() == errc::full);
  CHECK(d.local() == R"({"reported":{"a":0}})");
  CHECK(d.t.cloud_version() == 5);
  CHECK(d.poll().kind == twin_request::none);
  d.now = d.t.next_deadline().value();
  CHECK(d.poll().kind == twin_request::get);
  CHECK(d.answer(R"({"desired":)", 6).error() == errc::truncated);
  CHECK(d.t.counters().unreadable == 2);
}

TEST_CASE("answers to older requests, and of the wrong kind, change nothing", "[state][owned_merge]") {
  device d;
  d.t.connected(0);
  const auto first = d.poll();
  d.t.disconnected();
  d.t.connected(0);
  const auto second = d.poll();
  REQUIRE(first.request != second.request);
  CHECK(d.t.on_document(first.request, R"({"a":1})", 5, 0).error() == errc::stale);
  CHECK(d.t.on_done(second.request, 5, 0).error() == errc::stale);
  CHECK(d.local() == "null");
  CHECK(d.t.on_document(second.request, R"({"a":2})", 5, 0));
  CHECK(d.t.on_document(second.request, R"({"a":3})", 6, 0).error() == errc::stale);
  CHECK(d.local() == R"({"a":2})");
}

TEST_CASE("a request without an answer is given up, and what it did is read", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":1}})", 5);
  REQUIRE(d.t.set("/reported/a", 2));
  d.now += 5000;
  REQUIRE(d.poll().kind == twin_request::push);
  CHECK(d.poll().kind == twin_request::none);
  d.now += 30'000;
  CHECK(d.poll().kind == twin_request::none);  // first a pause
  CHECK(d.t.counters().unanswered == 1);
  d.now = d.t.next_deadline().value();
  REQUIRE(d.poll().kind == twin_request::get);
  REQUIRE(d.answer(R"({"reported":{"a":2}})", 6));  // it was heard
  CHECK(d.poll().kind == twin_request::none);
  CHECK(d.t.in_sync());
}

TEST_CASE("a busy cloud is left alone for as long as it says", "[state][owned_merge]") {
  device d;
  d.t.connected(0);
  REQUIRE(d.poll().kind == twin_request::get);
  REQUIRE(d.t.on_busy(d.last.request, 60'000, 0));
  CHECK(d.poll().kind == twin_request::none);
  CHECK(d.t.next_deadline().value() == 60'000);
  d.now = 59'999;
  CHECK(d.poll().kind == twin_request::none);
  d.now = 60'000;
  CHECK(d.poll().kind == twin_request::get);
}

TEST_CASE("what the cloud refuses is not sent again before something changes", "[state][owned_merge]") {
  device d;
  d.settle(R"({"reported":{"a":1}})", 5);
  REQUIRE(d.t.set("/reported/a", 2));
  d.now += 5000;
  REQUIRE(d.poll().kind == twin_request::push);
  REQUIRE(d.t.on_refused(d.last.request, d.now));
  d.now += 500'000;
  CHECK(d.poll().kind == twin_request::none);
  CHECK(d.t.held() == errc::refused);
  REQUIRE(d.t.set("/reported/a", 3));
  CHECK(d.poll().kind == twin_request::push);
}

TEST_CASE("a write without a version of its own, as hubs answer reported patches", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1},"reported":{"a":1}})", 22);
  REQUIRE(d.t.set("/reported/a", 2));
  d.now += 5000;
  REQUIRE(d.poll().kind == twin_request::push);
  REQUIRE(d.t.on_patch(R"({"a":5})", 23, d.now, "/desired"));  // meanwhile the cloud's section moves on
  REQUIRE(d.t.on_done(d.last.request, 0, d.now));
  CHECK(d.t.cloud_version() == 22);
  REQUIRE(d.poll().kind == twin_request::get);  // the patch may not be in what we know
  REQUIRE(d.answer(R"({"desired":{"a":5},"reported":{"a":2}})", 23));
  CHECK(d.t.in_sync());
}

TEST_CASE("it goes on after a restart where it was: base, local document, versions and a remembered deletion", "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"a":1,"b":1}})", 5);
  const bool deletes = GENERATE_COPY(false, true);
  REQUIRE((deletes ? d.t.erase({}) : d.t.erase("/desired/a")));
  std::array<std::byte, twin::image_bytes> image{};
  skerry::byte_writer out{image};
  d.t.encode(out);
  REQUIRE(out.error() == errc::ok);
  device again;
  REQUIRE(again.t.decode(out.written()));
  CHECK(again.local() == d.local());
  CHECK(again.t.cloud_version() == 5);
  CHECK(again.t.local_version() == d.t.local_version());
  again.t.connected(0);
  REQUIRE(again.poll().kind == twin_request::get);
  REQUIRE(again.answer(R"({"desired":{"a":1,"b":1}})", 5));
  CHECK(again.poll().kind == (deletes ? twin_request::drop : twin_request::push));
  for (std::size_t size = 0; size < out.written().size(); ++size) {
    CHECK_FALSE(again.t.decode(out.written().first(size)));
  }
  std::vector<std::byte> damaged(out.written().begin(), out.written().end());
  for (auto& b : damaged) {
    b ^= std::byte{4};
    CHECK_FALSE(again.t.decode(damaged));
    b ^= std::byte{4};
  }
  CHECK(again.t.cloud_version() == 5);
}

TEST_CASE("pointers that are none, values that are none, are refused and change nothing", "[state][owned_merge]") {
  twin t;
  REQUIRE(t.set("/a", 1));
  CHECK(t.set("a", 1).error() == errc::invalid);
  CHECK(t.set("/a~2", 1).error() == errc::invalid);
  CHECK(t.set("/a", 1e308 * 10).error() == errc::not_finite);
  CHECK(t.set("/a", std::uint64_t{1} << 63U).error() == errc::out_of_range);
  CHECK(t.set("/a", std::string_view{"\xff"}).error() == errc::corrupt);
  CHECK(t.set_json("/a", "1e999").error() == errc::out_of_range);
  CHECK(t.set_json("/a", "{}").error() == errc::invalid);
  CHECK(t.set_json("/a", "[1,").error() == errc::truncated);
  CHECK(t.set("/b", std::string_view{std::string(700, 'x')}).error() == errc::full);
  CHECK(t.find("/a") == "1");
  CHECK(t.local_version() == 1);
}

TEST_CASE("names with slashes, tildes, quotes and escapes come back as they were", "[state][owned_merge]") {
  twin t;
  const std::string json = R"({"":{"":1},"a/b":{"~":"\u0001\"\\"},"a":{"b":2},"é":[true,null,{"k":[{}]}]})";
  REQUIRE(t.local_document(json));
  CHECK(t.find("/a~1b/~0") == R"("\u0001\"\\")");
  CHECK(t.find("/a/b") == "2");
  CHECK(t.find("//") == "1");
  std::array<char, 256> out{};
  const std::string text{out.data(), t.write_local(out).value()};
  twin u;
  REQUIRE(u.local_document(text));
  std::array<char, 256> again{};
  CHECK(std::string{again.data(), u.write_local(again).value()} == text);
}

TEST_CASE("a double is written so that reading it gives its bits back, and as people write it", "[state][owned_merge]") {
  const auto text_of = [](double x) {
    std::array<char, 32> room{};
    state::detail::text_sink out{room};
    state::detail::put_double(out, x);
    return std::string{out.text()};
  };
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(-72.5) == "-72.5");
  CHECK(text_of(20) == "2e1");  // an integer once it is a leaf
  CHECK(text_of(0.00012) == "0.00012");
  CHECK(text_of(1e-7) == "1e-7");
  skerry::splitmix64 rng{7};
  for (int i = 0; i < 3000; ++i) {
    const double x = std::bit_cast<double>(rng());
    if (x - x == 0) {
      CAPTURE(x);
      CHECK(skerry::detail::decimal_to_double(text_of(x)) == x);
    }
  }
  CHECK(skerry::detail::decimal_to_double(text_of(5e-324)) == 5e-324);
  CHECK(skerry::detail::decimal_to_double(text_of(1.7976931348623157e308)) == 1.7976931348623157e308);
}

TEST_CASE("a patch that takes the last member away leaves an empty object, and no member by its name", "[state][owned_merge]") {
  state::detail::twin_rows<256> rows;
  REQUIRE(rows.read(R"({"a":{"b":{}},"c":1})"));
  REQUIRE(rows.merge_patch(R"({"a":null,"c":null})"));
  state::detail::twin_rows<256> empty;
  REQUIRE(empty.read("{}"));
  CHECK(rows == empty);
  CHECK_FALSE(rows.has_within("/a"));
  REQUIRE(rows.merge_patch(R"({"d":{"e":null}})"));
  REQUIRE(empty.read(R"({"d":{}})"));
  CHECK(rows == empty);
}

TEST_CASE("where clouds drop empty objects, a section that is gone takes no leaf along that was written here since",
          "[state][owned_merge]") {
  device d;
  d.settle(R"({"desired":{"b":1}})", 5);
  REQUIRE(d.t.set("/desired/a", 7));
  d.come_back();
  REQUIRE(d.answer("{}", 6));  // "b" was deleted, and with it the section
  CHECK(d.local() == R"({"desired":{"a":7}})");
  CHECK(d.poll().kind == twin_request::push);
  CHECK(d.patch() == R"({"desired":{"a":7}})");
}
