"""``data=scenes_edit``: edits of rendered scenes of every kind, as many for each target class.

The data set is the analogue of FlexIT's ImageNet protocol, with the kinds of edit that PIE-Bench
has, but the true edited picture and the true mask are known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, islice

import numpy as np

from data.command_line import closest
from data.scenes.benchmark import Drawing
from data.scenes.kinds import KIND_OF, KINDS, Change, change, showing, suits
from data.scenes.render import Mask, render, true_mask
from data.scenes.spec import ALL_SPECS
from data.scenes.split import STRIDE, scene
from data.task import Reference, Task
from pti.errors import InputError

EACH = 10
"""Items of a class where the data set's size is not given."""

FIRST_SEED = STRIDE // 2
"""Index in a split's stream where these pictures begin, apart from those of ``data=scenes``."""

OTHER_SEED = FIRST_SEED + STRIDE // 4
"""Index in a split's stream where the retrieved pictures begin."""

REFERENCES = 100
"""Reference pictures per class, from which its statistics are computed."""

REFERENCE_SPLIT = "train"


def _mixed() -> tuple[str, ...]:
    """All classes, each kind's spread evenly, so that the first few items are of every kind."""
    spread = {
        name: (place + 0.5) / len(names)
        for names in KINDS.values()
        for place, name in enumerate(names)
    }
    return tuple(sorted(spread, key=spread.__getitem__))


CLASSES = _mixed()


@dataclass(frozen=True)
class SceneEdits(Sequence[Task]):
    """Edits of scenes, where each run of items as long as ``classes()`` has every class once.

    ``kinds`` selects kinds of edit, all by default; it does not change an item that it selects. An
    item's tag is its kind. Splits ``dev`` and ``test`` share no picture.
    """

    split: str = "test"
    size: int | None = None
    kinds: Sequence[str] | str | None = None

    def __post_init__(self) -> None:
        """Raise ``InputError`` for an unknown kind."""
        for kind in self._kinds():
            if kind not in KINDS:
                raise InputError(
                    f"there is no kind of edit {kind!r}.{closest(kind, KINDS)} "
                    f"data.kinds takes {', '.join(KINDS)}"
                )

    def _kinds(self) -> tuple[str, ...]:
        given = self.kinds.split(",") if isinstance(self.kinds, str) else self.kinds
        return tuple(given or KINDS)

    def classes(self) -> list[str]:
        """The names of the target classes, in the order of the items."""
        kinds = self._kinds()
        return [name for name in CLASSES if KIND_OF[name] in kinds]

    def __len__(self) -> int:
        """The number of items; the default is ten per class."""
        return EACH * len(self.classes()) if self.size is None else self.size

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Item ``index``; nothing is rendered yet."""
        number, name = self._place(index)
        made, seed = self._change(number, name)
        return Task(
            key=f"{self.split}-{number:05d}",
            caption=made.source.caption,
            target=made.target.caption,
            words=(made.words,),
            target_class=name,
            open=Drawing(made.source, seed),
            counterfactual=Drawing(made.target, seed),
            retrieved=next(_showing(name, self.split, OTHER_SEED + number)),
            tags=(KIND_OF[name],),
        )

    def mask(self, index: int) -> Mask:
        """The true mask of item ``index``, True where picture and counterfactual differ."""
        made, seed = self._change(*self._place(index))
        return true_mask(render(made.source, seed), render(made.target, seed))

    def _place(self, index: int) -> tuple[int, str]:
        """The number of an item among those of all kinds, and its class."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        classes = self.classes()
        turn, place = divmod(index, len(classes))
        return turn * len(CLASSES) + CLASSES.index(classes[place]), classes[place]

    def _change(self, number: int, name: str) -> tuple[Change, int]:
        """The edit of a scene of the split, whose spec is redrawn until it suits the class."""
        spec, seed = scene(self.split, FIRST_SEED + number)
        rng = np.random.default_rng([seed, 7])
        while not suits(spec, name):
            spec = ALL_SPECS[int(rng.integers(len(ALL_SPECS)))]
        return change(spec, name), seed

    def references(self, name: str) -> list[Reference]:
        """Rendered pictures of a class; no item has their seeds."""
        return _references(name)


@cache
def _references(name: str) -> list[Reference]:
    drawings = _showing(name, REFERENCE_SPLIT, CLASSES.index(name) * REFERENCES)
    return [Reference(drawn.identity(), drawn) for drawn in islice(drawings, REFERENCES)]


def _showing(name: str, split: str, start: int) -> Iterator[Drawing]:
    """Scenes of a split from index ``start`` on, each turned into class ``name``."""
    for offset in count(start):
        spec, seed = scene(split, offset)
        yield Drawing(showing(spec, name), seed)
