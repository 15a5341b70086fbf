"""One decoder over ids of every modality: a Qwen3 (RMSNorm, rotary positions, grouped queries, SwiGLU), named as there.

It sees integers only. It takes rows packed with several sequences, for training; generation runs the same weights chunk by
chunk (`anyvl.model.incremental`). The folder that `anyvl.model.checkpoint` writes is a plain `Qwen3ForCausalLM` of
transformers, and parity with it is a test.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from anyvl.errors import CheckpointError, ConfigError
from anyvl.model.blocked_attention import blocked_attention

_INIT_STD = 0.02


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """The shape of a decoder, in the words of transformers' Qwen3Config.

    `qk_norm` normalises queries and keys in every head, which mixed-modal training needs to stay calm (Dehghani et al.
    2023, arXiv:2302.05442; Chameleon, arXiv:2405.09818); without it the layout is Llama's.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6
    qk_norm: bool = True
    tie_word_embeddings: bool = True

    def __post_init__(self) -> None:
        for name in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                     "num_key_value_heads", "head_dim", "max_position_embeddings"):  # fmt: skip
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} of a decoder is at least 1, but {getattr(self, name)} came")
        if self.num_attention_heads % self.num_key_value_heads:
            raise ConfigError(
                f"num_attention_heads ({self.num_attention_heads}) is a multiple of num_key_value_heads, "
                f"but {self.num_key_value_heads} came"
            )
        if self.head_dim % 2:
            raise ConfigError(f"head_dim is even (rotary positions turn pairs of numbers), but {self.head_dim} came")

    def to_json(self) -> dict[str, Any]:
        """The config.json of the same network in transformers (4 and 5 read it), with everything written out."""
        family, name = ("qwen3", "Qwen3ForCausalLM") if self.qk_norm else ("llama", "LlamaForCausalLM")
        fields = {key: value for key, value in dataclasses.asdict(self).items() if key != "qk_norm"}
        return {
            "architectures": [name],
            "model_type": family,
            **fields,
            "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_theta},
            "hidden_act": "silu",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "initializer_range": _INIT_STD,
            "use_cache": True,
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "DecoderConfig":
        """Read a config.json of a Qwen3 or a Llama; CheckpointError says what in it this decoder cannot do."""
        family = fields.get("model_type")
        if family not in ("qwen3", "llama"):
            raise CheckpointError(f"a decoder is of model_type 'qwen3' or 'llama', but config.json says {family!r}")
        # transformers 4 wrote rope_theta and rope_scaling side by side, transformers 5 writes rope_parameters.
        rope = fields.get("rope_parameters") or {**(fields.get("rope_scaling") or {})}
        theta = rope.get("rope_theta", fields.get("rope_theta", cls.rope_theta))
        wrong = [
            f"{key}={value!r}"
            for key, value, wanted in (
                ("rope_type", rope.get("rope_type", rope.get("type", "default")), "default"),
                ("hidden_act", fields.get("hidden_act", "silu"), "silu"),
                ("attention_bias", fields.get("attention_bias", False), False),
                ("mlp_bias", fields.get("mlp_bias", False), False),
                ("use_sliding_window", fields.get("use_sliding_window", False), False),
            )
            if value != wanted
        ]
        if wrong:
            raise CheckpointError(f"config.json asks for {', '.join(wrong)}, which this decoder does not have")
        values = {
            field.name: fields[field.name]
            for field in dataclasses.fields(cls)
            if field.name in fields and field.name not in ("qk_norm", "rope_theta")
        }
        if "num_attention_heads" in values:  # older Llama files leave these two out
            values.setdefault("num_key_value_heads", values["num_attention_heads"])
            if values.get("head_dim") is None and "hidden_size" in values:
                values["head_dim"] = values["hidden_size"] // values["num_attention_heads"]
        values.setdefault("tie_word_embeddings", False)  # transformers' default when the key is missing
        try:
            return cls(**values, rope_theta=float(theta), qk_norm=family == "qwen3")
        except TypeError as error:
            raise CheckpointError(f"config.json of the decoder is incomplete: {error}") from error


class RMSNorm(nn.Module):
    """Scale to root mean square 1, then by a learned weight (Zhang & Sennrich 2019, arXiv:1910.07467)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Float[Tensor, "... size"]) -> Float[Tensor, "... size"]:
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


Rotation = tuple[Float[Tensor, "#batch token 1 head_dim"], Float[Tensor, "#batch token 1 head_dim"]]


def rotate(
    x: Float[Tensor, "batch token head head_dim"], rotation: Rotation
) -> Float[Tensor, "batch token head head_dim"]:
    """Turn every pair (x[i], x[i + head_dim / 2]) by its angle (RoPE, Su et al. 2021, arXiv:2104.09864)."""
    cos, signed_sin = rotation
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, -1), signed_sin)


class Attention(nn.Module):
    """Attention where a group of query heads shares keys and values (GQA, Ainslie et al. 2023, arXiv:2305.13245)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        size, head_dim = config.hidden_size, config.head_dim
        self.head_dim, self.groups = head_dim, config.num_attention_heads // config.num_key_value_heads
        self.q_proj = nn.Linear(size, config.num_attention_heads * head_dim, bias=False)
        self.k_proj = nn.Linear(size, config.num_key_value_heads * head_dim, bias=False)
        self.v_proj = nn.Linear(size, config.num_key_value_heads * head_dim, bias=False)
        self.o_proj = nn.Linear(config.num_attention_heads * head_dim, size, bias=False)
        if config.qk_norm:
            self.q_norm: nn.Module = RMSNorm(head_dim, config.rms_norm_eps)
            self.k_norm: nn.Module = RMSNorm(head_dim, config.rms_norm_eps)
        else:
            self.q_norm = self.k_norm = nn.Identity()

    def forward(
        self, x: Float[Tensor, "batch token size"], rotation: Rotation, mask: Tensor | None
    ) -> Float[Tensor, "batch token size"]:
        """Attention inside a sequence; mask is broadcastable to (batch, head, token, token), None for causal."""
        queries, keys, values = (
            projection(x).unflatten(-1, (-1, self.head_dim)) for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        queries, keys = rotate(self.q_norm(queries), rotation), rotate(self.k_norm(keys), rotation)
        queries, keys, values = (heads.transpose(1, 2) for heads in (queries, keys, values))
        if queries.device.type == "cpu" and torch.is_grad_enabled():
            keys, values = (heads.repeat_interleave(self.groups, dim=1) for heads in (keys, values))
            mixed = blocked_attention(queries, keys, values, mask)
        else:
            mixed = F.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, is_causal=mask is None, enable_gqa=self.groups > 1
            )
        return self.o_proj(mixed.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """A gated feed-forward layer (SwiGLU, Shazeer 2020, arXiv:2002.05202)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Float[Tensor, "batch token size"]) -> Float[Tensor, "batch token size"]:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Attention, then feed-forward, each added to what came in."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = FeedForward(config)

    def forward(
        self, x: Float[Tensor, "batch token size"], rotation: Rotation, mask: Tensor | None
    ) -> Float[Tensor, "batch token size"]:
        x = x + self.self_attn(self.input_layernorm(x), rotation, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    """What transformers calls `model`: everything but the head. Its parts are run by `Decoder`."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Decoder(nn.Module):
    """Ids in, logits of the next id out.

    Weights start as in GPT-2: normal with deviation 0.02, the two projections that write to the residual stream smaller
    by sqrt(2 * layers), so that the stream starts as wide however deep the decoder is.
    """

    frequencies: Tensor

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Body(config)
        self.lm_head = (
            None if config.tie_word_embeddings else nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        )
        # Always fp32, also in a bf16 decoder: positions are exact there (see `_apply`).
        self.register_buffer("frequencies", self._frequencies(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                std = _INIT_STD / (2 * config.num_hidden_layers) ** 0.5 if residual else _INIT_STD
                nn.init.normal_(parameter, std=std)

    def _frequencies(self) -> Float[Tensor, " half"]:
        exponents = torch.arange(0, self.config.head_dim, 2, dtype=torch.float32) / self.config.head_dim
        return 1.0 / self.config.rope_theta**exponents

    def _apply(self, fn: Any, recurse: bool = True) -> "Decoder":
        super()._apply(fn, recurse)
        self.frequencies = self._frequencies().to(self.frequencies.device)
        return self

    def rotation(self, positions: Int[Tensor, "#batch token"]) -> Rotation:
        """Cosines and signed sines of the angle of every number of a head, at each position, in the dtype of the weights."""
        angles = positions[..., None, None] * self.frequencies
        cos, sin = angles.cos(), angles.sin()
        dtype = self.model.norm.weight.dtype
        return torch.cat((cos, cos), -1).to(dtype), torch.cat((-sin, sin), -1).to(dtype)

    def hidden(
        self,
        ids: Int[Tensor, "batch token"],
        positions: Int[Tensor, "#batch token"] | None = None,
        mask: Bool[Tensor, "batch token token"] | None = None,
    ) -> Float[Tensor, "batch token size"]:
        """The last hidden states, normed, of whole sequences.

        `positions` run from 0 unless given. `mask[b, i, j]` lets token i of row b see token j; None is causal. Rows
        packed with several sequences give positions that restart and a block-diagonal causal mask. Each token must see
        at least one.
        """
        if positions is None:
            positions = torch.arange(ids.shape[1], device=ids.device)[None]
        rotation = self.rotation(positions)
        x = self.model.embed_tokens(ids)
        heads_mask = None if mask is None else mask[:, None]
        for layer in self.model.layers:
            x = layer(x, rotation, heads_mask)
        return self.model.norm(x)

    @property
    def head(self) -> Float[Tensor, "vocab size"]:
        """What turns hidden states into logits; the embedding itself when the two are tied."""
        return self.model.embed_tokens.weight if self.lm_head is None else self.lm_head.weight

    def logits(self, hidden: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch vocab"]:
        """Logits of the next id at every hidden state, natural-log scale, unnormalised."""
        return F.linear(hidden, self.head)

    def forward(
        self,
        ids: Int[Tensor, "batch token"],
        positions: Int[Tensor, "#batch token"] | None = None,
        mask: Bool[Tensor, "batch token token"] | None = None,
    ) -> Float[Tensor, "batch token vocab"]:
        """`logits(hidden(...))`: logits of the id after every token."""
        return self.logits(self.hidden(ids, positions, mask))
