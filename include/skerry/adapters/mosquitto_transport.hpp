// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/transport.hpp>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace skerry::inline v0::adapters {

struct mqtt_broker {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
};

/// Shared by all connections of a transport; must outlive it.
template <instant Time>
struct mosquitto_config {
  std::string client_id{};             ///< one per device: a broker closes the older of two connections of one name
  std::vector<mqtt_broker> brokers{};  ///< endpoint 0, 1, ...
  std::string topic = "skerry";        ///< an item of stream 3 goes to TOPIC/3
  std::string user{}, password{};
  int keep_alive_s = 15;
  std::size_t window = 16;  ///< publishes that may be unanswered, those that nobody waits for any more included
  delivery::backoff_config<Time> reconnect{};
  duration_t<Time> connect_timeout = from_ms<Time>(10'000);
};

/// What an MQTT 5 reason code, or an error of the library, says about one attempt.
struct mqtt_code {
  int reason = 0;  ///< of PUBACK
  int library = MOSQ_ERR_SUCCESS;
};

/// Reads the item id that a `mosquitto_transport` has put beside the payload; empty if there is none.
[[nodiscard]] inline std::optional<delivery::item_id> mqtt_item_id(const mosquitto_property* properties) {
  std::optional<delivery::item_id> found;
  bool skip = false;
  for (const mosquitto_property* p = properties; p != nullptr && !found;) {
    char* name = nullptr;
    char* value = nullptr;
    p = mosquitto_property_read_string_pair(p, MQTT_PROP_USER_PROPERTY, &name, &value, skip);
    skip = true;
    if (p != nullptr && name != nullptr && value != nullptr && std::string_view{name} == "id") {
      delivery::item_id id;
      const std::string_view text{value};
      const char* const end = text.data() + text.size();
      auto at = std::from_chars(text.data(), end, id.epoch);
      if (at.ec == std::errc{} && at.ptr != end && *at.ptr == '-') {
        at = std::from_chars(at.ptr + 1, end, id.stream);
        if (at.ec == std::errc{} && at.ptr != end && *at.ptr == '-') {
          at = std::from_chars(at.ptr + 1, end, id.seq);
          if (at.ec == std::errc{} && at.ptr == end) {
            found = id;
          }
        }
      }
    }
    std::free(name);
    std::free(value);
  }
  return found;
}

/// A `transport` over MQTT 5 by libmosquitto: QoS 1, and `ok` only when the broker's PUBACK has come.
///
/// Input   `turn(courier, now)` when a socket is ready or `next_deadline()` has come: reads, writes, connects, answers. One thread
/// Wire    topic TOPIC/STREAM, the payload as it is; user properties `id` = EPOCH-STREAM-NUMBER, and, for what has waited,
///         `historical` = milliseconds since 1970 when it was stamped, `items` = how many a batch hook has packed, `batch` = 1: it is
///         an `item_batch`, `squeezed`. The id is the key by which a receiver recognises a repeat
/// Probe   an UNSUBSCRIBE of a topic that nobody subscribed: a round trip without effect
/// Cost    a connection per broker; uses the heap. Connecting looks up names, which may block: give addresses
/// Errors  `create`: `invalid` without a client id or a broker. Afterwards none: what fails is an outcome
///
/// No hidden thread and no queue behind the courier's back: while a broker is away `start` refuses, and when a connection is lost the
/// client forgets what was under way (clean start), which is answered as `unknown`. Reconnection follows `reconnect`, which begins anew
/// when a broker has acknowledged something: one that accepts connections only to close them is not hammered.
template <instant Time>
class mosquitto_transport {
 public:
  using code = mqtt_code;

  [[nodiscard]] static result<mosquitto_transport> create(const mosquitto_config<Time>& config, delivery::device_seed seed,
                                                          Time now) noexcept {
    if (config.client_id.empty() || config.brokers.empty() || config.brokers.size() > 8 || config.window == 0) {
      return errc::invalid;
    }
    if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
      return errc::io;
    }
    mosquitto_transport made;
    made.config_ = &config;
    for (std::size_t i = 0; i < config.brokers.size(); ++i) {
      made.connections_.push_back(std::make_unique<connection>(config, seed.part(i), now));
    }
    return made;
  }
  static result<mosquitto_transport> create(const mosquitto_config<Time>&&, delivery::device_seed, Time) = delete;  // shared: name it
  mosquitto_transport(mosquitto_transport&&) noexcept = default;
  mosquitto_transport& operator=(mosquitto_transport&&) = delete;
  ~mosquitto_transport() {
    if (!connections_.empty()) {
      connections_.clear();
      mosquitto_lib_cleanup();
    }
  }

  [[nodiscard]] status start(delivery::endpoint_id e, delivery::send_token token, const delivery::item_view& item,
                             delivery::attempt_info info) noexcept {
    if (e.value >= connections_.size() || connections_[e.value]->state != phase::up) {
      return errc::unavailable;
    }
    connection& c = *connections_[e.value];
    if (c.under_way.size() >= config_->window) {
      return errc::full;
    }
    int id = 0;
    const int done =
        info.probe ? mosquitto_unsubscribe_v5(c.client, &id, (config_->topic + "/probe").c_str(), nullptr) : publish(c, id, item, info);
    if (done == MOSQ_ERR_SUCCESS) {
      c.under_way.push_back({id, token, true, info.probe});
      return {};
    }
    if (const delivery::outcome what = classify(code{0, done}); what == delivery::outcome::permanent) {
      c.answers.push_back({token, what});  // a verdict about the item, not about the link
      return {};
    }
    return errc::unavailable;
  }
  void abandon(delivery::send_token token) noexcept {
    for (const auto& c : connections_) {
      for (packet& p : c->under_way) {
        p.wanted = p.wanted && !(p.token == token);  // the packet counts in the window until the broker answers
      }
    }
  }
  [[nodiscard]] delivery::outcome classify(code c) const noexcept { return outcome_of(c); }

  /// Lets the connections do what is due, and tells the courier: answers by token, links that came and went.
  template <typename Courier>
  void turn(Courier& courier, Time now) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connection& c = *connections_[i];
      const bool was_up = c.state == phase::up;
      c.turn(config_->brokers[i], now);
      const delivery::endpoint_id e{static_cast<std::uint8_t>(i)};
      if (was_up != (c.state == phase::up)) {
        courier.on_link(e, was_up ? delivery::link_state::down : delivery::link_state::up, now);
      }
      const std::vector<answer> answers = std::exchange(c.answers, {});
      for (const answer& a : answers) {
        courier.on_result(a.token, delivery::reply<Time>{a.what, delivery::no_hint<Time>}, now);
      }
    }
  }

  /// When to take a turn at the latest, if no socket is ready before.
  [[nodiscard]] deadline<Time> next_deadline(Time now) const noexcept {
    deadline<Time> at{};
    for (const auto& c : connections_) {
      at = earliest<Time>(at, c->state == phase::up ? skerry::advance(now, from_ms<Time>(1000)) : c->at, now);
    }
    return at;
  }
  /// Waits for a socket, for so many milliseconds at most; true if one is ready. For loops that have nothing else to wait for.
  bool wait(int milliseconds) const {
    std::vector<pollfd> fds;
    sockets([&](int fd, bool write) { fds.push_back({fd, static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0}); });
    return ::poll(fds.data(), fds.size(), milliseconds) > 0;
  }
  /// `visit(descriptor, wants_to_write)` for each connection that has a socket: for an event loop of your own.
  template <typename Visit>
  void sockets(Visit&& visit) const {
    for (const auto& c : connections_) {
      if (const int fd = c->client != nullptr ? mosquitto_socket(c->client) : -1; fd >= 0) {
        visit(fd, mosquitto_want_write(c->client));
      }
    }
  }
  [[nodiscard]] bool up(delivery::endpoint_id e) const noexcept {
    return e.value < connections_.size() && connections_[e.value]->state == phase::up;
  }
  /// Connections made and lost since the beginning.
  [[nodiscard]] std::uint64_t connects() const noexcept {
    std::uint64_t n = 0;
    for (const auto& c : connections_) {
      n += c->connects;
    }
    return n;
  }

 private:
  [[nodiscard]] static delivery::outcome outcome_of(code c) noexcept {
    if (c.library != MOSQ_ERR_SUCCESS) {
      switch (c.library) {
        case MOSQ_ERR_INVAL:
        case MOSQ_ERR_PAYLOAD_SIZE:
        case MOSQ_ERR_OVERSIZE_PACKET:
        case MOSQ_ERR_MALFORMED_UTF8:
        case MOSQ_ERR_QOS_NOT_SUPPORTED: return delivery::outcome::permanent;
        case MOSQ_ERR_CONN_LOST:
        case MOSQ_ERR_KEEPALIVE: return delivery::outcome::unknown;
        default: return delivery::outcome::transient;
      }
    }
    switch (c.reason) {
      case MQTT_RC_SUCCESS:
      case MQTT_RC_NO_MATCHING_SUBSCRIBERS: return delivery::outcome::ok;
      case MQTT_RC_SERVER_BUSY:
      case MQTT_RC_RECEIVE_MAXIMUM_EXCEEDED:
      case MQTT_RC_MESSAGE_RATE_TOO_HIGH:
      case MQTT_RC_QUOTA_EXCEEDED: return delivery::outcome::throttled;
      case MQTT_RC_NOT_AUTHORIZED:
      case MQTT_RC_TOPIC_NAME_INVALID:
      case MQTT_RC_PACKET_TOO_LARGE:
      case MQTT_RC_PAYLOAD_FORMAT_INVALID:
      case MQTT_RC_RETAIN_NOT_SUPPORTED:
      case MQTT_RC_QOS_NOT_SUPPORTED: return delivery::outcome::permanent;
      default: return c.reason < 0x80 ? delivery::outcome::ok : delivery::outcome::transient;
    }
  }

  enum class phase : std::uint8_t { waiting, connecting, up };
  struct packet {
    int id = 0;
    delivery::send_token token{};
    bool wanted = true;
    bool probe = false;
  };
  struct answer {
    delivery::send_token token{};
    delivery::outcome what{};
  };

  /// One broker's connection. The library calls back into it, so it stays where it is.
  struct connection {
    connection(const mosquitto_config<Time>& c, delivery::device_seed seed, Time now) : config{&c}, waits{c.reconnect, seed}, at{now} {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
      if (client != nullptr) {
        (void)mosquitto_disconnect(client);
        mosquitto_destroy(client);
      }
    }

    const mosquitto_config<Time>* config;
    delivery::backoff<Time> waits;
    Time at;  // waiting: when to connect; connecting: when that has failed
    mosquitto* client = nullptr;
    phase state = phase::waiting;
    bool lost = false;
    std::vector<packet> under_way;
    std::vector<answer> answers;
    std::uint64_t connects = 0;

    void turn(const mqtt_broker& to, Time now) {
      if (state == phase::waiting) {
        if (elapsed(now, at) < duration_t<Time>{}) {
          return;
        }
        if (!connect(to)) {
          give_up(now);
          return;
        }
        state = phase::connecting;
        at = skerry::advance(now, config->connect_timeout);
      }
      lost = lost || !serve();
      const bool late = state == phase::connecting && !(elapsed(now, at) < duration_t<Time>{});
      std::size_t unwanted = 0;
      for (const packet& p : under_way) {
        unwanted += p.wanted ? 0 : 1;
      }
      if (lost || late || unwanted >= config->window) {
        give_up(now);
      }
    }

    [[nodiscard]] bool connect(const mqtt_broker& to) {
      lost = false;
      if (client == nullptr) {
        client = mosquitto_new(config->client_id.c_str(), true, this);
      } else if (mosquitto_reinitialise(client, config->client_id.c_str(), true, this) != MOSQ_ERR_SUCCESS) {
        return false;
      }
      if (client == nullptr) {
        return false;
      }
      mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
      if (!config->user.empty()) {
        mosquitto_username_pw_set(client, config->user.c_str(), config->password.c_str());
      }
      mosquitto_connect_v5_callback_set(client, [](mosquitto*, void* self, int rc, int, const mosquitto_property*) {
        auto* const c = static_cast<connection*>(self);
        c->lost = c->lost || rc != 0;
        c->state = rc == 0 ? phase::up : c->state;
        c->connects += rc == 0 ? 1 : 0;
      });
      mosquitto_disconnect_v5_callback_set(
          client, [](mosquitto*, void* self, int, const mosquitto_property*) { static_cast<connection*>(self)->lost = true; });
      mosquitto_publish_v5_callback_set(client, [](mosquitto*, void* self, int id, int reason, const mosquitto_property*) {
        static_cast<connection*>(self)->answered(id, reason);
      });
      mosquitto_unsubscribe_v5_callback_set(client, [](mosquitto*, void* self, int id, const mosquitto_property*) {
        static_cast<connection*>(self)->answered(id, MQTT_RC_SUCCESS);
      });
      const int done = mosquitto_connect_async(client, to.host.c_str(), to.port, config->keep_alive_s);
      return done == MOSQ_ERR_SUCCESS || done == MOSQ_ERR_CONN_PENDING;
    }
    /// Whatever the socket is ready for. False when the connection is over.
    [[nodiscard]] bool serve() {
      pollfd ready{mosquitto_socket(client), static_cast<short>(mosquitto_want_write(client) ? POLLIN | POLLOUT : POLLIN), 0};
      if (ready.fd < 0) {
        return false;
      }
      if (::poll(&ready, 1, 0) > 0) {
        if ((ready.revents & POLLOUT) != 0 && mosquitto_loop_write(client, 1) != MOSQ_ERR_SUCCESS) {
          return false;
        }
        if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && mosquitto_loop_read(client, 64) != MOSQ_ERR_SUCCESS) {
          return false;
        }
      }
      return mosquitto_loop_misc(client) == MOSQ_ERR_SUCCESS;
    }
    void answered(int id, int reason) {
      for (std::size_t i = 0; i < under_way.size(); ++i) {
        if (under_way[i].id == id) {
          const delivery::outcome what = outcome_of(code{reason, MOSQ_ERR_SUCCESS});
          if (under_way[i].wanted) {
            answers.push_back({under_way[i].token, what});
          }
          if (what == delivery::outcome::ok) {
            waits.reset();
          }
          under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(i));
          return;
        }
      }
    }
    /// What was under way may have arrived or not. The socket is closed: a late acknowledgement has nowhere to come from.
    void give_up(Time now) {
      for (const packet& p : under_way) {
        if (p.wanted) {
          answers.push_back({p.token, p.probe ? delivery::outcome::transient : delivery::outcome::unknown});
        }
      }
      under_way.clear();
      if (client != nullptr) {
        mosquitto_destroy(client);
        client = nullptr;
      }
      state = phase::waiting;
      lost = false;
      at = skerry::advance(now, waits.next());
    }
  };

  [[nodiscard]] int publish(connection& c, int& id, const delivery::item_view& item, const delivery::attempt_info& info) noexcept {
    char text[48];
    std::snprintf(text, sizeof text, "%lu-%u-%llu", static_cast<unsigned long>(item.id.epoch), static_cast<unsigned>(item.id.stream),
                  static_cast<unsigned long long>(item.id.seq));
    mosquitto_property* properties = nullptr;
    int done = mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "id", text);
    if (done == MOSQ_ERR_SUCCESS && item.historical) {
      std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(item.stamp.value));
      done = mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "historical", text);
    }
    if (done == MOSQ_ERR_SUCCESS && info.items > 1) {
      std::snprintf(text, sizeof text, "%u", static_cast<unsigned>(info.items));
      done = mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "items", text);
    }
    if (done == MOSQ_ERR_SUCCESS && item.batch) {
      done = mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "batch", "1");
    }
    if (done == MOSQ_ERR_SUCCESS && info.squeezed) {
      done = mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "squeezed", "1");
    }
    if (done == MOSQ_ERR_SUCCESS) {
      const std::string topic = config_->topic + "/" + std::to_string(item.id.stream);
      done = mosquitto_publish_v5(c.client, &id, topic.c_str(), static_cast<int>(item.payload.size()), item.payload.data(), 1, false,
                                  properties);
    }
    mosquitto_property_free_all(&properties);
    return done;
  }

  mosquitto_transport() = default;
  const mosquitto_config<Time>* config_ = nullptr;
  std::vector<std::unique_ptr<connection>> connections_;
};

}  // namespace skerry::inline v0::adapters
