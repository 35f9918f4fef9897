# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# Adapters that link to somebody else's library have a target of their own, where that library is there: skerry::asio, skerry::sqlite,
# skerry::mosquitto. Read by skerry's own build and by its installed package, so both say the same.

# skerry_adapter(NAME TARGET...): skerry::NAME, over the modules that adapters stand on and what else is named.
function(skerry_adapter name)
  if(NOT TARGET skerry::${name})
    add_library(skerry::${name} INTERFACE IMPORTED GLOBAL)
    target_link_libraries(skerry::${name} INTERFACE skerry::adapters skerry::delivery ${ARGN})
  endif()
endfunction()

macro(skerry_find_adapter name)
  if("${name}" STREQUAL "sqlite")
    if(NOT TARGET SQLite::SQLite3)
      find_package(SQLite3 3.31 QUIET)
      if(SQLite3_FOUND)
        set_target_properties(SQLite::SQLite3 PROPERTIES IMPORTED_GLOBAL TRUE)
      endif()
    endif()
    if(TARGET SQLite::SQLite3)
      skerry_adapter(sqlite SQLite::SQLite3)
    endif()
  elseif("${name}" STREQUAL "mosquitto")
    find_path(SKERRY_MOSQUITTO_INCLUDE mosquitto.h)
    find_library(SKERRY_MOSQUITTO_LIBRARY mosquitto)
    mark_as_advanced(SKERRY_MOSQUITTO_INCLUDE SKERRY_MOSQUITTO_LIBRARY)
    if(SKERRY_MOSQUITTO_INCLUDE AND SKERRY_MOSQUITTO_LIBRARY)
      skerry_adapter(mosquitto "${SKERRY_MOSQUITTO_LIBRARY}")
      target_include_directories(skerry::mosquitto SYSTEM INTERFACE "${SKERRY_MOSQUITTO_INCLUDE}")
    endif()
  elseif("${name}" STREQUAL "asio")
    # Or Boost.Asio: the header itself includes neither, and needs no target then.
    if(NOT TARGET Threads::Threads)
      find_package(Threads QUIET)
      if(Threads_FOUND)
        set_target_properties(Threads::Threads PROPERTIES IMPORTED_GLOBAL TRUE)
      endif()
    endif()
    find_path(SKERRY_ASIO_INCLUDE asio.hpp)
    mark_as_advanced(SKERRY_ASIO_INCLUDE)
    if(SKERRY_ASIO_INCLUDE AND TARGET Threads::Threads)
      skerry_adapter(asio Threads::Threads)
      target_include_directories(skerry::asio SYSTEM INTERFACE "${SKERRY_ASIO_INCLUDE}")
    endif()
  endif()
endmacro()
