"""The spec of a scene, and its caption."""

from dataclasses import dataclass
from itertools import product

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SHAPES = ("circle", "square", "triangle", "star", "heart", "ring", "cross", "crescent")
BACKGROUNDS = ("grass", "sand", "water", "bricks", "wood", "snow")


@dataclass(frozen=True)
class SceneSpec:
    """The three words that a caption names; everything else in a scene follows from its seed."""

    colour: str
    shape: str
    background: str

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown word."""
        for field, known in (("colour", COLOURS), ("shape", SHAPES), ("background", BACKGROUNDS)):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"{field} {getattr(self, field)!r} is unknown; choose from {', '.join(known)}"
                )

    @property
    def subject(self) -> str:
        """The object alone, such as "an orange ring"."""
        article = "an" if self.colour[0] in "aeiou" else "a"
        return f"{article} {self.colour} {self.shape}"

    @property
    def caption(self) -> str:
        """The whole scene, such as "a red star on grass"."""
        return f"{self.subject} on {self.background}"


ALL_SPECS = tuple(SceneSpec(*words) for words in product(COLOURS, SHAPES, BACKGROUNDS))

HELD_OUT_SPECS = ALL_SPECS[5::11]
"""Specs that the embedded model was not trained on: every 11th, so that all words are trained."""

TRAIN_SPECS = tuple(spec for spec in ALL_SPECS if spec not in HELD_OUT_SPECS)
