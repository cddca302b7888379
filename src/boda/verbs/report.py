"""`boda report`: draw a Run's report again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.errors import RunError
from boda.reports.html import write_report
from boda.run import Run

if TYPE_CHECKING:
    from pathlib import Path


def report(run: Run | Path | str) -> Path:
    """Write RUN/report.html and RUN/figures from what is in the Run; the path of the page.

    Raises:
        RunError: there is no Run, or it did not get as far as its figures.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    run.read_json("metrics.json")  # says so where the training did not get so far
    try:
        return write_report(run)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise RunError(f"{run.path} was altered: its files do not fit ({error!r}). Train again.") from error
