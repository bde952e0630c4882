// Why every number of a problem is what it is: its products, cell by cell, in names and in numbers; it looks and never
// decides.
//
//     Trace trace = make_trace(parse_problem("convt2d i2x2 k2x2 s2 p1"));
//     explain_cell(trace, find_cell(trace, "O11")).formulas     // O11 = I11·K22 = 1·4 = 4
//     explain(trace, {.view = View::temporary}, PageFormat::svg) // the article's intermediate states, as a picture
//
// One sample, in double (whole numbers are exact up to 2^53). For reading: problems of more than `trace_limit` products
// are refused. Source of the order and the names: the article; Dumoulin & Visin, "A guide to convolution arithmetic for
// deep learning", 2016.
#pragma once

#include <faltung/matrix.hpp>
#include <faltung/problem.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faltung {

/// Products, and cells of one array, that are traced before a problem is refused: 2^18, some 10 MB.
inline constexpr std::int64_t trace_limit = std::int64_t{1} << 18;

/// The numbers of a layer, row-major, one sample. An empty list counts 1, 2, 3, …; an empty bias is none.
struct TraceNumbers {
  std::vector<double> input = {};
  std::vector<double> weights = {};          ///< `problem.weights_shape()`
  std::vector<double> output_gradient = {};  ///< only for gradient problems
  std::vector<double> bias = {};             ///< `problem.bias_size()` numbers
  bool names_only = false;                   ///< no numbers at all
};

/// One array of the problem as it is shown.
struct TraceArray {
  std::string title;               ///< "input", "kernel", "temporary output", "output gradient", …
  Shape channels;                  ///< one channel axis; the weights have two
  Shape extents;                   ///< spatial
  Shape begin;                     ///< where the true array begins in a padded one; otherwise 0
  Shape true_extents;              ///< extents of the true array in a padded one; otherwise `extents`
  std::vector<std::string> names;  ///< as in the matrix: `I13`, `K2.1.12`; a cell of the temporary output is `t13`
  std::vector<double> values;      ///< empty with `names_only`
};

/// One product weight · coarse cell · fine cell of the one that is unknown and the two that are given.
struct Product {
  std::int64_t coarse, weight, padded;
  std::int64_t fine;  ///< −1 where the margin holds zeros
};

/// Everything that is computed for one sample. Products stand in the article's order: coarse channel → position → fine
/// channel → tap.
struct Trace {
  Problem problem;
  TraceArray fine, padded, coarse, weights;
  std::vector<double> bias;
  std::vector<Product> products;
};

/// Errors: ProblemError (batch other than 1, more than `trace_limit` products or cells), ArgumentError (a list of
/// another length).
Trace make_trace(const Problem& problem, const TraceNumbers& numbers = {});

/// Whether `make_trace` would take the problem, without its work. Errors: ProblemError, the same.
void check_trace(const Problem& problem);

enum class Side { fine, padded, coarse, weights };
const TraceArray& array_of(const Trace& trace, Side side);
Side unknown_side(const Trace& trace);

struct Cell {
  Side side = Side::coarse;
  std::int64_t index = 0;

  bool operator==(const Cell&) const = default;
};

/// `O21`, `I2.13`, `K12`, `t22`, `I'13`; `d` may stand for ∂. Errors: ProblemError naming the arrays there are.
Cell find_cell(const Trace& trace, std::string_view name);

/// left = symbols = numbers = value; the last two are empty with `names_only`.
struct Formula {
  std::string left, symbols, numbers, value;

  bool operator==(const Formula&) const = default;
};
std::string to_string(const Formula& formula);

/// What belongs to one cell. A computed cell has one formula, its sum; a given cell or a weight has one for every
/// product that it enters, `O12 ← K21·I22`: where it goes.
struct CellAnswer {
  Cell cell;
  bool computed = false;
  std::vector<Formula> formulas;
  std::vector<std::int64_t> products;  ///< into Trace::products, in its order
  std::string gradient;                ///< of a forward problem's given cell: `∂I22 = ∂O11·K22 + …`
};
CellAnswer explain_cell(const Trace& trace, Cell cell);

/// How many stamps reach each output cell of a transposed convolution (each product counts once; input channels are
/// counted as one).
struct OverlapAxis {
  std::vector<std::int64_t> count;      ///< per kept cell of the axis
  std::vector<std::int64_t> per_phase;  ///< taps that reach phase f mod s, away from the border
  bool even = true;                     ///< all phases alike
  bool holes = false;                   ///< a phase that no tap reaches
};
struct OverlapMap {
  std::vector<OverlapAxis> axes;
  Shape extents;
  std::vector<std::int64_t> count;  ///< product of the axes, row-major
  bool even = true;
  std::string verdict;              ///< one line: even, or uneven and how
  std::vector<std::string> advice;  ///< what to change; empty when even
};
/// Errors: ProblemError above `trace_limit` cells. Source: Odena, Dumoulin, Olah, "Deconvolution and checkerboard
/// artifacts", Distill 2016.
OverlapMap overlap_map(const Problem& problem);

enum class View {
  steps,        ///< all of it, one output (or one stamp) after the other
  cell,         ///< one cell and everything that belongs to it
  matrix,       ///< the matrix; with a cell: its row, column or entries lit
  three_views,  ///< a transposed convolution as stamps, as a sliding window over zeros put in between, as a matrix
  temporary,    ///< a transposed convolution's temporary output after every input number, and the cut
  overlap,      ///< the overlap map
};
enum class PageFormat { text, colour_text, svg, html, json };

struct Question {
  View view = View::steps;
  std::optional<Cell> cell = {};
  Form form = Form::folded;  ///< of the matrix
};

/// Cells that one page draws before it is refused: 2^14, a picture that can still be looked at.
inline constexpr std::int64_t page_cell_limit = std::int64_t{1} << 14;

/// A page for people (or, as JSON, for their programs). Errors: ProblemError (view and problem do not fit, or too
/// large).
std::string explain(const Trace& trace, const Question& question, PageFormat format);

}  // namespace faltung
