# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# Comfort for work on skerry itself; none of it applies when skerry is a part of another build.

get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# The standard as it is written, not the compiler's own dialect.
set(CMAKE_CXX_EXTENSIONS OFF)

# All programs in one place: build/<preset>/bin.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SKERRY_CCACHE ccache)
  mark_as_advanced(SKERRY_CCACHE)
  if(SKERRY_CCACHE)
    if(SKERRY_PRECOMPILE)
      # A precompiled header knows where its own files lie, so it is good for this folder alone.
      set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${SKERRY_CCACHE}")
    else()
      # Paths relative to this folder, so that every checkout finds what another one compiled.
      set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=true "${SKERRY_CCACHE}")
    endif()
  endif()
endif()
