"""Two methods or two runs, paired by item."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments.report.summary import scores_of
from tests.e2e.conftest import QUICK

pytestmark = pytest.mark.e2e
TABLE2 = ["experiment=table2", *QUICK]


def test_two_methods_are_compared_item_by_item(workplace):
    workplace.run(*TABLE2)
    results = f"results={workplace.folder / 'results'}"
    shown = workplace.call("compare", "pti", "ddim", "experiment=table2", results)
    assert shown.code == 0, shown.err
    first, second = (
        scores_of(workplace.cell("table2", name), "psnr[0,1]") for name in ("pti", "ddim")
    )
    difference = float(np.mean(first - second))
    (row,) = [line for line in shown.out.splitlines() if line.startswith("psnr[0,1]")]
    assert f"{difference:+.2f}" in row
    assert "3 items in both; 0 only in pti, 0 only in ddim" in shown.out


def test_two_runs_are_compared_by_their_folders(workplace):
    workplace.run(*TABLE2, "method=ddim")
    other = workplace.folder / "other"
    workplace.run(*TABLE2, "method=ddim", f"results={other}", "limit=2")
    folder = workplace.cell("table2", "ddim").folder
    second = other / "table2/sd14-folder_pictures/cells/ddim"
    shown = workplace.call("compare", str(folder), str(second), "metric=ssim[0,1]")
    assert shown.code == 0, shown.err
    assert "2 items in both; 1 only in" in shown.out
    assert "psnr" not in shown.out


def test_two_models_are_not_compared(workplace):
    workplace.run(*TABLE2, "method=ddim", "limit=1")
    cell = workplace.cell("table2", "ddim")
    other = Path(shutil.copytree(cell.folder.parent.parent, workplace.folder / "other/setting"))
    config = other / "cells/ddim/config.yaml"
    config.write_text(config.read_text().replace("name: sd14", "name: sd15"))
    refused = workplace.call("compare", str(cell.folder), str(other / "cells/ddim"))
    assert refused.code == 2
    assert "model=sd14" in refused.err
    assert "model=sd15" in refused.err


def test_what_can_t_be_compared_is_said(workplace):
    workplace.run(*TABLE2, "method=ddim", "limit=1")
    results = f"results={workplace.folder / 'results'}"
    compare = ["compare", "ddim", "ddim", "experiment=table2", results]
    unknown = workplace.call("compare", "ddim", "ddym", *compare[3:])
    assert "no cell 'ddym'. Did you mean 'ddim'" in unknown.err
    metric = workplace.call(*compare, "metric=psnr")
    assert "metric=psnr is none of an item's" in metric.err
    assert workplace.call("compare", "ddim").code == 2
    folder = workplace.cell("table2", "ddim").folder
    other = workplace.folder / "other"
    (workplace.folder / "pictures/0.png").write_bytes(
        (workplace.folder / "pictures/1.png").read_bytes()
    )
    workplace.run(*TABLE2, "method=ddim", "limit=1", f"results={other}")
    changed = workplace.call("compare", str(folder), str(next(other.glob("*/*/cells/ddim"))))
    assert changed.code == 2
    assert "is not the same picture" in changed.err
