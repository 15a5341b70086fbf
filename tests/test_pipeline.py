"""The whole figure on a tiny random model: every answer is a value, pictures outside an edit stay bit for bit."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from anyvl.checkpoint import Parts
from anyvl.codecs import Words
from anyvl.errors import CheckpointError, InputError, StoppedError, UnknownNameError
from anyvl.evaluation.laws import random_decoder, seeds, small_kit, validity
from anyvl.pipeline import AnyVL, UnknownWordsWarning
from anyvl.pipeline.engine import candidate_seed
from anyvl.pipeline.model import _METHODS
from anyvl.sampling import Sampling
from anyvl.tasks import TASKS, Task, find_task
from anyvl.values import Box, Codes, Frame, Instance


@pytest.fixture(scope="module")
def model(small_parts: Parts) -> AnyVL:
    return AnyVL(small_parts)


def test_every_task_returns_its_value(model: AnyVL, picture: np.ndarray) -> None:
    painted = model.generate("a red fox", seed=3, num_images_per_prompt=2, height=30, width=50)
    assert [image.size for image in painted.images] == [(50, 30)] * 2 and painted.seeds == [3, 4]
    assert isinstance(model.caption(picture), str)
    for instance in (
        *model.segment(picture, "the fox"),
        *model.detect(picture),
        *model.detect(picture, labels=["fox"]),
    ):
        box = instance.bounds
        assert 0 <= box.x0 < box.x1 <= picture.shape[1] and 0 <= box.y0 < box.y1 <= picture.shape[0]
    assert {found.label for found in model.detect(picture, labels=["fox"])} <= {"fox"}
    assert len(model.segment([picture, picture], ["the fox", "a fox"])) == 2


def test_infilling_paints_the_mask_alone_and_never_looks_under_it(model: AnyVL, picture: np.ndarray) -> None:
    box, mask = (20.0, 9.0, 43.0, 30.0), np.zeros(picture.shape[:2], bool)
    mask[9:30, 20:43] = True
    warm = Sampling(temperature=3.0)  # these random weights are sure of themselves
    painted = model.infill(picture, box, "a red fox", seed=2, num_images_per_prompt=2, sampling=warm)
    assert painted.seeds == [2, 3] and painted.images[0].size == (72, 40) and painted.images[0] != painted.images[1]
    for image, changed in zip(painted.images, painted.changed, strict=True):
        assert np.array_equal(changed, mask)
        assert np.array_equal(np.asarray(image)[~mask], picture[~mask])
    other = np.where(mask[..., None], 255 - picture, picture)
    for same, hole in ((picture, mask), (other, Image.fromarray(mask)), (other, list(box))):
        assert model.infill(same, hole, "a red fox", seed=2, sampling=warm).images[0] == painted.images[0]
    several = model.infill(picture, [mask, box], ["a red fox", "a star"], seed=2, sampling=warm)
    assert several.seeds == [2, 3] and several.images[0] == painted.images[0] != several.images[1]
    assert model.run("infilling", image=[picture, other], mask=mask, seed=5).seeds == [5, 6]
    with pytest.raises(InputError, match="there are 3 edits, so as many masks"):
        model.infill([picture, picture, picture], [mask, mask])


def test_a_model_of_noise_objects_detects_and_keeps_what_it_is(
    model: AnyVL, picture: np.ndarray, tmp_path: Path
) -> None:
    AnyVL(dataclasses.replace(model.parts, noise_objects=5)).save_pretrained(tmp_path)
    noisy = AnyVL.from_pretrained(tmp_path)
    assert noisy.parts.noise_objects == 5
    steps: list[int] = []
    noisy.detect(picture, callback_on_step_end=lambda step, done: steps.append(step))
    assert len(steps) >= 5 * 5, "five boxes of four corners and a name or nothing"


def test_every_reading_task_returns_its_value(model: AnyVL, picture: np.ndarray) -> None:
    height, width = picture.shape[:2]
    for instance in model.ground(picture, "the fox"):
        assert instance.label == "the fox" and instance.bounds.x1 <= width and instance.bounds.y1 <= height
    points = model.keypoints(picture, "the fox", names=("nose", "tail"))
    assert [point.name for point in points] in ([], ["nose", "tail"])
    text = model.caption(picture, grounded=True)
    assert str(text) and all(span.box.x1 <= width and span.box.y1 <= height for span in text.spans)
    assert isinstance(model.describe(picture), str)
    answer = model.ask(picture, "a red fox")
    assert str(answer) and 0 <= answer.probability <= 1 and not answer.probabilities
    assert len(model.ask([picture, picture], "a red fox")) == 2
    assert len(model.run("grounded_captioning", image=[picture, picture])) == 2


def test_closed_answers_are_probable_as_the_softmax_of_their_likelihoods(model: AnyVL, picture: np.ndarray) -> None:
    choices = ["fox", "red fox", "cat", "fox"]
    answer = model.ask(picture, "a red fox", choices=choices)
    assert set(answer.probabilities) == set(choices) and str(answer) == next(iter(answer.probabilities))
    assert sum(answer.probabilities.values()) == pytest.approx(1.0)
    kit, seen = model.kit, model.see(picture)
    ids = model.question(find_task("question_answering"), seen.frame, 8, words="a red fox", picture=seen.codes)
    likely = {
        option: model.stepper.likelihoods([*ids], [Words().encode(option, kit, seen.frame)])[0]
        for option in set(choices)
    }
    best = max(likely, key=likely.__getitem__)
    assert str(answer) == best
    for option, share in answer.probabilities.items():
        ratio = np.exp(likely[option] - likely[best])
        assert share / answer.probability == pytest.approx(ratio, rel=1e-3)
    softer = AnyVL(dataclasses.replace(model.parts, temperatures={"question_answering": 1e6}))
    assert np.allclose(list(softer.ask(picture, "a red fox", choices=choices).probabilities.values()), 1 / 3, atol=1e-3)
    labels = model.classify([picture, picture], labels=["fox", "cat"])
    assert [sorted(one) for one in labels] == [["cat", "fox"]] * 2 and labels[0] == labels[1]
    with pytest.raises(InputError, match="one or more answers"):
        model.ask(picture, "a red fox", choices=["fox", ""])


def test_of_candidates_the_one_is_kept_that_reads_back_best(model: AnyVL, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts, seeds = ["a red fox", "a cat"], [8, 4]
    warm = Sampling(temperature=3.0)  # these random weights are sure of themselves
    chooser, read = AnyVL(dataclasses.replace(model.parts, candidates=3)), []
    assert chooser.info()["paints"] == {"to a plan of its own": False, "candidates a picture": 3}
    find = chooser.likelihoods

    def found(task: Task, frame: Frame, picture: Codes, words: str, answers: list[str]) -> list[float]:
        assert (task.name, words, len(answers)) == ("captioning", "", 1)
        read.append((answers[0], picture, find(task, frame, picture, words, answers)[0]))
        return [read[-1][-1]]

    monkeypatch.setattr(chooser, "likelihoods", found)
    kept = chooser.generate(prompts, seed=seeds, sampling=warm).images
    assert [prompt for prompt, _, _ in read] == [prompt for prompt in prompts for _ in range(3)]
    for number, (prompt, seed, image) in enumerate(zip(prompts, seeds, kept, strict=True)):
        mine = read[3 * number : 3 * number + 3]
        best = max(range(3), key=[likely for _, _, likely in mine].__getitem__)
        for place, (_, codes, _) in enumerate(mine):
            own = model.generate(prompt, seed=candidate_seed(seed, place), sampling=warm).images[0]
            assert np.array_equal(np.asarray(own), model.parts.tokenizer.decode(codes))
            assert np.array_equal(np.asarray(own), np.asarray(image)) == (place == best)
        again = model.generate(prompt, seed=seed, sampling=warm, candidates=3).images[0]
        assert np.array_equal(np.asarray(again), np.asarray(image))
    assert candidate_seed(8, 0) == 8 and len({candidate_seed(seed, k) for seed in (-1, 8, 9) for k in range(4)}) == 12
    layout = [((2, 3, 30, 12), "fox")]
    read.clear()
    assert len(chooser.generate(layout=layout, seed=1).images) == 1 and not read  # no words to compare by
    with pytest.raises(InputError, match="compared by the words"):
        model.generate(layout=layout, candidates=2)
    with pytest.raises(InputError, match="one or more candidates"):
        model.generate("a red fox", candidates=0)
    painter = AnyVL(dataclasses.replace(model.parts, tasks=("text_to_image",)))
    with pytest.raises(InputError, match="not trained for captioning"):
        painter.generate("a red fox", candidates=2)


def test_layouts_and_plans_come_before_the_picture(model: AnyVL) -> None:
    layout = [((2, 3, 10, 12), "a red fox"), (Box(12, 1, 19, 9), "cat")]
    for prompt in (None, "a red fox"):
        painted = model.generate(prompt, layout=layout, height=30, width=50, seed=1)
        assert painted.images[0].size == (50, 30)
        assert [thing.label for thing in painted.plans[0] or []] == ["a red fox", "cat"]
    warm = Sampling(temperature=0.7, guidance_scale=8.0)  # these random weights hardly heed what is asked
    alone, moved = (
        model.generate(layout=things, height=30, width=50, seed=1, sampling=warm).images[0]
        for things in (layout, [((20, 3, 30, 12), "a red fox")])
    )
    assert not np.array_equal(np.asarray(alone), np.asarray(moved))
    planned = model.generate(["a red fox", "fox"], plan=True, seed=5)
    for number, words in enumerate(("a red fox", "fox")):
        again = model.generate(words, plan=True, seed=5 + number)
        one, other = again.plans[0] or [], planned.plans[number] or []  # scores may differ in their last digits
        assert [(thing.label, thing.box) for thing in one] == [(thing.label, thing.box) for thing in other]
        assert np.array_equal(np.asarray(again.images[0]), np.asarray(planned.images[number]))
    planner = AnyVL(dataclasses.replace(model.parts, plans=True))
    for painted, wanted in (
        (planner.generate("fox", seed=6), True),
        (planner.generate("fox", seed=6, plan=False), False),
    ):
        assert (painted.plans[0] is not None) == wanted
        same = model.generate("fox", seed=6, plan=wanted).images[0]
        assert np.array_equal(np.asarray(painted.images[0]), np.asarray(same))
    assert (
        planner.generate(layout=layout, seed=1).plans[0] is not None and model.generate("fox", seed=6).plans[0] is None
    )
    for wrong, said in (
        ({"layout": []}, "at least one thing"),
        ({"layout": [((1, 2, 3), "fox")]}, "list of pairs"),
        ({"layout": layout, "plan": True}, "one of the two"),
        ({"layout": [((60, 60, 70, 70), "fox")]}, "outside"),
        ({}, "empty"),
    ):
        with pytest.raises(InputError, match=said):
            model.generate(**wrong)


def test_outlines_are_voted_for_by_answers_of_their_own_seeds(model: AnyVL, picture: np.ndarray) -> None:
    alone = model.segment(picture, "fox", samples=3)
    both = model.segment([picture[:13], picture], "fox", samples=3)
    assert [one.polygons for one in both[1]] == [one.polygons for one in alone]
    single = model.segment(picture, "fox")
    assert [one.polygons for one in model.segment(picture, "fox", samples=1)] == [one.polygons for one in single]
    with pytest.raises(InputError, match="at least one"):
        model.segment(picture, "fox", samples=0)


def test_maps_number_every_pixel_of_the_picture(model: AnyVL, picture: np.ndarray) -> None:
    maps = model.dense([picture, picture[:13]], "depth")
    assert [one.shape for one in maps] == [picture.shape[:2], (13, picture.shape[1])]
    assert np.array_equal(maps[1], model.dense(picture[:13], "depth"))
    assert maps[0].min() >= 0 and maps[0].max() <= 6
    with pytest.raises(UnknownNameError, match="depth"):
        model.dense(picture, "height")


def test_tasks_are_run_with_their_own_inputs_only(model: AnyVL, picture: np.ndarray) -> None:
    for task, inputs, said in (
        ("layout_to_image", {"prompt": "a fox"}, "takes a layout"),
        ("text_to_image", {"layout": [((1, 1, 9, 9), "fox")]}, "takes no layout"),
        ("planned_image", {"prompt": "a fox", "plan": False}, "cannot be asked so"),
        ("segmentation", {"image": picture}, "phrase"),
        ("captioning", {"image": picture, "phrase": "fox"}, "phrase"),
    ):
        with pytest.raises(InputError, match=said):
            model.run(task, **inputs)


def test_unknown_words_are_warned_of_wherever_they_are_said(model: AnyVL, picture: np.ndarray) -> None:
    calls = (
        lambda: model.generate("a unicorn", seed=0),
        lambda: model.segment(picture, "the unicorn"),
        lambda: model.ask(picture, "is it?", choices=["unicorn", "fox"]),
        lambda: model.classify(picture, ["unicorn", "fox"]),
        lambda: model.generate(layout=[((1, 1, 9, 9), "unicorn")], seed=0),
    )
    for call in calls:
        with pytest.warns(UnknownWordsWarning, match="unicorn"):
            call()


def test_a_model_says_which_tasks_it_was_not_trained_for(model: AnyVL, picture: np.ndarray, tmp_path: Path) -> None:
    AnyVL(dataclasses.replace(model.parts, tasks=("captioning",))).save_pretrained(tmp_path)
    narrow = AnyVL.from_pretrained(tmp_path)
    assert isinstance(narrow.caption(picture), str) and narrow.info()["tasks"] == ["captioning"]
    with pytest.raises(InputError, match="not trained for grounding: it knows captioning"):
        narrow.ground(picture, "the fox")


def test_outside_an_edit_every_pixel_is_the_originals(model: AnyVL, picture: np.ndarray) -> None:
    touched = 0
    for seed in range(12):
        # Random weights name a random region; the law holds for whatever they name.
        torch.manual_seed(seed)
        other = AnyVL(dataclasses.replace(model.parts, decoder=random_decoder(model.kit, seed=seed, size=32)))
        edited = other.edit(picture, "replace the fox with a cat", seed=seed)
        image, changed = np.asarray(edited.images[0]), edited.changed[0]
        assert image.shape == picture.shape and changed.shape == picture.shape[:2]
        assert np.array_equal(image[~changed], picture[~changed])
        touched += int((~changed).any() and (image != picture).any())
    assert touched >= 3, "the test must see edits that leave some pixels alone and change others"


def test_edits_of_a_list_are_the_edits_alone(model: AnyVL, picture: np.ndarray) -> None:
    wide = np.ascontiguousarray(picture[:13])
    words = ["replace the fox with a cat", "replace the red fox"]
    together = model.edit([picture, wide], words, seed=4, num_images_per_prompt=2)
    assert together.seeds == [4, 5, 6, 7]
    for number, (one, said) in enumerate([(picture, words[0]), (wide, words[1])]):
        alone = model.edit(one, said, seed=4 + 2 * number, num_images_per_prompt=2)
        for k in range(2):
            assert np.array_equal(np.asarray(alone.images[k]), np.asarray(together.images[2 * number + k]))
            assert np.array_equal(alone.changed[k], together.changed[2 * number + k])
    assert [image.size for image in model.edit(picture, words).images] == [picture.shape[1::-1]] * 2
    with pytest.raises(InputError, match="as many phrases as pictures"):
        model.edit([picture, wide], words[:1])


def test_a_picture_depends_on_its_prompt_and_seed_alone(model: AnyVL) -> None:
    prompts = ["a red fox", "fox", "a red fox fox fox", "the cat"]
    together = model.generate(prompts, seed=10, guidance_scale=2.5)
    for number, prompt in enumerate(prompts):
        alone = model.generate(prompt, seed=10 + number, guidance_scale=2.5).images[0]
        assert np.array_equal(np.asarray(alone), np.asarray(together.images[number]))
    assert not np.array_equal(*(np.asarray(model.generate("a red fox", seed=s).images[0]) for s in (1, 2)))


def test_laws_hold_on_a_small_sample(model: AnyVL) -> None:
    for figure in (*validity(small_kit(), 200), *seeds(model, 16)):
        assert figure.value == 1.0, figure


def test_a_saved_model_is_the_same_model(model: AnyVL, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "model", dtype=torch.float32)
    again = AnyVL.from_pretrained(tmp_path / "model")
    one, other = (m.generate("a red fox", seed=5).images[0] for m in (model, again))
    assert np.array_equal(np.asarray(one), np.asarray(other))
    model.save_pretrained(tmp_path / "small", dtype="int8")
    small = AnyVL.from_pretrained(tmp_path / "small").parts.decoder.state_dict()
    name = "model.layers.0.mlp.up_proj.weight"
    most = model.parts.decoder.state_dict()[name].abs().amax(-1, keepdim=True)
    assert ((small[name] - model.parts.decoder.state_dict()[name]).abs() <= most / 127 * 0.6).all()
    (tmp_path / "model" / "decoder" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        AnyVL.from_pretrained(tmp_path / "model")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_every_task_runs_in_half_precision(
    model: AnyVL, picture: np.ndarray, tmp_path_factory: pytest.TempPathFactory, dtype: str
) -> None:
    folder = tmp_path_factory.mktemp("half")
    model.save_pretrained(folder)
    half = AnyVL.from_pretrained(folder, dtype=dtype)
    assert half.parts.tokenizer.encode(picture, 3, 5) == model.parts.tokenizer.encode(picture, 3, 5)
    inputs = {"prompt": "a red fox", "seed": 0, "image": picture, "instruction": "replace the fox", "phrase": "the fox"}
    inputs |= {
        "question": "is it?",
        "mask": (1.0, 1.0, 9.0, 9.0),
        "layout": [((1, 1, 9, 9), "fox")],
        "labels": ["fox", "cat"],
        "name": "depth",
    }
    for task in TASKS:
        method = inspect.signature(getattr(half, _METHODS[task.name][0])).parameters
        asked = {
            name: value for name, value in inputs.items() if name in method and (name != "layout" or task.takes_layout)
        }
        assert half.run(task.name, **asked) is not None
    shares = half.ask(picture, "is it?", choices=["yes", "no"]).probabilities
    assert sum(shares.values()) == pytest.approx(1)


def test_detection_keeps_the_labels_asked_for(
    model: AnyVL, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = Frame(height=picture.shape[0], width=picture.shape[1])
    things = [Instance(label=name, frame=frame, box=Box(1, 1, 5, 4)) for name in ("fox", "cat", "fox")]
    monkeypatch.setattr(AnyVL, "_answer", lambda *_: things)
    assert [thing.label for thing in model.detect(picture, labels="fox")] == ["fox", "fox"]
    assert model.detect(picture, labels=["cat", "fox"]) == things
    with pytest.warns(UnknownWordsWarning, match="unicorn"):
        assert model.detect(picture, labels=["unicorn"]) == []
    with pytest.raises(InputError, match="at least one"):
        model.detect(picture, labels=[])


def test_seeds_may_be_given_one_by_one(model: AnyVL) -> None:
    one, two = model.generate(["fox", "a fox"], seed=[9, 4], negative_prompt="").images
    assert np.array_equal(np.asarray(one), np.asarray(model.generate("fox", seed=9).images[0]))
    assert np.array_equal(np.asarray(two), np.asarray(model.generate("a fox", seed=4).images[0]))
    with pytest.raises(InputError, match="one a picture"):
        model.generate(["fox", "a fox"], seed=[9])


def test_a_callback_that_stops_is_told_so(model: AnyVL, picture: np.ndarray) -> None:
    for ask in (lambda stop: model.generate("fox", seed=0, callback_on_step_end=stop),
                lambda stop: model.edit(picture, "replace the fox", seed=0, callback_on_step_end=stop),
                lambda stop: model.segment(picture, "the fox", callback_on_step_end=stop)):  # fmt: skip
        with pytest.raises(StoppedError, match="stopped"):
            ask(lambda step, done: False)


def test_a_model_of_the_hub(model: AnyVL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model.save_pretrained(tmp_path / "copy")
    asked: list[str] = []

    def download(name: str, **_: object) -> str:
        asked.append(name)
        if name != "somebody/anyvl":
            raise OSError("404, no such repository")
        return str(tmp_path / "copy")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert AnyVL.from_pretrained("somebody/anyvl").kit.grids == model.kit.grids
    with pytest.raises(CheckpointError, match="somebody/else is no folder here, and the hub did not give it: 404"):
        AnyVL.from_pretrained("somebody/else")
    for name in ("nowhere", str(tmp_path / "missing"), "../missing/folder"):
        with pytest.raises(CheckpointError, match="no model folder"):
            AnyVL.from_pretrained(name)
    assert asked == ["somebody/anyvl", "somebody/else"]


def test_mistakes_teach(model: AnyVL, picture: np.ndarray) -> None:
    with pytest.raises(InputError, match="empty"):
        model.generate("  ")
    with pytest.raises(InputError, match="too long"):
        model.generate("a red fox " * 5000)
    with pytest.raises(InputError, match="at least one"):
        model.generate("a red fox", num_images_per_prompt=0)
    with pytest.raises(InputError, match="16383 px a side"):
        model.generate("a red fox", height=20_000)
    with pytest.raises(UnknownNameError, match="segmentation"):
        model.run("segment", image=picture)
    with pytest.raises(InputError, match="cannot be used here"):
        AnyVL.from_pretrained(device="cuda:77")
    with pytest.warns(UnknownWordsWarning, match="unicorn"):
        model.generate("a red unicorn", seed=0)
