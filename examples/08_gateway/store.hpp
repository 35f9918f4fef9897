// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "messages.hpp"
#include "text.hpp"

#include <skerry/adapters/posix_file.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/delivery/segment_log.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// The folder that the gateway keeps: the segments of its outbox, and how far the story was handed over.
namespace gateway {

using store_log = skerry::delivery::segment_log<skerry::adapters::posix_file>;

class store {
 public:
  /// How far earlier lives came, per stream: messages handed over, and the number that the last of them got.
  struct notes {
    std::array<std::uint64_t, stream_count> count{}, seq{};
    std::uint64_t t_ms = 0;
    std::uint64_t lives = 0;
  };

  /// `folder` empty: one for this run alone, which is gone afterwards. `story` names the source: notes of another one say nothing here.
  /// `lasting`: what is handed over must survive the process, or a restart inside it.
  store(const std::string& folder, std::string_view story, bool lasting)
      : keep_folder_{!folder.empty()},
        lasting_{lasting || keep_folder_},
        path_{keep_folder_ ? std::filesystem::path{folder} : temporary()},
        story_{crc_of(story)} {
    std::error_code failed;
    std::filesystem::create_directories(path_, failed);
    auto device = skerry::adapters::posix_file::create(path_.c_str());
    if (!device) {
      throw misuse{fmt::format("--store: cannot use {}: {}", path_.string(), skerry::to_string(device.error()))};
    }
    files_ = std::make_unique<skerry::adapters::posix_file>(std::move(device).value());
    read_notes();
    reopen();
  }
  ~store() {
    log_.reset();
    files_.reset();
    if (!keep_folder_) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }
  store(const store&) = delete;
  store& operator=(const store&) = delete;

  /// A new life on what is on disk: nothing of the memory of the last one is left.
  void reopen() {
    ++notes_.lives;
    write_notes();
    auto made = store_log::create(*files_, {.segment_bytes = 512U << 10, .segments = 16, .entropy = notes_.lives});
    if (!made) {
      throw misuse{fmt::format("--store: {}", skerry::to_string(made.error()))};
    }
    log_ = std::make_unique<store_log>(std::move(made).value());
  }

  [[nodiscard]] bool lasting() const { return lasting_; }
  [[nodiscard]] store_log& log() { return *log_; }
  [[nodiscard]] const notes& noted() const { return notes_; }
  [[nodiscard]] std::filesystem::path file(const char* name) const { return path_ / name; }

  /// Called before anything that was handed over is sent. One write: a killed process leaves the old notes or the new ones.
  void note(std::uint16_t stream, std::uint64_t count, std::uint64_t seq, std::uint64_t t_ms) {
    // The log gathers records in memory until its next sync: what is noted must not be there only.
    if (lasting_ && !log_->flush()) {
      throw misuse{fmt::format("--store: cannot write to {}", path_.string())};
    }
    notes_.count[stream] = count;
    notes_.seq[stream] = seq != 0 ? seq : notes_.seq[stream];
    notes_.t_ms = t_ms;
    write_notes();
  }
  void begin_anew() {
    notes_.count = {};
    notes_.t_ms = 0;
    write_notes();
  }

 private:
  static constexpr const char* notes_name = "handed_over";
  static constexpr std::size_t notes_size = 4 + 4 + 8 * (2 * stream_count + 2);

  static std::filesystem::path temporary() {
    static int number = 0;
    return std::filesystem::temp_directory_path() / fmt::format("skerry-gateway-{}-{}", ::getpid(), ++number);
  }
  static std::uint32_t crc_of(std::string_view text) { return skerry::crc32c(std::as_bytes(std::span{text.data(), text.size()})); }
  void read_notes() {
    std::array<std::byte, notes_size> bytes{};
    if (!files_->read(notes_name, 0, bytes)) {
      return;
    }
    skerry::byte_reader in{bytes};
    const std::uint32_t crc = in.u32();
    const std::uint32_t story = in.u32();
    notes found;
    for (std::size_t s = 0; s < stream_count; ++s) {
      found.count[s] = in.u64();
      found.seq[s] = in.u64();
    }
    found.t_ms = in.u64();
    found.lives = in.u64();
    if (crc != skerry::crc32c(std::span<const std::byte>{bytes}.subspan(4))) {
      return;
    }
    notes_ = found;
    if (story != story_) {
      begin_anew();
    }
  }
  void write_notes() {
    std::array<std::byte, notes_size> bytes{};
    skerry::byte_writer out{std::span{bytes}.subspan(4)};
    out.u32(story_);
    for (std::size_t s = 0; s < stream_count; ++s) {
      out.u64(notes_.count[s]);
      out.u64(notes_.seq[s]);
    }
    out.u64(notes_.t_ms);
    out.u64(notes_.lives);
    skerry::byte_writer(std::span{bytes}.first(4)).u32(skerry::crc32c(std::span<const std::byte>{bytes}.subspan(4)));
    (void)files_->create(std::string_view{notes_name});  // refused: it is there
    if (!files_->write(notes_name, 0, bytes)) {
      throw misuse{fmt::format("--store: cannot write {}", (path_ / notes_name).string())};
    }
  }

  bool keep_folder_, lasting_;
  std::filesystem::path path_;
  std::uint32_t story_;
  notes notes_;
  std::unique_ptr<skerry::adapters::posix_file> files_;
  std::unique_ptr<store_log> log_;
};

}  // namespace gateway
