"""Between examples and ids, in both directions: the sequence of a training example, the prefix and grammar of a question.

    <bos> [picture] [list] [<text> prompt </text>] [layout] answer <eos>

Every value is bounded by its own marks; an answer of no things is `<eos>` alone. A list before a question (`told`) is words with
boxes, and the word "nothing" where it is empty.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from anyvl.codecs import Codec, Grounded, Kit, Layout, Picture, Words
from anyvl.codecs.boxes import COORDINATES, are_corners
from anyvl.codecs.image import with_holes
from anyvl.grammar.automaton import Automaton, compile_grammar
from anyvl.grammar.terms import Sequence, Token
from anyvl.sequence import TokenSequence, concatenate
from anyvl.tasks.task import Task
from anyvl.values import Codes, Frame, GroundedText, Instance, Span

Image = UInt8[np.ndarray, "height width 3"] | Codes
Cells = Bool[np.ndarray, "rows columns"]


def prompt_ids(
    task: Task,
    kit: Kit,
    frame: Frame,
    *,
    picture: Image | None = None,
    hidden: Cells | None = None,
    listed: Iterable[Instance] | None = None,
    prompt: str | None = None,
    layout: Iterable[Instance] | None = None,
) -> list[int]:
    """The ids before an answer; without `prompt` (and layout) those of a dropped one, which guidance is measured against.

    hidden: the cells that a task which hides some does not see. listed: what was found in the picture when it was looked at.
    """
    assert (picture is not None) == task.sees_picture, (
        f"{task.name} {'needs' if task.sees_picture else 'takes no'} picture"
    )
    assert (hidden is not None) == task.hides_cells, f"{task.name} hides {'some' if task.hides_cells else 'no'} cells"
    ids = [kit.vocabulary.control("bos")]
    if picture is not None:
        seen = Picture().encode(picture, kit, frame)
        ids += seen if hidden is None else with_holes(seen, hidden, kit)
    if listed is not None:
        assert task.looks, f"{task.name} takes no list"
        ids += Grounded().encode(told(listed, frame), kit, frame)
    if prompt is not None:
        ids += Words().encode(prompt, kit, frame)
    if layout is not None:
        assert task.takes_layout, f"{task.name} takes no layout"
        ids += Layout().encode(layout, kit, frame)
    return ids


def told(listed: Iterable[Instance], frame: Frame) -> GroundedText:
    """A list as it is read before a question: names before boxes, so that behind a name that is asked for stands where it is.

    Names are said as a question says them ("the red fox"), so that they are the same pieces of text.

    >>> from anyvl.values import Box
    >>> frame = Frame(height=6, width=9)
    >>> told([Instance(label=name, box=Box(1, 2, 3, 4), frame=frame) for name in ("red fox", "key")], frame).words
    'the red fox, the key'
    """
    words, spans = "", []
    for thing in listed:
        words += ", " if words else ""
        name = f"the {thing.label}"
        spans.append(Span(start=len(words), stop=len(words) + len(name), box=thing.bounds))
        words += name
    return GroundedText(words=words or "nothing", spans=tuple(spans), frame=frame)


def answer_ids(task: Task, kit: Kit, frame: Frame, value: Any) -> list[int]:
    """The ids of an answer, with its end."""
    return [*task.output.encode(value, kit, frame), kit.vocabulary.control("eos")]


def answer_grammar(output: Codec, kit: Kit) -> Automaton:
    """Which ids an answer may consist of, with its end."""
    return compile_grammar(Sequence(output.grammar(kit), Token(kit.vocabulary.control("eos"))), kit.vocabulary)


def answer_value(
    output: Codec, kit: Kit, frame: Frame, ids: list[int], probabilities: list[float] | None = None
) -> Any:
    """The value of an answer's ids, end included."""
    assert ids[-1] == kit.vocabulary.control("eos"), "an answer ends with <eos>"
    return output.decode(ids[:-1], kit, frame, None if probabilities is None else probabilities[:-1])


def to_sequence(
    task: Task,
    kit: Kit,
    frame: Frame,
    answer: Any,
    *,
    picture: Image | None = None,
    hidden: Cells | None = None,
    listed: Iterable[Instance] | None = None,
    prompt: str | None = None,
    layout: Iterable[Instance] | None = None,
    input_weight: float = 0.0,
    keep: Callable[[list[int]], np.ndarray] | None = None,
    length_power: float = 0.0,
) -> TokenSequence:
    """One training sequence: loss 1 on the answer, `input_weight` on the codes of the input picture, 0 on words.

    keep: given the answer's ids, which of them bear a loss (all, by default): an edit's copied cells do not.
    length_power: input and answer, each of n ids with a loss, are weighted by n^-length_power. At 0 every id counts alike, so
    whole pictures drown edits; at 1 every answer does; 0.5 is square averaging (InternVL 2.5). A decision does not weigh less for
    what follows from it: control ids (is there one, is there another) weigh 1, and corners of a box (which one is it) as much as
    if the box were all of the answer.
    """
    before = prompt_ids(task, kit, frame, picture=picture, hidden=hidden, listed=listed, prompt=prompt, layout=layout)
    after = answer_ids(task, kit, frame, answer)
    seen = TokenSequence(
        ids=np.array(before, np.int32),
        weights=(input_weight * kit.vocabulary.are_codes(before)).astype(np.float32),
    )
    answered = TokenSequence.of(after, 1.0)
    if keep is not None:
        answered.weights[~keep(after)] = 0.0
    for part in (seen, answered):
        part.weights[:] *= max(1, int(np.count_nonzero(part.weights))) ** -length_power
    bears = answered.weights > 0
    answered.weights[are_corners(after, kit) & bears] = COORDINATES**-length_power
    answered.weights[kit.vocabulary.are_control(after) & bears] = 1.0
    return concatenate([seen, answered])
