"""`boda report`: draw a Run's report again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.errors import RunError
from boda.reports.html import write_report
from boda.reports.ladder_page import write_page
from boda.run import Run

if TYPE_CHECKING:
    from pathlib import Path


def report(run: Run | Path | str) -> Path:
    """Write RUN/report.html and RUN/figures from what is in the Run, or a ladder's page; its path.

    Raises:
        RunError: there is no Run, or it did not get as far as its figures.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    is_ladder = run.about.get("task") == "ladder"
    run.read_json("ladder.json" if is_ladder else "metrics.json")  # says so where it did not get so far
    try:
        return write_page(run) if is_ladder else write_report(run)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise RunError(f"{run.path} was altered: its files do not fit ({error!r}). Train again.") from error
