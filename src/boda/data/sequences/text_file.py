"""The bytes of a text file to clean lines: decoded, NFC, and each damaged one named with the byte that spoils it."""

from __future__ import annotations

import codecs
import difflib
import re
import stat
from encodings.aliases import aliases
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from boda.errors import DataError, RecipeError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_BYTES = 2 * 2**30
ENCODINGS = ("cp949", "cp1252", "shift_jis", "gb18030")  # what is suggested where a line of it is not UTF-8
BOMS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BINARY = "no text at all: it holds zero bytes, as pictures and other binary files do"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[\ud800-\udfff]")  # all but tab and the ends of lines
_HOW = 'encoding="{0}" among the reading options, --read encoding={0} in the command'


class Line(NamedTuple):
    """A line of a file, counted from 1, without its end."""

    number: int
    text: str


class TextFile(NamedTuple):
    """The good lines of a file, empty ones too, and a BadFile for each of the others."""

    name: str
    lines: tuple[Line, ...]
    bad: tuple[BadFile, ...]

    @property
    def text(self) -> str:
        """The good lines as one text, ended as in the file."""
        return "\n".join(line.text for line in self.lines)


def read_lines(path: Path, name: str, encoding: str | None = None) -> TextFile:
    """Read a text file as UTF-8, or as its byte order mark or `encoding` says.

    Args:
        path: The file.
        name: What it is called in messages and names.
        encoding: Any that Python knows, such as "cp949".

    Raises:
        DataError: It cannot be read, is above 2 GiB, or is damaged as a whole.
        RecipeError: There is no such encoding.
    """
    if encoding is not None:
        check_encoding(encoding)
    data = read_bytes(path)
    encoding = encoding or next((name for mark, name in BOMS if data.startswith(mark)), "utf-8")
    try:
        return _cleaned(name, enumerate(_split(data.decode(encoding)), start=1), [])
    except UnicodeDecodeError as error:
        if encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
            raise DataError(f"{path}: expected {encoding}, but: {error.reason} at byte {error.start}.") from error
    if b"\0" in data:
        return TextFile(name, (), (BadFile(f"{name}:1", BINARY),))
    return _line_by_line(name, data, encoding)


def read_bytes(path: Path) -> bytes:
    """The bytes of an ordinary file of up to 2 GiB.

    Raises:
        DataError: It is none, or cannot be read.
    """
    check_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: expected a file to read, but: {error.strerror}. Is the path right?") from error


def check_file(path: Path, most: int | None = MAX_BYTES) -> None:
    """Refuse what is no ordinary file, or one above `most` bytes.

    Raises:
        DataError: It is such.
    """
    try:
        seen = path.stat()
    except OSError as error:
        raise DataError(f"{path}: expected a file to read, but: {error.strerror}. Is the path right?") from error
    if not stat.S_ISREG(seen.st_mode):
        raise DataError(f"{path}: expected an ordinary file, came a folder, a pipe or a device.")
    if most is not None and seen.st_size > most:
        raise DataError(
            f"{path}: files of up to {most / 2**30:.0f} GiB are read, came one of {seen.st_size / 2**30:.1f} GiB. "
            "Cut it into several, or take a part of it."
        )


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know.

    Raises:
        RecipeError: It is such; the message names one that is spelled nearly alike.
    """
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError) as error:
        near = difflib.get_close_matches(str(encoding), sorted({*aliases, *aliases.values()}), n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise RecipeError(f"There is no encoding {encoding!r}.{meant} Common ones are utf-8, cp949, utf-16.") from error


def fault_of(text: str) -> str | None:
    """What keeps a text from serving, such as a control character in it; None where nothing does.

    >>> fault_of("a" + chr(0) + "b")
    'a control character, U+0000, at column 2; remove it'
    """
    found = _CONTROL.search(text)
    if found is None:
        return None
    return f"a control character, U+{ord(found[0]):04X}, at column {found.start() + 1}; remove it"


def clean(text: str) -> str:
    """NFC, with line feeds alone as the ends of lines."""
    return normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _line_by_line(name: str, data: bytes, encoding: str) -> TextFile:
    lines: list[tuple[int, str]] = []
    bad: list[BadFile] = []
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", data), start=1):
        try:
            lines.append((number, line.decode(encoding)))
        except UnicodeDecodeError as error:
            bad.append(BadFile(f"{name}:{number}", _undecodable(line, encoding, error)))
    return _cleaned(name, lines, bad)


def _undecodable(line: bytes, encoding: str, error: UnicodeDecodeError) -> str:
    fitting = next((other for other in ENCODINGS if other != encoding and _decodes(line, other)), None)
    advice = f"if the file is in another encoding, give it: {_HOW.format(fitting or ENCODINGS[0])}"
    return f"not {encoding}: byte 0x{line[error.start]:02x} at column {error.start + 1}; {advice}"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        return bool(line.decode(encoding))
    except UnicodeDecodeError:
        return False


def _cleaned(name: str, lines: Iterable[tuple[int, str]], bad: list[BadFile]) -> TextFile:
    good: list[Line] = []
    for number, text in lines:
        fault = fault_of(text)
        if fault is None:
            good.append(Line(number, text if text.isascii() else normalize("NFC", text)))
        else:
            bad.append(BadFile(f"{name}:{number}", fault))
    return TextFile(name, tuple(good), tuple(sorted(bad, key=lambda entry: int(entry.name.rpartition(":")[2]))))
