"""The refiner's own pipeline on random weights: sizes, seeds, schedulers, tiles, previews, and its folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler

from anyvl.errors import InputError
from anyvl.refiner import AnyVLRefinerPipeline, conditions, enlarged, new_refiner, residual, scheduler_named
from anyvl.refiner.conditioning import from_patches, to_patches


@pytest.fixture(scope="module")
def pipeline() -> AnyVLRefinerPipeline:
    torch.manual_seed(0)
    made = new_refiner(channels=(16, 16, 24), layers_per_block=1, patch=4, gain=8.0, scales=(2, 4), code_dim=8)
    made.unet.eval()
    made.set_progress_bar_config(disable=True)
    return made


def refined(pipeline: AnyVLRefinerPipeline, picture: np.ndarray, **settings: Any) -> np.ndarray:
    generator = torch.Generator().manual_seed(settings.pop("seed", 3))
    return pipeline(picture[None] / 255, generator=generator, output_type="np", **settings).images[0]


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("crop", [(40, 72), (37, 50), (9, 11)])
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
        generator=[torch.Generator().manual_seed(seed) for seed in (5, 6)],
        output_type="np",
    ).images
    for found, seen, seed in zip(both, (picture, picture[::-1]), (5, 6), strict=True):
        np.testing.assert_allclose(found, refined(pipeline, seen, seed=seed), atol=1e-4)


@pytest.mark.parametrize(
    "name", ["FlowMatchHeunDiscreteScheduler", "UniPCMultistepScheduler", "DPMSolverMultistepScheduler"]
)
def test_schedulers_agree_on_where_the_flow_leads(
    pipeline: AnyVLRefinerPipeline, picture: np.ndarray, name: str
) -> None:
    known = refined(pipeline, picture, num_inference_steps=30)
    other = AnyVLRefinerPipeline(pipeline.unet, scheduler_named(name, pipeline.scheduler))
    other.set_progress_bar_config(disable=True)
    found = refined(other, picture, num_inference_steps=30)
    assert np.abs(found - known).mean() < 0.02 < np.abs(found - refined(pipeline, picture, num_inference_steps=1)).max()


def test_a_perfect_network_paints_the_truth(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    """One that says noise minus the true residual leads to the true picture, in one step or several."""
    picture = picture[:32, :64]
    truth = torch.rand(1, 3, 128, 256, generator=torch.Generator().manual_seed(1)) * 2 - 1
    small = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    goal = residual(truth, enlarged(small, 4), 4, pipeline.config.gain)

    class Perfect(AnyVLRefinerPipeline):
        def velocity(self, noisy: Any, seen: Any, sigma: Any, scale: int) -> Any:
            return (noisy - goal) / sigma[:, None, None, None]

    perfect = Perfect(pipeline.unet, FlowMatchEulerDiscreteScheduler())
    perfect.set_progress_bar_config(disable=True)
    for steps in (1, 3):
        found = refined(perfect, picture, num_inference_steps=steps)
        expected = (truth[0].permute(1, 2, 0) / 2 + 0.5).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_tiles_change_little_and_previews_lead_to_the_end(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    previews: list[torch.Tensor] = []
    whole = refined(pipeline, picture, callback_on_step_end=lambda *told: previews.append(told[3]["preview"]))
    tiled = refined(pipeline, picture, tile=96, overlap=32)
    assert whole.shape == tiled.shape
    moved = np.abs(whole - refined(pipeline, picture, seed=4)).mean()
    assert np.abs(whole - tiled).mean() < 0.3 * moved
    assert len(previews) == 4
    np.testing.assert_allclose(previews[-1][0].permute(1, 2, 0).numpy(), whole, atol=1e-5)


def test_a_saved_pipeline_is_the_same(pipeline: AnyVLRefinerPipeline, picture: np.ndarray, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path)
    own = AnyVLRefinerPipeline.from_pretrained(tmp_path)
    plain = DiffusionPipeline.from_pretrained(tmp_path, custom_pipeline=str(tmp_path), trust_remote_code=True)
    for other in (own, plain):
        assert isinstance(other, AnyVLRefinerPipeline)
        other.set_progress_bar_config(disable=True)
        assert np.array_equal(refined(other, picture), refined(pipeline, picture))


def test_patches_and_planes() -> None:
    picture = torch.arange(2 * 3 * 8 * 12.0).reshape(2, 3, 8, 12)
    patches = to_patches(picture, 4)
    assert patches.shape == (2, 48, 2, 3)
    assert torch.equal(patches[1, :, 1, 2], picture[1, :, 4:8, 8:12].reshape(48))
    assert torch.equal(from_patches(patches, 4), picture)
    vectors = torch.tensor([[[[1.0, 2.0, 3.0]]]]).expand(2, 5, 1, 3)
    seen = conditions(picture, vectors, 4, 5)
    assert seen.shape == (2, 53, 2, 3) and torch.equal(seen[0, 50, :, 1], torch.tensor([2.0, 2.0]))
    assert (conditions(picture, None, 4, 5)[:, 48:] == 0).all()


def test_mistakes_teach(pipeline: AnyVLRefinerPipeline, picture: np.ndarray) -> None:
    for settings, said in (
        ({"scale": 3}, "2 or 4 times, not 3"),
        ({"num_inference_steps": 0}, "at least 1 step"),
        ({"tile": 100}, "multiples of 16 px.*100 and 64 came"),
    ):
        with pytest.raises(InputError, match=said):
            refined(pipeline, picture, **settings)
