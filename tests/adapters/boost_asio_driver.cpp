// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "adapters/asio_driver.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace {
using namespace asio_test;

TEST_CASE("a courier on an executor of Boost.Asio replays its backlog by timers and answers of other threads") {
  drains_a_backlog<boost::asio::io_context, boost::asio::steady_timer>();
}

TEST_CASE("a driver of Boost.Asio that is gone leaves its pending handlers without effect") {
  leaves_nothing<boost::asio::io_context, boost::asio::steady_timer>();
}
}  // namespace
