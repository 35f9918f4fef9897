// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/cursor_state.hpp>
#include <skerry/delivery/detail/flash_sectors.hpp>
#include <skerry/delivery/detail/flash_walk.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// Sizes of a flash_ring: 16 bytes of RAM a stream. The flash takes none, however large it is.
struct flash_limits {
  std::uint16_t streams = 8;
};

/// A `record_store` on raw NOR flash: sectors in the order of a ring, each erased as often as the others.
///
/// `append` programs at once: what it answered `ok` for is durable. `sync` writes acknowledgements down and erases the sector that will be
/// needed next, so `append` does not wait for an erase as long as somebody syncs. Two sectors are kept back for acknowledgements and for
/// copies, so a full ring can be emptied; `reclaim` moves what a stuck stream leaves behind out of the way of the others.
/// Cost    RAM 200 bytes and 16 a stream, 1 KiB of stack (`reclaim`: 1.8); a record takes 32 bytes, its payload and a mark, each rounded up
///         to the program unit (at least 8); a sector two headers and the cursors of the streams
/// Bound   a flip anywhere costs one record; a cut costs what `append` had not answered; erases of two sectors differ by one, and by one
///         more for each erase of theirs that was cut short or failed
/// Errors  `append`: `full`, `width` (a record that fits no sector), `invalid` (stream), `io` (after three sectors that could not be
///         programmed; what it was to write may be found by a later `open`); `read`: `absent`, `width`, `corrupt`, `io`; `sync`: `io`;
///         `open`: `io` of the device only
///
/// The device must outlive the ring; the sectors of its config are the ring's alone. A device that leaves bits halfway, so that they read
/// one way today and another tomorrow, costs the record that was being appended when the power went.
template <flash_device Device, flash_limits L = flash_limits{}>
class flash_ring : private detail::flash_sectors<Device> {
  static_assert(L.streams >= 1 && L.streams <= 64, "flash_ring: 1 to 64 streams");

 public:
  /// Errors  `invalid`: a geometry that cannot be: fewer than four sectors, more than the device has, a program unit above 256 bytes
  [[nodiscard]] static result<flash_ring> create(Device& device, const flash_config& config = {}) noexcept {
    const std::uint32_t erase = device.erase_size();
    const std::uint32_t unit = device.program_size();
    if (unit == 0 || unit > 256 || (unit & (unit - 1)) != 0 || erase == 0 || erase % 8 != 0 || erase % unit != 0) {
      return errc::invalid;
    }
    const std::uint32_t there = device.size() / erase;
    if (config.first_sector >= there) {
      return errc::invalid;
    }
    const std::uint32_t sectors = config.sectors == 0 ? there - config.first_sector : config.sectors;
    if (sectors < 4 || sectors > there - config.first_sector) {
      return errc::invalid;
    }
    flash_ring made{device, {config.first_sector, sectors, erase, unit < 8 ? 8 : unit}, config.entropy};
    if (made.layout_.begin() + made.checkpoint_room() + made.layout_.room_of(0) > made.layout_.end()) {
      return errc::invalid;
    }
    return made;
  }

  /// Entropy of the device, for salts that nobody else can guess; before `open`.
  void mix(device_seed seed) noexcept { base::entropy_ = hash64(seed.value(), base::entropy_); }

  /// Finds what is there. Never refuses for damage.
  [[nodiscard]] result<recovery_report> open() noexcept {
    *this = flash_ring{*device_, layout_, base::entropy_};
    if (const status s = base::find_sectors(); !s) {
      return s.error();
    }
    recovery_report report;
    if (newest_ != 0) {
      if (const status s = scan_all(report); !s) {
        return s.error();
      }
    }
    report.damaged_records = counters_.damaged_records;
    report.torn_bytes = counters_.torn_bytes;
    report.fresh = report.records == 0 && !control_.leased();
    const result<position> first = next_wanted(oldest_, 0);
    if (!first) {
      return first.error();
    }
    report.first = first.value();
    report.end = end_position();
    return report;
  }

  [[nodiscard]] result<position> append(const record_header& h, std::span<const std::byte> payload) noexcept {
    if (is_numbered(h.kind) && h.stream >= L.streams) {
      return errc::invalid;
    }
    if (layout_.begin() + checkpoint_room() + layout_.room_of(payload.size()) > layout_.end()) {
      return errc::width;
    }
    const result<position> at = put(h, {payload.data(), 0, static_cast<std::uint32_t>(payload.size())}, keep_of(h.kind));
    if (at && h.kind == record_kind::seq_lease) {
      control_.take_lease(h, payload);
      // Twice: numbers that were used must not be forgotten for one flip.
      (void)put(h, {payload.data(), 0, static_cast<std::uint32_t>(payload.size())}, keep_of(h.kind));
    }
    return at;
  }

  [[nodiscard]] result<record_view> read(position where, std::span<std::byte> out) noexcept {
    const auto number = static_cast<std::uint32_t>(where.value >> 32);
    const auto offset = static_cast<std::uint32_t>(where.value);
    if (const status s = base::load(number); !s) {
      return s.error();
    }
    if (offset < layout_.begin() || offset >= layout_.end() || layout_.room_of(0) > layout_.end() - offset) {
      return errc::absent;
    }
    const std::uint32_t address = layout_.address_of(number) + offset;
    std::array<std::byte, record_head> head{};
    if (const status s = base::read_device(address, head); !s) {
      return s.error();
    }
    const record_place place{base::salt_, offset};
    const auto summary = read_record_head(head, place);
    if (!summary) {
      return summary.error();
    }
    const std::uint32_t length = summary.value().length;
    if (layout_.room_of(length) > layout_.end() - offset) {
      return errc::corrupt;
    }
    if (length > out.size()) {
      return errc::width;
    }
    if (const status s = base::read_device(address + static_cast<std::uint32_t>(record_head), out.first(length)); !s) {
      return s.error();
    }
    if (crc32c(out.first(length), crc32c(std::span{head}.subspan(4), place.start())) != summary.value().check) {
      return errc::corrupt;
    }
    const result<position> next = next_wanted(number, offset + static_cast<std::uint32_t>(layout_.room_of(length)));
    if (!next) {
      return next.error();
    }
    return record_view{summary.value().header, out.first(length), next.value()};
  }

  [[nodiscard]] status advance(cursor done) noexcept {
    if (done.stream >= L.streams) {
      return errc::invalid;
    }
    if (control_.join(done)) {
      changed_ |= std::uint64_t{1} << done.stream;
    }
    return {};
  }

  /// Makes the acknowledgements durable, unless there is no room to write them down, and erases the sector that comes next if it can go.
  [[nodiscard]] status sync() noexcept {
    if (changed_ != 0) {
      if (const status s = write_acks(); !s && s.error() != errc::full) {
        return s;
      }
    }
    trim();
    if (base::free_sectors() > 0) {
      (void)base::make_ready();  // for the appends to come; it is tried again then
    }
    return {};
  }

  /// Makes room behind records that nobody needs any more, where some that are needed stand before them.
  ///
  /// `still(header, position) -> position*`: null for an item that is not needed, else where its position is kept: it is written anew.
  /// Cost    at most two sectors' worth of programming a call, and a walk over all that is used
  /// Errors  `full`: nothing to be gained, or there is room enough; `io`
  template <typename Still>
  [[nodiscard]] status reclaim(Still&& still) noexcept {
    const std::uint32_t before = oldest_;
    trim();
    if (oldest_ != before) {
      return {};
    }
    if (oldest_ >= newest_ || base::free_sectors() > for_all) {
      return errc::full;
    }
    const std::uint32_t room = layout_.end() - layout_.begin();
    const result<std::uint32_t> live = live_bytes(oldest_, still);
    if (!live) {
      return live.error();
    }
    if (live.value() > room / 4 * 3) {
      // This sector alone is not worth the copying; it is if it stands before others that are.
      std::uint64_t dead = 0;
      for (std::uint32_t n = oldest_; n < newest_; ++n) {
        const result<std::uint32_t> of = live_bytes(n, still);
        if (!of) {
          return of.error();
        }
        dead += of.value() < room - checkpoint_room() ? room - checkpoint_room() - of.value() : 0;
      }
      if (dead < 2 * room) {
        return errc::full;
      }
    }
    if (live.value() > 0) {
      if (const status s = move_away(oldest_, still); !s) {
        return s;
      }
    }
    ++oldest_;
    blocker_ = 0;
    return {};
  }

  /// Bytes of the sectors in use, and of those that data may still take.
  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    return newest_ < oldest_ ? 0 : std::uint64_t{newest_ - oldest_} * layout_.erase + end_;
  }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept {
    const std::uint32_t sectors = base::free_sectors();
    const std::uint64_t here = newest_ < oldest_ ? 0 : layout_.end() - end_;
    const std::uint64_t each = layout_.end() - layout_.begin() - checkpoint_room();
    return here + (sectors > for_all ? (sectors - for_all) * each : 0);
  }
  /// Whether there are acknowledgements that no record says yet: the next sync writes them.
  [[nodiscard]] bool acknowledgements_pending() const noexcept { return changed_ != 0; }
  [[nodiscard]] const flash_counters& counters() const noexcept { return counters_; }

 private:
  using base = detail::flash_sectors<Device>;
  using base::counters_;
  using base::device_;
  using base::doubtful_;
  using base::end_;
  using base::layout_;
  using base::newest_;
  using base::oldest_;
  using typename base::source;
  using control = detail::cursor_state<L.streams>;
  using walk_type = detail::flash_walk<Device>;

  // Sectors that must stay free: for copies, for acknowledgements too.
  static constexpr std::uint32_t for_copies = 1;
  static constexpr std::uint32_t for_all = 2;

  flash_ring(Device& device, const detail::flash_layout& layout, std::uint64_t entropy) noexcept : base{device, layout, entropy} {}

  [[nodiscard]] static constexpr std::uint32_t keep_of(record_kind kind) noexcept { return is_item(kind) ? for_all : for_copies; }
  [[nodiscard]] position end_position() const noexcept {
    return position{newest_ < oldest_ ? std::uint64_t{newest_ + 1} << 32 : std::uint64_t{newest_} << 32 | end_};
  }
  [[nodiscard]] std::uint32_t checkpoint_room() const noexcept {
    return static_cast<std::uint32_t>(layout_.room_of(control::cursors_bytes) + 2 * layout_.room_of(control::lease_bytes));
  }

  // --- finding what is there ---

  [[nodiscard]] status scan_all(recovery_report& report) noexcept {
    // The newest acknowledgements say which sectors are gone; those may be erased already, in part.
    std::uint32_t gone = 0;
    for (std::uint32_t n = newest_; n >= oldest_ && gone == 0; --n) {
      if (const status s = find_gone(n, gone); !s) {
        return s;
      }
    }
    oldest_ = gone > oldest_ && gone <= newest_ ? gone : oldest_;
    std::uint32_t last = 0;  // with records
    std::uint32_t last_end = 0;
    bool last_checkpoint = false;
    for (std::uint32_t n = oldest_; n <= newest_; ++n) {
      std::uint32_t used = 0;
      bool checkpoint = false;
      const status s = scan(n, report, used, checkpoint);
      if (!s && s.error() == errc::absent) {
        continue;
      }
      if (!s) {
        return s;
      }
      if (used == layout_.begin() && !base::has_both_headers(n)) {
        continue;
      }
      if (n == newest_ && used == layout_.begin() && last != 0) {
        base::found_ready(n);
        break;
      }
      last = n;
      last_end = used;
      last_checkpoint = checkpoint;
    }
    // What is appended goes behind a unit left free: the power may have gone before one could see it in that unit.
    newest_ = last == 0 ? newest_ : last;
    last_end = last == 0 ? layout_.end() : last_end;
    end_ = last_end < layout_.end() - layout_.unit ? last_end + layout_.unit : layout_.end();
    doubtful_ = true;
    checkpoint_due_ = !last_checkpoint;
    return {};
  }
  [[nodiscard]] status find_gone(std::uint32_t number, std::uint32_t& gone) noexcept {
    if (const status s = base::load(number); !s) {
      return s.error() == errc::absent ? status{} : s;
    }
    walk_type walk = base::walk(number, layout_.begin(), layout_.end());
    auto r = walk.next();
    for (; r; r = walk.next()) {
      if (r.value().header.kind == record_kind::acks && r.value().header.ttl_s > gone) {
        gone = r.value().header.ttl_s;
      }
    }
    return r.error() == errc::absent ? status{} : status{r.error()};
  }
  [[nodiscard]] status scan(std::uint32_t number, recovery_report& report, std::uint32_t& used, bool& checkpoint) noexcept {
    if (const status s = base::load(number); !s) {
      return s;
    }
    walk_type walk = base::walk(number, layout_.begin(), layout_.end());
    auto r = walk.next();
    for (; r; r = walk.next()) {
      ++report.records;
      const record_header& h = r.value().header;
      if (h.kind != record_kind::acks && h.kind != record_kind::seq_lease) {
        continue;
      }
      checkpoint = checkpoint || h.kind == record_kind::acks;
      typename control::cursors_buffer bytes{};
      if (r.value().length > bytes.size()) {
        continue;  // of a store with more streams
      }
      const auto payload = std::span{bytes}.first(r.value().length);
      const std::uint32_t address = layout_.address_of(number) + r.value().offset + static_cast<std::uint32_t>(record_head);
      if (const status s = base::read_device(address, payload); !s) {
        return s;
      }
      if (h.kind == record_kind::acks) {
        control_.take_cursors(payload);
      } else {
        control_.take_lease(h, payload);
      }
    }
    if (r.error() != errc::absent) {
      return r.error();
    }
    used = walk.used();
    counters_.damaged_records += walk.damaged();
    counters_.torn_bytes += walk.torn_bytes();
    return {};
  }

  /// The first record at or behind a place that a reader still needs.
  [[nodiscard]] result<position> next_wanted(std::uint32_t number, std::uint32_t offset) noexcept {
    for (std::uint32_t n = number; n <= newest_ && n >= oldest_; ++n) {
      const result<std::uint32_t> found = wanted_in(n, n == number && offset > layout_.begin() ? offset : layout_.begin(), false);
      if (found) {
        return position{std::uint64_t{n} << 32 | found.value()};
      }
      if (found.error() != errc::absent) {
        return found.error();
      }
    }
    return end_position();
  }
  [[nodiscard]] result<std::uint32_t> wanted_in(std::uint32_t number, std::uint32_t from, bool but_leases) noexcept {
    if (const status s = base::load(number); !s) {
      return s.error();
    }
    walk_type walk = base::walk(number, from, number == newest_ ? end_ : layout_.end());
    auto r = walk.next();
    for (; r; r = walk.next()) {
      if (control_.wants(r.value().header) && !(but_leases && r.value().header.kind == record_kind::seq_lease)) {
        return r.value().offset;
      }
    }
    return r.error();
  }

  // --- writing ---

  /// Writes a record behind the others. A sector that fails is given up, and the next one tried.
  [[nodiscard]] result<position> put(const record_header& h, const source& from, std::uint32_t keep) noexcept {
    for (int tries = 0; tries < 3; ++tries) {
      if (const status s = make_place(layout_.room_of(from.length), keep); !s) {
        return tries == 0 ? s.error() : errc::io;  // what was begun may be found one day: that is no plain refusal
      }
      const std::uint32_t at = end_;
      const status done = base::write_record_at_end(h, from);
      if (done) {
        detail::count_up(counters_.appended);
        return position{std::uint64_t{newest_} << 32 | at};
      }
      if (done.error() != errc::io) {
        return done.error();
      }
    }
    return errc::io;
  }
  /// Room at the end of a sector that has its checkpoint.
  [[nodiscard]] status make_place(std::uint64_t size, std::uint32_t keep) noexcept {
    if (base::free_sectors() < keep) {
      trim();
    }
    if (base::free_sectors() < keep) {
      return errc::full;
    }
    const std::uint64_t due = checkpoint_due_ ? checkpoint_room() : 0;
    if (newest_ >= oldest_ && end_ + size + due <= layout_.end() && (!checkpoint_due_ || write_checkpoint())) {
      return {};
    }
    return begin_sector(keep);
  }

  [[nodiscard]] status write_acks() noexcept {
    record_header h;
    h.kind = record_kind::acks;
    h.ttl_s = oldest_;
    typename control::cursors_buffer bytes;
    const std::span<const std::byte> payload = control_.write_cursors(bytes, changed_);
    const result<position> at = put(h, {payload.data(), 0, static_cast<std::uint32_t>(payload.size())}, for_copies);
    if (!at) {
      return at.error();
    }
    changed_ = 0;
    return {};
  }
  /// What every sector begins with: all cursors and the lease, so that those before it can go.
  [[nodiscard]] status write_checkpoint() noexcept {
    record_header h;
    h.kind = record_kind::acks;
    h.ttl_s = oldest_;
    typename control::cursors_buffer bytes;
    const std::span<const std::byte> payload = control_.write_cursors(bytes);
    checkpoint_due_ = true;
    if (const status s = base::write_record_at_end(h, {payload.data(), 0, static_cast<std::uint32_t>(payload.size())}); !s) {
      return s;
    }
    const std::span<const std::byte> lease = control_.lease_payload();
    for (int copy = 0; copy < 2 && control_.leased(); ++copy) {
      const source from{lease.data(), 0, static_cast<std::uint32_t>(lease.size())};
      if (const status s = base::write_record_at_end(control_.lease_header(), from); !s) {
        return s;
      }
    }
    checkpoint_due_ = false;
    changed_ = 0;
    return {};
  }
  /// The next sector with its checkpoint. `keep`: sectors that must stay free behind it.
  [[nodiscard]] status begin_sector(std::uint32_t keep) noexcept {
    trim();
    for (;;) {
      if (base::free_sectors() <= keep) {
        return errc::full;
      }
      if (const status s = base::begin_ready(keep); !s) {
        return s;
      }
      if (write_checkpoint()) {
        return {};
      }
    }
  }

  // --- making room ---

  /// Sectors at the old end that nobody needs go, once the newest one says what they said.
  void trim() noexcept {
    while (oldest_ < newest_ && !checkpoint_due_) {
      const result<std::uint32_t> found = wanted_in(oldest_, blocker_ > layout_.begin() ? blocker_ : layout_.begin(), true);
      if (found) {
        blocker_ = found.value();
        return;
      }
      if (found.error() != errc::absent) {
        return;
      }
      ++oldest_;
      blocker_ = 0;
    }
  }

  /// Of two copies of an item that one counts whose place is known. A drop counts until the cursor of its stream has passed it.
  template <typename Still>
  [[nodiscard]] bool needed(const record_header& h, position at, Still& still, position*& kept) const noexcept {
    if (h.kind == record_kind::drops) {
      return control_.wants(h);
    }
    kept = is_item(h.kind) ? still(h, at) : nullptr;
    return kept != nullptr && *kept == at;
  }
  template <typename Still>
  [[nodiscard]] result<std::uint32_t> live_bytes(std::uint32_t number, Still& still) noexcept {
    std::uint32_t sum = 0;
    if (const status s = base::load(number); !s) {
      return s.error() == errc::absent ? result<std::uint32_t>{sum} : result<std::uint32_t>{s.error()};
    }
    walk_type walk = base::walk(number, layout_.begin(), layout_.end());
    auto r = walk.next();
    for (; r; r = walk.next()) {
      const auto& [header, offset, length] = r.value();
      position* kept = nullptr;
      if (needed(header, position{std::uint64_t{number} << 32 | offset}, still, kept)) {
        sum += static_cast<std::uint32_t>(layout_.room_of(length));
      }
    }
    return r.error() == errc::absent ? result<std::uint32_t>{sum} : result<std::uint32_t>{r.error()};
  }
  template <typename Still>
  [[nodiscard]] status move_away(std::uint32_t number, Still& still) noexcept {
    if (const status s = base::load(number); !s) {
      return s.error() == errc::absent ? status{} : s;
    }
    walk_type walk = base::walk(number, layout_.begin(), layout_.end());
    auto r = walk.next();
    for (; r; r = walk.next()) {
      const auto& [header, offset, length] = r.value();
      position* kept = nullptr;
      if (!needed(header, position{std::uint64_t{number} << 32 | offset}, still, kept)) {
        continue;
      }
      const std::uint32_t address = layout_.address_of(number) + offset + static_cast<std::uint32_t>(record_head);
      const result<position> moved = put(header, {nullptr, address, length}, 0);
      if (!moved) {
        return moved.error();
      }
      if (kept != nullptr) {
        *kept = moved.value();
      }
      detail::count_up(counters_.moved_records);
    }
    return r.error() == errc::absent ? status{} : status{r.error()};
  }

  bool checkpoint_due_ = false;
  std::uint32_t blocker_ = 0;  // where in the oldest sector a record stands that is needed
  std::uint64_t changed_ = 0;  // streams with cursors that no record says
  control control_{};
};

}  // namespace skerry::inline v0::delivery
