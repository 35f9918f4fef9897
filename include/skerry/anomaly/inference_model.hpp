// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

/// A type M models `inference_model` when:
///   1. `infer` depends on its input and on M's fixed parameters only: the same row gives the same answer tomorrow, so that a
///      recorded stream can be judged again;
///   2. the spans are as long as the products of the shapes; otherwise it answers `errc::width` and `out` is untouched;
///   3. it fails by value and never throws: an adapter around a throwing runtime catches at its own edge;
///   4. it is bounded in time, or answers `errc::timeout`: who waits for a model still has rows coming in;
///   5. after a failure the next call stands alone: no state of the failed one is left behind.
/// Shapes are row-major, the batch dimension is left out; they do not change during M's life.
/// A compiler sees the signatures only; the laws are M's promise.
template <typename M>
concept inference_model = requires(M& m, const M& c, std::span<const float> in, std::span<float> out) {
  { c.input_shape() } -> std::convertible_to<std::span<const std::uint32_t>>;
  { c.output_shape() } -> std::convertible_to<std::span<const std::uint32_t>>;
  { m.infer(in, out) } -> std::same_as<status>;
};

/// How many values a shape holds: the product of its extents (1 for a shape without extents: a scalar).
///
/// A product beyond 64 bits saturates, so that no span is ever as long.
[[nodiscard]] constexpr std::uint64_t shape_size(std::span<const std::uint32_t> shape) noexcept {
  std::uint64_t product = 1;
  bool zero = false;
  for (const std::uint32_t extent : shape) {
    zero = zero || extent == 0;
    product = extent != 0 && product > UINT64_MAX / extent ? UINT64_MAX : product * (extent == 0 ? 1 : extent);
  }
  return zero ? 0 : product;
}

/// The absence of a model: takes nothing, answers nothing. A component that is given it leaves the path out while compiling.
struct no_model {
  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept { return shape; }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept { return shape; }
  constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    return in.empty() && out.empty() ? status{} : status{errc::width};
  }

 private:
  static constexpr std::array<std::uint32_t, 1> shape{0};
};

namespace detail {
template <typename F, std::size_t In, std::size_t Out>
concept callable_on = requires(std::remove_cvref_t<F> f, std::span<const float, In> in, std::span<float, Out> out) {
  f(in, out);
};
}  // namespace detail

/// A callable as an `inference_model` with one input and one output extent; made by `model_from`.
///
/// Cost    sizeof(F); one call
/// Errors  `width` from the wrong span, before F is called; whatever F answers otherwise
template <std::size_t In, std::size_t Out, typename F>
class function_model {
  static_assert(In > 0 && In <= UINT32_MAX && Out > 0 && Out <= UINT32_MAX, "a model has at least one input and one output value");
  using answer = std::invoke_result_t<F&, std::span<const float, In>, std::span<float, Out>>;
  static_assert(std::same_as<answer, status> || std::same_as<answer, void>,
                "model_from: the callable returns skerry::status, or nothing when it cannot fail");

 public:
  constexpr explicit function_model(F f) noexcept(std::is_nothrow_move_constructible_v<F>) : f_{std::move(f)} {}

  [[nodiscard]] constexpr std::span<const std::uint32_t> input_shape() const noexcept { return in_shape; }
  [[nodiscard]] constexpr std::span<const std::uint32_t> output_shape() const noexcept { return out_shape; }

  /// The callable must not throw (law 3): an exception that leaves it ends the program.
  constexpr status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (in.size() != In || out.size() != Out) {
      return errc::width;
    }
    if constexpr (std::same_as<answer, status>) {
      return f_(in.template first<In>(), out.template first<Out>());
    } else {
      f_(in.template first<In>(), out.template first<Out>());
      return {};
    }
  }

 private:
  static constexpr std::array<std::uint32_t, 1> in_shape{static_cast<std::uint32_t>(In)};
  static constexpr std::array<std::uint32_t, 1> out_shape{static_cast<std::uint32_t>(Out)};
  F f_;
};

/// Makes an `inference_model` of a callable `f(std::span<const float, In>, std::span<float, Out>)` that returns a `status`, or
/// nothing when it cannot fail: for a hand-written rule, a generated function, or a call into a runtime.
template <std::size_t In, std::size_t Out, detail::callable_on<In, Out> F>
[[nodiscard]] constexpr auto model_from(F&& f) noexcept(std::is_nothrow_constructible_v<std::remove_cvref_t<F>, F>) {
  return function_model<In, Out, std::remove_cvref_t<F>>{std::forward<F>(f)};
}

}  // namespace skerry::inline v0::anomaly
