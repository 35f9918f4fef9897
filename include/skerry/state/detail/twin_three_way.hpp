// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/twin_rows.hpp>
#include <skerry/state/owned_merge_config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// Walks through two documents and calls `f(path, x_from, x_to, y_from, y_to)` for each path at which not both have an object: the two
/// ranges of rows within it, one of which may be empty. An object that has nothing in it on one side is no such path.
///
/// absent_is_empty   neither is one that is not there on one side: of those who drop empty objects nobody can tell the difference
template <std::size_t N>
class pair_walk {
 public:
  using rows = twin_rows<N>;
  constexpr pair_walk(const rows& x, const rows& y, bool absent_is_empty = false) noexcept
      : x_{&x}, y_{&y}, absent_is_empty_{absent_is_empty} {}

  template <typename F>
  constexpr void for_each(F&& f) const {
    side x{x_, 0, {}};
    side y{y_, 0, {}};
    while (!x.done() || !y.done()) {
      if (steps_into(x, y) || steps_into(y, x)) {
        continue;
      }
      const bool x_first = y.done() || (!x.done() && compare_pointers(x.path(), y.path()) <= 0);
      const std::string_view top = top_of(x_first ? x : y, x_first ? y : x);
      const std::size_t x_to = x_->subtree_end(top, x.at);
      const std::size_t y_to = y_->subtree_end(top, y.at);
      f(top, x.at, x_to, y.at, y_to);
      x.move(x_to);
      y.move(y_to);
    }
  }

 private:
  struct side {
    const rows* of;
    std::size_t at;
    std::string_view passed;  ///< path of the last row before `at`

    [[nodiscard]] constexpr bool done() const noexcept { return at == of->end(); }
    [[nodiscard]] constexpr std::string_view path() const noexcept { return done() ? std::string_view{} : of->at(at).path; }
    constexpr void move(std::size_t to) noexcept {
      while (at < to) {
        passed = of->at(at).path;
        at = of->at(at).next;
      }
      begun = begun || to > 0;
    }
    bool begun = false;
  };

  /// An empty object against one with members: each member is looked at by itself.
  [[nodiscard]] static constexpr bool steps_into(side& empty, const side& other) noexcept {
    if (empty.done() || other.done() || empty.of->at(empty.at).text != empty_object || other.path() == empty.path() ||
        !is_within(other.path(), empty.path())) {
      return false;
    }
    empty.move(empty.of->at(empty.at).next);
    return true;
  }
  /// The shortest path above `first`'s next row at which `second` has no object.
  [[nodiscard]] constexpr std::string_view top_of(const side& first, const side& second) const noexcept {
    const std::string_view path = first.path();
    std::size_t objects = 0;  // length of the longest path at which both have one
    bool any = false;
    if (!second.done()) {
      if (is_within(second.path(), path)) {
        return path;  // a leaf against whatever is there
      }
      const std::string_view shared = common_ancestor(path, second.path());
      objects = shared.size();
      any = true;
    }
    if (second.begun) {
      const std::string_view shared = common_ancestor(path, second.passed);
      objects = shared.size() > objects ? shared.size() : objects;
      any = true;
    }
    if (!any) {
      return {};  // the other document is not there at all
    }
    return absent_is_empty_ ? path : path.substr(0, path.find('/', objects + 1));
  }

  const rows* x_;
  const rows* y_;
  bool absent_is_empty_;
};

/// One bit of 64 for a path.
[[nodiscard]] constexpr std::uint64_t bit_of_path(std::string_view path) noexcept {
  std::uint32_t h = 2166136261U;
  for (const char c : path) {
    h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return std::uint64_t{1} << ((h ^ (h >> 16U)) & 63U);
}
[[nodiscard]] constexpr twin_side owner_of(std::span<const twin_owner> owners, twin_side otherwise, std::string_view path) noexcept {
  std::size_t longest = 0;
  for (const twin_owner& o : owners) {
    if (is_within(path, o.prefix) && o.prefix.size() >= longest) {
      otherwise = o.side;
      longest = o.prefix.size();
    }
  }
  return otherwise;
}

/// Which sides differ from what a merge made.
struct merge_outcome {
  bool local = false;
  bool cloud = false;
};

/// Three-way merge: what changed on one side since `base` wins, and where both changed, `cloud_wins(path)` says who.
///
/// Absent is a value; arrays and scalars are replaced whole; objects recurse, and an absent base counts as empty.
/// base        null: there is none
/// keep_empty  whether an object whose members are all gone stays as an empty one (the root always does). Where it does not, an object
///             that is gone is one whose members are gone, each by itself.
/// Errors      `full`: the result is larger than its rows
template <std::size_t N, typename CloudWins>
[[nodiscard]] constexpr result<merge_outcome> merge_three(const twin_rows<N>* base, const twin_rows<N>& local, const twin_rows<N>& cloud,
                                                          CloudWins&& cloud_wins, bool keep_empty, twin_rows<N>& merged) {
  merged.clear();
  merge_outcome differs;
  status done;
  std::size_t b = 0;
  pair_walk<N>{local, cloud, !keep_empty}.for_each(
      [&](std::string_view top, std::size_t l, std::size_t l_to, std::size_t c, std::size_t c_to) {
        if (!done) {
          return;
        }
        b = base != nullptr ? base->lower_bound(top, b) : 0;
        const std::size_t b_to = base != nullptr ? base->subtree_end(top, b) : 0;
        const auto changed = [&](const twin_rows<N>& side, std::size_t from, std::size_t to) {
          return base != nullptr ? !side.equal(from, to, *base, b, b_to) : from < to;
        };
        const bool same = local.equal(l, l_to, cloud, c, c_to);
        const bool takes_cloud = !same && (!changed(local, l, l_to) || (changed(cloud, c, c_to) && cloud_wins(top)));
        differs.local = differs.local || (!same && takes_cloud);
        differs.cloud = differs.cloud || (!same && !takes_cloud);
        done = takes_cloud ? merged.append(cloud, c, c_to) : merged.append(local, l, l_to);
        const std::string_view object = parent_of(top);
        const bool gone = !top.empty() && (takes_cloud ? c == c_to : l == l_to) && !merged.ends_within(object);
        if (done && gone && (keep_empty || object.empty())) {
          done = merged.append(object, empty_object);
        }
      });
  return done ? result<merge_outcome>{differs} : result<merge_outcome>{done.error()};
}

/// Writes the smallest RFC 7396 patch that makes `to` of `from`.
template <std::size_t N>
constexpr void write_patch(text_sink& out, const twin_rows<N>& from, const twin_rows<N>& to) noexcept {
  nested_writer json{out};
  pair_walk<N>{from, to}.for_each([&](std::string_view top, std::size_t f, std::size_t f_to, std::size_t t, std::size_t t_to) {
    if (from.equal(f, f_to, to, t, t_to)) {
      return;
    }
    if (t == t_to) {
      json.leaf(top, "null");
    }
    while (t < t_to) {
      const auto row = to.at(t);
      json.leaf(row.path, row.text);
      t = row.next;
    }
  });
  json.finish("{}");
}

/// Writes a document; "null" when there is none.
template <std::size_t N>
constexpr void write_document(text_sink& out, const twin_rows<N>& rows) noexcept {
  nested_writer json{out};
  for (std::size_t i = 0; i < rows.end();) {
    const auto row = rows.at(i);
    json.leaf(row.path, row.text);
    i = row.next;
  }
  json.finish("null");
}

/// Calls `f(path, text)` for each leaf of `to` that `from` does not have, and with an empty text for each that only `from` has.
template <std::size_t N, typename F>
constexpr void for_each_change(const twin_rows<N>& from, const twin_rows<N>& to, F&& f) {
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < from.end() || b < to.end()) {
    const auto before = a < from.end() ? from.at(a) : typename twin_rows<N>::row{};
    const auto after = b < to.end() ? to.at(b) : typename twin_rows<N>::row{};
    const int order = a == from.end() ? 1 : (b == to.end() ? -1 : compare_pointers(before.path, after.path));
    if (order < 0) {
      f(before.path, std::string_view{});
    } else if (order > 0 || !equal_values(before.text, after.text)) {
      f(after.path, after.text);
    }
    a = order <= 0 ? before.next : a;
    b = order >= 0 ? after.next : b;
  }
}

/// A document was sent and nobody answered; now it is known what the cloud has. `sent` becomes what both sides held: leaves that the
/// cloud has as they were sent were heard, the others are as they were in `base`.
///
/// Cost  O(leaves · bytes); for the rare case
template <std::size_t N>
constexpr void keep_what_was_heard(const twin_rows<N>& base, twin_rows<N>& sent, const twin_rows<N>& cloud) noexcept {
  std::array<char, longest_pointer> last{};
  std::size_t length = 0;
  bool any = false;
  for (;;) {
    std::string_view next{};
    bool more = false;
    for (const twin_rows<N>* rows : {&base, static_cast<const twin_rows<N>*>(&sent)}) {
      std::size_t i = rows->lower_bound({last.data(), length});
      i = any && i < rows->end() && rows->at(i).path == std::string_view{last.data(), length} ? rows->at(i).next : i;
      if (i < rows->end() && (!more || compare_pointers(rows->at(i).path, next) < 0)) {
        next = rows->at(i).path;
        more = true;
      }
    }
    if (!more) {
      return;
    }
    any = true;
    length = next.size();
    for (std::size_t i = 0; i < length; ++i) {
      last[i] = next[i];
    }
    const std::string_view path{last.data(), length};
    const std::string_view before = base.find(path);
    if (!equal_values(sent.find(path), before) && !equal_values(sent.find(path), cloud.find(path))) {
      if (before.empty()) {
        sent.erase_within(path);
      } else {
        (void)sent.put(path, before);
      }
    }
  }
}

/// Whether a document is more than a cloud takes: `width` nested deeper, `full` larger, else `ok`.
template <twin_limits Limits, std::size_t N>
[[nodiscard]] constexpr errc over_twin_limits(const twin_rows<N>& rows) noexcept {
  for (std::size_t i = 0; i < rows.end(); i = rows.at(i).next) {
    if (depth_of(rows.at(i).path) > Limits::depth + 1) {
      return errc::width;
    }
  }
  if constexpr (!Limits::per_section) {
    text_sink size{std::span<char>{}};
    write_document(size, rows);
    return size.size() > Limits::most_bytes ? errc::full : errc::ok;
  } else {
    for (std::size_t i = 0; i < rows.end();) {
      const std::string_view path = rows.at(i).path;
      const std::string_view section = path.substr(0, path.find('/', 1));
      const std::size_t to = rows.subtree_end(section, i);
      text_sink size{std::span<char>{}};
      nested_writer json{size};
      for (; i < to; i = rows.at(i).next) {
        json.leaf(rows.at(i).path.substr(section.size()), rows.at(i).text);
      }
      json.finish({});
      if (size.size() > Limits::most_bytes) {
        return errc::full;
      }
    }
    return errc::ok;
  }
}

}  // namespace skerry::inline v0::state::detail
