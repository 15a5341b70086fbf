"""The decoder as generation runs it: chunk after chunk onto a cache, its weights packed for few rows at a time.

The same network as `Decoder`, whose weights it copies: queries, keys and values are one product, what follows a product is
done with it, logits are made for the ids that are asked for alone.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.model.decoder import Attention, Decoder, FeedForward, Layer, rotate
from anyvl.model.kv_cache import KVCache
from anyvl.model.packed_linear import PackedLinear, packed

Span = tuple[int, int]
"""Ids from the first up to, without, the second."""


@dataclass(frozen=True, kw_only=True)
class _PackedLayer:
    before_attention: Float[Tensor, " size"]
    before_feed_forward: Float[Tensor, " size"]
    qkv: PackedLinear
    of_heads: Float[Tensor, "head dim"] | None  # scales of normed queries and keys
    out: PackedLinear
    gate: PackedLinear
    up: PackedLinear
    down: PackedLinear


class IncrementalDecoder:
    """A decoder that continues rows of ids, with the weights it had when this was made (`is_stale`)."""

    def __init__(self, decoder: Decoder, int8: bool = False) -> None:
        self.config = config = decoder.config
        self.int8 = int8
        self._decoder = decoder
        self._groups = config.num_attention_heads // config.num_key_value_heads
        self._made_of = _versions(decoder)
        self._layers = [self._pack(layer) for layer in decoder.model.layers]
        self._before_head = _for_lengths(decoder.model.norm.weight)
        self._heads: dict[Span, PackedLinear] = {}
        device = decoder.head.device
        self._least = {
            size: torch.tensor(config.rms_norm_eps * size, device=device)
            for size in (config.hidden_size, config.head_dim)
        }

    @property
    def is_stale(self) -> bool:
        """Whether the decoder's weights are no longer those that were packed."""
        return _versions(self._decoder) != self._made_of

    def _pack(self, layer: torch.nn.Module) -> _PackedLayer:
        assert isinstance(layer, Layer)
        attention, feed_forward, config = layer.self_attn, layer.mlp, self.config
        assert isinstance(attention, Attention) and isinstance(feed_forward, FeedForward)
        of_heads = None
        if config.qk_norm:
            counts = (config.num_attention_heads, config.num_key_value_heads)
            norms = (attention.q_norm.weight, attention.k_norm.weight)
            scales = [_for_lengths(norm).expand(n, -1) for norm, n in zip(norms, counts, strict=True)]  # type: ignore[arg-type]
            of_heads = torch.cat(scales)
        return _PackedLayer(
            before_attention=_for_lengths(layer.input_layernorm.weight),
            before_feed_forward=_for_lengths(layer.post_attention_layernorm.weight),
            qkv=packed(attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight, int8=self.int8),
            of_heads=of_heads,
            out=packed(attention.o_proj.weight, int8=self.int8),
            gate=packed(feed_forward.gate_proj.weight, int8=self.int8),
            up=packed(feed_forward.up_proj.weight, int8=self.int8),
            down=packed(feed_forward.down_proj.weight, int8=self.int8),
        )

    @torch.inference_mode()
    def extend(
        self,
        ids: Int[Tensor, "batch width"],
        widths: Int[Tensor, " batch"],
        cache: KVCache,
        *,
        last: int = 1,
        span: Span | None = None,
    ) -> Float[Tensor, "batch last ids"]:
        """Continue row b by ids[b, :widths[b]] and give the logits after each of its `last` last ones, of the ids in `span`.

        Ids past a row's width are padding and leave no trace; a row of width 0 keeps its cache. Logits before a row's first
        new id mean nothing. Ids [[5, 6, 7], [8, 0, 0]] with widths [3, 1] append 5 6 7 to the first row and 8 to the second;
        with last=2 they give the logits after 6 and 7 and, of the second row, after nothing and 8.
        """
        config, decoder = self.config, self._decoder
        positions, mask = cache.open(widths, ids.shape[1])
        rotation = decoder.rotation(positions)
        x = decoder.model.embed_tokens(ids)
        # Attention sums in another way for less than four rows: with fewer bits than fp32 that would show in what is drawn.
        rows = self._groups * ids.shape[1]
        times = 1 if x.dtype == torch.float32 else -(-4 // rows)
        seen = repeat(torch.where(mask, 0.0, -torch.inf).to(x.dtype), "b t s -> b 1 (n g t) s", g=self._groups, n=times)
        turned = config.num_attention_heads + config.num_key_value_heads
        for number, layer in enumerate(self._layers):
            heads = layer.qkv(self._normed(x, layer.before_attention)).unflatten(-1, (-1, config.head_dim))
            to_turn = heads[:, :, :turned]
            if layer.of_heads is not None:
                to_turn = self._normed(to_turn, layer.of_heads)
            queries, new_keys = rotate(to_turn, rotation).split(
                (config.num_attention_heads, config.num_key_value_heads), 2
            )
            keys, values = cache.append(number, new_keys, heads[:, :, turned:])
            # Queries of a group become further rows of their key head: keys and values are read as they lie, unrepeated.
            queries = rearrange(queries, "b t (h g) d -> b h (g t) d", g=self._groups)
            queries = queries.repeat(1, 1, times, 1) if times > 1 else queries
            mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=seen)[:, :, :rows]
            x = layer.out.plus(rearrange(mixed, "b h (g t) d -> b t (h g d)", g=self._groups), x)
            normed = self._normed(x, layer.before_feed_forward)
            x = layer.down.plus(layer.up.times(normed, layer.gate.silu(normed)), x)
        cache.close(widths)
        if max(last, ids.shape[1]) > 1:
            places = (widths[:, None] - last + torch.arange(last, device=x.device)).clamp(min=0)
            x = x.gather(1, places[..., None].expand(-1, -1, x.shape[-1]))
        return self._head(span or (0, config.vocab_size))(self._normed(x, self._before_head))

    def _normed(
        self, x: Float[Tensor, "*batch size"], weight: Float[Tensor, "*_ size"]
    ) -> Float[Tensor, "*batch size"]:
        """RMSNorm in fp32, in half as many operations as torch takes on a CPU: there they cost more than the sums.

        weight: fp32, times the root of its size, so that lengths stand for root mean squares.
        """
        wide = x.float()
        length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
        scale = torch.addcmul(self._least[x.shape[-1]], length, length).rsqrt_()
        return (wide * scale).mul_(weight).to(x.dtype)

    def _head(self, span: Span) -> PackedLinear:
        if span not in self._heads:
            self._heads[span] = packed(self._decoder.head[span[0] : span[1]], int8=self.int8)
        return self._heads[span]


def _for_lengths(weight: Float[Tensor, " size"]) -> Float[Tensor, " size"]:
    """The weight of a norm as `_normed` takes it."""
    return weight.detach().float() * weight.shape[0] ** 0.5


def _versions(decoder: Decoder) -> list[tuple[int, int]]:
    """What changes when any weight does: where it lies, and how often it was written (which is not counted in inference mode)."""
    return [(weight.data_ptr(), 0 if weight.is_inference() else weight._version) for weight in decoder.parameters()]
