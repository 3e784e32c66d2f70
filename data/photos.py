"""``data=photos``: photographs from scikit-image, with captions written for this project."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from data.scenes.photographs import BENCHMARK, open_photograph
from data.task import Task


@dataclass(frozen=True)
class Photos(Sequence[Task]):
    """Photographs that the embedded autoencoder did not see in training."""

    def __len__(self) -> int:
        """The number of photographs."""
        return len(BENCHMARK)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The item of photograph ``index``."""
        name, caption = list(BENCHMARK.items())[index]
        return Task(key=name, caption=caption, open=partial(open_photograph, name))
