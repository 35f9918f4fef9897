// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: abandon
#include <skerry/delivery/drive_coro.hpp>
#include <skerry/delivery/memory_store.hpp>

using namespace skerry::delivery;

struct link_of_mine {
  using code = int;
  skerry::status start(endpoint_id, send_token, const item_view&, attempt_info) noexcept { return {}; }
#ifdef SKERRY_CONTROL
  void abandon(send_token) noexcept {}
#endif
  outcome classify(code) noexcept { return outcome::ok; }
};

using tick = std::uint32_t;
using node = courier<tick, memory_store<4096>, courier_limits{outbox_limits{1, 4, 32}, 1, 1}>;

void serve(node& it, link_of_mine& link) {
  coro_driver<node, link_of_mine> driver{it, link, tick{0}};
  (void)driver.drive(tick{0});
}

int main() { return 0; }
