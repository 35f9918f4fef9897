// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// All histories of a few operations, for every policy.
#include "sim/exhaustive.hpp"
#include "sim/planted_policies.hpp"

#include <memory>
#include <string>

namespace skerry_sim {

namespace {

/// Room for what a few operations need.
struct few : state::limits::firmware {
  static constexpr std::size_t actors = 3;
  static constexpr std::size_t keys = 4;
  static constexpr std::size_t records = 14;
  static constexpr std::size_t ranges = 8;
  static constexpr std::size_t payload_bytes = 60;
  static constexpr std::size_t log_bytes = 320;
  static constexpr std::size_t key_bytes = 8;
};

template <typename With>
scope_outcome explore(std::uint16_t path, std::size_t length) {
  using schema = typename plant<With>::schema;
  scope_outcome out;
  const auto scope = std::make_unique<small_scope<state::replica<schema, few>>>();
  schema::visit(path, [&]<typename P>() {
    out.path = P::at.text();
    scope->run(path, length, 0, out);
    if ((P::policy::kind & state::kinds::stamped) != 0 && out.found == 0) {
      scope->run(path, length, 7000, out);  // and without ties
    }
  });
  return out;
}

}  // namespace

std::size_t scope_paths() { return plant<as_it_is>::schema::size; }
scope_outcome explore_scope(std::size_t path, std::size_t length, bool with_plant) {
  const auto p = static_cast<std::uint16_t>(path);
  return with_plant ? explore<as_planted>(p, length) : explore<as_it_is>(p, length);
}

}  // namespace skerry_sim
