"""What a training run is: frozen values that a `configs/*.py` file returns.

A run configuration is code, so never run one from a source you don't trust; what a saved model carries is plain JSON.
"""

import dataclasses
import difflib
import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from anyvl.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from anyvl.data.scenes.world import World


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long, how fast: the learning rate rises over `warmup` steps, stays, and falls to `final` of it (cosine over `decay`).

    rate: of AdamW; matrix_rate: of Muon (what is hidden in the decoder and the refiner); both for their peak. decay: share of
    the steps that fall. The rate is a function of the step alone, so a resumed run goes on as if never stopped. average: decay of
    the moving average of the weights that is exported; with 0 they are exported as they are.
    """

    steps: int
    rate: float
    matrix_rate: float = 0.02
    warmup: int = 100
    decay: float = 1.0
    final: float = 0.02
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.0

    def factor(self, step: int) -> float:
        """Multiple of the peak rate at a step."""
        import math

        if step < self.warmup:
            return (step + 1) / self.warmup
        start = self.steps * (1 - self.decay)
        share = min(1.0, max(0.0, (step - start) / max(1, self.steps - start)))
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * share))

    def trust(self, step: int) -> float:
        """In a critic that learns beside a network: 0 at first, when it knows nothing yet, 1 once the rate has risen."""
        return min(1.0, step / self.warmup) if self.warmup else 1.0


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What a run writes, and how often (in steps): a log line, a full resumable state, a sample sheet."""

    log_every: int = 50
    state_every: int = 500
    sheet_every: int = 2000


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """The drawn world: the grids of codes that pictures may have, how many px a side one code stands for, what may be in them
    (the name of a repertoire), and the lattice (px) that things stand on; 0 is half the side of a code.

    The default's grids differ in rows alone: the code above is then always as many ids back, one thing less to learn.
    """

    grids: tuple[tuple[int, int], ...] = ((16, 16), (12, 16), (20, 16))
    factor: int = 8
    repertoire: str = "basic"
    lattice: int = 8

    def world(self, seed: int = 0) -> "World":
        """The world's training scenes."""
        from anyvl.data.scenes.repertoire import find_repertoire
        from anyvl.data.scenes.world import World

        return World(
            grids=self.grids,
            factor=self.factor,
            repertoire=find_repertoire(self.repertoire),
            lattice=self.lattice,
            seed=seed,
        )


@dataclass(frozen=True, kw_only=True)
class VQGANRun:
    """Train the image tokenizer on drawn scenes. `model` holds the fields of `anyvl.model.vqgan.VQGANConfig`; empty, those of
    `start`."""

    schedule: Schedule
    model: dict[str, Any] = field(default_factory=dict)
    world: WorldConfig = WorldConfig()
    keeping: Keeping = Keeping()
    batch: int = 16
    anywhere: float = 0.3
    """Share of pictures whose things stand anywhere, not on the lattice: for pictures that the world did not draw."""
    gradient_weight: float = 1.0
    commitment_weight: float = 0.25
    adversarial_weight: float = 0.0
    """Of the critic's verdict on what is painted (`anyvl.training.critic`); with this or the next above 0 a critic is trained."""
    feature_weight: float = 0.0
    """Of the distance between painted and drawn pictures in the critic's features."""
    return_weight: float = 0.0
    """Of reading what is painted back as the codes it was painted from: then a picture that a decoder painted is, once it is
    pixels, still the picture that it painted."""
    revive_every: int = 50
    start: str | None = None
    """Folder of a saved tokenizer whose weights the run starts from, as far as they have the same shapes."""
    keep_codes: bool = False
    """Train only the way from codes to pixels, so that decoders trained on these codes stay valid. Codes that stand for nearly
    the same are read as one from then on (`anyvl.model.quantizer.Quantizer.unite`)."""
    precision: str = "auto"
    """bf16, no (fp32), or auto: bf16 where the machine multiplies it natively, else fp32. The run says which."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class DecoderRun:
    """Train the decoder on all tasks. `model` holds the fields of `anyvl.model.decoder.DecoderConfig` but `vocab_size`.

    image_tokenizer: folder of a trained VQGAN (a run folder's `model/image_tokenizer`). mixture: weight of each task by name.
    scenes: how many scenes a batch may be about; fresh: how many of them are exchanged for new ones a step. sequences: of
    a batch. questions: how many of them may share a picture, in a row of at most `length` ids (a longer one has its own).
    input_weight: loss on the codes of input pictures, as a share of that on outputs. length_power: each input and answer of
    n ids weighs n^-length_power an id, so that short answers are heard among whole pictures. drop: share of examples whose
    words are dropped, for guidance. plans_alone: share of planned pictures of which the plan alone is learnt. painted: share
    of the pictures asked about that the weights of `start` painted: what a model is told to edit is often its own. The window of
    scenes is painted on the CPU, so take a small one. noise_objects: lists of detected things are filled up to this many
    entries with boxes of nothing (`anyvl.codecs.PaddedBoxes`); 0 leaves them as they are. row: rows of so many ids with
    several pictures in each, at least `length`, which a GPU learns with few kernels (a
    longer picture makes a batch's rows longer); 0: a row each, of its own length, which a CPU learns without waste.
    """

    schedule: Schedule
    image_tokenizer: str
    mixture: dict[str, float]
    model: dict[str, Any] = field(default_factory=dict)
    world: WorldConfig = WorldConfig()
    keeping: Keeping = Keeping()
    num_text: int = 768
    coordinate_bins: int = 128
    scenes: int = 20_000
    fresh: int = 16
    stripes: int = 1
    """Batch k is about every stripes-th part of the scenes alone, from the k-th on; as many as workers, and none draws and
    encodes what another one does."""
    workers: int = 0
    """Processes that make batches; 0: a thread of the training's own. Each works from a core of its own."""
    sequences: int = 64
    length: int = 384
    questions: int = 4
    input_weight: float = 0.3
    length_power: float = 0.5
    drop: float = 0.1
    plans_alone: float = 0.0
    painted: float = 0.0
    noise_objects: int = 0
    row: int = 0
    modality_weights: dict[str, float] = field(
        default_factory=lambda: {"text": 1.0, "control": 1.0, "coordinate": 1.0, "image": 1.0}
    )
    start: str | None = None
    """Folder of a saved model whose decoder's weights (only) the run starts from; its text pieces are taken over."""
    compile: bool = False
    """Let torch.compile fuse the forward and backward pass: a minute at the start, then faster steps."""
    precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class RefinerRun:
    """Train the refiner on drawn scenes, which can be drawn at any size.

    image_tokenizer: folder of the one whose pictures are refined. decoder: folder of a model whose slips (`anyvl.training.slips`)
    are in a share of `slips` of the batches; None: there are none. scales: how many times as large pictures become, in turn.
    channels, depth: of `anyvl.refiner.RefinerUNet`; gain: what residuals are multiplied by. batch: squares a step, of `cells` ×
    `cells` codes, `crops` of them out of one scene; a scene serves `uses` steps of a scale, with other squares and other noise.
    pure_noise: share of squares at the start of a flow, of whose residual nothing is seen. clean: share of batches whose pictures
    are as drawn; the others are as codes give them back. anywhere: share of scenes whose things stand anywhere, not on the
    lattice.
    """

    schedule: Schedule
    image_tokenizer: str
    decoder: str | None = None
    world: WorldConfig = WorldConfig()
    keeping: Keeping = Keeping()
    scales: tuple[int, ...] = (2, 4)
    channels: tuple[int, ...] = (32, 64, 128, 256)
    depth: int = 3
    gain: float = 8.0
    batch: int = 8
    crops: int = 1
    cells: int = 12
    uses: int = 4
    pure_noise: float = 0.5
    clean: float = 0.15
    slips: float = 0.4
    anywhere: float = 0.3
    blind: float = 0.05
    """Share of squares whose codes the network is not told: it then knows what to do without them."""
    start: str | None = None
    """Folder of a saved refiner whose weights the run starts from; ConfigError where it has another form."""
    precision: str = "auto"
    seed: int = 0


Run = VQGANRun | DecoderRun | RefinerRun
_PRECISIONS = ("auto", "no", "bf16")


def load_run(path: str | Path, settings: tuple[str, ...] = ()) -> Run:
    """The run that `config()` of a Python file returns, changed by settings such as "schedule.steps=100"."""
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"no run configuration at {path}: give a Python file with a function config()")
    config = runpy.run_path(str(path)).get("config")
    if not callable(config):
        raise ConfigError(f"{path} has no function config() that returns a run")
    run = config()
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"a setting is name=value, for instance schedule.steps=100; got {setting!r}")
        run = _changed(run, key.split("."), value)
    if run.precision not in _PRECISIONS:
        raise UnknownNameError("precision", run.precision, _PRECISIONS)
    return run


_T = TypeVar("_T")


def built(kind: type[_T], fields: dict[str, Any]) -> _T:
    """A dataclass of the fields that a run gives; ConfigError names one that it does not have."""
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in fields:
        if name not in known:
            raise ConfigError(f"a {kind.__name__} has no field {name!r}: known are {', '.join(known)}")
    return kind(**fields)


def _changed(node: Any, path: list[str], text: str) -> Any:
    """A copy of a (nested) dataclass or dict with one field set from text, read as the type that stands there."""
    import ast

    name, *rest = path
    if not isinstance(node, dict) and not hasattr(node, "__dataclass_fields__"):
        raise ConfigError(f"{name!r} cannot be set: what it stands under is the single value {node!r}")
    known = list(node) if isinstance(node, dict) else [f.name for f in dataclasses.fields(node)]
    if name not in known and not isinstance(node, dict):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        raise ConfigError(f"a run has no setting {name!r}: {hint}")
    old = node.get(name) if isinstance(node, dict) else getattr(node, name)
    if rest:
        new = _changed(old, rest, text)
    elif text == "None" and not isinstance(node, dict) and type(None) in get_args(get_type_hints(type(node))[name]):
        new = None
    else:
        try:
            new = text if isinstance(old, str) else ast.literal_eval(text)
        except (ValueError, SyntaxError):
            new = text
        if old is not None and not isinstance(new, type(old)) and not (isinstance(old, float) and isinstance(new, int)):
            raise ConfigError(f"{name} is a {type(old).__name__}, got {text!r}")
    return {**node, name: new} if isinstance(node, dict) else dataclasses.replace(node, **{name: new})
