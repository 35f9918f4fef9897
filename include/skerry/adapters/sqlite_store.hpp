// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/record.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <span>
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
    status opened = made.in_->connect();
    if (!opened && opened.error() == errc::corrupt) {
      opened = made.in_->set_aside();
    }
    if (!opened) {
      return opened.error();
    }
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
      if (const status written = delivery::write_record(room, h, payload, place_of(id)); !written) {
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
      for (const batch* records : {&in.writing, &in.waiting}) {
        const auto here = records->from(at.value);
        auto next = here;
        if (here != records->records.end() && here->id == at.value && here->length != 0 && !found) {
          const status copied = copy_out(records->of(*here), at.value, out, view);
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
    statement& select = in.select;
    select.bind(1, at.value);
    int step = select.step();
    status read = found ? status{} : status{errc::absent};
    if (step == SQLITE_ROW && select.integer(0) == at.value) {
      if (!found) {
        read = copy_out(select.blob(1), at.value, out, view);
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
      stream_state& of = in.streams[done.stream];
      of.done = done;
      of.dirty = true;
      of.known = true;
      for (waiting_record& r : in.waiting.records) {
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
  static constexpr std::size_t spare_bytes = std::size_t{1} << 20;

  [[nodiscard]] static delivery::record_place place_of(std::uint64_t id) noexcept { return delivery::record_place{0, id * 8}; }

  [[nodiscard]] static status copy_out(std::span<const std::byte> bytes, std::uint64_t id, std::span<std::byte> out,
                                       record_view& view) noexcept {
    const result<record_view> record = delivery::read_record(bytes, place_of(id));
    if (!record) {
      return errc::corrupt;
    }
    if (record.value().payload.size() > out.size()) {
      return errc::width;
    }
    view.header = record.value().header;
    view.payload = out.first(record.value().payload.size());
    if (!view.payload.empty()) {
      __builtin_memcpy(out.data(), record.value().payload.data(), view.payload.size());
    }
    return {};
  }

  /// A prepared statement.
  class statement {
   public:
    statement() = default;
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;
    ~statement() { finalize(); }
    [[nodiscard]] int prepare(sqlite3* db, const char* sql) noexcept {
      finalize();
      return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &it_, nullptr);
    }
    void finalize() noexcept {
      sqlite3_finalize(it_);
      it_ = nullptr;
    }
    void bind(int at, std::uint64_t value) noexcept { sqlite3_bind_int64(it_, at, static_cast<sqlite3_int64>(value)); }
    void bind(int at, std::span<const std::byte> value) noexcept {
      sqlite3_bind_blob(it_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    }
    [[nodiscard]] int step() noexcept { return sqlite3_step(it_); }
    [[nodiscard]] int run() noexcept {
      const int step = sqlite3_step(it_);
      sqlite3_reset(it_);
      return step == SQLITE_DONE || step == SQLITE_ROW ? SQLITE_OK : step;
    }
    void reset() noexcept { sqlite3_reset(it_); }
    [[nodiscard]] std::uint64_t integer(int column) noexcept { return static_cast<std::uint64_t>(sqlite3_column_int64(it_, column)); }
    [[nodiscard]] std::span<const std::byte> blob(int column) noexcept {
      const void* const data = sqlite3_column_blob(it_, column);
      return {static_cast<const std::byte*>(data), static_cast<std::size_t>(sqlite3_column_bytes(it_, column))};
    }

   private:
    sqlite3_stmt* it_ = nullptr;
  };

  struct waiting_record {
    std::uint64_t id = 0, seq = 0;
    std::size_t offset = 0, length = 0;  // of its bytes; length 0: nobody needs it any more
    std::uint16_t stream = 0;
    record_kind kind = record_kind::data;
  };
  /// Records in memory, by id, and their bytes one behind the other.
  struct batch {
    std::vector<waiting_record> records;
    std::vector<std::byte> bytes;

    [[nodiscard]] std::span<std::byte> add(waiting_record r) {
      r.offset = bytes.size();
      bytes.resize(bytes.size() + r.length);
      records.push_back(r);
      return std::span{bytes}.subspan(r.offset);
    }
    void take_back() {
      bytes.resize(records.back().offset);
      records.pop_back();
    }
    [[nodiscard]] std::span<const std::byte> of(const waiting_record& r) const { return std::span{bytes}.subspan(r.offset, r.length); }
    [[nodiscard]] std::vector<waiting_record>::const_iterator from(std::uint64_t id) const {
      return std::lower_bound(records.begin(), records.end(), id, [](const waiting_record& r, std::uint64_t i) { return r.id < i; });
    }
    void clear() {
      records.clear();
      bytes.clear();
    }
    /// What `other` has comes behind what is here.
    void take(batch& other) {
      for (const waiting_record& r : other.records) {
        if (r.length != 0) {
          const auto to = add(r);
          __builtin_memcpy(to.data(), other.of(r).data(), r.length);
        }
      }
      other.clear();
    }
  };

  struct stream_state {
    cursor done{};
    bool dirty = false;            // not in the database yet
    bool known = false;            // `done` says something
    std::uint64_t from = 0;        // no row of the stream that is still there stands before
    std::uint64_t highest = 0;     // number appended
    std::uint64_t highest_id = 0;  // its row
    std::uint64_t late_id = 0;     // the last row that stands behind one with a higher number

    [[nodiscard]] bool covers(std::uint64_t seq) const noexcept {
      return known && (seq <= done.upto || (seq - done.upto <= 64 && ((done.bitmap >> (seq - done.upto - 1)) & 1) != 0));
    }
    /// Nothing that is covered stands behind a row of the stream with this id and number.
    [[nodiscard]] bool passed(std::uint64_t id, std::uint64_t seq) const noexcept {
      std::uint64_t last = done.upto;
      for (std::uint64_t bits = done.bitmap; bits != 0; bits >>= 1) {
        ++last;
      }
      return id > late_id && seq > last;
    }
  };

  struct state {
    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { disconnect(); }

    std::string path;
    sqlite_config config{};
    mutable std::mutex memory;  // never held while SQLite works
    std::mutex database;        // taken first
    batch waiting, writing;
    std::map<std::uint16_t, stream_state> streams;
    std::map<std::uint32_t, std::uint64_t> newest;  // id of the one record that is kept, by kind and stream
    std::vector<std::uint64_t> replaced;            // rows of records that it took the place of
    std::uint64_t next_id = 1, waiting_bytes = 0, used = 0, lost = 0;
    std::uint32_t advances = 0;
    bool full = false, has_spare = false;
    sqlite3* db = nullptr;
    statement begin, commit, rollback, insert, erase, select, of_stream, erase_upto;

    [[nodiscard]] static errc error_of(int code) noexcept {
      switch (code & 0xff) {
        case SQLITE_OK: return errc::ok;
        case SQLITE_FULL: return errc::full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return errc::corrupt;
        case SQLITE_CANTOPEN: return errc::absent;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return errc::timeout;
        default: return errc::io;
      }
    }
    [[nodiscard]] status run(const char* sql) const noexcept { return status{error_of(sqlite3_exec(db, sql, nullptr, nullptr, nullptr))}; }
    [[nodiscard]] status set_synchronous() const noexcept {
      return run(config.survives_power_cut ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    }
    [[nodiscard]] std::uint64_t number_from(const char* sql) noexcept {
      statement one;
      std::uint64_t n = 0;
      if (one.prepare(db, sql) == SQLITE_OK && one.step() == SQLITE_ROW) {
        n = one.integer(0);
      }
      return n;
    }

    [[nodiscard]] status connect() noexcept {
      if (const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
          code != SQLITE_OK) {
        disconnect();
        return error_of(code);
      }
      sqlite3_busy_timeout(db, 5000);
      status s = run("PRAGMA journal_mode = WAL");
      if (s) {
        s = set_synchronous();
      }
      if (s) {
        const std::uint64_t whose = number_from("PRAGMA application_id");
        const std::uint64_t version = number_from("PRAGMA user_version");
        const bool none = number_from("SELECT count(*) FROM sqlite_master") == 0;
        s = none || (whose == mark && version == 1) ? status{} : status{errc::unsupported};
        if (s && none) {
          s =
              run("BEGIN; PRAGMA application_id = 1936421497; PRAGMA user_version = 1;"
                  "CREATE TABLE records(id INTEGER PRIMARY KEY, stream INTEGER, seq INTEGER, record BLOB NOT NULL); COMMIT");
        }
      }
      if (s) {
        int code = begin.prepare(db, "BEGIN IMMEDIATE");
        code = code == SQLITE_OK ? commit.prepare(db, "COMMIT") : code;
        code = code == SQLITE_OK ? rollback.prepare(db, "ROLLBACK") : code;
        code = code == SQLITE_OK ? insert.prepare(db, "INSERT INTO records VALUES(?1, ?2, ?3, ?4)") : code;
        code = code == SQLITE_OK ? erase.prepare(db, "DELETE FROM records WHERE id = ?1") : code;
        code = code == SQLITE_OK ? select.prepare(db, "SELECT id, record FROM records WHERE id >= ?1 ORDER BY id LIMIT 2") : code;
        code = code == SQLITE_OK ? of_stream.prepare(db, "SELECT id, seq FROM records WHERE id >= ?1 AND stream = ?2 ORDER BY id") : code;
        code = code == SQLITE_OK ? erase_upto.prepare(db, "DELETE FROM records WHERE id BETWEEN ?1 AND ?2 AND stream = ?3 AND seq <= ?4")
                                 : code;
        s = error_of(code);
      }
      if (!s) {
        disconnect();
        return s;
      }
      measure();
      (void)take_spare();
      return {};
    }
    /// Room that is really taken, so that a full medium can give it back.
    [[nodiscard]] bool take_spare() noexcept {
      if (has_spare) {
        return true;
      }
      const std::string name = path + ".spare";
      std::FILE* const file = std::fopen(name.c_str(), "wb");
      if (file == nullptr) {
        return false;
      }
      const std::vector<char> zeros(4096);
      has_spare = true;
      for (std::size_t n = 0; n < spare_bytes && has_spare; n += zeros.size()) {
        has_spare = std::fwrite(zeros.data(), 1, zeros.size(), file) == zeros.size();
      }
      has_spare = std::fclose(file) == 0 && has_spare;
      if (!has_spare) {
        (void)std::remove(name.c_str());
      }
      return has_spare;
    }
    void give_up_spare() noexcept {
      (void)std::remove((path + ".spare").c_str());
      has_spare = false;
    }
    void disconnect() noexcept {
      for (statement* one : {&begin, &commit, &rollback, &insert, &erase, &select, &of_stream, &erase_upto}) {
        one->finalize();
      }
      sqlite3_close(db);
      db = nullptr;
    }
    void measure() noexcept {
      const std::uint64_t pages = number_from("PRAGMA page_count") - number_from("PRAGMA freelist_count");
      const std::uint64_t size = number_from("PRAGMA page_size");
      const std::lock_guard lock{memory};
      used = pages * size;
    }

    /// Reads and checks every row; those that fail are deleted and counted. False never; `corrupt` when the walk itself fails.
    [[nodiscard]] result<bool> check(recovery_report& report) noexcept {
      statement all;
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

    [[nodiscard]] status rename_to(const std::string& aside) noexcept {
      for (const char* suffix : {"", "-wal", "-shm"}) {
        (void)std::remove((aside + suffix).c_str());
        if (std::rename((path + suffix).c_str(), (aside + suffix).c_str()) != 0 && suffix[0] == '\0') {
          return errc::io;
        }
      }
      return {};
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
      ++lost;  // at least what stood where it broke
      sqlite3* old = nullptr;
      if (sqlite3_open_v2(aside.c_str(), &old, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
        std::uint64_t last = 0;
        const std::array<const char*, 2> ways{"SELECT id, record FROM records ORDER BY id",
                                              "SELECT id, record FROM records ORDER BY id DESC"};
        for (std::size_t way = 0; way < ways.size(); ++way) {
          statement rows;
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
      std::sort(waiting.records.begin(), waiting.records.end(),
                [](const waiting_record& x, const waiting_record& y) { return x.id < y.id; });
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
      std::uint64_t bytes = 0;
      int code = begin.run();
      for (auto of = done.begin(); of != done.end() && code == SQLITE_OK; ++of) {
        code = erase_done(of->first, of->second);
      }
      for (auto id = rows.begin(); id != rows.end() && code == SQLITE_OK; ++id) {
        erase.bind(1, *id);
        code = erase.run();
      }
      for (auto r = writing.records.begin(); r != writing.records.end() && code == SQLITE_OK; ++r) {
        if (r->length == 0) {
          continue;
        }
        insert.bind(1, r->id);
        insert.bind(2, delivery::is_item(r->kind) ? r->stream : ~std::uint64_t{0});
        insert.bind(3, r->seq);
        insert.bind(4, writing.of(*r));
        code = insert.run();
        bytes += r->length;
      }
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

    static constexpr std::uint64_t mark = 1936421497;
    std::uint32_t since_measured = 0;
  };

  sqlite_store() = default;
  std::unique_ptr<state> in_;
};

static_assert(record_store<sqlite_store>);

}  // namespace skerry::inline v0::adapters
