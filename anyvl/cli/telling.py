"""`anyvl caption`: what is in a picture, in words."""

from anyvl.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    ModelOption,
    PictureArgument,
    as_one_line,
    loaded,
    opened,
    progress,
)


def caption(
    picture: PictureArgument,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a picture shows."""
    array = opened(picture)
    with progress("reading") as on_step:
        words = loaded(model, device, dtype).caption(array, callback_on_step_end=on_step)
    height, width = array.shape[:2]
    print(as_one_line({"image": {"width": width, "height": height}, "caption": words}) if as_json else words)
