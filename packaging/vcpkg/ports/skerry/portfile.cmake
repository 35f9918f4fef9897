# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# An overlay port for a clone: vcpkg install skerry --overlay-ports=packaging/vcpkg/ports
# For the registry, SOURCE_PATH comes from vcpkg_from_github of a release instead.
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../.." ABSOLUTE)

set(VCPKG_BUILD_TYPE release) # header-only: one build is enough

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DSKERRY_BUILD_TESTS=OFF
        -DSKERRY_BUILD_EXAMPLES=OFF
        -DSKERRY_BUILD_BENCHMARKS=OFF
        -DSKERRY_BUILD_CHECKS=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/skerry)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/licenses")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
