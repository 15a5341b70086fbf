"""The refiner's own pipeline on random weights: sizes, seeds, schedulers, tiles, previews, and its folder."""

import copy
import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    FlowMatchHeunDiscreteScheduler,
    UniPCMultistepScheduler,
)
from diffusers.pipelines.pipeline_loading_utils import _get_custom_components_and_folders
from PIL import Image

from anyvl.errors import ConfigError, InputError
from anyvl.refiner import (
    SCHEDULERS,
    AnyVLRefinerPipeline,
    clean_residual,
    enlarged,
    new_refiner,
    residual,
    with_scheduler,
)
from anyvl.refiner.enlarging import enlarged_part


@pytest.fixture(scope="module")
def pipeline() -> AnyVLRefinerPipeline:
    torch.manual_seed(0)
    made = new_refiner(channels=(8, 8, 16, 16), depth=1, gain=8.0, scales=(2, 4), code_dim=8, cell=8)
    for end in made.unet.conv_out.values():  # which start at zero: with no residual at all
        torch.nn.init.normal_(end.weight, std=0.1)
    made.unet.eval()
    made.set_progress_bar_config(disable=True)
    return made


def refined(pipeline: AnyVLRefinerPipeline, picture: np.ndarray, **settings: Any) -> np.ndarray:
    settings.setdefault("num_inference_steps", 4)
    generator = torch.Generator().manual_seed(settings.pop("seed", 3))
    return pipeline(picture[None] / 255, generator=generator, output_type="np", **settings).images[0]


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("crop", [(40, 72), (37, 50), (9, 11), (1, 3)])
def test_any_size_is_enlarged_as_asked(
    pipeline: AnyVLRefinerPipeline, picture: np.ndarray, scale: int, crop: tuple[int, int]
) -> None:
    height, width = crop
    vectors = torch.randn(1, 8, -(-height // 8), -(-width // 8), generator=torch.Generator().manual_seed(0))
    seen = picture[:height, :width]
    found = refined(pipeline, seen, scale=scale, code_vectors=vectors)
    assert found.shape == (scale * height, scale * width, 3) and np.isfinite(found).all()
    assert not np.array_equal(found, refined(pipeline, seen, scale=scale)), "what the codes stand for is looked at"


def test_a_seed_is_a_pictures_own(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    both = pipeline(
        np.stack([picture, picture[::-1]]) / 255,
        num_inference_steps=4,
        generator=[torch.Generator().manual_seed(seed) for seed in (5, 6)],
        output_type="np",
    ).images
    for found, seen, seed in zip(both, (picture, picture[::-1]), (5, 6), strict=True):
        np.testing.assert_allclose(found, refined(pipeline, seen, seed=seed), atol=1e-4)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers_lead_where_the_flow_leads(pipeline: AnyVLRefinerPipeline, picture: np.ndarray, name: str) -> None:
    other = with_scheduler(pipeline, name)
    assert type(other.scheduler).__name__ == name
    found = refined(other, picture, num_inference_steps=30)
    assert np.array_equal(found, refined(other, picture, num_inference_steps=30)), "what it draws on the way is seeded"
    if "LCM" not in name:  # which goes its own way, to a picture as likely
        known = refined(pipeline, picture, num_inference_steps=30)
        far = np.abs(found - refined(pipeline, picture, num_inference_steps=1)).mean()
        assert np.abs(found - known).mean() < 0.3 * far


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_good_network_paints_the_truth(
    pipeline: AnyVLRefinerPipeline, picture: np.ndarray, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is a little off the true residual leads to about the true picture, in one step or several."""
    picture = picture[:32, :64]
    truth = torch.rand(1, 3, 128, 256, generator=torch.Generator().manual_seed(1)) * 2 - 1
    small = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    goal = residual(truth, small, 4, pipeline.config.gain)

    monkeypatch.setattr(pipeline.unet, "forward", lambda *told: goal + 0.02)
    perfect = with_scheduler(pipeline, name)
    for steps in (1, 3):
        found = refined(perfect, picture, num_inference_steps=steps)
        expected = (truth[0].permute(1, 2, 0) / 2 + 0.5).numpy()
        np.testing.assert_allclose(found, expected, atol=3e-3)


@pytest.mark.parametrize("crop", [(40, 72), (37, 50)])
def test_a_network_that_looks_at_one_place_does_not_notice_tiles(
    pipeline: AnyVLRefinerPipeline, picture: np.ndarray, crop: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def local(noisy: Any, small: Any, code_vectors: Any, sigma: Any, scale: int) -> Any:
        near = small.mean(1, keepdim=True) + code_vectors[:, :1].repeat_interleave(8, 2).repeat_interleave(8, 3)
        return near + 0.1 * noisy

    monkeypatch.setattr(pipeline.unet, "forward", local)
    seen = picture[: crop[0], : crop[1]]
    vectors = torch.randn(1, 8, -(-crop[0] // 8), -(-crop[1] // 8), generator=torch.Generator().manual_seed(0))
    whole, tiled = (
        refined(pipeline, seen, code_vectors=vectors, tile=tile, overlap=overlap, num_inference_steps=3)
        for tile, overlap in ((512, 64), (96, 32))
    )
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_the_network_sees_a_tile_at_a_time(
    pipeline: AnyVLRefinerPipeline, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []
    told: list[int] = []
    forward = pipeline.unet.forward

    def watched(noisy: torch.Tensor, *rest: Any) -> torch.Tensor:
        seen.append(tuple(noisy.shape[-2:]))
        return forward(noisy, *rest)

    monkeypatch.setattr(pipeline.unet, "forward", watched)
    refined(pipeline, picture, tile=96, overlap=32, callback_on_tile_end=lambda: told.append(len(seen)))
    # 40 × 72 px have two rows of four tiles of 24 px at 4 times their size, in each of four steps.
    assert seen == [(24, 24)] * 32 and told == list(range(1, 33))


def test_previews_lead_to_the_end_and_a_callback_may_change_and_stop(
    pipeline: AnyVLRefinerPipeline, picture: np.ndarray
) -> None:
    previews: list[torch.Tensor] = []
    told = {"callback_on_step_end_tensor_inputs": ["latents", "preview"]}
    whole = refined(pipeline, picture, callback_on_step_end=lambda *said: previews.append(said[3]["preview"]), **told)
    assert len(previews) == 4
    np.testing.assert_allclose(previews[-1][0].permute(1, 2, 0).numpy(), whole, atol=1e-5)

    def emptied(pipe: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        assert list(tensors) == ["latents"]
        pipe._interrupt = step == 1
        return {"latents": torch.zeros_like(tensors["latents"])}

    small = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    plain = (enlarged(small, 4)[0].permute(1, 2, 0) / 2 + 0.5).clamp(0, 1).numpy()
    np.testing.assert_allclose(refined(pipeline, picture, callback_on_step_end=emptied), plain, atol=1e-4)


def test_a_saved_pipeline_is_the_same(pipeline: AnyVLRefinerPipeline, picture: np.ndarray, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path)
    own = AnyVLRefinerPipeline.from_pretrained(tmp_path)
    plain = DiffusionPipeline.from_pretrained(tmp_path, custom_pipeline=str(tmp_path), trust_remote_code=True)
    for other in (own, plain):
        assert isinstance(other, AnyVLRefinerPipeline)
        other.set_progress_bar_config(disable=True)
        weights = pipeline.unet.state_dict()
        assert all(torch.equal(value, weights[name]) for name, value in other.unet.state_dict().items())
        # Sums may be taken in another order where weights lie elsewhere in memory.
        np.testing.assert_allclose(refined(other, picture), refined(pipeline, picture), atol=1e-6)


def test_a_hub_may_hold_one(pipeline: AnyVLRefinerPipeline, tmp_path: Path) -> None:
    """diffusers takes networks of a pipeline that is no local folder only from modules it knows."""
    pipeline.save_pretrained(tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    components, folders = _get_custom_components_and_folders("owner/refiner", index, ["pipeline.py"], [])[:2]
    assert components == {} and "unet" in folders


def test_the_network_is_shown_the_posterior_mean_of_the_residual() -> None:
    """Of a residual and noise that are both standard normal: nothing at the start, all at the end; it is nearest to the truth."""
    dice = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(2000, 12, 1, 1, generator=dice) for _ in range(2))
    for level in (0.0, 0.3, 0.8, 1.0):
        noisy = (1 - level) * clean + level * noise
        shown = clean_residual(lambda seen, *rest: seen, noisy, clean[:, :3], None, torch.full((2000,), level), 2)
        errors = [(factor * shown - clean).pow(2).mean() for factor in (0.9, 1.0, 1.1)]
        assert errors[1] == min(errors) if level < 1 else not shown.any()


def test_half_the_precision_paints_about_the_same(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    half = AnyVLRefinerPipeline(copy.deepcopy(pipeline.unet).to(torch.bfloat16), pipeline.scheduler)
    half.set_progress_bar_config(disable=True)
    whole = refined(pipeline, picture)
    assert (
        np.abs(refined(half, picture) - whole).mean() < 0.1 * np.abs(whole - refined(pipeline, picture, seed=4)).mean()
    )


def test_a_code_is_told_to_its_own_cell_and_little_beyond(pipeline: AnyVLRefinerPipeline) -> None:
    """Of a picture of 64 × 96 px: what changes with the vector of one code is around its cell."""
    unet, at = pipeline.unet, (5, 9)
    picture, vectors = torch.zeros(1, 3, 64, 96), torch.zeros(1, 8, 8, 12)
    noisy, sigma = torch.zeros(1, 12, 64, 96), torch.ones(1)
    other = vectors.clone()
    other[0, :, at[0], at[1]] = 1.0
    with torch.no_grad():
        changed = (unet(noisy, picture, other, sigma, 2) - unet(noisy, picture, vectors, sigma, 2)).abs().sum((0, 1))
        assert torch.equal(unet(noisy, picture, None, sigma, 2), unet(noisy, picture, vectors, sigma, 2))
    rows, columns = torch.nonzero(changed, as_tuple=True)
    for found, side in ((rows, at[0]), (columns, at[1])):
        assert 8 * side - 31 <= found.min() <= 8 * side and 8 * side + 7 <= found.max() <= 8 * side + 38


def test_a_residual_is_what_the_enlarged_picture_lacks() -> None:
    small, truth = torch.rand(2, 3, 8, 12) * 2 - 1, torch.rand(2, 3, 32, 48) * 2 - 1
    lacking = residual(truth, small, 4, 8.0)
    assert lacking.shape == (2, 48, 8, 12)
    torch.testing.assert_close(enlarged(small, 4) + torch.nn.functional.pixel_shuffle(lacking, 4) / 8, truth)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_part_is_enlarged_as_in_the_whole(scale: int) -> None:
    picture = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    whole = enlarged(picture, scale)
    for rows, columns in ((slice(0, 20), slice(0, 30)), (slice(3, 9), slice(29, 30)), (slice(18, 19), slice(0, 2))):
        down, right = (slice(at.start * scale, at.stop * scale) for at in (rows, columns))
        torch.testing.assert_close(enlarged_part(picture, scale, (down, right)), whole[..., down, right])


def test_whatever_diffusers_takes_is_a_picture(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    known = refined(pipeline, picture)
    dice = torch.Generator().manual_seed(3)
    clear = Image.fromarray(picture).convert("RGBA")
    found = pipeline(clear, num_inference_steps=4, generator=dice, output_type="np").images[0]
    np.testing.assert_allclose(found, known, atol=1e-5)
    assert pipeline([Image.fromarray(picture[..., 0])] * 2).images[1].size == (288, 160)
    for wrong, said in (
        (picture, "one of bytes came"),
        ([picture], "one of bytes came"),
        (torch.from_numpy(picture)[None], "one of bytes came"),
        (torch.zeros(1, 4, 8, 16), "3 channels, but 4 came"),
    ):
        with pytest.raises(InputError, match=said):
            pipeline(wrong)


def test_a_scheduler_that_follows_no_flow_is_refused(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    for scheduler in (DDIMScheduler(), UniPCMultistepScheduler(), FlowMatchHeunDiscreteScheduler()):
        other = AnyVLRefinerPipeline(pipeline.unet, scheduler)
        with pytest.raises(InputError, match=r"does not lead along this refiner's flow.*UniPCMultistepScheduler"):
            refined(other, picture)


def test_the_command_line_names_every_scheduler() -> None:
    from anyvl.cli.refining import refine

    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    told = str(inspect.signature(refine).parameters["scheduler"].annotation.__metadata__[0].help)
    assert all(name in page and name in told for name in SCHEDULERS)


def test_mistakes_teach(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    for settings, said in (
        ({"scale": 3}, "2 or 4 times, not 3"),
        ({"num_inference_steps": 0}, "at least 1 step"),
        ({"tile": 100}, r"multiples of 32 px.*100 and 64 came \(beside an overlap of 64, a tile of 96 px at least"),
        ({"code_vectors": torch.zeros(1, 8, 3, 3)}, r"shape \(1, 8, 5, 9\).*\(1, 8, 3, 3\) came"),
    ):
        with pytest.raises(InputError, match=said):
            refined(pipeline, picture, **settings)
    for form, said in (
        ({"channels": (8, 8)}, "8 × 8 px, but 2 levels of channels lead to 2 × 2"),
        ({"scales": (3,)}, "cells of 24 px at a scale of 3 do not divide tiles.*divide 8"),
    ):
        known: dict[str, Any] = {
            "channels": (8, 8, 8, 8),
            "depth": 1,
            "scales": (2,),
            "code_dim": 8,
            "cell": 8,
            "gain": 8.0,
        }
        with pytest.raises(ConfigError, match=said):
            new_refiner(**{**known, **form})
