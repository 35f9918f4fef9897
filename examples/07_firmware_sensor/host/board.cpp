// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The same program on a computer: the interrupt is a function call, and files are files.
#include "../board.hpp"

#include <cstdio>

namespace board {

namespace {
void (*handler)() = nullptr;
std::FILE* files[4] = {};
}  // namespace

void on_sensor(void (*h)()) { handler = h; }
void wait() { handler(); }

void write(const char* text) { std::fputs(text, stdout); }

file file::open(const char* name, bool to_write) {
  file f;
  for (std::intptr_t i = 0; i < 4 && f.handle_ < 0; ++i) {
    if (files[i] == nullptr && (files[i] = std::fopen(name, to_write ? "wb" : "rb")) != nullptr) {
      f.handle_ = i;
    } else if (files[i] == nullptr) {
      break;
    }
  }
  return f;
}
std::size_t file::read(std::span<std::byte> out) { return std::fread(out.data(), 1, out.size(), files[handle_]); }
bool file::write(std::span<const std::byte> in) { return std::fwrite(in.data(), 1, in.size(), files[handle_]) == in.size(); }
bool file::close() {
  const bool good = std::fclose(files[handle_]) == 0;
  files[handle_] = nullptr;
  handle_ = -1;
  return good;
}

std::size_t stack_used() { return 0; }
std::uint64_t instructions() { return 0; }
simulating::simulating() = default;
simulating::~simulating() {}  // NOLINT: on a board it does something

}  // namespace board

int run(int argc, const char* const* argv);
int main(int argc, char** argv) { return run(argc, argv); }
