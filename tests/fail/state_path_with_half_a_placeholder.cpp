// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: a_placeholder_is_a_whole_segment_in_braces
#include <skerry/state/schema.hpp>

#ifdef SKERRY_CONTROL
constexpr skerry::state::path at{"reported/oil/{sensor}"};
#else
constexpr skerry::state::path at{"reported/oil{sensor}"};
#endif

int main() { return at.segments() > 1 ? 0 : 1; }
