// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// Those who keep records on disk: the segment log, SQLite and LMDB, each asked the same.

#include "storage.hpp"

#include <skerry/adapters/direct_file.hpp>
#include <skerry/adapters/posix_file.hpp>
#include <skerry/delivery/segment_log.hpp>

#if defined(SKERRY_BENCH_HAS_SQLITE)
#include <skerry/adapters/sqlite_store.hpp>

#include <sqlite3.h>
#endif
#if defined(SKERRY_BENCH_HAS_LMDB)
#include <lmdb.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace storage_bench {

inline constexpr std::size_t payload_bytes = 256;

/// `commit` makes `count` new records durable, and with them the word that all up to `done` may go; `acknowledge` makes that word
/// durable alone.
class subject {
 public:
  subject() = default;
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;
  virtual ~subject() = default;
  virtual void commit(std::uint64_t first, std::uint64_t count, std::uint64_t done) = 0;
  virtual void acknowledge(std::uint64_t done) = 0;
  /// Records that stand and are not acknowledged.
  virtual std::uint64_t waiting() = 0;

 protected:
  [[nodiscard]] static std::span<const std::byte> payload_of(std::uint64_t n) {
    static std::array<std::byte, payload_bytes> bytes{};
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<std::byte>(n >> (8 * i));
    }
    return bytes;
  }
};

/// A `record_store`, asked as an outbox asks it.
template <typename Store>
class store_subject : public subject {
 public:
  void commit(std::uint64_t first, std::uint64_t count, std::uint64_t done) override {
    require(store_->advance({0, done, 0}), "store: advance");
    skerry::record_header h;
    for (std::uint64_t n = first; n < first + count; ++n) {
      h.seq = n;
      require(store_->append(h, payload_of(n)), "store: append");
    }
    require(store_->sync(), "store: sync");
  }
  void acknowledge(std::uint64_t done) override {
    require(store_->advance({0, done, 0}), "store: advance");
    require(store_->sync(), "store: sync");
  }
  std::uint64_t waiting() override {
    std::array<std::byte, payload_bytes> out{};
    const auto report = store_->open();
    require(report, "store: open");
    std::uint64_t n = 0;
    for (skerry::position at = report.value().first; at < report.value().end;) {
      const auto record = store_->read(at, out);
      require(record, "store: read");
      n += record.value().header.kind == skerry::record_kind::data ? 1 : 0;
      at = record.value().next;
    }
    return n;
  }

 protected:
  std::unique_ptr<Store> store_;
};

inline constexpr skerry::delivery::segment_config log_config{.segment_bytes = 8U << 20, .segments = 16, .entropy = 1};

/// On a `posix_file`; records gather in so many bytes.
template <std::uint32_t Buffer>
class log_subject final : public store_subject<skerry::delivery::segment_log<skerry::adapters::posix_file, {16, 8, Buffer}>> {
 public:
  explicit log_subject(const std::string& path) : device_{skerry::adapters::posix_file::create(path.c_str()).value()} {
    using log_type = skerry::delivery::segment_log<skerry::adapters::posix_file, {16, 8, Buffer}>;
    this->store_ = std::make_unique<log_type>(log_type::create(device_, log_config).value());
    require(this->store_->open(), "segment_log: open");
  }

 private:
  skerry::adapters::posix_file device_;
};

/// On a `direct_file`, which gathers by itself.
using direct_log = skerry::delivery::segment_log<skerry::adapters::direct_file, {16, 8, 0}>;
class direct_subject final : public store_subject<direct_log> {
 public:
  explicit direct_subject(const std::string& path)
      : memory_{std::make_unique<memory>()}, device_{skerry::adapters::direct_file::create(path.c_str(), memory_->bytes).value()} {
    store_ = std::make_unique<direct_log>(direct_log::create(device_, log_config).value());
    require(store_->open(), "segment_log: open");
  }
  ~direct_subject() override { require(device_.way() == skerry::adapters::write_way::direct, "direct_file: O_DIRECT was refused"); }

 private:
  struct alignas(4096) memory {
    std::array<std::byte, std::size_t{128} << 10> bytes{};
  };
  std::unique_ptr<memory> memory_;
  skerry::adapters::direct_file device_;
};

#if defined(SKERRY_BENCH_HAS_SQLITE)
/// The adapter, with the pragmas of the table below.
class sqlite_store_subject final : public store_subject<skerry::adapters::sqlite_store> {
 public:
  explicit sqlite_store_subject(const std::string& path) {
    store_ = std::make_unique<skerry::adapters::sqlite_store>(skerry::adapters::sqlite_store::create(path.c_str()).value());
    require(store_->open(), "sqlite_store: open");
  }
};

/// A table with the number as its key, WAL, synchronous FULL; otherwise as SQLite comes. Statements are prepared once.
class sqlite_subject final : public subject {
 public:
  explicit sqlite_subject(const std::string& path) {
    require(sqlite3_open((path + ".sqlite").c_str(), &db_) == SQLITE_OK, "sqlite: open");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE outbox(seq INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
    begin_ = prepare("BEGIN IMMEDIATE");
    insert_ = prepare("INSERT INTO outbox VALUES(?, ?)");
    erase_ = prepare("DELETE FROM outbox WHERE seq <= ?");
    commit_ = prepare("COMMIT");
  }
  ~sqlite_subject() override {
    for (sqlite3_stmt* const s : {begin_, insert_, erase_, commit_}) {
      sqlite3_finalize(s);
    }
    sqlite3_close(db_);
  }
  void commit(std::uint64_t first, std::uint64_t count, std::uint64_t done) override {
    step(begin_);
    erase(done);
    for (std::uint64_t n = first; n < first + count; ++n) {
      const auto bytes = payload_of(n);
      sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(n));
      sqlite3_bind_blob(insert_, 2, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
      step(insert_);
    }
    step(commit_);
  }
  void acknowledge(std::uint64_t done) override {
    step(begin_);
    erase(done);
    step(commit_);
  }
  std::uint64_t waiting() override {
    sqlite3_stmt* const count = prepare("SELECT count(*) FROM outbox");
    require(sqlite3_step(count) == SQLITE_ROW, "sqlite: count");
    const auto n = static_cast<std::uint64_t>(sqlite3_column_int64(count, 0));
    sqlite3_finalize(count);
    return n;
  }

 private:
  void run(const char* sql) { require(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* s = nullptr;
    require(sqlite3_prepare_v2(db_, sql, -1, &s, nullptr) == SQLITE_OK, sql);
    return s;
  }
  static void step(sqlite3_stmt* s) {
    require(sqlite3_step(s) == SQLITE_DONE, "sqlite: step");
    sqlite3_reset(s);
  }
  void erase(std::uint64_t done) {
    if (done > 0) {
      sqlite3_bind_int64(erase_, 1, static_cast<sqlite3_int64>(done));
      step(erase_);
    }
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt *begin_ = nullptr, *insert_ = nullptr, *erase_ = nullptr, *commit_ = nullptr;
};
#endif

#if defined(SKERRY_BENCH_HAS_LMDB)
/// Integer keys, appended; durable at each commit, as LMDB comes.
class lmdb_subject final : public subject {
 public:
  explicit lmdb_subject(const std::string& path) {
    require(mdb_env_create(&env_) == 0 && mdb_env_set_mapsize(env_, std::size_t{1} << 30) == 0 &&
                mdb_env_open(env_, (path + ".lmdb").c_str(), MDB_NOSUBDIR, 0666) == 0,
            "lmdb: open");
    MDB_txn* const t = begin();
    require(mdb_dbi_open(t, nullptr, MDB_INTEGERKEY, &table_) == 0 && mdb_txn_commit(t) == 0, "lmdb: table");
  }
  ~lmdb_subject() override { mdb_env_close(env_); }
  void commit(std::uint64_t first, std::uint64_t count, std::uint64_t done) override {
    MDB_txn* const t = begin();
    if (done > 0) {
      erase(t, done);
    }
    for (std::uint64_t n = first; n < first + count; ++n) {
      const auto bytes = payload_of(n);
      std::size_t number = n;
      MDB_val key{sizeof(number), &number};
      MDB_val value{bytes.size(), const_cast<std::byte*>(bytes.data())};
      require(mdb_put(t, table_, &key, &value, MDB_APPEND) == 0, "lmdb: put");
    }
    require(mdb_txn_commit(t) == 0, "lmdb: commit");
  }
  void acknowledge(std::uint64_t done) override {
    MDB_txn* const t = begin();
    erase(t, done);
    require(mdb_txn_commit(t) == 0, "lmdb: commit");
  }
  std::uint64_t waiting() override {
    MDB_txn* const t = begin();
    MDB_stat info{};
    require(mdb_stat(t, table_, &info) == 0, "lmdb: stat");
    mdb_txn_abort(t);
    return info.ms_entries;
  }

 private:
  MDB_txn* begin() {
    MDB_txn* t = nullptr;
    require(mdb_txn_begin(env_, nullptr, 0, &t) == 0, "lmdb: begin");
    return t;
  }
  void erase(MDB_txn* t, std::uint64_t done) {
    MDB_cursor* c = nullptr;
    require(mdb_cursor_open(t, table_, &c) == 0, "lmdb: cursor");
    MDB_val key{};
    MDB_val value{};
    while (mdb_cursor_get(c, &key, &value, MDB_FIRST) == 0 && *static_cast<std::size_t*>(key.mv_data) <= done) {
      require(mdb_cursor_del(c, 0) == 0, "lmdb: delete");
    }
    mdb_cursor_close(c);
  }
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};
#endif

}  // namespace storage_bench
