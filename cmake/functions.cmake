# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# What the CMakeLists.txt of tests/<module>, benchmarks/<module> and examples call. Each function does nothing where its kind of program
# is not built, so the lists need no conditions.
include(CheckCXXSourceCompiles)

# Catch2, fmt and nlohmann-json throw: with -fno-exceptions only what firmware could run is built.
set(CMAKE_REQUIRED_QUIET ON)
check_cxx_source_compiles("int main() { try { throw 1; } catch (int) { return 0; } }" SKERRY_HAS_EXCEPTIONS)
unset(CMAKE_REQUIRED_QUIET)
if(NOT SKERRY_HAS_EXCEPTIONS)
  message(STATUS "Exceptions are off: building the header checks, skerry_same_bits and skerry_two_units only")
endif()

find_package(Python3 COMPONENTS Interpreter QUIET)

# What most tests include of others, parsed once for each program. A test that forgets an include is found by a build without.
option(SKERRY_PRECOMPILE "Precompile what the tests include of the standard library, Catch2, fmt and nlohmann-json" OFF)
function(skerry_precompile target)
  if(SKERRY_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    # A compiler cache gives the same file again, but later.
    target_compile_options(${target} PRIVATE "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endfunction()
set(skerry_precompiled_std <algorithm> <array> <cmath> <cstdint> <map> <memory> <optional> <set> <span> <string> <string_view> <vector>)

function(skerry_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
endfunction()

function(skerry_absolute result)
  set(files "")
  foreach(file IN LISTS ARGN)
    file(REAL_PATH "${file}" absolute BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    list(APPEND files "${absolute}")
  endforeach()
  set(${result} "${files}" PARENT_SCOPE)
endfunction()

# skerry_tests(<module> files...): program skerry_tests_<module>, one ctest of that name; its test cases are counted from its report.
function(skerry_tests module)
  if(NOT SKERRY_BUILD_TESTS OR NOT SKERRY_HAS_EXCEPTIONS)
    return()
  endif()
  set(target skerry_tests_${module})
  skerry_absolute(files ${ARGN})
  if(TARGET ${target})
    target_sources(${target} PRIVATE ${files})
    return()
  endif()
  list(LENGTH files how_many)
  add_executable(${target} ${files})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE skerry::skerry Catch2::Catch2WithMain fmt::fmt nlohmann_json::nlohmann_json)
  skerry_warnings(${target})
  if(how_many GREATER 5)
    skerry_precompile(${target} <catch2/catch_test_macros.hpp> ${skerry_precompiled_std})
  endif()
  add_dependencies(skerry_unit_tests ${target})
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/results")
  add_test(NAME ${target} COMMAND ${target} --warn NoAssertions --reporter console::out=-::colour-mode=none --reporter
                                  "XML::out=${PROJECT_BINARY_DIR}/results/${target}.xml"
           WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  set_tests_properties(${target} PROPERTIES LABELS unit TIMEOUT 900)
endfunction()

# skerry_dear_test(name seconds): so long does it take with sanitizers, so it is started before others.
function(skerry_dear_test name seconds)
  if(TEST ${name})
    set_tests_properties(${name} PROPERTIES COST ${seconds})
  endif()
endfunction()

# skerry_quick_to_compile(target): with sanitizers optimising takes four times as long as all that it saves while running, and in a
# release -O2 half as long again as -O1.
function(skerry_quick_to_compile target)
  if(TARGET ${target})
    target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O0> $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# skerry_quick_sources(files...): the same with sanitizers for single files that are dear to optimise and cheap to run.
function(skerry_quick_sources)
  # A precompiled header is good for one level alone.
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Debug>:-O0>" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# skerry_vector_loaders(files...): loaders of vector suites, collected into skerry_vectors.
function(skerry_vector_loaders)
  if(TARGET skerry_vectors)
    skerry_absolute(files ${ARGN})
    target_sources(skerry_vectors PRIVATE ${files})
  endif()
endfunction()

# skerry_same_bits_sources(files...): drivers of fixed-capacity types, collected into skerry_same_bits.
function(skerry_same_bits_sources)
  if(TARGET skerry_same_bits)
    skerry_absolute(files ${ARGN})
    target_sources(skerry_same_bits PRIVATE ${files})
  endif()
endfunction()

# skerry_benchmarks(files...): benchmarks, collected into skerry_bench.
function(skerry_benchmarks)
  if(TARGET skerry_bench)
    skerry_absolute(files ${ARGN})
    target_sources(skerry_bench PRIVATE ${files})
  endif()
endfunction()

# skerry_script_test(<name> LABEL <label> [COST seconds] COMMAND ...): a test that is a script. Exit 77 with a line "skipped: WHY" is a
# skip. Those with a cost are started first, the dearest before all.
function(skerry_script_test name)
  if(NOT SKERRY_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 script "" "LABEL;TIMEOUT;COST" "COMMAND")
  list(GET script_COMMAND 0 program)
  if(program STREQUAL "python")
    list(REMOVE_AT script_COMMAND 0)
    if(Python3_FOUND)
      list(PREPEND script_COMMAND "${Python3_EXECUTABLE}")
    else()
      set(script_COMMAND sh -c "echo 'skipped: python3 is not installed'; exit 77")
    endif()
  endif()
  if(NOT script_TIMEOUT)
    set(script_TIMEOUT 900)
  endif()
  add_test(NAME ${name} COMMAND ${script_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS "${script_LABEL}" SKIP_RETURN_CODE 77 TIMEOUT ${script_TIMEOUT})
  if(script_COST)
    set_tests_properties(${name} PROPERTIES COST ${script_COST})
  endif()
endfunction()
