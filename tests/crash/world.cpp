// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "crash/world.hpp"

namespace skerry_crash {

namespace {

constexpr segment_config segments{.segment_bytes = 8192, .segments = 6};

segment_config with_entropy(std::uint64_t seed, std::uint64_t boots) {
  segment_config c = segments;
  c.entropy = seed * 1000 + boots;
  return c;
}

std::uint64_t given_up(const delivery_counters& c) {
  return c.dropped_total() - c.dropped_for(drop_reason::damaged) - c.dropped_for(drop_reason::not_stored);
}

}  // namespace

bool same_item(const item_view& view, const known_item& known) {
  if (view.payload.size() != known.length || !std::equal(view.payload.begin(), view.payload.end(), known.bytes.begin()) ||
      view.batch != (known.parts > 0) || view.squeezed != known.squeezed) {
    return false;
  }
  std::uint32_t parts = 0;
  return !view.batch ||
         (read_parts(view.payload, [&](const batch_part& part) { parts += part.index == parts ? 1 : 0; }) && parts == known.parts);
}

world::world(std::uint64_t seed, const world_options& options, tally& to)
    : disk{seed * 31 + 7}, seed_{seed}, options_{options}, to_{&to}, random_{seed} {
  disk.defect = options.defect;
  disk.whole = options.whole || (!options.plain && seed / 2 % 3 == 2);
  ++to_->histories;
}

outbox_config world::config() const {
  outbox_config c{.quota_bytes = options_.quota_bytes, .quota_items = options_.quota_items};
  c.lease_ms = 0;
  switch (seed_ % 4) {
    case 0: c.evict = eviction::reject; break;
    case 1: c.evict = eviction::oldest; break;
    case 2: c.evict = eviction::oldest_of_lowest; break;
    default: c.evict = eviction::lowest_newest; break;
  }
  c.stream_window = seed_ % 8 < 4 ? 1 : 3;
  c.streams = live_first() ? order::live_first : order::strict;
  c.receiver_window = 0;
  return c;
}

void world::found(std::uint64_t tally::*what, const std::string& text) {
  ++(to_->*what);
  if (to_->first.empty()) {
    to_->first = fmt::format("seed {} life {}: {}", seed_, boots_, text);
  }
  good_ = false;
}

known_item* world::find(per_stream& in, std::uint16_t stream, std::uint64_t seq) {
  auto& items = in[stream];
  const auto at = std::lower_bound(items.begin(), items.end(), seq, [](const known_item& i, std::uint64_t s) { return i.seq < s; });
  return at == items.end() || at->seq != seq ? nullptr : &*at;
}

void world::compare(box_type& box, bool cut, std::array<std::vector<std::uint8_t>, streams>& seen, std::uint64_t may_lose) {
  for (std::size_t s = 0; s < streams; ++s) {
    seen[s].assign(items_[s].size(), 0);
  }
  std::array<std::uint64_t, streams> last{};
  std::uint64_t shown = 0;
  box.drain([&](const item_view& view) {
    ++shown;
    known_item* const k = find(items_, view.id.stream, view.id.seq);
    if (k == nullptr || !same_item(view, *k)) {
      return found(&tally::phantom, fmt::format("item {}/{} was never appended so", view.id.stream, view.id.seq));
    }
    if (k->gone_durable) {
      found(&tally::excess, fmt::format("item {}/{} comes back", view.id.stream, view.id.seq));
    }
    to_->repeats += k->gone ? 1 : 0;
    if (view.id.seq <= last[view.id.stream]) {
      found(&tally::broken, fmt::format("item {}/{} behind {}", view.id.stream, view.id.seq, last[view.id.stream]));
    }
    if (view.id.epoch != epoch_) {
      found(&tally::broken, fmt::format("epoch {} became {}", epoch_, view.id.epoch));
    }
    last[view.id.stream] = view.id.seq;
    seen[view.id.stream][static_cast<std::size_t>(k - items_[view.id.stream].data())] = 1;
  });
  if (shown != box.queued()) {
    found(&tally::broken, fmt::format("{} items are queued, {} can be seen", box.queued(), shown));
  }
  std::uint64_t missing = 0;
  std::string which;
  for (std::size_t s = 0; s < streams; ++s) {
    for (std::size_t i = 0; i < items_[s].size(); ++i) {
      const known_item& k = items_[s][i];
      if (seen[s][i] == 0 && !k.gone && !k.excused && (k.durable || (!cut && written_ && k.ticket))) {
        if (probing_ && may_drop_) {
          suspects_.emplace_back(s, k.seq);
          continue;
        }
        ++missing;
        which = fmt::format("item {}/{}", s, k.seq);
      }
    }
  }
  if (missing > may_lose) {
    found(&tally::lost, fmt::format("{} of {} lost, {} may be: {} queued, {} dropped", which, missing, may_lose, box.queued(),
                                    box.counters().dropped_total()));
  }
}

bool world::open(bool after_cut) {
  ++to_->lives;
  ++boots_;
  store_.emplace(disk, with_entropy(seed_, boots_));
  const bool trusted = boots_ % 3 != 0;
  const skerry::clock_reading<std::uint32_t> clock{now_, skerry::wall_ms{1'700'000'000'000U + now_}, trusted};
  auto opened = box_type::open(*store_, config(), device_seed::for_test(seed_ + boots_ * 7919), clock);
  if (!opened) {
    found(&tally::broken, fmt::format("open answers {}", skerry::to_string(opened.error())));
    return false;
  }
  box_.emplace(opened.value());
  epoch_ = epoch_ == 0 ? box_->epoch() : epoch_;
  if (epoch_ != box_->epoch()) {
    found(&tally::broken, fmt::format("epoch {} became {}", epoch_, box_->epoch()));
    return false;
  }
  const std::string wrong = sums_.restarted(box_->counters(), box_->queued());
  if (!wrong.empty() && !moves_) {
    found(&tally::broken, wrong);
  }
  sums_.begin_life(box_->counters());
  std::array<std::vector<std::uint8_t>, streams> seen;
  // An operation that the power did not let end may have dropped some, and has counted them then; where the drop itself was not written
  // yet, and the place of the item taken already, the next life counts it as not stored.
  const std::uint64_t counted = given_up(box_->counters()) + box_->counters().dropped_for(drop_reason::not_stored);
  const std::uint64_t dropped = may_drop_ ? std::min<std::uint64_t>(8, counted) : 0;
  compare(*box_, after_cut, seen, dropped);
  may_drop_ = false;
  for (std::size_t s = 0; s < streams; ++s) {
    for (std::size_t i = 0; i < items_[s].size(); ++i) {
      known_item& k = items_[s][i];
      if (seen[s][i] != 0) {
        k.ticket = true;
        k.durable = !k.excused;  // open has synced what it read
        k.gone = k.gone_durable = k.dropped = false;
      } else if (k.excused || moves_) {
        k.excused = true;  // there may have been two copies, and nobody promised which is found
      } else {
        k.gone = k.gone_durable = true;
      }
    }
  }
  dropped_seen_ = box_->counters().dropped_total();
  for (std::uint16_t s = 0; s < streams; ++s) {
    if (box_->last(s).seq < greatest_sent_[s]) {
      found(&tally::broken, fmt::format("stream {} goes on at {}, and {} was sent", s, box_->last(s).seq + 1, greatest_sent_[s]));
    }
  }
  return good_;
}

bool world::close_badly(bool cut) {
  // A process that ends by itself hands over what has gathered; one that is killed does not.
  written_ = false;
  if (!cut && !disk.inner.off() && store_) {
    disk.inner.power_fails_after(~std::uint64_t{0});
    written_ = boots_ % 2 == 0 && store_->log.flush();
  }
  box_.reset();
  store_.reset();
  if (cut) {
    ++to_->cuts;
    disk.inner.power_cut();
  } else {
    disk.inner.power_fails_after(~std::uint64_t{0});
  }
  return good_;
}

status world::append(std::uint16_t stream) {
  known_item item;
  item.seq = box_->last(stream).seq + 1;
  item.length = options_.plain ? 8 : static_cast<std::uint16_t>(random_() % (random_() % 4 == 0 ? longest : 40));
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < item.length; ++i) {
    word = i % 8 == 0 ? random_() : word >> 8;
    item.bytes[i] = static_cast<std::byte>(word);
  }
  if (item.length > 64 && random_() % 4 == 0) {  // a payload that is a piece of a log must not be taken for one
    const auto log = disk.inner.content("segment-00");
    if (log.size() > 4096) {
      const std::size_t from = 512 + random_() % 256 * 8;
      std::copy_n(log.begin() + static_cast<std::ptrdiff_t>(from), item.length, item.bytes.begin());
    }
  }
  item_options<std::uint32_t> options;
  item_batch<longest> batch;
  item.parts =
      options_.plain ? std::uint8_t{0} : make_batch(seed_ * 977 + item.seq * 31 + stream, std::span{item.bytes}.first(item.length), batch);
  options.squeezed = item.squeezed = item.length % 8 == 3;
  auto& of = items_[stream];
  if (!of.empty() && of.back().seq >= item.seq) {
    found(&tally::broken, fmt::format("number {}/{} is given out twice: {}", stream, item.seq, of.back().excused));
    return errc::invalid;
  }
  of.push_back(item);
  options.stream = stream;
  options.importance = static_cast<std::uint8_t>(random_() % 3);
  options.ttl_s = (options_.plain ? item.seq % 2 == 0 : random_() % 8 == 0) ? 30 : 0;
  may_drop_ = true;
  const auto got =
      item.parts > 0 ? box_->append(batch, options, now_) : box_->append(std::span{item.bytes}.first(item.length), options, now_);
  sums_.offered(static_cast<bool>(got));
  if (got) {
    of.back().ticket = true;
    if (got.value().id.seq != item.seq) {
      found(&tally::broken, "a number was skipped");
    }
  } else {
    ++to_->refused;
    to_->full += got.error() == errc::full ? 1 : 0;
    of.back().excused = true;  // it may have left its bytes, if the device failed
    if (got.error() == errc::full || got.error() == errc::width) {
      of.pop_back();
    }
  }
  look_for_drops();
  return got ? status{} : status{got.error()};
}

void world::deliver(bool acknowledge) {
  may_drop_ = true;
  const auto view = box_->take(now_);
  look_for_drops();
  if (!view) {
    return;
  }
  const item_id id = view.value().id;
  known_item* const k = find(items_, id.stream, id.seq);
  if (k == nullptr) {
    found(&tally::phantom, fmt::format("item {}/{} was never appended", id.stream, id.seq));
    return;
  }
  if (options_.defect == plant::ack_before_send) {
    (void)box_->acknowledge(id);
    sums_.acknowledged();
    if (random_() % 2 == 0) {
      return;  // the link was down: it is not sent, and the application believes that it tries again
    }
    k->gone = true;
    return;
  }
  greatest_sent_[id.stream] = std::max(greatest_sent_[id.stream], id.seq);
  if (acknowledge) {
    if (!box_->acknowledge(id)) {
      found(&tally::broken, "what was taken cannot be acknowledged");
    }
    sums_.acknowledged();
    k->gone = true;
  } else {
    may_drop_ = true;
    (void)box_->give_back(id, random_() % 2 == 0 ? outcome::transient : outcome::permanent, now_);
    look_for_drops();
  }
}

status world::sync() {
  const bool flushed = static_cast<bool>(box_->flush_acknowledgements());
  box_->sync_begins();
  std::array<std::size_t, streams> upto{};
  for (std::size_t s = 0; s < streams; ++s) {
    upto[s] = items_[s].size();
  }
  const status how = store_->sync();
  // Of drops beyond the look-ahead a recovery remembers sixteen; the others come back, counted as recovered.
  const bool writes_fail = options_.faults.write_errors + options_.faults.short_writes != 0 || !options_.faults.broken.empty() ||
                           options_.quota_items > box_limits.items;
  const bool acks_written = flushed && !store_->log.acknowledgements_pending();
  if (how) {
    for (std::uint16_t s = 0; s < streams; ++s) {
      for (std::size_t i = 0; i < upto[s]; ++i) {
        known_item& k = items_[s][i];
        // A drop that could not be written is a drop of this life alone.
        k.gone_durable = k.gone_durable || (k.gone && acks_written && !k.excused && !(k.dropped && writes_fail));
      }
    }
    if (acks_written) {
      sums_.acknowledgements_durable();
    }
  } else {
    ++to_->failed_syncs;
  }
  box_->on_synced(how);
  for (std::uint16_t s = 0; s < streams; ++s) {
    const std::uint64_t durable = box_->durable_upto(s).seq;
    for (known_item& k : items_[s]) {
      k.durable = k.durable || (k.ticket && k.seq <= durable && !k.excused);
    }
  }
  return how;
}

void world::wait(std::uint32_t ms) {
  now_ += ms;
  may_drop_ = true;
  box_->tick(now_);
  look_for_drops();
}

void world::look_for_drops() {
  if (disk.inner.off()) {
    suspects_.clear();
    return;
  }
  find_dropped();
  may_drop_ = false;
  for (const auto& [stream, seq] : suspects_) {
    const known_item* const k = find(items_, static_cast<std::uint16_t>(stream), seq);
    if (k != nullptr && !k->gone) {
      found(&tally::lost, fmt::format("item {}/{} was lost by a crash in an operation that did not drop it", stream, seq));
    }
  }
  suspects_.clear();
}

void world::find_dropped() {
  if (box_->counters().dropped_total() == dropped_seen_) {
    return;
  }
  std::uint64_t vanished = 0;
  std::array<std::vector<std::uint8_t>, streams> there;
  for (std::size_t s = 0; s < streams; ++s) {
    there[s].assign(items_[s].size(), 0);
  }
  box_->drain([&](const item_view& view) {
    if (const known_item* const k = find(items_, view.id.stream, view.id.seq)) {
      there[view.id.stream][static_cast<std::size_t>(k - items_[view.id.stream].data())] = 1;
    }
  });
  for (std::size_t s = 0; s < streams; ++s) {
    for (std::size_t i = 0; i < items_[s].size(); ++i) {
      known_item& k = items_[s][i];
      if (there[s][i] == 0 && k.ticket && !k.gone) {
        k.gone = k.dropped = true;
        ++vanished;
      }
    }
  }
  const std::uint64_t counted = box_->counters().dropped_total() - dropped_seen_;
  if (vanished != counted && !moves_ && options_.faults.read_errors == 0) {
    found(&tally::broken, fmt::format("{} items were dropped, {} are counted", vanished, counted));
  }
  dropped_seen_ = box_->counters().dropped_total();
  to_->dropped += vanished;
}

void world::probe(const crash_disk::disk_type& now, std::string_view name, std::uint64_t offset, std::span<const std::byte> in) {
  if (probing_ || now.off()) {
    return;
  }
  if (!scratch_) {
    scratch_.emplace(0);
  }
  scratch_->inner = now;
  scratch_->inner.reseed(random_());
  scratch_->inner.faults = {};
  if (random_() % 4 != 0) {  // in the middle of a write
    scratch_->inner.power_fails_after(0, random_() % (in.size() + 1));
    (void)scratch_->inner.write(name, offset, in);
  }
  scratch_->inner.power_cut();
  verify(*scratch_, true, random_() % 16 == 0);
}

void world::verify(crash_disk& left, bool cut, bool drain_it, std::uint64_t may_lose) {
  probing_ = true;
  ++to_->points;
  left.defect = disk.defect;
  left.whole = disk.whole;
  crash_store store{left, with_entropy(seed_, boots_ + 500)};
  const skerry::clock_reading<std::uint32_t> clock{now_, skerry::wall_ms{1'700'000'000'000U + now_}, true};
  auto opened = box_type::open(store, config(), device_seed::for_test(seed_ + 1), clock);
  if (!opened) {
    found(&tally::broken, fmt::format("open after a crash answers {}", skerry::to_string(opened.error())));
    probing_ = false;
    return;
  }
  box_type& box = opened.value();
  to_->torn += store.log.counters().torn_bytes != 0 ? 1 : 0;
  to_->damaged += store.log.counters().damaged_records;
  const std::string wrong = accountant_sum(box);
  if (!wrong.empty()) {
    found(&tally::broken, wrong);
  }
  std::array<std::vector<std::uint8_t>, streams> seen;
  compare(box, cut, seen, may_lose);
  for (std::uint16_t s = 0; s < streams; ++s) {
    if (box.last(s).seq < greatest_sent_[s]) {
      found(&tally::broken, fmt::format("stream {} goes on at {}, and {} was sent", s, box.last(s).seq + 1, greatest_sent_[s]));
    }
  }
  if (drain_it && good_) {
    std::uint32_t t = now_;
    const std::uint64_t at_most = box.queued();
    for (std::uint64_t i = 0; i <= at_most; ++i) {
      const auto view = box.take(t);
      if (!view) {
        break;
      }
      (void)box.acknowledge(view.value().id);
    }
    if (box.queued() != 0) {
      found(&tally::broken, fmt::format("{} items stay behind", box.queued()));
    }
  }
  probing_ = false;
}

std::uint64_t world::expectations() const {
  std::uint64_t sum = may_drop_ ? to_->histories * 1000 + boots_ : 0;  // what is missing then is judged at the end of the operation
  sum = skerry::hash64(now_, sum);
  for (std::size_t s = 0; s < streams; ++s) {
    sum = skerry::hash64(greatest_sent_[s], sum);
    for (const known_item& k : items_[s]) {
      const bool there = k.durable && !k.gone && !k.excused;
      if (there || k.gone_durable) {
        sum = skerry::hash64(k.seq * 4 + (there ? 1U : 2U), sum + s);
      }
    }
  }
  return sum;
}

void world::verify_damaged(crash_disk& damaged, const std::string& where) {
  ++to_->points;
  damaged.defect = disk.defect;
  damaged.whole = disk.whole;
  crash_store store{damaged, with_entropy(seed_, boots_ + 500)};
  const skerry::clock_reading<std::uint32_t> clock{now_, skerry::wall_ms{1'700'000'000'000U + now_}, true};
  auto opened = box_type::open(store, config(), device_seed::for_test(seed_ + 1), clock);
  if (!opened) {
    return found(&tally::broken, fmt::format("{}: open answers {}", where, skerry::to_string(opened.error())));
  }
  box_type& box = opened.value();
  const std::string wrong = accountant_sum(box);
  if (!wrong.empty()) {
    found(&tally::broken, where + ": " + wrong);
  }
  std::uint64_t there = 0;
  std::uint64_t back = 0;
  box.drain([&](const item_view& view) {
    const known_item* const k = find(items_, view.id.stream, view.id.seq);
    if (k == nullptr || !same_item(view, *k)) {
      return found(&tally::phantom, fmt::format("{}: item {}/{} was never appended so", where, view.id.stream, view.id.seq));
    }
    back += k->gone_durable ? 1 : 0;
    there += k->gone ? 0 : 1;  // what was acknowledged in the record that was hit comes back: that is the record's loss
    if (view.id.epoch != epoch_) {
      found(&tally::broken, fmt::format("{}: epoch {} became {}", where, epoch_, view.id.epoch));
    }
  });
  std::uint64_t expected = 0;
  for (const auto& of : items_) {
    for (const known_item& k : of) {
      expected += k.durable && !k.gone ? 1 : 0;
    }
  }
  const std::uint64_t missing = expected - std::min(expected, there);
  const auto& c = store.log.counters();
  to_->damaged += missing;
  if (missing > 1) {
    found(&tally::lost, fmt::format("{}: one bit cost {} records", where, missing));
  }
  const bool reported = c.damaged_records != 0 || c.torn_bytes != 0 || c.set_aside != 0;
  if (missing == 1 && !reported) {
    ++to_->unreported;
    found(&tally::broken, fmt::format("{}: one bit cost a record, and nothing was said", where));
  }
  // Nothing says where the log ends but the newest record, and nothing says that there was one. After a sync it is one of
  // acknowledgements: what it alone said comes back.
  to_->newest += missing == 0 && back != 0 && !reported ? 1 : 0;
  for (std::uint16_t s = 0; s < streams; ++s) {
    if (box.last(s).seq < greatest_sent_[s]) {
      found(&tally::broken, fmt::format("{}: stream {} goes on at {}, and {} was sent", where, s, box.last(s).seq + 1, greatest_sent_[s]));
    }
  }
}

std::string world::accountant_sum(box_type& box) const { return skerry::testing::accountant::sum(box.counters(), box.queued()); }

void world::step() {
  const auto what = random_() % 16;
  if (what < 6) {
    const auto n = random_() % 4 == 0 ? 3U : 1U;
    for (unsigned i = 0; i < n && good_; ++i) {
      (void)append(static_cast<std::uint16_t>(random_() % streams));
    }
  } else if (what < 12) {
    deliver(random_() % 8 != 0);
  } else if (what < 15) {
    (void)sync();
  } else if (live_first() && random_() % 2 == 0) {
    drop_one();
  } else {
    wait(static_cast<std::uint32_t>(random_() % 8'000));
  }
}

void world::drop_one() {
  const auto stream = static_cast<std::uint16_t>(random_() % streams);
  if (items_[stream].empty()) {
    return;
  }
  may_drop_ = true;
  const known_item& any = items_[stream][random_() % items_[stream].size()];
  (void)box_->drop({epoch_, stream, any.seq}, drop_reason::cancelled);
  look_for_drops();
}

bool world::live() {
  disk.inner.faults = {};
  if (!open(cut_)) {
    return false;
  }
  disk.on_probe = [this](const crash_disk::disk_type& now, std::string_view name, std::uint64_t offset, std::span<const std::byte> in) {
    probe(now, name, offset, in);
  };
  disk.inner.faults = options_.faults;
  if (!options_.faults.broken.empty() && random_() % 2 == 0) {
    disk.inner.faults.broken = {};  // so that the file holds something when it breaks
  }
  if (random_() % 2 == 0) {
    disk.inner.power_fails_after(random_() % 80);  // within an operation
  }
  const auto steps = 8 + random_() % 60;
  for (std::uint64_t i = 0; i < steps && good_ && !disk.inner.off(); ++i) {
    if (disk.probe_in == 0 && !disk.inner.off()) {
      disk.probe_in = 1 + random_() % 2;
    }
    step();
    const std::string wrong = good_ && options_.faults.read_errors == 0 ? sums_.now(box_->counters(), box_->queued()) : std::string{};
    if (!wrong.empty()) {
      found(&tally::broken, wrong);
    }
  }
  disk.probe_in = 0;
  to_->recycled += store_->log.counters().recycled;
  to_->moved += store_->log.counters().moved_records;
  to_->reclaimed += store_->log.counters().reclaimed;
  cut_ = disk.inner.off() || random_() % 3 != 0;  // or the process alone dies: what was written stays
  to_->points += cut_ ? 1 : 0;
  return close_badly(cut_);
}

bool is_quick() noexcept {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
  return false;
#endif
#endif
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
  return true;
#else
  return false;
#endif
}

tally explore_points(std::uint64_t seed, std::uint64_t points, plant defect, bool stop) {
  static constexpr std::array<std::string_view, 4> segments{"segment-00", "segment-01", "segment-02", "segment-04"};
  tally all;
  for (std::uint64_t n = seed; all.points < points; ++n) {
    world_options o;
    o.defect = defect;
    o.quota_items = n % 5 == 0 ? 60 : 20;  // beyond the entries of the index, too
    o.quota_bytes = n % 5 == 0 ? 4000 : 1000;
    switch (n % 8) {
      case 1: o.faults.sync_errors = 9'000; break;
      case 3: o.faults.write_errors = o.faults.short_writes = 2'000; break;
      case 7: o.faults.broken = n % 3 == 1 ? segments[n / 8 % segments.size()] : std::string_view{}; break;
      case 5: o.faults.capacity = 8192 * (2 + n % 4) + n * 13 % 8192; break;
      default: break;
    }
    world w{n, o, all};
    for (int life = 0; life < 8 && w.live(); ++life) {
    }
    if (stop && all.found() > 0) {
      break;
    }
  }
  return all;
}

}  // namespace skerry_crash
