// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: deleted function
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>

using namespace skerry::delivery;
using node = courier<std::uint32_t, memory_store<4096>, courier_limits{outbox_limits{1, 4, 32}, 1, 1}>;

memory_store<4096> store;
const courier_config<std::uint32_t> config{.box = {.quota_bytes = 1, .quota_items = 1}};

int main() {
#ifdef SKERRY_CONTROL
  const auto opened = node::open(store, config, device_seed::for_test(1), {});
#else
  const auto opened = node::open(store, {.box = {.quota_bytes = 1, .quota_items = 1}}, device_seed::for_test(1), {});
#endif
  return opened ? 0 : 1;
}
