"""Make `things.tsv`, the catalogue of things: `python -m anyvl.data.scenes.naming FOLDER`.

FOLDER is an unpacked `emojibase-data` (names and keywords of the Unicode CLDR). A thing is an emoji of one object, animal, plant,
vehicle or dish with a name of plain words, whose flat drawing is mostly of one hue. Other words for it are the keywords picked
here. What reads badly by rule is put right by hand in the tables below.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

from anyvl.data.scenes.artwork import drawing_of
from anyvl.data.scenes.catalogue import COLOURS, GROUNDS, SHAPES, STYLES, THINGS_FILE, colour_name
from anyvl.data.scenes.recolour import LEAST_FILL, take_apart

_GROUPS = (3, 4, 5, 6, 7)  # animals and nature, food, travel, activities, objects
_SUBGROUPS_LEFT_OUT = (49, 58)  # maps and globes, clock faces
_SIDE = 96

_CALLED = {
    # the first forty, in the order and with the words they have had from the beginning
    "1f98a": ("fox", "orange", ""),
    "1f431": ("cat", "yellow", "kitten"),
    "1f43b": ("bear", "brown", ""),
    "1f407": ("rabbit", "gray", "bunny"),
    "1f437": ("pig", "pink", ""),
    "1f438": ("frog", "green", ""),
    "1f41f": ("fish", "blue", ""),
    "1f433": ("whale", "blue", ""),
    "1f419": ("octopus", "purple", ""),
    "1f98b": ("butterfly", "blue", ""),
    "1f418": ("elephant", "gray", ""),
    "1f989": ("owl", "brown", ""),
    "1f426": ("bird", "red", ""),
    "1f980": ("crab", "red", ""),
    "1f995": ("dinosaur", "green", "sauropod"),
    "1f34e": ("apple", "red", ""),
    "1f350": ("pear", "green", ""),
    "1f353": ("strawberry", "red", ""),
    "1f344": ("mushroom", "red", "toadstool"),
    "1f335": ("cactus", "green", ""),
    "1f333": ("tree", "green", ""),
    "1f334": ("palm tree", "green", "palm"),
    "1f697": ("car", "red", "automobile"),
    "2708": ("airplane", "blue", "plane"),
    "1f680": ("rocket", "blue", ""),
    "1f3e0": ("house", "yellow", ""),
    "2602": ("umbrella", "purple", ""),
    "1f511": ("key", "brown", ""),
    "1f514": ("bell", "orange", ""),
    "1f451": ("crown", "yellow", ""),
    "1f3a9": ("hat", "gray", "top hat"),
    "1f455": ("shirt", "blue", "t-shirt"),
    # the next ones, which the default checkpoint knows as well
    "1f436": ("dog", "", "puppy"),
    "1f981": ("lion", "yellow", ""),
    "1f428": ("koala", "", ""),
    "1f427": ("penguin", "", ""),
    "1f434": ("horse", "", "pony"),
    "1f986": ("duck", "", ""),
    "1f422": ("turtle", "", "tortoise"),
    "1f40c": ("snail", "", ""),
    "1f41e": ("ladybug", "", "ladybird"),
    "1f988": ("shark", "", ""),
    "1f337": ("tulip", "", ""),
    "1f341": ("maple leaf", "", "leaf"),
    "1f34c": ("banana", "", ""),
    "1f34b": ("lemon", "", ""),
    "1f955": ("carrot", "", ""),
    "1f345": ("tomato", "", ""),
    "1f383": ("pumpkin", "", "jack-o-lantern"),
    "1f369": ("doughnut", "", "donut"),
    "1f9c1": ("cupcake", "", "muffin"),
    "1f34d": ("pineapple", "", ""),
    "2615": ("cup", "", "mug"),
    "1fad6": ("teapot", "", ""),
    "1f6fb": ("truck", "", "pickup"),
    "1f6a2": ("ship", "", "boat"),
    "26fa": ("tent", "", ""),
    "1f3f0": ("castle", "", ""),
    "1f3b8": ("guitar", "", ""),
    "1f941": ("drum", "", ""),
    "1f388": ("balloon", "", ""),
    "1f381": ("gift", "", "present"),
    "1f4a1": ("light bulb", "", "bulb"),
    "1f4d5": ("book", "", ""),
    "1f4f7": ("camera", "", ""),
    "1fa91": ("chair", "", ""),
    "1f6aa": ("door", "", ""),
    "1faa3": ("bucket", "", "pail"),
    "1f45f": ("shoe", "", "sneaker"),
    "1f457": ("dress", "", "gown"),
    "1f392": ("backpack", "", "rucksack"),
    "1f3c0": ("ball", "", "basketball"),
    "1f3c6": ("trophy", "", ""),
    "1f9f8": ("teddy bear", "", "teddy"),
    "1f9f2": ("magnet", "", ""),
    "1f512": ("padlock", "", "lock"),
    "2709": ("envelope", "", "letter"),
    "26c4": ("snowman", "", ""),
    "2601": ("cloud", "", ""),
    "1f525": ("flame", "", "fire"),
    "1f48e": ("gem", "", "diamond"),
    "1f52d": ("telescope", "", ""),
    # further names put right
    "1f412": ("monkey", "", ""),
    "1f43a": ("wolf", "", ""),
    "1f996": ("tyrannosaur", "", ""),
    "1f9ed": ("compass", "", ""),
}
_ALSO = (
    "burro dromedary alpaca squirrel conch reef shellfish bee bumblebee roach serpent earthworm amoeba buttercup sapling "
    "evergreen cantaloupe nectarine kiwi aubergine maize pickle ginger radish loaf baguette gyro drumstick steak burger "
    "frankfurter sausage pasta prawn custard pudding ale jug boulder log yurt carousel lorry rickshaw suitcase saucer "
    "planet saturn thunderbolt whirlwind dynamite chime parcel sledge sleigh jigsaw spool rope vest pouch sandal comb "
    "horn earbud sax conga piano fife receiver fax monitor floppy calculator projector clapper camcorder tape torch tag "
    "ballpoint notepad rolodex cabinet trash hatchet saw cog cogwheel chest shampoo bandage skeleton bath razor charm "
    "cart buoy motorboat copter soccer net clutch"
)
"""Keywords that are another name of the thing itself."""
_LEFT_OUT = (
    # scenes, several things at once, or nothing one would call by the name
    "foggy|night|sunrise|sunset|cityscape|bridge at|hot springs|park|desert|beach|camping|landslide|mount |mountain|island|"
    "stadium|construction|map|globe|milky|fog|wave|rainbow|cyclone|firework|sparkl|flag in hole|moon viewing|railway track|"
    "motorway|cable|tramway|railway|station|metro|ceremony|game|bowling|golf|hockey|lacrosse|badminton|ping pong|tennis|"
    "cards|mahjong|suit|performing|cooking|food|with |and |without|facing|notes|score|arrow|slash|speaker|love|wedding|"
    "elevator|shower|toilet|cigarette|headstone|coffin|urn|syringe|blood|bikini|briefs|water pistol|dagger|bomb|"
    "suspension|aerial|roller coaster|ferris|pouring|levitating|oncoming|face|tilted right|Japan|increasing|decreasing|"
    "leaf fluttering|nose|prints|moon|quarter|not done|done|guide|hatching|baby chick|light rail|sun behind|"
    "clothes|man’s|woman’s|worker"
)
_IRREGULAR = {
    "mouse": "mice",
    "goose": "geese",
    "ox": "oxen",
    "wolf": "wolves",
    "leaf": "leaves",
    "knife": "knives",
    "scarf": "scarves",
    "loaf": "loaves",
    "tooth": "teeth",
    "foot": "feet",
    "snowman": "snowmen",
    "cactus": "cacti",
    "tomato": "tomatoes",
    "potato": "potatoes",
    "ear of corn": "ears of corn",
    "sheaf of rice": "sheaves of rice",
    "cut of meat": "cuts of meat",
    "roll of paper": "rolls of paper",
}
_UNCHANGED = ("fish", "sheep", "deer", "moose", "bison", "shrimp", "squid", "blowfish", "jellyfish", "salmon")
_SINGULAR_S = ("bus", "octopus", "cactus", "glass", "compass", "cross", "dress", "abacus", "lotus", "iris", "walrus")


def spelt_plural(name: str) -> str:
    """More than one of it.

    >>> [spelt_plural(name) for name in ("fox", "key", "butterfly", "maple leaf", "tropical fish", "ear of corn")]
    ['foxes', 'keys', 'butterflies', 'maple leaves', 'tropical fish', 'ears of corn']
    """
    before, last = name.rpartition(" ")[0::2]
    if name in _IRREGULAR or last in _IRREGULAR:
        return _IRREGULAR.get(name) or f"{before} {_IRREGULAR[last]}".strip()
    if last in _UNCHANGED:
        return name
    if re.search("[^aeiou]y$", last):
        return name[:-1] + "ies"
    return name + ("es" if last.endswith(("x", "s", "sh", "ch")) else "s")


def named(emoji: list[dict]) -> dict[str, tuple[str, str, list[str]]]:
    """Name, natural colour ("" for the drawing's own) and other words of each thing, by codepoint."""
    tags = Counter(tag for one in emoji for tag in one["tags"])
    by_codepoint = {one["hexcode"].lower(): one for one in emoji}
    things = {code: (name, natural, synonym.split("|")) for code, (name, natural, synonym) in _CALLED.items()}
    taken = {word for name, _, others in things.values() for word in (name, *others)} | {*COLOURS, *GROUNDS}
    taken |= {word for shape in SHAPES for word in (shape.name, *shape.synonyms)}
    for code, one in by_codepoint.items():
        name = one["label"].lower()
        plain = re.fullmatch(r"[a-z][a-z -]*[a-z]", name) and not re.search(_LEFT_OUT, one["label"])
        counted = not name.endswith("s") or name.endswith(_SINGULAR_S)
        coloured = any(word in COLOURS for word in name.split())
        if code in things or name in taken or not plain or not counted or coloured or "-200d-" in code:
            continue
        things[code] = (name, "", [tag for tag in one["tags"] if tags[tag] == 1 and tag in _ALSO.split()])
        taken.add(name)
    sure = {name for name, _, _ in things.values()} | {shape.name for shape in SHAPES}
    plurals = {spelt_plural(name) for name in sure}
    return {
        code: (
            name,
            natural,
            [w for w in others if w and w not in sure and w not in plurals and spelt_plural(name) != w],
        )
        for code, (name, natural, others) in things.items()
    }


def main(folder: str) -> None:
    emoji = json.loads((Path(folder) / "package" / "en" / "data.json").read_text())
    emoji = [one for one in emoji if one.get("group") in _GROUPS and one.get("subgroup") not in _SUBGROUPS_LEFT_OUT]
    rows = []
    for code, (name, natural, others) in named(emoji).items():
        drawn = {style: drawing_of(code, style, _SIDE) for style in STYLES}
        parts = {style: take_apart(drawing) for style, drawing in drawn.items() if drawing is not None}
        styles = [style for style, part in parts.items() if part.coverage >= LEAST_FILL]
        if "flat" not in styles:
            if code in _CALLED:
                sys.exit(f"the fill of {name} covers {parts['flat'].coverage:.2f} of it")
            continue
        natural = natural or colour_name(parts["flat"].colour)
        rows.append("\t".join((name, spelt_plural(name), code, natural, ",".join(styles), ",".join(others[:3]))))
    header = "\t".join(("name", "plural", "codepoint", "natural", "styles", "synonyms"))
    THINGS_FILE.write_text("\n".join([header, *rows]) + "\n")
    print(f"{len(rows)} things in {THINGS_FILE}")


if __name__ == "__main__":
    main(sys.argv[1])
