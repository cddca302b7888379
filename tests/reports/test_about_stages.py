"""The report tells of each stage what became of it, what it gained, and draws its epochs."""

from boda.reports.about_stages import curves, stages_section
from boda.reports.contents import Contents

KEPT = {
    "stage": "last-5",
    "number": 1,
    "kept": True,
    "epochs": 6,
    "n": 100,
    "log_loss": 0.31,
    "log_loss_before": 0.34,
    "accuracy": 0.9,
    "accuracy_before": 0.88,
    "seconds": 41.0,
}
HELD = {"val_calibrated_loss": 0.5, "val_accuracy": 0.9}
LINES = [
    {
        "kind": "epoch",
        "stage": stage,
        "fold": fold,
        "epoch": i,
        "loss": 1 / i,
        "accuracy": 0.8,
        "val_loss": 0.5,
        "val_accuracy": 0.9,
    }
    for stage in ("last-5", "all")
    for fold in (0, None)
    for i in (1, 2)
]


def told(run, **metrics):
    run.write_json("metrics.json", {**run.metrics, **metrics})
    return stages_section(Contents.read(run))


def test_a_run_without_stages_has_no_such_section(run):
    assert stages_section(Contents.read(run)) is None


def test_what_was_kept_and_what_was_rolled_back_stands_in_a_table(run):
    rolled = {**KEPT, "stage": "all", "kept": False}
    body = told(run, stages=[KEPT, rolled]).body

    assert "kept" in body
    assert "rolled back" in body
    assert "all layers" in body
    assert "0.310" in body


def test_the_gain_over_the_head_is_told_with_its_interval_and_its_verdict(run):
    gain = {"accuracy": 0.88, "difference": 0.02, "interval": [-0.01, 0.05], "verdict": "no difference shown"}
    body = told(run, stages=[KEPT], against_head=gain).body

    assert "+2.0 points (-1.0 to +5.0): <b>no difference shown</b>" in body


def test_a_stage_from_scratch_has_nothing_before_it(run):
    scratch = {**KEPT, "stage": "scratch", "log_loss_before": None, "accuracy_before": None}

    assert "the architecture alone, from scratch" in told(run, stages=[scratch]).body


def test_the_curves_show_the_inner_trainings_stage_after_stage():
    axes = curves(LINES).axes

    assert [len(line.get_xdata()) for line in axes[0].get_lines()[:2]] == [4, 4]
    assert [text.get_text().strip() for text in axes[0].texts] == ["last-5", "all"]


def test_figures_that_are_missing_leave_gaps():
    assert curves([{"kind": "epoch", "stage": "all", "fold": None, "epoch": 1, "loss": 0.5, "accuracy": 0.5}]).axes
