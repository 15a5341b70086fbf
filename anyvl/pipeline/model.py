"""`AnyVL`: the model that a user holds."""

import inspect
from pathlib import Path
from typing import Any

import torch

from anyvl.checkpoint import load_parts, save_parts
from anyvl.codecs.intake import Source
from anyvl.errors import InputError
from anyvl.model.checkpoint import load_json
from anyvl.pipeline.editing import Editing
from anyvl.pipeline.engine import OnStep
from anyvl.pipeline.painting import Painting
from anyvl.pipeline.reading import Reading
from anyvl.pipeline.refining import Refining
from anyvl.tasks import Task, find_task


class AnyVL(Painting, Editing, Reading, Refining):
    """One decoder that paints, edits, segments, detects, captions and answers.

    Pictures may be paths, PIL images or uint8 arrays; all coordinates that come back are pixels of the picture that went in
    (EXIF-turned), x right, y down. A list of pictures or prompts gives a list of answers, computed as one batch
    (`refine`: one after the other).
    """

    @classmethod
    def from_pretrained(
        cls, folder: str | Path | None = None, *, device: str | None = None, dtype: str | torch.dtype = torch.float32
    ) -> "AnyVL":
        """The model of a checkpoint folder or hub id; the default model, which comes with the package, if None.

        device: "cpu", "cuda", ...; the first GPU, or else the CPU, if None. dtype: of the weights and the computation; "int8"
        writes with the decoder's matrices in 8 bits and computes in bfloat16, on a CPU (closed answers are scored in bfloat16).
        """
        int8 = dtype in ("int8", torch.int8)
        place = _device("cpu" if int8 and device is None else device)
        return cls(load_parts(folder, place, torch.bfloat16 if int8 else _dtype(dtype)), int8)

    def save_pretrained(self, folder: str | Path, dtype: str | torch.dtype | None = None) -> None:
        """Write a checkpoint folder that `from_pretrained` reads; weights as they are, or rounded to `dtype`: to "int8" the
        matrices of the decoder, all else to bfloat16."""
        int8 = dtype in ("int8", torch.int8)
        save_parts(self.parts, folder, torch.int8 if int8 else self.stepper.dtype if dtype is None else _dtype(dtype))

    def run(self, task: str, **inputs: Any) -> Any:
        """Any task by its name, with the inputs of the method that stands for it; InputError for others.

        A task that has no method takes `image` and `words`, and answers with what its codec reads.
        """
        found = find_task(task)
        method, settings = _METHODS.get(task, ("_plainly", {"task": found}))
        try:
            inspect.signature(getattr(self, method)).bind(**settings, **inputs)
        except TypeError as problem:
            raise InputError(f"{task} cannot be asked so: {problem}") from None
        if method == "generate" and found.takes_layout != ("layout" in inputs):
            raise InputError(f"{task} takes {'a' if found.takes_layout else 'no'} layout")
        return getattr(self, method)(**settings, **inputs)

    def _plainly(
        self,
        task: Task,
        image: Source | list[Source],
        words: str | list[str] = "",
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """The answer to a task that has no method of its own."""
        return self._answer(task.name, image, words, lambda _: task.output, callback_on_step_end)

    def info(self) -> dict[str, Any]:
        """What this model is and what it knows."""
        refiner = self.parts.refiner
        kit = self.kit
        factor = self.parts.tokenizer.model.config.factor
        return {
            "decoder_parameters": sum(p.numel() for p in self.parts.decoder.parameters()),
            "image_tokenizer_parameters": sum(p.numel() for p in self.parts.tokenizer.model.parameters()),
            "refiner_scales": [] if refiner is None else load_json(refiner / "unet" / "config.json").get("scales", []),
            "language": kit.vocabulary.layout(),
            "pictures": [{"height": rows * factor, "width": columns * factor} for rows, columns in kit.grids],
            "paints": {"to a plan of its own": self.parts.plans, "candidates a picture": self.parts.candidates},
            **({"tasks": list(self.parts.tasks)} if self.parts.tasks else {}),
            "knows": {what: names for what, names in self.parts.knows.items() if what != "words"},
        }


_METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "text_to_image": ("generate", {}),
    "planned_image": ("generate", {"plan": True}),
    "layout_to_image": ("generate", {}),
    "image_editing": ("edit", {}),
    "infilling": ("infill", {}),
    "segmentation": ("segment", {}),
    "listing": ("look", {}),
    "detection": ("detect", {}),
    "grounding": ("ground", {}),
    "keypoints": ("keypoints", {}),
    "captioning": ("caption", {}),
    "grounded_captioning": ("caption", {"grounded": True}),
    "description": ("describe", {}),
    "question_answering": ("ask", {}),
    "classification": ("classify", {}),
    "dense_prediction": ("dense", {}),
}


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        raise InputError(f"the device {name!r} cannot be used here: {str(problem).splitlines()[0]}") from None
    return device


def _dtype(name: str | torch.dtype) -> torch.dtype:
    dtype = getattr(torch, name, None) if isinstance(name, str) else name
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise InputError(f"the dtype is float32, bfloat16, float16 or int8, got {name!r}")
    return dtype
