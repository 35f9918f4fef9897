// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// What storage benchmarks stand on: a folder on a real disk, the raw cost of a sync, and who wrote how many bytes.

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace storage_bench {

/// Of a condition, or of what an operation answered.
template <typename Answer>
void require(const Answer& good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "delivery benchmark: %s\n", what);
    std::abort();
  }
}

/// Syncs block, so this is wall time: see `policy_name` for what keeps the scheduler out of it.
inline double now_us() {
  std::timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

inline double median(std::vector<double> of) {
  if (of.empty()) {
    return 0;
  }
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
}

/// A blocked thread that is woken late shows 4 ms for a sync of 65 µs: run under `chrt -f 10`.
inline const char* policy_name() {
  switch (sched_getscheduler(0)) {
    case SCHED_FIFO: return "SCHED_FIFO";
    case SCHED_RR: return "SCHED_RR";
    default: return "not real-time: run under chrt -f 10";
  }
}

/// A new folder in $SKERRY_BENCH_DIR (or here), gone with this object. It has to be on the disk that is to be measured.
class scratch {
 public:
  scratch() {
    const char* const base = std::getenv("SKERRY_BENCH_DIR");
    std::string pattern = std::string{base == nullptr ? "." : base} + "/skerry_bench_XXXXXX";
    require(::mkdtemp(pattern.data()) != nullptr, "no folder: set SKERRY_BENCH_DIR");
    path_ = pattern;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string at(const char* name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// `pwrite` of 288 bytes and `fdatasync`, in a file of zeros: what the medium allows at best.
class raw_probe {
 public:
  explicit raw_probe(const scratch& in) : fd_{::open(in.at("probe").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)} {
    const std::array<char, 4096> zeros{};
    for (off_t at = 0; at < bytes; at += 4096) {
      require(::pwrite(fd_, zeros.data(), zeros.size(), at) == 4096, "probe: write");
    }
    require(::fsync(fd_) == 0, "probe: sync");
  }
  raw_probe(const raw_probe&) = delete;
  raw_probe& operator=(const raw_probe&) = delete;
  ~raw_probe() { ::close(fd_); }

  [[nodiscard]] double p50_us() {
    const std::array<char, 288> record{};
    std::vector<double> times;
    for (int i = 0; i < 101; ++i, at_ = (at_ + 288) % (bytes - 288)) {
      const double begin = now_us();
      require(::pwrite(fd_, record.data(), record.size(), at_) == 288 && ::fdatasync(fd_) == 0, "probe");
      times.push_back(now_us() - begin);
    }
    return median(std::move(times));
  }

 private:
  static constexpr off_t bytes = 4 << 20;
  int fd_;
  off_t at_ = 0;
};

/// Bytes that this process has made dirty, as Linux accounts them (`write_bytes` of /proc/self/io: whole pages).
inline double dirtied_bytes() {
  std::ifstream io{"/proc/self/io"};
  std::string key;
  double value = 0;
  while (io >> key >> value) {
    if (key == "write_bytes:") {
      return value;
    }
  }
  return 0;
}

/// Bytes that the whole device has written, whoever asked for it: a journal and other processes too.
inline double device_bytes(const scratch& in) {
  struct stat info {};
  if (::stat(in.path().c_str(), &info) != 0) {
    return 0;
  }
  std::ifstream stat{"/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" + std::to_string(minor(info.st_dev)) + "/stat"};
  double value = 0;
  for (int field = 1; stat >> value; ++field) {
    if (field == 7) {
      return value * 512;
    }
  }
  return 0;
}

}  // namespace storage_bench
