"""The measures by task: calibrated, asked, compared with baselines, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.verbs.measures.ahead import Ahead
from boda.verbs.measures.labels import Classify, Regress, Tag
from boda.verbs.measures.part import Measure, Part
from boda.verbs.measures.written import NextStep, Pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEASURES", "Measure", "Part"]

MEASURES: Mapping[str, Measure] = {
    "classify": Classify(),
    "regress": Regress(),
    "tag": Tag(),
    "language": NextStep("language"),
    "music": NextStep("music"),
    "pairs": Pairs(),
    "forecast": Ahead(),
}
