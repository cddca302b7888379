import numpy as np
import pytest

from boda.training.sequences.baselines_music import marginal, markov

ROLL = np.array([[1, 0], [1, 0], [0, 0]], dtype=np.uint8)


def test_the_marginal_by_hand():
    # of 3 frames key 0 is on in 2 and key 1 in none: (2.5 / 4, 0.5 / 4)
    expected = [-np.log(2.5 / 4) - np.log(3.5 / 4), -np.log(1.5 / 4) - np.log(3.5 / 4)]

    assert marginal([ROLL], [ROLL])[0] == pytest.approx(expected)


def test_the_markov_chain_by_hand():
    # key 0 was on twice and stayed once: 1.5 / 3; key 1 was off twice and stayed off: 2.5 / 3
    expected = [-np.log(1.5 / 3) - np.log(2.5 / 3), -np.log(1.5 / 3) - np.log(2.5 / 3)]

    assert markov([ROLL], [ROLL])[0] == pytest.approx(expected)


@pytest.mark.parametrize("baseline", [marginal, markov])
def test_keys_that_never_sound_are_not_impossible(baseline):
    assert np.isfinite(baseline([np.zeros((5, 3), np.uint8)], [np.ones((4, 3), np.uint8)])[0]).all()


@pytest.mark.parametrize("baseline", [marginal, markov])
def test_the_first_frame_is_given(baseline):
    assert [len(one) for one in baseline([ROLL], [ROLL, ROLL[:1]])] == [2, 0]


def test_sequences_are_counted_apart():
    apart, joined = markov([ROLL, ROLL], [ROLL])[0], markov([np.concatenate([ROLL, ROLL])], [ROLL])[0]

    assert apart != pytest.approx(joined)
