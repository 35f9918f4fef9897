// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace mesh {

/// Datagrams of UDP on this machine, one socket for each gateway.
class sockets {
 public:
  sockets() = default;
  sockets(const sockets&) = delete;
  sockets& operator=(const sockets&) = delete;
#if defined(__unix__)
  ~sockets() {
    for (const int s : open_) {
      close(s);
    }
  }
  [[nodiscard]] bool open(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const int s = socket(AF_INET, SOCK_DGRAM, 0);
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof at;
      if (s < 0 || bind(s, reinterpret_cast<sockaddr*>(&at), size) != 0 || getsockname(s, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
        return false;
      }
      open_.push_back(s);
      at_.push_back(at);
    }
    return true;
  }
  /// There and back: what really arrives.
  [[nodiscard]] std::vector<std::byte> pass(std::size_t from, std::size_t to, std::span<const std::byte> frame) {
    std::vector<std::byte> arrived(frame.size() + 1);
    if (sendto(open_[from], frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&at_[to]), sizeof at_[to]) < 0) {
      return {};
    }
    pollfd wait{open_[to], POLLIN, 0};
    if (poll(&wait, 1, 200) != 1) {
      return {};
    }
    const auto size = recv(open_[to], arrived.data(), arrived.size(), 0);
    arrived.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return arrived;
  }

 private:
  std::vector<int> open_{};
  std::vector<sockaddr_in> at_{};
#else
  [[nodiscard]] bool open(std::size_t) { return false; }
  [[nodiscard]] std::vector<std::byte> pass(std::size_t, std::size_t, std::span<const std::byte>) { return {}; }
#endif
};

/// Frames on their way: some are lost, some overtake others.
class network {
 public:
  struct frame {
    std::size_t edge = 0, from = 0, to = 0;
    std::uint64_t due = 0;
    std::vector<std::byte> bytes{};
  };

  network(std::uint64_t seed, double loss, std::uint64_t longest_delay) : rng_{seed}, loss_{loss}, longest_{longest_delay} {}

  [[nodiscard]] bool over_udp(std::size_t gateways) {
    udp_ = udp_line_.open(gateways);
    return udp_;
  }
  void send(std::size_t edge, std::size_t from, std::size_t to, std::span<const std::byte> bytes, std::uint64_t now) {
    ++sent_;
    if (skerry::uniform01(rng_) < loss_) {
      ++lost_;
      return;
    }
    const std::uint64_t delay = tick + tick * skerry::uniform_below(rng_, static_cast<std::uint32_t>(longest_ / tick));
    frame f{edge, from, to, now + delay, {bytes.begin(), bytes.end()}};
    const auto after =
        std::upper_bound(under_way_.begin(), under_way_.end(), f.due, [](std::uint64_t due, const frame& g) { return due < g.due; });
    under_way_.insert(after, std::move(f));
  }
  /// Calls `f(frame)` for all that is due.
  template <typename F>
  void deliver(std::uint64_t now, F&& f) {
    while (!under_way_.empty() && under_way_.front().due <= now) {
      frame first = std::move(under_way_.front());
      under_way_.erase(under_way_.begin());
      if (udp_) {
        first.bytes = udp_line_.pass(first.from, first.to, first.bytes);
      }
      f(first);
    }
  }
  /// A link is cut: what is on it is gone.
  void cut(std::size_t edge) {
    std::erase_if(under_way_, [edge](const frame& f) { return f.edge == edge; });
  }
  [[nodiscard]] bool quiet() const { return under_way_.empty(); }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  static constexpr std::uint64_t tick = 20;  ///< milliseconds

 private:
  skerry::pcg32 rng_;
  double loss_;
  std::uint64_t longest_;
  std::vector<frame> under_way_{};
  std::uint64_t sent_ = 0, lost_ = 0;
  bool udp_ = false;
  sockets udp_line_{};
};

}  // namespace mesh
