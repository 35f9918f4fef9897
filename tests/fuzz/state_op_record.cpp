// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/op_queue.hpp>

#include "fuzz/fuzz.hpp"
#include "state/op_store.hpp"

#include <algorithm>
#include <array>
#include <vector>

// Records of an operation log, batches of operations, and a queue that opens on a log of them.
namespace {

using namespace skerry_fuzz;
namespace state = skerry::state;

struct limits {
  static constexpr std::size_t operations = 4;
  static constexpr std::size_t payload_bytes = 24;
};
using queue = state::op_queue<skerry_test::crash_store, limits>;

/// What was decoded is what `encode` writes.
template <typename Record>
void same_bytes(const Record& record, bytes in) {
  std::array<std::byte, 512> room{};
  skerry::byte_writer out{room};
  record.encode(out);
  FUZZ_REQUIRE(out.error() == skerry::errc::ok);
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in));
}

void read_one(bytes in) {
  if (in.size() > 400) {
    return;
  }
  skerry::record_view r{};
  r.header.kind = skerry::record_kind::data;
  r.header.seq = 1;
  r.payload = in;
  if (const auto record = state::detail::op_record::decode(r)) {
    same_bytes(record.value(), in);
  }
  if (const auto lease = state::detail::op_lease::decode(in)) {
    same_bytes(lease.value(), in);
  }
}

void read_batch(bytes in) {
  std::vector<std::byte> again(in.size() + 16);
  skerry::byte_writer out{again};
  const skerry::status s = state::read_operations(in, [&out](const state::operation& op) { state::write_operation(out, op); });
  FUZZ_REQUIRE(out.error() == skerry::errc::ok);
  FUZZ_REQUIRE(out.written().size() <= in.size());
  FUZZ_REQUIRE(std::ranges::equal(out.written(), in.first(out.written().size())));
  FUZZ_REQUIRE(!s || out.written().size() == in.size());
}

void open_log(bytes in) {
  taker from{in};
  const std::uint8_t choice = from.byte();
  skerry_test::crash_store store{40};
  while (!from.rest().empty()) {
    const std::uint8_t head = from.byte();
    skerry::record_header h;
    h.kind = (head & 1) != 0 ? skerry::record_kind::seq_lease : skerry::record_kind::data;
    h.importance = (head >> 1) & 7;
    h.seq = from.byte();
    if (!store.append(h, from.take(head >> 4 == 0 ? from.rest().size() : head >> 4))) {
      break;
    }
  }
  (void)store.sync();
  queue q;
  skerry::splitmix64 rng{1};
  state::op_queue_config config;
  config.policy = static_cast<state::when_full>(choice % 3);
  const skerry::status opened = q.open(store, config, (choice & 4) != 0 ? state::epoch_rule::durable : state::epoch_rule::every_open, rng);
  if (!opened) {
    FUZZ_REQUIRE(opened.error() == skerry::errc::full);
    return;
  }
  FUZZ_REQUIRE(q.size() <= queue::most);
  // It goes on all the same: what it names from now on is new, and a batch of it can be read.
  const std::array<std::byte, 3> text{std::byte{'k'}, std::byte{'e'}, std::byte{'y'}};
  std::vector<state::op_mark> there;
  (void)q.for_each([&there](const state::operation& op) { there.push_back(op.id); });
  const auto fresh = q.enqueue(text, text);
  if (fresh) {
    for (const state::op_mark& m : there) {
      FUZZ_REQUIRE(!(m == fresh.value()));
    }
  }
  (void)q.persist();
  std::array<std::byte, 512> batch{};
  const auto size = q.next({}, batch);
  if (size) {
    state::op_mark last{};
    FUZZ_REQUIRE(state::read_operations(bytes{batch}.first(size.value()), [&last](const state::operation& op) { last = op.id; }));
    FUZZ_REQUIRE(q.on_ack(last));
  }
  (void)q.persist();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  taker in{view(data, size)};
  switch (in.byte() % 3) {
    case 0: read_one(in.rest()); break;
    case 1: read_batch(in.rest()); break;
    default: open_log(in.rest());
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const std::array<std::byte, 3> key{std::byte{'k'}, std::byte{'e'}, std::byte{'y'}};
  const std::array<std::byte, 2> value{std::byte{'o'}, std::byte{'n'}};
  const auto add = [&out](const char* name, std::initializer_list<std::uint8_t> head, bytes body) {
    std::vector<std::byte> seed;
    for (const std::uint8_t b : head) {
      seed.push_back(static_cast<std::byte>(b));
    }
    seed.insert(seed.end(), body.begin(), body.end());
    out.add(name, seed);
  };
  std::array<std::byte, 128> room{};
  const auto encoded = [&room](const auto& record) {
    skerry::byte_writer w{room};
    record.encode(w);
    return w.written();
  };
  const state::detail::op_record write{{{1, 77}, 3}, 3, 2, skerry::wall_ms{5}, 1, key, value};
  const state::detail::op_lease lease{{{1, 77}, 9}, {{1, 77}, 2}, 2};
  add("record", {0}, encoded(write));
  add("lease", {0}, encoded(lease));
  skerry::byte_writer batch{room};
  state::write_operation(batch, {7, {{1, 77}, 1}, {}, 1, {}, key, value});
  state::write_operation(batch, {7, {{1, 77}, 2}, {{1, 77}, 1}, 0, {}, key, {}});
  add("batch", {1}, batch.written());

  add("log", {2, 6, 0x02, 3}, encoded(write));
  add("log_of_lease", {2, 4, 0x01, 2}, encoded(lease));
}
