"""Write docs/reference.md: the public names' docstrings and every command's --help; check the links between pages.

python docs/build.py           write it
python docs/build.py --check   fail where it is not what the source says
"""
# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boda

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference.md"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def main(arguments: list[str]) -> int:
    """Write or check the reference, then check the links; 0 when all is well."""
    text = reference()
    if "--check" not in arguments:
        REFERENCE.write_text(text, encoding="utf-8")
    problems = [f"{page.relative_to(ROOT)}: no {target}" for page in pages() for target in broken_links(page)]
    if not REFERENCE.is_file() or REFERENCE.read_text(encoding="utf-8") != text:
        problems.append("docs/reference.md is not what the source says: make docs")
    print("\n".join(problems or ["docs/reference.md is what the source says, and every link leads somewhere."]))
    return int(bool(problems))


def reference() -> str:
    """The whole page."""
    head = "# Reference\n\nWritten by `make docs` from the source; change it there.\n"
    return "\n".join([head, "## Python\n", *python_sections(), "## Commands\n", *command_sections()])


def python_sections() -> Iterator[str]:
    """A section for each public name, in their order; names whose module is not there yet are left out."""
    for name in getattr(boda, "__all__", ()):
        try:
            yield python_section(name, getattr(boda, name))
        except ModuleNotFoundError as error:
            print(f"left out: boda.{name} ({error})", file=sys.stderr)


def python_section(name: str, thing: Any) -> str:
    """The signature, the docstring, and for a class its public methods."""
    lines = [f"### boda.{name}\n", "```text", f"{name}{signature(thing)}", "", inspect.getdoc(thing) or ""]
    if inspect.isclass(thing):
        for method, value in sorted(vars(thing).items()):
            if not method.startswith("_") and is_own_method(thing, method, value):
                first = (inspect.getdoc(value) or "").partition("\n")[0]
                lines += ["", f".{method}{signature(getattr(thing, method))}", f"    {first}"]
    return "\n".join([*lines, "```\n"])


def is_own_method(thing: type, method: str, value: Any) -> bool:
    """Whether boda wrote it: scikit-learn adds methods to its estimators' children."""
    return callable(getattr(thing, method, None)) and str(getattr(value, "__module__", "")).startswith("boda")


def signature(thing: Any) -> str:
    """Its signature, without the quotes of deferred annotations; nothing where it has none."""
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""
    text = re.sub(r"(: |-> )(['\"])(.*?)\2(?=[,) ]|$)", r"\1\3", text)
    return text.replace("PosixPath", "Path").replace("WindowsPath", "Path")


def command_sections() -> Iterator[str]:
    """A section for each command with what its --help prints."""
    try:
        import click

        from boda.cli.app import boda as group
    except ModuleNotFoundError as error:
        print(f"left out: the commands ({error})", file=sys.stderr)
        return
    context = click.Context(group, info_name="boda", terminal_width=100)
    yield help_section("boda", group, context)
    for name in group.list_commands(context):
        try:
            command = group.get_command(context, name)
        except (ModuleNotFoundError, AttributeError) as error:
            print(f"left out: boda {name} ({error})", file=sys.stderr)
            continue
        if command is not None:
            inner = click.Context(command, info_name=name, parent=context, terminal_width=100)
            yield help_section(f"boda {name}", command, inner)


def help_section(title: str, command: click.Command, context: click.Context) -> str:
    """What `title --help` prints."""
    return "\n".join([f"### {title}\n", "```text", command.get_help(context), "```\n"])


def pages() -> list[Path]:
    """The Markdown that a reader meets."""
    return sorted(
        page for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "examples/*.md") for page in ROOT.glob(pattern)
    )


def broken_links(page: Path) -> Iterator[str]:
    """The relative links of `page` that lead nowhere."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
            yield target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
