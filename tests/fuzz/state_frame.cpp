// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>

#include "fuzz/fuzz.hpp"
#include "state/plant.hpp"

#include <algorithm>
#include <vector>

// Frames from anybody: a refused one leaves every byte as it was, an accepted one says nothing new the second time.
//
// Input: a byte that chooses the replica, then for each frame its length (0: all that is left) and its bytes. The checksum is put
// behind them here, or no fuzzer would ever get past it; bit 4 of the first byte hands them over as they are.
namespace {

using namespace skerry_test;
using namespace skerry_test::works;
namespace state = skerry::state;
using skerry_fuzz::bytes;

using everything = state::schema<setpoint, recipe, mode, starts, stock, parts, credit, alarms, banned, running, enabled, oil, reading>;

struct wide : roomy {
  static constexpr std::size_t payload_bytes = 48;
};
struct tight : state::limits::firmware {
  static constexpr std::size_t actors = 4;
  static constexpr std::size_t keys = 5;
  static constexpr std::size_t records = 7;
  static constexpr std::size_t ranges = 3;
};

constexpr skerry::wall_ms wall{1767225600000};

/// What a replica knows before a frame comes: nothing, its own writes, those and what another one sent.
template <typename Replica>
Replica prior(unsigned which) {
  Replica r = make<Replica>(1);
  if (which >= 1) {
    (void)r.template write<setpoint>(21.5, wall, 1);
    (void)r.template write<mode>(3, wall, 1);
    (void)r.template inc<stock>(5);
    (void)r.template inc<parts>(5);
    (void)r.template inc<credit>(5);
    (void)r.template add<alarms>("hot", 1);
    (void)r.template contribute<oil>({1}, 20.5, 1, wall);
  }
  if (which >= 2) {
    Replica other = make<Replica>(2);
    (void)other.template write<mode>(4, wall, 1);
    (void)other.template dec<stock>(2);
    (void)other.template inc<parts>(2);
    (void)other.template add<banned>(3);
    (void)r.accept(bytes_of(other), 0);
    (void)r.template remove<setpoint>(1);
    (void)r.template reset<parts>();
  }
  if (which >= 3) {
    r.vouch(wall);
  }
  return r;
}

template <typename Replica>
void look_at(const Replica& r) {
  (void)r.template read<setpoint>(1);
  (void)r.template read<recipe>();
  (void)r.template read<mode>(1);
  (void)r.template read<starts>(1, 1);
  (void)r.template read<stock>();
  (void)r.template read<parts>();
  (void)r.template read<credit>();
  (void)r.template rights<credit>(r.self());
  const auto hot = r.template read<alarms>(1);
  FUZZ_REQUIRE(hot || hot.error() == skerry::errc::full);
  const auto never = r.template read<banned>();
  FUZZ_REQUIRE(never || never.error() == skerry::errc::full);
  (void)r.template read<running>();
  (void)r.template read<enabled>();
  (void)r.template read<oil>();
  (void)r.template read<reading>();
  (void)r.explain("oil");
  (void)r.explain("banned/3");
  (void)r.explain("mode/1");
  (void)r.explain("stock");
}

template <typename Replica>
void take(Replica& r, bytes frame) {
  const std::vector<std::byte> before = bytes_of(r);
  FUZZ_REQUIRE(!before.empty());
  if (!r.accept(frame, 0)) {
    FUZZ_REQUIRE(bytes_of(r) == before);
    return;
  }
  const std::vector<std::byte> after = bytes_of(r);
  FUZZ_REQUIRE(!after.empty());
  const auto again = r.accept(frame, 0);
  if (!again) {
    std::fprintf(stderr, "the second time: %s\n", skerry::to_string(again.error()));
  }
  FUZZ_REQUIRE(again);
  FUZZ_REQUIRE(again.value().added == 0 && again.value().removed == 0);
  FUZZ_REQUIRE(bytes_of(r) == after);
  look_at(r);
  // What it knows now fits where nothing is yet, and is the same there.
  Replica copy = make<Replica>(9);
  FUZZ_REQUIRE(copy.accept(after, 0));
  FUZZ_REQUIRE(bytes_of(copy) == after);
}

template <typename Replica>
void run(std::uint8_t choice, bytes in) {
  static const Replica priors[4] = {prior<Replica>(0), prior<Replica>(1), prior<Replica>(2), prior<Replica>(3)};
  Replica r = priors[choice & 3];
  const Replica before = r;
  skerry_fuzz::taker frames{in};
  for (int i = 0; i < 4 && !frames.rest().empty(); ++i) {
    const std::size_t length = frames.byte();
    const bytes given = frames.take(length == 0 ? frames.rest().size() : length);
    std::vector<std::byte> frame{given.begin(), given.end()};
    if ((choice & 16) == 0) {
      const std::uint32_t crc = skerry::crc32c(frame);
      for (unsigned b = 0; b < 4; ++b) {
        frame.push_back(static_cast<std::byte>(crc >> (8 * b)));
      }
    }
    frame.shrink_to_fit();
    take(r, frame);
  }
  // Joining goes the same way without a frame.
  Replica joined = before;
  FUZZ_REQUIRE(joined.join(r));
  if (r.counters().clones == 0) {
    FUZZ_REQUIRE(bytes_of(joined) == bytes_of(r));
  } else {  // one event with two contents may cost a record that one of them had overruled; all agree on it all the same
    Replica back = r;
    FUZZ_REQUIRE(back.join(joined));
    FUZZ_REQUIRE(joined.join(back));
    FUZZ_REQUIRE(bytes_of(joined) == bytes_of(back));
  }
  // And it can still write, or says why not.
  (void)r.template write<mode>(1, wall, 1);
  (void)r.template inc<stock>(1);
  (void)r.template write<setpoint>(1.0, wall, 2);
  const auto before_counting = r.template read<parts>();
  if (r.template inc<parts>(3) && before_counting) {
    const auto counted = r.template read<parts>();
    FUZZ_REQUIRE(!counted || counted.value() == before_counting.value() + 3);
  }
  (void)r.template reset<parts>();
  (void)r.template dec<credit>(1);
  (void)r.template contribute<oil>({2}, 21.0, 1, wall);
  if (r.template add<banned>(1)) {
    FUZZ_REQUIRE(r.template contains<banned>(1).value());
  }
  (void)r.template relay<reading>({1, 1, 1}, 2.0);
  FUZZ_REQUIRE(!bytes_of(r).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  const std::uint8_t choice = in.byte();
  if ((choice & 8) != 0) {
    run<state::replica<everything, tight>>(choice, in.rest());
  } else {
    run<state::replica<everything, wide>>(choice, in.rest());
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  using node = state::replica<everything, wide>;
  const auto add = [&](const char* name, std::uint8_t choice, std::vector<std::vector<std::byte>> frames) {
    std::vector<std::byte> seed{std::byte{choice}};
    for (auto& frame : frames) {
      seed.push_back(static_cast<std::byte>(frame.size() - 4));
      seed.insert(seed.end(), frame.begin(), frame.end() - 4);
    }
    out.add(name, seed);
  };
  node of_counters = make<node>(4);
  (void)of_counters.inc<parts>(3);
  const auto counted = copy(of_counters.inc<parts>(4).value().bytes());
  (void)of_counters.inc<credit>(3);
  const auto given = copy(of_counters.transfer<credit>(make<node>(1).self(), 2).value().bytes());
  const auto reset = copy(of_counters.reset<parts>().value().bytes());
  add("counters", 1, {counted, given, reset});
  node of_sets = make<node>(5);
  const auto added = copy(of_sets.add<alarms>("dry", 1).value().bytes());
  (void)of_sets.remove<banned>(3);
  (void)of_sets.enable<running>();
  const auto disabled = copy(of_sets.disable<enabled>().value().bytes());
  const auto relayed = copy(of_sets.relay<reading>({1, 2, 3}, 1.5).value().bytes());
  add("sets_and_flags", 2, {added, disabled, relayed, bytes_of(of_sets)});
  node of_folds = make<node>(6);
  const auto once = copy(of_folds.contribute<oil>({1}, 19.5, 2, wall).value().bytes());
  const auto withdrawn = copy(of_folds.withdraw<oil>({1}).value().bytes());
  add("folds", 3, {withdrawn, once});
  add("nothing", 0, {bytes_of(make<node>(3))});
  node a = make<node>(3);
  const auto first = copy(a.write<setpoint>(19.25, wall, 1).value().bytes());
  const auto second = copy(a.write<setpoint>(19.5, wall, 1).value().bytes());
  add("one", 1, {first});
  add("two_turned", 2, {second, first});
  (void)a.write<recipe>(-7, wall);
  (void)a.write<mode>(5, wall, 1);
  (void)a.inc<starts>(3, 1, 2);
  (void)a.dec<stock>(4);
  add("every_policy", 3, {bytes_of(a)});
  add("tight", 10, {bytes_of(a)});
  add("of_another_life_of_the_reader", 2, {bytes_of(make<node>(1, 2)), bytes_of(prior<node>(2))});
  auto raw = bytes_of(a);
  raw.insert(raw.begin(), {std::byte{16}, std::byte{0}});
  out.add("raw", raw);
}
