// The matrix of a convolution, by names and by numbers: y = A x, entry by entry.
#include <faltung/faltung.hpp>

#include <cstdio>
#include <vector>

int main() {
  const faltung::Problem problem = faltung::parse_problem("conv1d i4 k3 p1 breplicate");
  const auto form = faltung::Form::folded;  // one column per true cell: the margin's taps are added onto what it copies
  const auto names = faltung::symbolic_matrix(problem, form);
  std::fputs(faltung::to_text(names, row_names(problem, form), column_names(problem, form)).c_str(), stdout);

  const std::vector<double> w{1, 2, 3}, x{10, 20, 30, 40};
  const auto a = faltung::sparse_matrix<double>(problem, w, form);  // compressed sparse rows
  for (std::size_t row = 0; row < static_cast<std::size_t>(a.rows); ++row) {
    double y = 0;
    for (auto i = static_cast<std::size_t>(a.row_start[row]); i < static_cast<std::size_t>(a.row_start[row + 1]); ++i)
      y += a.value[i] * x[static_cast<std::size_t>(a.column[i])];
    std::printf("%g%c", y, static_cast<std::int64_t>(row) + 1 < a.rows ? ' ' : '\n');
  }
}
// Output:
//        I1  I2  I3     I4
// O1  K1+K2  K3   0      0
// O2     K1  K2  K3      0
// O3      0  K1  K2     K3
// O4      0   0  K1  K2+K3
// 90 140 200 230
