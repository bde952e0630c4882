// Transposed convolution by the article's own words, written without Terms: the second, independent oracle.
//
// Allocate the temporary output, (in − 1)·s + (k − 1)·d + 1 and the output padding per axis; put the bias into it
// (where a margin will be folded, into the kept region only); for every input number, position by position, add number
// × kernel at its place; then cut the padding, or fold it (other boundaries). Source: the article, item 7; Dumoulin &
// Visin 2016, section 4.
#pragma once

#include <faltung/problem.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace faltung::internal {

/// `input`: the coarse array, whole batch; `weights` as in the problem; `bias`: one per fine channel, or empty.
/// `after_input(i, temporary)`: called after input number i (linear, from 0, within the whole batch) has been stamped,
/// with that sample's temporary output [fine_channels, padded...]. Order: sample → input channel → position → output
/// channel → tap.
template <class T>
std::vector<T> literal_transposed(const Problem& problem, const std::vector<T>& input, const std::vector<T>& weights,
                                  const std::vector<T>& bias = {},
                                  const std::function<void(std::int64_t, const std::vector<T>&)>& after_input = {});

}  // namespace faltung::internal
