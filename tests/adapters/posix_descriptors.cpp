// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/adapters/posix_file.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

// Compiled with -O3, where GCC 12 once had the device take descriptor 0 for its own (core/array_of.hpp says why).
using skerry::adapters::posix_file;

TEST_CASE("a directory and its files are opened and closed, and no other descriptor is touched") {
  char at[] = "/tmp/skerry-descriptors-XXXXXX";
  REQUIRE(::mkdtemp(at) != nullptr);
  const bool reading = ::fcntl(0, F_GETFD) >= 0;
  const int before = ::dup(1);  // the next free number
  ::close(before);
  {
    auto opened = posix_file::create(static_cast<const char*>(at));
    REQUIRE(opened);
    auto device = std::make_unique<posix_file>(std::move(opened).value());
    for (const char* const name : {"a", "b", "c"}) {
      REQUIRE(device->create(std::string_view{name}));
    }
    CHECK(::fcntl(before + 3, F_GETFD) >= 0);
    for (const char* const name : {"a", "b", "c"}) {
      REQUIRE(device->remove(name));
    }
  }
  REQUIRE(::rmdir(at) == 0);
  const int after = ::dup(1);
  ::close(after);
  CHECK(after == before);
  CHECK((::fcntl(0, F_GETFD) >= 0) == reading);
}
