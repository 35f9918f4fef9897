// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <utility>

namespace skerry_test {

/// A number that cannot be copied byte by byte and knows how many of its kind live.
class counted {
 public:
  counted(int v = 0) : value_{new int{v}} { ++alive; }  // NOLINT(google-explicit-constructor)
  counted(const counted& other) : value_{new int{*other.value_}} { ++alive; }
  counted(counted&& other) noexcept : value_{std::exchange(other.value_, nullptr)} { ++alive; }
  counted& operator=(const counted& other) {
    counted copy{other};
    std::swap(value_, copy.value_);
    return *this;
  }
  counted& operator=(counted&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~counted() {
    delete value_;
    --alive;
  }
  [[nodiscard]] int value() const { return value_ != nullptr ? *value_ : -1; }
  friend bool operator==(const counted& a, const counted& b) { return a.value() == b.value(); }
  friend bool operator<(const counted& a, const counted& b) { return a.value() < b.value(); }

  static inline int alive = 0;

 private:
  int* value_;
};

}  // namespace skerry_test
