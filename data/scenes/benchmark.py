"""``data=scenes``: rendered pictures with captions, edits and their true results."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from data.scenes.kinds import WORDS
from data.scenes.render import RENDERER, Mask, render, true_mask
from data.scenes.spec import SceneSpec
from data.scenes.split import scene
from data.task import Task


def target_spec(spec: SceneSpec, seed: int) -> SceneSpec:
    """``spec`` with one word changed; the word and its replacement follow from ``seed``."""
    rng = np.random.default_rng([seed, 99])
    field = list(WORDS)[int(rng.integers(len(WORDS)))]
    there = {"background": spec.background, **vars(spec.thing)}
    others = [word for word in WORDS[field] if word != there[field]]
    return spec.changed(**{field: others[int(rng.integers(len(others)))]})


@dataclass(frozen=True)
class Drawing:
    """An opener that renders a scene."""

    spec: SceneSpec
    seed: int

    def __call__(self) -> Image.Image:
        """Render the picture, 64 by 64."""
        return Image.fromarray(render(self.spec, self.seed))

    def identity(self) -> str:
        """The spec, seed and renderer, which determine every pixel."""
        return f"{self.spec.caption}, seed {self.seed}, renderer {RENDERER}"


@dataclass(frozen=True)
class Scenes(Sequence[Task]):
    """Rendered scenes; item i always has the same picture, prompts and counterfactual."""

    split: str = "test"
    size: int = 128

    def __len__(self) -> int:
        """The number of items; the default is the one of the paper's Table 2."""
        return self.size

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Item ``index``; nothing is rendered yet."""
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
        """The true mask of item ``index``, True where picture and counterfactual differ."""
        spec, seed = scene(self.split, index)
        return true_mask(render(spec, seed), render(target_spec(spec, seed), seed))
