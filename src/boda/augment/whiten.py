"""Pictures to the ZCA whitening that makes their pixels uncorrelated, at any size that their factors fit in memory.

What Keras computes, with the centred samples as the rows of X (n, d), d = h w c, and X^T = U diag(s) V^T:

    W = U diag(sqrt(n) / (s + epsilon)) U^T        whitened = X W

boda finds s and U by the eigenvectors of X X^T where there are fewer samples than dimensions, of X^T X where there are
more, and keeps H (d, r) with W = H H^T instead of the dense W (d, d).
"""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.atomic import write_bytes
from boda.augment.products import gather
from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PICTURES = 64  # whitened at a time
FIELDS = ("shape", "mean", "factor", "singular_values", "epsilon", "samples", "dropped")


@dataclass(frozen=True, eq=False)
class Whitening:
    """A fitted ZCA whitening; `fit_whitening` makes it.

    Args:
        shape: (h, w, c) of the pictures.
        mean: (c,) float64, subtracted first.
        factor: H (d, r), float32 as a rule, with W = H H^T.
        singular_values: (r,) float64, ascending, of the centred samples, in the pictures' own units.
        epsilon: what was added to them.
        samples: how many pictures it was learned from.
        dropped: how many of the min(samples, d) directions were left out, for not varying beyond rounding.
    """

    shape: tuple[int, int, int]
    mean: np.ndarray
    factor: np.ndarray
    singular_values: np.ndarray
    epsilon: float
    samples: int
    dropped: int

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Whiten one picture (h, w, c) or a batch (n, h, w, c): (x - mean) W, in the factor's dtype.

        Raises:
            AugmentError: Pictures of another shape than it was learned from.
        """
        if images.shape[-3:] != self.shape or images.ndim not in {3, 4}:
            raise AugmentError(
                f"Whitening: it was learned from pictures of shape {self.shape}. Received an array of shape "
                f"{images.shape}. Resize to that shape before whitening, or fit it to such pictures."
            )
        pictures = images.reshape(-1, *self.shape)
        white = np.empty((len(pictures), self.size), self.factor.dtype)
        for i in range(0, len(pictures), PICTURES):
            centred = pictures[i : i + PICTURES].astype(self.factor.dtype) - self.mean.astype(self.factor.dtype)
            self._multiply(centred.reshape(len(centred), -1), white[i : i + PICTURES])
        return white.reshape(images.shape)

    def matrix(self, limit: float = 2e9) -> np.ndarray:
        """The dense W (d, d), symmetric; made once, then kept: do not write into it.

        Raises:
            AugmentError: It would take more than `limit` bytes.
        """
        wanted = self.size**2 * self.factor.itemsize
        if wanted > limit:
            raise AugmentError(
                f"Whitening.matrix: for pictures of shape {self.shape} it is {self.size} x {self.size}, "
                f"{wanted / 1e9:.1f} GB, above the limit of {limit / 1e9:.1f} GB. Use apply(), which needs the "
                f"factor of {self.factor.nbytes / 1e9:.2f} GB only, or smaller pictures, or a higher limit."
            )
        return self._dense

    @property
    def size(self) -> int:
        """The number of dimensions d = h w c."""
        return math.prod(self.shape)

    def to_npz(self, path: Path) -> None:
        """Write all fields to `path`; whole or not at all."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{name: np.asarray(getattr(self, name)) for name in FIELDS})
        write_bytes(path, buffer.getvalue())

    @classmethod
    def from_npz(cls, path: Path) -> Whitening:
        """Read what `to_npz` wrote; nothing in the file is run.

        Raises:
            AugmentError: The file is no such file, or its arrays do not fit each other.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                read = {name: file[name] for name in FIELDS}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise AugmentError(f"{path}: expected a file that Whitening.to_npz wrote, but {error}.") from error
        _check_arrays(path, read)
        shape = tuple(int(side) for side in read["shape"])
        numbers = {"epsilon": float(read["epsilon"]), "samples": int(read["samples"]), "dropped": int(read["dropped"])}
        arrays = {name: read[name] for name in ("mean", "factor", "singular_values")}
        return cls(shape, **arrays, **numbers)  # type: ignore[arg-type]  # each by its name

    @cached_property
    def _dense(self) -> np.ndarray:
        return np.asarray(self.factor @ self.factor.T)  # BLAS computes one half of it only

    def _multiply(self, flat: np.ndarray, out: np.ndarray) -> None:
        """Whichever takes fewer multiplications: one product with W, or two with its factor."""
        if 2 * self.factor.shape[1] > self.size:
            np.matmul(flat, self._dense, out=out)
        else:
            np.matmul(flat @ self.factor, self.factor.T, out=out)


def fit_whitening(
    images: np.ndarray | Iterable[np.ndarray],
    epsilon: float = 1e-6,
    *,
    samples: int | None = 4000,
    rng: np.random.Generator | None = None,
    center: bool = True,
    dtype: Any = np.float32,
) -> Whitening:
    """Learn the ZCA whitening of pictures, as Keras's `ImageDataGenerator.fit` does.

    Sums are float64. Singular values come from a matrix of squares, so that below sqrt(max(n, d) * 2.2e-16) times the
    largest (about a millionth) they are rounding: such directions are left out, where Keras's SVD multiplies them by
    up to sqrt(n) / epsilon. They exist where pictures repeat, where a channel is a sum of others, or where each pixel
    was centred by itself; the mean of each channel, as here and in Keras, makes none. With fewer samples than
    dimensions, what is orthogonal to all samples becomes 0, in Keras too.

    Args:
        images: (n, h, w, c), or batches of such an array, uint8 or float.
        epsilon: added to the singular values, which are sqrt(n) times the deviation along each direction: in the
            pictures' own units, and larger for more pictures. docs/whitening.md shows how to choose it.
        samples: at most so many pictures are held and learned from, each with the same chance; None for all. Where it
            is above d, all are used: beyond d pictures their sums are kept instead.
        rng: chooses among more than `samples`; None for a generator of seed 0.
        center: subtract the mean of each channel; False for pictures that are centred.
        dtype: of the factor, and so of whitened pictures.

    Raises:
        AugmentError: No pictures, shapes that differ, values that are not finite, or an argument out of its range.

    Example:
        >>> pictures = np.random.default_rng(0).normal(size=(500, 2, 2, 1))
        >>> whitening = fit_whitening(pictures, 0.0)
        >>> white = whitening.apply(pictures).reshape(500, 4)
        >>> bool(np.abs(white.T @ white / 500 - np.eye(4)).max() < 1e-4)
        True

    Reference:
        Bell and Sejnowski, The "independent components" of natural scenes are edge filters, 1997
    """
    _check_arguments(epsilon, samples)
    shape, seen = gather(images, samples, rng or np.random.default_rng(0))
    mean = seen.mean(shape[2]) if center else np.zeros(shape[2])
    n = seen.count
    values, vectors = _eigh(seen.squares(mean))
    kept = values > max(values[-1], 0.0) * max(n, math.prod(shape)) * np.finfo(np.float64).eps
    s = np.sqrt(values[kept])
    factor = seen.factor(vectors[:, kept], s, np.sqrt(math.sqrt(n) / (s + epsilon)), np.dtype(dtype))
    return Whitening(shape, mean, factor, s, epsilon, n, len(values) - len(s))


def _eigh(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and eigenvectors of the symmetric matrix whose upper half this is."""
    from scipy.linalg import eigh

    if not np.isfinite(np.diagonal(squares)).all():
        raise AugmentError("fit_whitening: a picture holds values that are not finite. Leave such pictures out.")
    values, vectors = eigh(squares, lower=False, driver="evd", overwrite_a=True, check_finite=False)
    return values, vectors


def _check_arguments(epsilon: float, samples: int | None) -> None:
    if not 0 <= epsilon < math.inf:
        raise AugmentError(f"fit_whitening: epsilon must be 0 or above. Received: epsilon={epsilon}")
    if samples is not None and samples < 1:
        raise AugmentError(f"fit_whitening: samples must be at least 1, or None for all. Received: samples={samples}")


def _check_arrays(path: Path, read: dict[str, np.ndarray]) -> None:
    """Refuse arrays of a file that do not fit each other."""
    d, r = math.prod(int(side) for side in read["shape"].ravel()), len(np.atleast_1d(read["singular_values"]))
    wanted = {"shape": (3,), "mean": tuple(read["shape"].ravel()[-1:]), "factor": (d, r), "singular_values": (r,)}
    for name, shape in wanted.items():
        if read[name].shape != shape:
            raise AugmentError(
                f"{path}: expected {name} of shape {shape}, found {read[name].shape}. "
                "The file was altered, or is none of Whitening.to_npz; fit and write it again."
            )
