// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/link_state.hpp>
#include <skerry/state/detail/schema_delta.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// How the keys of a link's delta are written: bits of the byte that describes a key, or one of its records.
namespace key_shape {
inline constexpr std::uint8_t size_mask = 0x0f;  ///< length of the payload; all ones: it follows
inline constexpr std::uint8_t raw = 0x0e;        ///< of the length: a payload of nine bytes, the first of which is 7 and left out
inline constexpr std::uint8_t stamp = 0x10;      ///< the stamp is said; else it is the one before, and one more
inline constexpr std::uint8_t event = 0x20;      ///< the event is said; else it is the one after the one before
inline constexpr std::uint8_t list = 0x40;       ///< of a key: not just one record; of a record: its kind is said
inline constexpr std::uint8_t text = 0x80;       ///< of a key: its text is said
}  // namespace key_shape

/// How one number says which key comes next, and what of its only record is not as expected.
enum class key_form : std::uint8_t {
  as_before,  ///< nothing
  shaped,     ///< a byte says
  dated,      ///< its stamp
  placed,     ///< its event
};

/// What length stands for a payload on the wire: that of a double which is no short decimal needs no first byte.
inline constexpr std::uint64_t raw_size = static_cast<std::uint64_t>(-1);
[[nodiscard]] constexpr std::uint64_t wire_size(std::span<const std::byte> payload) noexcept {
  return payload.size() == 9 && payload[0] == std::byte{7} ? raw_size : payload.size();
}

/// The stamp that is expected of the next record of a frame: one writer's clock goes on by equal steps, or counts.
struct stamp_pace {
  std::uint64_t step = 0;  ///< milliseconds from one event to the next; 0: the count goes on
  stamp at{};
  std::uint64_t n = 0;
  actor_ref who = no_actor;
  bool any = false;

  constexpr void note(const stamp& s, actor_ref writer, std::uint64_t number) noexcept {
    at = s, n = number, who = writer, any = true;  // each by itself: built aside and copied as a whole it waits for its own writing
  }
  /// Answers false when there is no such stamp.
  [[nodiscard]] constexpr bool expect(actor_ref writer, std::uint64_t number, stamp& next) const noexcept {
    const std::uint64_t events = !any ? 0 : (writer == who ? number - n : 1);
    if (events > 0xffff) {
      return false;
    }
    const bool paced = writer == who && step > 0;
    const std::uint64_t ms = at.ms() + (paced ? events * (step & 0xffffffff) : 0);
    const std::uint64_t count = at.count() + (paced ? 0 : events);
    next = ms <= stamp::greatest_ms && count <= 0xffff ? stamp{ms, static_cast<std::uint16_t>(count)} : at;
    return ms <= stamp::greatest_ms && count <= 0xffff;
  }
};

/// Of which records of a key a list is complete.
enum class key_scope : std::uint8_t { whole, of_actor, none };

/// A link's delta, checked as a whole and then read in place, again and again. It changes nothing, and says what to remember.
///
/// Errors   `truncated`, `corrupt`, `unsupported`; `full` as `delta_frame`; `mismatch` for a key that the schema does not have;
///          `absent` for a number that stands for nothing here
template <typename Schema, typename Limits, typename Store>
class link_reader {
  using limits_type = store_limits<Schema, Limits>;
  using link_type = link_state<Limits>;

 public:
  using index = typename Store::index;
  using key_buffer = std::array<char, limits_type::key_bytes>;
  using context_type = delta_context<Limits::actors, Limits::ranges>;

  link_reader(const Store& store, const link_type& link) noexcept : store_{&store}, link_{&link} {}
  link_reader(const link_reader&) = delete;
  link_reader& operator=(const link_reader&) = delete;
  ~link_reader() = default;

  /// `flags` and `body` are the frame's, from behind an acknowledgement.
  [[nodiscard]] status parse(frame_kind what, std::uint8_t flags, std::span<const std::byte> body) {
    flags_ = flags;
    byte_reader in{body};
    if ((flags & link_flag::short_one) != 0) {
      return parse_short(in, what != frame_kind::delta           ? what
                             : (flags & link_flag::part) != 0    ? frame_kind::named_op
                             : (flags & link_flag::stamped) != 0 ? frame_kind::numbered_op
                                                                 : frame_kind::op);
    }
    if (!relative(in.varint(), link_->their_base, to_)) {
      in.fail(errc::corrupt);
    }
    if (in.error() == errc::ok && to_ <= link_->received) {
      return {};  // repeated, or overtaken: it brings nothing, and what it calls by a number may have lost its place
    }
    const std::uint64_t steps = in.varint();
    if (steps > to_) {
      in.fail(errc::corrupt);
    }
    from_ = to_ - steps;
    if ((flags & link_flag::part) != 0) {
      part_after_ = in.u32();
      part_end_ = in.u32();
    }
    if ((flags & link_flag::stamped) != 0) {
      start_.at = read_stamp(in, stamp{link_->their_ms, 0});
      start_.step = in.varint();
      if (start_.step > 0xffffffff) {
        in.fail(errc::corrupt);
      }
    }
    if (const status s = parse_actors(in); !s) {
      return s;
    }
    body_ = in.remaining();
    place at{start_};
    errc problem = errc::ok;
    while (in.error() == errc::ok && problem == errc::ok && !in.remaining().empty()) {
      key_entry key;
      problem = read_key(in, at, key);
      for (std::size_t i = 0; i < key.count && in.error() == errc::ok && problem == errc::ok; ++i) {
        incoming one;
        problem = read_record(in, at, key, one);
      }
    }
    return problem != errc::ok ? problem : in.error();
  }

  /// Whether all of it belongs into this schema and is believable: see `schema_delta`.
  [[nodiscard]] result<stamp> examine(const Store&, const hlc& clock, const wall_ms* wall, bool* ahead, resource& lacks) const {
    errc problem = errc::ok;
    stamp latest{};
    std::size_t strangers = 0;
    for_each_entry(
        [&](const key_entry& key) {
          strangers += carries<Limits> && is_unknown<Schema>(key.key) && key.count > 0 && key.slot == Store::none ? 1 : 0;
        },
        [&](const incoming& in) {
          if (problem == errc::ok) {
            problem = belongs<Schema, Limits>(in, lacks);
          }
          if (problem == errc::ok && (!carries<Limits> || readable<Schema>(in.key, in.kind))) {
            problem = date(in, covers_.actors()[in.who], *store_, clock, wall, ahead, latest);
          }
        });
    if (problem == errc::ok && strangers > 0 && count_unknown<Schema>(*store_) + strangers > unknown_keys_of<Limits>()) {
      problem = (lacks = resource::keys, errc::full);
    }
    return problem == errc::ok ? result<stamp>{latest} : result<stamp>{problem};
  }
  /// The sender's changes that this tells, from one arrival to another.
  [[nodiscard]] std::uint64_t from() const noexcept { return from_; }
  [[nodiscard]] std::uint64_t to() const noexcept { return to_; }
  /// The last actor before those of whom it tells, and the last of them: 0 at the beginning and at the end.
  [[nodiscard]] std::uint32_t part_after() const noexcept { return part_after_; }
  [[nodiscard]] std::uint32_t part_end() const noexcept { return part_end_; }
  [[nodiscard]] bool lacks_runs() const noexcept { return covers_.runs().size() == covers_.run_capacity; }

  // What a join wants of a delta.
  [[nodiscard]] const context_type& context() const noexcept { return covers_; }
  template <typename F>
  void for_each(F&& f) const {
    for_each_entry([](const key_entry&) {}, f);
  }
  template <typename F>
  void for_each_scope(F&& f) const {
    key_entry last;
    for_each_entry(
        [&](const key_entry& key) {
          last = key;
          if (key.slot != Store::none && key.scope == key_scope::whole) {
            f(key.slot, no_actor);
          }
        },
        [&](const incoming& in) {
          if (last.slot != Store::none && last.scope == key_scope::of_actor) {
            if (const actor_ref who = store_->actors().find(covers_.actors()[in.who]); who != no_actor) {
              f(last.slot, who);
            }
          }
        });
  }
  template <typename F>
  void for_each_kept(F&& f) const {
    for_each_entry(
        [&](const key_entry& key) {
          byte_reader kept{key.kept};
          while (!kept.remaining().empty()) {
            const dot d = read_kept(kept);
            if (d.who != no_actor) {
              f(d);
            }
          }
        },
        [](const incoming&) {});
  }
  /// Up to where the sender has seen all of an actor, as far as the frame says so.
  [[nodiscard]] std::uint64_t seen(actor_ref who) const noexcept {
    for (std::size_t i = 0; i < actor_count_; ++i) {
      if (actors_[i].here == who) {
        return actors_[i].upto;
      }
    }
    return 0;
  }
  [[nodiscard]] bool repairs() const noexcept { return (flags_ & link_flag::repairs) != 0; }

  /// Calls `f(number, key_ref)` for the keys that the sender will call by a number, once this is acknowledged.
  template <typename F>
  void for_each_key_name(F&& f) const {
    for_each_entry(
        [&](const key_entry& key) {
          if (key.number > 0) {
            f(key.number - 1, key.key);
          }
        },
        [](const incoming&) {});
  }
  /// Calls `f(number, actor)`, likewise.
  template <typename F>
  void for_each_actor_name(F&& f) const {
    byte_reader in{names_};
    for (std::size_t i = 0; i < actor_count_; ++i) {
      actor_entry e;
      std::uint64_t number = 0;
      const actor who = read_actor_entry(in, e, number, [](std::uint64_t, std::uint64_t) {});
      if (number > 0) {
        f(number - 1, who);
      }
    }
  }

 private:
  struct actor_entry {
    std::uint64_t upto = 0;
    actor_ref here = no_actor;
  };
  struct key_entry {
    key_ref key{};
    index slot = Store::none;  ///< where it stands here, if it does
    std::uint64_t number = 0;  ///< what it is to be called, plus one
    std::uint64_t count = 1;
    key_scope scope = key_scope::whole;
    key_form form = key_form::shaped;
    std::uint8_t shape = 0;
    bool list = false;
    std::span<const std::byte> kept{};
    key_buffer text{};
  };
  /// Where the reader stands.
  struct place {
    stamp_pace pace;
    std::uint64_t key = 0;
    std::uint64_t offset = static_cast<std::uint64_t>(-1);  ///< of the last record's event
    std::uint64_t before = 0;                               ///< events before its run
    std::size_t run = 0;
    std::uint64_t size = 0;
    std::array<std::byte, 9> raw{std::byte{7}};  ///< a payload whose first byte is not said
  };

  [[nodiscard]] static bool relative(std::uint64_t distance, std::uint64_t base, std::uint64_t& value) noexcept {
    value = base + distance;
    return value >= base;
  }
  /// Milliseconds from `before`, and whether a count follows; a count that does not is 0.
  [[nodiscard]] static stamp read_stamp(byte_reader& in, stamp before) noexcept {
    const std::uint64_t code = in.varint();
    return stamp_of(in, before.ms() + static_cast<std::uint64_t>(unzigzag(code >> 1)), (code & 1) != 0);
  }
  [[nodiscard]] static stamp stamp_of(byte_reader& in, std::uint64_t ms, bool counted) noexcept {
    const std::uint64_t count = counted ? in.varint() : 0;
    if (ms > stamp::greatest_ms || count > 0xffff || (counted && count == 0)) {
      in.fail(errc::corrupt);
      return {};
    }
    return {ms, static_cast<std::uint16_t>(count)};
  }

  /// One event of the sender's own: how many changes since the contact began and the number of the key in one, [the length of its text,
  /// whether the event's number is said], [how far that is from what the changes foretell], [text], [stamp], and the payload is the rest.
  [[nodiscard]] status parse_short(byte_reader& in, frame_kind what) {
    const bool named = what == frame_kind::named_op;
    constexpr std::uint64_t keys = (link_type::interned < 0xffff ? link_type::interned : 0xffff);
    const std::uint64_t names = keys + (named ? 1 : 0);
    const std::uint64_t head = in.varint();
    const std::uint64_t length = named ? in.varint() : (what == frame_kind::numbered_op ? 1 : 0);
    const std::uint64_t distance = (length & 1) != 0 ? static_cast<std::uint64_t>(in.varint_signed()) : 0;
    if (in.error() != errc::ok) {
      return in.error();
    }
    const std::uint64_t steps = names == 0 ? 0 : head / names;
    const std::uint64_t name = names == 0 ? 0 : head % names;
    const std::uint64_t n = link_->their_n + steps + distance;
    if (!relative(steps, link_->their_base, to_) || to_ == 0 || n == 0 || names == 0 || ((length & 1) != 0 && distance == 0)) {
      return errc::corrupt;
    }
    if (to_ <= link_->received) {
      return {};
    }
    from_ = to_ - 1;
    if (named) {
      short_number_ = name;
      const std::span<const std::byte> text = in.bytes(length / 2 > in.remaining().size() ? 0 : static_cast<std::size_t>(length / 2));
      if (text.size() != length / 2) {
        return errc::truncated;
      }
      const result<key_ref> found = match_key<Schema, Limits>({reinterpret_cast<const char*>(text.data()), text.size()}, short_text_);
      if (!found) {
        return found.error() == errc::full ? errc::full : errc::mismatch;
      }
      short_.key = found.value();
      short_slot_ = store_->find(short_.key);
    } else {
      short_slot_ = slot_of(name);
      if (short_slot_ == Store::none) {
        return errc::absent;
      }
      short_.key = store_->key(short_slot_);
    }
    short_.kind = own_kind(short_.key);
    if ((short_.kind & kinds::stamped) != 0) {
      const std::uint64_t code = in.varint();
      short_.at = stamp_of(in, link_->their_ms + (code >> 1), (code & 1) != 0);
    }
    short_.n = n;
    short_.payload = in.remaining();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (short_.payload.size() > greatest_payload) {
      return errc::corrupt;
    }
    actors_[0] = {n, store_->actors().find(link_->them)};
    actor_count_ = 1;
    return covers_.append(link_->them, n, n);
  }

  /// How an actor is named, up to where it is seen, and which of its events are covered, to `run(first, last)`.
  template <typename Run>
  [[nodiscard]] actor read_actor_entry(byte_reader& in, actor_entry& e, std::uint64_t& number, Run&& run) const {
    const std::uint64_t head = in.varint();
    const std::uint64_t name = head >> 2;
    actor who{};
    number = 0;
    e.here = no_actor;
    if (name == 0 || name == 2) {
      number = in.varint();
      who = name == 0 ? read_actor(in) : marked(in);
      if (number > 0xffff) {
        in.fail(errc::corrupt);
      }
    } else if (name == 1) {
      who = link_->them;
    } else if (name - 3 < Limits::actors && link_->actors[static_cast<std::size_t>(name - 3)] != link_type::no_number) {
      who = store_->actors()[link_->actors[static_cast<std::size_t>(name - 3)]];
    } else {
      in.fail(errc::absent);
    }
    e.here = store_->actors().find(who);
    // The sender's own events are counted from what its count of changes foretells.
    const std::uint64_t foretold = name == 1 ? link_->their_n + (to_ - link_->their_base) : 0;
    e.upto = name == 1 ? foretold + static_cast<std::uint64_t>(in.varint_signed()) : in.varint();
    const std::uint64_t shape = head & 3;
    if (shape == 1) {
      const std::uint64_t more = in.varint();
      if (more >= e.upto) {
        in.fail(errc::corrupt);
      } else {
        run(e.upto - more, e.upto);
      }
    } else if (shape == 2) {
      const std::size_t count = in.count(2);
      std::uint64_t last = 0;
      for (std::size_t i = 0; i < count && in.error() == errc::ok; ++i) {
        const std::uint64_t gap = in.varint();
        const std::uint64_t more = in.varint();
        const std::uint64_t first = last + gap;
        if (gap == 0 || first < last || first > UINT64_MAX - more) {
          in.fail(errc::corrupt);
          break;
        }
        last = first + more;
        run(first, last);
      }
    } else if (shape == 3) {
      in.fail(errc::corrupt);
    }
    return who;
  }
  /// The actor that a mark stands for: one that both sides have known for long. If it is not one, its name is asked for.
  [[nodiscard]] actor marked(byte_reader& in) const noexcept {
    const std::uint32_t mark = in.u32();
    const auto& actors = store_->actors();
    actor found{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < actors.size() && in.error() == errc::ok; ++i) {
      if (actor_mark(actors[static_cast<actor_ref>(i)], link_->incoming()) == mark) {
        found = actors[static_cast<actor_ref>(i)];
        ++count;
      }
    }
    if (count != 1) {
      in.fail(errc::absent);
    }
    return found;
  }
  [[nodiscard]] status parse_actors(byte_reader& in) {
    const std::size_t count = in.count(2);
    names_ = in.remaining();
    actor before{};
    for (std::size_t i = 0; i < count && in.error() == errc::ok; ++i) {
      if (i == Limits::actors) {
        return errc::full;
      }
      actor_entry e;
      std::uint64_t number = 0;
      status appended;
      byte_reader again = in;  // the name is known only once the entry is read: its runs are read again then
      const actor who = read_actor_entry(in, e, number, [](std::uint64_t, std::uint64_t) {});
      if (in.error() == errc::ok && i > 0 && !(before < who)) {
        return errc::corrupt;
      }
      before = who;
      if (in.error() != errc::ok) {
        break;
      }
      (void)read_actor_entry(again, e, number, [&](std::uint64_t first, std::uint64_t last) {
        if (appended && covered_ + (last - first) + 1 <= covered_) {
          appended = errc::corrupt;
        }
        appended = appended ? covers_.append(who, first, last) : appended;
        covered_ += last - first + 1;
      });
      if (!appended) {
        return appended;
      }
      actors_[actor_count_++] = e;
    }
    return in.error();
  }

  /// The place of the key with a number of the sender's, or `none`.
  [[nodiscard]] index slot_of(std::uint64_t number) const noexcept {
    if (number >= link_->keys.size()) {
      return Store::none;
    }
    const auto slot = link_->keys[static_cast<std::size_t>(number)];
    return slot == link_type::no_key ? Store::none : static_cast<index>(slot);
  }
  [[nodiscard]] static std::uint8_t own_kind(const key_ref& key) noexcept {
    std::uint8_t kind = 0;
    Schema::visit(key.path, [&]<typename P>() { kind = P::policy::kind; });
    return kind;
  }

  [[nodiscard]] errc read_key(byte_reader& in, place& at, key_entry& key) const {
    const std::uint64_t head = in.varint();
    const std::uint64_t number = at.key + static_cast<std::uint64_t>(unzigzag(head >> 2));
    key.form = static_cast<key_form>(head & 3);
    const bool plain = key.form != key_form::shaped;
    key.shape = plain ? std::uint8_t{0} : in.u8();
    const bool text = (key.shape & key_shape::text) != 0;
    if (text) {
      key.number = in.varint();
      const std::span<const std::byte> bytes = in.bytes(in.count(1));
      if (key.number > link_->keys.size()) {
        in.fail(errc::corrupt);
      }
      if (in.error() != errc::ok) {
        return in.error();
      }
      const result<key_ref> found =
          match_key<Schema, Limits>(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, key.text);
      if (!found) {
        return found.error() == errc::full ? errc::full : errc::mismatch;
      }
      key.key = found.value();
      key.slot = store_->find(key.key);
    } else {
      at.key = number;
      const index slot = slot_of(number);
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (slot == Store::none) {
        return errc::absent;
      }
      key.key = store_->key(slot);
      key.slot = store_->table().used(slot) ? slot : Store::none;
    }
    key.list = (key.shape & key_shape::list) != 0;
    if (key.list) {
      const std::uint64_t counts = in.varint();
      if ((counts & 3) > 2) {
        in.fail(errc::corrupt);
      }
      key.scope = static_cast<key_scope>(counts & 3);
      key.count = counts >> 2;
      if (key.count > in.remaining().size()) {
        in.fail(errc::truncated);
      }
      if (key.scope != key_scope::none) {
        const std::size_t bytes = in.count(1);
        key.kept = in.bytes(bytes);
        byte_reader kept{key.kept};
        while (kept.error() == errc::ok && !kept.remaining().empty()) {
          (void)read_kept(kept);
        }
        if (kept.error() != errc::ok) {
          in.fail(errc::corrupt);
        }
      }
      if (in.error() != errc::ok) {
        key.count = 0;
      }
    }
    return in.error();
  }
  /// A record that is alive at the sender and not repeated: which actor of the list above, and how far before the end of what is seen.
  [[nodiscard]] dot read_kept(byte_reader& in) const noexcept {
    const std::uint64_t position = in.varint();
    const std::uint64_t below = in.varint();
    if (position >= actor_count_ || below >= actors_[static_cast<std::size_t>(position)].upto) {
      in.fail(errc::corrupt);
      return {};
    }
    const actor_entry& e = actors_[static_cast<std::size_t>(position)];
    return {e.upto - below, e.here};
  }

  [[nodiscard]] errc read_record(byte_reader& in, place& at, const key_entry& key, incoming& one) const {
    const bool plain = key.form != key_form::shaped;
    const std::uint8_t shape = key.list ? in.u8() : key.shape;
    one.key.path = key.key.path, one.key.args = key.key.args;  // likewise
    one.kind = own_kind(key.key);
    one.of_key = static_cast<std::size_t>(key.count);
    if (key.list) {
      if ((shape & key_shape::text) != 0) {
        in.fail(errc::corrupt);
      }
      if ((shape & key_shape::list) != 0) {
        one.kind = in.u8();
      }
    }
    const bool says_event = key.form == key_form::placed || (shape & key_shape::event) != 0;
    at.offset = at.offset + 1 + (says_event ? static_cast<std::uint64_t>(in.varint_signed()) : 0);
    if (in.error() == errc::ok && at.offset >= covered_) {
      in.fail(errc::corrupt);
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    find_event(at, one);
    if ((one.kind & kinds::stamped) != 0) {
      const bool says_stamp = key.form == key_form::dated || (shape & key_shape::stamp) != 0;
      const bool expected = at.pace.expect(one.who, one.n, one.at);
      if (says_stamp) {
        one.at = read_stamp(in, one.at);
      } else if (!expected) {
        in.fail(errc::corrupt);
      }
      at.pace.note(one.at, one.who, one.n);
    }
    if (!plain) {
      const std::uint8_t size = shape & key_shape::size_mask;
      at.size = size == key_shape::size_mask ? in.varint() : (size == key_shape::raw ? raw_size : size);
    }
    if (at.size == raw_size) {
      const std::span<const std::byte> rest = in.bytes(8);
      for (std::size_t i = 0; i < rest.size(); ++i) {
        at.raw[i + 1] = rest[i];
      }
      one.payload = at.raw;
    } else if (at.size > in.remaining().size()) {
      in.fail(errc::truncated);
    } else {
      one.payload = in.bytes(static_cast<std::size_t>(at.size));
    }
    return in.error();
  }
  /// Which event has an offset among all that are covered.
  void find_event(place& at, incoming& one) const noexcept {
    const auto runs = covers_.runs();
    while (at.offset < at.before) {
      --at.run;
      at.before -= runs[at.run].last - runs[at.run].first + 1;
    }
    while (at.offset - at.before > runs[at.run].last - runs[at.run].first) {
      at.before += runs[at.run].last - runs[at.run].first + 1;
      ++at.run;
    }
    one.who = runs[at.run].who;
    one.n = runs[at.run].first + (at.offset - at.before);
  }

  /// After a successful `parse` only. Once the frame is joined a key may have lost its place to another one that came with it: who goes
  /// through it then gets what stands before that, and the peer is asked for the rest of its names when it uses them.
  template <typename Key, typename Record>
  void for_each_entry(Key&& of_key, Record&& of_record) const {
    if ((flags_ & link_flag::short_one) != 0) {
      key_entry key;
      key.number = short_number_;
      key.key = short_.key;
      key.slot = short_slot_ != Store::none && store_->table().used(short_slot_) ? short_slot_ : Store::none;
      of_key(static_cast<const key_entry&>(key));
      of_record(static_cast<const incoming&>(short_));
      return;
    }
    byte_reader in{body_};
    place at{start_};
    while (!in.remaining().empty()) {
      key_entry key;
      if (read_key(in, at, key) != errc::ok) {
        return;
      }
      of_key(static_cast<const key_entry&>(key));
      for (std::size_t i = 0; i < key.count; ++i) {
        incoming one;
        (void)read_record(in, at, key, one);
        of_record(static_cast<const incoming&>(one));
      }
    }
  }

  const Store* store_;
  const link_type* link_;
  std::uint8_t flags_ = 0;
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  std::uint64_t covered_ = 0;
  std::uint32_t part_after_ = 0;
  std::uint32_t part_end_ = 0;
  stamp_pace start_{};
  std::span<const std::byte> names_{};
  std::span<const std::byte> body_{};
  incoming short_{};
  index short_slot_ = Store::none;
  std::uint64_t short_number_ = 0;
  key_buffer short_text_{};
  std::size_t actor_count_ = 0;
  array_of<actor_entry, Limits::actors> actors_;  // as far as `actor_count_`
  context_type covers_{};
};

}  // namespace skerry::inline v0::state::detail
