// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/version_vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// What a member acknowledges of a retired life says in its high bit that it knows the fence and has raised it to what it had, so that
/// the minimum over all members says whether everybody does, and in its low bit whether it has some beyond a gap: what comes next is then
/// lost if nobody has it, and what comes after that is not. Between the number and that stands of how many retired lives it knew: those of
/// which it had not heard it may still have taken something from. Of anybody else it is the plain number.
struct retirement {
  static constexpr std::uint64_t heard = std::uint64_t{1} << 63;
  static constexpr unsigned count_bits = 16;
  static constexpr std::uint64_t greatest = (heard >> (count_bits + 1)) - 1;
  [[nodiscard]] static constexpr std::uint64_t say(std::uint64_t n, std::uint64_t retired, bool beyond) noexcept {
    return heard | n << (count_bits + 1) | (retired & 0xffff) << 1 | (beyond ? 1 : 0);
  }
  /// Whether this was said with so many known to have retired.
  [[nodiscard]] static constexpr bool knew(std::uint64_t said, std::uint64_t retired) noexcept {
    return is_heard(said) && (said >> 1 & 0xffff) == (retired & 0xffff);
  }
  [[nodiscard]] static constexpr bool is_heard(std::uint64_t said) noexcept { return (said & heard) != 0; }
  [[nodiscard]] static constexpr std::uint64_t number(std::uint64_t said) noexcept {
    return is_heard(said) ? (said & ~heard) >> (count_bits + 1) : said;
  }
  [[nodiscard]] static constexpr bool may_have(std::uint64_t said, std::uint64_t n) noexcept {
    return n <= number(said) || (is_heard(said) && (said & 1) != 0 && n > number(said) + 1);
  }
};

/// What a policy may ask about the other members while it folds or collects.
template <typename Roster, typename Vector>
class member_view {
 public:
  constexpr member_view(const Roster& lives, const Vector& low, const actor& self) noexcept : lives_{&lives}, low_{&low}, self_{self} {}

  /// Every member has the actor's events up to `n`.
  [[nodiscard]] constexpr bool stable(const actor& who, std::uint64_t n) const noexcept { return retirement::number((*low_)[who]) >= n; }
  /// It takes part, or has retired with a final fence: nothing of it can come that nobody waits for.
  [[nodiscard]] constexpr bool member(const actor& who) const noexcept {
    const state::member* m = lives_->find(who);
    return m != nullptr && (m->standing == standing::current || m->standing == standing::sealed);
  }
  /// The last number that is accepted of a retired actor.
  [[nodiscard]] constexpr std::uint64_t last(const actor& who) const noexcept {
    const state::member* m = lives_->find(who);
    return m != nullptr ? m->last : 0;
  }
  /// It has retired with a final fence, and every member has all of it.
  [[nodiscard]] constexpr bool finished(const actor& who) const noexcept {
    const state::member* m = lives_->find(who);
    return m != nullptr && m->standing == standing::sealed && stable(who, m->last);
  }
  /// It has finished, and this node is the heir.
  [[nodiscard]] constexpr bool inherited(const actor& who) const noexcept {
    return !(who == self_) && finished(who) && lives_->heir(who) == self_;
  }
  /// Whether it is for this node to drop a record of that writer: one node drops each, so that nobody does it twice.
  [[nodiscard]] constexpr bool keeps(const actor& who) const noexcept { return lives_->heir(who) == self_; }

 private:
  const Roster* lives_;
  const Vector* low_;
  actor self_;
};

/// Names of records to drop, a few at a time.
class drop_list {
 public:
  constexpr void operator()(const record_view& r) noexcept {
    if (size_ < names_.size()) {
      names_[size_++] = {r.who, r.n};
    }
  }
  [[nodiscard]] constexpr std::size_t room() const noexcept { return names_.size() - size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  template <typename Edit>
  constexpr void supersede_in(Edit& edit) const {
    for (const name& d : std::span{names_}.first(size_)) {
      edit.supersede({d.who, d.n, {}, 0, {}});
    }
  }

 private:
  using name = version_vector<1>::entry;
  array_of<name, 12> names_{};
  std::size_t size_ = 0;
};

/// An edit that only finds out whether a policy would write something that fits.
template <typename Records, std::size_t PayloadBytes>
class probe_edit {
 public:
  constexpr probe_edit(Records records, const actor& self, std::uint64_t number) noexcept
      : records_{records}, self_{self}, number_{number} {}
  [[nodiscard]] constexpr const Records& records() const noexcept { return records_; }
  [[nodiscard]] constexpr const actor& self() const noexcept { return self_; }
  [[nodiscard]] constexpr std::uint64_t number() const noexcept { return number_; }
  constexpr void supersede(const record_view&) noexcept {}
  template <typename Encode>
  [[nodiscard]] constexpr status put(Encode&& encode) {
    std::array<std::byte, PayloadBytes> payload{};
    byte_writer out{payload};
    const status s = encode(out);
    writes_ = static_cast<bool>(s);
    return s;
  }
  [[nodiscard]] constexpr bool writes() const noexcept { return writes_; }

 private:
  Records records_;
  actor self_;
  std::uint64_t number_;
  bool writes_ = false;
};

/// A view of others for concept checks.
using any_view = member_view<roster<1>, version_vector<1>>;
template <typename P>
concept folds_rows = requires(no_edit& edit, const any_view& view) {
  { P::fold(edit, view) } -> std::same_as<status>;
};
template <typename P>
concept collects = requires(drop_list& drop, const no_records& records, const any_view& view) {
  P::collect(drop, records, view);
};

}  // namespace skerry::inline v0::state::detail
