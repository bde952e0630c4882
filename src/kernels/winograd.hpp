// The transforms of bilinear.hpp as tables of functions, one table per element type and target, as in kernels.hpp.
#pragma once

#include "kernels/bilinear.hpp"
#include "kernels/kernels.hpp"
#include "kernels/target.hpp"

#include <cstdint>

namespace faltung::internal {

/// How rows lie whose tiles of positions are transformed. A row's tiles stand side by side; with a granule, that many
/// rows are interleaved in it cell by cell.
struct WinogradColumns {
  std::int64_t rows, row_pitch;           ///< of cells, or of results
  std::int64_t tiles, granule;            ///< per row
  std::int64_t plane_pitch;               ///< of what is between
  std::int64_t row_stride, point_stride;  ///< of the points of each row; positions follow each other
};

/// The transforms of one bilinear algorithm. Whole vectors are read and written, except by out_rows.
template <class T>
struct WinogradAxisKernels {
  /// out[i·pitch + x] = Σ_j in[i][j] · rows[j][x], x < n.
  void (*in_rows)(const T* const* rows, std::int64_t n, T* out, std::int64_t pitch);
  /// points[r·row_stride + i·point_stride + t·granule + f] = Σ_j in[i][j] · rows[r][(t·step + j)·granule + f].
  void (*in_columns)(const WinogradColumns& shape, const T* rows, T* planes, T* points);
  /// rows[r][(t·results + j)·granule + f] = Σ_i out[j][i] · points[r·row_stride + i·point_stride + t·granule + f].
  void (*out_columns)(const WinogradColumns& shape, const T* points, T* planes, T* rows);
  /// out[j][x] = Σ_i out[j][i] · rows[i·pitch + x], x < n. Whether all of them are finite, and their sums over j.
  bool (*out_rows)(const T* rows, std::int64_t pitch, std::int64_t n, T* const* out);
  /// out[i][x] = Σ_k weights[i][k] · in[k][x], x < n, which is a multiple of 64 bytes; rows follow each other. Exact to
  /// the rounding of double: of taps along y, then along x.
  void (*weights_first)(const T* in, std::int64_t n, double* out);
  void (*weights_last)(const double* in, std::int64_t n, T* out);
};
/// Products of one block of the sum: c[i][j] = start[i] + Σ_k a[k·rows + i] · b[offset[k] + j], j < vectors·lanes; k
/// ascending, fused multiply-add. `start` null: the block's sum starts from 0 and is added to c once. A pair does two
/// such tiles, one below the other; the weights of the second begin `next` behind those of the first.
template <class T>
using ProductKernel = void (*)(const T* a, std::int64_t next, const T* b, const std::int64_t* offset,
                               std::int64_t depth, T* c, std::int64_t c_stride, const T* start);
/// The same of `panels` tiles of `rows`, at most a vector, one below the other, for a few columns: lanes along rows.
/// Reads up to a vector behind the weights.
template <class T>
using ColumnsKernel = void (*)(const T* a, std::int64_t next, std::int64_t rows, const T* b, const std::int64_t* offset,
                               std::int64_t depth, T* c, std::int64_t c_stride, const T* start);
/// More of them take as long as a vector of positions.
inline constexpr int most_product_columns = 2;
/// Tiles whose sums of so many columns hide the latency of a multiply-add.
constexpr int most_column_panels(int columns) { return 8 / columns; }

template <class T>
struct WinogradKernels {
  std::int64_t lanes = 1;
  ProductKernel<T> product[most_tile_rows + 1][most_panel_vectors + 1] = {};  ///< the set of TileKernels::correlate
  ProductKernel<T> pair[most_tile_rows + 1] = {};                             ///< of one vector
  /// [rows fill half a vector or less, or more][columns][panels]
  ColumnsKernel<T> columns[2][most_product_columns + 1][most_column_panels(1) + 1] = {};
  /// Asks for n numbers of every row that are needed soon.
  void (*fetch)(const T* numbers, std::int64_t n, std::int64_t rows, std::int64_t pitch) = nullptr;
  WinogradAxisKernels<T> axis[winograd_schemes] = {};
};

template <class T>
const WinogradKernels<T>& winograd_kernels(Target target);
template <>
const WinogradKernels<float>& winograd_kernels<float>(Target target);
template <>
const WinogradKernels<double>& winograd_kernels<double>(Target target);

}  // namespace faltung::internal
