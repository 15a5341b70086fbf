"""Several places in one forward change the work and not the codes, whatever was guessed."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sentences import GRAMMARS, VOCABULARY, request, stepper

from anyvl.errors import InputError
from anyvl.generation import DecoderStepper, Request, generate
from anyvl.generation.branches import shared_beginnings
from anyvl.generation.paint import WINDOWS, best_window
from anyvl.sampling import Sampling

COLD = Sampling(temperature=0.4, guidance_scale=1.5)
FREE = np.where(np.arange(12) % 5 < 2, -1, 155)
ASKED = [
    request("picture", seed=1, sampling=COLD, unconditional=(8,)),
    request("picture", seed=2, sampling=Sampling(temperature=0.3)),
    request("picture", seed=3, sampling=Sampling(temperature=0.0), prefix=(8, 1, 5, 2)),
    request("picture", seed=4, sampling=COLD, unconditional=(8, 9), copy=FREE),
    request("picture", seed=5, sampling=Sampling(top_p=0.8), copy=np.where(np.arange(12) == 11, -1, 170)),
    request("picture", seed=6, sampling=Sampling(top_k=3), first_position=40),
]


@pytest.mark.parametrize("window", [*WINDOWS[1:], None])
def test_the_window_changes_the_forwards_and_not_the_codes(window):
    fewer = 0
    for weights in range(4):
        network = stepper(weights)
        one_by_one = [generate(network, [one], window=1)[0] for one in ASKED]
        at_once = [generate(network, [one], window=window)[0] for one in ASKED]
        together = generate(network, ASKED, window=window)
        assert [r.ids for r in one_by_one] == [r.ids for r in at_once] == [r.ids for r in together]
        for one, other in zip(one_by_one, together, strict=True):
            assert one.log_probabilities == pytest.approx(other.log_probabilities, abs=1e-3)
            assert GRAMMARS["picture"].accepts(other.ids)
        fewer += sum(r.forwards for r in one_by_one) - sum(r.forwards for r in at_once)
    assert fewer > 0


def test_expected_codes_save_forwards_when_they_come_and_change_nothing_when_they_do_not():
    network = stepper()
    (plain,) = generate(network, [ASKED[0]], window=8)
    codes = np.array([id for id in plain.ids if id in VOCABULARY.image])
    right, wrong = (
        generate(network, [Request(**{**vars(ASKED[0]), "expected": expected})], window=8)[0]
        for expected in (codes, 152 + (codes - 151) % 24)
    )
    assert right.ids == wrong.ids == plain.ids
    assert right.forwards == 3 < plain.forwards  # the first from the prompt, then 11 places and marks in windows of 8


def test_copied_cells_need_no_forward_of_their_own():
    free = np.full(12, 160)
    free[[3, 10]] = -1
    (result,) = generate(stepper(), [request("picture", copy=free, seed=3)], window=1)
    assert result.forwards == 2
    assert sum(log < 0 for log in result.log_probabilities) <= 2


def test_what_images_of_one_prompt_have_in_common_is_read_once():
    network, read = stepper(), []
    extend = network.extend
    network.extend = lambda ids, *rest, **more: read.append(tuple(ids.shape)) or extend(ids, *rest, **more)
    prefix, without = (8, 1, 2, 3, 4), (8, 9)
    asked = [request("picture", seed=seed, prefix=prefix, unconditional=without, sampling=COLD) for seed in range(3)]
    together = generate(network, asked, window=1)
    assert read[0][0] == 2 and read[1][0] == 6  # prompt and negative prompt once, then both branches of three pictures
    assert [r.ids for r in together] == [generate(stepper(), [one])[0].ids for one in asked]


def test_what_both_branches_and_several_pictures_begin_with_is_read_once():
    network, read = stepper(), []
    extend = network.extend
    network.extend = lambda ids, widths, *rest, **more: (
        read.append(int(widths.sum())) or extend(ids, widths, *rest, **more)
    )
    seen, other = tuple(range(60)), tuple(range(59, 0, -1))
    asked = [
        request("picture", seed=1, prefix=(8, *seen, 3), unconditional=(8, *seen), sampling=COLD, budget=20),
        request("picture", seed=2, prefix=(8, *seen, 5, 6), unconditional=(8, *seen), sampling=COLD, budget=20),
        request("picture", seed=3, prefix=(8, *other, 4), unconditional=(8, *other), sampling=COLD, budget=20),
        request("picture", seed=4, prefix=(8, 9), budget=20),
    ]
    together = generate(network, asked, window=1)
    opening = 4  # <image>, rows, columns, and the first row's mark
    assert read[0] == len(seen) + 1 + len(other) + 1
    assert read[1] == 1 + 2 + 0 + 1 + 0 + 2 + 6 * opening
    assert [r.ids for r in together] == [generate(stepper(), [one])[0].ids for one in asked]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(28, 40), st.lists(st.integers(0, 9), max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_beginnings_and_what_follows_make_the_rows(parts):
    starts = [(8, *range(kind, kind + length), *tail) for kind, length, tail in parts]
    found = shared_beginnings(starts)
    members = [member for rows in found.values() for member in rows]
    assert sorted(members) == sorted(set(starts))
    for trunk, rows in found.items():
        assert all(row[: len(trunk)] == trunk and len(row) > len(trunk) for row in rows)
        assert trunk == () or (len(trunk) >= 32 and len(rows) > 1)


def test_the_window_narrows_where_guesses_fail_and_where_rows_are_many():
    narrow = [best_window(hits, 2, 1 / 32) for hits in (0.0, 0.2, 0.5, 0.9)]
    assert narrow == sorted(narrow) and narrow[0] == 1 and narrow[-1] == 16
    wide = [best_window(1.0, rows, 1 / 32) for rows in (1, 4, 16, 32, 500)]
    assert wide == sorted(wide, reverse=True) and wide[-1] == 1
    for hits, rows in itertools.product((0.0, 0.4, 1.0), (1, 7, 100)):
        assert best_window(hits, rows, 1 / 256) in WINDOWS


def test_pictures_with_weights_that_give_no_numbers_are_pictures():
    broken = stepper()
    with torch.no_grad():
        broken.decoder.model.norm.weight.fill_(torch.nan)
    for result in generate(broken, ASKED):
        assert GRAMMARS["picture"].accepts(result.ids)


@pytest.mark.parametrize("window", [0, -1, 17, True])
def test_windows_have_bounds(window):
    with pytest.raises(InputError, match="1 to 16"):
        generate(stepper(), ASKED, window=window)


def test_a_window_may_reach_over_the_end_of_what_the_model_can_hold():
    network = stepper(max_position_embeddings=24)
    one = request("picture", prefix=(8, 1, 2, 3), budget=20)
    (result,) = generate(network, [one], window=16)
    assert result.ids == generate(stepper(), [one], window=1)[0].ids


def test_long_copied_runs_and_wide_windows_fit_the_cache():
    copy = np.full(12, 160)
    copy[[0, 11]] = -1
    (result,) = generate(stepper(), [request("picture", prefix=(8, 1), copy=copy, budget=20)], window=16)
    assert GRAMMARS["picture"].accepts(result.ids)


def test_expected_codes_may_be_few_or_none():
    one = Request(**{**vars(ASKED[0]), "expected": np.array([-1, 3, 160])})
    assert generate(stepper(), [one])[0].ids == generate(stepper(), [ASKED[0]])[0].ids


def test_expected_codes_of_one_picture_change_nothing_in_those_beside_it():
    results = generate(stepper(), [Request(**{**vars(ASKED[0]), "expected": np.full(12, 160)}), *ASKED])
    alone = [generate(stepper(), [one])[0].ids for one in ASKED]
    assert [r.ids for r in results] == [alone[0], *alone]


@pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported(),
    reason="measured with AVX-512 alone",
)
@pytest.mark.parametrize("int8", [False, True])
def test_with_fewer_bits_the_codes_stay_too(int8):
    for weights in range(3):
        decoder = stepper(weights).decoder.to(torch.bfloat16)
        network = DecoderStepper(decoder, int8=int8)
        one_by_one = [generate(network, [one], window=1)[0].ids for one in ASKED]
        assert [generate(network, [one], window=16)[0].ids for one in ASKED] == one_by_one
        assert [result.ids for result in generate(network, ASKED)] == one_by_one
