"""``data=scenes_edit``: edits of rendered scenes, with the same number for each target class.

The data set is the analogue of FlexIT's ImageNet protocol, but the true edited picture and the true
mask are known.
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
"""The target classes: a shape, a colour, or both, such as "red circle"."""

FIRST_SEED = STRIDE // 2
"""Index in a split's stream where these pictures begin, apart from those of ``data=scenes``."""

OTHER_SEED = FIRST_SEED + STRIDE // 4
"""Index in a split's stream where the retrieved pictures begin."""

REFERENCES = 100
"""Reference pictures per class, from which its statistics are computed."""

REFERENCE_SPLIT = "train"


def edited(spec: SceneSpec, name: str) -> SceneSpec:
    """``spec`` with the colour, the shape or both of class ``name``."""
    words = name.split()
    colour = next((word for word in words if word in COLOURS), spec.colour)
    shape = next((word for word in words if word in SHAPES), spec.shape)
    return replace(spec, colour=colour, shape=shape)


def differs(spec: SceneSpec, name: str) -> bool:
    """Whether ``spec`` has none of the words of class ``name``."""
    return not {spec.colour, spec.shape} & set(name.split())


@dataclass(frozen=True)
class SceneEdits(Sequence[Task]):
    """Edits of scenes; item i is fixed, and each run of 24 items has every class once.

    Splits ``dev`` and ``test`` share no picture.
    """

    split: str = "test"
    size: int = 240

    def __len__(self) -> int:
        """The number of items; the default is ten per class."""
        return self.size

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Item ``index``; nothing is rendered yet."""
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
        """A scene of the split, whose spec is redrawn until it has no word of the target class."""
        spec, seed = scene(self.split, FIRST_SEED + index)
        rng = np.random.default_rng([seed, 7])
        while not differs(spec, name):
            spec = ALL_SPECS[int(rng.integers(len(ALL_SPECS)))]
        return spec, seed

    def classes(self) -> list[str]:
        """The names of all target classes."""
        return list(CLASSES)

    def references(self, name: str) -> list[Reference]:
        """Rendered pictures of a class; no item has their seeds."""
        drawings = _showing(name, REFERENCE_SPLIT, CLASSES.index(name) * REFERENCES)
        return [Reference(drawn.identity(), drawn) for drawn in islice(drawings, REFERENCES)]


def _showing(name: str, split: str, start: int) -> Iterator[Drawing]:
    """Scenes of a split from index ``start`` on, each edited to show class ``name``."""
    for offset in count(start):
        spec, seed = scene(split, offset)
        yield Drawing(edited(spec, name), seed)
