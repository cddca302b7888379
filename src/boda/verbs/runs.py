"""`boda runs`: the Runs below a folder, one row each, to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from boda.run import Run, list_runs


def runs(folder: Path | str = "runs") -> list[Run]:
    """The Runs below `folder`, the oldest first."""
    return list_runs(Path(folder))


def row(run: Run) -> dict[str, Any]:
    """What a table of Runs shows of one: None where the training did not get so far."""
    about = run.about
    val = run.metrics["val"] if run.has("metrics.json") else {}
    return {
        "run": str(run.path),
        "status": about.get("status"),
        "created": about.get("created"),
        "data": about.get("data"),
        "backbone": about.get("backbone", {}).get("name"),
        "n": val.get("n"),
        "accuracy": val.get("accuracy"),
        "accuracy_interval": val.get("accuracy_interval"),
        "log_loss": val.get("log_loss"),
        "seconds": run.metrics["seconds"]["total"] if val else None,
        "split": run.read_json("split.json")["digest"][:8] if run.has("split.json") else None,
    }
