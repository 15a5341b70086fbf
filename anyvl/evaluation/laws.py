"""Two laws, measured: whatever the weights, every output decodes; a seed is an image's own."""

import dataclasses

import numpy as np
import torch

from anyvl.codecs import Boxes, Choice, Kit, PaddedBoxes, Picture, Polygons, TextTokenizer
from anyvl.codecs.codec import Codec
from anyvl.evaluation.score import Score, score
from anyvl.generation import DecoderStepper, Request, Result, generate
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.pipeline import AnyVL
from anyvl.sampling import Sampling
from anyvl.tasks import TASKS
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Codes, Frame
from anyvl.vocabulary import Vocabulary

_PROMPTS = ("a red fox", "a blue star left of a green key on a white background", "a pear in the top left")


class _Shades:
    """An image tokenizer in name: every code is a shade of gray. Laws do not ask how well pictures are held."""

    def encode(self, picture: np.ndarray, rows: int, columns: int) -> Codes:
        return Codes.from_array(np.zeros((rows, columns), np.int64))

    def decode(self, codes: Codes) -> np.ndarray:
        return np.repeat((8 * codes.array() % 256).astype(np.uint8)[..., None], 3, axis=-1)


def small_kit() -> Kit:
    """A kit with the default's kinds of ids and fewer of each, non-square grids among its own."""
    text = TextTokenizer.train(["a red fox left of a palm tree", "star"], 280)
    vocabulary = Vocabulary(num_text=280, coordinate_bins=24, num_codes=32)
    return Kit(vocabulary=vocabulary, text=text, image=_Shades(), grids=((3, 3), (2, 5), (4, 2)))


def random_decoder(kit: Kit, seed: int = 0, size: int = 32) -> Decoder:
    """A tiny decoder with random weights, large enough for the kit's answers."""
    torch.manual_seed(seed)
    config = DecoderConfig(
        vocab_size=kit.vocabulary.size,
        hidden_size=size,
        intermediate_size=size,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=1024,
    )
    decoder = Decoder(config).eval()
    with torch.no_grad():  # wider logits than a fresh start gives: some ids are then much likelier than others
        decoder.model.embed_tokens.weight.mul_(20)
    return decoder


def validity(kit: Kit, count: int) -> list[Score]:
    """Outputs of random weights at budgets from minimal to generous, in batches of 1 to 16: the share that decodes to a value."""
    scores = []
    outputs: dict[str, Codec] = {task.name: task.output for task in TASKS}
    outputs["detection, closed labels"] = Boxes(labels=("fox", "fox cub", "star"))
    outputs["detection, filled up"] = PaddedBoxes(length=4)
    outputs["segmentation, labelled"] = Polygons(label="fox")
    outputs["question answering, closed"] = Choice(options=("fox", "fox cub", "star"))
    for name, output in outputs.items():
        dice = np.random.default_rng(0)
        grammar = answer_grammar(output, kit)
        good: list[float] = []
        while len(good) < count:
            stepper = DecoderStepper(random_decoder(kit, seed=len(good)))
            batch = min(int(dice.integers(1, 17)), count - len(good))
            extra = dice.integers(0, 60 if dice.random() < 0.8 else 300, size=batch)
            frames = [Frame(height=int(h), width=int(w)) for h, w in dice.integers(1, 900, size=(batch, 2))]
            heat = Sampling(temperature=float(dice.choice((0.0, 0.7, 1.0, 3.0))))
            requests = [
                Request(
                    prefix=(kit.vocabulary.control("bos"),) * int(dice.integers(1, 9)),
                    grammar=grammar,
                    budget=grammar.shortest + int(more),
                    seed=len(good) * 100 + row,
                    sampling=heat,
                )
                for row, more in enumerate(extra)
            ]
            for request, result, frame in zip(requests, generate(stepper, requests), frames, strict=True):
                good.append(float(_decodes(output, kit, frame, request, result)))
        scores.append(score(f"valid by construction, random weights: {name}", good))
    return scores


def _decodes(output: Codec, kit: Kit, frame: Frame, request: Request, result: Result) -> bool:
    ids, probabilities = result.ids, np.exp(result.log_probabilities).tolist()
    if len(ids) > request.budget or not request.grammar.accepts(ids):
        return False
    answer_value(output, kit, frame, ids, probabilities)  # values check themselves at birth and raise
    return True


def seeds(model: AnyVL, count: int) -> list[Score]:
    """Pictures painted alone, in batches of 8 with other prompts, and behind padding: the share with identical codes."""
    kit, stepper = model.kit, DecoderStepper(model.parts.decoder)
    task = next(task for task in TASKS if task.name == "text_to_image")
    kit = dataclasses.replace(kit, grids=kit.grids[:1])
    grammar = answer_grammar(Picture(), kit)
    frame = Frame(height=1, width=1)
    without = tuple(prompt_ids(task, kit, frame))
    requests = [
        Request(
            prefix=tuple(prompt_ids(task, kit, frame, prompt=_PROMPTS[number % len(_PROMPTS)])),
            unconditional=without,
            grammar=grammar,
            budget=grammar.shortest,
            seed=number,
            sampling=task.sampling,
        )
        for number in range(count)
    ]
    alone = [generate(stepper, [request])[0].ids for request in requests]
    together: list[list[int]] = []
    for start in range(0, count, 8):
        together += [result.ids for result in generate(stepper, requests[start : start + 8])]
    # A neighbour with a long prompt makes every other row's prefill and cache wider than it needs.
    wide = dataclasses.replace(requests[0], prefix=requests[0].prefix + requests[0].prefix[1:] * 6)
    padded = [generate(stepper, [request, wide])[0].ids for request in requests]
    return [
        score(
            "a seed is an image's own: alone = in a batch of 8",
            [float(a == b) for a, b in zip(alone, together, strict=True)],
        ),
        score(
            "a seed is an image's own: alone = behind padding",
            [float(a == b) for a, b in zip(alone, padded, strict=True)],
        ),
    ]
