// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/hash_tree.hpp>
#include <skerry/state/riblt.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <vector>

// Questions from anybody, then answers from anybody: no question writes more than there is room for, no answer makes a digest find more
// than its memory holds, and one that is refused changes nothing.
//
// Input: a byte (1: hash tree, else coded symbols; 2: it is a question), then frames: a length (0: all that is left) and bytes. Bit 4: the
// answers are given to an honest conversation at that point, which must not be led to a wrong result that it calls complete.
namespace {

namespace state = skerry::state;
using skerry::errc;
using skerry_fuzz::bytes;
using skerry_fuzz::taker;

struct numbers {
  std::uint64_t seed, count;
  template <typename F>
  void for_each(F&& f) const {
    skerry::splitmix64 rng{seed};
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t value = rng();
      f(state::digest_item{rng(), value});
    }
  }
};

template <typename D>
void question(bytes in) {
  for (const std::uint64_t count : {0U, 3U, 60U}) {
    std::array<std::byte, 700> out{};
    skerry::byte_writer w{out};
    skerry::byte_reader r{in};
    const auto answered = D::answer(1, r, numbers{1, count}, w);
    FUZZ_REQUIRE(w.written().size() <= out.size());
    std::array<std::byte, 700> again{};
    skerry::byte_writer second{again};
    skerry::byte_reader reread{in};
    FUZZ_REQUIRE(D::answer(1, reread, numbers{1, count}, second).error() == answered.error());
    FUZZ_REQUIRE(again == out);
  }
}

template <typename D>
std::vector<std::byte> asked(const D& d) {
  std::array<std::byte, 256> out{};
  skerry::byte_writer w{out};
  FUZZ_REQUIRE(d.ask(w));
  return {w.written().begin(), w.written().end()};
}

template <typename D>
void answers(bytes in, bool honest_between) {
  static D d;
  const numbers mine{1, 20};
  const numbers theirs{2, 30};
  d.start(1, state::mark_of(mine));
  std::size_t found = 0;
  taker frames{in};
  for (int i = 0; i < 40 && !d.done() && !d.spoiled(); ++i) {
    const auto before = asked(d);
    std::vector<std::byte> answer(600);
    if (honest_between && i % 2 == 0) {
      skerry::byte_writer w{answer};
      skerry::byte_reader r{before};
      FUZZ_REQUIRE(D::answer(1, r, theirs, w));
      answer.resize(w.written().size());
    } else {
      if (frames.rest().empty()) {
        break;
      }
      const std::size_t length = frames.byte();
      const bytes given = frames.take(length == 0 ? frames.rest().size() : length);
      answer.assign(given.begin(), given.end());
    }
    std::size_t now = 0;
    skerry::byte_reader r{answer};
    const auto taken = d.take(r, mine, [&](std::uint64_t, state::digest_side) { ++now; });
    FUZZ_REQUIRE(taken || now == 0);
    if (!taken && !d.spoiled()) {
      FUZZ_REQUIRE(asked(d) == before);
    }
    found += now;
    FUZZ_REQUIRE(found <= 100'000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  taker in{skerry_fuzz::view(data, size)};
  const std::uint8_t choice = in.byte();
  using symbols = state::riblt<96, 16>;
  using tree = state::hash_tree<20, 4>;
  if ((choice & 2) != 0) {
    (choice & 1) != 0 ? question<tree>(in.rest()) : question<symbols>(in.rest());
  } else {
    (choice & 1) != 0 ? answers<tree>(in.rest(), (choice & 16) != 0) : answers<symbols>(in.rest(), (choice & 16) != 0);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const auto add = [&](const char* name, std::uint8_t choice, const std::vector<std::byte>& rest, bool framed) {
    std::vector<std::byte> seed{std::byte{choice}};
    if (framed) {
      seed.push_back(std::byte{0});
    }
    seed.insert(seed.end(), rest.begin(), rest.end());
    out.add(name, seed);
  };
  const auto conversation = [&](auto& d, std::uint8_t choice, const char* question_name, const char* answer_name) {
    using D = std::remove_reference_t<decltype(d)>;
    d.start(1, state::mark_of(numbers{1, 20}));
    const auto q = asked(d);
    add(question_name, static_cast<std::uint8_t>(choice | 2), q, false);
    std::array<std::byte, 180> answer{};
    skerry::byte_writer w{answer};
    skerry::byte_reader r{q};
    if (D::answer(1, r, numbers{2, 30}, w)) {
      add(answer_name, choice, {w.written().begin(), w.written().end()}, true);
    }
  };
  static state::riblt<96, 16> symbols;
  static state::hash_tree<20, 4> tree;
  conversation(symbols, 0, "ask_symbols", "symbols");
  conversation(tree, 1, "ask_tree", "sums");
  add("garbage_between", 16, std::vector<std::byte>(40, std::byte{7}), false);
  add("garbage_in_the_tree", 17, std::vector<std::byte>(40, std::byte{2}), false);
}
