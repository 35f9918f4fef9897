// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "region.hpp"
#include "text.hpp"

#include <skerry/delivery/courier.hpp>
#ifdef GATEWAY_HAS_MOSQUITTO
#include <skerry/adapters/mosquitto_transport.hpp>
#endif

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The way over real brokers (--link mqtt://...): the sender's connections, and the region's, which listens at all of them.
namespace gateway {

namespace delivery = skerry::delivery;

struct broker_address {
  std::string host;
  std::uint16_t port = 1883;
};

struct link_settings {
  std::vector<broker_address> brokers{};  ///< empty: loopback
  std::string node = "gateway";           ///< name at the broker, and in its topics
  bool region_here = true;                ///< the region listens in this process
  double speed = 0;                       ///< stream seconds per second; 0: as fast as it goes
};

/// Milliseconds; over a broker everything runs by the clock on the wall.
inline std::uint64_t steady_ms() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

#ifdef GATEWAY_HAS_MOSQUITTO

/// The region at one broker. Its session stays when it is away: what the broker acknowledged waits there.
class region_listener {
 public:
  region_listener(const broker_address& at, const std::string& node, region& to) : at_{at}, node_{node}, to_{&to} {
    mosquitto_lib_init();
    connect();
  }
  ~region_listener() {
    close();
    mosquitto_lib_cleanup();
  }
  region_listener(const region_listener&) = delete;
  region_listener& operator=(const region_listener&) = delete;

  /// Takes in what has come; connects again where that is needed. Waits for so many milliseconds at most.
  void serve(int wait_ms = 0) {
    if (client_ == nullptr) {
      if (steady_ms() < again_at_) {
        std::this_thread::sleep_for(std::chrono::milliseconds{wait_ms});
        return;
      }
      connect();
    }
    for (int i = 0; client_ != nullptr && i < 64; ++i) {
      const std::uint64_t before = heard_;
      if (mosquitto_loop(client_, i == 0 ? wait_ms : 0, 1) != MOSQ_ERR_SUCCESS) {
        close();
        again_at_ = steady_ms() + 20;
      } else if (heard_ == before) {
        break;
      }
    }
  }
  [[nodiscard]] bool ready() const { return subscribed_; }

 private:
  void connect() {
    client_ = mosquitto_new((node_ + "-region").c_str(), false, this);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_connect_v5_callback_set(client_, [](mosquitto* c, void* self, int rc, int, const mosquitto_property*) {
      if (rc == 0) {
        mosquitto_subscribe(c, nullptr, ("skerry/" + static_cast<region_listener*>(self)->node_ + "/#").c_str(), 1);
      }
    });
    mosquitto_subscribe_callback_set(
        client_, [](mosquitto*, void* self, int, int, const int*) { static_cast<region_listener*>(self)->subscribed_ = true; });
    mosquitto_message_v5_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* m, const mosquitto_property* p) {
      auto& here = *static_cast<region_listener*>(self);
      ++here.heard_;
      if (const auto id = skerry::adapters::mqtt_item_id(p)) {
        here.to_->receive(*id, is_historical(p), {static_cast<const std::byte*>(m->payload), static_cast<std::size_t>(m->payloadlen)},
                          steady_ms());
      }
    });
    mosquitto_property* keep = nullptr;
    mosquitto_property_add_int32(&keep, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 7 * 86400);
    const int done = mosquitto_connect_bind_v5(client_, at_.host.c_str(), at_.port, 15, nullptr, keep);
    mosquitto_property_free_all(&keep);
    if (done != MOSQ_ERR_SUCCESS) {
      close();
      again_at_ = steady_ms() + 20;
    }
  }
  void close() {
    if (client_ != nullptr) {
      mosquitto_destroy(client_);
    }
    client_ = nullptr;
    subscribed_ = false;
  }
  static bool is_historical(const mosquitto_property* p) {
    bool skip = false, found = false;
    while (p != nullptr && !found) {
      char *name = nullptr, *value = nullptr;
      p = mosquitto_property_read_string_pair(p, MQTT_PROP_USER_PROPERTY, &name, &value, skip);
      skip = true;
      found = p != nullptr && name != nullptr && std::string_view{name} == "historical";
      std::free(name);
      std::free(value);
    }
    return found;
  }

  broker_address at_;
  std::string node_;
  region* to_;
  mosquitto* client_ = nullptr;
  std::uint64_t again_at_ = 0, heard_ = 0;
  bool subscribed_ = false;
};

/// A transport through brokers that the schedule of outages can cut off.
class broker_link {
  using transport = skerry::adapters::mosquitto_transport<std::uint64_t>;

 public:
  using code = transport::code;

  broker_link(const link_settings& settings, region& peer, delivery::device_seed seed) {
    for (const broker_address& b : settings.brokers) {
      config_.brokers.push_back({b.host, b.port});
      if (settings.region_here) {
        listeners_.push_back(std::make_unique<region_listener>(b, settings.node, peer));
      }
    }
    config_.client_id = settings.node;
    config_.topic = "skerry/" + settings.node;
    config_.reconnect.base = 100;  // the broker is near, and there is one gateway
    config_.reconnect.cap = 2000;
    auto made = transport::create(config_, seed, steady_ms());
    if (!made) {
      throw misuse{fmt::format("--link: {}", skerry::to_string(made.error()))};
    }
    sender_.emplace(std::move(made).value());
  }
  broker_link(const broker_link&) = delete;
  broker_link& operator=(const broker_link&) = delete;

  skerry::status start(delivery::endpoint_id e, delivery::send_token token, const delivery::item_view& item,
                       delivery::attempt_info info) noexcept {
    const skerry::status started = cut_ ? skerry::status{skerry::errc::unavailable} : sender_->start(e, token, item, info);
    if (started && !info.probe) {
      // PUBLISH of MQTT 5: head, topic, packet id, user properties; its PUBACK; TCP/IP segments of 1448 bytes, 40 bytes each way.
      const std::uint64_t id = fmt::formatted_size("{}-{}-{}", item.id.epoch, item.id.stream, item.id.seq);
      const std::uint64_t mqtt =
          3 + 2 + config_.topic.size() + 2 + 2 + 1 + 7 + id + (item.historical ? 5 + 10 + 13 : 0) + item.payload.size();
      wire_bytes_ += mqtt + 40 * ((mqtt + 1447) / 1448) + 4 + 40;
    }
    return started;
  }
  void abandon(delivery::send_token token) noexcept { sender_->abandon(token); }
  [[nodiscard]] delivery::outcome classify(code c) const noexcept { return sender_->classify(c); }

  template <typename Courier>
  void turn(Courier& courier, std::uint64_t now) {
    sender_->turn(courier, now);
    for (const auto& l : listeners_) {
      l->serve();
    }
  }
  void wait(int milliseconds) const { (void)sender_->wait(milliseconds); }
  void cut(bool off) { cut_ = off; }
  [[nodiscard]] bool up() const {
    bool any = false;
    for (std::size_t e = 0; e < config_.brokers.size(); ++e) {
      any = any || sender_->up(delivery::endpoint_id{static_cast<std::uint8_t>(e)});
    }
    return any && !cut_;
  }
  [[nodiscard]] std::uint64_t connects() const { return sender_->connects(); }
  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  skerry::adapters::mosquitto_config<std::uint64_t> config_;
  std::optional<transport> sender_;
  std::vector<std::unique_ptr<region_listener>> listeners_;
  std::uint64_t wire_bytes_ = 0;
  bool cut_ = false;
};

/// Is the region and nothing else, until `over()`.
template <typename Over>
void listen(const link_settings& settings, region& peer, Over&& over) {
  std::vector<std::unique_ptr<region_listener>> listeners;
  for (const broker_address& b : settings.brokers) {
    listeners.push_back(std::make_unique<region_listener>(b, settings.node, peer));
  }
  bool told = false;
  while (!over()) {
    bool ready = true;
    for (const auto& l : listeners) {
      l->serve(20);
      ready = ready && l->ready();
    }
    if (ready && !told) {
      fmt::print("listening\n");
      std::fflush(stdout);
      told = true;
    }
  }
}

#else

/// Where there is no libmosquitto: refuses to be made.
class broker_link {
 public:
  using code = int;
  broker_link(const link_settings&, region&, delivery::device_seed) {
    throw misuse{"--link mqtt://...: built without libmosquitto (Debian: libmosquitto-dev)"};
  }
  skerry::status start(delivery::endpoint_id, delivery::send_token, const delivery::item_view&, delivery::attempt_info) noexcept {
    return skerry::errc::unsupported;
  }
  void abandon(delivery::send_token) noexcept {}
  [[nodiscard]] delivery::outcome classify(code) const noexcept { return delivery::outcome::transient; }
  template <typename Courier>
  void turn(Courier&, std::uint64_t) {}
  void wait(int) const {}
  void cut(bool) {}
  [[nodiscard]] bool up() const { return false; }
  [[nodiscard]] std::uint64_t connects() const { return 0; }
  [[nodiscard]] std::uint64_t wire_bytes() const { return 0; }
};
template <typename Over>
void listen(const link_settings&, region&, Over&&) {
  throw misuse{"--link mqtt://...: built without libmosquitto (Debian: libmosquitto-dev)"};
}

#endif

}  // namespace gateway
