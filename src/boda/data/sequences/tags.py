"""Files with a token and its tag a line to tagged sentences, as of the CoNLL tasks.

    EU NNP B-NP B-ORG
    rejects VBZ B-VP O

    Peter NNP B-NP B-PER

An empty line ends a sentence; lines that begin with # and -DOCSTART- are passed over. A folder may hold a file a part:
train.txt, dev.txt (valid, val, testa), test.txt (testb).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.text_file import read_lines
from boda.errors import DataError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from boda.data.sequences.text_file import Line
    from boda.sample import Part

SUFFIXES = (".conll", ".conllu", ".bio", ".iob", ".iob2")
PART_STEMS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "dev": "val",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "testa": "val",
    "test": "test",
    "testb": "test",
}
BY_SUFFIX = {".conllu": (1, 3)}  # the columns of words and of universal tags
_RANGE = re.compile(r"\d+[-.]\d+")  # in .conllu, a word that stands for several, or for none


class Sentence(NamedTuple):
    """Tokens with their tags, and the line of the first."""

    line: int
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def read_tags(
    path: Path, *, token_column: int | None = None, tag_column: int | None = None, encoding: str | None = None
) -> SequenceDataset:
    """Read a file with a token a line, or a folder of such files.

    Columns are separated by tabs where a line has one, else by spaces.

    Args:
        path: The file or the folder.
        token_column: Counted from 0, or from the end below 0; the first unless given (in .conllu the second).
        tag_column: The last unless given (in .conllu the fourth).
        encoding: Where it is not UTF-8, such as "cp949".

    Raises:
        DataError: There is no tagged sentence, or only one tag.

    Example:
        read_tags(Path("conll2003"), tag_column=-1)
    """
    found: list[tuple[str, Part | None, Sentence]] = []
    bad: list[BadFile] = []
    for file, part in _files(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        text = read_lines(file, name, encoding)
        usual = BY_SUFFIX.get(file.suffix.lower(), (0, -1))
        columns = tuple(
            own if given is None else given for given, own in zip((token_column, tag_column), usual, strict=True)
        )
        conllu = file.suffix.lower() == ".conllu"
        sentences, damaged = parse_tags(name, text.lines, columns[0], columns[1], conllu=conllu)
        found += [(name, part, sentence) for sentence in sentences]
        bad += [*text.bad, *damaged]
    if not found:
        reason = f" The first damaged line is {bad[0].name}: {bad[0].reason}." if bad else ""
        raise DataError(f"{path}: expected a token and its tag a line, found none.{reason}")
    return _build(path, found, bad)


def parse_tags(
    name: str, lines: Iterable[Line], token: int, tag: int, *, conllu: bool = False
) -> tuple[list[Sentence], list[BadFile]]:
    """The sentences of a file's lines; one with a damaged line is bad as a whole, since it would have a hole."""
    sentences: list[Sentence] = []
    bad: list[BadFile] = []
    for block in _blocks(lines):
        rows = [(line.number, _cells(line.text)) for line in block]
        rows = [(number, cells) for number, cells in rows if not (conllu and _RANGE.fullmatch(cells[0]))]
        least = max(column + 1 if column >= 0 else -column for column in (token, tag))
        wrong = next(((n, cells) for n, cells in rows if len(cells) < max(least, 2)), None)
        if wrong is not None:
            expected = f"expected {max(least, 2)} columns or more, came {' '.join(wrong[1])[:60]!r}"
            bad.append(BadFile(f"{name}:{wrong[0]}", f"{expected}; its sentence was left out"))
        elif rows:
            tokens, tags = tuple(c[token] for _, c in rows), tuple(c[tag] for _, c in rows)
            sentences.append(Sentence(rows[0][0], tokens, tags))
    return sentences, bad


def looks_tagged(lines: Iterable[str]) -> bool:
    """Whether the first lines of a file are tokens with tags such as O and B-PER, and as many columns each."""
    rows = [_cells(line) for line in lines if line.strip() and not _is_passed_over(line)]
    if len(rows) < 2 or {len(row) for row in rows} != {len(rows[0])} or len(rows[0]) < 2:
        return False
    return all(re.fullmatch(r"O|[BIESLUM]-\S+", row[-1]) for row in rows)


def part_of(path: Path) -> Part | None:
    """The part that a file's name gives, such as "val" for eng.testa; None where it gives none."""
    words = re.split(r"[^a-z]+", path.name.lower())
    return next((PART_STEMS[word] for word in words if word in PART_STEMS), None)


def _files(path: Path) -> list[tuple[Path, Part | None]]:
    if not path.is_dir():
        return [(path, None)]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    found = [(file, part_of(file)) for file in files if part_of(file) or file.suffix.lower() in SUFFIXES]
    if not found:
        raise DataError(f"{path}: expected files such as train.txt, dev.txt and test.txt, or {', '.join(SUFFIXES)}.")
    return found


def _blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in lines:
        if line.text.strip():
            if not _is_passed_over(line.text):
                block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _is_passed_over(line: str) -> bool:
    """Whether a line tells about the text. One # with a tag is a token of its own."""
    return line.startswith("-DOCSTART-") or (
        line.startswith("#") and not re.fullmatch(r"#\S*\t\S+|# ?(O|[BI]-\S+)", line)
    )


def _cells(line: str) -> list[str]:
    return line.strip("\n").split("\t") if "\t" in line else line.split()


def _build(path: Path, found: list[tuple[str, Part | None, Sentence]], bad: list[BadFile]) -> SequenceDataset:
    classes = tuple(sorted({tag for _, _, sentence in found for tag in sentence.tags}))
    if len(classes) < 2:
        raise DataError(f"{path}: expected 2 tags or more, found only {classes[0]!r}. Is tag_column right?")
    return SequenceDataset(
        task="tag",
        unit="words",
        inputs=tuple(sentence.tokens for *_, sentence in found),
        targets=tuple(sentence.tags for *_, sentence in found),
        names=tuple(f"{name}:{sentence.line}" for name, _, sentence in found),
        parts=tuple(part for _, part, _ in found),
        groups=(None,) * len(found),
        classes=classes,
        root=path if path.is_dir() else path.parent,
        bad=tuple(bad),
    )
