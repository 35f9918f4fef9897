# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT

# One interface target per module; the links repeat the floors, so that linking a module brings what its headers may include.
function(skerry_module name)
  add_library(skerry_${name} INTERFACE)
  add_library(skerry::${name} ALIAS skerry_${name})
  set_target_properties(skerry_${name} PROPERTIES EXPORT_NAME ${name})
  set(headers ${skerry_${name}_headers})
  list(TRANSFORM headers PREPEND "${PROJECT_SOURCE_DIR}/include/")
  target_sources(skerry_${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${headers})
  target_link_libraries(skerry_${name} INTERFACE ${ARGN})
endfunction()

skerry_module(core)
target_compile_features(skerry_core INTERFACE cxx_std_20)
# Same input, same bits: whether a * b + c is one rounding or two must not depend on the target's instruction set.
target_compile_options(skerry_core INTERFACE "$<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-ffp-contract=off>")

skerry_module(stats skerry::core)
skerry_module(state skerry::core)
skerry_module(delivery skerry::core)
skerry_module(anomaly skerry::core skerry::stats)
skerry_module(testing skerry::core skerry::stats skerry::state skerry::delivery skerry::anomaly)
# What stands on somebody else's library or system, each header for itself; nothing else includes them.
skerry_module(adapters skerry::core)
skerry_module(skerry skerry::core skerry::stats skerry::state skerry::delivery skerry::anomaly skerry::testing)

include("${CMAKE_CURRENT_LIST_DIR}/adapters.cmake")
foreach(adapter asio sqlite mosquitto onnxruntime opencv_dnn)
  skerry_find_adapter(${adapter})
endforeach()
