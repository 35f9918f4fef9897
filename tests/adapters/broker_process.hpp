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

/// A real broker of its own on a free port of this machine: started, stopped, killed.
class broker_process {
 public:
  [[nodiscard]] static const char* program() {
    for (const char* at : {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"}) {
      if (std::filesystem::exists(at)) {
        return at;
      }
    }
    return nullptr;
  }

  broker_process() : port_{free_port()} {
    config_ = std::filesystem::temp_directory_path() / ("skerry-broker-" + std::to_string(::getpid()) + "-" + std::to_string(port_));
    std::ofstream{config_} << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\n"
                           << "max_queued_messages 0\n";
  }
  ~broker_process() {
    kill();
    std::filesystem::remove(config_);
  }
  broker_process(const broker_process&) = delete;
  broker_process& operator=(const broker_process&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// True when it answers on its port.
  [[nodiscard]] bool start() {
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int nothing = ::open("/dev/null", O_RDWR);
      ::dup2(nothing, 1);
      ::dup2(nothing, 2);
      ::execl(program(), "mosquitto", "-c", config_.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    for (int i = 0; i < 1000; ++i) {
      if (answers()) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
  }
  void stop() { end(SIGTERM); }
  void kill() { end(SIGKILL); }

 private:
  static sockaddr_in local(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
  }
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = local(0);
    socklen_t size = sizeof at;
    std::uint16_t port = 0;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) == 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0) {
      port = ntohs(at.sin_port);
    }
    ::close(fd);
    return port;
  }
  [[nodiscard]] bool answers() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in at = local(port_);
    const bool good = ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    ::close(fd);
    return good;
  }
  void end(int signal) {
    if (child_ > 0) {
      ::kill(child_, signal);
      int how = 0;
      ::waitpid(child_, &how, 0);
      child_ = -1;
    }
  }

  std::uint16_t port_;
  std::filesystem::path config_;
  pid_t child_ = -1;
};

/// The other end: subscribes, and hands what comes to a virtual receiver, which counts effects, repeats and disorder.
class mqtt_receiver {
 public:
  explicit mqtt_receiver(std::uint16_t port) : port_{port} { mosquitto_lib_init(); }
  ~mqtt_receiver() {
    drop();
    mosquitto_lib_cleanup();
  }
  mqtt_receiver(const mqtt_receiver&) = delete;
  mqtt_receiver& operator=(const mqtt_receiver&) = delete;

  skerry::testing::broker<8, 64> region;
  std::uint64_t without_id = 0;
  std::uint64_t historical = 0;

  /// Connects and waits until the broker has confirmed the subscription.
  [[nodiscard]] bool subscribe(const char* topic) {
    drop();
    subscribed_ = false;
    client_ = mosquitto_new("receiver", true, this);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_subscribe_callback_set(
        client_, [](mosquitto*, void* self, int, int, const int*) { static_cast<mqtt_receiver*>(self)->subscribed_ = true; });
    mosquitto_message_v5_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* m, const mosquitto_property* p) {
      static_cast<mqtt_receiver*>(self)->take(*m, p);
    });
    if (mosquitto_connect(client_, "127.0.0.1", port_, 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_subscribe(client_, nullptr, topic, 1) != MOSQ_ERR_SUCCESS) {
      return false;
    }
    for (int i = 0; i < 500 && !subscribed_; ++i) {
      if (mosquitto_loop(client_, 10, 1) != MOSQ_ERR_SUCCESS) {
        return false;
      }
    }
    return subscribed_;
  }
  /// Takes what is there.
  void serve() {
    while (client_ != nullptr && mosquitto_loop(client_, 0, 1) == MOSQ_ERR_SUCCESS && more_) {
      more_ = false;
    }
    more_ = false;
  }
  /// After the broker is gone: what still lies in the socket.
  void drain() {
    for (int i = 0; client_ != nullptr && i < 100'000 && mosquitto_loop(client_, 0, 1) == MOSQ_ERR_SUCCESS; ++i) {
    }
  }

 private:
  void take(const mosquitto_message& m, const mosquitto_property* p) {
    more_ = true;
    const auto id = skerry::adapters::mqtt_item_id(p);
    if (!id) {
      ++without_id;
      return;
    }
    skerry::delivery::item_view item;
    item.id = *id;
    char* name = nullptr;
    char* value = nullptr;
    bool skip = false;
    for (; (p = mosquitto_property_read_string_pair(p, MQTT_PROP_USER_PROPERTY, &name, &value, skip)) != nullptr; skip = true) {
      item.historical = item.historical || std::string_view{name} == "historical";
      std::free(name);
      std::free(value);
    }
    historical += item.historical ? 1 : 0;
    item.payload = {static_cast<const std::byte*>(m.payload), static_cast<std::size_t>(m.payloadlen)};
    (void)region.receive(item);
  }
  void drop() {
    if (client_ != nullptr) {
      mosquitto_destroy(client_);
      client_ = nullptr;
    }
  }

  std::uint16_t port_;
  mosquitto* client_ = nullptr;
  bool subscribed_ = false;
  bool more_ = false;
};
