// Running a problem block by block in bounded memory.
#include <faltung/blocks.hpp>
#include <faltung/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace faltung {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Cells of one row of one channel.
std::int64_t row_cells(const Shape& shape) { return element_count(Shape(shape.begin() + 3, shape.end())); }

template <class T>
class Runner {
 public:
  Runner(const Problem& problem, std::span<const T> weights, std::span<const T> bias, const ReadRows<T>& read,
         const BlockOptions& options)
      : problem_(problem), weights_(weights), bias_(bias), read_(read), options_(options) {}

  /// Rows [rows) of the samples from `first` on, of `problem` (the whole, or its padded form without bias).
  std::vector<T> compute(Problem problem, std::int64_t first, std::int64_t samples, Rows rows, bool with_bias) {
    problem.batch = samples;
    const Block block = block_of_rows(problem, rows);
    Shape shape = problem.unknown_shape();
    shape[2] = rows.count();
    std::vector<T> result(at(element_count(shape)));
    if (block.given.empty()) {
      const std::int64_t plane = rows.count() * row_cells(shape);
      for (std::int64_t i = 0; with_bias && !bias_.empty() && i < samples * shape[1]; ++i)
        std::fill_n(result.begin() + i * plane, plane, bias_[at(i % shape[1])]);
    } else {
      const std::vector<T> given = gather(block, first);
      prepare(block.problem, with_bias);
      plan_->run<T>({given.data(), block.problem.given_shape()}, packed_,
                    {result.data(), block.problem.unknown_shape()}, workspace_);
    }
    for (const Rows& range : block.folded)
      for (Rows part{range.begin, 0}; part.begin < range.end; part.begin = part.end) {
        part.end = std::min(range.end, part.begin + rows.count());  // margins may be longer than a block
        const std::vector<T> padded = compute(padded_problem(problem), first, samples, part, false);
        add_folded<T>(problem, rows, result.data(), part, padded.data());
      }
    return result;
  }

  /// Bytes that a block of so many rows from the middle needs, without its margins.
  std::size_t bytes(std::int64_t samples, std::int64_t count) {
    const Axis& axis = problem_.axes.front();
    const std::int64_t extent = problem_.unknown == Unknown::coarse ? axis.coarse : axis.fine;
    Problem problem = problem_;
    problem.batch = samples;
    const std::int64_t begin = (extent - count) / 2;
    const Block block = block_of_rows(problem, {begin, begin + count});
    const std::size_t arrays = at(element_count(block.problem.unknown_shape())) +
                               (block.given.empty() ? 0 : at(element_count(block.problem.given_shape())));
    if (arrays > options_.memory / sizeof(T) || block.given.empty()) return arrays * sizeof(T);
    return arrays * sizeof(T) + make_plan(block.problem, options_.plan).workspace_bytes();
  }

 private:
  std::vector<T> gather(const Block& block, std::int64_t first) const {
    const Shape shape = block.problem.given_shape();
    const std::int64_t cells = row_cells(shape);
    std::vector<T> given(at(element_count(shape)));
    std::int64_t offset = 0;
    for (const Rows& range : block.given) {
      for (std::int64_t n = 0; n < shape[0]; ++n)
        for (std::int64_t c = 0; c < shape[1]; ++c)
          read_(first + n, c, range, given.data() + ((n * shape[1] + c) * shape[2] + offset) * cells);
      offset += range.count();
    }
    return given;
  }

  /// Most blocks are alike: the plan and the packed weights of the last one are kept.
  void prepare(const Problem& problem, bool with_bias) {
    if (plan_ && plan_->problem() == problem && packed_with_bias_ == with_bias) return;
    plan_ = make_plan(problem, options_.plan);
    packed_ = plan_->pack<T>({weights_.data(), problem.weights_shape()}, with_bias ? bias_ : std::span<const T>());
    packed_with_bias_ = with_bias;
    workspace_.resize(plan_->workspace_bytes());
  }

  const Problem& problem_;
  std::span<const T> weights_, bias_;
  const ReadRows<T>& read_;
  const BlockOptions& options_;
  std::optional<Plan> plan_;
  PackedWeights packed_;
  bool packed_with_bias_ = false;
  std::vector<std::byte> workspace_;
};

}  // namespace

template <class T>
void run_by_rows(const Problem& problem, std::span<const T> weights, std::span<const T> bias, const ReadRows<T>& read,
                 const WriteRows<T>& write, const BlockOptions& options) {
  validate(problem);
  if (problem.dtype != dtype_of<T>)
    throw ArgumentError(fmt::format("rows of type {}: the problem's type is {}: convert them, or plan with that type",
                                    to_string(dtype_of<T>), to_string(problem.dtype)));
  if (static_cast<std::int64_t>(weights.size()) != element_count(problem.weights_shape()) ||
      (!bias.empty() && static_cast<std::int64_t>(bias.size()) != problem.bias_size()))
    throw ArgumentError(fmt::format("{} weights and a bias of {}: the problem has [{}] and {}: give all of them",
                                    weights.size(), bias.size(), fmt::join(problem.weights_shape(), ", "),
                                    problem.bias_size()));
  if (options.plan.activation.kind != Activation::Kind::none || options.plan.sum_into_output)
    throw ArgumentError(
        "an activation of blocks of rows: folded margins are added after a block's run: apply it to what is written");
  if (!options.plan.fine_strides.empty() || !options.plan.coarse_strides.empty())
    throw ArgumentError("strides for blocks of rows: `read` and `write` hand over dense rows: leave them out");
  if (problem.batch == 0) return;
  const Axis& axis = problem.axes.front();
  const std::int64_t extent = problem.unknown == Unknown::coarse ? axis.coarse : axis.fine;
  Runner<T> runner(problem, weights, bias, read, options);
  std::int64_t samples = problem.batch, count = extent;
  while ((samples > 1 || count > 1) && runner.bytes(samples, count) > options.memory) {
    std::int64_t& halved = samples > 1 && !options.samples_together ? samples : count;
    if (halved == 1) break;
    halved = (halved + 1) / 2;
  }
  const Shape shape = problem.unknown_shape();
  const std::int64_t channels = shape[1], cells = row_cells(shape);
  for (std::int64_t first = 0; first < problem.batch; first += samples) {
    const std::int64_t now = std::min(samples, problem.batch - first);
    for (Rows rows; rows.begin < extent; rows.begin = rows.end) {
      rows.end = std::min(extent, rows.begin + count);
      const std::vector<T> result = runner.compute(problem, first, now, rows, true);
      for (std::int64_t i = 0; i < now * channels; ++i)
        write(first + i / channels, i % channels, rows, result.data() + i * rows.count() * cells);
      if (options.progress) options.progress(first * extent + now * rows.end, problem.batch * extent);
    }
  }
}
#define FALTUNG_INSTANTIATE(T)                                                                          \
  template void run_by_rows(const Problem&, std::span<const T>, std::span<const T>, const ReadRows<T>&, \
                            const WriteRows<T>&, const BlockOptions&);
FALTUNG_INSTANTIATE(float)
FALTUNG_INSTANTIATE(double)
FALTUNG_INSTANTIATE(std::int64_t)
#undef FALTUNG_INSTANTIATE

}  // namespace faltung
