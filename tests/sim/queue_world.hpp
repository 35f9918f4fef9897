// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"
#include "sim/side_world.hpp"
#include "state/op_store.hpp"

#include <skerry/core/random.hpp>
#include <skerry/state/op_queue.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

namespace state = skerry::state;
using skerry::errc;

/// A queue of operations over a storage that loses power, a server that may be set back, and somebody who knows what was reported.
///
/// What was reported as durable has one effect, in the order of the names, unless the queue says otherwise: overwritten or dropped
/// before it was sent, or lost with a server that was set back and reported as a gap.
class queue_world {
  struct limits {
    static constexpr std::size_t operations = 16;  // twice the capacity: what was acknowledged comes back if a crash takes the news
    static constexpr std::size_t payload_bytes = 16;
  };
  using store_type = skerry_test::crash_store;
  using queue_type = state::op_queue<store_type, limits>;
  using mark = state::op_mark;
  using bytes = std::vector<std::byte>;
  static constexpr std::uint64_t origin = 7;

  enum action : std::uint8_t {
    enqueue,        ///< a: key, importance; b: value, 0 deletes
    persist,        ///< and what is durable is reported
    send,           ///< the next batch is under way; a: how many bytes fit
    resend,         ///< nobody has answered
    server_takes,   ///< a: which of the batches under way; b: odd: it stays under way as well
    client_hears,   ///< a: which of the answers under way; b: odd: it stays under way as well
    lose,           ///< a: a batch or an answer
    crash,          ///< a: how much of what was not synced is left
    server_copies,  ///< a backup
    server_back,    ///< and it is put back
    client_copies,
    client_back,
  };

 public:
  static constexpr const char* name = "queue";

  [[nodiscard]] static side_script make(std::uint64_t seed) {
    skerry::splitmix64 rng{seed ^ 0x7175657565};
    side_script s;
    s.seed = seed;
    const bool crashes = rng() % 2 == 0;
    const bool restores = rng() % 3 == 0;
    constexpr std::array<action, 24> usual{enqueue,      enqueue,      enqueue,      enqueue,      enqueue, enqueue,
                                           persist,      persist,      persist,      send,         send,    send,
                                           server_takes, server_takes, server_takes, client_hears, resend,  resend,
                                           client_hears, client_hears, lose,         persist,      send,    server_takes};
    constexpr std::array<action, 4> rare{server_copies, server_back, client_copies, client_back};
    for (std::size_t i = 0; i < 120; ++i) {
      action what = usual[rng() % usual.size()];
      if (crashes && rng() % 24 == 0) {
        what = crash;
      } else if (restores && rng() % 12 == 0) {
        what = rare[rng() % rare.size()];
      }
      s.events.push_back({what, static_cast<std::uint32_t>(rng() % 256), static_cast<std::uint32_t>(rng() % 256)});
    }
    return s;
  }
  [[nodiscard]] static const char* action_name(std::uint8_t what) {
    constexpr std::array<const char*, 12> names{"enqueue", "persist", "send",          "resend",      "server_takes",  "client_hears",
                                                "lose",    "crash",   "server_copies", "server_back", "client_copies", "client_back"};
    return names[what];
  }

  /// Empty when nothing is wrong.
  [[nodiscard]] std::string run(const side_script& script) {
    policy_ = static_cast<state::when_full>(script.seed % 3);
    durable_rule_ = script.seed / 3 % 2 == 0;
    rng_ = skerry::splitmix64{script.seed};
    begin();
    for (const side_event& e : script.events) {
      if (!why_.empty()) {
        return why_;
      }
      act(e);
    }
    if (why_.empty()) {
      finish();
    }
    return why_;
  }
  [[nodiscard]] std::string met() const {
    const counts& m = met_;
    return "effects=" + std::to_string(m.effects) + " repeats=" + std::to_string(m.repeats) + " gaps=" + std::to_string(m.gaps) +
           " lost_and_said_so=" + std::to_string(m.lost_to_gaps) + " overwritten=" + std::to_string(m.coalesced) +
           " dropped=" + std::to_string(m.dropped) + " crashes=" + std::to_string(m.crashes) + " epochs=" + std::to_string(m.epochs) +
           " mismatched=" + std::to_string(m.mismatched);
  }

 private:
  /// How often the hard cases came about: a search that never met them has found nothing.
  struct counts {
    std::uint64_t histories = 0, effects = 0, repeats = 0, gaps = 0, lost_to_gaps = 0, coalesced = 0, dropped = 0, crashes = 0, epochs = 0,
                  mismatched = 0;
  };
  struct told {
    bytes key{};
    bytes value{};
    bool durable = false;
    bool sent = false;
    bool excused = false;  ///< the queue has said that it will have no effect, or its storage was set back
    bool gone = false;     ///< the queue has said that it was overwritten or dropped: it must have none
  };
  /// A server: what it has applied, and the effects, in one transaction.
  struct server {
    state::op_ledger<2> ledger{};
    std::vector<std::pair<mark, bytes>> effects{};
  };
  struct answer {
    bool gap = false;
    mark upto{};
  };
  struct image {
    store_type store{};
    std::map<mark, told> told_of{};
  };

  void fail(const char* why) {
    if (why_.empty()) {
      why_ = why;
    }
  }

  void begin() {
    why_.clear();
    ++met_.histories;
    store_ = store_type{64};
    server_ = {};
    server_copy_.reset();
    client_copy_.reset();
    told_.clear();
    batches_.clear();
    answers_.clear();
    last_batch_ = {};
    put_back_ = mismatched_ = false;
    open(false);
  }
  /// restored   its storage was put back, and that is not durable yet: the application says so again
  void open(bool restored) {
    restoring_ = restored;
    queue_.emplace();
    const auto rule = durable_rule_ ? state::epoch_rule::durable : state::epoch_rule::every_open;
    if (!queue_->open(store_, {origin, policy_, 8, 0}, rule, rng_)) {
      fail("the log could not be read");
    }
    if (restored) {
      queue_->restored();
    }
    const std::map<mark, bytes> there = listed();
    for (auto it = told_.begin(); it != told_.end();) {
      const bool kept = there.count(it->first) != 0;
      it->second.sent = it->second.sent || kept;
      it->second.durable = it->second.durable || kept;
      if (kept) {
        // What was to take its place went with the power or with the storage; the server may have applied later ones since.
        it->second.gone = false;
      }
      if (!kept && !it->second.durable && !it->second.sent) {
        it = told_.erase(it);  // never reported, never sent: as if it had not been, and its name is free
      } else {
        ++it;
      }
    }
  }
  [[nodiscard]] std::map<mark, bytes> listed() {
    std::map<mark, bytes> all;
    if (!queue_->for_each([&all](const state::operation& op) { all[op.id] = {op.key.begin(), op.key.end()}; })) {
      fail("a waiting operation could not be read");
    }
    return all;
  }

  void act(const side_event& e) {
    switch (e.what) {
      case enqueue: enqueue_one(e); break;
      case persist: make_durable(); break;
      case send: send_batch(40 + e.a); break;
      case resend: queue_->resend(); break;
      case server_takes:
        if (!batches_.empty()) {
          const std::size_t i = e.a % batches_.size();
          const bytes batch = batches_[i];
          if (e.b % 2 == 0) {
            batches_.erase(batches_.begin() + static_cast<std::ptrdiff_t>(i));
          }
          take(batch);
        }
        break;
      case client_hears:
        if (!answers_.empty()) {
          const std::size_t i = e.a % answers_.size();
          const answer a = answers_[i];
          if (e.b % 2 == 0) {
            answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(i));
          }
          hear(a);
        }
        break;
      case lose:
        if (!batches_.empty() && e.b % 2 == 0) {
          batches_.erase(batches_.begin() + static_cast<std::ptrdiff_t>(e.a % batches_.size()));
        } else if (!answers_.empty() && e.b % 2 != 0) {
          answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(e.a % answers_.size()));
        }
        break;
      case crash:
        ++met_.crashes;
        queue_.reset();
        store_.crash(e.a % 4);
        open(restoring_);
        break;
      case server_copies: server_copy_ = server_; break;
      case server_back:
        if (server_copy_) {
          server_ = *server_copy_;
        }
        break;
      case client_copies:
        make_durable();
        client_copy_.emplace(image{store_, told_});
        break;
      case client_back:
        if (client_copy_ && !put_back_) {  // twice begins two lives under one generation: the server then says `mismatch`, or stale
          put_back_ = true;
          queue_.reset();
          store_ = client_copy_->store;
          for (auto& [id, t] : told_) {
            t.excused = t.excused || client_copy_->told_of.count(id) == 0;  // if nobody has it, it is gone with the storage
          }
          open(true);
        }
        break;
    }
  }

  void enqueue_one(const side_event& e) {
    const std::array<std::byte, 1> key{static_cast<std::byte>('a' + e.a % 3)};
    bytes value;
    if (e.b % 4 != 0) {
      value = {static_cast<std::byte>(e.b), static_cast<std::byte>(++counter_), static_cast<std::byte>(counter_ >> 8)};
    }
    const std::map<mark, bytes> before = listed();
    const state::op_queue_counters counted = queue_->counters();
    const skerry::result<mark> id = put(key, value, static_cast<std::uint8_t>(e.a / 3 % 4));
    if (!id) {
      const auto& now = queue_->counters();
      if (id.error() != errc::full || now.dropped != counted.dropped + 1 || listed() != before) {
        fail("a refused operation changed something, or was not counted");
      }
      ++met_.dropped;
      return;
    }
    met_.epochs += id.value().seq == 1 ? 1 : 0;
    if (!told_.emplace(id.value(), told{{key.begin(), key.end()}, value}).second) {
      fail("two operations have one name");
    }
    account(before, counted);
  }
  /// What has left the queue to make room was counted, was never sent, and where it was overwritten it was the same key's.
  void account(const std::map<mark, bytes>& before, const state::op_queue_counters& counted) {
    const std::map<mark, bytes> after = listed();
    std::uint64_t left = 0;
    for (const auto& [id, key] : before) {
      if (after.count(id) != 0) {
        continue;
      }
      ++left;
      const auto it = told_.find(id);
      if (it != told_.end()) {
        it->second.gone = it->second.excused = true;
        if (it->second.sent) {
          fail("an operation that was sent has left the queue before it was acknowledged");
        }
      }
    }
    const auto& now = queue_->counters();
    met_.coalesced += now.coalesced - counted.coalesced;
    met_.dropped += now.dropped - counted.dropped;
    if (left != now.coalesced - counted.coalesced + (now.dropped - counted.dropped)) {
      fail("what left the queue was not counted");
    }
  }
  void make_durable() {
    if (!queue_->persist()) {
      fail("the log could not be synced");
    }
    restoring_ = false;
    for (auto& [id, t] : told_) {
      t.durable = t.durable || queue_->durable(id);
    }
  }
  void send_batch(std::size_t room) {
    bytes batch(room);
    const auto size = queue_->next({}, batch);
    if (!size) {
      if (size.error() != errc::empty && size.error() != errc::width && size.error() != errc::gap) {
        fail("a batch was refused");
      }
      return;
    }
    batch.resize(size.value());
    if (!state::read_operations(batch, [this](const state::operation& op) {
          const auto it = told_.find(op.id);
          if (it == told_.end() || !it->second.durable) {
            fail("an operation was sent that was not durable");
          } else {
            it->second.sent = true;
          }
        })) {
      fail("a batch cannot be read");
    }
    batches_.push_back(batch);
  }

  void take(const bytes& batch) {
    if (on(defect::batch_level_idempotence)) {
      if (batch == last_batch_) {
        answers_.push_back({false, server_.ledger.upto(origin)});
        return;  // the same batch again
      }
      last_batch_ = batch;
    }
    bool gap = false;
    mark needs{};
    const bool read = static_cast<bool>(state::read_operations(batch, [&](const state::operation& op) {
      errc verdict = server_.ledger.judge(op).error();
      if (on(defect::batch_level_idempotence) && verdict == errc::stale) {
        server_.effects.emplace_back(op.id, bytes{op.bytes.begin(), op.bytes.end()});
        return;
      }
      if (on(defect::server_rollback_ignored) && verdict == errc::gap) {
        state::operation alone = op;  // what was there before it is somebody else's business
        alone.after = {};
        (void)server_.ledger.applied(alone);
        server_.effects.emplace_back(op.id, bytes{op.bytes.begin(), op.bytes.end()});
        return;
      }
      if (verdict == errc::ok) {
        (void)server_.ledger.applied(op);
        server_.effects.emplace_back(op.id, bytes{op.bytes.begin(), op.bytes.end()});
      } else if (verdict == errc::gap && !gap) {
        gap = true;
        needs = op.after;
      } else if (verdict == errc::stale) {
        ++met_.repeats;
      } else if (verdict != errc::gap) {
        if (verdict != errc::mismatch || !put_back_) {
          fail("the server took an operation for that of another queue");
        }
        mismatched_ = true;  // the image was older than the first epoch: two lives have one generation, and the server has said so
      }
    }));
    if (!read) {
      fail("a batch cannot be read");
    }
    answers_.push_back({gap, gap ? needs : server_.ledger.upto(origin)});
  }
  void hear(const answer& a) {
    if (a.gap) {
      const auto s = queue_->on_gap(a.upto);
      if (s.error() == errc::gap) {
        ++met_.gaps;
        // Reported: of what is not here any more nobody knows what the server has left, and the application knows that.
        const std::map<mark, bytes> here = listed();
        for (auto& [id, t] : told_) {
          if (t.sent && here.count(id) == 0) {
            met_.lost_to_gaps += t.excused || applied(id) ? 0 : 1;
            t.excused = true;
          }
        }
        queue_->skip_gap();
      }
      return;
    }
    const auto oldest = queue_->oldest();
    const auto heard = queue_->on_ack(a.upto);
    // Refused: the server knows more than this queue, and what waits here may be behind that.
    const bool behind = heard.error() == errc::out_of_range && oldest && oldest.value() < a.upto;
    mismatched_ = heard.error() == errc::mismatch || behind || mismatched_;
    if (mismatched_ && !put_back_) {
      fail("the queue took an answer for that of another one");
    }
  }
  [[nodiscard]] bool applied(const mark& id) const {
    return std::any_of(server_.effects.begin(), server_.effects.end(), [&id](const auto& e) { return e.first == id; });
  }

  /// Quiet time: one more operation, so that a server that was set back has something to miss, and everything is sent until it is empty.
  void finish() {
    queue_->resend();
    make_durable();
    batches_.clear();
    answers_.clear();
    for (int last = 0; last < 2; ++last) {
      for (int round = 0; round < 64 && queue_->size() > 0 && why_.empty(); ++round) {
        queue_->resend();
        send_batch(4096);
        while (!batches_.empty() && why_.empty()) {
          take(batches_.back());
          batches_.pop_back();
        }
        while (!answers_.empty()) {
          hear(answers_.back());
          answers_.pop_back();
        }
        make_durable();
      }
      if (last == 0) {
        enqueue_one({enqueue, 0, 1});
        make_durable();
      }
    }
    if (!why_.empty()) {
      return;
    }
    if (mismatched_) {
      ++met_.mismatched;
      return;
    }
    if (queue_->size() > 0) {
      fail("operations wait for ever");
    }
    std::map<mark, std::size_t> effects;
    for (std::size_t i = 0; i < server_.effects.size(); ++i) {
      const auto& [id, value] = server_.effects[i];
      ++met_.effects;
      if (++effects[id] > 1) {
        fail("an operation had two effects");
      }
      if (i > 0 && !(server_.effects[i - 1].first < id)) {
        fail("operations were applied in another order");
      }
      const auto it = told_.find(id);
      if (it == told_.end() || it->second.value != value) {
        fail("an operation had another effect than it should");
      } else if (it->second.gone) {
        fail("an operation had an effect that was said to be overwritten or dropped");
      }
    }
    for (const auto& [id, t] : told_) {
      if (t.durable && !t.excused && effects.count(id) == 0) {
        fail("an operation that was reported durable has no effect");
      }
    }
  }

  // ---- what a careless queue does

  /// With the defect, a write of a key that is under way is overwritten where it lies, under its old name.
  [[nodiscard]] skerry::result<mark> put(std::span<const std::byte> key, const bytes& value, std::uint8_t importance) {
    if (on(defect::coalesce_in_flight) && policy_ == state::when_full::coalesce_by_key_then_drop_oldest) {
      std::optional<mark> under_way;
      for (const auto& [id, of] : listed()) {
        if (std::equal(of.begin(), of.end(), key.begin(), key.end()) && told_[id].sent) {
          under_way = id;
        }
      }
      if (under_way) {
        return *under_way;
      }
    }
    return queue_->enqueue(key, value, importance);
  }

  state::when_full policy_ = state::when_full::drop_newest;
  bool durable_rule_ = false;
  std::string why_{};
  skerry::splitmix64 rng_{0};
  store_type store_{64};
  std::optional<queue_type> queue_{};
  server server_{};
  std::optional<server> server_copy_{};
  std::optional<image> client_copy_{};
  std::map<mark, told> told_{};
  std::vector<bytes> batches_{};
  std::vector<answer> answers_{};
  bytes last_batch_{};
  bool restoring_ = false;
  bool put_back_ = false;
  bool mismatched_ = false;
  std::uint32_t counter_ = 0;
  counts met_{};
};

}  // namespace skerry_sim
