"""Generation: decoder + grammar → ids. One loop over the `Stepper`."""

from anyvl.generation.loop import Request, Result, generate
from anyvl.generation.stepper import DecoderStepper, Stepper

__all__ = ["DecoderStepper", "Request", "Result", "Stepper", "generate"]
