// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include <fmt/core.h>

using namespace skerry::state;
struct setpoint {
  static constexpr path at{"setpoint"};
  using policy = lww<double>;
};
struct oil {
  static constexpr path at{"oil"};
  using policy = mean_of<double>;
};
using node = replica<schema<setpoint, oil>>;
static constexpr std::uint64_t midnight = 1767225600000;
static node north, south;  // static: the linker knows every byte, nothing is allocated later

int main() {
  skerry::splitmix64 rng{42};  // yours comes from the hardware: two boards from one image need different names
  if (!node::create(north, 1, role::device, epoch_rule::every_open, {}, rng, 0)) return 1;
  if (!node::create(south, 2, role::device, epoch_rule::every_open, {}, rng, 0)) return 1;
  // The network is cut; both go on.
  if (!north.write<setpoint>(21.5, {midnight + 1000}) || !south.write<setpoint>(19.0, {midnight + 4000})) return 1;
  if (!north.contribute<oil>({1}, 60.0, 1, {midnight}) || !south.contribute<oil>({2}, 64.0, 1, {midnight})) return 1;
  fmt::print("apart: setpoint {} and {}, oil {} and {}\n", north.read<setpoint>().value(), south.read<setpoint>().value(),
             north.read<oil>().value(), south.read<oil>().value());
  // They meet. A frame may come from a file, a broker, a cable; twice or late does no harm.
  std::byte frame[512];
  for (auto [from, to] : {std::pair{&north, &south}, {&south, &north}, {&north, &south}}) {
    skerry::byte_writer out{frame};
    if (!from->encode(out) || !to->accept(out.written(), 0)) return 1;
  }
  const explanation e = north.explain("setpoint");  // what stands there, and why
  fmt::print("node 1 reads setpoint {}: node {} wrote it at +{} ms, {} of {} writes\n", north.read<setpoint>().value(),
             e.records[e.winner].who.id, e.records[e.winner].at.ms() - midnight, e.why == why::later_stamp ? "the later" : "one", e.live);
  const bool agree = north.read<setpoint>().value() == south.read<setpoint>().value() && north.read<oil>().value() == 62;
  fmt::print("node 2 reads setpoint {}, and both read oil {}: they {}\n", south.read<setpoint>().value(), south.read<oil>().value(),
             agree ? "agree" : "differ");
  return agree ? 0 : 1;
}
