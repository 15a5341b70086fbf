"""How annotations of anyvl/ are checked while tests run; jaxtyping's import hook puts `check` on every function."""

from beartype import BeartypeConf, FrozenDict, beartype
from numpy.typing import ArrayLike

_ANY_ARRAY: object = FrozenDict({ArrayLike: object})  # its protocols refuse tuples

# is_pep484_tower: an int may stand for a float, as type checkers have it
check = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=_ANY_ARRAY))
