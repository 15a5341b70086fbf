"""Weights on disk: safetensors and JSON only, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from anyvl.errors import CheckpointError
from anyvl.files import write_whole
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.model.int8_storage import QUANTIZATION_CONFIG, from_int8, to_int8

WEIGHTS_FILE = "model.safetensors"
SHARD_INDEX_FILE = "model.safetensors.index.json"
CONFIG_FILE = "config.json"


def save_json(value: Any, path: str | Path) -> None:
    """Write `value` as JSON, keys in the order given, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(path), lambda unfinished: unfinished.write_text(text, encoding="utf-8"))


def load_json(path: str | Path) -> Any:
    """Read a JSON file; CheckpointError if it is missing or is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{path} is missing from the checkpoint ({error.strerror})") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON: {error}") from error


def save_tensors(tensors: Mapping[str, Tensor], path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors as one safetensors file, atomically; they may live on any device."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # transformers refuses a file that does not say which framework wrote it.
    described = {"format": "pt", **(metadata or {})}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(path), lambda unfinished: save_file(plain, unfinished, metadata=described))


def load_tensors(path: str | Path, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Read every tensor of a safetensors file; CheckpointError if it is missing or damaged."""
    if not Path(path).is_file():
        raise CheckpointError(f"{path} is missing from the checkpoint")
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  safe_open is not a dict
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged ({error}): fetch or write it again") from error


def load_strictly(module: torch.nn.Module, tensors: Mapping[str, Tensor], source: str | Path) -> None:
    """Copy `tensors` into `module`; CheckpointError names every key that is missing, unexpected or of another shape."""
    own = module.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in tensors]
    wrong += [f"{name} is unexpected" for name in tensors if name not in own]
    wrong += [
        f"{name} is {tuple(tensors[name].shape)} where {tuple(own[name].shape)} is expected"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    if wrong:
        shown = "; ".join(wrong[:8]) + (f"; and {len(wrong) - 8} more" if len(wrong) > 8 else "")
        raise CheckpointError(f"{source} does not fit its configuration: {shown}")
    module.load_state_dict(dict(tensors))


def save_decoder(
    decoder: Decoder, folder: str | Path, dtype: torch.dtype = torch.bfloat16, shard_bytes: int | None = None
) -> None:
    """Write a decoder as a folder that transformers loads as it is: config.json, and model.safetensors in `dtype`.

    torch.int8 stands for matrices in 8 bits with a scale a row, all else in bf16 (`anyvl.model.int8_storage`). shard_bytes: the
    weights go into files of at most so many bytes of tensors, with the index that transformers writes.
    """
    small = dtype == torch.int8
    name = str(torch.bfloat16 if small else dtype).removeprefix("torch.")
    # transformers 4 reads torch_dtype, transformers 5 reads dtype.
    described = {**decoder.config.to_json(), "dtype": name, "torch_dtype": name}
    save_json(
        {**described, "quantization_config": QUANTIZATION_CONFIG} if small else described, Path(folder) / CONFIG_FILE
    )
    tensors = decoder.state_dict()
    tensors = to_int8(tensors) if small else {key: tensor.to(dtype) for key, tensor in tensors.items()}
    if shard_bytes is None or sum(tensor.nbytes for tensor in tensors.values()) <= shard_bytes:
        save_tensors(tensors, Path(folder) / WEIGHTS_FILE)
        written = [WEIGHTS_FILE]
    else:
        written = _save_shards(tensors, Path(folder), shard_bytes)
    # Files of another layout would be read instead of these, or beside them.
    for old in (Path(folder) / SHARD_INDEX_FILE, *sorted(Path(folder).glob("model*.safetensors"))):
        if old.name not in written:
            old.unlink(missing_ok=True)


def _save_shards(tensors: Mapping[str, Tensor], folder: Path, shard_bytes: int) -> list[str]:
    """Write the shards and their index; returns the names of the files."""
    shards: list[dict[str, Tensor]] = [{}]
    for name, tensor in tensors.items():
        if tensor.nbytes > shard_bytes:
            raise CheckpointError(f"{name} alone has {tensor.nbytes} bytes: shards of {shard_bytes} cannot hold it")
        if sum(one.nbytes for one in shards[-1].values()) + tensor.nbytes > shard_bytes:
            shards.append({})
        shards[-1][name] = tensor
    files = [f"model-{number:05}-of-{len(shards):05}.safetensors" for number in range(1, len(shards) + 1)]
    for file, shard in zip(files, shards, strict=True):
        save_tensors(shard, folder / file)
    places = {name: file for file, shard in zip(files, shards, strict=True) for name in shard}
    size = sum(tensor.nbytes for tensor in tensors.values())
    save_json({"metadata": {"total_size": size}, "weight_map": places}, folder / SHARD_INDEX_FILE)
    return [*files, SHARD_INDEX_FILE]


def load_decoder(folder: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Decoder:
    """Read a decoder folder; CheckpointError if it is missing, incomplete or does not fit its own config.json."""
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"there is no decoder folder {folder}: give a folder that save_pretrained has written")
    config = DecoderConfig.from_json(load_json(folder / CONFIG_FILE))
    index = folder / SHARD_INDEX_FILE
    files = sorted(set(load_json(index)["weight_map"].values())) if index.exists() else [WEIGHTS_FILE]
    tensors = from_int8({name: tensor for file in files for name, tensor in load_tensors(folder / file).items()})
    if config.tie_word_embeddings:
        tensors.pop("lm_head.weight", None)  # some writers store the tied head a second time
    with torch.device("meta"):
        decoder = Decoder(config)
    decoder = decoder.to_empty(device=device).to(dtype)
    load_strictly(decoder, tensors, folder)
    return decoder.eval()
