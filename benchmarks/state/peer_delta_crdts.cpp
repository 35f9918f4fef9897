// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "peers.hpp"
#include "rounds.hpp"

#include <memory>

#ifdef SKERRY_BENCH_HAS_DELTA_CRDTS
#include <delta-crdts.cc>

namespace state_bench {

namespace {
using cell = mvreg<double, int>;
using cells = ormap<std::string, cell, int>;
using timed = lwwreg<std::uint64_t, double>;
using plain = gmap<std::string, timed>;

/// The first `most` deltas of the others, with what replica 0 has written before.
std::vector<std::uint32_t> taken_of(std::span<const overwrite> all, std::size_t most) {
  std::vector<std::uint32_t> taken;
  for (std::uint32_t i = 0; i < all.size() && taken.size() < most; ++i) {
    if (all[i].writer != 0) {
      taken.push_back(i);
    }
  }
  return taken;
}
}  // namespace

// The map joins only maps whose writers are named by texts (`join(const ormap<N,V>&)`), so that is what they are.
double delta_map_joins(std::span<const overwrite> all, std::size_t keys, std::size_t most) {
  using text_cell = mvreg<double>;
  using text_cells = ormap<std::string, text_cell>;
  const auto texts = key_texts(keys);
  std::vector<std::unique_ptr<text_cells>> sites;
  for (std::size_t w = 0; w < writers; ++w) {
    sites.push_back(std::make_unique<text_cells>(std::to_string(w)));
  }
  const auto taken = taken_of(all, most);
  std::vector<std::unique_ptr<text_cells>> deltas;
  const auto write = [&](const overwrite& o) {
    auto delta = std::make_unique<text_cells>(std::to_string(o.writer));
    text_cell& at = (*delta)[texts[o.key]];
    at.join((*sites[o.writer])[texts[o.key]].write(o.value));
    return delta;
  };
  for (const overwrite& o : all) {
    if (o.writer == 0) {
      (void)write(o);
    }
  }
  for (const std::uint32_t i : taken) {
    deltas.push_back(write(all[i]));
  }
  stopwatch watch;
  for (const auto& delta : deltas) {
    sites[0]->join(*delta);
  }
  const double ns = watch.ns();
  for (const std::uint32_t i : taken) {
    require(!(*sites[0])[texts[all[i].key]].read().empty(), "delta-enabled-crdts: a key is missing");
  }
  return ns / static_cast<double>(taken.size());
}

double delta_plain_map_joins(std::span<const overwrite> all, std::size_t keys, std::size_t most) {
  const auto texts = key_texts(keys);
  plain site;
  std::vector<plain> deltas;
  for (const overwrite& o : all) {
    if (o.writer == 0) {
      (void)site[texts[o.key]].write(o.wall, o.value);
    }
  }
  const auto taken = taken_of(all, most);
  for (const std::uint32_t i : taken) {
    deltas.emplace_back();
    (void)deltas.back()[texts[all[i].key]].write(all[i].wall, all[i].value);
  }
  stopwatch watch;
  for (const plain& delta : deltas) {
    site.join(delta);
  }
  const double ns = watch.ns();
  return ns / static_cast<double>(taken.size());
}

namespace {
std::vector<aworset<std::uint32_t>> set_deltas(aworset<std::uint32_t>& site, std::span<const std::uint32_t> all, std::size_t elements) {
  std::vector<bool> in(elements);
  std::vector<aworset<std::uint32_t>> deltas;
  deltas.reserve(all.size());
  for (const std::uint32_t e : all) {
    deltas.push_back(in[e] ? site.rmv(e) : site.add(e));
    in[e] = !in[e];
  }
  return deltas;
}
}  // namespace

double delta_set_joins(std::span<const std::uint32_t> all, std::size_t elements) {
  aworset<std::uint32_t> site{"a"};
  aworset<std::uint32_t> other{"b"};
  const auto deltas = set_deltas(site, all, elements);
  stopwatch watch;
  for (const auto& delta : deltas) {
    other.join(delta);
  }
  const double ns = watch.ns();
  require(site.read() == other.read(), "delta-enabled-crdts: two sets differ");
  return ns / static_cast<double>(all.size());
}

double delta_set_local(std::span<const std::uint32_t> all, std::size_t elements) {
  aworset<std::uint32_t> site{"a"};
  std::vector<bool> in(elements);
  stopwatch watch;
  for (const std::uint32_t e : all) {
    if (in[e]) {
      benchmark::DoNotOptimize(site.rmv(e));
    } else {
      benchmark::DoNotOptimize(site.add(e));
    }
    in[e] = !in[e];
  }
  const double ns = watch.ns();
  for (std::uint32_t e = 0; e < elements; ++e) {
    require(site.in(e) == in[e], "delta-enabled-crdts: an element is wrong");
  }
  return ns / static_cast<double>(all.size());
}

}  // namespace state_bench
#endif
