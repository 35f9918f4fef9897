// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: device_seed
#include <skerry/delivery/backoff.hpp>

using namespace skerry::delivery;

const backoff_config<std::uint32_t> config{};

int main() {
#ifdef SKERRY_CONTROL
  backoff<std::uint32_t> waits{config, device_seed::for_test(1)};
#else
  backoff<std::uint32_t> waits{config, 1};
#endif
  return waits.next() > 0 ? 0 : 1;
}
