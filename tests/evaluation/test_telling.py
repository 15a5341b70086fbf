"""A grounded caption scores by words and boxes together."""

from anyvl.data.scenes.stories import grounded_caption
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.telling import f1_all
from anyvl.values import Box, Frame, GroundedText, Span

WORLD = World(grids=((8, 10), (10, 10)), factor=8)


def test_the_truth_is_all_right_and_its_boxes_permuted_are_not() -> None:
    permuted = []
    for index in range(60):
        scene = WORLD.scene(index)
        caption = caption_of(scene, WORLD.rng(index, "telling"), full=True, listed=True)
        text = grounded_caption(caption, scene, WORLD.sprites)
        assert f1_all(text, text) == 1.0
        if len(text.spans) > 1:
            permuted.append(f1_all(text, text, permuted=True))
    assert len(permuted) > 10 and sum(permuted) / len(permuted) < 0.1


def test_a_right_word_in_a_wrong_place_does_not_count() -> None:
    frame = Frame(height=20, width=30)

    def text(words: str, *boxes: Box) -> GroundedText:
        spans = tuple(Span(start=10 * i, stop=10 * i + 9, box=box) for i, box in enumerate(boxes))
        return GroundedText(words=words, spans=spans, frame=frame)

    here, there = Box(0, 0, 10, 10), Box(15, 0, 30, 20)
    true = text("a red fox a red pig", here, there)
    assert f1_all(text("a red fox a red pig", here, here), true) == 0.5
    assert f1_all(text("a red pig a red fox", here, there), true) == 0.0
    assert f1_all(text("a red fox", here), true) == 2 / 3
    assert f1_all(text("nothing"), text("nothing")) == 1.0
