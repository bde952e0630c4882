#include "support/json.hpp"

#include "frameworks/layer.hpp"

namespace faltung {

namespace {

std::string_view name_of(Agreement agreement) {
  return agreement == Agreement::same ? "same" : agreement == Agreement::other ? "other" : "refused";
}

}  // namespace

std::string framework_words_json(const Problem& problem) {
  const std::vector<FrameworkWords> frameworks = framework_words(problem);
  const bool conv = problem.layer == Layer::conv;
  internal::JsonText json;
  json.object([&] {
    json.key("problem").string(to_string(problem));
    json.key("input").numbers(conv ? problem.fine_shape() : problem.coarse_shape());
    json.key("weights").numbers(problem.weights_shape());
    json.key("output").numbers(conv ? problem.coarse_shape() : problem.fine_shape());
    json.key("frameworks").array([&] {
      for (const FrameworkWords& words : frameworks)
        json.object([&] {
          json.key("framework").string(words.framework);
          json.key("code").string(words.code);
          json.key("missing").string(words.missing);
          json.key("lookalikes").array([&] {
            for (const Lookalike& like : words.lookalikes)
              json.object([&] {
                json.key("words").string(like.words);
                json.key("code").string(like.code);
                json.key("agreement").string(name_of(like.agreement));
                json.key("why").string(like.why);
              });
          });
        });
    });
  });
  return std::move(json).take();
}

}  // namespace faltung
