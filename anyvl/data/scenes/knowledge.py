"""What a model trained on the scene world has seen, by name."""

import re

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, KIND_NAMES, KINDS
from anyvl.data.scenes.questions import question_words
from anyvl.data.scenes.scene import RELATIONS
from anyvl.data.scenes.stories import story_words
from anyvl.data.scenes.words import GROUND_WORDS, PLACE_WORDS
from anyvl.tasks import TASKS
from anyvl.tasks.dense_prediction import MAPS


def world_knowledge() -> dict[str, list[str]]:
    """What a model trained on this world has seen, by what it is, and under "words" every word of the world's captions."""
    synonyms = [synonym for kind in KINDS for synonym in kind.synonyms]
    places = [words for many in PLACE_WORDS.values() for words in many]
    sentences = [*KIND_NAMES, *synonyms, *COLOUR_NAMES, *GROUND_NAMES, *GROUND_WORDS, *places]
    sentences += [
        "a an the and left of right of above below",
        "replace with make paint turn remove take away delete add",
    ]
    sentences += ["change the background to"]
    sentences += [question_words(), story_words(), *MAPS]
    sentences += [template for task in TASKS for template in task.templates]
    words = {word for sentence in sentences for word in re.findall(r"[a-z-]+", re.sub(r"{\w*}", "", sentence))}
    return {
        "things": list(KIND_NAMES),
        "also called": synonyms,
        "colours": list(COLOUR_NAMES),
        "backgrounds": list(GROUND_NAMES),
        "places": places,
        "relations": list(RELATIONS),
        "words": sorted(words),
    }
