# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# cmake -P cmake/update_headers.cmake             writes cmake/headers.cmake from the tree
# cmake -DCHECK=ON -P cmake/update_headers.cmake  fails if the list and the tree differ
cmake_minimum_required(VERSION 3.24)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

set(modules core stats state delivery anomaly testing adapters)
set(text [[
# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# The public headers by module, relative to include/. Written by: cmake -P cmake/update_headers.cmake
]])
set(listed "")
foreach(module IN LISTS modules)
  file(GLOB_RECURSE headers RELATIVE "${root}/include" "${root}/include/skerry/${module}/*.hpp")
  if(EXISTS "${root}/include/skerry/${module}.hpp")
    list(PREPEND headers "skerry/${module}.hpp")
  endif()
  list(APPEND listed ${headers})
  if(headers)
    list(JOIN headers "\n    " headers)
    string(APPEND text "\nset(skerry_${module}_headers\n    ${headers})\n")
  else()
    string(APPEND text "\nset(skerry_${module}_headers)\n")
  endif()
endforeach()

file(GLOB_RECURSE everything RELATIVE "${root}/include" "${root}/include/*")
list(REMOVE_ITEM everything ${listed} "skerry/skerry.hpp")
if(everything)
  message(FATAL_ERROR "These files belong to no module known to cmake/update_headers.cmake: ${everything}")
endif()
if(EXISTS "${root}/include/skerry/skerry.hpp")
  string(APPEND text "\nset(skerry_skerry_headers\n    skerry/skerry.hpp)\n")
else()
  string(APPEND text "\nset(skerry_skerry_headers)\n")
endif()

set(before "")
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/headers.cmake")
  file(READ "${CMAKE_CURRENT_LIST_DIR}/headers.cmake" before)
endif()
if(CHECK)
  if(NOT before STREQUAL text)
    foreach(header IN LISTS listed)
      string(FIND "${before}" " ${header}" at)
      if(at EQUAL -1)
        message("not listed: ${header}")
      endif()
    endforeach()
    message(FATAL_ERROR "cmake/headers.cmake does not equal the tree. Remedy: cmake -P cmake/update_headers.cmake")
  endif()
  list(LENGTH listed count)
  message("cmake/headers.cmake lists all ${count} headers")
elseif(NOT before STREQUAL text)
  file(WRITE "${CMAKE_CURRENT_LIST_DIR}/headers.cmake" "${text}")
endif()
