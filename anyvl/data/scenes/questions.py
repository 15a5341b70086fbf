"""Questions about a scene with their answers, by kind."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anyvl.data.scenes.referring import Referring, sample_referring
from anyvl.data.scenes.repertoire import Repertoire
from anyvl.data.scenes.scene import MOST_THINGS, Scene, Thing, is_open, place_of, relations_of
from anyvl.data.scenes.words import NUMBERS, PLACE_WORDS, article, plural_of

_YES_NO = ("yes", "no")
_LARGER = 1.2
"""Sizes are compared where one is at least this factor above the other."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """kind: a name of `QUESTION_KINDS`. options: all answers to questions of this form, the right one among them."""

    kind: str
    words: str
    answer: str
    options: tuple[str, ...]


def sample_question(scene: Scene, rng: np.random.Generator, kind: str | None = None) -> Question | None:
    """A random question, of any kind or the one given; None where the scene (or this throw of the dice) does not allow it."""
    name = kind or str(rng.choice(list(QUESTION_KINDS)))
    asked = QUESTION_KINDS[name](scene, rng)
    if asked is None:
        return None
    words, answer, options = asked
    return Question(kind=name, words=words, answer=answer, options=options)


_Asked = tuple[str, str, tuple[str, ...]] | None


def _exists(scene: Scene, rng: np.random.Generator) -> _Asked:
    phrase = sample_referring(scene, rng, how_many=int(rng.random() < 0.5))
    words = phrase.words()
    asked = f"are there any {words}?" if phrase.plural else f"is there {article(words)} {words}?"
    return asked, "yes" if phrase.referents(scene) else "no", _YES_NO


def _count(scene: Scene, rng: np.random.Generator) -> _Asked:
    thing, chance = _any(scene, rng), rng.random()
    if chance < 0.3:
        phrase = Referring(plural=True)
    elif chance < 0.6:
        phrase = Referring(colour=thing.colour_name, plural=True)
    elif chance < 0.85:
        phrase = Referring(kind=thing.name, plural=True)
    else:
        phrase = Referring(kind=str(rng.choice(scene.repertoire.things)), plural=True)
    referents = phrase.referents(scene)
    assert referents is not None
    return f"how many {phrase.words()} are there?", NUMBERS[len(referents)], NUMBERS[: MOST_THINGS + 1]


def _colour(scene: Scene, rng: np.random.Generator) -> _Asked:
    if rng.random() < 0.2:
        return "what colour is the background?", scene.ground.name, scene.repertoire.grounds
    thing = _any(scene, rng)
    if not _alone(thing, scene):
        return None
    return f"what colour is the {thing.name}?", thing.colour_name, scene.repertoire.colours


def _where(scene: Scene, rng: np.random.Generator) -> _Asked:
    thing = _any(scene, rng)
    if not _alone(thing, scene):
        return None
    places = tuple(words[0] for words in PLACE_WORDS.values())
    return f"where is the {thing.name}?", PLACE_WORDS[place_of(thing, scene)][0], places


def _relation(scene: Scene, rng: np.random.Generator) -> _Asked:
    """What stands in a relation to a thing."""
    if len(scene.things) < 2:
        return None
    other = _any(scene, rng)
    if not _alone(other, scene):
        return None
    stands = {thing: relations_of(thing, other, scene) for thing in scene.things if thing is not other}
    thing = list(stands)[int(rng.integers(len(stands)))]
    if not stands[thing]:
        return None
    how = str(rng.choice(stands[thing]))
    if any(how in also or is_open(how, one, other, scene) for one, also in stands.items() if one is not thing):
        return None
    return f"what is {how} the {other.name}?", thing.name, scene.repertoire.things


def _compare(scene: Scene, rng: np.random.Generator) -> _Asked:
    if len(scene.things) < 2:
        return None
    one, other = (scene.things[i] for i in rng.permutation(len(scene.things))[:2])
    if not (_alone(one, scene) and _alone(other, scene)):
        return None
    if max(one.size / other.size, other.size / one.size) < _LARGER:
        return None
    larger = one if one.size > other.size else other
    if rng.random() < 0.5:
        asked = f"is the {one.name} larger than the {other.name}?"
        return asked, "yes" if larger is one else "no", _YES_NO
    return f"which is larger, the {one.name} or the {other.name}?", larger.name, (one.name, other.name)


QUESTION_KINDS: dict[str, Callable[[Scene, np.random.Generator], _Asked]] = {
    "exists": _exists,
    "count": _count,
    "colour": _colour,
    "where": _where,
    "relation": _relation,
    "compare": _compare,
}


def question_words(repertoire: Repertoire) -> str:
    """A sentence that holds every word of the questions and answers."""
    plurals = " ".join(plural_of(name) for name in (*repertoire.things, "thing"))
    forms = "is there are any how many what colour where which larger than or thing yes no"
    return f"{forms} {' '.join(NUMBERS)} {plurals}"


def _any(scene: Scene, rng: np.random.Generator) -> Thing:
    return scene.things[int(rng.integers(len(scene.things)))]


def _alone(thing: Thing, scene: Scene) -> bool:
    """Whether the thing's name singles it out."""
    return sum(other.kind == thing.kind for other in scene.things) == 1
