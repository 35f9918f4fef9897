// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/record_store.hpp>

namespace skerry::inline v0::delivery {

/// Is it an item that somebody appended, one payload or a batch of them? To a store both are the same.
[[nodiscard]] constexpr bool is_item(record_kind kind) noexcept { return kind == record_kind::data || kind == record_kind::batch; }
/// Does it speak of one number of its stream, so that a cursor covers it?
[[nodiscard]] constexpr bool is_numbered(record_kind kind) noexcept { return is_item(kind) || kind == record_kind::drops; }

}  // namespace skerry::inline v0::delivery
