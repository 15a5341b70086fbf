"""The colours in which instances are drawn, the same in every format."""

PALETTE: tuple[tuple[int, int, int], ...] = (
    (0, 158, 255),
    (255, 92, 57),
    (34, 187, 88),
    (255, 196, 0),
    (186, 85, 255),
    (0, 206, 200),
    (255, 84, 162),
    (150, 110, 70),
    (120, 130, 255),
    (170, 205, 40),
)
"""Red, green, blue: bright, far from each other, in an order in which neighbours differ most."""


def colour_of(number: int) -> tuple[int, int, int]:
    """The colour of the instance at `number` in its list; after the last it starts over."""
    return PALETTE[number % len(PALETTE)]


def is_light(colour: tuple[int, int, int]) -> bool:
    """Whether black reads better than white on a colour (relative luminance of Rec. 709, threshold by eye)."""
    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 140
