"""Batches and shards: everything once, the same batches however a cell is divided."""

import pytest
from PIL import Image

from data.task import Task
from experiments.jobs.batches import batches_of, of_shard, sweep_shards
from pti.errors import InputError


def black():
    return Image.new("RGB", (8, 8))


def tasks(count):
    return [Task(key=f"{i}.png", open=black, caption="a red star") for i in range(count)]


@pytest.mark.parametrize(("count", "size", "n"), [(16, 4, 3), (7, 2, 4), (5, 1, 2), (3, 8, 5)])
def test_shards_hold_every_batch_once(count, size, n):
    whole = batches_of(tasks(count), size, workers=1)
    assert [task.key for batch in whole for task in batch] == [f"{i}.png" for i in range(count)]
    parts = [of_shard(whole, f"{i}/{n}") for i in range(1, n + 1)]
    held = [batch for part in parts for batch in part]
    assert sorted(map(id, held)) == sorted(map(id, whole))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("count", "size", "workers", "sizes"),
    [
        (6, 16, 2, [3, 3]),
        (48, 16, 2, [12] * 4),
        (40, 16, 1, [14, 13, 13]),
        (9, 16, 8, [2] + [1] * 7),
    ],
)
def test_workers_have_as_much_to_do_as_each_other(count, size, workers, sizes):
    assert [len(batch) for batch in batches_of(tasks(count), size, workers)] == sizes


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1", "a/b", "1/0", "1/2/3"])
def test_what_is_no_shard_is_refused(shard):
    with pytest.raises(InputError, match="shard=1/4"):
        of_shard(batches_of(tasks(4), 1, workers=1), shard)


def test_shards_are_written_out_as_a_sweep():
    assert sweep_shards(["experiment=table2", "shards=3"]) == [
        "experiment=table2",
        "shard=1/3,2/3,3/3",
    ]
    with pytest.raises(InputError, match="shards=4"):
        sweep_shards(["shards=many"])
