// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/core/random.hpp>

#include <fmt/core.h>
#include <array>

using namespace skerry::anomaly;
using reading = std::array<float, 3>;
static constexpr const char* columns[] = {"current", "temperature", "vibration"};
static isolation_forest<3, 50, 128, std::uint8_t> forest;  // static: the linker knows every byte, nothing is allocated later
static basic_calibration<float, 1440> reference;
static std::array<reading, 500> normal;

// A pump, one row a minute: A, degrees C, mm/s. A worn bearing shakes and warms. Yours reads its sensors here.
static reading sense(skerry::pcg32& random, float wear) {
  const auto noise = [&random](float sd) { return sd * static_cast<float>(skerry::normal(random)); };
  const float load = noise(1);
  return {8 + load + noise(0.2F), 45 + 3 * load + noise(1) + 10 * wear, 1.5F + noise(0.3F) + 2 * wear};
}

int main() {
  skerry::pcg32 random{42};
  for (reading& r : normal) r = sense(random, 0);
  if (!forest.fit({normal[0].data(), 500, 3, 3}, {.seed = 7, .trees = 50, .sample = 128, .explain = true})) return 1;
  while (reference.size() < reference.capacity)  // a day that the forest has not learnt: rows it has learnt look too normal
    if (!reference.observe(forest.score(sense(random, 0)).value())) return 1;
  const threshold level = reference.for_alarms(20, 1440).value();     // 20 of a day's rows may be high; then
  const float calm = reference.for_contamination(0.1).value().value;  // three of five are by chance once in six weeks
  alarm_latch latch = alarm_latch::create({.k = 3, .n = 5, .enter = level.enter(), .leave = calm, .m = 5}).value();
  fmt::print("pump: {} bytes of forest, {} of scores; a score above {:.3f} is high\n", sizeof forest, sizeof reference, level.value);
  int hits = 0;
  for (int minute = 0; minute < 3 * 1440; ++minute) {
    const bool worn = minute >= 2880 && minute < 3600;  // a bearing, from the third day on, for twelve hours
    const reading now = sense(random, worn ? 1.0F : 0.0F);
    if (latch.observe(forest.score(now).value()) != alarm_edge::raised) continue;
    const column_share most = forest.explain(now).value().top<1>()[0];
    fmt::print("minute {}, alarm {}: {} is too {}\n", minute, latch.alarms(), columns[most.column], most.high ? "high" : "low");
    hits += worn && most.column > 0 ? 1 : 0;
  }
  fmt::print("{} alarm in three days, {} for the worn bearing; it {} now\n", latch.alarms(), hits, latch.alarmed() ? "stands" : "is over");
  return latch.alarms() == 1 && hits == 1 && !latch.alarmed() ? 0 : 1;
}
