# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# cmake --build build/release --target docs   writes build/release/docs/html/index.html

find_program(SKERRY_DOXYGEN doxygen)
mark_as_advanced(SKERRY_DOXYGEN)
if(SKERRY_DOXYGEN)
  configure_file("${PROJECT_SOURCE_DIR}/docs/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
  add_custom_target(docs COMMAND "${SKERRY_DOXYGEN}" "${PROJECT_BINARY_DIR}/Doxyfile" WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM)
endif()
if(SKERRY_BUILD_TESTS)
  if(SKERRY_DOXYGEN)
    add_test(NAME docs COMMAND "${SKERRY_DOXYGEN}" "${PROJECT_BINARY_DIR}/Doxyfile" WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  else()
    add_test(NAME docs COMMAND sh -c "echo 'skipped: doxygen is not installed'; exit 77")
  endif()
  set_tests_properties(docs PROPERTIES LABELS check SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
