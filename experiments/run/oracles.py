"""Answers without diffusion, as reference points: the input itself, or a real picture of the class.

FlexIT's COPY and RETRIEVE (Couairon et al., 2022, arXiv:2203.04705, Table 1) bound what an edit can
reach: COPY changes nothing, RETRIEVE keeps nothing.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PIL import Image

from data.task import Task
from pti.errors import InputError


@runtime_checkable
class Oracle(Protocol):
    """Finds the result of a task in the data set."""

    name: str

    def __call__(self, task: Task) -> Image.Image:
        """A whole picture, of any size."""
        ...


@dataclass(frozen=True)
class Copy:
    """The input."""

    name: str

    def __call__(self, task: Task) -> Image.Image:
        """Unchanged."""
        return task.open()


@dataclass(frozen=True)
class Retrieve:
    """A real picture of the target class."""

    name: str

    def __call__(self, task: Task) -> Image.Image:
        """Raises ``InputError`` where the data set has none."""
        if task.retrieved is None:
            raise InputError(f"{task.key}: the data set has no picture of {task.target_class!r}")
        return task.retrieved()
