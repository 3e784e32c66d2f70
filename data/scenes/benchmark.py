"""``data=scenes``: rendered pictures with captions, edits and their true results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from data.scenes.render import RENDERER, Mask, render, true_mask
from data.scenes.spec import BACKGROUNDS, COLOURS, SHAPES, SceneSpec
from data.scenes.split import scene
from data.task import Task

EDITABLE = {"colour": COLOURS, "shape": SHAPES, "background": BACKGROUNDS}


def target_spec(spec: SceneSpec, seed: int) -> SceneSpec:
    """``spec`` with one word changed: which one, and to what, follows from ``seed``."""
    rng = np.random.default_rng([seed, 99])
    field = list(EDITABLE)[int(rng.integers(len(EDITABLE)))]
    others = [word for word in EDITABLE[field] if word != getattr(spec, field)]
    return replace(spec, **{field: others[int(rng.integers(len(others)))]})


@dataclass(frozen=True)
class Drawing:
    """A scene as a picture, drawn when it is asked for."""

    spec: SceneSpec
    seed: int

    def __call__(self) -> Image.Image:
        """64 by 64."""
        return Image.fromarray(render(self.spec, self.seed))

    def identity(self) -> str:
        """What decides every pixel."""
        return f"{self.spec.caption}, seed {self.seed}, renderer {RENDERER}"


@dataclass(frozen=True)
class Scenes(Sequence[Task]):
    """Item i is always the same picture, caption, target caption and counterfactual."""

    split: str = "test"
    size: int = 128

    def __len__(self) -> int:
        """As many pictures as the paper's Table 2 has, unless told otherwise."""
        return self.size

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Item ``index``; nothing is drawn yet."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        spec, seed = scene(self.split, index)
        edited = target_spec(spec, seed)
        return Task(
            key=f"{self.split}-{index:05d}",
            caption=spec.caption,
            target=edited.caption,
            open=Drawing(spec, seed),
            counterfactual=Drawing(edited, seed),
        )

    def mask(self, index: int) -> Mask:
        """Where the picture of item ``index`` and its counterfactual differ."""
        spec, seed = scene(self.split, index)
        return true_mask(render(spec, seed), render(target_spec(spec, seed), seed))
