// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/detail/sqlite_state.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/record.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace skerry::inline v0::adapters {

/// A `record_store` in one SQLite database, in WAL mode: for those who want to look into their outbox with SQL.
///
/// `append` keeps the record in memory, `sync` writes what waits in one transaction, deletions of what is acknowledged with it. A sync
/// that failed leaves its records waiting: the next one writes them anew. `sync` may run on another thread while appends go on; a `read`
/// of what is on disk waits for it.
/// Table   records(id INTEGER PRIMARY KEY, stream, seq, record BLOB): ids grow, so age is the order of the table and needs no second
///         index; the blob is the record format of delivery/record.hpp, checked by every `read`
/// Cost    a transaction per sync; RAM for what waits; deletions walk over each row once per stream
/// Errors  `full` (max_bytes, or the medium was full at the last sync), `io` for the rest of what SQLite may answer
///
/// Of records that are not data the newest of each kind and stream is kept. Beside the database lies NAME.spare, whose room belongs to
/// deletions: it is given up when the medium is full, and taken back as soon as that is possible. A database that cannot be read is
/// renamed to NAME.damaged when it is opened; what of it can be read is taken over. Not for two processes at once.
class sqlite_store {
 public:
  /// Opens or makes the database. `unsupported`: it is somebody else's.
  [[nodiscard]] static result<sqlite_store> create(const char* path, const sqlite_config& config = {}) noexcept {
    sqlite_store made;
    made.in_ = std::make_unique<state>();
    made.in_->path = path;
    made.in_->config = config;
    made.in_->survives_power_cut = config.survives_power_cut;
    status opened = made.in_->connect();
    if (!opened && opened.error() == errc::corrupt) {
      opened = made.in_->set_aside();
    }
    if (!opened) {
      return opened.error();
    }
    made.in_->measure();
    return made;
  }

  [[nodiscard]] result<recovery_report> open() noexcept {
    if (const status s = sync(); !s) {
      return s.error();
    }
    state& in = *in_;
    const std::lock_guard lock{in.database};
    recovery_report report;
    result<bool> whole = in.check(report);
    if (!whole && whole.error() == errc::corrupt) {
      if (const status s = in.set_aside(); !s) {
        return s.error();
      }
      report = {};
      whole = in.check(report);
    }
    if (!whole) {
      return whole.error();
    }
    report.damaged_records += in.lost;
    report.fresh = report.records == 0 && report.damaged_records == 0;
    in.lost = 0;
    in.measure();
    return report;
  }

  [[nodiscard]] result<position> append(const record_header& h, std::span<const std::byte> payload) noexcept {
    state& in = *in_;
    const auto size = static_cast<std::size_t>(delivery::record_size(payload.size()));
    std::uint64_t id = 0;
    bool enough = false;
    {
      const std::lock_guard lock{in.memory};
      id = in.next_id;
      if (delivery::is_item(h.kind) && (in.full || in.used + in.waiting_bytes + size > in.config.max_bytes)) {
        return errc::full;  // numbers may still be leased: their records replace each other
      }
      const std::span<std::byte> room = in.waiting.add({id, h.seq, 0, size, h.stream, h.kind});
      if (const status written = delivery::write_record(room, h, payload, detail::place_of(id)); !written) {
        in.waiting.take_back();
        return written.error();
      }
      ++in.next_id;
      in.note(in.waiting.records.back());
      in.waiting_bytes += size;
      enough = in.waiting_bytes > in.config.unsynced_bytes && !in.full;
    }
    if (enough) {
      (void)sync();  // failed: it still waits, and the next sync says so
    }
    return position{id};
  }

  [[nodiscard]] result<record_view> read(position at, std::span<std::byte> out) noexcept {
    state& in = *in_;
    record_view view;
    std::uint64_t after = ~std::uint64_t{0};
    bool found = false;
    {
      const std::lock_guard lock{in.memory};
      for (const detail::record_heap* records : {&in.writing, &in.waiting}) {
        const auto here = records->from(at.value);
        auto next = here;
        if (here != records->records.end() && here->id == at.value && here->length != 0 && !found) {
          const status copied = detail::copy_out(records->of(*here), at.value, out, view);
          if (!copied) {
            return copied.error();
          }
          found = true;
        }
        while (next != records->records.end() && (next->id == at.value || next->length == 0)) {
          ++next;
        }
        after = next != records->records.end() && next->id < after ? next->id : after;
      }
    }
    const std::lock_guard lock{in.database};
    detail::sqlite_statement& select = in.select;
    select.bind(1, at.value);
    int step = select.step();
    status read = found ? status{} : status{errc::absent};
    if (step == SQLITE_ROW && select.integer(0) == at.value) {
      if (!found) {
        read = detail::copy_out(select.blob(1), at.value, out, view);
      }
      step = select.step();
    }
    if (step == SQLITE_ROW) {
      const std::uint64_t next = select.integer(0);
      after = next < after ? next : after;
    } else if (step != SQLITE_DONE) {
      read = state::error_of(step);
    }
    select.reset();
    if (!read) {
      return read.error();
    }
    {
      const std::lock_guard memory{in.memory};
      if (delivery::is_item(view.header.kind) && in.covered(view.header.stream, view.header.seq)) {
        return errc::absent;
      }
    }
    view.next = position{after};
    return view;
  }

  [[nodiscard]] status advance(cursor done) noexcept {
    state& in = *in_;
    bool many = false;
    {
      const std::lock_guard lock{in.memory};
      detail::stream_state& of = in.streams[done.stream];
      of.done = done;
      of.dirty = true;
      of.known = true;
      for (detail::waiting_record& r : in.waiting.records) {
        if (r.stream != done.stream || !delivery::is_item(r.kind)) {
          continue;
        }
        if (of.passed(r.id, r.seq)) {
          break;
        }
        if (r.length != 0 && of.covers(r.seq)) {
          in.waiting_bytes -= r.length;
          r.length = 0;
        }
      }
      many = ++in.advances >= in.config.unsynced_acknowledgements;
    }
    if (many) {
      // Written, and not waited for: a killed process repeats no more than that. If it fails the next sync deletes them.
      const std::lock_guard lock{in.database};
      if (in.run("PRAGMA synchronous = NORMAL")) {
        (void)in.transact(false);
      }
      (void)in.set_synchronous();
    }
    return {};
  }

  [[nodiscard]] status sync() noexcept {
    state& in = *in_;
    const std::lock_guard lock{in.database};
    status how = in.has_spare ? in.transact(true) : status{errc::full};
    if (!how && how.error() == errc::full) {
      // What is acknowledged still goes: the spare's room is for that. Records wait until there is room for a spare again.
      in.give_up_spare();
      how = in.transact(false);
      if (how) {
        (void)sqlite3_wal_checkpoint_v2(in.db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        how = in.take_spare() ? in.transact(true) : status{errc::full};
      }
    }
    const std::lock_guard memory{in.memory};
    in.full = !how && how.error() == errc::full;
    return how;
  }

  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    const std::lock_guard lock{in_->memory};
    return in_->used + in_->waiting_bytes;
  }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept {
    const std::uint64_t used = used_bytes();
    return used < in_->config.max_bytes ? in_->config.max_bytes - used : 0;
  }

 private:
  using state = detail::sqlite_state;

  sqlite_store() = default;
  std::unique_ptr<state> in_;
};

static_assert(record_store<sqlite_store>);

}  // namespace skerry::inline v0::adapters
