"""The quantities that are measured on pictures, and their names."""

from collections.abc import Callable
from dataclasses import dataclass, field

from jaxtyping import Bool, Float
from torch import Tensor

from pti.types import Image

PerImage = Float[Tensor, " b"]


@dataclass(frozen=True)
class Pictures:
    """Result pictures, and the references that a metric compares them with.

    ``source`` is the input. ``truth`` is the true result of the edit, and ``changed`` is True where
    the truth differs from the input; both are None where they are not known. ``target_class`` is
    the class that the result should show, and ``prompt`` is the prompt of the result.
    """

    output: Image
    source: Image
    truth: Image | None = None
    changed: Bool[Tensor, "b 1 height width"] | None = None
    target_class: tuple[str, ...] | None = None
    prompt: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Quantity:
    """A measured quantity, per picture or per class of pictures.

    ``id`` names the quantity and its settings: it is the key in the score files and the header of a
    table. ``decimals`` is the number of decimals in a table. ``below_zero`` explains a value below
    0, for a quantity that is never negative but whose estimate can be.
    """

    id: str
    higher_is_better: bool
    decimals: int
    unit: str = field(default="", kw_only=True)
    below_zero: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Metric(Quantity):
    """A quantity that is measured on each picture by itself."""

    measure: Callable[[Pictures], PerImage]


def to_source(compare: Callable[[Image, Image], PerImage]) -> Callable[[Pictures], PerImage]:
    """Turn a comparison of two pictures into a measure of each result against its input."""
    return lambda pictures: compare(pictures.output, pictures.source)
