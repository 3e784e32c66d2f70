"""The spec of a scene, its caption, and the way back from the caption to the spec."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SHAPES = ("circle", "square", "triangle", "star", "heart", "ring", "cross", "crescent")
PATTERNS = ("plain", "striped", "dotted")
"""The patterns of an object; a caption does not say that an object is plain."""

BACKGROUNDS = ("grass", "sand", "water", "bricks", "wood", "snow")
PRESENCE = ("absent", "present")
"""Whether a scene has an object."""

MOST_THINGS = 2


def _known(field: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise ValueError(f"{field} {word!r} is unknown; choose from {', '.join(words)}")


@dataclass(frozen=True)
class Thing:
    """What a caption says about an object."""

    colour: str
    shape: str
    pattern: str = "plain"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown word."""
        _known("pattern", self.pattern, PATTERNS)
        _known("colour", self.colour, COLOURS)
        _known("shape", self.shape, SHAPES)

    @property
    def words(self) -> str:
        """The object without an article, such as "striped orange ring"."""
        pattern = "" if self.pattern == "plain" else f"{self.pattern} "
        return f"{pattern}{self.colour} {self.shape}"

    @property
    def phrase(self) -> str:
        """The object with its article, such as "an orange ring"."""
        return f"{'an' if self.words[0] in 'aeiou' else 'a'} {self.words}"


@dataclass(frozen=True)
class SceneSpec:
    """What a caption names: up to two objects, and the background; the rest follows from a seed."""

    things: tuple[Thing, ...]
    background: str

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown background, or too many objects."""
        _known("background", self.background, BACKGROUNDS)
        if len(self.things) > MOST_THINGS:
            raise ValueError(f"{self.subject!r} are too many: a scene has two objects at most")

    @property
    def subject(self) -> str:
        """The objects alone, such as "a red star and an orange ring"."""
        return " and ".join(thing.phrase for thing in self.things)

    @property
    def caption(self) -> str:
        """The whole scene, such as "a red star on grass"; without objects, "grass"."""
        return f"{self.subject} on {self.background}" if self.things else self.background

    @property
    def thing(self) -> Thing:
        """The only object; raises ``ValueError`` where the scene has none or two."""
        if len(self.things) != 1:
            raise ValueError(f"{self.caption!r} has {len(self.things)} objects: give it one")
        return self.things[0]

    def changed(self, **words: str) -> "SceneSpec":
        """The same scene with other words for its only object or its background."""
        background = words.pop("background", self.background)
        things = (replace(self.thing, **words),) if words else self.things
        return SceneSpec(things, background)


def parse(caption: str) -> SceneSpec:
    """The spec of a caption; raises ``ValueError`` for one that no spec has."""
    head, on, background = " ".join(caption.lower().split()).rpartition(" on ")
    things = tuple(_thing(phrase, caption) for phrase in head.split(" and ")) if on else ()
    return SceneSpec(things, background)


def _thing(phrase: str, caption: str) -> Thing:
    words = phrase.split()
    if words and words[0] in ("a", "an"):
        words = words[1:]
    if len(words) not in (2, 3):
        raise ValueError(
            f"{caption!r} does not name the object's colour and shape alone: "
            'give a caption such as "a red star on grass" or "a striped red star on grass"'
        )
    *pattern, colour, shape = words
    return Thing(colour, shape, *pattern)


TRIPLES = tuple(product(COLOURS, SHAPES, BACKGROUNDS))


def _with_patterns(triples: Sequence[tuple[str, str, str]]) -> tuple[SceneSpec, ...]:
    return tuple(
        SceneSpec((Thing(colour, shape, pattern),), background)
        for colour, shape, background in triples
        for pattern in PATTERNS
    )


ALL_SPECS = _with_patterns(TRIPLES)
"""Every scene with one object."""

HELD_OUT_SPECS = _with_patterns(TRIPLES[5::11])
"""Specs that the embedded model was not trained on: every 11th, so that all words are trained."""

TRAIN_SPECS = tuple(spec for spec in ALL_SPECS if spec not in set(HELD_OUT_SPECS))
