"""`anyvl caption`, `describe`, `ask` and `classify`: words about a picture."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from anyvl.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    ModelOption,
    OverlayOption,
    PictureArgument,
    as_one_line,
    given,
    loaded,
    opened,
    progress,
    require_words,
)
from anyvl.errors import InputError

_SHOWN = 5
"""Labels shown to people where none were asked for."""


def caption(
    picture: PictureArgument,
    grounded: Annotated[bool, typer.Option("--grounded", help="Say also where each thing that is named is.")] = False,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a picture shows."""
    if overlay is not None and not grounded:
        raise InputError("--overlay draws the boxes of a grounded caption: add --grounded")
    if not grounded:
        _tell("caption", "caption", picture, (model, device, dtype), as_json)
        return
    from anyvl.exports import overlay as drawn
    from anyvl.exports.files import picture_file, require_picture_name, require_writable, write_file
    from anyvl.exports.text import found_lines

    if overlay is not None:
        require_picture_name(overlay)
        require_writable(overlay)
    array = opened(picture)
    with progress("reading") as on_step:
        text = loaded(model, device, dtype).caption(array, grounded=True, callback_on_step_end=on_step)
    if overlay is not None:
        write_file(overlay, picture_file(drawn(array, text.instances()), overlay.suffix))
    if as_json:
        phrases = [
            {
                "phrase": text.words[span.start : span.stop],
                "start": span.start,
                "stop": span.stop,
                "box": [float(side) for side in span.box.as_tuple()],
                "score": float(span.score),
            }
            for span in text.spans
        ]
        print(as_one_line({**_image(array), "caption": text.words, "phrases": phrases}))
    else:
        print("\n".join([text.words, *(f"  {line}" for line in found_lines(text.instances()))]))


def describe(
    picture: PictureArgument,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell of a picture at length."""
    _tell("describe", "description", picture, (model, device, dtype), as_json)


def ask(
    picture: PictureArgument,
    question: Annotated[str, typer.Argument(help='Such as "how many foxes are there?".', show_default=False)],
    choice: Annotated[
        list[str] | None, typer.Option(help="An answer to choose from; give it again for each. Without it, any words.")
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question about a picture."""
    require_words(question)
    array = opened(picture)
    with progress("reading") as on_step:
        answer = loaded(model, device, dtype).ask(
            array, question, callback_on_step_end=on_step, **given(choices=choice)
        )
    if as_json:
        more = {"probabilities": dict(answer.probabilities)} if choice else {}
        print(as_one_line({**_image(array), "answer": answer.words, "probability": answer.probability, **more}))
    else:
        print(_shares(answer.probabilities) if choice else answer.words)


def classify(
    picture: PictureArgument,
    labels: Annotated[
        str | None, typer.Option(help="Names to choose from, with commas between. Without it, all the model knows.")
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the main thing of a picture, with the probability of each name."""
    names = None if labels is None else [name.strip() for name in labels.split(",")]
    if names is not None and not all(names):
        raise InputError(f"--labels are names with commas between, such as fox,palm tree, but {labels!r} came")
    array = opened(picture)
    with progress("reading"):
        shares = loaded(model, device, dtype).classify(array, **given(labels=names))
    if as_json:
        print(as_one_line({**_image(array), "probabilities": shares}))
    else:
        print(_shares(dict(list(shares.items())[: None if names else _SHOWN])))


def _tell(
    method: str, name: str, picture: Any, which: tuple[str | None, str | None, str | None], as_json: bool
) -> None:
    array = opened(picture)
    with progress("reading") as on_step:
        words = getattr(loaded(*which), method)(array, callback_on_step_end=on_step)
    print(as_one_line({**_image(array), name: words}) if as_json else words)


def _image(array: Any) -> dict[str, dict[str, int]]:
    height, width = array.shape[:2]
    return {"image": {"width": width, "height": height}}


def _shares(probabilities: Mapping[str, float]) -> str:
    return "\n".join(f"{words}  {share:.2f}" for words, share in probabilities.items())
