"""What is measured of pictures, and the names that its values go by."""

from collections.abc import Callable
from dataclasses import dataclass, field

from jaxtyping import Bool, Float
from torch import Tensor

from pti.types import Image

PerImage = Float[Tensor, " b"]


@dataclass(frozen=True)
class Pictures:
    """Results, and what each may be held against.

    ``source`` is the input; ``truth`` the true result of the edit and ``changed`` where that
    differs from the input, both where they are known; ``target_class`` is what it should show, and
    ``prompt`` what it was made for.
    """

    output: Image
    source: Image
    truth: Image | None = None
    changed: Bool[Tensor, "b 1 height width"] | None = None
    target_class: tuple[str, ...] | None = None
    prompt: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Quantity:
    """Something measured: per picture, or per class of pictures.

    ``id`` says what was measured and how: it is the key in the score files and a table's header.
    ``decimals`` is how many a table prints. ``below_zero`` is what a value below 0 means, for a
    quantity that has none by its nature but may be estimated as one.
    """

    id: str
    higher_is_better: bool
    decimals: int
    unit: str = field(default="", kw_only=True)
    below_zero: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Metric(Quantity):
    """A quantity of each picture by itself."""

    measure: Callable[[Pictures], PerImage]


def to_source(compare: Callable[[Image, Image], PerImage]) -> Callable[[Pictures], PerImage]:
    """How a metric of two pictures compares a result with its input."""
    return lambda pictures: compare(pictures.output, pictures.source)
