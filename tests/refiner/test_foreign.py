"""Any pipeline of diffusers refines, by the arguments that its call takes; one that cannot says why."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_pipelines import FAMILIES, image_to_image, latent_super_resolution, text_to_image, upscaler

from anyvl.errors import CheckpointError, InputError
from anyvl.refiner import as_refiner, load_pipeline, repaint


@pytest.fixture
def small(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture)


@pytest.mark.parametrize("make", FAMILIES)
def test_pipelines_of_every_family_refine(make: Callable[[], Any], small: Image.Image) -> None:
    pipeline = make()
    steps: list[int] = []
    takes = inspect.signature(pipeline.__call__).parameters

    def told(pipe: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(step)
        return tensors

    def repainted(seed: int, size: tuple[int, int] = (160, 288)) -> np.ndarray:
        prompt = "a fox" if "prompt" in takes else ""
        settings = {"prompt": prompt, "num_inference_steps": 4, "callback_on_step_end": told}
        return np.array(repaint(pipeline, small, size, seed=seed, **settings), np.int64)

    first = repainted(3)
    assert first.shape == (160, 288, 3)
    assert bool(steps) == bool({"callback_on_step_end", "callback"} & set(takes))
    again, other = np.abs(first - repainted(3)), np.abs(first - repainted(4))
    assert again.max() <= 2 < other.max(), "a seed is an image's own, up to what a sum's order changes"
    assert repainted(3, (90, 162)).shape == (90, 162, 3)


def test_a_text_to_image_pipeline_is_turned_into_its_sibling(small: Image.Image) -> None:
    pipeline = text_to_image()
    assert type(as_refiner(pipeline)) is type(image_to_image())
    assert repaint(pipeline, small, (80, 144), prompt="a fox", seed=0, num_inference_steps=2).size == (144, 80)


def test_strength_says_how_much_is_painted_anew(small: Image.Image) -> None:
    torch.manual_seed(0)  # of some random weights one step paints more than ten
    pipeline = image_to_image()
    weak, strong = (
        np.asarray(repaint(pipeline, small, (80, 144), prompt="", seed=0, num_inference_steps=10, strength=s), np.int64)
        for s in (0.1, 1.0)
    )
    with torch.no_grad():
        large = small.resize((144, 80), Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.array(large)).permute(2, 0, 1)[None] / 127.5 - 1
        pixels = torch.nn.functional.pad(pixels, (0, 16, 0, 16), mode="replicate")
        back = pipeline.vae(pixels).sample[0, :, :80, :144].permute(1, 2, 0)
    kept = ((back / 2 + 0.5).clamp(0, 1) * 255).numpy()
    assert np.abs(weak - kept).mean() < np.abs(strong - kept).mean()


def test_what_cannot_refine_says_why(small: Image.Image) -> None:
    class Words:
        def __call__(self, prompt: str) -> None: ...

    class Masked:
        def __call__(self, prompt: str, image: Any = None, mask_image: Any = None) -> None: ...

    class SameSize:
        def __call__(self, image: Any, output_type: str = "pil") -> Any:
            return type("Out", (), {"images": [image]})

    with pytest.raises(InputError, match="Words cannot refine: it takes no picture"):
        as_refiner(Words())
    with pytest.raises(InputError, match=r"Masked cannot refine.*wants mask_image"):
        as_refiner(Masked())

    class Film:
        def __call__(self, image: Any, num_frames: int = 8) -> None: ...

    class Depth:
        def __call__(self, image: Any, output_type: str = "pil") -> Any:
            return type("Out", (), {"prediction": [image]})

    class Variation:
        def __call__(self, image: Any, height: int | None = None, width: int | None = None) -> None: ...

    with pytest.raises(InputError, match="Variation cannot refine: it takes a size but neither strength"):
        as_refiner(Variation())

    class Upscaler:
        def __call__(self, image: Any, height: int | None = None, noise_level: int = 9) -> None: ...

    assert as_refiner(wider := Upscaler()) is wider
    with pytest.raises(InputError, match="not 3"):
        as_refiner(3)
    with pytest.raises(InputError, match=r"Film cannot refine.*wants num_frames"):
        as_refiner(Film())
    with pytest.raises(InputError, match="Depth cannot refine: it gives no pictures"):
        repaint(Depth(), small, (80, 144), prompt="", seed=0)
    with pytest.raises(InputError, match="SameSize does not enlarge"):
        repaint(SameSize(), small, (80, 144), prompt="", seed=0)
    with pytest.raises(InputError, match="has no setting strength"):
        repaint(upscaler(), small, (80, 144), prompt="", seed=0, strength=0.5)
    with pytest.raises(InputError, match="has no setting prompt"):
        repaint(latent_super_resolution(), small, (80, 144), prompt="a fox", seed=0)
    with pytest.raises(InputError, match="at least 1 step, but 0 came"):
        repaint(upscaler(), small, (80, 144), prompt="", seed=0, num_inference_steps=0)
    with pytest.raises(InputError, match=r"at least one.*0\.1 × 5 came"):
        repaint(image_to_image(), small, (80, 144), prompt="", seed=0, strength=0.1, num_inference_steps=5)


def test_pipelines_are_loaded_from_folders(tmp_path: Path, small: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    image_to_image().save_pretrained(tmp_path / "pipeline")
    loaded = load_pipeline(tmp_path / "pipeline", torch.device("cpu"), torch.float32)
    loaded.set_progress_bar_config(disable=True)
    assert repaint(loaded, small, (80, 144), prompt="", seed=0, num_inference_steps=2).size == (144, 80)
    with pytest.raises(CheckpointError, match="diffusers finds no pipeline"):
        load_pipeline(tmp_path, torch.device("cpu"), torch.float32)
    monkeypatch.chdir(tmp_path)
    for nowhere in (tmp_path / "none", str(tmp_path / "none"), "./none", "none", "pipeline/none"):
        with pytest.raises(CheckpointError, match=r"there is no folder .*none"):
            load_pipeline(nowhere, torch.device("cpu"), torch.float32)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    image_to_image().save_pretrained(tmp_path, safe_serialization=False)
    assert list(tmp_path.rglob("*.bin"))
    with pytest.raises(CheckpointError, match="in safetensors"):
        load_pipeline(tmp_path, torch.device("cpu"), torch.float32)
