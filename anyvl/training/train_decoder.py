"""Train the decoder on a mixture of tasks over the scene world."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from anyvl.checkpoint import INDEX_FILE, Parts, load_parts, save_parts
from anyvl.codecs import Kit, TextTokenizer
from anyvl.data.mixture import Mixture, count_ids, rows_of
from anyvl.data.paintings import Paintings
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.knowledge import world_knowledge
from anyvl.data.scenes.repertoire import Repertoire
from anyvl.data.scenes.world import World
from anyvl.data.sentences import world_sentences
from anyvl.errors import CheckpointError, ConfigError
from anyvl.model.checkpoint import load_json
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.model.image_tokenizer import VQGANTokenizer, load_image_tokenizer, share_codebook
from anyvl.tasks import TASKS
from anyvl.tasks.listing import LISTING, can_look
from anyvl.training.config import DecoderRun, built
from anyvl.training.loop import Job, native_precision, train
from anyvl.training.losses import next_id_loss
from anyvl.training.optimizer import decoder_optimizers, start_embeddings
from anyvl.training.record import record
from anyvl.training.sample_sheet import decoder_sheet
from anyvl.vocabulary import Vocabulary

_SENTENCES = 20_000
"""That the pieces of text are learnt from."""


def train_decoder(run: DecoderRun, folder: Path, deadline: float | None = None) -> int:
    """Train or go on training; a whole checkpoint is written to `folder/model`. Returns the steps done."""
    if run.noise_objects and not run.mixture.get("detection"):
        raise ConfigError("noise_objects fill up lists of detected things, but the mixture has no detection")
    torch.manual_seed(run.seed)
    precision = native_precision() if run.precision == "auto" else run.precision
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = load_image_tokenizer(Path(run.image_tokenizer).expanduser(), device)
    start = None if run.start is None else load_parts(run.start)
    world = run.world.world(run.seed)
    kit = _kit(run, world.repertoire, tokenizer, start, folder)
    # Batches are made on the CPU, wherever they are learnt.
    encoder = tokenizer if device == "cpu" else load_image_tokenizer(Path(run.image_tokenizer).expanduser())
    corpus = Corpus(world, encoder, kept=run.scenes + run.fresh)
    decoder = Decoder(built(DecoderConfig, {**run.model, "vocab_size": kit.vocabulary.size}))
    start_embeddings(
        decoder, kit.vocabulary, tokenizer.model.quantize.codebook, torch.Generator().manual_seed(run.seed)
    )
    if start is not None:
        if start.decoder.config != decoder.config:
            raise CheckpointError(f"{run.start} is a {start.decoder.config}, this run trains a {decoder.config}")
        decoder.load_state_dict(start.decoder.state_dict())
    if run.compile:
        decoder.hidden = torch.compile(decoder.hidden, dynamic=True)  # type: ignore[method-assign]
    tasks = _tasks(run, start)
    mixture = Mixture(
        corpus=corpus,
        kit=dataclasses.replace(kit, image=encoder),
        weights=run.mixture,
        scenes=run.scenes,
        fresh=run.fresh,
        stripes=run.stripes,
        sequences=run.sequences,
        length=run.length,
        questions=run.questions,
        input_weight=run.input_weight,
        length_power=run.length_power,
        drop=run.drop,
        plans_alone=run.plans_alone,
        looks=can_look(tasks),
        paintings=_paintings(run, world, start, encoder),
        painted=run.painted,
        noise_objects=run.noise_objects,
        row=run.row,
        seed=run.seed,
    )
    detects = run.mixture.get("detection", 0) > 0
    noise_objects = run.noise_objects if detects or start is None else start.noise_objects
    modalities = torch.from_numpy(np.asarray(kit.vocabulary.modalities()).astype(np.int64))

    def loss(model: Decoder, batch: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        return next_id_loss(model, batch, modalities.to(decoder.head.device), run.modality_weights)

    def export(model: Decoder, target: Path) -> None:
        parts = Parts(
            decoder=model,
            tokenizer=tokenizer,
            kit=kit,
            knows=world_knowledge(world.repertoire),
            tasks=tasks,
            noise_objects=noise_objects,
            lattice=world.spacing,
            # What it has painted more of it does where nothing is said.
            plans=run.mixture.get("planned_image", 0) > run.mixture.get("text_to_image", 0),
        )
        save_parts(parts, target, dtype=torch.float32)

    def sheet(model: Decoder, path: Path) -> None:
        decoder_sheet(model, kit, dataclasses.replace(world, split="validation"), path, tasks)

    job: Job[Decoder] = Job(
        batch=mixture.batch,
        loss=loss,
        optimizers=decoder_optimizers(decoder, run.schedule, torch.bfloat16 if precision == "bf16" else torch.float32),
        export=export,
        sheet=sheet,
        units=count_ids,
        products=lambda batch: decoder_products(decoder, batch),
        workers=run.workers,
    )
    record(run, folder)
    return train(
        decoder,
        job,
        folder,
        schedule=run.schedule,
        keeping=run.keeping,
        precision=precision,
        deadline=deadline,
    )


def _tasks(run: DecoderRun, start: Parts | None) -> tuple[str, ...]:
    """The tasks that the weights will be trained for; none where they start from some that do not say what they can.

    ConfigError where weights learn to look: what they could before they would then be asked behind lists that they cannot read.
    """
    learnt = {name for name, weight in run.mixture.items() if weight > 0}
    if start is None:
        return tuple(task.name for task in TASKS if task.name in learnt)
    unread = [task.name for task in TASKS if task.looks and task.name in start.tasks and task.name not in learnt]
    if LISTING.name in learnt and not can_look(start.tasks) and (unread or not start.tasks):
        raise ConfigError(
            f"{run.start} has not learnt to look (listing): a run that teaches it takes all tasks that look along, but the "
            f"mixture lacks {', '.join(unread) or 'we cannot know which, since the start does not name its tasks'}"
        )
    return tuple(task.name for task in TASKS if task.name in {*start.tasks, *learnt}) if start.tasks else ()


def _paintings(run: DecoderRun, world: World, start: Parts | None, encoder: VQGANTokenizer) -> Paintings | None:
    """The world as the weights that the run starts from paint it, if it takes any of that; ConfigError where they cannot."""
    if not run.painted:
        return None
    if start is None or "layout_to_image" not in start.tasks:
        raise ConfigError(
            "painted pictures are by the weights that a run starts from: give a start that paints to layouts"
        )
    return Paintings(world, dataclasses.replace(start, tokenizer=encoder), kept=run.scenes + run.fresh)


def _kit(run: DecoderRun, repertoire: Repertoire, tokenizer: VQGANTokenizer, start: Parts | None, folder: Path) -> Kit:
    """The run's language; the pieces of text are those that its weights have learnt: of the run so far, or of its start."""
    learnt = folder / "model" / "tokenizer"
    if learnt.is_dir():
        Vocabulary.from_layout(load_json(folder / "model" / INDEX_FILE)["language"])  # of another version, it says so
        text = TextTokenizer.from_file(learnt)
    elif start is None:
        text = TextTokenizer.train(world_sentences(repertoire, _SENTENCES, seed=run.seed), run.num_text)
    else:
        text = start.kit.text
    vocabulary = Vocabulary(
        num_text=run.num_text, coordinate_bins=run.coordinate_bins, num_codes=tokenizer.model.config.num_codes
    )
    if start is not None and start.kit.vocabulary != vocabulary:
        raise CheckpointError(
            f"{run.start} speaks {start.kit.vocabulary}, this run {vocabulary}: start from weights of the same layout"
        )
    if start is not None and not share_codebook(tokenizer, start.tokenizer):
        raise CheckpointError(f"{run.start} learnt other codes than those of {run.image_tokenizer}")
    return Kit(vocabulary=vocabulary, text=text, image=tokenizer, grids=run.world.grids)


def decoder_products(decoder: Decoder, batch: Mapping[str, Tensor]) -> float:
    """Floating-point operations of learning a batch: six a weight and id it meets, attention aside."""
    matrices = sum(weight.numel() for name, weight in decoder.named_parameters() if ".layers." in name)
    targets = sum(int((rows["weights"] > 0).sum()) for rows in rows_of(batch).values())
    return 6.0 * (matrices * count_ids(batch) + decoder.head.numel() * targets)
