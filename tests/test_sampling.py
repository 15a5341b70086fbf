"""Drawing rules are checked where they are written down, not where they are used."""

import pytest

from anyvl.errors import InputError
from anyvl.sampling import Sampling


def test_the_default_draws_from_the_model_as_it_is():
    sampling = Sampling()
    assert (sampling.temperature, sampling.top_k, sampling.top_p, sampling.guidance_scale) == (1.0, None, None, 1.0)
    assert not sampling.greedy and not sampling.guided
    assert Sampling(temperature=0.0).greedy and Sampling(guidance_scale=0.0).guided
    assert hash(Sampling(top_k=5, top_p=1.0)) == hash(Sampling(top_k=5, top_p=1.0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_k", 0),
        ("top_p", 0.0),
        ("top_p", 1.01),
        ("top_p", float("nan")),
        ("guidance_scale", -1.0),
        ("guidance_scale", float("nan")),
    ],
)
def test_what_cannot_be_drawn_by_is_refused_by_name(name, value):
    with pytest.raises(InputError, match=name):
        Sampling(**{name: value})
