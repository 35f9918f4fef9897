// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/detail/model_file.hpp>
#include <skerry/adapters/detail/ort_session.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/model_vectors.hpp>
#include <skerry/anomaly/onnx_reader.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/result.hpp>

#include <dlfcn.h>

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

/// ONNX Runtime as this process has it: its table of functions and its environment. It outlives the models that it loads.
///
/// The library is loaded at run time: a program that was linked against it starts with the very release it was built with and with no
/// other (its symbols carry the version), and not at all on a node without it. Here a node without it has no model and goes on.
/// Who links it all the same hands over `*OrtGetApiBase()`.
///
/// Cost    a loaded library stays until the process ends; threads and memory of ONNX Runtime are its own
/// Errors  `absent`: no such library; `unsupported`: it is no ONNX Runtime, or older than 1.11; `why` tells in words
class onnxruntime_library {
 public:
  [[nodiscard]] static result<onnxruntime_library> load(const char* path = "libonnxruntime.so.1",
                                                        onnxruntime_message* why = nullptr) noexcept {
    void* library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* text = ::dlerror();
      detail::ort_say(why, text != nullptr ? text : "the library cannot be loaded");
      return errc::absent;
    }
    using get_base = const OrtApiBase*(ORT_API_CALL*)();
    void* symbol = ::dlsym(library, "OrtGetApiBase");
    if (symbol == nullptr) {
      detail::ort_say(why, "the library has no OrtGetApiBase: it is not ONNX Runtime");
      ::dlclose(library);
      return errc::unsupported;
    }
    get_base function = nullptr;
    static_assert(sizeof function == sizeof symbol);
    std::memcpy(&function, &symbol, sizeof symbol);
    return from(*function(), why);
  }
  [[nodiscard]] static result<onnxruntime_library> from(const OrtApiBase& base, onnxruntime_message* why = nullptr) noexcept {
    onnxruntime_library made;
    made.api_ = base.GetApi(detail::ort_level);
    made.version_ = base.GetVersionString();
    if (made.api_ == nullptr) {
      detail::ort_say(why, "this ONNX Runtime is older than 1.11");
      return errc::unsupported;
    }
    made.environment_ = detail::ort_handle<OrtEnv>{made.api_->ReleaseEnv};
    // Nothing is written to standard error: what it has to say comes back as a value.
    if (OrtStatus* s = made.api_->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "skerry", made.environment_.out()); s != nullptr) {
      detail::ort_say(why, made.api_->GetErrorMessage(s));
      made.api_->ReleaseStatus(s);
      return errc::unavailable;
    }
    return result<onnxruntime_library>{std::move(made)};
  }

  [[nodiscard]] std::string_view version() const noexcept { return version_; }
  [[nodiscard]] const OrtApi& api() const noexcept { return *api_; }
  [[nodiscard]] OrtEnv* environment() const noexcept { return environment_.get(); }

 private:
  onnxruntime_library() = default;
  const OrtApi* api_ = nullptr;
  const char* version_ = "";
  detail::ort_handle<OrtEnv> environment_{};
};

struct onnxruntime_options {
  int threads = 1;               ///< inside of one operator; 0: as many as ONNX Runtime likes. One is best for rows of a machine
  bool arena = true;             ///< keeps memory between inferences: faster, larger
  bool optimise = true;          ///< lets ONNX Runtime rewrite the graph while loading
  const char* output = nullptr;  ///< name of the output to answer with; null: the first of binary32 numbers, or of maps to them
  anomaly::vectors_rule vectors = anomaly::vectors_rule::if_present;
  anomaly::seal_rule seal = anomaly::seal_rule::if_present;  ///< of files from a disk that ages, or a link: `required`
};

/// An `inference_model` that ONNX Runtime computes.
///
/// Takes models of one input and one output or more. The input is a tensor of binary32 numbers whose first dimension is the batch (of any
/// size, or fixed) and whose other dimensions are fixed; a tensor of one fixed dimension is a row without a batch. The output is a
/// tensor of binary32 numbers, or a sequence of maps from class to probability as classifiers of ai.onnx.ml write it: then the answer is
/// the probabilities in the order of the keys. While loading, one row of zeros is asked for to learn how long an answer is, and then
/// the model's own test vectors, if it carries any (`model_vectors`, property "skerry.vectors").
///
/// Cost    an inference allocates nothing here; what ONNX Runtime allocates is its own (outputs of tensors are written in place). A model
///         of a fixed batch of B computes a row B times
/// Errors  of create: `absent`: no such file, or no vectors or no seal though `required`; `corrupt`: no model, or other bytes than its seal
/// says
/// (`check_onnx_seal`); `unsupported`: inputs, outputs or
///         operators that are not taken; `width`, `not_finite`, `mismatch`: its vectors disagree with it; `full`: no memory; `unavailable`:
///         any other refusal of ONNX Runtime. Of infer: `width`, `not_finite`: an answer is NaN or infinite, `insufficient`: moved from or
///         made without a model; the refusals of ONNX Runtime. `out` is untouched then, and `message()` has the words
/// Bound   ONNX Runtime is not interrupted: a graph without loops takes the time it takes, and law 4 of `inference_model` is the graph's
class onnxruntime_model {
 public:
  onnxruntime_model() = default;

  [[nodiscard]] static result<onnxruntime_model> create(const onnxruntime_library& library, const char* path,
                                                        const onnxruntime_options& options = {},
                                                        onnxruntime_message* why = nullptr) noexcept {
    {
      detail::model_file file;  // a file that cannot be read is left to ONNX Runtime, which has the words for it
      const status read = file.read(path);
      if (!read && read.error() != errc::absent && options.seal == anomaly::seal_rule::required) {
        detail::ort_say(why, "the file cannot be read");
        return read.error();
      }
      if (read) {
        if (options.seal == anomaly::seal_rule::required) {  // the bytes that were looked at, not those that the file has by then
          return create(library, file.bytes(), options, why);
        }
        if (const status sealed = look_at_seal(file.bytes(), options, why); !sealed) {
          return sealed.error();
        }
      }
    }
    return build(library, options, why, [&](const OrtApi& api, const OrtSessionOptions* o, OrtSession** session) {
      return api.CreateSession(library.environment(), path, o, session);
    });
  }
  /// From memory, which may go afterwards.
  [[nodiscard]] static result<onnxruntime_model> create(const onnxruntime_library& library, std::span<const std::byte> model,
                                                        const onnxruntime_options& options = {},
                                                        onnxruntime_message* why = nullptr) noexcept {
    if (const status sealed = look_at_seal(model, options, why); !sealed) {
      return sealed.error();
    }
    return build(library, options, why, [&](const OrtApi& api, const OrtSessionOptions* o, OrtSession** session) {
      return api.CreateSessionFromArray(library.environment(), model.data(), model.size(), o, session);
    });
  }

  [[nodiscard]] std::span<const std::uint32_t> input_shape() const noexcept {
    return s_ ? std::span<const std::uint32_t>{s_->in_shape}.first(s_->in_rank) : nothing;
  }
  [[nodiscard]] std::span<const std::uint32_t> output_shape() const noexcept {
    return s_ ? std::span<const std::uint32_t>{s_->out_shape}.first(s_->out_rank) : nothing;
  }

  [[nodiscard]] status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (!s_) {
      return errc::insufficient;
    }
    if (in.size() != s_->width || out.size() != s_->answers) {
      s_->say("a row or an answer of another width than the model's");
      return errc::width;
    }
    for (std::size_t b = 0; b < s_->batch; ++b) {
      std::memcpy(s_->in.get() + b * s_->width, in.data(), in.size_bytes());
    }
    if (const status done = s_->run(); !done) {
      return done;
    }
    if (!anomaly::detail::all_finite(s_->out.get(), s_->answers)) {
      s_->say("an answer is NaN or infinite");
      return errc::not_finite;
    }
    std::memcpy(out.data(), s_->out.get(), out.size_bytes());
    return {};
  }

  /// Rows at once, in one call of ONNX Runtime where the model takes batches of any size; `out` gets the answers row after row.
  /// Errors  those of infer; what `out` holds after a refusal is not said
  [[nodiscard]] status infer_rows(anomaly::row_view<float> rows, std::span<float> out) noexcept {
    if (!s_) {
      return errc::insufficient;
    }
    if (!rows.holds(s_->width) || out.size() != rows.rows * s_->answers) {
      s_->say("rows or answers of another width than the model's");
      return errc::width;
    }
    if (rows.rows == 0) {
      return {};
    }
    if (s_->any_batch && !s_->maps && rows.stride == rows.columns) {
      if (const status done = s_->run_block(rows, out); !done) {
        return done;
      }
      if (!anomaly::detail::all_finite(out.data(), out.size())) {
        s_->say("an answer is NaN or infinite");
        return errc::not_finite;
      }
      return {};
    }
    for (std::size_t r = 0; r < rows.rows; ++r) {
      if (const status done = infer({rows.row(r), rows.columns}, out.subspan(r * s_->answers, s_->answers)); !done) {
        return done;
      }
    }
    return {};
  }

  /// Why the last call was refused.
  [[nodiscard]] std::string_view message() const noexcept { return s_ ? s_->message.view() : std::string_view{"no model was loaded"}; }
  /// Rows of the model's own vectors that it has proved itself on.
  [[nodiscard]] std::size_t vectors_checked() const noexcept { return s_ ? s_->checked : 0; }
  /// How many rows ONNX Runtime computes at a time: 1, or the fixed batch of the model.
  [[nodiscard]] std::size_t batch() const noexcept { return s_ ? s_->batch : 0; }

 private:
  static constexpr std::array<std::uint32_t, 1> nothing{0};
  using state = detail::ort_session;

  [[nodiscard]] static status look_at_seal(std::span<const std::byte> model, const onnxruntime_options& options,
                                           onnxruntime_message* why) noexcept {
    const status seal = anomaly::check_onnx_seal(model, options.seal);
    if (!seal) {
      detail::ort_say(why, anomaly::onnx_seal_words(model, seal.error()));
    }
    return seal;
  }

  template <typename Load>
  [[nodiscard]] static result<onnxruntime_model> build(const onnxruntime_library& library, const onnxruntime_options& options,
                                                       onnxruntime_message* why, Load&& load) noexcept {
    onnxruntime_model made;
    made.s_.reset(new (std::nothrow) state);
    if (!made.s_) {
      detail::ort_say(why, "no memory");
      return errc::full;
    }
    state& s = *made.s_;
    s.api = &library.api();
    s.session = detail::ort_handle<OrtSession>{s.api->ReleaseSession};
    status done = configure(s, options, load);
    if (done) {
      done = s.open(options.output);
    }
    if (done && options.vectors != anomaly::vectors_rule::ignored) {
      done = made.prove(options.vectors);
    }
    if (!done) {
      detail::ort_say(why, s.message.view());
      return done.error();
    }
    return result<onnxruntime_model>{std::move(made)};
  }

  template <typename Load>
  [[nodiscard]] static status configure(state& s, const onnxruntime_options& options, Load& load) noexcept {
    detail::ort_handle<OrtSessionOptions> o{s.api->ReleaseSessionOptions};
    if (status done = s.take(s.api->CreateSessionOptions(o.out())); !done) {
      return done;
    }
    if (status done = s.take(s.api->SetIntraOpNumThreads(o.get(), options.threads)); !done) {
      return done;
    }
    if (status done = s.take(s.api->SetInterOpNumThreads(o.get(), 1)); !done) {
      return done;
    }
    if (status done = s.take(s.api->SetSessionGraphOptimizationLevel(o.get(), options.optimise ? ORT_ENABLE_ALL : ORT_DISABLE_ALL));
        !done) {
      return done;
    }
    if (status done = s.take(options.arena ? s.api->EnableCpuMemArena(o.get()) : s.api->DisableCpuMemArena(o.get())); !done) {
      return done;
    }
    return s.take(load(*s.api, o.get(), s.session.out()));
  }

  [[nodiscard]] status prove(anomaly::vectors_rule rule) noexcept {
    state& s = *s_;
    detail::ort_handle<OrtModelMetadata> metadata{s.api->ReleaseModelMetadata};
    if (status done = s.take(s.api->SessionGetModelMetadata(s.session.get(), metadata.out())); !done) {
      return done;
    }
    char* value = nullptr;
    if (status done =
            s.take(s.api->ModelMetadataLookupCustomMetadataMap(metadata.get(), s.allocator, anomaly::model_vectors_key.data(), &value));
        !done) {
      return done;
    }
    if (value == nullptr) {
      return rule == anomaly::vectors_rule::required ? s.refuse(errc::absent, "the model carries no test vectors") : status{};
    }
    const detail::ort_text held{value, {s.allocator}};
    const result<anomaly::model_vectors> vectors = anomaly::model_vectors::parse(held.get());
    if (!vectors) {
      return s.refuse(vectors.error(), "the model's test vectors cannot be read");
    }
    if (const status done = anomaly::check_vectors<1024, 256>(*this, vectors.value()); !done) {
      return s.refuse(done.error(), done.error() == errc::mismatch ? "the model does not give the answers of its own test vectors"
                                                                   : "the model refuses its own test vectors");
    }
    s.checked = vectors.value().rows();
    return {};
  }

  std::unique_ptr<state> s_{};
};

static_assert(anomaly::inference_model<onnxruntime_model>);

}  // namespace skerry::inline v0::adapters
