# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# What tests, checks, benchmarks and examples stand on; the library itself stands on nothing.
#
# skerry_dependency(NAME) looks, in this order, for
#   1. an installed package,
#   2. its source archive in SKERRY_DEPS_DIR,
#   3. with SKERRY_DOWNLOAD_DEPS=ON, the same archive from the network,
# and otherwise stops at once, saying what to install. Configuring never downloads unless asked to. The hash of an archive is the same
# wherever it comes from.
include(FetchContent)

set(SKERRY_DEPS_DIR "" CACHE PATH "Folder of source archives of the dependencies, used for those that are not installed")
option(SKERRY_DOWNLOAD_DEPS "Download the archives of dependencies that are neither installed nor in SKERRY_DEPS_DIR" OFF)

# name|least version|package of Debian|archive|its SHA-256
set(skerry_dependency_table
    "Catch2|3.4|libcatch2-dev (3.x, on Debian 12 from bookworm-backports)|https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz|c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c"
    "fmt|9.1|libfmt-dev|https://github.com/fmtlib/fmt/archive/refs/tags/9.1.0.tar.gz|5dea48d1fcddc3ec571ce2058e13910a0d4a6bab4cc09a809d8b1dd1c88ae6f2"
    "nlohmann_json|3.11|nlohmann-json3-dev|https://github.com/nlohmann/json/archive/refs/tags/v3.11.2.tar.gz|d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273"
    "CLI11|2.1|libcli11-dev|https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz|26291377e892ba0e5b4972cdfd4a2ab3bf53af8dac1f4ea8fe0d1376b625c8cb"
    "benchmark|1.7|libbenchmark-dev|https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz|6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7"
)

macro(skerry_dependency_options)
  # Only what a dependency builds beside its library; a shared fmt or benchmark would not match the sanitizers of the presets.
  set(BUILD_SHARED_LIBS OFF)
  set(BUILD_TESTING OFF)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  set(CLI11_BUILD_TESTS OFF)
  set(CLI11_BUILD_EXAMPLES OFF)
  set(CLI11_BUILD_DOCS OFF)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
endmacro()

function(skerry_fetch name url sha256)
  skerry_dependency_options()
  # An example that asks for the package by itself must get the same one.
  FetchContent_Declare(${name} URL "${url}" URL_HASH SHA256=${sha256} DOWNLOAD_EXTRACT_TIMESTAMP ON OVERRIDE_FIND_PACKAGE)
  FetchContent_MakeAvailable(${name})
  # Our warnings are errors, its warnings are not ours. (The SYSTEM of FetchContent_Declare needs CMake 3.25.)
  get_target_property(includes ${name} INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(${name} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${includes}")
endfunction()

# The archive in SKERRY_DEPS_DIR with that hash: its name tells nothing, upstream and distributions name it differently.
function(skerry_find_archive result sha256)
  set(${result} "" PARENT_SCOPE)
  if(SKERRY_DEPS_DIR)
    file(GLOB archives "${SKERRY_DEPS_DIR}/*.tar.gz")
    foreach(archive IN LISTS archives)
      file(SHA256 "${archive}" hash)
      if(hash STREQUAL sha256)
        set(${result} "${archive}" PARENT_SCOPE)
      endif()
    endforeach()
  endif()
endfunction()

macro(skerry_dependency name)
  if(NOT TARGET skerry_has_${name})
    set(_skerry_row "")
    foreach(_skerry_candidate IN LISTS skerry_dependency_table)
      if(_skerry_candidate MATCHES "^${name}\\|")
        string(REPLACE "|" ";" _skerry_row "${_skerry_candidate}")
      endif()
    endforeach()
    list(GET _skerry_row 1 _skerry_least)
    list(GET _skerry_row 2 _skerry_package)
    list(GET _skerry_row 3 _skerry_url)
    list(GET _skerry_row 4 _skerry_sha256)
    skerry_find_archive(_skerry_archive ${_skerry_sha256})
    find_package(${name} ${_skerry_least} CONFIG QUIET GLOBAL)
    if(${name}_FOUND)
      message(STATUS "${name} ${${name}_VERSION}: installed")
    elseif(_skerry_archive)
      message(STATUS "${name}: from ${_skerry_archive}")
      skerry_fetch(${name} "${_skerry_archive}" ${_skerry_sha256})
    elseif(SKERRY_DOWNLOAD_DEPS)
      message(STATUS "${name}: from ${_skerry_url}")
      skerry_fetch(${name} "${_skerry_url}" ${_skerry_sha256})
    else()
      message(
        FATAL_ERROR
          "${name} ${_skerry_least} or newer is needed for skerry's tests, checks, benchmarks or examples and was not found.\n"
          "One of:\n"
          "  scripts/setup                             installs everything on Debian 12\n"
          "  install the package                       Debian: ${_skerry_package}\n"
          "  -DSKERRY_DEPS_DIR=DIR                     with this archive in DIR, under any name:\n"
          "                                            ${_skerry_url}\n"
          "  -DSKERRY_DOWNLOAD_DEPS=ON                 downloads that archive, its hash is checked\n"
          "  -DSKERRY_BUILD_TESTS=OFF -DSKERRY_BUILD_CHECKS=OFF -DSKERRY_BUILD_BENCHMARKS=OFF -DSKERRY_BUILD_EXAMPLES=OFF\n"
          "                                            the headers alone need nothing")
    endif()
    # A target is the one thing that is visible in every directory from here on.
    add_library(skerry_has_${name} INTERFACE IMPORTED GLOBAL)
  endif()
endmacro()

# Eigen is asked for by skerry/anomaly/t2_q_wide.hpp alone. Without it that header is not tested.
find_package(Eigen3 3.3 CONFIG QUIET GLOBAL)
if(TARGET Eigen3::Eigen)
  message(STATUS "Eigen ${Eigen3_VERSION}: installed")
else()
  message(STATUS "Eigen: not installed (Debian: libeigen3-dev), so anomaly/t2_q_wide.hpp is not tested")
endif()

# The library of ONNX Runtime: the adapter loads it at run time, so only tests and examples want to know where it is.
find_library(SKERRY_ONNXRUNTIME_LIBRARY NAMES onnxruntime libonnxruntime.so.1 HINTS "$ENV{ONNXRUNTIME_ROOT}/lib" "$ENV{ONNXRUNTIME_ROOT}/lib/x64")
mark_as_advanced(SKERRY_ONNXRUNTIME_LIBRARY)
if(TARGET skerry::onnxruntime AND SKERRY_ONNXRUNTIME_LIBRARY)
  message(STATUS "ONNX Runtime: ${SKERRY_ONNXRUNTIME_LIBRARY}")
else()
  message(STATUS "ONNX Runtime: not found (scripts/get_onnxruntime DIR, then ONNXRUNTIME_ROOT=DIR), so adapters/onnxruntime.hpp is not tested")
endif()
