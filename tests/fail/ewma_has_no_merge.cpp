// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: merge stats::moments over windows of time
#include <skerry/stats/ewma.hpp>

int main() {
  skerry::stats::ewma<> a{10.0};
  const skerry::stats::ewma<> b{10.0};
#ifndef SKERRY_CONTROL
  a.merge(b);
#endif
  return a == b ? 0 : 1;
}
