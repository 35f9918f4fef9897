// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/state_hash.hpp>
#include <skerry/state/digest.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// The live records of a store as a digest sees them: each by its event, key and content, under a salt.
template <typename Store, std::size_t TextBytes, typename Text>
class record_set {
 public:
  record_set(const Store& store, const Text& text, std::uint64_t salt) noexcept : store_{&store}, text_{&text}, salt_{salt} {}
  template <typename F>
  void for_each(F&& f) const {
    for_each_record([&f](const digest_item& item, const record_view&) { f(item); });
  }
  /// Calls `f(digest_item, record_view)`.
  template <typename F>
  void for_each_record(F&& f) const {
    std::array<char, TextBytes> buffer;
    store_->for_each_key([&](typename Store::index slot) {
      const std::size_t size = (*text_)(store_->key(slot), std::span<char>{buffer});
      const std::uint64_t key = text_hash(std::span<const char>{buffer}.first(size));
      // Records of one key lie together, those of different keys far apart.
      const std::uint64_t region = hash64(key, salt_) & ~std::uint64_t{0xffffffff};
      store_->records(slot).for_each([&](const record_view& r) {
        const std::uint64_t value = record_hash(r, key, salt_);
        f(digest_item{region | (value & 0xffffffff), value}, r);
      });
    });
  }

 private:
  const Store* store_;
  const Text* text_;
  std::uint64_t salt_;
};

}  // namespace skerry::inline v0::state::detail
