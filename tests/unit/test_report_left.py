"""Reports of what is there, where something is missing, damaged, or named by anybody."""

import json
import sys
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.report.command import main
from pti.errors import InputError
from tests.unit.synthetic import KEYS, LAYOUTS, psnrs, write_cell, write_curves, write_table2

FEW = {key: 20.0 + i for i, key in enumerate(KEYS[:3])}
ODD = "a $b_{c$ `d` |<e"
THRESHOLD = {"threshold": "method.edit.mask.threshold"}
CURVES = {
    "figure4": THRESHOLD,
    "figure6": {"eta": "method.edit.eta", "lr": "method.invert.lr", **THRESHOLD},
    "edit_choices": {"start": "method.edit.mask.start", **THRESHOLD},
}


@pytest.fixture
def report(tmp_path, monkeypatch, capsys):
    """Run the command with its figures, or without; what it printed."""

    def run(*words, figures=True):
        if not figures:
            monkeypatch.setattr("experiments.report.command.draw", lambda *_: [])
        monkeypatch.setattr(sys, "argv", ["report", *words, f"results={tmp_path}"])
        main()
        return capsys.readouterr()

    return run


@pytest.mark.parametrize("experiment", CURVES)
def test_curves_without_classes_are_a_report_of_what_was_measured(
    tmp_path, report, monkeypatch, experiment
):
    monkeypatch.setitem(LAYOUTS, experiment, ("curves", CURVES[experiment]))
    for method in ("copy", "pti"):
        write_cell(tmp_path, experiment, method, FEW)
    report(f"experiment={experiment}")
    folder = tmp_path / experiment / "scenes-scenes/report"
    text = (folder / f"{experiment}.md").read_text()
    assert "21.00 [" in text
    claims = json.loads((folder / "claims.json").read_text())
    assert {(c["verdict"], c["metric"], c["n"]) for c in claims} <= {("undecided", None, 0)}
    assert text.count("not measured") == len(claims)


@pytest.mark.parametrize("experiment", ["table1", "table2", "table3"])
def test_metrics_without_psnr_are_reported_without_its_figures(tmp_path, report, experiment):
    invert: dict[str, Any] = {"table1": {"omega": 1.0}, "table3": {"iterations": 1, "lr": 0.1}}
    folder = write_cell(tmp_path, experiment, "ddim", FEW, **invert.get(experiment, {}))
    measures = json.loads((folder / "metrics.json").read_text())
    measures["pictures"] = [one for one in measures["pictures"] if one["id"] == "ssim[0,1]"]
    (folder / "metrics.json").write_text(json.dumps(measures))
    report(f"experiment={experiment}")
    made = tmp_path / experiment / "scenes-scenes/report"
    assert "ssim[0,1]" in (made / f"{experiment}.csv").read_text()
    assert not [*made.glob("*-heatmap.png"), *made.glob("*-lines.png")]


def test_a_result_set_from_before_layouts_were_files_is_named(tmp_path, report):
    folder = write_cell(tmp_path, "mine", "pti", FEW)
    config = OmegaConf.load(folder / "config.yaml")
    config.report = {"layout": "rows", "fields": {}}
    OmegaConf.save(config, folder / "config.yaml")
    with pytest.raises(InputError, match="scenes-scenes has an older form of layout"):
        report("experiment=mine")


def test_a_claim_over_fields_that_were_not_swept_is_not_made(tmp_path, report, monkeypatch):
    monkeypatch.setitem(LAYOUTS, "table1", ("rows", {}))
    write_cell(tmp_path, "table1", "ddim", FEW)
    printed = report("experiment=table1", figures=False).out
    assert "missing" not in printed
    assert "best omega" not in printed


@pytest.mark.parametrize(
    ("experiment", "fields"),
    [("table1", {"forward": 1.0, "omega": 2.5}), ("table3", {"iterations": 2, "lr": 0.1})],
)
def test_a_method_without_the_swept_fields_is_no_end_of_a_figure(
    tmp_path, report, experiment, fields
):
    write_cell(tmp_path, experiment, "nti", FEW, **fields)
    odd = write_cell(tmp_path, experiment, "copy", FEW)
    config = yaml.safe_load((odd / "config.yaml").read_text())
    (odd / "config.yaml").write_text(yaml.safe_dump(config | {"method": {"name": "copy"}}))
    report(f"experiment={experiment}")
    assert len(list((tmp_path / experiment).glob("*/report/*.png"))) == 1


def test_no_name_or_caption_is_read_as_a_formula(tmp_path, report):
    cells = [write_cell(tmp_path, "table2", name, FEW, data=ODD) for name in (ODD, "pti")]
    for cell in cells:
        lines = (cell / "records.jsonl").read_text()
        (cell / "records.jsonl").write_text(lines.replace("a red star on grass", "$a $b$ \\\\frac"))
    report("experiment=table2")
    folder = tmp_path / f"table2/scenes-{ODD}/report"
    assert (folder / "table2-sheet.png").is_file()
    assert r"| a \$b\_{c\$ \`d\` \|\<e |" in (folder / "table2.md").read_text()
    assert r"a \$b\_\{c\$ `d` \textbar{}\textless{}e &" in (folder / "table2.tex").read_text()
    page = (folder / "report.html").read_text()
    assert "|&lt;e" in page
    assert "|<e" not in page


def test_letters_that_no_font_has_are_no_boxes_and_no_warnings(tmp_path, report):
    cell = write_cell(tmp_path, "table2", "pti", FEW, data="猫の写真")
    lines = (cell / "records.jsonl").read_text().splitlines()
    said = ["赤い車が草の上にある 🚗", "a cafe\u0301", "a dog"]
    odd = [line.replace("a red star on grass", s) for line, s in zip(lines, said, strict=True)]
    (cell / "records.jsonl").write_text("\n".join(odd) + "\n", encoding="utf-8")
    report("experiment=table2")
    assert (tmp_path / "table2/scenes-猫の写真/report/table2-sheet.pdf").is_file()


def empty(cell):
    (cell / "records.jsonl").unlink()


def without_keys(cell):
    (cell / "config.yaml").write_text(yaml.safe_dump({"name": "table2"}))


DAMAGES = {
    "no record": empty,
    "no YAML": lambda cell: (cell / "config.yaml").write_text("a: [b"),
    "half a YAML": without_keys,
    "no JSON": lambda cell: (cell / "run.json").write_text('{"git"'),
    "no line": lambda cell: (cell / "scores.jsonl").write_text('{"key"\n{}\n'),
    "no picture": lambda cell: (cell / f"images/{KEYS[0]}.png").write_bytes(b"\x89PNG"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_all_are_reported_but_what_can_t_be(tmp_path, monkeypatch, capsys, damage):
    monkeypatch.setattr("experiments.report.command.draw", lambda *_: [])
    monkeypatch.setattr(sys, "argv", ["report", "experiment=all", f"results={tmp_path}"])
    DAMAGES[damage](write_cell(tmp_path, "a", "pti", FEW))
    write_cell(tmp_path, "b", "pti", FEW)
    with pytest.raises((InputError, OmegaConfBaseException)):
        main()
    assert f"left out: {tmp_path / 'a/scenes-scenes'} (" in capsys.readouterr().err
    page = (tmp_path / "index.html").read_text()
    assert page.count("report.html") == 1
    assert "b/scenes-scenes/report/report.html" in page


def test_a_setting_without_a_record_is_no_table_of_nothing(tmp_path, report):
    write_table2(tmp_path, data="photos")
    empty(write_cell(tmp_path, "table2", "pti", FEW))
    with pytest.raises(InputError, match="scenes-scenes has no record of any picture"):
        report("experiment=table2", "data=scenes")
    with pytest.raises(InputError, match="has no record of any picture"):
        report("experiment=table2", figures=False)
    assert (tmp_path / "table2/scenes-photos/report/table2.md").is_file()
    assert not (tmp_path / "table2/scenes-scenes/report").exists()


def test_a_cell_without_a_record_is_said_and_has_no_row(tmp_path, report):
    write_cell(tmp_path, "mine", "pti", psnrs(20.0))
    folder = write_cell(tmp_path, "mine", "other", psnrs(20.0))
    empty(folder)
    report("experiment=mine", figures=False)
    text = (tmp_path / "mine/scenes-scenes/report/mine.md").read_text()
    assert f"{folder} has no record of any picture." in text
    assert "| other" not in text


def test_cells_of_different_code_are_told_apart(tmp_path, report):
    cells = [write_cell(tmp_path, "table2", method, FEW) for method in ("ddim", "nti")]
    assert "different code" not in report("experiment=table2", figures=False).out
    run = json.loads((cells[0] / "run.json").read_text())
    run["code"] |= {"pti.diffusion.ddim": "01", "baselines.ddim": "02"}
    (cells[0] / "run.json").write_text(json.dumps(run))
    scores = cells[0] / "scores.jsonl"
    scores.write_text(scores.read_text().replace('"psnr[0,1]": "00"', '"psnr[0,1]": "01"'))
    said = " ".join(report("experiment=table2", figures=False).out.split())
    assert "made by different code (pti.diffusion.ddim changed between them)" in said
    assert "scored by different code or networks" in said


def test_an_experiment_s_name_may_have_dots(tmp_path, report):
    for method in ("ddim", "nti"):
        write_cell(tmp_path, "v1.2", method, FEW)
    report("experiment=v1.2")
    names = {path.name for path in (tmp_path / "v1.2/scenes-scenes/report").iterdir()}
    assert {"v1.2.md", "v1.2.tex", "v1.2.csv", "v1.2-sheet.png", "v1.2-sheet.svg"} <= names


def test_classes_that_were_scored_before_have_no_interval_and_decide_nothing(tmp_path, report):
    write_curves(tmp_path)

    def verdicts():
        shown = report("experiment=figure4", figures=False).out
        claims = json.loads(next(tmp_path.glob("figure4/*/report/claims.json")).read_text())
        return shown, {(one["verdict"], one["n"]) for one in claims if one["by"] == "paper"}

    _, decided = verdicts()
    assert {n for _, n in decided} == {len(KEYS)}
    for file in tmp_path.glob("figure4/*/cells/*/classes.jsonl"):
        lines = map(json.loads, file.read_text().splitlines())
        kept = [{name: line[name] for name in line if name != "without"} for line in lines]
        file.write_text("".join(f"{json.dumps(line)}\n" for line in kept))
    shown, undecided = verdicts()
    assert "8 of 8 classes were scored by earlier code" in " ".join(shown.split())
    assert undecided == {("undecided", 0)}
