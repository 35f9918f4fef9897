// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/state/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace skerry::inline v0::testing {

/// A delta frame taken apart, to be changed and put together again with a right checksum: what a clone, a stranger, an old firmware or a
/// firmware with a defect could send.
///
/// Cost    uses the heap
class frame_edit {
 public:
  static constexpr std::size_t most = 192;  ///< actors, and runs beyond one per actor
  struct run {
    state::actor who{};
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  struct record {
    std::string key{};
    state::actor who{};
    std::uint64_t n = 0;
    state::stamp at{};
    std::uint8_t kind = 0;
    std::vector<std::byte> payload{};
  };

  std::vector<run> covers{};      ///< in any order; they may touch and overlap
  std::vector<record> records{};  ///< in any order; each is covered

  /// False when it is no delta frame, or one that covers more than `most`.
  [[nodiscard]] bool read(std::span<const std::byte> frame) {
    covers.clear();
    records.clear();
    state::delta_frame<most, most> in;
    if (!in.parse(frame)) {
      return false;
    }
    for (const auto& r : in.context().runs()) {
      covers.push_back({in.context().actors()[r.who], r.first, r.last});
    }
    in.for_each([&](const auto& e) {
      records.push_back({std::string{e.key}, in.context().actors()[e.who], e.n, e.at, e.kind,
                         std::vector<std::byte>(e.payload.begin(), e.payload.end())});
    });
    return true;
  }

  /// The frame; empty when it covers too much, or nothing of the writer of a record.
  [[nodiscard]] std::vector<std::byte> bytes() const {
    std::vector<run> runs = covers;
    std::sort(runs.begin(), runs.end(), [](const run& a, const run& b) { return a.who != b.who ? a.who < b.who : a.first < b.first; });
    described d;
    for (std::size_t i = 0; i < runs.size();) {
      run r = runs[i++];
      while (i < runs.size() && runs[i].who == r.who && runs[i].first - 1 <= r.last) {
        r.last = std::max(r.last, runs[i++].last);
      }
      if (!d.covers.append(r.who, r.first, r.last)) {
        return {};
      }
    }
    d.records = records;
    const auto actors = d.covers.actors();
    if (std::any_of(records.begin(), records.end(),
                    [&](const record& r) { return std::find(actors.begin(), actors.end(), r.who) == actors.end(); })) {
      return {};
    }
    std::sort(d.records.begin(), d.records.end(), [](const record& a, const record& b) {
      return a.key != b.key ? a.key < b.key : (a.who != b.who ? a.who < b.who : a.n < b.n);
    });
    std::size_t room = 64 + runs.size() * 40;
    for (const record& r : records) {
      room += 64 + r.key.size() + r.payload.size();
    }
    std::vector<std::byte> frame(room);
    byte_writer out{frame};
    const auto text = [&d](const state::key_ref& key, std::span<char> to) {
      const std::string& from = d.records[key.path].key;
      const std::size_t length = std::min(from.size(), to.size());
      std::copy_n(from.begin(), length, to.begin());
      return length;
    };
    if (!state::write_delta<128>(out, nullptr, d, text)) {
      return {};
    }
    frame.resize(out.written().size());
    return frame;
  }

 private:
  /// What `write_delta` wants of a delta, with its records in the order of their keys; a key is named by its first record.
  struct described {
    state::delta_context<most, most> covers{};
    std::vector<record> records{};

    [[nodiscard]] const state::delta_context<most, most>& context() const noexcept { return covers; }
    template <typename F>
    void for_each(F&& f) const {
      const auto actors = covers.actors();
      for (std::size_t first = 0, end = 0; first < records.size(); first = end) {
        while (end < records.size() && records[end].key == records[first].key) {
          ++end;
        }
        for (std::size_t i = first; i < end; ++i) {
          const record& r = records[i];
          const auto who = static_cast<state::actor_ref>(std::find(actors.begin(), actors.end(), r.who) - actors.begin());
          f(state::incoming{{static_cast<std::uint16_t>(first), {}}, who, r.n, r.at, r.kind, r.payload, end - first});
        }
      }
    }
  };
};

}  // namespace skerry::inline v0::testing
