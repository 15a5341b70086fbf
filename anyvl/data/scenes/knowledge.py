"""What a model trained on the scene world has seen, by name."""

import re
from collections.abc import Mapping

from anyvl.data.scenes.catalogue import GROUNDS, KINDS
from anyvl.data.scenes.questions import question_words
from anyvl.data.scenes.repertoire import FIRST, Repertoire
from anyvl.data.scenes.scene import RELATIONS, SIZES
from anyvl.data.scenes.stories import story_words
from anyvl.data.scenes.words import GROUND_WORDS, PLACE_WORDS, STYLE_WORDS
from anyvl.tasks import TASKS
from anyvl.tasks.dense_prediction import MAPS


def world_knowledge(repertoire: Repertoire) -> dict[str, list[str]]:
    """What a model trained on a world has seen, by what it is, and under "words" every word of the world's captions."""
    synonyms = [synonym for kind in repertoire.kinds for synonym in KINDS[kind].synonyms]
    places = [words for many in PLACE_WORDS.values() for words in many]
    styles = list(repertoire.styles) if len(repertoire.styles) > 1 else []
    sentences = [*repertoire.things, *synonyms, *repertoire.colours, *repertoire.grounds, *GROUND_WORDS, *places]
    sentences += [*RELATIONS, *SIZES, *(words for name in repertoire.grounds for words in GROUNDS[name].words)]
    sentences += [*styles, *(STYLE_WORDS if styles else ())]
    sentences += ["a an the and", "replace with make paint turn remove take away delete add"]
    sentences += ["change the background to", question_words(repertoire), story_words(), *MAPS]
    sentences += [template for task in TASKS for template in task.templates]
    words = {word for sentence in sentences for word in re.findall(r"[a-z0-9-]+", re.sub(r"{\w*}", "", sentence))}
    return {
        "things": list(repertoire.things),
        "also called": synonyms,
        "colours": list(repertoire.colours),
        "backgrounds": list(repertoire.grounds),
        **({"styles": styles} if styles else {}),
        "sizes": list(SIZES),
        "places": places,
        "relations": list(RELATIONS),
        "words": sorted(words),
    }


def repertoire_of(knows: Mapping[str, list[str]]) -> Repertoire:
    """The repertoire of the world that a model was trained on, from what it says it knows; `FIRST` if it does not say."""
    if not {"things", "colours", "backgrounds"} <= knows.keys():
        return FIRST
    return Repertoire(
        things=tuple(knows["things"]),
        colours=tuple(knows["colours"]),
        grounds=tuple(knows["backgrounds"]),
        styles=tuple(knows.get("styles", FIRST.styles)),
    )
