// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/state/owned_merge.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skerry_sim {

/// One thing that happens to a device, its twin in the cloud, or the line between them.
struct twin_event {
  enum class kind : std::uint8_t {
    local_set,
    local_erase,
    cloud_set,
    cloud_erase,
    wait,
    line_down,
    line_up,
    lose_answer,   ///< the next one
    cloud_backup,  ///< the service keeps a copy
    cloud_restored,
    cloud_deleted,
    cloud_numbers_restart,  ///< deleted, and so long ago that the service has forgotten its number
    device_restart,
    device_backup,
    device_restored,
    device_deletes,
  };
  static constexpr std::size_t kinds = 16;
  kind what = kind::wait;
  std::uint32_t value = 0;
};

/// A device with `owned_merge` and a model of a cloud's twin service, in one history. The model shares no code with the library.
class twin_world {
 public:
  struct small : skerry::state::limits::small_twin {
    static constexpr std::size_t document_bytes = 400;
  };
  using twin = skerry::state::owned_merge<small>;
  static constexpr std::array<std::string_view, 5> leaves{"/desired/a", "/desired/b", "/reported/a", "/reported/b", "/shared"};

  static std::vector<twin_event> history(std::uint64_t seed, std::size_t events) {
    skerry::splitmix64 rng{seed};
    // Which kinds of trouble there are at all: a history without restores must not lose anything.
    const std::uint64_t faults = rng();
    std::vector<twin_event> all(events);
    for (twin_event& e : all) {
      std::uint64_t kind = rng() % twin_event::kinds;
      if (kind > 4 && ((faults >> kind) & 1U) == 0) {
        kind = kind % 5;
      }
      e.what = static_cast<twin_event::kind>(kind);
      e.value = static_cast<std::uint32_t>(rng());
    }
    return all;
  }

  static std::string text_of(const std::vector<twin_event>& events) {
    static constexpr std::array<const char*, twin_event::kinds> names{
        "local_set",      "local_erase",   "cloud_set",       "cloud_erase",    "wait",          "line_down",
        "line_up",        "lose_answer",   "cloud_backup",    "cloud_restored", "cloud_deleted", "cloud_numbers_restart",
        "device_restart", "device_backup", "device_restored", "device_deletes"};
    std::string text;
    for (const twin_event& e : events) {
      text += std::string{names[static_cast<std::size_t>(e.what)]} + " " + std::to_string(e.value) + "\n";
    }
    return text;
  }

  /// Empty when all held; else what did not.
  ///
  /// ignores_restart  the defect: an answer with a lower version than known is taken for an old one
  static std::string run(const std::vector<twin_event>& events, bool ignores_restart) {
    twin_world w;
    w.ignores_restart_ = ignores_restart;
    w.device_.connected(w.now_);
    for (const twin_event& e : events) {
      w.happen(e);
      w.pump();
    }
    return w.settle();
  }

 private:
  using document = std::map<std::string, long, std::less<>>;

  struct service {
    document leaves{};
    bool there = false;
    std::uint64_t version = 0;

    [[nodiscard]] std::string json() const {
      std::string text = "{";
      for (const char* const section : {"/desired", "/reported"}) {
        std::string members;
        for (const auto& [path, value] : leaves) {
          if (path.compare(0, std::string_view{section}.size(), section) == 0) {
            members += (members.empty() ? "\"" : ",\"") + path.substr(path.rfind('/') + 1) + "\":" + std::to_string(value);
          }
        }
        if (!members.empty()) {
          text += std::string{text.size() > 1 ? "," : ""} + "\"" + (section + 1) + "\":{" + members + "}";
        }
      }
      if (const auto shared = leaves.find("/shared"); shared != leaves.end()) {
        text += std::string{text.size() > 1 ? "," : ""} + "\"shared\":" + std::to_string(shared->second);
      }
      return text + "}";
    }
    /// A merge patch of two levels.
    void apply(std::string_view patch) {
      skerry::json_reader in{patch};
      std::string section;
      std::string path;
      there = true;
      for (auto t = in.next(); t != skerry::json_token::end && t != skerry::json_token::none; t = in.next()) {
        if (t == skerry::json_token::name) {
          path = section + "/" + std::string{in.raw()};
        } else if (t == skerry::json_token::begin_object) {
          section = path;
        } else if (t == skerry::json_token::end_object) {
          section.clear();
        } else {
          std::erase_if(leaves, [&path](const auto& leaf) { return leaf.first == path || leaf.first.rfind(path + "/", 0) == 0; });
          if (t == skerry::json_token::number) {
            leaves[path] = static_cast<long>(in.integer().value_or(-1));
          }
        }
      }
    }
  };

  void happen(const twin_event& e) {
    using kind = twin_event::kind;
    const std::string_view path = leaves[e.value % leaves.size()];
    const long value = static_cast<long>((e.value >> 8U) % 10);
    const bool heard = ((e.value >> 16U) & 3U) != 0;
    switch (e.what) {
      case kind::local_set:
        if (device_.set(path, value)) {
          local_last_[std::string{path}] = value;
        }
        break;
      case kind::local_erase:
        if (device_.erase(path)) {
          local_last_[std::string{path}] = absent;
        }
        break;
      case kind::cloud_set:
        cloud_.leaves[std::string{path}] = value;
        cloud_.there = true;
        ++cloud_.version;
        cloud_last_[std::string{path}] = value;
        notice(cloud_.json(), heard);
        break;
      case kind::cloud_erase:
        if (cloud_.there) {
          cloud_.leaves.erase(std::string{path});
          ++cloud_.version;
          cloud_last_[std::string{path}] = absent;
          notice(nested(path), heard);
        }
        break;
      case kind::wait: now_ += 1 + e.value % 20'000; break;
      case kind::line_down:
        up_ = false;
        device_.disconnected();
        break;
      case kind::line_up:
        up_ = true;
        device_.connected(now_);
        break;
      case kind::lose_answer: loses_ = true; break;
      case kind::cloud_backup: cloud_copy_ = cloud_; break;
      case kind::cloud_restored:
        cloud_ = cloud_copy_;
        put_back_ = true;
        break;
      case kind::cloud_deleted:
        if (cloud_.there) {
          cloud_.leaves.clear();
          cloud_.there = false;
          ++cloud_.version;
          put_back_ = true;
          if (up_ && heard) {
            (void)device_.on_deleted(cloud_.version, now_);
          }
        }
        break;
      case kind::cloud_numbers_restart:
        cloud_ = service{};
        put_back_ = true;
        break;
      case kind::device_restart: {
        const std::vector<std::byte> image = image_of();
        device_ = twin{};
        take(image);
        break;
      }
      case kind::device_backup: device_copy_ = image_of(); break;
      case kind::device_restored:
        if (!device_copy_.empty()) {
          device_ = twin{};
          take(device_copy_);
          put_back_ = true;
        }
        break;
      case kind::device_deletes:
        (void)device_.erase({});
        put_back_ = true;
        break;
    }
  }
  /// A null at a path.
  [[nodiscard]] static std::string nested(std::string_view path) {
    const std::size_t slash = path.find('/', 1);
    return slash == path.npos
               ? "{\"" + std::string{path.substr(1)} + "\":null}"
               : "{\"" + std::string{path.substr(1, slash - 1)} + "\":{\"" + std::string{path.substr(slash + 1)} + "\":null}}";
  }
  void notice(const std::string& patch, bool heard) {
    if (up_ && heard) {
      (void)device_.on_patch(patch, cloud_.version, now_);
      if (last_notice_.second != 0) {
        (void)device_.on_patch(last_notice_.first, last_notice_.second, now_);  // and an old one again
      }
      last_notice_ = {patch, cloud_.version};
    }
  }
  [[nodiscard]] std::vector<std::byte> image_of() const {
    std::vector<std::byte> image(twin::image_bytes);
    skerry::byte_writer out{image};
    device_.encode(out);
    image.resize(out.written().size());
    return image;
  }
  void take(const std::vector<std::byte>& image) {
    (void)device_.decode(image);
    if (up_) {
      device_.connected(now_);
    }
  }

  /// Answers what the device asks for at this moment.
  void pump() {
    using skerry::state::twin_request;
    std::array<char, 2048> room{};
    for (int i = 0; i < 4 && up_; ++i) {
      const auto asked = device_.poll(now_, room);
      if (!asked || asked.value().kind == twin_request::none) {
        return;
      }
      const auto& action = asked.value();
      ++requests_;
      const bool answers = !loses_;
      loses_ = false;
      if (action.kind == twin_request::get) {
        if (answers && !cloud_.there) {
          (void)device_.on_absent(action.request, now_);
        } else if (answers && ignores_restart_ && cloud_.version < device_.cloud_version()) {
          (void)device_.on_busy(action.request, 0, now_);
        } else if (answers) {
          (void)device_.on_document(action.request, cloud_.json(), cloud_.version, now_);
        }
        continue;
      }
      const bool fits = action.creates ? !cloud_.there : cloud_.there && action.expected == cloud_.version;
      if (fits) {
        ++cloud_.version;
        if (action.kind == twin_request::push) {
          cloud_.apply({room.data(), action.bytes});
        } else {
          cloud_.leaves.clear();
          cloud_.there = false;
        }
      }
      if (answers) {
        (void)(fits ? device_.on_done(action.request, cloud_.version, now_) : device_.on_conflict(action.request, now_));
      }
    }
  }

  /// Quiet time: the line holds, nobody writes.
  std::string settle() {
    up_ = true;
    loses_ = false;
    device_.connected(now_);
    const std::uint32_t begin = now_;
    for (int i = 0; i < 200; ++i) {
      pump();
      if (const auto next = device_.next_deadline(); next && static_cast<std::int32_t>(next.value() - now_) > 0) {
        now_ = next.value();
      } else {
        now_ += 1000;
      }
      if (now_ - begin > 3'600'000) {
        break;
      }
    }
    pump();
    for (const std::string_view path : leaves) {
      const auto there = cloud_.leaves.find(path);
      const std::string cloud = there == cloud_.leaves.end() ? "" : std::to_string(there->second);
      if (device_.find(path) != cloud) {
        return "divergent: " + std::string{path} + " is '" + std::string{device_.find(path)} + "' here and '" + cloud + "' in the cloud";
      }
      const auto local = local_last_.find(path);
      const auto remote = cloud_last_.find(path);
      if (!put_back_ && (local == local_last_.end()) != (remote == cloud_last_.end())) {  // one writer only
        const long last = local != local_last_.end() ? local->second : remote->second;
        if (cloud != (last == absent ? "" : std::to_string(last))) {
          return "lost: " + std::string{path} + " is '" + cloud + "', and its only writer wrote " + std::to_string(last);
        }
      }
    }
    if (!device_.in_sync()) {
      return "divergent: not in sync";
    }
    const std::uint64_t asked = requests_;
    for (int i = 0; i < 100; ++i) {  // an hour in which nothing happens costs nothing
      now_ += 36'000;
      pump();
    }
    return requests_ == asked ? "" : "storm: requests without a reason";
  }

  static constexpr long absent = -1;
  twin device_{};
  service cloud_{};
  service cloud_copy_{};
  std::vector<std::byte> device_copy_{};
  document local_last_{};
  document cloud_last_{};
  std::pair<std::string, std::uint64_t> last_notice_{};
  std::uint32_t now_ = 1000;
  std::uint64_t requests_ = 0;
  bool up_ = true;
  bool loses_ = false;
  bool put_back_ = false;
  bool ignores_restart_ = false;
};

}  // namespace skerry_sim
