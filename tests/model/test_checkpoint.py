"""A saved decoder comes back bit for bit, loads in transformers as it is, and says in a sentence what is wrong."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM

from anyvl.errors import CheckpointError
from anyvl.model import checkpoint
from anyvl.model.checkpoint import load_decoder, load_tensors, save_decoder, save_tensors
from anyvl.model.decoder import Decoder, DecoderConfig

BASE = dict(
    vocab_size=61, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, max_position_embeddings=64,
)  # fmt: skip
KINDS = [(qk_norm, tied) for qk_norm in (True, False) for tied in (True, False)]


@pytest.mark.parametrize("qk_norm, tied", KINDS)
@torch.no_grad()
def test_transformers_loads_the_folder_as_it_is(tmp_path, qk_norm, tied):
    decoder = Decoder(DecoderConfig(**BASE, qk_norm=qk_norm, tie_word_embeddings=tied, rope_theta=5000.0))
    save_decoder(decoder, tmp_path, torch.float32)
    model, report = AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True, dtype=torch.float32)
    assert type(model).__name__ == ("Qwen3ForCausalLM" if qk_norm else "LlamaForCausalLM")
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    ids = torch.randint(61, (1, 20))
    assert (model.eval()(ids).logits - decoder(ids)).abs().max() < 1e-5


@pytest.mark.parametrize("qk_norm, tied", KINDS)
@torch.no_grad()
def test_what_transformers_saves_loads_here(tmp_path, qk_norm, tied):
    decoder = Decoder(DecoderConfig(**BASE, qk_norm=qk_norm, tie_word_embeddings=tied, rope_theta=5000.0))
    save_decoder(decoder, tmp_path / "ours", torch.float32)
    AutoModelForCausalLM.from_pretrained(tmp_path / "ours").save_pretrained(tmp_path / "theirs")
    again = load_decoder(tmp_path / "theirs")
    assert again.config == decoder.config
    ids = torch.randint(61, (1, 20))
    assert torch.equal(again(ids), decoder(ids))


@torch.no_grad()
def test_shards_load_here_and_in_transformers(tmp_path):
    decoder = Decoder(DecoderConfig(**BASE))
    save_decoder(decoder, tmp_path, torch.float32, shard_bytes=8000)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) > 2 and all(file.stat().st_size < 8000 + 2000 for file in files)
    ids = torch.randint(61, (1, 20))
    assert torch.equal(load_decoder(tmp_path)(ids), decoder(ids))
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert (theirs(ids).logits - decoder(ids)).abs().max() < 1e-5
    with pytest.raises(CheckpointError, match="alone has"):
        save_decoder(decoder, tmp_path, torch.float32, shard_bytes=100)


@torch.no_grad()
def test_transformers_reads_8_bits_where_compressed_tensors_is_installed(tmp_path):
    decoder = Decoder(DecoderConfig(**{**BASE, "hidden_size": 64, "intermediate_size": 176}))
    save_decoder(decoder, tmp_path, torch.int8)
    theirs, report = AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True, dtype=torch.float32)
    assert not any(report.values())
    ids = torch.randint(61, (1, 20))
    ours = load_decoder(tmp_path)(ids)
    # It multiplies the matrices out in bf16.
    assert (theirs.eval()(ids).logits - ours).abs().max() < 0.02 * ours.abs().max()


@torch.no_grad()
def test_8_bits_are_half_as_large_as_16_and_nearly_the_same(tmp_path):
    torch.manual_seed(1)
    decoder = Decoder(DecoderConfig(**{**BASE, "hidden_size": 64, "intermediate_size": 176}))
    save_decoder(decoder, tmp_path / "whole", torch.bfloat16)
    save_decoder(decoder, tmp_path, torch.int8)
    size, whole = (sum(p.stat().st_size for p in (tmp_path / f).glob("*.safetensors")) for f in (".", "whole"))
    assert size < 0.62 * whole
    again = load_decoder(tmp_path)
    for name, weight in decoder.state_dict().items():
        most = weight.abs().amax(-1, keepdim=True)
        assert ((again.state_dict()[name] - weight).abs() <= most / 127 * 0.6).all(), name
    # A second time nothing is lost: what is stored is what is read.
    save_decoder(again, tmp_path / "again", torch.int8)
    twice = load_decoder(tmp_path / "again").state_dict()
    assert all(torch.equal(weight, twice[name]) for name, weight in again.state_dict().items())
    save_decoder(again, tmp_path / "plain", torch.float32)
    assert "quantization_config" not in json.loads((tmp_path / "plain" / "config.json").read_text())
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "plain", dtype=torch.float32).eval()
    ids = torch.randint(61, (1, 20))
    assert (theirs(ids).logits - again(ids)).abs().max() < 1e-5


def test_a_scale_without_its_matrix_is_said(tmp_path):
    save_decoder(Decoder(DecoderConfig(**BASE)), tmp_path, torch.int8)
    tensors = load_tensors(tmp_path / "model.safetensors")
    scale = next(name for name in tensors if name.endswith("_scale"))
    tensors[scale.removesuffix("_scale")] = tensors[scale.removesuffix("_scale")].float()
    save_tensors(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="no int8 matrix"):
        load_decoder(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_round_trip(tmp_path, dtype):
    decoder = Decoder(DecoderConfig(**BASE)).to(dtype)
    save_decoder(decoder, tmp_path, dtype)
    again = load_decoder(tmp_path, dtype=dtype)
    assert again.config == decoder.config and not again.training
    assert again.state_dict().keys() == decoder.state_dict().keys()
    for name, tensor in decoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    assert torch.equal(again.frequencies, decoder.frequencies) and again.frequencies.dtype == torch.float32


def test_what_is_written_last_is_read(tmp_path):
    first, second, third = (Decoder(DecoderConfig(**BASE)) for _ in range(3))
    save_decoder(first, tmp_path, torch.float32, shard_bytes=8000)
    save_decoder(second, tmp_path, torch.float32)
    assert [path.name for path in tmp_path.glob("*.safetensors*")] == ["model.safetensors"]
    assert torch.equal(load_decoder(tmp_path).head, second.head)
    save_decoder(third, tmp_path, torch.float32, shard_bytes=16000)
    assert not (tmp_path / "model.safetensors").exists()
    assert torch.equal(load_decoder(tmp_path).head, third.head)


def test_the_usual_file_is_bf16(tmp_path):
    save_decoder(Decoder(DecoderConfig(**BASE)), tmp_path)
    assert {tensor.dtype for tensor in load_tensors(tmp_path / "model.safetensors").values()} == {torch.bfloat16}
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    assert load_decoder(tmp_path).model.norm.weight.dtype == torch.float32


@pytest.fixture
def folder(tmp_path):
    save_decoder(Decoder(DecoderConfig(**BASE)), tmp_path)
    return tmp_path


def change(folder, edit):
    tensors = load_tensors(folder / "model.safetensors")
    edit(tensors)
    save_tensors(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    "edit, message",
    [
        (lambda tensors: tensors.pop("model.norm.weight"), "model.norm.weight is missing"),
        (lambda tensors: tensors.update(extra=torch.zeros(3)), "extra is unexpected"),
        (lambda tensors: tensors.update({"model.norm.weight": torch.zeros(25)}), r"\(25,\) where \(24,\) is expected"),
    ],
)
def test_wrong_tensors_are_named(folder, edit, message):
    change(folder, edit)
    with pytest.raises(CheckpointError, match=message):
        load_decoder(folder)


def test_missing_and_damaged_files_are_named(folder, tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        load_decoder(tmp_path / "nowhere")
    (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0 not it")
    with pytest.raises(CheckpointError, match="damaged"):
        load_decoder(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        load_decoder(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        load_decoder(folder)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load_decoder(folder)


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"model_type": "gpt2"}, "gpt2"),
        ({"attention_bias": True}, "attention_bias"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "yarn"),
        ({"hidden_act": "gelu"}, "gelu"),
    ],
)
def test_networks_of_another_kind_are_refused(folder, fields, message):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    with pytest.raises(CheckpointError, match=message):
        load_decoder(folder)


def test_an_incomplete_config_names_what_is_missing(folder):
    path = folder / "config.json"
    fields = json.loads(path.read_text())
    del fields["intermediate_size"]
    path.write_text(json.dumps(fields))
    with pytest.raises(CheckpointError, match="intermediate_size"):
        load_decoder(folder)


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(OSError, match="no space"):
        save_tensors({"a": torch.zeros(2)}, folder / "model.safetensors")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
