import json
import sys

import numpy as np
import pandas as pd
import pytest

from experiments.report.command import main, parse
from pti.errors import InputError
from tests.unit.synthetic import (
    KEYS,
    LAYOUTS,
    psnrs,
    write_cell,
    write_table1,
    write_table2,
    write_table3,
)


@pytest.fixture
def report(report_with_figures, monkeypatch):
    """The same without its figures, which take most of the time."""
    monkeypatch.setattr("experiments.report.command.draw", lambda *_: [])
    return report_with_figures


@pytest.fixture
def report_with_figures(tmp_path, monkeypatch, capsys):
    """Run the command; what it printed, and its folder."""

    def run(experiment, *words, data="scenes"):
        words = (f"experiment={experiment}", f"results={tmp_path}", *words)
        monkeypatch.setattr(sys, "argv", ["report", *words])
        main()
        return capsys.readouterr().out, tmp_path / experiment / f"scenes-{data}" / "report"

    return run


def claims(folder):
    return json.loads((folder / "claims.json").read_text())


def test_table_2_has_a_row_a_method_beside_the_papers(tmp_path, report):
    write_table2(tmp_path)
    _, folder = report("table2")
    text = (folder / "table2.md").read_text()
    header, _, *rows = [line for line in text.splitlines() if line.startswith("|")]
    assert "| paper (SD v1-4, COCO) | n | failed |" in header
    cells = {row.split(" | ")[0].strip("| "): row.strip("| ").split(" | ") for row in rows}
    assert list(cells) == ["AE", "DDIM", "NTI", "PTI"]
    assert cells["PTI"][1].startswith("26.00 [")
    assert cells["PTI"][2:5] == ["25.71", "16", "0"]
    assert cells["AE"][2] == "–"
    assert cells["NTI"][-2:] == ["400", "250"]
    assert "Model scenes, data scenes, n = 16." in text


def test_long_form(tmp_path, report):
    write_table3(tmp_path)
    _, folder = report("table3")
    frame = pd.read_csv(folder / "table3.csv")
    assert list(frame.columns) == [
        "method", "N", "lr", "metric", "mean", "low", "high", "n", "undefined", "unmeasured",
        "failed", "paper",
    ]  # fmt: skip
    assert len(frame) == 20 * 4
    cell = frame.query("method == 'PTI' and N == 5 and lr == 0.01 and metric == 'psnr[0,1]'").iloc[
        0
    ]
    assert cell["mean"] == pytest.approx(25.0)
    assert cell["low"] < 25.0 < cell["high"]
    assert (cell["n"], cell["paper"]) == (16, 25.71)


def test_claims_that_hold(tmp_path, report):
    write_table1(tmp_path)
    write_table2(tmp_path)
    write_table3(tmp_path)
    found = [claim for name in LAYOUTS for claim in claims(report(name)[1])]
    assert len(found) == 6
    assert {claim["verdict"] for claim in found} == {"reproduced"}
    assert all(0 < claim["low"] <= claim["difference"] <= claim["high"] for claim in found)
    assert {claim["n"] for claim in found} == {16}
    assert [len(claim["parts"]) for claim in found] == [20, 4, 1, 1, 1, 10]


def test_a_contradicted_claim_says_so(tmp_path, report):
    write_table2(tmp_path, nti=28.0)
    printed, folder = report("table2")
    (claim,) = [claim for claim in claims(folder) if claim["verdict"] == "contradicted"]
    assert claim["claim"] == "PTI reconstructs better than NTI"
    assert claim["difference"] == pytest.approx(-2.0)
    assert claim["high"] < 0
    pti, nti = psnrs(26.0, seed=3), psnrs(28.0, seed=2)
    assert claim["difference"] == pytest.approx(np.mean([pti[key] - nti[key] for key in KEYS]))
    assert "PTI reconstructs better than NTI (Table 2, Section 4.3): contradicted, -2.00" in printed
    assert "contradicted" in (folder / "table2.md").read_text()
    assert "contradicted" in (folder / "table2.tex").read_text()


def test_one_bad_cell_contradicts_a_claim_about_every_cell(tmp_path, report):
    write_table3(tmp_path, counts=(1, 2, 3, 4))
    for method, mean in (("nti", 24.0), ("pti", 22.0)):
        for lr in (0.01, 0.1):
            write_cell(tmp_path, "table3", method, psnrs(mean), iterations=5, lr=lr)
    printed, folder = report("table3")
    (claim,) = claims(folder)
    assert claim["verdict"] == "contradicted"
    assert claim["difference"] == pytest.approx(-2.0)
    assert sum(part["verdict"] == "reproduced" for part in claim["parts"]) == 8
    assert "contradicted, 2 of 10 comparisons" in printed.replace("\n  ", " ")


def test_images_that_both_have_are_compared(tmp_path, report):
    write_table2(tmp_path)
    values = psnrs(23.0, seed=9) | {KEYS[0]: "out of memory", KEYS[5]: "out of memory"}
    write_cell(tmp_path, "table2", "nti", values, data="photos")
    write_cell(tmp_path, "table2", "pti", psnrs(25.0), data="photos")
    printed, folder = report("table2", "data=photos", data="photos")
    claim = claims(folder)[0]
    shared = [key for key in KEYS if key not in (KEYS[0], KEYS[5])]
    expected = np.mean([psnrs(25.0)[key] - values[key] for key in shared])
    assert (claim["n"], claim["undefined"]) == (14, 0)
    assert claim["difference"] == pytest.approx(expected)
    plain = printed.replace("\n  ", " ")
    assert f"NTI: 2 of 16 images failed: {KEYS[0]} (out of memory), {KEYS[5]} (out" in plain
    assert "2 of 4 cells are missing: AE, DDIM." in plain


def test_what_was_not_measured_is_said_and_decides_nothing(tmp_path, report):
    write_table3(tmp_path, counts=(1, 2, 3, 4))
    printed, folder = report("table3")
    (claim,) = claims(folder)
    assert claim["verdict"] == "undecided"
    assert (claim["difference"], claim["low"], claim["n"]) == (None, None, 0)
    plain = printed.replace("\n  ", " ")
    assert "4 of 20 cells are missing: NTI N=5 lr=0.01, NTI N=5 lr=0.1, PTI N=5 lr=0.01" in plain
    assert "PTI N=5 lr=0.01 against NTI N=5 lr=0.01: not measured" in plain


def test_a_cell_that_stopped_half_way_is_said(tmp_path, report):
    write_table2(tmp_path)
    half = dict(list(psnrs(20.0).items())[:6])
    folder = write_cell(tmp_path, "table2", "mine", half)
    lines = (folder / "scores.jsonl").read_text().splitlines(keepends=True)
    (folder / "scores.jsonl").write_text("".join(lines[:4]))
    plain = report("table2")[0].replace("\n  ", " ")
    assert "mine: 10 of 16 images are not made yet." in plain
    assert "mine: 2 of 16 images are not scored yet." in plain
    assert "n = 4 to 16." in plain


def test_an_infinite_score_is_said(tmp_path, report):
    write_table2(tmp_path)
    write_cell(tmp_path, "table2", "copy", psnrs(30.0) | {KEYS[3]: float("inf")})
    plain = report("table2")[0].replace("\n  ", " ")
    assert "COPY: psnr[0,1], ssim[0,1] are undefined for 1 of its images, left" in plain
    assert "COPY: psnr-of" not in plain


def test_a_whole_run_has_no_shortfalls(tmp_path, report):
    write_table2(tmp_path)
    printed, _ = report("table2")
    assert "missing" not in printed
    assert "failed:" not in printed


@pytest.mark.parametrize(
    ("name", "write", "figure"),
    [
        ("table1", write_table1, "heatmap"),
        ("table2", write_table2, "sheet"),
        ("table3", write_table3, "lines"),
    ],
)
def test_the_same_files_give_the_same_bytes(tmp_path, report_with_figures, name, write, figure):
    write(tmp_path)
    _, folder = report_with_figures(name)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    texts = {f"{name}.md", f"{name}.tex", f"{name}.csv", "claims.json", "report.html"}
    texts |= {"entry.jsonl"}
    assert set(first) == texts | {f"{name}-{figure}.{kind}" for kind in ("png", "pdf", "svg")}
    report_with_figures(name)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_an_experiment_in_which_all_failed_is_still_reported(tmp_path, report_with_figures):
    failed = dict.fromkeys(KEYS, "out of memory")
    write_cell(tmp_path, "table1", "ddim", failed, forward=0.0, omega=0.0)
    printed, folder = report_with_figures("table1")
    assert "16 of 16 images failed" in printed
    assert "24 of 25 cells are missing" in printed
    assert {claim["verdict"] for claim in claims(folder)} == {"undecided"}


def test_the_diagonal_of_table_1_is_bold(tmp_path, report):
    write_table1(tmp_path)
    _, folder = report("table1")
    text = (folder / "table1.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "**" in line][:5]
    for index, row in enumerate(rows):
        bold = [column for column, entry in enumerate(row.split("|")[2:-1]) if "**" in entry]
        assert bold == [index]


def test_choices_are_ranked_best_first(tmp_path, report_with_figures, monkeypatch):
    monkeypatch.setitem(LAYOUTS, "choices", ("rows", {"optimizer": "method.invert.optimizer"}))
    for optimizer, mean in (("adam", 22.0), ("sgd", 19.0), ("lion", 25.0)):
        write_cell(tmp_path, "choices", "pti", psnrs(mean), optimizer=optimizer)
    printed, folder = report_with_figures("choices")
    assert printed.index("lion") < printed.index("adam") < printed.index("sgd")
    assert not list(folder.glob("*.png"))


def test_no_line_is_wider_than_a_console(tmp_path, report):
    write_table1(tmp_path)
    write_table2(tmp_path)
    write_table3(tmp_path)
    for name in LAYOUTS:
        table = report(name)[0].partition("The whole report")[0]
        assert max(map(len, table.splitlines())) <= 100


def test_who_made_it(tmp_path, report):
    write_table2(tmp_path)
    printed, _ = report("table2")
    made = "Made by commit 0123456789 with uncommitted changes, torch 2.15.0, on Some Processor."
    assert made in printed
    assert printed.count("Made by") == 1


def test_each_data_set_has_a_report_of_its_own(tmp_path, report):
    write_table2(tmp_path)
    write_table2(tmp_path, data="photos", pti=27.0)
    printed, folder = report("table2")
    assert "data scenes, n" in printed
    assert "data photos, n" in printed
    photos = (tmp_path / "table2" / "scenes-photos" / "report" / "table2.md").read_text()
    assert "27.00 [" in photos
    assert "27.00 [" not in (folder / "table2.md").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["experiment=tabel2"], "Did you mean 'table2'"),
        (["experiment=table1"], "To make them: python -m experiments.run experiment=table1"),
        (["experiment=table2", "data=coco"], "there are: model=scenes data=scenes"),
        (["experimant=table2"], "Did you mean 'experiment'"),
        (["table2"], "is no option"),
        ([], "experiment=table2"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, monkeypatch, words, sentence):
    write_table2(tmp_path)
    monkeypatch.setattr(sys, "argv", ["report", *words, f"results={tmp_path}"])
    with pytest.raises(InputError, match=sentence):
        main()


def test_no_results_at_all_says_which_command_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["report", "experiment=table2", f"results={tmp_path}/none"])
    with pytest.raises(InputError, match=r"python -m experiments\.run experiment=table2"):
        main()


def test_options():
    assert parse(["experiment=table2", "data=photos"]) == {"experiment": "table2", "data": "photos"}
