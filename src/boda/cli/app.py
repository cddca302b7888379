"""`boda`: the group of commands, its exit codes, and errors without tracebacks.

Exit codes: 0 done, 1 an error that the user can mend, 2 a wrong call, 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import difflib
import importlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from boda import __version__
from boda.errors import BodaError, Interrupted

if TYPE_CHECKING:
    from types import FrameType

# A command's module is imported when it runs; its line stands here, so that `boda --help` imports none.
COMMANDS = {
    "demo": "Train on real data that ships with boda, offline, and open the report.",
    "look": "What is in this folder? Counts, samples, damaged, duplicate and leaking files.",
    "train": "Train on labelled pictures or boxes, measure it, and write a report.",
    "ladder": "Which lever helps on your pictures, and by how much: each on the same folds.",
    "find-rate": "Find a learning rate: train a little while it rises, and see where the loss falls.",
    "predict": "Answer on pictures, with calibrated confidence.",
    "why": "Where the model looks in a picture, and which training pictures it resembles.",
    "convert": "Write boxes in another format: Pascal VOC, COCO, YOLO or CSV.",
    "report": "Draw a Run's report again.",
    "runs": "List and compare Runs.",
    "backbones": "List the pretrained networks, or show one's blocks and cuts.",
    "cache": "Where kept features are, how large, and how to clear them.",
    "completion": "Print the script that completes boda's commands in your shell.",
}

EPILOG = """\b
Examples:
  boda demo                         a first look, about a minute
  boda look photos/                 photos/CLASS/picture.jpg
  boda train photos/                leaves runs/001 with report.html
  boda predict runs/001 new/*.jpg   a table; --json and --csv for programs
"""


class Commands(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, D102 - click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, D102 - click's interface
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = importlib.import_module(f"boda.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click's own, with the nearest names in the error."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Commands: {', '.join(COMMANDS)}."
            ctx.fail(f"No command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's interface
        """The table above, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "--version", prog_name="boda")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no remarks on standard error.")
def boda(quiet: bool) -> None:  # noqa: FBT001 - click's interface
    """Teach a model to see from a few pictures, and prove how far it can be trusted."""
    if quiet:
        from boda.progress import Settings

        Settings.quiet = True


def main() -> NoReturn:
    """Run the command and leave with its exit code."""
    sys.exit(run())


def run(args: list[str] | None = None) -> int:  # noqa: PLR0911 - one a kind of ending
    """Run the command with `args` (by default the process's own) and give its exit code."""
    _answer_to_signals()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character gets its escape
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(boda.main(args, prog_name="boda", standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Interrupted as stop:
        click.echo(f"boda: {stop}", err=True)
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("boda: stopped. What was computed so far is kept.", err=True)
        return 130
    except BodaError as error:
        click.echo(f"boda: {error}", err=True)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        click.echo(f"boda: {error.filename or 'system'}: {error.strerror or error}", err=True)
        return 1


def _answer_to_signals() -> None:
    """SIGTERM unwinds like Ctrl-C does, so that what is at hand is written down."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal's interface
        raise Interrupted("terminated. What was computed so far is kept.", exit_code=143)

    signal.signal(signal.SIGTERM, stop)
