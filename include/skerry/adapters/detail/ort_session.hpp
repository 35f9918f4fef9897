// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/result.hpp>

#if __has_include(<onnxruntime/onnxruntime_c_api.h>)
#include <onnxruntime/onnxruntime_c_api.h>
#else
#include <onnxruntime_c_api.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace skerry::inline v0::adapters {

/// What ONNX Runtime, or this adapter, said last; cut where it is longer.
using onnxruntime_message = inplace_string<255>;

namespace detail {

// The interface of 1.11 from March 2022: everything used here was there, and tables only grow at their end, so newer headers run on any
// library from then on.
inline constexpr std::uint32_t ort_level = ORT_API_VERSION < 11 ? ORT_API_VERSION : 11;

inline void ort_say(onnxruntime_message* why, std::string_view text) noexcept {
  if (why != nullptr) {
    (void)why->try_assign(text.substr(0, onnxruntime_message::capacity()));
  }
}

[[nodiscard]] inline errc errc_of(OrtErrorCode code) noexcept {
  switch (code) {
    case ORT_OK: return errc::ok;
    case ORT_INVALID_ARGUMENT: return errc::invalid;
    case ORT_NO_SUCHFILE:
    case ORT_NO_MODEL: return errc::absent;
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH: return errc::corrupt;
    case ORT_NOT_IMPLEMENTED: return errc::unsupported;
    default: return errc::unavailable;
  }
}

/// A handle of ONNX Runtime and the function that gives it back.
template <typename T>
class ort_handle {
 public:
  using release = void(ORT_API_CALL*)(T*);
  ort_handle() = default;
  explicit ort_handle(release r) noexcept : release_{r} {}
  ort_handle(ort_handle&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)}, release_{other.release_} {}
  ort_handle& operator=(ort_handle&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
      release_ = other.release_;
    }
    return *this;
  }
  ort_handle(const ort_handle&) = delete;
  ort_handle& operator=(const ort_handle&) = delete;
  ~ort_handle() { reset(); }

  [[nodiscard]] T* get() const noexcept { return handle_; }
  [[nodiscard]] T** out() noexcept {
    reset();
    return &handle_;
  }
  void reset() noexcept {
    if (handle_ != nullptr) {
      release_(std::exchange(handle_, nullptr));
    }
  }

 private:
  T* handle_ = nullptr;
  release release_ = nullptr;
};

inline constexpr std::size_t ort_most_rank = 8;

struct ort_text_release {
  OrtAllocator* allocator = nullptr;
  void operator()(char* text) const noexcept { allocator->Free(allocator, text); }
};
using ort_text = std::unique_ptr<char, ort_text_release>;
struct ort_shape {
  std::array<std::int64_t, ort_most_rank> extent{};
  std::size_t rank = 0;
};

// Values of ONNX Runtime point into its buffers, so it stays where it is.
/// A model in ONNX Runtime with its row, its answer, and the last words about it.
struct ort_session {
  const OrtApi* api = nullptr;
  OrtAllocator* allocator = nullptr;  // ONNX Runtime's default one: nobody's to give back
  ort_handle<OrtSession> session{};
  ort_handle<OrtMemoryInfo> memory{};
  ort_handle<OrtValue> in_value{}, out_value{};
  std::unique_ptr<float[]> in{}, out{};
  ort_text in_name{}, out_name{};
  ort_shape in_all{}, out_all{};  // with the batch
  std::array<std::uint32_t, ort_most_rank> in_shape{}, out_shape{};
  std::size_t in_rank = 0, out_rank = 0, width = 0, answers = 0, batch = 1, checked = 0;
  bool any_batch = false;
  bool maps = false;
  onnxruntime_message message{};

  void say(std::string_view words) noexcept { ort_say(&message, words); }
  [[nodiscard]] status refuse(errc e, std::string_view words) noexcept {
    say(words);
    return e;
  }
  [[nodiscard]] status take(OrtStatus* s) noexcept {
    if (s == nullptr) {
      return {};
    }
    say(api->GetErrorMessage(s));
    const errc e = errc_of(api->GetErrorCode(s));
    api->ReleaseStatus(s);
    return e == errc::ok ? errc::unavailable : e;
  }

  [[nodiscard]] status run() noexcept {
    const char* const in_names[] = {in_name.get()};
    const char* const out_names[] = {out_name.get()};
    const OrtValue* const ins[] = {in_value.get()};
    OrtValue* outs[] = {out_value.get()};  // null for maps: ONNX Runtime makes them
    const status done = take(api->Run(session.get(), nullptr, in_names, ins, 1, out_names, 1, outs));
    if (!maps) {
      return done;
    }
    ort_handle<OrtValue> sequence{api->ReleaseValue};
    *sequence.out() = outs[0];
    return done ? read_map(sequence.get()) : done;
  }

  /// The probabilities of the first row.
  [[nodiscard]] status read_map(OrtValue* sequence) noexcept {
    ort_handle<OrtValue> map{api->ReleaseValue}, values{api->ReleaseValue};
    if (status s = take(api->GetValue(sequence, 0, allocator, map.out())); !s) {
      return s;
    }
    if (status s = take(api->GetValue(map.get(), 1, allocator, values.out())); !s) {
      return s;
    }
    ort_shape now;
    if (status s = shape_of(values.get(), now); !s) {
      return s;
    }
    if (now.rank != 1 || now.extent[0] <= 0 || (answers != 0 && static_cast<std::size_t>(now.extent[0]) != answers)) {
      return refuse(errc::width, "a map of another number of classes than before");
    }
    float* p = nullptr;
    if (status s = take(api->GetTensorMutableData(values.get(), reinterpret_cast<void**>(&p))); !s) {
      return s;
    }
    if (answers == 0) {
      out_all = now;
      return {};
    }
    std::memcpy(out.get(), p, answers * sizeof(float));
    return {};
  }

  [[nodiscard]] status run_block(anomaly::row_view<float> rows, std::span<float> to) noexcept {
    ort_shape ins = in_all, outs = out_all;
    ins.extent[0] = outs.extent[0] = static_cast<std::int64_t>(rows.rows);
    ort_handle<OrtValue> from{api->ReleaseValue}, into{api->ReleaseValue};
    // ONNX Runtime does not write to its inputs, but its interface cannot say so.
    if (status s = tensor(const_cast<float*>(rows.data), rows.rows * rows.columns, ins, from); !s) {
      return s;
    }
    if (status s = tensor(to.data(), to.size(), outs, into); !s) {
      return s;
    }
    const char* const in_names[] = {in_name.get()};
    const char* const out_names[] = {out_name.get()};
    const OrtValue* const from_values[] = {from.get()};
    OrtValue* into_values[] = {into.get()};
    return take(api->Run(session.get(), nullptr, in_names, from_values, 1, out_names, 1, into_values));
  }

  [[nodiscard]] status tensor(float* data, std::size_t count, const ort_shape& of, ort_handle<OrtValue>& value) noexcept {
    value = ort_handle<OrtValue>{api->ReleaseValue};
    return take(api->CreateTensorWithDataAsOrtValue(memory.get(), data, count * sizeof(float), of.extent.data(), of.rank,
                                                    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, value.out()));
  }

  [[nodiscard]] status read_shape(const OrtTensorTypeAndShapeInfo* info, ort_shape& to) noexcept {
    if (status s = take(api->GetDimensionsCount(info, &to.rank)); !s) {
      return s;
    }
    if (to.rank > ort_most_rank) {
      return refuse(errc::unsupported, "a tensor of more than eight dimensions");
    }
    return take(api->GetDimensions(info, to.extent.data(), to.rank));
  }
  [[nodiscard]] status shape_of(const OrtValue* value, ort_shape& to) noexcept {
    ort_handle<OrtTensorTypeAndShapeInfo> info{api->ReleaseTensorTypeAndShapeInfo};
    if (status s = take(api->GetTensorTypeAndShape(value, info.out())); !s) {
      return s;
    }
    return read_shape(info.get(), to);
  }

  [[nodiscard]] status open(const char* wanted_output) noexcept {
    memory = ort_handle<OrtMemoryInfo>{api->ReleaseMemoryInfo};
    if (status s = take(api->GetAllocatorWithDefaultOptions(&allocator)); !s) {
      return s;
    }
    if (status s = take(api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, memory.out())); !s) {
      return s;
    }
    if (status s = find_input(); !s) {
      return s;
    }
    if (status s = find_output(wanted_output); !s) {
      return s;
    }
    in.reset(new (std::nothrow) float[batch * width]());
    if (!in) {
      return refuse(errc::full, "no memory for a row");
    }
    if (status s = tensor(in.get(), batch * width, in_all, in_value); !s) {
      return s;
    }
    if (status s = measure_answer(); !s) {
      return s;
    }
    out.reset(new (std::nothrow) float[batch * answers]());
    if (!out) {
      return refuse(errc::full, "no memory for an answer");
    }
    return maps ? status{} : tensor(out.get(), batch * answers, out_all, out_value);
  }

  [[nodiscard]] status find_input() noexcept {
    std::size_t count = 0;
    if (status s = take(api->SessionGetInputCount(session.get(), &count)); !s) {
      return s;
    }
    if (count != 1) {
      return refuse(errc::unsupported, "the model has not one input: a row is one");
    }
    char* name = nullptr;
    if (status s = take(api->SessionGetInputName(session.get(), 0, allocator, &name)); !s) {
      return s;
    }
    in_name = ort_text{name, {allocator}};
    ort_handle<OrtTypeInfo> type{api->ReleaseTypeInfo};
    if (status s = take(api->SessionGetInputTypeInfo(session.get(), 0, type.out())); !s) {
      return s;
    }
    bool floats = false;
    if (status s = float_tensor(type.get(), floats, &in_all); !s) {
      return s;
    }
    if (!floats || in_all.rank == 0) {
      return refuse(errc::unsupported, "the input is no tensor of binary32 numbers");
    }
    const std::size_t first = in_all.rank == 1 ? 0 : 1;
    any_batch = first == 1 && in_all.extent[0] < 0;
    if (first == 1) {
      batch = any_batch ? 1 : static_cast<std::size_t>(in_all.extent[0]);
      in_all.extent[0] = static_cast<std::int64_t>(batch);
    }
    width = 1;
    for (std::size_t i = first; i < in_all.rank; ++i) {
      if (in_all.extent[i] <= 0 || in_all.extent[i] > most_values) {
        return refuse(errc::unsupported, "a dimension of the input is not fixed, or too large");
      }
      in_shape[in_rank++] = static_cast<std::uint32_t>(in_all.extent[i]);
      width *= static_cast<std::size_t>(in_all.extent[i]);
    }
    return batch != 0 && batch <= most_values && width <= most_values
               ? status{}
               : refuse(errc::unsupported, "an input of no rows, or a very large one");
  }

  [[nodiscard]] status float_tensor(const OrtTypeInfo* type, bool& floats, ort_shape* of) noexcept {
    ONNXType kind = ONNX_TYPE_UNKNOWN;
    floats = false;
    if (status s = take(api->GetOnnxTypeFromTypeInfo(type, &kind)); !s || kind != ONNX_TYPE_TENSOR) {
      return s;
    }
    const OrtTensorTypeAndShapeInfo* tensor_info = nullptr;  // part of `type`
    if (status s = take(api->CastTypeInfoToTensorInfo(type, &tensor_info)); !s) {
      return s;
    }
    ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    if (status s = take(api->GetTensorElementType(tensor_info, &element)); !s) {
      return s;
    }
    floats = element == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    return of != nullptr && floats ? read_shape(tensor_info, *of) : status{};
  }

  /// Whether an output is a sequence of maps from a class to a binary32 number.
  [[nodiscard]] status float_maps(const OrtTypeInfo* type, bool& yes) noexcept {
    ONNXType kind = ONNX_TYPE_UNKNOWN;
    yes = false;
    if (status s = take(api->GetOnnxTypeFromTypeInfo(type, &kind)); !s || kind != ONNX_TYPE_SEQUENCE) {
      return s;
    }
    const OrtSequenceTypeInfo* sequence = nullptr;
    ort_handle<OrtTypeInfo> element{api->ReleaseTypeInfo}, value{api->ReleaseTypeInfo};
    if (status s = take(api->CastTypeInfoToSequenceTypeInfo(type, &sequence)); !s) {
      return s;
    }
    if (status s = take(api->GetSequenceElementType(sequence, element.out())); !s) {
      return s;
    }
    if (status s = take(api->GetOnnxTypeFromTypeInfo(element.get(), &kind)); !s || kind != ONNX_TYPE_MAP) {
      return s;
    }
    const OrtMapTypeInfo* map = nullptr;
    if (status s = take(api->CastTypeInfoToMapTypeInfo(element.get(), &map)); !s) {
      return s;
    }
    if (status s = take(api->GetMapValueType(map, value.out())); !s) {
      return s;
    }
    return float_tensor(value.get(), yes, nullptr);
  }

  [[nodiscard]] status find_output(const char* wanted) noexcept {
    std::size_t count = 0;
    if (status s = take(api->SessionGetOutputCount(session.get(), &count)); !s) {
      return s;
    }
    for (std::size_t i = 0; i < count; ++i) {
      char* name = nullptr;
      if (status s = take(api->SessionGetOutputName(session.get(), i, allocator, &name)); !s) {
        return s;
      }
      ort_text held{name, {allocator}};
      if (wanted != nullptr && std::string_view{wanted} != held.get()) {
        continue;
      }
      ort_handle<OrtTypeInfo> type{api->ReleaseTypeInfo};
      if (status s = take(api->SessionGetOutputTypeInfo(session.get(), i, type.out())); !s) {
        return s;
      }
      bool floats = false;
      if (status s = float_tensor(type.get(), floats, nullptr); !s) {
        return s;
      }
      if (!floats) {
        if (status s = float_maps(type.get(), maps); !s) {
          return s;
        }
      }
      if (floats || maps) {
        out_name = std::move(held);
        return {};
      }
      if (wanted != nullptr) {
        return refuse(errc::unsupported, "the output that was asked for is neither binary32 numbers nor maps to them");
      }
    }
    return wanted != nullptr ? refuse(errc::absent, "the model has no output of the name that was asked for")
                             : refuse(errc::unsupported, "no output is binary32 numbers, or maps to them");
  }

  /// One row of zeros: what comes back has the shape of all answers, which the model itself need not tell.
  [[nodiscard]] status measure_answer() noexcept {
    if (maps) {
      if (status s = run(); !s) {
        return s;
      }
      answers = static_cast<std::size_t>(out_all.extent[0]);
      out_shape[out_rank++] = static_cast<std::uint32_t>(answers);
      return {};
    }
    const char* const in_names[] = {in_name.get()};
    const char* const out_names[] = {out_name.get()};
    const OrtValue* const ins[] = {in_value.get()};
    OrtValue* outs[] = {nullptr};
    if (status s = take(api->Run(session.get(), nullptr, in_names, ins, 1, out_names, 1, outs)); !s) {
      return s;
    }
    ort_handle<OrtValue> answer{api->ReleaseValue};
    *answer.out() = outs[0];
    if (status s = shape_of(answer.get(), out_all); !s) {
      return s;
    }
    std::size_t all = 1;
    for (std::size_t i = 0; i < out_all.rank; ++i) {
      if (out_all.extent[i] <= 0 || out_all.extent[i] > most_values) {
        return refuse(errc::unsupported, "an output without values, or a very large one");
      }
      all *= static_cast<std::size_t>(out_all.extent[i]);
    }
    const bool per_row = out_all.rank >= 1 && in_all.rank > 1 && static_cast<std::size_t>(out_all.extent[0]) == batch;
    if (batch != 1 && !per_row) {
      return refuse(errc::unsupported, "the output does not have one answer per row of the batch");
    }
    any_batch = any_batch && per_row;
    answers = all / batch;
    for (std::size_t i = per_row ? 1 : 0; i < out_all.rank; ++i) {
      out_shape[out_rank++] = static_cast<std::uint32_t>(out_all.extent[i]);
    }
    return answers <= most_values ? status{} : refuse(errc::unsupported, "a very large output");
  }

  static constexpr std::int64_t most_values = 1 << 24;
};

}  // namespace detail

}  // namespace skerry::inline v0::adapters
