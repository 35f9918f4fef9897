// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/detail/model_file.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/model_vectors.hpp>
#include <skerry/anomaly/onnx_reader.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/result.hpp>

#include <opencv2/dnn.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace skerry::inline v0::adapters {

/// What OpenCV, or this adapter, said last; cut where it is longer.
using opencv_message = inplace_string<255>;

struct opencv_options {
  anomaly::vectors_rule vectors = anomaly::vectors_rule::if_present;
  anomaly::seal_rule seal = anomaly::seal_rule::if_present;
};

/// An `inference_model` that the dnn module of OpenCV computes, from ONNX.
///
/// Takes models of one input of binary32 numbers whose dimensions but the first are fixed; a row goes in as a batch of one, and the last
/// layer's output is the answer. Operators of ai.onnx.ml (trees, classifiers) are none of OpenCV's. How many threads it takes is a
/// setting of the process, `cv::setNumThreads`.
///
/// Cost    an inference allocates nothing here; what OpenCV allocates is its own
/// Errors  of create: `absent`: no such file, or no vectors or no seal though `required`; `corrupt`, `truncated`: no model, or other
///         bytes than its seal says; `unsupported`: what OpenCV
///         cannot import; `width`, `not_finite`, `mismatch`: its vectors disagree with it; `io`; `full`: no memory. Of infer: `width`,
///         `not_finite`, `insufficient`: made without a model; `unavailable`: what OpenCV threw, which is caught here. `out` is untouched
///         then, and `message()` has the words
class opencv_model {
 public:
  opencv_model() = default;

  [[nodiscard]] static result<opencv_model> create(const char* path, const opencv_options& options = {},
                                                   opencv_message* why = nullptr) noexcept {
    detail::model_file file;
    if (const status done = file.read(path); !done) {
      say(why, done.error() == errc::absent ? "no such file" : "the file cannot be read");
      return done.error();
    }
    return create(file.bytes(), options, why);
  }
  /// From memory, which may go afterwards.
  [[nodiscard]] static result<opencv_model> create(std::span<const std::byte> model, const opencv_options& options = {},
                                                   opencv_message* why = nullptr) noexcept {
    if (const status seal = anomaly::check_onnx_seal(model, options.seal); !seal) {
      say(why, anomaly::onnx_seal_words(model, seal.error()));
      return seal.error();
    }
    const result<anomaly::onnx_input> input = anomaly::onnx_input_of(model);
    if (!input) {
      say(why, input.error() == errc::unsupported ? "the model has not one input of binary32 numbers of fixed width" : "no ONNX model");
      return input.error() == errc::absent ? errc::corrupt : input.error();
    }
    if (input.value().batch > 1) {
      say(why, "a model of a fixed batch of more than one row");
      return errc::unsupported;
    }
    opencv_model made;
    try {
      made.s_ = std::make_unique<state>();
      state& s = *made.s_;
      s.net = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(model.data()), model.size());
      s.in = cv::Mat::zeros(1, static_cast<int>(input.value().columns), CV_32F);
      s.in_shape[0] = static_cast<std::uint32_t>(input.value().columns);
      s.net.setInput(s.in);
      s.out = s.net.forward();
      if (s.out.empty() || s.out.type() != CV_32F || !s.out.isContinuous()) {
        say(why, "the model's answer is not binary32 numbers");
        return errc::unsupported;
      }
      s.out_shape[0] = static_cast<std::uint32_t>(s.out.total());
    } catch (const cv::Exception& e) {
      say(why, e.what());
      return errc::unsupported;
    } catch (const std::bad_alloc&) {
      say(why, "no memory");
      return errc::full;
    } catch (const std::exception& e) {
      say(why, e.what());
      return errc::corrupt;
    }
    if (options.vectors != anomaly::vectors_rule::ignored) {
      if (const status done = made.prove(model, options.vectors); !done) {
        say(why, made.message());
        return done.error();
      }
    }
    return result<opencv_model>{std::move(made)};
  }

  [[nodiscard]] std::span<const std::uint32_t> input_shape() const noexcept { return s_ ? s_->in_shape : nothing; }
  [[nodiscard]] std::span<const std::uint32_t> output_shape() const noexcept { return s_ ? s_->out_shape : nothing; }

  [[nodiscard]] status infer(std::span<const float> in, std::span<float> out) noexcept {
    if (!s_) {
      return errc::insufficient;
    }
    if (in.size() != s_->in_shape[0] || out.size() != s_->out_shape[0]) {
      return refuse(errc::width, "a row or an answer of another width than the model's");
    }
    try {
      std::memcpy(s_->in.ptr<float>(), in.data(), in.size_bytes());
      s_->net.setInput(s_->in);
      s_->out = s_->net.forward();
    } catch (const std::exception& e) {
      return refuse(errc::unavailable, e.what());
    }
    if (s_->out.total() != out.size() || s_->out.type() != CV_32F) {
      return refuse(errc::width, "an answer of another size than before");
    }
    const float* answer = s_->out.ptr<float>();
    if (!anomaly::detail::all_finite(answer, out.size())) {
      return refuse(errc::not_finite, "an answer is NaN or infinite");
    }
    std::memcpy(out.data(), answer, out.size_bytes());
    return {};
  }

  /// Why the last call was refused.
  [[nodiscard]] std::string_view message() const noexcept { return s_ ? s_->message.view() : std::string_view{"no model was loaded"}; }
  /// Rows of the model's own vectors that it has proved itself on.
  [[nodiscard]] std::size_t vectors_checked() const noexcept { return s_ ? s_->checked : 0; }

 private:
  static constexpr std::array<std::uint32_t, 1> nothing{0};

  struct state {
    cv::dnn::Net net;
    cv::Mat in, out;
    std::array<std::uint32_t, 1> in_shape{0}, out_shape{0};
    std::size_t checked = 0;
    opencv_message message;
  };

  static void say(opencv_message* why, std::string_view text) noexcept {
    if (why != nullptr) {
      (void)why->try_assign(text.substr(0, opencv_message::capacity()));
    }
  }
  [[nodiscard]] status refuse(errc e, std::string_view text) noexcept {
    say(&s_->message, text);
    return e;
  }

  [[nodiscard]] status prove(std::span<const std::byte> model, anomaly::vectors_rule rule) noexcept {
    const result<std::string_view> text = anomaly::onnx_property(model, anomaly::model_vectors_key);
    if (!text) {
      if (text.error() == errc::absent && rule == anomaly::vectors_rule::if_present) {
        return {};
      }
      return refuse(text.error(), "the model carries no test vectors");
    }
    const result<anomaly::model_vectors> vectors = anomaly::model_vectors::parse(text.value());
    if (!vectors) {
      return refuse(vectors.error(), "the model's test vectors cannot be read");
    }
    if (const status done = anomaly::check_vectors<1024, 256>(*this, vectors.value()); !done) {
      return refuse(done.error(), done.error() == errc::mismatch ? "the model does not give the answers of its own test vectors"
                                                                 : "the model refuses its own test vectors");
    }
    s_->checked = vectors.value().rows();
    return {};
  }

  std::unique_ptr<state> s_{};
};

static_assert(anomaly::inference_model<opencv_model>);

}  // namespace skerry::inline v0::adapters
