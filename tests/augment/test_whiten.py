import sys

import numpy as np
import pytest

from boda.augment.whiten import Whitening, fit_whitening
from boda.errors import AugmentError

SHAPE = (5, 4, 3)
PEAK = """
import resource, sys
import numpy as np
from boda.augment.whiten import fit_whitening

pictures = np.random.default_rng(0).normal(size=(400, 224, 224, 3)).astype(np.float32)
white = fit_whitening(pictures).apply(pictures)
assert abs(white.reshape(400, -1)[:2] @ white[2].ravel()).max() < 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**3 if sys.platform == "darwin" else 1024**2))
"""


def correlated(n, shape=SHAPE, seed=0):
    """Pictures whose neighbouring values are alike, as those of photographs."""
    rng = np.random.default_rng(seed)
    return 100 + 10 * np.cumsum(rng.normal(size=(n, *shape)), axis=2) + rng.normal(size=(n, *shape))


def keras_matrix(pictures, epsilon):
    """The formula of Keras's ImageDataGenerator.fit, in float64, and the means it subtracts first."""
    mean = pictures.mean((0, 1, 2))
    u, s, _ = np.linalg.svd((pictures - mean).reshape(len(pictures), -1).T, full_matrices=False)
    return (u * (np.sqrt(len(pictures)) / (s + epsilon))) @ u.T, mean


@pytest.mark.parametrize("n", [20, 60, 400], ids=["fewer than dimensions", "as many", "more"])
@pytest.mark.parametrize("epsilon", [1e-6, 5.0])
def test_whitened_are_training_and_held_out_pictures_as_by_keras_formula(n, epsilon):
    pictures, held_out = correlated(n), correlated(9, seed=1)
    whitening = fit_whitening(pictures, epsilon, dtype=np.float64)
    matrix, mean = keras_matrix(pictures, epsilon)

    for some in (pictures, held_out):
        expected = ((some - mean).reshape(len(some), -1) @ matrix).reshape(some.shape)
        np.testing.assert_allclose(whitening.apply(some), expected, atol=1e-7)
    assert whitening.dropped == 0


@pytest.mark.parametrize("n", [20, 400])
def test_float32_pictures_are_whitened_to_four_digits(n):
    pictures = correlated(n).astype(np.float32)
    matrix, mean = keras_matrix(pictures.astype(np.float64), 1e-6)
    expected = (pictures - mean).reshape(n, -1) @ matrix

    white = fit_whitening(pictures).apply(pictures)

    assert white.dtype == np.float32
    np.testing.assert_allclose(white.reshape(n, -1), expected, atol=1e-4 * np.abs(expected).max())


def test_whitened_training_pictures_have_unit_covariance():
    pictures = correlated(500)
    centred_by_pixel = pictures - pictures.mean(axis=0) + 3
    white = fit_whitening(centred_by_pixel, 0.0).apply(centred_by_pixel).reshape(500, -1)

    np.testing.assert_allclose(white.T @ white / 500, np.eye(60), atol=1e-3)


@pytest.mark.parametrize("n", [20, 400])
def test_directions_that_do_not_vary_become_0_and_are_counted(n):
    pictures = correlated(n)
    if n < 60:
        pictures -= pictures.mean(axis=0)  # each pixel by itself: the samples' sum is 0, one direction less
    else:
        pictures[..., 2] = pictures[..., 1]  # a copied channel: a direction less for each pixel
    whitening = fit_whitening(pictures, 1e-6)

    assert whitening.dropped == (1 if n < 60 else 20)
    assert np.abs(whitening.apply(pictures)).max() < 10 * np.sqrt(n)


def test_centering_each_channel_makes_no_null_direction():
    assert fit_whitening(correlated(20)).dropped == 0


def test_repeated_pictures_drop_a_direction_each():
    pictures = correlated(20)

    assert fit_whitening(np.concatenate([pictures, pictures[:4]])).dropped == 4


def test_what_is_orthogonal_to_all_samples_becomes_0():
    pictures = correlated(10, (4, 4, 1))
    whitening = fit_whitening(pictures, dtype=np.float64)
    basis = np.linalg.svd((pictures - whitening.mean).reshape(10, 16))[2]

    new = basis[10:].reshape(6, 4, 4, 1) + whitening.mean

    np.testing.assert_allclose(whitening.apply(new), 0, atol=1e-8)


def test_pictures_that_are_all_alike_become_0():
    pictures = np.full((3, *SHAPE), 7, np.uint8)

    assert not fit_whitening(pictures).apply(pictures).any()


@pytest.mark.parametrize("n", [20, 200])
def test_batches_give_what_one_array_gives(n):
    pictures = correlated(n)
    parts = fit_whitening(pictures[i : i + 7] for i in range(0, n, 7))

    np.testing.assert_allclose(parts.apply(pictures), fit_whitening(pictures).apply(pictures), atol=1e-3)


def test_a_buffer_that_is_filled_again_for_each_batch_is_copied():
    pictures, buffer = correlated(12), np.empty((4, *SHAPE))

    def batches():
        for i in range(0, 12, 4):
            buffer[:] = pictures[i : i + 4]
            yield buffer

    np.testing.assert_array_equal(fit_whitening(batches()).factor, fit_whitening(pictures).factor)


def test_uint8_pictures_are_those_numbers():
    pictures = correlated(20).clip(0, 255).astype(np.uint8)

    np.testing.assert_array_equal(fit_whitening(pictures).factor, fit_whitening(pictures.astype(np.float64)).factor)


def test_more_than_the_wanted_samples_are_chosen_from_by_chance_and_it_says_so(capsys):
    pictures = correlated(50)
    first, again = fit_whitening(pictures, samples=10), fit_whitening(pictures, samples=10)
    other = fit_whitening(pictures, samples=10, rng=np.random.default_rng(5))

    assert "Whitening learns from 10 of 50 pictures" in capsys.readouterr().err
    assert first.samples == 10
    np.testing.assert_array_equal(first.factor, again.factor)
    assert not np.array_equal(first.factor, other.factor)


def test_each_picture_has_the_same_chance_to_be_a_sample():
    pictures = np.arange(12.0).reshape(12, 1, 1, 1) ** 2 * np.ones((1, 2, 2, 1))
    means = [fit_whitening(pictures, samples=3, rng=np.random.default_rng(i)).mean[0] for i in range(500)]

    assert abs(np.mean(means) - pictures.mean()) < 4 * np.std(means) / np.sqrt(500)


def test_above_as_many_samples_as_dimensions_all_are_used(capsys):
    assert fit_whitening(correlated(200), samples=61).samples == 200
    assert not capsys.readouterr().err


@pytest.mark.parametrize("n", [20, 400])
def test_pictures_that_are_centred_already_are_left_so(n):
    pictures = correlated(n)
    whitening = fit_whitening(pictures, 1.0, center=False, dtype=np.float64)
    u, s, _ = np.linalg.svd(pictures.reshape(n, -1).T, full_matrices=False)

    assert not whitening.mean.any()
    np.testing.assert_allclose(whitening.matrix(), (u * (np.sqrt(n) / (s + 1.0))) @ u.T, atol=1e-8)


def test_nothing_is_written_into_the_callers_arrays():
    pictures = correlated(200).astype(np.float32)
    before = pictures.copy()
    fit_whitening(pictures).apply(pictures)

    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize("n", [8, 200], ids=["by two products", "by one"])
def test_the_dense_matrix_does_what_apply_does(n):
    pictures = correlated(n)
    whitening = fit_whitening(pictures, dtype=np.float64)
    dense = (pictures - whitening.mean).reshape(n, -1) @ whitening.matrix()

    np.testing.assert_allclose(whitening.apply(pictures).reshape(n, -1), dense, atol=1e-9)


def test_one_picture_is_whitened_as_in_a_batch():
    pictures = correlated(8)
    whitening = fit_whitening(pictures, 1.0)

    np.testing.assert_allclose(whitening.apply(pictures[2]), whitening.apply(pictures)[2], atol=1e-5)


def test_a_dense_matrix_above_the_limit_is_refused_with_its_size():
    with pytest.raises(AugmentError, match=r"60 x 60, 0\.0 GB, above the limit"):
        fit_whitening(correlated(5)).matrix(limit=60 * 60 * 4 - 1)


def test_a_whitening_written_and_read_is_the_same(tmp_path):
    whitening = fit_whitening(correlated(9), 0.5)
    whitening.to_npz(tmp_path / "w.npz")
    read = Whitening.from_npz(tmp_path / "w.npz")

    np.testing.assert_array_equal(read.apply(correlated(3)), whitening.apply(correlated(3)))
    assert (read.shape, read.epsilon, read.samples, read.dropped) == (SHAPE, 0.5, 9, 0)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "w.npz").write_bytes(content)

    with pytest.raises(AugmentError, match=r"w\.npz: expected a file that Whitening\.to_npz wrote"):
        Whitening.from_npz(tmp_path / "w.npz")


@pytest.mark.parametrize("name", ["shape", "mean", "factor", "singular_values"])
def test_a_file_whose_arrays_do_not_fit_is_refused(tmp_path, name):
    fit_whitening(correlated(9)).to_npz(tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        fields = {**file, name: file[name][:-1]}
    np.savez(tmp_path / "w.npz", **fields)

    with pytest.raises(AugmentError, match=r"w\.npz: expected \w+ of shape"):
        Whitening.from_npz(tmp_path / "w.npz")


def test_a_file_with_pickled_objects_is_refused(tmp_path):
    fit_whitening(correlated(9)).to_npz(tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        fields = {**file, "mean": np.array([{"a": 1}], object)}
    np.savez(tmp_path / "w.npz", **fields)

    with pytest.raises(AugmentError, match="allow_pickle=False"):
        Whitening.from_npz(tmp_path / "w.npz")


@pytest.mark.parametrize("shape", [(4, 5, 3), (60,), (1, 2, *SHAPE)])
def test_pictures_of_another_shape_are_refused(shape):
    with pytest.raises(AugmentError, match=r"learned from pictures of shape \(5, 4, 3\)\. Received"):
        fit_whitening(correlated(5)).apply(np.zeros(shape))


@pytest.mark.parametrize(
    ("pictures", "arguments", "message"),
    [
        (np.zeros((0, 2, 2, 1)), {}, "there were none"),
        ([np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 3, 1))], {}, "first pictures have the shape"),
        (np.full((3, 2, 2, 1), np.nan), {}, "not finite"),
        (np.full((9, 2, 2, 1), np.nan), {}, "not finite"),
        (np.zeros((3, 2, 2, 1)), {"epsilon": -1}, "epsilon must be 0 or above"),
        (np.zeros((3, 2, 2, 1)), {"samples": 0}, "samples must be at least 1"),
    ],
)
def test_what_cannot_be_whitened_is_refused(pictures, arguments, message):
    with pytest.raises(AugmentError, match=message):
        fit_whitening(pictures, **arguments)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no module resource")
def test_400_photographs_are_whitened_in_less_than_a_gigabyte_and_a_half(python):
    assert float(python(PEAK).stdout) < 1.5
