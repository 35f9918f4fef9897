// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <cstdint>
#include <limits>

namespace skerry::inline v0::delivery {

/// What a peer answered to one attempt, or why nobody did.
enum class outcome : std::uint8_t {
  ok,         ///< the peer took responsibility
  transient,  ///< it did not act; the same request may succeed later
  throttled,  ///< it asks for less
  permanent,  ///< it will not take this request, now or later
  unknown,    ///< sent, then silence: the peer may have acted
  cancelled,  ///< called off by this side: no verdict about the peer
};

/// May a request be sent again after `outcome::unknown`?
enum class repeatable : std::uint8_t {
  no,      ///< twice would count twice, and nobody notices
  yes,     ///< twice changes nothing (a join, an absolute value)
  by_key,  ///< the receiver recognises the item id
};

/// No hint came with the answer. A negative hint means "do not retry".
template <instant Time>
inline constexpr duration_t<Time> no_hint = duration_from_count<Time>(std::numeric_limits<std::int64_t>::max());

/// An answer, with the wait that the server asked for, if it did.
template <instant Time>
struct reply {
  outcome what = outcome::unknown;
  duration_t<Time> hint = no_hint<Time>;
};

}  // namespace skerry::inline v0::delivery
