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
    skerry/core/sine_table.hpp
    skerry/core/storage.hpp
    skerry/core/version.hpp)

set(skerry_stats_headers
    skerry/stats.hpp
    skerry/stats/detail/lanes.hpp
    skerry/stats/ewma.hpp
    skerry/stats/extrema.hpp
    skerry/stats/moments.hpp
    skerry/stats/rolling.hpp
    skerry/stats/windowed.hpp)

set(skerry_state_headers
    skerry/state/actor.hpp
    skerry/state/dot.hpp
    skerry/state/version_vector.hpp)

set(skerry_delivery_headers
    skerry/delivery/backoff.hpp
    skerry/delivery/circuit_breaker.hpp
    skerry/delivery/counters.hpp
    skerry/delivery/dedupe.hpp
    skerry/delivery/detail/scale.hpp
    skerry/delivery/detail/steady.hpp
    skerry/delivery/device_seed.hpp
    skerry/delivery/failover.hpp
    skerry/delivery/health.hpp
    skerry/delivery/item.hpp
    skerry/delivery/memory_store.hpp
    skerry/delivery/outcome.hpp
    skerry/delivery/retry.hpp
    skerry/delivery/retry_budget.hpp
    skerry/delivery/transport.hpp)

set(skerry_anomaly_headers
    skerry/anomaly/alarm_latch.hpp
    skerry/anomaly/calibration.hpp
    skerry/anomaly/detail/forest_engine.hpp
    skerry/anomaly/detail/reference.hpp
    skerry/anomaly/detail/row_ring.hpp
    skerry/anomaly/detail/tree_growth.hpp
    skerry/anomaly/detail/tree_random.hpp
    skerry/anomaly/forest_config.hpp
    skerry/anomaly/inference_model.hpp
    skerry/anomaly/isolation_forest.hpp
    skerry/anomaly/monitor.hpp
    skerry/anomaly/path_length.hpp
    skerry/anomaly/quantizer.hpp
    skerry/anomaly/refit_gate.hpp
    skerry/anomaly/row_view.hpp
    skerry/anomaly/shingler.hpp)

set(skerry_testing_headers
    skerry/testing/cnc_machine.hpp
    skerry/testing/cnc_profile.hpp
    skerry/testing/scenario.hpp
    skerry/testing/detail/sine_cells.hpp)

set(skerry_skerry_headers)
