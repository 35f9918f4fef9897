// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/detail/key_space.hpp>
#include <skerry/state/detail/key_text.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/strategy.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// Whether records get no more room than the schema's own policies need.
template <typename Limits>
constexpr bool fits_payload() noexcept {
  return false;
}
template <typename Limits>
requires requires { Limits::fit_payload; }
constexpr bool fits_payload() noexcept { return Limits::fit_payload; }

/// The limits with the bytes that the schema really needs: a path without placeholders has nothing to store.
template <typename Schema, typename Limits>
struct store_limits : Limits {
  static constexpr std::size_t payload_bytes =
      fits_payload<Limits>() && Schema::most_payload < Limits::payload_bytes ? Schema::most_payload : Limits::payload_bytes;
  static constexpr std::size_t key_bytes = Schema::has_placeholders || carries<Limits> ? key_bytes_of<Limits>() : 0;
  static constexpr std::size_t text_bytes = Schema::longest + key_bytes;
  /// The text of a key orders it alike in every firmware.
  static constexpr std::size_t write_text(const key_ref& key, std::span<char> out) noexcept { return Schema::write_text(key, out); }
};

/// Whether a key names an element, where the path is a set's. A set with other keys could not be read any more.
template <typename P>
[[nodiscard]] constexpr bool names_element([[maybe_unused]] const key_ref& key) noexcept {
  if constexpr (element_policy<typename P::policy>) {
    const std::string_view args{key.args.data(), key.args.size()};
    const std::size_t slash = args.rfind('/');
    return static_cast<bool>(argument_value<typename P::policy::element_type>(args.substr(slash == args.npos ? 0 : slash + 1)));
  } else {
    return true;
  }
}

/// Whether the policy of the key's path can read a record, or it is carried along.
///
/// Errors   `mismatch`, `corrupt`, `full`: then `lacks` says of what
template <typename Schema, typename Limits>
[[nodiscard]] errc belongs(const incoming& in, resource& lacks) {
  errc problem = errc::ok;
  if (carries<Limits> && !readable<Schema>(in.key, in.kind)) {
    return in.payload.size() > store_limits<Schema, Limits>::payload_bytes ? (lacks = resource::bytes, errc::full) : errc::ok;
  }
  Schema::visit(in.key.path, [&]<typename P>() {
    if (!takes_kind<typename P::policy>(in.kind)) {
      problem = errc::mismatch;
    } else if (in.payload.size() > Limits::payload_bytes) {
      problem = (lacks = resource::bytes, errc::full);
    } else if (!valid_payload<typename P::policy>(in.kind, in.payload) || !names_element<P>(in.key)) {
      problem = errc::corrupt;
    }
  });
  return problem;
}
/// Whether a new record's stamp is believable; the greatest one that is goes to `latest`.
template <typename Store>
[[nodiscard]] errc date(const incoming& in, const actor& who, const Store& store, const hlc& clock, const wall_ms* wall, bool* ahead,
                        stamp& latest) {
  if ((in.kind & kinds::stamped) == 0 || (store.contains(who, in.n) && !store.would_change(who, in))) {
    return errc::ok;
  }
  // Without any reading of the wall clock there is nothing to measure against, but no stamp may be the last one possible: its time
  // would never come.
  const bool never = in.at == stamp::greatest();
  if (!never && (wall == nullptr || clock.welcome(*wall, in.at))) {
    latest = in.at > latest ? in.at : latest;
    return errc::ok;
  }
  if (never || ahead == nullptr) {
    return errc::clock_ahead;
  }
  *ahead = true;
  return errc::ok;
}

/// A frame as a delta: its keys found in the schema, or among those that are carried along.
template <typename Schema, typename Limits, typename Frame = delta_frame<Limits::actors, Limits::ranges>>
class schema_delta {
 public:
  using frame_type = Frame;
  using key_buffer = std::array<char, store_limits<Schema, Limits>::key_bytes>;

  explicit schema_delta(const frame_type& frame) noexcept : frame_{&frame} {}
  schema_delta(const schema_delta&) = delete;
  schema_delta& operator=(const schema_delta&) = delete;
  ~schema_delta() = default;

  /// Whether all that the frame holds belongs into this schema and is believable; the greatest new stamp. Comes before `for_each`.
  ///
  /// wall     what the wall clock says, or null when it was never read
  /// ahead    becomes true when something new lies too far ahead of it; null: that is an error
  /// Errors   `mismatch`, `corrupt`, `clock_ahead`, `full`: then `lacks` says of what
  template <typename Store>
  [[nodiscard]] result<stamp> examine(const Store& store, const hlc& clock, const wall_ms* wall, bool* ahead, resource& lacks) {
    errc problem = errc::ok;
    stamp latest{};
    std::size_t at = 0;
    const bool keep = keeps();
    [[maybe_unused]] std::string_view last{};
    [[maybe_unused]] std::size_t strangers = 0;
    key_buffer other;
    result<key_ref> key = errc::absent;
    [[maybe_unused]] std::array<actor_ref, names_of<Frame>()> mine;
    if constexpr (texts_stay) {
      const auto actors = frame_->context().actors();
      for (std::size_t i = 0; i < actors.size(); ++i) {
        mine[i] = store.actors().find(actors[i]);
      }
    }
    frame_->for_each([&](const auto& e) {
      if (problem != errc::ok) {
        return;
      }
      const bool again = e.key.data() == last.data() && e.key.size() == last.size();
      last = e.key;
      if (!texts_stay || !again) {
        key = match_key<Schema, Limits>(e.key, keep ? texts_[at] : other);
      }
      if (!key) {
        problem = key.error() == errc::full ? (lacks = resource::bytes, errc::full) : errc::mismatch;
        return;
      }
      if constexpr (carries<Limits>) {
        strangers += !again && is_unknown<Schema>(key.value()) && store.find(key.value()) == Store::none ? 1 : 0;
      }
      incoming in{key.value(), e.who, e.n, e.at, e.kind, e.payload, e.of_key};
      if constexpr (texts_stay) {  // what is held has been examined when it came
        in.held = store.find_same(mine[in.who], in);
      }
      const bool news = in.held == incoming::nowhere;
      problem = news ? belongs<Schema, Limits>(in, lacks) : errc::ok;
      if (news && problem == errc::ok && (!carries<Limits> || readable<Schema>(in.key, in.kind))) {
        problem = date(in, frame_->context().actors()[in.who], store, clock, wall, ahead, latest);
      }
      if (keep) {
        known_.put(at++, in);
      }
    });
    if (problem == errc::ok && strangers > 0 && count_unknown<Schema>(store) + strangers > unknown_keys_of<Limits>()) {
      problem = (lacks = resource::keys, errc::full);
    }
    return problem == errc::ok ? result<stamp>{latest} : result<stamp>{problem};
  }

  [[nodiscard]] decltype(auto) context() const noexcept { return frame_->context(); }
  [[nodiscard]] const frame_type& frame() const noexcept { return *frame_; }
  /// An `incoming`'s key lasts as long as the call.
  template <typename F>
  void for_each(F&& f) const {
    if (keeps()) {
      for (const incoming& in : flat()) {
        f(in);
      }
      return;
    }
    key_buffer buffer;
    const char* last = nullptr;
    result<key_ref> key = errc::absent;
    frame_->for_each([&](const auto& e) {
      if (!texts_stay || e.key.data() != last) {
        key = match_key<Schema, Limits>(e.key, buffer);
        last = e.key.data();
      }
      if (key) {
        f(incoming{key.value(), e.who, e.n, e.at, e.kind, e.payload, e.of_key});
      }
    });
  }

  /// Whether all of it lies in memory, in `flat`.
  [[nodiscard]] bool keeps() const noexcept { return frame_->record_count() <= frame_type::kept; }
  [[nodiscard]] std::span<const incoming> flat() const noexcept { return known_.first(frame_->record_count()); }

 private:
  /// Whether a key's text is a part of the frame, so that the records of one key, which come together, have one text; a small machine
  /// would rather save the code.
  static constexpr bool texts_stay = is_swift<Limits>() && requires { Frame::texts_stay; };
  template <typename F>  // a chunk of keys has no such number, and needs none
  static constexpr std::size_t names_of() noexcept {
    if constexpr (texts_stay) {
      return std::decay_t<decltype(std::declval<const F&>().context())>::actor_capacity;
    } else {
      return 0;
    }
  }

  const frame_type* frame_;
  places<incoming, frame_type::kept> known_;
  array_of<key_buffer, frame_type::kept> texts_;
};

}  // namespace skerry::inline v0::state::detail
