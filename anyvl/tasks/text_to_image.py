"""Words to a picture."""

from anyvl.codecs import Picture
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task

TEXT_TO_IMAGE = Task(
    name="text_to_image",
    description="paint a picture of what the words say",
    sees_picture=False,
    templates=("{words}", "paint {words}", "a picture of {words}", "draw {words}"),
    held_out_template="an image that shows {words}",
    output=Picture(),
    metric="scene_accuracy",
    sampling=Sampling(temperature=0.5, top_p=0.9, guidance_scale=1.5),
    guided=True,
)
