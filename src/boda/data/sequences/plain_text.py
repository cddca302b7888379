"""Text files to long texts to learn language from, or a play to who speaks.

FIRST CITIZEN:                    the role
Before we proceed any further,    its speech, up to an empty line
hear me speak.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.text_file import read_lines
from boda.data.sequences.units import check_tokens
from boda.errors import DataError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from boda.data.sequences.text_file import Line, TextFile

SUFFIX = ".txt"
_ROLE = re.compile(r"\s*([^\s:][^:]{0,60}?)\s*:\s*")


class Speech(NamedTuple):
    """What a role says at once; `number` is the line of the role."""

    role: str
    text: str
    number: int


def read_plain_text(
    path: Path, *, task: str = "language", encoding: str | None = None, tokens: str = "auto", roles: int = 10
) -> SequenceDataset:
    """Read a text file, or each of a folder, as one long text; or with task="classify" a play, as its speeches.

    Args:
        path: A file, or a folder of files that end in .txt.
        task: "language", or "classify" for who speaks in a play.
        encoding: Where it is not UTF-8, such as "cp949".
        tokens: "characters" or "words"; "auto" takes characters for language, and words for speeches.
        roles: Keep the speeches of so many roles, those with the most.

    Raises:
        DataError: There is no text, or the file is no play.
        RecipeError: `roles` is below 2.

    Example:
        read_plain_text(Path("tinyshakespeare.txt"), task="classify")
    """
    check_tokens(tokens)
    if task == "classify":
        return _who_speaks(path, read_lines(path, path.name, encoding), tokens, roles)
    files = _files(path, encoding)
    texts = [(file.name, file.text) for file in files if file.text.strip()]
    bad = tuple(entry for file in files for entry in file.bad)
    if not texts:
        first = f" The first damaged line is {bad[0].name}: {bad[0].reason}." if bad else ""
        raise DataError(f"{path}: expected a text, found none.{first}")
    nothing = (None,) * len(texts)
    return SequenceDataset(
        task=task,
        unit="characters" if tokens == "auto" else tokens,
        inputs=tuple(text for _, text in texts),
        targets=nothing,
        names=tuple(name for name, _ in texts),
        parts=nothing,
        groups=nothing,
        classes=(),
        root=path if path.is_dir() else path.parent,
        bad=bad,
    )


def speeches_of(lines: Iterable[Line]) -> list[Speech]:
    """The speeches of a play, in its order; blocks that do not begin with a role and a colon are passed over."""
    speeches, block = [], []
    for line in [*lines, None]:
        if line is not None and line.text.strip():
            block.append(line)
            continue
        if len(block) > 1 and (role := _ROLE.fullmatch(block[0].text)):
            speeches.append(Speech(role[1], "\n".join(said.text.strip() for said in block[1:]), block[0].number))
        block = []
    return speeches


def _files(path: Path, encoding: str | None) -> list[TextFile]:
    if not path.is_dir():
        return [read_lines(path, path.name, encoding)]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() == SUFFIX and file.is_file())
    if not found:
        raise DataError(f"{path}: expected files that end in {SUFFIX}, found none.")
    return [read_lines(file, file.relative_to(path).as_posix(), encoding) for file in found]


def _who_speaks(path: Path, file: TextFile, tokens: str, roles: int) -> SequenceDataset:
    if roles < 2:
        raise RecipeError(f"Who speaks is told between 2 roles or more. Received: roles={roles}")
    speeches = speeches_of(file.lines)
    counts = Counter(speech.role for speech in speeches)
    if len(counts) < 2:
        raise DataError(
            f"{path}: expected a play with 2 roles or more, each speech a line ROLE: with its lines below and an empty "
            f"line after them, found {len(speeches)} such. For a folder of texts, name each file by its class."
        )
    kept = {role for role, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:roles]}
    chosen = [speech for speech in speeches if speech.role in kept]
    return SequenceDataset(
        task="classify",
        unit="words" if tokens == "auto" else tokens,
        inputs=tuple(speech.text for speech in chosen),
        targets=tuple(speech.role for speech in chosen),
        names=tuple(f"{path.name}:{speech.number}" for speech in chosen),
        parts=(None,) * len(chosen),
        groups=(None,) * len(chosen),
        classes=tuple(sorted(kept)),
        root=path.parent,
        bad=file.bad,
        notes=(f"{len(chosen)} of {len(speeches)} speeches are kept: those of the {len(kept)} roles that speak most.",),
    )
