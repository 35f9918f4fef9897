// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: a monitor has at least one column
#include <skerry/anomaly/monitor.hpp>

#ifdef SKERRY_CONTROL
constexpr std::size_t columns = 1;
#else
constexpr std::size_t columns = 0;
#endif

int main() { return skerry::anomaly::monitor<columns>::bytes > 0 ? 0 : 1; }
