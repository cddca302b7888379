import numpy as np

from boda.reports.about_box_stages import curves, stages_section
from boda.reports.contents import Contents


def line(stage, epoch, fold, loss):
    return {"kind": "epoch", "stage": stage, "epoch": epoch, "fold": fold, "loss": loss}


def test_trials_are_drawn_as_the_mean_of_their_folds():
    lines = [line("head", 0, 0, 1.0), line("head", 0, 1, 3.0), line("head", 0, None, 5.0)]
    trial, whole, _ = curves(lines).axes[0].lines

    assert trial.get_ydata() == [2.0]
    assert whole.get_ydata() == [5.0]


def test_each_stage_is_named_where_it_begins():
    axes = curves([line("head", 0, None, 2.0), line("head", 1, None, 1.5), line("last-5", 0, None, 1.0)]).axes[0]

    assert [text.get_text().strip() for text in axes.texts] == ["head", "last-5"]
    np.testing.assert_allclose([text.xy[0] for text in axes.texts], [0.5, 2.5])


def test_what_was_not_measured_has_no_panel():
    assert len(curves([line("head", 0, None, 2.0)]).axes) == 1


def test_a_stage_that_was_no_better_is_said_to_be_rolled_back(session_detect_run, undrawn):  # noqa: ARG001 - draws nothing
    contents = Contents.read(session_detect_run)
    contents.metrics["stages"][1] |= {"kept": False, "value": 0.3}
    body = stages_section(contents).body

    assert "rolled back" in body
    assert "AP on the 32 pictures held back." in body
