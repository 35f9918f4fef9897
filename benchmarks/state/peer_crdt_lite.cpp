// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "peers.hpp"
#include "rounds.hpp"

#ifdef SKERRY_BENCH_HAS_CRDT_LITE
#include <crdt.hpp>

namespace state_bench {

namespace {
using changes = CrdtVector<Change<std::string, double>>;
using replica = CRDT<std::string, double>;

/// Each overwrite as a message of one change.
std::vector<changes> messages_of(std::span<const overwrite> all, const std::vector<std::string>& keys, std::vector<replica>& sites) {
  for (std::size_t w = 0; w < writers; ++w) {
    sites.emplace_back(static_cast<CrdtNodeId>(w + 1));
  }
  std::vector<changes> messages(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    sites[all[i].writer].insert_or_update(keys[all[i].key], messages[i], std::make_pair(std::string{"v"}, all[i].value));
  }
  return messages;
}
}  // namespace

double lite_joins(std::span<const overwrite> all, std::size_t keys, bool twice) {
  const auto texts = key_texts(keys);
  std::vector<replica> sites;
  std::vector<changes> messages = messages_of(all, texts, sites);
  std::vector<changes> again = messages;
  const auto take = [&all](replica& to, std::vector<changes>& from, std::uint32_t own) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].writer != own) {
        to.merge_changes(std::move(from[i]));
        ++taken;
      }
    }
    return taken;
  };
  std::vector<changes> others = messages;
  stopwatch first;
  std::size_t taken = take(sites[0], messages, 0);
  double ns = first.ns();
  if (twice) {
    stopwatch second;
    taken = take(sites[0], again, 0);
    ns = second.ns();
  }
  (void)take(sites[1], others, 1);
  for (const std::string& text : texts) {
    const auto* a = sites[0].get_record(text);
    const auto* b = sites[1].get_record(text);
    require((a == nullptr) == (b == nullptr), "crdt-lite: a key is missing");
    require(a == nullptr || a->fields.at("v") == b->fields.at("v"), "crdt-lite: two replicas differ");
  }
  return ns / static_cast<double>(taken);
}

double lite_writes(std::span<const overwrite> all, std::size_t keys) {
  const auto texts = key_texts(keys);
  const std::pair<std::string, double> column{"v", 0};
  replica site{1};
  changes made;
  made.reserve(1);
  double sum = 0;
  stopwatch watch;
  for (const overwrite& o : all) {
    made.clear();
    site.insert_or_update(texts[o.key], made, std::pair<const std::string&, double>{column.first, o.value});
    sum += static_cast<double>(made.size());
  }
  const double ns = watch.ns();
  require(sum == static_cast<double>(all.size()), "crdt-lite: changes are missing");
  return ns / static_cast<double>(all.size());
}

}  // namespace state_bench
#endif
