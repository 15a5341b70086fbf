"""`anyvl info`, `anyvl train`, `anyvl evaluate` and `anyvl bench`: about a model, not a picture."""

from pathlib import Path
from typing import Annotated

import typer

from anyvl.cli.options import DeviceOption, DtypeOption, JsonOption, ModelOption, as_one_line, given, loaded

_TIME_WAS_UP = 75
"""Status of a training that is to go on: what mail systems call a temporary failure."""


def info(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Tell what a model is and what it knows."""
    from anyvl.exports.text import outline_lines

    known = loaded(model, None, None).info()
    print(as_one_line(known) if as_json else "\n".join(outline_lines(known)))


def train(
    config: Annotated[
        Path, typer.Argument(help="A run configuration, such as configs/decoder_default.py.", show_default=False)
    ],
    run_folder: Annotated[
        Path | None, typer.Option(help="Where state, log and samples go; a run there is resumed.")
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0, help="Save and stop in time for this limit.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting: schedule.steps=100.")
    ] = None,
) -> None:
    """Train a network as a configuration says; the same command goes on where a stopped run was (status 75: time was up)."""
    from anyvl import training

    if not training.run(
        config, settings=tuple(settings or ()), **given(run_folder=run_folder, max_seconds=max_seconds)
    ):
        raise typer.Exit(_TIME_WAS_UP)


def evaluate(
    suite: Annotated[
        list[str] | None, typer.Option(help="Measure only this, such as segmentation; give it again for more.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="How many items a figure.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Measure so many suites at once, each with its share of the cores.")
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the figures to this .json, .md or .html file too; .html has pictures.",
        ),
    ] = None,
) -> None:
    """Measure a model: every score beside its ceiling and its floor."""
    from anyvl.exports.files import require_writable

    if output is not None:
        require_writable(output)
    from anyvl import evaluation

    settings = given(suites=suite, count=count, processes=processes, model=model, device=device, dtype=dtype)
    evaluation.run(output=output, **settings)


def bench(
    name: Annotated[
        list[str] | None,
        typer.Option(help="Measure only this, such as parallel (docs/cli.md has all); give it again for more."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each pair is timed; the median counts.")] = 5,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the figures to this .json or .md file too.")
    ] = None,
) -> None:
    """Measure speed: each time beside what it is compared with, one after the other in the same run."""
    from anyvl.exports.files import require_writable

    if output is not None:
        require_writable(output)
    from anyvl import bench as benches

    benches.run(rounds=rounds, **given(benches=name, output=output))
