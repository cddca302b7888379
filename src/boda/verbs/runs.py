"""`boda runs`: the Runs below a folder, one row each, to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from boda.errors import RunError
from boda.progress import say
from boda.run import Run, list_runs

SCORES = (  # of labels, of one box a picture, of many; of sequences
    *("accuracy", "mean_iou", "ap"),
    *("macro_f1", "mae", "nll", "exact_match"),
)


def runs(folder: Path | str = "runs") -> list[Run]:
    """The Runs below `folder`, the oldest first; a damaged one is left out, and that is said."""
    return [run for run in list_runs(Path(folder)) if _is_readable(run)]


def _is_readable(run: Run) -> bool:
    try:
        row(run)
    except RunError as error:
        say(f"Left out: {error}")
        return False
    except (KeyError, TypeError, AttributeError) as error:
        say(f"Left out: {run.path} was altered ({error!r}).")
        return False
    return True


def row(run: Run) -> dict[str, Any]:
    """What a table of Runs shows of one: None where the training did not get so far."""
    about = run.about
    val = run.metrics["val"] if run.has("metrics.json") else {}
    return {
        "run": str(run.path),
        "status": about.get("status"),
        "task": about.get("task"),
        "created": about.get("created"),
        "data": about.get("data"),
        "backbone": about.get("backbone", {}).get("name"),
        "n": val.get("n"),
        **{name: val.get(name) for key in SCORES for name in (key, f"{key}_interval")},
        "log_loss": val.get("log_loss"),
        "seconds": run.metrics["seconds"]["total"] if val else None,
        "split": run.read_json("split.json")["digest"][:8] if run.has("split.json") else None,
    }
