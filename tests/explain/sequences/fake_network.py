"""A network whose states, saliency and gradients are known by hand."""

from types import SimpleNamespace

import numpy as np


class FakeNetwork:
    """Unit 0 holds the id, unit 1 its change, unit 2 noise; the gradient halves with every step back."""

    def __init__(self, seed=0):
        self.seed = seed
        layer = {"cell": "gru", "units": 3, "bidirectional": False, "layer_norm": False, "residual": False}
        plan = {"format": 1, "task": "language", "input": {"kind": "ids", "size": 200, "embedding": 4}}
        plan |= {"layers": [layer], "head": {"kind": "each", "outputs": 200}, "decoder": None}
        self.plan = SimpleNamespace(to_json=lambda: plan)

    def run(self, x, *, record=False):
        assert record
        ids = x[0].astype(float)
        ids = ids if ids.ndim == 1 else ids[:, 0]
        noise = np.random.default_rng([self.seed, len(ids)]).normal(0, 0.1, len(ids))
        h = np.stack([ids, np.r_[0, np.diff(ids)], noise], axis=1)[None]
        return SimpleNamespace(layers=({"h": h, "z": 1 / (1 + np.exp(-h)), "candidate": h, "c": h},))

    def saliency(self, sequence, class_index):
        return np.asarray(sequence, float) * (1 + class_index)

    def gradient_reach(self, sequence):
        return 3 * 0.5 ** np.arange(len(sequence))[::-1]
