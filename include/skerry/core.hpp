// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

/// Everything of floor 0 but `spsc_ring` (it brings <atomic>).
#include <skerry/core/algebra.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/config.hpp>
#include <skerry/core/counters.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/errc.hpp>
#include <skerry/core/fixed_string.hpp>
#include <skerry/core/flat_map.hpp>
#include <skerry/core/generator.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/hash_table.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>
#include <skerry/core/ring_buffer.hpp>
#include <skerry/core/sine_table.hpp>
#include <skerry/core/sqrt.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/core/version.hpp>
