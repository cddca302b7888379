import subprocess
import sys

import numpy as np
import pytest

from boda.boxes import Detections
from boda.metrics.coco import coco_figures

TWELVE = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
TWELVE += ("ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large")
BOX = np.array([[10.0, 10, 60, 60]])


def names(classes):
    return [str(k) for k in range(classes)]


@pytest.mark.parametrize(
    "how",
    [
        {"seed": 1},
        {"seed": 2, "ties": True},
        {"seed": 3, "grid": 8, "ties": True},
        {"seed": 4, "grid": 20, "ties": True, "spread": 0.2},
        {"seed": 5, "objects": 0.3, "classes": 5},
        {"seed": 6, "objects": 150, "pictures": 2, "classes": 1},
        {"seed": 7, "objects": 0},
    ],
    ids=["random", "ties", "grid", "thresholds", "classes without objects", "over 100 a class", "no objects"],
)
def test_all_twelve_figures_equal_those_of_pycocotools(scenes, oracle, how):
    truth, found = scenes(**how)
    classes = how.get("classes", 3)

    figures = coco_figures(truth, found, names(classes))

    ours = [-1 if figures[name] is None else figures[name] for name in TWELVE]
    assert np.abs(np.array(ours) - oracle(truth, found, classes).stats).max() < 1e-9


def test_the_figures_of_a_class_equal_those_of_pycocotools(scenes, oracle):
    truth, found = scenes(classes=4)

    figures = coco_figures(truth, found, names(4))

    precision = oracle(truth, found, 4).eval["precision"][..., 0, 2]
    for k in range(4):
        one = figures["per_class"][str(k)]
        assert one["ap"] == pytest.approx(precision[:, :, k].mean(), abs=1e-9)
        assert one["ap50"] == pytest.approx(precision[0, :, k].mean(), abs=1e-9)
        assert one["boxes"] == sum((labels == k).sum() for _, labels in truth)


def test_nothing_found_is_worth_0():
    figures = coco_figures([(BOX, np.array([0]))], [Detections.empty()], ["cat"])

    assert (figures["ap"], figures["ar100"], figures["ap_small"]) == (0, 0, None)


def test_a_class_without_objects_is_none_and_does_not_count():
    exact = Detections(np.concatenate([BOX, BOX]), [0.9, 0.8], [0, 1])

    figures = coco_figures([(BOX, np.array([0]))], [exact], ["cat", "dog"])

    assert figures["ap"] == pytest.approx(1)
    assert figures["per_class"]["dog"] == {"boxes": 0, "ap": None, "ap50": None}


def test_importing_the_figures_loads_no_evaluator():
    code = "import sys, boda.metrics.boxes; sys.exit('faster_coco_eval' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
