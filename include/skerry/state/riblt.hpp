// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/generator.hpp>
#include <skerry/core/sqrt.hpp>
#include <skerry/state/digest.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::state {

/// A coded symbol: the elements that were mapped to it, xor-ed, and so their checks, and how many they are.
struct coded_symbol {
  std::uint64_t sum = 0;
  std::uint64_t check = 0;
  std::int32_t count = 0;
  constexpr void apply(std::uint64_t value, std::uint64_t hash, std::int32_t times) noexcept {
    sum ^= value;
    check ^= hash;
    count += times;
  }
  friend constexpr bool operator==(const coded_symbol&, const coded_symbol&) noexcept = default;
};

/// The coded symbols that an element belongs to: symbol i with probability 1 / (1 + i / 2), symbol 0 always.
///
/// Cost    a multiplication, a square root and a division per step; about 2 ln m steps among the first m symbols, and 1 to 4 to get to
///         any symbol directly
/// Source  Yang, Gilad, Alizadeh, "Practical rateless set reconciliation", SIGCOMM 2024, section 4.2. Departures: the symbols are
///         cut into segments (0 to 63, to 255, to 1023, ...), each with random numbers of its own, so that nobody need remember where an
///         element had come to: membership in one symbol is independent of that in others, so the distribution is the same. And 24 random
///         bits per step in single precision, which a microcontroller has in hardware and which rounds alike everywhere (no sum follows a
///         product)
class riblt_mapping {
 public:
  /// Begins with the first symbol of the element that is not before `from`.
  constexpr explicit riblt_mapping(std::uint64_t hash, std::uint32_t from = 0) noexcept : hash_{hash} {
    while (end_ <= from) {
      ++segment_;
      end_ *= 4;
    }
    enter();
    settle();
    while (index_ < from) {
      next();
    }
  }
  [[nodiscard]] constexpr std::uint32_t index() const noexcept { return index_; }
  constexpr void next() noexcept {
    step();
    settle();
  }

 private:
  /// A step out of a segment leads to the beginning of the next one.
  constexpr void settle() noexcept {
    while (index_ >= end_) {
      ++segment_;
      end_ *= 4;
      enter();
    }
  }
  constexpr void enter() noexcept {
    state_ = splitmix64{hash_ + segment_}() | 1;
    index_ = 0;
    if (segment_ > 0) {
      index_ = static_cast<std::uint32_t>(end_ / 4 - 1);
      step();
    }
  }
  constexpr void step() noexcept {
    state_ *= 0xda942042e4dd58b5;  // Steele and Vigna, "Computationally easy, spectrally good multipliers", 2021
    const float u = static_cast<float>(static_cast<std::uint32_t>(state_ >> 40) + 1) * 0x1p-24F;
    const float gap = (static_cast<float>(index_) + 1.5F) * (1.0F / math::sqrt(u) - 1.0F);
    const auto whole = static_cast<std::uint32_t>(gap);
    index_ += static_cast<float>(whole) < gap || whole == 0 ? whole + 1 : whole;
  }

  std::uint64_t hash_;
  std::uint64_t state_ = 0;
  std::uint64_t end_ = 64;
  std::uint32_t segment_ = 0;
  std::uint32_t index_ = 0;
};

/// Rateless invertible Bloom lookup table: the peer's set as a stream of coded symbols, of which 1.35 to 1.72 per difference suffice,
/// however large the sets are. One side walks its set for a window of symbols; the other subtracts its own and peels.
///
/// M       coded symbols that the asking side keeps: enough for about M / 1.5 differences
/// Window  symbols that the answering side makes in one walk over its set
/// Cost    27 M + 88 bytes (4-byte indices above 65 535: 29 M), no heap; a walk costs 1 to 4 steps of `riblt_mapping`
///         per element beside those that hit the window; peeling m symbols costs 2 ln m steps per difference. Answering takes 24 Window
///         bytes of stack
/// Wire    question: first · how many (varints). Answer: elements (varint) · their sum (8 bytes) · first · {sum (8), check (8),
///         zigzag(count - 2 · elements / (i + 2))}*
/// Errors  those of `digest`; `full` when M symbols were not enough
/// Source  Yang, Gilad, Alizadeh, "Practical rateless set reconciliation", SIGCOMM 2024: sections 3 and 4
template <std::size_t M, std::size_t Window = 64>
class riblt {
 public:
  static constexpr std::size_t capacity = M;
  /// Indices above are neither asked for nor answered: single precision would lose whole steps there.
  static constexpr std::uint32_t most_symbols = 1U << 19;
  /// Elements of a set, so that counts never overflow.
  static constexpr std::uint64_t most_elements = 1U << 30;
  static_assert(M >= 8 && M <= most_symbols, "a decoder keeps 8 to 2^19 symbols");
  static_assert(Window > 0);

  constexpr void start(std::uint64_t salt, const digest_mark& mine) noexcept {
    key_ = check_key(salt);
    mine_ = mine;
    theirs_ = {};
    have_ = asked_from_ = 0;
    spread_ = 0;
    done_ = spoiled_ = false;
  }

  /// Writes a question of at most 8 bytes. Each one asks for what the estimate says is missing, and at least a quarter of what is there.
  [[nodiscard]] constexpr status ask(byte_writer& out) const noexcept {
    out.varint(have_);
    out.varint(wanted());
    return out.error();
  }

  template <digest_source S>
  [[nodiscard]] static constexpr status answer(std::uint64_t salt, byte_reader& in, const S& set, byte_writer& out) {
    const std::uint64_t first = in.varint();
    const std::uint64_t wanted = in.varint();
    if (const status read = in.finish(); !read) {
      return read;
    }
    if (wanted == 0 || first >= most_symbols || wanted > most_symbols - first) {
      return errc::corrupt;
    }
    const digest_mark mark = mark_of(set);
    if (mark.count > most_elements) {
      return errc::unsupported;
    }
    out.varint(mark.count);
    out.u64(mark.sum);
    out.varint(first);
    array_of<coded_symbol, Window> window{};
    std::uint64_t at = first;
    const std::uint64_t end = first + wanted;
    while (at < end) {
      const std::uint64_t room = out.free_bytes() / 17;
      const std::uint64_t left = end - at < room ? end - at : room;
      const auto length = static_cast<std::size_t>(left < Window ? left : Window);
      if (length == 0) {
        break;
      }
      encode(salt, set, static_cast<std::uint32_t>(at), std::span{window}.first(length));
      for (std::size_t i = 0; i < length; ++i, ++at) {
        const std::int64_t off = window[i].count - expected(at, mark.count);
        if (out.free_bytes() < 16 + varint_size(zigzag(off))) {
          return at == first ? status{errc::full} : out.error();
        }
        out.u64(window[i].sum);
        out.u64(window[i].check);
        out.varint_signed(off);
      }
    }
    return out.error() == errc::ok && at == first ? status{errc::full} : out.error();
  }

  /// The coded symbols `first` and following of a set.
  template <digest_source S>
  static constexpr void encode(std::uint64_t salt, const S& set, std::uint32_t first, std::span<coded_symbol> out) {
    for (coded_symbol& symbol : out) {
      symbol = {};
    }
    const std::uint64_t key = check_key(salt);
    set.for_each([&](const digest_item& item) { apply(item.value, hash64(item.value, key), first, out, 1); });
  }

  template <digest_source S, typename Found>
  [[nodiscard]] constexpr status take(byte_reader& in, const S& set, Found&& found) {
    if (spoiled_) {
      return errc::corrupt;
    }
    if (done_) {
      return errc::stale;
    }
    digest_mark theirs;
    theirs.count = in.varint();
    theirs.sum = in.u64();
    const std::uint64_t first = in.varint();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (theirs.count > most_elements) {
      return errc::corrupt;
    }
    if (first != have_) {
      return errc::stale;
    }
    if (in.remaining().empty()) {
      return errc::truncated;
    }
    // What is read lies beyond `have_` until all of it is: a refused answer leaves nothing behind.
    std::size_t end = have_;
    for (; in.error() == errc::ok && !in.remaining().empty(); ++end) {
      if (end == M) {
        return errc::corrupt;  // more than was asked for
      }
      cells_[end].sum = in.u64();
      cells_[end].check = in.u64();
      const std::int64_t off = in.varint_signed();
      const std::int64_t usual = expected(end, theirs.count);
      if (in.error() == errc::ok && (off < -usual || off > static_cast<std::int64_t>(theirs.count) - usual)) {
        return errc::corrupt;
      }
      cells_[end].count = static_cast<std::int32_t>(usual + off);
      use_[end] = use::open;
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (have_ == 0) {
      theirs_ = theirs;
    }
    const auto fresh = std::span{cells_}.subspan(have_, end - have_);
    const auto from = static_cast<std::uint32_t>(have_);
    digest_mark mine;
    set.for_each([&](const digest_item& item) {
      mine.add(item);
      apply(item.value, hash64(item.value, key_), from, fresh, -1);
    });
    if (!(theirs == theirs_) || !(mine == mine_) || mine.count > most_elements) {
      spoiled_ = true;
      return errc::mismatch;
    }
    measure(end);
    for (std::size_t i = 0; i < have_; ++i) {
      if (use_[i] == use::mine || use_[i] == use::theirs) {
        apply(cells_[i].sum, cells_[i].check, from, fresh, use_[i] == use::mine ? 1 : -1);
      }
    }
    asked_from_ = have_;
    have_ = end;
    return peel(found);
  }

  /// All differences have been found, and they explain how the marks of the two sets differ.
  [[nodiscard]] constexpr bool done() const noexcept { return done_; }
  [[nodiscard]] constexpr bool spoiled() const noexcept { return spoiled_; }
  [[nodiscard]] constexpr std::size_t symbols() const noexcept { return have_; }

  /// Calls `f(value, digest_side)` for the differences found, from a position on (0: all), until it answers false. Returns the position
  /// after the last one that it took. They stay until `start`.
  template <typename F>
  constexpr std::size_t for_each_found(std::size_t from, F&& f) const {
    for (; done_ && from < have_; ++from) {
      if ((use_[from] == use::mine || use_[from] == use::theirs) &&
          !f(cells_[from].sum, use_[from] == use::mine ? digest_side::mine : digest_side::theirs)) {
        break;
      }
    }
    return from;
  }
  /// Whether an own element turned out to be lacking there. Cost as one element of a walk.
  [[nodiscard]] constexpr bool is_mine(std::uint64_t value) const noexcept {
    if (done_) {
      for (riblt_mapping at{hash64(value, key_)}; at.index() < have_; at.next()) {
        if (use_[at.index()] == use::mine && cells_[at.index()].sum == value) {
          return true;
        }
      }
    }
    return false;
  }
  /// The mark of the peer's set; after the first answer.
  [[nodiscard]] constexpr const digest_mark& theirs() const noexcept { return theirs_; }

  /// About how many differences there are, from how far the counts of the first symbols are apart.
  ///
  /// Bound   standard error about sqrt(2 / k) of it from k symbols after the first one, k <= 63
  /// Source  each difference is in symbol i with probability p = 2 / (i + 2), and counts +1 or -1 there: the count has the mean p D, D
  ///         being the difference of the sizes, and the variance d p (1 - p)
  [[nodiscard]] constexpr std::uint64_t estimate() const noexcept {
    const std::size_t used = (have_ < measured ? have_ : measured);
    const std::uint64_t sizes =
        mine_.count > theirs_.count ? mine_.count - theirs_.count : theirs_.count - mine_.count;  // never fewer than that
    const std::uint64_t spread = used < 2 ? 0 : spread_ / (used - 1);
    return spread > sizes ? spread : sizes;
  }

 private:
  enum class use : std::uint8_t { open, queued, mine, theirs };
  static constexpr std::size_t measured = 64;
  static constexpr std::uint64_t first_question = 8;
  using cell_index = std::conditional_t<(M <= 0xffff), std::uint16_t, std::uint32_t>;

  [[nodiscard]] static constexpr std::uint64_t check_key(std::uint64_t salt) noexcept { return hash64(0x7261746c, salt); }
  [[nodiscard]] static constexpr std::int64_t expected(std::uint64_t i, std::uint64_t elements) noexcept {
    return static_cast<std::int64_t>(2 * elements / (i + 2));
  }
  static constexpr void apply(std::uint64_t value, std::uint64_t hash, std::uint32_t first, std::span<coded_symbol> to,
                              std::int32_t times) noexcept {
    for (riblt_mapping at{hash, first}; at.index() - first < to.size(); at.next()) {
      to[at.index() - first].apply(value, hash, times);
    }
  }

  [[nodiscard]] constexpr std::uint64_t wanted() const noexcept {
    const std::uint64_t left = M - have_;
    if (have_ == 0) {
      return first_question < left ? first_question : left;
    }
    const std::uint64_t guess = estimate();
    const std::uint64_t needed = guess < M ? guess * 13 / 10 + 4 : M;
    const std::uint64_t more = have_ / 4 + 6;
    const std::uint64_t wish = needed > have_ + more ? needed - have_ : more;
    return wish < left ? wish : left;
  }

  /// Adds what the fresh symbols, own elements subtracted, say about the number of differences.
  constexpr void measure(std::size_t end) noexcept {
    const std::int64_t apart = static_cast<std::int64_t>(theirs_.count) - static_cast<std::int64_t>(mine_.count);
    for (std::size_t i = have_ > 1 ? have_ : 1; i < end && i < measured; ++i) {
      const std::int64_t off = static_cast<std::int64_t>(i + 2) * cells_[i].count - 2 * apart;
      const std::uint64_t size = static_cast<std::uint64_t>(off < 0 ? -off : off);
      constexpr std::uint64_t most = 1U << 28;  // 63 squares of it still fit
      const std::uint64_t bounded = size < most ? size : most;
      spread_ += bounded * bounded / (2 * i);
    }
  }

  [[nodiscard]] constexpr bool pure(const coded_symbol& symbol) const noexcept {
    return (symbol.count == 1 || symbol.count == -1) && symbol.check == hash64(symbol.sum, key_);
  }

  /// Recovers elements until no symbol holds exactly one. A symbol gives at most one element and keeps it, so this ends after M of
  /// them, and the differences need no memory of their own.
  template <typename Found>
  [[nodiscard]] constexpr status peel(Found& found) {
    std::size_t waiting = 0;
    for (std::size_t i = asked_from_; i < have_; ++i) {
      if (pure(cells_[i])) {
        queue_[waiting++] = static_cast<cell_index>(i);
        use_[i] = use::queued;
      }
    }
    while (waiting > 0) {
      const std::size_t i = queue_[--waiting];
      use_[i] = use::open;
      const coded_symbol one = cells_[i];
      if (!pure(one)) {
        continue;  // its element was found in another symbol
      }
      bool mapped = false;
      for (riblt_mapping at{one.check}; at.index() < have_; at.next()) {
        const std::uint32_t j = at.index();
        if (j == i) {
          mapped = true;
          continue;
        }
        if (use_[j] == use::mine || use_[j] == use::theirs) {
          return contradiction();  // nothing was left in that symbol
        }
        cells_[j].apply(one.sum, one.check, -one.count);
        if (use_[j] == use::open && pure(cells_[j])) {
          queue_[waiting++] = static_cast<cell_index>(j);
          use_[j] = use::queued;
        }
      }
      if (!mapped) {
        return contradiction();
      }
      use_[i] = one.count > 0 ? use::theirs : use::mine;
    }
    return finish(found);
  }

  template <typename Found>
  [[nodiscard]] constexpr status finish(Found& found) {
    digest_mark explained = mine_;
    for (std::size_t i = 0; i < have_; ++i) {
      const coded_symbol& symbol = cells_[i];
      if (use_[i] == use::theirs) {
        ++explained.count;
        explained.sum += symbol.sum;
      } else if (use_[i] == use::mine) {
        --explained.count;
        explained.sum -= symbol.sum;
      } else if (!(symbol == coded_symbol{})) {
        if (have_ < M) {
          return {};
        }
        spoiled_ = true;
        return errc::full;
      }
    }
    if (!(explained == theirs_)) {
      return contradiction();
    }
    done_ = true;
    (void)for_each_found(0, [&found](std::uint64_t value, digest_side side) {
      found(value, side);
      return true;
    });
    return {};
  }
  [[nodiscard]] constexpr errc contradiction() noexcept {
    spoiled_ = true;
    return errc::corrupt;
  }

  std::uint64_t key_ = check_key(0);
  digest_mark mine_{};
  digest_mark theirs_{};
  std::uint64_t spread_ = 0;
  std::size_t have_ = 0;
  std::size_t asked_from_ = 0;
  bool done_ = false;
  bool spoiled_ = false;
  array_of<coded_symbol, M> cells_{};
  std::array<cell_index, M> queue_{};
  array_of<use, M> use_{};
};

}  // namespace skerry::inline v0::state
