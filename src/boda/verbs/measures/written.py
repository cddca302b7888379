"""How what is written is measured: the next step (language, music), and whole answers (pairs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.vocabulary import UNKNOWN
from boda.metrics import sequence, sequence_rivals
from boda.models.heads.beam import greedy
from boda.training.sequences.baselines import rivals

if TYPE_CHECKING:
    from boda.sequence_answers import SequenceModel
    from boda.verbs.measures.part import Part


class NextStep:
    """Answers are nats a step, (steps,) a sequence."""

    def __init__(self, task: str) -> None:
        self.task = task

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:  # noqa: ARG002
        """A likelihood is its own confidence."""
        return {}

    def answers(self, model: SequenceModel, part: Part) -> list[np.ndarray]:
        """What each step costs."""
        return model.nll(part.inputs, self._labels(part))

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:
        """Marginal frequencies, and n-grams or a Markov chain."""
        learned, asked = self._whole(model, train), [row[: len(row)] for row in self._whole(model, held)]
        return rivals(self.task, learned, asked, seed, size=model.encoder.size)

    def figures(self, model: SequenceModel, part: Part, answers: Any, seed: int) -> dict[str, Any]:
        """Nats a step, perplexity, bits; of texts the share of unknown tokens, which count as one and cost little."""
        found = {**sequence.nll_figures(*sequence.pieces_of(answers), seed), "sequences": len(part)}
        if self.task != "language" or model.encoder.vocabulary is None:
            return found
        _, told = model.encoder.shifted(part.inputs, self._labels(part))
        return {**found, "unknown": sequence.rounded(float((np.concatenate(told) == UNKNOWN).mean()))}

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """In nats a step."""
        costs, steps = sequence.pieces_of(ours)
        return sequence_rivals.nll_difference(costs, sequence.pieces_of(theirs)[0], steps, seed)

    def predictions(self, model: SequenceModel, part: Part, answers: Any) -> dict[str, Any]:  # noqa: ARG002
        """What each piece costs a step, with its text."""
        told = [i for i, steps in enumerate(answers) if len(steps)]
        return {
            "names": [part.names[i] for i in told],
            "nll": [round(float(answers[i].mean()), 6) for i in told],
            "steps": [len(answers[i]) for i in told],
            **({"texts": [part.texts[i] for i in told]} if self.task == "language" else {}),
        }

    def _labels(self, part: Part) -> list[str | None] | None:
        return list(part.targets) if self.task == "language" else None

    def _whole(self, model: SequenceModel, part: Part) -> list[Any]:
        """The sequences as the baselines read them: with begin and end where the network has them.

        Of long events nothing is read yet.
        """
        if self.task == "music":
            return [np.asarray(roll) for roll in part.inputs]
        if model.encoder.long:
            return model.encoder.encode(part.inputs)
        x, y = model.encoder.shifted(part.inputs, self._labels(part))
        return [np.concatenate([a, b[-1:]]) for a, b in zip(x, y, strict=True)]


class Pairs:
    """Answers are texts."""

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:  # noqa: ARG002
        """An answer comes with its log-probability."""
        return {}

    def answers(self, model: SequenceModel, part: Part) -> list[str]:
        """What greedy search writes."""
        sources = model.encoder.encode(part.inputs)
        found = greedy(model.network, sources, longest=model.longest(max(map(len, sources))))
        assert model.encoder.target_vocabulary is not None  # noqa: S101 - pairs have one
        return [model.encoder.target_vocabulary.decode(one.ids) for one in found]

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """The most frequent target, and that of the most similar source."""
        return rivals("pairs", (list(train.inputs), list(train.targets)), list(held.inputs), seed)

    def figures(self, model: SequenceModel, part: Part, answers: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """Wholly right answers, and how near the others come."""
        return sequence.exact_match_figures(self._truth(model, part), answers)

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """In the share of wholly right answers."""
        return sequence_rivals.exact_match_difference(self._truth(model, part), ours, theirs)

    def predictions(self, model: SequenceModel, part: Part, answers: Any) -> dict[str, Any]:
        """Sources, targets and answers."""
        truth = self._truth(model, part)
        right = [a == b for a, b in zip(truth, answers, strict=True)]
        found = {"sources": list(part.inputs), "targets": truth, "answers": answers, "right": right}
        return {"names": list(part.names), **found}

    def _truth(self, model: SequenceModel, part: Part) -> list[str]:
        """The targets as the vocabulary spells them: NFC, and words apart by one space."""
        vocabulary = model.encoder.target_vocabulary
        assert vocabulary is not None  # noqa: S101 - pairs have one
        return [vocabulary.spelled(text) for text in part.targets]
