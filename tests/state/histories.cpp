// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Many short random histories of a few replicas: frames are lost, repeated and reordered, nodes are set back to older images, cloned
// and too small. Beside them stands a list of what was done, which knows of events and nothing of stores.
#include <skerry/state/replica.hpp>

#include <skerry/core/random.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct wide : state::limits::firmware {
  static constexpr std::size_t actors = 30;
  static constexpr std::size_t keys = 8;
  static constexpr std::size_t records = 100;
  static constexpr std::size_t ranges = 60;
};
struct narrow : state::limits::firmware {
  static constexpr std::size_t actors = 6;
  static constexpr std::size_t keys = 4;
  static constexpr std::size_t records = 6;
  static constexpr std::size_t ranges = 1;
};

/// How often each thing happened: a search that never met a conflict has found nothing.
struct tally {
  std::size_t siblings = 0, full = 0, set_back = 0, converged = 0, removed = 0, late = 0;
};

template <typename Limits>
class history {
 public:
  using node = state::replica<plant, Limits>;
  using observer = state::replica<plant, wide>;
  using event = std::pair<state::actor, std::uint64_t>;

  history(std::uint64_t seed, tally& counts) : rng_{seed}, seed_{seed}, counts_{counts} {
    for (std::size_t i = 3 + draw(3); i > 0; --i) {
      nodes_.push_back(make<node>(i, seed));
    }
  }

  void run() {
    const std::uint32_t loss = draw(11);  // of 10
    for (std::uint32_t steps = 15 + draw(20); steps > 0; --steps) {
      const std::size_t at = draw(static_cast<std::uint32_t>(nodes_.size()));
      const std::uint32_t what = draw(20);
      if (what < 9) {
        operate(at);
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
          if (draw(10) >= loss && !frames_.empty()) {
            deliver(to, frames_.back());
          }
        }
      } else if (what < 15 && !frames_.empty()) {
        deliver(at, frames_[draw(static_cast<std::uint32_t>(frames_.size()))]);  // late, again, out of order
        ++counts_.late;
      } else if (what < 17) {
        take(at, nodes_[draw(static_cast<std::uint32_t>(nodes_.size()))]);
      } else if (what < 18) {
        image_ = nodes_[at];
      } else if (image_ && draw(3) == 0) {
        // A clone of whoever the image is of, or that node itself with an older memory.
        nodes_[at] = *image_;
        REQUIRE(nodes_[at].template inc<stock>(1).error() == errc::needs_epoch);
        REQUIRE(nodes_[at].as_new_life(rng_));
        ++counts_.set_back;
        forgot_ = true;
      }
    }
    finish();
  }

 private:
  struct operation {
    event name{};
    std::string key{};
    state::stamp at{};
    std::int64_t value = 0;  // what was written, or the actor's total
    bool counts = false;
    bool writes = false;
    std::vector<event> kills{};
  };

  std::uint32_t draw(std::uint32_t below) { return skerry::uniform_below(rng_, below); }

  void operate(std::size_t at) {
    node& r = nodes_[at];
    const std::uint32_t line = draw(2);
    const std::int64_t value = 1 + draw(4);
    const wall_ms wall{draw(4) == 0 ? std::uint64_t{draw(1000)} : std::uint64_t{1'790'000'000'000} + draw(50'000)};
    const std::string l = std::to_string(line);
    const node before = r;
    operation op;
    op.value = value;
    const auto done = [&](const auto& delta, std::string key) {
      if (!delta) {
        REQUIRE((delta.error() == errc::full || delta.error() == errc::absent));
        REQUIRE(bytes_of(r) == bytes_of(before));
        counts_.full += delta.error() == errc::full ? 1 : 0;
        return;
      }
      op.key = std::move(key);
      op.name = {r.self(), r.store().next(r.self()) - 1};
      op.at = op.writes ? r.clock().last() : state::stamp{};
      REQUIRE(named_.emplace(op.name, done_.size()).second);  // no name twice
      if (op.counts) {
        op.value = totals_[{r.self(), op.key}] += op.value;
      } else {
        const state::explanation seen = before.explain(op.key);
        REQUIRE(seen.live == seen.count);
        for (std::size_t i = 0; i < seen.count; ++i) {
          op.kills.emplace_back(seen.records[i].who, seen.records[i].n);
        }
      }
      done_.push_back(op);
      frames_.push_back(copy(delta.value().bytes()));
    };
    op.writes = true;
    switch (draw(9)) {
      case 0:
      case 1: done(r.template write<setpoint>(static_cast<double>(value), wall, line), "desired/setpoint/" + l); break;
      case 2:
      case 3: done(r.template write<mode>(value, wall, line), "mode/" + l); break;
      case 4: done(r.template write<recipe>(static_cast<std::int32_t>(value), wall), "recipe"); break;
      case 5:
        op.writes = false;
        if (draw(2) == 0) {
          done(r.template remove<setpoint>(line), "desired/setpoint/" + l);
        } else {
          done(r.template remove<mode>(line), "mode/" + l);
        }
        ++counts_.removed;
        break;
      case 6:
        op.counts = true;
        op.writes = false;
        op.value = -value;
        done(r.template dec<stock>(value), "stock");
        break;
      default:
        op.counts = true;
        op.writes = false;
        done(r.template inc<stock>(value), "stock");
    }
  }

  template <typename Take>
  bool attempt(std::size_t to, Take&& take) {
    node& r = nodes_[to];
    const node before = r;
    const errc answer = take(r);
    if (answer != errc::ok) {
      REQUIRE(answer == errc::full);
      REQUIRE(bytes_of(r) == bytes_of(before));
      ++counts_.full;
      return false;
    }
    for (std::size_t i = 0; i < before.store().actors().size(); ++i) {  // what was known stays known
      const auto ref = static_cast<state::actor_ref>(i);
      before.store().context().for_each(ref, [&](const state::dot_range& run) {
        const auto mine = r.store().actors().find(before.store().actors()[ref]);
        REQUIRE(r.store().context().contains_all({run.first, run.last, mine}));
      });
    }
    counts_.siblings += r.template siblings<mode>(0).size() > 1 ? 1 : 0;
    return true;
  }
  bool deliver(std::size_t to, const std::vector<std::byte>& frame) {
    return attempt(to, [&frame](node& r) { return r.accept(frame, 0).error(); });
  }
  bool take(std::size_t to, const node& from) {
    if (draw(2) == 0) {
      return deliver(to, bytes_of(from));
    }
    return attempt(to, [&from](node& r) { return r.join(from).error(); });
  }

  void finish() {
    observer all = make<observer>(90, seed_);
    for (const node& r : nodes_) {
      REQUIRE(all.accept(bytes_of(r), 0));
    }
    check(all);
    bool everything = true;
    for (int round = 0; round < 2; ++round) {
      everything = true;
      for (std::size_t to = 0; to < nodes_.size(); ++to) {
        for (std::size_t from = 0; from < nodes_.size(); ++from) {
          everything = take(to, nodes_[from]) && everything;
        }
      }
    }
    if (everything) {
      ++counts_.converged;
      for (const node& r : nodes_) {
        REQUIRE(bytes_of(r) == bytes_of(all));
        check(r);
      }
    }
  }

  /// What a replica that knows all that any node still knows must read, from what was done.
  template <typename Replica>
  void check(const Replica& r) {
    const auto known = [&r](const event& e) { return r.store().contains(e.first, e.second); };
    std::map<event, bool> dead;
    for (const operation& op : done_) {
      if (!forgot_) {
        REQUIRE(known(op.name));  // nothing that was answered with a delta is lost
      }
      for (const event& e : op.kills) {
        dead[e] = dead[e] || known(op.name);
      }
    }
    std::map<std::string, std::map<state::actor, const operation*>> rows;
    const operation* latest_recipe = nullptr;
    for (const operation& op : done_) {
      if (!known(op.name)) {
        continue;
      }
      if (op.counts) {
        const operation*& row = rows[op.key][op.name.first];
        row = row == nullptr || row->name.second < op.name.second ? &op : row;
      } else if (op.key == "recipe") {
        const auto rank = [](const operation& o) { return std::pair{o.at, o.name.first}; };
        latest_recipe = latest_recipe == nullptr || rank(*latest_recipe) < rank(op) ? &op : latest_recipe;
      } else if (op.writes) {
        const state::explanation e = r.explain(op.key);
        const bool live = std::any_of(e.records.begin(), e.records.begin() + static_cast<std::ptrdiff_t>(e.count),
                                      [&op](const auto& x) { return x.who == op.name.first && x.n == op.name.second; });
        // Where memories were lost, the one who overwrote it may be known by name only.
        REQUIRE((live || dead[op.name]));
        REQUIRE((forgot_ || live != dead[op.name]));
      }
    }
    std::int64_t sum = 0;
    for (const auto& [who, row] : rows["stock"]) {
      sum += row->value;
    }
    REQUIRE(r.template read<stock>().value() == sum);
    REQUIRE(static_cast<bool>(r.template read<recipe>()) == (latest_recipe != nullptr));
    if (latest_recipe != nullptr) {
      REQUIRE(r.template read<recipe>().value() == latest_recipe->value);
    }
    for (const std::string key : {"desired/setpoint/0", "desired/setpoint/1", "mode/0", "mode/1"}) {
      check_values(r, key);
    }
  }
  template <typename Replica>
  void check_values(const Replica& r, const std::string& key) {
    const state::explanation e = r.explain(key);
    std::vector<std::int64_t> values;
    const operation* best = nullptr;
    for (std::size_t i = 0; i < e.count; ++i) {
      const operation& op = done_.at(named_.at({e.records[i].who, e.records[i].n}));
      REQUIRE(op.key == key);
      values.push_back(op.value);
      const auto rank = [](const operation& o) { return std::pair{o.at, o.name.first}; };
      best = best == nullptr || rank(*best) < rank(op) ? &op : best;
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const int line = key.back() - '0';
    if (key[0] == 'm') {
      std::vector<std::int64_t> read;
      for (const std::int64_t v : r.template siblings<mode>(line)) {
        read.push_back(v);
      }
      std::sort(read.begin(), read.end());
      REQUIRE(read == values);
    } else {
      REQUIRE(static_cast<bool>(r.template read<setpoint>(line)) == (best != nullptr));
      if (best != nullptr) {
        REQUIRE(r.template read<setpoint>(line).value() == static_cast<double>(best->value));
      }
    }
  }

  skerry::splitmix64 rng_;
  std::uint64_t seed_;
  tally& counts_;
  std::vector<node> nodes_{};
  std::optional<node> image_{};
  std::vector<std::vector<std::byte>> frames_{};
  std::vector<operation> done_{};
  std::map<event, std::size_t> named_{};
  std::map<std::pair<state::actor, std::string>, std::int64_t> totals_{};
  bool forgot_ = false;
};

template <typename Limits>
tally explore(std::uint64_t first, std::uint64_t histories) {
  tally counts;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    CAPTURE(seed);
    history<Limits>{seed, counts}.run();
  }
  return counts;
}

}  // namespace

TEST_CASE("in thousands of histories with loss, repeats, clones and old images every replica ends with what was done",
          "[state][replica][histories]") {
  const tally counts = explore<wide>(1, 6000);
  CHECK(counts.siblings > 1000);
  CHECK(counts.set_back > 500);
  CHECK(counts.removed > 1000);
  CHECK(counts.late > 1000);
  CHECK(counts.full == 0);
  CHECK(counts.converged == 6000);
}

TEST_CASE("in thousands of histories of replicas that are too small nothing changes by halves", "[state][replica][histories]") {
  const tally counts = explore<narrow>(1'000'000, 4000);
  CHECK(counts.siblings > 300);
  CHECK(counts.set_back > 300);
  CHECK(counts.full > 1000);
  CHECK(counts.converged > 300);
}
