import numpy as np
import pytest

import boda
from boda.answers import Model
from boda.box_answers import BoxModel
from boda.data.view import View
from boda.errors import RunError

RED = np.full((50, 100, 3), (255, 0, 0), np.uint8)
IMPORTS = """
import sys
import boda

list(boda.predict(sys.argv[1], sys.argv[2]))
heavy = {"keras", "tensorflow", "sklearn", "matplotlib"} & set(sys.modules)
sys.exit(f"imported {sorted(heavy)}" if heavy else 0)
"""


def test_a_run_of_boxes_is_loaded_as_a_model_of_boxes(locate_run, detect_run):
    assert isinstance(boda.load(locate_run), BoxModel)
    assert boda.load(str(detect_run.path)).task == "detect"


def test_a_run_answers_with_boxes(detect_run):
    (answer,) = boda.predict(detect_run, RED)

    assert answer.labels == ("red",)


def test_auto_takes_the_runs_threshold_for_one_box_too(locate_run):
    (answer,) = boda.predict(locate_run, RED, min_confidence="auto")

    assert len(answer) == 1  # its threshold is 0


def test_a_model_of_labels_cannot_grow(tmp_path):
    labels = Model(tmp_path / "network.xml", View(8), ("a", "b"))

    with pytest.raises(RunError, match="Only a box can grow, and this model answers with labels"):
        boda.predict(labels, RED, grow=0.9)


def test_predicting_boxes_imports_neither_keras_nor_scikit_learn(detect_run, unseen, python):
    python(IMPORTS, detect_run.path, unseen / "leaf" / "100.png")
