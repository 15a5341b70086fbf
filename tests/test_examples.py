"""Examples in docstrings print what they say. Run in a process of their own: doctest overlooks wrapped functions."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = """
import doctest, importlib, pathlib, sys
failed = tried = 0
for path in sorted(pathlib.Path("anyvl").rglob("*.py")):
    if ">>>" in path.read_text(encoding="utf-8"):
        parts = path.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        result = doctest.testmod(importlib.import_module(name))
        failed, tried = failed + result.failed, tried + result.attempted
print(tried, "examples")
sys.exit(failed > 0 or tried == 0)
"""


def test_the_examples_in_docstrings_hold():
    run = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
