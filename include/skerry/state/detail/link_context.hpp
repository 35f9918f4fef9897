// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/detail/state_hash.hpp>
#include <skerry/state/dot_context.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace skerry::inline v0::state::detail {

/// Numbers as Rice codes, least significant bit first: a unary quotient, then `parameter` bits. A quotient of 24 or more is written as
/// 24 ones and the number itself.
///
/// Source  Rice, Plaunt, Adaptive variable-length coding for efficient compression of spacecraft television data, 1971
class rice_writer {
 public:
  constexpr explicit rice_writer(std::span<std::byte> out) noexcept : out_{out} {}

  constexpr void bits(std::uint64_t value, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
      bit((value >> i & 1) != 0);
    }
  }
  constexpr void number(std::uint64_t value, unsigned parameter) noexcept {
    const std::uint64_t quotient = value >> parameter;
    const unsigned ones = quotient < escape ? static_cast<unsigned>(quotient) : escape;
    for (unsigned i = 0; i < ones; ++i) {
      bit(true);
    }
    if (ones == escape) {
      bits(value, 64);
    } else {
      bit(false);
      bits(value, parameter);
    }
  }
  /// How many bits `number` takes.
  [[nodiscard]] static constexpr std::size_t cost(std::uint64_t value, unsigned parameter) noexcept {
    const std::uint64_t quotient = value >> parameter;
    return quotient < escape ? static_cast<std::size_t>(quotient) + 1 + parameter : escape + 64;
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return (used_ + 7) / 8; }

  static constexpr unsigned escape = 24;

 private:
  constexpr void bit(bool set) noexcept {
    const std::size_t at = used_ / 8;
    if (at < out_.size()) {
      if (used_ % 8 == 0) {
        out_[at] = std::byte{0};
      }
      if (set) {
        out_[at] |= static_cast<std::byte>(1U << used_ % 8);
      }
    }
    ++used_;
  }

  std::span<std::byte> out_;
  std::size_t used_ = 0;
};

class rice_reader {
 public:
  constexpr explicit rice_reader(std::span<const std::byte> in) noexcept : in_{in} {}

  [[nodiscard]] constexpr std::uint64_t bits(unsigned count) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
      value |= static_cast<std::uint64_t>(bit() ? 1 : 0) << i;
    }
    return value;
  }
  [[nodiscard]] constexpr std::uint64_t number(unsigned parameter) noexcept {
    unsigned quotient = 0;
    while (quotient < rice_writer::escape && bit()) {
      ++quotient;
    }
    return quotient == rice_writer::escape ? bits(64) : (std::uint64_t{quotient} << parameter) + bits(parameter);
  }
  /// Whether it was asked for more than there is.
  [[nodiscard]] constexpr bool overrun() const noexcept { return used_ > 8 * in_.size(); }
  /// Whether nothing is left but the zeros of the last byte.
  [[nodiscard]] constexpr bool finished() noexcept {
    if (overrun() || used_ + 8 <= 8 * in_.size()) {
      return false;
    }
    return bits(static_cast<unsigned>(8 * in_.size() - used_)) == 0;
  }

 private:
  constexpr bool bit() noexcept {
    const std::size_t at = used_ / 8;
    const bool set = at < in_.size() && (std::to_integer<unsigned>(in_[at]) >> used_ % 8 & 1) != 0;
    ++used_;
    return set;
  }

  std::span<const std::byte> in_;
  std::size_t used_ = 0;
};

/// What stands for an actor where contexts are compared: other actors may share it, and in the next attempt others do.
[[nodiscard]] constexpr std::uint32_t short_name(const actor& who, std::uint64_t salt) noexcept {
  return static_cast<std::uint32_t>(run_hash(who, salt, 0));
}

/// The actors of a store in the order of their short names.
template <std::size_t A>
class named_actors {
 public:
  template <typename Store>
  constexpr named_actors(const Store& store, std::uint64_t salt) noexcept {
    for (std::size_t i = 0; i < store.actors().size(); ++i) {
      const auto who = static_cast<actor_ref>(i);
      if (store.context().greatest(who) > 0) {
        name_[size_] = short_name(store.actors()[who], salt);
        who_[size_++] = who;
      }
    }
    for (std::size_t i = size_ / 2; i > 0; --i) {
      sink(i - 1, size_);
    }
    for (std::size_t end = size_; end > 1; --end) {
      exchange(0, end - 1);
      sink(0, end - 1);
    }
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr std::uint32_t name(std::size_t i) const noexcept { return name_[i]; }
  [[nodiscard]] constexpr actor_ref who(std::size_t i) const noexcept { return who_[i]; }
  /// Whether another actor here has the same short name.
  [[nodiscard]] constexpr bool shared(std::size_t i) const noexcept {
    return (i > 0 && name_[i - 1] == name_[i]) || (i + 1 < size_ && name_[i + 1] == name_[i]);
  }

 private:
  constexpr void exchange(std::size_t a, std::size_t b) noexcept {
    std::swap(name_[a], name_[b]);
    std::swap(who_[a], who_[b]);
  }
  constexpr void sink(std::size_t root, std::size_t end) noexcept {
    for (std::size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
      child += child + 1 < end && name_[child] < name_[child + 1] ? 1 : 0;
      if (name_[root] >= name_[child]) {
        return;
      }
      exchange(root, child);
      root = child;
    }
  }

  std::array<std::uint32_t, A> name_;
  std::array<actor_ref, A> who_;
  std::size_t size_ = 0;
};

/// Writes what a store has seen, from one short name on, as many actors as fit:
/// `from · next (0: that was all) · count · parameter of names, of prefixes · bits`. Answers how many bytes that took.
///
/// Errors  `full` when not even one actor fits
template <std::size_t A, typename Store>
[[nodiscard]] constexpr result<std::size_t> write_context(std::span<std::byte> out, const Store& store, std::uint64_t salt,
                                                          std::uint32_t from) {
  const named_actors<A> actors{store, salt};
  std::size_t begin = 0;
  while (begin < actors.size() && actors.name(begin) < from) {
    ++begin;
  }
  const auto parameter_for = [](std::uint64_t mean) { return mean < 2 ? 0U : static_cast<unsigned>(std::bit_width(mean)) - 1U; };
  for (std::size_t end = actors.size();; end = begin + (end - begin) / 2) {
    while (end < actors.size() && end > begin && actors.name(end) == actors.name(end - 1)) {
      --end;  // those of one short name stay together
    }
    if (end == begin && end < actors.size()) {
      return errc::full;
    }
    const std::size_t count = end - begin;
    std::uint64_t sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint64_t prefix = store.context().prefix(actors.who(i));
      sum += prefix < (std::uint64_t{1} << 40) ? prefix : 0;
    }
    const std::uint64_t span = count == 0 ? 0 : actors.name(end - 1) - from;
    const unsigned names = parameter_for(count == 0 ? 0 : span / count);
    const unsigned prefixes = parameter_for(count == 0 ? 0 : sum / count);
    byte_writer head{out};
    head.u32(from);
    head.u32(end < actors.size() ? actors.name(end) : 0);
    head.varint(count);
    head.u8(static_cast<std::uint8_t>(names));
    head.u8(static_cast<std::uint8_t>(prefixes));
    if (head.error() != errc::ok) {
      return errc::full;
    }
    rice_writer bits{out.subspan(head.written().size())};
    std::uint32_t last = from;
    for (std::size_t i = begin; i < end; ++i) {
      bits.number(actors.name(i) - last, names);
      last = actors.name(i);
      bits.number(store.context().prefix(actors.who(i)), prefixes);
      std::uint64_t runs = 0;
      store.context().for_each(actors.who(i), [&](const dot_range& run) { runs += run.first > 1 ? 1 : 0; });
      bits.number(runs, 0);
      std::uint64_t before = store.context().prefix(actors.who(i));
      store.context().for_each(actors.who(i), [&](const dot_range& run) {
        if (run.first > 1) {
          bits.number(run.first - before, 4);
          bits.number(run.last - run.first, 4);
          before = run.last;
        }
      });
    }
    if (head.written().size() + bits.size() <= out.size()) {
      return head.written().size() + bits.size();
    }
    if (count <= 1) {
      return errc::full;
    }
  }
}

/// What the other side has seen of the actors that are known here, as far as one frame says it.
template <std::size_t A, std::size_t R>
class heard_context {
 public:
  /// Errors  `truncated`, `corrupt`
  template <typename Store>
  [[nodiscard]] constexpr status read(byte_reader& in, const Store& store, std::uint64_t salt) {
    from_ = in.u32();
    next_ = in.u32();
    const std::uint64_t count = in.varint();
    const unsigned names = in.u8();
    const unsigned prefixes = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (names > 32 || prefixes > 63 || (next_ != 0 && next_ <= from_) || count > 8 * in.remaining().size()) {
      return errc::corrupt;
    }
    const named_actors<A> actors{store, salt};
    std::size_t at = 0;
    while (at < actors.size() && actors.name(at) < from_) {
      ++at;
    }
    const auto pass = [&] {
      meant_[actors.who(at) / 8U] = static_cast<std::uint8_t>(meant_[actors.who(at) / 8U] | 1U << actors.who(at) % 8U);
      ++at;
    };
    rice_reader bits{in.remaining()};
    std::uint64_t name = from_;
    for (std::uint64_t i = 0; i < count; ++i) {
      name += bits.number(names);
      if (bits.overrun() || name > 0xffffffff || (next_ != 0 && name >= next_)) {
        return bits.overrun() ? errc::truncated : errc::corrupt;
      }
      while (at < actors.size() && actors.name(at) < name) {
        pass();
      }
      const bool known = at < actors.size() && actors.name(at) == name && !actors.shared(at);
      const std::uint64_t prefix = bits.number(prefixes);
      if (known && prefix > 0) {
        (void)seen_.insert(actors.who(at), 1, prefix);
      }
      const std::uint64_t runs = bits.number(0);
      std::uint64_t last = prefix;
      for (std::uint64_t r = 0; r < runs; ++r) {
        const std::uint64_t gap = bits.number(4);
        const std::uint64_t more = bits.number(4);
        const std::uint64_t first = last + gap;
        if (bits.overrun() || gap < 2 || first < last || first + more < first) {
          return bits.overrun() ? errc::truncated : errc::corrupt;
        }
        last = first + more;
        if (known) {
          (void)seen_.insert(actors.who(at), first, last);  // what there is no room for counts as not seen: it is sent once more
        }
      }
    }
    while (at < actors.size() && (next_ == 0 || actors.name(at) < next_)) {
      pass();
    }
    return bits.finished() || (count == 0 && in.remaining().empty()) ? errc::ok : errc::corrupt;
  }
  [[nodiscard]] constexpr std::uint32_t from() const noexcept { return from_; }
  /// Where the next frame goes on; 0 when that was all.
  [[nodiscard]] constexpr std::uint32_t next() const noexcept { return next_; }
  /// Whether the frame says what was seen of an actor, be it nothing.
  [[nodiscard]] constexpr bool means(actor_ref who) const noexcept { return (meant_[who / 8U] >> who % 8U & 1) != 0; }
  [[nodiscard]] constexpr const dot_context<A, R>& seen() const noexcept { return seen_; }

 private:
  std::uint32_t from_ = 0;
  std::uint32_t next_ = 0;
  dot_context<A, R> seen_{};
  std::array<std::uint8_t, (A + 7) / 8> meant_{};
};

}  // namespace skerry::inline v0::state::detail
