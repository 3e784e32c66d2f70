"""What a metric of two pictures is, and the name that its values go by."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from pti.types import Image

PerImage = Float[Tensor, " b"]


@dataclass(frozen=True)
class Metric:
    """Compares pictures with their references, one value a picture.

    ``id`` says what was measured and how: it is the key in ``scores.jsonl`` and a table's header.
    ``decimals`` is how many a table prints.
    """

    id: str
    measure: Callable[[Image, Image], PerImage]
    higher_is_better: bool
    decimals: int
    unit: str = ""
