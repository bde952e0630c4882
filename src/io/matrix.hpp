// Sparse matrices as files for other programs.
#pragma once

#include <faltung/matrix.hpp>

#include <string>

namespace faltung::io {

/// Matrix Market coordinate format, `real` or `integer`, counted from 1; `comment` is one line of its head. Numbers are
/// the shortest that read back as the same. Temporary name, then renamed. Errors: FileError.
template <class T>
void write_matrix_market(const std::string& path, const SparseMatrix<T>& matrix, const std::string& comment);

/// The `.npz` of scipy.sparse: a zip of indices, indptr, data, shape and format, which scipy.sparse.load_npz reads as a
/// csr_matrix. Held in memory once more while it is made. Temporary name, then renamed. Errors: FileError.
template <class T>
void write_npz(const std::string& path, const SparseMatrix<T>& matrix);

}  // namespace faltung::io
