// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/adapters/sqlite_store.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/outbox.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::cursor;
using skerry::errc;
using skerry::position;
using skerry::record_header;
using skerry::record_kind;
using skerry::adapters::sqlite_config;
using skerry::adapters::sqlite_store;

/// A place of its own for each test, which is gone afterwards.
struct folder {
  std::filesystem::path path;
  explicit folder(const char* name)
      : path{std::filesystem::temp_directory_path() / ("skerry-sqlite-" + std::string{name} + "-" + std::to_string(::getpid()))} {
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  [[nodiscard]] std::string file() const { return (path / "outbox.db").string(); }
  [[nodiscard]] sqlite_store make(const sqlite_config& config = {}) const {
    return std::move(sqlite_store::create(file().c_str(), config)).value();
  }
};

record_header data(std::uint16_t stream, std::uint64_t seq) {
  record_header h;
  h.stream = stream;
  h.seq = seq;
  return h;
}
std::vector<std::byte> payload_of(std::uint64_t seq, std::size_t n) {
  std::vector<std::byte> out(n);
  skerry::splitmix64 random{seq};
  std::generate(out.begin(), out.end(), [&] { return static_cast<std::byte>(random()); });
  return out;
}
std::vector<record_header> all_of(sqlite_store& store, const skerry::recovery_report& report) {
  std::vector<record_header> out;
  std::array<std::byte, 4096> buffer{};
  for (position at = report.first; at < report.end;) {
    const auto r = store.read(at, buffer);
    REQUIRE(r);
    REQUIRE(r.value().next > at);
    out.push_back(r.value().header);
    at = r.value().next;
  }
  return out;
}

/// A file system that can be told to have no space left, or to fail. Everything else is the default one's.
class failing_vfs {
 public:
  static inline std::atomic<bool> full{false};
  static inline std::string spare;  // while this file is away, its room may be used
  static inline std::int64_t room = 0;
  static inline std::atomic<int> syncs_that_fail{0};

  failing_vfs() {
    real_ = sqlite3_vfs_find(nullptr);
    ours_ = *real_;
    ours_.zName = "failing";
    ours_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
    ours_.xOpen = open;
    sqlite3_vfs_register(&ours_, 1);
  }
  ~failing_vfs() {
    sqlite3_vfs_unregister(&ours_);
    full = false;
    syncs_that_fail = 0;
  }
  failing_vfs(const failing_vfs&) = delete;
  failing_vfs& operator=(const failing_vfs&) = delete;

 private:
  struct file {
    sqlite3_file base;
    sqlite3_file* real;
  };
  static inline sqlite3_vfs* real_ = nullptr;
  static inline sqlite3_vfs ours_{};

  static sqlite3_file* in(sqlite3_file* f) { return reinterpret_cast<file*>(f)->real; }
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
    auto* const mine = reinterpret_cast<file*>(f);
    mine->real = reinterpret_cast<sqlite3_file*>(mine + 1);
    mine->base.pMethods = nullptr;
    const int code = real_->xOpen(real_, name, mine->real, flags, out);
    if (code == SQLITE_OK) {
      mine->base.pMethods = &methods;
    }
    return code;
  }
  static int write(sqlite3_file* f, const void* data, int n, sqlite3_int64 at) {
    sqlite3_int64 size = 0;
    (void)in(f)->pMethods->xFileSize(in(f), &size);
    if (full && at + n > size) {  // what is there already can be written again
      if (std::filesystem::exists(spare) || room < at + n - size) {
        return SQLITE_FULL;
      }
      room -= at + n - size;
    }
    return in(f)->pMethods->xWrite(in(f), data, n, at);
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 n) {
    sqlite3_int64 size = 0;
    (void)in(f)->pMethods->xFileSize(in(f), &size);
    room += full && size > n ? size - n : 0;
    return in(f)->pMethods->xTruncate(in(f), n);
  }
  static int sync(sqlite3_file* f, int flags) {
    if (syncs_that_fail > 0) {
      --syncs_that_fail;
      return SQLITE_IOERR_FSYNC;
    }
    return in(f)->pMethods->xSync(in(f), flags);
  }
  static constexpr sqlite3_io_methods methods{
      3,
      [](sqlite3_file* f) { return in(f)->pMethods->xClose(in(f)); },
      [](sqlite3_file* f, void* out, int n, sqlite3_int64 at) { return in(f)->pMethods->xRead(in(f), out, n, at); },
      write,
      truncate,
      sync,
      [](sqlite3_file* f, sqlite3_int64* n) { return in(f)->pMethods->xFileSize(in(f), n); },
      [](sqlite3_file* f, int l) { return in(f)->pMethods->xLock(in(f), l); },
      [](sqlite3_file* f, int l) { return in(f)->pMethods->xUnlock(in(f), l); },
      [](sqlite3_file* f, int* r) { return in(f)->pMethods->xCheckReservedLock(in(f), r); },
      [](sqlite3_file* f, int op, void* arg) {
        return op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE ? SQLITE_OK : in(f)->pMethods->xFileControl(in(f), op, arg);
      },
      [](sqlite3_file* f) { return in(f)->pMethods->xSectorSize(in(f)); },
      [](sqlite3_file* f) { return in(f)->pMethods->xDeviceCharacteristics(in(f)); },
      [](sqlite3_file* f, int page, int size, int extend, void volatile** at) {
        return in(f)->pMethods->xShmMap(in(f), page, size, extend, at);
      },
      [](sqlite3_file* f, int from, int n, int flags) { return in(f)->pMethods->xShmLock(in(f), from, n, flags); },
      [](sqlite3_file* f) { in(f)->pMethods->xShmBarrier(in(f)); },
      [](sqlite3_file* f, int remove) { return in(f)->pMethods->xShmUnmap(in(f), remove); },
      nullptr,
      nullptr};
  // Version 2: no memory mapping, so every byte comes through here.
};

TEST_CASE("records are read back as they were, before the sync, after it, and after opening again") {
  const folder at{"again"};
  {
    auto store = at.make();
    CHECK(store.open().value().fresh);
    std::vector<position> places(1);
    for (std::uint64_t seq = 1; seq <= 30; ++seq) {
      record_header h = data(static_cast<std::uint16_t>(seq % 3), seq);
      h.ttl_s = 77;
      h.importance = 2;
      h.stamp = skerry::wall_ms{1'700'000'000'000 + seq};
      const auto place = store.append(h, payload_of(seq, seq * 9));
      REQUIRE(place);
      places.push_back(place.value());
      if (seq == 20) {
        REQUIRE(store.sync());
      }
    }
    std::array<std::byte, 512> out{};
    for (std::uint64_t seq = 1; seq <= 30; ++seq) {
      const auto r = store.read(places[seq], out);
      REQUIRE(r);
      CHECK(r.value().header.seq == seq);
      CHECK(r.value().header.ttl_s == 77);
      CHECK(r.value().header.stamp.value == 1'700'000'000'000 + seq);
      const auto expected = payload_of(seq, seq * 9);
      CHECK(std::equal(expected.begin(), expected.end(), r.value().payload.begin(), r.value().payload.end()));
    }
    CHECK(store.read(position{500}, out).error() == errc::absent);
    CHECK(store.read(places[29], std::span{out}.first(8)).error() == errc::width);
  }
  auto store = at.make();
  const auto report = store.open().value();
  CHECK_FALSE(report.fresh);
  CHECK(report.records == 20);  // nobody promised the ten behind the sync
  std::uint64_t last = 0;
  for (const record_header& h : all_of(store, report)) {
    CHECK(h.seq == ++last);  // by age, whatever the stream
  }
}

TEST_CASE("what is acknowledged is gone at once, and still gone after opening again") {
  const folder at{"gone"};
  {
    auto store = at.make();
    REQUIRE(store.open());
    for (std::uint64_t seq = 1; seq <= 40; ++seq) {
      REQUIRE(store.append(data(0, seq), payload_of(seq, 20)));
      REQUIRE(store.append(data(1, seq), payload_of(seq, 20)));
      if (seq == 25) {
        REQUIRE(store.sync());
      }
    }
    REQUIRE(store.advance(cursor{0, 10, 0b101}));
    std::array<std::byte, 64> out{};
    const auto here = [&](std::uint64_t seq) { return store.read(position{2 * seq - 1}, out).error() == errc::ok; };
    CHECK_FALSE(here(10));
    CHECK_FALSE(here(11));
    CHECK(here(12));
    CHECK_FALSE(here(13));
    CHECK(here(30));
    REQUIRE(store.advance(cursor{0, 38, 0}));
    REQUIRE(store.sync());
  }
  auto store = at.make();
  const auto found = all_of(store, store.open().value());
  CHECK(std::count_if(found.begin(), found.end(), [](const record_header& h) { return h.stream == 0; }) == 2);
  CHECK(std::count_if(found.begin(), found.end(), [](const record_header& h) { return h.stream == 1; }) == 40);
}

TEST_CASE("headers that have no place here are refused") {
  const folder at{"refused"};
  auto store = at.make();
  CHECK(store.append(data(0, 1), std::vector<std::byte>(1 << 24)).error() == errc::width);
  record_header h = data(0, 1);
  h.importance = 4;
  CHECK(store.append(h, {}).error() == errc::invalid);
}

TEST_CASE("what was appended out of turn goes when it is acknowledged, wherever it stands") {
  for (const bool synced : {false, true}) {
    CAPTURE(synced);
    const folder at{"turn"};
    auto store = at.make();
    REQUIRE(store.open());
    for (const std::uint64_t seq : {1U, 2U, 4U, 5U, 6U, 3U, 7U, 8U}) {
      REQUIRE(store.append(data(0, seq), payload_of(seq, 10)));
      REQUIRE(store.append(data(1, seq), payload_of(seq, 10)));
    }
    REQUIRE((!synced || store.sync()));
    REQUIRE(store.advance(cursor{0, 3, 0b10}));
    REQUIRE(store.sync());
    REQUIRE(store.advance(cursor{1, 2, 0b1000}));
    REQUIRE(store.advance(cursor{1, 6, 0}));
    store = at.make();  // the destructor writes nothing: what is not synced is not there
    std::vector<std::uint64_t> left[2];
    for (const record_header& h : all_of(store, store.open().value())) {
      left[h.stream].push_back(h.seq);
    }
    CHECK(left[0] == std::vector<std::uint64_t>{4, 6, 7, 8});
    CHECK(left[1].size() == 8);
    REQUIRE(store.advance(cursor{1, 6, 0}));
    REQUIRE(store.advance(cursor{0, 4, 0}));
    REQUIRE(store.sync());
    left[0].clear();
    left[1].clear();
    for (const record_header& h : all_of(store, store.open().value())) {
      left[h.stream].push_back(h.seq);
    }
    CHECK(left[0] == std::vector<std::uint64_t>{6, 7, 8});
    CHECK(left[1] == std::vector<std::uint64_t>{7, 8});
  }
}

TEST_CASE("of leases the newest is kept") {
  const folder at{"lease"};
  {
    auto store = at.make();
    for (std::uint64_t n = 1; n <= 100; ++n) {
      record_header h = data(0, n * 4096);
      h.kind = record_kind::seq_lease;
      REQUIRE(store.append(h, payload_of(n, 4)));
      REQUIRE((n % 10 != 0 || store.sync()));
    }
  }
  auto store = at.make();
  const auto found = all_of(store, store.open().value());
  REQUIRE(found.size() == 1);
  CHECK(found[0].kind == record_kind::seq_lease);
  CHECK(found[0].seq == 409'600);
}

// The contract of an outbox, with the volatile store as the model: the same calls have the same answers.
TEST_CASE("an outbox over SQLite answers every call as one over memory does, over reopenings too") {
  using memory = memory_store<std::size_t{1} << 20>;
  constexpr outbox_limits limits{3, 64, 100};
  using mine = outbox<std::uint64_t, sqlite_store, limits>;
  using model = outbox<std::uint64_t, memory, limits>;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    const folder at{"contract"};
    outbox_config config{.quota_bytes = 3000, .quota_items = 50};
    config.evict = static_cast<eviction>(seed % 5);
    config.stream_window = static_cast<std::uint16_t>(1 + seed % 4);
    config.streams = seed % 2 == 0 ? order::strict : order::live_first;
    config.receiver_window = 0;
    const sqlite_config quick{.survives_power_cut = false, .unsynced_acknowledgements = static_cast<std::uint32_t>(1 + seed % 8)};
    auto ram = std::make_unique<memory>();
    std::optional<sqlite_store> store{at.make(quick)};
    std::uint64_t now = 1000;
    const auto clock = [&] { return skerry::clock_reading<std::uint64_t>{now, skerry::wall_ms{1'700'000'000'000 + now}, true}; };
    auto a = std::make_unique<mine>(mine::open(*store, config, device_seed::for_test(seed), clock()).value());
    auto b = std::make_unique<model>(model::open(*ram, config, device_seed::for_test(seed), clock()).value());
    std::vector<item_id> out;
    skerry::pcg32 random{seed};
    for (int i = 0; i < 400; ++i) {
      CAPTURE(i);
      now += random() % 30;
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          item_options<std::uint64_t> options;
          options.stream = static_cast<stream_id>(random() % 3);
          options.importance = static_cast<std::uint8_t>(random() % 4);
          options.ttl_s = random() % 4 == 0 ? 1 + random() % 3 : 0;
          const auto payload = payload_of(random(), random() % 101);
          options.batch = payload.size() % 3 == 1;  // to a store one item like others
          options.squeezed = payload.size() % 5 == 1;
          const auto x = a->append(payload, options, now);
          const auto y = b->append(payload, options, now);
          REQUIRE(x.error() == y.error());
          REQUIRE((!x || x.value().id == y.value().id));
          break;
        }
        case 3:
        case 4: {
          const auto x = a->take(now);
          const auto y = b->take(now);
          REQUIRE(x.error() == y.error());
          if (x) {
            REQUIRE(x.value().id == y.value().id);
            REQUIRE(x.value().historical == y.value().historical);
            REQUIRE(x.value().stamp == y.value().stamp);
            REQUIRE(x.value().batch == (x.value().payload.size() % 3 == 1));
            REQUIRE(x.value().squeezed == (x.value().payload.size() % 5 == 1));
            REQUIRE(std::equal(x.value().payload.begin(), x.value().payload.end(), y.value().payload.begin(), y.value().payload.end()));
            out.push_back(x.value().id);
          }
          break;
        }
        case 5:
        case 6:
          if (!out.empty()) {
            const std::size_t which = random() % out.size();
            const item_id id = out[which];
            out.erase(out.begin() + static_cast<std::ptrdiff_t>(which));
            if (random() % 4 == 0) {
              REQUIRE(a->give_back(id, outcome::transient, now, 20) == b->give_back(id, outcome::transient, now, 20));
            } else {
              REQUIRE(a->acknowledge(id) == b->acknowledge(id));
            }
          }
          break;
        default:
          if (a->wants_sync(now)) {
            REQUIRE(b->wants_sync(now));
            REQUIRE((a->flush_acknowledgements() && b->flush_acknowledgements()));
            a->on_synced(store->sync());
            b->on_synced(ram->sync());
          }
          if (random() % 10 == 0) {
            REQUIRE((a->flush_acknowledgements() && store->sync()));
            REQUIRE(b->flush_acknowledgements());
            a.reset();
            store.reset();
            store.emplace(at.make(quick));
            a = std::make_unique<mine>(
                mine::open(*store, config, device_seed::for_test(seed + static_cast<std::uint64_t>(i)), clock()).value());
            b = std::make_unique<model>(
                model::open(*ram, config, device_seed::for_test(seed + static_cast<std::uint64_t>(i)), clock()).value());
            out.clear();
          }
      }
      REQUIRE(a->queued() == b->queued());
      REQUIRE(a->queued_bytes() == b->queued_bytes());
      for (stream_id s = 0; s < 3; ++s) {
        REQUIRE(a->durable_upto(s) == b->durable_upto(s));
      }
    }
    REQUIRE(a->counters() == b->counters());
  }
}

TEST_CASE("a process killed at any moment loses nothing that an outbox over SQLite called durable") {
  using box_type = outbox<std::uint64_t, sqlite_store, outbox_limits{1, 2048, 64}>;
  const outbox_config config{.quota_bytes = 1 << 20, .quota_items = 2048, .mode = durability::os};
  for (std::uint64_t round = 0; round < 5; ++round) {
    CAPTURE(round);
    const folder at{"killed"};
    int pipes[2];
    REQUIRE(::pipe(pipes) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipes[0]);
      auto store = at.make({.survives_power_cut = false});
      auto box = std::make_unique<box_type>(box_type::open(store, config, device_seed::for_test(round), {0, {}, false}).value());
      for (std::uint64_t n = 1;; ++n) {
        std::array<std::byte, 8> payload{};
        skerry::byte_writer(payload).u64(n);
        const auto ticket = box->append(payload, {.repeat = repeatable::yes}, n);
        if (!ticket || !store.sync() || ::write(pipes[1], payload.data(), payload.size()) != 8) {
          ::_exit(1);
        }
      }
    }
    ::close(pipes[1]);
    std::uint64_t told = 0;
    const std::uint64_t enough = 40 + round * 137;
    std::array<std::byte, 8> message{};
    while (told < enough && ::read(pipes[0], message.data(), message.size()) == 8) {
      told = skerry::byte_reader(message).u64();
    }
    ::kill(child, SIGKILL);
    int how = 0;
    ::waitpid(child, &how, 0);
    while (::read(pipes[0], message.data(), message.size()) == 8) {
      told = skerry::byte_reader(message).u64();
    }
    ::close(pipes[0]);
    REQUIRE(told >= enough);

    auto store = at.make();
    auto box = std::make_unique<box_type>(box_type::open(store, config, device_seed::for_test(round + 100), {0, {}, false}).value());
    std::uint64_t next = 1;
    for (auto item = box->take(1); item; item = box->take(1)) {
      REQUIRE(skerry::byte_reader(item.value().payload).u64() == next);
      REQUIRE(box->acknowledge(item.value().id));
      ++next;
    }
    CHECK(next > told);
    CHECK(next <= told + 2);
  }
}

TEST_CASE("a full medium takes acknowledgements, keeps what it has, and takes records again when there is room") {
  const failing_vfs files;
  const folder at{"full"};
  auto store = at.make();
  REQUIRE(store.open());
  std::uint64_t seq = 0;
  for (; seq < 2000; ++seq) {
    REQUIRE(store.append(data(0, seq + 1), payload_of(seq + 1, 200)));
    REQUIRE((seq % 16 != 0 || store.sync()));
  }
  REQUIRE(store.sync());
  failing_vfs::spare = at.file() + ".spare";
  failing_vfs::room = 1 << 20;
  failing_vfs::full = true;
  std::uint64_t refused = 0;
  std::uint64_t more = 0;
  for (int i = 0; i < 20'000 && refused == 0; ++i) {
    if (!store.append(data(0, seq + more + 1), payload_of(seq + more + 1, 200))) {
      ++refused;
    } else {
      ++more;
    }
    if (i % 16 == 15 && !store.sync()) {
      CHECK(store.sync().error() == errc::full);
    }
  }
  CHECK(refused == 1);
  // Acknowledgements go, into room that was kept for them; records wait.
  const auto rows = [&] {
    sqlite3* db = nullptr;
    sqlite3_stmt* count = nullptr;
    REQUIRE(sqlite3_open(at.file().c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_prepare_v2(db, "SELECT count(*) FROM records", -1, &count, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(count) == SQLITE_ROW);
    const auto n = static_cast<std::uint64_t>(sqlite3_column_int64(count, 0));
    sqlite3_finalize(count);
    sqlite3_close(db);
    return n;
  };
  const std::uint64_t before = rows();
  for (std::uint64_t upto = 100; upto <= 1000; upto += 100) {
    REQUIRE(store.advance(cursor{0, upto, 0}));
    CHECK(store.sync().error() == errc::full);  // what was appended is still not safe
    CHECK(rows() == before - upto);
  }
  CHECK(store.append(data(0, seq + more + 1), payload_of(1, 200)).error() == errc::full);
  failing_vfs::full = false;
  REQUIRE(store.sync());
  REQUIRE(store.append(data(0, seq + more + 1), payload_of(seq + more + 1, 200)));
  ++more;
  REQUIRE(store.sync());
  store = at.make();
  const auto found = all_of(store, store.open().value());
  REQUIRE(found.size() == seq + more - 1000);
  CHECK(found.front().seq == 1001);
  CHECK(found.back().seq == seq + more);
}

TEST_CASE("a sync that failed made nothing durable, and the next one writes it anew") {
  const failing_vfs files;
  const folder at{"fsync"};
  {
    auto store = at.make();
    REQUIRE(store.open());
    REQUIRE(store.append(data(0, 1), payload_of(1, 100)));
    REQUIRE(store.sync());
    REQUIRE(store.append(data(0, 2), payload_of(2, 100)));
    REQUIRE(store.advance(cursor{0, 1, 0}));
    failing_vfs::syncs_that_fail = 1;
    CHECK(store.sync().error() == errc::io);
    std::array<std::byte, 128> out{};
    CHECK(store.read(position{2}, out));  // it waits on
    CHECK(store.read(position{1}, out).error() == errc::absent);
    REQUIRE(store.append(data(0, 3), payload_of(3, 100)));
    REQUIRE(store.sync());
  }
  auto store = at.make();
  const auto found = all_of(store, store.open().value());
  REQUIRE(found.size() == 2);
  CHECK(found[0].seq == 2);
  CHECK(found[1].seq == 3);
}

TEST_CASE("of a transaction that fails at one row nothing stands, however many rows a statement takes") {
  const folder at{"row"};
  auto store = at.make();
  REQUIRE(store.open());
  for (std::uint64_t count = 1; count <= 45; count += 4) {
    CAPTURE(count);
    const std::uint64_t first = store.append(data(1, 1), payload_of(1, 50)).value().value;
    for (std::uint64_t n = 1; n < count; ++n) {
      REQUIRE(store.append(data(1, n + 1), payload_of(n + 1, 50)));
    }
    const auto other = [&](const std::string& sql) {
      sqlite3* db = nullptr;
      REQUIRE(sqlite3_open(at.file().c_str(), &db) == SQLITE_OK);
      REQUIRE(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
      const int changed = sqlite3_changes(db);
      sqlite3_close(db);
      return changed;
    };
    const std::string taken = std::to_string(first + count * 2 / 3);  // somebody else's row stands where one of ours belongs
    REQUIRE(other("INSERT INTO records VALUES(" + taken + ", 9, 9, x'00')") == 1);
    CHECK(store.sync().error() == errc::io);
    CHECK(other("DELETE FROM records WHERE id = " + taken) == 1);
    CHECK(other("DELETE FROM records") == 0);
    REQUIRE(store.sync());
    CHECK(other("UPDATE records SET stream = stream") == static_cast<int>(count));
    REQUIRE(store.advance(cursor{1, count, 0}));
    REQUIRE(store.sync());
    store = at.make();
    REQUIRE(store.open());
  }
}

TEST_CASE("beyond its limit the store is full, for leases too only when the medium is") {
  const folder at{"limit"};
  auto store = at.make({.max_bytes = 64 << 10, .unsynced_bytes = 4 << 10});
  REQUIRE(store.open());
  std::uint64_t seq = 0;
  while (store.append(data(0, seq + 1), payload_of(seq, 500))) {
    ++seq;
    REQUIRE(seq < 1000);
  }
  CHECK(seq > 60);
  CHECK(store.free_bytes() < 1000);
  record_header h = data(0, 9999);
  h.kind = record_kind::seq_lease;
  CHECK(store.append(h, payload_of(1, 4)));
  REQUIRE(store.advance(cursor{0, seq, 0}));
  REQUIRE(store.sync());
  REQUIRE(store.open());
  CHECK(store.append(data(0, seq + 1), payload_of(seq, 500)));
}

TEST_CASE("syncs on another thread lose nothing of what is appended meanwhile") {
  const folder at{"threads"};
  {
    auto store = at.make({.survives_power_cut = false});
    REQUIRE(store.open());
    std::atomic<bool> over{false};
    std::atomic<bool> good{true};
    const auto must = [&good](bool held) {
      if (!held) {
        good = false;
      }
    };
    std::thread other{[&] {
      while (!over) {
        must(bool{store.sync()});
      }
    }};
    std::array<std::byte, 64> out{};
    for (std::uint64_t seq = 1; seq <= 3000; ++seq) {
      must(bool{store.append(data(0, seq), payload_of(seq, 40))});
      if (seq % 8 == 0) {
        must(bool{store.read(position{seq - 3}, out)});
        must(bool{store.advance(cursor{0, seq - 8, 0})});
      }
    }
    over = true;
    other.join();
    CHECK(good);
    REQUIRE(store.sync());
  }
  auto store = at.make();
  const auto found = all_of(store, store.open().value());
  REQUIRE(found.size() == 8);
  CHECK(found.front().seq == 2993);
}

TEST_CASE("a byte changed in a row costs that record; a file that is no database costs what was in it, and is kept aside") {
  const folder at{"damage"};
  const auto fill = [&] {
    auto store = at.make();
    REQUIRE(store.open());
    for (std::uint64_t seq = 1; seq <= 200; ++seq) {
      REQUIRE(store.append(data(0, seq), payload_of(seq, 100)));
    }
    REQUIRE(store.sync());
  };
  fill();
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(at.file().c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "UPDATE records SET record = substr(record, 1, 50) || x'00' || substr(record, 52) WHERE id = 77", nullptr,
                       nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  {
    auto store = at.make();
    const auto report = store.open().value();
    CHECK(report.records == 199);
    CHECK(report.damaged_records == 1);
    CHECK(store.open().value().damaged_records == 0);
    REQUIRE(store.sync());
  }
  {
    REQUIRE(sqlite3_open(at.file().c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
    // A page in the middle is overwritten: what stands before and behind it is taken over.
    std::fstream file{at.file(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4096 * 4);
    file << std::string(4096, '\xff');
  }
  {
    auto store = at.make();
    const auto report = store.open().value();
    CHECK(report.damaged_records >= 1);
    CHECK(report.records > 100);
    CHECK_FALSE(report.fresh);
    CHECK(std::filesystem::exists(at.file() + ".damaged"));
    CHECK(all_of(store, report).size() == report.records);
  }
  std::filesystem::remove(at.file() + "-wal");
  std::ofstream{at.file(), std::ios::trunc | std::ios::binary} << std::string(9000, 'x');
  auto store = at.make();
  const auto report = store.open().value();
  CHECK(report.records == 0);
  CHECK(report.damaged_records == 1);
  CHECK_FALSE(report.fresh);
  CHECK(store.append(data(0, 1), {}));
  CHECK(store.sync());
}

TEST_CASE("a database of somebody else is left alone") {
  const folder at{"foreign"};
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(at.file().c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "CREATE TABLE theirs(x)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  CHECK(sqlite_store::create(at.file().c_str()).error() == errc::unsupported);
  CHECK(sqlite_store::create((at.path / "no" / "such").c_str()).error() == errc::absent);
}
}  // namespace
