// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/detail/image_writer.hpp>
#include <skerry/state/detail/key_space.hpp>
#include <skerry/state/detail/redo_log.hpp>
#include <skerry/state/detail/store_restore.hpp>
#include <skerry/state/image.hpp>
#include <skerry/state/key_chunk.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// Puts an image and its log back into a fresh replica. What it refuses may have been taken over half: the caller empties the replica.
template <typename Replica, typename Schema, typename Limits>
class image_loader {
 public:
  using store_type = typename Replica::store_type;
  using restore = store_restore<store_type>;

  explicit image_loader(Replica& to) noexcept : to_{&to} {}

  /// Whether the bytes are one whole image: all frames, in this order, under one checksum.
  [[nodiscard]] static result<image_trailer> inspect(std::span<const std::byte> image) noexcept {
    std::uint64_t size = 0;
    std::uint64_t checksum = 0;
    for (auto rest = image;;) {
      const auto before = rest;
      const auto frame = next_stored(rest);
      if (frame.empty()) {
        return errc::corrupt;
      }
      chunk_part part{};
      if (!open_chunk(frame, part)) {
        return errc::corrupt;
      }
      if (part == chunk_part::trailer) {
        image_trailer t;
        if (const status s = t.parse(frame); !s) {
          return s.error();
        }
        return t.image_bytes == size && t.checksum == checksum ? result<image_trailer>{t} : result<image_trailer>{errc::corrupt};
      }
      checksum = fold_frame(checksum, frame);
      size += before.size() - rest.size();
    }
  }

  /// Errors  `corrupt`; `mismatch`: a key that this schema does not have; `full`: more than this firmware has room for
  [[nodiscard]] status image(std::span<const std::byte> bytes, const image_trailer& t, image_report& report) {
    changed_ = t.begun != t.ended;
    byte_reader rest = t.rest;
    event_chain<chain_of<Limits>()> chain;
    chain.decode(rest);
    counter_values counters{};
    const std::size_t count = rest.count(1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t n = rest.varint();
      if (i < counters.size()) {
        counters[i] = n;
      }
    }
    if (rest.error() != errc::ok) {
      return errc::corrupt;
    }
    if (const status s = frames(bytes, rest, report); !s) {
      return s;
    }
    to_->counters_ = std::bit_cast<replica_counters>(counters);
    to_->clock_.follow(stamp::from_bits(t.clock));
    to_->stored_.chain = chain;
    at_ = t.begun;
    run_ = t.run;
    return {};
  }
  /// Takes over the frames of the log that go on from where the image ends; it ends where a frame is torn or does not follow.
  ///
  /// Errors  as `image`
  [[nodiscard]] status log(std::span<const std::byte> bytes, bool any, image_report& report) {
    auto left = bytes;
    for (;;) {
      auto behind = left;
      const auto frame = next_stored(behind);
      chunk_part part{};
      const auto body = open_chunk(frame, part);
      if (!body || part != chunk_part::redo) {
        break;
      }
      byte_reader in{body.value()};
      redo_head head;
      if (!head.decode(in)) {
        break;
      }
      const bool follows = head.run == run_ || head.before == run_ || !any;
      if (!(head.upto > at_)) {
        left = behind;  // the image has it already
        run_ = follows && head.upto == at_ ? head.run : run_;
        continue;
      }
      if (!follows || head.from > at_) {
        break;
      }
      if (const status s = redo(head, in); !s) {
        if (s.error() == errc::gap) {
          break;
        }
        return s;
      }
      at_ = head.upto;
      run_ = head.run;
      any = true;
      left = behind;
      ++report.log_frames;
    }
    report.log_bytes = bytes.size() - left.size();
    report.torn_bytes = blank(left) ? 0 : left.size();
    return {};
  }

  /// Where image and log have come to.
  [[nodiscard]] mark at() const noexcept { return at_; }
  [[nodiscard]] std::uint32_t run() const noexcept { return run_; }

 private:
  using index = typename store_type::index;
  using frame_type = typename schema_chunk<Schema, Limits>::frame_type;

  [[nodiscard]] status frames(std::span<const std::byte> bytes, byte_reader rest, image_report& report) {
    auto left = bytes;
    bool whole = false;
    while (!whole) {
      const auto frame = next_stored(left);
      context_part part;
      if (const status s = part.parse(frame); !s) {
        return errc::corrupt;
      }
      if (part.of() != 0 || part.listed_before() != listed_) {
        return errc::corrupt;
      }
      if (const status s = context(part); !s) {
        return s;
      }
      listed_ = part.listed();
      whole = part.complete();
    }
    // What a catch-up had brought is known by its pending context, so that stands before the keys.
    if (const status s = blocks(rest, report); !s) {
      return s;
    }
    for (auto frame = next_stored(left); !frame.empty(); frame = next_stored(left)) {
      frame_type chunk;
      const status s = chunk.parse(
          frame, [this](std::uint16_t place) { return place < listed_ ? &to_->store_.actors()[static_cast<actor_ref>(place)] : nullptr; });
      if (s.error() == errc::unsupported) {
        return {};  // the trailer
      }
      if (!s) {
        return s.error() == errc::full ? errc::full : errc::corrupt;
      }
      if (const status put = keys(chunk); !put) {
        return put;
      }
    }
    return {};
  }
  /// In a fresh store an actor's number is its place in the list.
  [[nodiscard]] status context(const context_part& part) {
    status verdict;
    part.for_each([&](const actor* who, std::uint64_t first, std::uint64_t length) {
      if (!verdict) {
        return;
      }
      actor_ref ref = listed_ > 0 ? static_cast<actor_ref>(listed_ - 1) : no_actor;
      if (who != nullptr) {
        const auto named = restore::list(to_->store_, *who);
        ref = named ? named.value() : no_actor;
      }
      if (ref == no_actor) {
        verdict = errc::full;
      } else if (ref + 1U != to_->store_.actors().size()) {
        verdict = errc::corrupt;  // listed twice: places would not be numbers any more
      } else if (length > 0) {
        verdict = restore::see(to_->store_, ref, first, first + (length - 1));
      }
    });
    return verdict;
  }
  [[nodiscard]] status keys(const frame_type& chunk) {
    status verdict;
    chunk.for_each([&](const auto& e) {
      if (verdict) {
        verdict = record(chunk.actors()[e.who], e);
      }
    });
    return verdict;
  }
  [[nodiscard]] status redo(const redo_head& head, byte_reader& in) {
    auto& store = to_->store_;
    if constexpr (Replica::catch_up) {
      if (store.pending().active()) {
        if (const status s = chunk_join<store_type>::resume(store, head.catch_up, head.catching_up, head.cursor); !s) {
          return s;
        }
      } else if (head.catching_up) {
        return errc::gap;
      }
    } else if (head.catching_up) {
      return errc::gap;
    }
    std::array<actor_ref, Limits::actors> listed{};
    std::uint16_t count = 0;
    status verdict;
    const errc e = read_runs(in, count, [&](const actor* who, std::uint64_t first, std::uint64_t length) {
      const result<actor_ref> ref = who != nullptr ? restore::list(store, *who) : result<actor_ref>{errc::corrupt};
      if (!verdict || !ref) {
        verdict = verdict ? ref.error() : verdict.error();
        return;
      }
      listed[count - 1U] = ref.value();
      if (length > 0) {
        verdict = restore::see(store, ref.value(), first, first + (length - 1));
      }
    });
    if (e != errc::ok) {
      return errc::corrupt;
    }
    if (!verdict) {
      return verdict;
    }
    const std::size_t deaths = in.count(1);
    for (std::size_t i = 0; i < deaths; ++i) {
      const auto text = in.bytes(in.count(1));
      if (const status s = forget({reinterpret_cast<const char*>(text.data()), text.size()}); in.error() == errc::ok && !s) {
        return s;
      }
    }
    frame_type chunk;
    const status parsed =
        chunk.parse_body(in, [&](std::uint16_t place) { return place < count ? &store.actors()[listed[place]] : nullptr; });
    if (!parsed) {
      return parsed.error() == errc::full ? errc::full : errc::corrupt;
    }
    // What the keys held before makes room for what they hold now.
    chunk.for_each([&](const auto& r) {
      if (verdict) {
        verdict = forget(r.key);
      }
    });
    const bool changed = changed_;
    changed_ = false;
    verdict = verdict ? keys(chunk) : verdict;
    changed_ = changed;
    to_->clock_.follow(stamp::from_bits(head.clock));
    return verdict;
  }
  /// Takes out what a key holds.
  [[nodiscard]] status forget(std::string_view text) {
    std::array<char, store_limits<Schema, Limits>::key_bytes> buffer;
    const result<key_ref> key = match_key<Schema, Limits>(text, buffer);
    if (!key) {
      return key.error() == errc::full ? errc::full : errc::mismatch;
    }
    restore::clear(to_->store_, key.value());
    return {};
  }
  template <typename Entry>
  [[nodiscard]] status record(const actor& who, const Entry& e) {
    std::array<char, store_limits<Schema, Limits>::key_bytes> buffer;
    const result<key_ref> key = match_key<Schema, Limits>(e.key, buffer);
    if (!key) {
      return key.error() == errc::full ? errc::full : errc::mismatch;
    }
    const auto ref = restore::list(to_->store_, who);
    if (!ref) {
      return ref.error();
    }
    const incoming in{key.value(), ref.value(), e.n, e.at, e.kind, e.payload, e.of_key};
    resource lacks = resource::none;
    if (const errc problem = belongs<Schema, Limits>(in, lacks); problem != errc::ok) {
      // Carried along for others, and now that this firmware knows its path it turns out to be nothing that anybody can read.
      return carries<Limits> && problem == errc::corrupt ? status{} : status{problem};
    }
    bool known = to_->store_.context().contains({e.n, ref.value()});
    if constexpr (Replica::catch_up) {
      known = known || to_->store_.pending().contains({e.n, ref.value()});
    }
    if (!known) {
      // Written after the image was begun: the log has it.
      return changed_ ? status{} : status{errc::corrupt};
    }
    if (!carries<Limits> || readable<Schema>(in.key, in.kind)) {
      to_->clock_.follow(e.at);
    }
    return restore::put(to_->store_, in);
  }
  [[nodiscard]] status blocks(byte_reader rest, image_report& report) {
    const std::size_t count = rest.count(2);
    for (std::size_t i = 0; i < count && rest.error() == errc::ok; ++i) {
      const std::uint64_t tag = rest.varint();
      const auto bytes = rest.bytes(rest.count(1));
      if (rest.error() != errc::ok) {
        break;
      }
      if (tag == static_cast<std::uint64_t>(image_block::roster) && Limits::members > 0) {
        if (const result<receipt> taken = to_->accept_fence(bytes); !taken) {
          return taken.error() == errc::full ? errc::full : errc::corrupt;
        }
      } else if (tag == static_cast<std::uint64_t>(image_block::catch_up)) {
        if (const status s = pending(bytes); !s) {
          return s;
        }
      } else if (!to_->stored_.blocks.add(tag, bytes)) {
        ++report.blocks_dropped;
      }
    }
    return rest.finish() ? status{} : status{errc::corrupt};
  }
  [[nodiscard]] status pending(std::span<const std::byte> bytes) {
    if constexpr (Replica::catch_up) {
      return chunk_join<store_type>::restore(to_->store_, byte_reader{bytes});
    } else {
      return bytes.empty() ? status{} : status{errc::full};  // written by a larger firmware: what it was about to learn it learns again
    }
  }

  Replica* to_;
  mark at_{};
  std::uint32_t run_ = 0;
  std::uint16_t listed_ = 0;
  bool changed_ = false;
};

}  // namespace skerry::inline v0::state::detail
