// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: use stats::exp_histogram or stats::kll
#include <skerry/stats/p2.hpp>

int main() {
  skerry::stats::p2<> a{0.5};
  const skerry::stats::p2<> b{0.5};
#ifndef SKERRY_CONTROL
  a.merge(b);
#endif
  return a.count() == b.count() ? 0 : 1;
}
