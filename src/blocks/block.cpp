#include <faltung/blocks.hpp>
#include <faltung/error.hpp>

#include "problem/axes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faltung {

namespace {

using internal::source_cell;

bool has_margin(const Axis& axis) { return axis.boundary != Boundary::zeros && axis.pad_before + axis.pad_after > 0; }

/// Appends a row to the last range where it continues it.
void append(std::vector<Rows>& ranges, std::int64_t row) {
  if (!ranges.empty() && ranges.back().end == row)
    ++ranges.back().end;
  else
    ranges.push_back({row, row + 1});
}

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

/// Zeros: what lies outside becomes the block's padding. Other boundaries: every padded row is read from the row it
/// copies.
void gather(Block& block, Axis& axis) {
  const std::int64_t begin = block.rows.begin * axis.stride - axis.pad_before;
  const std::int64_t end = (block.rows.end - 1) * axis.stride + axis.span() - axis.pad_before;
  axis.coarse = block.rows.count();
  if (axis.boundary == Boundary::zeros) {
    const Rows inside{std::max<std::int64_t>(0, begin), std::min(axis.fine, end)};
    if (inside.count() < 1) return;
    axis.pad_before = inside.begin - begin;
    axis.pad_after = end - inside.end;
    axis.fine = inside.count();
    block.given = {inside};
    return;
  }
  for (std::int64_t f = begin; f < end; ++f) append(block.given, source_cell(f, axis.fine, axis.boundary));
  axis.fine = end - begin;
  axis.pad_before = axis.pad_after = 0;
}

/// The padded rows that are copies of the block's rows, when a margin row is among them; own rows only where other axes
/// have margins.
std::vector<Rows> folded_rows(const Problem& problem, Rows rows) {
  const Axis& axis = problem.axes.front();
  const bool own = std::any_of(problem.axes.begin() + 1, problem.axes.end(), has_margin);
  std::vector<Rows> before, after;
  const auto is_ours = [&](std::int64_t padded) {
    const std::int64_t cell = source_cell(padded - axis.pad_before, axis.fine, axis.boundary);
    return cell >= rows.begin && cell < rows.end;
  };
  for (std::int64_t padded = 0; padded < axis.pad_before; ++padded)
    if (is_ours(padded)) append(before, padded);
  for (std::int64_t padded = axis.pad_before + axis.fine; padded < axis.padded(); ++padded)
    if (is_ours(padded)) append(after, padded);
  if (before.empty() && after.empty()) return {};
  if (own) before.push_back({rows.begin + axis.pad_before, rows.end + axis.pad_before});
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

void scatter(Block& block, const Problem& whole) {
  Axis& axis = block.problem.axes.front();
  if (has_margin(axis)) block.folded = folded_rows(whole, block.rows);
  if (!block.folded.empty())  // the kept cells alone; their margins on every axis come later, in the whole's order
    for (Axis& each : block.problem.axes) each.boundary = Boundary::zeros;
  axis.boundary = Boundary::zeros;
  const std::int64_t begin = block.rows.begin + axis.pad_before,
                     end = block.rows.end + axis.pad_before;  // in the padded array
  const std::int64_t first = std::max<std::int64_t>(0, ceil_divide(begin - axis.span() + 1, axis.stride));
  const std::int64_t last = std::min(axis.coarse - 1, (end - 1) / axis.stride);
  axis.fine = block.rows.count();
  if (first > last) return;
  const std::int64_t start =
      std::min(first, begin / axis.stride);  // a row earlier where the block begins between two stamps
  const std::int64_t reach = (last - start) * axis.stride + axis.span();
  axis.coarse = last - start + 1;
  axis.pad_before = begin - start * axis.stride;
  axis.pad_after =
      std::max<std::int64_t>(0, reach - (end - start * axis.stride));  // what is missing becomes the surplus
  block.given = {{start, last + 1}};
}

}  // namespace

Block block_of_rows(const Problem& problem, Rows rows) {
  validate(problem);
  if (problem.unknown == Unknown::weights)
    throw ProblemError(fmt::format("rows of `{}`", to_string(problem)), "a weight gradient sums over all rows",
                       "compute it whole");
  const Axis& axis = problem.axes.front();
  const std::int64_t extent = problem.unknown == Unknown::coarse ? axis.coarse : axis.fine;
  if (rows.begin < 0 || rows.count() < 1 || rows.end > extent)
    throw ProblemError(fmt::format("rows {} to {}", rows.begin, rows.end),
                       fmt::format("there are rows 0 to {}", extent), "ask for at least one of them");
  Block block{rows, problem, {}, {}};
  if (problem.unknown == Unknown::coarse)
    gather(block, block.problem.axes.front());
  else
    scatter(block, problem);
  if (!block.given.empty()) validate(block.problem);
  return block;
}

Problem padded_problem(const Problem& problem) {
  Problem padded = problem;
  for (Axis& axis : padded.axes) {
    axis.fine = axis.padded();
    axis.pad_before = axis.pad_after = 0;
    axis.boundary = Boundary::zeros;
  }
  return padded;
}

template <class T>
void add_folded(const Problem& problem, Rows rows, T* result, Rows padded_rows, const T* padded) {
  // always three axes here; the outermost true one is the one of the rows
  Problem three = problem;
  while (three.axes.size() < 3) three.axes.insert(three.axes.begin() + 1, Axis{});
  const Axis &z = three.axes[0], &y = three.axes[1], &x = three.axes[2];
  const std::vector<std::int64_t> sources_y = internal::source_cells(y), sources_x = internal::source_cells(x);
  const auto kept = [](const Axis& axis, std::int64_t cell) {
    return cell >= axis.pad_before && cell < axis.pad_before + axis.fine;
  };
  for (std::int64_t plane = 0; plane < problem.batch * problem.fine_channels;
       ++plane, result += rows.count() * y.fine * x.fine)
    for (std::int64_t pz = padded_rows.begin; pz < padded_rows.end; ++pz) {
      const std::int64_t fz = source_cell(pz - z.pad_before, z.fine, z.boundary);
      for (std::int64_t py = 0; py < y.padded(); ++py)
        for (std::int64_t px = 0; px < x.padded(); ++px, ++padded) {
          const std::int64_t fy = sources_y[static_cast<std::size_t>(py)], fx = sources_x[static_cast<std::size_t>(px)];
          if (fy < 0 || fx < 0 || (kept(z, pz) && kept(y, py) && kept(x, px))) continue;
          T& sum = result[((fz - rows.begin) * y.fine + fy) * x.fine + fx];
          if constexpr (std::is_same_v<T, std::int64_t>) {
            if (__builtin_add_overflow(sum, *padded, &sum))
              throw OverflowError(
                  "an int64 sum leaves the range of 64 bits: integers are exact here: use f64, or smaller numbers");
          } else {
            sum += *padded;
          }
        }
    }
}
template void add_folded(const Problem&, Rows, float*, Rows, const float*);
template void add_folded(const Problem&, Rows, double*, Rows, const double*);
template void add_folded(const Problem&, Rows, std::int64_t*, Rows, const std::int64_t*);

}  // namespace faltung
