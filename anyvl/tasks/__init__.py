"""The tasks: one small file each, and the table of them."""

from anyvl.errors import UnknownNameError
from anyvl.tasks.captioning import CAPTIONING
from anyvl.tasks.detection import DETECTION
from anyvl.tasks.image_editing import IMAGE_EDITING
from anyvl.tasks.segmentation import SEGMENTATION
from anyvl.tasks.task import Task
from anyvl.tasks.text_to_image import TEXT_TO_IMAGE

TASKS: tuple[Task, ...] = (TEXT_TO_IMAGE, IMAGE_EDITING, SEGMENTATION, DETECTION, CAPTIONING)

__all__ = ["TASKS", "Task", "find_task"]


def find_task(name: str) -> Task:
    """The task of a name; an `UnknownNameError` lists the names otherwise."""
    for task in TASKS:
        if task.name == name:
            return task
    raise UnknownNameError("task", name, [task.name for task in TASKS])
