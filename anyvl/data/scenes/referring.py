"""Phrases that refer to none, one or several things of a scene, by name, colour, place and relation."""

from dataclasses import dataclass, replace

import numpy as np

from anyvl.data.scenes.scene import PLACES, RELATIONS, SIZES, Scene, Thing, is_open, place_of, relations_of, size_of
from anyvl.data.scenes.words import PLACE_WORDS, plural_of


@dataclass(frozen=True, kw_only=True)
class Referring:
    """What things a phrase refers to: those of a size, colour and kind, at a place, in a relation to another; "" is any.

    plural: it speaks of all of them, so it may refer to one or more; without, to at most one.
    """

    kind: str = ""
    colour: str = ""
    size: str = ""
    place: str = ""
    relation: str = ""
    other: "Referring | None" = None
    plural: bool = False

    def words(self) -> str:
        """The phrase without an article.

        >>> Referring(kind="fox", colour="red", relation="left of", other=Referring(kind="key"), plural=True).words()
        'red foxes left of the key'
        """
        noun = self.kind or "thing"
        said = [self.size, self.colour, plural_of(noun) if self.plural else noun]
        if self.place:
            said.append(PLACE_WORDS[self.place][0])
        if self.other is not None:
            said += [self.relation, "the", self.other.words()]
        return " ".join(filter(None, said))

    def referents(self, scene: Scene) -> tuple[Thing, ...] | None:
        """The things it refers to; None where that is open: a relation that is not plain, or one to no or to many things."""
        things = [
            thing
            for thing in scene.things
            if self.kind in ("", thing.name)
            and self.colour in ("", thing.colour_name)
            and self.size in ("", size_of(thing, scene))
            and self.place in ("", place_of(thing, scene))
        ]
        if self.other is None:
            return tuple(things)
        others = self.other.referents(scene)
        if others is None or len(others) != 1:
            return None
        things = [thing for thing in things if thing != others[0]]
        stand = [thing for thing in things if self.relation in relations_of(thing, others[0], scene)]
        if any(is_open(self.relation, thing, others[0], scene) for thing in things if thing not in stand):
            return None
        return tuple(stand)


def sample_referring(scene: Scene, rng: np.random.Generator, how_many: int | None = None) -> Referring:
    """A phrase about the scene that refers to `how_many` things: 0, 1, or 2 for several (as far as the scene allows).

    None throws dice: one in five refers to nothing. What refers to nothing is near to what is there: one attribute off.
    """
    if how_many is None:
        how_many = int(rng.choice((0, 1, 2), p=(0.2, 0.6, 0.2)))
    while True:
        for _ in range(30):
            phrase = _about(scene, rng, plural=how_many > 1 or rng.random() < 0.1)
            if how_many == 0:
                phrase = _spoilt(phrase, scene, rng)
            referents = phrase.referents(scene)
            if referents is None:
                continue
            few = len(referents) >= 2 if how_many > 1 else len(referents) == how_many
            if few:
                return phrase
        how_many = 2 if how_many == 1 else 1  # there are not several of anything, or nothing alone


def _about(scene: Scene, rng: np.random.Generator, plural: bool) -> Referring:
    """A phrase that is true of a random thing of the scene."""
    thing = scene.things[int(rng.integers(len(scene.things)))]
    named = rng.random() < (0.3 if plural else 0.85)
    phrase = Referring(kind=thing.name if named else "", plural=plural)
    if rng.random() < 0.5:
        phrase = replace(phrase, colour=thing.colour_name)
    if size_of(thing, scene) and rng.random() < 0.2:
        phrase = replace(phrase, size=size_of(thing, scene))
    if rng.random() < 0.2:
        phrase = replace(phrase, place=place_of(thing, scene))
    others = [other for other in scene.things if other is not thing]
    if others and not phrase.place and rng.random() < 0.35:
        other = others[int(rng.integers(len(others)))]
        relations = relations_of(thing, other, scene)
        if relations:
            how = str(rng.choice(relations))
            colour = other.colour_name if rng.random() < 0.3 else ""
            phrase = replace(phrase, relation=how, other=Referring(kind=other.name, colour=colour))
    return phrase


def _spoilt(phrase: Referring, scene: Scene, rng: np.random.Generator) -> Referring:
    """The phrase with one thing about it changed, into no held-out pair: a training must not say that there are none."""
    known = scene.repertoire
    while True:
        changes = [{"kind": str(rng.choice(known.things))}, {"colour": str(rng.choice(known.colours))}]
        if phrase.size:
            changes.append({"size": str(rng.choice(SIZES))})
        if phrase.place:
            changes.append({"place": str(rng.choice(PLACES))})
        if phrase.relation:
            changes.append({"relation": str(rng.choice(RELATIONS))})
        spoilt = replace(phrase, **changes[int(rng.integers(len(changes)))])  # type: ignore[arg-type]
        pair = spoilt.kind, spoilt.colour
        if pair == (phrase.kind, phrase.colour) or not all(pair) or not known.is_held_out(*pair):
            return spoilt
