"""Runs that start from weights that are there already."""

import sys

import torch
from torch import nn


@torch.no_grad()
def start_from(saved: nn.Module, own: nn.Module, what: str) -> None:
    """Take over the saved weights that have the same name and shape here, and say what starts anew."""
    old, new = saved.state_dict(), own.state_dict()
    fitting = {name: value for name, value in old.items() if name in new and new[name].shape == value.shape}
    own.load_state_dict({**new, **fitting})
    fresh = sorted({name.split(".")[0] for name in new.keys() - fitting.keys()})
    print(f"starting from a saved {what}; anew: {', '.join(fresh) or 'nothing'}", file=sys.stderr)
