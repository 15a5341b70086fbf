"""A picture and a question to words: open ones, or the likeliest of a closed set (VQA; OFA's trie, Wang et al. 2022)."""

from anyvl.codecs import Words
from anyvl.tasks.task import Task

QUESTION_ANSWERING = Task(
    name="question_answering",
    description="answer a question about a picture; with given choices, how probable each is",
    sees_picture=True,
    looks=True,
    templates=("{words}", "question: {words}", "answer this: {words}"),
    held_out_template="tell me, {words}",
    output=Words(),
    metric="exact_match",
    budget=64,
)
