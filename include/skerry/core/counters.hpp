// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0 {

namespace detail {
struct counter_visitor {
  void operator()(std::string_view, std::uint64_t) const noexcept {}
};
}  // namespace detail

/// A type T models `counter_block` when:
///   1. it is a plain struct of `std::uint64_t`, all zero when default-made, each counting one kind of event;
///   2. `merge` adds: the counters of two nodes, or of two lives of one node, make the counters of both;
///   3. `for_each(f)` calls `f(name, count)` once per counter, in a fixed order, zeros included: so that an exporter needs no
///      list of its own and a new counter is never forgotten.
template <typename T>
concept counter_block = std::default_initializable<T> && requires(T& a, const T& b, detail::counter_visitor visit) {
  a.merge(b);
  b.for_each(visit);
};

}  // namespace skerry::inline v0
