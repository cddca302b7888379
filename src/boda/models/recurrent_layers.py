"""The door to boda's recurrent Keras layers, which loads Keras when it is opened."""

from __future__ import annotations

import functools
from types import SimpleNamespace

from boda.models.keras_import import import_keras


@functools.cache
def recurrent_layers() -> SimpleNamespace:
    """`FastLSTM`, `FastGRU`, `FastSimpleRNN` and `MinGRU`, which Keras can load from files after this call.

    The first three are Keras's layers in all but speed: each other's weights and configurations fit.
    The loops are compiled when they are first used, which takes seconds once a computer.
    """
    import_keras()
    from boda.models.fast_layers import FastGRU, FastLSTM, FastSimpleRNN
    from boda.models.mingru import MinGRU

    return SimpleNamespace(FastLSTM=FastLSTM, FastGRU=FastGRU, FastSimpleRNN=FastSimpleRNN, MinGRU=MinGRU)
