"""Checks whether the pictures of a data set are there, and says what to do where they are not.

    python -m data.doctor data=imagenet_flexit data.root=DIR [data.split=dev data.train=DIR]
    python -m data.doctor data=coco data.root=DIR
    python -m data.doctor data=pie_bench data.root=DIR [data.types=1,6]
    python -m data.doctor data=pie_bench_pp data.root=DIR [data.types=1,6]
    python -m data.doctor data=folder data.path=DIR
    python -m data.doctor data=scenes
    python -m data.doctor data=photos

Every picture is opened. Exits with 0 if all is there, with 1 if something is missing or damaged,
and with 2 if the command can't be understood.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from data.command_line import for_people, parse
from data.config import data_set, names
from data.masks import mask_of
from data.progress import bar
from data.task import Examined, Task
from pti.errors import InputError

SHOWN = 5
"""Problems that are printed; the rest are only counted."""


def examine(tasks: Sequence[Task]) -> tuple[list[str], list[str]]:
    """Facts and problems of a data set, one line each."""
    found = [
        f"captions: {sum(task.caption is not None for task in tasks)}",
        f"edits: {sum(task.target is not None for task in tasks)}",
    ]
    wrong = list(dict.fromkeys(_problems(tasks)))
    if isinstance(tasks, Examined):
        more, lacking = tasks.examined()
        found, wrong = found + more, wrong + lacking
    return found, wrong


def _problems(tasks: Sequence[Task]) -> Iterator[str]:
    for task in bar(tasks, desc="opening", unit="picture", leave=False):
        if task.caption is None:
            yield f"{task.key} has no caption: add its text to the metadata"
        mask = None if task.mask is None else partial(mask_of, task)
        for opener in filter(None, (task.open, task.counterfactual, task.retrieved, mask)):
            try:
                opener()
            except InputError as error:
                yield str(error)


def main(arguments: list[str]) -> int:
    """Examine the data set that the command line names; returns the exit code."""
    options = parse(arguments)
    name = options.pop("data", None)
    if name is None:
        raise InputError(f"say which data set to look at: data=... of {', '.join(names())}")
    tasks = data_set(name, options)
    print(f"{name}: {len(tasks)} items")  # noqa: T201
    found, wrong = examine(tasks)
    hidden = [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    verdict = f"missing or damaged: {len(wrong)}" if wrong else "everything is there"
    print("\n".join([*found, verdict, *wrong[:SHOWN], *hidden]))  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    for_people(main, __doc__ or "")
