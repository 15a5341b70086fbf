"""Facts that a caption of the scene world states, read from its words."""

import re

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, KINDS
from anyvl.data.scenes.words import PLACE_WORDS

_KIND_OF = {word: kind for kind in KINDS for word in (kind.name, *kind.synonyms)}
_THING = "|".join(sorted(map(re.escape, _KIND_OF), key=len, reverse=True))
_PHRASE = rf"\b(?:an? |the )?(?:({'|'.join(COLOUR_NAMES)}) )?({_THING})\b"
_RELATION = "left of|right of|above|below"
_PLACES = {words: place for place, many in PLACE_WORDS.items() for words in many}


def facts_in(caption: str) -> frozenset[tuple[str, ...]]:
    """Things (kind, colour), places, relations and the ground, as tuples; what is not of the world's wording is no fact.

    >>> sorted(facts_in("a red fox left of a star on a sky background"))[1]
    ('relation', 'fox', 'left of', 'star')
    """
    facts: set[tuple[str, ...]] = set()
    for colour, noun in re.findall(_PHRASE, caption):
        kind = _KIND_OF[noun]
        facts.add(("thing", kind.name, colour or kind.natural))
    for _, noun, relation, _, other in re.findall(rf"{_PHRASE} ({_RELATION}) {_PHRASE}", caption):
        facts.add(("relation", _KIND_OF[noun].name, relation, _KIND_OF[other].name))
    for words in sorted(_PLACES, key=len, reverse=True):
        if words in caption:
            facts.add(("place", _PLACES[words]))
            break
    for ground in re.findall(rf"on (?:an? )?({'|'.join(GROUND_NAMES)})\b", caption):
        facts.add(("ground", ground))
    return frozenset(facts)
