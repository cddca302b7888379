"""What a training of sequences leaves for its answers."""

from types import SimpleNamespace

import numpy as np

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.encoder import Encoder
from boda.verbs.sequence_work import SequenceWork


def test_a_series_shorter_than_the_context_gets_no_forecast(capsys):
    series, nothing = (np.arange(9.0)[:, None], np.zeros((3, 1))), (None, None)
    data = SequenceDataset("forecast", "numbers", series, nothing, ("long", "short"), nothing, nothing, ())
    work = SequenceWork(None, None, SimpleNamespace(dataset=data), None)
    ends, _ = work._history(Encoder("forecast", "numbers", width=1, context=5, horizon=2, season=1))

    assert {name: end[:, 0].tolist() for name, end in ends.items()} == {"long": [4, 5, 6, 7, 8]}
    assert "1 series are shorter than the 5 steps looked back on" in capsys.readouterr().err
