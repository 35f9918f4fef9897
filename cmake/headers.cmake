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
    skerry/core/errc.hpp
    skerry/core/instant.hpp
    skerry/core/portable.hpp
    skerry/core/result.hpp
    skerry/core/storage.hpp
    skerry/core/version.hpp)

set(skerry_stats_headers)

set(skerry_state_headers)

set(skerry_delivery_headers)

set(skerry_anomaly_headers
    skerry/anomaly/alarm_latch.hpp
    skerry/anomaly/calibration.hpp
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
