// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/state/chunk.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/chunk_common.hpp>
#include <skerry/state/detail/named_actor.hpp>
#include <skerry/state/policy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state {

namespace detail {

/// The actors of one chunk in ascending order, the greatest number that it names of each, and the place of each in the context's list.
template <std::size_t A>
struct chunk_actors {
  std::array<std::uint64_t, A> greatest{};  ///< by number in the store; 0: not in this chunk
  std::array<std::uint16_t, A> place{};     ///< position in the chunk
};

/// About how many bytes a key and its records take in a chunk. It depends on nothing but them and the key before, so equal states are
/// cut at equal places.
template <typename Records>
[[nodiscard]] constexpr std::size_t chunk_weight(std::size_t fresh_text, const Records& records) noexcept {
  std::size_t sum = fresh_text + 2;
  records.for_each([&sum](const record_view& r) { sum += r.payload.size() + ((r.kind & kinds::stamped) != 0 ? 8 : 4); });
  return sum;
}
template <std::size_t N>
[[nodiscard]] constexpr std::size_t shared_prefix(const key_text<N>& a, const key_text<N>& b) noexcept {
  std::size_t shared = 0;
  while (shared < a.size && shared < b.size && a.chars[shared] == b.chars[shared]) {
    ++shared;
  }
  return shared;
}

}  // namespace detail

namespace detail {

/// Writes keys with all their records, as they stand in frames of several parts.
///
/// place   `place(actor_ref) -> std::uint64_t`: 1 + its place in a list that the reader has, or 0
/// Cost    stack 10 A bytes
template <std::size_t TextBytes, typename Store, typename Text, typename Place>
void write_key_body(byte_writer& out, const Store& store, Text&& text, std::string_view after, std::span<const typename Store::index> slots,
                    Place&& place) {
  chunk_actors<Store::actor_capacity> actors;
  std::uint64_t base = 0;
  bool stamped = false;
  for (const auto slot : slots) {
    store.records(slot).for_each([&](const record_view& r) {
      std::uint64_t& greatest = actors.greatest[store.actors().find(r.who)];
      greatest = r.n > greatest ? r.n : greatest;
      if ((r.kind & kinds::stamped) != 0) {
        base = stamped && base < r.at.ms() ? base : r.at.ms();
        stamped = true;
      }
    });
  }
  out.varint(base);
  std::uint16_t named = 0;
  for (const std::uint64_t n : actors.greatest) {
    named = static_cast<std::uint16_t>(named + (n > 0 ? 1 : 0));
  }
  out.varint(named);
  named = 0;
  for (std::size_t i = 0; i < store.actors().size(); ++i) {
    const actor_ref ref = store.actors().sorted(i);
    const std::uint64_t at = place(ref);
    if (actors.greatest[ref] > 0) {
      out.varint(at);
      if (at == 0) {
        write_actor(out, store.actors()[ref]);
      }
      out.varint(actors.greatest[ref]);
      actors.place[ref] = named++;
    }
  }
  out.varint(slots.size());
  key_text<TextBytes> before;
  (void)before.assign(after);
  std::uint8_t kind = 0;
  for (const auto slot : slots) {
    key_text<TextBytes> key;
    key.size = text(store.key(slot), std::span<char>{key.chars});
    const std::size_t shared = shared_prefix(key, before);
    const auto records = store.records(slot);
    const std::size_t of_key = records.size();
    out.varint(shared);
    out.varint((key.size - shared) * 2 + (of_key > 1 ? 1 : 0));
    out.bytes(std::as_bytes(std::span{key.chars}.subspan(shared, key.size - shared)));
    if (of_key > 1) {
      out.varint(of_key);
    }
    in_order(records, [&](const record_view& r) {
      const actor_ref ref = store.actors().find(r.who);
      out.varint(actors.place[ref] * 2U + (r.kind != kind ? 1U : 0U));
      if (r.kind != kind) {
        out.u8(r.kind);
        kind = r.kind;
      }
      out.varint(actors.greatest[ref] - r.n);
      if ((r.kind & kinds::stamped) != 0) {
        out.varint((r.at.ms() - base) * 2 + (r.at.count() > 0 ? 1 : 0));
        if (r.at.count() > 0) {
          out.varint(r.at.count());
        }
      }
      out.varint(r.payload.size());
      out.bytes(r.payload);
    });
    before = key;
  }
}

}  // namespace detail

/// Writes the first of these keys with all their records, as one frame: as many keys as reach `target` bytes, more or less.
///
/// slots    keys in ascending order of their texts, all of those that come after `after` and up to the last one listed
/// all      no key follows after them
/// taken    how many keys were written
/// Errors   `full` when they do not fit into `out`: nothing was written
/// Cost     stack 10 A bytes
template <std::size_t TextBytes, typename Store, typename Text>
[[nodiscard]] status write_key_chunk(byte_writer& out, const Store& store, Text&& text, std::uint64_t of, const context_cursor& context,
                                     std::string_view after, std::span<const typename Store::index> slots, bool all, std::uint8_t flags,
                                     std::size_t target, std::size_t& taken) {
  std::size_t count = 0;
  std::size_t weight = 0;
  detail::key_text<TextBytes> before;
  (void)before.assign(after);
  for (; count < slots.size() && weight < target; ++count) {
    detail::key_text<TextBytes> key;
    key.size = text(store.key(slots[count]), std::span<char>{key.chars});
    weight += detail::chunk_weight(key.size - detail::shared_prefix(key, before), store.records(slots[count]));
    before = key;
  }
  all = all && count == slots.size();

  const std::size_t begin = out.written().size();
  byte_writer trial = out;
  detail::begin_chunk(trial, chunk_part::keys);
  trial.varint(of);
  trial.u8(static_cast<std::uint8_t>(flags | (all && (flags & wire::chunk_listed) == 0 ? wire::chunk_last : 0)));
  trial.varint(after.size());
  trial.bytes(std::as_bytes(std::span{after.data(), after.size()}));
  std::uint64_t rank = 0;  // the actors come in ascending order
  detail::write_key_body<TextBytes>(trial, store, text, after, slots.first(count),
                                    [&](actor_ref ref) { return ref < context.actors ? ++rank : std::uint64_t{0}; });
  if (const status s = detail::end_chunk(trial, begin); !s) {
    return s;
  }
  out = trial;
  taken = count;
  return {};
}

/// A received chunk of keys: checked as a whole before anything of it is used, then read in place.
///
/// Errors  `truncated`, `corrupt`, `unsupported`; `full` when it names more actors than this node could ever hold, or longer texts
/// Cost    O(bytes); 24 A bytes, wherever the object lies
template <std::size_t A, std::size_t TextBytes>
class key_chunk {
 public:
  /// How many records a reader may look up once and keep: these frames are read again instead.
  static constexpr std::size_t kept = 0;
  /// A record as it lies in the frame; the key is a view that lasts as long as the call.
  struct entry {
    std::string_view key{};
    std::size_t of_key = 0;
    actor_ref who = 0;  ///< position among `actors()`
    std::uint64_t n = 0;
    stamp at{};
    std::uint8_t kind = 0;
    std::span<const std::byte> payload{};
  };

  /// The catch-up that a frame belongs to; nothing but its checksum is looked at.
  [[nodiscard]] static constexpr result<std::uint64_t> number(std::span<const std::byte> frame) noexcept {
    chunk_part part{};
    const auto body = detail::open_chunk(frame, part);
    if (!body) {
      return body.error();
    }
    byte_reader in{body.value()};
    const std::uint64_t of = in.varint();
    const errc e = part != chunk_part::keys ? errc::unsupported : in.error();
    return e != errc::ok ? result<std::uint64_t>{e} : result<std::uint64_t>{of};
  }
  /// resolve   `resolve(place) -> const actor*`: the actor at a place of the context's list; null when there is none
  template <typename Resolve>
  [[nodiscard]] status parse(std::span<const std::byte> frame, Resolve&& resolve) {
    chunk_part part{};
    const auto body = detail::open_chunk(frame, part);
    if (!body) {
      return body.error();
    }
    if (part != chunk_part::keys) {
      return errc::unsupported;
    }
    byte_reader in{body.value()};
    of_ = in.varint();
    flags_ = in.u8();
    const auto after = in.bytes(in.count(1));
    if (in.error() == errc::ok && (flags_ & ~(wire::chunk_last | wire::chunk_listed)) != 0) {
      return errc::unsupported;
    }
    if (in.error() == errc::ok && flags_ == (wire::chunk_last | wire::chunk_listed)) {
      return errc::corrupt;
    }
    after_ = {reinterpret_cast<const char*>(after.data()), after.size()};
    if (after.size() > TextBytes) {
      return errc::full;
    }
    return parse_body(in, resolve);
  }
  /// The same for a body without its head: what stands in frames of other parts.
  template <typename Resolve>
  [[nodiscard]] status parse_body(byte_reader& in, Resolve&& resolve) {
    base_ = in.varint();
    const std::size_t named = in.count(2);
    if (in.error() == errc::ok && base_ > stamp::greatest_ms) {
      return errc::corrupt;
    }
    if (named > A) {
      return errc::full;
    }
    actor_count_ = 0;
    for (std::size_t i = 0; i < named; ++i) {
      const std::uint64_t place = in.varint();
      actor who{};
      if (place == 0) {
        who = detail::read_actor(in);
      } else if (in.error() == errc::ok) {
        const actor* const known = place < no_actor ? resolve(static_cast<std::uint16_t>(place - 1)) : nullptr;
        if (known == nullptr) {
          return errc::corrupt;
        }
        who = *known;
      }
      greatest_[i] = in.varint();
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (greatest_[i] == 0 || (i > 0 && !(actors_[i - 1] < who))) {
        return errc::corrupt;
      }
      actors_[i] = who;
      ++actor_count_;
    }
    key_count_ = in.count(4);
    keys_ = in.remaining();
    last_.size = 0;
    record_count_ = 0;
    const errc e = walk(in, [this](const entry& r, std::size_t i) {
      ++record_count_;
      if (i == 0) {
        (void)last_.assign(r.key);
      }
    });
    return e != errc::ok ? status{e} : in.finish();
  }

  [[nodiscard]] constexpr std::uint64_t of() const noexcept { return of_; }
  /// Says something about all keys after this text, and up to `upto()` or, if it is the last chunk, to the end of all keys.
  [[nodiscard]] constexpr std::string_view after() const noexcept { return after_; }
  [[nodiscard]] constexpr std::string_view upto() const noexcept { return key_count_ > 0 ? last_.view() : after_; }
  [[nodiscard]] constexpr bool last() const noexcept { return (flags_ & wire::chunk_last) != 0; }
  /// Says nothing about keys that it does not list.
  [[nodiscard]] constexpr bool listed_only() const noexcept { return (flags_ & wire::chunk_listed) != 0; }
  [[nodiscard]] constexpr std::size_t key_count() const noexcept { return key_count_; }
  [[nodiscard]] constexpr std::size_t record_count() const noexcept { return record_count_; }
  [[nodiscard]] constexpr std::span<const actor> actors() const noexcept { return std::span{actors_}.first(actor_count_); }
  /// The greatest event that it names of each actor, as the runs of a delta's context are read.
  class greatest_events {
   public:
    struct run {
      std::uint64_t first = 0;
      std::uint64_t last = 0;
      actor_ref who = 0;
    };
    class iterator {
     public:
      constexpr iterator(const key_chunk* chunk, std::size_t at) noexcept : chunk_{chunk}, at_{at} {}
      [[nodiscard]] constexpr run operator*() const noexcept {
        return {chunk_->greatest_[at_], chunk_->greatest_[at_], static_cast<actor_ref>(at_)};
      }
      constexpr iterator& operator++() noexcept {
        ++at_;
        return *this;
      }
      friend constexpr bool operator==(const iterator&, const iterator&) noexcept = default;

     private:
      const key_chunk* chunk_;
      std::size_t at_;
    };
    constexpr explicit greatest_events(const key_chunk* chunk) noexcept : chunk_{chunk} {}
    [[nodiscard]] constexpr iterator begin() const noexcept { return {chunk_, 0}; }
    [[nodiscard]] constexpr iterator end() const noexcept { return {chunk_, chunk_->actor_count_}; }

   private:
    const key_chunk* chunk_;
  };
  [[nodiscard]] constexpr greatest_events runs() const noexcept { return greatest_events{this}; }
  /// Its actors, under the name by which deltas have theirs.
  [[nodiscard]] constexpr const key_chunk& context() const noexcept { return *this; }

  /// Calls `f(entry)` for each record; after a successful `parse` only.
  template <typename F>
  constexpr void for_each(F&& f) const {
    byte_reader in{keys_};
    (void)walk(in, [&f](const entry& r, std::size_t) { f(r); });
  }

 private:
  template <typename F>
  constexpr errc walk(byte_reader& in, F&& f) const {
    detail::key_text<TextBytes> key;
    (void)key.assign(after_);
    std::uint8_t kind = 0;
    for (std::size_t k = 0; k < key_count_; ++k) {
      detail::key_text<TextBytes> before = key;
      const std::uint64_t shared = in.varint();
      const std::uint64_t length = in.varint();
      const std::uint64_t fresh = length / 2;
      if (in.error() == errc::ok && (shared > key.size || fresh > in.remaining().size())) {
        in.fail(shared > key.size ? errc::corrupt : errc::truncated);
      }
      if (in.error() == errc::ok && shared + fresh > TextBytes) {
        in.fail(errc::full);
      }
      const auto text = in.bytes(in.error() == errc::ok ? static_cast<std::size_t>(fresh) : 0);
      const std::size_t of_key = (length & 1) != 0 ? in.count(3) : 1;
      if (in.error() != errc::ok) {
        return in.error();
      }
      key.size = static_cast<std::size_t>(shared);
      for (const std::byte b : text) {
        key.chars[key.size++] = static_cast<char>(b);
      }
      if (!(before.view() < key.view()) || ((length & 1) != 0 && of_key < 2)) {
        return errc::corrupt;
      }
      entry r;
      r.key = key.view();
      r.of_key = of_key;
      for (std::size_t i = 0; i < of_key; ++i) {
        const entry last = r;
        const std::uint64_t head = in.varint();
        if ((head & 1) != 0) {
          const std::uint8_t other = in.u8();
          if (in.error() == errc::ok && other == kind) {
            return errc::corrupt;
          }
          kind = other;
        }
        const std::uint64_t back = in.varint();
        r.kind = kind;
        r.at = {};
        if ((kind & kinds::stamped) != 0) {
          const std::uint64_t ahead = in.varint();
          const std::uint64_t ticks = (ahead & 1) != 0 ? in.varint() : 0;
          if (in.error() == errc::ok && (ahead / 2 > stamp::greatest_ms - base_ || ticks > 0xffff || ((ahead & 1) != 0 && ticks == 0))) {
            return errc::corrupt;
          }
          r.at = stamp{base_ + ahead / 2, static_cast<std::uint16_t>(ticks)};
        }
        r.payload = in.bytes(in.count(1));
        if (in.error() != errc::ok) {
          return in.error();
        }
        if (head / 2 >= actor_count_ || back >= greatest_[static_cast<std::size_t>(head / 2)]) {
          return errc::corrupt;
        }
        r.who = static_cast<actor_ref>(head / 2);
        r.n = greatest_[r.who] - back;
        if (i > 0 && !(last.who < r.who || (last.who == r.who && last.n < r.n))) {
          return errc::corrupt;
        }
        f(static_cast<const entry&>(r), i);
      }
    }
    return in.error();
  }

  array_of<actor, A> actors_{};
  std::array<std::uint64_t, A> greatest_{};
  std::span<const std::byte> keys_{};
  std::string_view after_{};
  detail::key_text<TextBytes> last_{};
  std::uint64_t of_ = 0;
  std::uint64_t base_ = 0;
  std::size_t key_count_ = 0;
  std::size_t record_count_ = 0;
  std::size_t actor_count_ = 0;
  std::uint8_t flags_ = 0;
};

}  // namespace skerry::inline v0::state
