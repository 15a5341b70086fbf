"""Evaluation on the scene world: every figure of the docs comes from `evaluate`."""

from anyvl.evaluation.run import run
from anyvl.evaluation.score import Exhibit, Score
from anyvl.evaluation.suites import SUITES, Suite, evaluate, suites_of

__all__ = ["SUITES", "Exhibit", "Score", "Suite", "evaluate", "run", "suites_of"]
