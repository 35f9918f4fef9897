// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/broker.hpp>
#include <skerry/testing/cnc_machine.hpp>
#include <skerry/testing/cnc_profile.hpp>
#include <skerry/testing/faulty_link.hpp>
#include <skerry/testing/scenario.hpp>
#include <skerry/testing/virtual_clock.hpp>
