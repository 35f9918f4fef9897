// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "same_bits/same_bits.hpp"

#include <skerry/core/random.hpp>
#include <skerry/state.hpp>

#include "state/fleet.hpp"
#include "state/test_schema.hpp"

#include <array>
#include <new>
#include <span>
#include <string_view>

namespace {

namespace state = skerry::state;

using namespace skerry_test;
using namespace skerry_test::works;
using shop = state::replica<workshop>;
using replica = state::replica<plant>;
using replica_with_members = state::replica<mesh::fleet, mesh::fleet_limits>;

const bits_of hybrid_clock{"state.hlc", [](bit_hash& h) {
                             skerry::splitmix64 rng{1};
                             state::hlc clock = state::hlc::restore(state::stamp{1000, 7}, {});
                             for (int i = 0; i < 2000; ++i) {
                               const skerry::wall_ms wall{1735689600000 + (rng() >> 40)};
                               const std::uint64_t ahead = rng() % 100'000;
                               if (rng() % 2 == 0) {
                                 h.add(clock.tick(wall).bits());
                               } else if (const auto seen = clock.witness(wall, state::stamp{wall.value + ahead, 3}); seen) {
                                 h.add(seen.value().bits());
                               }
                             }
                           }};

const bits_of context{"state.dot_context", [](bit_hash& h) {
                        skerry::splitmix64 rng{2};
                        static state::dot_context<8, 16> all;
                        all = {};
                        for (int i = 0; i < 2000; ++i) {
                          const auto who = static_cast<state::actor_ref>(rng() % 8);
                          const std::uint64_t n = 1 + rng() % 64;
                          const std::uint64_t more = rng() % 3;
                          h.add(static_cast<std::uint64_t>(all.insert(who, n, n + more).error()));
                          h.add(all.next(who));
                          h.add(static_cast<std::uint64_t>(all.range_count()));
                        }
                      }};

const bits_of vector{"state.version_vector", [](bit_hash& h) {
                       skerry::splitmix64 rng{3};
                       state::version_vector<16> a;
                       state::version_vector<16> b;
                       const auto raise = [&rng](state::version_vector<16>& v) {  // draws in a fixed order, which arguments do not have
                         const std::uint64_t id = rng() % 20;
                         const std::uint64_t n = rng() % 9;
                         return v.raise({id, 0, 0}, n);
                       };
                       for (int i = 0; i < 500; ++i) {
                         h.add(static_cast<std::uint64_t>(raise(a).error()));
                         h.add(static_cast<std::uint64_t>(raise(b).error()));
                         h.add(static_cast<std::uint64_t>(a.compare(b)));
                         if (i % 50 == 0) {
                           h.add(static_cast<std::uint64_t>(a.join(b).error()));
                           b.meet(a);
                         }
                       }
                       for (const auto& e : a.entries()) {
                         h.add(e.who.id);
                         h.add(e.n);
                       }
                     }};

const bits_of replicas{"state.replica", [](bit_hash& h) {
                         static std::array<replica, 3> nodes;  // static: a microcontroller's stack is small
                         static std::array<std::byte, 8192> image;
                         skerry::splitmix64 rng{4};
                         for (std::size_t i = 0; i < nodes.size(); ++i) {
                           nodes[i] = replica{};
                           (void)replica::create(nodes[i], i + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
                         }
                         for (int i = 0; i < 400; ++i) {
                           replica& at = nodes[static_cast<std::size_t>(rng() % 3)];
                           replica& to = nodes[static_cast<std::size_t>(rng() % 3)];
                           const skerry::wall_ms wall{1735689600000 + static_cast<std::uint64_t>(i) * 10 + rng() % 50};
                           const std::uint64_t value = rng() % 1000;
                           const std::uint64_t line = rng() % 4;
                           const auto pass = [&](const auto& delta) {
                             if (delta) {
                               h.add(delta.value().bytes());
                               h.add(static_cast<std::uint64_t>(rng() % 2 == 0 || to.accept(delta.value().bytes(), 0)));
                             }
                           };
                           switch (rng() % 6) {
                             case 0: pass(at.write<setpoint>(static_cast<double>(value) / 8, wall, line)); break;
                             case 1: pass(at.write<mode>(static_cast<std::int64_t>(rng() % 5), wall, 1)); break;
                             case 2: pass(at.inc<starts>(1 + rng() % 3, line, 1)); break;
                             case 3: pass(at.dec<stock>(1 + rng() % 3)); break;
                             case 4: pass(at.remove<setpoint>(rng() % 4)); break;
                             default: h.add(static_cast<std::uint64_t>(at.join(to).error()));
                           }
                         }
                         for (const replica& node : nodes) {
                           skerry::byte_writer out{image};
                           h.add(static_cast<std::uint64_t>(node.encode(out).error()));
                           h.add(out.written());
                         }
                       }};

/// Images, logs and catch-ups, and what comes back from them.
const bits_of images{"state.image", [](bit_hash& h) {
                       static std::array<replica, 2> nodes;
                       static std::array<std::byte, 8192> image;
                       static std::array<std::byte, 512> log;
                       skerry::splitmix64 rng{6};
                       for (std::size_t i = 0; i < nodes.size(); ++i) {
                         nodes[i] = replica{};
                         (void)replica::create(nodes[i], i + 1, state::role::device, state::epoch_rule::durable, {}, rng, 0);
                       }
                       for (int round = 0; round < 20; ++round) {
                         replica& at = nodes[rng() % 2];
                         state::snapshot_cursor cursor;
                         const auto size = at.snapshot(cursor, image);
                         h.add(std::span<const std::byte>{image}.first(size.value_or(0)));
                         at.persisted(cursor);
                         const skerry::wall_ms wall{1735689600000 + static_cast<std::uint64_t>(round)};
                         const std::uint64_t value = rng() % 1000;
                         const std::uint64_t line = rng() % 5;
                         (void)at.write<setpoint>(static_cast<double>(value) / 8, wall, line);
                         (void)at.remove<setpoint>(rng() % 5);
                         (void)at.inc<starts>(1 + value % 3, line, 1);
                         h.add(at.chain().value);
                         const state::persist_request request = at.to_persist();
                         std::size_t length = 0;
                         for (const std::byte b : request.bytes) {
                           log[length++] = b;
                         }
                         h.add(std::span<const std::byte>{log}.first(length));
                         const std::uint64_t id = at.self().id;
                         state::image_reader reader{std::span<const std::byte>{image}.first(size.value_or(0)),
                                                    std::span<const std::byte>{log}.first(length)};
                         at = replica{};
                         (void)replica::create(at, id, state::role::device, state::epoch_rule::durable, {}, rng, 0);
                         h.add(static_cast<std::uint64_t>(at.open(reader, rng, 0).error()));
                         h.add(std::uint64_t{at.self().nonce});
                         h.add(static_cast<std::uint64_t>(nodes[0].join(nodes[1]).error()));
                         replica::source_type source;
                         nodes[0].start_catch_up(source, static_cast<std::uint64_t>(round));
                         for (std::size_t n = 1; n > 0;) {
                           n = nodes[0].next_chunk(source, std::span<std::byte>{log}.first(300)).value_or(0);
                           h.add(std::span<const std::byte>{log}.first(n));
                         }
                       }
                     }};

const bits_of policies{"state.policies", [](bit_hash& h) {
                         static std::array<shop, 2> nodes;
                         static std::array<std::byte, 4096> image;
                         skerry::splitmix64 rng{5};
                         for (std::size_t i = 0; i < nodes.size(); ++i) {
                           nodes[i] = shop{};
                           (void)shop::create(nodes[i], i + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
                         }
                         const auto add_result = [&h](const auto& r) {
                           h.add(static_cast<std::uint64_t>(r.error()));
                           if (r) {
                             h.add(static_cast<std::uint64_t>(r.value()));
                           }
                         };
                         for (int i = 0; i < 300; ++i) {
                           shop& at = nodes[rng() % 2];
                           const std::uint64_t amount = 1 + rng() % 5;
                           const int element = static_cast<int>(rng() % 4);
                           const double value = static_cast<double>(rng() % 1000) / 7;
                           const auto pass = [&](const auto& delta) {
                             h.add(static_cast<std::uint64_t>(delta.error()));
                             if (delta) {
                               h.add(delta.value().bytes());
                             }
                           };
                           switch (rng() % 14) {
                             case 0: pass(at.inc<parts>(amount)); break;
                             case 1: pass(at.reset<parts>()); break;
                             case 2: pass(at.inc<credit>(amount)); break;
                             case 3: pass(at.dec<credit>(amount)); break;
                             case 4: pass(at.transfer<credit>(nodes[1].self(), amount)); break;
                             case 5: pass(at.add<alarms>(element == 0 ? "hot" : "dry", 1)); break;
                             case 6: pass(at.remove<alarms>(element == 0 ? "hot" : "dry", 1)); break;
                             case 7: pass(at.add<banned>(element)); break;
                             case 8: pass(at.remove<banned>(element)); break;
                             case 9: pass(element == 0 ? at.enable<running>() : at.disable<enabled>()); break;
                             case 10: pass(at.contribute<oil>({rng() % 3}, value, 1.5, skerry::wall_ms{1})); break;
                             case 11: pass(at.contribute<level>({rng() % 3}, static_cast<float>(value), 0.5, skerry::wall_ms{1})); break;
                             case 12: pass(at.relay<reading>({1, 1, rng() % 50}, value)); break;
                             default: h.add(static_cast<std::uint64_t>(nodes[0].join(nodes[1]).error()));
                           }
                           add_result(at.read<parts>());
                           add_result(at.read<credit>());
                           h.add(at.read<oil>().value_or(-1));
                           h.add(static_cast<double>(at.read<level>().value_or(-1)));
                           h.add(at.read<reading>().value_or(-1));
                         }
                         for (const shop& node : nodes) {
                           skerry::byte_writer out{image};
                           h.add(static_cast<std::uint64_t>(node.encode(out).error()));
                           h.add(out.written());
                         }
                       }};

const bits_of siblings{"state.dvv_set", [](bit_hash& h) {
                         using set = state::dvv_set<std::uint64_t, 4, 8>;
                         skerry::splitmix64 rng{6};
                         std::array<set, 3> servers{};
                         std::array<set::context_type, 3> read{};
                         for (int i = 0; i < 300; ++i) {
                           const auto at = static_cast<std::size_t>(rng() % 3);
                           const auto with = static_cast<std::size_t>(rng() % 3);
                           const std::uint64_t value = rng() % 100;
                           switch (rng() % 4) {
                             case 0: h.add(static_cast<std::uint64_t>(servers[at].put(value, read[with], at).error())); break;
                             case 1: h.add(static_cast<std::uint64_t>(servers[at].join(servers[with]).error())); break;
                             case 2: {
                               const auto fresh = set::anonymous(value, read[with]);
                               h.add(static_cast<std::uint64_t>(fresh ? servers[at].join(fresh.value()).error() : fresh.error()));
                               break;
                             }
                             default: read[with] = servers[at].context();
                           }
                           servers[at].for_each([&h](std::uint64_t v) { h.add(v); });
                         }
                       }};

/// A log of fixed size, nothing of which is ever lost.
class small_log {
 public:
  skerry::result<skerry::recovery_report> open() noexcept {
    skerry::recovery_report report;
    report.first = {first_};
    report.end = {end_};
    report.records = end_ - first_;
    report.fresh = end_ == first_;
    return report;
  }
  skerry::result<skerry::position> append(const skerry::record_header& header, std::span<const std::byte> payload) noexcept {
    if (end_ - first_ == log_.size() || payload.size() > log_[0].bytes.size()) {
      return skerry::errc::full;
    }
    entry& e = slot(end_);
    e.header = header;
    e.size = payload.size();
    for (std::size_t i = 0; i < payload.size(); ++i) {
      e.bytes[i] = payload[i];
    }
    return skerry::position{end_++};
  }
  skerry::result<skerry::record_view> read(skerry::position at, std::span<std::byte> out) noexcept {
    if (at.value < first_ || at.value >= end_) {
      return skerry::errc::absent;
    }
    const entry& e = slot(at.value);
    if (e.size > out.size()) {
      return skerry::errc::width;
    }
    for (std::size_t i = 0; i < e.size; ++i) {
      out[i] = e.bytes[i];
    }
    return skerry::record_view{e.header, out.first(e.size), {at.value + 1}};
  }
  skerry::status advance(skerry::cursor done) noexcept {
    for (; first_ < end_; ++first_) {
      const skerry::record_header& h = slot(first_).header;
      if (h.kind == skerry::record_kind::data && h.seq > done.upto) {
        break;
      }
      if (h.kind != skerry::record_kind::data && first_ + 1 == end_) {
        break;  // the newest lease stays
      }
    }
    return {};
  }
  skerry::status sync() noexcept { return {}; }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept { return end_ - first_; }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return log_.size() - used_bytes(); }
  template <typename F>
  void for_each(F&& f) const {
    for (std::uint64_t at = first_; at < end_; ++at) {
      f(std::span{slot(at).bytes}.first(slot(at).size));
    }
  }

 private:
  struct entry {
    skerry::record_header header{};
    std::size_t size = 0;
    std::array<std::byte, 96> bytes{};
  };
  [[nodiscard]] entry& slot(std::uint64_t at) noexcept { return log_[static_cast<std::size_t>(at % log_.size())]; }
  [[nodiscard]] const entry& slot(std::uint64_t at) const noexcept { return log_[static_cast<std::size_t>(at % log_.size())]; }

  std::array<entry, 48> log_{};
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
};
struct few_operations {
  static constexpr std::size_t operations = 8;
  static constexpr std::size_t payload_bytes = 24;
};

const bits_of operations{"state.op_queue", [](bit_hash& h) {
                           static small_log store;
                           static state::op_queue<small_log, few_operations> queue;
                           store = {};
                           skerry::splitmix64 rng{7};
                           state::op_queue_config config;
                           config.origin = 3;
                           config.policy = state::when_full::coalesce_by_key_then_drop_oldest;
                           h.add(static_cast<std::uint64_t>(queue.open(store, config, state::epoch_rule::durable, rng).error()));
                           state::op_mark last{};
                           for (int i = 0; i < 600; ++i) {
                             const std::array<std::byte, 2> key{std::byte{1}, static_cast<std::byte>(rng() % 5)};
                             const std::array<std::byte, 3> value{static_cast<std::byte>(i), std::byte{2}, std::byte{3}};
                             const std::size_t length = rng() % 4;
                             std::array<std::byte, 200> batch{};
                             switch (rng() % 6) {
                               case 0: {
                                 const auto size = queue.next({}, batch);
                                 h.add(static_cast<std::uint64_t>(size.error()));
                                 if (size) {
                                   h.add(std::span{batch}.first(size.value()));
                                   (void)state::read_operations(std::span{batch}.first(size.value()),
                                                                [&last](const state::operation& op) { last = op.id; });
                                 }
                                 break;
                               }
                               case 1: h.add(static_cast<std::uint64_t>(queue.on_ack(last).error())); break;
                               case 2: h.add(static_cast<std::uint64_t>(queue.persist().error())); break;
                               case 3: {
                                 if (rng() % 8 == 0) {
                                   h.add(static_cast<std::uint64_t>(queue.open(store, config, state::epoch_rule::durable, rng).error()));
                                 }
                                 break;
                               }
                               default: h.add(static_cast<std::uint64_t>(queue.enqueue(key, std::span{value}.first(length)).error()));
                             }
                             h.add(queue.backlog_bytes());
                           }
                           store.for_each([&h](std::span<const std::byte> record) { h.add(record); });
                         }};

// The server's side, for four devices where there is room for three: what comes in order, again, too early, in a new life, under a
// name that another queue took.
const bits_of ledger{"state.op_ledger", [](bit_hash& h) {
                       static state::op_ledger<3> applied;
                       applied = {};
                       std::array<state::op_mark, 5> sent{};
                       skerry::splitmix64 rng{11};
                       for (int i = 0; i < 2000; ++i) {
                         const std::uint64_t origin = 1 + rng() % 4;
                         state::op_mark& last = sent[origin];
                         state::operation op;
                         op.origin = origin;
                         op.after = last;
                         op.id = {last.epoch, last.seq + 1};
                         switch (rng() % 8) {
                           case 0: op.id.seq -= rng() % (last.seq + 1); break;
                           case 1: op.after.seq = op.id.seq++; break;
                           case 2: op.id.epoch.generation += 1; break;
                           case 3: op.id.epoch.nonce += static_cast<std::uint32_t>(rng() % 2); break;
                           default: break;
                         }
                         const skerry::errc judged = applied.judge(op).error();
                         const skerry::errc done = applied.applied(op).error();
                         h.add(static_cast<std::uint64_t>(judged) << 8 | static_cast<std::uint64_t>(done));
                         last = applied.upto(origin);
                         h.add(last.seq << 32 | (std::uint64_t{last.epoch.generation} << 16 ^ last.epoch.nonce));
                       }
                     }};

const bits_of twin{"state.owned_merge", [](bit_hash& h) {
                     static state::owned_merge<state::limits::small_twin> device;
                     static state::owned_merge<state::limits::small_twin> cloud;  // holds what the cloud has
                     static std::array<char, 1024> text;
                     static std::array<std::byte, 4096> image;
                     device = state::owned_merge<state::limits::small_twin>{};
                     cloud = device;
                     skerry::splitmix64 rng{8};
                     std::uint64_t version = 1;
                     const std::array<std::string_view, 4> paths{"/desired/speed", "/desired/limits/high", "/reported/load", "/note"};
                     const auto change = [&](auto& side) {
                       const std::string_view path = paths[rng() % paths.size()];
                       const std::uint64_t what = rng() % 4;
                       const double value = static_cast<double>(rng() % 1000) / 7;
                       h.add(static_cast<std::uint64_t>(what == 0   ? side.erase(path).error()
                                                        : what == 1 ? side.set(path, value).error()
                                                        : what == 2 ? side.set(path, "text").error()
                                                                    : side.set_json(path, "[1,{\"b\":2,\"a\":1e1}]").error()));
                     };
                     const auto add_text = [&](std::size_t size) { h.add(std::as_bytes(std::span{text}.first(size))); };
                     device.connected(0);
                     for (std::uint32_t now = 0; now < 600'000; now += 700) {
                       if (rng() % 3 == 0) {
                         change(device);
                       }
                       if (rng() % 5 == 0) {
                         change(cloud);
                         ++version;
                       }
                       const auto action = device.poll(now, text);
                       h.add(static_cast<std::uint64_t>(action.error()));
                       if (!action || action.value().kind == state::twin_request::none) {
                         continue;
                       }
                       h.add(static_cast<std::uint64_t>(action.value().kind));
                       if (action.value().kind == state::twin_request::get) {
                         const std::size_t size = cloud.write_local(text).value_or(0);
                         h.add(static_cast<std::uint64_t>(
                             device.on_document(action.value().request, std::string_view{text.data(), size}, version, now).error()));
                       } else if (action.value().expected != version) {
                         h.add(static_cast<std::uint64_t>(device.on_conflict(action.value().request, now).error()));
                       } else {
                         add_text(action.value().bytes);
                         h.add(static_cast<std::uint64_t>(cloud.patch_local({text.data(), action.value().bytes}).error()));
                         h.add(static_cast<std::uint64_t>(device.on_done(action.value().request, ++version, now).error()));
                       }
                     }
                     skerry::byte_writer out{image};
                     device.encode(out);
                     h.add(out.written());
                   }};

/// A set that takes no memory.
struct drawn {
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
void converse(bit_hash& h, std::uint64_t most) {
  static D d;
  for (std::uint64_t n = 0; n <= most; n += 7) {
    const drawn mine{1, n};
    const drawn theirs{1, n + n / 3};
    d.start(n, state::mark_of(mine));
    while (!d.done() && !d.spoiled()) {
      std::array<std::byte, 80> question{};
      std::array<std::byte, 300> answer{};
      skerry::byte_writer q{question};
      skerry::byte_writer a{answer};
      h.add(static_cast<std::uint64_t>(d.ask(q).error()));
      skerry::byte_reader asked{q.written()};
      h.add(static_cast<std::uint64_t>(D::answer(n, asked, theirs, a).error()));
      h.add(q.written());
      h.add(a.written());
      skerry::byte_reader in{a.written()};
      const auto taken = d.take(in, mine, [&h](std::uint64_t value, state::digest_side) { h.add(value); });
      h.add(static_cast<std::uint64_t>(taken.error()));
    }
  }
}
const bits_of symbols{"state.riblt", [](bit_hash& h) { converse<state::riblt<64, 16>>(h, 210); }};
const bits_of tree{"state.hash_tree", [](bit_hash& h) { converse<state::hash_tree<20, 4>>(h, 210); }};

// A roster that members change and exchange, what they acknowledge, and what they fold and collect because of it.
const bits_of members{"state.members", [](bit_hash& h) {
                        static replica_with_members nodes[3];
                        static std::array<std::byte, 16384> bytes;
                        skerry::splitmix64 rng{31};
                        for (std::size_t i = 0; i < 3; ++i) {
                          nodes[i].~replica_with_members();
                          ::new (static_cast<void*>(&nodes[i])) replica_with_members{};
                          (void)replica_with_members::create(nodes[i], 1 + i, state::role::device, state::epoch_rule::every_open, {}, rng,
                                                             0);
                        }
                        const auto tell = [&](std::size_t from, std::size_t to) {
                          skerry::byte_writer out{bytes};
                          (void)nodes[from].write_fence(out);
                          h.add(out.written());
                          h.add(static_cast<std::uint64_t>(nodes[to].accept(out.written(), 0).error()));
                          h.add(nodes[to].roster_hash());
                        };
                        for (int round = 0; round < 40; ++round) {
                          const auto at = static_cast<std::size_t>(rng() % 3);
                          replica_with_members& r = nodes[at];
                          (void)r.inc<stock>(1 + rng() % 5);
                          (void)r.inc<mesh::credit>(1 + rng() % 5);
                          (void)(rng() % 2 == 0 ? r.add<mesh::banned>(1) : r.remove<mesh::banned>(1));
                          if (rng() % 8 == 0 && r.members().size() < 24) {
                            (void)r.as_new_life(rng);
                            (void)r.retire_old_lives();
                          }
                          for (std::size_t i = 0; i < 9; ++i) {
                            tell(i % 3, i / 3);
                            h.add(static_cast<std::uint64_t>(nodes[i / 3].join(nodes[i % 3]).error()));
                            (void)nodes[i / 3].acknowledge();
                          }
                          for (replica_with_members& n : nodes) {
                            if (const auto delta = n.collect(); delta) {
                              h.add(delta.value().bytes());
                            }
                          }
                        }
                        skerry::byte_writer out{bytes};
                        (void)nodes[0].encode(out);
                        h.add(out.written());
                      }};

}  // namespace
