"""Whether probabilities are right as often as they say."""

from collections.abc import Sequence

import numpy as np

from anyvl.errors import InputError


def calibration_error(probabilities: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """Expected calibration error over bins of equal mass (Nguyen & O'Connor 2015): mean of |probability - share right| by bin.

    >>> calibration_error([0.9, 0.9, 0.9, 0.9], [True, True, True, False], bins=1)
    0.15
    """
    if len(probabilities) != len(right) or len(right) < bins:
        raise InputError(f"as many outcomes as probabilities and at least one a bin are needed, got {len(right)}")
    order = np.argsort(probabilities, kind="stable")
    said, true = np.asarray(probabilities, float)[order], np.asarray(right, float)[order]
    parts = np.array_split(np.arange(len(order)), bins)
    return round(float(sum(len(p) * abs(said[p].mean() - true[p].mean()) for p in parts) / len(order)), 12)


def fitted_temperature(logits: Sequence[Sequence[float]], answers: Sequence[int]) -> float:
    """The temperature that makes answers likeliest under softmax(logits / temperature) (Guo et al. 2017), in [0.05, 20].

    logits: for each item one number a choice, choices may differ in number. answers: the number of the right choice.
    """
    if not logits or len(logits) != len(answers):
        raise InputError(f"one right answer for each of one or more items is needed, got {len(answers)}")

    def cost(log_temperature: float) -> float:
        total = 0.0
        for row, answer in zip(logits, answers, strict=True):
            scaled = np.asarray(row, float) / np.exp(log_temperature)
            total += float(np.logaddexp.reduce(scaled) - scaled[answer])
        return total

    low, high = np.log(0.05), np.log(20.0)  # the cost falls and then rises: golden-section search
    golden = (5**0.5 - 1) / 2
    for _ in range(40):
        left, right_ = high - golden * (high - low), low + golden * (high - low)
        if cost(left) < cost(right_):
            high = right_
        else:
            low = left
    return float(np.exp((low + high) / 2))
