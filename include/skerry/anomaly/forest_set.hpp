// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/slot_trees.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/tree_key.hpp>
#include <skerry/core/algebra.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/stats/kll.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

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
      } else if constexpr (requires { forest.first_tree(); }) {
        index += forest.first_tree();  // a part of a forest: its trees have their numbers in the whole
      }
      array_of<split_type, Slot> splits;
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
  [[nodiscard]] status encode(byte_writer& out) const noexcept;
  /// Takes an image whole, or leaves the object as it was. `unsupported`: another version; `mismatch`: other columns or codes; `full`
  [[nodiscard]] status decode(byte_reader& in) noexcept;

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

  // Reads an image: to look at it (`into` null), or to take it.
  [[nodiscard]] static errc read_image(byte_reader& in, forest_set* into) noexcept;
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
  [[nodiscard]] static constexpr array_of<Scores, References> all_empty(std::index_sequence<I...>) noexcept {
    return {((void)I, no_scores())...};
  }

  quantizer<Features, Code> codes_{};
  header header_{};
  detail::ranked_keys<Trees> keys_{};
  detail::ranked_keys<References> score_keys_{};
  std::array<std::uint16_t, Trees> count_{};
  array_of<split_type, Trees * Slot + 1> splits_{};
  std::array<leaf_type, Trees*(Slot + 1)> leaves_{};
  array_of<Scores, References> scores_ = all_empty(std::make_index_sequence<References>{});
};

}  // namespace skerry::inline v0::anomaly

#include <skerry/anomaly/detail/set_image.hpp>
