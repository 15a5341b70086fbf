"""The laws of the loop: valid whatever the weights, a seed is a sentence's own, forced ids cost nothing, guidance only paints."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_sentences import GRAMMARS, VOCABULARY, request, stepper

from anyvl.errors import BudgetError, InputError
from anyvl.generation import Stepper, generate, loop
from anyvl.generation.forced_runs import chunk_width
from anyvl.sampling import Sampling

MIXED = [
    request("words", seed=3),
    request("picture", seed=4, prefix=(8,), unconditional=(8, 9, 9, 9, 9), sampling=Sampling(guidance_scale=3.0)),
    request("two boxes", seed=5, prefix=(*range(50),), budget=100, sampling=Sampling(top_p=0.9)),
    request("picture", seed=5, prefix=(8,), unconditional=(8, 9), sampling=Sampling(guidance_scale=1.5, top_k=5)),
    request("rings", seed=2**40, budget=41, sampling=Sampling(temperature=1.7)),
    request("plan", seed=-1, prefix=(*range(20),), copy=np.array([152 + 1, -1, -1, 152 + 7, 152 + 7, -1])),
    request("plan", seed=6, unconditional=(8,), sampling=Sampling(temperature=0.0, guidance_scale=2.0)),
    request("boxes", seed=8, budget=1),
]


def test_a_request_is_answered_the_same_alone_and_beside_others():
    alone = [generate(stepper(), [one])[0] for one in MIXED]
    assert len({tuple(result.ids) for result in alone}) == len(MIXED)
    for order in (range(8), (7, 3, 1, 0), (4, 6, 5)):
        together = generate(stepper(), [MIXED[i] for i in order])
        for i, result in zip(order, together, strict=True):
            assert result.ids == alone[i].ids, i
            assert result.log_probabilities == pytest.approx(alone[i].log_probabilities, abs=1e-3)


@given(
    weights=st.integers(0, 50),
    asked=st.lists(
        st.tuples(st.sampled_from(sorted(GRAMMARS)), st.integers(0, 50), st.integers(0, 2**63), st.integers(1, 9)),
        min_size=1,
        max_size=4,
    ),
    temperature=st.sampled_from([0.0, 0.5, 1.0, 5.0]),
)
@settings(max_examples=20, deadline=None)
def test_whatever_the_weights_every_answer_is_a_sentence_within_its_budget(weights, asked, temperature):
    requests = [
        request(
            name, budget=GRAMMARS[name].shortest + spare, seed=seed, prefix=(8,) * length,
            sampling=Sampling(temperature=temperature),
        )
        for name, spare, seed, length in asked
    ]  # fmt: skip
    for one, result in zip(requests, generate(stepper(weights), requests), strict=True):
        assert one.grammar.accepts(result.ids), one.grammar.explain(result.ids)
        assert len(result.ids) == len(result.log_probabilities) <= one.budget
        assert not result.aborted


def test_broken_weights_still_write_sentences():
    broken = stepper()
    with torch.no_grad():
        broken.decoder.model.norm.weight.fill_(torch.nan)
    for one, result in zip(MIXED, generate(broken, MIXED), strict=True):
        assert one.grammar.accepts(result.ids)


def test_forced_runs_change_the_work_and_not_the_ids(monkeypatch):
    told = [MIXED[i] for i in (5, 2, 4, 6)]
    quick = generate(stepper(), told)
    monkeypatch.setattr(loop, "take_forced", lambda state, active: ([], []))
    slow = generate(stepper(), told)
    assert [result.ids for result in quick] == [result.ids for result in slow]
    assert quick[0].forwards < slow[0].forwards == max(len(result.ids) for result in slow)


def test_forced_ids_take_no_forward():
    free = generate(stepper(), [request("picture")], window=1)[0]
    assert free.forwards == 12  # one a cell: opening, row marks and end are forced
    copy = np.arange(152, 164)
    copied = generate(stepper(), [request("picture", copy=copy)])[0]
    assert copied.forwards == 1 and copied.ids == [
        VOCABULARY.control("image"), *(136 + n for n in (3, 4)),
        136, *range(152, 156), 138, *range(156, 160), 140, *range(160, 164),
        VOCABULARY.control("image_end"), VOCABULARY.control("eos"),
    ]  # fmt: skip
    assert copied.log_probabilities == [0.0] * len(copied.ids)


def test_copied_cells_are_kept_and_free_cells_are_drawn():
    copy = np.where(np.arange(12) % 3 == 1, -1, 155)
    result = generate(stepper(), [request("picture", copy=copy, sampling=Sampling(temperature=9.0))])[0]
    codes = np.array([id for id in result.ids if id in VOCABULARY.image])
    assert (codes[copy >= 0] == 155).all() and len(set(codes[copy < 0])) > 1


def test_log_probabilities_are_those_of_the_network():
    one = request("two boxes", seed=1, budget=40)
    stepping = stepper()
    result = generate(stepping, [one])[0]
    assert len(result.ids) > 8
    with torch.no_grad():
        logits = stepping.decoder(torch.tensor([[*one.prefix, *result.ids]]))[0, len(one.prefix) - 1 : -1]
    expected = logits.log_softmax(-1)[range(len(result.ids)), result.ids]
    drawn = [i for i, logarithm in enumerate(result.log_probabilities) if logarithm != 0]
    assert len(drawn) > 3
    for i in drawn:
        assert result.log_probabilities[i] == pytest.approx(expected[i].item(), abs=1e-3)


def test_a_draw_is_a_function_of_what_was_written():
    first = generate(stepper(), [request("letters", seed=12, budget=30)])[0].ids
    assert len(first) > 6
    for cut in range(2, len(first), 5):
        again = request("rest", seed=12, budget=30 - cut, prefix=(8, 1, 2, *first[:cut]), first_position=cut)
        assert generate(stepper(), [again])[0].ids == first[cut:]


def test_every_seed_paints_its_own_picture():
    requests = [request("picture", seed=seed, sampling=Sampling(temperature=3.0)) for seed in range(20)]
    assert len({tuple(result.ids) for result in generate(stepper(), requests)}) == 20


class Tables:
    """A network without memory: its logits depend on the first id of a row alone."""

    device = torch.device("cpu")
    longest = 100
    row_cost = 0.1

    def __init__(self, tables):
        self.tables = tables

    def new_cache(self, batch, length):
        return [None] * batch

    def extend(self, ids, widths, cache, *, last=1, span=None):
        for row, width in enumerate(widths.tolist()):
            if width and cache[row] is None:
                cache[row] = int(ids[row, 0])
        logits = torch.stack([self.tables[first] for first in cache])
        return logits[:, None, slice(*span or (None,))].repeat(1, last, 1)

    def rewind(self, cache, counts):
        pass

    def spread(self, cache, rows):
        return [cache[row] for row in rows.tolist()]


def test_guidance_acts_in_pictures_only():
    torch.manual_seed(0)
    conditional, unconditional = torch.randn(2, VOCABULARY.size)
    tables = Tables({1: conditional, 2: unconditional})
    assert isinstance(tables, Stepper)
    codes, words = slice(152, 176), slice(0, 8)
    for scale, temperature in itertools.product((0.0, 0.5, 1.0, 4.0), (0.0, 1.0)):
        sampling = Sampling(guidance_scale=scale, temperature=temperature)
        one = request("plan", prefix=(1,), unconditional=(2,), seed=3, sampling=sampling)
        beside = request("plan", prefix=(1,), seed=3, sampling=Sampling(temperature=temperature))
        other, guided, plain = generate(tables, [beside, one, beside])
        assert other.ids == plain.ids
        mixed = unconditional + scale * (conditional - unconditional)
        # What stands outside the picture is drawn from the conditional logits alone ...
        opening = guided.ids.index(VOCABULARY.control("image"))
        assert guided.ids[:opening] == plain.ids[:opening]
        # ... and what it was drawn from inside is the mixture.
        expected = generate(Tables({1: mixed.where(torch.arange(176) >= 152, conditional)}), [beside])[0]
        assert guided.ids == expected.ids
        if temperature == 0:
            drawn = {id for id in guided.ids if id in VOCABULARY.image}
            assert drawn == {152 + int(mixed[codes].argmax())}
            assert int(conditional[words].argmax()) in guided.ids
        # scores are of the unguided branch
        likely = conditional.log_softmax(0)
        for id, logarithm in zip(guided.ids, guided.log_probabilities, strict=True):
            assert logarithm == 0 or logarithm == pytest.approx(likely[id].item(), abs=1e-5)
    assert generate(tables, [one])[0].ids != generate(tables, [beside])[0].ids


def test_cancelling_keeps_what_was_written():
    requests = [request("picture", seed=1), request("boxes", budget=1), request("picture", seed=2)]
    whole = generate(stepper(), requests)
    seen = []

    def stop(step, done):
        seen.append((step, done))
        return step < 5

    results = generate(stepper(), requests, stop, window=1)
    assert seen == [(step, 1) for step in range(1, 6)]
    assert [result.aborted for result in results] == [True, False, True]
    for result, full in zip(results, whole, strict=True):
        assert result.ids == full.ids[: len(result.ids)]
        assert len(result.ids) == len(result.log_probabilities)
    assert results[1].ids == whole[1].ids == [VOCABULARY.control("eos")]
    assert sum(id in VOCABULARY.image for id in results[0].ids) == 4


def test_a_stop_is_remembered_by_the_pictures_beside():
    requests = [request("words", budget=30, seed=1), request("picture", seed=2)]
    seen = []
    told, drawn = generate(stepper(), requests, lambda step, done: seen.append(step) or step != 2)
    assert seen == [1, 2] and told.aborted and 0 < len(told.ids) < 30
    assert drawn.aborted and drawn.ids == [] and drawn.forwards == 0


def test_what_cannot_be_painted_is_refused_before_anything_is_written():
    seen = []
    with pytest.raises(BudgetError):
        generate(
            stepper(), [request("words"), request("picture", budget=19)], lambda step, done: seen.append((step, done))
        )
    assert seen == []


def test_a_callback_that_says_nothing_does_not_stop():
    seen = []
    result = generate(stepper(), [request("picture")], lambda step, done: seen.append((step, done)), window=1)[0]
    assert seen == [*((step, 0) for step in range(1, 12)), (12, 1)]
    assert not result.aborted and GRAMMARS["picture"].accepts(result.ids)


def test_no_requests_no_results():
    assert generate(stepper(), []) == []


def test_a_budget_below_the_shortest_sentence_is_an_error():
    with pytest.raises(BudgetError, match="20"):
        generate(stepper(), [request("picture", budget=19)])


def test_a_prompt_that_leaves_no_room_is_an_error():
    with pytest.raises(InputError, match="250 ids"):
        generate(stepper(), [request("picture", prefix=(1,) * 250)])
    with pytest.raises(InputError, match="240 ids"):
        asked = request("picture", unconditional=(1,) * 240, sampling=Sampling(guidance_scale=2.0))
        generate(stepper(), [asked])


@given(st.integers(1, 5000))
def test_chunks_have_few_widths_and_room(longest):
    width = chunk_width(longest)
    assert longest <= width <= max(2 * longest - 1, 1) and width < longest + 16
    assert width in (1, 2, 4, 8) or width % 16 == 0
