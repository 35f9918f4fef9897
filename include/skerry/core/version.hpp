// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

/// The only version number of the project: CMake, packages and documentation read it from here.
#define SKERRY_VERSION_MAJOR 0
#define SKERRY_VERSION_MINOR 1
#define SKERRY_VERSION_PATCH 0
#define SKERRY_VERSION_STRING "0.1.0"
