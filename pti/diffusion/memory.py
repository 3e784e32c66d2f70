"""The memory of a model: results of pieces of work that methods or settings have in common.

An editor uses it only if its own class declares ``shares_work = True``: what it does to the model
beside the pieces, such as its own attention processors, is in no key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Tensors = dict[str, Tensor]
"""Tensors by name; the first axis of each is the batch."""


@dataclass(frozen=True)
class Piece:
    """A piece of work: all that its result depends on, apart from the model.

    ``module`` is the name of the module that computes it, ``parts`` are dataclasses whose class,
    code and fields matter, and ``settings`` are further values, all for the whole batch.
    ``inputs`` have one entry per item along their first axis.
    """

    name: str
    module: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Tensor | Sequence[Any]]
    parts: Sequence[object] = field(default=())


Memory = Callable[[Piece, Callable[[], Tensors]], Tensors]
"""Gives the result of a piece of work: computed, or that of an earlier one equal in everything."""


def forgetful(piece: Piece, compute: Callable[[], Tensors]) -> Tensors:
    """The memory that remembers nothing."""
    del piece
    return compute()
