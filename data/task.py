"""The item of a data set."""

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
"""A word: letters and digits, joined by apostrophes and hyphens, or one emoji."""


@dataclass(frozen=True)
class Reference:
    """A real picture of a class; ``identity`` changes whenever the picture does."""

    identity: str
    open: Opener


@dataclass(frozen=True)
class Task:
    """A picture with its prompts; the picture is opened only on demand.

    ``key`` names the item within its data set. ``target`` is the prompt of the edit, None without
    an edit, and ``words`` are the phrases of it that describe the edit; ``old_words`` are the
    phrases of the caption that the edit replaces. ``target_class`` is the class that the edited
    picture should show, as named in the data set's ``references``. ``counterfactual`` is the true
    edited picture where it is known; ``retrieved`` is a real picture of the target class.
    ``region`` is white where the edit should change the picture; ``tags`` name the item's
    categories. ``mask`` is the region to edit as the user gives it, white where the edit is free,
    at the picture's size. ``imported`` is the result that other code made: ``method=imported`` adds
    it. An opener may raise ``InputError``, which fails only this item; an item without a caption
    fails, too.
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
    mask: Opener | None = None
    old_words: tuple[str, ...] = ()
    imported: Opener | None = None

    def edited_words(self) -> tuple[str, ...]:
        """``words``, or, where they are empty, the words of the target that the caption lacks.

        Where the caption lacks only ``LITTLE_WORDS`` (a removal, a swap), or there is no caption,
        the result is all words of the target except these. A possessive 's is ignored.
        """
        if self.words or self.target is None:
            return self.words
        words = WORD.findall(self.target)
        new = _beyond(self.caption or "", words)
        return tuple(new if _content(new) else _content(words) or words)

    def replaced_words(self) -> tuple[str, ...]:
        """``old_words``, or the words of the caption that the target lacks; often none.

        Those that the target lacks are without ``LITTLE_WORDS``.
        """
        if self.old_words or self.target is None:
            return self.old_words
        words = WORD.findall(self.caption or "")
        return tuple(_content(_beyond(self.target, words)))


class Benchmark(Protocol):
    """A data set: its items in a fixed order."""

    def __iter__(self) -> Iterator[Task]:
        """Iterate over the items."""
        ...


@runtime_checkable
class WithReferences(Protocol):
    """A data set with real pictures of the target classes of its edits."""

    def references(self, name: str) -> Sequence[Reference]:
        """Pictures of the class ``name``; raises ``InputError`` where there are none."""
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


@runtime_checkable
class FromHub(Protocol):
    """A data set whose files are fetched as they are from a repository of the hub."""

    def hub(self) -> tuple[str, Path]:
        """The repository's name, and the folder where its files belong."""
        ...


def _beyond(text: str, words: Sequence[str]) -> list[str]:
    """Those of ``words`` that ``text`` lacks; none where it has no word at all."""
    known = {_root(word) for word in WORD.findall(text)}
    return [word for word in words if _root(word) not in known] if known else []


def _root(word: str) -> str:
    return plain(word).removesuffix("'s")


def _content(words: Sequence[str]) -> list[str]:
    return [word for word in words if plain(word) not in LITTLE_WORDS]
