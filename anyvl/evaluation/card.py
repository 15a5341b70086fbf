"""The card of a checkpoint: `python -m anyvl.evaluation.card SCORES.json [FOLDER] [--training STORY.md] [--docs DOCS]`.

What the checkpoint is and knows comes from its folder, how good it is from the scores that `anyvl evaluate -o SCORES.json`
wrote, what it cost from a page written by hand; what it gets wrong is shown: the worst of the first items of some suites. The
card is `FOLDER/README.md`, where the hub looks for it, and `DOCS/default-checkpoint.md`; whose drawings it learnt from stands in
`FOLDER/NOTICE` too.
"""

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import nn

from anyvl.checkpoint import DEFAULT_FOLDER, Parts
from anyvl.data.scenes.catalogue import DRAWN_BY
from anyvl.evaluation.board import save_board
from anyvl.evaluation.report import LEGEND, from_json, table
from anyvl.evaluation.score import Score
from anyvl.evaluation.suites import SUITES, Bench
from anyvl.pipeline import AnyVL
from anyvl.refiner import load_refiner

PICTURE = "failures.png"
_FAILING = ("text_to_image", "image_editing", "segmentation", "grounding")
"""Suites whose worst items are shown, of their first figure …"""
_EXAMINED = 24
"""… of so many items a figure …"""
_SHOWN = 4
"""… and so many of them."""
_TOLD = (
    "codec ceiling",
    "text to image",
    "geneval",
    "layout to image",
    "edit",
    "infilling",
    "listing",
    "segmentation",
    "grounding",
    "detection, test: AP",
    "key points",
    "captioning",
    "grounded captioning",
    "description",
    "question answering",
    "classification",
    "dense map",
    "refiner, 2 x",
    "refiner, 4 x",
    "refiner, painted pictures",
    "bicubic, 2 x",
    "bicubic, 4 x",
)
"""What the names of the scores begin with that the card tells."""
_HEAD = """---
license: apache-2.0
library_name: anyvl
pipeline_tag: any-to-any
tags: [image-generation, image-editing, image-segmentation, visual-question-answering]
---
"""


def card(parts: Parts, scores: Sequence[Score], training: str, picture: str) -> str:
    """The card's text. training: Markdown, what it cost and how it was made; what stands before its first heading is told with
    the failures. picture: where these are shown, as the page refers to it."""
    wrong, heading, made = training.strip().partition("## ")
    lines = ["# The default checkpoint", "", *_parts(parts), "", *_knowledge(parts.knows), ""]
    lines += ["## What it gets wrong", "", f"The worst of the first {_EXAMINED} items of some suites:", ""]
    lines += [f"![failures]({picture})", "", *([wrong.strip(), ""] if wrong else [])]
    lines += ["## Scores", "", LEGEND, table([score for score in scores if score.name.startswith(_TOLD)])]
    lines += [heading + made, "", *_attribution(parts.knows)]
    return "\n".join(lines) + "\n"


def _attribution(knows: Mapping[str, Sequence[str]]) -> list[str]:
    """Whose drawings its training showed; what it paints may resemble them."""
    return [
        "## Attribution",
        "",
        "Trained on drawings, recoloured and arranged; what it paints may resemble them. Pass this on where you publish it:",
        "",
        *(f"- {DRAWN_BY[style]}" for style in knows.get("styles", ("flat",))),
    ]


def _parts(parts: Parts) -> list[str]:
    shape, codec = parts.decoder.config, parts.tokenizer.model.config
    kit = parts.kit
    sides = [f"{columns * codec.factor} × {rows * codec.factor}" for rows, columns in kit.grids]
    alone = ", each of its own cell alone" if codec.cellwise else ""
    rows = [
        "| part | what it is |",
        "| --- | --- |",
        f"| image tokenizer | VQGAN, {_millions(parts.tokenizer.model)} parameters, one code of {codec.num_codes:,} "
        f"for {codec.factor} × {codec.factor} px{alone} |",
        f"| decoder | {_millions(parts.decoder)} parameters, width {shape.hidden_size}, {shape.num_hidden_layers} layers, "
        f"{kit.vocabulary.size:,} ids |",
        f"| pictures | {', '.join(sides)} px (width × height); others are resized to the nearest shape |",
        f"| tasks | {', '.join(parts.tasks)} |",
    ]
    if parts.refiner is not None:
        refiner = load_refiner(parts.refiner, torch.device("cpu"), torch.float32)
        scales = " or ".join(str(scale) for scale in refiner.scales)
        rows.append(f"| refiner | U-Net, {_millions(refiner.unet)} parameters: pictures at {scales} times their size |")
    return rows


def _knowledge(knows: Mapping[str, Sequence[str]]) -> list[str]:
    shown = {name: words for name, words in knows.items() if name not in ("words", "also called")}
    lines = ["## What it knows", "", "Drawings of the scene world (`anyvl.data.scenes`), and words about them:", ""]
    for name, words in shown.items():
        lines.append(f"- {len(words)} **{name}**: {', '.join(words)}.")
    return [
        *lines,
        "",
        "Photographs, writing, people, and things it has no word for (`anyvl info`) mean nothing to it: it will paint or name",
        "the nearest it knows. For each thing one colour was held out of every training picture; rows marked `held_out` are",
        "of such pairs.",
    ]


def failures(model: AnyVL) -> list[list[tuple[Image.Image, str]]]:
    """A row a suite: its worst items, with what was asked."""
    rows = []
    for name in _FAILING:
        # Suites are lazy: what comes after the first figure that shows something is not measured.
        scores = SUITES[name].measure(Bench(model, _EXAMINED))
        shown = next(score.exhibits for score in scores if score.exhibits)
        rows.append([(exhibit.picture, exhibit.words) for exhibit in shown["worst"][:_SHOWN]])
    return rows


def _millions(network: nn.Module) -> str:
    return f"{sum(weight.numel() for weight in network.parameters()) / 1e6:.1f} M"


def main() -> None:
    reader = argparse.ArgumentParser(prog="python -m anyvl.evaluation.card", description=__doc__.partition("\n")[0])
    reader.add_argument("scores", type=Path)
    reader.add_argument("folder", type=Path, nargs="?", default=DEFAULT_FOLDER)
    reader.add_argument("--training", type=Path, default=Path("docs/default-training.md"))
    reader.add_argument("--docs", type=Path, default=Path("docs"))
    asked = reader.parse_args()
    scores, training = from_json(asked.scores.read_text(encoding="utf-8")), asked.training.read_text(encoding="utf-8")
    model = AnyVL.from_pretrained(asked.folder)
    save_board(failures(model), asked.folder / PICTURE)
    shutil.copyfile(asked.folder / PICTURE, asked.docs / "images" / PICTURE)
    text = card(model.parts, scores, training, PICTURE)
    (asked.folder / "README.md").write_text(_HEAD + text, encoding="utf-8")
    (asked.folder / "NOTICE").write_text("\n".join(_attribution(model.parts.knows)[2:]) + "\n", encoding="utf-8")
    page = card(model.parts, scores, training, f"images/{PICTURE}")
    (asked.docs / "default-checkpoint.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
