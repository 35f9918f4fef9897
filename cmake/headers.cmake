# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# The public headers by module, relative to include/. Written by: cmake -P cmake/update_headers.cmake

set(skerry_core_headers
    skerry/core/algebra.hpp
    skerry/core/assert.hpp
    skerry/core/bytes.hpp
    skerry/core/config.hpp
    skerry/core/counters.hpp
    skerry/core/crc32c.hpp
    skerry/core/errc.hpp
    skerry/core/hash.hpp
    skerry/core/instant.hpp
    skerry/core/math.hpp
    skerry/core/portable.hpp
    skerry/core/random.hpp
    skerry/core/result.hpp
    skerry/core/storage.hpp
    skerry/core/version.hpp)

set(skerry_stats_headers
    skerry/stats/detail/lanes.hpp
    skerry/stats/ewma.hpp
    skerry/stats/extrema.hpp
    skerry/stats/moments.hpp)

set(skerry_state_headers)

set(skerry_delivery_headers
    skerry/delivery/backoff.hpp
    skerry/delivery/circuit_breaker.hpp
    skerry/delivery/counters.hpp
    skerry/delivery/detail/scale.hpp
    skerry/delivery/failover.hpp
    skerry/delivery/health.hpp
    skerry/delivery/item.hpp
    skerry/delivery/outcome.hpp
    skerry/delivery/retry.hpp
    skerry/delivery/retry_budget.hpp
    skerry/delivery/transport.hpp)

set(skerry_anomaly_headers
    skerry/anomaly/alarm_latch.hpp
    skerry/anomaly/calibration.hpp
    skerry/anomaly/detail/tree_growth.hpp
    skerry/anomaly/detail/tree_random.hpp
    skerry/anomaly/inference_model.hpp
    skerry/anomaly/path_length.hpp
    skerry/anomaly/quantizer.hpp
    skerry/anomaly/refit_gate.hpp
    skerry/anomaly/row_view.hpp)

set(skerry_testing_headers
    skerry/testing/cnc_machine.hpp
    skerry/testing/cnc_profile.hpp
    skerry/testing/scenario.hpp
    skerry/testing/small_math.hpp)

set(skerry_skerry_headers)
