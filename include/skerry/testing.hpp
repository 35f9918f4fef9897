// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/broker.hpp>
#include <skerry/testing/cnc_machine.hpp>
#include <skerry/testing/cnc_profile.hpp>
#include <skerry/testing/faulty_flash.hpp>
#include <skerry/testing/faulty_link.hpp>
#include <skerry/testing/frame_edit.hpp>
#include <skerry/testing/history_oracle.hpp>
#include <skerry/testing/lossy_network.hpp>
#include <skerry/testing/replica_board.hpp>
#include <skerry/testing/replica_world.hpp>
#include <skerry/testing/scenario.hpp>
#include <skerry/testing/shrink.hpp>
#include <skerry/testing/sim_script.hpp>
#include <skerry/testing/sim_verdict.hpp>
#include <skerry/testing/virtual_clock.hpp>
