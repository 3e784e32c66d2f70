"""One item of a benchmark."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Task:
    """A picture with what is said of it; pictures are opened only when they are asked for.

    ``target`` is the prompt of an edit, None where the data set has none; ``counterfactual`` is the
    true edited picture where it is known. Opening may raise ``InputError``, which fails this item
    alone; so does an item without a caption.
    """

    key: str
    caption: str | None
    open: Callable[[], Image.Image]
    target: str | None = None
    counterfactual: Callable[[], Image.Image] | None = None
