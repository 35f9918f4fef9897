// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>

#include <cstddef>

namespace skerry::inline v0::state {

/// Multi-value register: nobody is overruled. Concurrent values stand side by side until somebody who saw them writes.
///
/// Read    `pick`: the value that `lww` would answer; `absent` when nothing is written. All values: `replica::siblings`
/// Cost    one record per key, and one more per concurrent writer until the next write
/// Source  Shapiro, Preguica, Baquero, Zawirski, A comprehensive study of CRDTs, 2011, section 3.2.2
template <detail::storable T>
struct keep_both {
  using value_type = T;
  static constexpr std::uint8_t kind = kinds::keep_both;
  static constexpr delivery_need need = delivery_need::any_order;
  static constexpr bool removable = true;
  static constexpr std::size_t most_payload = detail::most_value_bytes<T>();

  template <typename Records>
  [[nodiscard]] static constexpr verdict judge(const Records& records) noexcept {
    verdict v = detail::latest(records);
    v.why = v.why == why::nothing || v.why == why::only_one ? v.why : why::siblings;
    return v;
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<T> pick(const Records& records) {
    const verdict v = judge(records);
    return v.why == why::nothing ? result<T>{errc::absent} : detail::read_value<T>(v.winner.payload);
  }
  template <typename Records>
  [[nodiscard]] static constexpr result<T> read(const Records& records) {
    return pick(records);
  }
  [[nodiscard]] static constexpr status encode(byte_writer& out, const T& value) { return detail::encode_value(out, value); }
  [[nodiscard]] static constexpr bool valid(std::span<const std::byte> payload) {
    return detail::is_canonical<T, greatest_payload>(payload);
  }
};

/// The distinct values under one key, in ascending order of their bytes. A view: valid until the replica changes.
///
/// Cost    each step walks the key's records once; no heap
template <typename T, typename Records>
class sibling_view {
 public:
  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    constexpr iterator() noexcept = default;
    constexpr explicit iterator(const Records* records) : records_{records} { advance(); }
    [[nodiscard]] constexpr T operator*() const { return detail::read_value<T>(at_).value(); }
    constexpr iterator& operator++() {
      advance();
      return *this;
    }
    constexpr iterator operator++(int) {
      const iterator old = *this;
      advance();
      return old;
    }
    friend constexpr bool operator==(const iterator& a, const iterator& b) noexcept {
      return a.records_ == b.records_ && (a.records_ == nullptr || detail::compare_bytes(a.at_, b.at_) == 0);
    }

   private:
    constexpr void advance() {
      std::span<const std::byte> least{};
      bool found = false;
      records_->for_each([&](const record_view& r) {
        if ((!started_ || detail::compare_bytes(r.payload, at_) > 0) && (!found || detail::compare_bytes(r.payload, least) < 0)) {
          least = r.payload;
          found = true;
        }
      });
      started_ = true;
      at_ = least;
      if (!found) {
        records_ = nullptr;
      }
    }

    const Records* records_ = nullptr;
    std::span<const std::byte> at_{};
    bool started_ = false;
  };

  constexpr explicit sibling_view(Records records) noexcept : records_{records} {}
  [[nodiscard]] constexpr iterator begin() const { return iterator{&records_}; }
  [[nodiscard]] constexpr iterator end() const noexcept { return {}; }
  [[nodiscard]] constexpr bool empty() const { return begin() == end(); }
  [[nodiscard]] constexpr std::size_t size() const {
    std::size_t count = 0;
    for (iterator i = begin(); i != end(); ++i) {
      ++count;
    }
    return count;
  }

 private:
  Records records_;
};

}  // namespace skerry::inline v0::state
