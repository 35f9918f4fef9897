# Copyright (c) 2026 The skerry authors
# SPDX-License-Identifier: MIT
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import load

MODULES = {
    "core": [],
    "stats": ["core"],
    "state": ["core"],
    "delivery": ["core"],
    "anomaly": ["core", "stats"],
    "testing": ["core", "stats", "state", "delivery", "anomaly"],
    "adapters": ["core"],  # each header stands on a library of its own, which the consumer brings
}
# skerry::skerry, all of them, is the target that Conan makes of a package by itself; a component of the package's own name is refused by
# Conan 1 and would be a second target of that name in Conan 2.


class SkerryConan(ConanFile):
    name = "skerry"
    description = "Header-only C++20 library for edge nodes: understand, judge, agree, deliver, run without the network"
    license = "MIT"
    topics = ("edge", "embedded", "anomaly-detection", "crdt", "sketches", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"
    no_copy_source = True

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include", "skerry", "core", "version.hpp"))
        self.version = re.search(r'SKERRY_VERSION_STRING "([^"]+)"', header)[1]

    def layout(self):
        cmake_layout(self)

    def validate(self):
        if self.settings.compiler.get_safe("cppstd"):
            check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for kind in ("TESTS", "EXAMPLES", "BENCHMARKS", "CHECKS"):
            toolchain.cache_variables[f"SKERRY_BUILD_{kind}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "skerry")
        self.cpp_info.set_property("pkg_config_name", "skerry")
        for module, requires in MODULES.items():
            component = self.cpp_info.components[module]
            component.set_property("cmake_target_name", f"skerry::{module}")
            component.requires = requires
            component.bindirs = []
            component.libdirs = []
        self.cpp_info.components["core"].cxxflags = ["-ffp-contract=off"]
