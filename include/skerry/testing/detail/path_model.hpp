// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/testing/history_oracle.hpp>
#include <skerry/testing/sim_script.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// The value of a type that a script's number stands for. Specialise it for value types of your own.
template <typename T>
struct sample_value {
  [[nodiscard]] static T of(std::int64_t n) {
    if constexpr (state::detail::bounded_text<T>) {
      return T::create("v" + std::to_string(n % 100)).value();
    } else {
      return static_cast<T>(n);
    }
  }
};

/// What was seen while a run went on: a search that never met a conflict has found nothing.
struct sim_counts {
  std::uint64_t reads = 0, siblings = 0, ties = 0, resets_raced = 0, stale = 0, absent = 0, overflows = 0, refused_rights = 0;

  sim_counts& operator+=(const sim_counts& other) noexcept {
    using c = sim_counts;
    for (const auto field :
         {&c::reads, &c::siblings, &c::ties, &c::resets_raced, &c::stale, &c::absent, &c::overflows, &c::refused_rights}) {
      this->*field += other.*field;
    }
    return *this;
  }
};

/// How an answer differs from what the history says.
enum class sim_difference : std::uint8_t { none, lost, resurrected, other };

namespace detail {

/// The bytes of a value by which values are told apart.
class canonical_bytes {
 public:
  template <typename T>
  [[nodiscard]] static canonical_bytes of(const T& value) {
    canonical_bytes made;
    byte_writer out{made.bytes_};
    (void)state::detail::encode_value(out, value);
    made.size_ = out.written().size();
    return made;
  }
  canonical_bytes(const canonical_bytes& other) noexcept : size_{other.size_} { std::copy_n(other.bytes_.begin(), size_, bytes_.begin()); }
  canonical_bytes& operator=(const canonical_bytes& other) noexcept {
    size_ = other.size_;
    std::copy_n(other.bytes_.begin(), size_, bytes_.begin());
    return *this;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::span{bytes_}.first(size_); }

  friend bool operator==(const canonical_bytes& a, const canonical_bytes& b) noexcept { return std::ranges::equal(a.bytes(), b.bytes()); }
  friend bool operator<(const canonical_bytes& a, const canonical_bytes& b) noexcept {
    return std::ranges::lexicographical_compare(a.bytes(), b.bytes());
  }

 private:
  canonical_bytes() noexcept {}  // what is not written is not read

  std::size_t size_ = 0;
  std::array<std::byte, 256> bytes_;
};

/// Whether two values are the same one.
template <typename T>
[[nodiscard]] bool same_value(const T& a, const T& b) {
  return canonical_bytes::of(a) == canonical_bytes::of(b);
}

/// One operation of a script at a path: who may be expected to refuse it, and what it means if nobody does.
struct sim_attempt {
  errc expected = errc::ok;
  result<std::span<const std::byte>> frame = errc::empty;
  operation op{};
};

/// What a path of a schema is for the simulator: which operation an event stands for, what it means to the oracle, and whether a
/// replica reads what the history says. By the wire tag of its policy, so policies that claim to be one of the library's are held to it.
template <state::schema_entry P>
struct path_model {
  using policy = typename P::policy;
  static constexpr std::uint8_t kind = policy::kind;
  static constexpr std::size_t places = P::at.placeholders();
  static constexpr bool is_set = state::detail::element_policy<policy>;
  static constexpr std::size_t elements = 3;
  static constexpr bool is_fold = kind >= state::kinds::mean_of && kind <= state::kinds::median_of;
  static_assert(places <= 3, "the simulator knows paths of up to three placeholders");

  static constexpr std::uint32_t keys_per_path = 32;
  [[nodiscard]] static constexpr std::uint32_t key(std::uint16_t path, unsigned args, unsigned element = 0) noexcept {
    return path * keys_per_path + (args & ((1U << places) - 1)) * 4 + element;
  }
  /// Calls `f` with the arguments that the bits of `args` stand for.
  template <std::size_t N, typename F>
  static decltype(auto) with_args(unsigned args, F&& f) {
    const auto at = [args](unsigned i) { return static_cast<int>(args >> i & 1); };
    if constexpr (N == 0) {
      return f();
    } else if constexpr (N == 1) {
      return f(at(0));
    } else if constexpr (N == 2) {
      return f(at(0), at(1));
    } else {
      return f(at(0), at(1), at(2));
    }
  }

  /// Which verb an event means; the order is that of the switch in `attempt`.
  enum class verb : std::uint8_t { write, remove, clear, inc, dec, reset, transfer, contribute, withdraw, relay, add, enable, disable };
  [[nodiscard]] static constexpr verb verb_of(const sim_event& e) noexcept {
    const unsigned v = e.verb % 8;
    if constexpr (is_set) {
      return v < 5 ? verb::add : (v == 7 && policy::removable ? verb::clear : verb::remove);
    } else if constexpr (state::detail::flag_policy<policy>) {
      return v < 4 ? verb::enable : verb::disable;
    } else if constexpr (state::detail::resettable_policy<policy>) {
      return v < 4 ? verb::inc : (v == 4 ? verb::dec : verb::reset);
    } else if constexpr (state::detail::transferable_policy<policy>) {
      return v < 4 ? verb::inc : (v < 6 ? verb::dec : verb::transfer);
    } else if constexpr (state::two_way_counting_policy<policy>) {
      return v < 5 ? verb::inc : verb::dec;
    } else if constexpr (state::counting_policy<policy>) {
      return verb::inc;
    } else if constexpr (state::detail::folding_policy<policy>) {
      return v < 7 ? verb::contribute : verb::withdraw;
    } else if constexpr (state::detail::relaying_policy<policy>) {
      return verb::relay;
    } else if constexpr (policy::removable && !state::detail::is_permanent<P>()) {
      return v < 6 ? verb::write : (v == 7 && places > 0 ? verb::clear : verb::remove);
    } else {
      return verb::write;
    }
  }
  [[nodiscard]] static std::string describe(const sim_event& e) {
    constexpr std::array<const char*, 13> names{"write",      "remove",   "clear", "inc", "dec",    "reset",  "transfer",
                                                "contribute", "withdraw", "relay", "add", "enable", "disable"};
    std::string text = std::string{names[static_cast<std::size_t>(verb_of(e))]} + " " + std::string{P::at.text()};
    for (std::size_t i = 0; i < places; ++i) {
      text += (i == 0 ? " at " : "/") + std::to_string(e.args >> i & 1);
    }
    return text + " element " + std::to_string(e.element % elements) + " value " + std::to_string(e.value);
  }

  /// Lets `board` do what the event says.
  ///
  /// peer   whom a transfer goes to
  template <typename Board>
  [[nodiscard]] static sim_attempt attempt(Board& board, const history_oracle& oracle, std::size_t node, const sim_event& e, wall_ms wall,
                                           const state::actor& peer, const state::actor& self, sim_counts& counts) {
    sim_attempt a;
    const knowledge& k = oracle.known(node);
    const unsigned element = e.element % elements;
    const std::int64_t amount = e.value;
    a.op.key = key(e.path, e.args, is_set ? element : 0);
    const auto call = [&](auto&& f) {
      a.frame = with_args<places>(e.args, [&](auto... args) { return board.mutate([&](auto& r) { return f(r, args...); }, wall); });
    };
    const auto value_op = [&](bool on, std::int64_t value) {
      a.op.role = op_role::value;
      a.op.on = on;
      a.op.value = value;
      a.op.covers = oracle.live(k, a.op.key);
    };
    const auto erase_op = [&](bool must_be_there) {
      a.op.role = op_role::erase;
      a.op.covers = oracle.live(k, a.op.key);
      a.expected = must_be_there && a.op.covers.empty() ? errc::absent : errc::ok;
    };
    const auto share_op = [&](std::int64_t signed_amount) {
      a.op.role = op_role::share;
      a.op.value = signed_amount;
      if (amount <= 0) {
        a.expected = errc::invalid;
        return;
      }
      wide_count total = amount;  // of all that the actor has counted in this direction
      const op_set shares = oracle.all(k, a.op.key, op_role::share);
      op_set own;
      op_set begun_anew;  // what a row of its own that came later does not count any more
      shares.for_each([&](std::size_t i) {
        if (oracle.operations()[i].who == self) {
          own.insert(i);
          begun_anew |= oracle.operations()[i].covers;
        }
      });
      op_set counted = own;
      counted -= begun_anew;
      counted.for_each([&](std::size_t i) {
        const std::int64_t value = oracle.operations()[i].value;
        total += (value > 0) == (signed_amount > 0) ? (value > 0 ? value : -value) : 0;
      });
      if constexpr (state::detail::resettable_policy<policy>) {
        op_set alive = own;
        alive -= dead(oracle, k, a.op.key);
        if (alive.empty()) {
          a.op.covers = own;  // its row begins anew: who hears of it hears of the reset as well
          total = amount;
        }
      }
      if (total > static_cast<wide_count>(std::numeric_limits<std::uint64_t>::max())) {
        a.expected = errc::full;
        ++counts.overflows;
      }
    };

    switch (verb_of(e)) {
      case verb::write:
        if constexpr (state::written_policy<policy>) {
          value_op(true, e.value);
          call([&](auto& r, auto... args) { return r.template write<P>(sample_value<state::value_t<P>>::of(e.value), wall, args...); });
        }
        break;
      case verb::add:
        if constexpr (is_set) {
          value_op(true, 1);
          call([&](auto& r, auto... args) { return r.template add<P>(element_of(element), args...); });
        }
        break;
      case verb::enable:
        if constexpr (state::detail::flag_policy<policy>) {
          value_op(true, 1);
          call([](auto& r, auto... args) { return r.template enable<P>(args...); });
        }
        break;
      case verb::disable:
        if constexpr (state::detail::flag_policy<policy>) {
          policy::removable ? erase_op(false) : value_op(false, 0);
          call([](auto& r, auto... args) { return r.template disable<P>(args...); });
        }
        break;
      case verb::remove:
        if constexpr (is_set) {
          policy::removable ? erase_op(true) : value_op(false, 0);
          call([&](auto& r, auto... args) { return r.template remove<P>(element_of(element), args...); });
        } else if constexpr (policy::removable && !state::detail::is_permanent<P>()) {
          erase_op(true);
          call([](auto& r, auto... args) { return r.template remove<P>(args...); });
        }
        break;
      case verb::clear:
        if constexpr ((is_set || places > 0) && policy::removable && !state::detail::is_permanent<P>()) {
          constexpr std::size_t given = is_set ? places : places - 1;
          a.op.role = op_role::erase;
          for (unsigned last = 0; last < (is_set ? elements : 2); ++last) {
            const unsigned args = is_set ? e.args : (e.args & ((1U << given) - 1)) | last << given;
            a.op.covers |= oracle.live(k, key(e.path, args, is_set ? last : 0));
          }
          a.expected = a.op.covers.empty() ? errc::absent : errc::ok;
          a.frame = with_args<given>(
              e.args, [&](auto... args) { return board.mutate([&](auto& r) { return r.template clear<P>(args...); }, wall); });
        }
        break;
      case verb::inc:
        if constexpr (state::counting_policy<policy>) {
          share_op(amount);
          call([&](auto& r, auto... args) { return r.template inc<P>(board.amount(amount), args...); });
        }
        break;
      case verb::dec:
        if constexpr (state::two_way_counting_policy<policy>) {
          share_op(-amount);
          if constexpr (state::detail::transferable_policy<policy>) {
            a.expected = amount <= 0 || amount > oracle.rights(k, a.op.key, self) ? errc::invalid : a.expected;
          }
          call([&](auto& r, auto... args) { return r.template dec<P>(board.amount(amount), args...); });
        }
        break;
      case verb::transfer:
        if constexpr (state::detail::transferable_policy<policy>) {
          a.op.role = op_role::gift;
          a.op.value = amount;
          a.op.to = peer;
          a.expected = amount <= 0 || peer == self || amount > oracle.rights(k, a.op.key, self) ? errc::invalid : errc::ok;
          call([&](auto& r, auto... args) { return r.template transfer<P>(peer, board.amount(amount), args...); });
        }
        break;
      case verb::reset:
        if constexpr (state::detail::resettable_policy<policy>) {
          a.op.role = op_role::reset;
          // Whoever has counted since the last reset goes back to zero with all that is known of him.
          const op_set live = oracle.live(k, a.op.key, op_role::share);
          oracle.all(k, a.op.key, op_role::share).for_each([&](std::size_t i) {
            bool counts_on = false;
            live.for_each([&](std::size_t j) { counts_on = counts_on || oracle.operations()[i].who == oracle.operations()[j].who; });
            if (counts_on) {
              a.op.covers.insert(i);
            }
          });
          call([](auto& r, auto... args) { return r.template reset<P>(args...); });
        }
        break;
      case verb::contribute:
      case verb::withdraw:
        if constexpr (state::detail::folding_policy<policy>) {
          const bool there = verb_of(e) == verb::contribute;
          const state::contributor whose{element};
          const operation* before = oracle.row(k, a.op.key, element);
          using row_type = typename policy::row_type;
          a.op.role = op_role::row;
          a.op.whose = element;
          a.op.sequence = before == nullptr ? 1 : before->sequence + 1;
          a.op.weight = there ? 1.0 + e.verb / 8 % 3 : 0.0;
          a.op.value = e.value;
          const row_type value = there ? sample_value<row_type>::of(e.value) : row_type{};
          byte_writer out{a.op.bytes};
          (void)state::detail::encode_contribution(out, state::contribution<row_type>{whose, 0, a.op.sequence, a.op.weight, value});
          a.op.byte_count = out.written().size();
          call([&](auto& r, auto... args) {
            return there ? r.template contribute<P>(whose, value, a.op.weight, wall, args...) : r.template withdraw<P>(whose, args...);
          });
        }
        break;
      case verb::relay:
        if constexpr (state::detail::relaying_policy<policy>) {
          const std::uint64_t late = e.verb / 8;
          const state::writer_mark mark{1U + e.element / 2U, static_cast<std::uint32_t>(e.verb % 2),
                                        e.name > 4 * late ? e.name - 4 * late : 1};
          const operation* before = oracle.row(k, a.op.key, 0);
          a.op.role = op_role::row;
          a.op.generation = mark.generation;
          a.op.sequence = mark.sequence;
          a.op.nonce = mark.nonce;
          a.op.value = e.value;
          const auto value = sample_value<state::value_t<P>>::of(e.value);
          byte_writer out{a.op.bytes};
          (void)state::detail::encode_value(out, value);
          a.op.byte_count = out.written().size();
          if (before != nullptr && !(state::writer_mark{before->generation, before->nonce, before->sequence} < mark)) {
            a.expected = errc::stale;
            ++counts.stale;
          }
          call([&](auto& r, auto... args) { return r.template relay<P>(mark, value, args...); });
        }
        break;
    }
    counts.absent += a.expected == errc::absent ? 1 : 0;
    counts.refused_rights += state::detail::transferable_policy<policy> && amount > 0 && a.expected == errc::invalid ? 1 : 0;
    return a;
  }

  /// Whether a replica that knows `k` reads what the history says, at the key that the arguments name.
  template <typename Replica>
  [[nodiscard]] static sim_difference compare(const Replica& r, const history_oracle& oracle, const knowledge& k, std::uint16_t path,
                                              unsigned args, sim_counts& counts) {
    ++counts.reads;
    return with_args<places>(args, [&](auto... a) { return compare_at(r, oracle, k, path, args, counts, a...); });
  }

 private:
  [[nodiscard]] static auto element_of(unsigned element) { return sample_value<typename policy::element_type>::of(element); }
  [[nodiscard]] static op_set dead(const history_oracle& oracle, const knowledge& k, std::uint32_t at) {
    op_set found = oracle.all(k, at, op_role::share);
    return found -= oracle.live(k, at, op_role::share);
  }
  [[nodiscard]] static sim_difference compare_flags(bool got, bool expected) noexcept {
    return got == expected ? sim_difference::none : (expected ? sim_difference::lost : sim_difference::resurrected);
  }
  /// Whether all live marks say on.
  [[nodiscard]] static bool marked(const history_oracle& oracle, const op_set& live, bool initially) {
    bool on = true;
    live.for_each([&](std::size_t i) { on = on && oracle.operations()[i].on; });
    return on && (initially || !live.empty());
  }

  template <typename Replica, typename... Args>
  static sim_difference compare_at(const Replica& r, const history_oracle& oracle, const knowledge& k, std::uint16_t path, unsigned args,
                                   sim_counts& counts, Args... a) {
    const std::uint32_t at = key(path, args);
    if constexpr (is_set) {
      for (unsigned e = 0; e < elements; ++e) {
        const op_set live = oracle.live(k, key(path, args, e));
        const bool expected = policy::removable ? !live.empty() : marked(oracle, live, false);
        const sim_difference d = compare_flags(r.template contains<P>(element_of(e), a...).value_or(!expected), expected);
        if (d != sim_difference::none) {
          return d;
        }
      }
      return sim_difference::none;
    } else if constexpr (kind == state::kinds::ew_flag) {
      return compare_flags(r.template read<P>(a...).value_or(false), !oracle.live(k, at).empty());
    } else if constexpr (kind == state::kinds::dw_flag || kind == state::kinds::dw_flag_initially_on) {
      return compare_flags(r.template read<P>(a...).value_or(false),
                           marked(oracle, oracle.live(k, at), kind == state::kinds::dw_flag_initially_on));
    } else if constexpr (kind == state::kinds::lww) {
      // Where nothing is removed, an operation that was overruled may be known by name alone; the greatest stamp decides all the same.
      const op_set live = state::detail::is_permanent<P>() ? oracle.all(k, at, op_role::value) : oracle.live(k, at);
      bool tie = false;
      const operation* best = oracle.latest(live, &tie);
      counts.ties += tie ? 1 : 0;
      const auto got = r.template read<P>(a...);
      if (static_cast<bool>(got) != (best != nullptr)) {
        return best != nullptr ? sim_difference::lost : sim_difference::resurrected;
      }
      return best == nullptr || same_value(got.value(), sample_value<state::value_t<P>>::of(best->value)) ? sim_difference::none
                                                                                                          : sim_difference::other;
    } else if constexpr (kind == state::kinds::keep_both) {
      std::vector<canonical_bytes> expected;
      oracle.live(k, at).for_each([&](std::size_t i) {
        expected.push_back(canonical_bytes::of(sample_value<state::value_t<P>>::of(oracle.operations()[i].value)));
      });
      std::sort(expected.begin(), expected.end());
      expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
      counts.siblings += expected.size() > 1 ? 1 : 0;
      std::vector<canonical_bytes> got;
      for (const auto& v : r.template siblings<P>(a...)) {
        got.push_back(canonical_bytes::of(v));
      }
      std::sort(got.begin(), got.end());
      if (got == expected) {
        return sim_difference::none;
      }
      return std::includes(got.begin(), got.end(), expected.begin(), expected.end()) ? sim_difference::resurrected : sim_difference::lost;
    } else if constexpr (kind == state::kinds::counter || kind == state::kinds::pn_counter || kind == state::kinds::reset_counter ||
                         kind == state::kinds::bounded_counter) {
      const op_set live = oracle.live(k, at, op_role::share);
      if constexpr (kind == state::kinds::reset_counter) {
        const op_set taken = dead(oracle, k, at);
        const auto by_one = [&](std::size_t i) {
          return taken.any_of([&](std::size_t j) { return oracle.operations()[i].who == oracle.operations()[j].who; });
        };
        counts.resets_raced += live.any_of(by_one) ? 1 : 0;
      }
      const wide_count sum = oracle.sum(live);
      const wide_count expected = kind == state::kinds::bounded_counter && sum < 0 ? 0 : sum;
      using value = state::value_t<P>;
      const auto got = r.template read<P>(a...);
      if (expected < static_cast<wide_count>(std::numeric_limits<value>::min()) ||
          expected > static_cast<wide_count>(std::numeric_limits<value>::max())) {
        ++counts.overflows;
        return got.error() == errc::full ? sim_difference::none : sim_difference::other;
      }
      if (!got) {
        return sim_difference::other;
      }
      const auto read = static_cast<wide_count>(got.value());
      return read == expected ? sim_difference::none : (read < expected ? sim_difference::lost : sim_difference::resurrected);
    } else if constexpr (kind == state::kinds::by_writer) {
      const operation* best = oracle.row(k, at, 0);
      const auto got = r.template read<P>(a...);
      if (static_cast<bool>(got) != (best != nullptr)) {
        return best != nullptr ? sim_difference::lost : sim_difference::resurrected;
      }
      return best == nullptr || same_value(got.value(), sample_value<state::value_t<P>>::of(best->value)) ? sim_difference::none
                                                                                                          : sim_difference::other;
    } else if constexpr (is_fold) {
      return compare_fold(r.template read<P>(a...), oracle, k, at);
    } else {
      return sim_difference::none;  // a policy of the user's own: replicas must agree, what they say is the user's to check
    }
  }

  template <typename Got>
  static sim_difference compare_fold(const Got& got, const history_oracle& oracle, const knowledge& k, std::uint32_t at) {
    using row_type = typename policy::row_type;
    using counted = std::pair<row_type, double>;
    array_of<counted, elements> statements{};
    std::size_t there = 0;
    const std::array<const operation*, elements> latest = oracle.template rows<elements>(k, at);
    for (const operation* row : latest) {
      if (row != nullptr && row->weight > 0) {
        statements[there++] = {sample_value<row_type>::of(row->value), row->weight};
      }
    }
    const std::span<counted> rows{statements.data(), there};
    if (rows.empty() || !got) {
      return rows.empty() == !got ? sim_difference::none : (rows.empty() ? sim_difference::resurrected : sim_difference::lost);
    }
    double weight = 0;
    for (const auto& [value, of] : rows) {
      weight += of;
    }
    if constexpr (kind == state::kinds::mean_of) {
      double sum = 0;
      for (const auto& [value, of] : rows) {
        sum += of * static_cast<double>(value);
      }
      return got.value() == sum / weight ? sim_difference::none : sim_difference::other;
    } else if constexpr (kind == state::kinds::sum_of) {
      row_type sum{};
      for (const auto& row : rows) {
        sum += row.first;
      }
      return got.value() == sum ? sim_difference::none : sim_difference::other;
    } else {
      std::sort(rows.begin(), rows.end());
      std::size_t at_row = kind == state::kinds::max_of ? rows.size() - 1 : 0;
      if constexpr (kind == state::kinds::median_of) {
        double below = rows[0].second;
        while (below < weight / 2) {
          below += rows[++at_row].second;
        }
      }
      return got.value() == rows[at_row].first ? sim_difference::none : sim_difference::other;
    }
  }
};

}  // namespace detail

}  // namespace skerry::inline v0::testing
