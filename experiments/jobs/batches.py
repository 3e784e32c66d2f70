"""Dividing the items of a cell into batches, and the batches into shards."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from math import ceil

from data.task import Task
from pti.errors import InputError


def batches_of(tasks: Sequence[Task], size: int, workers: int) -> list[list[Task]]:
    """Divide tasks into batches of at most ``size``, as many for each worker and about as large.

    ``tasks`` must be all items of the cell, not only those that are left or those of a shard: in
    fp32 an item's last bits can depend on the size of its batch, so an interrupted or divided run
    must form the same batches.
    """
    rounds = ceil(len(tasks) / (size * workers))
    count = min(len(tasks), rounds * workers)
    ends = [ceil(len(tasks) * number / count) for number in range(count + 1)]
    return [list(tasks[start:end]) for start, end in pairwise(ends)]


def of_shard(batches: Sequence[list[Task]], shard: str | None) -> list[list[Task]]:
    """The batches of shard ``"i/n"``, i from 1 to n; all without a shard.

    Batches are dealt out in the order of a hash of their first item's key, so that all shards take
    about as long. Raises ``InputError`` where ``shard`` does not have this form.
    """
    if shard is None:
        return list(batches)
    number, count = _parse(shard)
    shuffled = sorted(
        range(len(batches)), key=lambda i: sha256(batches[i][0].key.encode()).digest()
    )
    return [batches[i] for i in sorted(shuffled[number - 1 :: count])]


def sweep_shards(overrides: Sequence[str]) -> list[str]:
    """Replace ``shards=n`` by a sweep over n shards; raises ``InputError`` for an n below 1."""
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
