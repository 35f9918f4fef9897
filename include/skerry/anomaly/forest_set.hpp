// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/slot_trees.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/stats/kll.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

/// Names one tree of one node for good. Who trains anew takes the next epoch.
struct tree_key {
  std::uint64_t node;
  std::uint64_t epoch;
  std::uint32_t index;

  friend constexpr bool operator==(const tree_key&, const tree_key&) noexcept = default;
};

namespace detail {

/// In which order a full set keeps trees: newer epochs first; within one the hash decides, so that no node is favoured.
struct ranked_key {
  tree_key key{};
  std::uint64_t hash = 0;

  constexpr ranked_key() noexcept = default;
  constexpr explicit ranked_key(const tree_key& k) noexcept : key{k}, hash{hash64(hash64(k.node, k.epoch), k.index)} {}

  [[nodiscard]] constexpr bool outranks(const ranked_key& other) const noexcept {
    if (key.epoch != other.key.epoch) {
      return key.epoch > other.key.epoch;
    }
    if (hash != other.hash) {
      return hash > other.hash;
    }
    return key.node != other.key.node ? key.node > other.key.node : key.index > other.key.index;
  }
};

/// The Capacity greatest keys that were ever put in, greatest first, each with the place where its content lies.
template <std::size_t Capacity>
class ranked_keys {
 public:
  struct entry {
    ranked_key ranked;
    std::uint16_t place;
  };
  enum class outcome : std::uint8_t { added, present, outranked };
  struct answer {
    outcome how;
    std::uint16_t place;
  };

  /// Where the content of `key` is to be written. A full set gives the place of its least key, if that is outranked.
  answer insert(const tree_key& key) noexcept {
    const ranked_key ranked{key};
    std::size_t at = 0;  // of the keys that outrank this one
    for (std::size_t end = size_; at < end;) {
      const std::size_t middle = at + (end - at) / 2;
      if (entries_[middle].ranked.outranks(ranked)) {
        at = middle + 1;
      } else {
        end = middle;
      }
    }
    if (at < size_ && entries_[at].ranked.key == key) {
      return {outcome::present, entries_[at].place};
    }
    if (at == Capacity) {
      return {outcome::outranked, 0};
    }
    const auto place = size_ < Capacity ? static_cast<std::uint16_t>(size_) : entries_[size_ - 1].place;
    size_ += size_ < Capacity ? 1U : 0U;
    for (std::size_t i = size_ - 1; i > at; --i) {
      entries_[i] = entries_[i - 1];
    }
    entries_[at] = {ranked, place};
    return {outcome::added, place};
  }
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const tree_key& key(std::size_t i) const noexcept {
    SKERRY_ASSERT(i < size_);
    return entries_[i].ranked.key;
  }
  [[nodiscard]] std::size_t place(std::size_t i) const noexcept {
    SKERRY_ASSERT(i < size_);
    return entries_[i].place;
  }

 private:
  std::array<entry, Capacity> entries_{};
  std::size_t size_ = 0;
};

}  // namespace detail

/// Trees of many nodes as one forest: a grow-only set that any network may lose, repeat and reorder.
///
/// Every tree has a key (node, epoch, index). `join` is the union of two sets; at its capacity a set keeps the trees of the greatest keys
/// by (epoch, hash of the key). The scores of a row are integer sums, so the order in which trees came never shows. Reference scores travel
/// as entries under such keys too, one sketch for (node, epoch): as a sum of sketches they would count twice when delivered twice.
///
/// All trees compare codes of the same quantiser and come from the same ψ, depth and L; the first forest that is added fixes them. Agree on
/// a quantiser first, say from the merged extremes of all nodes. The thresholds inside trees are values of somebody's rows: who receives a
/// set can read them.
///
/// Input   trees of any forest that refuses missing values and has no columns of names
/// Cost    join: a search for each tree, a move of keys and a copy for each new one; depth_sum: trees · depth comparisons. No heap,
/// trivially
///         copyable. sizeof about Trees · (Slot · (2 + sizeof(Code)) + Slot + 51) + References · (sizeof(Scores) + 48) + 8 · Features
/// Law     idempotent, commutative, associative, also at capacity. Two contents under one key are somebody's mistake: the one with the
/// greater
///         bytes stays, everywhere the same
/// Errors  `mismatch`: another quantiser, ψ, depth or L; `full`: a tree with more splits than Slot (from `add`), an image of more trees
/// than fit;
///         `insufficient`: no tree; `not_finite`; `unsupported`: a forest that takes missing values or names. All leave the object as it
///         was
/// Source  grow-only set: Shapiro, Preguiça, Baquero, Zawirski: Conflict-free Replicated Data Types, 2011; keeping the greatest is ours
template <std::size_t Features, std::size_t Trees = 200, std::size_t Sample = 256, typename Code = std::int16_t,
          std::size_t Slot = Sample / 2, typename Scores = stats::kll<float, 64>, std::size_t References = 8>
class forest_set {
  static_assert(Features > 0 && Features <= 65535, "forest_set: between 1 and 65535 columns");
  static_assert(Trees > 0 && Trees <= 65535 && References > 0 && References <= 65535,
                "forest_set: room for at least one tree and one sketch");
  static_assert(Sample >= 2 && Sample <= 65535, "forest_set: a sample of 2 to 65535 rows");
  static_assert(forest_code<Code>, "forest_set: Code is std::uint8_t or std::int16_t");
  static_assert(Slot > 0 && Slot < Sample, "forest_set: a tree has at least one split and fewer than rows");

 public:
  using algebra = joins;
  using code_type = Code;
  using scores_type = Scores;
  using split_type = detail::split<std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>,
                                   std::conditional_t<(Sample <= 256), std::uint8_t, std::uint16_t>, Code>;
  using leaf_type = std::conditional_t<(Sample <= 512), std::uint8_t, std::uint16_t>;
  static constexpr std::size_t features = Features, tree_capacity = Trees, slot_capacity = Slot, reference_capacity = References;

  /// Takes all trees of a forest as those of `node` in `epoch`, or none. Trees that the set already has, or that do not rank, change
  /// nothing.
  template <typename Forest>
  [[nodiscard]] status add(std::uint64_t node, std::uint64_t epoch, const Forest& forest) noexcept {
    static_assert(Forest::features == Features && std::is_same_v<typename Forest::code_type, Code>,
                  "forest_set::add: a forest of as many columns, and of the same codes");
    if (forest.trees() == 0 || !forest.codes().learned()) {
      return errc::insufficient;
    }
    if constexpr (requires { forest.code_columns(); }) {
      if (forest.code_columns() != Features) {
        return errc::unsupported;
      }
    }
    if constexpr (requires { forest.takes_missing(); }) {
      if (forest.takes_missing()) {
        return errc::unsupported;
      }
    }
    if (forest.sample() > Sample) {
      return errc::full;
    }
    const header other{static_cast<std::uint16_t>(forest.sample()), static_cast<std::uint16_t>(forest.leaf_scale()),
                       static_cast<std::uint16_t>(forest.depth_limit())};
    if (!agrees(forest.codes(), other)) {
      return errc::mismatch;
    }
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      if (forest.splits_of(t).size() > Slot) {
        return errc::full;
      }
    }
    codes_ = forest.codes();
    header_ = other;
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      std::uint32_t index = static_cast<std::uint32_t>(t);
      if constexpr (requires { forest.number_of(t); }) {
        index = forest.number_of(t);
      }
      std::array<split_type, Slot> splits;
      const auto theirs = forest.splits_of(t);
      for (std::size_t i = 0; i < theirs.size(); ++i) {
        splits[i].feature = static_cast<decltype(splits[i].feature)>(theirs[i].feature);
        splits[i].left = static_cast<decltype(splits[i].left)>(theirs[i].left);
        splits[i].threshold = theirs[i].threshold;
      }
      std::array<leaf_type, Slot + 1> leaves;
      std::copy(forest.leaves_of(t).begin(), forest.leaves_of(t).end(), leaves.begin());
      put(tree_key{node, epoch, index}, splits.data(), leaves.data(), static_cast<std::uint16_t>(theirs.size()));
    }
    return {};
  }
  /// Takes the sketch of a node's reference scores: what its forest of that epoch says of rows that it has not learnt.
  void add_scores(std::uint64_t node, std::uint64_t epoch, const Scores& scores) noexcept { put_scores(tree_key{node, epoch, 0}, scores); }

  /// Adds what another set knows.
  status join(const forest_set& other) noexcept {
    if (this == &other) {
      return {};
    }
    if (other.size() != 0) {
      if (!agrees(other.codes_, other.header_)) {
        return errc::mismatch;
      }
      codes_ = other.codes_;
      header_ = other.header_;
    }
    for (std::size_t i = 0; i < other.size(); ++i) {
      const std::size_t from = other.keys_.place(i);
      put(other.keys_.key(i), other.splits_.data() + from * Slot, other.leaves_.data() + from * (Slot + 1), other.count_[from]);
    }
    for (std::size_t i = 0; i < other.score_keys_.size(); ++i) {
      put_scores(other.score_keys_.key(i), other.scores_[other.score_keys_.place(i)]);
    }
    return {};
  }

  [[nodiscard]] result<std::uint32_t> depth_sum(std::span<const float, Features> row) const noexcept {
    if (size() == 0) {
      return errc::insufficient;
    }
    if (!detail::all_finite(row.data(), Features)) {
      return errc::not_finite;
    }
    std::array<Code, Features> x;
    for (std::size_t j = 0; j < Features; ++j) {
      x[j] = detail::quantize<Code>(row[j], codes_.lo(j), codes_.inv_step(j));
    }
    return sum_of(x.data());
  }
  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    if (size() == 0) {
      return errc::insufficient;
    }
    if (!detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }
  [[nodiscard]] result<float> score(std::span<const float, Features> row) const noexcept {
    const result<std::uint32_t> sum = depth_sum(row);
    return sum ? score_of(sum.value()) : result<float>{sum.error()};
  }
  [[nodiscard]] result<float> score_of(std::uint32_t depth_sum) const noexcept {
    if (size() == 0) {
      return errc::insufficient;
    }
    detail::forest_state state;
    for (std::size_t i = 0; i < size(); ++i) {
      state.splits += count_[i];
    }
    state.trees = static_cast<std::uint16_t>(size());
    state.leaf_scale = header_.leaf_scale;
    state.sample = header_.sample;
    return detail::score_of(state, depth_sum);
  }
  /// The reference scores of all nodes, each counted once; `merged` is what they are added to.
  void merge_scores_into(Scores& merged) const noexcept {
    for (std::size_t i = 0; i < score_keys_.size(); ++i) {
      (void)merged.merge(scores_[score_keys_.place(i)]);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  [[nodiscard]] std::size_t trees() const noexcept { return keys_.size(); }
  [[nodiscard]] bool empty() const noexcept { return keys_.size() == 0 && score_keys_.size() == 0; }
  [[nodiscard]] std::size_t references() const noexcept { return score_keys_.size(); }
  [[nodiscard]] const quantizer<Features, Code>& codes() const noexcept { return codes_; }
  [[nodiscard]] std::size_t sample() const noexcept { return header_.sample; }
  [[nodiscard]] std::size_t depth_limit() const noexcept { return header_.depth_limit; }
  [[nodiscard]] std::uint32_t leaf_scale() const noexcept { return header_.leaf_scale; }
  /// Trees and sketches, the greatest key first.
  [[nodiscard]] const tree_key& key(std::size_t i) const noexcept { return keys_.key(i); }
  [[nodiscard]] std::span<const split_type> splits_of(std::size_t i) const noexcept {
    const std::size_t at = keys_.place(i);
    return {splits_.data() + at * Slot, count_[at]};
  }
  [[nodiscard]] std::span<const leaf_type> leaves_of(std::size_t i) const noexcept {
    const std::size_t at = keys_.place(i);
    return {leaves_.data() + at * (Slot + 1), count_[at] + std::size_t{1}};
  }
  [[nodiscard]] const tree_key& score_key(std::size_t i) const noexcept { return score_keys_.key(i); }
  [[nodiscard]] const Scores& scores(std::size_t i) const noexcept { return scores_[score_keys_.place(i)]; }

  /// The most bytes that `encode` writes.
  static constexpr std::size_t max_encoded_size =
      24 + 8 * Features + Trees * (22 + detail::tree_bytes<split_type, leaf_type>(Slot)) + References * (20 + Scores::max_encoded_size);

  /// Canonical: one set, one byte string, however it came together.
  [[nodiscard]] status encode(byte_writer& out) const noexcept {
    const std::size_t from = out.written().size();
    out.u32(magic);
    out.u8(1);
    out.u8(static_cast<std::uint8_t>((sizeof(Code) == 1 ? 1U : 0U) | (size() == 0 ? 2U : 0U)));
    out.u16(static_cast<std::uint16_t>(Features));
    if (size() != 0) {
      out.u16(header_.sample);
      out.u16(header_.leaf_scale);
      out.u16(header_.depth_limit);
      for (std::size_t j = 0; j < Features; ++j) {
        out.f32(codes_.lo(j));
        out.f32(codes_.inv_step(j));
      }
    }
    out.u16(static_cast<std::uint16_t>(size()));
    for (std::size_t i = 0; i < size(); ++i) {
      const auto in = splits_of(i);
      put_key(out, key(i));
      out.u16(static_cast<std::uint16_t>(in.size()));
      detail::put_tree(out, in.data(), leaves_of(i).data(), static_cast<std::uint32_t>(in.size()));
    }
    out.u16(static_cast<std::uint16_t>(references()));
    for (std::size_t i = 0; i < references(); ++i) {
      const image sketch{scores(i)};
      out.u64(score_key(i).node);
      out.u64(score_key(i).epoch);
      out.u32(static_cast<std::uint32_t>(sketch.size));
      out.bytes(std::span{sketch.memory}.first(sketch.size));
    }
    out.u32(out.error() == errc::ok ? crc32c(out.written().subspan(from)) : 0);
    return out.error();
  }

  /// Takes an image whole, or leaves the object as it was. `unsupported`: another version; `mismatch`: other columns or codes; `full`
  [[nodiscard]] status decode(byte_reader& in) noexcept {
    const auto bytes = in.remaining();
    const auto refuse = [&in](errc e) noexcept {
      in.fail(e);
      return status{in.error()};
    };
    if (bytes.size() < 5 + sizeof(std::uint32_t)) {
      return refuse(errc::truncated);
    }
    if (in.u32() != magic) {
      return refuse(errc::corrupt);
    }
    if (in.u8() != 1) {
      return refuse(errc::unsupported);
    }
    byte_reader sum{bytes.last(4)};
    if (crc32c(bytes.first(bytes.size() - 4)) != sum.u32()) {
      return refuse(errc::corrupt);
    }
    byte_reader look{bytes.subspan(5, bytes.size() - 9)};
    byte_reader body = look;
    if (const errc e = image_reader::read(look, nullptr); e != errc::ok) {
      return refuse(e);
    }
    keys_.clear();
    score_keys_.clear();
    const errc again = image_reader::read(body, this);
    SKERRY_ASSERT(again == errc::ok && "checked above");
    (void)in.bytes(bytes.size() - 5);
    return {};
  }

  /// The same knowledge.
  friend bool operator==(const forest_set& a, const forest_set& b) noexcept {
    bool same =
        a.size() == b.size() && a.references() == b.references() && (a.size() == 0 || (a.codes_ == b.codes_ && a.header_ == b.header_));
    for (std::size_t i = 0; same && i < a.size(); ++i) {
      same = a.key(i) == b.key(i) && order_of(a.splits_of(i), a.leaves_of(i), b.splits_of(i), b.leaves_of(i)) == 0;
    }
    for (std::size_t i = 0; same && i < a.references(); ++i) {
      same = a.score_key(i) == b.score_key(i) && order_of(a.scores(i), b.scores(i)) == 0;
    }
    return same;
  }

 private:
  static constexpr std::uint32_t magic = 0x53464b53;  // "SKFS"

  struct header {
    std::uint16_t sample = 0, leaf_scale = 0, depth_limit = 0;
    friend constexpr bool operator==(const header&, const header&) noexcept = default;
  };
  struct image {
    explicit image(const Scores& scores) noexcept {
      byte_writer out{memory};
      const status fits = scores.encode(out);
      SKERRY_ASSERT(fits && "max_encoded_size is enough");
      size = out.written().size();
    }
    std::array<std::byte, Scores::max_encoded_size> memory{};
    std::size_t size = 0;
  };

  /// Reads an image twice: to look at it (`into` null), then to take it.
  struct image_reader {
    [[nodiscard]] static errc read(byte_reader& in, forest_set* into) noexcept {
      const std::uint8_t flags = in.u8();
      const std::uint16_t columns = in.u16();
      if (in.error() != errc::ok) {
        return in.error();
      }
      if (flags > 3) {
        return errc::corrupt;
      }
      if (columns != Features || ((flags & 1U) != 0) != (sizeof(Code) == 1)) {
        return errc::mismatch;
      }
      header read_header{};
      const bool none = (flags & 2U) != 0;
      if (!none) {
        read_header = {in.u16(), in.u16(), in.u16()};
        std::array<float, Features> lo;
        std::array<float, Features> inv_step;
        for (std::size_t j = 0; j < Features; ++j) {
          lo[j] = in.f32();
          inv_step[j] = in.f32();
        }
        if (in.error() != errc::ok) {
          return in.error();
        }
        if (read_header.sample > Sample) {
          return errc::full;
        }
        const auto codes = quantizer<Features, Code>::from_steps(lo, inv_step);
        if (!codes || !possible(read_header)) {
          return errc::corrupt;
        }
        if (into != nullptr) {
          into->codes_ = codes.value();
          into->header_ = read_header;
        }
      }
      const std::uint16_t trees = in.u16();
      if ((trees == 0) != none) {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
      if (trees > Trees) {
        return errc::full;
      }
      tree_key before{};
      std::array<split_type, Slot> splits;
      std::array<leaf_type, Slot + 1> leaves;
      for (std::uint16_t i = 0; i < trees; ++i) {
        const tree_key now = take_key(in);
        const std::uint16_t count = in.u16();
        if (count > Slot) {
          return errc::full;
        }
        detail::take_tree(in, splits.data(), leaves.data(), count);
        if (in.error() != errc::ok) {
          return in.error();
        }
        if ((i != 0 && !detail::ranked_key{before}.outranks(detail::ranked_key{now})) ||
            !detail::is_tree(splits.data(), count, static_cast<std::uint32_t>(Features), read_header.depth_limit)) {
          return errc::corrupt;
        }
        before = now;
        if (into != nullptr) {
          into->put(now, splits.data(), leaves.data(), count);
        }
      }
      const std::uint16_t references = in.u16();
      if (references > References) {
        return errc::full;
      }
      for (std::uint16_t i = 0; i < references; ++i) {
        tree_key now{};
        now.node = in.u64();
        now.epoch = in.u64();
        const std::uint32_t size = in.u32();
        byte_reader inner{in.bytes(size)};
        if (in.error() != errc::ok) {
          return in.error();
        }
        const auto given = inner.remaining();
        const auto sketch = take_scores(inner);
        if ((i != 0 && !detail::ranked_key{before}.outranks(detail::ranked_key{now})) || !sketch || !inner.finish()) {
          return errc::corrupt;
        }
        const image again{sketch.value()};
        if (!std::equal(given.begin(), given.end(), again.memory.begin(), again.memory.begin() + static_cast<std::ptrdiff_t>(again.size))) {
          return errc::corrupt;  // one set, one byte string
        }
        before = now;
        if (into != nullptr) {
          into->put_scores(now, sketch.value());
        }
      }
      return in.finish().error();
    }
  };

  [[nodiscard]] static result<Scores> take_scores(byte_reader& in) noexcept {
    // The seed only serves a sketch that goes on observing; one that was received does not.
    if constexpr (requires { Scores::decode(in, std::uint64_t{0}); }) {
      return Scores::decode(in, std::uint64_t{0});
    } else {
      return Scores::decode(in);
    }
  }
  static void put_key(byte_writer& out, const tree_key& k) noexcept {
    out.u64(k.node);
    out.u64(k.epoch);
    out.u32(k.index);
  }
  [[nodiscard]] static tree_key take_key(byte_reader& in) noexcept {
    tree_key k{};
    k.node = in.u64();
    k.epoch = in.u64();
    k.index = in.u32();
    return k;
  }
  [[nodiscard]] static bool possible(const header& h) noexcept {
    return h.sample >= 2 && h.depth_limit >= 1 && h.depth_limit <= detail::greatest_depth &&
           h.leaf_scale == detail::leaf_scale_of(h.sample, h.depth_limit) &&
           detail::leaf_code(h.leaf_scale, h.depth_limit, h.sample) <= static_cast<std::uint32_t>(static_cast<leaf_type>(-1));
  }
  [[nodiscard]] bool agrees(const quantizer<Features, Code>& codes, const header& other) const noexcept {
    return size() == 0 || (codes_ == codes && header_ == other);
  }

  void put(const tree_key& key, const split_type* splits, const leaf_type* leaves, std::uint16_t count) noexcept {
    const auto at = keys_.insert(key);
    using outcome = typename detail::ranked_keys<Trees>::outcome;
    if (at.how == outcome::outranked) {
      return;
    }
    split_type* to = splits_.data() + std::size_t{at.place} * Slot;
    leaf_type* to_leaves = leaves_.data() + std::size_t{at.place} * (Slot + 1);
    if (at.how == outcome::present && order_of({to, count_[at.place]}, {to_leaves, count_[at.place] + std::size_t{1}}, {splits, count},
                                               {leaves, count + std::size_t{1}}) >= 0) {
      return;
    }
    std::copy_n(splits, count, to);
    std::copy_n(leaves, count + 1U, to_leaves);
    count_[at.place] = count;
  }
  void put_scores(const tree_key& key, const Scores& scores) noexcept {
    const auto at = score_keys_.insert(key);
    using outcome = typename detail::ranked_keys<References>::outcome;
    if (at.how == outcome::outranked || (at.how == outcome::present && order_of(scores_[at.place], scores) >= 0)) {
      return;
    }
    scores_[at.place] = scores;
  }

  // Below, equal or above 0. Only a whole order matters, not which one.
  [[nodiscard]] static int order_of(std::span<const split_type> a, std::span<const leaf_type> p, std::span<const split_type> b,
                                    std::span<const leaf_type> q) noexcept {
    if (a.size() != b.size()) {
      return a.size() < b.size() ? -1 : 1;
    }
    const auto compare = [](std::int32_t x, std::int32_t y) { return x < y ? -1 : x > y ? 1 : 0; };
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (const int c : {compare(a[i].feature, b[i].feature), compare(a[i].left, b[i].left), compare(a[i].threshold, b[i].threshold)}) {
        if (c != 0) {
          return c;
        }
      }
    }
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p[i] != q[i]) {
        return p[i] < q[i] ? -1 : 1;
      }
    }
    return 0;
  }
  [[nodiscard]] static int order_of(const Scores& a, const Scores& b) noexcept {
    const image x{a};
    const image y{b};
    if (x.size != y.size) {
      return x.size < y.size ? -1 : 1;
    }
    for (std::size_t i = 0; i < x.size; ++i) {
      if (x.memory[i] != y.memory[i]) {
        return x.memory[i] < y.memory[i] ? -1 : 1;
      }
    }
    return 0;
  }

  [[nodiscard]] std::uint32_t sum_of(const Code* x) const noexcept {
    return detail::slot_sum(
        splits_.data(), detail::depth_of_leaf<leaf_type>{leaves_.data()}, static_cast<std::uint32_t>(Slot), count_.data(),
        static_cast<std::uint32_t>(size()), [](std::uint32_t i) noexcept { return i; }, x);
  }

  [[nodiscard]] static constexpr Scores no_scores() noexcept {
    if constexpr (std::is_default_constructible_v<Scores>) {
      return Scores{};
    } else {
      return Scores{std::uint64_t{0}};
    }
  }
  template <std::size_t... I>
  [[nodiscard]] static constexpr std::array<Scores, References> all_empty(std::index_sequence<I...>) noexcept {
    return {((void)I, no_scores())...};
  }

  quantizer<Features, Code> codes_{};
  header header_{};
  detail::ranked_keys<Trees> keys_{};
  detail::ranked_keys<References> score_keys_{};
  std::array<std::uint16_t, Trees> count_{};
  std::array<split_type, Trees * Slot + 1> splits_{};
  std::array<leaf_type, Trees*(Slot + 1)> leaves_{};
  std::array<Scores, References> scores_ = all_empty(std::make_index_sequence<References>{});
};

}  // namespace skerry::inline v0::anomaly
