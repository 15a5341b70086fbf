"""Generation: decoder + grammar → ids. Two loops over the `Stepper`: one for answers that find their shape, one for pictures."""

from anyvl.generation.loop import generate
from anyvl.generation.request import Request, Result
from anyvl.generation.stepper import DecoderStepper, Stepper

__all__ = ["DecoderStepper", "Request", "Result", "Stepper", "generate"]
