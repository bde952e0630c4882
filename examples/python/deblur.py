"""Sharpens a blurred photograph: the blur is a convolution, its exact adjoint lets lsqr undo it.

    python examples/python/deblur.py [PHOTOGRAPH [FOLDER]]

Writes the photograph as it was, blurred, and deblurred, side by side, and prints how far each of the two is from the first.
"""
import pathlib
import sys

import numpy as np
from PIL import Image
from scipy.sparse.linalg import lsqr

import faltung

PHOTOGRAPH = "/usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg"


def disc(radius):
    """A lens out of focus: every point becomes a disc."""
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    inside = np.float32(x**2 + y**2 <= radius**2)
    return inside / inside.sum()


def main(photograph=PHOTOGRAPH, folder="out"):
    with Image.open(photograph) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.float32)
    sharp = pixels.transpose(2, 0, 1)[:, np.newaxis]  # colours are samples: [3, 1, height, width]

    # what lies outside the picture is its mirror image; the adjoint folds it back, exactly
    blur = faltung.operator(disc(4)[np.newaxis, np.newaxis], sharp.shape, padding=4, boundary="symmetric")
    noise = np.random.default_rng(1).normal(0, 0.5, blur.shape[0]).astype(np.float32)  # half a grey level
    blurred = blur @ sharp.ravel() + noise

    # damped, because the disc's spectrum has zeros: they cannot be undone, and would only make noise louder
    deblurred, _, steps = lsqr(blur, blurred, damp=0.02, iter_lim=60)[:3]

    def error(picture):
        return float(np.sqrt(np.mean((picture - sharp.ravel())**2)))

    side_by_side = np.concatenate([sharp, blurred.reshape(sharp.shape), deblurred.reshape(sharp.shape)], axis=-1)
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    where = pathlib.Path(folder) / "deblurred.png"
    Image.fromarray(np.uint8(np.clip(np.rint(side_by_side[:, 0]), 0, 255)).transpose(1, 2, 0)).save(where)
    print(f"root mean square error in grey levels: blurred {error(blurred):.2f}, after {steps} steps {error(deblurred):.2f}")
    print(where)
    return error(blurred), error(deblurred)


if __name__ == "__main__":
    main(*sys.argv[1:])
