"""The tasks: one small file each, and the table of them."""

from anyvl.errors import UnknownNameError
from anyvl.tasks.captioning import CAPTIONING
from anyvl.tasks.classification import CLASSIFICATION
from anyvl.tasks.dense_prediction import DENSE_PREDICTION
from anyvl.tasks.description import DESCRIPTION
from anyvl.tasks.detection import DETECTION
from anyvl.tasks.grounded_captioning import GROUNDED_CAPTIONING
from anyvl.tasks.grounding import GROUNDING
from anyvl.tasks.image_editing import IMAGE_EDITING
from anyvl.tasks.infilling import INFILLING
from anyvl.tasks.keypoints import KEYPOINTS
from anyvl.tasks.layout_to_image import LAYOUT_TO_IMAGE
from anyvl.tasks.listing import LISTING
from anyvl.tasks.planned_image import PLANNED_IMAGE
from anyvl.tasks.question_answering import QUESTION_ANSWERING
from anyvl.tasks.segmentation import SEGMENTATION
from anyvl.tasks.task import Task
from anyvl.tasks.text_to_image import TEXT_TO_IMAGE

TASKS: tuple[Task, ...] = (
    TEXT_TO_IMAGE,
    PLANNED_IMAGE,
    LAYOUT_TO_IMAGE,
    IMAGE_EDITING,
    INFILLING,
    SEGMENTATION,
    LISTING,
    DETECTION,
    GROUNDING,
    KEYPOINTS,
    CAPTIONING,
    GROUNDED_CAPTIONING,
    DESCRIPTION,
    QUESTION_ANSWERING,
    CLASSIFICATION,
    DENSE_PREDICTION,
)

__all__ = ["TASKS", "Task", "find_task"]


def find_task(name: str) -> Task:
    """The task of a name; an `UnknownNameError` lists the names otherwise."""
    for task in TASKS:
        if task.name == name:
            return task
    raise UnknownNameError("task", name, [task.name for task in TASKS])
