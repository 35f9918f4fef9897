# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT

# The version is written once, in version.hpp; everything else reads it from there.
function(skerry_read_version result header)
  set(version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${header}" line REGEX "^#define SKERRY_VERSION_${part} +[0-9]+$")
    if(NOT line MATCHES "([0-9]+)$")
      message(FATAL_ERROR "SKERRY_VERSION_${part} not found in ${header}")
    endif()
    list(APPEND version ${CMAKE_MATCH_1})
  endforeach()
  list(JOIN version "." version)
  set(${result} "${version}" PARENT_SCOPE)
endfunction()
