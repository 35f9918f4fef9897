// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/detail/sifted_delta.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// A chunk of a catch-up without some of its records, as another chunk that can be joined.
///
/// What a record that stays out took the place of must not die for it: its key keeps the records that it has here. An event that is held
/// back is taken out of the context under which the chunk stands, so that it stays unseen; one that is dropped stays in it.
/// Cost    two walks over the chunk and one more for each record that stays out; K / 8 bytes
template <typename Chunk, typename Store, typename Judge>
class sifted_chunk {
 public:
  constexpr sifted_chunk(const Chunk& all, const Store& store, const Judge& judge) noexcept : all_{&all}, store_{&store}, judge_{&judge} {
    for_each_out([&](const incoming& in, const actor&, sifting) {
      if (const auto slot = store.find(in.key); slot != Store::none) {
        spared_[slot / 8U] = static_cast<std::uint8_t>(spared_[slot / 8U] | 1U << (slot % 8U));
      }
    });
  }

  [[nodiscard]] constexpr std::uint64_t of() const noexcept { return all_->of(); }
  [[nodiscard]] constexpr std::string_view after() const noexcept { return all_->after(); }
  [[nodiscard]] constexpr std::string_view upto() const noexcept { return all_->upto(); }
  [[nodiscard]] constexpr bool last() const noexcept { return all_->last(); }
  [[nodiscard]] constexpr bool listed_only() const noexcept { return all_->listed_only(); }
  [[nodiscard]] constexpr std::span<const actor> actors() const noexcept { return all_->actors(); }
  template <typename F>
  constexpr void for_each(F&& f) const {
    all_->for_each([&](const incoming& in) {
      if ((*judge_)(in, actors()[in.who]) == sifting::take) {
        f(in);
      }
    });
  }
  /// Whether the records of a key stay, whatever the chunk says of them.
  [[nodiscard]] constexpr bool spares(typename Store::index slot) const noexcept { return (spared_[slot / 8U] >> (slot % 8U) & 1) != 0; }
  /// Calls `f(incoming)` for the records that are held back.
  template <typename F>
  constexpr void for_each_held(F&& f) const {
    for_each_out([&](const incoming& in, const actor&, sifting verdict) {
      if (verdict == sifting::hold) {
        f(in);
      }
    });
  }
  /// Calls `f(key, record)` for the live records that the chunk would have taken away for records that stay out.
  template <typename F>
  constexpr void for_each_kept(F&& f) const {
    for_each_out([&](const incoming& in, const actor&, sifting) {
      if (const auto slot = store_->find(in.key); slot != Store::none) {
        store_->records(slot).for_each([&](const record_view& r) {
          if (store_->pending().contains({r.n, store_->actors().find(r.who)}) && !lists(in.key, r)) {
            f(in.key, r);
          }
        });
      }
    });
  }

 private:
  /// Calls `f(incoming, actor, verdict)` for the records that stay out.
  template <typename F>
  constexpr void for_each_out(F&& f) const {
    all_->for_each([&](const incoming& in) {
      const actor& who = actors()[in.who];
      if (const sifting verdict = (*judge_)(in, who); verdict != sifting::take) {
        f(in, who, verdict);
      }
    });
  }
  [[nodiscard]] constexpr bool lists(const key_ref& key, const record_view& r) const {
    bool found = false;
    for_each([&](const incoming& in) { found = found || (in.n == r.n && actors()[in.who] == r.who && same_key(in.key, key)); });
    return found;
  }

  const Chunk* all_;
  const Store* store_;
  const Judge* judge_;
  std::array<std::uint8_t, (Store::key_capacity + 7) / 8> spared_{};
};

}  // namespace skerry::inline v0::state::detail
