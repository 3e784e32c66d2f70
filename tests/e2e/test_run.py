"""Run, score and report, again and interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from experiments.store.cell import Cell, seed_of
from pti.diffusion.load import folder_digest
from tests.e2e.conftest import QUICK

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.e2e
def test_table_2_from_a_model_folder(workplace):
    done = workplace.run("experiment=table2", *QUICK)
    assert done.code == 0, done.err
    reported = workplace.report("experiment=table2")
    assert reported.code == 0, reported.err
    folder = workplace.folder / "results/table2/sd14-folder_pictures/report"
    assert str(folder) in reported.out
    assert {"table2.md", "table2.tex", "table2.csv", "claims.json"} <= {
        path.name for path in folder.iterdir()
    }

    table = pd.read_csv(folder / "table2.csv")
    for method in ("ddim", "nti", "pti"):
        cell = workplace.cell("table2", method)
        inputs = cell.folder.parent.parent / "inputs"
        values = [
            peak_signal_noise_ratio(
                np.asarray(Image.open(inputs / f"{key}.png")),
                np.asarray(Image.open(cell.folder / record.image)),
                data_range=255,
            )
            for key, record in cell.records.items()
        ]
        row = table[(table["method"] == method.upper()) & (table["metric"] == "psnr[0,1]")].iloc[0]
        assert row["n"] == 3
        assert row["mean"] == pytest.approx(sum(values) / 3, abs=1e-3)


@pytest.mark.e2e
def test_the_size_of_batches_changes_no_result(workplace):
    """Up to the rounding of fp32, which batched products sum in another order."""
    workplace.run("experiment=table2", *QUICK)
    before = workplace.cell("table2", "pti")
    elsewhere = [f"results={workplace.folder / 'other'}", f"cache={workplace.folder / 'fresh'}"]
    workplace.run("experiment=table2", *QUICK, *elsewhere, "batch_size=3")
    after = Cell.read(workplace.folder / "other/table2/sd14-folder_pictures/cells/pti")
    for key, scores in before.scores.items():
        assert after.scores[key].values["psnr[0,1]"] == pytest.approx(
            scores.values["psnr[0,1]"], abs=0.01
        )
        paths = [c.image(key) for c in (before, after)]
        one, other = (np.asarray(Image.open(path), int) for path in paths)
        assert np.abs(one - other).max() <= 1


@pytest.mark.e2e
def test_a_rerun_computes_nothing_and_a_larger_limit_only_the_rest(workplace):
    workplace.run("experiment=table2", *QUICK, "limit=1")
    cell = workplace.cell("table2", "pti")
    assert list(cell.records) == ["0.png"]
    lines = (cell.folder / "records.jsonl").read_text()
    assert workplace.run("experiment=table2", *QUICK, "limit=1").code == 0
    assert (cell.folder / "records.jsonl").read_text() == lines
    assert workplace.run("experiment=table2", *QUICK).code == 0
    assert (cell.folder / "records.jsonl").read_text().startswith(lines)
    assert list(workplace.cell("table2", "pti").records) == ["0.png", "1.png", "2.png"]


@pytest.mark.e2e
def test_records_count_the_calls_and_name_the_seed(workplace):
    workplace.run("experiment=table2", *QUICK)
    calls = {
        method: workplace.cell("table2", method).records["0.png"]
        for method in ("ddim", "nti", "pti")
    }
    assert calls["ddim"].calls == {"trace.forward": 3, "sample.forward": 2 * 3}
    for method in ("nti", "pti"):
        tuning = {"tune.forward": 3 * (5 + 2), "tune.backward": 3 * 5}
        assert calls[method].calls == {"trace.forward": 3, **tuning}
        assert calls[method].spent == tuning, "the trajectory came from the cache"
        assert calls[method].seed == seed_of(0, "0.png")


@pytest.mark.e2e
def test_a_run_says_what_made_it(workplace):
    workplace.run("experiment=table2", *QUICK)
    about = json.loads((workplace.cell("table2", "pti").folder / "run.json").read_text())
    assert len(about["weights"]) > 60
    assert {"code", "git", "versions", "machine"} <= set(about)
    assert [item[0] for item in about["data"]["items"]] == ["0.png", "1.png", "2.png"]
    assert len(about["data"]["sha256"]) == 64
    config = workplace.cell("table2", "pti").config
    assert config.method.invert.lr == 0.01
    assert "limit" not in config


@pytest.mark.e2e
def test_table_1_and_3_sweep_what_the_paper_sweeps(workplace):
    few = ["method.invert.trace.steps=2", "limit=1"]
    assert workplace.run("experiment=table1", *few).code == 0
    cells = workplace.folder / "results/table1/sd14-folder_pictures/cells"
    assert len(list(cells.iterdir())) == 25
    spent = [
        sum(json.loads((cell / "records.jsonl").read_text())["spent"].values())
        for cell in cells.iterdir()
    ]
    # Five inversions (2 + 2 + 4 + 4 + 4) and five samplings of as many calls after each.
    assert sum(spent) == 16 + 5 * 16
    assert workplace.run("experiment=table3", "method.invert.lr=0.01", *few).code == 0
    assert len(list((workplace.folder / "results/table3").glob("*/cells/*"))) == 10
    assert workplace.report("experiment=table3").code == 0


@pytest.mark.e2e
def test_an_fp16_variant_is_read(workplace):
    folder = workplace.folder / "fp16"
    shutil.copytree(workplace.model, folder)
    for stem in (
        "vae/diffusion_pytorch_model",
        "unet/diffusion_pytorch_model",
        "text_encoder/model",
    ):
        (folder / f"{stem}.safetensors").unlink()
    words = ["experiment=table2", *QUICK, "limit=1", f"model.path={folder}"]
    plain = workplace.run(*words)
    assert plain.code != 0
    assert "model.load.variant=fp16" in plain.err
    other = f"results={workplace.folder / 'half'}"
    done = workplace.run(*words, other, "model.load.variant=fp16")
    assert done.code == 0, done.err


@pytest.mark.e2e
def test_weights_of_two_variants_have_two_digests(workplace):
    plain, half = (folder_digest(workplace.model, variant) for variant in (None, "fp16"))
    assert plain != half


@pytest.mark.e2e
@pytest.mark.parametrize("data", ["scenes", "photos"])
def test_table_2_on_the_embedded_model(call, tmp_path, data):
    words = ["experiment=table2", f"data={data}", "limit=1", "method=vae,ddim"]
    places = [f"results={tmp_path / 'results'}", f"cache={tmp_path / 'cache'}"]
    done = call("run", *words, *places)
    assert done.code == 0, done.err
    reported = call("report", "experiment=table2", places[0])
    assert reported.code == 0, reported.err
    table = pd.read_csv(tmp_path / f"results/table2/scenes-{data}/report/table2.csv")
    rows = table[table["metric"] == "psnr[0,1]"]
    psnr = dict(zip(rows["method"], rows["mean"], strict=True))
    assert psnr["AE"] > psnr["DDIM"] + 3


@pytest.mark.e2e
def test_killed_in_the_middle_it_goes_on_where_it_was(workplace, tmp_path):
    """kill -9 once the first records are there; then the same command in this process."""
    few = ["experiment=table2", *QUICK, "method.invert.trace.steps=6", "batch_size=1"]
    command = [sys.executable, "-m", "experiments.run", *workplace.setting(), *few]
    records = workplace.folder / "results/table2/sd14-folder_pictures/cells/ddim/records.jsonl"
    process = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
    while not records.exists() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = records.read_text()

    assert workplace.run(*few).code == 0
    workplace.report("experiment=table2")
    table = workplace.folder / "results/table2/sd14-folder_pictures/report/table2.csv"
    interrupted = table.read_text()
    assert records.read_text().startswith(before.rpartition("\n")[0])
    for method in ("ddim", "nti", "pti"):
        lines = (records.parents[1] / method / "records.jsonl").read_text().splitlines()
        assert [json.loads(line)["key"] for line in lines] == ["0.png", "1.png", "2.png"]

    whole = f"results={tmp_path / 'whole'}"
    assert workplace.run(*few, whole, f"cache={tmp_path / 'fresh'}").code == 0
    workplace.call("report", whole, "experiment=table2")
    other = tmp_path / "whole/table2/sd14-folder_pictures/report/table2.csv"
    assert other.read_text() == interrupted


@pytest.mark.e2e
def test_other_scoring_code_scores_anew_and_computes_nothing(workplace, monkeypatch):
    words = ("experiment=table2", *QUICK, "method=ddim", "limit=1")
    assert workplace.run(*words).code == 0
    cell = workplace.cell("table2", "ddim")
    records, (before,) = (cell.folder / "records.jsonl").read_bytes(), cell.scores.values()
    monkeypatch.setattr("experiments.score.metric_set.digest", lambda _: "other code")
    assert workplace.run(*words).code == 0
    (after,) = workplace.cell("table2", "ddim").scores.values()
    assert all(after.by[metric] != by for metric, by in before.by.items())
    assert after == replace(before, by=after.by)
    assert (cell.folder / "records.jsonl").read_bytes() == records
