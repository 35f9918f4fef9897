// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/mosquitto_transport.hpp>
#include <skerry/testing/broker.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

// A real broker on a free port of this machine, to be killed, and a client that listens to it.
namespace story {

class broker {
 public:
  static constexpr const char* program = "/usr/sbin/mosquitto";

  broker() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = local(0);
    socklen_t size = sizeof at;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) == 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0) {
      port_ = ntohs(at.sin_port);
    }
    ::close(fd);
    config_ = std::filesystem::temp_directory_path() / ("skerry-example-" + std::to_string(::getpid()) + "-" + std::to_string(port_));
    std::ofstream{config_} << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence false\n";
  }
  ~broker() {
    kill();
    std::filesystem::remove(config_);
  }
  broker(const broker&) = delete;
  broker& operator=(const broker&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool start() {
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int nothing = ::open("/dev/null", O_RDWR);
      ::dup2(nothing, 1);
      ::dup2(nothing, 2);
      ::execl(program, "mosquitto", "-c", config_.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    for (int i = 0; i < 1000; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
      const sockaddr_in at = local(port_);
      const bool answers = ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
      ::close(fd);
      if (answers) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
  }
  void kill() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      int how = 0;
      ::waitpid(child_, &how, 0);
      child_ = -1;
    }
  }

 private:
  static sockaddr_in local(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
  }
  std::uint16_t port_ = 0;
  std::filesystem::path config_;
  pid_t child_ = -1;
};

/// What the receivers of all brokers share: an item counts once, by its id, whichever broker brought it.
using receiver = skerry::testing::broker<4, 64>;

/// Listens to one broker.
class listener {
 public:
  listener(std::uint16_t port, receiver& to) : port_{port}, to_{&to} { mosquitto_lib_init(); }
  ~listener() {
    mosquitto_destroy(client_);
    mosquitto_lib_cleanup();
  }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  /// Subscribes anew: a broker without persistence forgets who listened when it dies.
  [[nodiscard]] bool subscribe() {
    serve();
    mosquitto_destroy(client_);
    subscribed_ = false;
    client_ = mosquitto_new("listener", true, this);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_subscribe_callback_set(
        client_, [](mosquitto*, void* self, int, int, const int*) { static_cast<listener*>(self)->subscribed_ = true; });
    mosquitto_message_v5_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* m, const mosquitto_property* p) {
      if (const auto id = skerry::adapters::mqtt_item_id(p)) {
        skerry::delivery::item_view item;
        item.id = *id;
        item.payload = {static_cast<const std::byte*>(m->payload), static_cast<std::size_t>(m->payloadlen)};
        (void)static_cast<listener*>(self)->to_->receive(item);
      }
    });
    bool good = mosquitto_connect(client_, "127.0.0.1", port_, 60) == MOSQ_ERR_SUCCESS &&
                mosquitto_subscribe(client_, nullptr, "plant/#", 1) == MOSQ_ERR_SUCCESS;
    for (int i = 0; i < 500 && good && !subscribed_; ++i) {
      good = mosquitto_loop(client_, 10, 1) == MOSQ_ERR_SUCCESS;
    }
    return good && subscribed_;
  }
  void serve() {
    for (int i = 0; client_ != nullptr && i < 100 && mosquitto_loop(client_, 0, 1) == MOSQ_ERR_SUCCESS; ++i) {
    }
  }

 private:
  std::uint16_t port_;
  receiver* to_;
  mosquitto* client_ = nullptr;
  bool subscribed_ = false;
};

}  // namespace story
