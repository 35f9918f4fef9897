// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/monitor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <limits>
#include <memory>
#include <random>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

// The same machinery in a size that leaves time for many seeds, with refits that take few rows.
struct brisk : default_monitor {
  static constexpr std::size_t history = 500;
  static constexpr std::size_t trees = 50;
  static constexpr std::size_t row_visits = 4000;
  static constexpr std::size_t judge_slice = 64;
};

template <std::size_t F>
using row = std::array<float, F>;

// Roughly normal, from integers only.
struct noise {
  explicit noise(unsigned seed) : g{seed} {}
  float operator()() {
    std::int64_t sum = 0;
    for (int i = 0; i < 12; ++i) {
      sum += static_cast<std::int64_t>(g() % 65536);
    }
    return static_cast<float>(sum - 12 * 32768) / 65536.0F;
  }
  template <std::size_t F>
  row<F> sample(float shift = 0) {
    row<F> r;
    for (float& x : r) {
      x = (*this)() + shift;
    }
    return r;
  }
  std::mt19937 g;
};

template <typename M>
std::unique_ptr<M> make(const monitor_config& config = {}) {
  auto m = std::make_unique<M>();
  REQUIRE(M::create(*m, config));
  return m;
}

// One row a second.
template <std::size_t F, typename M>
verdict<F> feed(M& m, const row<F>& r, std::uint64_t& now, std::uint64_t step = 1000) {
  now += step;
  const auto v = m.observe(r, now);
  REQUIRE(v);
  return v.value();
}

bool adds_up(const monitor_counters& c) {
  return c.rows == c.scored + c.learning + c.refused_not_finite + c.refused_stale + c.refused_mismatch + c.refused_insufficient;
}

static_assert(std::is_trivially_copyable_v<monitor<4>>);
static_assert(monitor<4>::bytes == sizeof(monitor<4>));
static_assert(std::is_same_v<decltype(monitor<4>::create({})), result<monitor<4>>>);
static_assert(noexcept(std::declval<monitor<4>&>().observe(std::declval<const row<4>&>(), std::uint32_t{})));

}  // namespace

TEST_CASE("the first 256 rows only teach, whatever they are, and the next one is judged") {
  auto m = make<monitor<3, no_model, brisk>>();
  noise n{1};
  std::uint64_t now = 0;
  REQUIRE(m->enter().error() == errc::insufficient);
  for (int i = 0; i < 256; ++i) {
    const auto v = feed<3>(*m, n.sample<3>(i % 50 == 7 ? 1000.0F : 0.0F), now);
    REQUIRE(v.state == monitor_state::learning);
    REQUIRE(v.alarm_id == 0);
    REQUIRE(v.p_value == 1);
  }
  const auto v = feed<3>(*m, n.sample<3>(), now);
  REQUIRE(v.state != monitor_state::learning);
  REQUIRE(v.score > 0);
  REQUIRE(v.score < 1);
  REQUIRE(m->enter());
  REQUIRE(m->rows_per_day() == 86400);
}

TEST_CASE("a step fault raises an alarm within eight rows") {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    auto m = make<monitor<4, no_model, brisk>>({.seed = seed * 7919});
    noise n{seed};
    std::uint64_t now = 0;
    const int at = 300 + static_cast<int>(n.g() % 1500);
    for (int i = 0; i < at; ++i) {
      (void)feed<4>(*m, n.sample<4>(), now, 100);
    }
    verdict<4> v{};
    int rows = 0;
    while (rows < 8 && v.state != monitor_state::alarmed) {
      v = feed<4>(*m, n.sample<4>(seed % 2 == 0 ? 10.0F : -10.0F), now, 100);
      ++rows;
    }
    REQUIRE(v.state == monitor_state::alarmed);
    REQUIRE(v.novel);
    REQUIRE(v.why != 0);
    REQUIRE((v.leading & (why_forest | why_t2 | why_q | why_shift)) != 0);
    // What stands first may be a row before the step, which is as strange beside those of the fault.
    int of_fault = 0;
    for (const verdict_share& share : v.shares) {
      if (share.share != 0 && share.lag < rows) {
        REQUIRE((share.share > 0) == (seed % 2 == 0));
        ++of_fault;
      }
    }
    REQUIRE(of_fault > 0);
    REQUIRE(v.alarm_id == m->counters().alarms_novel);
  }
}

// A rate, not a law: of 1500 seeds 17 need nine or ten rows, most of them soon after the first 256. At that rate four of 25 would be a
// matter of 1 in 5000.
TEST_CASE("one column alone is enough for a step fault to raise, within eight rows but for one in ninety") {
  int late = 0;
  for (unsigned seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    auto m = make<monitor<1, no_model, brisk>>({.seed = seed * 104729});
    noise n{seed + 500};
    std::uint64_t now = 0;
    const int at = 257 + static_cast<int>(n.g() % 1500);
    for (int i = 0; i < at; ++i) {
      (void)feed<1>(*m, n.sample<1>(), now);
    }
    verdict<1> v{};
    int rows = 0;
    while (rows < 12 && v.state != monitor_state::alarmed) {
      v = feed<1>(*m, n.sample<1>(seed % 2 == 0 ? 15.0F : -15.0F), now);
      ++rows;
    }
    REQUIRE(v.state == monitor_state::alarmed);
    late += rows > 8 ? 1 : 0;
  }
  CHECK(late <= 3);
}

TEST_CASE("a step in one column that never moved before is a fault too") {
  auto m = make<monitor<4, no_model, brisk>>();
  noise n{5};
  std::uint64_t now = 0;
  const auto with_switch = [&](float position) {
    auto r = n.sample<4>();
    r[2] = position;
    return r;
  };
  for (int i = 0; i < 600; ++i) {
    (void)feed<4>(*m, with_switch(100), now);
  }
  bool alarmed = false;
  for (int i = 0; i < 30; ++i) {
    alarmed = alarmed || feed<4>(*m, with_switch(101), now).state == monitor_state::alarmed;
  }
  REQUIRE(alarmed);
}

TEST_CASE("after a step fault that stays the alarm still stands 10 000 rows later") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    auto m = make<monitor<4, no_model, brisk>>({.seed = seed});
    noise n{seed + 100};
    std::uint64_t now = 0;
    for (int i = 0; i < 1500; ++i) {
      (void)feed<4>(*m, n.sample<4>(), now);
    }
    for (int i = 0; i < 10; ++i) {
      (void)feed<4>(*m, n.sample<4>(8), now);
    }
    const auto raised = m->counters().alarms_novel;
    verdict<4> v{};
    for (int i = 0; i < 10000; ++i) {
      v = feed<4>(*m, n.sample<4>(8), now);
      REQUIRE(v.state == monitor_state::alarmed);
    }
    REQUIRE(v.since_raise_ms >= 10'000'000);
    REQUIRE(m->counters().alarms_novel == raised);
    REQUIRE(m->counters().quarantined >= 10000);
  }
}

TEST_CASE("on a stationary stream, a hundred refits later the alarm rate is within twice the budget") {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    // One row in five minutes: 2016 rows a week, one false alarm a week.
    auto m = make<monitor<4, no_model, brisk>>({.seed = seed * 31});
    noise n{seed + 40};
    std::uint64_t now = 0;
    int rows = 0;
    while (m->counters().refits + m->counters().refit_refused < 100) {
      (void)feed<4>(*m, n.sample<4>(), now, 300'000);
      REQUIRE(++rows < 60000);
    }
    const auto before = m->counters();
    CAPTURE(before.refits, before.refit_refused, before.alarms_novel);
    REQUIRE(before.refits > 0);
    const int weeks = 10;
    for (int i = 0; i < weeks * 2016; ++i) {
      (void)feed<4>(*m, n.sample<4>(), now, 300'000);
    }
    REQUIRE(m->counters().alarms_novel - before.alarms_novel <= 2 * weeks);
    REQUIRE(before.alarms_novel <= static_cast<std::uint64_t>(2 * (rows / 2016 + 1)));
  }
}

TEST_CASE("the counters add up and the latch holds under missing models, gaps, NaN, clocks that go back and other clocks") {
  auto flaky = [](unsigned seed) {
    return model_from<2, 1>([g = std::mt19937{seed}](std::span<const float, 2>, std::span<float, 1> out) mutable -> status {
      switch (g() % 9) {
        case 0: return errc::timeout;
        case 1: return errc::unavailable;
        case 2: return errc::io;
        case 3: out[0] = std::numeric_limits<float>::quiet_NaN(); return {};
        default: out[0] = static_cast<float>(g() % 100) / 110; return {};
      }
    });
  };
  using model = decltype(flaky(0));
  using mon = monitor<2, model, brisk>;
  for (unsigned seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    const auto m = std::make_unique<result<mon>>(mon::create({.max_gap_ms = 5000}, flaky(seed)));
    REQUIRE(*m);
    mon& mm = m->value();
    noise n{seed};
    std::uint64_t now = 1'000'000;
    std::uint64_t asked = 0;
    std::uint64_t refused = 0;
    for (int i = 0; i < 4000; ++i) {
      auto r = n.sample<2>(i % 700 > 600 ? 9.0F : 0.0F);
      const auto kind = n.g() % 40;
      const auto before = mm.counters();
      if (kind == 0) {
        r[n.g() % 2] = n.g() % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
        REQUIRE(mm.observe(r, now + 1000).error() == errc::not_finite);
        ++refused;
      } else if (kind == 1 && i > 0) {
        REQUIRE(mm.observe(r, now - 1 - n.g() % 100000).error() == errc::stale);
        ++refused;
      } else if (kind == 2 && i > 0) {
        REQUIRE(mm.observe(r, static_cast<std::uint32_t>(now)).error() == errc::mismatch);
        ++refused;
      } else {
        now += kind == 3 ? 60'000 : 1000;
        REQUIRE(mm.observe(r, now));
        ++asked;
        REQUIRE(mm.counters().gaps - before.gaps <= 1);
      }
      const auto& c = mm.counters();
      REQUIRE(adds_up(c));
      REQUIRE(c.rows == static_cast<std::uint64_t>(i) + 1);
      REQUIRE(c.refused_not_finite + c.refused_stale + c.refused_mismatch == refused);
      REQUIRE(c.alarms_cleared <= c.alarms_novel + c.alarms_known);
    }
    const auto& c = mm.counters();
    const auto missing = c.known_timeout + c.known_unavailable + c.known_not_finite + c.known_failed;
    REQUIRE(missing > asked / 4);
    REQUIRE(missing < asked * 3 / 5);
    REQUIRE(c.known_timeout > 0);
    REQUIRE(c.known_unavailable > 0);
    REQUIRE(c.known_not_finite > 0);
    REQUIRE(c.known_failed > 0);
    REQUIRE(c.gaps > 0);
    REQUIRE(c.scored > 1000);
  }
}

TEST_CASE("refused rows change no later verdict") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    auto plain = make<monitor<3, no_model, brisk>>();
    auto disturbed = make<monitor<3, no_model, brisk>>();
    noise n{seed};
    noise d{seed + 1000};
    std::uint64_t now = 50'000;
    for (int i = 0; i < 3000; ++i) {
      const auto r = n.sample<3>(i > 2000 && i < 2100 ? 7.0F : 0.0F);
      while (d.g() % 4 == 0) {
        auto bad = r;
        bad[d.g() % 3] = std::numeric_limits<float>::quiet_NaN();
        REQUIRE(disturbed->observe(bad, now + 500).error() == errc::not_finite);
        if (i > 0) {
          REQUIRE(disturbed->observe(r, now - 1).error() == errc::stale);
          REQUIRE(disturbed->observe(r, static_cast<std::uint16_t>(now)).error() == errc::mismatch);
        }
      }
      now += 1000;
      const auto a = plain->observe(r, now);
      const auto b = disturbed->observe(r, now);
      REQUIRE(a);
      REQUIRE(b);
      REQUIRE(a.value() == b.value());
    }
    REQUIRE(plain->counters().scored == disturbed->counters().scored);
    REQUIRE(plain->counters().refits == disturbed->counters().refits);
  }
}

TEST_CASE("the same rows and seed give the same verdicts, another seed gives other scores") {
  auto a = make<monitor<5>>();
  auto b = make<monitor<5>>();
  auto c = make<monitor<5>>({.seed = 2});
  noise n{3};
  std::uint64_t ta = 0;
  std::uint64_t tb = 0;
  std::uint64_t tc = 0;
  int differ = 0;
  for (int i = 0; i < 3500; ++i) {
    const auto r = n.sample<5>(i > 3000 ? 6.0F : 0.0F);
    const auto v = feed<5>(*a, r, ta);
    REQUIRE(v == feed<5>(*b, r, tb));
    differ += v != feed<5>(*c, r, tc) ? 1 : 0;
  }
  REQUIRE(a->counters() == b->counters());
  REQUIRE(a->counters().refits >= 1);
  REQUIRE(differ > 500);
}

TEST_CASE("a copy of a monitor continues as the original does") {
  auto a = make<monitor<3, no_model, brisk>>();
  noise n{9};
  std::uint64_t now = 0;
  for (int i = 0; i < 700; ++i) {
    (void)feed<3>(*a, n.sample<3>(), now);
  }
  auto b = std::make_unique<monitor<3, no_model, brisk>>(*a);
  for (int i = 0; i < 1500; ++i) {
    const auto r = n.sample<3>(i > 1000 ? 5.0F : 0.0F);
    std::uint64_t again = now;
    const auto v = feed<3>(*a, r, now);
    REQUIRE(v == feed<3>(*b, r, again));
  }
}

TEST_CASE("a known failure is latched by itself, reported first, and teaches the reference nothing") {
  auto says = model_from<2, 1>([](std::span<const float, 2> in, std::span<float, 1> out) { out[0] = in[1]; });
  using mon = monitor<2, decltype(says), brisk>;
  auto made = std::make_unique<result<mon>>(mon::create({}, says));
  REQUIRE(*made);
  mon& m = made->value();
  noise n{4};
  std::uint64_t now = 0;
  const auto at = [&](float probability, float shift = 0) { return row<2>{n() + shift, probability + n() / 1000}; };
  verdict<2> v{};
  for (int i = 0; i < 400; ++i) {
    v = feed<2>(m, at(0.80F), now);
    REQUIRE(v.known == known_state::quiet);
  }
  REQUIRE(v.known_probability > 0.7F);
  for (int i = 0; i < 2; ++i) {
    v = feed<2>(m, at(0.9F), now);
    REQUIRE(v.known == known_state::quiet);
  }
  v = feed<2>(m, at(0.9F), now);
  REQUIRE(v.known == known_state::failing);
  REQUIRE(v.state == monitor_state::alarmed);
  REQUIRE((v.why & why_known) != 0);
  REQUIRE(m.counters().alarms_known == 1);
  REQUIRE(m.accept_as_normal(v.alarm_id).error() == errc::refused);
  const auto known_id = v.alarm_id;
  for (int i = 0; i < 20; ++i) {  // a novelty on top: both hold, the known one is reported first
    v = feed<2>(m, at(0.9F, 50), now);
  }
  REQUIRE(v.novel);
  REQUIRE((v.why & why_known) != 0);
  REQUIRE((v.why & (why_forest | why_t2 | why_q | why_shift)) != 0);
  REQUIRE(v.alarm_id == known_id);
  for (int i = 0; i < 40; ++i) {
    v = feed<2>(m, at(0.80F), now);
  }
  REQUIRE(v.known == known_state::quiet);
}

TEST_CASE("when the model of known failures does not answer, novelty is judged as without one") {
  auto dead = model_from<3, 1>([](std::span<const float, 3>, std::span<float, 1>) -> status { return errc::timeout; });
  using mon = monitor<3, decltype(dead), brisk>;
  auto made = std::make_unique<result<mon>>(mon::create({}, dead));
  REQUIRE(*made);
  auto plain = make<monitor<3, no_model, brisk>>();
  noise n{8};
  std::uint64_t now = 0;
  for (int i = 0; i < 1500; ++i) {
    const auto r = n.sample<3>(i > 1200 ? 8.0F : 0.0F);
    std::uint64_t again = now;
    auto with = feed<3>(made->value(), r, again);
    const auto without = feed<3>(*plain, r, now);
    REQUIRE(with.known == known_state::unavailable);
    REQUIRE(without.known == known_state::none);
    with.known = known_state::none;
    REQUIRE(with == without);
  }
  REQUIRE(made->value().counters().known_timeout == 1500);
  REQUIRE(made->value().counters().alarms_novel >= 1);
}

TEST_CASE("what the operator accepts as normal is learnt, and the alarm ends by itself") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    auto m = make<monitor<3, no_model, brisk>>({.seed = seed});
    noise n{seed + 20};
    std::uint64_t now = 0;
    for (int i = 0; i < 1000; ++i) {
      (void)feed<3>(*m, n.sample<3>(), now);
    }
    verdict<3> v{};
    for (int i = 0; i < 300; ++i) {
      v = feed<3>(*m, n.sample<3>(7), now);
    }
    REQUIRE(v.state == monitor_state::alarmed);
    REQUIRE(m->accept_as_normal(v.alarm_id + 1).error() == errc::absent);
    REQUIRE(m->accept_as_normal(0).error() == errc::absent);
    REQUIRE(m->accept_as_normal(v.alarm_id));
    int rows = 0;
    while (v.state == monitor_state::alarmed && rows < 3000) {
      v = feed<3>(*m, n.sample<3>(7), now);
      ++rows;
    }
    CAPTURE(rows);
    REQUIRE(v.state != monitor_state::alarmed);
    const auto alarms = m->counters().alarms_novel;
    for (int i = 0; i < 1500; ++i) {
      (void)feed<3>(*m, n.sample<3>(7), now);
    }
    REQUIRE(m->counters().alarms_novel <= alarms + 1);
    REQUIRE(m->counters().accepted_as_normal == 1);
  }
}

TEST_CASE("a candidate that has learnt a quarantined fault is refused") {
  auto m = make<monitor<3, no_model, brisk>>();
  noise n{77};
  std::uint64_t now = 0;
  const auto run = [&](int rows, float shift) {
    verdict<3> v{};
    for (int i = 0; i < rows; ++i) {
      v = feed<3>(*m, n.sample<3>(shift), now);
    }
    return v;
  };
  (void)run(1000, 0);
  const auto first = run(100, 7);
  REQUIRE(first.state == monitor_state::alarmed);
  (void)run(100, 0);
  const auto second = run(100, 7);
  REQUIRE(second.state == monitor_state::alarmed);
  REQUIRE(second.alarm_id > first.alarm_id);
  REQUIRE(run(150, 0).state != monitor_state::alarmed);
  // The operator takes the second time for normal and leaves the first one in quarantine: they contradict each other.
  REQUIRE(m->accept_as_normal(second.alarm_id));
  const auto refused = m->counters().refit_refused;
  (void)run(400, 0);
  REQUIRE(m->counters().refit_refused > refused);
  REQUIRE(run(30, 7).state == monitor_state::alarmed);
}

TEST_CASE("acknowledging is remembered for that alarm and changes nothing else while it stands") {
  auto a = make<monitor<3, no_model, brisk>>();
  auto b = make<monitor<3, no_model, brisk>>();
  noise n{6};
  std::uint64_t ta = 0;
  std::uint64_t tb = 0;
  verdict<3> v{};
  for (int i = 0; i < 700; ++i) {
    const auto r = n.sample<3>(i > 600 ? 9.0F : 0.0F);
    v = feed<3>(*a, r, ta);
    auto w = feed<3>(*b, r, tb);
    REQUIRE(w.acknowledged == (i > 650));
    w.acknowledged = false;
    REQUIRE(v == w);
    if (i == 640) {
      REQUIRE(w.alarm_id != 0);
      b->acknowledge(0);
      b->acknowledge(w.alarm_id + 5);
    }
    if (i == 650) {
      b->acknowledge(w.alarm_id);
    }
  }
  REQUIRE(a->counters() == b->counters());
}

TEST_CASE("an alarm that nobody took for real quietens its like, one that was acknowledged does not, and a strong one always comes") {
  int quiet = 0;
  int acknowledged = 0;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    for (const bool real : {false, true}) {
      auto m = make<monitor<2, no_model, brisk>>({.seed = seed});
      noise n{seed + 60};
      std::uint64_t now = 0;
      const auto run = [&](int rows, float shift) {
        bool alarmed = false;
        for (int i = 0; i < rows; ++i) {
          const auto v = feed<2>(*m, n.sample<2>(shift), now);
          alarmed = alarmed || v.novel;
          if (v.novel && real) {
            m->acknowledge(v.alarm_id);
          }
        }
        return alarmed;
      };
      (void)run(1500, 0);
      REQUIRE(run(100, 2.5F));
      (void)run(400, 0);
      (real ? acknowledged : quiet) += run(100, 2.0F) ? 1 : 0;
      (void)run(400, 0);
      REQUIRE(run(20, 15));
    }
  }
  REQUIRE(acknowledged == 10);
  REQUIRE(quiet <= 2);
}

TEST_CASE("a gap clears the shingle and not the model: the rows that fill it are not scored and move no latch") {
  auto m = make<monitor<3, no_model, brisk>>({.max_gap_ms = 10'000});
  noise n{12};
  std::uint64_t now = 0;
  verdict<3> v{};
  for (int i = 0; i < 500; ++i) {
    v = feed<3>(*m, n.sample<3>(i > 400 ? 9.0F : 0.0F), now);
  }
  REQUIRE(v.state == monitor_state::alarmed);
  const auto before = m->counters();
  for (std::size_t i = 0; i + 1 < brisk::lags; ++i) {
    v = feed<3>(*m, n.sample<3>(), now, i == 0 ? 10'001 + 999 : 1000);
    REQUIRE((v.quality & quality_not_scored) != 0);
    REQUIRE(((v.quality & quality_gap) != 0) == (i == 0));
    REQUIRE(v.state == monitor_state::alarmed);
  }
  v = feed<3>(*m, n.sample<3>(), now);
  REQUIRE((v.quality & quality_not_scored) == 0);
  REQUIRE(m->counters().gaps == before.gaps + 1);
  REQUIRE(m->counters().learning == before.learning + brisk::lags - 1);
}

TEST_CASE("a warm-up torn by gaps goes on until enough rows follow each other") {
  auto m = make<monitor<2, no_model, brisk>>({.max_gap_ms = 5000});
  noise n{2};
  std::uint64_t now = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto v = feed<2>(*m, n.sample<2>(), now, i % 3 == 0 ? 60'000 : 1000);
    REQUIRE(v.state == monitor_state::learning);
  }
  REQUIRE(m->counters().refit_failed > 0);
  int more = 0;
  while (feed<2>(*m, n.sample<2>(), now).state == monitor_state::learning) {
    REQUIRE(++more < 1000);
  }
  REQUIRE(adds_up(m->counters()));
}

TEST_CASE("the kind of clock does not matter, nor that it wraps") {
  using mon = monitor<2, no_model, brisk>;
  using steady = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
  using minutes = std::chrono::time_point<std::chrono::system_clock, std::chrono::minutes>;
  const monitor_config config{.max_gap_ms = 3'000'000};
  auto a = make<mon>(config);
  auto b = make<mon>(config);
  auto c = make<mon>(config);
  auto d = make<mon>(config);
  noise n{30};
  for (std::uint32_t i = 0; i < 900; ++i) {
    const auto r = n.sample<2>(i > 700 ? 8.0F : 0.0F);
    const auto va = a->observe(r, std::uint64_t{5000} + i * std::uint64_t{20000});
    const auto vb = b->observe(r, static_cast<std::uint16_t>(60000 + i * 20000));
    const auto vc = c->observe(r, steady{std::chrono::seconds{i * 20}});
    REQUIRE(va.value() == vb.value());
    REQUIRE(va.value() == vc.value());
    REQUIRE(d->observe(r, minutes{std::chrono::minutes{i}}));
  }
  REQUIRE(a->rows_per_day() == 4320);
  REQUIRE(d->rows_per_day() == 1440);
  REQUIRE(a->counters() == c->counters());
}

TEST_CASE("a monitor that would not work is not made, and one that is refused leaves the old one running") {
  using mon = monitor<2, no_model, brisk>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refusal = [](auto change) {
    monitor_config c{};
    change(c);
    const auto m = std::make_unique<mon>();
    return mon::create(*m, c).error();
  };
  REQUIRE(refusal([](monitor_config&) {}) == errc::ok);
  REQUIRE(refusal([](monitor_config& c) { c.alarms_per_day = 0; }) == errc::invalid);
  REQUIRE(refusal([&](monitor_config& c) { c.alarms_per_day = nan; }) == errc::invalid);
  REQUIRE(refusal([](monitor_config& c) { c.rows_per_day = -1; }) == errc::invalid);
  REQUIRE(refusal([](monitor_config& c) { c.known_threshold = 1.5F; }) == errc::invalid);
  REQUIRE(refusal([](monitor_config& c) { c.max_gap_ms = -1; }) == errc::invalid);
  REQUIRE(refusal([](monitor_config& c) { c.latch.k = 6; }) == errc::invalid);
  REQUIRE(refusal([](monitor_config& c) { c.latch.n = 33; }) == errc::invalid);

  auto narrow = model_from<3, 1>([](std::span<const float, 3>, std::span<float, 1>) {});
  auto two = model_from<2, 2>([](std::span<const float, 2>, std::span<float, 2>) {});
  using with_narrow = monitor<2, decltype(narrow), brisk>;
  using with_two = monitor<2, decltype(two), brisk>;
  REQUIRE(std::make_unique<result<with_narrow>>(with_narrow::create({}, narrow))->error() == errc::width);
  REQUIRE(std::make_unique<result<with_two>>(with_two::create({}, two))->error() == errc::width);

  auto m = make<mon>();
  noise n{1};
  std::uint64_t now = 0;
  for (int i = 0; i < 300; ++i) {
    (void)feed<2>(*m, n.sample<2>(), now);
  }
  REQUIRE(mon::create(*m, {.alarms_per_day = -1}).error() == errc::invalid);
  REQUIRE(feed<2>(*m, n.sample<2>(), now).state != monitor_state::learning);
  REQUIRE(mon::create(*m, {}));
  REQUIRE(feed<2>(*m, n.sample<2>(), now).state == monitor_state::learning);
  REQUIRE(m->counters().rows == 1);
}

TEST_CASE("a monitor in static storage refuses rows until it is created") {
  static monitor<2, no_model, brisk> m;
  const row<2> r{};
  REQUIRE(m.observe(r, std::uint32_t{0}).error() == errc::insufficient);
  REQUIRE(m.counters().refused_insufficient == 1);
  REQUIRE(adds_up(m.counters()));
  REQUIRE(decltype(m)::create(m, {}));
  REQUIRE(m.observe(r, std::uint32_t{0}));
}

TEST_CASE("counters of two monitors add by name") {
  auto m = make<monitor<2, no_model, brisk>>();
  noise n{1};
  std::uint64_t now = 0;
  for (int i = 0; i < 700; ++i) {
    (void)feed<2>(*m, n.sample<2>(i > 500 ? 9.0F : 0.0F), now);
  }
  monitor_counters sum = m->counters();
  sum.merge(m->counters());
  std::vector<std::uint64_t> once;
  std::vector<std::string_view> names;
  m->counters().for_each([&](std::string_view name, std::uint64_t c) {
    names.push_back(name);
    once.push_back(c);
  });
  std::size_t i = 0;
  sum.for_each([&](std::string_view name, std::uint64_t c) {
    REQUIRE(name == names[i]);
    REQUIRE(c == 2 * once[i]);
    ++i;
  });
  REQUIRE(i * sizeof(std::uint64_t) == sizeof(monitor_counters));
  REQUIRE(adds_up(sum));
}
