// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/state/digest.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace skerry_test {

inline std::string numbered(char letter, std::uint64_t number) {
  std::string name(1, letter);
  name += std::to_string(number);
  return name;
}

/// Names, hashed under a salt: what a digest compares.
class name_set {
 public:
  name_set(std::vector<std::string> names, std::uint64_t salt) : names_{std::move(names)} { rehash(salt); }
  void rehash(std::uint64_t salt) {
    items_.clear();
    for (const std::string& name : names_) {
      const auto bytes = std::as_bytes(std::span{name.data(), name.size()});
      const std::uint64_t value = skerry::state::digest_value(bytes, salt);
      // Elements that belong together share the upper half: "key#version".
      const std::uint64_t key = skerry::state::digest_value(bytes.first(std::min(name.find('#'), name.size())), salt);
      items_.push_back({(key & ~std::uint64_t{0xffffffff}) | (value & 0xffffffff), value});
    }
  }
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& item : items_) {
      f(item);
    }
  }
  void reverse() { std::reverse(items_.begin(), items_.end()); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::set<std::uint64_t> values() const {
    std::set<std::uint64_t> out;
    for (const auto& item : items_) {
      out.insert(item.value);
    }
    return out;
  }
  void drop_last() {
    items_.pop_back();
    names_.pop_back();
  }

 private:
  std::vector<std::string> names_;
  std::vector<skerry::state::digest_item> items_;
};

struct two_sets {
  name_set mine, theirs;
};

/// Two sets with `common` names in both and the others in one; every second of these is a newer version of a name.
inline two_sets sets_of(std::uint64_t seed, std::size_t common, std::size_t only_mine, std::size_t only_theirs, std::uint64_t salt) {
  skerry::splitmix64 rng{seed};
  std::vector<std::string> mine;
  std::vector<std::string> theirs;
  for (std::size_t i = 0; i < common; ++i) {
    mine.push_back(numbered('k', rng()) + "#1");
    theirs.push_back(mine.back());
  }
  for (std::size_t i = 0; i < std::max(only_mine, only_theirs); ++i) {
    const std::string key = numbered('k', rng());
    if (i < only_mine) {
      mine.push_back(key + "#1");
    }
    if (i < only_theirs) {
      theirs.push_back((i % 2 == 0 ? key : numbered('l', rng())) + "#2");
    }
  }
  for (std::size_t i = theirs.size(); i > 1; --i) {
    std::swap(theirs[i - 1], theirs[skerry::uniform_below(rng, static_cast<std::uint32_t>(i))]);
  }
  return {name_set{mine, salt}, name_set{theirs, salt}};
}

struct difference {
  std::set<std::uint64_t> mine, theirs;
  std::size_t calls = 0;
  friend bool operator==(const difference& a, const difference& b) { return a.mine == b.mine && a.theirs == b.theirs; }
};
inline difference difference_of(const name_set& mine, const name_set& theirs) {
  difference d;
  const auto a = mine.values();
  const auto b = theirs.values();
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(d.mine, d.mine.end()));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::inserter(d.theirs, d.theirs.end()));
  d.calls = d.mine.size() + d.theirs.size();
  return d;
}

/// What a whole conversation cost and found.
struct talk {
  skerry::errc error = skerry::errc::ok;
  difference found{};
  std::size_t rounds = 0;
  std::size_t bytes = 0;  ///< of questions and answers
};

template <typename D, typename Damage>
talk converse(D& d, std::uint64_t salt, const name_set& mine, const name_set& theirs, std::size_t mtu, Damage&& damage,
              std::size_t most_rounds = 100000) {
  namespace state = skerry::state;
  talk t;
  d.start(salt, state::mark_of(mine));
  const auto found = [&](std::uint64_t value, state::digest_side side) {
    (side == state::digest_side::mine ? t.found.mine : t.found.theirs).insert(value);
    ++t.found.calls;
  };
  while (!d.done() && t.rounds < most_rounds) {
    ++t.rounds;
    std::vector<std::byte> question(256);
    skerry::byte_writer q{question};
    if (const auto asked = d.ask(q); !asked) {
      t.error = asked.error();
      return t;
    }
    std::vector<std::byte> reply(mtu);
    skerry::byte_writer r{reply};
    skerry::byte_reader qr{q.written()};
    if (const auto answered = D::answer(salt, qr, theirs, r); !answered) {
      t.error = answered.error();
      return t;
    }
    std::vector<std::byte> answer{r.written().begin(), r.written().end()};
    t.bytes += q.written().size() + answer.size();
    damage(answer);
    skerry::byte_reader in{answer};
    if (const auto taken = d.take(in, mine, found); !taken) {
      t.error = taken.error();
      return t;
    }
  }
  return t;
}
template <typename D>
talk converse(D& d, std::uint64_t salt, const name_set& mine, const name_set& theirs, std::size_t mtu = 1200) {
  return converse(d, salt, mine, theirs, mtu, [](std::vector<std::byte>&) {});
}

}  // namespace skerry_test
