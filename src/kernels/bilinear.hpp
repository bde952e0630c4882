// Convolutions of one axis with fewer products: a few results from a few given cells by transforms on both sides.
//
//     y = A [(G w) ⊙ (B x)]
//
// B maps the cells of a tile to points, G the taps, A the products to results. All are made from the points by exact
// arithmetic of fractions, at compile time; what the kernels multiply with are products of sparse factors of A and B.
// Source: Winograd, "Arithmetic complexity of computations", 1980; Lavin & Gray, "Fast algorithms for convolutional
// neural networks", 2016; the points: Barabasz, Anderson, Soodhalter & Gregg, "Error analysis and improving the
// accuracy of Winograd convolution for deep neural networks", 2020.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace faltung::internal {

/// In lowest terms, the denominator above 0.
struct Fraction {
  std::int64_t numerator = 0, denominator = 1;

  constexpr Fraction() = default;
  constexpr Fraction(std::int64_t whole) : numerator(whole) {}  // NOLINT(google-explicit-constructor)
  constexpr Fraction(std::int64_t over, std::int64_t under) {
    const std::int64_t sign = under < 0 ? -1 : 1, divisor = sign * std::gcd(over, under);
    numerator = over / divisor;
    denominator = under / divisor;
  }
  friend constexpr Fraction operator+(Fraction a, Fraction b) {
    return {a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator};
  }
  friend constexpr Fraction operator-(Fraction a, Fraction b) { return a + Fraction(-b.numerator, b.denominator); }
  friend constexpr Fraction operator*(Fraction a, Fraction b) {
    return {a.numerator * b.numerator, a.denominator * b.denominator};
  }
  friend constexpr Fraction operator/(Fraction a, Fraction b) {
    return {a.numerator * b.denominator, a.denominator * b.numerator};
  }
  constexpr bool operator==(const Fraction&) const = default;
  constexpr double value() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
};

inline constexpr int most_points = 16;  ///< rows and columns of a transform at most

struct FractionMatrix {
  int rows = 0, columns = 0;
  std::array<std::array<Fraction, most_points>, most_points> entries{};

  constexpr FractionMatrix() : FractionMatrix(0, 0) {}
  constexpr FractionMatrix(int rows_, int columns_) : rows(rows_), columns(columns_) {
    for (auto& row : entries) row.fill(Fraction(0));  // GCC 12 does not take untouched ones for constants
  }
  constexpr Fraction& at(int row, int column) {
    return entries[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  }
  constexpr Fraction at(int row, int column) const {
    return entries[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  }
  constexpr bool operator==(const FractionMatrix&) const = default;
};

constexpr FractionMatrix operator*(const FractionMatrix& a, const FractionMatrix& b) {
  FractionMatrix product(a.rows, b.columns);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < b.columns; ++j)
      for (int k = 0; k < a.columns; ++k)
        if (a.at(i, k) != 0 && b.at(k, j) != 0) product.at(i, j) = product.at(i, j) + a.at(i, k) * b.at(k, j);
  return product;
}

/// left · right: a transform in two steps that share work.
struct Factors {
  FractionMatrix left, right;
};

/// Coefficients, the lowest power first.
struct Polynomial {
  int degree = 0;
  std::array<Fraction, most_points> coefficients{1};

  /// Times (x − point).
  constexpr void multiply(Fraction point) {
    ++degree;
    for (int i = degree; i >= 0; --i) {
      const auto at = static_cast<std::size_t>(i);
      coefficients[at] = (i > 0 ? coefficients[at - 1] : Fraction(0)) - point * coefficients[at];
    }
  }
};

/// One axis. Tile t reads cells step·t + i, i < in.columns, and makes results out.rows·t + j.
struct Bilinear {
  int step = 1;  ///< cells from tile to tile
  int taps = 1;  ///< of the whole kernel
  /// Result j, tap k and cell i meet where i = stride·j + k (gather), or j = stride·i + k − back (scatter).
  int stride = 1, back = 0;
  bool scatter = false;
  FractionMatrix in;   ///< [point of the input][cell]: B
  FractionMatrix out;  ///< [result][point of the output]: A
  int terms = 1;       ///< products: of one point of the input and one of the output
  std::array<int, most_points> term_in{}, term_out{};
  FractionMatrix weights;  ///< [term][tap]: G
  /// Points of the output that are 1 where all results are 1, and 0 elsewhere: where a bias goes in.
  std::array<bool, most_points> ones{};
  Factors in_factors, out_factors;
};

/// The finite points in the order of their use: ± pairs first, whose rows share half of their work.
inline constexpr std::array<Fraction, 7> finite_points{0, 1, -1, {1, 2}, -2, 2, {-1, 2}};

/// F(m, r), with m + r − 2 finite points and infinity, as a filter with r taps: y[j] = Σ_k w[k] x[j + k].
constexpr Bilinear toom_cook(int m, int r) {
  const int n = m + r - 1, finite = n - 1;
  const auto point = [](int i) { return finite_points[static_cast<std::size_t>(i)]; };
  Bilinear made;
  made.step = m;
  made.taps = r;
  made.in = FractionMatrix(n, n);
  made.out = FractionMatrix(m, n);
  made.weights = FractionMatrix(n, r);
  made.terms = n;
  for (int i = 0; i < n; ++i) {
    made.term_in[static_cast<std::size_t>(i)] = made.term_out[static_cast<std::size_t>(i)] = i;
    Polynomial others;
    Fraction scale = 1, power = 1;
    for (int l = 0; l < finite; ++l) {
      if (l == i) continue;
      others.multiply(point(l));
      if (i < finite) scale = scale * (point(i) - point(l));
    }
    for (int j = 0; j <= others.degree; ++j) made.in.at(i, j) = others.coefficients[static_cast<std::size_t>(j)];
    for (int j = 0; j < (m > r ? m : r); ++j) {
      const bool infinity = i == finite;
      if (j < r) made.weights.at(i, j) = infinity ? Fraction(j == r - 1 ? 1 : 0) : power / scale;
      if (j < m) made.out.at(j, i) = infinity ? Fraction(j == m - 1 ? 1 : 0) : power;
      if (!infinity) power = power * point(i);
    }
  }
  made.ones[1] = true;  // the powers of the point 1
  return made;
}

constexpr FractionMatrix identity(int n) {
  FractionMatrix made(n, n);
  for (int i = 0; i < n; ++i) made.at(i, i) = 1;
  return made;
}

/// Rows of B are products of (x − point) over all other points. They share: q over {1, −1}, applied once for all other
/// points, and q' over the rest, applied once for 0, 1, −1 and infinity.
constexpr Factors factor_in(const Bilinear& filter) {
  const int n = filter.in.rows, finite = n - 1, rest = finite - 3;
  if (rest < 1) return {filter.in, identity(n)};
  const auto point = [](int i) { return finite_points[static_cast<std::size_t>(i)]; };
  Polynomial pair, others;
  pair.multiply(point(1));
  pair.multiply(point(2));
  for (int i = 3; i < finite; ++i) others.multiply(point(i));
  Factors made{FractionMatrix(n, 4 + rest), FractionMatrix(4 + rest, n)};
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j <= rest; ++j) made.right.at(k, k + j) = others.coefficients[static_cast<std::size_t>(j)];
  for (int k = 0; k < rest; ++k)
    for (int j = 0; j <= 2; ++j) made.right.at(4 + k, 1 + k + j) = pair.coefficients[static_cast<std::size_t>(j)];
  for (int j = 0; j <= 2; ++j) {
    made.left.at(0, j) = pair.coefficients[static_cast<std::size_t>(j)];
    made.left.at(finite, 1 + j) = pair.coefficients[static_cast<std::size_t>(j)];
  }
  for (int i = 1; i <= 2; ++i) {
    Polynomial other;
    other.multiply(point(3 - i));
    for (int j = 0; j <= 1; ++j) made.left.at(i, 1 + j) = other.coefficients[static_cast<std::size_t>(j)];
  }
  for (int i = 3; i < finite; ++i) {
    Polynomial other;
    for (int l = 3; l < finite; ++l)
      if (l != i) other.multiply(point(l));
    for (int j = 0; j < rest; ++j) made.left.at(i, 4 + j) = other.coefficients[static_cast<std::size_t>(j)];
  }
  return made;
}

/// Columns of A that belong to ± a point are equal in even rows and opposite in odd ones: their sum and difference
/// serve both.
constexpr Factors factor_out(const FractionMatrix& out) {
  Factors made{out, identity(out.columns)};
  const auto opposite = [&](int column) {
    bool differs = false;
    for (int j = 0; j < out.rows; ++j) {
      if (out.at(j, column) == out.at(j, column + 1)) continue;
      if (out.at(j, column) != 0 - out.at(j, column + 1)) return false;
      differs = true;
    }
    return differs;
  };
  for (int column = 0; column + 1 < out.columns; ++column) {
    if (!opposite(column)) continue;
    made.right.at(column, column + 1) = 1;
    made.right.at(column + 1, column) = 1;
    made.right.at(column + 1, column + 1) = -1;
    for (int j = 0; j < out.rows; ++j) {
      const bool even = out.at(j, column) == out.at(j, column + 1);
      made.left.at(j, even ? column : column + 1) = out.at(j, column);
      made.left.at(j, even ? column + 1 : column) = 0;
    }
    ++column;
  }
  return made;
}

constexpr Bilinear winograd_filter(int m, int r) {
  Bilinear made = toom_cook(m, r);
  made.in_factors = factor_in(made);
  made.out_factors = factor_out(made.out);
  return made;
}

/// `part` into `whole`, from a row and a column on.
constexpr void put(const FractionMatrix& part, int row, int column, FractionMatrix& whole) {
  for (int i = 0; i < part.rows; ++i)
    for (int j = 0; j < part.columns; ++j)
      if (part.at(i, j) != 0) whole.at(row + i, column + j) = part.at(i, j);
}

/// F(m, r) on `parts` runs of r taps one after the other; their products meet in the same points of the output.
constexpr Bilinear split_filter(int m, int taps, int parts) {
  const int r = (taps + parts - 1) / parts;
  const Bilinear part = winograd_filter(m, r);
  const int n = part.in.rows, between = part.in_factors.right.rows;
  Bilinear made = part;
  made.taps = taps;
  made.in = FractionMatrix(parts * n, n + (parts - 1) * r);
  made.in_factors = {FractionMatrix(parts * n, parts * between), FractionMatrix(parts * between, made.in.columns)};
  made.weights = FractionMatrix(parts * n, taps);
  made.terms = parts * n;
  for (int p = 0; p < parts; ++p) {
    put(part.in, p * n, p * r, made.in);
    put(part.in_factors.left, p * n, p * between, made.in_factors.left);
    put(part.in_factors.right, p * between, p * r, made.in_factors.right);
    for (int i = 0; i < n; ++i) {
      const int term = p * n + i;
      made.term_in[static_cast<std::size_t>(term)] = term;
      made.term_out[static_cast<std::size_t>(term)] = i;
      for (int k = 0; k < r && p * r + k < taps; ++k) made.weights.at(p * n + i, p * r + k) = part.weights.at(i, k);
    }
  }
  return made;
}

/// The points of `filter`, and behind them those that `added` makes of the cells from `first` on; cells stand `step`
/// apart.
constexpr void add_points(const Bilinear& filter, const Factors& added, int first, int step, Bilinear& made) {
  const int n = filter.in.rows, between = filter.in_factors.right.rows;
  const int last = first + (added.right.columns - 1) * step, columns = (filter.in.columns - 1) * step;
  made.in_factors = {FractionMatrix(n + added.left.rows, between + added.left.columns),
                     FractionMatrix(between + added.right.rows, (columns > last ? columns : last) + 1)};
  put(filter.in_factors.left, 0, 0, made.in_factors.left);
  put(added.left, n, between, made.in_factors.left);
  for (int j = 0; j < filter.in.columns; ++j)
    for (int i = 0; i < between; ++i) made.in_factors.right.at(i, j * step) = filter.in_factors.right.at(i, j);
  for (int j = 0; j < added.right.columns; ++j)
    for (int i = 0; i < added.right.rows; ++i)
      made.in_factors.right.at(between + i, first + j * step) = added.right.at(i, j);
  made.in = made.in_factors.left * made.in_factors.right;
}

/// Three taps with stride 2, m results: the even cells are F(m, 2); the odd ones F(m, 1), which has all its points but
/// the last finite one, so that its products join theirs.
constexpr Bilinear strided_filter(int m) {
  const Bilinear even = winograd_filter(m, 2), odd = winograd_filter(m, 1);
  const int n = even.terms;
  Bilinear made = even;
  made.step = 2 * m;
  made.taps = 3;
  made.stride = 2;
  made.terms = n + m;
  made.weights = FractionMatrix(n + m, 3);
  add_points(even, odd.in_factors, 1, 2, made);
  for (int i = 0; i < n; ++i) {
    made.weights.at(i, 0) = even.weights.at(i, 0);
    made.weights.at(i, 2) = even.weights.at(i, 1);
  }
  for (int i = 0; i < m; ++i) {
    const auto term = static_cast<std::size_t>(n) + static_cast<std::size_t>(i);
    made.weights.at(n + i, 1) = odd.weights.at(i, 0);
    made.term_in[term] = n + i;
    made.term_out[term] = i < m - 1 ? i : n - 1;
  }
  return made;
}

/// Transposed, three or four taps with stride 2, 2·m results: even ones are F(m, 2) of taps 2 and 0, odd ones of taps 3
/// and 1 or, of three, the cells times tap 1.
constexpr Bilinear transposed_filter(int m, int taps) {
  const Bilinear part = winograd_filter(m, 2);
  const int n = part.in.rows, odd = taps == 4 ? n : m;
  Bilinear made = part;
  made.taps = taps;
  made.stride = made.back = 2;
  made.scatter = true;
  made.out = FractionMatrix(2 * m, n + odd);
  made.terms = n + odd;
  made.weights = FractionMatrix(made.terms, taps);
  if (taps == 3) add_points(part, {identity(m), identity(m)}, 1, 1, made);
  for (int i = 0; i < made.terms; ++i) {
    const auto term = static_cast<std::size_t>(i);
    const bool even = i < n;
    const int of_part = even ? i : i - n;
    made.term_in[term] = taps == 4 ? of_part : i;
    made.term_out[term] = i;
    if (even || taps == 4) {
      made.weights.at(i, even ? 2 : 3) = part.weights.at(of_part, 0);
      made.weights.at(i, even ? 0 : 1) = part.weights.at(of_part, 1);
      for (int j = 0; j < m; ++j) made.out.at(2 * j + (even ? 0 : 1), i) = part.out.at(j, of_part);
      made.ones[term] = of_part == 1;
    } else {
      made.weights.at(i, 1) = 1;
      made.out.at(2 * of_part + 1, i) = 1;
      made.ones[term] = true;
    }
  }
  made.out_factors = factor_out(made.out);
  return made;
}

/// Nothing to do: one tap.
constexpr Bilinear one_tap() {
  Bilinear made;
  made.in = made.out = made.weights = identity(1);
  made.ones[0] = true;
  made.in_factors = made.out_factors = {identity(1), identity(1)};
  return made;
}

/// The bilinear algorithms that the kernels are compiled for: results × taps.
enum class WinogradScheme : std::uint8_t {
  one_tap,
  f2x3,
  f3x3,
  f4x3,
  f2x5,
  f3x5,
  f4x5,
  f4x7,
  strided_2x3,
  strided_3x3,
  strided_4x3,
  transposed_4x3,
  transposed_6x3,
  transposed_8x3,
  transposed_6x4
};
inline constexpr std::size_t winograd_schemes = 15;

constexpr Bilinear make_bilinear(WinogradScheme scheme) {
  switch (scheme) {
    case WinogradScheme::one_tap:
      break;
    case WinogradScheme::f2x3:
      return winograd_filter(2, 3);
    case WinogradScheme::f3x3:
      return winograd_filter(3, 3);
    case WinogradScheme::f4x3:
      return winograd_filter(4, 3);
    case WinogradScheme::f2x5:
      return winograd_filter(2, 5);
    case WinogradScheme::f3x5:
      return winograd_filter(3, 5);
    case WinogradScheme::f4x5:
      return winograd_filter(4, 5);
    case WinogradScheme::f4x7:
      return split_filter(4, 7, 2);
    case WinogradScheme::strided_2x3:
      return strided_filter(2);
    case WinogradScheme::strided_3x3:
      return strided_filter(3);
    case WinogradScheme::strided_4x3:
      return strided_filter(4);
    case WinogradScheme::transposed_4x3:
      return transposed_filter(2, 3);
    case WinogradScheme::transposed_6x3:
      return transposed_filter(3, 3);
    case WinogradScheme::transposed_8x3:
      return transposed_filter(4, 3);
    case WinogradScheme::transposed_6x4:
      return transposed_filter(3, 4);
  }
  return one_tap();
}

template <WinogradScheme scheme>
inline constexpr Bilinear bilinear = make_bilinear(scheme);

const Bilinear& bilinear_of(WinogradScheme scheme);

/// "F(results, taps)" of a tile.
std::string_view name_of(WinogradScheme scheme);

}  // namespace faltung::internal
