"""The operator is linear, its adjoint exact, its matrix the matrix; solvers run on it."""
import pickle
import zlib

import numpy as np
import pylops
import pytest
import scipy.sparse.linalg
from hypothesis import given

import faltung
from problems import BOUNDARIES, cases


@given(cases(max_axes=2))
def test_matrix_equals_the_operator_column_by_column(case):
    _, w, _, _ = case.arrays()
    sample = case.x_shape[1:]
    matrix = faltung.matrix(w, sample, transposed=case.transposed, **case.words)
    operator = faltung.operator(w, (1, *sample), transposed=case.transposed, **case.words)
    assert operator.shape == matrix.shape and operator.dtype == matrix.dtype
    dense = matrix.toarray()
    np.testing.assert_array_equal(operator.matmat(np.eye(matrix.shape[1])), dense)
    np.testing.assert_array_equal(operator.rmatmat(np.eye(matrix.shape[0])), dense.T)
    column = np.arange(matrix.shape[1]) % 5 - 2.0
    np.testing.assert_array_equal(operator.matvec(column), dense @ column)
    np.testing.assert_array_equal(operator.rmatvec(dense @ column), dense.T @ (dense @ column))


@given(cases())
def test_the_adjoint_is_exact_on_whole_numbers(case):
    x, w, y, _ = case.arrays()
    if x.shape[0] == 0:
        return
    operator = faltung.operator(w, x.shape, transposed=case.transposed, **case.words)
    assert (operator @ x.ravel()) @ y.ravel() == x.ravel() @ (operator.H @ y.ravel())


def test_padded_form_times_padded_input(random):
    w, x = random.integers(-3, 4, (2, 1, 2, 3)), random.integers(-3, 4, (1, 1, 4, 5))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 0)), mode="wrap")
    matrix = faltung.matrix(w, (1, 4, 5), form="padded", padding=((1, 1), (2, 0)), boundary="circular", stride=2)
    np.testing.assert_array_equal(matrix @ padded.ravel(),
                                  faltung.conv(x, w, padding=((1, 1), (2, 0)), boundary="circular", stride=2).ravel())


LAYERS = [dict(), dict(stride=2), dict(dilation=2), dict(groups=2), dict(stride=3, dilation=2, groups=2), dict(flip=True)]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_pylops_dottest(axes, boundary, transposed):
    seed = zlib.crc32(f"{axes}{boundary}{transposed}".encode())
    random = np.random.default_rng(seed)
    np.random.seed(seed)  # dottest's own: two vectors that are all but orthogonal would miss any relative bound
    for layer in LAYERS:
        groups = layer.get("groups", 1)
        w = random.standard_normal((4, (6 if transposed else 4) // groups, *(3, 2, 3)[:axes]))
        operator = faltung.operator(w, (2, 4, *(9, 8, 7)[:axes]), transposed=transposed, padding=2, boundary=boundary, **layer)
        wrapped = pylops.LinearOperator(operator)
        # complexflag 3: complex vectors on both sides
        for complexflag in (0, 3):
            assert pylops.utils.dottest(wrapped, *operator.shape, complexflag=complexflag, rtol=1e-12)


def test_products_are_strict_and_the_same_one_by_one_or_together(random):
    w = random.standard_normal((3, 2, 5)).astype(np.float32)
    operator = faltung.operator(w, (2, 2, 30), stride=2, padding=2, boundary="reflect")
    assert operator.dtype == np.float32
    vectors = random.standard_normal((operator.shape[1], 4)).astype(np.float32)
    together = operator @ vectors
    assert together.dtype == np.float32
    for number, vector in enumerate(vectors.T):
        assert (operator @ vector).tobytes() == together[:, number].tobytes()
        wanted = faltung.conv(vector.reshape(2, 2, 30), w, stride=2, padding=2, boundary="reflect", accuracy="strict",
                              algorithm="sliding_window")
        assert (operator @ vector).tobytes() == wanted.tobytes()
    assert (operator @ vectors[:, :0]).shape == (operator.shape[0], 0)
    copy = pickle.loads(pickle.dumps(operator))
    assert (copy @ vectors).tobytes() == together.tobytes()


def test_lsqr_and_cg_invert(random):
    w = np.zeros((1, 1, 3, 3))
    w[0, 0, 1, 1], w[0, 0, 0, 1], w[0, 0, 1, 2] = 4, 1, -1  # diagonally dominant
    operator = faltung.operator(w, (1, 1, 12, 10), padding=1, boundary="symmetric")
    wanted = random.standard_normal(operator.shape[1])
    solved = scipy.sparse.linalg.lsqr(operator, operator @ wanted, atol=1e-14, btol=1e-14)[0]
    np.testing.assert_allclose(solved, wanted, atol=1e-10)
    normal = operator.H @ operator
    solved, status = scipy.sparse.linalg.cg(normal, normal @ wanted, rtol=1e-13)
    assert status == 0
    np.testing.assert_allclose(solved, wanted, atol=1e-9)
