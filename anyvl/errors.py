"""The errors anyvl raises for its users: each says what was expected, what came and what to do.

    ValueError
    └── AnyVLError              everything below; catch this one to catch them all
        ├── InputError          a value that was given cannot be used
        ├── BudgetError         a budget of ids below the shortest sentence of its grammar
        ├── UnknownNameError    a name that is not in its table; lists the known ones, nearest first
        ├── CheckpointError     a folder that is missing, incomplete or written in another language version
        ├── ConfigError         a configuration (of a run, a grammar, a model) that cannot work
        ├── StoppedError        a callback asked to stop before the answer was whole
        ├── MissingExtraError   an optional package that is not installed; gives the pip command
        └── MissingDataError    files that have to be fetched or made first; says how

Mistakes of anyvl itself are `assert`s, never one of these.
"""

import difflib
from collections.abc import Iterable


class AnyVLError(ValueError):
    """Base of every error that a user of anyvl can cause and mend."""


class InputError(AnyVLError):
    """A value that was given cannot be used."""


class BudgetError(AnyVLError):
    """The budget of ids is below the shortest sentence of the grammar.

    >>> str(BudgetError(3, 8))
    'a budget of 3 ids was given, but the shortest sentence here takes 8: allow at least 8'
    """

    def __init__(self, budget: int, shortest: int):
        super().__init__(budget, shortest)  # plain args, so that the error survives pickling between processes
        self.budget, self.shortest = budget, shortest

    def __str__(self) -> str:
        return (
            f"a budget of {self.budget} ids was given, but the shortest sentence here takes {self.shortest}: "
            f"allow at least {self.shortest}"
        )


class UnknownNameError(AnyVLError):
    """A name that is not in its table; `known` are the names that are.

    >>> str(UnknownNameError("task", "segmentatoin", ["detection", "segmentation"]))
    "unknown task 'segmentatoin': use one of 'segmentation', 'detection'"
    """

    def __init__(self, what: str, name: str, known: Iterable[str]):
        self.what, self.name = what, name
        self.known = tuple(known)
        super().__init__(what, name, self.known)

    def __str__(self) -> str:
        def distance(candidate: str) -> float:
            return -difflib.SequenceMatcher(None, self.name.lower(), candidate.lower()).ratio()

        if not self.known:
            return f"unknown {self.what} {self.name!r}: there are none to choose from"
        return f"unknown {self.what} {self.name!r}: use one of " + ", ".join(
            repr(candidate) for candidate in sorted(self.known, key=distance)
        )


class CheckpointError(AnyVLError):
    """A checkpoint folder is missing, incomplete, of another language version, or holds unexpected keys."""


class ConfigError(AnyVLError):
    """A configuration that cannot work."""


class StoppedError(AnyVLError):
    """A callback asked to stop before the answer was whole."""


class MissingExtraError(AnyVLError):
    """An optional package is missing; `extra` is the name of the extra of anyvl that brings it.

    >>> str(MissingExtraError("reading WebDataset shards", "webdataset", "data"))
    "reading WebDataset shards needs the package 'webdataset': pip install 'anyvl[data]'"
    """

    def __init__(self, purpose: str, package: str, extra: str):
        super().__init__(purpose, package, extra)
        self.purpose, self.package, self.extra = purpose, package, extra

    def __str__(self) -> str:
        return f"{self.purpose} needs the package {self.package!r}: pip install 'anyvl[{self.extra}]'"


class MissingDataError(AnyVLError):
    """Files that have to be fetched or made first are not there; `remedy` says how to get them.

    >>> str(MissingDataError("drawings in this style", "/cache/artwork", "run scripts/artwork"))
    'drawings in this style were looked for in /cache/artwork and are not there: run scripts/artwork'
    """

    def __init__(self, what: str, place: str, remedy: str):
        super().__init__(what, place, remedy)
        self.what, self.place, self.remedy = what, place, remedy

    def __str__(self) -> str:
        return f"{self.what} were looked for in {self.place} and are not there: {self.remedy}"
