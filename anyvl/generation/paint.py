"""The loop of answers whose shape is settled (`anyvl.grammar.canvas`): several places of a picture in one forward.

A draw is a deterministic function of the ids before it. So ids ahead can be guessed, one forward gives what would be drawn
after each guess, and as far as the guesses were right the draws are those of one-by-one decoding: the same codes for fewer
forwards (Jacobi decoding, Santilli et al. 2023, arXiv:2305.10427; for pictures Teng et al. 2024, arXiv:2410.01699). What is
fixed beforehand, such as the copied cells of an edit, needs no guess.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from anyvl.generation.branches import Branches
from anyvl.generation.draw import draw
from anyvl.generation.forced_runs import chunk_width
from anyvl.generation.noise import as_int64, moments
from anyvl.generation.request import Request, Result
from anyvl.generation.stepper import Stepper
from anyvl.grammar.canvas import Canvas

WINDOWS = (1, 2, 4, 8, 16)
"""How many places one forward may decide."""


class _Sentence:
    """How far a sentence is: places before `at` are settled, those before `fed` are in the cache."""

    def __init__(self, request: Request, canvas: Canvas) -> None:
        self.request, self.length = request, len(canvas)
        # Past the end stand fixed ids that nobody reads, so that a window may reach over it.
        self._fixed = [*canvas.fixed.tolist(), *[0] * WINDOWS[-1]]
        self.ids = list(self._fixed)
        self.log_probabilities = [0.0] * self.length
        positions = request.first_position + torch.arange(len(self.ids) + WINDOWS[-1])
        self.moments: list[int] = moments(torch.tensor(as_int64(request.seed)), positions).tolist()
        self._guesses: dict[int, int] = {}
        if request.expected is not None:
            expected = dict(enumerate(request.expected.tolist()))
            likely = {place: expected.get(cell, -1) for place, cell in enumerate(canvas.cells.tolist())}
            self._guesses = {place: id for place, id in likely.items() if canvas.first <= id < canvas.stop}
        self._last = canvas.first
        self.hits = 0.75
        """The share of guesses that were right lately."""
        self.at = 0
        self._skip_fixed()
        self.fed = self.at

    def _skip_fixed(self) -> None:
        while self.at < self.length and self._fixed[self.at] >= 0:
            self.at += 1

    @property
    def done(self) -> bool:
        return self.at >= self.length

    def ahead(self, window: int) -> list[int]:
        """The ids to feed: what is settled, then guesses for all but the last place of the window."""
        for place in range(self.at, self.at + window - 1):
            if self._fixed[place] < 0:
                self.ids[place] = self._guess(place)
        return self.ids[self.fed : self.at + window - 1]

    def _guess(self, place: int) -> int:
        """What was drawn there when an id before it was still wrong, else what is expected there, else what was settled last."""
        return self._guesses.get(place, self._last)

    def take(self, drawn: list[int]) -> tuple[int, list[int]]:
        """Settle what was drawn at the places from `at` on, as far as the guesses before hold.

        How many places that were, and the columns of those that were free.
        """
        settled, free = 0, []
        for place, id in enumerate(drawn, start=self.at):
            settled += 1
            if self._fixed[place] < 0:
                free.append(settled - 1)
                fed = settled < len(drawn)
                right = id == (self.ids[place] if fed else self._guess(place))
                self.hits += 0.05 * (right - self.hits)
                self.ids[place] = self._last = id
                if not right:
                    break
        self._guesses.update(enumerate(drawn[settled:], start=self.at + settled))
        self.fed = self.at + settled - 1
        self.at += settled
        self._skip_fixed()
        return settled, free


def paint(
    stepper: Stepper,
    rows: Branches,
    canvases: Sequence[Canvas],
    go_on: Callable[[int, int], bool],
    window: int | None,
) -> list[Result]:
    """Fill in the canvas of each request of `rows`, as one batch (see `anyvl.generation.generate`)."""
    device, span = stepper.device, (canvases[0].first, canvases[0].stop)
    assert all((canvas.first, canvas.stop) == span for canvas in canvases), "one vocabulary has one span of codes"
    sentences = [_Sentence(request, canvas) for request, canvas in zip(rows.requests, canvases, strict=True)]
    live = list(sentences)
    cache, logits = rows.prefill([sentence.ids[: sentence.at] for sentence in live], span, spare=WINDOWS[-1])
    step, forwards = 0, rows.prefills
    while True:
        step += 1
        width = logits.shape[1]
        settled = _settle(live, logits, rows, span[0])
        done = sum(sentence.done for sentence in sentences)
        if not go_on(step, done) or done == len(sentences):
            break
        forgotten = torch.tensor([width - count for count in settled], device=device)[rows.owners]
        held = zip(rows.prefix_lengths, rows.owners.tolist(), strict=True)
        stepper.rewind(cache, forgotten, max(prefix + live[owner].fed for prefix, owner in held))
        if 2 * sum(sentence.done for sentence in live) >= len(live):
            rows, kept = rows.only([number for number, sentence in enumerate(live) if not sentence.done])
            live, cache = [sentence for sentence in live if not sentence.done], stepper.spread(cache, kept)
        hits = sum(sentence.hits for sentence in live) / len(live)
        width = window or best_window(hits, len(rows.owners), stepper.row_cost)
        chunks = [[] if sentence.done else sentence.ahead(width) for sentence in live]
        widths = torch.tensor([len(chunk) for chunk in chunks], device=device)
        most = chunk_width(max(map(len, chunks)))
        ids = torch.tensor([chunk + [0] * (most - len(chunk)) for chunk in chunks], device=device)
        logits = stepper.extend(ids[rows.owners], widths[rows.owners], cache, last=width, span=span)
        forwards += 1
    return [
        Result(
            ids=sentence.ids[: sentence.length if sentence.done else sentence.at],
            log_probabilities=sentence.log_probabilities[: sentence.length if sentence.done else sentence.at],
            forwards=forwards,
            aborted=not sentence.done,
        )
        for sentence in sentences
    ]


def best_window(hits: float, rows: int, row_cost: float) -> int:
    """The window that pays, of WINDOWS.

    A forward takes at most twice as long as one of a single place. And it reaches over about eight runs of right guesses, a run
    being hits / (1 - hits) places: guesses hold or fail together, on flat ground and at the edges of things, so where they hold
    runs are far longer than that, and a window of a single run would cut them short.
    """
    widest = min(1 / (row_cost * rows), 1 + 8 * hits / (1.01 - hits))
    return max(window for window in WINDOWS if window == 1 or window <= widest)


def _settle(live: Sequence[_Sentence], logits: Float[Tensor, "row place id"], rows: Branches, first: int) -> list[int]:
    """Draw at every place of the window and settle what holds; how many places of each sentence that were."""
    width, device = logits.shape[1], logits.device
    asked = [moment for sentence in live for moment in sentence.moments[sentence.at : sentence.at + width]]
    rules = [sentence.request.sampling for sentence in live for _ in range(width)]
    when = torch.tensor(asked, dtype=torch.int32, device=device)
    own, guided = rows.guide(logits)
    drawn = draw(guided.flatten(0, 1), None, rules, when, first).view(-1, width).tolist()
    settled, places = [], []
    for number, sentence in enumerate(live):
        if sentence.done:
            settled.append(width)
            continue
        at = sentence.at
        count, free = sentence.take(drawn[number])
        settled.append(count)
        places += [(number * width + column, sentence, at + column) for column in free]
    if places:
        rows_of = [row for row, _, _ in places]
        each = own.flatten(0, 1)[rows_of] if len(rows_of) < own.shape[0] * width else own.flatten(0, 1)
        chosen = torch.tensor([[sentence.ids[place] - first] for _, sentence, place in places], device=device)
        likely = each.log_softmax(-1).gather(1, chosen)[:, 0]
        for (_, sentence, place), log in zip(places, likely.tolist(), strict=True):
            sentence.log_probabilities[place] = log
    return settled
