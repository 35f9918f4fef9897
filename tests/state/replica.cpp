// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/counters.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using small = state::replica<plant, waiting>;
using large = state::replica<plant, roomy>;

static_assert(skerry::join_semilattice<small> && skerry::encodable<small>);
static_assert(skerry::counter_block<state::replica_counters>);

// The firmware profile of the documentation: a register, a counter, a set, and a link.
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<std::int32_t, 8>;
};
static_assert(sizeof(state::replica<state::schema<setpoint, starts, alarms>>) <= 8192);

// What does not compile.
template <typename P, typename R>
concept removes = requires(R& r) {
  r.template remove<P>();
};
template <typename P, typename R>
concept counts_down = requires(R& r) {
  r.template dec<P>(1, "a", 1);
};
template <typename P, typename R>
concept picks = requires(const R& r) {
  r.template pick<P>();
};
static_assert(!removes<stock, small>, "a counter row that was removed would come back with the next increment");
static_assert(!removes<recipe, small>, "a permanent path is permanent");
static_assert(!counts_down<starts, small>);
static_assert(!picks<recipe, small> && !picks<stock, small>);

namespace {

/// Event histories and what they mean, kept apart from any store: who had seen what.
class oracle {
 public:
  struct operation {
    std::size_t by = 0;
    std::string key;
    bool removes = false;
    std::int64_t value = 0;
    state::stamp at{};
    state::actor who{};
    std::set<std::size_t> covers;
  };

  explicit oracle(std::size_t nodes) : knows_(nodes) {}

  std::size_t add(operation op, bool counts) {
    for (const std::size_t i : counts ? std::set<std::size_t>{} : alive(op.by, op.key)) {
      op.covers.insert(i);
    }
    all_.push_back(op);
    hear(op.by, all_.size() - 1, counts);
    return all_.size() - 1;
  }
  /// Rows hold totals, so who hears one hears all before it.
  void hear(std::size_t node, std::size_t id, bool counts) {
    knows_[node].has.insert(id);
    for (std::size_t i = 0; counts && i < id; ++i) {
      if (all_[i].by == all_[id].by && all_[i].key == all_[id].key) {
        knows_[node].has.insert(i);
      }
    }
    knows_[node].dead.insert(all_[id].covers.begin(), all_[id].covers.end());
  }
  void hear_all(std::size_t to, std::size_t from) {
    knows_[to].has.insert(knows_[from].has.begin(), knows_[from].has.end());
    knows_[to].dead.insert(knows_[from].dead.begin(), knows_[from].dead.end());
  }
  [[nodiscard]] std::vector<operation> live(std::size_t node, const std::string& key) const {
    std::vector<operation> found;
    for (const std::size_t i : alive(node, key)) {
      found.push_back(all_[i]);
    }
    return found;
  }
  [[nodiscard]] std::int64_t sum(std::size_t node, const std::string& key) const {
    std::int64_t total = 0;
    for (const std::size_t i : knows_[node].has) {
      total += all_[i].key == key ? all_[i].value : 0;
    }
    return total;
  }

 private:
  struct knowledge {
    std::set<std::size_t> has;
    std::set<std::size_t> dead;
  };
  [[nodiscard]] std::set<std::size_t> alive(std::size_t node, const std::string& key) const {
    std::set<std::size_t> found;
    for (const std::size_t i : knows_[node].has) {
      if (all_[i].key == key && !all_[i].removes && knows_[node].dead.count(i) == 0) {
        found.insert(i);
      }
    }
    return found;
  }

  std::vector<operation> all_;
  std::vector<knowledge> knows_;
};

struct tight : state::limits::firmware {
  static constexpr std::size_t actors = 3;
  static constexpr std::size_t keys = 3;
  static constexpr std::size_t records = 4;
  static constexpr std::size_t ranges = 1;
};
struct limit {
  static constexpr state::path at{"limit"};
  using policy = state::lww<float>;
  static constexpr auto writer = state::owner::cloud;
};
struct logbook {
  static constexpr state::path at{"logbook"};
  using policy = state::counter;
  static constexpr auto writer = state::owner::role<state::role::user_2>;
};
struct elsewhere {
  static constexpr state::path at{"elsewhere"};
  using policy = state::counter;
};
struct other_policy {
  static constexpr state::path at{"stock"};
  using policy = state::keep_both<int>;
};

struct message {
  std::size_t id = 0;
  bool counts = false;
  std::vector<std::byte> frame;
};

/// Some nodes, the oracle beside them, and every delta that was ever made.
struct world {
  static constexpr std::size_t nodes = 4;
  static constexpr std::uint32_t lines = 2;

  explicit world(std::uint64_t seed) : rng{seed}, truth{nodes} {
    for (std::size_t i = 0; i < nodes; ++i) {
      replicas.push_back(make<large>(i + 1, seed));
    }
  }

  void operate(std::size_t at) {
    large& r = replicas[at];
    const auto line = skerry::uniform_below(rng, lines);
    const auto value = static_cast<std::int64_t>(skerry::uniform_below(rng, 5)) + 1;
    const wall_ms wall{skerry::uniform_below(rng, 1000)};  // clocks that go anywhere
    const std::string l = std::to_string(line);
    oracle::operation op{at, {}, false, value, {}, r.self(), {}};
    const auto done = [&](const auto& delta, std::string key, bool counts, bool removes, std::int64_t v) {
      if (!delta) {
        REQUIRE(delta.error() == errc::absent);
        return;
      }
      op.key = std::move(key);
      op.removes = removes;
      op.value = v;
      op.at = r.clock().last();
      messages.push_back({truth.add(op, counts), counts, copy(delta.value().bytes())});
    };
    switch (skerry::uniform_below(rng, 8)) {
      case 0:
      case 1: done(r.write<setpoint>(static_cast<double>(value) / 4, wall, line), "setpoint" + l, false, false, value); break;
      case 2: done(r.remove<setpoint>(line), "setpoint" + l, false, true, 0); break;
      case 3: done(r.write<mode>(value, wall, line), "mode" + l, false, false, value); break;
      case 4: done(r.remove<mode>(line), "mode" + l, false, true, 0); break;
      case 5: done(r.write<recipe>(static_cast<std::int32_t>(value), wall), "recipe", false, false, value); break;
      case 6: done(r.inc<starts>(value, line, "m"), "starts" + l, true, false, value); break;
      default:
        if (skerry::uniform_below(rng, 2) == 0) {
          done(r.inc<stock>(value), "stock", true, false, value);
        } else {
          done(r.dec<stock>(value), "stock", true, false, -value);
        }
    }
  }
  void deliver(std::size_t to, const message& m) {
    const auto before = replicas[to].store().context();
    REQUIRE(replicas[to].accept(m.frame, 0));
    REQUIRE(replicas[to].store().context().includes(before));
    truth.hear(to, m.id, m.counts);
  }
  void check(std::size_t at) {
    const large& r = replicas[at];
    for (std::uint32_t line = 0; line < lines; ++line) {
      const std::string l = std::to_string(line);
      check_latest(at, r.read<setpoint>(line), "setpoint" + l, 4.0);
      std::set<std::int64_t> expected;
      for (const auto& op : truth.live(at, "mode" + l)) {
        expected.insert(op.value);
      }
      std::set<std::int64_t> got;
      for (const std::int64_t v : r.siblings<mode>(line)) {
        got.insert(v);
      }
      REQUIRE(got == expected);
      REQUIRE(r.siblings<mode>(line).size() == expected.size());
      REQUIRE(r.read<starts>(line, "m").value() == static_cast<std::uint64_t>(truth.sum(at, "starts" + l)));
    }
    check_latest(at, r.read<recipe>(), "recipe", 1.0);
    REQUIRE(r.read<stock>().value() == truth.sum(at, "stock"));
  }
  template <typename Value>
  void check_latest(std::size_t at, const Value& read, const std::string& key, double scale) {
    const auto live = truth.live(at, key);
    REQUIRE(static_cast<bool>(read) == !live.empty());
    if (!live.empty()) {
      const auto best = std::max_element(live.begin(), live.end(),
                                         [](const auto& a, const auto& b) { return a.at != b.at ? a.at < b.at : a.who < b.who; });
      REQUIRE(static_cast<double>(read.value()) * scale == static_cast<double>(best->value));
    }
  }

  skerry::splitmix64 rng;
  oracle truth;
  std::vector<large> replicas;
  std::vector<message> messages;
};

}  // namespace

TEST_CASE("reads answer what the event history says, whatever the network does", "[state][replica]") {
  std::size_t siblings = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    world w{seed};
    for (int step = 0; step < 60; ++step) {
      const auto at = skerry::uniform_below(w.rng, world::nodes);
      const auto what = skerry::uniform_below(w.rng, 10);
      if (what < 5) {
        w.operate(at);
      } else if (what < 9 && !w.messages.empty()) {  // any delta ever made: late, again, out of order; the rest is lost
        w.deliver(at, w.messages[skerry::uniform_below(w.rng, static_cast<std::uint32_t>(w.messages.size()))]);
      } else {
        const auto from = skerry::uniform_below(w.rng, world::nodes);
        REQUIRE(w.replicas[at].join(w.replicas[from]));
        w.truth.hear_all(at, from);
      }
      w.check(at);
      siblings += w.replicas[at].siblings<mode>(0).size() > 1 ? 1 : 0;
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t to = 0; to < world::nodes; ++to) {
        for (std::size_t from = 0; from < world::nodes; ++from) {
          REQUIRE(w.replicas[to].join(w.replicas[from]));
          w.truth.hear_all(to, from);
        }
      }
    }
    for (std::size_t i = 0; i < world::nodes; ++i) {
      w.check(i);
      REQUIRE(bytes_of(w.replicas[i]) == bytes_of(w.replicas[0]));
    }
  }
  CHECK(siblings > 100);  // a workload that never conflicts proves nothing
}

TEST_CASE("deltas in any order and any number are the state", "[state][replica]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    world w{seed};
    for (int step = 0; step < 50; ++step) {
      w.operate(skerry::uniform_below(w.rng, world::nodes));
      if (skerry::uniform_below(w.rng, 2) == 0 && !w.messages.empty()) {
        w.deliver(skerry::uniform_below(w.rng, world::nodes),
                  w.messages[skerry::uniform_below(w.rng, static_cast<std::uint32_t>(w.messages.size()))]);
      }
    }
    auto all = make<large>(90, seed);
    for (const large& r : w.replicas) {
      REQUIRE(all.join(r));
    }
    std::vector<const message*> order;
    for (const message& m : w.messages) {
      order.push_back(&m);
      if (skerry::uniform_below(w.rng, 2) == 0) {
        order.push_back(&m);
      }
    }
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[skerry::uniform_below(w.rng, static_cast<std::uint32_t>(i))]);
    }
    auto heard = make<large>(91, seed);
    for (const message* m : order) {
      REQUIRE(heard.accept(m->frame, 0));
    }
    REQUIRE(bytes_of(heard) == bytes_of(all));
    // And the whole state as one frame.
    auto told = make<large>(92, seed);
    REQUIRE(told.accept(bytes_of(all), 0));
    REQUIRE(bytes_of(told) == bytes_of(all));
  }
}

TEST_CASE("join is commutative, associative and idempotent, down to the canonical bytes", "[state][replica][laws]") {
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    CAPTURE(seed);
    world w{seed};
    for (int step = 0; step < 40; ++step) {
      w.operate(skerry::uniform_below(w.rng, 3));
      if (!w.messages.empty() && skerry::uniform_below(w.rng, 2) == 0) {
        w.deliver(skerry::uniform_below(w.rng, 3), w.messages[skerry::uniform_below(w.rng, static_cast<std::uint32_t>(w.messages.size()))]);
      }
    }
    const large a = w.replicas[0];
    const large b = w.replicas[1];
    const large c = w.replicas[2];
    const auto joined = [](large x, const large& y) {
      REQUIRE(x.join(y));
      return x;
    };
    REQUIRE(bytes_of(joined(a, b)) == bytes_of(joined(b, a)));
    REQUIRE(bytes_of(joined(joined(a, b), c)) == bytes_of(joined(a, joined(b, c))));
    REQUIRE(bytes_of(joined(a, a)) == bytes_of(a));
    large self = a;
    REQUIRE(self.join(self));
    REQUIRE(bytes_of(self) == bytes_of(a));
  }
}

TEST_CASE("a mutator is the join of its own delta", "[state][replica][laws]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    world w{seed};
    for (int step = 0; step < 60; ++step) {
      const auto at = skerry::uniform_below(w.rng, world::nodes);
      large before = w.replicas[at];
      const auto made = w.messages.size();
      w.operate(at);
      if (w.messages.size() > made) {
        REQUIRE(before.accept(w.messages.back().frame, 0));
      }
      REQUIRE(bytes_of(before) == bytes_of(w.replicas[at]));
    }
  }
}

TEST_CASE("every event in the store is in the context", "[state][replica][laws]") {
  world w{5};
  for (int step = 0; step < 100; ++step) {
    w.operate(skerry::uniform_below(w.rng, world::nodes));
  }
  for (const large& r : w.replicas) {
    r.store().for_each_key([&](auto slot) {
      r.store().records(slot).for_each([&](const state::record_view& v) { REQUIRE(r.store().contains(v.who, v.n)); });
    });
  }
}

TEST_CASE("a frame with a byte missing or a bit turned is refused and changes nothing", "[state][replica][hostile]") {
  world w{11};
  for (int step = 0; step < 12; ++step) {
    w.operate(skerry::uniform_below(w.rng, 2));
  }
  auto victim = make<large>(50);
  REQUIRE(victim.write<recipe>(3, wall_ms{5}));
  const auto before = bytes_of(victim);
  std::vector<std::vector<std::byte>> frames;
  for (const message& m : w.messages) {
    frames.push_back(m.frame);
  }
  frames.push_back(bytes_of(w.replicas[0]));
  std::uint64_t refused = 0;
  for (const auto& frame : frames) {
    for (std::size_t cut = 0; cut < frame.size(); ++cut) {
      REQUIRE_FALSE(victim.accept(std::span{frame}.first(cut), 0));
      ++refused;
    }
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      auto damaged = frame;
      damaged[bit / 8] ^= std::byte{1} << (bit % 8);
      REQUIRE_FALSE(victim.accept(damaged, 0));
      ++refused;
    }
  }
  CHECK(bytes_of(victim) == before);
  const auto& c = victim.counters();
  CHECK(c.refused_corrupt + c.refused_truncated + c.refused_unsupported + c.refused_full + c.refused_mismatch == refused);
}

TEST_CASE("a damaged frame with a right checksum is refused unchanged, or leaves a state that still agrees", "[state][replica][hostile]") {
  world w{12};
  for (int step = 0; step < 30; ++step) {
    w.operate(skerry::uniform_below(w.rng, 3));
  }
  skerry::splitmix64 rng{77};
  std::vector<std::vector<std::byte>> frames;
  for (const message& m : w.messages) {
    frames.push_back(m.frame);
  }
  for (const large& r : w.replicas) {
    frames.push_back(bytes_of(r));
  }
  small victim = make<small>(50);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 30000; ++round) {
    auto frame = frames[skerry::uniform_below(rng, static_cast<std::uint32_t>(frames.size()))];
    for (std::uint32_t i = skerry::uniform_below(rng, 3); i < 3; ++i) {
      frame[2 + skerry::uniform_below(rng, static_cast<std::uint32_t>(frame.size() - 6))] = static_cast<std::byte>(rng());
    }
    if (skerry::uniform_below(rng, 4) == 0) {
      frame.resize(6 + skerry::uniform_below(rng, static_cast<std::uint32_t>(frame.size() - 6)));
    }
    const auto crc = skerry::crc32c(std::span<const std::byte>{frame}.first(frame.size() - 4));
    for (std::size_t i = 0; i < 4; ++i) {
      frame[frame.size() - 4 + i] = static_cast<std::byte>(crc >> (8 * i));
    }
    const auto before = bytes_of(victim);
    CAPTURE(round);
    if (victim.accept(frame, 0)) {
      ++accepted;
      const auto after = bytes_of(victim);
      REQUIRE(victim.accept(frame, 0));
      REQUIRE(bytes_of(victim) == after);
      REQUIRE_FALSE(after.empty());
      if (victim.store().record_count() > 60 || victim.store().actors().size() > 24) {
        victim = make<small>(50);
      }
    } else {
      ++refused;
      REQUIRE(bytes_of(victim) == before);
    }
  }
  CHECK(accepted > 100);
  CHECK(refused > 1000);
}

TEST_CASE("random bytes are refused", "[state][replica][hostile]") {
  skerry::splitmix64 rng{3};
  auto victim = make<small>(1);
  const auto before = bytes_of(victim);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> frame(skerry::uniform_below(rng, 80));
    for (auto& b : frame) {
      b = static_cast<std::byte>(rng());
    }
    if (frame.size() > 2) {
      frame[0] = std::byte{0x13};
      frame[1] = static_cast<std::byte>(2 | (rng() & 5));
    }
    REQUIRE_FALSE(victim.accept(frame, 0));
  }
  CHECK(bytes_of(victim) == before);
}

TEST_CASE("a full replica refuses a join as a whole and names what it lacks", "[state][replica]") {
  using tiny = state::replica<plant, tight>;
  auto a = make<tiny>(1);
  auto b = make<tiny>(2);
  REQUIRE(a.write<mode>(1, wall_ms{1}, 1));
  REQUIRE(a.write<mode>(1, wall_ms{1}, 2));
  REQUIRE(a.write<mode>(1, wall_ms{1}, 3));
  const auto before = bytes_of(a);
  CHECK(a.write<mode>(1, wall_ms{1}, 4).error() == errc::full);
  CHECK(a.lacking() == state::resource::keys);
  REQUIRE(b.write<mode>(2, wall_ms{1}, 1));
  REQUIRE(b.write<mode>(2, wall_ms{1}, 2));
  CHECK(a.join(b).error() == errc::full);
  CHECK(a.lacking() == state::resource::records);
  CHECK(bytes_of(a) == before);
  CHECK(a.counters().refused_full == 2);

  // What dies in the same join makes room.
  REQUIRE(b.join(tiny{}));
  auto c = make<tiny>(3);
  REQUIRE(c.join(a));
  REQUIRE(c.remove<mode>(1));
  REQUIRE(c.write<mode>(9, wall_ms{1}, 4));
  CHECK(a.join(c));
  CHECK(bytes_of(a) == bytes_of(c));

  // A third actor more than there is room for.
  auto d = make<tiny>(4);
  REQUIRE(d.inc<stock>(1));
  REQUIRE(b.join(d));
  CHECK(b.join(a).error() == errc::full);
  CHECK(b.lacking() == state::resource::actors);
}

TEST_CASE("events out of order beyond the room for gaps are refused, never guessed, and taken when offered again", "[state][replica]") {
  auto a = make<small>(1);
  std::vector<std::vector<std::byte>> frames;
  for (int i = 0; i < 60; ++i) {
    frames.push_back(copy(a.write<mode>(i, wall_ms{1}, i % 7).value().bytes()));
  }
  auto b = make<small>(2);
  std::size_t refusals = 0;
  for (std::size_t taken = 0; taken < frames.size();) {
    taken = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto& frame = frames[(i * 37) % frames.size()];  // 37 and 60 share no factor: a fixed shuffle
      const auto before = bytes_of(b);
      if (b.accept(frame, 0)) {
        ++taken;
      } else {
        ++refusals;
        REQUIRE(b.lacking() == state::resource::ranges);
        REQUIRE(bytes_of(b) == before);
      }
    }
  }
  CHECK(refusals > 0);
  CHECK(bytes_of(a) == bytes_of(b));
}

TEST_CASE("a far event costs no memory and no time", "[state][replica]") {
  // One record of an actor at 10^18, and a delta that covers all below it.
  state::local_delta<roomy::actors, roomy::ranges> delta;
  const state::actor far{77, 1, 5};
  REQUIRE(delta.covers.append(far, 1, 1'000'000'000'000'000'000));
  REQUIRE(delta.covers.append({78, 1, 5}, 18'000'000'000'000'000'000u, 18'000'000'000'000'000'001u));
  std::vector<std::byte> bytes(200);
  skerry::byte_writer out{bytes};
  REQUIRE(state::write_delta<64>(out, &far, delta, [](const state::key_ref&, std::span<char>) { return std::size_t{0}; }));
  auto r = make<large>(1);
  REQUIRE(r.write<recipe>(1, wall_ms{1}));
  REQUIRE(r.accept(out.written(), 0));
  CHECK(r.store().contains(far, 999'999'999'999'999'999));
  CHECK(r.read<recipe>().value() == 1);
}

TEST_CASE("equal stamps decide alike everywhere", "[state][replica][trap]") {
  auto a = make<small>(1);
  auto b = make<small>(2);
  const auto first = copy(a.write<recipe>(10, wall_ms{500}).value().bytes());
  const auto second = copy(b.write<recipe>(20, wall_ms{500}).value().bytes());
  REQUIRE(a.clock().last() == b.clock().last());
  REQUIRE(a.accept(second, 0));
  REQUIRE(b.accept(first, 0));
  CHECK(a.read<recipe>().value() == 20);  // the greater actor
  CHECK(b.read<recipe>().value() == 20);
}

TEST_CASE("an event that comes with two contents ends alike everywhere and is reported", "[state][replica][trap]") {
  auto a = make<small>(1);
  small clone = std::move(a);  // the memory of a board read out while it runs
  auto original = make<small>(1);
  REQUIRE(clone.self() == original.self());
  const auto one = copy(original.write<recipe>(10, wall_ms{500}).value().bytes());
  const auto other = copy(clone.write<recipe>(20, wall_ms{500}).value().bytes());
  auto x = make<small>(3);
  auto y = make<small>(4);
  REQUIRE(x.accept(one, 0));
  CHECK(x.accept(other, 0).value().verdict == state::detection::clone);
  REQUIRE(y.accept(other, 0));
  CHECK(y.accept(one, 0).value().verdict == state::detection::clone);
  CHECK(bytes_of(x) == bytes_of(y));
  CHECK(x.counters().clones == 1);
  // And the one whose name it is takes another before it writes again.
  const state::actor before = original.self();
  REQUIRE(original.accept(other, 0));
  REQUIRE(original.write<recipe>(30, wall_ms{501}));
  CHECK(original.self() != before);
  CHECK(original.self().generation == 2);
}

TEST_CASE("no event is used twice, also after an older image was put back", "[state][replica][trap]") {
  skerry::splitmix64 rng{1};
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.inc<stock>(3));
  const small image = a;
  REQUIRE(a.inc<stock>(4));
  REQUIRE(b.join(a));
  for (int restore = 0; restore < 3; ++restore) {
    a = image;
    CHECK(a.inc<stock>(5).error() == errc::needs_epoch);
    REQUIRE(a.as_new_life(rng));
    REQUIRE(a.inc<stock>(5));
    REQUIRE(b.join(a));
  }
  CHECK(b.read<stock>().value() == 3 + 4 + 15);
}

TEST_CASE("partial knowledge of the own past does not lead to reuse", "[state][replica][trap]") {
  // The memory of a board is lost, and it hears one event from the middle of its own past.
  auto a = make<small>(1);
  std::vector<std::vector<std::byte>> past;
  for (int i = 0; i < 4; ++i) {
    past.push_back(copy(a.inc<starts>(1, i, "m").value().bytes()));
  }
  auto again = make<small>(1);  // even with the same nonce: a broken source of randomness
  REQUIRE(again.self() == a.self());
  const auto heard = again.accept(past[1], 0);
  CHECK(heard.value().verdict == state::detection::amnesia_or_clone);
  REQUIRE(again.inc<starts>(10, 9, "m"));
  CHECK(again.self() != a.self());
  CHECK(again.counters().epochs == 2);
  REQUIRE(a.join(again));
  REQUIRE(again.join(a));
  CHECK(bytes_of(a) == bytes_of(again));
  CHECK(a.read<starts>(3, "m").value() == 1);
  CHECK(a.read<starts>(9, "m").value() == 10);
}

TEST_CASE("two live clones take one new epoch each, not one per message", "[state][replica][trap]") {
  skerry::splitmix64 rng{4};
  auto a = make<small>(1);
  REQUIRE(a.inc<stock>(2));
  small twin = a;
  REQUIRE(twin.as_new_life(rng));
  for (int i = 0; i < 20; ++i) {
    REQUIRE(twin.accept(copy(a.inc<stock>(1).value().bytes()), 0));
    REQUIRE(a.accept(copy(twin.inc<stock>(1).value().bytes()), 0));
  }
  REQUIRE(a.join(twin));
  REQUIRE(twin.join(a));
  CHECK(a.read<stock>().value() == 42);
  CHECK(a.store().actors().size() <= 4);
}

TEST_CASE("copies share no bookkeeping", "[state][replica][trap]") {
  skerry::splitmix64 rng{9};
  auto a = make<small>(1);
  REQUIRE(a.write<recipe>(1, wall_ms{1}));
  small copied = a;
  CHECK(copied.write<recipe>(2, wall_ms{2}).error() == errc::needs_epoch);
  CHECK(copied.read<recipe>().value() == 1);
  CHECK(a.write<recipe>(3, wall_ms{2}));  // the original goes on
  CHECK(copied.read<recipe>().value() == 1);
  REQUIRE(copied.as_new_life(rng));
  REQUIRE(copied.write<recipe>(4, wall_ms{3}));
  CHECK(a.read<recipe>().value() == 3);
  CHECK(copied.self().id == a.self().id);
  CHECK(copied.self() != a.self());
  // A move takes the identity along.
  const state::actor me = a.self();
  small moved = std::move(a);
  CHECK(moved.self() == me);
  CHECK(moved.write<recipe>(5, wall_ms{4}));
  CHECK(a.write<recipe>(6, wall_ms{5}).error() == errc::needs_epoch);  // NOLINT(bugprone-use-after-move)
  small& same = moved;
  moved = same;
  CHECK(moved.write<recipe>(7, wall_ms{6}));
}

TEST_CASE("a write that saw another one wins, although its clock lies years behind", "[state][replica][trap]") {
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(b.accept(copy(a.write<recipe>(1, wall_ms{1'790'000'000'000}).value().bytes()), 0));
  REQUIRE(a.accept(copy(b.write<recipe>(2, wall_ms{12}).value().bytes()), 0));
  CHECK(a.read<recipe>().value() == 2);
  CHECK(b.read<recipe>().value() == 2);
}

TEST_CASE("a clock of 2030 neither freezes nor inverts a key", "[state][replica][trap]") {
  constexpr std::uint64_t now = 1'790'000'000'000;
  constexpr std::uint64_t in_2030 = 1'900'000'000'000;
  auto good = make<small>(1);
  auto wrong = make<small>(2);
  REQUIRE(good.write<recipe>(1, wall_ms{now}));
  const auto frame = copy(wrong.write<recipe>(2, wall_ms{in_2030}).value().bytes());
  const auto before = bytes_of(good);
  CHECK(good.accept(frame, 1000).value().quarantined == 1);
  CHECK(bytes_of(good) == before);
  CHECK(good.clock().last().ms() == now);
  REQUIRE(good.write<recipe>(3, wall_ms{now + 5}));
  CHECK(good.clock().last().ms() == now + 5);
  // The own clock jumps there: it is not followed until somebody vouches.
  REQUIRE(good.write<recipe>(4, wall_ms{in_2030}));
  CHECK(good.clock().last().ms() == now + 5);
  CHECK(good.read<recipe>().value() == 4);
}

TEST_CASE("time that passes while nothing is written lets stamps of that time in", "[state][replica]") {
  constexpr std::uint64_t now = 1'790'000'000'000;
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.write<recipe>(1, wall_ms{now}));
  const auto frame = copy(b.write<recipe>(2, wall_ms{now + 7'200'000}).value().bytes());
  CHECK(a.accept(frame, 0).value().quarantined == 1);
  CHECK(a.accept(frame, 7'200'000).value().added == 1);
}

TEST_CASE("an older row of a counter that comes late does not count beside the newer one", "[state][replica][trap]") {
  // Found by the random histories: the third delta covers the second event but not the first, so the first row came in as live
  // and its increments were counted twice until the second delta arrived.
  auto a = make<small>(1);
  const auto first = copy(a.inc<stock>(2).value().bytes());
  REQUIRE(a.inc<stock>(3));
  const auto third = copy(a.inc<stock>(4).value().bytes());
  auto b = make<small>(2);
  REQUIRE(b.accept(third, 0));
  REQUIRE(b.accept(first, 0));
  CHECK(b.read<stock>().value() == 9);
  auto c = make<small>(3);
  REQUIRE(c.accept(first, 0));
  REQUIRE(c.accept(third, 0));
  CHECK(bytes_of(b) == bytes_of(c));
}

TEST_CASE("removed and never seen are told apart", "[state][replica][trap]") {
  auto a = make<small>(1);
  auto b = make<small>(2);
  const auto write = copy(a.write<setpoint>(1.5, wall_ms{1}, "north").value().bytes());
  REQUIRE(b.accept(write, 0));
  const auto removal = copy(b.remove<setpoint>("north").value().bytes());
  REQUIRE(b.accept(write, 0));  // late and repeated: dead
  CHECK(b.read<setpoint>("north").error() == errc::absent);
  REQUIRE(a.accept(removal, 0));
  CHECK(a.read<setpoint>("north").error() == errc::absent);
  CHECK(a.store().key_count() == 0);  // no trace but the context
  auto c = make<small>(3);
  REQUIRE(c.accept(removal, 0));  // the removal first
  REQUIRE(c.accept(write, 0));
  CHECK(c.read<setpoint>("north").error() == errc::absent);
}

TEST_CASE("removing and writing again revives nothing", "[state][replica][trap]") {
  auto a = make<small>(1);
  auto b = make<small>(2);
  const auto old = copy(a.write<mode>(1, wall_ms{1}, 1).value().bytes());
  REQUIRE(b.accept(old, 0));
  REQUIRE(a.accept(copy(b.remove<mode>(1).value().bytes()), 0));
  REQUIRE(b.accept(copy(a.write<mode>(2, wall_ms{1}, 1).value().bytes()), 0));
  REQUIRE(b.accept(old, 0));
  CHECK(b.siblings<mode>(1).size() == 1);
  CHECK(b.pick<mode>(1).value() == 2);
}

TEST_CASE("a peer that knows less does not take a removed record back", "[state][replica][trap]") {
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.write<mode>(1, wall_ms{1}, 1));
  REQUIRE(b.join(a));
  REQUIRE(a.remove<mode>(1));
  REQUIRE(b.inc<stock>(1));  // b's clock is now ahead of a's in b's own column: no reason to take b's records
  REQUIRE(a.join(b));
  CHECK(a.siblings<mode>(1).empty());
  REQUIRE(b.join(a));
  CHECK(b.siblings<mode>(1).empty());
}

TEST_CASE("amounts that are not above zero and sums that would wrap are refused", "[state][replica][trap]") {
  auto a = make<small>(1);
  CHECK(a.inc<stock>(0).error() == errc::invalid);
  CHECK(a.inc<stock>(-5).error() == errc::invalid);
  CHECK(a.dec<stock>(-5).error() == errc::invalid);
  REQUIRE(a.inc<starts>(0xffff'ffff'ffff'ffff, 1, "m"));
  CHECK(a.inc<starts>(1, 1, "m").error() == errc::full);
  CHECK(a.read<starts>(1, "m").value() == 0xffff'ffff'ffff'ffff);
  auto b = make<small>(2);
  REQUIRE(b.inc<starts>(1, 1, "m"));
  REQUIRE(a.join(b));
  CHECK(a.read<starts>(1, "m").error() == errc::full);  // each row fits, their sum does not
}

TEST_CASE("equal replicas have equal bytes, whatever the order in which they met actors and keys", "[state][replica][trap]") {
  auto a = make<small>(1);
  auto b = make<small>(2);
  for (int i = 9; i > 0; --i) {
    REQUIRE(a.write<mode>(i, wall_ms{1}, i));
    REQUIRE(b.write<mode>(-i, wall_ms{1}, i * 7 % 10));
  }
  auto x = make<small>(3);
  auto y = make<small>(4);
  REQUIRE(x.join(a));
  REQUIRE(x.join(b));
  REQUIRE(y.join(b));
  REQUIRE(y.join(a));
  CHECK(bytes_of(x) == bytes_of(y));
}

TEST_CASE("explain names every live record, the winner and why", "[state][replica]") {
  auto a = make<small>(1, 1, {.trust_floor = wall_ms{400}});
  auto b = make<small>(2, 1, {.trust_floor = wall_ms{400}});
  CHECK(a.explain("mode/1").known);
  CHECK(a.explain("mode/1").why == state::why::nothing);
  CHECK_FALSE(a.explain("nowhere").known);
  CHECK_FALSE(a.explain("mode").known);
  CHECK_FALSE(a.explain("mode/").known);
  REQUIRE(a.write<setpoint>(1.0, wall_ms{300}, 1));
  CHECK(a.explain("desired/setpoint/1").why == state::why::only_one);
  CHECK_FALSE(a.explain("desired/setpoint/1").records[0].trusted);
  REQUIRE(b.write<setpoint>(2.0, wall_ms{500}, 1));
  REQUIRE(a.join(b));
  const auto e = a.explain("desired/setpoint/1");
  CHECK(e.why == state::why::later_stamp);
  CHECK(e.policy == state::kinds::lww);
  CHECK(e.live == 2);
  REQUIRE(e.count == 2);
  REQUIRE(e.winner == 1);
  CHECK(e.records[1].who == b.self());
  CHECK(e.records[1].n == 1);
  CHECK(e.records[1].at.ms() == 500);
  CHECK(e.records[1].trusted);
  REQUIRE(a.write<mode>(1, wall_ms{600}, 5));
  REQUIRE(b.write<mode>(1, wall_ms{600}, 5));
  REQUIRE(a.join(b));
  CHECK(a.explain("mode/5").why == state::why::siblings);
  CHECK(a.siblings<mode>(5).size() == 1);  // one value, written twice
  REQUIRE(a.inc<stock>(1));
  REQUIRE(b.inc<stock>(1));
  REQUIRE(a.join(b));
  CHECK(a.explain("stock").why == state::why::fold);
}

TEST_CASE("a path of another owner is refused at the mutator", "[state][replica]") {
  using r = state::replica<state::schema<limit, logbook>>;
  auto a = make<r>(1);
  CHECK(a.write<limit>(1.0F, wall_ms{1}).error() == errc::not_owner);
  CHECK(a.inc<logbook>(1).error() == errc::not_owner);
  CHECK(a.counters().refused_not_owner == 2);
  skerry::splitmix64 rng{1};
  auto cloud = r::create(2, state::role::cloud, state::epoch_rule::every_open, {}, rng, 0);
  REQUIRE(cloud);
  CHECK(cloud.value().write<limit>(1.0F, wall_ms{1}));
  CHECK(a.explain("limit").writer == state::owner::cloud);
}

TEST_CASE("a frame of another schema is refused", "[state][replica]") {
  auto a = make<small>(1);
  auto b = make<state::replica<state::schema<elsewhere>>>(2);
  auto c = make<state::replica<state::schema<other_policy>>>(3);
  CHECK(a.accept(b.inc<elsewhere>(1).value().bytes(), 0).error() == errc::mismatch);
  CHECK(a.accept(c.write<other_policy>(1, wall_ms{1}).value().bytes(), 0).error() == errc::mismatch);
  CHECK(a.counters().refused_mismatch == 2);
}

TEST_CASE("a replica without an identity reads and accepts but does not write", "[state][replica]") {
  skerry::splitmix64 rng{1};
  auto a = make<small>(1);
  small nobody;
  REQUIRE(nobody.accept(a.inc<stock>(4).value().bytes(), 0));
  CHECK(nobody.read<stock>().value() == 4);
  CHECK(nobody.inc<stock>(1).error() == errc::needs_epoch);
  CHECK(nobody.as_new_life(rng).error() == errc::needs_epoch);
  CHECK(small::create(1, state::role::device, state::epoch_rule::durable, {}, rng, 0).value().sends_durable());
}

TEST_CASE("a storage that the application put back means a new epoch before the next event", "[state][replica]") {
  auto a = make<small>(1);
  REQUIRE(a.inc<stock>(1));
  const state::actor before = a.self();
  REQUIRE(a.restored());
  CHECK(a.self() == before);
  REQUIRE(a.inc<stock>(1));
  CHECK(a.self().generation == before.generation + 1);
  CHECK(a.self().nonce != before.nonce);
  CHECK(a.read<stock>().value() == 2);
}

TEST_CASE("arguments of a path are integers or texts without a slash", "[state][replica]") {
  auto a = make<small>(1);
  CHECK(a.write<setpoint>(1.0, wall_ms{1}, "a/b").error() == errc::invalid);
  CHECK(a.write<setpoint>(1.0, wall_ms{1}, "").error() == errc::invalid);
  CHECK(a.write<setpoint>(1.0, wall_ms{1}, "123456789").error() == errc::full);
  CHECK(a.lacking() == state::resource::bytes);
  REQUIRE(a.write<setpoint>(1.5, wall_ms{1}, -7));
  CHECK(a.read<setpoint>("-7").value() == 1.5);
  CHECK(a.explain("desired/setpoint/-7").live == 1);
  CHECK(a.read<setpoint>("a/b").error() == errc::invalid);
  CHECK(a.write<setpoint>(__builtin_nan(""), wall_ms{1}, 1).error() == errc::not_finite);
  CHECK(a.remove<setpoint>(44).error() == errc::absent);
}
