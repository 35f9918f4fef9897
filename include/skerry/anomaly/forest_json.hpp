// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/float_forest.hpp>
#include <skerry/core/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// The memory that a forest in JSON wants.
struct float_forest_size {
  std::size_t nodes, trees;
};

namespace detail {

struct float_forest_access {
  [[nodiscard]] static std::span<float_node> free_nodes(const float_forest& forest) noexcept { return forest.nodes_.subspan(forest.used_); }
  [[nodiscard]] static status adopt(float_forest& forest, std::size_t count) noexcept {
    return forest.trees_ == forest.roots_.size() ? status{errc::full} : forest.adopt(count);
  }
};

/// The outer object: what it says, and where its trees begin.
struct forest_outline {
  float_forest_config config{.columns = 0, .sample = 0};
  json_reader trees{std::string_view{}};  ///< at the array of trees
  float_forest_size size{0, 0};
};

enum class tree_member : std::uint8_t { feature, threshold, left, right, samples };
inline constexpr std::size_t tree_members = 5;

[[nodiscard]] constexpr bool in_range(const result<std::int64_t>& x, std::int64_t least, std::int64_t most) noexcept {
  return x && x.value() >= least && x.value() <= most;
}

/// One array of a tree, into `out` if there is one; false when an element cannot be.
[[nodiscard]] inline bool read_tree_member(json_reader& in, tree_member member, std::span<float_node> out, std::size_t& count) noexcept {
  if (in.next() != json_token::begin_array) {
    return false;
  }
  constexpr std::int64_t greatest = 0x7fffffff;
  count = 0;
  while (in.next() == json_token::number) {
    if (!out.empty() && count == out.size()) {
      return false;
    }
    if (member == tree_member::threshold) {
      const result<double> x = in.number();
      if (!x) {
        return false;
      }
      if (!out.empty()) {
        out[count].threshold = round_down(x.value());
      }
    } else {
      const result<std::int64_t> x = in.integer();
      const bool rows = member == tree_member::samples;
      if (!in_range(x, rows ? 0 : -greatest, rows ? 0xffffffff : greatest)) {
        return false;
      }
      if (!out.empty()) {
        switch (member) {
          case tree_member::feature: out[count].feature = static_cast<std::int32_t>(x.value()); break;
          case tree_member::left: out[count].left = static_cast<std::uint32_t>(x.value()); break;
          case tree_member::right: out[count].right = static_cast<std::uint32_t>(x.value()); break;
          default: out[count].path = static_cast<double>(x.value()); break;
        }
      }
    }
    ++count;
  }
  return in.token() == json_token::end_array;
}

/// One tree whose `{` was read, into `out` if there is one; false when it cannot be.
[[nodiscard]] inline bool read_tree(json_reader& in, std::span<float_node> out, std::size_t& count) noexcept {
  constexpr std::array<std::string_view, tree_members> names{"feature", "threshold", "left", "right", "n_node_samples"};
  std::array<bool, tree_members> seen{};
  bool first = true;
  while (in.next() == json_token::name) {
    std::size_t member = 0;
    while (member < tree_members && !in.is(names[member])) {
      ++member;
    }
    if (member == tree_members) {
      in.skip();
      continue;
    }
    std::size_t length = 0;
    if (seen[member] || !read_tree_member(in, static_cast<tree_member>(member), out, length) || (!first && length != count)) {
      return false;
    }
    seen[member] = true;
    first = false;
    count = length;
  }
  bool all = in.token() == json_token::end_object && count > 0;
  for (const bool s : seen) {
    all = all && s;
  }
  return all;
}

/// Looks at the whole text and writes nothing.
[[nodiscard]] inline status outline_forest(std::string_view text, forest_outline& made) noexcept {
  json_reader in{text};
  bool offset = false;
  bool formula = false;
  bool trees = false;
  if (in.next() != json_token::begin_object) {
    return errc::corrupt;
  }
  while (in.next() == json_token::name) {
    if (in.is("n_features") || in.is("max_samples")) {
      const bool columns = in.is("n_features");
      in.next();
      const result<std::int64_t> x = in.integer();
      if (!in_range(x, 1, columns ? 0x7fffffff : 0xffffffff) || (columns ? made.config.columns : made.config.sample) != 0) {
        return errc::corrupt;
      }
      if (columns) {
        made.config.columns = static_cast<std::size_t>(x.value());
      } else {
        made.config.sample = static_cast<std::uint64_t>(x.value());
      }
    } else if (in.is("offset")) {
      in.next();
      const result<double> x = in.number();
      if (!x || offset) {
        return errc::corrupt;
      }
      made.config.offset = x.value();
      offset = true;
    } else if (in.is("c")) {
      if (in.next() != json_token::text || formula) {
        return errc::corrupt;
      }
      if (!in.is("sklearn") && !in.is("exact")) {
        return errc::unsupported;
      }
      made.config.c = in.is("exact") ? path_length_formula::exact : path_length_formula::sklearn;
      formula = true;
    } else if (in.is("trees")) {
      if (in.next() != json_token::begin_array || trees) {
        return errc::corrupt;
      }
      trees = true;
      made.trees = in;
      while (in.next() == json_token::begin_object) {
        std::size_t nodes = 0;
        if (!read_tree(in, {}, nodes)) {
          return errc::corrupt;
        }
        made.size.nodes += nodes;
        ++made.size.trees;
      }
      if (in.token() != json_token::end_array) {
        return errc::corrupt;
      }
    } else {
      in.skip();
    }
  }
  const bool whole = in.token() == json_token::end_object && in.next() == json_token::end;
  return whole && made.config.columns != 0 && made.config.sample != 0 && made.size.trees != 0 ? status{} : status{errc::corrupt};
}

}  // namespace detail

/// How much memory the forest in `text` wants; refused like `import_json`, but for `full`.
[[nodiscard]] inline result<float_forest_size> json_forest_size(std::string_view text) noexcept {
  detail::forest_outline outline;
  if (const status read = detail::outline_forest(text, outline); !read) {
    return read.error();
  }
  return outline.size;
}

/// The forest that another program trained, from one JSON object:
/// `{"n_features": 2, "max_samples": 256, "offset": -0.5, "c": "sklearn", "trees": [{"feature": […], "threshold": […], "left": […],
/// "right": […], "n_node_samples": […]}, …]}`. `scripts/export_forest.py` writes it from scikit-learn and isotree.
///
/// A tree is five arrays with an element per node; node 0 is the root, a leaf has left = right = -1, a row goes left when its value <=
/// threshold. `c` says whose average path length the scores are made with, "sklearn" or "exact"; it and `offset` (-0.5) may be absent.
/// Other members are passed over.
///
/// Input   thresholds are binary64 and rounded toward minus infinity to binary32, which changes no comparison with a binary32 value
/// Cost    the text is read twice, trees straight into `nodes`; no heap. 24 bytes a node, 4 a tree (`json_forest_size`)
/// Bound   as `float_forest`: within 1e-12 of scikit-learn's scores
/// Errors  `corrupt`: no JSON, a member missing, twice or out of its range, or arrays that are no tree; `unsupported`: another `c`; `full`:
///         more nodes or trees than there is room. Nothing is written before the whole text was read once and fits; after `full`, and
///         unless the damage is in how the nodes of a tree hang together, the memory is as it was
[[nodiscard]] inline result<float_forest> import_json(std::string_view text, std::span<float_node> nodes,
                                                      std::span<std::uint32_t> roots) noexcept {
  detail::forest_outline outline;
  if (const status read = detail::outline_forest(text, outline); !read) {
    return read.error();
  }
  if (outline.size.nodes > nodes.size() || outline.size.trees > roots.size()) {
    return errc::full;
  }
  result<float_forest> forest = float_forest::create(outline.config, nodes, roots);
  if (!forest) {
    return errc::corrupt;
  }
  json_reader in = outline.trees;
  for (std::size_t t = 0; t < outline.size.trees; ++t) {
    std::size_t count = 0;
    in.next();
    if (!detail::read_tree(in, detail::float_forest_access::free_nodes(forest.value()), count) ||
        !detail::float_forest_access::adopt(forest.value(), count)) {
      return errc::corrupt;
    }
  }
  return forest;
}

}  // namespace skerry::inline v0::anomaly
