// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/causal_store.hpp>
#include <skerry/state/detail/key_text.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/schema.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// The limits with the key bytes that the schema really needs: a path without placeholders has nothing to store.
template <typename Schema, typename Limits>
struct store_limits : Limits {
  static constexpr std::size_t key_bytes = Schema::has_placeholders ? key_bytes_of<Limits>() : 0;
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

/// A frame as a delta: its keys found in the schema.
template <typename Schema, typename Limits>
class schema_delta {
 public:
  using frame_type = delta_frame<Limits::actors, Limits::ranges>;
  using key_buffer = std::array<char, store_limits<Schema, Limits>::key_bytes>;

  explicit schema_delta(const frame_type& frame) noexcept : frame_{&frame} {}

  /// Whether all that the frame holds belongs into this schema and is believable; the greatest new stamp.
  ///
  /// wall     what the wall clock says, or null when it was never read
  /// ahead    becomes true when something new lies too far ahead of it; null: that is an error
  /// Errors   `mismatch`, `corrupt`, `clock_ahead`, `full`: then `lacks` says of what
  template <typename Store>
  [[nodiscard]] result<stamp> examine(const Store& store, const hlc& clock, const wall_ms* wall, bool* ahead, resource& lacks) const {
    errc problem = errc::ok;
    stamp latest{};
    frame_->for_each([&](const auto& e) {
      if (problem != errc::ok) {
        return;
      }
      key_buffer buffer{};
      const result<key_ref> key = Schema::match(e.key, buffer);
      if (!key) {
        problem = key.error() == errc::full ? (lacks = resource::bytes, errc::full) : errc::mismatch;
        return;
      }
      Schema::visit(key.value().path, [&]<typename P>() {
        if (e.kind != P::policy::kind) {
          problem = errc::mismatch;
        } else if (e.payload.size() > Limits::payload_bytes) {
          problem = (lacks = resource::bytes, errc::full);
        } else if (!P::policy::valid(e.payload) || !names_element<P>(key.value())) {
          problem = errc::corrupt;
        }
      });
      if (problem != errc::ok || (e.kind & kinds::stamped) == 0) {
        return;
      }
      const actor& who = frame_->context().actors()[e.who];
      if (!store.contains(who, e.n) || store.would_change(who, {key.value(), e.who, e.n, e.at, e.kind, e.payload, 1})) {
        // Without any reading of the wall clock there is nothing to measure against, but no stamp may be the last one possible: its
        // time would never come.
        const bool never = e.at == stamp::greatest();
        if (!never && (wall == nullptr || clock.welcome(*wall, e.at))) {
          latest = e.at > latest ? e.at : latest;
        } else if (never || ahead == nullptr) {
          problem = errc::clock_ahead;
        } else {
          *ahead = true;
        }
      }
    });
    return problem == errc::ok ? result<stamp>{latest} : result<stamp>{problem};
  }

  [[nodiscard]] const auto& context() const noexcept { return frame_->context(); }
  /// An `incoming`'s key lasts as long as the call.
  template <typename F>
  void for_each(F&& f) const {
    frame_->for_each([&](const auto& e) {
      key_buffer buffer{};
      if (const result<key_ref> key = Schema::match(e.key, buffer); key) {
        f(incoming{key.value(), e.who, e.n, e.at, e.kind, e.payload, e.of_key});
      }
    });
  }

 private:
  const frame_type* frame_;
};

}  // namespace skerry::inline v0::state::detail
