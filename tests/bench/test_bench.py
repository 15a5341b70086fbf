"""The bench measures what it says: pairs in turn, the same weights on both sides, every name a figure."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from anyvl import bench
from anyvl.bench import gpu, pixels, refining, subjects, transformers_peer
from anyvl.bench.timing import Figure, plain, ratio
from anyvl.cli import main
from anyvl.errors import UnknownNameError
from anyvl.generation import DecoderStepper, generate
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.sampling import Sampling


def test_a_ratio_is_theirs_over_ours_in_turns():
    order = []
    figure = ratio(
        "sleep",
        lambda: (order.append("ours"), time.sleep(0.02)),
        lambda: (order.append("theirs"), time.sleep(0.08)),
        rounds=3,
    )
    assert order == ["ours", "theirs"] * 4  # the first pair warms up
    assert 2 < figure.low <= figure.value <= figure.high < 6 and figure.unit == "x"


def test_figures_are_written_as_they_come(tmp_path, monkeypatch, capsys):
    made = {
        "one": lambda rounds: [plain("first", rounds, "ms", "a note")],
        "two": lambda rounds: [plain("second", 2.5, "x")],
    }
    monkeypatch.setattr(bench, "BENCHES", made)
    for name in ("speed.json", "speed.md"):
        assert main(["bench", "--rounds", "4", "-o", str(tmp_path / name)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["first: 4 ms (a note)", "second: 2.5 x"]
    written = json.loads((tmp_path / "speed.json").read_text())
    assert written["figures"][0] == vars(Figure(name="first", value=4, unit="ms", low=4, high=4, note="a note"))
    assert written["machine"]["torch"] == torch.__version__
    assert "| second | 2.5 x |  |  |" in (tmp_path / "speed.md").read_text()
    assert main(["bench", "--name", "three"]) == 2
    with pytest.raises(UnknownNameError, match=r"\.json"):
        bench.run(output=tmp_path / "speed.txt")


@pytest.fixture
def tiny(monkeypatch):
    """A decoder of the subjects' vocabulary, small enough for a test."""
    shape = dict(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1
    )
    monkeypatch.setitem(subjects.SHAPES, "tiny", shape)
    return subjects.random_decoder("tiny", torch.float32)


def test_all_peers_paint_with_the_same_weights(tiny):
    model = transformers_peer.as_qwen3(tiny)
    ids = torch.randint(0, 1000, (1, 9))
    with torch.inference_mode():
        assert (model(ids).logits - tiny(ids)).abs().max() < 1e-4
    span, small = subjects.VOCABULARY.image, subjects.Subject(codes=4)
    assert transformers_peer.as_called(model, small)().shape == (1, len(small.own) + 4)
    for settings in ({}, {"static": True}):
        codes = transformers_peer.stacked_loop(model, small, **settings)()
        assert len(codes) == 4 and all(int(code) in span for code in codes)
    assert len(transformers_peer.without_cache(model, small)()) == 4
    requests = subjects.picture_requests(2, small)
    for result, request in zip(generate(DecoderStepper(tiny), requests), requests, strict=True):
        assert sum(id in span for id in result.ids) == 4 and request.grammar.accepts(result.ids)


def test_an_edit_of_a_fifth_paints_a_fifth(tiny):
    request = subjects.picture_requests(1, subjects.Subject(), free=52)[0]
    (result,) = generate(DecoderStepper(tiny), [request], window=1)
    assert request.copy is not None and (request.copy < 0).sum() == 52
    assert sum(log < 0 for log in result.log_probabilities) == 52


def test_the_gpu_bench_runs_on_a_cpu(tiny):
    figures = gpu.on(torch.device("cpu"), ("tiny",), codes=9, rounds=1, dtype=torch.float32)
    assert [figure.unit for figure in figures] == ["x", "ms", "ms", "GB/s", "%", "x"]
    assert all(figure.value > 0 for figure in figures)


def test_the_loops_of_the_peers_agree(tiny):
    # sampling so cold that nothing is left to chance
    cold = subjects.Subject(codes=6, sampling=Sampling(temperature=0.01, top_p=0.01, guidance_scale=2.0))
    with torch.no_grad():
        for weight in tiny.parameters():
            weight.mul_(8 if weight.ndim == 2 else 1)
    model = transformers_peer.as_qwen3(tiny)
    growing, static, again = (
        paint().tolist()
        for paint in (
            transformers_peer.stacked_loop(model, cold),
            transformers_peer.stacked_loop(model, cold, static=True),
            transformers_peer.without_cache(model, cold),
        )
    )
    assert growing == static == again


def test_the_pixel_peers_have_our_weights():
    config = pixels.VQGANConfig(
        channels=pixels._CHANNELS, layers_per_block=2, latent_channels=256, stem=1, norm_num_groups=32
    )
    peer = pixels._diffusers_decoder(config)
    ours = pixels.VQGAN(config).eval()
    ours.decoder.load_state_dict(peer.state_dict())
    codes = torch.randn(1, 256, 4, 6)
    with torch.inference_mode():
        assert (ours.prepare("cpu", torch.float32).decoder(codes) - peer(codes)).abs().max() < 1e-4


def test_shapes_have_their_sizes():
    for size, wanted in (("31M", 31e6), ("94M", 94e6), ("0.6B", 0.6e9), ("1.5B", 1.5e9)):
        head_dim = 128 if size.endswith("B") else 64
        with torch.device("meta"):
            decoder = Decoder(
                DecoderConfig(
                    vocab_size=subjects.VOCABULARY.size,
                    head_dim=head_dim,
                    max_position_embeddings=1024,
                    **subjects.SHAPES[size],
                )
            )
        assert sum(weight.numel() for weight in decoder.parameters()) == pytest.approx(wanted, rel=0.25)


def test_the_command_line_page_names_every_bench():
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    told = page[page.index("`bench` times this machine") :]
    assert all(name in told for name in bench.BENCHES)


def test_a_seam_is_a_step_where_tiles_end():
    assert refining._borders(1024) == [256, 512, 768]
    ramp = np.broadcast_to(np.arange(200.0)[None, :, None], (8, 200, 3)).copy()
    assert refining.steps_at(ramp, [64, 128]) == pytest.approx(1)
    ramp[:, 128:] += 12
    assert refining.steps_at(ramp, [64, 128]) == pytest.approx(7) and refining.steps_at(ramp, [64]) == pytest.approx(1)
