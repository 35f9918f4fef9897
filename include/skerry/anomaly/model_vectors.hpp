// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// Whether a model that is loaded has to prove itself on the rows that it carries.
enum class vectors_rule : std::uint8_t {
  if_present,  ///< checked when there are any
  required,    ///< a model without them is refused (`absent`)
  ignored,
};

/// The key of test vectors among the properties of an ONNX model.
inline constexpr std::string_view model_vectors_key = "skerry.vectors";

/// Rows with the answers that a model gave where it was made, so that the machine that runs it can see that it gives them too.
///
/// A view: of two arrays, as in a generated header, or of a text, as in the properties of an ONNX model. The text is
/// `1 ROWS COLUMNS OUTPUTS TOLERANCE` and then per row its columns and its outputs, all but the first four numbers as the eight digits of
/// a binary32 number's bits, so that nothing is rounded on the way; one space between all.
///
/// Cost    no heap; a row of the text is read when it is asked for
/// Errors  of parse: `corrupt`, `truncated`, `unsupported`: another version of the text, `out_of_range`: no rows, or too many
class model_vectors {
 public:
  constexpr model_vectors() noexcept = default;
  /// `answers` holds one row of outputs per row.
  constexpr model_vectors(row_view<float> rows, row_view<float> answers, float tolerance) noexcept
      : in_{rows}, out_{answers}, tolerance_{tolerance} {}

  [[nodiscard]] static constexpr result<model_vectors> parse(std::string_view text) noexcept {
    std::array<std::uint32_t, 4> head{};
    for (std::uint32_t& n : head) {
      const std::size_t length = text.find(' ');
      if (length == 0 || length > 6) {
        return text.size() < 7 && length != 0 ? errc::truncated : errc::corrupt;
      }
      for (const char c : text.substr(0, length)) {
        if (c < '0' || c > '9') {
          return errc::corrupt;
        }
        n = 10 * n + static_cast<std::uint32_t>(c - '0');
      }
      text.remove_prefix(length + 1);
    }
    if (head[0] != 1) {
      return errc::unsupported;
    }
    constexpr std::uint32_t most = 4096;
    for (std::size_t i = 1; i < head.size(); ++i) {
      if (head[i] == 0 || head[i] > most) {
        return errc::out_of_range;
      }
    }
    const std::size_t words = 1 + std::size_t{head[1]} * (std::size_t{head[2]} + head[3]);
    if (text.size() < words * digits + words - 1) {
      return errc::truncated;
    }
    if (text.size() != words * digits + words - 1) {
      return errc::corrupt;
    }
    model_vectors made;
    made.words_ = text;
    for (std::size_t w = 0; w < words; ++w) {
      if (!made.sound(w)) {
        return errc::corrupt;
      }
    }
    made.in_ = {nullptr, head[1], head[2], head[2]};
    made.out_ = {nullptr, head[1], head[3], head[3]};
    made.tolerance_ = made.word(0);
    return made.tolerance_ >= 0 ? result<model_vectors>{made} : result<model_vectors>{errc::corrupt};
  }

  [[nodiscard]] constexpr std::size_t rows() const noexcept { return in_.rows; }
  [[nodiscard]] constexpr std::size_t columns() const noexcept { return in_.columns; }
  [[nodiscard]] constexpr std::size_t outputs() const noexcept { return out_.columns; }
  /// How far an output may lie from the answer that was stored.
  [[nodiscard]] constexpr float tolerance() const noexcept { return tolerance_; }

  [[nodiscard]] constexpr float input(std::size_t row, std::size_t column) const noexcept {
    return in_.data != nullptr ? in_.row(row)[column] : word(1 + row * (columns() + outputs()) + column);
  }
  [[nodiscard]] constexpr float answer(std::size_t row, std::size_t output) const noexcept {
    return in_.data != nullptr ? out_.row(row)[output] : word(1 + row * (columns() + outputs()) + columns() + output);
  }

 private:
  static constexpr std::size_t digits = 8;

  [[nodiscard]] static constexpr int digit(char c) noexcept {
    return c >= '0' && c <= '9' ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
  }
  [[nodiscard]] constexpr bool sound(std::size_t w) const noexcept {
    const std::size_t at = w * (digits + 1);
    for (std::size_t i = 0; i < digits; ++i) {
      if (digit(words_[at + i]) < 0) {
        return false;
      }
    }
    return (at + digits == words_.size() || words_[at + digits] == ' ') && detail::is_finite(word(w));
  }
  [[nodiscard]] constexpr float word(std::size_t w) const noexcept {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      bits = bits << 4 | static_cast<std::uint32_t>(digit(words_[w * (digits + 1) + i]));
    }
    return std::bit_cast<float>(bits);
  }

  row_view<float> in_{nullptr, 0, 0, 0};
  row_view<float> out_{nullptr, 0, 0, 0};
  std::string_view words_{};
  float tolerance_ = 0;
};

/// Asks the model for every row of the vectors.
///
/// Cost    one inference per row; (Columns + 2 · Outputs) floats of stack
/// Errors  `mismatch`: an answer lies further away than the tolerance; `width`: rows of another width than the model's; `full`: wider than
///         the template says; whatever the model answers
template <std::size_t Columns = 64, std::size_t Outputs = 16, inference_model Model>
[[nodiscard]] constexpr status check_vectors(Model& model, const model_vectors& vectors, float tolerance) noexcept {
  if (shape_size(model.input_shape()) != vectors.columns() || shape_size(model.output_shape()) != vectors.outputs()) {
    return errc::width;
  }
  if (vectors.columns() > Columns || vectors.outputs() > Outputs) {
    return errc::full;
  }
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    std::array<float, Columns> row{};
    std::array<float, Outputs> out{};
    for (std::size_t c = 0; c < vectors.columns(); ++c) {
      row[c] = vectors.input(r, c);
    }
    const std::span<float> answer{out.data(), vectors.outputs()};
    if (const status s = model.infer({row.data(), vectors.columns()}, answer); !s) {
      return s;
    }
    for (std::size_t o = 0; o < answer.size(); ++o) {
      const float apart = answer[o] - vectors.answer(r, o);
      if (!((apart < 0 ? -apart : apart) <= tolerance)) {
        return errc::mismatch;
      }
    }
  }
  return {};
}
template <std::size_t Columns = 64, std::size_t Outputs = 16, inference_model Model>
[[nodiscard]] constexpr status check_vectors(Model& model, const model_vectors& vectors) noexcept {
  return check_vectors<Columns, Outputs>(model, vectors, vectors.tolerance());
}

}  // namespace skerry::inline v0::anomaly
