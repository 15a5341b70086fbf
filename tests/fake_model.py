"""A model in the pipeline's place that remembers what it was asked, for tests of the command line."""

import types
import warnings

import numpy as np
from PIL import Image

from anyvl.errors import CheckpointError, InputError
from anyvl.values import Answer, Box, Frame, GroundedText, Instance, Keypoint, Polygon, Span

HEIGHT, WIDTH = 40, 72


class FakeModel:
    """Answers like `anyvl.pipeline.AnyVL`, without a network."""

    def __init__(self):
        self.calls: list[tuple[str, tuple, dict]] = []
        self.found: list[Instance] | None = None

    def from_pretrained(self, folder: str | None = None, **settings) -> "FakeModel":
        if folder == "nowhere":
            raise CheckpointError("no model at nowhere:\n give a folder")
        self.calls.append(("from_pretrained", (folder,), settings))
        return self

    def _note(self, name, *inputs, callback_on_step_end, **settings):
        callback_on_step_end(0, 0)
        self.calls.append((name, inputs, settings))

    def generate(self, prompt, **settings):
        self._note("generate", prompt, **settings)
        if not prompt and "layout" not in settings:
            raise InputError("the prompt is empty: say what to paint")
        count, seed = settings["num_images_per_prompt"], settings.get("seed", 5)
        seeds = list(range(seed, seed + count))
        warnings.warn("the model does not know 'quux'", stacklevel=2)
        images = [Image.new("RGB", (WIDTH, HEIGHT), (seed % 256, 0, 0)) for seed in seeds]
        frame = Frame(HEIGHT, WIDTH)
        things = [Instance(label=name, box=Box(*box), frame=frame) for box, name in settings.get("layout", ())]
        return types.SimpleNamespace(images=images, seeds=seeds, plans=[things or None] * len(seeds))

    def edit(self, picture, instruction, **settings):
        self._note("edit", picture, instruction, **settings)
        changed = np.zeros(picture.shape[:2], dtype=bool)
        changed[3:6, 10:20] = True
        return types.SimpleNamespace(images=[Image.fromarray(picture)], changed=[changed], seeds=[9])

    def infill(self, picture, mask, prompt=None, **settings):
        self._note("infill", picture, mask, prompt, **settings)
        changed = np.zeros(picture.shape[:2], dtype=bool)
        changed[3:6, 10:20] = True
        return types.SimpleNamespace(images=[Image.fromarray(picture)], changed=[changed], seeds=[9])

    def check_refine(self, scale, height=None, width=None):
        if scale is not None and not 2 <= scale <= 50:
            raise InputError(f"{scale} times {height} × {width} px")

    def refine(self, pictures, **settings):
        self._note("refine", pictures, **settings)
        listed = pictures if isinstance(pictures, list) else [Image.fromarray(pictures)]
        larger = [one.resize((2 * one.width, 2 * one.height)) for one in listed]
        return types.SimpleNamespace(images=larger, seeds=[4] * len(larger))

    def _instances(self, picture, label):
        frame = Frame(*picture.shape[:2])
        polygon = Polygon(((10.0, 5.0), (30.0, 5.0), (30.0, 25.0)))
        default = [Instance(label=label, score=0.5, frame=frame, polygons=(polygon,))]
        return default if self.found is None else self.found

    def segment(self, picture, phrase, **settings):
        self._note("segment", picture, phrase, **settings)
        return self._instances(picture, phrase)

    def detect(self, picture, labels=None, **settings):
        self._note("detect", picture, labels, **settings)
        return [Instance(label="fox", frame=Frame(*picture.shape[:2]), box=Box(1, 2, 30, 20))]

    def look(self, picture, **settings):
        self._note("look", picture, **settings)
        return [Instance(label="red fox", frame=Frame(*picture.shape[:2]), box=Box(1, 2, 30, 20))]

    def ground(self, picture, phrase, **settings):
        self._note("ground", picture, phrase, **settings)
        return self._instances(picture, phrase)

    def keypoints(self, picture, phrase, **settings):
        self._note("keypoints", picture, phrase, **settings)
        return [Keypoint(name="top", x=10, y=2.5), Keypoint(name="left", x=1, y=9, visible=False, score=0.5)]

    def caption(self, picture, grounded=False, **settings):
        self._note("caption", picture, **settings)
        words = "a fox left of a pälm 🌴"
        spans = (Span(start=0, stop=5, box=Box(1, 2, 30, 20)),)
        return GroundedText(words=words, spans=spans, frame=Frame(*picture.shape[:2])) if grounded else words

    def describe(self, picture, **settings):
        self._note("describe", picture, **settings)
        return "there is one thing."

    def ask(self, picture, question, **settings):
        self._note("ask", picture, question, **settings)
        shares = {"yes": 0.75, "no": 0.25} if "choices" in settings else {}
        return Answer(words="yes", probability=0.75, probabilities=shares)

    def classify(self, picture, labels=None):
        return {name: 1 / (2 + place) for place, name in enumerate(labels or "abcdefgh")}

    def dense(self, picture, name, **settings):
        self._note("dense", picture, name, **settings)
        numbers = np.zeros(picture.shape[:2], np.int64)
        numbers[:2, :5] = 3
        return numbers

    def info(self):
        return {"pictures": [{"height": 64, "width": 80}], "knows": {"things": ["fox", "cat"], "language_version": 1}}
