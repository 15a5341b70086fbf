"""The same weights painted by transformers: `generate` as people call it, and the loop of its any-to-any models at its best."""

from collections.abc import Callable
from typing import Any

import torch

from anyvl.bench.subjects import Subject
from anyvl.model.decoder import Decoder


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


def as_called(model: Any, subject: Subject) -> Callable[[], Any]:
    """`generate(guidance_scale=...)`: two forwards for each id, sampled by temperature and top-p."""
    own, without = (torch.tensor([ids], device=model.device) for ids in (subject.own, subject.unconditional))

    def paint() -> Any:
        return model.generate(
            own,
            attention_mask=torch.ones_like(own),
            negative_prompt_ids=without,
            negative_prompt_attention_mask=torch.ones_like(without),
            guidance_scale=subject.sampling.guidance_scale,
            do_sample=True,
            temperature=subject.sampling.temperature,
            top_p=subject.sampling.top_p,
            top_k=0,
            min_new_tokens=subject.codes,
            max_new_tokens=subject.codes,
        )

    return paint


def stacked_loop(model: Any, subject: Subject, *, static: bool = False, compiled: bool = False) -> Callable[[], Any]:
    """The image loop of transformers' Janus: both branches as one batch, padded on the left, logits of the codes alone.

    static: a StaticCache instead of a growing one. compiled: the forward of one id by torch.compile.
    """
    from transformers import DynamicCache, StaticCache
    from transformers.generation import TemperatureLogitsWarper, TopPLogitsWarper

    sampling, device = subject.sampling, model.device
    warpers = (TemperatureLogitsWarper(sampling.temperature), TopPLogitsWarper(sampling.top_p or 1.0))
    width = max(len(subject.own), len(subject.unconditional))
    rows = [[0] * (width - len(ids)) + list(ids) for ids in (subject.own, subject.unconditional)]
    prompt, longest = torch.tensor(rows, device=device), width + subject.codes
    seen = torch.ones(2, longest, dtype=torch.int64, device=device)
    starts = [width - len(subject.own), width - len(subject.unconditional)]
    for row, start in zip(seen, starts, strict=True):
        row[:start] = 0
    first = torch.tensor([[width - start] for start in starts], device=device)  # position of each row's first code
    places = (torch.arange(width, device=device) - torch.tensor(starts, device=device)[:, None]).clamp(min=0)
    span = slice(subject.first, subject.stop)
    body, head = model.model, model.lm_head.weight[span]
    step = torch.compile(body, dynamic=False) if compiled else body

    @torch.inference_mode()
    def paint() -> Any:
        cache = StaticCache(config=model.config, max_cache_len=longest) if static else DynamicCache()
        hidden = body(
            input_ids=prompt, attention_mask=seen[:, :width], position_ids=places, past_key_values=cache
        ).last_hidden_state
        codes = []
        for place in range(subject.codes):
            logits = (hidden[:, -1] @ head.T).float()
            mixed = logits[1:] + sampling.guidance_scale * (logits[:1] - logits[1:])
            for warper in warpers:
                mixed = warper(None, mixed)
            code = torch.multinomial(mixed.softmax(-1), 1)
            codes.append(code + span.start)
            if place + 1 < subject.codes:
                hidden = step(
                    input_ids=codes[-1].expand(2, 1),
                    attention_mask=seen if static else seen[:, : width + place + 1],
                    position_ids=first + place,
                    past_key_values=cache,
                ).last_hidden_state
        return torch.cat(codes)[:, 0]

    return paint


def without_cache(model: Any, subject: Subject) -> Callable[[], Any]:
    """The sampling of taming-transformers: everything is read again for every code."""
    starts = [torch.tensor([ids], device=model.device) for ids in (subject.own, subject.unconditional)]
    span, sampling = slice(subject.first, subject.stop), subject.sampling

    @torch.inference_mode()
    def paint() -> Any:
        rows = starts
        for _ in range(subject.codes):
            own, without = (model(row, use_cache=False, logits_to_keep=1).logits[:, -1, span].float() for row in rows)
            mixed = (without + sampling.guidance_scale * (own - without)) / sampling.temperature
            code = torch.multinomial(mixed.softmax(-1), 1) + span.start
            rows = [torch.cat((row, code), 1) for row in rows]
        return rows[0][0, len(subject.own) :]

    return paint
