"""Places: the cells of maps as points of the picture."""

import numpy as np

from boda.models.heads.places import places


def test_places_are_the_middles_of_the_cells_row_by_row_map_by_map():
    centres, strides = places(8, (4, 8))

    assert centres.tolist() == [[2, 2], [6, 2], [2, 6], [6, 6], [4, 4]]
    assert strides.tolist() == [4, 4, 4, 4, 8]


def test_nobody_writes_into_what_all_share():
    assert not places(8, (4,))[0].flags.writeable
    assert places(8, (4,))[0] is places(8, [4])[0]


def test_places_fill_the_picture_evenly():
    assert np.allclose(places(64, (8, 16, 32))[0].mean(axis=0), 32)
