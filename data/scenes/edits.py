"""``data=scenes_edit``: edits of rendered scenes, each class the target of as many as any other.

The analogue of FlexIT's ImageNet protocol, with two things that photographs lack: the true edited
picture, and with it the true mask.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np

from data.scenes.benchmark import Drawing
from data.scenes.spec import ALL_SPECS, COLOURS, SHAPES, SceneSpec
from data.scenes.split import STRIDE, scene
from data.task import Reference, Task

PAIRS = tuple(zip(COLOURS, SHAPES, strict=True))
CLASSES = (*SHAPES, *COLOURS, *(" ".join(pair) for pair in PAIRS))
"""What an edit may ask for: another shape, another colour, or both, as "red circle" does."""

FIRST_SEED = STRIDE // 2
"""Where in a split these pictures begin, so that ``data=scenes`` has none of them."""

OTHER_SEED = FIRST_SEED + STRIDE // 4
"""Where the pictures begin that stand for an oracle's answer."""

REFERENCES = 100
"""Rendered pictures of each class that its statistics are taken from."""

REFERENCE_SPLIT = "train"


def edited(spec: SceneSpec, name: str) -> SceneSpec:
    """``spec`` made to show class ``name``."""
    words = name.split()
    colour = next((word for word in words if word in COLOURS), spec.colour)
    shape = next((word for word in words if word in SHAPES), spec.shape)
    return replace(spec, colour=colour, shape=shape)


def differs(spec: SceneSpec, name: str) -> bool:
    """Whether every word of ``name`` would be new to ``spec``."""
    return not {spec.colour, spec.shape} & set(name.split())


@dataclass(frozen=True)
class SceneEdits(Sequence[Task]):
    """Query i is always the same picture and edit; each 24 in a row ask for every class once.

    Splits ``dev`` and ``test`` share no picture.
    """

    split: str = "test"
    size: int = 240

    def __len__(self) -> int:
        """Ten queries a class, unless told otherwise."""
        return self.size

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Query ``index``; nothing is drawn yet."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        name = CLASSES[index % len(CLASSES)]
        spec, seed = self._source(index, name)
        target = edited(spec, name)
        return Task(
            key=f"{self.split}-{index:05d}",
            caption=spec.caption,
            target=target.caption,
            words=(f"{target.colour} {target.shape}",),
            target_class=name,
            open=Drawing(spec, seed),
            counterfactual=Drawing(target, seed),
            retrieved=next(_showing(name, self.split, OTHER_SEED + index)),
        )

    def _source(self, index: int, name: str) -> tuple[SceneSpec, int]:
        """The scene of the split's stream, with words redrawn until none is in the target class."""
        spec, seed = scene(self.split, FIRST_SEED + index)
        rng = np.random.default_rng([seed, 7])
        while not differs(spec, name):
            spec = ALL_SPECS[int(rng.integers(len(ALL_SPECS)))]
        return spec, seed

    def classes(self) -> list[str]:
        """Every class that an edit may ask for."""
        return list(CLASSES)

    def references(self, name: str) -> list[Reference]:
        """Rendered pictures of a class, of seeds that no query has."""
        drawings = _showing(name, REFERENCE_SPLIT, CLASSES.index(name) * REFERENCES)
        return [Reference(drawn.identity(), drawn) for drawn in islice(drawings, REFERENCES)]


def _showing(name: str, split: str, start: int) -> Iterator[Drawing]:
    """Scenes of a split from index ``start`` on, each made to show class ``name``."""
    for offset in count(start):
        spec, seed = scene(split, offset)
        yield Drawing(edited(spec, name), seed)
