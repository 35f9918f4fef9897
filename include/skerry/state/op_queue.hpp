// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/generator.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/core/record_store.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/detail/op_record.hpp>
#include <skerry/state/op_ledger.hpp>
#include <skerry/state/op_queue_config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::state {

/// Operations that wait for a server, each to be applied once and in order, whatever crashes in between.
///
/// enqueue, `persist`, and only now report it as durable; `next` hands out batches until acknowledgements come, which are cumulative.
/// Names are fixed at `enqueue`: every retry and every batch carries the same ones, so the server (`op_ledger`) knows repeats one by
/// one. An operation without bytes is a deletion of its key: it overwrites writes, but a write does not overwrite it.
/// Store    holds up to 3 · capacity + 3 records when `persist` comes at least every `capacity` operations; what was overwritten is
///          reclaimed by copying the oldest behind the newest
/// Cost     64 bytes per operation beside the store; `enqueue` and `on_ack` O(operations), amortised two records appended; no heap
/// Errors   `full`; `gap` while the server needs what is gone; what the store answers
template <record_store Store, typename Limits>
class op_queue {
 public:
  static constexpr std::size_t most = Limits::operations;
  static constexpr std::size_t payload_bytes = Limits::payload_bytes;  ///< of key and bytes together
  static constexpr std::size_t record_bytes = payload_bytes + detail::op_record_overhead;

  op_queue() noexcept = default;
  op_queue(const op_queue&) = delete;  // two queues over one store would use one name twice
  op_queue& operator=(const op_queue&) = delete;
  ~op_queue() = default;

  /// Reads the log. What it holds may have been sent before the crash, so none of it is dropped or overwritten any more.
  ///
  /// rule     `durable` goes on under the old epoch if the log is whole; else a new one is taken before the next operation
  /// Errors   `full` when the log holds more operations than fit here
  template <random_source Rng>
  [[nodiscard]] status open(Store& store, const op_queue_config& config, epoch_rule rule, Rng& rng) {
    store_ = &store;
    config_ = config;
    config_.capacity = config.capacity < most ? config.capacity : most;
    slots_.clear();
    counters_ = {};
    lease_ = {};
    elsewhere_ = {};
    seed_ = next_u64(rng);
    sent_ = 0;
    gap_ = false;
    next_log_ = 1;
    trims_ = false;
    const result<recovery_report> report = store.open();
    if (!report) {
      return report.error();
    }
    counters_.damaged = report.value().damaged_records;
    if (const status s = read_log(report.value()); !s) {
      return s;
    }
    for (slot& s : slots_) {
      s.sent = s.durable = true;
    }
    doubts_ = false;
    known_ = rule == epoch_rule::durable && !report.value().fresh && counters_.damaged == 0 && lease_.next.seq != 0;
    return {};
  }
  /// The application has put an older image of the store back: the next operation begins a new epoch. Also after a crash, once
  /// `persist` has answered.
  void restored() noexcept {
    if (lease_.next.epoch.generation < 0xffff0000) {
      lease_.next.epoch.generation |= 0xffff;  // above the epochs that were taken since the image, unless they were that many
    }
    doubt();
  }

  /// Takes an operation in. It is durable, and may be sent, after `persist`.
  ///
  /// importance   0 (most) to 3: who is dropped first
  /// expires      0 for never; an operation that was not sent by then is not sent
  /// Errors       `full`, counted, nothing is changed; `width` for more bytes than `payload_bytes`; `invalid` importance
  [[nodiscard]] result<op_mark> enqueue(std::span<const std::byte> key, std::span<const std::byte> bytes, std::uint8_t importance = 1,
                                        wall_ms expires = {}) {
    if (key.size() > payload_bytes || bytes.size() > payload_bytes - key.size()) {
      return errc::width;
    }
    if (importance > 3) {
      return errc::invalid;
    }
    const std::uint64_t key_hash = hash64(key, 0);
    std::size_t victim = config_.policy == when_full::coalesce_by_key_then_drop_oldest ? overwritten(key, key_hash, bytes.empty()) : none;
    const bool coalesces = victim != none;
    if (!coalesces && slots_.size() >= config_.capacity) {
      victim = config_.policy == when_full::drop_newest ? none : least(importance);
      if (victim == none) {
        ++counters_.dropped;
        return errc::full;
      }
    }
    const op_mark next = known_ ? lease_.next : first_of_new_epoch();
    slot fresh{next, next_log_, {}, key_hash, expires, importance, bytes.empty(), false, false, key.size() + bytes.size()};
    const result<position> at = append(fresh, victim == none ? 0 : slots_[victim].log, key, bytes);
    if (!at) {
      counters_.dropped += at.error() == errc::full ? 1 : 0;
      return at.error();
    }
    fresh.at = at.value();
    if (victim != none) {
      ++(coalesces ? counters_.coalesced : counters_.dropped);
      forget(victim);
    }
    known_ = true;
    lease_.next = {next.epoch, next.seq + 1};
    ++next_log_;
    ++counters_.enqueued;
    (void)slots_.try_push_back(fresh);
    compact();
    return next;
  }

  /// Makes everything durable that was enqueued or acknowledged so far. Only now may an operation be reported as safe.
  [[nodiscard]] status persist() {
    if (doubts_ && !known_) {
      lease_.next = first_of_new_epoch();
      known_ = true;
    }
    trims_ = trims_ || doubts_ || first_log() - 1 > lease_.trimmed + config_.capacity;
    bool leased = false;
    if (trims_) {
      const status s = write_lease(first_log() - 1);
      leased = static_cast<bool>(s);
      doubts_ = doubts_ && !leased;
      if (!leased && s.error() != errc::full) {
        return s;
      }
    }
    if (const status s = store_->sync(); !s) {
      return s;
    }
    for (slot& each : slots_) {
      each.durable = true;
    }
    return trims_ ? reclaim(leased) : status{};
  }

  /// Writes the next operations that are durable and were not handed out since the last `resend`, as many as fit into `out`.
  ///
  /// Those of a later epoch wait until the earlier ones' are acknowledged, or an acknowledgement of another life was reported: one of
  /// them acknowledges all before it, and a server that has heard of such a life need not have taken what waits under an older name.
  /// Returns the size of the batch, for `read_operations`; `empty` when there is nothing to send, `width` when not even one fits,
  /// `gap` until `skip_gap`
  [[nodiscard]] result<std::size_t> next(wall_ms now, std::span<std::byte> out) {
    if (gap_) {
      return errc::gap;
    }
    drop_expired(now);
    if (!may_go(sent_)) {
      return errc::empty;
    }
    std::size_t size = 0;
    for (; may_go(sent_); ++sent_) {
      std::array<std::byte, record_bytes> room{};
      const result<detail::op_record> there = read(slots_[sent_].at, room);
      if (!there) {
        return size > 0 ? result<std::size_t>{size} : result<std::size_t>{there.error()};
      }
      byte_writer w{out.subspan(size)};
      const op_mark after = sent_ == 0 ? lease_.floor : slots_[sent_ - 1].id;
      write_operation(w, {config_.origin, slots_[sent_].id, begins_epoch(sent_) ? op_mark{} : after, slots_[sent_].importance,
                          slots_[sent_].expires, there.value().key, there.value().bytes});
      if (w.error() != errc::ok) {
        break;
      }
      size += w.written().size();
      slots_[sent_].sent = true;
    }
    return size > 0 ? result<std::size_t>{size} : result<std::size_t>{errc::width};
  }
  /// No answer came: `next` begins again with the oldest.
  void resend() noexcept { sent_ = 0; }

  /// The server has applied everything up to this operation: it is forgotten, durably after the next `persist`. A late or repeated
  /// acknowledgement changes nothing.
  ///
  /// Errors  `out_of_range`: something that was never sent is acknowledged. Nothing waits less for it; when it was never even queued,
  ///         the past is in doubt, and the next operation begins a new epoch. `mismatch`: an operation of another life, which this
  ///         queue's storage was put back behind: what waits under older names has been, or will be, taken for repeats, and only the
  ///         application can know which
  [[nodiscard]] status on_ack(const op_mark& upto) {
    const op_epoch last = lease_.next.epoch;
    if (!(upto < lease_.next) || (upto.epoch.generation == last.generation && upto.epoch != last)) {
      lease_.next.epoch.generation = upto.epoch.generation;
      doubt();  // the server knows operations of this queue that the queue does not: its store was put back
      return another_life(upto, errc::out_of_range);
    }
    std::size_t count = 0;
    while (count < slots_.size() && !(upto < slots_[count].id)) {
      if (!slots_[count].sent) {
        ++counters_.future_acks;
        return errc::out_of_range;
      }
      ++count;
    }
    if (count > 0 ? upto.epoch != slots_[count - 1].id.epoch && upto.epoch != last
                  : !slots_.empty() && upto.epoch.generation == slots_[0].id.epoch.generation && upto.epoch != slots_[0].id.epoch) {
      return another_life(upto, errc::mismatch);
    }
    if (count == 0) {
      return {};
    }
    lease_.floor = slots_[count - 1].id;
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(count));
    sent_ = sent_ > count ? sent_ - count : 0;
    counters_.acked += count;
    trims_ = true;
    return {};
  }
  /// The server has not applied an operation that others came after. If it is still here everything is sent again from the oldest;
  /// else `gap`, and nothing is sent until `skip_gap`.
  [[nodiscard]] status on_gap(const op_mark& needs) {
    for (const slot& s : slots_) {
      if (s.id == needs) {
        sent_ = 0;
        return {};
      }
    }
    if (!slots_.empty() && needs < slots_.front().id) {
      gap_ = true;
      ++counters_.gaps;
      return errc::gap;
    }
    return {};  // of an operation that was acknowledged or dropped since
  }
  /// The decision to go on without what the server lost.
  void skip_gap() noexcept {
    gap_ = false;
    lease_.floor = {};
    sent_ = 0;
  }

  /// The oldest operation that waits; `empty`.
  [[nodiscard]] result<op_mark> oldest() const noexcept {
    return slots_.empty() ? result<op_mark>{errc::empty} : result<op_mark>{slots_.front().id};
  }
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  /// Keys and bytes that wait.
  [[nodiscard]] std::uint64_t backlog_bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const slot& s : slots_) {
      sum += s.bytes;
    }
    return sum;
  }
  /// Whether an operation waits and a crash cannot take it.
  [[nodiscard]] bool durable(const op_mark& id) const noexcept {
    for (const slot& s : slots_) {
      if (s.id == id) {
        return s.durable;
      }
    }
    return false;
  }
  /// Calls `f(operation)` for each that waits, oldest first; its key and bytes last as long as the call.
  template <typename F>
  [[nodiscard]] status for_each(F&& f) const {
    for (const slot& s : slots_) {
      std::array<std::byte, record_bytes> room{};
      const result<detail::op_record> there = read(s.at, room);
      if (!there) {
        return there.error();
      }
      f(operation{config_.origin, s.id, {}, s.importance, s.expires, there.value().key, there.value().bytes});
    }
    return {};
  }
  [[nodiscard]] bool has_gap() const noexcept { return gap_; }
  [[nodiscard]] const op_queue_counters& counters() const noexcept { return counters_; }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  struct slot {
    op_mark id{};
    std::uint64_t log = 0;  ///< number of its record in the store
    position at{};
    std::uint64_t key_hash = 0;
    wall_ms expires{};
    std::uint8_t importance = 1;
    bool deletes = false;
    bool sent = false;
    bool durable = false;
    std::size_t bytes = 0;
  };
  [[nodiscard]] result<position> append(const slot& s, std::uint64_t replaces, std::span<const std::byte> key,
                                        std::span<const std::byte> bytes) {
    std::array<std::byte, record_bytes> room{};
    byte_writer out{room};
    const detail::op_record record{s.id, s.log, replaces, s.expires, s.importance, key, bytes};
    record.encode(out);
    return out.error() == errc::ok ? store_->append(record.header(config_.stream), out.written()) : result<position>{out.error()};
  }
  [[nodiscard]] result<detail::op_record> read(position at, std::span<std::byte> room) const {
    const result<skerry::record_view> r = store_->read(at, room);
    return r ? detail::op_record::decode(r.value()) : result<detail::op_record>{r.error()};
  }

  [[nodiscard]] status read_log(const recovery_report& report) {
    for (position at = report.first; at < report.end;) {
      std::array<std::byte, record_bytes> room{};
      const result<skerry::record_view> r = store_->read(at, room);
      if (!r) {
        ++counters_.damaged;  // and where the next one begins is not known
        break;
      }
      const position here = std::exchange(at, r.value().next);
      if (r.value().header.stream != config_.stream) {
        continue;
      }
      if (r.value().header.kind == record_kind::seq_lease) {
        read_lease(r.value());
      } else if (r.value().header.kind == record_kind::data) {
        if (const status s = take(r.value(), here); !s) {
          return s;
        }
      }
    }
    next_log_ = next_log_ > lease_.trimmed ? next_log_ : lease_.trimmed + 1;
    while (!slots_.empty() && !(lease_.floor < slots_.front().id)) {  // acknowledged, and their records not reclaimed yet
      slots_.erase(slots_.begin());
      trims_ = true;
    }
    lease_.floor = lease_.floor < lease_.next ? lease_.floor : op_mark{};  // of no lease that a queue wrote
    return {};
  }
  void read_lease(const skerry::record_view& r) {
    const result<detail::op_lease> there = detail::op_lease::decode(r.payload);
    if (!there) {
      ++counters_.damaged;
      return;
    }
    const op_mark next = lease_.next;
    lease_ = there.value();
    lease_.next = lease_.next < next ? next : lease_.next;
    for (std::size_t i = slots_.size(); i > 0; --i) {  // a crash, or an older one beside them, kept them from being reclaimed
      if (slots_[i - 1].log <= lease_.trimmed || !(lease_.floor < slots_[i - 1].id)) {
        slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(i - 1));
        trims_ = true;
      }
    }
  }
  [[nodiscard]] status take(const skerry::record_view& r, position here) {
    const result<detail::op_record> there = detail::op_record::decode(r);
    if (!there) {
      ++counters_.damaged;
      return {};
    }
    const detail::op_record& s = there.value();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].log == s.replaces) {
        slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
    }
    for (const slot& there_already : slots_) {
      if (there_already.id == s.id) {
        ++counters_.damaged;  // one name twice
        return {};
      }
    }
    next_log_ = s.log >= next_log_ ? s.log + 1 : next_log_;
    const op_mark after{s.id.epoch, s.id.seq + 1};
    lease_.next = lease_.next < after ? after : lease_.next;
    if (!(lease_.floor < s.id)) {
      return {};  // the copy of one that was acknowledged
    }
    if (slots_.size() == most) {
      return errc::full;
    }
    (void)slots_.try_push_back(
        slot{s.id, s.log, here, hash64(s.key, 0), s.expires, s.importance, s.bytes.empty(), true, true, s.key.size() + s.bytes.size()});
    for (std::size_t i = slots_.size() - 1; i > 0 && slots_[i].id < slots_[i - 1].id; --i) {  // a copy stands behind younger ones
      std::swap(slots_[i], slots_[i - 1]);
    }
    return {};
  }

  [[nodiscard]] errc another_life(const op_mark& acked, errc why) noexcept {
    elsewhere_ = acked.epoch;
    ++counters_.future_acks;
    return why;
  }
  [[nodiscard]] bool begins_epoch(std::size_t i) const noexcept { return i > 0 && slots_[i].id.epoch != slots_[i - 1].id.epoch; }
  /// What comes after another epoch waits for it, unless it is known that the server will not take that any more.
  [[nodiscard]] bool may_go(std::size_t i) const noexcept {
    if (i == slots_.size() || !slots_[i].durable || !begins_epoch(i)) {
      return i < slots_.size() && slots_[i].durable;
    }
    const op_epoch before = slots_[i - 1].id.epoch;
    return before != elsewhere_ && before.generation <= elsewhere_.generation;
  }
  void doubt() noexcept {
    known_ = false;
    doubts_ = true;
  }
  [[nodiscard]] op_mark first_of_new_epoch() {
    splitmix64 rng{seed_};
    const std::uint32_t nonce = next_u32(rng);
    seed_ = rng.state();
    return {{lease_.next.epoch.generation + 1, nonce}, 1};
  }
  /// A write of the same key that was not sent, and that this one may take the place of.
  [[nodiscard]] std::size_t overwritten(std::span<const std::byte> key, std::uint64_t key_hash, bool deletes) const {
    for (std::size_t i = slots_.size(); i > 0; --i) {
      const slot& s = slots_[i - 1];
      if (s.key_hash != key_hash) {
        continue;
      }
      std::array<std::byte, record_bytes> room{};
      const result<detail::op_record> there = read(s.at, room);
      if (!there || !equal(there.value().key, key)) {
        continue;
      }
      return s.sent || (s.deletes && !deletes) ? none : i - 1;  // nothing before the latest of its key either
    }
    return none;
  }
  [[nodiscard]] static bool equal(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); ++i) {
      same = a[i] == b[i];
    }
    return same;
  }
  /// The oldest of the least important ones that were not sent and are not more important than a new one.
  [[nodiscard]] std::size_t least(std::uint8_t importance) const noexcept {
    std::size_t found = none;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i].sent && slots_[i].importance >= importance && (found == none || slots_[i].importance > slots_[found].importance)) {
        found = i;
      }
    }
    return found;
  }
  void forget(std::size_t i) {
    slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(i));
    sent_ = i < sent_ ? sent_ - 1 : sent_;
  }
  void drop_expired(wall_ms now) {
    for (std::size_t i = slots_.size(); i > sent_; --i) {
      const slot& s = slots_[i - 1];
      if (!s.sent && s.expires != wall_ms{} && s.expires <= now) {
        ++counters_.expired;
        forget(i - 1);
      }
    }
  }

  [[nodiscard]] std::uint64_t first_log() const noexcept {
    std::uint64_t first = next_log_;
    for (const slot& s : slots_) {
      first = s.log < first ? s.log : first;
    }
    return first;
  }
  [[nodiscard]] status write_lease(std::uint64_t trimmed) {
    detail::op_lease l = lease_;
    l.trimmed = trimmed > lease_.trimmed ? trimmed : lease_.trimmed;
    std::array<std::byte, 64> room{};
    byte_writer out{room};
    l.encode(out);
    if (const result<position> at = store_->append(l.header(config_.stream), out.written()); !at) {
      return at.error();
    }
    lease_ = l;
    return {};
  }
  /// Lets the store have back what no operation needs. Only after the lease is durable: else a crash in between would forget which
  /// names were used. Where the store has no room for the lease, the newest record stays in its place until it has.
  [[nodiscard]] status reclaim(bool leased) {
    const std::uint64_t done = first_log() - 1;
    const std::uint64_t upto = leased ? done : (done + 1 < next_log_ ? done : next_log_ - 2);
    if (const status s = store_->advance({config_.stream, upto, 0}); !s) {
      return s;
    }
    trims_ = !leased;
    if (leased) {
      return {};
    }
    if (const status s = write_lease(done); !s) {
      return s.error() == errc::full ? status{} : s;  // at the next `persist`
    }
    if (const status s = store_->sync(); !s) {
      return s;
    }
    trims_ = false;
    return store_->advance({config_.stream, done, 0});
  }
  /// Operations that stay while younger ones are overwritten would keep the store from getting anything back: they are copied behind
  /// the newest, and the copies take their place.
  void compact() {
    while (next_log_ - first_log() > 2 * static_cast<std::uint64_t>(config_.capacity)) {
      std::size_t first = 0;
      for (std::size_t i = 1; i < slots_.size(); ++i) {
        first = slots_[i].log < slots_[first].log ? i : first;
      }
      slot copy = slots_[first];
      copy.log = next_log_;
      std::array<std::byte, record_bytes> room{};
      const result<detail::op_record> there = read(copy.at, room);
      const result<position> at =
          there ? append(copy, slots_[first].log, there.value().key, there.value().bytes) : result<position>{there.error()};
      if (!at) {
        return;
      }
      copy.at = at.value();
      slots_[first] = copy;
      ++next_log_;
    }
  }

  Store* store_ = nullptr;
  op_queue_config config_{};
  inplace_vector<slot, most> slots_{};  ///< in the order of their names
  std::size_t sent_ = 0;                ///< how many were handed out since the last `resend`
  std::uint64_t next_log_ = 1;
  detail::op_lease lease_{};
  op_epoch elsewhere_{};  ///< of another life that the server has heard of
  std::uint64_t seed_ = 0;
  bool trims_ = false;   ///< the store holds what was acknowledged
  bool known_ = false;   ///< `lease_.next` may be used; else a new epoch comes first
  bool doubts_ = false;  ///< and the log does not say so yet
  bool gap_ = false;
  op_queue_counters counters_{};
};

}  // namespace skerry::inline v0::state
