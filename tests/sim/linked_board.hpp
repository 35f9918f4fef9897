// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"

#include <skerry/testing/replica_board.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace skerry_sim {

namespace state = skerry::state;

/// A board that talks through links, and what less care would make of it.
template <typename Replica>
class linked_board : public skerry::testing::replica_board<Replica> {
  using base = skerry::testing::replica_board<Replica>;
  using instant_t = typename Replica::instant_t;

 public:
  [[nodiscard]] skerry::result<state::receipt> receive(state::link_id link, std::span<const std::byte> frame, instant_t now) {
    if (on(defect::back_propagation) || on(defect::news_told_back)) {
      forget_where_from(link, frame, now);
    }
    const auto got = base::receive(link, frame, now);
    if (got && got.value().seen > 0 && on(defect::no_decompose_filter)) {
      pass_on_what_was_known(link);
    }
    return got;
  }

 private:
  /// What the frame holds is taken in as if it had come from nowhere: a second replica reads the frame, and tells all that it knows then.
  void forget_where_from(state::link_id link, std::span<const std::byte> frame, instant_t now) {
    const auto reader = std::make_unique<Replica>();
    std::memcpy(static_cast<void*>(reader.get()), static_cast<const void*>(&this->replica()), sizeof(Replica));
    const auto got = reader->receive(link, frame, now);
    if (!got || got.value().added == 0) {
      return;
    }
    std::vector<std::byte> all(65'536);
    skerry::byte_writer out{all};
    if (reader->encode(out)) {
      (void)this->accept(out.written(), now);
    }
  }
  /// What was known before is passed on to all the others all the same.
  void pass_on_what_was_known(state::link_id from) {
    auto& store = const_cast<typename Replica::store_type&>(this->replica().store());
    for (std::size_t link = 0; link < 4; ++link) {
      if (static_cast<state::link_id>(link) != from) {
        store.tell_again(
            static_cast<state::detail::party>(link), [](const auto&) { return true; }, [](auto) { return std::uint64_t{0}; });
      }
    }
  }
};

}  // namespace skerry_sim
