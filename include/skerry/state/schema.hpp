// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/state/detail/key_hash.hpp>
#include <skerry/state/policy.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::state {

namespace detail {
// Not constexpr, so that a path that breaks a rule stops the compiler at a name that says which.
inline void a_path_has_segments_that_are_not_empty() {}
inline void a_placeholder_is_a_whole_segment_in_braces() {}
}  // namespace detail

/// The pattern of a key: segments between '/', some of them placeholders in braces, as in `reported/oil/{sensor}`.
class path {
 public:
  template <std::size_t N>
  constexpr path(const char (&text)[N]) : text_{text, N - 1} {  // NOLINT(google-explicit-constructor): a path is its text
    for (std::size_t i = 0; i < segments(); ++i) {
      const std::string_view s = segment(i);
      if (s.empty()) {
        detail::a_path_has_segments_that_are_not_empty();
      }
      if (s.find('{', 1) != s.npos || (s[0] == '{') != (s.find('}') == s.size() - 1) || s == "{}") {
        detail::a_placeholder_is_a_whole_segment_in_braces();
      }
    }
  }

  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  [[nodiscard]] constexpr std::size_t segments() const noexcept {
    std::size_t count = element_ ? 2 : 1;
    for (const char c : text_) {
      count += c == '/' ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] constexpr std::string_view segment(std::size_t i) const noexcept {
    return element_ && i + 1 == segments() ? std::string_view{"{element}"} : segment_of(text_, i);
  }
  [[nodiscard]] constexpr bool placeholder(std::size_t i) const noexcept { return segment(i)[0] == '{'; }
  [[nodiscard]] constexpr std::size_t placeholders() const noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < segments(); ++i) {
      count += placeholder(i) ? 1 : 0;
    }
    return count;
  }

  /// The path with one segment more, which stands for an element of a set.
  [[nodiscard]] constexpr path with_element() const noexcept {
    path p = *this;
    p.element_ = true;
    return p;
  }

  [[nodiscard]] constexpr bool ends_in_element() const noexcept { return element_; }

  /// Whether some key could belong to both.
  [[nodiscard]] constexpr bool overlaps(const path& other) const noexcept {
    if (segments() != other.segments()) {
      return false;
    }
    for (std::size_t i = 0; i < segments(); ++i) {
      if (!placeholder(i) && !other.placeholder(i) && segment(i) != other.segment(i)) {
        return false;
      }
    }
    return true;
  }

  /// The i-th part of a text between '/'; empty when there are fewer.
  [[nodiscard]] static constexpr std::string_view segment_of(std::string_view text, std::size_t i) noexcept {
    for (; i > 0; --i) {
      const std::size_t slash = text.find('/');
      if (slash == text.npos) {
        return {};
      }
      text.remove_prefix(slash + 1);
    }
    return text.substr(0, text.find('/'));
  }

 private:
  std::string_view text_;
  bool element_ = false;
};

/// Whether a node may write a path: what `owner` names.
class write_rule {
 public:
  enum class kind : std::uint8_t { any, self, role };
  constexpr explicit write_rule(kind k, state::role needed = state::role::device) noexcept : kind_{k}, role_{needed} {}

  /// Whether a node of this role may write. With `self` each node writes under its own id, so its own mutator refuses nothing.
  [[nodiscard]] constexpr bool allows(state::role writer) const noexcept { return kind_ != kind::role || writer == role_; }
  /// The rule as a number.
  [[nodiscard]] constexpr std::uint64_t code() const noexcept {
    return static_cast<std::uint64_t>(kind_) << 8 | static_cast<std::uint64_t>(role_);
  }
  friend constexpr bool operator==(const write_rule&, const write_rule&) noexcept = default;

 private:
  kind kind_;
  state::role role_;
};

/// Who may write a path. Declared beside the policy; a mutator of anybody else answers `not_owner`.
struct owner {
  static constexpr write_rule any{write_rule::kind::any};
  static constexpr write_rule self{write_rule::kind::self};
  static constexpr write_rule device{write_rule::kind::role, state::role::device};
  static constexpr write_rule cloud{write_rule::kind::role, state::role::cloud};
  template <state::role R>
  static constexpr write_rule role{write_rule::kind::role, R};
};

/// A type P models `schema_entry` when:
///   1. `P::at` is a static constexpr `path`;
///   2. `P::policy` models `policy`;
///   3. `P::writer`, if it is there, is one of `owner` (`owner::any` otherwise);
///   4. `P::permanent`, if it is there and true, says that keys of this path are never removed: `remove` does not compile, and a
///      policy that can name one winner keeps no other record.
template <typename P>
concept schema_entry = std::same_as<const path, decltype(P::at)> && policy<typename P::policy>;

namespace detail {
/// A policy of which each key is one element of a set: the last part of the key says which.
template <typename P>
concept element_policy = requires {
  typename P::element_type;
  { P::capacity } -> std::convertible_to<std::size_t>;
};

template <typename Policy>
struct value_of {
  using type = typename Policy::value_type;
};
template <element_policy Policy>
struct value_of<Policy> {
  using type = inplace_vector<typename Policy::element_type, Policy::capacity>;
};

/// The keys of a path, those of sets with the element behind it.
template <typename P>
constexpr path pattern_of() noexcept {
  if constexpr (element_policy<typename P::policy>) {
    return P::at.with_element();
  } else {
    return P::at;
  }
}
}  // namespace detail

/// The type that `write` takes and `read` returns at a path; of a set its elements.
template <schema_entry P>
using value_t = typename detail::value_of<typename P::policy>::type;

/// What may stand for a placeholder: an integer, or a text without '/'.
template <typename T>
concept path_argument = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) || std::convertible_to<T, std::string_view>;

namespace detail {
template <typename P>
constexpr write_rule writer_of() noexcept {
  if constexpr (requires { P::writer; }) {
    return P::writer;
  } else {
    return owner::any;
  }
}
template <typename Policy>
constexpr std::size_t most_payload_of() noexcept {
  if constexpr (requires { Policy::most_payload; }) {
    return Policy::most_payload;
  } else {
    return greatest_payload;
  }
}
template <typename P>
constexpr bool is_permanent() noexcept {
  if constexpr (requires { P::permanent; }) {
    return P::permanent;
  } else {
    return false;
  }
}
/// What two schemas have to agree on at one path.
template <typename P>
constexpr std::uint64_t entry_hash() noexcept {
  std::uint64_t h = hash64(P::policy::kind, (writer_of<P>().code() << 1) + (is_permanent<P>() ? 1U : 0U));
  for (const char c : P::at.text()) {
    h = hash64(static_cast<std::uint8_t>(c), h);
  }
  return h;
}
template <typename P, typename... Rest>
constexpr bool disjoint() noexcept {
  if constexpr (sizeof...(Rest) == 0) {
    return true;
  } else {
    return !(pattern_of<P>().overlaps(pattern_of<Rest>()) || ...) && disjoint<Rest...>();
  }
}
}  // namespace detail

/// Which policy stands at which path, fixed while compiling. Paths that could name the same key do not compile.
template <schema_entry... Ps>
class schema {
  static_assert(sizeof...(Ps) > 0, "a schema without a path");
  static_assert(sizeof...(Ps) < 0xffff, "paths are numbered with 16 bits");
  static_assert(detail::disjoint<Ps...>(), "two paths of this schema overlap: some key would belong to both");

 public:
  static constexpr std::size_t size = sizeof...(Ps);
  static constexpr array_of<path, size> paths{detail::pattern_of<Ps>()...};
  static constexpr bool has_placeholders = ((detail::pattern_of<Ps>().placeholders() > 0) || ...);
  /// Length of the longest path's text.
  static constexpr std::size_t longest = [] {
    std::size_t most = 0;
    for (const path& p : paths) {
      most = p.text().size() + 1 > most ? p.text().size() + 1 : most;  // an element stands behind a '/'
    }
    return most;
  }();
  /// Size of the greatest payload.
  static constexpr std::size_t most_payload = [] {
    std::size_t most = 0;
    ((most = detail::most_payload_of<typename Ps::policy>() > most ? detail::most_payload_of<typename Ps::policy>() : most), ...);
    return most;
  }();
  /// Names the schema to peers: paths with their policies and owners.
  static constexpr std::uint64_t hash = [] {
    std::uint64_t sum = 0;
    ((sum += detail::entry_hash<Ps>()), ...);
    return sum;
  }();
  static constexpr delivery_need need = [] {
    delivery_need most = delivery_need::any_order;
    ((most = Ps::policy::need > most ? Ps::policy::need : most), ...);
    return most;
  }();

  template <typename P>
  static constexpr bool has = (std::same_as<P, Ps> || ...);
  /// Position of a path in the schema.
  template <typename P>
  requires has<P>
  static constexpr std::uint16_t index_of = [] {
    std::uint16_t at = 0;
    bool found = false;
    ((found = found || std::same_as<P, Ps>, at = static_cast<std::uint16_t>(found ? at : at + 1)), ...);
    return at;
  }();

  /// Calls `f.template operator()<P>()` for the path at `index`, if there is one.
  template <typename F>
  static constexpr void visit(std::size_t index, F&& f) {
    std::size_t at = 0;
    ((at++ == index ? static_cast<void>(f.template operator()<Ps>()) : static_cast<void>(0)), ...);
  }

  /// Finds the path that a key's text belongs to, and what stands for its placeholders, joined by '/': where that stands in one piece,
  /// a view of the text, else what `args` was filled with.
  ///
  /// Errors  `absent` when no path fits, `full` when the arguments do not fit
  [[nodiscard]] static constexpr result<key_ref> match(std::string_view text, std::span<char> args) noexcept {
    key_ref key;
    const errc e = match(text, args, key);
    return e == errc::ok ? result<key_ref>{key} : result<key_ref>{e};
  }
  /// The same, into `key`: which is quicker than a copy of what has just been written.
  [[nodiscard]] static constexpr errc match(std::string_view text, std::span<char> args, key_ref& key) noexcept {
    [[maybe_unused]] const std::uint64_t word = compares_words ? detail::key_word(text.data(), text.size()) : 0;
    for (std::size_t i = 0; i < size; ++i) {
      if constexpr (compares_words) {
        if (((word ^ beginnings[i].text) & beginnings[i].mask) != 0) {
          continue;
        }
      }
      std::size_t used = 0;
      std::span<const char> found;
      const errc e = frames[i].side_by_side ? fit_in_one_piece(i, text, args.size(), found) : fit(paths[i], text, args, used);
      if (e != errc::absent) {
        key.path = static_cast<std::uint16_t>(i);
        key.args = frames[i].side_by_side ? found : args.first(used);
        return e;
      }
    }
    return errc::absent;
  }

  /// Writes a key's text; `out` has room for `longest` plus the arguments. Returns its length.
  static constexpr std::size_t write_text(const key_ref& key, std::span<char> out) noexcept {
    std::size_t used = 0;
    if (key.path >= size) {  // of no path here: carried along by its text
      for (const char c : key.args) {
        out[used++] = c;
      }
      return used;
    }
    const std::string_view pattern = paths[key.path].text();
#if !defined(__OPTIMIZE_SIZE__)
    if (const frame_of_path& f = frames[key.path]; f.side_by_side) {  // as `fit_in_one_piece` reads it
      for (const char c : pattern.substr(0, f.before)) {
        out[used++] = c;
      }
      if (f.before > pattern.size()) {
        out[used++] = '/';
      }
      for (const char c : key.args) {
        out[used++] = c;
      }
      for (std::size_t i = pattern.size() - f.behind; i < pattern.size(); ++i) {
        out[used++] = pattern[i];
      }
      return used;
    }
#endif
    std::size_t arg = 0;
    const auto write_argument = [&] {
      for (; arg < key.args.size() && key.args[arg] != '/'; ++arg) {
        out[used++] = key.args[arg];
      }
      ++arg;
    };
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (pattern[p] != '{') {
        out[used++] = pattern[p];
        continue;
      }
      write_argument();
      while (pattern[p] != '}') {
        ++p;
      }
    }
    if (paths[key.path].ends_in_element()) {
      out[used++] = '/';
      write_argument();
    }
    return used;
  }

 private:
  /// Of a path whose placeholders stand side by side: what is before them, how many they are, what is behind. None of them: 0.
  struct frame_of_path {
    std::size_t before = 0;
    std::size_t placeholders = 0;
    std::size_t behind = 0;
    bool side_by_side = false;
  };
  static constexpr array_of<frame_of_path, size> frames = [] {
    array_of<frame_of_path, size> all{};
    for (std::size_t i = 0; i < size; ++i) {
      const path& at = paths[i];
      frame_of_path& f = all[i];
      std::size_t runs = 0;
      for (std::size_t s = 0; s < at.segments(); ++s) {
        if (at.placeholder(s)) {
          ++f.placeholders;
          runs += s == 0 || !at.placeholder(s - 1) ? 1 : 0;
        } else {
          (f.placeholders == 0 ? f.before : f.behind) += at.segment(s).size() + 1;  // with the '/' towards the placeholders
        }
      }
      if (f.placeholders == 0) {
        --f.before;
      }
      f.side_by_side = runs <= 1;
    }
    return all;
  }();

  /// Many paths are told apart by the first eight characters, all at once.
  static constexpr bool compares_words = size > 4;
  struct beginning {
    std::uint64_t text = 0;
    std::uint64_t mask = 0;  ///< of the characters that every key of the path has
  };
  static constexpr auto beginnings = [] {
    array_of<beginning, compares_words ? size : 0> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string_view pattern = paths[i].text();
      for (std::size_t c = 0; c < 8 && c < pattern.size() && pattern[c] != '{'; ++c) {
        all[i].text |= std::uint64_t{static_cast<unsigned char>(pattern[c])} << 8 * c;
        all[i].mask |= std::uint64_t{0xff} << 8 * c;
      }
    }
    return all;
  }();

  [[nodiscard]] static constexpr bool same(const char* a, const char* b, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
      if (a[i] != b[i]) {
        return false;
      }
    }
    return true;
  }
  /// The same as `fit` for such a path: the arguments are a piece of the text.
  [[nodiscard]] static constexpr errc fit_in_one_piece(std::size_t i, std::string_view text, std::size_t most,
                                                       std::span<const char>& args) noexcept {
    const frame_of_path& f = frames[i];
    const char* const pattern = paths[i].text().data();
    const std::size_t length = paths[i].text().size();
    const std::size_t least = f.before + f.behind;
    if (f.placeholders == 0) {
      args = {};
      return text.size() == least && same(text.data(), pattern, least) ? errc::ok : errc::absent;
    }
    const bool slash = f.before > length;  // the one before an element, which the pattern does not have
    if (text.size() <= least || !same(text.data(), pattern, slash ? length : f.before) || (slash && text[length] != '/') ||
        !same(text.data() + (text.size() - f.behind), pattern + (length - f.behind), f.behind)) {
      return errc::absent;
    }
    args = std::span<const char>{text.data() + f.before, text.size() - least};
#if !defined(__OPTIMIZE_SIZE__)
    if (f.placeholders == 1 && args.size() <= 8) {
      return detail::has_slash(detail::key_word(args.data(), args.size())) ? errc::absent : (args.size() <= most ? errc::ok : errc::full);
    }
#endif
    std::size_t parts = 1;
    char last = '/';
    for (const char c : args) {
      if (c == '/') {
        if (last == '/') {
          return errc::absent;  // an empty part
        }
        ++parts;
      }
      last = c;
    }
    return parts != f.placeholders || last == '/' ? errc::absent : (args.size() <= most ? errc::ok : errc::full);
  }

  /// One walk over both texts: most keys differ from a path in their first character.
  [[nodiscard]] static constexpr errc fit(const path& at, std::string_view text, std::span<char> args, std::size_t& used) noexcept {
    const std::string_view pattern = at.text();
    std::size_t t = 0;
    bool fits_in = true;
    const auto take_argument = [&] {
      const std::size_t first = t;
      if (used > 0 && fits_in) {
        fits_in = used < args.size();
        if (fits_in) {
          args[used++] = '/';
        }
      }
      for (; t < text.size() && text[t] != '/'; ++t) {
        fits_in = fits_in && used < args.size();
        if (fits_in) {
          args[used++] = text[t];
        }
      }
      return t > first;
    };
    for (std::size_t p = 0; p < pattern.size(); ++p) {
      if (pattern[p] != '{') {
        if (t == text.size() || text[t] != pattern[p]) {
          return errc::absent;
        }
        ++t;
        continue;
      }
      if (!take_argument()) {
        return errc::absent;
      }
      while (pattern[p] != '}') {
        ++p;
      }
    }
    if (at.ends_in_element()) {
      if (t == text.size() || text[t] != '/') {
        return errc::absent;
      }
      ++t;
      if (!take_argument()) {
        return errc::absent;
      }
    }
    return t != text.size() ? errc::absent : (fits_in ? errc::ok : errc::full);
  }
};

}  // namespace skerry::inline v0::state
