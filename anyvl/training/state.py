"""Resume state: everything a run needs to go on as if it had never stopped, in one safetensors file written atomically."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from anyvl.errors import CheckpointError
from anyvl.files import write_whole
from anyvl.training.average import Average


def save_state(
    path: Path,
    step: int,
    model: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    average: Average,
    sums: dict[str, Tensor],
) -> None:
    """Write model, optimizers, average, the number of steps done and the sums of the log line that is under way.

    A crash at any moment leaves the old file or the new one.
    """
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"sums/{name}": value for name, value in sums.items()}
    tensors |= {f"average/{name}": value for name, value in average.tensors().items()}
    plain: dict[str, Any] = {}
    for number, optimizer in enumerate(optimizers):
        for index, entry in optimizer.state_dict()["state"].items():
            for key, value in entry.items():
                name = f"optimizer{number}/{index}/{key}"
                if isinstance(value, Tensor):
                    tensors[name] = value
                else:
                    plain[name] = value
    metadata = {"step": str(step), "plain": json.dumps(plain)}
    tensors = {name: value.contiguous().clone() for name, value in tensors.items()}
    write_whole(path, lambda unfinished: save_file(tensors, unfinished, metadata=metadata))


def load_state(
    path: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer], average: Average
) -> tuple[int, dict[str, Tensor]]:
    """Put a saved state back; returns the number of steps done and the sums of the log line under way."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    if "step" not in metadata:
        raise CheckpointError(
            f"{path} is not a resume state of anyvl: it has no step; start the run in an empty folder"
        )
    weights = {name.removeprefix("model/"): value for name, value in tensors.items() if name.startswith("model/")}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path} is the state of another model: {str(error).splitlines()[1].strip()}") from None
    entries = json.loads(metadata["plain"]) | {k: v for k, v in tensors.items() if k.startswith("optimizer")}
    for number, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Any]] = {}
        for name, value in entries.items():
            owner, index, key = name.split("/")
            if owner == f"optimizer{number}":
                state.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    average.resume({n.removeprefix("average/"): value for n, value in tensors.items() if n.startswith("average/")})
    sums = {name.removeprefix("sums/"): value for name, value in tensors.items() if name.startswith("sums/")}
    return int(metadata["step"]), sums
