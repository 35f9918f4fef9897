# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(skerry_config_dir "${CMAKE_INSTALL_DATADIR}/cmake/skerry")

install(
  TARGETS skerry_core skerry_stats skerry_state skerry_delivery skerry_anomaly skerry_testing skerry_adapters skerry_skerry
  EXPORT skerry-targets
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT skerry-targets NAMESPACE skerry:: DESTINATION "${skerry_config_dir}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/skerry-config.cmake.in" "${PROJECT_BINARY_DIR}/skerry-config.cmake"
  INSTALL_DESTINATION "${skerry_config_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change an interface, so only the same minor version is compatible. Headers have no word size.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/skerry-config-version.cmake" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/skerry-config.cmake" "${PROJECT_BINARY_DIR}/skerry-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/adapters.cmake"
        DESTINATION "${skerry_config_dir}")

# Relative to the file itself, so that a package may be moved; CMake 3.24's file(RELATIVE_PATH) wants absolute paths.
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}" OR IS_ABSOLUTE "${pkgconfig_dir}")
  set(skerry_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(skerry_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH up "/prefix/${pkgconfig_dir}" "/prefix")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(skerry_pc_prefix "\${pcfiledir}/${up}")
  set(skerry_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/skerry.pc.in" "${PROJECT_BINARY_DIR}/skerry.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/skerry.pc" DESTINATION "${pkgconfig_dir}")

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/skerry")
