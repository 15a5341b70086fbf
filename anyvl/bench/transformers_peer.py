"""The same weights painted by transformers: `generate` as people call it, and the loop of its any-to-any models at its best."""

from collections.abc import Callable
from typing import Any

import torch

from anyvl.bench.subjects import PROMPT, SAMPLING, SIDE, VOCABULARY
from anyvl.model.decoder import Decoder

_CODES = SIDE * SIDE


def as_qwen3(decoder: Decoder) -> Any:
    """The decoder's weights as a Qwen3ForCausalLM, in the same dtype."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    weight = decoder.head
    model = Qwen3ForCausalLM(Qwen3Config.from_dict(decoder.config.to_json())).to(
        device=weight.device, dtype=weight.dtype
    )
    model.load_state_dict(decoder.state_dict(), strict=False)
    model.tie_weights()
    model.generation_config.pad_token_id = 0
    return model.eval()


def _prompts(model: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """A prompt of 20 ids and the negative one of a single id, as `generate` takes them."""
    return torch.arange(1, PROMPT + 1, device=model.device)[None], torch.tensor([[1]], device=model.device)


def as_called(model: Any) -> Callable[[], Any]:
    """`generate(guidance_scale=...)`: two forwards for each of 256 ids, sampled by temperature and top-p."""
    own, without = _prompts(model)

    def paint() -> Any:
        return model.generate(
            own,
            attention_mask=torch.ones_like(own),
            negative_prompt_ids=without,
            negative_prompt_attention_mask=torch.ones_like(without),
            guidance_scale=SAMPLING.guidance_scale,
            do_sample=True,
            temperature=SAMPLING.temperature,
            top_p=SAMPLING.top_p,
            top_k=0,
            min_new_tokens=_CODES,
            max_new_tokens=_CODES,
        )

    return paint


def stacked_loop(model: Any, *, static: bool = False, compiled: bool = False) -> Callable[[], Any]:
    """The image loop of transformers' Janus: both branches as one batch, padded on the left, logits of the codes alone.

    static: a StaticCache instead of a growing one. compiled: the forward of one id by torch.compile.
    """
    from transformers import DynamicCache, StaticCache
    from transformers.generation import TemperatureLogitsWarper, TopPLogitsWarper

    warpers = (TemperatureLogitsWarper(SAMPLING.temperature), TopPLogitsWarper(SAMPLING.top_p or 1.0))
    own, without = _prompts(model)
    prompt = torch.zeros(2, PROMPT, dtype=torch.int64, device=model.device)
    prompt[0], prompt[1, -1] = own[0], without[0, 0]
    longest = PROMPT + _CODES
    seen = torch.ones(2, longest, dtype=torch.int64, device=model.device)
    seen[1, : PROMPT - 1] = 0
    span = slice(VOCABULARY.image.start, VOCABULARY.image.stop)
    body, head = model.model, model.lm_head.weight[span]
    step = torch.compile(body, dynamic=False) if compiled else body

    @torch.inference_mode()
    def paint() -> Any:
        cache = StaticCache(config=model.config, max_cache_len=longest) if static else DynamicCache()
        hidden = body(input_ids=prompt, attention_mask=seen[:, :PROMPT], past_key_values=cache).last_hidden_state
        codes = []
        for place in range(_CODES):
            logits = (hidden[:, -1] @ head.T).float()
            mixed = logits[1:] + SAMPLING.guidance_scale * (logits[:1] - logits[1:])
            for warper in warpers:
                mixed = warper(None, mixed)
            code = torch.multinomial(mixed.softmax(-1), 1)
            codes.append(code)
            if place + 1 < _CODES:
                now = PROMPT + place
                hidden = step(
                    input_ids=(code + VOCABULARY.image.start).expand(2, 1),
                    attention_mask=seen if static else seen[:, : now + 1],
                    position_ids=torch.tensor([[now], [now - PROMPT + 1]], device=model.device),
                    past_key_values=cache,
                ).last_hidden_state
        return torch.cat(codes)

    return paint


def without_cache(model: Any) -> Callable[[], Any]:
    """The sampling of taming-transformers: everything is read again for every code."""
    own, without = _prompts(model)
    span = slice(VOCABULARY.image.start, VOCABULARY.image.stop)

    @torch.inference_mode()
    def paint() -> Any:
        rows = [own, without]
        for _ in range(_CODES):
            first, second = (model(row, use_cache=False, logits_to_keep=1).logits[:, -1, span].float() for row in rows)
            mixed = (second + SAMPLING.guidance_scale * (first - second)) / SAMPLING.temperature
            code = torch.multinomial(mixed.softmax(-1), 1) + span.start
            rows = [torch.cat((row, code), 1) for row in rows]
        return rows[0]

    return paint
