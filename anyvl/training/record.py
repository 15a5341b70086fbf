"""What a run folder is a run of."""

import dataclasses
import json
import sys
from pathlib import Path

from anyvl.model.checkpoint import load_json, save_json
from anyvl.training.config import Run


def record(run: Run, folder: Path) -> None:
    """Write run.json into the run folder; say what differs where it already holds another run's."""
    file, fields = folder / "run.json", json.loads(json.dumps(dataclasses.asdict(run)))
    if file.exists():
        old = load_json(file)
        changed = sorted(name for name in {*old, *fields} if old.get(name) != fields.get(name))
        if changed:
            print(f"going on with other settings than before: {', '.join(changed)}", file=sys.stderr)
    save_json(fields, file)
