"""Training sequences and questions: the same ids, the same grammar, loss where there is something to learn."""

import numpy as np
import pytest
from codec_values import CellColours
from small_corpus import Checksums

from anyvl.codecs import Grounded, Kit, TextTokenizer, Words
from anyvl.data.examples import edit_region, make_sequence
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.world import World
from anyvl.sequence import TokenSequence
from anyvl.tasks import TASKS, Task, find_task
from anyvl.tasks.image_editing import free_cells
from anyvl.tasks.translate import answer_grammar, prompt_ids
from anyvl.values import Box, Codes, Frame, Instance
from anyvl.vocabulary import Vocabulary

GRIDS = ((8, 8), (6, 10), (10, 6))


@pytest.fixture(scope="module")
def kit() -> Kit:
    vocabulary = Vocabulary(num_text=300, coordinate_bins=64, num_codes=50)
    return Kit(vocabulary=vocabulary, text=TextTokenizer.train(["a red fox"], 300), image=CellColours(), grids=GRIDS)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(World(grids=GRIDS, factor=8), Checksums(8, 50))


def sequence_of(
    task: Task, corpus: Corpus, index: int, kit: Kit, drop: float = 0.0, length_power: float = 0.0
) -> TokenSequence:
    rng = np.random.default_rng(index)
    return make_sequence(task, corpus, index, kit, rng, input_weight=0.3, length_power=length_power, drop=drop)


def answer_start(task: Task, sequence: TokenSequence, kit: Kit) -> int:
    """Where the answer begins: behind the words, or behind the layout."""
    ids = sequence.ids.tolist()
    if task.takes_layout:
        return ids.index(kit.vocabulary.control("image"))
    return ids.index(kit.vocabulary.control("text_end")) + 1


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_grammar_accepts_what_a_training_answers(task: Task, corpus: Corpus, kit: Kit) -> None:
    grammar = answer_grammar(task.output, kit)
    for index in range(30):
        sequence = sequence_of(task, corpus, index, kit)
        ids = sequence.ids.tolist()
        start = answer_start(task, sequence, kit)
        assert grammar.accepts(ids[start:]), grammar.explain(ids[start:])
        assert ids[0] == kit.vocabulary.control("bos")
        before = sequence.weights[:start]
        codes = np.array([kit.vocabulary.modality_of(i) == "image" for i in ids[:start]])
        assert np.allclose(before, np.where(codes, 0.3, 0.0))
        assert sequence.weights[-1] == 1.0, "the end is learnt"
        assert codes.any() == task.sees_picture


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_at_length_power_one_all_answers_weigh_alike_and_at_a_half_by_their_root(
    task: Task, corpus: Corpus, kit: Kit
) -> None:
    """But for decisions: control ids weigh 1 (to say that there is nothing weighs as much as to begin a long outline), and
    corners of a box as if it were all of the answer."""
    for index in range(10):
        plain, root, whole = (sequence_of(task, corpus, index, kit, length_power=power) for power in (0.0, 0.5, 1.0))
        start = answer_start(task, plain, kit)
        number = np.count_nonzero(plain.weights[start:])
        decides = kit.vocabulary.are_control(plain.ids[start:]) & (plain.weights[start:] > 0)
        assert (whole.weights[start:][decides] == 1).all() and (root.weights[start:][decides] == 1).all()
        boxes = np.flatnonzero(plain.ids[start:] == kit.vocabulary.control("box"))
        corners = np.zeros_like(decides)
        corners[(boxes[:, None] + np.arange(1, 5)).ravel()] = True
        corners &= plain.weights[start:] > 0
        assert np.allclose(whole.weights[start:][corners], 1 / 4) and np.allclose(root.weights[start:][corners], 1 / 2)
        rest = ~decides & ~corners
        others = np.count_nonzero(plain.weights[start:][rest])
        assert whole.weights[start:][rest].sum() == pytest.approx(others / number)
        assert root.weights[start:][rest].sum() == pytest.approx(others / number**0.5)
        assert whole.weights[:start].sum() == pytest.approx(0.3 * task.sees_picture)


def test_copied_cells_of_an_edit_bear_no_loss_and_are_the_sources(corpus: Corpus, kit: Kit) -> None:
    task = find_task("image_editing")
    for index in range(30):
        sequence = sequence_of(task, corpus, index, kit)
        edit, source = corpus.world.edit(index), corpus.codes(index)
        frame = Frame(height=edit.source.height, width=edit.source.width)
        free = free_cells(edit_region(edit), frame, source.rows, source.columns).ravel()
        ids = sequence.ids.tolist()
        start = ids.index(kit.vocabulary.control("text_end")) + 1
        answer = [
            (kit.vocabulary.code(i), w)
            for i, w in zip(ids[start:], sequence.weights[start:].tolist(), strict=True)
            if kit.vocabulary.modality_of(i) == "image"
        ]
        wanted = corpus.codes_of(corpus.world.edit(index).target).ids
        for cell, (code, weight) in enumerate(answer):
            assert weight == float(free[cell])
            assert code == (wanted[cell] if free[cell] else source.ids[cell])


def test_an_infilling_learns_the_cells_it_does_not_see_and_no_others(corpus: Corpus, kit: Kit) -> None:
    shares, mask = [], kit.vocabulary.control("mask")
    for index in range(60):
        sequence = sequence_of(find_task("infilling"), corpus, index, kit)
        codes = corpus.codes(index)
        ids = sequence.ids
        start = ids.tolist().index(kit.vocabulary.control("text_end")) + 1
        seen = ids[:start][kit.vocabulary.are_codes(ids[:start]) | (ids[:start] == mask)]
        answer = kit.vocabulary.are_codes(ids[start:])
        assert [kit.vocabulary.code(id) for id in ids[start:][answer].tolist()] == list(codes.ids)
        hidden = seen == mask
        assert np.array_equal(sequence.weights[start:][answer], hidden.astype(np.float32))
        assert [kit.vocabulary.code(id) for id in seen[~hidden].tolist()] == np.array(codes.ids)[~hidden].tolist()
        shares.append(hidden.mean())
    assert min(shares) > 0 and max(shares) < 1 and 0.15 < np.mean(shares) < 0.6


def test_only_guided_tasks_drop_their_words(corpus: Corpus, kit: Kit) -> None:
    for task in TASKS:
        dropped = sequence_of(task, corpus, 4, kit, drop=1.0)
        assert (kit.vocabulary.control("text_end") not in dropped.ids) == task.guided


def test_the_held_out_template_is_not_among_the_others() -> None:
    for task in TASKS:
        assert task.held_out_template not in task.templates
        assert task.prompt("x", -1) not in {task.prompt("x", number) for number in range(len(task.templates))}


def test_a_plan_learnt_alone_weighs_as_the_answer_that_it_is(corpus: Corpus, kit: Kit) -> None:
    task = find_task("planned_image")
    for index in range(10):
        rng = np.random.default_rng(index)
        alone = make_sequence(
            task, corpus, index, kit, rng, input_weight=0.3, length_power=0.5, drop=0.0, plans_alone=1.0
        )
        whole = sequence_of(task, corpus, index, kit, length_power=0.5)
        assert alone.ids.tolist() == whole.ids.tolist()[: len(alone.ids)]
        assert alone.ids[-1] == kit.vocabulary.control("image") and alone.weights[-1] == 1.0
        start = answer_start(task, alone, kit)
        names = [place for place in range(start, len(alone.ids)) if alone.ids[place] in kit.vocabulary.text]
        assert np.allclose(alone.weights[names], (len(alone.ids) - start) ** -0.5)


def test_a_list_stands_between_picture_and_question_with_the_pieces_of_the_question(kit: Kit) -> None:
    frame = Frame(height=64, width=64)
    listed = [
        Instance(label="red fox", box=Box(8, 8, 40, 40), frame=frame),
        Instance(label="fox", box=Box(1, 2, 9, 9), frame=frame),
    ]
    codes = Codes(rows=8, columns=8, ids=(3,) * 64)
    task = find_task("grounding")
    plain = prompt_ids(task, kit, frame, picture=codes, prompt="find the red fox")
    looking = prompt_ids(task, kit, frame, picture=codes, listed=listed, prompt="find the red fox")
    seen = plain.index(kit.vocabulary.control("image_end")) + 1
    more = len(looking) - len(plain)
    assert looking[:seen] == plain[:seen] and looking[seen + more :] == plain[seen:]
    assert Grounded().decode(looking[seen : seen + more], kit, frame).words == "the red fox, the fox"
    # What the question names is the same ids in the list: those of "the red fox" but its beginning, " red fox".
    name = Words().encode("find the red fox", kit, frame)[1:-1]
    tail = next(
        name[i:] for i in range(len(name)) if kit.text.decode(map(kit.vocabulary.text_piece, name[i:])) == " red fox"
    )
    told_ids = looking[seen : seen + more]
    assert tail in [told_ids[i : i + len(tail)] for i in range(more)]
    empty = prompt_ids(task, kit, frame, picture=codes, listed=[], prompt="find the red fox")
    nothing = empty[seen : len(empty) - (len(plain) - seen)]
    assert Grounded().decode(nothing, kit, frame).words == "nothing"
    with pytest.raises(AssertionError, match="takes no list"):
        prompt_ids(find_task("captioning"), kit, frame, picture=codes, listed=listed)
