"""One item of a benchmark."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import regex
from PIL import Image

from pti.diffusion.phrases import plain

Opener = Callable[[], Image.Image]

LITTLE_WORDS = {"a", "an", "the", "of", "on", "in", "with", "and", "at"}

LETTERS = r"(?:(?=[\p{L}\p{N}])\X)+"
EMOJI = r"(?=[\p{Extended_Pictographic}\p{Regional_Indicator}])\X"
WORD = regex.compile(rf"{LETTERS}(?:['\u2019\u2010\u2011-]{LETTERS})*|{EMOJI}")
"""Letters and digits, joined by apostrophes and hyphens, or one emoji."""


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
    class. ``region`` is white where the edit should change the picture; ``tags`` say what kind of
    item it is. Opening may raise ``InputError``, which fails this item alone; so does
    an item without a caption.
    """

    key: str
    caption: str | None
    open: Opener
    target: str | None = None
    words: tuple[str, ...] = ()
    target_class: str | None = None
    counterfactual: Opener | None = None
    retrieved: Opener | None = None
    region: Opener | None = None
    tags: tuple[str, ...] = ()

    def edited_words(self) -> tuple[str, ...]:
        """``words``; where the data set names none, what of the target the caption lacks.

        Where it lacks nothing but little words (a removal, a swap), or there is no caption: all of
        the target's words but the little ones. A possessive 's makes no other word.
        """
        if self.words or self.target is None:
            return self.words
        words = WORD.findall(self.target)
        known = {_root(word) for word in WORD.findall(self.caption or "")}
        new = [word for word in words if _root(word) not in known] if known else []
        return tuple(new if _content(new) else _content(words) or words)


class Benchmark(Protocol):
    """A data set: its items, in an order that never changes."""

    def __iter__(self) -> Iterator[Task]:
        """Each item."""
        ...


@runtime_checkable
class WithReferences(Protocol):
    """A data set that has real pictures of the classes that its edits lead to."""

    def references(self, name: str) -> Sequence[Reference]:
        """Pictures of the class of that name; raises ``InputError`` where there are none."""
        ...


@runtime_checkable
class Examined(Protocol):
    """A data set that knows more of its own state than whether its pictures open."""

    def examined(self) -> tuple[list[str], list[str]]:
        """What is there, and what is missing or damaged, a line each."""
        ...


@runtime_checkable
class Downloadable(Protocol):
    """A data set whose pictures can be fetched one by one."""

    def downloads(self) -> list[tuple[str, Path]]:
        """The address of each picture, and where it belongs."""
        ...


def _root(word: str) -> str:
    return plain(word).removesuffix("'s")


def _content(words: list[str]) -> list[str]:
    return [word for word in words if plain(word) not in LITTLE_WORDS]
