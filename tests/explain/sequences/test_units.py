import numpy as np
import pytest
from fake_network import FakeNetwork

from boda.explain.sequences import Specimen, units
from boda.explain.sequences.units import correlations


class Silent(FakeNetwork):
    """A network whose units follow nothing."""

    def run(self, x, *, record=False):
        passed = super().run(x, record=record)
        passed.layers[0]["h"] = np.random.default_rng(5).normal(size=passed.layers[0]["h"].shape)
        return passed


def specimen(text):
    """Ids that are 9 for capitals and 1 for all else, so that unit 0 follows capitals."""
    return Specimen("t", np.array([9 if c.isupper() else 1 for c in text]), tuple(text))


TEXT = "aB cD ef Gh i" * 12


def test_correlations_are_pearsons():
    rng = np.random.default_rng(0)
    h, feature = rng.normal(size=(30, 4)), rng.normal(size=30)
    feature[3] = np.nan
    known = np.isfinite(feature)
    expected = [np.corrcoef(column[known], feature[known])[0, 1] for column in h.T]

    assert correlations(h, feature) == pytest.approx(expected)


def test_a_unit_that_follows_capitals_is_found_with_the_text(network):
    found = units(network, [specimen(TEXT)])
    capitals = next(one for one in found["found"] if one["feature"] == "uppercase")

    assert (capitals["unit"], capitals["r"], capitals["r_chosen"]) == (0, 1.0, 1.0)
    assert "".join(capitals["tokens"]) == TEXT[len(TEXT) // 2 :]
    assert capitals["states"][:3] == [9.0 if c.isupper() else 1.0 for c in TEXT[len(TEXT) // 2 :][:3]]


def test_a_unit_that_follows_nothing_is_not_told():
    found = units(Silent(), [specimen(TEXT)])

    assert "capital letters" in found["looked_for"]
    assert found["found"] == []


def test_what_holds_only_where_it_was_chosen_is_not_told(network):
    lower = Specimen("t", np.full(len(TEXT), 1), tuple(TEXT))

    assert not [one for one in units(network, [specimen(TEXT), lower])["found"] if one["feature"] == "uppercase"]


def test_what_a_fresh_network_does_as_well_was_not_learned(network):
    found = units(network, [specimen(TEXT)], fresh=FakeNetwork())

    assert found["found"] == []


def test_a_better_unit_than_the_fresh_networks_is_told_beside_it(network):
    found = units(network, [specimen(TEXT)], fresh=Silent())
    capitals = next(one for one in found["found"] if one["feature"] == "uppercase")

    assert capitals["r_fresh"] < 0.5


def test_what_hardly_ever_happens_is_not_looked_for(network):
    assert "whether a bracket is open" not in units(network, [specimen(TEXT)])["looked_for"]


def test_halves_are_whole_sequences_where_there_are_several(network):
    found = units(network, [specimen(TEXT[:60]), specimen(TEXT[:50]), specimen(TEXT[:20])])

    assert (found["chosen_on"], found["measured_on"]) == (60, 70)


def test_where_another_sequence_begins_is_told(network):
    found = units(network, [specimen(TEXT), specimen(TEXT[:50]), specimen(TEXT[:90])])
    half = found["chosen_on"]

    assert half == len(TEXT)
    assert found["found"]
    assert all(one["starts"] == [50] for one in found["found"])


def test_too_short_a_text_says_nothing(network):
    assert units(network, [specimen("aB")]) == {}


def test_the_numbers_of_events_are_names(network):
    assert units(network, [Specimen("t", np.arange(90) % 7)])["looked_for"] == ["how far the sequence has come"]
