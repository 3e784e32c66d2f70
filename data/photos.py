"""``data=photos``: the photographs that scikit-image carries, with captions of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from data.scenes.photographs import BENCHMARK, open_photograph
from data.task import Task


@dataclass(frozen=True)
class Photos(Sequence[Task]):
    """Pictures that the embedded autoencoder never saw in training."""

    def __len__(self) -> int:
        """As many as are listed."""
        return len(BENCHMARK)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Photograph ``index``."""
        name, caption = list(BENCHMARK.items())[index]
        return Task(key=name, caption=caption, open=partial(open_photograph, name))
