// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/state/detail/number_text.hpp>
#include <skerry/state/detail/twin_pace.hpp>
#include <skerry/state/detail/twin_three_way.hpp>
#include <skerry/state/owned_merge_config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::state {

/// Keeps a local document and its cloud twin the same: three-way merge, and an owner per path where both sides changed.
///
/// A cloud twin has one version number and two writers, so vectors have no place here: what both sides held last is the base, and a
/// leaf has changed on a side when it differs from the base there. Absent is a value; arrays and scalars are replaced whole, null
/// deletes, numbers compare by value. Only the side whose content differs is written. No input and output: events come in, `poll`
/// says what to ask the cloud for. Call it after every event and local change until it answers `none`, then sleep until
/// `next_deadline()`; calls that take an `accepted(path, value)` tell it every leaf that the cloud changed here (an empty value: gone).
/// Input    leaves by JSON Pointer (RFC 6901), values and documents as JSON
/// Cost     4 documents of `Limits::document_bytes`; a merge and a push O(bytes) and O(bytes) per changed leaf; no heap
/// Errors   `full`: a document does not fit; `invalid` pointer; `corrupt`, `truncated`, `out_of_range` of JSON; `stale`: an answer to an
///          older request, or a version that is known; `gap`: a patch with some missing before it, everything is read again.
///          A refused local change leaves the document as it was; a refused document is asked for again later.
/// Source   RFC 7396, JSON Merge Patch; RFC 6901, JSON Pointer
template <typename Limits = limits::cloud_twin>
class owned_merge {
  static_assert(twin_limits<Limits>, "Limits models twin_limits: see owned_merge_config.hpp for what it names");

  struct ignore {
    constexpr void operator()(std::string_view, std::string_view) const noexcept {}
  };

 public:
  using instant_t = typename Limits::time;
  static constexpr std::size_t image_bytes = 64 + 3 * Limits::document_bytes;

  constexpr explicit owned_merge(const twin_settings& settings = twin_settings()) noexcept
      : owners_{settings.owners}, otherwise_{settings.otherwise}, pace_{settings} {}

  // ---- what is changed here

  /// One leaf, in the place of whatever is at and below its path.
  template <typename T>
  requires std::is_arithmetic_v<T> || std::convertible_to<const T&, std::string_view>
  [[nodiscard]] constexpr status set(std::string_view path, const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      std::array<char, 32> room{};
      detail::text_sink out{room};
      const status s = detail::put_number(out, value);
      return s ? set_json(path, out.text()) : s;
    } else {
      return edit(path, [&](rows& r) { return r.put_text(path, value); });
    }
  }
  /// A scalar or an array, as JSON.
  [[nodiscard]] constexpr status set_json(std::string_view path, std::string_view json) {
    return edit(path, [&](rows& r) { return r.put_json(path, json); });
  }
  /// RFC 7396 below a path.
  [[nodiscard]] constexpr status patch_local(std::string_view json, std::string_view below = {}) {
    return edit(below, [&](rows& r) { return r.merge_patch(json, below); });
  }
  /// Takes a leaf or a subtree away; of the empty path: the whole document. That deletion is remembered for the version of the cloud's
  /// document that is known now: one that was made or changed later is not deleted.
  [[nodiscard]] constexpr status erase(std::string_view path) {
    return edit(path, [&](rows& r) {
      const bool there = r.has_within(path);
      r.erase_within(path);
      const std::string_view object = Limits::keeps_empty_objects ? detail::parent_of(path) : std::string_view{};
      return !there || path.empty() || r.has_within(object) ? status{} : r.put(object, detail::empty_object);
    });
  }
  /// The local document as somebody else holds it.
  [[nodiscard]] constexpr status local_document(std::string_view json) {
    return edit({}, [&](rows& r) { return r.read(json); });
  }
  /// The same from a store with a version of its own: a lower one than known was put back from a backup, and the base says nothing
  /// about it.
  [[nodiscard]] constexpr status local_document(std::string_view json, std::uint64_t version) {
    const std::uint64_t known = local_version_;
    if (const status s = local_document(json); !s) {
      return s;
    }
    local_version_ = version;
    if (version < known) {
      ++counters_.restarts;
      base_.clear();
      known_ = false;
      deleted_ = false;
      pace_.ask(pace_.seen());
      compare();
    }
    return {};
  }

  /// The value of a leaf as JSON; empty when there is none. Valid until the next change.
  [[nodiscard]] constexpr std::string_view find(std::string_view path) const noexcept { return local_.find(path); }
  /// Writes the local document, "null" when there is none, and answers its size; `width` when `out` is too small.
  [[nodiscard]] constexpr result<std::size_t> write_local(std::span<char> out) const {
    detail::text_sink text{out};
    detail::write_document(text, local_);
    return text.fits() ? result<std::size_t>{text.size()} : result<std::size_t>{errc::width};
  }

  // ---- what the link says

  /// Somebody can hear us, and may have changed something meanwhile.
  constexpr void connected(instant_t now) noexcept {
    disconnected();
    pace_.connect(now);
  }
  constexpr void disconnected() noexcept {
    unanswered_ = unanswered_ || pace_.writing();
    pace_.disconnect();
  }

  /// What to ask for now; the patch of a `push` is in `out`.
  ///
  /// Errors  `width`: the patch is larger than `out`; nothing is asked for
  [[nodiscard]] constexpr result<twin_action> poll(instant_t now, std::span<char> out) {
    if (const bool wrote = pace_.writing(); pace_.give_up(now)) {
      ++counters_.unanswered;
      unanswered_ = unanswered_ || wrote;
      slow_down(now);
      pace_.ask_after_pause();
    }
    if (!pace_.is_connected() || pace_.busy()) {
      return twin_action{};
    }
    if (pace_.asks()) {
      if (!pace_.may_get(now)) {
        return twin_action{};
      }
      ++counters_.gets;
      return take_off(twin_request::get, 0, now);
    }
    if (!differs_ || held_ || !pace_.may_push()) {
      return twin_action{};
    }
    if (over_limits() != errc::ok) {
      ++counters_.over_limits;
      held_ = true;
      return twin_action{};
    }
    const bool drops = local_.empty();
    detail::text_sink patch{out};
    if (!drops) {
      detail::write_patch(patch, base_, local_);
      if (!patch.fits()) {
        return errc::width;
      }
    }
    std::uint64_t touched = 0;
    detail::for_each_change(base_, local_, [&touched](std::string_view path, std::string_view) { touched |= detail::bit_of_path(path); });
    if ((touched & accepted_) != 0) {
      slow_down(now);  // both sides write the same leaves in turn
    } else if (conflicts_ == 0) {
      pace_.full_speed();
    }
    accepted_ = 0;
    ++(drops ? counters_.drops : counters_.pushes);
    spare_ = local_;
    return take_off(drops ? twin_request::drop : twin_request::push, patch.size(), now);
  }
  /// When `poll` has to be called again though nothing happened.
  [[nodiscard]] constexpr deadline<instant_t> next_deadline() const noexcept { return pace_.next_deadline(differs_ && !held_); }

  /// The answer to a `get`.
  template <typename Accepted = ignore>
  [[nodiscard]] constexpr status on_document(std::uint32_t request, std::string_view json, std::uint64_t version, instant_t now,
                                             Accepted&& accepted = Accepted()) {
    if (!lands(request, true, now)) {
      return errc::stale;
    }
    if (const status s = work_.read(json); !s) {
      return unreadable(s, now);
    }
    return take_answer(version, now, accepted);
  }
  /// The answer to a `get`: there is no document.
  template <typename Accepted = ignore>
  [[nodiscard]] constexpr status on_absent(std::uint32_t request, instant_t now, Accepted&& accepted = Accepted()) {
    if (!lands(request, true, now)) {
      return errc::stale;
    }
    work_.clear();
    cloud_version_ = 0;
    return take_answer(0, now, accepted);
  }

  /// A `push` or `drop` was done; `version` of the document now, 0 where the cloud does not say.
  [[nodiscard]] constexpr status on_done(std::uint32_t request, std::uint64_t version, instant_t now) {
    if (!lands(request, false, now)) {
      return errc::stale;
    }
    const std::uint64_t before = cloud_version_;
    base_ = spare_;
    known_ = true;
    deleted_ = false;
    conflicts_ = 0;
    cloud_version_ = version > 0 ? version : cloud_version_;
    compare();
    // What was heard meanwhile is our own echo up to the version that our write made.
    if (const std::uint64_t heard = pace_.take_heard(); heard > cloud_version_ || (version == 0 && heard > before)) {
      pace_.ask(now);
    }
    return {};
  }
  /// A `push` or `drop` came too late: somebody else has written. Read again once and merged; at the next refusal in a row after a
  /// wait that doubles.
  [[nodiscard]] constexpr status on_conflict(std::uint32_t request, instant_t now) {
    if (!lands(request, false, now)) {
      return errc::stale;
    }
    ++counters_.conflicts;
    pace_.ask(now);
    if (++conflicts_ > 1) {
      slow_down(now);
      pace_.ask_after_pause();
    }
    return {};
  }
  /// The cloud will not have it: not sent again until something changes.
  [[nodiscard]] constexpr status on_refused(std::uint32_t request, instant_t now) {
    const bool reads = pace_.reading();
    if (!lands(request, reads, now)) {
      return errc::stale;
    }
    ++counters_.refused;
    held_ = !reads;
    if (reads) {
      slow_down(now);
      pace_.ask_after_pause();
    } else if (pace_.take_heard() > cloud_version_) {
      pace_.ask(now);
    }
    return {};
  }
  /// Not now: again after the interval, or after `retry_after_ms` if that is longer.
  [[nodiscard]] constexpr status on_busy(std::uint32_t request, std::uint32_t retry_after_ms, instant_t now) {
    if (!lands(request, pace_.reading(), now)) {
      return errc::stale;
    }
    ++counters_.busy;
    slow_down(now);
    if (retry_after_ms > pace_.interval()) {
      pace_.pause(retry_after_ms, now);
    }
    pace_.ask_after_pause();
    return {};
  }

  /// The cloud tells of a change by itself: a merge patch below a path, and the version that it made.
  ///
  /// Only the version right after the known one is applied. While a request is under way patches wait for its answer, which holds them.
  template <typename Accepted = ignore>
  [[nodiscard]] constexpr status on_patch(std::string_view json, std::uint64_t version, instant_t now, std::string_view below = {},
                                          Accepted&& accepted = Accepted()) {
    if (const status s = hear(version, now); !s) {
      return s.error() == errc::empty ? status{} : s;
    }
    spare_ = base_;
    if (const status s = spare_.merge_patch(json, below); !s) {
      return unreadable(s, now);
    }
    return take(version, now, accepted);
  }
  /// The cloud tells that its document was deleted; a late notice of an earlier life changes nothing.
  template <typename Accepted = ignore>
  [[nodiscard]] constexpr status on_deleted(std::uint64_t version, instant_t now, Accepted&& accepted = Accepted()) {
    if (const status s = hear(version, now); !s) {
      return s.error() == errc::empty ? status{} : s;
    }
    spare_.clear();
    return take(version, now, accepted);
  }

  // ---- what is known

  [[nodiscard]] constexpr std::uint64_t cloud_version() const noexcept { return cloud_version_; }
  /// Grows by one with every change of the local document, whoever made it.
  [[nodiscard]] constexpr std::uint64_t local_version() const noexcept { return local_version_; }
  /// Whether both sides were the same when we last heard.
  [[nodiscard]] constexpr bool in_sync() const noexcept { return known_ && !differs_ && !pace_.asks(); }
  /// Nothing is sent until something changes: `full` or `width` (too deep) by the limits, `refused` by the cloud, else `ok`.
  [[nodiscard]] constexpr errc held() const noexcept {
    const errc e = over_limits();
    return !held_ ? errc::ok : (e != errc::ok ? e : errc::refused);
  }
  [[nodiscard]] constexpr std::uint32_t push_interval_ms() const noexcept { return pace_.interval(); }
  [[nodiscard]] constexpr const owned_merge_counters& counters() const noexcept { return counters_; }

  /// Base, local document and both versions, for the next start.
  constexpr void encode(byte_writer& out) const {
    const std::size_t begin = out.written().size();
    const bool open = unanswered_ || pace_.writing();
    out.u8(1);
    out.u8(static_cast<std::uint8_t>((known_ ? 1U : 0U) | (deleted_ ? 2U : 0U) | (open ? 4U : 0U)));
    out.varint(cloud_version_);
    out.varint(local_version_);
    out.varint(deleted_upto_);
    base_.encode(out);
    local_.encode(out);
    if (open) {
      spare_.encode(out);
    }
    if (out.error() == errc::ok) {
      out.u32(crc32c(out.written().subspan(begin)));
    }
  }
  /// Takes back what `encode` wrote, in the place of everything. Not connected, and everything will be read again.
  [[nodiscard]] constexpr status decode(std::span<const std::byte> image) {
    if (image.size() < 4) {
      return errc::truncated;
    }
    byte_reader check{image.last(4)};
    if (check.u32() != crc32c(image.first(image.size() - 4))) {
      return errc::corrupt;
    }
    byte_reader in{image.first(image.size() - 4)};
    if (in.u8() != 1) {
      return in.error() != errc::ok ? in.error() : errc::unsupported;
    }
    const std::uint8_t flags = in.u8();
    const std::uint64_t cloud = in.varint();
    const std::uint64_t local = in.varint();
    const std::uint64_t upto = in.varint();
    const std::size_t documents = (flags & 4U) != 0 ? 3 : 2;
    array_of<std::span<const std::byte>, 3> stored{};
    for (std::size_t i = 0; i < documents; ++i) {
      stored[i] = in.bytes(in.count(1));
      if (const status s = work_.restore(stored[i]); !s) {
        return s;
      }
    }
    if (const status s = in.finish(); !s || flags > 7) {
      return s ? errc::corrupt : s.error();
    }
    disconnected();
    (void)base_.restore(stored[0]);  // they have been looked at
    (void)local_.restore(stored[1]);
    (void)spare_.restore(stored[2]);
    cloud_version_ = cloud;
    local_version_ = local;
    deleted_upto_ = upto;
    known_ = (flags & 1U) != 0;
    deleted_ = (flags & 2U) != 0;
    unanswered_ = (flags & 4U) != 0;
    compare();
    return {};
  }

 private:
  using rows = detail::twin_rows<Limits::document_bytes>;

  template <typename Change>
  [[nodiscard]] constexpr status edit(std::string_view path, Change&& change) {
    if (!detail::is_pointer(path)) {
      return errc::invalid;
    }
    work_ = local_;
    if (const status s = std::forward<Change>(change)(work_); !s) {
      return s;
    }
    if (work_ == local_) {
      return {};
    }
    const bool there = !local_.empty();
    local_ = work_;
    ++local_version_;
    deleted_ = local_.empty() && (deleted_ || there) && known_;
    deleted_upto_ = deleted_ && there ? cloud_version_ : deleted_upto_;
    compare();
    return {};
  }
  constexpr void compare() {
    differs_ = !(local_ == base_);
    held_ = false;
  }

  constexpr twin_action take_off(twin_request kind, std::size_t bytes, instant_t now) noexcept {
    return {kind, pace_.take_off(kind, now), cloud_version_, base_.empty(), bytes};
  }
  /// Whether an answer is the one that is waited for.
  [[nodiscard]] constexpr bool lands(std::uint32_t request, bool reads, instant_t now) noexcept {
    const bool ours = pace_.lands(request, reads, now);
    counters_.stale += ours ? 0 : 1;
    return ours;
  }
  constexpr void slow_down(instant_t now) noexcept {
    pace_.slow_down(now);
    ++counters_.slowed_down;
  }
  [[nodiscard]] constexpr status unreadable(status why, instant_t now) noexcept {
    ++counters_.unreadable;
    slow_down(now);
    pace_.ask_after_pause();
    return why;
  }

  /// Whether a notice of this version can be applied to what is known: ok. `empty`: the answer under way will tell.
  [[nodiscard]] constexpr status hear(std::uint64_t version, instant_t now) noexcept {
    pace_.see(now);
    if (!pace_.is_connected() || (known_ && !pace_.busy() && version <= cloud_version_)) {
      ++counters_.stale;
      if (pace_.is_connected() && version < cloud_version_) {
        pace_.look(now);  // a repeat, most likely; or the numbers have begun again
      }
      return errc::stale;
    }
    if (pace_.busy() || pace_.asks()) {
      pace_.heard(version);
      return errc::empty;
    }
    if (!known_ || version - cloud_version_ != 1) {
      ++counters_.gaps;
      pace_.heard(version);
      pace_.ask(now);
      return errc::gap;
    }
    return {};
  }

  /// What the cloud has is in `work_`. Of a write without an answer it tells what was heard.
  template <typename Accepted>
  [[nodiscard]] constexpr status take_answer(std::uint64_t version, instant_t now, Accepted&& accepted) {
    if (unanswered_ && known_ && version >= cloud_version_) {
      detail::keep_what_was_heard(base_, spare_, work_);
      base_ = spare_;
    }
    unanswered_ = false;
    spare_ = work_;
    return take(version, now, accepted);
  }
  /// What the cloud has is in `spare_`.
  template <typename Accepted>
  [[nodiscard]] constexpr status take(std::uint64_t version, instant_t now, Accepted&& accepted) {
    const bool restarted = known_ && version < cloud_version_;
    const bool revived = deleted_ && version != deleted_upto_ && !spare_.empty();
    const auto cloud_wins = [this](std::string_view path) { return detail::owner_of(owners_, otherwise_, path) == twin_side::cloud; };
    const result<detail::merge_outcome> made =
        detail::merge_three(restarted || revived ? nullptr : &base_, local_, spare_, cloud_wins, Limits::keeps_empty_objects, work_);
    if (!made) {
      return unreadable(made.error(), now);
    }
    counters_.restarts += restarted ? 1 : 0;
    counters_.revived += revived ? 1 : 0;
    if (made.value().local) {
      detail::for_each_change(local_, work_, [&](std::string_view path, std::string_view text) {
        accepted_ |= detail::bit_of_path(path);
        ++counters_.accepted;
        accepted(path, text);
      });
      local_ = work_;
      ++local_version_;
    }
    base_ = spare_;
    cloud_version_ = version;
    known_ = true;
    deleted_ = deleted_ && !revived && !restarted && local_.empty() && !base_.empty();
    compare();
    pace_.asked();
    if (pace_.take_heard() > version) {
      pace_.ask(now);  // something came while the answer was on its way, and is not in it
    }
    return {};
  }
  [[nodiscard]] constexpr errc over_limits() const noexcept { return detail::over_twin_limits<Limits>(local_); }

  std::span<const twin_owner> owners_;
  twin_side otherwise_;
  rows base_{};  ///< what both sides held last
  rows local_{};
  rows spare_{};  ///< what the cloud has, or what was sent to it
  rows work_{};
  std::uint64_t cloud_version_ = 0;
  std::uint64_t local_version_ = 0;
  std::uint64_t deleted_upto_ = 0;
  std::uint64_t accepted_ = 0;   ///< paths that the cloud changed here since the last push, a bit each
  std::uint32_t conflicts_ = 0;  ///< in a row
  bool known_ = false;           ///< `base_` and `cloud_version_` say what the cloud had
  bool deleted_ = false;         ///< the local document was deleted when the cloud's was at `deleted_upto_`
  bool differs_ = false;
  bool held_ = false;
  bool unanswered_ = false;  ///< `spare_` was sent, and whether it was heard is not known
  detail::twin_pace<instant_t> pace_;
  owned_merge_counters counters_{};
};

}  // namespace skerry::inline v0::state
