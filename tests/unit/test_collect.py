"""The page of results: from the result sets alone, small pictures, and a digest of the settings."""

from dataclasses import replace

import pytest
from omegaconf import OmegaConf
from PIL import Image

from experiments.collect import command
from experiments.collect.command import collect, settings_digest
from experiments.report.paper import read_paper
from experiments.store.result_set import ResultSet
from pti.errors import InputError
from tests.unit.synthetic import edits, write_edits, write_table2, write_table3


@pytest.fixture
def undrawn(monkeypatch):
    """A grey picture in place of each figure, as drawing takes most of the time."""

    def draw(summary, folder):
        folder.mkdir(parents=True, exist_ok=True)
        names = [name for name, drawing in summary.result_set.layout.figures.items() if drawing]
        paths = [folder / f"{summary.result_set.experiment}-{name}.png" for name in names]
        for path in paths:
            Image.new("RGB", (3000, 600)).save(path)
        return paths

    monkeypatch.setattr(command, "draw", draw)


def show(monkeypatch, *sections, **fields):
    """Let the page of results show these result sets."""
    page = replace(command.PAGES["results"], sections=sections, **fields)
    monkeypatch.setitem(command.PAGES, "results", page)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Collects result sets, and gives the text of the page."""

    def make(*experiments):
        show(monkeypatch, *((name, "scenes-scenes") for name in experiments))
        return collect(tmp_path, tmp_path / "out").read_text("utf-8")

    return make


@pytest.mark.usefixtures("undrawn")
def test_each_result_set_is_a_section_with_its_table_and_verdicts(tmp_path, page):
    write_table2(tmp_path)
    write_table3(tmp_path)
    text = page("table2", "table3")
    table2, table3 = text.split("\n## ")[1:]
    assert table2.startswith(read_paper().tables["table2"].title)
    assert "| PTI | 26.00 [" in table2
    assert ": reproduced, +2.00" in table2
    assert "scenes-scenes-table3-lines.png" in table3
    with Image.open(tmp_path / "out/pictures/scenes-scenes-table3-lines.png") as picture:
        assert picture.size == (1100, 220)


@pytest.mark.usefixtures("undrawn")
def test_two_data_sets_of_one_experiment_are_told_apart(tmp_path, monkeypatch):
    write_table2(tmp_path)
    write_table2(tmp_path, "photos", pti=25.0)
    show(monkeypatch, *(("table2", f"scenes-{data}") for data in ("scenes", "photos")))
    text = collect(tmp_path, tmp_path / "out").read_text("utf-8")
    assert "(scenes, scenes)\n" in text
    assert "(scenes, photos)\n" in text
    names = {path.name for path in (tmp_path / "out/pictures").iterdir()}
    assert {"scenes-scenes-table2-sheet.png", "scenes-photos-table2-sheet.png"} <= names


@pytest.mark.usefixtures("undrawn")
def test_figures_have_their_claims_against_the_truth(tmp_path, page):
    for method in ("pti", "ddim_edit"):
        for outside in (20.0, 22.0):
            write_edits(tmp_path, method, edits(2.0, 500.0, outside), threshold=outside)
    text = page("figure4")
    assert "### The same claims against the truth" in text
    assert "pictures/scenes-scenes-figure4-truth.png" in text


def test_the_same_results_give_the_same_bytes(tmp_path, page):
    write_table3(tmp_path)
    first = page("table3"), (tmp_path / "out/pictures/scenes-scenes-table3-lines.png").read_bytes()
    assert first == (
        page("table3"),
        (tmp_path / "out/pictures/scenes-scenes-table3-lines.png").read_bytes(),
    )


@pytest.mark.usefixtures("undrawn")
def test_a_second_precision_stands_beside_with_what_it_changes(tmp_path, monkeypatch):
    first, second = tmp_path / "bf16", tmp_path / "fp32"
    write_table2(first)
    write_table2(second, pti=25.25, nti=26.0)
    for folder, precision in ((first, "bf16"), (second, "fp32")):
        for path in folder.rglob("config.yaml"):
            config = OmegaConf.load(path)
            OmegaConf.update(config, "precision", precision, force_add=True)
            OmegaConf.save(config, path)
    show(monkeypatch, ("table2", "scenes-scenes"))
    text = collect(first, tmp_path / "out", second).read_text("utf-8")
    _, part = text.split("### In fp32, beside bf16\n")
    assert "| PTI | 25.25 [" in part
    (row,) = [line for line in part.splitlines() if line.startswith("| psnr[0,1] ↑ |")]
    means = ("+2.00", "NTI", "24.00", "26.00")
    assert [word.strip() for word in row.split("|")][2:6] == list(means)
    assert "- Differs from bf16: " in part
    with pytest.raises(InputError, match=r"beside=.*none holds none of table2/scenes-scenes"):
        collect(first, tmp_path / "out", tmp_path / "none")


@pytest.mark.usefixtures("undrawn")
def test_a_whole_page_has_every_table_of_the_layout(tmp_path, monkeypatch):
    write_table3(tmp_path)
    for whole in (False, True):
        show(monkeypatch, ("table3", "scenes-scenes"), whole=whole)
        text = collect(tmp_path, tmp_path / "out").read_text("utf-8")
        captions = [line for line in text.splitlines() if line.startswith("**Table 3.")]
        assert len(captions) == (1 if not whole else 3)


def test_what_is_missing_is_said(page):
    with pytest.raises(InputError, match=r"table2/scenes-scenes is missing: run make tables"):
        page("table2")


def test_the_digest_is_of_what_was_asked_for_and_not_of_its_order(tmp_path):
    write_table2(tmp_path)
    configs = [cell.config for cell in ResultSet.read(tmp_path / "table2/scenes-scenes").cells]
    digest = settings_digest(configs)
    assert settings_digest(configs[::-1]) == digest
    for path, value in (("precision", "fp32"), ("seed", 3), ("method.invert.lr", 0.5)):
        OmegaConf.update(configs[0], path, value, force_add=True)
        assert (settings_digest(configs) == digest) == (path == "precision")
