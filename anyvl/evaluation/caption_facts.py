"""Facts that a caption of the scene world states, read from its words."""

import re

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, KINDS, STYLES
from anyvl.data.scenes.scene import RELATIONS, SIZES
from anyvl.data.scenes.words import NUMBERS, PLACE_WORDS

_KIND_OF = {word: kind for kind in KINDS for word in (kind.name, *kind.synonyms)}
_THING = "|".join(sorted(map(re.escape, _KIND_OF), key=len, reverse=True))
_PHRASE = rf"\b(an? |the )?(?:(?:{'|'.join(SIZES)}) )?(?:({'|'.join(COLOUR_NAMES)}) )?({_THING})\b"
_RELATION = "|".join(RELATIONS)
_NAME_OF = {kind.plural: kind.name for kind in KINDS}
_MANY = "|".join(sorted(map(re.escape, _NAME_OF), key=len, reverse=True))
_PLACES = {words: place for place, many in PLACE_WORDS.items() for words in many}
_PLACE = "|".join(sorted(map(re.escape, _PLACES), key=len, reverse=True))


def facts_in(words: str) -> frozenset[tuple[str, ...]]:
    """Things (kind, colour), places of things, relations and the ground, as tuples; what is not of the world's wording is no
    fact. "The fox" alone speaks of a fox that was told of already.

    >>> sorted(facts_in("a red fox left of a star on a sky background"))[1]
    ('relation', 'red fox', 'left of', 'star')
    >>> sorted(facts_in("a red fox is on the left. the fox is below the key."))[:2]
    [('place', 'fox', 'left'), ('relation', 'fox', 'below', 'key')]
    """
    facts: set[tuple[str, ...]] = set()
    for article, colour, noun in re.findall(_PHRASE, words):
        kind = _KIND_OF[noun]
        if colour or article != "the ":
            facts.add(("thing", kind.name, colour or kind.natural))
    for _, colour, noun, relation, _, shade, other in re.findall(rf"{_PHRASE}(?: is)? ({_RELATION}) {_PHRASE}", words):
        one, two = (f"{said} {_KIND_OF[word].name}".strip() for said, word in ((colour, noun), (shade, other)))
        facts.add(("relation", one, relation, two))
    for _, _, noun, place in re.findall(rf"{_PHRASE}(?: is)? ({_PLACE})\b", words):
        facts.add(("place", _KIND_OF[noun].name, _PLACES[place]))
    for ground in re.findall(rf"on (?:an? )?({'|'.join(GROUND_NAMES)})\b", words):
        facts.add(("ground", ground))
    for number, colour, plural in re.findall(
        rf"\b({'|'.join(NUMBERS[2:])}) (?:({'|'.join(COLOUR_NAMES)}) )?({_MANY})\b", words
    ):
        facts.add(("count", number, colour, _NAME_OF[plural]))
    for style in re.findall(rf"\b({'|'.join(STYLES)}) style\b", words):
        facts.add(("style", style))
    return frozenset(facts)
