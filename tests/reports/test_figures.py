import io
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from fake_run import CLASSES, _bins
from PIL import Image

from boda.reports import canvas, curves, figures

NAMES = ["a", "튤립", "$x^{", "漢字", "🌷", "\udce9", "", "a" * 300]


def texts(figure):
    return "".join(ET.fromstring(canvas.to_svg(figure, "f")).itertext())


@pytest.mark.parametrize("n", [2, 12, 30, 50, 51, 200])
def test_a_confusion_matrix_can_be_drawn_for_any_number_of_classes(n):
    matrix = np.random.default_rng(0).integers(0, 9, (n, n)).tolist()

    image = Image.open(io.BytesIO(canvas.to_png(figures.confusion(matrix, [f"class {k}" for k in range(n)]))))

    assert 200 < image.width < 1600
    assert 200 < image.height < 1600


def test_the_confusion_matrix_shows_counts_and_shares_of_the_row():
    shown = texts(figures.confusion([[8, 2], [0, 5]], ["a", "b"]))

    assert "80 %" in shown
    assert "20 %" in shown
    assert "100 %" in shown


def test_above_fifty_classes_the_confused_pairs_are_listed():
    matrix = np.diag(np.full(51, 9))
    matrix[3, 4] = 5

    assert "c3 → c4" in texts(figures.confusion(matrix.tolist(), [f"c{k}" for k in range(51)]))


def test_no_pair_is_confused_in_a_perfect_answer():
    assert canvas.to_png(figures.confused_pairs([[1, 0], [0, 1]], ["a", "b"]))


@pytest.mark.parametrize("classes", [NAMES, CLASSES])
def test_any_name_can_be_drawn_without_a_warning(classes):
    counts = {"train": dict.fromkeys(classes, 3), "val": {}}

    assert canvas.to_png(figures.class_counts(counts, classes))


def test_the_svg_names_no_date_and_prefixes_its_ids():
    svg = canvas.to_svg(figures.class_counts({"train": {"a": 1}}, ["a"]), "mine")

    assert svg.startswith("<svg")
    assert "dc:date" not in svg
    assert "<!DOCTYPE" not in svg
    ids = [element.get("id") for element in ET.fromstring(svg).iter() if element.get("id")]
    assert ids
    assert all(i.startswith("mine-") for i in ids)


def test_classes_stand_in_the_order_of_their_table():
    rows = [{"name": "good", "recall": 0.9, "recall_interval": [0.8, 1.0]}, {"name": "weak", "recall": 0.2}]

    shown = texts(figures.per_class(rows))

    assert shown.index("good") < shown.index("weak")


def test_above_fifty_classes_the_weakest_are_shown():
    rows = [{"name": f"c{k:02d}", "recall": 1 - k / 100} for k in range(51)]

    shown = texts(figures.per_class(rows))

    assert shown.index("c50") < shown.index("c49")
    assert "c00" not in shown


@pytest.mark.parametrize(
    ("names", "rotation"),
    [
        ([str(k) for k in range(10)], 0),
        (["sunflowers", "dandelions", "roses"], 90),
        (["해바라기 꽃밭", "튤립"], 90),
        (["해바라기", "튤립"], 0),
    ],
)
def test_only_long_names_below_a_confusion_matrix_are_turned(names, rotation):
    axes = figures.confusion(np.eye(len(names)).tolist(), names).axes[0]

    assert {label.get_rotation() for label in axes.get_xticklabels()} == {rotation}


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.899, 0.991, ["90 %", "92 %", "94 %", "96 %", "98 %"]),
        (0.979, 0.9911, ["98.0 %", "98.2 %", "98.4 %", "98.6 %", "98.8 %", "99.0 %"]),
    ],
)
def test_ticks_of_percent_are_what_they_say(low, high, ticks):
    with canvas.style():
        _, axes = canvas.figure(3, 3)
        axes.set_ylim(low, high)
        canvas.percent_axis(axes.yaxis)

        shown = [tick for tick in axes.yaxis.get_ticklabels() if low <= tick.get_position()[1] <= high]

    assert [tick.get_text() for tick in shown] == ticks


def test_pictures_without_a_part_are_counted_beside_those_with_one():
    assert "all" in texts(figures.class_counts({"all": {"a": 2}, "train": {"a": 1}}, ["a"]))


def test_candidates_without_views_speak_of_none():
    line = {"kind": "candidate", "weight_decay": 0.1, "log_loss": 0.3, "accuracy": 0.9}

    assert "view" not in texts(curves.history([line]))


def test_classes_with_several_labels_show_their_average_precision():
    assert "average precision" in texts(figures.per_class([{"name": "a", "ap": 0.7, "auc": 0.9, "recall": 0.1}]))


def test_boda_stands_beside_its_baselines():
    metrics = {
        "val": {"accuracy": 0.9, "accuracy_interval": [0.8, 0.95]},
        "baselines": {"raw_pixels": {"accuracy": 0.4}},
    }

    shown = texts(figures.beside_baselines(metrics))

    assert "90.0" in shown
    assert "linear model on raw pixels" in shown


@pytest.mark.parametrize("decays", [[0.1], [0.0, 0.1, 1.0], [0.0], [1e-6, 1e3], ["auto"]])
def test_candidates_of_any_weight_decay_can_be_drawn(decays):
    lines = [{"kind": "candidate", "weight_decay": d, "log_loss": 0.3, "accuracy": 0.9, "chosen": True} for d in decays]

    assert canvas.to_png(curves.history(lines))


def test_empty_bins_are_left_out_of_the_reliability_diagram():
    bins = _bins(np.array([0.9, 0.95]), np.array([True, False]))

    assert canvas.to_png(curves.reliability(None, bins))
    assert canvas.to_png(curves.reliability({}, {}))


@pytest.mark.parametrize("n", [0, 1, 7])
def test_coverage_can_be_drawn_for_any_number_of_answers(n):
    assert canvas.to_png(curves.coverage(np.linspace(0.3, 1, n), np.ones(n, dtype=bool), None))


def test_nothing_of_matplotlib_is_changed_or_loaded_in_advance():
    code = (
        "import sys, boda.reports.html, boda.reports.sheet, boda.reports.text\n"
        "assert 'matplotlib' not in sys.modules and 'PIL' not in sys.modules and 'rich' not in sys.modules\n"
        "import matplotlib as mpl\n"
        "settings = lambda: {k: mpl.rcParams[k] for k in mpl.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "from boda.reports import canvas, figures\n"
        "canvas.to_png(figures.class_counts({'train': {'a': 1}}, ['a']))\n"
        "assert before == settings()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
