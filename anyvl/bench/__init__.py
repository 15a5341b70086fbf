"""`anyvl bench`: how fast it is, each figure beside what it is compared with, measured in the same run."""

import json
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from anyvl.bench.timing import Figure
from anyvl.errors import UnknownNameError
from anyvl.exports.files import write_file

__all__ = ["BENCHES", "Figure", "machine", "run"]


def _late(room: str, name: str) -> Callable[[int], list[Figure]]:
    def work(rounds: int) -> list[Figure]:
        from importlib import import_module

        return getattr(import_module(f"anyvl.bench.{room}"), name)(rounds)

    return work


BENCHES: dict[str, Callable[[int], list[Figure]]] = {
    "decoding": _late("decoding", "decoding"),
    "steps": _late("steps", "steps"),
    "overhead": _late("steps", "overhead"),
    "batches": _late("steps", "batches"),
    "parallel": _late("windows", "parallel"),
    "edits": _late("windows", "edits"),
    "pixels": _late("pixels", "pixels"),
    "refining": _late("refining", "refining"),
    "learning": _late("learning", "learning"),
    "gpu": _late("gpu", "gpu"),
}
"""What is measured, by name: each takes the number of rounds and gives figures."""


def run(*, benches: Iterable[str] = (), rounds: int = 5, output: Path | None = None) -> list[Figure]:
    """Measure, print a line a figure as soon as it is there, and write all to a .json or .md file if one is given.

    UnknownNameError for a bench or a suffix that is not known.
    """
    able = {"gpu": _has_gpu, "refining": _has_refiner}
    asked = tuple(benches) or tuple(name for name in BENCHES if name not in able or able[name]())
    for name in asked:
        if name not in BENCHES:
            raise UnknownNameError("bench", name, BENCHES)
    if output is not None and output.suffix.lower() not in _FILES:
        raise UnknownNameError("format of figures", output.suffix or output.name, _FILES)
    figures: list[Figure] = []
    for name in asked:
        found = BENCHES[name](rounds)
        for figure in found:
            print(f"{figure.name}: {_value(figure)}" + (f" ({figure.note})" if figure.note else ""), flush=True)
        figures += found
        if output is not None:
            write_file(output, _FILES[output.suffix.lower()](figures).encode())
    return figures


def machine() -> dict[str, str]:
    """What the figures were taken on: processor, threads, versions."""
    from importlib.metadata import PackageNotFoundError, version

    import torch

    found = {"processor": _processor(), "threads": str(torch.get_num_threads()), "python": platform.python_version()}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    for package in ("torch", "transformers", "diffusers", "taming-transformers"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _has_refiner() -> bool:
    """Whether the default checkpoint has one."""
    from anyvl.checkpoint import load_parts

    return load_parts().refiner is not None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or sys.platform
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _value(figure: Figure) -> str:
    return f"{figure.value:.3g} {figure.unit}"


def _as_json(figures: list[Figure]) -> str:
    return json.dumps({"machine": machine(), "figures": [asdict(figure) for figure in figures]}, indent=1) + "\n"


def _as_markdown(figures: list[Figure]) -> str:
    taken_on = "; ".join(f"{name} {value}" for name, value in machine().items())
    lines = [taken_on, "", "| figure | value | lowest to highest | |", "| --- | --- | --- | --- |"]
    for figure in figures:
        spread = "" if figure.low == figure.high else f"{figure.low:.3g} to {figure.high:.3g}"
        lines.append(f"| {figure.name} | {_value(figure)} | {spread} | {figure.note} |")
    return "\n".join(lines) + "\n"


_FILES: dict[str, Callable[[list[Figure]], str]] = {".json": _as_json, ".md": _as_markdown}
