"""Sentences of the scene world, for training the text tokenizer."""

from collections.abc import Iterator

import numpy as np

from anyvl.data.examples import spoken
from anyvl.data.scenes.catalogue import KINDS
from anyvl.data.scenes.edits import EDIT_KINDS
from anyvl.data.scenes.questions import sample_question
from anyvl.data.scenes.referring import sample_referring
from anyvl.data.scenes.repertoire import Repertoire
from anyvl.data.scenes.scene import sample_scene
from anyvl.data.scenes.sprites import load_sprites
from anyvl.data.scenes.stories import description_of
from anyvl.data.scenes.words import caption_of
from anyvl.tasks import TASKS


def world_sentences(repertoire: Repertoire, how_many: int, seed: int = 0) -> Iterator[str]:
    """Captions, phrases, questions and instructions in the prompts of all tasks; every name stands in them, also alone."""
    kinds = [KINDS[number] for number in repertoire.kinds]
    named = (word for kind in kinds for word in (kind.name, *kind.synonyms))
    for name in (*repertoire.colours, *repertoire.grounds, *repertoire.styles, *named):
        for _ in range(8):
            yield name
            yield f"a {name}"
    edits = list(EDIT_KINDS.values())
    for index in range(how_many):
        rng = np.random.default_rng((seed, 4, index))
        scene = sample_scene(rng, 64, 64, lattice=4, repertoire=repertoire)
        task = TASKS[index % len(TASKS)]
        made, question = edits[int(rng.integers(len(edits)))](scene, rng), sample_question(scene, rng)
        said = spoken(sample_referring(scene, rng), rng)
        if not task.sees_picture:
            said = caption_of(scene, rng).words
        elif task.name == "image_editing":
            said = made[1] if made else ""
        elif task.name == "question_answering" and question is not None:
            said = question.words
            yield question.answer
        yield task.prompt(said, int(rng.integers(len(task.templates))))
        yield caption_of(scene, rng, full=True).words
        if task.name == "description":
            yield description_of(scene, load_sprites(repertoire))
