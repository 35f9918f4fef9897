// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/detail/link_errands.hpp>
#include <skerry/state/detail/record_set.hpp>
#include <skerry/state/hash_tree.hpp>
#include <skerry/state/riblt.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// What a frame of kind `want` says in a repair; smaller numbers are the links' own.
enum class wish_kind : std::uint8_t {
  values = 16,  ///< the records with these values are wanted
  events,       ///< these events are told; whoever knows that something in it is dead says so
  taken,        ///< so many records were taken
};

/// Repair between two stores that have seen the same events and yet hold different records: one of them has forgotten a removal, or is
/// damaged. A digest says which records only one of them holds; they are handed over, and whoever has seen such an event and holds no
/// record of it answers that it is dead. Every frame is true by itself, so loss, repeats and reordering cost time only; whether all is
/// well in the end is for the hashes of the whole stores to say.
///
/// Symbols  coded symbols kept while asking; 0: this node only answers
/// Memory   one conversation in which this node asks, whatever the number of links: 27 Symbols + 3.2 kB; only answering 112 bytes
/// Wire     digest: scheme (0 symbols, 1 tree) · salt (8) · question
///          symbols: scheme · low half of the salt (4) · errands that the writer can keep · answer
///          want: 16 · salt (8) · values wanted (8 each, ascending)   or   17 · a delta frame of its own   or   18 · records that were
///          taken
/// Pace     wishes and records that the peer has not answered never exceed the errands that it can keep
/// Cost     O(records) for each question answered, answer taken and list of wishes
template <typename Store, std::size_t TextBytes, std::size_t Symbols>
class link_digest {
 public:
  using link_number = std::uint16_t;
  static constexpr link_number nobody = 0xffff;
  static constexpr bool asks = Symbols > 0;
  /// Frames shorter than that may not get on.
  static constexpr std::size_t least_frame = 144;

  /// Begins to ask a peer, unless another one is being asked.
  template <typename Text>
  [[nodiscard]] bool start(link_number link, std::uint64_t salt, const Store& store, const Text& text) {
    if constexpr (asks) {
      if (ask_.link != nobody && ask_.link != link) {
        return false;
      }
      ask_.link = link;
      ask_.restarts = ask_.retries = 0;
      ask_.wishes_left = 0;
      begin(digest_scheme::symbols, salt, store, text);
      return true;
    } else {
      return false;
    }
  }
  /// Which link's peer is being asked.
  [[nodiscard]] link_number asking() const noexcept {
    if constexpr (asks) {
      return ask_.link;
    }
    return nobody;
  }
  /// Nothing has been heard for some time: the next `poll` asks again, but not for ever.
  void retry(link_number link) noexcept {
    if constexpr (asks) {
      if (ask_.link == link) {
        ask_.open = 0;
        ask_.retries = static_cast<std::uint8_t>(ask_.retries + (ask_.waiting ? 1 : 0));
        ask_.link = ask_.retries > most_retries ? nobody : link;
        ask_.waiting = false;
      }
    }
  }
  /// Forgets everything.
  void reset() noexcept {
    if constexpr (asks) {
      ask_.link = nobody;
    }
    question_.link = taken_.link = nobody;
    errands_ = {};
  }
  /// The link ends.
  void drop(link_number link) noexcept {
    if constexpr (asks) {
      ask_.link = ask_.link == link ? nobody : ask_.link;
    }
    question_.link = question_.link == link ? nobody : question_.link;
    taken_.link = taken_.link == link ? nobody : taken_.link;
    errands_.drop(link);
  }

  /// Whether `poll` may have something to say on a link.
  [[nodiscard]] bool has_news(link_number link) const noexcept {
    if (question_.link == link || taken_.link == link || errands_.any(link)) {
      return true;
    }
    if constexpr (asks) {
      return ask_.link == link && !ask_.waiting && ask_.open < ask_.room;
    }
    return false;
  }

  /// Writes the body of the next frame for a link, and says of which kind it is; nothing written: nothing to say.
  template <typename Text>
  [[nodiscard]] result<frame_kind> poll(link_number link, byte_writer& out, const Store& store, const Text& text) {
    if (out.free_bytes() < least_frame) {
      return errc::full;
    }
    if (question_.link == link) {
      question_.link = nobody;
      if (answer(out, store, text)) {
        return frame_kind::symbols;
      }
      return errc::empty;
    }
    if (hand_over(link, out, store, text)) {
      return frame_kind::want;
    }
    if (taken_.link == link) {
      taken_.link = nobody;
      out.u8(static_cast<std::uint8_t>(wish_kind::taken));
      out.varint(taken_.count);
      return frame_kind::want;
    }
    if constexpr (asks) {
      if (ask_.link != link) {
        return errc::empty;
      }
      if (ask_.scheme == digest_scheme::symbols && symbols_.done()) {
        refill(store, text);
        if (hand_over(link, out, store, text)) {
          return frame_kind::want;
        }
      }
      if (ask_.wishes_left > 0 && ask_.open < ask_.room) {
        wish(out);
        return frame_kind::want;
      }
      if (is_done()) {
        ask_.link = nobody;
        return errc::empty;
      }
      if (!ask_.waiting && ask_.wishes_left == 0 && (ask_.open == 0 || ask_.scheme == digest_scheme::symbols) && !has_findings()) {
        ask_.waiting = true;
        out.u8(static_cast<std::uint8_t>(ask_.scheme));
        out.u64(ask_.salt);
        const status written = ask_.scheme == digest_scheme::tree ? tree_.ask(out) : symbols_.ask(out);
        return written ? result<frame_kind>{frame_kind::digest} : result<frame_kind>{written.error()};
      }
    }
    return errc::empty;
  }

  /// Takes the body of a frame of kind digest, symbols or want.
  ///
  /// accept   `accept(span) -> result<receipt>` takes a delta frame
  /// Errors   `truncated`, `corrupt`, `unsupported`, those of `accept`; `stale` for an answer that nobody waits for
  template <typename Text, typename Accept>
  [[nodiscard]] status receive(link_number link, frame_kind kind, std::span<const std::byte> body, const Store& store, const Text& text,
                               Accept&& accept) {
    switch (kind) {
      case frame_kind::digest: return take_question(link, body);
      case frame_kind::symbols: return take_answer(link, body, store, text);
      case frame_kind::want: return take_want(link, body, store, text, accept);
      default: return errc::unsupported;
    }
  }

 private:
  static constexpr std::uint8_t most_retries = 8;
  static constexpr std::size_t batch = asks ? 4 : 2;
  using symbols_type = riblt<(asks ? Symbols : 8)>;
  using tree_type = hash_tree<24, batch>;
  /// A leaf names at most 16 own elements and 16 of theirs.
  static constexpr std::size_t leaf_items = tree_type::leaf * batch;
  using errands_type = link_errands<Store, TextBytes, (asks ? 2 * leaf_items : 4)>;
  static constexpr std::size_t question_bytes = 1 + 8 + 1 + 9 * batch;

  struct question {
    std::array<std::byte, question_bytes> bytes{};
    std::uint8_t size = 0;
    link_number link = nobody;
  };
  struct conversation {
    std::array<std::uint64_t, leaf_items> wishes{};
    std::uint64_t salt = 0;
    std::size_t wishes_left = 0;
    std::size_t open = 0;    ///< wishes and records that were sent and not answered
    std::size_t room = 1;    ///< how many there may be
    std::size_t found = 0;   ///< of the symbols' findings, these have been turned into wishes
    std::size_t walked = 0;  ///< and of the own records, these have been looked at
    bool walked_all = false;
    link_number link = nobody;
    digest_scheme scheme = digest_scheme::symbols;
    bool waiting = false;
    std::uint8_t restarts = 0;
    std::uint8_t retries = 0;
  };
  struct receipts {
    std::uint16_t count = 0;
    link_number link = nobody;
  };
  struct nothing {};

  template <typename Text>
  [[nodiscard]] static record_set<Store, TextBytes, Text> set_of(const Store& store, const Text& text, std::uint64_t salt) noexcept {
    return {store, text, salt};
  }

  // The side that asks.

  template <typename Text>
  void begin(digest_scheme scheme, std::uint64_t salt, const Store& store, const Text& text) {
    ask_.scheme = scheme;
    ask_.salt = salt;
    ask_.waiting = false;
    ask_.open = 0;
    ask_.found = ask_.walked = 0;
    ask_.walked_all = false;
    const digest_mark mine = mark_of(set_of(store, text, salt));
    if (scheme == digest_scheme::tree) {
      tree_.start(salt, mine);
    } else {
      symbols_.start(salt, mine);
    }
  }
  /// A tree finds its way even where a set changes all the time.
  template <typename Text>
  void begin_again(const Store& store, const Text& text, bool with_tree) {
    ++ask_.restarts;
    if (ask_.restarts > 6) {
      ask_.link = nobody;  // the next comparison of the whole stores may begin again
      return;
    }
    begin(with_tree || ask_.restarts > 2 ? digest_scheme::tree : digest_scheme::symbols, hash64(ask_.restarts, ask_.salt), store, text);
  }
  /// The symbols have told all, and not all of it has been used.
  [[nodiscard]] bool has_findings() const noexcept { return ask_.scheme == digest_scheme::symbols && symbols_.done(); }
  void answered(std::size_t count) noexcept { ask_.open -= count < ask_.open ? count : ask_.open; }
  [[nodiscard]] bool is_done() const noexcept {
    return ask_.scheme == digest_scheme::tree ? tree_.done() : symbols_.done() && ask_.found == symbols_.symbols() && ask_.walked_all;
  }

  template <typename Text>
  [[nodiscard]] status take_answer(link_number link, std::span<const std::byte> body, const Store& store, const Text& text) {
    if constexpr (asks) {
      byte_reader in{body};
      const std::uint8_t scheme = in.u8();
      const std::uint32_t tag = in.u32();
      const std::size_t room = in.u8();
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (scheme > static_cast<std::uint8_t>(digest_scheme::tree) || room == 0) {
        return errc::corrupt;
      }
      if (ask_.link != link || !ask_.waiting || scheme != static_cast<std::uint8_t>(ask_.scheme) ||
          tag != static_cast<std::uint32_t>(ask_.salt)) {
        return errc::stale;
      }
      ask_.room = room < leaf_items ? room : leaf_items;
      const auto set = set_of(store, text, ask_.salt);
      if (ask_.scheme == digest_scheme::tree) {
        return take_nodes(in, set, store);
      }
      const status taken = symbols_.take(in, set, ignore_found{});
      if (taken) {
        ask_.waiting = false;
        ask_.retries = 0;
        const std::uint64_t n = symbols_.theirs().count > store.record_count() ? symbols_.theirs().count : store.record_count();
        if (!symbols_.done() && choose_digest(n, symbols_.estimate(), Symbols) == digest_scheme::tree) {
          begin_again(store, text, true);
        }
      } else if (symbols_.spoiled()) {
        begin_again(store, text, taken.error() != errc::mismatch);
        return taken.error() == errc::corrupt ? taken : status{};
      }
      return taken;
    } else {
      return errc::stale;
    }
  }
  template <typename Set>
  [[nodiscard]] status take_nodes(byte_reader& in, const Set& set, const Store& store) {
    record_view now{};
    // The walk of the tree tells values only: whose they are is known while it stands there.
    const auto source = watched<Set>{&set, &now};
    const status taken = tree_.take(in, source, [&](std::uint64_t value, digest_side side) {
      if (side == digest_side::mine) {
        (void)errands_.add(ask_.link, store, now.who, now.n);
      } else if (ask_.wishes_left < ask_.wishes.size()) {
        ask_.wishes[ask_.wishes_left++] = value;
      }
    });
    ask_.waiting = ask_.waiting && !taken;
    ask_.retries = taken ? std::uint8_t{0} : ask_.retries;
    return taken;
  }
  template <typename Set>
  struct watched {
    const Set* set;
    record_view* now;
    template <typename F>
    void for_each(F&& f) const {
      set->for_each_record([&](const digest_item& item, const record_view& r) {
        *now = r;
        f(item);
      });
    }
  };
  /// Turns what the symbols told into wishes and errands, as many as there is room for.
  template <typename Text>
  void refill(const Store& store, const Text& text) {
    if (ask_.wishes_left == 0) {
      ask_.found = symbols_.for_each_found(ask_.found, [&](std::uint64_t value, digest_side side) {
        if (side == digest_side::theirs) {
          if (ask_.wishes_left == ask_.wishes.size()) {
            return false;
          }
          ask_.wishes[ask_.wishes_left++] = value;
        }
        return true;
      });
    }
    if (ask_.walked_all || errands_.size() + ask_.open >= ask_.room) {
      return;
    }
    std::size_t at = 0;
    bool all = true;
    set_of(store, text, ask_.salt).for_each_record([&](const digest_item& item, const record_view& r) {
      if (at++ < ask_.walked || !all) {
        return;
      }
      if (symbols_.is_mine(item.value) && (errands_.size() + ask_.open >= ask_.room || !errands_.add(ask_.link, store, r.who, r.n))) {
        all = false;
        return;
      }
      ask_.walked = at;
    });
    ask_.walked_all = all;
  }
  void wish(byte_writer& out) noexcept {
    const std::size_t room = (out.free_bytes() - 9) / 8;
    const std::size_t pace = ask_.room - ask_.open;
    const std::size_t most = room < pace ? room : pace;
    const std::size_t count = ask_.wishes_left < most ? ask_.wishes_left : most;
    const auto chosen = std::span{ask_.wishes}.subspan(ask_.wishes_left - count, count);
    for (std::size_t i = 1; i < count; ++i) {
      for (std::size_t j = i; j > 0 && chosen[j - 1] > chosen[j]; --j) {
        const std::uint64_t larger = chosen[j - 1];
        chosen[j - 1] = chosen[j];
        chosen[j] = larger;
      }
    }
    out.u8(static_cast<std::uint8_t>(wish_kind::values));
    out.u64(ask_.salt);
    for (const std::uint64_t value : chosen) {
      out.u64(value);
    }
    ask_.wishes_left -= count;
    ask_.open += count;
  }

  // The side that answers.

  [[nodiscard]] status take_question(link_number link, std::span<const std::byte> body) noexcept {
    byte_reader in{body};
    const std::uint8_t scheme = in.u8();
    (void)in.u64();
    if (in.error() == errc::ok && scheme > static_cast<std::uint8_t>(digest_scheme::tree)) {
      return errc::corrupt;
    }
    if (in.remaining().empty()) {
      return errc::truncated;
    }
    std::size_t size = body.size();
    std::uint8_t nodes = 0;
    if (scheme == static_cast<std::uint8_t>(digest_scheme::tree)) {
      // Of many nodes the first ones are answered: what remains is asked for again.
      const std::size_t asked = in.count(2);
      for (; nodes < asked && nodes < batch; ++nodes) {
        (void)in.bytes(((in.u8() & 0x7fU) + 1U) / 2U);
      }
      if (in.error() != errc::ok || nodes == 0) {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
      size -= in.remaining().size();
    }
    if (size > question_bytes) {
      return errc::corrupt;
    }
    for (std::size_t i = 0; i < size; ++i) {
      question_.bytes[i] = i == 9 && nodes > 0 ? std::byte{nodes} : body[i];
    }
    question_.size = static_cast<std::uint8_t>(size);
    question_.link = link;
    return {};
  }
  template <typename Text>
  [[nodiscard]] bool answer(byte_writer& out, const Store& store, const Text& text) const {
    byte_reader in{std::span{question_.bytes}.first(question_.size)};
    const std::uint8_t scheme = in.u8();
    const std::uint64_t salt = in.u64();
    const auto set = set_of(store, text, salt);
    out.u8(scheme);
    out.u32(static_cast<std::uint32_t>(salt));
    out.u8(static_cast<std::uint8_t>(errands_type::capacity));
    const status written = scheme == static_cast<std::uint8_t>(digest_scheme::tree) ? tree_type::answer(salt, in, set, out)
                                                                                    : symbols_type::answer(salt, in, set, out);
    return static_cast<bool>(written);
  }

  // Both.

  /// Tells errands, if there are any and they fit.
  template <typename Text>
  [[nodiscard]] bool hand_over(link_number link, byte_writer& out, const Store& store, const Text& text) {
    byte_writer trial = out;
    trial.u8(static_cast<std::uint8_t>(wish_kind::events));
    const auto told = errands_.write(link, trial, store, text);
    if (told.events == 0) {
      return false;
    }
    out = trial;
    if constexpr (asks) {
      ask_.open += ask_.link == link ? told.records : 0;
    }
    return true;
  }
  template <typename Accept>
  [[nodiscard]] status take_events(link_number link, std::span<const std::byte> frame, const Store& store, Accept& accept) {
    const auto heard = errands_.take(link, frame, store, accept);
    if (!heard) {
      return heard.error();
    }
    if (asking() == link) {
      if constexpr (asks) {
        answered(heard.value().events);
      }
    } else if (heard.value().records > 0) {
      taken_ = {static_cast<std::uint16_t>((taken_.link == link ? taken_.count : 0) + heard.value().records), link};
    }
    return {};
  }
  template <typename Text, typename Accept>
  [[nodiscard]] status take_want(link_number link, std::span<const std::byte> body, const Store& store, const Text& text, Accept& accept) {
    byte_reader in{body};
    const auto what = static_cast<wish_kind>(in.u8());
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (what == wish_kind::events) {
      return take_events(link, in.remaining(), store, accept);
    }
    if (what == wish_kind::taken) {
      const std::uint64_t count = in.varint();
      if (const status read = in.finish(); !read) {
        return read;
      }
      if constexpr (asks) {
        answered(ask_.link == link ? static_cast<std::size_t>(count < leaf_items ? count : leaf_items) : 0);
      }
      return {};
    }
    const std::uint64_t salt = in.u64();
    const auto wished = in.remaining();
    if (in.error() != errc::ok || wished.empty()) {
      return errc::truncated;
    }
    if (what != wish_kind::values || wished.size() % 8 != 0) {
      return errc::corrupt;
    }
    const std::size_t count = wished.size() / 8;
    const auto value_at = [&wished](std::size_t i) { return skerry::detail::load_le64(wished.data() + 8 * i); };
    for (std::size_t i = 1; i < count; ++i) {
      if (value_at(i) <= value_at(i - 1)) {
        return errc::corrupt;
      }
    }
    set_of(store, text, salt).for_each_record([&](const digest_item& item, const record_view& r) {
      std::size_t low = 0;
      std::size_t high = count;
      while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (value_at(middle) < item.value) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      if (low < count && value_at(low) == item.value) {
        (void)errands_.add(link, store, r.who, r.n);
      }
    });
    return {};
  }
  using conversation_type = std::conditional_t<asks, conversation, nothing>;
  using symbols_memory = std::conditional_t<asks, symbols_type, nothing>;
  using tree_memory = std::conditional_t<asks, tree_type, nothing>;
  [[no_unique_address]] conversation_type ask_{};
  [[no_unique_address]] symbols_memory symbols_{};
  [[no_unique_address]] tree_memory tree_{};
  question question_{};
  errands_type errands_{};
  receipts taken_{};
};

/// A replica without links.
struct no_digest {
  constexpr void reset() noexcept {}
};

/// Coded symbols that a replica keeps while it asks; 0: it only answers.
template <typename Limits>
constexpr std::size_t digest_symbols_of() noexcept {
  return Limits::records < 1024 ? 0 : 1024;
}
template <typename Limits>
requires requires { Limits::digest_symbols; }
constexpr std::size_t digest_symbols_of() noexcept { return Limits::digest_symbols; }
template <typename Store, std::size_t TextBytes, typename Limits>
using digest_for = std::conditional_t<(Limits::links_max > 0), link_digest<Store, TextBytes, digest_symbols_of<Limits>()>, no_digest>;

}  // namespace skerry::inline v0::state::detail
