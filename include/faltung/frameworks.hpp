// The same layer in the words of PyTorch, Keras (TensorFlow), ONNX and JAX, and the words that look alike but are not.
#pragma once

#include <faltung/problem.hpp>

#include <string>
#include <vector>

namespace faltung {

/// What a framework makes of words that look like this layer.
enum class Agreement {
  same,     ///< the same numbers
  other,    ///< another size, or other numbers
  refused,  ///< an error
};

/// Words one might write for the layer.
struct Lookalike {
  std::string words;  ///< `padding="SAME"`
  std::string code;   ///< the whole call
  Agreement agreement = Agreement::same;
  std::string why;  ///< what differs; empty where nothing does
};

/// One framework's words. Code is Python over `x` [N, C, space…] and `w` (this project's layout, which is PyTorch's).
/// Keras' code is a list of layers with channels last, whose kernel is w with its axes reversed in part: `[k…, in /
/// groups, out]`, of a transposed layer `[k…, out, in]`.
struct FrameworkWords {
  std::string framework;
  std::string code;     ///< computes exactly this layer; empty where the framework cannot
  std::string missing;  ///< what it cannot say, where `code` is empty
  std::vector<Lookalike> lookalikes;
};

/// PyTorch, Keras, ONNX, JAX, in this order, for the layer that `problem` belongs to (of a gradient: its forward
/// layer); without bias. Errors: ProblemError. Tested against the real frameworks: tests/frameworks/.
std::vector<FrameworkWords> framework_words(const Problem& problem);

std::string to_text(const std::vector<FrameworkWords>& words);

/// The layer and its words for programs: {"problem", "input", "weights", "output" (shapes), "frameworks":
/// [{"framework", "code", "missing", "lookalikes": [{"words", "code", "agreement": "same" | "other" | "refused",
/// "why"}]}]}.
std::string framework_words_json(const Problem& problem);

}  // namespace faltung
