// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/detail/sqlite_connection.hpp>
#include <skerry/adapters/detail/sqlite_rows.hpp>
#include <skerry/core/record_store.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/record.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace skerry::inline v0::adapters {

struct sqlite_config {
  bool survives_power_cut = true;                ///< PRAGMA synchronous = FULL; false: NORMAL, which survives the end of the process only
  std::uint64_t max_bytes = 256U << 20;          ///< of pages in use and of records that wait for a sync; beyond it, `full`
  std::uint32_t unsynced_bytes = 1U << 20;       ///< more than this without a sync: `append` syncs by itself, and waits
  std::uint32_t unsynced_acknowledgements = 64;  ///< so many calls of `advance` without a sync are written, and not waited for
};

namespace detail {

/// What a `sqlite_store` has in memory and in its database, and what brings the one into the other: transactions, the check of all rows,
/// and a new beginning beside a database that cannot be read.
struct sqlite_state : sqlite_connection {
  sqlite_config config{};
  mutable std::mutex memory;  // never held while SQLite works
  std::mutex database;        // taken first
  record_heap waiting, writing;
  std::map<std::uint16_t, stream_state> streams;
  std::map<std::uint32_t, std::uint64_t> newest;  // id of the one record that is kept, by kind and stream
  std::vector<std::uint64_t> replaced;            // rows of records that it took the place of
  std::uint64_t next_id = 1, waiting_bytes = 0, used = 0, lost = 0;
  std::uint32_t advances = 0;
  bool full = false;

  void measure() noexcept {
    const std::uint64_t bytes = bytes_of_pages();
    const std::lock_guard lock{memory};
    used = bytes;
  }

  /// Reads and checks every row; those that fail are deleted and counted. False never; `corrupt` when the walk itself fails.
  [[nodiscard]] result<bool> check(recovery_report& report) noexcept {
    sqlite_statement all;
    if (const int code = all.prepare(db, "SELECT id, record FROM records ORDER BY id"); code != SQLITE_OK) {
      return error_of(code);
    }
    std::vector<std::uint64_t> bad;
    {
      const std::lock_guard lock{memory};
      streams.clear();
      newest.clear();
    }
    int step = all.step();
    for (; step == SQLITE_ROW; step = all.step()) {
      const std::uint64_t id = all.integer(0);
      const result<record_view> record = delivery::read_record(all.blob(1), place_of(id));
      if (!record) {
        bad.push_back(id);
        continue;
      }
      const record_header& h = record.value().header;
      const std::lock_guard lock{memory};
      next_id = id >= next_id ? id + 1 : next_id;
      note({id, h.seq, 0, 0, h.stream, h.kind});
      report.first = report.records == 0 ? position{id} : report.first;
      report.end = position{id + 1};
      ++report.records;
    }
    if (step != SQLITE_DONE) {
      return error_of(step);
    }
    for (const std::uint64_t id : bad) {
      erase.bind(1, id);
      (void)erase.run();
    }
    report.damaged_records += bad.size();
    return true;
  }

  /// Renames a database that cannot be read, and takes over what of it can, from both ends.
  [[nodiscard]] status set_aside() noexcept {
    disconnect();
    const std::string aside = path + ".damaged";
    if (const status s = rename_to(aside); !s) {
      return s;
    }
    if (const status s = connect(); !s) {
      return s;
    }
    measure();
    ++lost;  // at least what stood where it broke
    sqlite3* old = nullptr;
    if (sqlite3_open_v2(aside.c_str(), &old, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
      std::uint64_t last = 0;
      const std::array<const char*, 2> ways{"SELECT id, record FROM records ORDER BY id",
                                            "SELECT id, record FROM records ORDER BY id DESC"};
      for (std::size_t way = 0; way < ways.size(); ++way) {
        sqlite_statement rows;
        if (rows.prepare(old, ways[way]) != SQLITE_OK) {
          continue;
        }
        for (int step = rows.step(); step == SQLITE_ROW; step = rows.step()) {
          const std::uint64_t id = rows.integer(0);
          if (way == 1 && id <= last) {
            break;
          }
          last = way == 0 ? id : last;
          take_over(id, rows.blob(1));
          if (waiting_bytes > config.unsynced_bytes) {
            sort_waiting();
            (void)transact(true);  // failed: it goes on waiting
          }
        }
      }
    }
    sqlite3_close(old);
    sort_waiting();
    return transact(true);
  }

  void sort_waiting() {
    const std::lock_guard lock{memory};
    std::sort(waiting.records.begin(), waiting.records.end(), [](const waiting_record& x, const waiting_record& y) { return x.id < y.id; });
  }
  void take_over(std::uint64_t id, std::span<const std::byte> bytes) noexcept {
    const result<record_view> record = delivery::read_record(bytes, place_of(id));
    if (!record) {
      ++lost;
      return;
    }
    const record_header& h = record.value().header;
    const std::lock_guard lock{memory};
    next_id = id >= next_id ? id + 1 : next_id;
    const auto to = waiting.add({id, h.seq, 0, bytes.size(), h.stream, h.kind});
    __builtin_memcpy(to.data(), bytes.data(), bytes.size());
    waiting_bytes += bytes.size();
  }

  /// A record that is, or will be, a row: what its stream must know of it.
  void note(const waiting_record& r) {
    if (!delivery::is_item(r.kind)) {
      const std::uint32_t key = std::uint32_t{static_cast<std::uint8_t>(r.kind)} << 16 | r.stream;
      const auto [at, first] = newest.try_emplace(key, r.id);
      if (!first) {
        replaced.push_back(at->second);
        at->second = r.id;
      }
      return;
    }
    stream_state& of = streams[r.stream];
    of.late_id = r.seq < of.highest ? r.id : of.late_id;
    if (r.seq >= of.highest) {
      of.highest = r.seq;
      of.highest_id = r.id;
    }
  }
  [[nodiscard]] bool covered(std::uint16_t stream, std::uint64_t seq) const noexcept {
    const auto of = streams.find(stream);
    return of != streams.end() && of->second.covers(seq);
  }

  /// Deletes what the stream needs no more; the walk begins where the last one ended.
  [[nodiscard]] int erase_done(std::uint16_t stream, stream_state& of) noexcept {
    // In order, ids grow at least as fast as numbers, which bounds where the last row can stand. Where other streams' rows lie between,
    // the walk below finds the exact place to begin from.
    const std::uint64_t behind = of.highest > of.done.upto ? of.highest - of.done.upto : 0;
    const std::uint64_t bound = of.highest_id > behind ? of.highest_id - behind : 0;
    if (of.done.bitmap == 0 && of.late_id < of.from + (of.from == 0 ? 1 : 0) && bound < of.from + 1024) {
      erase_upto.bind(1, of.from);
      erase_upto.bind(2, bound);
      erase_upto.bind(3, stream);
      erase_upto.bind(4, of.done.upto);
      const int erased = erase_upto.run();
      of.from += erased == SQLITE_OK ? static_cast<std::uint64_t>(sqlite3_changes(db)) : 0;
      return erased;
    }
    of_stream.bind(1, of.from);
    of_stream.bind(2, stream);
    std::vector<std::uint64_t> gone;
    std::uint64_t live = 0;
    std::uint64_t end = of.from;
    int code = of_stream.step();
    for (; code == SQLITE_ROW; code = of_stream.step()) {
      const std::uint64_t id = of_stream.integer(0);
      const std::uint64_t seq = of_stream.integer(1);
      if (of.covers(seq)) {
        gone.push_back(id);
        end = id + 1;
        if (seq == of.done.upto && of.done.bitmap == 0 && id > of.late_id) {
          break;
        }
        continue;
      }
      live = live == 0 ? id : live;
      if (of.passed(id, seq)) {
        break;
      }
    }
    of_stream.reset();
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      return code;
    }
    code = SQLITE_OK;
    for (auto id = gone.begin(); id != gone.end() && code == SQLITE_OK; ++id) {
      erase.bind(1, *id);
      code = erase.run();
    }
    of.from = code == SQLITE_OK ? (live != 0 ? live : end) : of.from;
    return code;
  }

  void bind_row(sqlite_statement& into, std::size_t row, const waiting_record& r) noexcept {
    const int first = static_cast<int>(row * 4);
    into.bind(first + 1, r.id);
    into.bind(first + 2, delivery::is_item(r.kind) ? r.stream : ~std::uint64_t{0});
    into.bind(first + 3, r.seq);
    into.bind(first + 4, writing.of(r));
  }
  /// Several rows a statement, the rest one by one.
  [[nodiscard]] int insert_written(std::uint64_t& bytes) noexcept {
    std::array<const waiting_record*, rows_at_once> rows{};
    std::size_t n = 0;
    int code = SQLITE_OK;
    for (auto r = writing.records.begin(); r != writing.records.end() && code == SQLITE_OK; ++r) {
      if (r->length == 0) {
        continue;
      }
      bytes += r->length;
      rows[n] = &*r;
      if (++n == rows_at_once) {
        for (n = 0; n < rows_at_once; ++n) {
          bind_row(insert_rows, n, *rows[n]);
        }
        code = insert_rows.run();
        n = 0;
      }
    }
    for (std::size_t i = 0; i < n && code == SQLITE_OK; ++i) {
      bind_row(insert, 0, *rows[i]);
      code = insert.run();
    }
    return code;
  }

  /// One transaction: what is acknowledged goes, what waits comes if `with_records`. The database is locked by the caller.
  [[nodiscard]] status transact(bool with_records) noexcept {
    std::map<std::uint16_t, stream_state> done;
    std::vector<std::uint64_t> rows;
    {
      const std::lock_guard lock{memory};
      for (auto& [stream, of] : streams) {
        if (of.dirty) {
          of.dirty = false;
          done.emplace(stream, of);
        }
      }
      advances = 0;
      if (with_records) {
        std::swap(writing, waiting);
        waiting_bytes = 0;
        rows.swap(replaced);
        for (const std::uint64_t id : rows) {
          if (const auto r = writing.from(id); r != writing.records.end() && r->id == id) {
            writing.records[static_cast<std::size_t>(r - writing.records.begin())].length = 0;  // replaced before it was written
          }
        }
      }
    }
    if (done.empty() && writing.records.empty() && rows.empty()) {
      return {};
    }
    int code = begin.run();
    for (auto of = done.begin(); of != done.end() && code == SQLITE_OK; ++of) {
      code = erase_done(of->first, of->second);
    }
    for (auto id = rows.begin(); id != rows.end() && code == SQLITE_OK; ++id) {
      erase.bind(1, *id);
      code = erase.run();
    }
    std::uint64_t bytes = 0;
    code = code == SQLITE_OK ? insert_written(bytes) : code;
    code = code == SQLITE_OK ? commit.run() : code;
    if (code != SQLITE_OK && sqlite3_get_autocommit(db) == 0) {
      (void)rollback.run();
    }
    {
      const std::lock_guard lock{memory};
      for (const auto& [stream, of] : done) {
        stream_state& now = streams[stream];
        now.dirty = now.dirty || code != SQLITE_OK;
        now.from = code == SQLITE_OK ? of.from : now.from;
      }
      if (code != SQLITE_OK) {
        replaced.insert(replaced.end(), rows.begin(), rows.end());
        std::swap(waiting, writing);  // what was appended meanwhile has higher ids
        waiting.take(writing);
        waiting_bytes = 0;
        for (waiting_record& r : waiting.records) {
          r.length = delivery::is_item(r.kind) && covered(r.stream, r.seq) ? 0 : r.length;
          waiting_bytes += r.length;
        }
      }
      writing.clear();
      used += code == SQLITE_OK ? bytes : 0;  // until it is measured
    }
    if (code == SQLITE_OK && ++since_measured >= 64) {
      since_measured = 0;
      measure();
    }
    return error_of(code);
  }

  std::uint32_t since_measured = 0;
};

}  // namespace detail
}  // namespace skerry::inline v0::adapters
