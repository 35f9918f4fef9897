// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace skerry::inline v0::adapters::detail {

/// A prepared statement.
class sqlite_statement {
 public:
  sqlite_statement() = default;
  sqlite_statement(const sqlite_statement&) = delete;
  sqlite_statement& operator=(const sqlite_statement&) = delete;
  ~sqlite_statement() { finalize(); }
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

/// The database of a `sqlite_store`: its file, its table, the statements over it, and NAME.spare beside it. Knows nothing of records. Its
/// owner has a lock around every use of it, so SQLite needs none.
struct sqlite_connection {
  sqlite_connection() = default;
  sqlite_connection(const sqlite_connection&) = delete;
  sqlite_connection& operator=(const sqlite_connection&) = delete;
  ~sqlite_connection() { disconnect(); }

  std::string path;
  bool survives_power_cut = true, has_spare = false;
  sqlite3* db = nullptr;
  sqlite_statement begin, commit, rollback, insert, insert_rows, erase, select, of_stream, erase_upto;

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
    return run(survives_power_cut ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  }
  [[nodiscard]] std::uint64_t number_from(const char* sql) noexcept {
    sqlite_statement one;
    std::uint64_t n = 0;
    if (one.prepare(db, sql) == SQLITE_OK && one.step() == SQLITE_ROW) {
      n = one.integer(0);
    }
    return n;
  }

  [[nodiscard]] status connect() noexcept {
    if (const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
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
      code = code == SQLITE_OK ? insert_rows.prepare(db, sql_of_rows().c_str()) : code;
      code = code == SQLITE_OK ? erase.prepare(db, "DELETE FROM records WHERE id = ?1") : code;
      code = code == SQLITE_OK ? select.prepare(db, "SELECT id, record FROM records WHERE id >= ?1 ORDER BY id LIMIT 2") : code;
      code = code == SQLITE_OK ? of_stream.prepare(db, "SELECT id, seq FROM records WHERE id >= ?1 AND stream = ?2 ORDER BY id") : code;
      code =
          code == SQLITE_OK ? erase_upto.prepare(db, "DELETE FROM records WHERE id BETWEEN ?1 AND ?2 AND stream = ?3 AND seq <= ?4") : code;
      s = error_of(code);
    }
    if (!s) {
      disconnect();
      return s;
    }
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
    for (sqlite_statement* one : {&begin, &commit, &rollback, &insert, &insert_rows, &erase, &select, &of_stream, &erase_upto}) {
      one->finalize();
    }
    sqlite3_close(db);
    db = nullptr;
  }
  [[nodiscard]] std::uint64_t bytes_of_pages() noexcept {
    return (number_from("PRAGMA page_count") - number_from("PRAGMA freelist_count")) * number_from("PRAGMA page_size");
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

  /// A step for each row is a fifth of what a row costs, its end included. FAIL: a statement that fails need not be undone by itself, since
  /// its transaction is.
  [[nodiscard]] static std::string sql_of_rows() {
    std::string sql = "INSERT OR FAIL INTO records VALUES";
    for (std::size_t row = 0; row < rows_at_once; ++row) {
      sql += row == 0 ? "(?, ?, ?, ?)" : ", (?, ?, ?, ?)";
    }
    return sql;
  }

  static constexpr std::size_t rows_at_once = 16;
  static constexpr std::uint64_t mark = 1936421497;
  static constexpr std::size_t spare_bytes = std::size_t{1} << 20;
};

}  // namespace skerry::inline v0::adapters::detail
