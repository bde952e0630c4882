// One matrix product over the cells of the given array where they are, a row for every result channel and tap, whose
// numbers are then added to the results that they belong to:
//
//     products[(o, k)][g] = Σ_c weights[o][c][k] · given[c][g]        result[o][at(g, k)] += products[(o, k)][g]
//
// A strip of cells is taken through both before the next. Each cell is read once, in long runs of its channel, and
// multiplied with nothing else: no margin, no copy, whole register tiles of a single result channel with some taps.
#pragma once

#include "engine/blocking.hpp"
#include "engine/prepared.hpp"
#include "kernels/add_rows.hpp"
#include "kernels/kernels.hpp"

#include <faltung/problem.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faltung::internal {

/// How the strips and tiles are cut, and how much of everything a run does.
struct TapProductsForm {
  std::int64_t given_channels, result_channels;  ///< of a conv group
  std::int64_t taps, rows;                       ///< rows: of the product, result channels × taps
  std::int64_t strip;                            ///< cells of one strip, at most
  std::int64_t sum_block;                        ///< channels
  std::int64_t tile_rows, tile_vectors;
  double multiply_adds = 0;  ///< time slots of the register tiles: small tiles count as large ones; of all samples
  double sums = 0;           ///< moved between registers and memory, there and back
  double added = 0;          ///< products added to results
  double added_runs = 0;     ///< … one after the other
};
TapProductsForm tap_products_form(const Problem& problem, const TileLimits& tiles, std::int64_t element_bytes);

/// Why it does not apply to a problem of floating point, or nothing.
std::optional<std::string> tap_products_refusal(const Problem& problem);

/// A problem with coarse or fine unknown that is not refused, made ready. T is float or double.
template <class T>
class TapProducts : public Prepared {
 public:
  TapProducts(const Problem& problem, int threads, Target target);

  std::size_t workspace_bytes() const override;
  std::size_t packed_bytes() const override;
  std::unique_ptr<const Packed> pack(const void* weights, const void* bias) const override;
  void run(const Arrays& arrays, std::byte* workspace) const override;

 private:
  /// Cell g of the given array and tap k meet in the result's cell g·stride + k·step + first.
  struct Meeting {
    std::int64_t given, result, taps, stride, step, first;
  };
  struct Range {
    std::int64_t begin, end;
    std::int64_t size() const { return end - begin; }
  };
  using Ranges = std::array<Range, 3>;
  struct Lane {
    T *products, *tail;
  };
  /// One conv group of one sample, and the part of its result that is computed.
  struct Part {
    const T *given, *weights, *bias;
    T* result;
    Ranges of;
  };

  /// The given cells that meet some cell of a part of the result.
  Range met(std::size_t axis, Range of) const;
  std::int64_t reach(std::size_t axis, std::int64_t end) const;
  void fill(const Ranges& of, T bias, T* result) const;
  void run_part(const Part& part, const Lane& lane) const;
  void multiply(const Part& part, std::int64_t cell, std::int64_t n, const Lane& lane) const;
  void add(const Ranges& of, const std::array<std::int64_t, 3>& first, std::int64_t rows, std::int64_t n,
           const T* products, T* result) const;

  Problem problem_;
  int threads_;
  const TileKernels<T>& tiles_;
  AddRowsKernel<T> add_rows_;
  TapProductsForm form_;
  std::array<Meeting, 3> axes_;
  std::int64_t given_cells_ = 1, result_cells_ = 1;
  std::int64_t pitch_;          ///< of the products' rows
  std::size_t split_axis_ = 0;  ///< of the result, between threads
  std::int64_t splits_ = 1, tasks_, lanes_;
  std::vector<std::int64_t> offset_, tail_offset_;  ///< of the channels of a block
  std::vector<T> zeros_;                            ///< [rows]: what sums start from
};

}  // namespace faltung::internal
