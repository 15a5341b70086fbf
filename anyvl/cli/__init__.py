"""The command line: `anyvl generate|edit|segment|...`, one function a command (`COMMANDS`).

Results go to stdout, progress and warnings to stderr. Whatever a user can mend ends with one sentence and exit code 2;
nothing is written then. What takes long to import (torch above all) is imported by the command that needs it, after its
flags and files have been checked, so that help and mistakes answer at once.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from anyvl.cli.finding import detect, ground, look, segment
from anyvl.cli.mapping import dense, keypoints
from anyvl.cli.painting import edit, generate, infill
from anyvl.cli.refining import refine
from anyvl.cli.running import bench, evaluate, info, train
from anyvl.cli.telling import ask, caption, classify, describe
from anyvl.errors import AnyVLError

__all__ = ["COMMANDS", "main"]

COMMANDS = (
    generate,
    edit,
    infill,
    segment,
    ground,
    look,
    detect,
    keypoints,
    caption,
    describe,
    ask,
    classify,
    dense,
    refine,
    info,
    train,
    evaluate,
    bench,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command (`arguments`, else the process's own); returns its exit code: 0, 2 mistake, 75 time is up, 130 stopped."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_top)
    for command in COMMANDS:
        app.command()(command)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _show_warning
        try:
            code = app(args=arguments, prog_name="anyvl", standalone_mode=False)
            sys.stdout.flush()
        except typer.TyperException as error:  # without a message it was no command at all: the help is the answer
            return _say(_usage_sentence(error), 2) if str(error) else 2
        except BrokenPipeError:  # the reader of our results has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (AnyVLError, OSError) as error:
            return _say(str(error), 2)
    if code == 130:  # what Typer makes of Ctrl-C
        return _say("stopped", 130)
    return code if isinstance(code, int) else 0


def _top(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    """Paint, edit and read pictures: one decoder writes the ids of one vocabulary."""
    if version:
        from importlib.metadata import version as version_of

        print(version_of("anyvl"))
        raise typer.Exit


def _usage_sentence(error: typer.TyperException) -> str:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    return f"{message.rstrip('.')} (see {context.command_path if context else 'anyvl'} --help)"


def _say(sentence: str, code: int) -> int:
    """One line on stderr, cut where a user's own long text is repeated in it."""
    line = " ".join(sentence.split())
    print("anyvl: " + (line if len(line) <= 600 else line[:300] + " ... " + line[-280:]), file=sys.stderr)
    return code


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"anyvl: warning: {message}", file=sys.stderr)
