// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"
#include "sim/side_world.hpp"

#include <skerry/state/image.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

/// A device without a disk and a gateway with one, that talk through a link: the gateway stores now and then, and loses its power.
///
/// When the device has nothing left to wait for, all that it did has been acknowledged. That must be there after every crash of the
/// gateway, whatever becomes of the device.
class disk_world {
  struct level {
    static constexpr state::path at{"level/{line}"};
    using policy = state::lww<std::int64_t>;
  };
  struct notes {
    static constexpr state::path at{"notes"};
    using policy = state::keep_both<std::int64_t>;
  };
  struct limits : state::limits::firmware {
    static constexpr std::size_t actors = 48;
    static constexpr std::size_t keys = 8;
    static constexpr std::size_t records = 96;
    static constexpr std::size_t ranges = 64;
    static constexpr std::size_t log_bytes = 4096;
    static constexpr std::size_t quarantine = 0;
  };
  using node = state::replica<state::schema<level, notes>, limits>;
  using bytes = std::vector<std::byte>;

  enum action : std::uint8_t { operate, talk, store, crash, swap };

 public:
  static constexpr const char* name = "disks";

  [[nodiscard]] static side_script make(std::uint64_t seed) {
    skerry::splitmix64 rng{seed ^ 0x6469736b};
    side_script s;
    s.seed = seed;
    for (std::size_t i = 0; i < 40; ++i) {
      constexpr std::array<action, 12> all{operate, operate, operate, operate, talk, talk, talk, talk, store, store, crash, swap};
      s.events.push_back({all[rng() % all.size()], static_cast<std::uint32_t>(rng() % 65'536), static_cast<std::uint32_t>(rng() % 65'536)});
    }
    return s;
  }
  [[nodiscard]] static const char* action_name(std::uint8_t what) {
    constexpr std::array<const char*, 5> names{"operate", "talk", "store", "crash", "swap_device"};
    return names[what];
  }

  [[nodiscard]] std::string run(const side_script& script) {
    begin(script);
    for (const side_event& e : script.events) {
      if (!why_.empty()) {
        return why_;
      }
      now_ += 5000;
      switch (e.what) {
        case operate: do_operation(e); break;
        case talk: exchange(1 + e.a % 24); break;
        case store: save(); break;
        case crash: restart(); break;
        default: swap_device(); break;
      }
    }
    save();
    exchange(400);
    save();
    exchange(400);
    restart();
    return why_;
  }
  [[nodiscard]] std::string met() const {
    return "operations=" + std::to_string(operations_) + " frames=" + std::to_string(frames_) +
           " acknowledged=" + std::to_string(acknowledged_) + " crashes=" + std::to_string(crashes_) +
           " lost_unacknowledged=" + std::to_string(lost_) + " devices_swapped=" + std::to_string(swapped_);
  }

 private:
  struct done {
    state::actor who{};
    std::uint64_t n = 0;
    bool safe = false;
  };

  void fail(const std::string& why) { why_ = why_.empty() ? why : why_; }
  [[nodiscard]] wall_ms wall() const noexcept { return wall_ms{1'790'000'000'000 + now_}; }
  [[nodiscard]] std::uint32_t instant() const noexcept { return static_cast<std::uint32_t>(now_); }

  void begin(const side_script& script) {
    why_.clear();
    now_ = 0;
    boots_ = 0;
    rng_ = skerry::splitmix64{script.seed};
    done_.clear();
    image_.clear();
    log_.clear();
    device_ = std::make_unique<node>();
    create(*device_, 1, state::epoch_rule::every_open);
    start();
  }
  void create(node& r, std::uint64_t id, state::epoch_rule rule) {
    if (!node::create(r, id, state::role::device, rule, {}, rng_, instant())) {
      fail("a replica could not be created");
    }
    r.vouch(wall());
  }
  void start() {
    gateway_ = std::make_unique<node>();
    create(*gateway_, 2, state::epoch_rule::durable);
    state::image_reader reader{image_, log_, ++boots_};
    if (const auto s = gateway_->open(reader, rng_, instant()); !s) {
      fail("an image could not be opened: " + std::string{skerry::to_string(s.error())});
      return;
    }
    log_.resize(reader.report().log_bytes);
    gateway_->vouch(wall());
    meet();
  }
  /// A new contact.
  void meet() {
    device_->disconnect(state::link_id{});
    gateway_->disconnect(state::link_id{});
    const auto there = device_->connect(gateway_->self().id, {}, instant());
    const auto here = gateway_->connect(device_->self().id, {}, instant());
    if (!there || !here) {
      fail("no link");
    }
    greeted_ = false;
  }

  void do_operation(const side_event& e) {
    const auto value = static_cast<std::int64_t>(e.b);
    const auto delta =
        e.a % 4 != 0 ? device_->write<level>(value, wall(), static_cast<int>(e.a / 4 % 3)) : device_->write<notes>(value, wall());
    if (delta) {
      ++operations_;
      done_.push_back({device_->self(), device_->store().next(device_->self()) - 1, false});
    } else {
      fail("an operation was refused: " + std::string{skerry::to_string(delta.error())});
    }
  }
  bool pass(node& from, node& to) {
    bytes frame(600);
    const auto size = from.poll(state::link_id{}, instant(), frame);
    if (!size) {
      fail("a link has no room to speak: " + std::string{skerry::to_string(size.error())});
      return false;
    }
    if (size.value() == 0) {
      return false;
    }
    ++frames_;
    const auto got = to.receive(state::link_id{}, std::span{frame}.first(size.value()), instant());
    if (!got && got.error() != errc::stale && got.error() != errc::gap) {
      fail("a good frame was refused: " + std::string{skerry::to_string(got.error())});
    }
    greeted_ = greeted_ || (got && &to == device_.get());
    if (on(defect::ack_before_persist) && &to == gateway_.get()) {
      gateway_->persisted(gateway_->to_persist().upto);  // it is as good as stored
    }
    return true;
  }
  void exchange(std::uint32_t most) {
    for (std::uint32_t i = 0; i < most && why_.empty(); ++i) {
      now_ += 100;
      const bool spoke = pass(*device_, *gateway_);
      const bool answered = pass(*gateway_, *device_);
      if (!spoke && !answered && greeted_ && !device_->next_deadline()) {
        for (done& d : done_) {
          acknowledged_ += !d.safe && d.who == device_->self() ? 1 : 0;
          d.safe = d.safe || d.who == device_->self();
        }
        return;
      }
    }
  }
  void save() {
    const state::persist_request asked = gateway_->to_persist();
    if (on(defect::ack_before_persist) || asked.snapshot || image_.empty()) {  // what was called durable is in no log any more
      state::snapshot_cursor at;
      bytes image;
      while (!at.done()) {
        bytes part(4096);
        const auto n = gateway_->snapshot(at, part);
        if (!n) {
          fail("an image could not be written");
          return;
        }
        image.insert(image.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n.value()));
      }
      image_ = std::move(image);
      log_.clear();
      gateway_->persisted(at);
      return;
    }
    log_.insert(log_.end(), asked.bytes.begin(), asked.bytes.end());
    gateway_->persisted(asked.upto);
  }
  void restart() {
    ++crashes_;
    start();
    for (const done& d : done_) {
      const bool there = gateway_->store().contains(d.who, d.n);
      lost_ += there || d.safe ? 0 : 1;
      if (!there && d.safe) {
        fail("what was acknowledged is gone after a crash");
      }
    }
  }
  /// The device is replaced by an empty one with the same name.
  void swap_device() {
    ++swapped_;
    device_ = std::make_unique<node>();
    create(*device_, 1, state::epoch_rule::every_open);
    meet();
  }

  std::string why_{};
  skerry::splitmix64 rng_{0};
  std::unique_ptr<node> device_{};
  std::unique_ptr<node> gateway_{};
  bytes image_{};
  bytes log_{};
  std::vector<done> done_{};
  std::uint64_t now_ = 0;
  std::uint64_t boots_ = 0;
  bool greeted_ = false;
  std::uint64_t operations_ = 0, frames_ = 0, acknowledged_ = 0, crashes_ = 0, lost_ = 0, swapped_ = 0;
};

}  // namespace skerry_sim
