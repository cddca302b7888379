"""One rung of a ladder of sequences, in a process of its own: `python -m boda.training.sequences.rung JOB.json`.

The files are those of `boda.training.rung`, but for answers.npz: a cell holds the scores of its units.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from boda.errors import BodaError, Interrupted
from boda.recipe.sequence import SequenceRecipe
from boda.training.cells import read_cells
from boda.training.rung import Job, Log, answer_cells, main
from boda.training.sequences.ladder_sequences import LadderSequences
from boda.training.sequences.rung_scores import answerer, gains_of, scores_of
from boda.training.standings import by_unit

if TYPE_CHECKING:
    import numpy as np


def run_rung(job: Job) -> dict[str, Any]:
    """Do what is missing of the job's cells, and give what rung.json says in the end."""
    log = Log.of(job)
    try:
        sequences = LadderSequences.read(job.ladder)
        recipe = SequenceRecipe.from_toml(job.recipe)
        reason = answer_cells(
            job, sequences, log, lambda: answerer(recipe, sequences, job.seed), lambda: _gains(job, sequences)
        )
    except BodaError as error:
        if isinstance(error, Interrupted):
            raise
        return log.write("failed", reason=str(error))
    return log.end(reason)


def _gains(job: Job, sequences: LadderSequences) -> list[np.ndarray]:
    """By how much the rung is better than the base in each score, a number a group of units that both have answered."""
    mine, theirs = (
        scores_of(read_cells(job.ladder / "rungs" / name / "cells"), sequences) for name in (job.name, str(job.base))
    )
    return [by_unit(gain, sequences.groups) for gain in gains_of(mine, theirs).values()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], run_rung))
