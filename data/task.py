"""One item of a benchmark."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

Opener = Callable[[], Image.Image]


@dataclass(frozen=True)
class Reference:
    """A real picture of a class; ``identity`` changes where the picture does."""

    identity: str
    open: Opener


@dataclass(frozen=True)
class Task:
    """A picture with what is said of it; pictures are opened only when they are asked for.

    ``target`` is the prompt of an edit, None where the data set has none, and ``words`` are the
    phrases in it that name what the edit should put there. ``target_class`` is what the edited
    picture should show, by the name that the data set's ``references`` know. ``counterfactual`` is
    the true edited picture where it is known; ``retrieved`` is some real picture of the target
    class. Opening may raise ``InputError``, which fails this item alone; so does an item without a
    caption.
    """

    key: str
    caption: str | None
    open: Opener
    target: str | None = None
    words: tuple[str, ...] = ()
    target_class: str | None = None
    counterfactual: Opener | None = None
    retrieved: Opener | None = None

    def edited_words(self) -> tuple[str, ...]:
        """``words``; where the data set names none, those of the target that the caption lacks."""
        if self.words or self.target is None:
            return self.words
        known = set(_letters(self.caption or ""))
        return tuple(word for word in _letters(self.target) if word not in known)


def _letters(prompt: str) -> list[str]:
    return re.findall(r"[^\W_]+", prompt.lower())
