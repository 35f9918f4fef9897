// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/article_preset.hpp>
#include <skerry/anomaly/blend_list.hpp>
#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/contribution.hpp>
#include <skerry/anomaly/drift_gate.hpp>
#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/episode_peaks.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/float_forest.hpp>
#include <skerry/anomaly/forest_config.hpp>
#include <skerry/anomaly/forest_export.hpp>
#include <skerry/anomaly/forest_json.hpp>
#include <skerry/anomaly/forest_set.hpp>
#include <skerry/anomaly/forest_wire.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/monitor.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/oblique_forest.hpp>
#include <skerry/anomaly/online_forest.hpp>
#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/anomaly/robust_z.hpp>
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/anomaly/scaler.hpp>
#include <skerry/anomaly/score_fusion.hpp>
#include <skerry/anomaly/shift_chart.hpp>
#include <skerry/anomaly/shingler.hpp>
#include <skerry/anomaly/t2_q.hpp>
#include <skerry/anomaly/tree_key.hpp>
#include <skerry/anomaly/walk_heap.hpp>
