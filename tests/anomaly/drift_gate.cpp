// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/drift_gate.hpp>
#include <skerry/core/portable.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

static_assert(std::is_trivially_copyable_v<drift_gate>);
static_assert(encodable<drift_gate> && decodable_value<drift_gate>);
static_assert(!mergeable<drift_gate>);
static_assert(sizeof(drift_gate) <= 7000 && sizeof(basic_drift_gate<64>) <= 2800);

/// Scores like those of a forest: most in a narrow band, a tail towards strange.
class scores {
 public:
  explicit scores(std::uint64_t seed) : random_{seed} {}
  float next(double shift = 0) {
    const double z = normal(random_);
    return static_cast<float>(0.45 + 0.03 * (z + 0.15 * z * z + shift));
  }

 private:
  splitmix64 random_;
};

drift_gate taught(scores& source, std::uint64_t seed, std::size_t n = 1000) {
  drift_gate_config config;
  config.seed = seed;
  drift_gate gate = drift_gate::create(config).value();
  for (std::size_t i = 0; i < n; ++i) {
    REQUIRE(gate.learn(source.next()));
  }
  return gate;
}

struct outcome {
  long first_refit = -1;
  long first_ask = -1;
  long rows_moved = 0;
};
outcome run(drift_gate& gate, scores& source, long rows, const std::function<double(long)>& shift, const std::function<bool(long)>& alarm) {
  outcome o;
  for (long i = 0; i < rows; ++i) {
    const auto advice = gate.observe(source.next(shift(i)), alarm(i));
    REQUIRE(advice);
    REQUIRE(advice.value() == gate.advice());
    o.rows_moved += advice.value() != drift_advice::steady ? 1 : 0;
    if (advice.value() == drift_advice::refit && o.first_refit < 0) {
      o.first_refit = i;
    }
    if (advice.value() == drift_advice::ask_operator && o.first_ask < 0) {
      o.first_ask = i;
    }
  }
  return o;
}
const auto nothing = [](long) { return 0.0; };
const auto quiet = [](long) { return false; };

std::vector<std::byte> image_of(const drift_gate& gate) {
  std::vector<std::byte> bytes(drift_gate::max_encoded_size);
  byte_writer out{bytes};
  REQUIRE(gate.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

}  // namespace

TEST_CASE("where nothing moves the gate opens less than once in a hundred thousand rows", "[anomaly][drift_gate]") {
  constexpr long rows = 20000;
  constexpr int seeds = 60;
  int opened = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    scores source{seed};
    drift_gate gate = taught(source, seed);
    const outcome o = run(gate, source, rows, nothing, quiet);
    opened += o.first_refit >= 0 ? 1 : 0;
    REQUIRE(o.first_ask < 0);
    REQUIRE(gate.panes() == rows / (200 * 5));
  }
  CAPTURE(opened);
  CHECK(opened * 100000 <= seeds * rows);
}

TEST_CASE("scores that creep by one deviation open the gate on their way, however slowly", "[anomaly][drift_gate]") {
  for (const long rows : {5000L, 20000L, 40000L}) {
    int opened = 0;
    int early = 0;
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
      CAPTURE(rows, seed);
      scores source{seed};
      drift_gate gate = taught(source, seed);
      const outcome o = run(
          gate, source, rows + 2000, [=](long i) { return i < rows ? static_cast<double>(i) / static_cast<double>(rows) : 1.0; }, quiet);
      opened += o.first_refit >= 0 ? 1 : 0;
      early += o.first_refit >= 0 && o.first_refit < rows / 20 ? 1 : 0;
      REQUIRE(o.first_ask < 0);
      REQUIRE(gate.advice() == drift_advice::refit);  // and it stays so
    }
    CHECK(opened == 15);
    CHECK(early <= 1);
  }
}

TEST_CASE("a step below the alarm opens the gate within two panes", "[anomaly][drift_gate]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    scores source{seed};
    drift_gate gate = taught(source, seed);
    (void)run(gate, source, 2500, nothing, quiet);
    REQUIRE(gate.advice() == drift_advice::steady);
    const outcome o = run(
        gate, source, 2000, [](long) { return 1.0; }, quiet);
    REQUIRE(o.first_refit >= 0);
    REQUIRE(o.first_ask < 0);
  }
}

TEST_CASE("the same step under an alarm asks the operator and never opens the gate", "[anomaly][drift_gate]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    scores source{seed};
    drift_gate gate = taught(source, seed);
    (void)run(gate, source, 2500, nothing, quiet);
    REQUIRE(gate.advice() == drift_advice::steady);
    const outcome o = run(
        gate, source, 5000, [](long) { return 2.0; }, [](long i) { return i >= 5; });
    REQUIRE(o.first_refit < 0);
    REQUIRE(o.first_ask >= 0);
    REQUIRE(o.first_ask < 1000);
    // The fault is repaired: two panes later all is as before.
    (void)run(gate, source, 3000, nothing, quiet);
    REQUIRE(gate.advice() == drift_advice::steady);
  }
}

TEST_CASE("a drift that had opened the gate asks the operator once an alarm stands", "[anomaly][drift_gate]") {
  scores source{5};
  drift_gate gate = taught(source, 5);
  (void)run(
      gate, source, 3000, [](long) { return 1.0; }, quiet);
  REQUIRE(gate.advice() == drift_advice::refit);
  CHECK(gate.observe(source.next(1), true).value() == drift_advice::ask_operator);
  (void)run(
      gate, source, 999, [](long) { return 1.0; }, quiet);
  CHECK(gate.advice() == drift_advice::ask_operator);  // in this pane and the next
  (void)run(
      gate, source, 2000, [](long) { return 1.0; }, quiet);
  CHECK(gate.advice() == drift_advice::refit);
}

TEST_CASE("a wider distribution with the same mean is a drift too", "[anomaly][drift_gate]") {
  splitmix64 random{9};
  drift_gate gate = drift_gate::create().value();
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(gate.learn(static_cast<float>(normal(random))));
  }
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(gate.observe(static_cast<float>(3 * normal(random)), false));
  }
  CHECK(gate.advice() == drift_advice::refit);
  CHECK(gate.last().value().p_value() < 0.001);
  CHECK(gate.last().value().n_b == 200);
}

TEST_CASE("one score a thousand deviations away moves nothing", "[anomaly][drift_gate]") {
  scores source{6};
  drift_gate gate = taught(source, 6);
  for (int i = 0; i < 5; ++i) {
    CHECK(gate.observe(1e6F, false).value() == drift_advice::steady);
  }
  const outcome o = run(gate, source, 3000, nothing, quiet);
  CHECK(o.rows_moved == 0);
}

TEST_CASE("a reference of one value judges by difference alone", "[anomaly][drift_gate]") {
  drift_gate gate = drift_gate::create().value();
  const std::vector<float> same(60, 0.5F);
  CHECK(gate.learn(same) == 60);
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(gate.observe(0.5F, false).value() == drift_advice::steady);
  }
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(gate.observe(0.5001F, false));
  }
  CHECK(gate.advice() == drift_advice::refit);
}

TEST_CASE("the gate refuses what is no score, comes too early or too late, and nothing has changed", "[anomaly][drift_gate]") {
  scores source{7};
  drift_gate gate = taught(source, 7, 49);
  CHECK_FALSE(gate.ready());
  CHECK(gate.observe(0.5F, false).error() == errc::insufficient);
  CHECK(gate.learn(std::nanf("")).error() == errc::not_finite);
  CHECK(gate.learn(INFINITY).error() == errc::not_finite);
  REQUIRE(gate.learn(source.next()));
  REQUIRE(gate.ready());
  REQUIRE(gate.observe(0.5F, false));
  const auto before = image_of(gate);
  CHECK(gate.observe(std::nanf(""), true).error() == errc::not_finite);
  CHECK(gate.learn(0.5F).error() == errc::refused);
  CHECK(image_of(gate) == before);
  CHECK(gate.last().error() == errc::insufficient);
  const double nan = std::nan("");
  for (const drift_gate_config& c :
       {drift_gate_config{.alpha = 0}, drift_gate_config{.alpha = 1}, drift_gate_config{.alpha = nan}, drift_gate_config{.pane = 19},
        drift_gate_config{.pane = 201}, drift_gate_config{.stride = 0}, drift_gate_config{.delta = -1}, drift_gate_config{.lambda = 0}}) {
    CHECK(drift_gate::create(c).error() == errc::invalid);
  }
}

TEST_CASE("after restart the gate learns another reference", "[anomaly][drift_gate]") {
  scores source{8};
  drift_gate gate = taught(source, 8);
  (void)run(
      gate, source, 2000, [](long) { return 2.0; }, quiet);
  REQUIRE(gate.advice() == drift_advice::refit);
  gate.restart();
  CHECK(gate.advice() == drift_advice::steady);
  CHECK_FALSE(gate.ready());
  for (int i = 0; i < 500; ++i) {
    REQUIRE(gate.learn(source.next(2)));
  }
  CHECK(run(
            gate, source, 5000, [](long) { return 2.0; }, quiet)
            .rows_moved == 0);
}

TEST_CASE("a gate that was written and read goes on with the same bits", "[anomaly][drift_gate]") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    scores source{seed};
    drift_gate gate = taught(source, seed, 60 + 200 * seed);
    const auto cut = static_cast<long>(1 + 377 * seed);
    (void)run(
        gate, source, cut, [](long i) { return i > 700 ? 1.5 : 0.0; }, [](long i) { return i % 1500 > 1450; });
    auto read = decode_all<drift_gate>(image_of(gate));
    REQUIRE(read);
    REQUIRE(image_of(read.value()) == image_of(gate));
    for (int i = 0; i < 2500; ++i) {
      const float x = source.next(i > 1200 ? 1 : 0);
      REQUIRE(read.value().observe(x, i % 900 == 0) == gate.observe(x, i % 900 == 0));
    }
    REQUIRE(image_of(read.value()) == image_of(gate));
    read.value().restart();
    gate.restart();
    REQUIRE(image_of(read.value()) == image_of(gate));
  }
  const drift_gate fresh = drift_gate::create().value();
  REQUIRE(decode_all<drift_gate>(image_of(fresh)));
  scores source{3};
  const drift_gate learning = taught(source, 3, 700);
  const auto read = decode_all<drift_gate>(image_of(learning));
  REQUIRE(read);
  CHECK(image_of(read.value()) == image_of(learning));
}

TEST_CASE("hostile images of a gate are refused or are themselves", "[anomaly][drift_gate]") {
  scores source{11};
  drift_gate gate = taught(source, 11, 300);
  (void)run(gate, source, 1500, nothing, quiet);
  const auto good = image_of(gate);
  for (std::size_t n = 0; n < good.size(); n += n < 250 ? 1 : 37) {
    const std::vector<std::byte> prefix(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n));
    REQUIRE_FALSE(decode_all<drift_gate>(prefix));
  }
  splitmix64 random{12};
  int accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    auto changed = good;
    const std::size_t at = static_cast<std::size_t>(random() % (round % 2 == 0 ? 220 : good.size()));
    changed[at] = static_cast<std::byte>(random());
    const auto read = decode_all<drift_gate>(changed);
    if (read) {
      ++accepted;
      REQUIRE(image_of(read.value()) == changed);
      drift_gate goes_on = read.value();
      for (int i = 0; i < 30; ++i) {
        (void)goes_on.observe(0.5F, true);
      }
      REQUIRE(decode_all<drift_gate>(image_of(goes_on)));
    } else {
      REQUIRE(read.error() != errc::ok);
    }
  }
  CHECK(accepted > 0);
}
