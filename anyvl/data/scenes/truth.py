"""Exact truth of a scene: visible polygons and boxes of its things, by arithmetic on outlines, not on pixels."""

from collections.abc import Iterable

import shapely
import shapely.affinity
from shapely import MultiPolygon
from shapely import Polygon as Region

from anyvl.data.scenes.scene import Scene, Thing
from anyvl.data.scenes.sprites import Sprites
from anyvl.values import Box, Frame, Instance, Polygon

_LEAST_PART = 0.01
"""Visible parts and holes below this share of the thing's square are left out."""


def outline_of(thing: Thing, style: str, sprites: Sprites) -> MultiPolygon:
    """Where a thing drawn in a style would be seen if nothing were before it, in px of the picture."""
    unit = sprites.outline(thing.kind, style)
    scaled = shapely.affinity.scale(unit, thing.size, thing.size, origin=(0, 0))
    return shapely.affinity.translate(scaled, thing.x - thing.size / 2, thing.y - thing.size / 2)


def visible_regions(scene: Scene, sprites: Sprites) -> list[MultiPolygon]:
    """For each thing of the scene, where it is seen, in px; things in front hide those behind."""
    outlines = [outline_of(thing, scene.style, sprites) for thing in scene.things]
    regions = []
    for number, (thing, outline) in enumerate(zip(scene.things, outlines, strict=True)):
        front = outlines[number + 1 :]
        seen = outline.difference(shapely.union_all(front)) if front else outline
        regions.append(MultiPolygon(list(_large_parts(seen, _LEAST_PART * thing.size**2))))
    return regions


def main_thing(scene: Scene, sprites: Sprites) -> Thing:
    """The thing of which most is seen, in px; of equal ones the one behind."""
    areas = [region.area for region in visible_regions(scene, sprites)]
    return scene.things[areas.index(max(areas))]


def instances_of(scene: Scene, sprites: Sprites) -> list[Instance]:
    """The scene's things in its own order (back to front), labelled by name, with visible boxes and polygons."""
    frame = Frame(height=scene.height, width=scene.width)
    return [
        instance_of(region, thing.name, frame)
        for region, thing in zip(visible_regions(scene, sprites), scene.things, strict=True)
    ]


def instance_of(region: MultiPolygon, label: str, frame: Frame) -> Instance:
    """A region in px as an `Instance`."""
    return Instance(label=label, box=Box(*region.bounds), polygons=polygons_of(region), frame=frame)


def polygons_of(region: MultiPolygon | Region) -> tuple[Polygon, ...]:
    """A region's parts as `Polygon`s, largest first."""
    parts = sorted(getattr(region, "geoms", [region]), key=lambda part: -part.area)
    return tuple(
        Polygon(tuple(p.exterior.coords[:-1]), tuple(tuple(h.coords[:-1]) for h in p.interiors)) for p in parts
    )


def _large_parts(region: shapely.Geometry, least: float) -> Iterable[Region]:
    parts = [part for part in getattr(region, "geoms", [region]) if isinstance(part, Region) and not part.is_empty]
    large = [part for part in parts if part.area >= least] or sorted(parts, key=lambda part: -part.area)[:1]
    for part in large:
        yield Region(part.exterior, [hole for hole in part.interiors if Region(hole).area >= least])
