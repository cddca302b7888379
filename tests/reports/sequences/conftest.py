import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_sequence_run import TASKS, make_sequence_run

from boda.reports import canvas
from boda.reports.sequences.page import write_sequence_report


@pytest.fixture(scope="session")
def sequence_runs(tmp_path_factory):
    """One Run a task with its report, whose figures are made but not rendered, for tests that only read them."""
    folder = tmp_path_factory.mktemp("runs")
    runs = {task: make_sequence_run(folder / task, task) for task in TASKS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "to_png", lambda _: b"")
        patch.setattr(canvas, "to_svg", lambda _figure, _name: "<svg></svg>")
        for run in runs.values():
            write_sequence_report(run)
    return runs
