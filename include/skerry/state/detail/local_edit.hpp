// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/state/delta.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::state::detail {

/// One local operation while a policy describes it: which of the live records it takes the place of, and which ones it writes.
///
/// Nothing changes until the store joins it, once it is closed. A removal writes nothing and takes one number all the same.
/// Most      how many records one operation writes
/// Errors    `full`: more events than the delta covers, or numbers than are left. Sticky, in `error()`.
template <typename Records, std::size_t A, std::size_t R, std::size_t PayloadBytes, std::size_t Most>
class local_edit {
 public:
  /// `next` is the number of the operation's first event, 0 when none is left.
  constexpr local_edit(Records records, const actor& self, std::uint64_t next, stamp at, std::uint8_t kind) noexcept
      : records_{records}, self_{self}, next_{next}, at_{at}, kind_{kind} {}
  local_edit(const local_edit&) = delete;
  local_edit& operator=(const local_edit&) = delete;
  constexpr ~local_edit() = default;

  /// The live records of the key.
  [[nodiscard]] constexpr const Records& records() const noexcept { return records_; }
  /// Who operates.
  [[nodiscard]] constexpr const actor& self() const noexcept { return self_; }
  /// The number that the next record gets.
  [[nodiscard]] constexpr std::uint64_t number() const noexcept { return next_ + count_; }

  /// The kind of the records that it writes.
  [[nodiscard]] constexpr std::uint8_t kind() const noexcept { return kind_; }

  /// Says that the operation has seen a record and takes its place.
  constexpr void supersede(const record_view& r) noexcept { (void)cover(r.who, r.n); }
  constexpr void supersede_all() noexcept {
    records_.for_each([this](const record_view& r) { supersede(r); });
  }
  /// Says that events of somebody else never happened; nothing else of that actor may be superseded.
  constexpr void rule_out(const actor& who, std::uint64_t first, std::uint64_t last) noexcept {
    const status s = covers_.insert_run(who, first, last);
    crowded_ = crowded_ || !s;
    (void)note(s);
  }

  /// Writes a record: `encode(byte_writer&) -> status` makes its payload.
  template <typename Encode>
  [[nodiscard]] constexpr status put(Encode&& encode) {
    if (count_ == Most) {
      return note(errc::full);
    }
    byte_writer out{payloads_[count_]};
    if (const status s = std::forward<Encode>(encode)(out); !s) {
      return s;
    }
    if (const status s = take_number(count_); !s) {
      return s;
    }
    written_[count_] = {{}, 0, next_ + count_, at_, kind_, out.written(), 1};
    ++count_;
    return {};
  }

  /// The operation is complete; a number is taken also when nothing was put. From here on the edit is its own delta.
  [[nodiscard]] constexpr status close(const key_ref& key) noexcept {
    if (count_ == 0) {
      (void)take_number(0);
    }
    actor_ref position = 0;
    while (position < covers_.actors().size() && !(covers_.actors()[position] == self_)) {
      ++position;
    }
    for (std::size_t i = 0; i < count_; ++i) {
      written_[i].key = key;
      written_[i].who = position;
      written_[i].of_key = count_;
    }
    return error_;
  }
  /// After `full`: whether there is no more room for what is covered, and not for numbers.
  [[nodiscard]] constexpr bool crowded() const noexcept { return crowded_; }

  [[nodiscard]] constexpr const delta_context<A, R>& context() const noexcept { return covers_; }
  /// The records, each as it goes into the store.
  [[nodiscard]] constexpr std::span<const incoming> written() const noexcept { return std::span{written_}.first(count_); }
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (const incoming& in : written()) {
      f(in);
    }
  }

 private:
  constexpr status note(status s) noexcept {
    error_ = error_ == errc::ok ? s.error() : error_;
    return s;
  }
  constexpr status take_number(std::size_t i) noexcept {
    if (next_ == 0 || next_ > UINT64_MAX - i) {
      return note(errc::full);
    }
    return cover(self_, next_ + i);
  }
  constexpr status cover(const actor& who, std::uint64_t n) noexcept {
    const status s = covers_.insert(who, n);
    crowded_ = crowded_ || !s;
    return note(s);
  }

  Records records_;
  actor self_;
  std::uint64_t next_;
  stamp at_;
  std::uint8_t kind_;
  errc error_ = errc::ok;
  bool crowded_ = false;
  std::size_t count_ = 0;
  delta_context<A, R> covers_;
  array_of<incoming, Most> written_{};
  array_of<std::array<std::byte, PayloadBytes>, Most> payloads_;
};

/// How many records one operation of a policy writes.
template <typename P>
constexpr std::size_t most_records() noexcept {
  if constexpr (requires { P::most_records; }) {
    return P::most_records;
  } else {
    return 1;
  }
}

}  // namespace skerry::inline v0::state::detail
