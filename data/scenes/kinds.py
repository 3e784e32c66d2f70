"""The kinds of edit, as PIE-Bench has types: what each changes, and the classes that it aims at."""

from dataclasses import dataclass

from data.scenes.spec import BACKGROUNDS, COLOURS, PATTERNS, PRESENCE, SHAPES, SceneSpec

WORDS = {"colour": COLOURS, "shape": SHAPES, "pattern": PATTERNS, "background": BACKGROUNDS}
"""The words of a scene with one object, by what they say."""

ATTRIBUTE_OF = {word: attribute for attribute, words in WORDS.items() for word in words}
ABSENT, PRESENT = PRESENCE
PAIRS = tuple(f"{colour} {shape}" for colour, shape in zip(COLOURS, SHAPES, strict=True))

KINDS = {
    "shape": SHAPES,
    "colour": COLOURS,
    "shape_and_colour": PAIRS,
    "pattern": PATTERNS,
    "background": BACKGROUNDS,
    "add": tuple(f"{PRESENT} {pair}" for pair in PAIRS),
    "delete": tuple(f"{ABSENT} {background}" for background in BACKGROUNDS),
}
"""The target classes of each kind; the classifier can read every word of a class."""

KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


@dataclass(frozen=True)
class Change:
    """The specs of a picture and of its true edited version."""

    source: SceneSpec
    target: SceneSpec

    @property
    def words(self) -> str:
        """The phrase of the target prompt whose attention should show where the picture changes.

        It is the object with all its words, or the background where that changes. After a deletion
        it is the background, too: no word is left of what should go, and an attention mask can only
        select the whole picture.
        """
        before, after = self.source, self.target
        if not after.things or before.background != after.background:
            return after.background
        return after.thing.words


def names_of(name: str) -> dict[str, str]:
    """The words of a class by what they say, without presence: {"colour": "red"}."""
    return {ATTRIBUTE_OF[word]: word for word in name.split() if word not in PRESENCE}


def change(spec: SceneSpec, name: str) -> Change:
    """The edit of ``spec``, a scene with one object, towards class ``name``."""
    full = spec.changed(**names_of(name))
    empty = SceneSpec((), full.background)
    pair = {"add": (empty, full), "delete": (full, empty)}.get(KIND_OF[name], (spec, full))
    return Change(*pair)


def suits(spec: SceneSpec, name: str) -> bool:
    """Whether the edit of ``spec`` towards ``name`` changes every word that the class names."""
    if KIND_OF[name] in ("add", "delete"):
        return True
    there = {"background": spec.background, **vars(spec.thing)}
    return all(there[attribute] != word for attribute, word in names_of(name).items())


def showing(spec: SceneSpec, name: str) -> SceneSpec:
    """``spec`` turned into a picture of class ``name``."""
    return change(spec, name).target
