// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What a start costs: the walk over a segment log whose files lie in the page cache, and the memory that opening a backlog takes.
#include "log_subjects.hpp"

#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/record.hpp>

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace {
using namespace storage_bench;
using skerry::delivery::record_head;
using skerry::delivery::record_size;

/// A file of 64 MiB full of records, read through the device in pieces of `buffer` bytes.
void scan_file(benchmark::State& state) {
  const scratch folder;
  auto device = skerry::adapters::posix_file::create(folder.path().c_str()).value();
  require(device.create(std::string_view{"records"}), "create");
  constexpr std::uint64_t bytes = 64U << 20;
  constexpr std::uint32_t salt = 0x1234'5678;
  std::array<std::byte, payload_bytes> payload{};
  std::array<std::byte, record_size(payload_bytes)> image{};
  std::vector<std::byte> whole;
  skerry::record_header h;
  std::uint64_t records = 0;
  for (; whole.size() + image.size() <= bytes; ++records) {
    h.seq = records + 1;
    payload[0] = static_cast<std::byte>(records);
    require(skerry::delivery::write_record(image, h, payload, {salt, whole.size()}), "write_record");
    whole.insert(whole.end(), image.begin(), image.end());
  }
  require(device.write("records", 0, whole), "write");
  std::vector<std::byte> buffer(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    skerry::delivery::record_scanner walk{
        [&device](std::uint64_t offset, std::span<std::byte> out) noexcept { return device.read("records", offset, out); },
        buffer,
        {salt, 0},
        whole.size()};
    std::uint64_t found = 0;
    while (walk.next()) {
      ++found;
    }
    require(found == records, "a record was not found");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * whole.size()));
#if SKERRY_CRC32C_INSTRUCTIONS
  state.SetLabel("CRC by the processor's instruction, if it has one");
#else
  state.SetLabel("CRC by tables");
#endif
}
BENCHMARK(scan_file)->ArgName("buffer")->Arg(4096)->Arg(65536)->Unit(benchmark::kMillisecond);

/// A log on disk that holds `items` records which nobody has acknowledged, made without syncs.
class backlog {
 public:
  explicit backlog(std::uint64_t items) : device_{skerry::adapters::posix_file::create(folder_.path().c_str()).value()} {
    auto log = std::make_unique<log_type>(create());
    require(log->open(), "open");
    for (std::uint64_t n = 1; n <= items; ++n) {
      skerry::record_header h;
      h.seq = n;
      std::array<std::byte, 224> payload{};
      require(log->append(h, payload), "append");
    }
    require(log->sync(), "sync");
  }
  using log_type = skerry::delivery::segment_log<skerry::adapters::posix_file, skerry::delivery::segment_limits{64, 8}>;
  [[nodiscard]] log_type create() { return log_type::create(device_, {.segment_bytes = 8U << 20, .segments = 64, .entropy = 1}).value(); }

 private:
  scratch folder_;
  skerry::adapters::posix_file device_;
};

void open_log(benchmark::State& state) {
  backlog full{static_cast<std::uint64_t>(state.range(0))};
  auto log = std::make_unique<backlog::log_type>(full.create());
  std::uint64_t records = 0;
  for (auto _ : state) {
    const auto report = log->open();
    require(report, "open");
    records = report.value().records;
  }
  state.counters["records"] = static_cast<double>(records);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0) * 256);
}
BENCHMARK(open_log)->ArgName("items")->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

struct opened_memory {
  std::size_t heap = 0;
  std::size_t stack = 0;
  std::size_t object = 0;
  std::uint64_t queued = 0;
  double ms = 0;
};

/// Opens an outbox over the backlog on a painted stack: what is not paint any more was touched.
opened_memory open_outbox(backlog& of) {
  using box = skerry::delivery::outbox<std::uint32_t, backlog::log_type, skerry::delivery::outbox_limits{8, 1024, 256}>;
  constexpr std::size_t stack_bytes = 1U << 20;
  constexpr unsigned char paint = 0xa5;
  struct job {
    backlog* of;
    opened_memory got{};
  } it{&of};
  void* stack = nullptr;
  require(::posix_memalign(&stack, 4096, stack_bytes) == 0, "stack");
  __builtin_memset(stack, paint, stack_bytes);
  pthread_attr_t how;
  pthread_attr_init(&how);
  pthread_attr_setstack(&how, stack, stack_bytes);
  pthread_t thread{};
  const auto work = [](void* p) -> void* {
    job& mine = *static_cast<job*>(p);
    const auto log = std::make_unique<backlog::log_type>(mine.of->create());
    static constexpr skerry::delivery::outbox_config config{.quota_bytes = 1U << 30, .quota_items = 2'000'000};
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const double begin = now_us();
    const auto opened = box::open(*log, config, skerry::delivery::device_seed::for_test(1), {});
    mine.got.ms = (now_us() - begin) / 1000;
    require(opened, "outbox: open");
    mine.got.heap = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    mine.got.object = sizeof(box) + sizeof(*log);
    mine.got.queued = opened.value().queued();
    return nullptr;
  };
  require(pthread_create(&thread, &how, work, &it) == 0, "thread");
  pthread_join(thread, nullptr);
  const auto* const bytes = static_cast<const unsigned char*>(stack);
  std::size_t untouched = 0;
  while (untouched < stack_bytes && bytes[untouched] == paint) {
    ++untouched;
  }
  it.got.stack = stack_bytes - untouched;
  std::free(stack);
  return it.got;
}

void open_backlog(benchmark::State& state) {
  backlog none{0};
  backlog full{static_cast<std::uint64_t>(state.range(0))};
  (void)open_outbox(none);  // what the C library sets up once
  const opened_memory empty = open_outbox(none);
  opened_memory got;
  for (auto _ : state) {
    got = open_outbox(full);
    state.SetIterationTime(got.ms / 1000);
  }
  const auto difference = [](std::size_t a, std::size_t b) { return static_cast<double>(a) - static_cast<double>(b); };
  state.counters["queued"] = static_cast<double>(got.queued);
  state.counters["object"] = static_cast<double>(got.object);
  state.counters["heap_more"] = difference(got.heap, empty.heap);
  state.counters["stack"] = static_cast<double>(got.stack);
  state.counters["stack_more"] = difference(got.stack, empty.stack);
}
BENCHMARK(open_backlog)->ArgName("items")->Arg(1000)->Arg(1'000'000)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
