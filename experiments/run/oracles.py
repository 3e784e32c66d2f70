"""Reference points without diffusion: the input itself, or a real picture of the target class.

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
    """Takes the result of a task from the data set."""

    name: str

    def __call__(self, task: Task) -> Image.Image:
        """The result of the task: a picture of any size."""
        ...


@dataclass(frozen=True)
class Copy:
    """Takes the input as the result."""

    name: str
    label: str = ""

    def __call__(self, task: Task) -> Image.Image:
        """The input, unchanged."""
        return task.open()


@dataclass(frozen=True)
class Retrieve:
    """Takes a real picture of the target class as the result."""

    name: str
    label: str = ""

    def __call__(self, task: Task) -> Image.Image:
        """The picture; raises ``InputError`` where the data set has none."""
        if task.retrieved is None:
            raise InputError(f"{task.key}: the data set has no picture of {task.target_class!r}")
        return task.retrieved()
