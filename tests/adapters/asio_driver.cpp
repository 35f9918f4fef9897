// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "adapters/asio_driver.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace {
using namespace asio_test;

TEST_CASE("a courier on an executor of Asio replays its backlog by timers and answers of other threads") {
  drains_a_backlog<asio::io_context, asio::steady_timer>();
}

TEST_CASE("a driver of Asio that is gone leaves its pending handlers without effect") {
  leaves_nothing<asio::io_context, asio::steady_timer>();
}
}  // namespace
