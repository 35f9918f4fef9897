// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/frame.hpp>
#include <skerry/state/replica.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skerry_test {

/// A frame that says what a test wants it to say, with a right checksum: what a stranger, a clone or an old firmware could send.
class forged_frame {
 public:
  static constexpr std::size_t most = 64;

  /// The frame covers these events; in ascending order of (actor, first), none touching the next.
  forged_frame& covers(const skerry::state::actor& who, std::uint64_t first, std::uint64_t last) {
    covered_ = covered_ && covers_.append(who, first, last);
    return *this;
  }
  /// A record; keys in ascending order, records of a key in ascending order of their events.
  forged_frame& record(std::string key, const skerry::state::actor& who, std::uint64_t n, skerry::state::stamp at, std::uint8_t kind,
                       std::vector<std::byte> payload) {
    if (keys_.empty() || keys_.back() != key) {
      keys_.push_back(std::move(key));
    }
    records_.push_back({keys_.size() - 1, who, n, at, kind, std::move(payload)});
    return *this;
  }
  template <typename P>
  forged_frame& write(std::string key, const skerry::state::actor& who, std::uint64_t n, skerry::state::stamp at,
                      const skerry::state::value_t<P>& value) {
    std::vector<std::byte> payload(32);
    skerry::byte_writer out{payload};
    (void)P::policy::encode(out, value);
    payload.resize(out.written().size());
    return record(std::move(key), who, n, at, P::policy::kind, payload);
  }
  /// Empty when the events could not be covered.
  [[nodiscard]] std::vector<std::byte> bytes() const {
    std::vector<std::byte> frame(4096);
    skerry::byte_writer out{frame};
    const auto text = [this](const skerry::state::key_ref& key, std::span<char> to) {
      std::copy(keys_[key.path].begin(), keys_[key.path].end(), to.begin());
      return keys_[key.path].size();
    };
    if (!covered_ || !skerry::state::write_delta<64>(out, nullptr, *this, text)) {
      return {};
    }
    frame.resize(out.written().size());
    return frame;
  }

  // What `write_delta` wants of a delta.
  [[nodiscard]] const skerry::state::delta_context<most, most>& context() const noexcept { return covers_; }
  template <typename F>
  void for_each(F&& f) const {
    for (const entry& e : records_) {
      const auto same_key = [&e](const entry& other) { return other.key == e.key; };
      const auto actors = covers_.actors();
      const auto who = static_cast<skerry::state::actor_ref>(std::find(actors.begin(), actors.end(), e.who) - actors.begin());
      const auto of_key = static_cast<std::size_t>(std::count_if(records_.begin(), records_.end(), same_key));
      f(skerry::state::incoming{{static_cast<std::uint16_t>(e.key), {}}, who, e.n, e.at, e.kind, e.payload, of_key});
    }
  }

 private:
  struct entry {
    std::size_t key = 0;
    skerry::state::actor who{};
    std::uint64_t n = 0;
    skerry::state::stamp at{};
    std::uint8_t kind = 0;
    std::vector<std::byte> payload{};
  };

  skerry::state::delta_context<most, most> covers_{};
  std::vector<std::string> keys_{};
  std::vector<entry> records_{};
  bool covered_ = true;
};

}  // namespace skerry_test
