"""What a task is: a small declarative value from which sequences, grammar, decoding, command line and docs follow."""

from dataclasses import dataclass, field

from anyvl.codecs import Codec
from anyvl.sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing the model can be asked for.

    sees_picture: whether a picture comes before the words; hides_cells: with some cells hidden; looks: with a list of what is in
    it, where the model can write one (`listing`). takes_layout: whether named boxes come after the words. templates:
    plain-language prompts with one `{words}` for what the user says (none where the task needs no words); a training draws from
    all but `held_out_template`, which is kept to test that the model understands wording it was not trained on. guided: whether
    its words may be dropped, for classifier-free guidance. budget: most ids of an answer beyond the codes of a picture. metric:
    name of what it is judged by.
    """

    name: str
    description: str
    sees_picture: bool
    hides_cells: bool = False
    looks: bool = False
    takes_layout: bool = False
    templates: tuple[str, ...]
    held_out_template: str
    output: Codec
    metric: str
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.0))
    guided: bool = False
    budget: int = 256

    @property
    def needs_words(self) -> bool:
        return "{words}" in self.templates[0]

    def prompt(self, words: str = "", template: int = 0) -> str:
        """The prompt in plain language; template -1 is the held-out one."""
        chosen = self.held_out_template if template < 0 else self.templates[template % len(self.templates)]
        return chosen.format(words=words)
