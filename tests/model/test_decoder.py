"""The decoder is transformers' Qwen3 (or Llama), its cache changes nothing, rows know nothing of their neighbours."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from anyvl.errors import ConfigError
from anyvl.generation import DecoderStepper
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.model.incremental import IncrementalDecoder
from anyvl.model.kv_cache import KVCache

BASE = dict(
    vocab_size=97, hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=16, max_position_embeddings=256,
)  # fmt: skip

SHAPES = {
    "grouped": DecoderConfig(**BASE),
    "one group": DecoderConfig(**{**BASE, "num_key_value_heads": 4}),
    "one key head": DecoderConfig(**{**BASE, "num_key_value_heads": 1}),
    "wide head": DecoderConfig(**{**BASE, "head_dim": 40, "rope_theta": 1e6}),
    "untied": DecoderConfig(**BASE, tie_word_embeddings=False),
    "llama": DecoderConfig(**BASE, qk_norm=False),
    "llama untied": DecoderConfig(**BASE, qk_norm=False, tie_word_embeddings=False),
}


def lively(config: DecoderConfig) -> Decoder:
    """A decoder whose every weight matters: the start leaves norms at one and residual projections small."""
    torch.manual_seed(1)
    decoder = Decoder(config).eval()
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return decoder


def theirs(decoder: Decoder):
    config = decoder.config
    kind, network = (Qwen3Config, Qwen3ForCausalLM) if config.qk_norm else (LlamaConfig, LlamaForCausalLM)
    model = network(kind.from_dict(config.to_json())).eval()
    keys = model.load_state_dict(decoder.state_dict(), strict=False)
    assert not keys.unexpected_keys
    assert keys.missing_keys == (["lm_head.weight"] if config.tie_word_embeddings else [])
    model.tie_weights()
    return model


@pytest.mark.parametrize("name", SHAPES)
@torch.no_grad()
def test_transformers_gives_the_same_logits(name):
    decoder = lively(SHAPES[name])
    model = theirs(decoder)
    ids = torch.randint(97, (2, 75))
    expected = model(ids).logits
    assert expected.std() > 0.3
    assert (decoder(ids) - expected).abs().max() < 1e-4

    network, cache = IncrementalDecoder(decoder), KVCache(decoder.config, 2, 75)
    start = 0
    for width in (9, 1, 1, 5, 1, 48, 1, 9):  # past the first block of the cache
        logits = network.extend(ids[:, start : start + width], torch.tensor([width, width]), cache)
        start += width
        assert (logits[:, 0] - expected[:, start - 1]).abs().max() < 1e-4
    assert cache.lengths.tolist() == [75, 75]


@given(steps=st.lists(st.tuples(*[st.integers(0, 20)] * 3), min_size=1, max_size=8), spare=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_rows_of_any_widths_leave_no_trace_in_each_other(steps, spare):
    decoder = lively(SHAPES["grouped"])
    ids = torch.randint(97, (3, 160))
    expected = decoder(ids)
    network, cache = IncrementalDecoder(decoder), KVCache(decoder.config, 3, 160)
    said = [0, 0, 0]
    for widths in steps:
        chunk = torch.randint(97, (3, max(1, *widths) + spare))  # the padding is noise
        for row, count in enumerate(widths):
            chunk[row, :count] = ids[row, said[row] : said[row] + count]
        logits = network.extend(chunk, torch.tensor(widths), cache)
        said = [old + new for old, new in zip(said, widths, strict=True)]
        assert cache.lengths.tolist() == said
        for row, count in enumerate(widths):
            if count:
                assert (logits[row, 0] - expected[row, said[row] - 1]).abs().max() < 1e-4


@torch.no_grad()
def test_a_row_is_the_same_whatever_the_length_of_its_neighbours():
    decoder = lively(SHAPES["grouped"])
    network = IncrementalDecoder(decoder)
    alone, beside = KVCache(decoder.config, 1, 64), KVCache(decoder.config, 2, 400)
    ids = torch.randint(97, (2, 301))
    short = torch.tensor([[*ids[0, :7].tolist(), *[0] * 293]])
    first = network.extend(short[:, :7], torch.tensor([7]), alone)
    second = network.extend(torch.cat((short, ids[1:, :300])), torch.tensor([7, 300]), beside)
    assert (first[0, 0] - second[0, 0]).abs().max() < 2e-5
    first = network.extend(ids[:1, 300:], torch.tensor([1]), alone)
    second = network.extend(ids[:, 300:], torch.tensor([1, 1]), beside)
    assert (first[0, 0] - second[0, 0]).abs().max() < 2e-5


@torch.no_grad()
def test_packed_sequences_are_as_if_alone():
    decoder = lively(SHAPES["grouped"])
    first, second = torch.randint(97, (1, 11)), torch.randint(97, (1, 6))
    segments = torch.tensor([[1] * 11 + [2] * 6 + [0] * 3])
    positions = torch.tensor([[*range(11), *range(6), *range(3)]])
    mask = (segments[:, :, None] == segments[:, None]) & (positions[:, :, None] >= positions[:, None])
    packed = decoder(torch.cat((first, second, torch.zeros(1, 3, dtype=torch.int64)), 1), positions, mask)
    assert (packed[:, :11] - decoder(first)).abs().max() < 1e-5
    assert (packed[:, 11:17] - decoder(second)).abs().max() < 1e-5


def test_packed_rows_train_under_bf16_autocast():
    decoder = lively(SHAPES["grouped"])
    ids = torch.randint(97, (2, 12))
    mask = torch.ones(12, 12, dtype=torch.bool).tril().expand(2, 12, 12)
    gradients = []
    for enabled in (False, True):
        decoder.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            logits = decoder(ids, None, mask)[:, :-1].flatten(0, 1).float()
        loss = torch.nn.functional.cross_entropy(logits, ids[:, 1:].flatten())
        loss.backward()
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in decoder.parameters()]))
    assert all(parameter.grad is not None for parameter in decoder.parameters())
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.99


def test_positions_stay_exact_in_a_bf16_decoder():
    decoder = Decoder(SHAPES["grouped"]).to(torch.bfloat16)
    assert decoder.frequencies.dtype == torch.float32
    assert torch.equal(decoder.frequencies, Decoder(SHAPES["grouped"]).frequencies)


def test_weights_start_as_in_gpt():
    torch.manual_seed(0)
    decoder = Decoder(DecoderConfig(**{**BASE, "num_hidden_layers": 8, "hidden_size": 256, "intermediate_size": 512}))
    deviations = {name: parameter.std().item() for name, parameter in decoder.named_parameters() if parameter.ndim == 2}
    for name, deviation in deviations.items():
        wanted = 0.005 if "o_proj" in name or "down_proj" in name else 0.02
        assert deviation == pytest.approx(wanted, rel=0.05), name


@pytest.mark.parametrize("config", SHAPES.values(), ids=list(SHAPES))
def test_config_survives_json(config):
    assert DecoderConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    "wrong", [{"num_key_value_heads": 3}, {"head_dim": 15}, {"vocab_size": 0}, {"num_hidden_layers": -1}]
)
def test_impossible_shapes_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        DecoderConfig(**{**BASE, **wrong})


@torch.no_grad()
def test_logits_of_the_last_ids_and_of_a_span_are_those_of_all():
    decoder = lively(SHAPES["grouped"])
    network, ids, widths = IncrementalDecoder(decoder), torch.randint(97, (2, 9)), torch.tensor([9, 5])
    expected = decoder(ids)
    logits = network.extend(ids, widths, KVCache(decoder.config, 2, 20), last=3, span=(30, 64))
    assert logits.shape == (2, 3, 34)
    assert (logits[0] - expected[0, 6:9, 30:64]).abs().max() < 1e-4
    assert (logits[1] - expected[1, 2:5, 30:64]).abs().max() < 1e-4


@torch.no_grad()
def test_a_cache_forgets_and_is_spread():
    decoder = lively(SHAPES["one key head"])
    network, ids = IncrementalDecoder(decoder), torch.randint(97, (2, 30))
    expected = decoder(ids)
    cache = KVCache(decoder.config, 2, 40)
    network.extend(torch.cat((ids[:, :8], torch.randint(97, (2, 6))), 1), torch.tensor([14, 12]), cache)
    cache.rewind(torch.tensor([6, 4]))  # the wrong ends
    rows = torch.tensor([1, 0, 1])
    spread = cache.spread(rows)
    logits = network.extend(ids[rows, 8:11], torch.tensor([3, 3, 3]), spread)
    assert (logits[:, 0] - expected[rows, 10]).abs().max() < 1e-4
    assert cache.lengths.tolist() == [8, 8] and spread.lengths.tolist() == [11] * 3
    logits = network.extend(ids[:, 8:30], torch.tensor([22, 1]), cache)  # and the rows it came from go their own way
    assert (logits[0, 0] - expected[0, 29]).abs().max() < 1e-4
    assert (logits[1, 0] - expected[1, 8]).abs().max() < 1e-4


@torch.no_grad()
def test_weights_that_changed_are_packed_anew():
    decoder = lively(SHAPES["untied"])
    stepper, ids = DecoderStepper(decoder), torch.randint(97, (1, 6))
    for written_past_torch in (False, False, True):
        weight = decoder.model.layers[1].mlp.up_proj.weight
        if written_past_torch:
            weight.data *= 3.0
            stepper.repack()
        else:
            weight.mul_(3.0)
        logits = stepper.extend(ids, torch.tensor([6]), stepper.new_cache(1, 8))
        assert (logits[:, 0] - decoder(ids)[:, -1]).abs().max() < 1e-4


@pytest.mark.parametrize("int8", [False, True])
@torch.no_grad()
def test_fewer_bits_are_near(int8):
    decoder = lively(SHAPES["grouped"]).to(torch.bfloat16)
    stepper, ids = DecoderStepper(decoder, int8=int8), torch.randint(97, (2, 20))
    logits = stepper.extend(ids, torch.tensor([20, 20]), stepper.new_cache(2, 24))[:, 0].float()
    exact = lively(SHAPES["grouped"])(ids)[:, -1]
    assert (logits - exact).std() < (0.2 if int8 else 0.1) * exact.std()


def test_a_decoder_made_for_inference_alone_can_be_run():
    with torch.inference_mode():
        decoder = lively(SHAPES["grouped"])
        stepper = DecoderStepper(decoder)
    assert stepper.extend(torch.randint(97, (1, 4)), torch.tensor([4]), stepper.new_cache(1, 8)).shape == (1, 1, 97)
