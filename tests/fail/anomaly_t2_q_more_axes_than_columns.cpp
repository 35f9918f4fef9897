// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: at most as many as columns
#include <skerry/anomaly/t2_q.hpp>

int main() {
#ifdef SKERRY_CONTROL
  const skerry::anomaly::t2_q<3, 3> model;
#else
  const skerry::anomaly::t2_q<3, 4> model;
#endif
  return model.fitted() ? 1 : 0;
}
