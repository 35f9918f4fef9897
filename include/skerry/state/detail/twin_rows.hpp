// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/detail/json_value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// The longest path of a leaf, as a JSON Pointer.
inline constexpr std::size_t longest_pointer = 255;
/// How deeply objects nest.
inline constexpr std::size_t object_depth = 16;

/// A JSON Pointer in which a subtree stands together: '/' comes before every other character, an ancestor before what is below it.
[[nodiscard]] constexpr int compare_pointers(std::string_view a, std::string_view b) noexcept {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)) + 1; };
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i]) {
      return rank(a[i]) < rank(b[i]) ? -1 : 1;
    }
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}
/// Whether a path is `top` or below it.
[[nodiscard]] constexpr bool is_within(std::string_view path, std::string_view top) noexcept {
  return path.substr(0, top.size()) == top && (path.size() == top.size() || path[top.size()] == '/');
}
[[nodiscard]] constexpr std::string_view parent_of(std::string_view path) noexcept {
  return path.substr(0, path.empty() ? 0 : path.rfind('/'));
}
/// The longest path that both are within.
[[nodiscard]] constexpr std::string_view common_ancestor(std::string_view a, std::string_view b) noexcept {
  std::size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) {
    ++same;
  }
  std::string_view top = a.substr(0, same);
  while (!is_within(a, top) || !is_within(b, top)) {
    top = top.substr(0, top.rfind('/'));
  }
  return top;
}
[[nodiscard]] constexpr std::size_t depth_of(std::string_view path) noexcept {
  std::size_t depth = 0;
  for (const char c : path) {
    depth += c == '/' ? 1 : 0;
  }
  return depth;
}
/// RFC 6901: empty, or segments that each begin with '/', '~' only in `~0` and `~1`.
[[nodiscard]] constexpr bool is_pointer(std::string_view path) noexcept {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '~' && (i + 1 == path.size() || (path[i + 1] != '0' && path[i + 1] != '1'))) {
      return false;
    }
  }
  return (path.empty() || path[0] == '/') && path.size() <= longest_pointer && depth_of(path) <= object_depth;
}

inline constexpr std::string_view empty_object = "{}";

/// A JSON document as its leaves: (JSON Pointer, value), in the order of `compare_pointers`, in a fixed number of bytes.
///
/// A leaf is a scalar, an array or an empty object; no rows: there is no document. Values stand as `put_value` writes them.
/// Cost    4 bytes and the texts per leaf; find O(bytes); a change moves what lies behind it
/// Errors  `full`. Single changes leave the rows as they were then; `merge_patch` leaves the first part: work on a copy.
template <std::size_t Bytes>
class twin_rows {
  static_assert(Bytes >= 64 && Bytes <= 0xffff, "twin_rows<Bytes>: 64 to 65535 bytes");

 public:
  struct row {
    std::string_view path{};
    std::string_view text{};
    std::size_t next = 0;
  };

  [[nodiscard]] constexpr bool empty() const noexcept { return used_ == 0; }
  [[nodiscard]] constexpr std::size_t end() const noexcept { return used_; }
  [[nodiscard]] constexpr row at(std::size_t offset) const noexcept {
    const std::size_t path = size_at(offset);
    const std::size_t text = size_at(offset + 2);
    return {{bytes_.data() + offset + 4, path}, {bytes_.data() + offset + 4 + path, text}, offset + 4 + path + text};
  }
  constexpr void clear() noexcept { used_ = 0; }
  [[nodiscard]] constexpr std::span<const char> bytes() const noexcept { return {bytes_.data(), used_}; }

  /// The first row that does not come before `path`, from `from` on.
  [[nodiscard]] constexpr std::size_t lower_bound(std::string_view path, std::size_t from = 0) const noexcept {
    while (from < used_ && compare_pointers(at(from).path, path) < 0) {
      from = at(from).next;
    }
    return from;
  }
  /// Behind the last row within `top`, from `from` on, which is within it or the end of it.
  [[nodiscard]] constexpr std::size_t subtree_end(std::string_view top, std::size_t from) const noexcept {
    while (from < used_ && is_within(at(from).path, top)) {
      from = at(from).next;
    }
    return from;
  }
  /// The value of a leaf; empty when there is none.
  [[nodiscard]] constexpr std::string_view find(std::string_view path) const noexcept {
    const std::size_t i = lower_bound(path);
    return i < used_ && at(i).path == path ? at(i).text : std::string_view{};
  }
  [[nodiscard]] constexpr bool has_within(std::string_view top) const noexcept {
    const std::size_t i = lower_bound(top);
    return i < used_ && is_within(at(i).path, top);
  }

  /// A leaf in the place of all that is at or below its path, and of a leaf above it.
  [[nodiscard]] constexpr status put(std::string_view path, std::string_view text) noexcept {
    std::size_t before = used_;
    std::size_t from = 0;
    while (from < used_ && compare_pointers(at(from).path, path) < 0) {
      before = from;
      from = at(from).next;
    }
    const std::size_t to = subtree_end(path, from);
    const bool leaf_above = before < used_ && from > before && is_within(path, at(before).path);
    return replace(leaf_above ? before : from, to, path, text);
  }
  /// A leaf behind all others; one of an empty object above it goes.
  [[nodiscard]] constexpr status append(std::string_view path, std::string_view text) noexcept {
    const bool leaf_above = used_ > 0 && is_within(path, at(last_).path);
    const std::size_t where = leaf_above ? last_ : used_;
    const status s = replace(where, used_, path, text);
    last_ = s ? where : last_;
    return s;
  }
  /// Whether the rows that `append` has written end within `top`.
  [[nodiscard]] constexpr bool ends_within(std::string_view top) const noexcept { return used_ > 0 && is_within(at(last_).path, top); }
  constexpr void erase_within(std::string_view top) noexcept {
    const std::size_t from = lower_bound(top);
    cut(from, subtree_end(top, from));
  }

  /// Applies an RFC 7396 merge patch below `top`: null deletes, objects recurse, everything else replaces.
  ///
  /// Errors  of the reader and of `put_value`; `full` also for a path that is too long or nests too deeply. Names that occur twice are
  ///         applied one after the other.
  [[nodiscard]] constexpr status merge_patch(std::string_view json, std::string_view top = {}) noexcept {
    json_reader in{json, json_reader::greatest_depth};
    std::array<char, longest_pointer> path{};
    std::array<std::size_t, object_depth + 1> lengths{};  // of the paths of the objects that are open
    std::size_t open = 0;
    std::size_t length = top.size();
    if (!is_pointer(top)) {
      return errc::invalid;
    }
    for (std::size_t i = 0; i < length; ++i) {
      path[i] = top[i];
    }
    for (json_token t = in.next(); t != json_token::end; t = in.next()) {
      const std::string_view here{path.data(), length};
      if (t == json_token::none) {
        return in.error();
      }
      if (t == json_token::end_object) {
        length = lengths[--open];
        const std::string_view object{path.data(), length};
        if (!has_within(object)) {
          if (const status s = put(object, empty_object); !s) {
            return s;
          }
        }
        continue;
      }
      if (t == json_token::name) {
        length = lengths[open - 1];
        if (const status s = add_segment(path, length, in.raw()); !s) {
          return s;
        }
        continue;
      }
      if (t == json_token::begin_object) {
        if (open == lengths.size()) {
          return errc::full;
        }
        lengths[open++] = length;
        if (const std::string_view leaf = find(here); !leaf.empty() && leaf != empty_object) {
          erase_within(here);
        }
        continue;
      }
      if (t == json_token::null) {
        erase_within(here);
        continue;
      }
      if (const status s = put_canonical(here, in); !s) {
        return s;
      }
    }
    return {};
  }
  /// A document in the place of this one.
  [[nodiscard]] constexpr status read(std::string_view json) noexcept {
    clear();
    return merge_patch(json);
  }
  /// One value at a path, from JSON that is no object.
  [[nodiscard]] constexpr status put_json(std::string_view path, std::string_view json) noexcept {
    json_reader in{json, json_reader::greatest_depth};
    if (in.next() == json_token::none) {
      return in.error();
    }
    return in.token() == json_token::begin_object || in.token() == json_token::null ? status{errc::invalid} : put_canonical(path, in);
  }

  /// A text, which is no JSON yet.
  [[nodiscard]] constexpr status put_text(std::string_view path, std::string_view plain) noexcept {
    for (std::size_t i = 0; i < plain.size();) {
      const std::size_t length = skerry::detail::utf8_length(plain.substr(i));
      if (length == 0) {
        return errc::corrupt;
      }
      i += length;
    }
    text_sink count{std::span<char>{}};
    put_quoted(count, plain);
    if (const status s = reserve(path, count.size()); !s) {
      return s;
    }
    text_sink out{value_at(path)};
    put_quoted(out, plain);
    return {};
  }

  friend constexpr bool operator==(const twin_rows& a, const twin_rows& b) noexcept { return a.equal(0, a.used_, b, 0, b.used_); }
  /// Whether two ranges of rows say the same.
  [[nodiscard]] constexpr bool equal(std::size_t from, std::size_t to, const twin_rows& other, std::size_t other_from,
                                     std::size_t other_to) const noexcept {
    while (from < to && other_from < other_to) {
      const row a = at(from);
      const row b = other.at(other_from);
      if (a.path != b.path || !equal_values(a.text, b.text)) {
        return false;
      }
      from = a.next;
      other_from = b.next;
    }
    return from == to && other_from == other_to;
  }
  /// Rows of another document behind the last one.
  [[nodiscard]] constexpr status append(const twin_rows& other, std::size_t from, std::size_t to) noexcept {
    while (from < to) {
      const row r = other.at(from);
      if (const status s = append(r.path, r.text); !s) {
        return s;
      }
      from = r.next;
    }
    return {};
  }

  constexpr void encode(byte_writer& out) const noexcept {
    out.varint(used_);
    for (std::size_t i = 0; i < used_; ++i) {
      out.u8(static_cast<std::uint8_t>(bytes_[i]));
    }
  }
  /// Takes rows as they were stored; `corrupt` when no document is made of them.
  [[nodiscard]] constexpr status restore(std::span<const std::byte> image) noexcept {
    if (image.size() > Bytes) {
      return errc::full;
    }
    for (std::size_t i = 0; i < image.size(); ++i) {
      bytes_[i] = static_cast<char>(image[i]);
    }
    used_ = image.size();
    last_ = 0;
    const errc e = check();
    used_ = e == errc::ok ? used_ : 0;
    return e;
  }

 private:
  [[nodiscard]] constexpr std::size_t size_at(std::size_t offset) const noexcept {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes_[offset])) |
           static_cast<std::size_t>(static_cast<unsigned char>(bytes_[offset + 1])) << 8U;
  }
  constexpr void cut(std::size_t from, std::size_t to) noexcept {
    if (from < to) {
      for (std::size_t i = to; i < used_; ++i) {
        bytes_[from + (i - to)] = bytes_[i];
      }
      used_ -= to - from;
    }
  }
  [[nodiscard]] constexpr status replace(std::size_t from, std::size_t to, std::string_view path, std::string_view text) noexcept {
    const std::size_t size = 4 + path.size() + text.size();
    if (used_ - (to - from) + size > Bytes || path.size() > longest_pointer) {
      return errc::full;
    }
    const std::size_t behind = from + size;
    if (behind > to) {
      for (std::size_t i = used_; i > to; --i) {
        bytes_[i - 1 + (behind - to)] = bytes_[i - 1];
      }
      used_ += behind - to;
    } else {
      cut(behind, to);
    }
    std::size_t out = from;
    for (const std::size_t n : {path.size(), text.size()}) {
      bytes_[out++] = static_cast<char>(n & 0xffU);
      bytes_[out++] = static_cast<char>(n >> 8U);
    }
    for (const char c : path) {
      bytes_[out++] = c;
    }
    for (const char c : text) {
      bytes_[out++] = c;
    }
    return {};
  }
  [[nodiscard]] constexpr status put_canonical(std::string_view path, json_reader& in) noexcept {
    json_reader measured = in;
    text_sink count{{}};
    if (const status s = put_value(count, measured); !s) {
      return s;
    }
    // The row first, with room for its value, which is written where it stands.
    if (const status s = reserve(path, count.size()); !s) {
      return s;
    }
    text_sink out{value_at(path)};
    return put_value(out, in);
  }
  [[nodiscard]] constexpr std::span<char> value_at(std::string_view path) noexcept {
    const row r = at(lower_bound(path));
    return {bytes_.data() + (r.text.data() - bytes_.data()), r.text.size()};
  }
  [[nodiscard]] constexpr status reserve(std::string_view path, std::size_t size) noexcept {
    constexpr std::string_view zeros = "0000000000000000";
    if (size <= zeros.size()) {
      return put(path, zeros.substr(0, size));
    }
    if (size > Bytes) {
      return errc::full;
    }
    return put(path, std::string_view{bytes_.data(), size});  // any text of that length
  }
  /// `~` and `/` of a name become `~0` and `~1`.
  [[nodiscard]] static constexpr status add_segment(std::array<char, longest_pointer>& path, std::size_t& length,
                                                    std::string_view raw) noexcept {
    text_sink out{std::span<char>{path}.subspan(length)};
    out.put('/');
    unescaped plain{raw};
    for (int c = plain.next(); c >= 0; c = plain.next()) {
      if (c == '~' || c == '/') {
        out.put(c == '~' ? "~0" : "~1");
      } else {
        out.put(static_cast<char>(c));
      }
    }
    if (!out.fits()) {
      return errc::full;
    }
    length += out.size();
    return depth_of({path.data(), length}) > object_depth ? status{errc::full} : status{};
  }
  [[nodiscard]] constexpr errc check() noexcept {
    std::size_t before = used_;
    for (std::size_t i = 0; i < used_;) {
      if (used_ - i < 4 || at(i).next > used_) {
        return errc::corrupt;
      }
      const row r = at(i);
      if (!is_pointer(r.path) ||
          (before < used_ && (compare_pointers(at(before).path, r.path) >= 0 || is_within(r.path, at(before).path)))) {
        return errc::corrupt;
      }
      if (r.text != empty_object) {
        json_reader in{r.text, json_reader::greatest_depth};
        const json_token t = in.next();
        if (t == json_token::begin_object || t == json_token::null) {
          return errc::corrupt;
        }
        text_sink same{{}};
        if (!put_value(same, in) || in.next() != json_token::end || same.size() != r.text.size()) {
          return errc::corrupt;
        }
      }
      before = i;
      last_ = i;
      i = r.next;
    }
    return errc::ok;
  }

  std::array<char, Bytes> bytes_{};
  std::size_t used_ = 0;
  std::size_t last_ = 0;  ///< the row that `append` wrote
};

/// Writes leaves that come in the order of `compare_pointers` as one nested JSON text.
class nested_writer {
 public:
  constexpr explicit nested_writer(text_sink& out) noexcept : out_{&out} {}

  constexpr void leaf(std::string_view path, std::string_view text) noexcept {
    if (path.empty()) {
      out_->put(text);
      done_ = true;
      return;
    }
    const std::string_view object = parent_of(path);
    const std::string_view common = begun_ ? common_ancestor(open(), object) : std::string_view{};
    close(common);
    if (!begun_) {
      out_->put('{');
      begun_ = true;
    }
    while (length_ < object.size()) {
      const std::size_t end = object.find('/', length_ + 1);
      member(object.substr(length_, end == object.npos ? end : end - length_));
      out_->put('{');
      any_ = false;
      for (const std::size_t to = end == object.npos ? object.size() : end; length_ < to; ++length_) {
        path_[length_] = object[length_];
      }
    }
    member(path.substr(object.size()));
    out_->put(text);
    any_ = true;
  }
  /// Closes what is open; `nothing` is the text when there was no leaf.
  constexpr void finish(std::string_view nothing) noexcept {
    if (!begun_) {
      out_->put(done_ ? std::string_view{} : nothing);
      return;
    }
    close({});
    out_->put('}');
  }

 private:
  [[nodiscard]] constexpr std::string_view open() const noexcept { return {path_.data(), length_}; }
  constexpr void close(std::string_view upto) noexcept {
    while (length_ > upto.size()) {
      out_->put('}');
      length_ = parent_of(open()).size();
      any_ = true;
    }
  }
  constexpr void member(std::string_view segment) noexcept {
    if (any_) {
      out_->put(',');
    }
    out_->put('"');
    for (std::size_t i = 1; i < segment.size(); ++i) {
      const bool escape = segment[i] == '~' && i + 1 < segment.size();
      put_escaped(*out_, escape ? (segment[i + 1] == '1' ? '/' : '~') : segment[i]);
      i += escape ? 1 : 0;
    }
    out_->put("\":");
  }

  text_sink* out_;
  std::array<char, longest_pointer> path_{};
  std::size_t length_ = 0;
  bool begun_ = false;
  bool any_ = false;  ///< the open object has a member already
  bool done_ = false;
};

}  // namespace skerry::inline v0::state::detail
