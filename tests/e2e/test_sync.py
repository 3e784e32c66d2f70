"""Mirrors, read back: what they hold is what the records hold, once."""

import json
import struct
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from experiments.report.summary import scores_of
from tests.e2e.conftest import QUICK

pytestmark = pytest.mark.e2e
TABLE2 = ["experiment=table2", *QUICK, "method=ddim,nti"]
METRIC = "psnr[0,1]"


def wandb_records(path):
    """The records of an offline run: LevelDB's log format after seven bytes of wandb's own."""
    messages: Any = import_module("wandb.proto.wandb_internal_pb2")
    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        room = 32768 - at % 32768
        if room < 7:
            at += room
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = messages.Record()
            record.ParseFromString(parts)
            yield record
            parts = b""


def wandb_runs(mirror):
    """By name: group, config and the values that were logged."""
    runs = {}
    for path in mirror.glob("wandb/offline-run-*/run-*.wandb"):
        records = list(wandb_records(path))
        (run,) = [r.run for r in records if r.HasField("run")]
        logged = {
            (item.key or ".".join(item.nested_key)): json.loads(item.value_json)
            for r in records
            if r.HasField("history")
            for item in r.history.item
        }
        config = {item.key: json.loads(item.value_json) for item in run.config.update}
        assert run.display_name not in runs
        runs[run.display_name] = (run.run_group, config, logged, path.parent)
    return runs


def test_wandb_shows_each_cell_once(workplace):
    results = workplace.folder / "results"
    assert workplace.run(*TABLE2).code == 0
    for expected in ("2 of 2", "0 of 2"):
        done = workplace.call("sync", "experiment=table2", "log=wandb", f"results={results}")
        assert done.code == 0, done.err
        assert f"{expected} cells were new" in done.out
    runs = wandb_runs(results / ".mirror/wandb")
    assert set(runs) == {"ddim", "nti"}
    for name, (group, config, logged, folder) in runs.items():
        cell = workplace.cell("table2", name)
        assert group == "table2/sd14-folder_pictures"
        assert config["method"]["name"] == name
        assert logged[METRIC] == pytest.approx(scores_of(cell, METRIC).mean())
        assert logged["calls/trace.forward"] == 3
        table = json.loads((folder / "files" / logged["items.path"]).read_text())
        values = [row[table["columns"].index(METRIC)] for row in table["data"]]
        assert values == [cell.scores[key].values[METRIC] for key in sorted(cell.done)]
        assert logged["pictures/0.png.count"] == 2


def test_a_changed_cell_replaces_its_run(workplace):
    results = workplace.folder / "results"
    sync = ["sync", "experiment=table2", "log=wandb", f"results={results}"]
    workplace.run(*TABLE2, "limit=1")
    workplace.call(*sync)
    workplace.run(*TABLE2, "method=ddim")
    assert "1 of 2 cells were new" in workplace.call(*sync).out
    runs = wandb_runs(results / ".mirror/wandb")
    assert runs["ddim"][2]["done"] == 3
    assert runs["nti"][2]["done"] == 1


def test_a_run_mirrors_as_it_goes(workplace):
    assert workplace.run(*TABLE2, "log=tensorboard").code == 0
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    mirror = workplace.folder / "results/.mirror/tensorboard/table2/sd14-folder_pictures"
    assert {path.name for path in mirror.iterdir()} == {"ddim", "nti"}
    for folder in mirror.iterdir():
        cell = workplace.cell("table2", folder.name)
        events = EventAccumulator(str(folder)).Reload()
        (mean,) = events.Scalars(METRIC)
        assert mean.value == pytest.approx(scores_of(cell, METRIC).mean(), rel=1e-6)
        values = [event.value for event in events.Scalars(f"items/{METRIC}")]
        expected = [cell.scores[key].values[METRIC] for key in sorted(cell.done)]
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        assert len(events.Images("pictures/0.png")) == 1


def test_a_mirror_that_there_is_not_is_said(workplace):
    refused = workplace.run(*TABLE2, "log=paper")
    assert refused.code == 2
    assert "log=paper is not a mirror: there are none, wandb, tensorboard" in refused.err


def test_a_mirror_that_can_t_write_is_one_sentence_and_loses_nothing(workplace, monkeypatch):
    def show(*_):
        raise PermissionError("Unable to write to /home: set WANDB_DATA_DIR")

    monkeypatch.setattr("experiments.mirror.choose._show", lambda _: show)
    refused = workplace.run(*TABLE2, "method=ddim", "log=wandb")
    assert refused.code == 2
    assert "Traceback" not in refused.err
    assert "log=wandb can't show ddim (Unable to write to /home: set WANDB_DATA_DIR)" in refused.err
    assert len(workplace.cell("table2", "ddim").scores) == 3
