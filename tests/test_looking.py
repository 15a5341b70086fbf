"""A model that was taught to lists what is in a picture once, and its questions come behind the list."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from anyvl.checkpoint import Parts, load_parts
from anyvl.codecs import Chain
from anyvl.errors import InputError
from anyvl.generation import Request, Result
from anyvl.pipeline import AnyVL
from anyvl.tasks import TASKS, Task, find_task
from anyvl.tasks.listing import LISTING
from anyvl.tasks.translate import answer_grammar, prompt_ids
from anyvl.values import Box, Codes, Frame, Instance


@pytest.fixture(scope="module")
def model(small_parts: Parts) -> AnyVL:
    return AnyVL(small_parts)


def test_a_model_that_was_taught_to_looks_once_a_picture_before_it_answers(
    model: AnyVL, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = AnyVL(dataclasses.replace(model.parts, tasks=tuple(task.name for task in TASKS)))
    asked: list[list[tuple[int, ...]]] = []
    unconditional: list[tuple[int, ...]] = []
    write = AnyVL.write

    def noted(one: AnyVL, requests: list[Request], *more: Any) -> list[Result]:
        asked.append([request.prefix for request in requests])
        unconditional.extend(request.unconditional or () for request in requests)
        return write(one, requests, *more)

    monkeypatch.setattr(AnyVL, "write", noted)
    other = 255 - picture
    model.ground([picture, picture, other], ["the fox", "a star", "the fox"])
    assert [len(prefixes) for prefixes in asked] == [3], "a model that was not taught to does not look"
    plain = asked.pop()
    taught.ground([picture, picture, other], ["the fox", "a star", "the fox"])
    (listing, questions), asked[:] = asked, []
    assert (len(listing), len(questions)) == (2, 3)
    codes, kit = taught.see(picture), taught.kit
    things = taught.look(picture)
    wanted = prompt_ids(
        find_task("grounding"), kit, codes.frame, picture=codes.codes, listed=things, prompt="find the fox"
    )
    assert questions[0] == tuple(wanted) and questions[0] != plain[0]
    asked.clear()
    taught.caption(picture)
    assert len(asked) == 1, "captions do not look"
    asked.clear()
    edited = taught.edit(picture, "replace the fox with a cat", seed=3)
    told = prompt_ids(find_task("image_editing"), kit, codes.frame, picture=codes.codes, listed=things)
    _, regions, paintings = asked
    assert len(edited.images) == 1 and regions[0][: len(told)] == paintings[0][: len(told)] == tuple(told)
    assert unconditional[-1][: len(told)] == tuple(told)
    asked.clear()
    answers = taught.ask(picture, ["is there a fox?", "is there a star?"], choices=["yes", "no"])
    assert len(answers) == 2 and [len(prefixes) for prefixes in asked] == [1], "one list for all questions"
    asked.clear()
    with pytest.raises(InputError, match="needs words"):
        taught.ground([picture, picture], ["the fox", " "])
    assert not asked, "what is refused is refused before anything is written"


@pytest.mark.parametrize("task", [task for task in TASKS if task.looks], ids=lambda task: task.name)
def test_the_longest_list_leaves_room_for_every_task_that_looks(task: Task) -> None:
    """In the default's own shape: its tallest picture, a list of all the ids that one may have, a long question."""
    parts = load_parts()
    kit, longest = parts.kit, parts.decoder.config.max_position_embeddings
    rows, columns = max(kit.grids)
    factor = parts.tokenizer.model.config.factor
    frame = Frame(height=factor * rows, width=factor * columns)
    codes = Codes(rows=rows, columns=columns, ids=(0,) * (rows * columns))
    thing = Instance(label="purple light bulb", box=Box(1, 2, 30, 40), frame=frame)
    for many in range(99):
        listed = [thing] * many
        if len(LISTING.output.encode(listed, kit, frame)) > LISTING.budget:
            break
    prompt = task.prompt("the small purple light bulb left of the orange teddy bear in the bottom right")
    ids = prompt_ids(task, kit, frame, picture=codes, listed=listed, prompt=prompt)
    outputs = task.output.codecs if isinstance(task.output, Chain) else (task.output,)
    sized = dataclasses.replace(kit, grids=((rows, columns),))
    room = sum(answer_grammar(output, sized).shortest for output in outputs)
    assert len(ids) + room + (0 if task.name == "image_editing" else task.budget) <= longest
