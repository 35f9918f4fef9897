// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: observe
#include <skerry/anomaly/monitor.hpp>

#include <array>

int main() {
  static skerry::anomaly::monitor<3> watch;
#ifdef SKERRY_CONTROL
  const std::array<float, 3> row{};
#else
  const std::array<float, 2> row{};
#endif
  return watch.observe(row, std::uint32_t{0}) ? 1 : 0;
}
