// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/gathered_device.hpp>
#include <skerry/delivery/detail/segment_header.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::delivery {

struct segment_config {
  std::uint32_t segment_bytes = 8U << 20;  ///< 8 KiB to 1 GiB, a multiple of 4096
  std::uint32_t segments = 16;             ///< at most as many as the type has room for, at least 3
  std::uint64_t entropy = 0;               ///< for the salts: different at each boot; an outbox adds its device seed by `mix`
};

/// Sizes of a segment_log. Bytes: about (72 + 16 streams) for each segment, and the buffer.
struct segment_limits {
  std::uint16_t segments = 16;
  std::uint16_t streams = 8;
  std::uint32_t buffer_bytes = 16384;  ///< records gather here and go out in one write; 0: each by itself, at once
};

/// What a segment_log did and met.
struct segment_counters {
  std::uint64_t writes = 0;           ///< of the device, those of records
  std::uint64_t bytes_written = 0;    ///< by them
  std::uint64_t syncs = 0;            ///< that succeeded
  std::uint64_t failed_syncs = 0;     ///< each one gave up a segment and moved what it held
  std::uint64_t given_up = 0;         ///< segments that could not be written, twice without a good sync between: treated alike
  std::uint64_t created = 0;          ///< segment files made
  std::uint64_t recycled = 0;         ///< segments used again
  std::uint64_t moved_records = 0;    ///< written again elsewhere, with the same numbers
  std::uint64_t reclaimed = 0;        ///< segments whose last few records were moved, so that they could be used again
  std::uint64_t set_aside = 0;        ///< files that are no segments of this store, renamed
  std::uint64_t damaged_records = 0;  ///< found by `open`
  std::uint64_t torn_bytes = 0;       ///< of records that a power cut ended
};

namespace detail {

/// The files of a segment_log: which there are, what their headers say, and the next one to write. Knows nothing of records.
template <file_device Device, segment_limits L>
class segment_files {
 public:
  enum class state : std::uint8_t {
    absent,  // no file
    free,    // a file to use again
    active,  // appends go here
    sealed,  // full, or from an earlier life
    lost,    // a sync failed, or writes did: read as long as it can be, never written or synced again
  };
  struct slot {
    std::uint32_t number = 0;
    std::uint32_t salt = 0;
    std::uint32_t end = 0;                  // behind the last record
    std::uint32_t synced = 0;               // of these, durable
    std::uint32_t void_from = 0xffff'ffff;  // records from here on were moved elsewhere
    std::uint32_t voided_by = 0;            // the segment that says so
    std::uint32_t bytes = 0;                // of the file
    state use = state::absent;
    std::uint32_t copies_of = 0;    // the segment whose records were copied to `copies_from` and on; 0: none
    std::uint32_t copies_from = 0;  // where the record that says so begins
    std::uint32_t copies_to = 0;
    bool dirty = false;
    bool to_move = false;      // lost, and what it holds beyond the last good sync stands nowhere else yet
    bool to_rewrite = false;   // read back by a process that cannot know whether a sync of it failed
    bool copies_hold = false;  // the copies count, the segment that they were made of does not
    bool in_order = true;      // numbers of a stream only rise
    bool released = false;     // that nothing in it counts is on the medium
    bool dense = false;        // looked through for records to move: too many
    bool bad = false;          // absent or free, and could not be begun: tried again when nothing else is left
    std::uint8_t failed = 0;   // writes, since the last good sync

    [[nodiscard]] bool used() const noexcept { return use == state::active || use == state::sealed || use == state::lost; }
    [[nodiscard]] std::uint32_t limit() const noexcept { return bytes - static_cast<std::uint32_t>(segment_header::room); }
    std::array<std::uint64_t, L.streams> greatest{};  // number, by stream: the segment is dead when all are acknowledged
    std::array<std::uint64_t, L.streams> least{};     // 0: no record of the stream

    void note(std::uint16_t stream, std::uint64_t seq) noexcept {
      in_order = in_order && seq > greatest[stream];
      greatest[stream] = seq > greatest[stream] ? seq : greatest[stream];
      least[stream] = least[stream] == 0 || seq < least[stream] ? seq : least[stream];
    }
    /// Is a record at this place superseded by a copy, or a copy that does not count?
    [[nodiscard]] bool is_void(std::uint64_t offset) const noexcept {
      return offset >= void_from || (!copies_hold && offset >= copies_from && offset < copies_to);
    }
  };
  struct file_name {
    std::array<char, 10> text{'s', 'e', 'g', 'm', 'e', 'n', 't', '-', '0', '0'};
    std::uint8_t length = 10;
    [[nodiscard]] std::string_view view() const noexcept { return {text.data(), length}; }
  };

  segment_files(Device& device, const segment_config& config, std::uint64_t entropy) noexcept
      : device_{device}, config_{config}, entropy_{entropy} {}

  [[nodiscard]] std::uint32_t room_of_segment() const noexcept {
    return config_.segment_bytes - 2 * static_cast<std::uint32_t>(segment_header::room);
  }
  [[nodiscard]] file_name name_at(std::size_t i) const noexcept {
    file_name n;
    n.text[8] = static_cast<char>('0' + i / 10);
    n.text[9] = static_cast<char>('0' + i % 10);
    return n;
  }
  [[nodiscard]] file_name name_of(const slot& s) const noexcept { return name_at(static_cast<std::size_t>(&s - slots_.data())); }
  [[nodiscard]] const slot* find(std::uint32_t number) const noexcept {
    for (const slot& s : slots_) {
      if (s.number == number && s.used()) {
        return &s;
      }
    }
    return nullptr;
  }
  [[nodiscard]] const slot* active() const noexcept {
    for (const slot& s : slots_) {
      if (s.use == state::active) {
        return &s;
      }
    }
    return nullptr;
  }
  [[nodiscard]] slot* active() noexcept { return const_cast<slot*>(static_cast<const segment_files*>(this)->active()); }
  /// The used segment with the least number above `number`.
  [[nodiscard]] const slot* after(std::uint32_t number) const noexcept {
    const slot* least = nullptr;
    for (const slot& s : slots_) {
      if (s.used() && s.number > number && (least == nullptr || s.number < least->number)) {
        least = &s;
      }
    }
    return least;
  }
  [[nodiscard]] std::uint32_t free_slots() const noexcept {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < config_.segments; ++i) {
      n += (slots_[i].use == state::absent || slots_[i].use == state::free) && !slots_[i].bad ? 1U : 0U;
    }
    return n;
  }
  [[nodiscard]] std::uint64_t draw(std::uint64_t what) noexcept { return entropy_ = hash64(what, entropy_ + 0x9e3779b97f4a7c15); }

  [[nodiscard]] status read_header(std::size_t i, std::uint64_t size, segment_header& best) noexcept {
    best = {};
    for (const std::uint64_t at : {std::uint64_t{0}, size - segment_header::room}) {
      std::array<std::byte, segment_header::size> bytes{};
      if (const status s = device_.read(name_at(i).view(), at, bytes); !s) {
        return s;
      }
      const auto h = segment_header::read(bytes);
      if (h && h.value().bytes == size && h.value().number > best.number) {
        best = h.value();
      }
    }
    return {};
  }

  [[nodiscard]] status find_segments() noexcept {
    array_of<segment_header, L.segments> headers{};
    std::uint32_t newest = 0;
    for (std::size_t i = 0; i < L.segments; ++i) {
      const result<std::uint64_t> size = device_.size(name_at(i).view());
      if (!size) {
        if (size.error() == errc::absent) {
          continue;
        }
        return size.error();
      }
      const std::uint64_t bytes = size.value();
      if (bytes >= 2 * segment_header::room) {
        if (const status s = read_header(i, bytes, headers[i]); !s) {
          return s;
        }
      }
      if (headers[i].number == 0) {
        if (const status s = set_aside(i, bytes); !s) {
          return s;
        }
        continue;
      }
      if (headers[i].number > newest) {
        newest = headers[i].number;
        store_ = headers[i].store;
      }
    }
    for (std::size_t i = 0; i < L.segments; ++i) {
      if (headers[i].number == 0) {
        continue;
      }
      if (headers[i].store != store_ || find(headers[i].number) != nullptr) {
        if (const status s = set_aside(i, headers[i].bytes); !s) {
          return s;
        }
        continue;
      }
      slots_[i].number = headers[i].number;
      slots_[i].salt = headers[i].salt;
      slots_[i].bytes = headers[i].bytes;
      slots_[i].use = state::sealed;
      (void)draw(headers[i].salt);  // no salt is used twice
    }
    last_number_ = newest;
    if (store_ == 0) {
      store_ = draw(0) | 1;
    }
    return {};
  }

  /// What is no segment of this store keeps its bytes under another name; a file that never got its header goes.
  [[nodiscard]] status set_aside(std::size_t i, std::uint64_t bytes) noexcept {
    std::array<std::byte, 64> first{};
    const auto begin = std::span{first}.first(bytes < first.size() ? static_cast<std::size_t>(bytes) : first.size());
    if (const status s = device_.read(name_at(i).view(), 0, begin); !s) {
      return s;
    }
    bool blank = true;
    for (const std::byte b : begin) {
      blank = blank && b == std::byte{0};
    }
    if (blank) {
      if (const status s = device_.remove(name_at(i).view()); !s) {
        return s;
      }
      return device_.sync_directory();
    }
    ++counters_.set_aside;
    const file_name from = name_at(i);
    const file_name aside{{'a', 's', 'i', 'd', 'e', '-', from.text[8], from.text[9]}, 8};
    if (const status s = device_.rename(from.view(), aside.view()); !s) {
      return s;
    }
    return device_.sync_directory();
  }

  /// A file to begin the next segment in; the number of segments: there is none. `bad`: of those that failed.
  [[nodiscard]] std::size_t candidate(bool bad) const noexcept {
    for (const state use : {state::free, state::absent}) {
      for (std::size_t i = 0; i < config_.segments; ++i) {
        if (slots_[i].use == use && slots_[i].bad == bad) {
          return i;
        }
      }
    }
    return config_.segments;
  }
  /// Makes a segment of a candidate, the active one: its headers stand, nothing else does.
  [[nodiscard]] result<slot*> begin(std::uint32_t epoch, std::size_t i) noexcept {
    slot fresh;
    fresh.number = last_number_ + 1;
    fresh.salt = static_cast<std::uint32_t>(draw(fresh.number));
    fresh.end = static_cast<std::uint32_t>(segment_header::room);
    fresh.bytes = config_.segment_bytes;
    fresh.use = state::active;
    fresh.dirty = true;
    const bool again = slots_[i].use == state::free;
    if (!again) {
      if (const status s = make_file(i); !s) {
        slots_[i].bad = s.error() == errc::io;
        return s.error();
      }
    }
    const auto image = segment_header{store_, epoch, fresh.number, fresh.salt, config_.segment_bytes}.image();
    // From here on the old content of the file is gone.
    slots_[i].use = state::free;
    last_number_ = fresh.number;  // of no other file, though this may fail: it may stand there all the same
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{fresh.limit()}}) {
      if (const status s = device_.write(name_at(i).view(), at, image); !s) {
        slots_[i].bad = s.error() == errc::io;
        device_.forget(name_at(i).view());
        return s.error();
      }
    }
    if (slot* const before = active(); before != nullptr) {
      before->use = state::sealed;
    }
    slots_[i] = fresh;
    ++(again ? counters_.recycled : counters_.created);
    return &slots_[i];
  }

 private:
  /// Zeros in pieces of 4 KiB: larger ones make some file systems account as much for every small write later.
  [[nodiscard]] status make_file(std::size_t i) noexcept {
    const file_name name = name_at(i);
    status made = device_.create(name.view());
    if (!made && made.error() == errc::refused) {  // left behind by an attempt that failed
      made = device_.remove(name.view());
      made = made ? device_.create(name.view()) : made;
    }
    if (!made) {
      return made.error() == errc::full ? errc::full : errc::io;
    }
    made = fill(name);
    if (!made) {
      (void)device_.remove(name.view());
    }
    return made;
  }
  [[nodiscard]] status fill(const file_name& name) noexcept {
    std::array<std::byte, 4096> const zeros{};
    for (std::uint32_t at = 0; at < config_.segment_bytes; at += static_cast<std::uint32_t>(zeros.size())) {
      if (const status s = device_.under().write(name.view(), at, zeros); !s) {
        return s;
      }
    }
    if (const status s = device_.sync(name.view()); !s) {
      return s;
    }
    return device_.sync_directory();
  }

 protected:
  gathered_device<Device, L.buffer_bytes> device_;
  segment_config config_;
  std::uint64_t entropy_;
  std::uint64_t store_ = 0;
  std::uint32_t last_number_ = 0;
  array_of<slot, L.segments> slots_{};
  segment_counters counters_{};
};

}  // namespace detail
}  // namespace skerry::inline v0::delivery
