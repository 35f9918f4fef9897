// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: classify
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>

using namespace skerry::delivery;

struct link_of_mine {
  using code = int;
  skerry::status start(endpoint_id, send_token, const item_view&, attempt_info) noexcept { return {}; }
  void abandon(send_token) noexcept {}
#ifdef SKERRY_CONTROL
  outcome classify(code) noexcept { return outcome::ok; }
#endif
};

using node = courier<std::uint32_t, memory_store<4096>, courier_limits{outbox_limits{1, 4, 32}, 1, 1}>;

bool turn(node& it, link_of_mine& link) { return static_cast<bool>(drive_tick(it, link, std::uint32_t{0})); }

int main() { return 0; }
