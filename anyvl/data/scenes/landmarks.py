"""Key points of a thing: the extremes of its outline and its centre, and whether something is in front of them."""

import numpy as np
import shapely
from shapely import MultiPolygon

from anyvl.data.scenes.scene import Scene, Thing
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import outline_of
from anyvl.values import Keypoint

LANDMARKS = ("top", "right", "bottom", "left", "centre")


def landmarks_of(thing: Thing, scene: Scene, sprites: Sprites) -> list[Keypoint]:
    """The points of `LANDMARKS` of a thing of the scene, in px: of the whole thing, also where another hides it.

    The extremes are vertices of the outline (of equals the first along the other axis), the centre is that of its area.
    """
    front = scene.things[scene.things.index(thing) + 1 :]
    hidden = shapely.union_all([outline_of(other, scene.style, sprites) for other in front])
    corner = np.array([thing.x, thing.y]) - thing.size / 2
    places = corner + thing.size * np.array(_unit_landmarks(sprites.outline(thing.kind, scene.style)))
    return [
        Keypoint(name=name, x=x, y=y, visible=not shapely.intersects_xy(hidden, x, y))
        for name, (x, y) in zip(LANDMARKS, places.tolist(), strict=True)
    ]


def _unit_landmarks(outline: MultiPolygon) -> tuple[tuple[float, float], ...]:
    """The points of an outline in the unit square."""
    points = shapely.get_coordinates(outline)
    x, y = points.T
    extremes = [np.lexsort(keys)[0] for keys in ((x, y), (y, -x), (x, -y), (y, x))]
    return (*(tuple(points[place].tolist()) for place in extremes), (outline.centroid.x, outline.centroid.y))
