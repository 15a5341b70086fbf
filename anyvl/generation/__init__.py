"""Generation: decoder + grammar → ids. One loop over the `Stepper`."""

from anyvl.generation.loop import generate
from anyvl.generation.request import Request, Result
from anyvl.generation.stepper import DecoderStepper, Stepper

__all__ = ["DecoderStepper", "Request", "Result", "Stepper", "generate"]
