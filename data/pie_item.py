"""What PIE-Bench and PIE-Bench++ have in common: their types, and the rules for items."""

import json
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image

from data.key import check_keys, key_of
from data.metadata import check_characters
from data.opener import identity_of
from data.rle import Mask, decode, with_border
from data.task import Opener, Task
from pti.diffusion.phrases import spans
from pti.errors import InputError

SIDE = 512
"""The side of every picture and mask."""

TYPES = {
    "0": ("random", 140),
    "1": ("change object", 80),
    "2": ("add object", 80),
    "3": ("delete object", 80),
    "4": ("change content", 40),
    "5": ("change pose", 40),
    "6": ("change colour", 40),
    "7": ("change material", 40),
    "8": ("change background", 80),
    "9": ("change style", 80),
}
"""The name of each type of edit, and how many items of it there are."""

BRACKETED = re.compile(r"\[([^\[\]]*)\]")

Types = Sequence[int | str] | str | float | None
"""Types of edit: ``1``, ``"1,6"`` or ``[1, 6]``; all where it is None or empty."""


@dataclass(frozen=True)
class PieItem:
    """An item as its file has it; ``name`` gives its key, and ``where`` names it in messages.

    ``blended`` are pairs of a phrase of the picture's prompt and one of the edit's, either of which
    may be empty. ``tags`` are those beside its type.
    """

    name: str
    where: str
    type: str
    tags: tuple[str, ...]
    original: str
    editing: str
    blended: tuple[tuple[str, str], ...]
    runs: tuple[Any, ...]
    open: "PiePicture"

    def task(self) -> Task:
        """The item by the rules.

        Prompts lose their brackets by ``strip_brackets``. ``old_words`` and ``words`` are those of
        the blended pairs of which no phrase is missing from its prompt; where there is no such
        pair, the phrases in brackets; and where there are none either, they are left empty, for
        the words in which the prompts differ.
        ``region`` has the border of ``with_border``, as the metrics of its authors do. ``mask``,
        which may guide an edit, has not: it frees every latent cell that it touches, so the border
        would free the whole rim.
        """
        caption, target = strip_brackets(self.original), strip_brackets(self.editing)
        old, new = self._words()
        return Task(
            key=key_of(self.name),
            caption=caption if caption.strip() else None,
            target=target if target.strip() else None,
            words=new,
            old_words=old,
            open=self.open,
            region=PieMask(self.runs, self.where, border=True),
            mask=PieMask(self.runs, self.where, border=False),
            tags=(kind_of(self.type), *self.tags),
        )

    def absent(self, pair: tuple[str, str]) -> list[str]:
        """The phrases of a pair that their prompts lack; an editor would fail the item for one."""
        return [
            phrase
            for phrase, prompt in zip(pair, (self.original, self.editing), strict=True)
            if phrase and not _occurs(phrase, prompt)
        ]

    def _words(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The phrases of both prompts that the edit is about, both from pairs or from brackets."""
        used = [pair for pair in self.blended if any(pair) and not self.absent(pair)]
        if not used:
            return _bracketed(self.original), _bracketed(self.editing)
        old, new = (tuple(filter(None, dict.fromkeys(side))) for side in zip(*used, strict=True))
        return old, new


@dataclass(frozen=True)
class PiePicture:
    """An opener that refuses a picture which is not of PIE-Bench's size; ``name`` names it."""

    opener: Opener
    name: str

    def __call__(self) -> Image.Image:
        """Open the picture; raises ``InputError`` also where it has another size."""
        picture = self.opener()
        if picture.size != (SIDE, SIDE):
            width, height = picture.size
            raise InputError(
                f"{self.name} has {width} by {height} pixels, but PIE-Bench's pictures have "
                f"{SIDE} by {SIDE}, as their masks do: get the picture again"
            )
        return picture

    def identity(self) -> str:
        """The identity of the picture."""
        return identity_of(self.opener)


@dataclass(frozen=True)
class PieMask:
    """An opener of a mask, white where the picture is edited, and on its ``border`` if asked."""

    runs: tuple[Any, ...]
    where: str
    border: bool

    def __call__(self) -> Image.Image:
        """Draw the mask; raises ``InputError`` where the runs are wrong."""
        return Image.fromarray(self.pixels()).convert("RGB")

    def pixels(self) -> Mask:
        """The mask itself; raises the same."""
        mask = decode(self.runs, SIDE, self.where)
        return with_border(mask) if self.border else mask

    def identity(self) -> str:
        """The sha256 of the runs, and whether there is a border."""
        return sha256(json.dumps([self.runs, self.border]).encode()).hexdigest()


@dataclass(frozen=True)
class PieItems(Sequence[Task]):
    """Items of PIE-Bench in the order of their file or files; ``types`` selects types of edit.

    ``types`` does not change an item that it selects. Raises ``InputError`` where it names no type.
    """

    root: str
    types: Types = None

    def __post_init__(self) -> None:
        """Raise ``InputError`` for a type that there is not."""
        for chosen in self._chosen():
            if not chosen:
                raise InputError(
                    f"data.types={self.types}: a number is missing between two commas, or before "
                    "or after one: write numbers such as 1,6"
                )
            if chosen not in TYPES:
                raise InputError(
                    f"data.types has {chosen!r}, which is not a type: give numbers, such as 1,6, "
                    f"of {', '.join(map(kind_of, TYPES))}"
                )

    def _chosen(self) -> tuple[str, ...]:
        """The types that are asked for, none where all are."""
        given = [self.types] if isinstance(self.types, float | int) else self.types or []
        words = given.split(",") if isinstance(given, str) else map(str, given)
        return tuple(word.strip() for word in words)

    @property
    @abstractmethod
    def source(self) -> Path:
        """The file or folder of the items, which messages name."""

    @abstractmethod
    def read(self) -> list[PieItem]:
        """All items there; raises ``InputError`` where they can't be read."""

    @cached_property
    def items(self) -> list[PieItem]:
        """The items of the types that are asked for; raises what ``read`` raises."""
        found = self.read()
        check_keys(self.source, [(item.name, key_of(item.name)) for item in found])
        there = Counter(item.type for item in found)
        for chosen in self._chosen():
            if not there[chosen]:
                raise InputError(
                    f"data.types={chosen}: {self.source} has no item of {kind_of(chosen)}, but of "
                    f"{', '.join(map(kind_of, sorted(there)))}: get the rest, or name one of these"
                )
        return [item for item in found if item.type in (self._chosen() or TYPES)]

    def __len__(self) -> int:
        """The number of items."""
        return len(self.items)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Item ``index``, by the rules of ``PieItem.task``."""
        return self.items[index].task()

    def examined(self) -> tuple[list[str], list[str]]:
        """What is there of each type, of masks and of words; and types that are not whole."""
        there = Counter(item.type for item in self.items)
        wanted = {one: TYPES[one] for one in TYPES if one in (self._chosen() or TYPES)}
        whole = sum(map(_leaves_nothing, self.items))
        facts = [f"{kind_of(one)}: {there[one]} of {count}" for one, (_, count) in wanted.items()]
        facts.append(f"masks that leave no background: {whole} of {len(self.items)}")
        pairs = [(item, pair) for item in self.items for pair in item.blended]
        absent = sum(len(item.absent(pair)) for item, pair in pairs)
        phrases = sum(bool(phrase) for _, pair in pairs for phrase in pair)
        facts.append(f"blended words that are not in their prompts: {absent} of {phrases}")
        facts.append(f"prompts: {strip_brackets.__name__}, digest: {self.digest()}")
        return facts, [
            f"{kind_of(one)}: {there[one]} of {count} items are in {self.source}: get it again"
            for one, (_, count) in wanted.items()
            if there[one] != count
        ]

    def digest(self) -> str:
        """The sha256 of all keys, captions and targets as JSON without spaces."""
        prompts = [[task.key, task.caption, task.target] for task in self]
        return sha256(json.dumps(prompts, separators=(",", ":")).encode()).hexdigest()


def kind_of(number: str) -> str:
    """A type by its number, such as "1 change object"."""
    return f"{number} {TYPES[number][0]}"


def strip_brackets(prompt: str) -> str:
    """The prompt without the characters [ and ], as PIE-Bench's evaluation has it."""
    return prompt.replace("[", "").replace("]", "")


def text_of(value: Any, field: str, where: str) -> str:
    """A field that must be a text; raises ``InputError`` where it is not."""
    if not isinstance(value, str):
        raise InputError(f"{where}: {field} is not a text but {value!r}: get the file again")
    check_characters(value, f"{where}: {field}")
    return value


def _bracketed(prompt: str) -> tuple[str, ...]:
    """The phrases in brackets, but for parts of words."""
    phrases = dict.fromkeys(phrase.strip() for phrase in BRACKETED.findall(prompt))
    return tuple(phrase for phrase in phrases if phrase and _occurs(phrase, prompt))


def _occurs(phrase: str, prompt: str) -> bool:
    return bool(spans(phrase, strip_brackets(prompt)))


def _leaves_nothing(item: PieItem) -> bool:
    """Whether nothing is left outside a mask; not where it is damaged, which opening it tells."""
    try:
        return bool(PieMask(item.runs, item.where, border=True).pixels().all())
    except InputError:
        return False
