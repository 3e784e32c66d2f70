"""A cell's work in parts: batches, and shards of batches."""

from collections.abc import Sequence
from hashlib import sha256

from data.task import Task
from pti.errors import InputError


def batches_of(tasks: Sequence[Task], size: int, workers: int) -> list[list[Task]]:
    """All tasks in batches of ``size``, or of less where a worker would have nothing to do.

    Batches follow from the whole list, never from what is left of it or from the shard: in fp32 an
    item's last bits can depend on the size of its batch, so an interrupted or divided run must form
    the same ones.
    """
    size = min(size, -(-len(tasks) // workers))
    return [list(tasks[start : start + size]) for start in range(0, len(tasks), size)]


def of_shard(batches: Sequence[list[Task]], shard: str | None) -> list[list[Task]]:
    """The batches of shard ``"i/n"``, i from 1 to n; all without a shard.

    Dealt out in the order of a hash of their first item's key, so that all shards of ``n`` cost
    about as much. Raises ``InputError`` for a shard that is none.
    """
    if shard is None:
        return list(batches)
    number, count = _parse(shard)
    shuffled = sorted(
        range(len(batches)), key=lambda i: sha256(batches[i][0].key.encode()).digest()
    )
    return [batches[i] for i in sorted(shuffled[number - 1 :: count])]


def sweep_shards(overrides: Sequence[str]) -> list[str]:
    """Overrides with ``shards=n`` written out as a sweep over its n shards."""
    written: list[str] = []
    for override in overrides:
        key, _, value = override.partition("=")
        if key == "shards":
            if not value.isdecimal() or int(value) < 1:
                raise InputError(
                    f"{override}: say in how many shards to divide each cell, as shards=4"
                )
            value = ",".join(f"{i}/{value}" for i in range(1, int(value) + 1))
            written.append(f"shard={value}")
        else:
            written.append(override)
    return written


def _parse(shard: str) -> tuple[int, int]:
    parts = shard.split("/")
    if len(parts) == 2 and all(part.isdecimal() for part in parts):
        number, count = map(int, parts)
        if 1 <= number <= count:
            return number, count
    raise InputError(f"shard={shard} is none: of four shards, the first is shard=1/4")
