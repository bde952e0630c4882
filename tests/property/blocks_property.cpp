// Blocks of rows have the bits of the whole: every rank, boundary, stride, dilation and direction.
#include "property/properties.hpp"
#include "support/arrays.hpp"

#include <faltung/blocks.hpp>

namespace faltung::test {
namespace {

using std::int64_t;

std::size_t at(int64_t i) { return static_cast<std::size_t>(i); }

/// Where a row of a channel begins in an array of [batch, channels, rows, …].
int64_t place(const Shape& shape, int64_t sample, int64_t channel, int64_t row) {
  return ((sample * shape[1] + channel) * shape[2] + row) * element_count(Shape(shape.begin() + 3, shape.end()));
}

template <class T>
std::vector<T> numbers(std::size_t count, std::uint32_t seed) {
  if constexpr (std::is_same_v<T, int64_t>)
    return whole_numbers<T>(count, seed);
  else
    return fractions<T>(count, seed);
}

template <class T>
void check_blocks(Problem problem, std::uint32_t seed) {
  problem.dtype = dtype_of<T>;
  if (problem.unknown == Unknown::weights) problem.unknown = seed % 2 == 0 ? Unknown::coarse : Unknown::fine;
  const auto operands = make_operands<T>(problem, seed, seed % 3 != 0, numbers<T>);
  const Options strict{"auto", Accuracy::strict, 1};
  const std::vector<T> whole = run(make_plan(problem, strict), operands);
  const std::vector<T>& given = problem.unknown == Unknown::coarse ? operands.fine : operands.coarse;
  const Shape from = problem.given_shape(), to = problem.unknown_shape();
  std::vector<T> result(whole.size(), poison<T>());
  std::vector<int> written(result.size());
  const auto read = [&](int64_t sample, int64_t channel, Rows rows, T* out) {
    RC_ASSERT((rows.begin >= 0 && rows.count() > 0 && rows.end <= from[2]));
    std::copy(given.begin() + place(from, sample, channel, rows.begin),
              given.begin() + place(from, sample, channel, rows.end), out);
  };
  const auto write = [&](int64_t sample, int64_t channel, Rows rows, const T* in) {
    const int64_t begin = place(to, sample, channel, rows.begin), end = place(to, sample, channel, rows.end);
    std::copy_n(in, end - begin, result.begin() + begin);
    for (int64_t i = begin; i < end; ++i) ++written[at(i)];
  };
  // from one row a block to the whole in one
  const BlockOptions options{strict, std::size_t{1} << (seed / 7 % 16), seed % 5 == 0, {}};
  run_by_rows<T>(problem, operands.weights, operands.bias, read, write, options);
  RC_ASSERT(std::all_of(written.begin(), written.end(), [](int times) { return times == 1; }));
  RC_ASSERT(same_bits(result, whole));
}

TEST(Blocks, HaveTheBitsOfTheWhole) {
  for_all_problems([](const Problem& problem, std::uint32_t seed) {
    check_blocks<float>(problem, seed);
    if (seed % 4 == 0) check_blocks<std::int64_t>(problem, seed);
  });
}

/// What a block reads is no more than the equation says.
TEST(Blocks, ReadOnlyTheirHalo) {
  for_all_problems([](const Problem& given, std::uint32_t seed) {
    Problem problem = given;
    if (problem.unknown == Unknown::weights) problem.unknown = Unknown::coarse;
    const Axis& axis = problem.axes.front();
    const int64_t extent = problem.unknown == Unknown::coarse ? axis.coarse : axis.fine;
    const int64_t begin = seed % extent, end = begin + 1 + seed / 64 % (extent - begin);
    const Block block = block_of_rows(problem, {begin, end});
    int64_t read = 0;
    for (const Rows& rows : block.given) read += rows.count();
    if (problem.unknown == Unknown::coarse)
      RC_ASSERT(read <= (end - begin - 1) * axis.stride + axis.span());
    else
      RC_ASSERT(read <= (end - begin + axis.span() - 2) / axis.stride + 2);
  });
}

}  // namespace
}  // namespace faltung::test
