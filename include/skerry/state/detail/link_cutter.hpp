// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/state/detail/link_reader.hpp>
#include <skerry/state/detail/link_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Cuts what changed after one arrival out of a store, as one frame for one link.
///
/// A frame is true by itself, whatever became of the others: it covers only events that it lists or that are dead here, and what it
/// says of a key it says of all of the key's records that have been seen here. An event that is dead is covered together with the next
/// greater live one of its actor, when that one is listed, or, when there is none, in the last frame of the interval; one that came or
/// died out of this order is remembered by the log. So after the last frame the peer has seen all that was seen here.
template <typename Schema, typename Limits, typename Store>
class link_cutter {
  using link_type = link_state<Limits>;
  using index = typename Store::index;
  static constexpr index none = Store::none;
  static constexpr std::size_t most_keys = Limits::keys < 128 ? Limits::keys : 128;
  static constexpr std::size_t most_runs = Limits::actors + Limits::ranges < 160 ? Limits::actors + Limits::ranges : 160;

 public:
  link_cutter(const Store& store, const link_type& link, party number, const actor& self) noexcept
      : store_{&store}, link_{&link}, number_{number}, self_{store.actors().find(self)} {
    said_ = self == link.said;
    high_ = store.actors().size();
  }
  link_cutter(const link_cutter&) = delete;
  link_cutter& operator=(const link_cutter&) = delete;
  ~link_cutter() = default;

  /// Writes a frame up to its seal, behind an acknowledgement of `ack` unless that is null; answers its length.
  ///
  /// from     what the peer has, or is on the way
  /// naming   whether keys and actors may be given numbers
  /// Errors   `empty` when there is nothing to tell: the peer has everything up to `to()`; `full` when not even one record fits
  [[nodiscard]] result<std::size_t> cut(std::span<std::byte> out, std::uint8_t flags, const std::uint64_t* ack, std::uint64_t from,
                                        bool naming) {
    from_ = from;
    told_ = link_->told(from);
    if (link_->part_to > from && link_->part_ends == (link_->part_to == store_->arrivals())) {
      low_ = rank_after(link_->part_after);
      if (collect(link_->part_to) && (item_count_ > 0 || run_count_ > 0)) {
        return cut_part(out, flags, ack, link_->part_to);
      }
      low_ = 0;  // it has changed once more
    }
    naming_ = naming;
    for (std::uint64_t cap = store_->arrivals();;) {
      const bool fits = collect(cap);
      if (fits && item_count_ == 0 && run_count_ == 0) {
        return to_ == store_->arrivals() ? errc::empty : errc::full;
      }
      if (fits) {
        if (const std::size_t size = try_write(out, flags, ack); size > 0) {
          return size;
        }
      }
      if (!halve(cap)) {
        return fits ? cut_part(out, flags, ack, item_count_ > 0 ? greatest_ : cap) : result<std::size_t>{errc::full};
      }
    }
  }
  /// Whether the acknowledgement was written.
  [[nodiscard]] bool acknowledges() const noexcept { return acknowledges_; }
  /// Whether this tells the change of some actors only, and of which one last.
  [[nodiscard]] bool goes_on() const noexcept { return high_ < store_->actors().size(); }
  [[nodiscard]] actor_ref last_told() const noexcept { return store_->actors().sorted(high_ - 1); }
  /// Up to where the frame tells all.
  [[nodiscard]] std::uint64_t to() const noexcept { return to_; }
  /// Calls `f(slot)` for the keys that the frame gave a number.
  template <typename F>
  void for_each_named_key(F&& f) const {
    for (std::size_t i = 0; i < item_count_; ++i) {
      if (names_key(items_[i].slot)) {
        f(items_[i].slot);
      }
    }
  }
  template <typename F>
  void for_each_named_actor(F&& f) const {
    for (std::size_t i = 0; i < run_count_; ++i) {
      if (names_actor(runs_[i].who)) {
        f(runs_[i].who);
      }
    }
  }

 private:
  struct item {
    index slot = none;
    std::uint8_t fresh = 0;  ///< 1: some records are to be listed, 2: deaths are to be told
  };
  struct text_buffer {
    std::array<char, store_limits<Schema, Limits>::text_bytes> chars;
    std::size_t size = 0;

    [[nodiscard]] std::size_t read(const Store& store, index slot) noexcept {
      return size = Schema::write_text(store.key(slot), std::span<char>{chars});
    }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::as_bytes(std::span{chars}.first(size)); }
  };
  struct run {
    std::uint64_t first;
    std::uint64_t last;
    actor_ref who;
  };
  struct pen {
    stamp_pace pace{};
    std::uint64_t key = 0;
    std::uint64_t offset = static_cast<std::uint64_t>(-1);
    std::uint64_t size = 0;
  };

  /// One change that is too much for a frame: what it says of some of the actors. A death is told by what was seen of its actor, so those
  /// of whom the peer is told nothing keep their records. The last part completes it.
  [[nodiscard]] result<std::size_t> cut_part(std::span<std::byte> out, std::uint8_t flags, const std::uint64_t* ack, std::uint64_t cap) {
    naming_ = false;
    for (;;) {
      if (!collect(cap)) {
        return errc::full;
      }
      if (const std::size_t size = try_write(out, flags, ack); size > 0) {
        return size;
      }
      if (ack != nullptr) {
        ack = nullptr;  // it goes alone
      } else if (high_ > low_ + 1) {
        high_ = low_ + (high_ - low_) / 2;
      } else if (run_limit_ > 1) {
        run_limit_ /= 2;  // as many dead events as fit; the others are found when contexts are compared
      } else {
        return errc::full;
      }
    }
  }
  [[nodiscard]] std::size_t try_write(std::span<std::byte> out, std::uint8_t flags, const std::uint64_t* ack) {
    byte_writer trial{out};
    if (!write(trial, flags, ack)) {
      return 0;
    }
    acknowledges_ = ack != nullptr;
    return trial.written().size();
  }
  [[nodiscard]] bool is_part() const noexcept { return low_ > 0 || high_ < store_->actors().size(); }
  [[nodiscard]] std::size_t rank_after(actor_ref who) const noexcept {
    std::size_t rank = 0;
    while (store_->actors().sorted(rank) != who) {
      ++rank;
    }
    return rank + 1;
  }
  [[nodiscard]] bool in_part(std::size_t rank) const noexcept { return low_ <= rank && rank < high_; }

  [[nodiscard]] const auto& log() const noexcept { return store_->table().log(); }
  [[nodiscard]] const auto& record(index i) const noexcept { return store_->table()[i]; }
  [[nodiscard]] std::uint64_t age(index slot) const noexcept {
    using number = std::decay_t<decltype(log().at_slot(slot))>;
    return static_cast<number>(store_->arrivals() - log().at_slot(slot));
  }
  [[nodiscard]] std::uint64_t record_arrival(index i) const noexcept {
    using number = std::decay_t<decltype(log().at_record(i))>;
    return store_->arrivals() - static_cast<number>(store_->arrivals() - log().at_record(i));
  }
  /// A record that the peer does not have, and that this frame may list.
  [[nodiscard]] bool to_list(index i) const noexcept {
    return log().after(log().at_record(i), from_) && !log().known(i, number_) && record_arrival(i) <= cap_;
  }
  [[nodiscard]] index oldest_after(bool live) const noexcept {
    index oldest = none;
    std::uint64_t last_age = 0;
    for (index slot = log().newest(live); slot != none && log().after(log().at_slot(slot), from_); slot = log().older(slot)) {
      if (age(slot) < last_age) {
        break;  // so old that its number has come round
      }
      last_age = age(slot);
      oldest = slot;
    }
    return oldest;
  }

  /// All that happened up to a change: keys that did not change later as a whole, of the others the records that came before. Answers
  /// false when that is more than a frame holds.
  [[nodiscard]] bool collect(std::uint64_t cap) {
    item_count_ = 0;
    run_count_ = 0;
    cap_ = cap;
    deaths_ = false;
    least_ = store_->arrivals();
    greatest_ = 0;
    to_ = cap;
    std::array<index, 2> at{oldest_after(false), oldest_after(true)};
    while (at[0] != none || at[1] != none) {
      const std::size_t list = at[0] == none ? 1 : (at[1] == none ? 0 : (age(at[0]) > age(at[1]) ? 0 : 1));
      if (!consider(at[list])) {
        return false;
      }
      at[list] = log().newer(at[list]);
    }
    if (cap == store_->arrivals()) {
      add_dead();
    }
    return true;
  }
  void span(std::uint64_t arrival) noexcept {
    least_ = arrival < least_ ? arrival : least_;
    greatest_ = arrival > greatest_ ? arrival : greatest_;
  }
  /// Answers false when there is no room for what the key's records cover.
  [[nodiscard]] bool consider(index slot) {
    const bool partial = is_partial(slot);
    item found{slot, 0};
    std::size_t listed = 0;
    for (index i = store_->table().first_of(slot); i != none; i = record(i).next) {
      if (to_list(i)) {
        ++listed;
        span(record_arrival(i));
      }
    }
    if (!partial && log().deaths(slot, from_, told_, number_)) {
      found.fresh |= 2;
      deaths_ = true;
      span(store_->arrivals() - age(slot));
    }
    if (listed > 0) {
      found.fresh |= 1;
      if (run_count_ + listed > runs_at_most()) {
        return false;
      }
      for (index i = store_->table().first_of(slot); i != none; i = record(i).next) {
        if (to_list(i)) {
          const std::uint64_t below = store_->dead_run_to(record(i).who, record(i).n - 1);
          (void)add_run(record(i).who, below != 0 ? below : record(i).n, record(i).n);
        }
      }
    }
    if (found.fresh != 0) {
      if (item_count_ == most_keys) {
        return false;
      }
      items_[item_count_++] = found;
    }
    return true;
  }
  /// Whether more happened to a key than the frame tells.
  [[nodiscard]] bool is_partial(index slot) const noexcept { return store_->arrivals() - age(slot) > cap_; }
  /// What is dead beyond the last live event of an actor, and what died out of order.
  void add_dead() {
    const std::size_t most = run_limit_;
    for (std::size_t rank = low_; rank < high_; ++rank) {
      const actor_ref who = store_->actors().sorted(rank);
      if (log().changed(who, told_, number_)) {
        store_->context().for_each(who, [&](const dot_range& seen) {
          if (const std::uint64_t first = store_->dead_run_to(who, seen.last); first != 0 && run_count_ < most) {
            (void)add_run(who, first, seen.last);
          }
        });
      }
    }
    log().for_each_gone(told_, [&](const auto& g) {
      if (is_part() && !in_part(rank_after(g.who) - 1)) {
        return;
      }
      store_->for_each_dead(g.who, g.first, g.last(), [&](std::uint64_t first, std::uint64_t last) {
        if (run_count_ < most) {
          (void)add_run(g.who, first, last);
        }
      });
    });
  }

  [[nodiscard]] std::size_t runs_at_most() const noexcept { return link_->their_runs < most_runs ? link_->their_runs : most_runs; }
  [[nodiscard]] bool before(const run& a, actor_ref who, std::uint64_t first) const noexcept {
    if (a.who != who) {
      return store_->actors()[a.who] < store_->actors()[who];
    }
    return a.first < first;
  }
  /// Puts a run where it belongs, together with those that it touches.
  [[nodiscard]] bool add_run(actor_ref who, std::uint64_t first, std::uint64_t last) noexcept {
    std::size_t low = 0;
    std::size_t high = run_count_;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (before(runs_[middle], who, first)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low > 0 && runs_[low - 1].who == who && first - 1 <= runs_[low - 1].last) {
      --low;
      first = runs_[low].first;
      last = last > runs_[low].last ? last : runs_[low].last;
    }
    std::size_t end = low;
    while (end < run_count_ && runs_[end].who == who && runs_[end].first - 1 <= last) {
      last = runs_[end].last > last ? runs_[end].last : last;
      ++end;
    }
    if (end == low) {
      if (run_count_ >= runs_at_most()) {
        return false;
      }
      for (std::size_t i = run_count_; i > low; --i) {
        runs_[i] = runs_[i - 1];
      }
      ++run_count_;
    } else {
      for (std::size_t i = end; i < run_count_; ++i) {
        runs_[i - (end - low - 1)] = runs_[i];
      }
      run_count_ -= end - low - 1;
    }
    runs_[low] = {first, last, who};
    return true;
  }
  /// The number of an event among all that are covered.
  [[nodiscard]] std::uint64_t offset(actor_ref who, std::uint64_t n) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < run_count_; ++i) {
      if (runs_[i].who == who && n <= runs_[i].last) {
        return sum + (n - runs_[i].first);
      }
      sum += runs_[i].last - runs_[i].first + 1;
    }
    return sum;
  }

  [[nodiscard]] bool names_key(index slot) const noexcept { return slot < link_->their_interned && link_->key_names.names(slot, naming_); }
  [[nodiscard]] bool names_actor(actor_ref who) const noexcept {
    return !(who == self_ && said_) && link_->actor_names.names(who, naming_);
  }

  [[nodiscard]] status write(byte_writer& out, std::uint8_t flags, const std::uint64_t* ack) {
    flags = static_cast<std::uint8_t>(flags | (ack != nullptr ? link_flag::acks : 0));
    if (const index only = short_one(); only != none && write_short(out, flags, ack, record(only))) {
      return out.error();
    }
    pen at;
    bool stamped = false;
    for_each_listed([&](const auto& r) {
      if (!stamped && (r.kind & kinds::stamped) != 0) {
        stamped = true;
        at.pace.at = r.at;
      }
    });
    begin_frame(out, frame_kind::delta,
                static_cast<std::uint8_t>(flags | (stamped ? link_flag::stamped : 0) | (is_part() ? link_flag::part : 0)));
    write_ack(out, ack);
    out.varint(to_ - link_->base);
    out.varint(to_ - claimed());
    if (is_part()) {
      out.u32(low_ > 0 ? part_mark(store_->actors()[store_->actors().sorted(low_ - 1)]) : 0);
      out.u32(goes_on() ? part_mark(store_->actors()[last_told()]) : 0);
    }
    if (stamped) {
      write_stamp(out, at.pace.at, link_->base_ms);
      at.pace.step = pace();
      out.varint(at.pace.step);
    }
    write_actors(out);
    for (std::size_t i = 0; i < item_count_ && out.error() == errc::ok; ++i) {
      write_key(out, at, items_[i]);
    }
    return out.error();
  }
  /// From where on the frame tells all: what the peer itself has said is no gap.
  [[nodiscard]] std::uint64_t claimed() const noexcept { return from_ == link_->acked ? link_->confirmed : from_; }
  void write_ack(byte_writer& out, const std::uint64_t* ack) const noexcept {
    if (ack != nullptr) {
      out.varint(*ack - link_->their_base);
    }
  }
  static void write_stamp(byte_writer& out, stamp at, std::uint64_t before_ms) noexcept {
    write_stamp_code(out, at, zigzag(static_cast<std::int64_t>(at.ms() - before_ms)));
  }
  static void write_stamp_code(byte_writer& out, stamp at, std::uint64_t distance) noexcept {
    out.varint(distance << 1 | (at.count() != 0 ? 1 : 0));
    if (at.count() != 0) {
      out.varint(at.count());
    }
  }
  /// One own write and nothing else; without flags where there is nothing to flag. Answers false when it cannot be said so.
  template <typename Record>
  [[nodiscard]] bool write_short(byte_writer& out, std::uint8_t flags, const std::uint64_t* ack, const Record& r) const {
    const bool named = !link_->key_names.known(r.key);
    const std::uint64_t distance = r.n - (link_->base_n + (to_ - link_->base));
    const stamp when = r.at;
    const bool stamped = (r.kind & kinds::stamped) != 0;
    if ((to_ - link_->base) >> 40 != 0 || (stamped && when.ms() < link_->base_ms)) {
      return false;
    }
    const frame_kind kind = named ? frame_kind::named_op : (distance == 0 ? frame_kind::op : frame_kind::numbered_op);
    if (flags == 0) {
      out.u8(static_cast<std::uint8_t>(wire::version << 4 | static_cast<std::uint8_t>(kind)));
    } else {
      const unsigned form = named ? link_flag::part : (distance == 0 ? 0U : link_flag::stamped);
      begin_frame(out, frame_kind::delta, static_cast<std::uint8_t>(flags | link_flag::short_one | form));
      write_ack(out, ack);
    }
    const std::uint64_t name = !named ? r.key : (names_key(r.key) ? r.key + 1U : 0U);
    out.varint((to_ - link_->base) * (link_->their_interned + (named ? 1ULL : 0ULL)) + name);
    text_buffer text{};
    if (named) {
      out.varint(text.read(*store_, r.key) << 1 | (distance != 0 ? 1 : 0));
    }
    if (distance != 0) {
      out.varint_signed(static_cast<std::int64_t>(distance));
    }
    out.bytes(text.bytes());
    if (stamped) {
      write_stamp_code(out, when, when.ms() - link_->base_ms);
    }
    out.bytes(payload_of(r));
    return true;
  }
  /// How many milliseconds pass from one event of a writer to the next, mostly.
  [[nodiscard]] std::uint64_t pace() const {
    stamp_pace last;
    std::uint64_t step = 0;
    std::size_t votes = 0;
    for_each_listed([&](const auto& r) {
      const stamp when = r.at;
      if ((r.kind & kinds::stamped) != 0 && last.who == r.who && last.n < r.n && !(when < last.at)) {
        const std::uint64_t one = (when.ms() - last.at.ms()) / (r.n - last.n);
        step = votes == 0 ? one : step;
        votes = step == one ? votes + 1 : votes - 1;
      }
      last.note(when, r.who, r.n);
    });
    return step <= 0xffffffff ? step : 0;
  }
  template <typename F>
  void for_each_listed(F&& f) const {
    for (std::size_t k = 0; k < item_count_; ++k) {
      for (index i = store_->table().first_of(items_[k].slot); i != none; i = record(i).next) {
        if (to_list(i)) {
          f(record(i));
        }
      }
    }
  }
  /// The one record of a frame that says nothing else.
  [[nodiscard]] index short_one() const noexcept {
    if (is_part() || item_count_ != 1 || run_count_ != 1 || to_ - claimed() != 1 || !said_ || to_ < link_->base) {
      return none;
    }
    const index i = store_->table().first_of(items_[0].slot);
    if (i == none || record(i).next != none || !to_list(i)) {
      return none;
    }
    const auto& r = record(i);
    // Each own event takes a step at least, so that those below this one were told before.
    const bool fits = r.who == self_ && runs_[0].last == r.n && store_->context().prefix(self_) == r.n && !log().any_late() &&
                      own_kind(r.kind, items_[0].slot) && !any_died_but(self_);
    return fits ? i : none;
  }
  [[nodiscard]] bool own_kind(std::uint8_t kind, index slot) const noexcept {
    std::uint8_t own = 0;
    Schema::visit(store_->key(slot).path, [&]<typename P>() { own = P::policy::kind; });
    return own == kind && own != 0;
  }
  [[nodiscard]] bool any_died_but(actor_ref who) const noexcept {
    if (!deaths_) {
      return false;
    }
    for (std::size_t i = 0; i < store_->actors().size(); ++i) {
      if (i != who && log().died(static_cast<actor_ref>(i), told_)) {
        return true;
      }
    }
    return false;
  }

  /// Calls `f(actor, first run, runs)` for the actors of the frame in their order.
  template <typename F>
  void for_each_actor(F&& f) const {
    std::size_t at = 0;
    if (!deaths_) {
      while (at < run_count_) {
        std::size_t end = at;
        while (end < run_count_ && runs_[end].who == runs_[at].who) {
          ++end;
        }
        f(runs_[at].who, at, end - at);
        at = end;
      }
      return;
    }
    for (std::size_t i = 0; i < store_->actors().size(); ++i) {
      const actor_ref who = store_->actors().sorted(i);
      std::size_t end = at;
      while (end < run_count_ && runs_[end].who == who) {
        ++end;
      }
      if (end > at || (in_part(i) && log().died(who, told_))) {
        f(who, at, end - at);
      }
      at = end;
    }
  }
  /// Where an actor stands among those of the frame, or their number.
  [[nodiscard]] std::size_t position_of(actor_ref who) const noexcept {
    std::size_t low = 0;
    std::size_t high = named_count_;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (store_->actors()[named_[middle]] < store_->actors()[who]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < named_count_ && named_[low] == who ? low : named_count_;
  }
  void write_actors(byte_writer& out) noexcept {
    named_count_ = 0;
    for_each_actor([this](actor_ref who, std::size_t, std::size_t) { named_[named_count_++] = who; });
    out.varint(named_count_);
    for_each_actor([&](actor_ref who, std::size_t at, std::size_t runs) {
      const std::uint64_t upto = store_->context().prefix(who);
      const std::uint64_t shape = runs == 0 ? 0 : (runs == 1 && runs_[at].last == upto ? 1 : 2);
      const bool self = who == self_ && said_;
      if (self) {
        out.varint(1U << 2 | shape);
        out.varint_signed(static_cast<std::int64_t>(upto - (link_->base_n + (to_ - link_->base))));
      } else if (link_->actor_names.known(who)) {
        out.varint((who + 3ULL) << 2 | shape);
        out.varint(upto);
      } else {
        const bool marked = who < link_->agreed;
        out.varint((marked ? 2U << 2 : 0U) | shape);
        out.varint(runs > 0 && names_actor(who) ? who + 1U : 0U);
        if (marked) {
          out.u32(actor_mark(store_->actors()[who], link_->outgoing()));
        } else {
          write_actor(out, store_->actors()[who]);
        }
        out.varint(upto);
      }
      if (shape == 1) {
        out.varint(upto - runs_[at].first);
      } else if (shape == 2) {
        out.varint(runs);
        std::uint64_t last = 0;
        for (std::size_t i = at; i < at + runs; ++i) {
          out.varint(runs_[i].first - last);
          out.varint(runs_[i].last - runs_[i].first);
          last = runs_[i].last;
        }
      }
    });
  }

  void write_key(byte_writer& out, pen& at, const item& one) const {
    std::size_t listed = 0;
    std::size_t others = 0;
    index single = none;
    for (index i = store_->table().first_of(one.slot); i != none; i = record(i).next) {
      if (to_list(i)) {
        ++listed;
        single = i;
      } else {
        ++others;
      }
    }
    const bool partial = is_partial(one.slot);
    const bool deaths = (one.fresh & 2) != 0;
    // Even where more happened to the key: that an actor's earlier record is dead is told by its later one, and by nothing else.
    const key_scope scope = !partial && (deaths || others == 0) ? key_scope::whole : key_scope::of_actor;
    const bool list = listed != 1 || scope != key_scope::whole || others > 0 || !own_kind(record(single).kind, one.slot);
    const bool text = !link_->key_names.known(one.slot);
    std::uint8_t shape = text ? key_shape::text : 0;
    const std::uint64_t distance = text ? 0 : zigzag(static_cast<std::int64_t>(one.slot - at.key));
    if (!text) {
      at.key = one.slot;
    }
    if (list) {
      write_head(out, distance, key_form::shaped);
      out.u8(static_cast<std::uint8_t>(shape | key_shape::list));
      write_text(out, text, one.slot);
      out.varint(static_cast<std::uint64_t>(listed) << 2 | static_cast<std::uint64_t>(scope));
      write_kept(out, one, scope);
      for (index i = store_->table().first_of(one.slot); i != none; i = record(i).next) {
        if (to_list(i)) {
          const bool own = own_kind(record(i).kind, one.slot);
          const std::uint8_t described = describe(at, record(i));
          out.u8(static_cast<std::uint8_t>(described | (own ? 0 : key_shape::list)));
          if (!own) {
            out.u8(record(i).kind);
          }
          write_record(out, at, record(i), described);
        }
      }
      return;
    }
    const auto& r = record(single);
    const std::uint8_t described = describe(at, r);
    const std::uint8_t differs = described & static_cast<std::uint8_t>(~key_shape::size_mask);
    if (!text && at.size == wire_size(payload_of(r)) && differs != (key_shape::event | key_shape::stamp)) {
      write_head(out, distance, differs == 0 ? key_form::as_before : (differs == key_shape::stamp ? key_form::dated : key_form::placed));
      write_record(out, at, r, differs);
      return;
    }
    shape = static_cast<std::uint8_t>(shape | described);
    write_head(out, distance, key_form::shaped);
    out.u8(shape);
    write_text(out, text, one.slot);
    write_record(out, at, r, described);
  }
  static void write_head(byte_writer& out, std::uint64_t distance, key_form form) noexcept {
    out.varint(distance << 2 | static_cast<std::uint64_t>(form));
  }
  template <typename Record>
  [[nodiscard]] static std::span<const std::byte> payload_of(const Record& r) noexcept {
    return std::span{r.payload}.first(r.size);
  }
  void write_text(byte_writer& out, bool text, index slot) const {
    if (!text) {
      return;
    }
    text_buffer buffer{};
    out.varint(names_key(slot) ? slot + 1U : 0U);
    out.varint(buffer.read(*store_, slot));
    out.bytes(buffer.bytes());
  }
  /// The live records of the key that the peer has, as far as it would take them for dead.
  void write_kept(byte_writer& out, const item& one, key_scope scope) const {
    std::array<std::byte, 20> bytes{};
    std::array<actor_ref, 8> listed{};  // most often one; of more than there is place for here each is looked for
    std::size_t count = 0;
    for (index i = store_->table().first_of(one.slot); i != none && scope == key_scope::of_actor; i = record(i).next) {
      if (to_list(i) && ++count <= listed.size()) {
        listed[count - 1] = record(i).who;
      }
    }
    const auto is_listed = [&](actor_ref who) {
      if (count > listed.size()) {
        return lists(one.slot, who);
      }
      bool found = false;
      for (std::size_t i = 0; i < count; ++i) {
        found = found || listed[i] == who;
      }
      return found;
    };
    for (const bool counting : {true, false}) {
      std::size_t size = 0;
      for (index i = store_->table().first_of(one.slot); i != none; i = record(i).next) {
        const auto& r = record(i);
        if ((scope == key_scope::of_actor && !is_listed(r.who)) || to_list(i)) {
          continue;
        }
        const std::uint64_t upto = store_->context().prefix(r.who);
        if (r.n > upto) {
          continue;
        }
        const std::size_t position = position_of(r.who);
        if (position == named_count_) {
          continue;
        }
        byte_writer pair{bytes};
        pair.varint(position);
        pair.varint(upto - r.n);
        size += pair.written().size();
        if (!counting) {
          out.bytes(pair.written());
        }
      }
      if (counting) {
        out.varint(size);
      }
    }
  }
  [[nodiscard]] bool lists(index slot, actor_ref who) const noexcept {
    for (index i = store_->table().first_of(slot); i != none; i = record(i).next) {
      if (record(i).who == who && to_list(i)) {
        return true;
      }
    }
    return false;
  }
  template <typename Record>
  [[nodiscard]] std::uint8_t describe(const pen& at, const Record& r) const noexcept {
    const std::uint64_t size = wire_size(payload_of(r));
    std::uint8_t shape = size == raw_size ? key_shape::raw : size < key_shape::raw ? static_cast<std::uint8_t>(size) : key_shape::size_mask;
    if (offset(r.who, r.n) != at.offset + 1) {
      shape |= key_shape::event;
    }
    stamp expected;
    if ((r.kind & kinds::stamped) != 0 && (!at.pace.expect(r.who, r.n, expected) || stamp{r.at} != expected)) {
      shape |= key_shape::stamp;
    }
    return shape;
  }
  template <typename Record>
  void write_record(byte_writer& out, pen& at, const Record& r, std::uint8_t described) const {
    const std::uint64_t place = offset(r.who, r.n);
    if ((described & key_shape::event) != 0) {
      out.varint_signed(static_cast<std::int64_t>(place - (at.offset + 1)));
    }
    at.offset = place;
    if ((described & key_shape::stamp) != 0) {
      stamp expected;
      (void)at.pace.expect(r.who, r.n, expected);
      write_stamp(out, r.at, expected.ms());
    }
    if ((r.kind & kinds::stamped) != 0) {
      at.pace.note(r.at, r.who, r.n);
    }
    if ((described & key_shape::size_mask) == key_shape::size_mask) {
      out.varint(r.size);
    }
    const std::span<const std::byte> payload = payload_of(r);
    at.size = wire_size(payload);
    out.bytes(at.size == raw_size ? payload.subspan(1) : payload);
  }

  /// Less, when it is too much for one frame: what happened in the first half of the time.
  [[nodiscard]] bool halve(std::uint64_t& cap) const noexcept {
    if (greatest_ <= least_) {
      return false;
    }
    cap = least_ + (greatest_ - least_) / 2;
    return true;
  }

  const Store* store_;
  const link_type* link_;
  party number_;
  actor_ref self_;
  bool said_ = false;
  bool naming_ = false;
  bool deaths_ = false;
  bool acknowledges_ = false;
  std::size_t low_ = 0;  ///< the actors of whom it tells, by their rank
  std::size_t high_ = 0;
  std::uint64_t from_ = 0;
  std::uint64_t told_ = 0;  ///< of deaths, all up to here
  std::uint64_t to_ = 0;
  std::uint64_t cap_ = 0;
  std::uint64_t least_ = 0;  ///< the first and the last change that the frame tells of
  std::uint64_t greatest_ = 0;
  std::size_t run_limit_ = most_runs;
  std::size_t item_count_ = 0;
  std::size_t run_count_ = 0;
  std::size_t named_count_ = 0;
  std::array<actor_ref, Limits::actors> named_;  ///< the actors of the frame in their order, as far as `named_count_`
  array_of<item, most_keys> items_;
  array_of<run, most_runs> runs_;
};

}  // namespace skerry::inline v0::state::detail
