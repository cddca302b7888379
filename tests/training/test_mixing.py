"""Mixing: blends and patches by hand, targets and weights alike, and chance that depends on the place alone."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.recipe import HeadRecipe, Levers
from boda.training.mixing import Pairs, check_mix_of_head, mix, pairs

MIXUP, CUTMIX = Levers(mix="mixup", mix_alpha=1.0), Levers(mix="cutmix", mix_alpha=1.0)
AT = {"seed": 0, "epoch": 1, "batch": 2}


def batch(*shape, n=6):
    """Sample i is i everywhere, in its values, its target's first class and its weight."""
    own = np.arange(n, dtype=np.float32)
    return np.broadcast_to(own.reshape(-1, *[1] * len(shape)), (n, *shape)).copy(), np.stack([own, n - own], 1), own


def test_a_blend_by_hand():
    drawn = Pairs(np.array([1, 0]), np.array([0.75, 0.5], np.float32))

    np.testing.assert_allclose(drawn.blend(np.array([[4.0, 0.0], [0.0, 8.0]])), [[3, 2], [2, 4]])


def test_mixup_blends_features_targets_and_weights_alike():
    x, y, w = mix(*batch(3), MIXUP, **AT)

    assert len(set(x[:, 0])) == 6
    np.testing.assert_allclose(x, np.broadcast_to(w[:, None], x.shape))
    np.testing.assert_allclose(y[:, 0], w)


def test_cutmix_pastes_a_rectangle_and_blends_by_what_stayed():
    x, y, w = mix(*batch(7, 5, 2), CUTMIX, **AT)
    partner = pairs(6, 1.0, **AT).partner

    np.testing.assert_allclose(x.mean(axis=(1, 2, 3)), w, rtol=1e-5)
    np.testing.assert_allclose(y[:, 0], w, rtol=1e-5)
    for i, picture in enumerate(x[..., 0]):
        assert set(np.unique(picture)) <= {i, partner[i]}
        rows, columns = np.nonzero(picture != i)
        assert len(rows) == len(set(rows)) * len(set(columns))
    assert any(len(np.unique(picture)) == 2 for picture in x)


def test_chance_is_that_of_seed_epoch_and_batch():
    same = [mix(*batch(3), MIXUP, **AT)[0] for _ in range(2)]
    others = [mix(*batch(3), MIXUP, **{**AT, name: 5})[0] for name in AT]

    np.testing.assert_array_equal(*same)
    assert not any(np.array_equal(same[0], other) for other in others)


def test_shares_come_from_a_beta_distribution():
    shares = pairs(20_000, 0.2, 0, 0, 0).share

    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(0.25 / 1.4, abs=0.005)  # a b / ((a + b)^2 (a + b + 1))


@pytest.mark.parametrize("levers", [MIXUP, CUTMIX])
def test_the_callers_arrays_stay(levers):
    given = batch(4, 4, 1)
    mix(*given, levers, **AT)

    for own, before in zip(given, batch(4, 4, 1), strict=True):
        np.testing.assert_array_equal(own, before)


def test_none_gives_the_batch_itself():
    given = batch(3)

    assert all(one is other for one, other in zip(mix(*given, Levers(), **AT), given, strict=True))


def test_cutmix_of_features_is_refused():
    with pytest.raises(RecipeError, match=r"needs maps or pictures, \(n, h, w, c\)\. Received: \(6, 3\)"):
        mix(*batch(3), CUTMIX, **AT)


def test_a_head_with_cutmix_is_refused():
    with pytest.raises(RecipeError, match="cuts maps or pictures; a head has neither"):
        check_mix_of_head(HeadRecipe(mix="cutmix"))
