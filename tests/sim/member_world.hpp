// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/member_policies.hpp"
#include "sim/side_world.hpp"

#include <skerry/core/hash.hpp>
#include <skerry/state/replica.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_sim {

/// A fleet that changes: members retire, are evicted while they are away and come back, begin new lives, join late; everybody folds and
/// collects whenever it can, while deltas and fences are under way.
///
/// Beside them stands a list of who did what having seen what. Nothing that is tidied up may ever change a read, nobody may hold more of
/// a retired life than its fence allows, and in the end those who take part are equal to the last byte, with nothing left to collect.
class member_world {
  struct stock {
    static constexpr state::path at{"stock"};
    using policy = member_counter;
  };
  struct parts {
    static constexpr state::path at{"parts"};
    using policy = member_reset_counter;
  };
  struct credit {
    static constexpr state::path at{"credit"};
    using policy = state::bounded_counter;
  };
  struct banned {
    static constexpr state::path at{"banned"};
    using policy = member_set;
  };
  struct limits : state::limits::firmware {
    static constexpr std::size_t actors = 32;
    static constexpr std::size_t keys = 8;
    static constexpr std::size_t records = 128;
    static constexpr std::size_t ranges = 64;
    static constexpr std::size_t members = 32;
    static constexpr std::size_t mesh = 12;
    static constexpr std::size_t payload_bytes = 56;
    static constexpr std::size_t log_bytes = 2048;
  };
  using node = state::replica<state::schema<stock, parts, credit, banned>, limits>;
  using knowledge = std::bitset<384>;
  using bytes = std::vector<std::byte>;

  enum action : std::uint8_t { operate, deliver, meet, acknowledge, gossip, collect, leave, come, new_life, join_late, evict };
  enum class verb : std::uint8_t { add, ban, up, down, make, reset, earn, give };

 public:
  static constexpr const char* name = "members";

  [[nodiscard]] static side_script make(std::uint64_t seed) {
    skerry::splitmix64 rng{seed ^ 0x6d656d62};
    side_script s;
    s.seed = seed;
    const std::uint64_t on = rng();
    for (std::size_t i = 60 + rng() % 60; i > 0; --i) {
      constexpr std::array<action, 20> all{operate, operate, operate, operate, operate, operate, deliver, deliver, deliver,
                                           meet,    meet,    gossip,  collect, collect, collect, leave,   come,    acknowledge};
      action what = all[rng() % all.size()];
      if (const std::uint64_t odd = rng() % 40; odd < 3) {
        what = odd == 0 ? evict : (odd == 1 ? new_life : join_late);
      }
      if (what >= leave && what != come && (on >> what & 1) == 0) {
        what = operate;
      }
      s.events.push_back({what, static_cast<std::uint32_t>(rng() % 65'536), static_cast<std::uint32_t>(rng() % 65'536)});
    }
    return s;
  }
  [[nodiscard]] static const char* action_name(std::uint8_t what) {
    constexpr std::array<const char*, 11> names{"operate", "deliver", "meet",     "acknowledge", "gossip", "collect",
                                                "leave",   "come",    "new_life", "join_late",   "evict"};
    return names[what];
  }

  [[nodiscard]] std::string run(const side_script& script) {
    begin(script);
    for (const side_event& e : script.events) {
      act(e);
      if (!why_.empty() || events_.size() + 80 > knowledge{}.size()) {
        break;
      }
    }
    if (why_.empty()) {
      finish();
    }
    return why_;
  }
  [[nodiscard]] std::string met() const {
    return "operations=" + std::to_string(operations_) + " collected=" + std::to_string(collected_) + " fenced=" + std::to_string(fenced_) +
           " evicted=" + std::to_string(evicted_) + " returned=" + std::to_string(returned_) + " new_lives=" + std::to_string(new_lives_) +
           " joined_late=" + std::to_string(joined_) + " lost_with_a_life=" + std::to_string(lost_) + " pieces=" + std::to_string(pieces_);
  }

 private:
  struct event {
    verb what = verb::add;
    bool tidies = false;
    int key = 0;
    std::int64_t value = 0;
    knowledge seen{};
  };
  struct message {
    std::size_t id = 0;
    state::actor who{};
    std::uint64_t n = 0;
    bytes frame{};
  };
  struct part {
    node r{};
    knowledge known{};
    bool away = false;
    bool evicted = false;
  };

  void fail(const std::string& why) { why_ = why_.empty() ? why : why_; }
  [[nodiscard]] static bool takes_part(const part& p) { return !p.evicted && !p.away; }

  void begin(const side_script& script) {
    why_.clear();
    rng_ = skerry::splitmix64{script.seed};
    parts_.clear();
    events_.clear();
    messages_.clear();
    wrote().clear();
    lives_ = 0;
    finishing_ = false;
    for (std::size_t i = 0; i < 3 + script.seed % 2; ++i) {
      add_node();
    }
    for (auto& p : parts_) {
      for (auto& q : parts_) {
        expect(p->r.enrol(q->r.self(), state::role::device), "a member was not enrolled");
      }
    }
  }
  void add_node() {
    parts_.push_back(std::make_unique<part>());
    expect(node::create(parts_.back()->r, parts_.size(), state::role::device, state::epoch_rule::every_open, {}, rng_, 0),
           "a replica could not be created");
  }
  void expect(const skerry::status& s, const std::string& otherwise) {
    if (!s) {
      fail(otherwise + ": " + std::string{skerry::to_string(s.error())});
    }
  }

  void act(const side_event& e) {
    part& p = *parts_[e.a % parts_.size()];
    part& q = *parts_[e.b % parts_.size()];
    switch (e.what) {
      case operate: do_operation(p, e); break;
      case deliver: take_delta(p, e.b); break;
      case meet: take_all(p, q, e.a / 64 % 2 == 0, e.b / 64); break;
      case acknowledge:
        if (takes_part(p) && p.r.acknowledge()) {
          pass_fence(p, q, e.b / 64);
        }
        break;
      case gossip: tell_round(e.a % 3 == 0, e.b); break;
      case collect: tidy_up(p); break;
      case leave: p.away = true; break;
      case come: p.away = false; break;
      default: change(p, e); break;
    }
    check(p);
    check(q);
  }
  /// Acknowledgements run round while data may lag behind.
  void tell_round(bool with_data, std::uint32_t chance) {
    for (int round = 0; round < 2; ++round) {
      for (auto& to : parts_) {
        for (auto& from : parts_) {
          pass_fence(*from, *to, chance);
          if (with_data && to != from && takes_part(*to) && takes_part(*from)) {
            take_all(*to, *from, true, chance);
          }
        }
        if (takes_part(*to) && !to->r.must_rejoin()) {
          expect(to->r.acknowledge(), "a member could not acknowledge");
        }
      }
    }
  }

  void note(part& p, event e, const skerry::result<state::delta_view>& delta) {
    e.seen = p.known;
    events_.push_back(e);
    p.known.set(events_.size() - 1);
    const state::actor who = p.r.self();
    const std::uint64_t n = p.r.store().next(who) - 1;
    wrote().emplace(std::pair{who, n}, events_.size());
    messages_.push_back({events_.size() - 1, who, n, {delta.value().bytes().begin(), delta.value().bytes().end()}});
  }

  void do_operation(part& p, const side_event& e) {
    event done;
    done.what = static_cast<verb>(e.b / 64 % 8);
    done.key = static_cast<int>(e.a / 64 % 2);
    done.value = 1 + e.a / 128 % 5;
    node& r = p.r;
    const auto answered = [&](const skerry::result<state::delta_view>& delta) {
      if (delta) {
        ++operations_;
        note(p, done, delta);
      } else if (delta.error() != errc::invalid && !(delta.error() == errc::fenced && (p.evicted || done.what == verb::give))) {
        fail("an operation was refused: " + std::string{skerry::to_string(delta.error())});
      }
    };
    switch (done.what) {
      case verb::add: answered(r.add<banned>(done.key)); break;
      case verb::ban: answered(r.remove<banned>(done.key)); break;
      case verb::up: answered(r.inc<stock>(done.value)); break;
      case verb::down: answered(r.dec<stock>(done.value)); break;
      case verb::make: answered(r.inc<parts>(done.value)); break;
      case verb::reset: answered(r.reset<parts>()); break;
      case verb::earn: answered(r.inc<credit>(done.value)); break;
      case verb::give: answered(r.transfer<credit>(parts_[e.b % parts_.size()]->r.self(), done.value)); break;
    }
  }
  bool tidy_up(part& p) {
    if (!takes_part(p) || events_.size() + 2 > knowledge{}.size()) {
      return false;
    }
    const auto delta = p.r.collect();
    if (!delta) {
      if (delta.error() != errc::absent && delta.error() != errc::fenced) {
        fail("collecting was refused: " + std::string{skerry::to_string(delta.error())});
      }
      return false;
    }
    event e;
    e.tidies = true;
    note(p, e, delta);
    ++collected_;
    return true;
  }

  void take_delta(part& p, std::uint32_t which) {
    if (messages_.empty() || p.away) {
      return;
    }
    const message& m = messages_[which % messages_.size()];
    if ((events_[m.id].seen & ~p.known).any()) {
      return;  // deltas that overtake others are the other world's
    }
    const bool ruled_out = !p.known[m.id] && p.r.store().contains(m.who, m.n);
    const auto taken = p.r.accept(m.frame, 0);
    if (taken || goes_on(p, taken.error(), [&](node& bare) { return static_cast<bool>(bare.accept(m.frame, 0)); })) {
      p.known.set(m.id, p.known[m.id] || !ruled_out);
    }
  }
  void take_all(part& p, const part& q, bool joined, std::uint32_t chance) {
    if (p.away || q.away || &p == &q) {
      return;
    }
    // Of a life whose end all have heard of, what none of them has is ruled out for ever: whoever was away with it comes too late.
    knowledge ruled_out;
    for (const message& m : messages_) {
      ruled_out.set(m.id, q.known[m.id] && !p.known[m.id] && p.r.store().contains(m.who, m.n));
    }
    errc e = errc::ok;
    if (joined) {
      e = p.r.join(q.r).error();
    } else {
      bytes frame = all_of(q.r);
      e = p.r.accept(frame, 0).error();
    }
    if (e == errc::ok || goes_on(p, e, [&](node& bare) { return static_cast<bool>(bare.accept(all_of(q.r), 0)); })) {
      p.known |= q.known & ~ruled_out;
      look_after(p, chance);
    }
  }
  [[nodiscard]] bytes all_of(const node& r) {
    bytes frame(8192);
    skerry::byte_writer out{frame};
    expect(r.encode(out), "a replica could not be encoded");
    frame.resize(out.written().size());
    return frame;
  }
  /// Whether a board takes for taken what its replica has refused.
  template <typename Fill>
  bool goes_on(part& p, errc why, Fill&& fill) {
    if (why != errc::fenced) {
      fail("a good frame was refused: " + std::string{skerry::to_string(why)});
      return false;
    }
    ++fenced_;
    if (on(defect::folded_epoch_counts_as_seen)) {
      return true;  // old epochs are in the sums already, are they not?
    }
    if (on(defect::fence_ignored)) {
      const auto bare = std::make_unique<node>();
      return fill(*bare) && join_raw(p.r, *bare);
    }
    return false;
  }
  /// What a replica without fences would do.
  static bool join_raw(node& r, const node& from) {
    using store_type = typename node::store_type;
    auto& store = const_cast<store_type&>(r.store());
    const typename store_type::everything all{from.store()};
    state::join_report report;
    const auto prune = [&store](typename store_type::index slot, const state::actor& writer) {
      node::schema_type::visit(store.key(slot).path, [&]<typename P>() {
        if constexpr (requires(const state::record_view& v) { P::policy::obsolete(v, v); }) {
          store.prune(slot, writer, [](const state::record_view& v, const state::record_view& by) { return P::policy::obsolete(v, by); });
        }
      });
    };
    return static_cast<bool>(store.join(state::streamed_delta<limits::actors>{all}, r.self(), report, prune));
  }

  void tell(const part& from, part& to) {
    bytes frame(8192);
    skerry::byte_writer out{frame};
    expect(from.r.write_fence(out), "a fence frame could not be written");
    expect(to.r.accept(out.written(), 0).error(), "a fence frame was refused");
  }
  void pass_fence(part& from, part& to, std::uint32_t chance) {
    if (!from.away && !to.away && &from != &to) {
      const std::uint64_t how = skerry::hash64(chance + events_.size(), 11);
      if (finishing_ || how % 2 == 0) {
        tell(from, to);
      } else {
        tell_in_pieces(from, to, how);
      }
      look_after(to, chance);
    }
  }
  /// In frames of 100 to 163 bytes, of which some are lost, in any order, twice.
  void tell_in_pieces(part& from, part& to, std::uint64_t how) {
    skerry::splitmix64 rng{how};
    std::vector<bytes> pieces;
    state::fence_place place;
    for (std::size_t size = 1; size > 0 && why_.empty();) {
      bytes frame(100 + rng() % 64);
      const auto written = from.r.write_fence(frame, place);
      expect(written.error(), "a piece of a fence frame could not be written");
      size = written.value_or(0);
      frame.resize(size);
      if (size > 0) {
        pieces.push_back(frame);
      }
    }
    for (std::size_t i = 2 * pieces.size(); i > 0 && !pieces.empty(); --i) {
      if (const std::uint64_t which = rng(); which % 4 != 0) {
        expect(to.r.accept(pieces[which / 4 % pieces.size()], 0).error(), "a piece of a fence frame was refused");
        ++pieces_;
      }
    }
  }
  /// Who hears that it has been evicted begins again.
  void look_after(part& p, std::uint32_t chance) {
    if (!p.r.must_rejoin()) {
      return;
    }
    p.evicted = true;
    if (!finishing_ && skerry::hash64(chance + parts_.size(), 7) % 2 == 0) {
      return;  // goes on alone for a while
    }
    part* sponsor = nullptr;
    for (auto& q : parts_) {
      if (takes_part(*q) && q.get() != &p) {
        tell(p, *q);
        sponsor = !q->r.must_rejoin() ? q.get() : sponsor;
      }
    }
    if (sponsor == nullptr) {
      return;
    }
    const auto lost = p.r.rejoin(rng_);
    expect(lost.error(), "a life could not begin again");
    lost_ += lost && lost.value() > 0 ? 1 : 0;
    p.known.reset();
    tell(p, *sponsor);  // raises the fence of the old life to what it has of it
    tell(*sponsor, p);
    const errc joined = p.r.join(sponsor->r).error();
    if (joined != errc::ok && !on(defect::fence_ignored)) {
      fail("who came back was refused: " + std::string{skerry::to_string(joined)});
    }
    p.known = sponsor->known;
    p.evicted = p.r.must_rejoin();
    ++returned_;
  }
  void change(part& p, const side_event& e) {
    if (!takes_part(p) || p.r.must_rejoin()) {
      return;
    }
    if (e.what == new_life && lives_ < 10) {
      expect(p.r.as_new_life(rng_), "no new life began");
      expect(p.r.retire_old_lives(), "old lives could not retire");
      ++new_lives_;
      ++lives_;
    } else if (e.what == join_late && parts_.size() < 5) {
      add_node();
      part& fresh = *parts_.back();
      for (auto& q : parts_) {
        if (takes_part(*q) && q.get() != &fresh && !q->r.must_rejoin()) {
          tell(fresh, *q);  // is waited for before it takes over what is known, and writes
          expect(fresh.r.join(q->r), "who came late was refused");
          fresh.known = q->known;
          break;
        }
      }
      ++joined_;
    } else if (e.what == evict) {
      std::size_t current = 0;
      p.r.members().current().for_each([&current](const state::actor&) { ++current; });
      part& gone = *parts_[e.b % parts_.size()];
      if (&gone != &p && current > 2 && p.r.members().is_current(gone.r.self())) {
        expect(p.r.retire(gone.r.self(), e.b / 64 % 4 == 0 ? state::actor{} : p.r.self()), "a member could not be retired");
        gone.evicted = true;
        ++evicted_;
      }
    }
  }

  /// What a replica with this knowledge must read, from what was done.
  void check(const part& p) {
    if (p.evicted) {
      return;  // what it does reaches nobody, so the others do not wait for it, and it may see together what they keep apart
    }
    std::int64_t stocked = 0;
    std::int64_t made = 0;
    std::uint64_t earned = 0;
    for (std::size_t e = 0; e < events_.size(); ++e) {
      const event& done = events_[e];
      if (!p.known[e] || done.tidies) {
        continue;
      }
      stocked += done.what == verb::up ? done.value : (done.what == verb::down ? -done.value : 0);
      earned += done.what == verb::earn ? static_cast<std::uint64_t>(done.value) : 0;
      if (done.what == verb::make) {
        bool taken_back = false;
        for (std::size_t f = e + 1; f < events_.size() && !taken_back; ++f) {
          taken_back = events_[f].what == verb::reset && !events_[f].tidies && p.known[f] && events_[f].seen[e];
        }
        made += taken_back ? 0 : done.value;
      }
    }
    for (int key = 0; key < 2; ++key) {
      if (p.r.contains<banned>(key).value() != is_in(p, key)) {
        fail("an element that was removed is back, or one that was added is gone");
      }
    }
    differs("stock", p.r.read<stock>().value_or(-1), stocked);
    differs("parts", p.r.read<parts>().value_or(-1), made);
    differs("credit", static_cast<std::int64_t>(p.r.read<credit>().value_or(0)), static_cast<std::int64_t>(earned));
    if (!p.r.must_rejoin()) {
      p.r.members().for_each([&](const state::member& m) {
        if (m.fenced() && p.r.store().next(m.who) - 1 > m.last) {
          fail("more of a retired life is here than its fence allows");
        }
      });
    }
  }
  void differs(const char* what, std::int64_t read, std::int64_t wanted) {
    if (read != wanted) {
      fail(std::string{what} + (read < wanted ? " counts less than was done" : " counts more than was done"));
    }
  }
  /// Remove wins: what nobody has overwritten must all say "in".
  [[nodiscard]] bool is_in(const part& p, int key) const {
    const auto counts = [&](std::size_t e) {
      const event& d = events_[e];
      return p.known[e] && !d.tidies && d.key == key && (d.what == verb::add || d.what == verb::ban);
    };
    bool any = false;
    bool all = true;
    for (std::size_t e = 0; e < events_.size(); ++e) {
      if (!counts(e)) {
        continue;
      }
      bool overwritten = false;
      for (std::size_t f = e + 1; f < events_.size() && !overwritten; ++f) {
        overwritten = counts(f) && events_[f].seen[e];
      }
      any = any || !overwritten;
      all = all && (overwritten || events_[e].what == verb::add);
    }
    return any && all;
  }

  /// Everybody who takes part comes together, and everything that can be tidied up is.
  void finish() {
    finishing_ = true;
    for (auto& p : parts_) {
      p->away = false;
      look_after(*p, 0);
    }
    for (int round = 0; round < 40 && why_.empty(); ++round) {
      bool any = false;
      for (auto& p : parts_) {
        for (auto& q : parts_) {
          pass_fence(*q, *p, 0);
          if (!p->evicted && !q->evicted) {
            take_all(*p, *q, true, 0);
          }
        }
        if (!p->evicted) {
          expect(p->r.acknowledge(), "a member could not acknowledge");
          while (why_.empty() && tidy_up(*p)) {
            any = true;
            check(*p);
          }
        }
      }
      for (auto& p : parts_) {
        check(*p);
      }
      if (!any && round > 8) {
        break;
      }
      if (round == 39) {
        fail("collecting never comes to an end");
      }
    }
    const part* first = nullptr;
    for (auto& p : parts_) {
      if (p->evicted || !why_.empty()) {
        continue;
      }
      first = first == nullptr ? p.get() : first;
      if (all_of(p->r) != all_of(first->r) || !(p->r.members() == first->r.members())) {
        fail("two members know the same and hold different bytes");
      }
    }
  }

  std::string why_{};
  skerry::splitmix64 rng_{0};
  std::vector<std::unique_ptr<part>> parts_{};
  std::vector<event> events_{};
  std::vector<message> messages_{};
  std::size_t lives_ = 0;
  bool finishing_ = false;
  std::uint64_t operations_ = 0, collected_ = 0, fenced_ = 0, evicted_ = 0, returned_ = 0, new_lives_ = 0, joined_ = 0, lost_ = 0,
                pieces_ = 0;
};

}  // namespace skerry_sim
