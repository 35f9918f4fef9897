# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
#
# A Cortex-M without a system, on the MPS2 boards that qemu models: arm-none-eabi-g++ and newlib. Programs are linked with their own
# start-up and linker script (tests/board, examples/07_firmware_sensor), and ctest runs them in qemu.
#
#   -DSKERRY_BOARD=an385 (M3) | an386 (M4, unit for floats) | an500 (M7, unit for doubles)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SKERRY_BOARD)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_EXECUTABLE_SUFFIX_CXX .elf)

set(SKERRY_BOARD an386 CACHE STRING "Board that qemu models: an385, an386 or an500")
set(processor_an385 "-mcpu=cortex-m3 -mthumb -mfloat-abi=soft")
set(processor_an386 "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16")
set(processor_an500 "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16")
if(NOT DEFINED processor_${SKERRY_BOARD})
  message(FATAL_ERROR "SKERRY_BOARD is an385, an386 or an500, not ${SKERRY_BOARD}")
endif()

set(CMAKE_CXX_FLAGS_INIT
    "${processor_${SKERRY_BOARD}} -fno-exceptions -fno-rtti -fno-threadsafe-statics -ffunction-sections -fdata-sections -Wno-psabi")
# Without the stand-ins for a system's calls: who asks for memory or for the streams of C does not link.
# Sums of doubles are corrected where there is no unit for them (adapters/arm_double_sum.hpp); elsewhere nothing calls these two.
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-nostartfiles --specs=nano.specs -Wl,--gc-sections,--no-warn-mismatch,--wrap=__aeabi_dadd,--wrap=__aeabi_dsub")

find_program(SKERRY_QEMU_ARM qemu-system-arm)
if(SKERRY_QEMU_ARM)
  set(CMAKE_CROSSCOMPILING_EMULATOR
      "${SKERRY_QEMU_ARM};-M;mps2-${SKERRY_BOARD};-display;none;-monitor;none;-serial;none;-semihosting-config;enable=on,target=native;-kernel"
  )
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
