"""A checkpoint folder, whole: `model_index.json`, `tokenizer/`, `decoder/`, `image_tokenizer/`, perhaps `refiner/`.

`model_index.json` stores the language's layout by name, the picture grids, and what the model knows of the world; the other
folders are what their own rooms write. No pickles anywhere.
"""

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import torch

from anyvl.codecs import Kit, TextTokenizer
from anyvl.errors import CheckpointError
from anyvl.model.checkpoint import load_decoder, load_json, save_decoder, save_json
from anyvl.model.decoder import Decoder
from anyvl.model.image_tokenizer import VQGANTokenizer, load_image_tokenizer, save_image_tokenizer
from anyvl.vocabulary import Vocabulary

DEFAULT_FOLDER = Path(__file__).parent / "checkpoints" / "default"
INDEX_FILE = "model_index.json"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a checkpoint.

    knows: words the model was trained on, by what they are ("things", "colours", ...). tasks: names of the tasks it was trained
    for; empty where nobody said. temperatures: by task, what log probabilities of closed answers are divided by, so that the
    probabilities are right as often as they say. noise_objects: its detections are lists of at least so many entries, some of
    nothing (`anyvl.codecs.PaddedBoxes`). lattice: px from line to line of the lattice that things of its training's world stand
    on; 0 where nobody said. plans: it paints better to a plan of its own, so it plans where nothing else is asked. candidates:
    how many pictures it paints for each that it keeps, where nothing else is asked. refiner: folder of the model's refiner, a
    pipeline of diffusers that is loaded when it is asked for; None where it has none.
    """

    decoder: Decoder
    tokenizer: VQGANTokenizer
    kit: Kit
    knows: dict[str, list[str]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    temperatures: dict[str, float] = field(default_factory=dict)
    noise_objects: int = 0
    lattice: int = 0
    plans: bool = False
    candidates: int = 1
    refiner: Path | None = None


def _found(name: str | Path) -> Path:
    """The folder of a model: `name` itself, or the local copy of what the hub has under that id."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if isinstance(name, Path) or not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or folder.parent.is_dir():
        raise CheckpointError(
            f"there is no model folder {folder}: give a folder that save_pretrained has written, "
            "or that a run of `anyvl train` wrote as it saved"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
    except (OSError, ValueError) as problem:  # what the hub's client raises derives from one of these
        reason = str(problem).strip().splitlines()[0]
        raise CheckpointError(f"{name} is no folder here, and the hub did not give it: {reason}") from problem


def save_parts(
    parts: Parts, folder: str | Path, dtype: torch.dtype = torch.bfloat16, shard_bytes: int | None = None
) -> None:
    """Write a checkpoint folder, weights in `dtype`; the index is written last, so that a folder with one is whole.

    dtype: torch.int8 is for the decoder's matrices alone, all else is then in bf16. shard_bytes: see
    `anyvl.model.checkpoint.save_decoder`.
    """
    folder = Path(folder)
    _require_place(parts.refiner, folder / "refiner")
    save_decoder(parts.decoder, folder / "decoder", dtype, shard_bytes)
    save_image_tokenizer(
        parts.tokenizer.model, folder / "image_tokenizer", torch.bfloat16 if dtype == torch.int8 else dtype
    )
    parts.kit.text.save(folder / "tokenizer")
    index = {
        "_class_name": "AnyVL",
        "language": parts.kit.vocabulary.layout(),
        "grids": [list(grid) for grid in parts.kit.grids],
        "knows": parts.knows,
        "tasks": list(parts.tasks),
        "temperatures": parts.temperatures,
        "noise_objects": parts.noise_objects,
        "lattice": parts.lattice,
        "plans": parts.plans,
        "candidates": parts.candidates,
        "refiner": parts.refiner is not None,
    }
    _put_refiner(parts.refiner, folder / "refiner")
    save_json(index, folder / INDEX_FILE)


def _require_place(refiner: Path | None, place: Path) -> None:
    """CheckpointError where a refiner cannot be copied to its place in a model's folder: before anything is written."""
    if refiner is None:
        return
    if not refiner.is_dir():
        raise CheckpointError(f"the model's refiner is gone: there is no folder {refiner}")
    if place.resolve() in refiner.resolve().parents:
        raise CheckpointError(
            f"the refiner {refiner} lies inside {place}, where it is to be: move it out of there first"
        )
    if place.exists() and not _is_pipeline(place):
        raise CheckpointError(f"{place} is something else than a refiner: save the model in another folder")


def _put_refiner(refiner: Path | None, place: Path) -> None:
    """Copy a refiner to its place in a model's folder; that of a model that was saved there before goes."""
    if refiner is not None and refiner.resolve() == place.resolve():
        return
    with tempfile.TemporaryDirectory(dir=place.parent) as aside:
        if refiner is not None:
            shutil.copytree(refiner, Path(aside) / "new")
        if _is_pipeline(place):
            place.rename(Path(aside) / "old")
        if refiner is not None:
            (Path(aside) / "new").rename(place)


def _is_pipeline(folder: Path) -> bool:
    return (folder / "model_index.json").is_file()


def load_parts(
    folder: str | Path | None = None, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Parts:
    """Read a checkpoint folder, or a hub id such as "owner/name" (the default checkpoint if None).

    CheckpointError when anything is missing or does not fit.
    """
    folder = DEFAULT_FOLDER if folder is None else _found(folder)
    index = load_json(folder / INDEX_FILE)
    try:
        layout, grids = index["language"], tuple((int(rows), int(columns)) for rows, columns in index["grids"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{folder / INDEX_FILE} does not describe an anyvl model: it lacks language or grids"
        ) from None
    vocabulary = Vocabulary.from_layout(layout)
    decoder = load_decoder(folder / "decoder", device, dtype)
    tokenizer = load_image_tokenizer(folder / "image_tokenizer", device, dtype)
    found = (decoder.config.vocab_size, tokenizer.model.config.num_codes)
    if found != (vocabulary.size, vocabulary.num_codes):
        raise CheckpointError(
            f"{folder} does not fit together: its language has {vocabulary.size} ids and {vocabulary.num_codes} codes, "
            f"its networks {found[0]} and {found[1]}"
        )
    kit = Kit(vocabulary=vocabulary, text=TextTokenizer.from_file(folder / "tokenizer"), image=tokenizer, grids=grids)
    return Parts(
        decoder=decoder,
        tokenizer=tokenizer,
        kit=kit,
        knows=index.get("knows", {}),
        tasks=tuple(index.get("tasks", ())),
        temperatures=index.get("temperatures", {}),
        noise_objects=index.get("noise_objects", 0),
        lattice=index.get("lattice", 0),
        plans=index.get("plans", False),
        candidates=index.get("candidates", 1),
        refiner=folder / "refiner" if index.get("refiner") else None,
    )
